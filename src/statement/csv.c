/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A CSV file in a known dialect: find the header, then a line a row. Rows without a day are the bank's
 * notes and sums; a row with a day that cannot be read whole is an error, because a line left out in
 * silence could be the one that matters.
 */
#include "config.h"

#include "statement/csv.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <stdio.h>
#include <string.h>

#define HEADER_WITHIN 60 /* rows of preamble */

typedef struct
{
  const KobanDialect *dialect;
  const KobanStatementOptions *options;
  GPtrArray *rows;              /* (owned) (element-type KobanRow) */
  guint header;                 /* index in @rows */
  guint *places[KOBAN_N_ROLES]; /* (owned) (nullable) */
  GPtrArray *statements;        /* (unowned) */
} Csv;

static void
csv_clear (Csv *csv)
{
  g_clear_pointer (&csv->rows, g_ptr_array_unref);
  for (guint role = 0; role < KOBAN_N_ROLES; role++)
    g_free (csv->places[role]);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Csv, csv_clear)

/* --- the header ---------------------------------------------------------------------------------- */

static GPtrArray *
rows_of (GBytes *bytes, const KobanDialect *dialect, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autofree char *text = koban_cell_decode (data, length, (const char *const *) dialect->encodings);

  if (text == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the file is not written in the letters of %s"), dialect->name);
      return NULL;
    }
  return koban_table_parse (text, dialect->separator, error);
}

static gboolean
find_header (GPtrArray *rows, const KobanDialect *dialect, guint *header)
{
  for (guint i = 0; i < MIN (rows->len, HEADER_WITHIN); i++)
    if (koban_dialect_is_header (dialect, rows->pdata[i]))
      {
        *header = i;
        return TRUE;
      }
  return FALSE;
}

static gboolean
is_candidate (GBytes *bytes, const KobanDialect *dialect)
{
  g_autoptr(GPtrArray) rows = rows_of (bytes, dialect, NULL);
  guint header;

  return rows != NULL && find_header (rows, dialect, &header);
}

/* The start of a file, so that trying all dialects costs little. */
static GBytes *
beginning_of (GBytes *bytes)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  gsize end = MIN (length, 16 * 1024);

  while (end < length && end > 0 && data[end - 1] != '\n')
    end--;
  return g_bytes_new_from_bytes (bytes, 0, end > 0 ? end : length);
}

GPtrArray *
koban_csv_candidates (GBytes *bytes, GPtrArray *dialects)
{
  g_autoptr(GBytes) beginning = beginning_of (bytes);
  g_autoptr(GPtrArray) found = g_ptr_array_new ();
  guint longest = 0;

  for (guint i = 0; i < dialects->len; i++)
    {
      KobanDialect *dialect = dialects->pdata[i];
      guint length = g_strv_length (dialect->header);

      if (length < longest || !is_candidate (beginning, dialect))
        continue;
      if (length > longest)
        g_ptr_array_set_size (found, 0);
      longest = length;
      g_ptr_array_add (found, dialect);
    }
  return g_steal_pointer (&found);
}

/* --- a row ------------------------------------------------------------------------------------------ */

/* The cells of @role, joined by one blank; "" if there are none. */
static char *
joined (const Csv *csv, const KobanRow *row, KobanRole role, const char *between)
{
  g_autoptr(GString) text = g_string_new (NULL);

  for (const guint *place = csv->places[role]; place != NULL && *place != G_MAXUINT; place++)
    {
      const char *cell = koban_row_cell (row, *place);

      if (text->len > 0 && *cell != '\0')
        g_string_append (text, between);
      g_string_append (text, cell);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static gboolean
bad_cell (const KobanRow *row, const char *cell, const char *what, GError **error)
{
  g_autofree char *shown = koban_text_clean (cell, 30);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("line %u: “%s” is no %s"), row->line, shown, what);
  return FALSE;
}

/* An empty cell is zero. */
static gboolean
read_money (const Csv *csv,
            const KobanRow *row,
            KobanRole role,
            KobanCurrency currency,
            gint64 *minor,
            GError **error)
{
  g_autofree char *cell = joined (csv, row, role, " ");

  *minor = 0;
  if (koban_cell_is_empty (cell) || koban_cell_money (cell, csv->dialect->decimal, currency, minor))
    return TRUE;
  return bad_cell (row, cell, _("amount"), error);
}

/* What leaves the account is negative, however the bank writes it. */
static gboolean
read_amount (const Csv *csv, const KobanRow *row, KobanTransaction *line, GError **error)
{
  KobanCurrency currency = line->amount.currency;
  gint64 out, in;

  if (csv->places[KOBAN_ROLE_AMOUNT] != NULL)
    {
      if (!read_money (csv, row, KOBAN_ROLE_AMOUNT, currency, &in, error))
        return FALSE;
      line->amount.minor = csv->dialect->out_is_positive ? -in : in;
      return TRUE;
    }
  if (!read_money (csv, row, KOBAN_ROLE_OUT, currency, &out, error) ||
      !read_money (csv, row, KOBAN_ROLE_IN, currency, &in, error))
    return FALSE;
  line->amount.minor = in - ABS (out);
  return TRUE;
}

static gboolean
read_balance (const Csv *csv, const KobanRow *row, KobanTransaction *line, GError **error)
{
  g_autofree char *cell = joined (csv, row, KOBAN_ROLE_BALANCE, " ");

  line->has_balance_after = *cell != '\0' && !koban_cell_is_empty (cell);
  line->balance_after.currency = line->amount.currency;
  return !line->has_balance_after ||
         read_money (csv, row, KOBAN_ROLE_BALANCE, line->amount.currency, &line->balance_after.minor, error);
}

static gboolean
read_currency (const Csv *csv, const KobanRow *row, KobanTransaction *line, GError **error)
{
  g_autofree char *cell = joined (csv, row, KOBAN_ROLE_CURRENCY, "");

  line->amount.currency = csv->dialect->currency;
  return *cell == '\0' ? *line->amount.currency.code != '\0' || bad_cell (row, cell, _("currency"), error)
                       : koban_currency_parse (cell, &line->amount.currency, NULL) ||
                           bad_cell (row, cell, _("currency"), error);
}

/* Hour, minute and second in the bank's zone; a file without them says no time. */
static void
read_time (const Csv *csv, const KobanRow *row, KobanTransaction *line)
{
  g_autofree char *cell = joined (csv, row, KOBAN_ROLE_TIME, ":");
  int hour, minute, second = 0;

  /* NOLINTNEXTLINE(cert-err34-c): two digits are never too many */
  if (sscanf (cell, "%2d:%2d:%2d", &hour, &minute, &second) < 2 || hour < 0 || hour > 23 || minute < 0 ||
      minute > 59 || second < 0 || second > 60)
    return;
  line->time_us = line->date * KOBAN_DAY_US + hour * KOBAN_HOUR_US + minute * KOBAN_MINUTE_US +
                  second * KOBAN_SECOND_US - csv->dialect->utc_offset_minutes * KOBAN_MINUTE_US;
}

static gboolean
is_pending (const Csv *csv, const KobanRow *row)
{
  g_autofree char *cell = joined (csv, row, KOBAN_ROLE_STATE, " ");

  return csv->dialect->pending != NULL && g_strv_contains ((const char *const *) csv->dialect->pending, cell);
}

/* Of the account in that currency: a file may hold several. */
static KobanStatement *
statement_for (Csv *csv, KobanCurrency currency)
{
  for (guint i = 0; i < csv->statements->len; i++)
    if (koban_currency_equal (((KobanStatement *) csv->statements->pdata[i])->currency, currency))
      return csv->statements->pdata[i];

  KobanStatement *statement = koban_statement_new (currency, NULL);
  g_ptr_array_add (csv->statements, statement);
  return statement;
}

static gboolean
has_digit (const char *cell)
{
  g_autofree char *plain = koban_cell_plain (cell);

  return strpbrk (plain, "0123456789元") != NULL;
}

static const char *
or_null (const char *text)
{
  return *text != '\0' ? text : NULL;
}

static gboolean
read_line (Csv *csv, const KobanRow *row, KobanDate date, GError **error)
{
  g_autofree char *text = joined (csv, row, KOBAN_ROLE_TEXT, " ");
  g_autofree char *payee = joined (csv, row, KOBAN_ROLE_PAYEE, " ");
  g_autofree char *id = joined (csv, row, KOBAN_ROLE_ID, "-");
  g_autofree char *counterparty = joined (csv, row, KOBAN_ROLE_COUNTERPARTY, "");
  g_autofree char *mandate = joined (csv, row, KOBAN_ROLE_MANDATE, "");
  KobanTransaction line = {
    .state = is_pending (csv, row) ? KOBAN_TRANSACTION_PENDING : KOBAN_TRANSACTION_BOOKED,
    .date = date,
    .text = *text != '\0' ? text : payee,
    .payee = or_null (payee),
    .bank_id = or_null (id),
    .counterparty_id = or_null (counterparty),
    .mandate_ref = or_null (mandate),
  };

  if (!read_currency (csv, row, &line, error) || !read_amount (csv, row, &line, error) ||
      !read_balance (csv, row, &line, error))
    return FALSE;
  read_time (csv, row, &line);
  return line.amount.minor == 0 ||
         koban_statement_add (statement_for (csv, line.amount.currency), &line, error);
}

static gboolean
read_row (Csv *csv, const KobanRow *row, GError **error)
{
  g_autofree char *cell = joined (csv, row, KOBAN_ROLE_DATE, "/");
  KobanDate date;

  if (koban_cell_date (cell, csv->dialect->order, csv->options->today, &date))
    return read_line (csv, row, date, error);
  /* "合計", "※注意", an empty row: no line. "31/02/2024" with a sum is one that we fail to understand. */
  return !has_digit (cell) || row->n < g_strv_length (csv->dialect->header) / 2 + 1 ||
         bad_cell (row, cell, _("day"), error);
}

gboolean
koban_csv_read (GBytes *bytes,
                const KobanDialect *dialect,
                const KobanStatementOptions *options,
                GPtrArray *statements,
                GError **error)
{
  g_auto(Csv) csv = { .dialect = dialect, .options = options, .statements = statements };

  csv.rows = rows_of (bytes, dialect, error);
  if (csv.rows == NULL)
    return FALSE;
  if (!find_header (csv.rows, dialect, &csv.header))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("the file has not the columns of %s"),
                   dialect->name);
      return FALSE;
    }
  for (guint role = 0; role < KOBAN_N_ROLES; role++)
    csv.places[role] = koban_dialect_places (dialect, (KobanRole) role, csv.rows->pdata[csv.header]);
  for (guint i = csv.header + 1; i < csv.rows->len; i++)
    if (!read_row (&csv, csv.rows->pdata[i], error))
      return FALSE;
  return TRUE;
}
