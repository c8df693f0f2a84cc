/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * OFX and QFX, read by libofx: the only file that knows it. The library turns days into instants by way of
 * zones and sums into floating-point numbers, so zones are taken out beforehand, and a number is believed
 * only if it is within a hair of whole minor units. It keeps a copy of the file in TMPDIR while it works.
 */
#include "config.h"

#include "statement/cell.h"
#include "statement/statement.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <libofx/libofx.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* libofx looks through all it has at every line: 10 000 take some seconds, and ten times as many a hundred
 * times as long. A year of a person's account has some hundreds. */
#define MOST_LINES 20000

typedef struct
{
  GPtrArray *statements; /* (unowned) */
  GError *error;         /* (owned) (nullable): the first one */
} Ofx;

gboolean
koban_ofx_is (const char *data, gsize length)
{
  g_autofree char *start = g_strndup (data, MIN (length, 4096));

  return strstr (start, "<OFX>") != NULL || strstr (start, "OFXHEADER") != NULL;
}

/* --- values ------------------------------------------------------------------------------------------ */

/* Sums of a person's account are far below 2^53 minor units: there, what was a decimal comes back as it was.
 */
static gboolean
minor_of (double amount, KobanCurrency currency, gint64 *minor)
{
  double scaled = amount * pow (10, koban_currency_get_exponent (currency));
  double whole = round (scaled);

  if (!isfinite (scaled) || fabs (scaled) > 9e14 || fabs (scaled - whole) > 1e-3)
    return FALSE;
  *minor = (gint64) whole;
  return TRUE;
}

/* The zone was taken out and TZ is UTC in the helper; elsewhere the local day is the one that was written. */
static KobanDate
day_of (time_t at)
{
  g_autoptr(GDateTime) local = g_date_time_new_from_unix_local (at);
  int year, month, day;

  if (local == NULL)
    return KOBAN_NO_DATE;
  g_date_time_get_ymd (local, &year, &month, &day);
  return koban_date_from_civil (year, month, day);
}

static const struct
{
  TransactionType theirs;
  KobanTransactionType ours;
} types[] = {
  { OFX_FEE, KOBAN_TRANSACTION_FEE },
  { OFX_SRVCHG, KOBAN_TRANSACTION_FEE },
  { OFX_ATM, KOBAN_TRANSACTION_CASH },
  { OFX_CASH, KOBAN_TRANSACTION_CASH },
  { OFX_POS, KOBAN_TRANSACTION_CARD },
  { OFX_XFER, KOBAN_TRANSACTION_TRANSFER },
  { OFX_DIRECTDEBIT, KOBAN_TRANSACTION_DIRECT_DEBIT },
  { OFX_REPEATPMT, KOBAN_TRANSACTION_STANDING_ORDER },
};

static KobanTransactionType
type_of (const struct OfxTransactionData *data)
{
  for (gsize i = 0; data->transactiontype_valid && i < G_N_ELEMENTS (types); i++)
    if (types[i].theirs == data->transactiontype)
      return types[i].ours;
  return KOBAN_TRANSACTION_OTHER;
}

/* (transfer full) (nullable) */
static char *
words (gboolean valid, const char *text)
{
  g_autofree char *clean = valid ? g_strstrip (g_utf8_make_valid (text, -1)) : NULL;

  return clean != NULL && *clean != '\0' ? g_steal_pointer (&clean) : NULL;
}

/* --- what the library calls ------------------------------------------------------------------------- */

static int
fail (Ofx *ofx, const char *what)
{
  if (ofx->error == NULL)
    ofx->error =
      g_error_new (KOBAN_ERROR, KOBAN_ERROR_INVALID, _("a line of the file: its %s cannot be read"), what);
  return 0;
}

static char *
account_number (const struct OfxAccountData *account)
{
  const char *bank = account->bank_id_valid ? account->bank_id : "";

  return g_strdup_printf ("%s%s%s", bank, *bank != '\0' ? "-" : "",
                          account->account_number_valid ? account->account_number : account->account_id);
}

static KobanStatement *
find_statement (Ofx *ofx, const struct OfxAccountData *account)
{
  g_autofree char *number = account != NULL ? account_number (account) : NULL;

  for (guint i = 0; i < ofx->statements->len; i++)
    if (g_strcmp0 (((KobanStatement *) ofx->statements->pdata[i])->number, number) == 0)
      return ofx->statements->pdata[i];
  return ofx->statements->len > 0 && number == NULL ? ofx->statements->pdata[0] : NULL;
}

static int
on_account (const struct OfxAccountData data, void *user_data)
{
  Ofx *ofx = user_data;
  g_autofree char *number = account_number (&data);
  KobanCurrency currency;

  if (find_statement (ofx, &data) != NULL)
    return 0;
  if (!data.currency_valid || !koban_currency_parse (data.currency, &currency, NULL))
    return fail (ofx, _("currency"));
  g_ptr_array_add (ofx->statements, koban_statement_new (currency, number));
  return 0;
}

static int
on_statement (const struct OfxStatementData data, void *user_data)
{
  Ofx *ofx = user_data;
  KobanStatement *statement = find_statement (ofx, data.account_ptr);

  if (statement == NULL)
    return 0;
  statement->has_closing =
    data.ledger_balance_valid && minor_of (data.ledger_balance, statement->currency, &statement->closing);
  if (data.date_start_valid)
    statement->from = day_of (data.date_start);
  if (data.date_end_valid)
    statement->to = day_of (data.date_end);
  return 0;
}

static int
on_transaction (const struct OfxTransactionData data, void *user_data)
{
  Ofx *ofx = user_data;
  KobanStatement *statement = find_statement (ofx, data.account_ptr);
  g_autofree char *name = words (data.name_valid, data.name), *memo = words (data.memo_valid, data.memo),
                  *id = words (data.fi_id_valid, data.fi_id);

  if (statement == NULL)
    return fail (ofx, _("account"));
  KobanTransaction line = {
    .state = KOBAN_TRANSACTION_BOOKED,
    .type = type_of (&data),
    .amount.currency = statement->currency,
    .date = data.date_posted_valid ? day_of (data.date_posted) : KOBAN_NO_DATE,
    .text = memo != NULL ? memo : name,
    .payee = name,
    .bank_id = id,
  };
  if (line.date == KOBAN_NO_DATE)
    return fail (ofx, _("day"));
  if (!data.amount_valid || !minor_of (data.amount, statement->currency, &line.amount.minor))
    return fail (ofx, _("amount"));
  if (ofx->error == NULL)
    (void) !koban_statement_add (statement, &line, &ofx->error);
  return 0;
}

/* --- the file ------------------------------------------------------------------------------------------ */

/* "<DTPOSTED>20240902000000.000[+9:JST]" without "[+9:JST]": the day that the bank wrote is the day that it
 * means. */
static GString *
without_zones (const char *data, gsize length)
{
  GString *text = g_string_sized_new (length);
  gboolean in_date = FALSE;

  for (gsize i = 0; i < length; i++)
    {
      if (data[i] == '<')
        in_date = i + 3 < length && g_ascii_strncasecmp (data + i, "<DT", 3) == 0;
      if (in_date && data[i] == '[')
        while (i < length && data[i] != ']' && data[i] != '<' && data[i] != '\n')
          i++;
      if (i < length && !(in_date && data[i] == ']'))
        g_string_append_c (text, data[i]);
    }
  return text;
}

static guint
count_lines (const char *text)
{
  guint lines = 0;

  for (const char *at = strstr (text, "<STMTTRN>"); at != NULL; at = strstr (at + 1, "<STMTTRN>"))
    lines++;
  return lines;
}

static int
memory_file (const GString *text)
{
  int fd = memfd_create ("ofx", MFD_CLOEXEC);

  for (gsize done = 0; fd >= 0 && done < text->len;)
    {
      gssize written = write (fd, text->str + done, text->len - done);

      if (written <= 0)
        {
          close (fd);
          return -1;
        }
      done += (gsize) written;
    }
  return fd;
}

static void
run_library (Ofx *ofx, int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  LibofxContextPtr context = libofx_get_new_context ();

  ofx_PARSER_msg = ofx_DEBUG_msg = ofx_STATUS_msg = ofx_INFO_msg = ofx_WARNING_msg = ofx_ERROR_msg = FALSE;
  ofx_set_account_cb (context, on_account, ofx);
  ofx_set_statement_cb (context, on_statement, ofx);
  ofx_set_transaction_cb (context, on_transaction, ofx);
  libofx_proc_file (context, path, OFX);
  libofx_free_context (context);
}

gboolean
koban_ofx_read (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error)
{
  Ofx ofx = { .statements = statements };
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);
  g_autoptr(GString) text = without_zones (data, length);

  if (count_lines (text->str) > MOST_LINES)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the file has more than %d lines: export a shorter time, and import one after another"),
                   MOST_LINES);
      return FALSE;
    }
  int fd = memory_file (text);
  if (fd >= 0)
    {
      run_library (&ofx, fd);
      close (fd);
    }
  if (ofx.error == NULL && statements->len == 0)
    fail (&ofx, _("account"));
  if (ofx.error == NULL)
    return TRUE;
  g_propagate_error (error, ofx.error);
  return FALSE;
}
