/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `deadlines`: what is to be done, with whom, until when, for every incident that money left in; the soonest
 * first. What is done is not shown any more.
 */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <koban/deadlines.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/report.h"

static const KobanColumn columns[] = {
  { "due", KOBAN_COLUMN_TEXT, N_("until") },
  { "days", KOBAN_COLUMN_NUMBER, N_("days left") },
  { "incident", KOBAN_COLUMN_TEXT, N_("incident") },
  { "party", KOBAN_COLUMN_TEXT },
  { "name", KOBAN_COLUMN_TEXT, N_("with") },
  { "task", KOBAN_COLUMN_TEXT },
  { "rule", KOBAN_COLUMN_TEXT },
  { "theirs", KOBAN_COLUMN_BOOL },
  { "from", KOBAN_COLUMN_TEXT, N_("counted from") },
  { "source", KOBAN_COLUMN_TEXT },
  { "checked", KOBAN_COLUMN_TEXT, N_("looked up") },
  { "old", KOBAN_COLUMN_BOOL },
  { "total", KOBAN_COLUMN_MONEY, N_("total") },
  { "id", KOBAN_COLUMN_TEXT },
  { NULL },
};

static void
put_day (GVariantDict *row, const char *key, KobanDate day)
{
  g_autofree char *text = day != KOBAN_NO_DATE ? koban_date_format (day) : NULL;

  if (text != NULL)
    g_variant_dict_insert (row, key, "s", text);
}

static GVariant *
row_of (GVariant *claim, const KobanDeadline *deadline, KobanDate today)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) total = g_variant_lookup_value (claim, "total", G_VARIANT_TYPE ("(xs)"));
  const char *incident = "";

  g_variant_lookup (claim, "incident", "&s", &incident);
  g_variant_dict_insert (&row, "incident", "s", incident);
  g_variant_dict_insert (&row, "id", "s", deadline->id);
  g_variant_dict_insert (&row, "party", "s", deadline->party);
  g_variant_dict_insert (&row, "name", "s", deadline->name);
  g_variant_dict_insert (&row, "task", "s", deadline->task);
  g_variant_dict_insert (&row, "rule", "s", deadline->rule);
  g_variant_dict_insert (&row, "source", "s", deadline->source);
  g_variant_dict_insert (&row, "theirs", "b", deadline->theirs);
  g_variant_dict_insert (&row, "old", "b", deadline->old);
  put_day (&row, "from", deadline->from);
  put_day (&row, "due", deadline->due);
  put_day (&row, "checked", deadline->checked);
  if (deadline->due != KOBAN_NO_DATE)
    g_variant_dict_insert (&row, "days", "x", (gint64) deadline->due - today);
  if (total != NULL)
    g_variant_dict_insert_value (&row, "total", total);
  return g_variant_ref_sink (g_variant_dict_end (&row));
}

/* Those of one incident that are still to be kept. */
static void
add_claim (GPtrArray *rows, KobanDeadlines *rules, GVariant *claim, gint64 now_us)
{
  int offset = koban_report_offset_minutes (now_us);
  KobanDate today = koban_date_from_us (now_us, offset);
  g_autoptr(GPtrArray) deadlines =
    koban_deadlines_count (rules, claim, offset, today, koban_deadlines_language ());

  for (guint i = 0; i < deadlines->len; i++)
    {
      const KobanDeadline *deadline = deadlines->pdata[i];

      if (!deadline->done && (deadline->due == KOBAN_NO_DATE || deadline->due >= today))
        g_ptr_array_add (rows, row_of (claim, deadline, today));
    }
}

static gint64
days_left (GVariant *row)
{
  gint64 days = G_MAXINT64;

  g_variant_lookup (row, "days", "x", &days);
  return days;
}

static int
compare_rows (gconstpointer a, gconstpointer b)
{
  gint64 one = days_left (*(GVariant *const *) a), two = days_left (*(GVariant *const *) b);

  return (one > two) - (one < two);
}

static GVariant *
list (KobanDBusKoban1 *agent, KobanDeadlines *rules, GError **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_autoptr(GVariant) claims = NULL;

  if (!koban_dbus_koban1_call_claims_sync (agent, G_DBUS_CALL_FLAGS_NONE, -1, &claims, NULL, error))
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (claims); i++)
    {
      g_autoptr(GVariant) claim = g_variant_get_child_value (claims, i);
      add_claim (rows, rules, claim, g_get_real_time ());
    }
  g_ptr_array_sort (rows, compare_rows);
  return g_variant_ref_sink (
    g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant *const *) rows->pdata, rows->len));
}

/* The task and the rule are sentences, and no table is wide enough for them. */
static void
tell (GVariant *rows)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *task = "", *rule = "", *name = "", *incident = "", *source = "", *checked = "";
      gboolean old = FALSE;

      g_variant_lookup (row, "task", "&s", &task);
      g_variant_lookup (row, "rule", "&s", &rule);
      g_variant_lookup (row, "name", "&s", &name);
      g_variant_lookup (row, "incident", "&s", &incident);
      g_variant_lookup (row, "source", "&s", &source);
      g_variant_lookup (row, "checked", "&s", &checked);
      g_variant_lookup (row, "old", "b", &old);
      g_print ("\n%s · %s: %s.\n  %s\n", incident, name, task, rule);
      if (old)
        g_print (_("  %s, checked in %s: ask your bank.\n"), source, checked);
      else
        g_print (_("  %s, looked up on %s.\n"), source, checked);
    }
  if (g_variant_n_children (rows) > 0)
    g_print ("\n%s\n",
             _("These are rules as they were looked up, and no legal advice. When you have told somebody: "
                "koban note INCIDENT --to bank"));
}

int
koban_cli_deadlines (int argc, char **argv)
{
  static const KobanUsage usage = { "", N_("Lists the times to claim, the soonest first."), 0, 0 };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanDeadlines) rules = koban_deadlines_load (NULL, &error);
  g_autoptr(KobanDBusKoban1) agent = rules != NULL ? koban_client_connect (&error) : NULL;
  g_autoptr(GVariant) rows = agent != NULL ? list (agent, rules, &error) : NULL;
  if (rows == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_rows (rows, columns, json, _("No time to claim is running that Koban knows of."));
  if (!json)
    tell (rows);
  return KOBAN_EXIT_DONE;
}
