/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known, as it crosses the bus: each list is one row of SQL and a row of columns. What is
 * unknown is an absent key; numbers of accounts leave masked.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>

/* --- columns ------------------------------------------------------------------------------------ */

typedef GVariant *(*ReadFunc) (KobanQuery *query, int column); /* of a column that is not NULL */

static GVariant *
read_text (KobanQuery *query, int column)
{
  return g_variant_new_take_string (g_utf8_make_valid (koban_query_text (query, column), -1));
}

static GVariant *
read_masked (KobanQuery *query, int column)
{
  return g_variant_new_take_string (koban_text_mask_number (koban_query_text (query, column)));
}

static GVariant *
read_time (KobanQuery *query, int column)
{
  gint64 at_us = koban_query_int (query, column);

  return at_us != 0 ? g_variant_new_int64 (at_us) : NULL;
}

static GVariant *
read_bool (KobanQuery *query, int column)
{
  return g_variant_new_boolean (koban_query_int (query, column) != 0);
}

static GVariant *
read_date (KobanQuery *query, int column)
{
  return g_variant_new_take_string (koban_date_format ((KobanDate) koban_query_int (query, column)));
}

static GVariant *
read_money (KobanQuery *query, int column)
{
  return g_variant_new ("(xs)", koban_query_int (query, column), koban_query_text (query, column + 1));
}

static GVariant *
read_words (KobanQuery *query, int column)
{
  g_auto(GStrv) words = koban_row_get_words (koban_query_text (query, column));

  return words != NULL ? g_variant_new_strv ((const char *const *) words, -1) : NULL;
}

static GVariant *
name_or_nothing (const char *name)
{
  return name != NULL ? g_variant_new_string (name) : NULL;
}

#define READ_ENUM(function, type, name_of)                                                                   \
  static GVariant *function (KobanQuery *query, int column)                                                  \
  {                                                                                                          \
    return name_or_nothing (name_of ((type) koban_query_int (query, column)));                               \
  }

static const char *
watch_name (KobanWatchMode mode)
{
  static const char *const names[] = {
    [KOBAN_WATCH_ALL] = "all", [KOBAN_WATCH_LINKS] = "links", [KOBAN_WATCH_OFF] = "off"
  };

  return (gsize) mode < G_N_ELEMENTS (names) ? names[mode] : NULL;
}

static const char *
ownership_name (KobanOwnership ownership)
{
  return ownership == KOBAN_OWNERSHIP_JOINT ? "joint" : "own";
}

static const char *
sees_name (KobanSeesLinks sees)
{
  static const char *const names[] = {
    [KOBAN_SEES_NONE] = "none", [KOBAN_SEES_DERIVED] = "derived", [KOBAN_SEES_NATIVE] = "native"
  };

  return (gsize) sees < G_N_ELEMENTS (names) ? names[sees] : NULL;
}

READ_ENUM (read_connection_state, KobanConnectionState, koban_connection_state_name)
READ_ENUM (read_watch, KobanWatchMode, watch_name)
READ_ENUM (read_ownership, KobanOwnership, ownership_name)
READ_ENUM (read_line_state, KobanTransactionState, koban_transaction_state_name)
READ_ENUM (read_link_kind, KobanLinkKind, koban_link_kind_name)
READ_ENUM (read_link_status, KobanLinkStatus, koban_link_status_name)
READ_ENUM (read_provenance, KobanProvenance, koban_provenance_name)
READ_ENUM (read_revocation, KobanRevocation, koban_revocation_name)
READ_ENUM (read_answer, KobanAnswer, koban_answer_name)

typedef struct
{
  const char *key; /* NULL ends the row */
  ReadFunc read;
  int width; /* SQL columns that it takes */
} Column;

/* --- lists ---------------------------------------------------------------------------------------- */

typedef struct
{
  gint64 id, connection, account, incident; /* 0: any */
  gint64 since_us;                          /* 0: always */
  gboolean all;
} Filter;

typedef gboolean (*FillFunc) (KobanLedger *self, gint64 id, GVariantDict *row, GError **error);

typedef struct
{
  const char *
    sql; /* ?1 id, ?2 connection, ?3 account, ?4 incident, ?5 since, ?6 all; its first column is the number */
  char letter;         /* of its ids */
  const char *by_name; /* (nullable): ids of that name */
  const Column *columns;
  FillFunc fill; /* (nullable): what no single column holds */
} List;

#define MATCHES(column, parameter) "(" parameter " = 0 OR " column " = " parameter ")"

static const Column connection_columns[] = {
  { "id", read_text, 1 },         { "provider", read_text, 1 },
  { "name", read_text, 1 },       { "state", read_connection_state, 1 },
  { "last_check", read_time, 1 }, { "next_check", read_time, 1 },
  { "message", read_text, 1 },    { NULL },
};
static const char connections_sql[] =
  "SELECT id, 'c' || id, provider, name, state, last_check_us, next_check_us, message FROM connection"
  " WHERE " MATCHES ("id", "?1") " AND " MATCHES (
    "id",
    "?2") " AND ?3 = 0 AND ?4 = 0 AND ?5 = 0 AND (?6 OR removed_us IS NULL) ORDER BY id";

/* The connection that shows it, a living one first. */
#define SHOWN_BY                                                                                             \
  "(SELECT s.connection FROM shown s JOIN connection c ON c.id = s.connection WHERE s.account = a.id"        \
  " ORDER BY c.removed_us IS NOT NULL, s.gone_us IS NOT NULL, s.connection LIMIT 1)"
static const Column account_columns[] = {
  { "id", read_text, 1 },
  { "connection", read_text, 1 },
  { "name", read_text, 1 },
  { "number", read_masked, 1 },
  { "currency", read_text, 1 },
  { "balance", read_money, 2 },
  { "available", read_money, 2 },
  { "as_of", read_time, 1 },
  { "watch", read_watch, 1 },
  { "ownership", read_ownership, 1 },
  { NULL },
};
static const char accounts_sql[] =
  "SELECT a.id, 'a' || a.id, 'c' || " SHOWN_BY ", a.name, a.number, a.currency, b.booked, b.booked_currency,"
  " b.available, b.available_currency, b.until_us, a.watch, a.ownership FROM account a"
  " LEFT JOIN balance b ON b.account = a.id AND b.heard_us = (SELECT max (heard_us) FROM balance WHERE "
  "account = a.id)"
  " WHERE " MATCHES ("a.id", "?1") " AND " MATCHES (
    "a.id",
    "?3") " AND (?2 = 0 OR EXISTS (SELECT 1 FROM shown WHERE connection = ?2 AND account = a.id))"
          " AND ?4 = 0 AND ?5 = 0 AND (?6 OR ?1 <> 0 OR EXISTS (SELECT 1 FROM shown s JOIN connection c ON "
          "c.id = s.connection"
          " WHERE s.account = a.id AND c.removed_us IS NULL)) ORDER BY a.id";

static const Column transaction_columns[] = {
  { "id", read_text, 1 },         { "account", read_text, 1 },
  { "date", read_date, 1 },       { "time", read_time, 1 },
  { "amount", read_money, 2 },    { "state", read_line_state, 1 },
  { "text", read_text, 1 },       { "payee", read_text, 1 },
  { "service", read_text, 1 },    { "balance_after", read_money, 2 },
  { "first_seen", read_time, 1 }, { NULL },
};
#define TRANSACTION_FIELDS                                                                                   \
  "SELECT id, 't' || id, 'a' || account, date, time_us, amount, currency, state, text, payee, service,"      \
  " balance_after, balance_currency, first_seen_us FROM line"
/* A day counts whole; a line without a day counts from when it was first seen. */
#define SINCE "(date >= ?5 / 86400000000 OR (date IS NULL AND first_seen_us >= ?5))"
static const char transactions_sql[] = TRANSACTION_FIELDS
  " WHERE " MATCHES ("id",
                     "?1") " AND (?2 = 0 OR account IN (SELECT account FROM shown WHERE connection = ?2))"
                           " AND " MATCHES ("account", "?3") " AND ?4 = 0 AND (?5 = 0 OR " SINCE
                                                             ") AND ?6 IN (0, 1)"
                                                             " ORDER BY date DESC, id DESC";
/* The questions that are asked most, each by its index. */
static const char transaction_by_id_sql[] = TRANSACTION_FIELDS
  " WHERE id = ?1 AND ?2 = 0 AND ?3 IN (0, account) AND ?4 = 0 AND ?5 = 0 AND ?6 IN (0, 1)";
static const char transactions_of_account_sql[] =
  TRANSACTION_FIELDS " WHERE account = ?3 AND date >= ?5 / 86400000000 AND ?1 = 0 AND ?2 = 0 AND ?4 = 0"
                     " AND ?6 IN (0, 1) UNION ALL " TRANSACTION_FIELDS
                     " WHERE account = ?3 AND date IS NULL AND first_seen_us >= ?5"
                     " ORDER BY date DESC, id DESC";

static const Column link_columns[] = {
  { "id", read_text, 1 },
  { "account", read_text, 1 },
  { "connection", read_text, 1 },
  { "kind", read_link_kind, 1 },
  { "name", read_text, 1 },
  { "service", read_text, 1 },
  { "provenance", read_provenance, 1 },
  { "own", read_bool, 1 },
  { "status", read_link_status, 1 },
  { "first_seen", read_time, 1 },
  { "created", read_time, 1 },
  { "expires", read_time, 1 },
  { "limit", read_money, 2 },
  { "scope", read_words, 1 },
  { "revocation", read_revocation, 1 },
  { "answer", read_answer, 1 },
  { "creditor", read_text, 1 },
  { "reference", read_text, 1 },
  { NULL },
};
/* While the list cannot be read, an active link is one of which nothing is known (4: unknown). */
static const char links_sql[] =
  "SELECT l.id, 'l' || l.id, 'a' || l.account, 'c' || l.connection, l.kind, l.name, l.service, l.provenance, "
  "l.own,"
  " CASE WHEN l.status = 0 AND EXISTS (SELECT 1 FROM listing WHERE connection = l.connection AND kind = 1"
  " AND account = coalesce (l.account, 0) AND failing_since_us IS NOT NULL) THEN 4 ELSE l.status END,"
  " l.first_seen_us, l.created_us, l.expires_us, l.limit_minor, l.limit_currency, l.scope, l.revocation, "
  "l.answer, l.collector, l.reference"
  " FROM link l JOIN connection c ON c.id = l.connection"
  " WHERE " MATCHES ("l.id", "?1") " AND " MATCHES ("l.connection", "?2") " AND " MATCHES (
    "l.account",
    "?3") " AND ?4 = 0 AND ?5 = 0 AND (?6 OR ?1 <> 0 OR (l.status IN (0, 4) AND c.removed_us IS NULL)) ORDER "
          "BY l.id";

/* --- what no single column holds ---------------------------------------------------------------------- */

static gboolean
fill_account (KobanLedger *self, gint64 id, GVariantDict *row, GError **error)
{
  g_autoptr(KobanAccount) account = koban_account_load (self, id, 0, error);
  g_auto(GVariantDict) sees = G_VARIANT_DICT_INIT (NULL);
  g_auto(GVariantDict) coverage = G_VARIANT_DICT_INIT (NULL);

  if (account == NULL)
    return FALSE;
  g_variant_dict_insert (&sees, "links", "s", sees_name (account->sees_links));
  g_variant_dict_insert (&sees, "pending", "b", account->sees_pending);
  g_variant_dict_insert (&sees, "time", "b", account->sees_time);
  if (!koban_coverage_append (self, id, &sees, &coverage, error))
    return FALSE;
  g_variant_dict_insert_value (row, "sees", g_variant_dict_end (&sees));
  g_variant_dict_insert_value (row, "coverage", g_variant_dict_end (&coverage));
  return TRUE;
}

static const char connection_names[] =
  "SELECT id FROM connection WHERE name = ? AND removed_us IS NULL LIMIT 2";
static const char account_names[] = "SELECT id FROM account WHERE name = ? LIMIT 2";
/* A name means a link that lives, if one does. */
static const char link_names[] = "SELECT id FROM link WHERE name = ?1 AND (status IN (0, 4) OR NOT EXISTS"
                                 " (SELECT 1 FROM link WHERE name = ?1 AND status IN (0, 4))) LIMIT 2";

static const List lists[] = {
  [KOBAN_LIST_CONNECTIONS] = { connections_sql, 'c', connection_names, connection_columns, NULL },
  [KOBAN_LIST_ACCOUNTS] = { accounts_sql, 'a', account_names, account_columns, fill_account },
  [KOBAN_LIST_TRANSACTIONS] = { transactions_sql, 't', NULL, transaction_columns, NULL },
  [KOBAN_LIST_LINKS] = { links_sql, 'l', link_names, link_columns, NULL },
  [KOBAN_LIST_ALERTS] = { NULL, 'n', NULL, NULL, NULL },
};

/* --- filters ---------------------------------------------------------------------------------------------
 */

/* 0: no such thing, or (with an error) several. */
static gint64
find_by_name (KobanLedger *self, const char *sql, const char *name, GError **error)
{
  g_auto(KobanQuery) query = { 0 };
  gint64 id = 0;

  koban_query_start (&query, self->store, sql, "s", name);
  if (koban_query_next (&query))
    id = koban_query_int (&query, 0);
  if (id != 0 && koban_query_next (&query))
    {
      g_autofree char *shown = koban_text_clean (name, 40);

      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_AMBIGUOUS, _("“%s” fits several: give the id instead"),
                   shown);
      return 0;
    }
  return koban_query_finish (&query, error) ? id : 0;
}

/* @id_out -1: nothing has that id or name, which is an empty list and no error. */
static gboolean
parse_reference (KobanLedger *self,
                 GVariantDict *filter,
                 const char *key,
                 char letter,
                 const char *by_name,
                 gint64 *id_out,
                 GError **error)
{
  const char *text = NULL;
  g_autoptr(GError) several = NULL;
  gint64 id = 0;

  if (!g_variant_dict_lookup (filter, key, "&s", &text) || text[0] == '\0')
    return TRUE;
  if (!koban_row_parse_id (text, letter, &id) && by_name != NULL)
    id = find_by_name (self, by_name, text, &several);
  if (several != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&several));
      return FALSE;
    }
  *id_out = id != 0 ? id : -1;
  return TRUE;
}

static gboolean
parse_filter (KobanLedger *self, const List *list, GVariant *value, Filter *filter, GError **error)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (value);

  g_variant_dict_lookup (&dict, "since", "x", &filter->since_us);
  g_variant_dict_lookup (&dict, "all", "b", &filter->all);
  return parse_reference (self, &dict, "id", list->letter, list->by_name, &filter->id, error) &&
         parse_reference (self, &dict, "connection", 'c', connection_names, &filter->connection, error) &&
         parse_reference (self, &dict, "account", 'a', account_names, &filter->account, error) &&
         parse_reference (self, &dict, "incident", 'i', NULL, &filter->incident, error);
}

static void
start (KobanLedger *self, KobanQuery *query, const char *sql, const Filter *filter)
{
  koban_query_start (query, self->store, sql, "iiiiii", filter->id, filter->connection, filter->account,
                     filter->incident, filter->since_us, (gint64) (filter->all != FALSE));
}

/* --- rows
 * ---------------------------------------------------------------------------------------------------- */

static void
read_columns (KobanQuery *query, const Column *columns, GVariantDict *row)
{
  int at = 1;

  for (const Column *column = columns; column->key != NULL; column++)
    {
      GVariant *value = koban_query_is_null (query, at) ? NULL : column->read (query, at);

      if (value != NULL)
        g_variant_dict_insert_value (row, column->key, value);
      at += column->width;
    }
}

static GVariant *
list_rows (KobanLedger *self, const List *list, const char *sql, const Filter *filter, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  start (self, &query, sql, filter);
  while (koban_query_next (&query))
    {
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      read_columns (&query, list->columns, &row);
      if (list->fill != NULL && !list->fill (self, koban_query_int (&query, 0), &row, error))
        return NULL;
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* --- alerts
 * ------------------------------------------------------------------------------------------------- */

static const char alerts_sql[] =
  "SELECT " KOBAN_ALERT_COLUMNS ", (SELECT code FROM incident WHERE id = alert.incident) FROM alert"
  " WHERE " MATCHES ("id", "?1") " AND " MATCHES ("connection", "?2") " AND " MATCHES (
    "account",
    "?3") " AND " MATCHES ("incident", "?4") " AND (?5 = 0 OR updated_us >= ?5)"
                                             " AND (?6 OR ?1 <> 0 OR state < 2) ORDER BY id DESC";

static GVariant *
list_alerts (KobanLedger *self, const Filter *filter, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  start (self, &query, alerts_sql, filter);
  while (koban_query_next (&query))
    {
      g_autoptr(KobanAlert) alert = koban_alert_row_read (&query);
      g_autoptr(GVariant) value = g_variant_ref_sink (koban_alert_to_variant (alert));
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (value);

      g_variant_dict_insert (&row, "code", "s", koban_query_text (&query, 17));
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

static const char *
choose_sql (KobanList list, const Filter *filter)
{
  if (list == KOBAN_LIST_TRANSACTIONS && filter->id > 0 && filter->connection == 0)
    return transaction_by_id_sql;
  if (list == KOBAN_LIST_TRANSACTIONS && filter->account > 0 && filter->connection == 0)
    return transactions_of_account_sql;
  return lists[list].sql;
}

GVariant *
koban_ledger_list (KobanLedger *self, KobanList list, GVariant *filter, GError **error)
{
  g_autoptr(GVariant) given = filter != NULL ? g_variant_ref_sink (filter) : NULL;
  Filter wanted = { 0 };

  g_return_val_if_fail ((gsize) list < G_N_ELEMENTS (lists), NULL);
  koban_ledger_assert_thread (self);
  if (!parse_filter (self, &lists[list], given, &wanted, error))
    return NULL;
  if (list == KOBAN_LIST_ALERTS)
    return list_alerts (self, &wanted, error);
  return list_rows (self, &lists[list], choose_sql (list, &wanted), &wanted, error);
}

/* --- single things
 * ---------------------------------------------------------------------------------------------- */

static gint64
find_link (KobanLedger *self, const char *id_or_name, GError **error)
{
  g_autoptr(GError) several = NULL;
  gint64 id = 0;

  if (!koban_row_parse_id (id_or_name, 'l', &id))
    id = find_by_name (self, link_names, id_or_name, &several);
  if (several != NULL)
    g_propagate_error (error, g_steal_pointer (&several));
  else if (id == 0)
    {
      g_autofree char *shown = koban_text_clean (id_or_name, 40);
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no link “%s”"), shown);
    }
  return id;
}

KobanLink *
koban_ledger_get_link (KobanLedger *self,
                       const char *id_or_name,
                       char **connection,
                       KobanAccount **account,
                       GError **error)
{
  gint64 id = find_link (self, id_or_name, error);
  KobanLinkRow row = { 0 };

  koban_ledger_assert_thread (self);
  if (id == 0 || !koban_link_load (self, id, &row, error))
    return NULL;
  if (account != NULL)
    {
      g_autoptr(KobanAccount) found = NULL;

      if (row.account != 0)
        found = koban_account_load (self, row.account, row.connection, error);
      if (row.account != 0 && found == NULL)
        {
          koban_link_row_clear (&row);
          return NULL;
        }
      *account = g_steal_pointer (&found);
    }
  if (connection != NULL)
    *connection = koban_row_id ('c', row.connection);
  return row.link;
}

static const struct
{
  char letter;
  const char *sql;
} remote_ids[] = {
  { 't', "SELECT bank_id FROM line WHERE id = ?" },
  { 'l', "SELECT remote_id FROM link WHERE id = ?" },
  { 'a', "SELECT remote_id FROM shown WHERE account = ? AND remote_id IS NOT NULL ORDER BY connection DESC "
         "LIMIT 1" },
};

char *
koban_ledger_get_remote_id (KobanLedger *self, const char *id)
{
  koban_ledger_assert_thread (self);
  for (gsize i = 0; i < G_N_ELEMENTS (remote_ids); i++)
    {
      g_auto(KobanQuery) query = { 0 };
      gint64 number;

      if (!koban_row_parse_id (id, remote_ids[i].letter, &number))
        continue;
      koban_query_start (&query, self->store, remote_ids[i].sql, "i", number);
      return koban_query_next (&query) ? g_strdup (koban_query_text (&query, 0)) : NULL;
    }
  return NULL;
}
