/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Balance and debits over time, drawn as one inline SVG with whole numbers: a step for each balance that the
 * bank told, a stroke for each debit. Its classes are those of the page's style; it holds no style of its
 * own.
 */
#include "config.h"

#include "cli/report.h"

#include <koban/date.h>
#include <koban/money.h>

#define WIDTH 680
#define HEIGHT 170
#define LEFT 90
#define RIGHT 14
#define SIDE 5 /* debits of one moment stand side by side, */
#define MOST 8 /* so many at most */
#define TOP 12
#define BOTTOM 26

typedef struct
{
  gint64 from_us, to_us;
  gint64 low, high; /* minor units */
  KobanCurrency currency;
  gboolean known;
} Frame;

static void
include (Frame *frame, gint64 at_us, gint64 minor)
{
  if (!frame->known)
    *frame = (Frame){ at_us, at_us, MIN (minor, 0), MAX (minor, 0), frame->currency, TRUE };
  frame->from_us = MIN (frame->from_us, at_us);
  frame->to_us = MAX (frame->to_us, at_us);
  frame->low = MIN (frame->low, minor);
  frame->high = MAX (frame->high, minor);
}

static int
x_of (const Frame *frame, gint64 at_us)
{
  gint64 span = MAX ((frame->to_us - frame->from_us) / KOBAN_SECOND_US, 1);

  return LEFT +
         (int) ((at_us - frame->from_us) / KOBAN_SECOND_US * (WIDTH - LEFT - RIGHT - MOST * SIDE) / span);
}

/* Of 1000 steps, so that no sum is too large to be drawn. */
static int
y_of (const Frame *frame, gint64 minor)
{
  gint64 step = MAX ((frame->high - frame->low) / 1000, 1);

  return HEIGHT - BOTTOM -
         (int) ((minor - frame->low) / step * (HEIGHT - TOP - BOTTOM) /
                MAX ((frame->high - frame->low) / step, 1));
}

/* The bank's time; else noon of its day. */
static gint64
moment_of (GVariant *event)
{
  const char *text = NULL;
  gint64 at_us = 0;
  KobanDate day;

  if (g_variant_lookup (event, "time", "&s", &text) && koban_time_parse (text, &at_us))
    return at_us;
  if (g_variant_lookup (event, "date", "&s", &text) && koban_date_parse (text, &day))
    return day * KOBAN_DAY_US + 12 * KOBAN_HOUR_US;
  return 0;
}

static gboolean
is_drawn (GVariant *event, gint64 *at_us, gint64 *minor)
{
  const char *currency;

  *at_us = moment_of (event);
  return *at_us != 0 && g_variant_lookup (event, "amount", "(x&s)", minor, &currency) && *minor < 0;
}

/* One balance, and when it was so. */
typedef struct
{
  gint64 at_us, minor;
} Level;

static void
add_level (GArray *levels, gint64 at_us, gint64 minor)
{
  Level level = { at_us, minor };

  g_array_append_val (levels, level);
}

static void
add_event_levels (GArray *levels, GVariant *event)
{
  gint64 at_us = moment_of (event), minor;
  const char *currency;

  if (at_us != 0 && g_variant_lookup (event, "balance_before", "(x&s)", &minor, &currency))
    add_level (levels, at_us, minor);
  if (at_us != 0 && g_variant_lookup (event, "balance_after", "(x&s)", &minor, &currency))
    add_level (levels, at_us + 1, minor);
}

static int
compare_levels (gconstpointer a, gconstpointer b)
{
  const Level *one = a, *two = b;

  return (one->at_us > two->at_us) - (one->at_us < two->at_us);
}

/* What the bank told, and before and after each event. */
static GArray *
list_levels (GVariant *balances, GVariant *events)
{
  GArray *levels = g_array_new (FALSE, FALSE, sizeof (Level));
  gint64 heard_us, until_us, minor;
  const char *currency;
  GVariantIter iter;

  g_variant_iter_init (&iter, balances);
  while (g_variant_iter_next (&iter, "(xxx&s)", &heard_us, &until_us, &minor, &currency))
    {
      add_level (levels, heard_us, minor);
      add_level (levels, until_us, minor);
    }
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      add_event_levels (levels, event);
    }
  g_array_sort (levels, compare_levels);
  return levels;
}

static void
measure (Frame *frame, GArray *levels, GVariant *events)
{
  for (guint i = 0; i < levels->len; i++)
    include (frame, g_array_index (levels, Level, i).at_us, g_array_index (levels, Level, i).minor);
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      gint64 at_us, minor;
      const char *currency;

      if (!is_drawn (event, &at_us, &minor))
        continue;
      if (g_variant_lookup (event, "amount", "(x&s)", &minor, &currency))
        g_strlcpy (frame->currency.code, currency, sizeof frame->currency.code);
      include (frame, at_us, -minor);
    }
}

static void
draw_label (GString *svg, int x, int y, const char *anchor, const char *text)
{
  g_autofree char *escaped = koban_report_escape (text);

  g_string_append_printf (svg, "<text class=\"label\" x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y,
                          anchor, escaped);
}

static void
draw_level (GString *svg, const Frame *frame, gint64 minor)
{
  int y = y_of (frame, minor);
  g_autofree char *text = koban_money_format ((KobanMoney){ minor, frame->currency });

  g_string_append_printf (svg, "<line class=\"axis\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", LEFT, y,
                          WIDTH - RIGHT, y);
  draw_label (svg, LEFT - 6, y + 4, "end", text);
}

static void
draw_days (GString *svg, const Frame *frame)
{
  g_autofree char *from = koban_time_format_local (frame->from_us),
                  *to = koban_time_format_local (frame->to_us);

  draw_label (svg, LEFT, HEIGHT - 8, "start", from);
  draw_label (svg, WIDTH - RIGHT, HEIGHT - 8, "end", to);
}

/* In steps: between two balances that are known nothing is known of the way. */
static void
draw_balance (GString *svg, const Frame *frame, GArray *levels)
{
  for (guint i = 0; i < levels->len; i++)
    {
      const Level *level = &g_array_index (levels, Level, i);
      int x = x_of (frame, level->at_us), y = y_of (frame, level->minor);

      if (i == 0)
        g_string_append_printf (svg, "<path class=\"line\" d=\"M%d %d", x, y);
      else
        g_string_append_printf (svg, " H%d V%d", x, y);
    }
  if (levels->len > 0)
    g_string_append (svg, "\"/>\n");
}

static void
draw_debits (GString *svg, const Frame *frame, GVariant *events)
{
  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      gint64 at_us, minor;
      int x;

      if (!is_drawn (event, &at_us, &minor))
        continue;
      x = x_of (frame, at_us) + (int) (i % MOST) * SIDE;
      g_string_append_printf (svg, "<line class=\"debit\" x1=\"%d\" y1=\"%d\" x2=\"%d\" y2=\"%d\"/>\n", x,
                              y_of (frame, 0), x, y_of (frame, -minor));
    }
}

/* (transfer full): an empty list for what is not told */
static GVariant *
list_of (GVariant *dossier, const char *key, const char *type)
{
  GVariant *list = g_variant_lookup_value (dossier, key, G_VARIANT_TYPE (type));

  return list != NULL ? list : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE (type + 1), NULL, 0));
}

char *
koban_report_graph (GVariant *dossier, KobanReportLanguage language)
{
  g_autoptr(GVariant) balances = list_of (dossier, "balances", "a(xxxs)"),
                       events = list_of (dossier, "events", "aa{sv}");
  g_autoptr(GArray) levels = list_levels (balances, events);
  g_autoptr(GString) svg = g_string_new (NULL);
  Frame frame = { 0 };

  measure (&frame, levels, events);
  if (!frame.known || frame.currency.code[0] == '\0')
    return g_strdup ("");
  g_string_append_printf (svg, "<h3>%s</h3>\n<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"%s\">\n",
                          koban_report_word (language, "graph"), WIDTH, HEIGHT,
                          koban_report_word (language, "graph"));
  draw_level (svg, &frame, 0);
  draw_level (svg, &frame, frame.high);
  if (frame.low < 0)
    draw_level (svg, &frame, frame.low);
  draw_balance (svg, &frame, levels);
  draw_debits (svg, &frame, events);
  draw_days (svg, &frame);
  g_string_append_printf (
    svg, "</svg>\n<p class=\"note\"><span class=\"blue\">▬</span> %s · <span class=\"red\">▮</span> %s</p>\n",
    koban_report_word (language, "graph.balance"), koban_report_word (language, "graph.debit"));
  return g_string_free (g_steal_pointer (&svg), FALSE);
}
