/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Everyone who ever took money, grouped: a branch or a reference does not make another payee, and a
 * wallet is one payee under all its names. It only reads.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <string.h>

static void
payee_free (gpointer data)
{
  KobanPayeeSum *self = data;

  g_free (self->name);
  g_free (self->service);
  g_free (self);
}

static void
drop_digits (char *folded)
{
  char *to = folded;

  for (const char *from = folded; *from != '\0'; from++)
    if (!g_ascii_isdigit (*from) && !(*from == ' ' && (to == folded || to[-1] == ' ')))
      *to++ = *from;
  while (to > folded && to[-1] == ' ')
    to--;
  if (to > folded)
    *to = '\0';
}

/* What the name of a debit says. */
typedef struct
{
  const KobanService *service; /* (nullable) */
  KobanTransactionType type;
  char *key; /* (owned): which payee it is of: the service where it is a wallet, else the name */
} Reading;

static void
reading_clear (Reading *self)
{
  g_clear_pointer (&self->key, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reading, reading_clear)

static KobanTransactionType
told_type (KobanServices *services, const KobanTransaction *line, char *folded)
{
  KobanTransactionType type = KOBAN_TRANSACTION_OTHER;

  if (services == NULL)
    return line->type;
  gboolean collected = koban_services_names (services, KOBAN_WORD_COLLECTION, folded);
  const char *name = koban_services_skip_prefixes (services, folded, &type);
  memmove (folded, name, strlen (name) + 1);
  if (line->type != KOBAN_TRANSACTION_OTHER)
    return line->type;
  return type == KOBAN_TRANSACTION_OTHER && collected ? KOBAN_TRANSACTION_DIRECT_DEBIT : type;
}

static void
read_name (KobanLedger *self, gint64 account, const KobanTransaction *line, Reading *reading)
{
  g_autofree char *folded = koban_text_fold (koban_transaction_get_name (line));
  gboolean wallet;

  reading->service = self->services != NULL ? koban_services_match (self->services, folded) : NULL;
  reading->type = told_type (self->services, line, folded);
  drop_digits (folded);
  wallet = reading->service != NULL && reading->service->category == KOBAN_SERVICE_WALLET;
  reading->key = g_strdup_printf ("%" G_GINT64_FORMAT "\n%s\n%s\n%s", account, line->amount.currency.code,
                                  wallet ? reading->service->id : "", wallet ? "" : folded);
}

static KobanDate
day_of (const KobanTransaction *line)
{
  if (line->date != KOBAN_NO_DATE)
    return line->date;
  return koban_date_from_us (line->time_us != 0 ? line->time_us : line->first_seen_us, 0);
}

/* --- all of them ------------------------------------------------------------------------------------------
 */

static KobanPayeeSum *
find_payee (GHashTable *payees, Reading *reading, gint64 account, const KobanTransaction *line)
{
  KobanPayeeSum *payee = g_hash_table_lookup (payees, reading->key);
  KobanDate day = day_of (line);

  if (payee != NULL)
    return payee;
  payee = g_new0 (KobanPayeeSum, 1);
  *payee =
    (KobanPayeeSum){ .account = account, .first = day, .last = day, .total.currency = line->amount.currency };
  g_hash_table_insert (payees, g_steal_pointer (&reading->key), payee);
  return payee;
}

static void
hear_answer (KobanPayeeSum *payee, KobanAnswer answer, gint64 answered_us)
{
  if (answer == KOBAN_ANSWER_NONE || answered_us < payee->answered_us)
    return;
  payee->answer = answer;
  payee->answered_us = answered_us;
}

static KobanPayeeSum *
count_debit (KobanLedger *self, GHashTable *payees, gint64 account, const KobanLineRow *row)
{
  const KobanTransaction *line = row->line;
  g_auto(Reading) reading = { 0 };
  KobanDate day = day_of (line);

  read_name (self, account, line, &reading);
  KobanPayeeSum *payee = find_payee (payees, &reading, account, line);
  if (payee->name == NULL || day >= payee->last)
    {
      g_free (payee->name);
      payee->name = g_strdup (koban_transaction_get_name (line));
      payee->line = row->id;
    }
  if (payee->service == NULL && reading.service != NULL)
    payee->service = g_strdup (reading.service->name);
  payee->wallet |= reading.service != NULL && reading.service->category == KOBAN_SERVICE_WALLET;
  payee->first = MIN (payee->first, day);
  payee->last = MAX (payee->last, day);
  payee->count++;
  payee->types |= 1u << reading.type;
  (void) !koban_money_add (payee->total, line->amount, &payee->total); /* a sum past all bounds stays there */
  return payee;
}

#define DEBITS                                                                                               \
  "SELECT " KOBAN_LINE_COLUMNS ", account, answer, answered_us FROM line WHERE amount < 0 AND state <> 2"    \
  " AND type <> ?1"

static gboolean
read_all (KobanLedger *self, gint64 since_us, GHashTable *payees, GHashTable *of_line, GError **error)
{
  static const char sql[] = DEBITS " AND (?2 = 0 OR date >= ?2 / 86400000000"
                                   " OR (date IS NULL AND first_seen_us >= ?2)) ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "ii", (gint64) KOBAN_TRANSACTION_OWN, since_us);
  while (koban_query_next (&query))
    {
      KobanLineRow row = { 0 };

      koban_line_row_read (&query, &row);
      KobanPayeeSum *payee = count_debit (self, payees, koban_query_int (&query, 18), &row);
      hear_answer (payee, (KobanAnswer) koban_query_int (&query, 19), koban_query_int (&query, 20));
      if (of_line != NULL)
        g_hash_table_insert (of_line, koban_row_id ('t', row.id), payee);
      koban_line_row_clear (&row);
    }
  return koban_query_finish (&query, error);
}

static int
compare_payees (gconstpointer a, gconstpointer b)
{
  const KobanPayeeSum *one = *(const KobanPayeeSum *const *) a, *other = *(const KobanPayeeSum *const *) b;

  if ((one->service != NULL) != (other->service != NULL))
    return one->service != NULL ? -1 : 1;
  if (one->total.minor != other->total.minor)
    return one->total.minor < other->total.minor ? -1 : 1;
  return strcmp (one->name, other->name);
}

GPtrArray *
koban_payees_read (KobanLedger *self, gint64 since_us, GHashTable *of_line, GError **error)
{
  g_autoptr(GHashTable) payees = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) sorted = g_ptr_array_new_with_free_func (payee_free);
  gboolean good = read_all (self, since_us, payees, of_line, error);
  GHashTableIter iter;
  gpointer payee;

  g_hash_table_iter_init (&iter, payees);
  while (g_hash_table_iter_next (&iter, NULL, &payee))
    g_ptr_array_add (sorted, payee);
  g_ptr_array_sort (sorted, compare_payees);
  return good ? g_steal_pointer (&sorted) : NULL;
}

/* --- one of them -------------------------------------------------------------------------------------------
 */

void
koban_payee_lines_clear (KobanPayeeLines *self)
{
  g_clear_pointer (&self->refs, g_ptr_array_unref);
  g_clear_pointer (&self->name, g_free);
  g_clear_pointer (&self->service, g_free);
}

static void
add_same (KobanLedger *self, const char *key, const KobanLineRow *row, KobanPayeeLines *lines)
{
  g_auto(Reading) reading = { 0 };

  read_name (self, lines->account, row->line, &reading);
  if (!g_str_equal (reading.key, key))
    return;
  g_ptr_array_add (lines->refs, koban_row_id ('t', row->id));
  (void) !koban_money_add (lines->total, row->line->amount, &lines->total);
}

static gboolean
read_same (KobanLedger *self, const char *key, KobanPayeeLines *lines, GError **error)
{
  static const char sql[] = DEBITS " AND account = ?2 ORDER BY coalesce (date, 0) DESC, id DESC";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "ii", (gint64) KOBAN_TRANSACTION_OWN, lines->account);
  while (koban_query_next (&query))
    {
      KobanLineRow row = { 0 };

      koban_line_row_read (&query, &row);
      add_same (self, key, &row, lines);
      koban_line_row_clear (&row);
    }
  return koban_query_finish (&query, error);
}

gboolean
koban_payees_lines (KobanLedger *self, gint64 line, KobanPayeeLines *lines, GError **error)
{
  gint64 account = 0;
  g_autoptr(KobanTransaction) one = koban_line_load (self, line, &account, error);
  g_auto(Reading) reading = { 0 };

  if (one == NULL)
    {
      if (error == NULL || *error == NULL)
        g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no transaction t%d"),
                     (int) line);
      return FALSE;
    }
  read_name (self, account, one, &reading);
  *lines = (KobanPayeeLines){
    .refs = g_ptr_array_new_with_free_func (g_free),
    .total.currency = one->amount.currency,
    .account = account,
    .name = g_strdup (koban_transaction_get_name (one)),
    .service = reading.service != NULL ? g_strdup (reading.service->name) : NULL,
  };
  gboolean good = read_same (self, reading.key, lines, error);
  g_ptr_array_add (lines->refs, NULL);
  return good;
}
