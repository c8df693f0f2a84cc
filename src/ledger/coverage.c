/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What was really seen: how each kind of listing fares, which days of an account's history were
 * covered, and when Koban looked at all. Freshness and every "no earlier debit" rest on it, so it
 * never claims more than was heard.
 */
#include "config.h"

#include "ledger/inside.h"

#include <koban/error.h>

#define LOOKS_TOGETHER_US KOBAN_HOUR_US /* looks no further apart watch the time between them */
#define WATCH_DAYS 7
#define BRIDGED_US (90 * KOBAN_DAY_US) /* an older hole is not asked for again */
#define TOUCHING_US KOBAN_SECOND_US

gboolean
koban_coverage_before (KobanLedger *self,
                       gint64 connection,
                       gint64 account,
                       KobanListing kind,
                       gint64 *last_good_us,
                       gboolean *baseline,
                       GError **error)
{
  static const char of_account[] =
    "SELECT max (last_good_us), max (first_whole_us) FROM listing WHERE account = ? AND kind = ?";
  static const char of_connection[] = "SELECT last_good_us, first_whole_us FROM listing"
                                      " WHERE connection = ? AND account = 0 AND kind = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, account != 0 ? of_account : of_connection, "ii",
                     account != 0 ? account : connection, (gint64) kind);
  *last_good_us = 0;
  *baseline = TRUE;
  if (koban_query_next (&query))
    {
      *last_good_us = koban_query_int (&query, 0);
      *baseline = koban_query_is_null (&query, 1);
    }
  return koban_query_finish (&query, error);
}

/* --- kinds of links ------------------------------------------------------------------------------ */

#define OF_SUBJECT " account = ?1 AND (account <> 0 OR connection = ?2)"

gboolean
koban_coverage_late_links (KobanLedger *self, gint64 connection, gint64 account, guint *kinds, GError **error)
{
  static const char sql[] = "SELECT kind FROM late_links WHERE first_whole_us IS NULL AND" OF_SUBJECT;
  g_auto(KobanQuery) query = { 0 };

  *kinds = 0;
  koban_query_start (&query, self->store, sql, "ii", account, connection);
  while (koban_query_next (&query))
    *kinds |= 1u << koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

static gboolean
note_late (KobanLedger *self, gint64 connection, gint64 account, guint kinds, GError **error)
{
  static const char sql[] = "INSERT OR IGNORE INTO late_links (connection, account, kind) VALUES (?, ?, ?)";

  for (gint64 kind = 0; kinds >> kind != 0; kind++)
    if ((kinds >> kind & 1) != 0 &&
        !koban_store_run (self->store, error, sql, "iii", connection, account, kind))
      return FALSE;
  return TRUE;
}

/* Before the listing itself is noted: the first one says which kinds are late, and each later one which have
 * come. */
static gboolean
note_links (KobanLedger *self, gint64 connection, gint64 account, const KobanSnapshot *s, GError **error)
{
  static const char sql[] = "UPDATE late_links SET first_whole_us = ?3 WHERE first_whole_us IS NULL AND"
                            " (?4 >> kind) & 1 = 0 AND" OF_SUBJECT;
  gint64 last_good_us;
  gboolean first;

  if (s->listing != KOBAN_LISTING_LINKS || s->reach != KOBAN_REACH_WHOLE)
    return TRUE;
  if (!koban_coverage_before (self, connection, account, s->listing, &last_good_us, &first, error))
    return FALSE;
  return first ? note_late (self, connection, account, s->unheard, error)
               : koban_store_run (self->store, error, sql, "iiii", account, connection, s->heard_us,
                                  (gint64) s->unheard);
}

/* --- listings --------------------------------------------------------------------------------- */

static gboolean
note_good (KobanLedger *self, gint64 connection, gint64 account, const KobanSnapshot *s, GError **error)
{
  static const char sql[] =
    "INSERT INTO listing (connection, account, kind, first_whole_us, last_good_us) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (connection, account, kind) DO UPDATE SET last_good_us = max (coalesce (last_good_us, 0),"
    " excluded.last_good_us), first_whole_us = coalesce (first_whole_us, excluded.first_whole_us),"
    " failing_since_us = NULL, error = NULL, message = NULL";

  return koban_store_run (self->store, error, sql, "iiizi", connection, account, (gint64) s->listing,
                          s->reach == KOBAN_REACH_WHOLE ? s->heard_us : G_GINT64_CONSTANT (0), s->heard_us);
}

static gboolean
note_failed (KobanLedger *self, gint64 connection, gint64 account, const KobanSnapshot *s, GError **error)
{
  static const char sql[] = "INSERT INTO listing (connection, account, kind, failing_since_us, error, "
                            "message) VALUES (?, ?, ?, ?, ?, ?)"
                            " ON CONFLICT (connection, account, kind) DO UPDATE SET error = excluded.error, "
                            "message = excluded.message,"
                            " failing_since_us = coalesce (failing_since_us, excluded.failing_since_us)";
  gboolean ours = s->error != NULL && s->error->domain == KOBAN_ERROR;

  return koban_store_run (self->store, error, sql, "iiiiis", connection, account, (gint64) s->listing,
                          s->heard_us, (gint64) (ours ? s->error->code : KOBAN_ERROR_FAILED),
                          s->error != NULL ? s->error->message : NULL);
}

/* --- intervals -------------------------------------------------------------------------------- */

/* Takes away every interval that meets [from, to] and widens it to hold them all. */
static gboolean
swallow (KobanLedger *self, gint64 account, gint64 kind, gint64 *from_us, gint64 *to_us, GError **error)
{
  static const char bounds[] = "SELECT min (from_us), max (to_us) FROM span WHERE account = ? AND kind = ?"
                               " AND to_us >= ? AND from_us <= ?";
  static const char drop[] =
    "DELETE FROM span WHERE account = ? AND kind = ? AND to_us >= ? AND from_us <= ?";
  gint64 from = *from_us - TOUCHING_US, to = *to_us + TOUCHING_US;
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, bounds, "iiii", account, kind, from, to);
  if (koban_query_next (&query) && !koban_query_is_null (&query, 0))
    {
      *from_us = MIN (*from_us, koban_query_int (&query, 0));
      *to_us = MAX (*to_us, koban_query_int (&query, 1));
    }
  return koban_query_finish (&query, error) &&
         koban_store_run (self->store, error, drop, "iiii", account, kind, from, to);
}

static gboolean
note_span (KobanLedger *self, gint64 account, const KobanSnapshot *s, GError **error)
{
  static const char sql[] = "INSERT INTO span (account, kind, from_us, to_us) VALUES (?, ?, ?, ?)";
  gint64 from = MAX (s->from_us, 0), to = MIN (s->to_us, s->heard_us);

  if (to <= from)
    return TRUE;
  return swallow (self, account, (gint64) s->listing, &from, &to, error) &&
         koban_store_run (self->store, error, sql, "iiii", account, (gint64) s->listing, from, to);
}

static gboolean
note_look (KobanLedger *self, gint64 account, gint64 heard_us, GError **error)
{
  static const char prolong[] = "UPDATE look SET to_us = max (to_us, ?2) WHERE account = ?1 AND from_us ="
                                " (SELECT max (from_us) FROM look WHERE account = ?1) AND to_us >= ?2 - ?3";
  static const char begin[] = "INSERT OR IGNORE INTO look (account, from_us, to_us) VALUES (?1, ?2, ?2)";
  static const char forget[] = "DELETE FROM look WHERE account = ? AND to_us < ?";

  if (!koban_store_run (self->store, error, prolong, "iii", account, heard_us, LOOKS_TOGETHER_US))
    return FALSE;
  if (koban_store_changes (self->store) > 0)
    return TRUE;
  return koban_store_run (self->store, error, begin, "ii", account, heard_us) &&
         koban_store_run (self->store, error, forget, "ii", account,
                          heard_us - 2 * WATCH_DAYS * KOBAN_DAY_US);
}

gboolean
koban_coverage_note (KobanLedger *self,
                     gint64 connection,
                     gint64 account,
                     const KobanSnapshot *snapshot,
                     GError **error)
{
  if (snapshot->reach == KOBAN_REACH_FAILED)
    return note_failed (self, connection, account, snapshot, error);
  if (!note_links (self, connection, account, snapshot, error) ||
      !note_good (self, connection, account, snapshot, error))
    return FALSE;
  if (account == 0 || snapshot->listing != KOBAN_LISTING_TRANSACTIONS)
    return TRUE;
  return note_span (self, account, snapshot, error) && note_look (self, account, snapshot->heard_us, error);
}

/* --- answers ------------------------------------------------------------------------------------ */

static gboolean
first_line (KobanLedger *self, gint64 account, KobanDate *date, GError **error)
{
  static const char sql[] = "SELECT min (date) FROM line WHERE account = ?";
  g_auto(KobanQuery) query = { 0 };

  *date = KOBAN_NO_DATE;
  koban_query_start (&query, self->store, sql, "i", account);
  if (koban_query_next (&query) && !koban_query_is_null (&query, 0))
    *date = (KobanDate) koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* The last unbroken interval. */
static gboolean
last_span (KobanLedger *self, gint64 account, gint64 *from_us, gint64 *to_us, GError **error)
{
  static const char sql[] =
    "SELECT from_us, to_us FROM span WHERE account = ? AND kind = ? ORDER BY from_us DESC LIMIT 1";
  g_auto(KobanQuery) query = { 0 };

  *from_us = *to_us = 0;
  koban_query_start (&query, self->store, sql, "ii", account, (gint64) KOBAN_LISTING_TRANSACTIONS);
  if (koban_query_next (&query))
    {
      *from_us = koban_query_int (&query, 0);
      *to_us = koban_query_int (&query, 1);
    }
  return koban_query_finish (&query, error);
}

/* A bank asked for all since 1970 gives what it has, so before the first line nothing was seen. */
gboolean
koban_coverage_from (KobanLedger *self, gint64 account, KobanDate *date, GError **error)
{
  gint64 from_us, to_us;
  KobanDate first;

  if (!last_span (self, account, &from_us, &to_us, error) || !first_line (self, account, &first, error))
    return FALSE;
  if (to_us == 0)
    *date = KOBAN_NO_DATE;
  else if (first == KOBAN_NO_DATE)
    *date = from_us > 0 ? koban_date_from_us (from_us, 0) : KOBAN_NO_DATE;
  else
    *date = MAX (first, koban_date_from_us (from_us, 0));
  return TRUE;
}

/* Where the first interval begins: what is older is history, and a hole behind it is not. */
gboolean
koban_coverage_begin (KobanLedger *self, gint64 account, KobanDate *date, GError **error)
{
  static const char sql[] = "SELECT min (from_us) FROM span WHERE account = ? AND kind = ?";
  g_auto(KobanQuery) query = { 0 };
  KobanDate first;

  *date = KOBAN_NO_DATE;
  if (!first_line (self, account, &first, error))
    return FALSE;
  koban_query_start (&query, self->store, sql, "ii", account, (gint64) KOBAN_LISTING_TRANSACTIONS);
  if (koban_query_next (&query) && !koban_query_is_null (&query, 0))
    {
      gint64 from_us = koban_query_int (&query, 0);

      *date = MAX (first, from_us > 0 ? koban_date_from_us (from_us, 0) : KOBAN_NO_DATE);
    }
  return koban_query_finish (&query, error);
}

/* The end of the first unbroken interval that a bank may still be asked to join to the next. */
GHashTable *
koban_ledger_get_covered_to (KobanLedger *self, const char *connection, GError **error)
{
  static const char sql[] =
    "SELECT identity, (SELECT min (to_us) FROM span WHERE account = a.id AND kind = ?2 AND to_us >="
    " (SELECT max (to_us) FROM span WHERE account = a.id AND kind = ?2) - ?3)"
    " FROM shown JOIN account a ON a.id = shown.account WHERE connection = ?1";
  g_autoptr(GHashTable) covered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  gint64 id = koban_connection_find (self, connection, error);
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  if (id == 0)
    return NULL;
  koban_query_start (&query, self->store, sql, "iii", id, (gint64) KOBAN_LISTING_TRANSACTIONS, BRIDGED_US);
  while (koban_query_next (&query))
    {
      gint64 to_us = koban_query_int (&query, 1);

      if (to_us != 0)
        g_hash_table_insert (covered, g_strdup (koban_query_text (&query, 0)),
                             g_memdup2 (&to_us, sizeof to_us));
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&covered) : NULL;
}

GHashTable *
koban_ledger_get_cursors (KobanLedger *self, const char *connection, GError **error)
{
  static const char sql[] = "SELECT listing, cursor, heard_us FROM cursor WHERE connection = ?";
  g_autoptr(GHashTable) cursors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, koban_cursor_free);
  gint64 id = koban_connection_find (self, connection, error);
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  if (id == 0)
    return NULL;
  koban_query_start (&query, self->store, sql, "i", id);
  while (koban_query_next (&query))
    {
      KobanCursor *cursor = g_new0 (KobanCursor, 1);
      cursor->cursor = g_strdup (koban_query_text (&query, 1));
      cursor->heard_us = koban_query_int (&query, 2);
      g_hash_table_insert (cursors, g_strdup (koban_query_text (&query, 0)), cursor);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&cursors) : NULL;
}

gboolean
koban_coverage_keep_cursor (KobanLedger *self, gint64 connection, const KobanSnapshot *s, GError **error)
{
  static const char keep[] = "INSERT OR REPLACE INTO cursor (connection, listing, cursor, heard_us)"
                             " VALUES (?, ?, ?, ?)";
  static const char forget[] = "DELETE FROM cursor WHERE connection = ? AND listing = ?";

  if (s->changes_of == NULL)
    return TRUE;
  return s->cursor != NULL ? koban_store_run (self->store, error, keep, "issi", connection, s->changes_of,
                                              s->cursor, s->heard_us)
                           : koban_store_run (self->store, error, forget, "is", connection, s->changes_of);
}

typedef struct
{
  gint64 watched_us, longest_gap_us, from_us, to_us;
} Watched;

/* Of the last seven days, or of the time since the first look, up to the last look. */
static gboolean
read_watched (KobanLedger *self, gint64 account, Watched *watched, GError **error)
{
  static const char sql[] =
    "SELECT max (from_us, (SELECT max (to_us) FROM look WHERE account = ?1) - ?2), to_us"
    " FROM look WHERE account = ?1 AND to_us >="
    " (SELECT max (to_us) FROM look WHERE account = ?1) - ?2 ORDER BY from_us";
  static const char earlier[] = "SELECT 1 FROM look WHERE account = ?1 AND to_us <"
                                " (SELECT max (to_us) FROM look WHERE account = ?1) - ?2";
  g_auto(KobanQuery) query = { 0 };
  gboolean older;

  koban_query_start (&query, self->store, earlier, "ii", account, WATCH_DAYS * KOBAN_DAY_US);
  older = koban_query_next (&query);
  if (!koban_query_finish (&query, error))
    return FALSE;
  koban_query_start (&query, self->store, sql, "ii", account, WATCH_DAYS * KOBAN_DAY_US);
  for (gboolean first = TRUE; koban_query_next (&query); first = FALSE)
    {
      gint64 from_us = koban_query_int (&query, 0), to_us = koban_query_int (&query, 1);

      if (!first)
        watched->longest_gap_us = MAX (watched->longest_gap_us, from_us - watched->to_us);
      else
        watched->from_us = from_us;
      watched->watched_us += to_us - from_us;
      watched->to_us = to_us;
    }
  if (!koban_query_finish (&query, error))
    return FALSE;
  if (older)
    {
      gint64 begin_us = watched->to_us - WATCH_DAYS * KOBAN_DAY_US;
      watched->longest_gap_us = MAX (watched->longest_gap_us, watched->from_us - begin_us);
      watched->from_us = begin_us;
    }
  return TRUE;
}

gboolean
koban_coverage_append (KobanLedger *self,
                       gint64 account,
                       GVariantDict *sees,
                       GVariantDict *coverage,
                       GError **error)
{
  Watched watched = { 0 };
  gint64 from_us, to_us;
  KobanDate from;

  if (!last_span (self, account, &from_us, &to_us, error) ||
      !koban_coverage_from (self, account, &from, error) || !read_watched (self, account, &watched, error))
    return FALSE;
  if (to_us != 0 && from != KOBAN_NO_DATE)
    {
      g_variant_dict_insert (sees, "history_days", "x",
                             MAX ((gint64) koban_date_from_us (to_us, 0) - from, G_GINT64_CONSTANT (0)));
      g_variant_dict_insert (coverage, "from", "x", MAX (from_us, (gint64) from * KOBAN_DAY_US));
      g_variant_dict_insert (coverage, "to", "x", to_us);
    }
  if (watched.to_us == 0)
    return TRUE;
  g_variant_dict_insert (coverage, "watched_7d", "x",
                         watched.to_us > watched.from_us
                           ? 100 * (watched.watched_us / KOBAN_SECOND_US) /
                               MAX ((watched.to_us - watched.from_us) / KOBAN_SECOND_US, 1)
                           : G_GINT64_CONSTANT (100));
  g_variant_dict_insert (coverage, "longest_gap", "x", watched.longest_gap_us / KOBAN_SECOND_US);
  return TRUE;
}
