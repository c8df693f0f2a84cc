/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * File accounts. Everything in a file is a stranger's: its numbers, days and words are measured before the
 * ledger sees them. One file account is one account of the person; a file that names another is refused,
 * because it was meant for another.
 */
#include "config.h"

#include "filing.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/snapshot.h>
#include <koban/text.h>
#include <string.h>

#define LOOK_AGAIN_US KOBAN_DAY_US
#define LOOK_INTO_FOLDER_US KOBAN_HOUR_US
#define MOST_SEEN 100 /* files of a folder that are remembered */
#define OVERDUE_DAYS 8
#define NO_FILE "no_file"
#define UNBALANCED "unbalanced"

KobanFiling *
koban_filing_new (const char *name, GVariant *read, gint64 now_us)
{
  KobanFiling *self = g_new0 (KobanFiling, 1);
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (now_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  self->name = g_strdup (name);
  self->read = g_variant_ref_sink (read);
  self->now_us = now_us;
  self->utc_offset_minutes =
    local != NULL ? (int) (g_date_time_get_utc_offset (local) / G_TIME_SPAN_MINUTE) : 0;
  return self;
}

void
koban_filing_free (gpointer data)
{
  KobanFiling *self = data;

  g_free (self->name);
  g_free (self->folder);
  g_free (self->digest);
  g_free (self->connection);
  g_variant_unref (self->read);
  g_clear_pointer (&self->accounts, g_variant_unref);
  g_free (self);
}

/* --- the connection: what it remembers is in its fields ----------------------------------------------------
 */

gboolean
koban_filing_is_file (const KobanConnection *connection)
{
  return g_str_equal (connection->provider, KOBAN_FILE_PROVIDER);
}

static const char *
get_field (const KobanConnection *connection, const char *name)
{
  for (char **field = connection->fields; field != NULL && field[0] != NULL && field[1] != NULL; field += 2)
    if (g_str_equal (field[0], name))
      return field[1];
  return NULL;
}

const char *
koban_filing_get_folder (const KobanConnection *connection)
{
  return get_field (connection, "folder");
}

const char *
koban_filing_get_format (const KobanConnection *connection)
{
  return get_field (connection, "format");
}

/* --- lines ------------------------------------------------------------------------------------- */

char **
koban_filing_get_seen (const KobanConnection *connection)
{
  const char *seen = get_field (connection, "seen");

  return g_strsplit (seen != NULL ? seen : "", " ", -1);
}

static gint64
next_look_us (const KobanConnection *connection, gint64 now_us)
{
  return now_us + (koban_filing_get_folder (connection) != NULL ? LOOK_INTO_FOLDER_US : LOOK_AGAIN_US);
}

static gboolean
bad_statement (const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("what was read of the file lacks its %s"), what);
  return FALSE;
}

static gboolean
take_day (GVariant *row, const char *key, KobanDate *date)
{
  const char *text;

  return g_variant_lookup (row, key, "&s", &text) && koban_date_parse (text, date);
}

static KobanTransaction *
take_line (GVariant *row, KobanCurrency currency, GError **error)
{
  KobanTransaction line = { .state = KOBAN_TRANSACTION_BOOKED,
                            .amount.currency = currency,
                            .balance_after.currency = currency };
  const char *state = NULL, *type = NULL;

  if (!take_day (row, "date", &line.date) || !g_variant_lookup (row, "amount", "x", &line.amount.minor) ||
      !g_variant_lookup (row, "text", "&s", &line.text))
    {
      bad_statement (_("lines"), error);
      return NULL;
    }
  g_variant_lookup (row, "payee", "&s", &line.payee);
  g_variant_lookup (row, "counterparty", "&s", &line.counterparty_id);
  g_variant_lookup (row, "mandate", "&s", &line.mandate_ref);
  g_variant_lookup (row, "id", "&s", &line.bank_id);
  g_variant_lookup (row, "time", "x", &line.time_us);
  line.has_balance_after = g_variant_lookup (row, "balance", "x", &line.balance_after.minor);
  if (g_variant_lookup (row, "state", "&s", &state))
    (void) !koban_transaction_state_parse (state, &line.state);
  if (g_variant_lookup (row, "type", "&s", &type))
    (void) !koban_transaction_type_parse (type, &line.type);
  return koban_transaction_new (&line);
}

static GPtrArray *
take_lines (GVariant *statement, KobanCurrency currency, GError **error)
{
  g_autoptr(GVariant) rows = g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GPtrArray) lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      KobanTransaction *line = take_line (row, currency, error);

      if (line == NULL)
        return NULL;
      g_ptr_array_add (lines, line);
    }
  return g_steal_pointer (&lines);
}

/* --- the account ------------------------------------------------------------------------------- */

/* The same account again: of the currency, and of the number if both say one. */
static gboolean
is_account (const KobanAccount *account, KobanCurrency currency, const char *number)
{
  return koban_currency_equal (account->currency, currency) &&
         (account->number == NULL || number == NULL || g_str_equal (account->number, number));
}

static gboolean
is_strangers (GPtrArray *known, KobanCurrency currency, const char *number)
{
  for (guint i = 0; i < known->len; i++)
    if (koban_currency_equal (((KobanAccount *) known->pdata[i])->currency, currency))
      return !is_account (known->pdata[i], currency, number);
  return FALSE;
}

static KobanAccount *
new_account (const KobanFiling *filing, KobanCurrency currency, const char *number)
{
  g_autofree char *identity = number != NULL
                                ? g_strdup_printf ("number:%s:%s", number, currency.code)
                                : g_strdup_printf ("file:%s:%s", filing->connection, currency.code);
  const KobanAccount fields = {
    .identity = identity,
    .remote_id = number != NULL ? number : currency.code,
    .name = filing->name,
    .number = number,
    .currency = currency,
    .sees_links = KOBAN_SEES_DERIVED,
  };

  return koban_account_new (&fields);
}

/* (transfer full) */
static KobanAccount *
find_account (const KobanFiling *filing,
              GPtrArray *known,
              KobanCurrency currency,
              const char *number,
              GError **error)
{
  for (guint i = 0; i < known->len; i++)
    if (is_account (known->pdata[i], currency, number))
      return koban_account_ref (known->pdata[i]);
  if (!is_strangers (known, currency, number))
    return new_account (filing, currency, number);
  g_autofree char *shown = koban_text_mask_number (number);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("the file is of the account %s, and “%s” is another: nothing was imported"), shown,
               filing->name);
  return NULL;
}

/* --- one statement ----------------------------------------------------------------------------- */

typedef struct
{
  KobanFiling *filing;  /* (unowned) */
  KobanLedger *ledger;  /* (unowned) */
  const char *format;   /* (unowned) (nullable): of the last file */
  GHashTable *covered;  /* (owned): identity → gint64 * µs */
  GPtrArray *known;     /* (owned) (element-type KobanAccount) */
  GVariantBuilder told; /* aa{sv} */
  gint64 breaks;        /* in all statements */
  gint64 missing;       /* of the first break */
  KobanDate broken;     /* its day */
  KobanCurrency currency;
} Merging;

static void
merging_clear (Merging *merging)
{
  g_clear_pointer (&merging->covered, g_hash_table_unref);
  g_clear_pointer (&merging->known, g_ptr_array_unref);
  g_variant_builder_clear (&merging->told);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Merging, merging_clear)

static gboolean
merge (Merging *merging, KobanSnapshot fields, GError **error)
{
  fields.heard_us = merging->filing->now_us;
  g_autoptr(KobanSnapshot) snapshot = koban_snapshot_new (&fields);

  return koban_ledger_merge (merging->ledger, merging->filing->connection, snapshot,
                             merging->filing->utc_offset_minutes, &merging->filing->merged, error);
}

/* A file holds all of its span, but its last day may go on: it never reaches the moment of asking. */
static gboolean
merge_lines (Merging *merging,
             KobanAccount *account,
             GPtrArray *lines,
             KobanDate from,
             KobanDate to,
             GError **error)
{
  gint64 now_us = merging->filing->now_us;

  return merge (merging,
                (KobanSnapshot){ .account = account,
                                 .listing = KOBAN_LISTING_TRANSACTIONS,
                                 .reach = KOBAN_REACH_WHOLE,
                                 .from_us = from * KOBAN_DAY_US,
                                 .to_us = MIN ((to + 1) * KOBAN_DAY_US, now_us - KOBAN_SECOND_US),
                                 .rows = lines },
                error);
}

/* What is covered up to a moment is covered up to that day. */
static KobanDate
last_day (gint64 covered_us)
{
  return koban_date_from_us (covered_us - 1, 0);
}

/* The days between what was known and this file, of which nothing is known. 0: none. */
static gint64
gap_before (Merging *merging, const KobanAccount *account, KobanDate from)
{
  const gint64 *covered_us = g_hash_table_lookup (merging->covered, account->identity);

  return covered_us != NULL ? (gint64) from - last_day (*covered_us) - 1 : 0;
}

/* A balance is true of the end of the file: of an older one, or with a gap before it, it proves nothing. */
static gboolean
merge_balance (Merging *merging,
               KobanAccount *account,
               GVariant *statement,
               KobanDate from,
               KobanDate to,
               GError **error)
{
  const gint64 *covered_us = g_hash_table_lookup (merging->covered, account->identity);
  KobanMoney booked = { .currency = account->currency };

  if (!g_variant_lookup (statement, "closing", "x", &booked.minor) ||
      gap_before (merging, account, from) > 0 || (covered_us != NULL && to < last_day (*covered_us)))
    return TRUE;
  return merge (merging,
                (KobanSnapshot){ .account = account,
                                 .listing = KOBAN_LISTING_BALANCE,
                                 .reach = KOBAN_REACH_WHOLE,
                                 .from_us = merging->filing->now_us,
                                 .to_us = merging->filing->now_us,
                                 .has_booked = TRUE,
                                 .booked = booked },
                error);
}

static void
note_breaks (Merging *merging, GVariant *breaks, KobanCurrency currency)
{
  gsize n = breaks != NULL ? g_variant_n_children (breaks) : 0;
  g_autoptr(GVariant) first = n > 0 ? g_variant_get_child_value (breaks, 0) : NULL;

  if (first != NULL && merging->breaks == 0)
    {
      merging->currency = currency;
      g_variant_lookup (first, "missing", "x", &merging->missing);
      (void) !take_day (first, "date", &merging->broken);
    }
  merging->breaks += (gint64) n;
}

static void
tell (Merging *merging, const KobanAccount *account, GVariant *statement, KobanDate from, KobanDate to)
{
  g_autoptr(GVariant) breaks = g_variant_lookup_value (statement, "breaks", G_VARIANT_TYPE ("aa{sv}"));
  g_autofree char *first = koban_date_format (from), *last = koban_date_format (to);
  gint64 gap = gap_before (merging, account, from);
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  note_breaks (merging, breaks, account->currency);
  g_variant_dict_insert (&row, "currency", "s", account->currency.code);
  g_variant_dict_insert (&row, "from", "s", first);
  g_variant_dict_insert (&row, "to", "s", last);
  if (gap > 0)
    g_variant_dict_insert (&row, "gap_days", "x", gap);
  if (breaks != NULL)
    g_variant_dict_insert_value (&row, "breaks", breaks);
  g_variant_builder_add_value (&merging->told, g_variant_dict_end (&row));
}

static gboolean
merge_all (Merging *merging,
           KobanAccount *account,
           GPtrArray *lines,
           GVariant *statement,
           KobanDate from,
           KobanDate to,
           GError **error)
{
  g_autoptr(GPtrArray) accounts = g_ptr_array_new ();

  g_ptr_array_add (accounts, account);
  if (!merge (
        merging,
        (KobanSnapshot){ .listing = KOBAN_LISTING_ACCOUNTS, .reach = KOBAN_REACH_CHANGES, .rows = accounts },
        error) ||
      !merge_lines (merging, account, lines, from, to, error) ||
      !merge_balance (merging, account, statement, from, to, error))
    return FALSE;
  merging->filing->lines += lines->len;
  tell (merging, account, statement, from, to);
  return TRUE;
}

/* The balance that was known last. */
static gboolean
last_balance (Merging *merging, const KobanAccount *account, gint64 *minor)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);

  if (account->id == NULL)
    return FALSE;
  g_variant_dict_insert (&filter, "id", "s", account->id);
  g_autoptr(GVariant) wanted = g_variant_ref_sink (g_variant_dict_end (&filter));
  GVariant *listed = koban_ledger_list (merging->ledger, KOBAN_LIST_ACCOUNTS, wanted, NULL);
  g_autoptr(GVariant) rows = listed != NULL ? g_variant_ref_sink (listed) : NULL;
  g_autoptr(GVariant) row =
    rows != NULL && g_variant_n_children (rows) == 1 ? g_variant_get_child_value (rows, 0) : NULL;
  const char *currency;

  return row != NULL && g_variant_lookup (row, "balance", "(x&s)", minor, &currency);
}

/* A file spans the days of its lines, and quiet days have none: that the balance goes on where it was proves
 * that nothing happened in between. */
static void
reach_back (Merging *merging, const KobanAccount *account, GVariant *statement, KobanDate *from)
{
  const gint64 *covered_us = g_hash_table_lookup (merging->covered, account->identity);
  gint64 opening, known;

  if (gap_before (merging, account, *from) > 0 && g_variant_lookup (statement, "opening", "x", &opening) &&
      last_balance (merging, account, &known) && opening == known)
    *from = last_day (*covered_us);
}

/* Another format tells the same line in other words, and it would be counted twice. */
static gboolean
refuse_retelling (Merging *merging, const KobanAccount *account, KobanDate from, GError **error)
{
  const gint64 *covered_us = g_hash_table_lookup (merging->covered, account->identity);
  const char *format = NULL;

  g_variant_lookup (merging->filing->read, "format", "&s", &format);
  if (covered_us == NULL || g_strcmp0 (format, merging->format) == 0 || from > last_day (*covered_us))
    return TRUE;
  g_autofree char *until = koban_date_format (last_day (*covered_us));
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("the last file of “%s” was %s, and this is %s, which tells the same lines in other words: "
                  "to count none "
                  "twice, import only what comes after %s, or take another --account"),
               merging->filing->name, merging->format, format, until);
  return FALSE;
}

static gboolean
merge_statement (Merging *merging, GVariant *statement, GError **error)
{
  const char *code = NULL, *number = NULL;
  KobanCurrency currency;
  KobanDate from, to;

  if (!g_variant_lookup (statement, "currency", "&s", &code) || !koban_currency_parse (code, &currency, NULL))
    return bad_statement (_("currency"), error);
  if (!take_day (statement, "from", &from) || !take_day (statement, "to", &to) || from > to)
    return bad_statement (_("span"), error);
  KobanDate first = from;
  g_variant_lookup (statement, "number", "&s", &number);
  g_autoptr(GPtrArray) lines = take_lines (statement, currency, error);
  g_autoptr(KobanAccount) account =
    lines != NULL ? find_account (merging->filing, merging->known, currency, number, error) : NULL;

  if (account != NULL)
    reach_back (merging, account, statement, &from);
  return account != NULL && refuse_retelling (merging, account, first, error) &&
         merge_all (merging, account, lines, statement, from, to, error);
}

static gboolean
merge_statements (Merging *merging, GError **error)
{
  g_autoptr(GVariant) statements =
    g_variant_lookup_value (merging->filing->read, "statements", G_VARIANT_TYPE ("aa{sv}"));

  if (statements == NULL || g_variant_n_children (statements) == 0)
    return bad_statement (_("lines"), error);
  for (gsize i = 0; i < g_variant_n_children (statements); i++)
    {
      g_autoptr(GVariant) statement = g_variant_get_child_value (statements, i);

      if (!merge_statement (merging, statement, error))
        return FALSE;
    }
  return TRUE;
}

/* --- what is told of a file account ------------------------------------------------------------ */

static char *
key_of (const KobanConnection *connection, const char *reason)
{
  return g_strdup_printf ("freshness:%s:%s", connection->id, reason);
}

static gboolean
raise_notice (KobanLedger *ledger,
              const KobanConnection *connection,
              GVariant *reason,
              const char *code,
              KobanSeverity severity,
              gint64 now_us,
              KobanMergeResult *merged,
              GError **error)
{
  g_autofree char *key = key_of (connection, code);
  g_autoptr(KobanAlert) alert = koban_alert_new_freshness (key, connection->id, severity, reason, now_us);

  return koban_ledger_raise (ledger, alert, now_us, merged, error);
}

static gboolean
settle (KobanLedger *ledger,
        const KobanConnection *connection,
        const char *code,
        gint64 now_us,
        GError **error)
{
  g_autofree char *key = key_of (connection, code);

  return koban_ledger_settle (ledger, key, now_us, error);
}

/* A file whose balance does not follow from its lines lacks some: what was taken may be among them. */
static gboolean
tell_breaks (Merging *merging, const KobanConnection *connection, GError **error)
{
  g_autofree char *day = merging->breaks > 0 ? koban_date_format (merging->broken) : NULL;
  KobanMoney missing = { merging->missing, merging->currency };

  if (merging->breaks == 0)
    return settle (merging->ledger, connection, UNBALANCED, merging->filing->now_us, error);
  return raise_notice (merging->ledger, connection,
                       koban_reason_new (UNBALANCED, "connection", "s", connection->name, "count", "x",
                                         merging->breaks, "date", "s", day, "amount", "m", missing, NULL),
                       UNBALANCED, KOBAN_SEVERITY_WARNING, merging->filing->now_us, &merging->filing->merged,
                       error);
}

/* --- the connection: made, found, updated ------------------------------------------------------ */

/* The newest last; the oldest are let go. */
static char *
seen_with (const KobanConnection *known, const char *digest)
{
  g_auto(GStrv) seen = known != NULL ? koban_filing_get_seen (known) : g_new0 (char *, 1);
  guint n = g_strv_length (seen);
  g_autofree char *kept = g_strjoinv (" ", seen + (n > MOST_SEEN ? n - MOST_SEEN : 0));

  if (digest == NULL)
    return g_steal_pointer (&kept);
  return g_strstrip (g_strdup_printf ("%s %s", kept, digest));
}

static char **
fields_of (const KobanFiling *filing, const KobanConnection *known)
{
  g_autofree char *seen = seen_with (known, filing->digest);
  g_autoptr(GStrvBuilder) fields = g_strv_builder_new ();
  const char *format = NULL;
  const char *folder = filing->folder != NULL ? filing->folder
                       : known != NULL        ? koban_filing_get_folder (known)
                                              : NULL;

  if (!g_variant_lookup (filing->read, "format", "&s", &format) && known != NULL)
    format = koban_filing_get_format (known);
  g_strv_builder_add_many (fields, "format", format != NULL ? format : "", NULL);
  if (folder != NULL && *folder != '\0')
    g_strv_builder_add_many (fields, "folder", folder, NULL);
  if (*seen != '\0')
    g_strv_builder_add_many (fields, "seen", seen, NULL);
  return g_strv_builder_end (fields);
}

static KobanConnection *
add_connection (KobanLedger *ledger, KobanFiling *filing, GError **error)
{
  g_autoptr(KobanConnection) connection = g_new0 (KobanConnection, 1);

  connection->provider = g_strdup (KOBAN_FILE_PROVIDER);
  connection->name = g_strdup (filing->name);
  connection->secret_id = g_uuid_string_random (); /* of no secret; the pace's seed */
  connection->hosts = g_new0 (char *, 1);
  connection->fields = fields_of (filing, NULL);
  connection->state = KOBAN_CONNECTION_OK;
  connection->next_check_us = filing->now_us + LOOK_AGAIN_US;
  return koban_ledger_add_connection (ledger, connection, filing->now_us, error)
           ? g_steal_pointer (&connection)
           : NULL;
}

static KobanConnection *
find_connection (KobanLedger *ledger, KobanFiling *filing, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, filing->name, &local_error);

  filing->first = connection == NULL;
  if (connection != NULL && !koban_filing_is_file (connection))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("“%s” is a bank that Koban asks itself: choose another name for what you import"),
                   connection->name);
      return NULL;
    }
  if (connection != NULL)
    return g_steal_pointer (&connection);
  if (koban_error_is (local_error, KOBAN_ERROR_NOT_FOUND))
    return add_connection (ledger, filing, error);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/* A history that cannot be looked through now is no reason to lose the file. */
static void
offer_review (KobanLedger *ledger, const KobanFiling *filing)
{
  g_autoptr(GError) error = NULL;

  if (filing->first && !koban_ledger_offer_review (ledger, filing->connection, filing->now_us, &error))
    g_message ("The history of %s could not be looked through: %s", filing->connection, error->message);
}

static gboolean
conclude (Merging *merging, KobanConnection *connection, GError **error)
{
  KobanFiling *filing = merging->filing;
  gint64 due_us = 0;

  if (!koban_ledger_finish_check (merging->ledger, filing->connection, filing->now_us,
                                  filing->utc_offset_minutes, &filing->merged, &due_us, error) ||
      !settle (merging->ledger, connection, NO_FILE, filing->now_us, error) ||
      !tell_breaks (merging, connection, error))
    return FALSE;
  offer_review (merging->ledger, filing);
  connection->state = KOBAN_CONNECTION_OK;
  connection->failures = 0;
  g_clear_pointer (&connection->message, g_free);
  connection->last_check_us = filing->now_us;
  char **fields = fields_of (filing, connection);
  g_strfreev (connection->fields);
  connection->fields = fields;
  connection->next_check_us = next_look_us (connection, filing->now_us);
  filing->accounts = g_variant_ref_sink (g_variant_builder_end (&merging->told));
  g_variant_builder_init (&merging->told, G_VARIANT_TYPE ("aa{sv}"));
  return koban_ledger_update_connection (merging->ledger, connection, error) &&
         koban_ledger_set_fields (merging->ledger, connection, error);
}

static gboolean
prepare (Merging *merging, GError **error)
{
  merging->covered = koban_ledger_get_covered_to (merging->ledger, merging->filing->connection, error);
  merging->known = merging->covered != NULL
                     ? koban_ledger_get_accounts (merging->ledger, merging->filing->connection, error)
                     : NULL;
  return merging->known != NULL;
}

gboolean
koban_filing_merge_in_worker (KobanLedger *ledger, gpointer data, GError **error)
{
  KobanFiling *filing = data;
  g_auto(Merging) merging = { .filing = filing, .ledger = ledger, .broken = 0 };
  g_autoptr(KobanConnection) connection = NULL;

  g_variant_builder_init (&merging.told, G_VARIANT_TYPE ("aa{sv}"));
  connection = find_connection (ledger, filing, error);
  if (connection == NULL)
    return FALSE;
  filing->connection = g_strdup (connection->id);
  g_free (filing->name);
  filing->name = g_strdup (connection->name);
  merging.format = koban_filing_get_format (connection);
  if (prepare (&merging, error) && merge_statements (&merging, error) &&
      conclude (&merging, connection, error))
    return TRUE;
  if (filing->first && !koban_ledger_remove_connection (ledger, connection->id, TRUE, filing->now_us, NULL))
    g_message ("%s could not be taken back", connection->id);
  return FALSE;
}

/* --- when no file came ------------------------------------------------------------------------- */

gboolean
koban_filing_forget_in_worker (KobanLedger *ledger, gpointer data, GError **error)
{
  const KobanFiling *filing = data;
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, filing->name, error);

  if (connection == NULL)
    return FALSE;
  char **fields = fields_of (filing, connection);
  g_strfreev (connection->fields);
  connection->fields = fields;
  return koban_ledger_set_fields (ledger, connection, error);
}

gboolean
koban_filing_remind_in_worker (KobanLedger *ledger,
                               KobanConnection *connection,
                               gint64 now_us,
                               KobanMergeResult *merged,
                               GError **error)
{
  gint64 days = (now_us - connection->last_check_us) / KOBAN_DAY_US;
  gboolean overdue = days >= OVERDUE_DAYS;
  gint64 shortest, longest;

  connection->state = overdue ? KOBAN_CONNECTION_STALE : KOBAN_CONNECTION_OK;
  connection->next_check_us = next_look_us (connection, now_us);
  if (!koban_ledger_update_connection (ledger, connection, error))
    return FALSE;
  if (!overdue)
    return settle (ledger, connection, NO_FILE, now_us, error);
  if (!koban_ledger_get_claims (ledger, connection->id, &shortest, &longest, error))
    return FALSE;
  return raise_notice (ledger, connection,
                       koban_reason_new (NO_FILE, "connection", "s", connection->name, "days", "x", days,
                                         "window", "x", shortest, NULL),
                       NO_FILE, KOBAN_SEVERITY_NOTICE, now_us, merged, error);
}
