/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The connections, the accounts that they show, and the request budget. A removed connection keeps
 * its row, so that its id is never used again and its history still has an owner.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>

G_DEFINE_BOXED_TYPE (KobanConnection, koban_connection, koban_connection_copy, koban_connection_free)

static const char *const state_names[] = {
  [KOBAN_CONNECTION_OK] = "ok",           [KOBAN_CONNECTION_WAITING] = "waiting",
  [KOBAN_CONNECTION_LOCKED] = "locked",   [KOBAN_CONNECTION_SIGN_IN] = "sign-in",
  [KOBAN_CONNECTION_OFFLINE] = "offline", [KOBAN_CONNECTION_STALE] = "stale",
  [KOBAN_CONNECTION_SHARED] = "shared",   [KOBAN_CONNECTION_ERROR] = "error",
};

const char *
koban_connection_state_name (KobanConnectionState state)
{
  g_return_val_if_fail ((gsize) state < G_N_ELEMENTS (state_names), "error");
  return state_names[state];
}

KobanConnection *
koban_connection_copy (const KobanConnection *self)
{
  KobanConnection *copy = g_memdup2 (self, sizeof *self);

  copy->id = g_strdup (self->id);
  copy->provider = g_strdup (self->provider);
  copy->name = g_strdup (self->name);
  copy->secret_id = g_strdup (self->secret_id);
  copy->base_url = g_strdup (self->base_url);
  copy->ca_pem = self->ca_pem != NULL ? g_bytes_ref (self->ca_pem) : NULL;
  copy->fields = g_strdupv (self->fields);
  copy->hosts = g_strdupv (self->hosts);
  copy->profile_digest = g_strdup (self->profile_digest);
  copy->message = g_strdup (self->message);
  return copy;
}

void
koban_connection_free (KobanConnection *self)
{
  g_free (self->id);
  g_free (self->provider);
  g_free (self->name);
  g_free (self->secret_id);
  g_free (self->base_url);
  g_clear_pointer (&self->ca_pem, g_bytes_unref);
  g_strfreev (self->fields);
  g_strfreev (self->hosts);
  g_free (self->profile_digest);
  g_free (self->message);
  g_free (self);
}

/* --- finding by id or name ------------------------------------------------------------------- */

/* @sql gives the ids of live things with that name. */
static gint64
find (KobanLedger *self,
      char letter,
      const char *by_id,
      const char *by_name,
      const char *id_or_name,
      GError **error)
{
  g_auto(KobanQuery) query = { 0 };
  g_autofree char *shown = koban_text_clean (id_or_name, 40);
  gint64 id = 0, found = 0;

  if (koban_row_parse_id (id_or_name, letter, &id))
    koban_query_start (&query, self->store, by_id, "i", id);
  else
    koban_query_start (&query, self->store, by_name, "s", id_or_name);
  if (koban_query_next (&query))
    found = koban_query_int (&query, 0);
  if (found != 0 && koban_query_next (&query))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_AMBIGUOUS, _("“%s” fits several: give the id instead"),
                   shown);
      return 0;
    }
  if (koban_query_finish (&query, error) && found == 0)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no “%s”"), shown);
  return found;
}

gint64
koban_connection_find (KobanLedger *self, const char *id_or_name, GError **error)
{
  static const char by_id[] = "SELECT id FROM connection WHERE id = ? AND removed_us IS NULL";
  static const char by_name[] = "SELECT id FROM connection WHERE name = ? AND removed_us IS NULL LIMIT 2";

  return find (self, 'c', by_id, by_name, id_or_name, error);
}

gint64
koban_account_find (KobanLedger *self, const char *id_or_name, GError **error)
{
  static const char by_id[] = "SELECT id FROM account WHERE id = ?";
  static const char by_name[] = "SELECT id FROM account WHERE name = ? LIMIT 2";

  return find (self, 'a', by_id, by_name, id_or_name, error);
}

/* --- connections ------------------------------------------------------------------------------- */

static gboolean
refuse_taken_name (KobanLedger *self, const char *name, GError **error)
{
  static const char sql[] = "SELECT 1 FROM connection WHERE name = ? AND removed_us IS NULL";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "s", name);
  if (koban_query_next (&query))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_AMBIGUOUS,
                   _("There is already a connection named “%s”: choose another name"), name);
      return FALSE;
    }
  return koban_query_finish (&query, error);
}

static gboolean
insert_connection (KobanLedger *self, const KobanConnection *c, gint64 now_us, GError **error)
{
  static const char sql[] =
    "INSERT INTO connection (provider, name, secret_id, base_url, ca_pem, fields, hosts,"
    " profile_digest, state, message, last_check_us, next_check_us, failures, created_us)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  g_autofree char *fields = koban_row_words ((const char *const *) c->fields);
  g_autofree char *hosts = koban_row_words ((const char *const *) c->hosts);

  return koban_store_run (self->store, error, sql, "ssssbsssisiiii", c->provider, c->name, c->secret_id,
                          c->base_url, c->ca_pem, fields, hosts, c->profile_digest, (gint64) c->state,
                          c->message, c->last_check_us, c->next_check_us, (gint64) c->failures, now_us);
}

gboolean
koban_ledger_add_connection (KobanLedger *self, KobanConnection *connection, gint64 now_us, GError **error)
{
  g_autofree char *id = NULL;
  gboolean good;

  if (!koban_ledger_begin (self, error))
    return FALSE;
  good =
    refuse_taken_name (self, connection->name, error) && insert_connection (self, connection, now_us, error);
  if (good)
    id = koban_row_id ('c', koban_store_last_id (self->store));
  good = good && koban_journal_note (self, now_us, error, "connection-added", "connection", "s", id,
                                     "provider", "s", connection->provider, NULL);
  if (!koban_ledger_end (self, good, error))
    return FALSE;
  g_free (connection->id);
  connection->id = g_steal_pointer (&id);
  return TRUE;
}

gboolean
koban_ledger_is_new (KobanLedger *self, gboolean *is_new, GError **error)
{
  static const char sql[] = "SELECT count (*) FROM sqlite_sequence WHERE name = 'connection'";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "");
  if (koban_query_next (&query))
    *is_new = koban_query_int (&query, 0) == 0;
  return koban_query_finish (&query, error);
}

static gboolean
mark_removed (KobanLedger *self, gint64 id, gint64 now_us, GError **error)
{
  static const char sql[] =
    "UPDATE connection SET removed_us = ?, secret_id = NULL, fields = NULL, ca_pem = NULL WHERE id = ?";

  return koban_store_run (self->store, error, sql, "ii", now_us, id) &&
         koban_alerts_close_of_connection (self, id, now_us, error);
}

static gboolean
forget_habits (KobanLedger *self, gint64 connection, GError **error)
{
  static const char sql[] = "SELECT 'a' || account FROM shown WHERE connection = ?1 AND account NOT IN"
                            " (SELECT account FROM shown WHERE connection <> ?1) UNION ALL SELECT 'c' || ?1";
  static const char drop[] = "DELETE FROM habits WHERE account = ?";
  g_autoptr(GPtrArray) accounts = g_ptr_array_new_with_free_func (g_free);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", connection);
  while (koban_query_next (&query))
    g_ptr_array_add (accounts, g_strdup (koban_query_text (&query, 0)));
  if (!koban_query_finish (&query, error))
    return FALSE;
  for (guint i = 0; i < accounts->len; i++)
    if (!koban_store_run (self->store, error, drop, "s", accounts->pdata[i]))
      return FALSE;
  koban_ledger_drop_habits (self);
  return TRUE;
}

/* Everything that a purge makes unknown, by the names that the journal knows it by. */
static GHashTable *
list_purged (KobanLedger *self, gint64 id, GError **error)
{
  static const char sql[] =
    "WITH gone AS (SELECT account FROM shown WHERE connection = ?1"
    " AND account NOT IN (SELECT account FROM shown WHERE connection <> ?1)),"
    " told AS (SELECT id, incident FROM alert WHERE connection = ?1 OR account IN gone)"
    " SELECT 'c' || ?1 UNION SELECT 'a' || account FROM gone UNION SELECT 't' || id FROM line WHERE account "
    "IN gone"
    " UNION SELECT 'l' || id FROM link WHERE account IN gone OR (connection = ?1 AND account IS NULL)"
    " UNION SELECT 'n' || id FROM told UNION SELECT 'i' || incident FROM told"
    " UNION SELECT code FROM incident WHERE id IN (SELECT incident FROM told)";
  g_autoptr(GHashTable) purged = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", id);
  while (koban_query_next (&query))
    g_hash_table_add (purged, g_strdup (koban_query_text (&query, 0)));
  return koban_query_finish (&query, error) ? g_steal_pointer (&purged) : NULL;
}

/* What another connection shows too is kept. */
static gboolean
purge (KobanLedger *self, gint64 id, gint64 now_us, GError **error)
{
  static const char accounts[] =
    "DELETE FROM account WHERE id IN (SELECT account FROM shown WHERE connection = ?1)"
    " AND id NOT IN (SELECT account FROM shown WHERE connection <> ?1)";
  static const char handed_over[] =
    "UPDATE link SET connection = (SELECT connection FROM shown"
    " WHERE shown.account = link.account AND shown.connection <> ?1)"
    " WHERE connection = ?1 AND account IN (SELECT account FROM shown WHERE connection <> ?1)";
  static const char connection[] = "DELETE FROM connection WHERE id = ?";
  static const char incidents[] = "DELETE FROM incident WHERE id NOT IN (SELECT incident FROM alert)";
  g_autoptr(GHashTable) purged = list_purged (self, id, error);

  return purged != NULL && koban_journal_forget (self, purged, now_us, error) &&
         forget_habits (self, id, error) && koban_store_run (self->store, error, accounts, "i", id) &&
         koban_store_run (self->store, error, handed_over, "i", id) &&
         koban_store_run (self->store, error, connection, "i", id) &&
         koban_store_run (self->store, error, incidents, "");
}

gboolean
koban_ledger_remove_connection (KobanLedger *self,
                                const char *id,
                                gboolean forget,
                                gint64 now_us,
                                GError **error)
{
  gint64 row = koban_connection_find (self, id, error);
  g_autofree char *shown = koban_row_id ('c', row);
  gboolean good;

  if (row == 0 || !koban_ledger_begin (self, error))
    return FALSE;
  good = mark_removed (self, row, now_us, error) && (!forget || purge (self, row, now_us, error)) &&
         koban_journal_note (self, now_us, error, "connection-removed", "connection", "s", shown, "purged",
                             "x", (gint64) (forget != FALSE), NULL);
  return koban_ledger_end (self, good, error);
}

#define CONNECTION_COLUMNS                                                                                   \
  "id, provider, name, secret_id, base_url, ca_pem, fields, hosts, profile_digest, state, message, "         \
  "last_check_us, "                                                                                          \
  "next_check_us, failures, not_before_us"

/* A row that somebody else wrote may hold any number: what no calendar has is no time at all. */
static gint64
time_in (KobanQuery *query, int column)
{
  const gint64 last_us = G_GINT64_CONSTANT (253402300800) * KOBAN_SECOND_US; /* the end of the year 9999 */
  gint64 us = koban_query_int (query, column);

  return us < 0 || us > last_us ? 0 : us;
}

static KobanConnection *
read_connection (KobanQuery *query)
{
  KobanConnection *c = g_new0 (KobanConnection, 1);

  c->id = koban_row_id ('c', koban_query_int (query, 0));
  c->provider = g_strdup (koban_query_text (query, 1));
  c->name = g_strdup (koban_query_text (query, 2));
  c->secret_id = g_strdup (koban_query_text (query, 3));
  c->base_url = g_strdup (koban_query_text (query, 4));
  c->ca_pem = koban_query_bytes (query, 5);
  c->fields = koban_row_get_words (koban_query_text (query, 6));
  c->hosts = koban_row_get_words (koban_query_text (query, 7));
  c->profile_digest = g_strdup (koban_query_text (query, 8));
  c->state = (KobanConnectionState) koban_query_int (query, 9);
  c->message = g_strdup (koban_query_text (query, 10));
  c->last_check_us = time_in (query, 11);
  c->next_check_us = time_in (query, 12);
  c->failures = (guint) koban_query_int (query, 13);
  c->not_before_us = time_in (query, 14);
  return c;
}

GPtrArray *
koban_ledger_get_connections (KobanLedger *self, GError **error)
{
  static const char sql[] =
    "SELECT " CONNECTION_COLUMNS " FROM connection WHERE removed_us IS NULL ORDER BY id";
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_connection_free);
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    g_ptr_array_add (rows, read_connection (&query));
  return koban_query_finish (&query, error) ? g_steal_pointer (&rows) : NULL;
}

KobanConnection *
koban_ledger_get_connection (KobanLedger *self, const char *id_or_name, GError **error)
{
  static const char sql[] = "SELECT " CONNECTION_COLUMNS " FROM connection WHERE id = ?";
  gint64 id = koban_connection_find (self, id_or_name, error);
  g_autoptr(KobanConnection) connection = NULL;
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  if (id == 0)
    return NULL;
  koban_query_start (&query, self->store, sql, "i", id);
  if (koban_query_next (&query))
    connection = read_connection (&query);
  return koban_query_finish (&query, error) ? g_steal_pointer (&connection) : NULL;
}

gboolean
koban_ledger_update_connection (KobanLedger *self, const KobanConnection *connection, GError **error)
{
  static const char sql[] =
    "UPDATE connection SET state = ?, message = ?, last_check_us = ?, next_check_us = ?,"
    " failures = ?, not_before_us = ? WHERE id = ? AND removed_us IS NULL";
  gint64 id = koban_connection_find (self, connection->id, error);

  koban_ledger_assert_thread (self);
  return id != 0 &&
         koban_store_run (self->store, error, sql, "isiiiii", (gint64) connection->state, connection->message,
                          connection->last_check_us, connection->next_check_us, (gint64) connection->failures,
                          connection->not_before_us, id);
}

gboolean
koban_ledger_set_fields (KobanLedger *self, const KobanConnection *connection, GError **error)
{
  static const char sql[] = "UPDATE connection SET fields = ? WHERE id = ? AND removed_us IS NULL";
  gint64 id = koban_connection_find (self, connection->id, error);
  g_autofree char *fields = koban_row_words ((const char *const *) connection->fields);

  koban_ledger_assert_thread (self);
  return id != 0 && koban_store_run (self->store, error, sql, "si", fields, id);
}

static gboolean
write_sign_in (KobanLedger *self, gint64 id, const KobanConnection *c, GError **error)
{
  static const char sql[] =
    "UPDATE connection SET secret_id = ?, base_url = ?, ca_pem = ?, fields = ?, hosts = ?, profile_digest = "
    "?,"
    " state = ?, message = NULL, failures = 0, not_before_us = 0 WHERE id = ? AND removed_us IS NULL";
  g_autofree char *fields = koban_row_words ((const char *const *) c->fields);
  g_autofree char *hosts = koban_row_words ((const char *const *) c->hosts);

  return koban_store_run (self->store, error, sql, "ssbsssii", c->secret_id, c->base_url, c->ca_pem, fields,
                          hosts, c->profile_digest, (gint64) KOBAN_CONNECTION_WAITING, id);
}

gboolean
koban_ledger_renew_connection (KobanLedger *self,
                               const KobanConnection *connection,
                               gint64 now_us,
                               GError **error)
{
  gint64 id = koban_connection_find (self, connection->id, error);

  if (id == 0 || !koban_ledger_begin (self, error))
    return FALSE;
  gboolean good =
    write_sign_in (self, id, connection, error) &&
    koban_journal_note (self, now_us, error, "connection-renewed", "connection", "s", connection->id, NULL);
  return koban_ledger_end (self, good, error);
}

gboolean
koban_ledger_get_access_ended (KobanLedger *self,
                               const char *connection,
                               gint64 now_us,
                               gboolean *ended,
                               GError **error)
{
  static const char sql[] =
    "SELECT count (*), count (CASE WHEN status IN (?2, ?3) AND coalesce (expires_us, 0) NOT"
    " BETWEEN 1 AND ?4 THEN 1 END) FROM link WHERE connection = ?1 AND own";
  gint64 id = koban_connection_find (self, connection, error);
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  *ended = FALSE;
  if (id == 0)
    return FALSE;
  koban_query_start (&query, self->store, sql, "iiii", id, (gint64) KOBAN_LINK_ACTIVE,
                     (gint64) KOBAN_LINK_UNKNOWN, now_us);
  if (koban_query_next (&query))
    *ended = koban_query_int (&query, 0) > 0 && koban_query_int (&query, 1) == 0;
  return koban_query_finish (&query, error);
}

gboolean
koban_ledger_get_access_end (KobanLedger *self,
                             const char *connection,
                             gint64 now_us,
                             gint64 *ends_us,
                             GError **error)
{
  static const char sql[] =
    "SELECT max (expires_us) FROM link WHERE connection = ? AND own AND status = ? AND expires_us > ?";
  gint64 id = koban_connection_find (self, connection, error);
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  *ends_us = 0;
  if (id == 0)
    return FALSE;
  koban_query_start (&query, self->store, sql, "iii", id, (gint64) KOBAN_LINK_ACTIVE, now_us);
  if (koban_query_next (&query))
    *ends_us = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* --- the request budget -------------------------------------------------------------------------- */

typedef struct
{
  guint spent;
  gint64 frees_us; /* when the request that stands in the way is a day old */
} Budget;

/* A clock that was ahead must not lock the budget for long: what was spent "later" was spent now. */
static gboolean
forget_old_requests (KobanLedger *self, gint64 connection, gint64 now_us, GError **error)
{
  static const char clamp[] = "UPDATE request SET spent_us = ?2 WHERE connection = ?1 AND spent_us > ?2";
  static const char drop[] = "DELETE FROM request WHERE connection = ? AND spent_us <= ?";

  return koban_store_run (self->store, error, clamp, "ii", connection, now_us) &&
         koban_store_run (self->store, error, drop, "ii", connection, now_us - KOBAN_DAY_US);
}

/* @limit requests may be spent in a day: the @limit-th last one must grow old first. */
static gboolean
read_budget (KobanLedger *self, gint64 connection, guint limit, Budget *budget, GError **error)
{
  static const char sql[] = "SELECT spent_us FROM request WHERE connection = ? ORDER BY spent_us DESC";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", connection);
  while (koban_query_next (&query))
    if (++budget->spent == MAX (limit, 1))
      budget->frees_us = koban_query_int (&query, 0) + KOBAN_DAY_US;
  return koban_query_finish (&query, error);
}

/* @allowed FALSE is not a failure: what was tidied up on the way stays. */
static gboolean
spend (KobanLedger *self,
       gint64 connection,
       guint limit,
       gboolean by_person,
       gint64 now_us,
       Budget *budget,
       gboolean *allowed,
       GError **error)
{
  static const char sql[] = "INSERT INTO request (connection, spent_us, by_person) VALUES (?, ?, ?)";

  if (!forget_old_requests (self, connection, now_us, error) ||
      !read_budget (self, connection, limit, budget, error))
    return FALSE;
  *allowed = budget->spent < limit;
  return !*allowed ||
         koban_store_run (self->store, error, sql, "iii", connection, now_us, (gint64) (by_person != FALSE));
}

gboolean
koban_ledger_spend_request (KobanLedger *self,
                            const char *connection,
                            guint budget,
                            gboolean by_person,
                            gint64 now_us,
                            gint64 *next_us,
                            GError **error)
{
  guint limit = by_person ? budget : budget - budget / 3;
  gint64 id = koban_connection_find (self, connection, error);
  gboolean allowed = FALSE;
  Budget used = { 0 };

  if (id == 0 || !koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, spend (self, id, limit, by_person, now_us, &used, &allowed, error), error))
    return FALSE;
  if (allowed)
    return TRUE;
  if (next_us != NULL)
    *next_us = used.frees_us;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_BUDGET,
               _("The requests that this bank allows in 24 hours are used up (%u)"), used.spent);
  return FALSE;
}

/* --- accounts --------------------------------------------------------------------------------------- */

static gboolean
account_row (KobanLedger *self, const KobanAccount *account, gint64 *id, gboolean *same, GError **error)
{
  static const char sql[] = "SELECT id, name, number, sees_links, sees_pending, sees_time FROM account"
                            " WHERE identity = ? AND currency = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "ss", account->identity, account->currency.code);
  if (koban_query_next (&query))
    {
      *id = koban_query_int (&query, 0);
      *same = g_strcmp0 (koban_query_text (&query, 1), account->name) == 0 &&
              g_strcmp0 (koban_query_text (&query, 2), account->number) == 0 &&
              koban_query_int (&query, 3) == (gint64) account->sees_links &&
              koban_query_int (&query, 4) == (gint64) account->sees_pending &&
              koban_query_int (&query, 5) == (gint64) account->sees_time;
    }
  return koban_query_finish (&query, error);
}

static gboolean
insert_account (KobanLedger *self, const KobanAccount *account, gint64 now_us, gint64 *id, GError **error)
{
  static const char sql[] = "INSERT INTO account (identity, currency, name, number, sees_links, "
                            "sees_pending, sees_time, ownership, watch,"
                            " created_us) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
  g_autofree char *shown = NULL;

  if (!koban_store_run (self->store, error, sql, "ssssiiiiii", account->identity, account->currency.code,
                        account->name != NULL ? account->name : "", account->number,
                        (gint64) account->sees_links, (gint64) account->sees_pending,
                        (gint64) account->sees_time, (gint64) account->ownership, (gint64) account->watch,
                        now_us))
    return FALSE;
  *id = koban_store_last_id (self->store);
  shown = koban_row_id ('a', *id);
  return koban_journal_note (self, now_us, error, "account-new", "account", "s", shown, NULL);
}

/* What the bank says of it may change; what the person set stays. */
static gboolean
update_account (KobanLedger *self, const KobanAccount *account, gint64 id, GError **error)
{
  static const char sql[] = "UPDATE account SET name = ?, number = coalesce (?, number), sees_links = ?,"
                            " sees_pending = ?, sees_time = ? WHERE id = ?";

  return koban_store_run (self->store, error, sql, "ssiiii", account->name != NULL ? account->name : "",
                          account->number, (gint64) account->sees_links, (gint64) account->sees_pending,
                          (gint64) account->sees_time, id);
}

static gboolean
remember_shown (KobanLedger *self, gint64 connection, gint64 id, const KobanAccount *account, GError **error)
{
  static const char sql[] =
    "INSERT INTO shown (connection, account, remote_id, variables) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (connection, account) DO UPDATE SET remote_id = excluded.remote_id,"
    " variables = excluded.variables, misses = 0, missing_since_us = NULL, gone_us = NULL"
    " WHERE remote_id IS NOT excluded.remote_id OR variables IS NOT excluded.variables"
    " OR misses > 0 OR gone_us IS NOT NULL";
  g_autofree char *variables = koban_row_words (account->variables);

  return koban_store_run (self->store, error, sql, "iiss", connection, id, account->remote_id, variables);
}

char *
koban_account_gone_key (gint64 id)
{
  return g_strdup_printf ("account-gone:a%" G_GINT64_FORMAT, id);
}

/* It is shown again. */
static gboolean
settle_gone (KobanLedger *self, gint64 id, gint64 now_us, GError **error)
{
  g_autofree char *key = koban_account_gone_key (id);

  return koban_alerts_settle (self, key, now_us, error);
}

KobanAccount *
koban_account_remember (KobanLedger *self,
                        gint64 connection,
                        const KobanAccount *account,
                        gint64 now_us,
                        gint64 *id,
                        GError **error)
{
  gboolean same = FALSE;

  *id = 0;
  if (!account_row (self, account, id, &same, error))
    return NULL;
  if (*id == 0 ? !insert_account (self, account, now_us, id, error)
               : (!same && !update_account (self, account, *id, error)))
    return NULL;
  if (!remember_shown (self, connection, *id, account, error))
    return NULL;
  if (koban_store_changes (self->store) > 0 && !settle_gone (self, *id, now_us, error))
    return NULL;
  return koban_account_load (self, *id, connection, error);
}

KobanAccount *
koban_account_load (KobanLedger *self, gint64 id, gint64 connection, GError **error)
{
  static const char sql[] =
    "SELECT identity, currency, name, number, sees_links, sees_pending, sees_time, ownership, watch, "
    "remote_id,"
    " variables FROM account LEFT JOIN shown ON shown.account = account.id AND (?2 = 0 OR connection = ?2)"
    " WHERE id = ?1 ORDER BY connection DESC LIMIT 1";
  g_auto(KobanQuery) query = { 0 };
  g_auto(GStrv) variables = NULL;
  g_autofree char *ours = koban_row_id ('a', id);
  g_autoptr(KobanAccount) account = NULL;

  koban_query_start (&query, self->store, sql, "ii", id, connection);
  if (koban_query_next (&query))
    {
      KobanAccount fields = {
        .id = ours,
        .identity = koban_query_text (&query, 0),
        .name = koban_query_text (&query, 2),
        .number = koban_query_text (&query, 3),
        .sees_links = (KobanSeesLinks) koban_query_int (&query, 4),
        .sees_pending = koban_query_int (&query, 5) != 0,
        .sees_time = koban_query_int (&query, 6) != 0,
        .ownership = (KobanOwnership) koban_query_int (&query, 7),
        .watch = (KobanWatchMode) koban_query_int (&query, 8),
        .remote_id = koban_query_text (&query, 9),
      };

      variables = koban_row_get_words (koban_query_text (&query, 10));
      fields.variables = (const char *const *) variables;
      g_strlcpy (fields.currency.code, koban_query_text (&query, 1), sizeof fields.currency.code);
      account = koban_account_new (&fields);
    }
  if (!koban_query_finish (&query, error))
    return NULL;
  if (account == NULL)
    {
      g_autofree char *name = g_strdup_printf ("a%" G_GINT64_FORMAT, id);

      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no account “%s”"), name);
    }
  return g_steal_pointer (&account);
}

GArray *
koban_account_ids (KobanLedger *self, gint64 connection, GError **error)
{
  static const char sql[] =
    "SELECT account FROM shown WHERE connection = ? AND gone_us IS NULL ORDER BY account";
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", connection);
  while (koban_query_next (&query))
    {
      gint64 id = koban_query_int (&query, 0);
      g_array_append_val (ids, id);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&ids) : NULL;
}

GPtrArray *
koban_ledger_get_accounts (KobanLedger *self, const char *connection, GError **error)
{
  g_autoptr(GPtrArray) accounts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);
  gint64 id = koban_connection_find (self, connection, error);
  g_autoptr(GArray) ids = id != 0 ? koban_account_ids (self, id, error) : NULL;

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      KobanAccount *account = koban_account_load (self, g_array_index (ids, gint64, i), id, error);

      if (account == NULL)
        return NULL;
      g_ptr_array_add (accounts, account);
    }
  return ids != NULL ? g_steal_pointer (&accounts) : NULL;
}

static gboolean
set_account (KobanLedger *self,
             gint64 id,
             const KobanWatchMode *watch,
             const KobanOwnership *ownership,
             gint64 now_us,
             GError **error)
{
  static const char set_watch[] = "UPDATE account SET watch = ? WHERE id = ?";
  static const char set_ownership[] = "UPDATE account SET ownership = ? WHERE id = ?";
  g_autofree char *shown = koban_row_id ('a', id);

  if (watch != NULL && (!koban_store_run (self->store, error, set_watch, "ii", (gint64) *watch, id) ||
                        !koban_journal_note (self, now_us, error, "account-watch", "account", "s", shown,
                                             "watch", "x", (gint64) *watch, NULL)))
    return FALSE;
  /* Less than everything is watched from now on. */
  if (watch != NULL && *watch != KOBAN_WATCH_ALL &&
      !koban_protection_tell (self, KOBAN_ACT_MUTED, shown, KOBAN_AT_THE_MACHINE, now_us, error))
    return FALSE;
  return ownership == NULL ||
         (koban_store_run (self->store, error, set_ownership, "ii", (gint64) *ownership, id) &&
          koban_journal_note (self, now_us, error, "account-ownership", "account", "s", shown, "ownership",
                              "x", (gint64) *ownership, NULL));
}

gboolean
koban_ledger_set_account (KobanLedger *self,
                          const char *id_or_name,
                          const KobanWatchMode *watch,
                          const KobanOwnership *ownership,
                          gint64 now_us,
                          GError **error)
{
  gint64 id = koban_account_find (self, id_or_name, error);

  if (id == 0 || !koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, set_account (self, id, watch, ownership, now_us, error), error);
}
