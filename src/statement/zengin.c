/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * 全銀協 入出金取引明細: records of 200 bytes, with or without line ends, in CP932. A header (1), a line a
 * record (2), a trailer (8) for each account, and an end (9). The header is Kiraboshi Bank's published one
 * (2018-05-01, seen 2026-11-25); lengths of the other records are the association's as they are commonly
 * known, and add up to 200.
 */
#include "config.h"

#include "statement/cell.h"
#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <string.h>

#define RECORD 200

typedef struct
{
  guint from, length;
} Field;

/* Header */
static const Field kind_field = { 1, 2 };
static const Field from_field = { 10, 6 }, to_field = { 16, 6 };
static const Field bank_field = { 22, 4 }, branch_field = { 41, 3 }, account_field = { 63, 10 };
static const Field opening_sign_field = { 113, 1 }, opening_field = { 115, 14 };
/* Data */
/* The 照会番号 at 1 may be of one inquiry only: it is no id. */
static const Field date_field = { 9, 6 }, way_field = { 21, 1 }, type_field = { 22, 2 };
static const Field amount_field = { 24, 12 }, payer_field = { 81, 48 }, text_field = { 159, 20 };
/* Trailer */
static const Field closing_sign_field = { 39, 1 }, closing_field = { 40, 14 };

static const struct
{
  const char *code;
  const char *words;
  KobanTransactionType type;
} types[] = {
  { "10", "現金", KOBAN_TRANSACTION_CASH },        { "11", "振込", KOBAN_TRANSACTION_TRANSFER },
  { "12", "他店券入金", KOBAN_TRANSACTION_OTHER }, { "13", "交換", KOBAN_TRANSACTION_OTHER },
  { "14", "振替", KOBAN_TRANSACTION_OTHER },       { "18", "その他", KOBAN_TRANSACTION_OTHER },
  { "19", "訂正", KOBAN_TRANSACTION_OTHER },
};

typedef struct
{
  const KobanStatementOptions *options;
  GPtrArray *statements;   /* (unowned) */
  KobanStatement *current; /* (unowned) (nullable): of the last header */
  guint record;            /* 1 … */
} Zengin;

gboolean
koban_zengin_is (const char *data, gsize length)
{
  if (length < RECORD || memcmp (data, "103", 3) != 0)
    return FALSE;
  for (guint i = 0; i < bank_field.from + bank_field.length; i++)
    if (!g_ascii_isdigit (data[i]))
      return FALSE;
  return TRUE;
}

static char *
take (const char *record, Field field)
{
  static const char *const encodings[] = { "CP932", "SHIFT_JIS", NULL };
  g_autofree char *text = koban_cell_decode (record + field.from, field.length, encodings);

  return text != NULL ? g_strstrip (g_steal_pointer (&text)) : g_strdup ("");
}

static gboolean
bad_record (const Zengin *zengin, const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("record %u: its %s cannot be read"),
               zengin->record, what);
  return FALSE;
}

/* YYMMDD: years of 令和, of 平成 in old files, or western ones as some banks write: the latest that is not to
 * come. */
static gboolean
take_date (const Zengin *zengin, const char *record, Field field, KobanDate *date)
{
  static const int befores[] = { 2018, 2000, 1988 };
  g_autofree char *text = take (record, field);
  KobanDate latest = KOBAN_NO_DATE;

  if (strlen (text) != 6 || strspn (text, "0123456789") != 6)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (befores); i++)
    {
      g_autofree char *western = g_strdup_printf (
        "%04d-%.2s-%.2s", befores[i] + 10 * (text[0] - '0') + text[1] - '0', text + 2, text + 4);
      KobanDate found;

      if (koban_date_parse (western, &found) && found <= zengin->options->today + 1 && found > latest)
        latest = found;
    }
  *date = latest;
  return latest != KOBAN_NO_DATE;
}

static gboolean
take_number (const char *record, Field field, gint64 *number)
{
  g_autofree char *text = take (record, field);

  *number = 0;
  return *text == '\0' || (strspn (text, "0123456789") == strlen (text) &&
                           g_ascii_string_to_signed (text, 10, 0, G_MAXINT64, number, NULL));
}

/* "2": an overdraft. */
static gboolean
take_balance (const char *record, Field sign, Field field, gint64 *balance)
{
  if (!take_number (record, field, balance))
    return FALSE;
  if (record[sign.from] == '2')
    *balance = -*balance;
  return TRUE;
}

static char *
account_number (const char *record)
{
  g_autofree char *bank = take (record, bank_field), *branch = take (record, branch_field),
                  *account = take (record, account_field);
  const char *digits = account + strspn (account, "0");

  return g_strdup_printf ("%s-%s-%s", bank, branch, *digits != '\0' ? digits : account);
}

static gboolean
read_header (Zengin *zengin, const char *record, GError **error)
{
  g_autofree char *number = account_number (record), *kind = take (record, kind_field);

  if (!g_str_equal (kind, "03"))
    return bad_record (zengin, _("kind (it lists no 入出金取引明細)"), error);
  zengin->current = koban_statement_new (KOBAN_CURRENCY ("JPY"), number);
  g_ptr_array_add (zengin->statements, zengin->current);
  zengin->current->has_opening =
    take_balance (record, opening_sign_field, opening_field, &zengin->current->opening);
  if (!take_date (zengin, record, from_field, &zengin->current->from) ||
      !take_date (zengin, record, to_field, &zengin->current->to))
    return bad_record (zengin, _("day"), error);
  return TRUE;
}

static void
read_type (const char *record, KobanTransaction *line, const char **words)
{
  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (memcmp (record + type_field.from, types[i].code, type_field.length) == 0)
      {
        line->type = types[i].type;
        *words = types[i].words;
      }
}

/* Who it was from or to, if the bank says; else what it says at all. */
static gboolean
read_data (Zengin *zengin, const char *record, GError **error)
{
  g_autofree char *payer = take (record, payer_field), *text = take (record, text_field);
  char way = record[way_field.from];
  KobanTransaction line = { .state = KOBAN_TRANSACTION_BOOKED, .amount.currency = KOBAN_CURRENCY ("JPY") };
  const char *words = "";

  read_type (record, &line, &words);
  if (!take_date (zengin, record, date_field, &line.date))
    return bad_record (zengin, _("day"), error);
  if (!take_number (record, amount_field, &line.amount.minor) || (way != '1' && way != '2'))
    return bad_record (zengin, _("amount"), error);
  if (way == '2')
    line.amount.minor = -line.amount.minor;
  line.text = *text != '\0' ? text : *payer != '\0' ? payer : words;
  line.payee = *payer != '\0' ? payer : NULL;
  return koban_statement_add (zengin->current, &line, error);
}

static gboolean
read_trailer (Zengin *zengin, const char *record, GError **error)
{
  zengin->current->has_closing =
    take_balance (record, closing_sign_field, closing_field, &zengin->current->closing);
  return zengin->current->has_closing || bad_record (zengin, _("balance"), error);
}

static gboolean
read_record (Zengin *zengin, const char *record, GError **error)
{
  if (*record == '1')
    return read_header (zengin, record, error);
  if (*record == '9')
    return TRUE;
  if (zengin->current == NULL || (*record != '2' && *record != '8'))
    return bad_record (zengin, _("kind"), error);
  return *record == '2' ? read_data (zengin, record, error) : read_trailer (zengin, record, error);
}

gboolean
koban_zengin_read (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  Zengin zengin = { .options = options, .statements = statements };

  for (gsize at = 0; at < length;)
    {
      if (data[at] == '\r' || data[at] == '\n' || data[at] == '\x1a')
        {
          at++;
          continue;
        }
      zengin.record++;
      if (length - at < RECORD)
        return bad_record (&zengin, _("end"), error);
      if (!read_record (&zengin, data + at, error))
        return FALSE;
      at += RECORD;
    }
  return TRUE;
}
