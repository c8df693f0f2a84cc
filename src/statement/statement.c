/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One account's part of a statement file. Banks list the newest line first or last, and the lines of
 * one day in an order of their own; where there is a running balance, it tells the true order.
 */
#include "config.h"

#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

KobanStatement *
koban_statement_new (KobanCurrency currency, const char *number)
{
  KobanStatement *self = g_new0 (KobanStatement, 1);

  self->currency = currency;
  self->number = number != NULL && *number != '\0' ? g_strdup (number) : NULL;
  self->from = self->to = KOBAN_NO_DATE;
  self->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  return self;
}

void
koban_statement_free (KobanStatement *self)
{
  g_free (self->number);
  g_ptr_array_unref (self->lines);
  g_free (self);
}

gboolean
koban_statement_add (KobanStatement *self, const KobanTransaction *line, GError **error)
{
  if (self->lines->len >= KOBAN_STATEMENT_MAX_LINES)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the file has more than %d lines: export a shorter time, and import one after another"),
                   KOBAN_STATEMENT_MAX_LINES);
      return FALSE;
    }
  g_ptr_array_add (self->lines, koban_transaction_new (line));
  return TRUE;
}

/* --- order and running balance ------------------------------------------------------------------- */

static KobanTransaction *
line_at (GPtrArray *lines, guint i)
{
  return lines->pdata[i];
}

/* Whether @line leads from the balance @before to its own. Without balances nothing contradicts. */
static gboolean
follows (const KobanTransaction *before, const KobanTransaction *line)
{
  gint64 sum;

  if (!before->has_balance_after || !line->has_balance_after)
    return TRUE;
  return !__builtin_add_overflow (before->balance_after.minor, line->amount.minor, &sum) &&
         sum == line->balance_after.minor;
}

static guint
count_breaks (GPtrArray *lines)
{
  guint breaks = 0;

  for (guint i = 1; i < lines->len; i++)
    breaks += follows (line_at (lines, i - 1), line_at (lines, i)) ? 0 : 1;
  return breaks;
}

static void
reverse (GPtrArray *lines)
{
  for (guint i = 0; i < lines->len / 2; i++)
    {
      gpointer kept = lines->pdata[i];

      lines->pdata[i] = lines->pdata[lines->len - 1 - i];
      lines->pdata[lines->len - 1 - i] = kept;
    }
}

/* Newest first, by its days; within one day only the balances can tell. */
static gboolean
is_backwards (GPtrArray *lines)
{
  KobanDate first = lines->len > 0 ? line_at (lines, 0)->date : 0;
  KobanDate last = lines->len > 0 ? line_at (lines, lines->len - 1)->date : 0;
  guint forwards;

  if (first != last)
    return first > last;
  forwards = count_breaks (lines);
  if (forwards == 0)
    return FALSE;
  reverse (lines);
  gboolean better = count_breaks (lines) < forwards;
  reverse (lines);
  return better;
}

static int
compare_days (gconstpointer a, gconstpointer b, gpointer unused)
{
  const KobanTransaction *one = *(gpointer *) a, *other = *(gpointer *) b;

  return one->date < other->date ? -1 : one->date > other->date;
}

/* From @i on, of the same day, the first line that follows the one before it is drawn to the front. */
static void
draw_follower (GPtrArray *lines, guint i)
{
  for (guint k = i; k < lines->len && line_at (lines, k)->date == line_at (lines, i)->date; k++)
    if (follows (line_at (lines, i - 1), line_at (lines, k)))
      {
        gpointer follower = lines->pdata[k];

        memmove (lines->pdata + i + 1, lines->pdata + i, (k - i) * sizeof (gpointer));
        lines->pdata[i] = follower;
        return;
      }
}

static void
put_in_order (GPtrArray *lines)
{
  if (is_backwards (lines))
    reverse (lines);
  g_qsort_with_data (lines->pdata, (int) lines->len, sizeof (gpointer), compare_days, NULL); /* is stable */
  if (count_breaks (lines) == 0)
    return;
  for (guint i = 1; i < lines->len; i++)
    draw_follower (lines, i);
}

void
koban_statement_settle (KobanStatement *self)
{
  put_in_order (self->lines);
  if (self->lines->len == 0)
    return;
  KobanDate first = line_at (self->lines, 0)->date, last = line_at (self->lines, self->lines->len - 1)->date;
  self->from = self->from == KOBAN_NO_DATE ? first : MIN (self->from, first);
  self->to = self->to == KOBAN_NO_DATE ? last : MAX (self->to, last);
}

/* --- out -------------------------------------------------------------------------------------------- */

static void
insert_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (dict, key, "s", text);
}

static void
insert_day (GVariantDict *dict, const char *key, KobanDate date)
{
  g_autofree char *day = date != KOBAN_NO_DATE ? koban_date_format (date) : NULL;

  insert_text (dict, key, day);
}

static GVariant *
line_to_variant (const KobanTransaction *line)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  insert_day (&dict, "date", line->date);
  g_variant_dict_insert (&dict, "amount", "x", line->amount.minor);
  g_variant_dict_insert (&dict, "text", "s", line->text);
  if (line->has_balance_after)
    g_variant_dict_insert (&dict, "balance", "x", line->balance_after.minor);
  if (line->time_us != 0)
    g_variant_dict_insert (&dict, "time", "x", line->time_us);
  insert_text (&dict, "payee", line->payee);
  insert_text (&dict, "counterparty", line->counterparty_id);
  insert_text (&dict, "mandate", line->mandate_ref);
  insert_text (&dict, "id", line->bank_id);
  if (line->type != KOBAN_TRANSACTION_OTHER)
    g_variant_dict_insert (&dict, "type", "s", koban_transaction_type_name (line->type));
  if (line->state != KOBAN_TRANSACTION_BOOKED)
    g_variant_dict_insert (&dict, "state", "s", koban_transaction_state_name (line->state));
  return g_variant_dict_end (&dict);
}

static GVariant *
lines_to_variant (GPtrArray *lines)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < lines->len; i++)
    g_variant_builder_add_value (&builder, line_to_variant (line_at (lines, i)));
  return g_variant_builder_end (&builder);
}

/* Differences that overflow are told as what fits: that it does not add up is what matters. */
static void
add_break (GVariantBuilder *builder, KobanDate date, gint64 from, gint64 amount, gint64 to)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  gint64 missing = 0;

  if (__builtin_sub_overflow (to, from, &missing) || __builtin_sub_overflow (missing, amount, &missing))
    missing = G_MAXINT64;
  if (missing == 0)
    return;
  insert_day (&dict, "date", date);
  g_variant_dict_insert (&dict, "missing", "x", missing);
  g_variant_builder_add_value (builder, g_variant_dict_end (&dict));
}

/* Opening and closing balances are held against the whole; a file without lines says nothing. */
static void
add_break_of_ends (GVariantBuilder *builder, const KobanStatement *self)
{
  gint64 sum = 0;

  for (guint i = 0; i < self->lines->len; i++)
    if (line_at (self->lines, i)->state == KOBAN_TRANSACTION_BOOKED &&
        __builtin_add_overflow (sum, line_at (self->lines, i)->amount.minor, &sum))
      return;
  if (self->has_opening && self->has_closing)
    add_break (builder, self->to, self->opening, sum, self->closing);
}

static GVariant *
breaks_to_variant (const KobanStatement *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 1; i < self->lines->len; i++)
    {
      const KobanTransaction *before = line_at (self->lines, i - 1), *line = line_at (self->lines, i);

      if (!follows (before, line))
        add_break (&builder, line->date, before->balance_after.minor, line->amount.minor,
                   line->balance_after.minor);
    }
  add_break_of_ends (&builder, self);
  return g_variant_builder_end (&builder);
}

/* The balance at the end, as the file says it or as its last line does. */
static void
insert_closing (GVariantDict *dict, const KobanStatement *self)
{
  const KobanTransaction *last = self->lines->len > 0 ? line_at (self->lines, self->lines->len - 1) : NULL;

  if (self->has_closing)
    g_variant_dict_insert (dict, "closing", "x", self->closing);
  else if (last != NULL && last->has_balance_after)
    g_variant_dict_insert (dict, "closing", "x", last->balance_after.minor);
}

/* The balance before the first line, in the same way. */
static void
insert_opening (GVariantDict *dict, const KobanStatement *self)
{
  const KobanTransaction *first = self->lines->len > 0 ? line_at (self->lines, 0) : NULL;
  gint64 opening;

  if (self->has_opening)
    g_variant_dict_insert (dict, "opening", "x", self->opening);
  else if (first != NULL && first->has_balance_after &&
           !__builtin_sub_overflow (first->balance_after.minor, first->amount.minor, &opening))
    g_variant_dict_insert (dict, "opening", "x", opening);
}

GVariant *
koban_statement_to_variant (const KobanStatement *self)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  insert_text (&dict, "number", self->number);
  g_variant_dict_insert (&dict, "currency", "s", self->currency.code);
  insert_day (&dict, "from", self->from);
  insert_day (&dict, "to", self->to);
  insert_opening (&dict, self);
  insert_closing (&dict, self);
  g_variant_dict_insert_value (&dict, "lines", lines_to_variant (self->lines));
  g_variant_dict_insert_value (&dict, "breaks", breaks_to_variant (self));
  return g_variant_dict_end (&dict);
}
