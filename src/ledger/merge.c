/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One listing into the ledger, in one transaction: what was heard is paired with what was known, the
 * difference is judged, and what must be told is queued, together or not at all. Hearing the same
 * again changes nothing.
 */
#include "config.h"

#include "ledger/identity.h"
#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define PENDING_LIVES_US (45 * KOBAN_DAY_US) /* an older pending line is not looked for any more */
#define HISTORY_AT_ONCE 1000                 /* changes that are held before they are learnt */

typedef struct
{
  KobanLedger *ledger;
  const KobanSnapshot *snapshot;
  gint64 connection;
  gint64 account;         /* 0: of the whole connection */
  KobanAccount *value;    /* (owned) (nullable): with our id */
  gboolean baseline;      /* no whole listing of this kind was heard before */
  guint late_links;       /* 1 << KobanLinkKind: of these kinds neither */
  gint64 last_good_us;    /* when this kind was last heard; 0: never */
  gint64 covered_from_us; /* lines of days before this are history, whenever they are heard */
  GPtrArray *changes;     /* (owned) (element-type KobanChange) */
  KobanMergeResult result;
} Merge;

static void
merge_clear (Merge *self)
{
  g_clear_pointer (&self->value, koban_account_unref);
  g_clear_pointer (&self->changes, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Merge, merge_clear)

static void
add_change (Merge *self, KobanChange change)
{
  change.heard_us = self->snapshot->heard_us;
  change.unseen_us = self->last_good_us;
  change.baseline = change.baseline || self->baseline;
  koban_changes_add (self->changes, &change);
  if (change.kind != KOBAN_CHANGE_BALANCE)
    self->result.changes++;
}

static gboolean
judge_changes (Merge *merge, GError **error)
{
  if (merge->changes->len == 0)
    return TRUE;
  if (!koban_alerts_judge (merge->ledger, merge->connection, merge->account, merge->value, merge->changes,
                           merge->snapshot->heard_us, &merge->result, NULL, error))
    return FALSE;
  g_ptr_array_set_size (merge->changes, 0);
  return TRUE;
}

/* History is learnt while it is written down, so that a hundred thousand lines of it are never held twice.
 * What may alert is judged whole: its lines are one alert that grows. */
static gboolean
learn_history (Merge *merge, GError **error)
{
  return !merge->baseline || merge->changes->len < HISTORY_AT_ONCE || judge_changes (merge, error);
}

/* --- known lines --------------------------------------------------------------------------------- */

typedef struct
{
  GArray *rows;    /* (owned) (element-type KobanLineRow) */
  GHashTable *ids; /* (owned): set of gint64, those in @rows */
} Known;

static void
known_init (Known *self)
{
  self->rows = g_array_new (FALSE, TRUE, sizeof (KobanLineRow));
  g_array_set_clear_func (self->rows, koban_line_row_clear);
  self->ids = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
known_clear (Known *self)
{
  g_array_unref (self->rows);
  g_hash_table_unref (self->ids);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Known, known_clear)

/* Takes what the query gives, each line once. */
static gboolean
known_take (Known *self, KobanQuery *query, GError **error)
{
  while (koban_query_next (query))
    {
      gint64 id = koban_query_int (query, 0);
      KobanLineRow row = { 0 };

      if (!g_hash_table_add (self->ids, g_memdup2 (&id, sizeof id)))
        continue;
      koban_line_row_read (query, &row);
      g_array_append_val (self->rows, row);
    }
  return koban_query_finish (query, error);
}

/* In the order of the index line_by_date, so that nothing is sorted: equal lines come in the order of their
 * ids. */
static gboolean
known_of_days (Merge *merge, Known *known, gint64 first, gint64 last, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_LINE_COLUMNS " FROM line WHERE account = ? AND date BETWEEN ? AND ?"
    " ORDER BY date, amount, id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, merge->ledger->store, sql, "iii", merge->account, first, last);
  return known_take (known, &query, error);
}

static gboolean
known_not_booked (Merge *merge, Known *known, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_LINE_COLUMNS " FROM line INDEXED BY line_not_booked"
                            " WHERE account = ? AND state <> 1 AND first_seen_us >= ? ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, merge->ledger->store, sql, "ii", merge->account,
                     merge->snapshot->heard_us - PENDING_LIVES_US);
  return known_take (known, &query, error);
}

static gboolean
known_by_our_id (Merge *merge, Known *known, gint64 id, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_LINE_COLUMNS " FROM line WHERE id = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, merge->ledger->store, sql, "i", id);
  return known_take (known, &query, error);
}

/* The index alone says which they are; most of them are known by their day already. */
static gboolean
known_by_bank_id (Merge *merge, Known *known, const char *bank_id, GError **error)
{
  static const char sql[] = "SELECT id FROM line WHERE account = ? AND bank_id = ? ORDER BY id";
  g_autoptr(GArray) missing = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto(KobanQuery) query = { 0 };

  if (bank_id == NULL)
    return TRUE;
  koban_query_start (&query, merge->ledger->store, sql, "is", merge->account, bank_id);
  while (koban_query_next (&query))
    {
      gint64 id = koban_query_int (&query, 0);

      if (!g_hash_table_contains (known->ids, &id))
        g_array_append_val (missing, id);
    }
  if (!koban_query_finish (&query, error))
    return FALSE;
  for (guint i = 0; i < missing->len; i++)
    if (!known_by_our_id (merge, known, g_array_index (missing, gint64, i), error))
      return FALSE;
  return TRUE;
}

static gboolean
known_by_content (Merge *merge, Known *known, const KobanTransaction *line, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_LINE_COLUMNS " FROM line WHERE account = ? AND date IS ? AND amount = ?"
    " ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, merge->ledger->store, sql, "idi", merge->account, (gint64) line->date,
                     line->amount.minor);
  return known_take (known, &query, error);
}

static gboolean
is_whole (const KobanSnapshot *snapshot)
{
  return snapshot->reach == KOBAN_REACH_WHOLE;
}

/* A bank asked for everything since 1970 gives what it still keeps: nothing is due before its oldest line. */
static KobanDate
oldest_due (const KobanSnapshot *s)
{
  KobanDate oldest = KOBAN_NO_DATE;

  for (guint i = 0; s->from_us <= 0 && s->rows != NULL && i < s->rows->len; i++)
    {
      KobanDate date = ((KobanTransaction *) s->rows->pdata[i])->date;

      if (date != KOBAN_NO_DATE && (oldest == KOBAN_NO_DATE || date < oldest))
        oldest = date;
    }
  return oldest;
}

/* Whether the days from @first to @last hold all lines of the account, so that none need be looked for. */
static gboolean
are_all_lines (Merge *merge, gint64 first, gint64 last, gboolean *all, GError **error)
{
  static const char sql[] = "SELECT NOT EXISTS (SELECT 1 FROM line WHERE account = ?1 AND date IS NULL)"
                            " AND NOT EXISTS (SELECT 1 FROM line WHERE account = ?1 AND date < ?2)"
                            " AND NOT EXISTS (SELECT 1 FROM line WHERE account = ?1 AND date > ?3)";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, merge->ledger->store, sql, "iii", merge->account, first, last);
  *all = koban_query_next (&query) && koban_query_int (&query, 0) != 0;
  return koban_query_finish (&query, error);
}

/* All that any heard line could be, and in a whole listing all that it should hold: never the whole history.
 */
static gboolean
load_known (Merge *merge, Known *known, GError **error)
{
  const KobanSnapshot *s = merge->snapshot;
  gint64 first = koban_date_from_us (MAX (s->from_us, 0), 0),
         last = (gint64) koban_date_from_us (s->to_us, 0) + 1;
  gint64 since = s->from_us <= 0 ? MAX (oldest_due (s), G_MININT32 + 1) : first;
  gboolean all = FALSE;

  if (is_whole (s) &&
      (!known_of_days (merge, known, since, last, error) || !are_all_lines (merge, since, last, &all, error)))
    return FALSE;
  if (all)
    return TRUE;
  if (!known_not_booked (merge, known, error))
    return FALSE;
  for (guint i = 0; s->rows != NULL && i < s->rows->len; i++)
    {
      const KobanTransaction *line = s->rows->pdata[i];
      gboolean loaded =
        is_whole (s) && line->date != KOBAN_NO_DATE && line->date >= first && line->date <= last;

      if (!known_by_bank_id (merge, known, line->bank_id, error) ||
          !known_by_bank_id (merge, known, line->pending_id, error) ||
          (!loaded && !known_by_content (merge, known, line, error)))
        return FALSE;
    }
  return TRUE;
}

static GArray *
known_for_identity (Merge *merge, Known *known)
{
  const KobanSnapshot *s = merge->snapshot;
  GArray *lines = g_array_sized_new (FALSE, TRUE, sizeof (KobanKnownLine), known->rows->len);
  KobanDate oldest = oldest_due (s);

  for (guint i = 0; i < known->rows->len; i++)
    {
      KobanKnownLine line = { g_array_index (known->rows, KobanLineRow, i).line, FALSE };

      line.expected = is_whole (s) && (line.line->date == KOBAN_NO_DATE || line.line->date >= oldest) &&
                      koban_identity_is_inside (line.line, s->from_us, s->to_us, s->heard_us);
      g_array_append_val (lines, line);
    }
  return lines;
}

/* --- lines heard ----------------------------------------------------------------------------------- */

/* What lies before the days seen so far is old news, however late it is shown. */
static gboolean
is_before_coverage (Merge *merge, const KobanTransaction *line)
{
  return line->date != KOBAN_NO_DATE && merge->covered_from_us > 0 &&
         line->date < koban_date_from_us (merge->covered_from_us, 0);
}

static gboolean
line_new (Merge *merge, const KobanTransaction *heard, GError **error)
{
  g_autoptr(KobanTransaction) line = koban_line_insert (
    merge->ledger, merge->account, heard, merge->snapshot->heard_us, merge->last_good_us, error);

  if (line == NULL)
    return FALSE;
  if (line->state != KOBAN_TRANSACTION_WITHDRAWN)
    add_change (merge, (KobanChange){ .kind = KOBAN_CHANGE_LINE_NEW,
                                      .line = line,
                                      .baseline = is_before_coverage (merge, line) });
  return TRUE;
}

static gboolean
line_again (Merge *merge, const KobanLineRow *row, const KobanTransaction *heard, GError **error)
{
  g_autoptr(KobanTransaction) line = NULL;
  gboolean withdrawn;

  if (row->misses > 0 && !koban_line_set_misses (merge->ledger, row->id, 0, 0, error))
    return FALSE;
  if (koban_transaction_equal (row->line, heard))
    return TRUE;
  line = koban_identity_line_again (row->line, heard);
  if (koban_transaction_equal (row->line, line))
    return TRUE;
  if (!koban_line_update (merge->ledger, row->id, line, error))
    return FALSE;
  withdrawn = line->state == KOBAN_TRANSACTION_WITHDRAWN;
  if (koban_identity_line_is_news (row->line, line))
    add_change (merge,
                (KobanChange){ .kind = withdrawn ? KOBAN_CHANGE_LINE_WITHDRAWN : KOBAN_CHANGE_LINE_CHANGED,
                               .line = line,
                               .line_before = row->line });
  return TRUE;
}

static gboolean
line_withdrawn (Merge *merge, const KobanLineRow *row, GError **error)
{
  KobanTransaction fields = *row->line;
  g_autoptr(KobanTransaction) line = NULL;

  fields.state = KOBAN_TRANSACTION_WITHDRAWN;
  line = koban_transaction_new (&fields);
  if (!koban_line_update (merge->ledger, row->id, line, error))
    return FALSE;
  add_change (merge,
              (KobanChange){ .kind = KOBAN_CHANGE_LINE_WITHDRAWN, .line = line, .line_before = row->line });
  return TRUE;
}

static gboolean
line_missing (Merge *merge, const KobanLineRow *row, gboolean suspicious, GError **error)
{
  gint64 now_us = merge->snapshot->heard_us;
  gint64 since_us = row->misses > 0 ? row->missing_since_us : now_us;

  if (!koban_line_set_misses (merge->ledger, row->id, row->misses + 1, since_us, error))
    return FALSE;
  return !koban_identity_is_gone (row->misses + 1, since_us, now_us, suspicious) ||
         line_withdrawn (merge, row, error);
}

/* Heard order is the bank's; ours is by day and time, so that our ids and the habits grow with time. */
static int
compare_lines (gconstpointer a, gconstpointer b, gpointer lines)
{
  const guint *one = a, *other = b;
  const KobanTransaction *x = ((GPtrArray *) lines)->pdata[*one], *y = ((GPtrArray *) lines)->pdata[*other];

  if (x->date != y->date)
    return x->date < y->date ? -1 : 1;
  if (x->time_us != y->time_us && x->time_us != 0 && y->time_us != 0)
    return x->time_us < y->time_us ? -1 : 1;
  return *one < *other ? -1 : (*one > *other);
}

static GArray *
in_order (GPtrArray *lines)
{
  GArray *order = g_array_sized_new (FALSE, FALSE, sizeof (guint), lines->len);

  for (guint i = 0; i < lines->len; i++)
    g_array_append_val (order, i);
  g_array_sort_with_data (order, compare_lines, lines);
  return order;
}

/* A line that is taken back, and was never given: of another account, or come and gone. */
static gboolean
is_bare_removal (const KobanTransaction *heard)
{
  return heard->state == KOBAN_TRANSACTION_WITHDRAWN && heard->date == KOBAN_NO_DATE &&
         heard->text[0] == '\0';
}

static gboolean
take_heard (Merge *merge, Known *known, GPtrArray *heard, GArray *mates, GError **error)
{
  g_autoptr(GArray) order = in_order (heard);

  for (guint n = 0; n < order->len; n++)
    {
      guint i = g_array_index (order, guint, n);
      gint mate = g_array_index (mates, gint, i);

      if (mate >= 0)
        {
          if (!line_again (merge, &g_array_index (known->rows, KobanLineRow, mate), heard->pdata[i], error))
            return FALSE;
        }
      else if (mate == KOBAN_IDENTITY_NEW && !is_bare_removal (heard->pdata[i]) &&
               (!line_new (merge, heard->pdata[i], error) || !learn_history (merge, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
is_due (const KobanKnownLine *known)
{
  return known->expected && known->line->state != KOBAN_TRANSACTION_WITHDRAWN;
}

static gboolean
take_missing (Merge *merge, Known *known, GArray *lines, GArray *mates, GError **error)
{
  g_autofree gboolean *seen = g_new0 (gboolean, known->rows->len + 1);
  gboolean suspicious;
  guint due = 0;

  for (guint i = 0; i < mates->len; i++)
    if (g_array_index (mates, gint, i) >= 0)
      seen[g_array_index (mates, gint, i)] = TRUE;
  for (guint i = 0; i < lines->len; i++)
    due += is_due (&g_array_index (lines, KobanKnownLine, i)) ? 1 : 0;
  suspicious = koban_identity_is_suspicious (mates->len, due);
  for (guint i = 0; i < lines->len; i++)
    if (!seen[i] && is_due (&g_array_index (lines, KobanKnownLine, i)) &&
        !line_missing (merge, &g_array_index (known->rows, KobanLineRow, i), suspicious, error))
      return FALSE;
  return TRUE;
}

static gboolean
merge_transactions (Merge *merge, GError **error)
{
  g_autoptr(GPtrArray) nothing = g_ptr_array_new ();
  GPtrArray *heard = merge->snapshot->rows != NULL ? merge->snapshot->rows : nothing;
  g_auto(Known) known = { 0 };
  g_autoptr(GArray) lines = NULL;
  g_autoptr(GArray) mates = NULL;
  KobanDate covered_from;

  known_init (&known);
  if (!koban_coverage_begin (merge->ledger, merge->account, &covered_from, error) ||
      !load_known (merge, &known, error))
    return FALSE;
  merge->covered_from_us = covered_from != KOBAN_NO_DATE ? covered_from * KOBAN_DAY_US : 0;
  lines = known_for_identity (merge, &known);
  mates = koban_identity_lines (lines, heard);
  return take_heard (merge, &known, heard, mates, error) && take_missing (merge, &known, lines, mates, error);
}

/* --- links -------------------------------------------------------------------------------------------- */

static GArray *
load_links (Merge *merge, GError **error)
{
  static const char of_account[] = "SELECT " KOBAN_LINK_COLUMNS " FROM link WHERE account = ? ORDER BY id";
  static const char of_connection[] =
    "SELECT " KOBAN_LINK_COLUMNS " FROM link WHERE connection = ? AND account IS NULL ORDER BY id";
  g_autoptr(GArray) rows = g_array_new (FALSE, TRUE, sizeof (KobanLinkRow));
  g_auto(KobanQuery) query = { 0 };

  g_array_set_clear_func (rows, koban_link_row_clear);
  koban_query_start (&query, merge->ledger->store, merge->account != 0 ? of_account : of_connection, "i",
                     merge->account != 0 ? merge->account : merge->connection);
  while (koban_query_next (&query))
    {
      KobanLinkRow row = { 0 };

      koban_link_row_read (&query, &row);
      g_array_append_val (rows, row);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&rows) : NULL;
}

static const char *const link_events[] = {
  [KOBAN_CHANGE_LINK_NEW] = "link-new",
  [KOBAN_CHANGE_LINK_BACK] = "link-back",
  [KOBAN_CHANGE_LINK_CHANGED] = "link-changed",
  [KOBAN_CHANGE_LINK_GONE] = "link-gone",
};

/* Koban's own access is listed and never judged. */
static gboolean
tell_link (Merge *merge, KobanChangeKind kind, KobanLink *link, KobanLink *before, GError **error)
{
  if (!link->own)
    add_change (merge, (KobanChange){ .kind = kind,
                                      .link = link,
                                      .link_before = before,
                                      .baseline = (merge->late_links & (1u << link->kind)) != 0 });
  return koban_journal_note (merge->ledger, merge->snapshot->heard_us, error, link_events[kind], "link", "s",
                             link->id, "status", "s", koban_link_status_name (link->status), NULL);
}

static gboolean
link_new (Merge *merge, const KobanLink *heard, GError **error)
{
  g_autoptr(KobanLink) link = koban_link_insert (merge->ledger, merge->connection, merge->account, heard,
                                                  merge->snapshot->heard_us, error);

  if (link == NULL)
    return FALSE;
  return koban_identity_link_has_ended (link) || tell_link (merge, KOBAN_CHANGE_LINK_NEW, link, NULL, error);
}

static KobanChangeKind
kind_of_link_change (const KobanLink *before, const KobanLink *after)
{
  if (koban_identity_link_has_ended (after))
    return KOBAN_CHANGE_LINK_GONE;
  return koban_identity_link_has_ended (before) ? KOBAN_CHANGE_LINK_BACK : KOBAN_CHANGE_LINK_CHANGED;
}

/* One that ended and is listed as ended in another word is no news. */
static gboolean
link_is_news (const KobanLink *before, const KobanLink *after)
{
  if (koban_identity_link_has_ended (before) && koban_identity_link_has_ended (after))
    return FALSE;
  return koban_identity_link_is_news (before, after);
}

static KobanLink *
link_told_again (const KobanLink *known, const KobanLink *heard)
{
  KobanLink fields = *heard;

  fields.id = known->id;
  fields.own = known->own || heard->own;
  if (fields.remote_id == NULL)
    fields.remote_id = known->remote_id;
  if (fields.created_us == 0)
    fields.created_us = known->created_us;
  return koban_link_new (&fields);
}

/* The connection that listed it first answers for its absence, while it lives. */
static gboolean
link_again (Merge *merge, const KobanLinkRow *row, const KobanLink *heard, GError **error)
{
  g_autoptr(KobanLink) link = link_told_again (row->link, heard);

  if (row->misses > 0 && !koban_link_set_misses (merge->ledger, row->id, 0, 0, error))
    return FALSE;
  if (koban_link_equal (row->link, link))
    return TRUE;
  if (!koban_link_update (merge->ledger, row->id, row->connection, link, error))
    return FALSE;
  return !link_is_news (row->link, link) ||
         tell_link (merge, kind_of_link_change (row->link, link), link, row->link, error);
}

static gboolean
link_gone (Merge *merge, const KobanLinkRow *row, GError **error)
{
  KobanLink fields = *row->link;
  g_autoptr(KobanLink) link = NULL;

  fields.status = KOBAN_LINK_GONE;
  link = koban_link_new (&fields);
  return koban_link_update (merge->ledger, row->id, row->connection, link, error) &&
         tell_link (merge, KOBAN_CHANGE_LINK_GONE, link, row->link, error);
}

static gboolean
link_missing (Merge *merge, const KobanLinkRow *row, gboolean suspicious, GError **error)
{
  gint64 now_us = merge->snapshot->heard_us;
  gint64 since_us = row->misses > 0 ? row->missing_since_us : now_us;

  if (!koban_link_set_misses (merge->ledger, row->id, row->misses + 1, since_us, error))
    return FALSE;
  return !koban_identity_is_gone (row->misses + 1, since_us, now_us, suspicious) ||
         link_gone (merge, row, error);
}

static gboolean
link_is_due (Merge *merge, const KobanLinkRow *row)
{
  return row->connection == merge->connection && row->link->provenance != KOBAN_PROVENANCE_DERIVED &&
         (merge->snapshot->unheard & (1u << row->link->kind)) == 0 &&
         !koban_identity_link_has_ended (row->link);
}

static gboolean
take_missing_links (Merge *merge, GArray *rows, GArray *mates, GError **error)
{
  g_autofree gboolean *seen = g_new0 (gboolean, rows->len + 1);
  gboolean suspicious;
  guint due = 0;

  for (guint i = 0; i < mates->len; i++)
    if (g_array_index (mates, gint, i) >= 0)
      seen[g_array_index (mates, gint, i)] = TRUE;
  for (guint i = 0; i < rows->len; i++)
    due += link_is_due (merge, &g_array_index (rows, KobanLinkRow, i)) ? 1 : 0;
  suspicious = koban_identity_is_suspicious (mates->len, due);
  for (guint i = 0; i < rows->len; i++)
    if (!seen[i] && link_is_due (merge, &g_array_index (rows, KobanLinkRow, i)) &&
        !link_missing (merge, &g_array_index (rows, KobanLinkRow, i), suspicious, error))
      return FALSE;
  return TRUE;
}

static gboolean
take_heard_links (Merge *merge, GArray *rows, GPtrArray *heard, GArray *mates, GError **error)
{
  for (guint i = 0; i < mates->len; i++)
    {
      gint mate = g_array_index (mates, gint, i);

      if (mate >= 0)
        {
          if (!link_again (merge, &g_array_index (rows, KobanLinkRow, mate), heard->pdata[i], error))
            return FALSE;
        }
      else if (mate == KOBAN_IDENTITY_NEW && !link_new (merge, heard->pdata[i], error))
        return FALSE;
    }
  return TRUE;
}

/* Links whose connection is removed answer to whoever lists the account now. */
static gboolean
adopt_links (Merge *merge, GError **error)
{
  static const char sql[] = "UPDATE link SET connection = ?1 WHERE account = ?2 AND connection IN"
                            " (SELECT id FROM connection WHERE removed_us IS NOT NULL)";

  return merge->account == 0 ||
         koban_store_run (merge->ledger->store, error, sql, "ii", merge->connection, merge->account);
}

static gboolean
merge_links (Merge *merge, GError **error)
{
  g_autoptr(GPtrArray) nothing = g_ptr_array_new ();
  GPtrArray *heard = merge->snapshot->rows != NULL ? merge->snapshot->rows : nothing;
  g_autoptr(GPtrArray) known = g_ptr_array_new ();
  g_autoptr(GArray) rows = adopt_links (merge, error) ? load_links (merge, error) : NULL;
  g_autoptr(GArray) mates = NULL;

  if (rows == NULL)
    return FALSE;
  for (guint i = 0; i < rows->len; i++)
    g_ptr_array_add (known, g_array_index (rows, KobanLinkRow, i).link);
  mates = koban_identity_links (known, heard);
  return take_heard_links (merge, rows, heard, mates, error) &&
         (!is_whole (merge->snapshot) || take_missing_links (merge, rows, mates, error));
}

/* --- balance ------------------------------------------------------------------------------------------ */

/* Every change is kept; the same balance again only prolongs it. */
static gboolean
merge_balance (Merge *merge, GError **error)
{
  static const char same[] = "UPDATE balance SET until_us = max (until_us, ?2) WHERE account = ?1 AND booked "
                             "IS ?3 AND booked_currency IS ?4"
                             " AND available IS ?5 AND available_currency IS ?6"
                             " AND heard_us = (SELECT max (heard_us) FROM balance WHERE account = ?1)";
  static const char sql[] =
    "INSERT OR REPLACE INTO balance (account, heard_us, until_us, booked, booked_currency, available,"
    " available_currency) VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6)";
  const KobanSnapshot *s = merge->snapshot;
  KobanStore *store = merge->ledger->store;

  add_change (merge, (KobanChange){ .kind = KOBAN_CHANGE_BALANCE,
                                    .has_booked = s->has_booked,
                                    .has_available = s->has_available,
                                    .booked = s->booked,
                                    .available = s->available });
  if (!koban_store_run (store, error, same, "iimm", merge->account, s->heard_us, s->has_booked, s->booked,
                        s->has_available, s->available))
    return FALSE;
  return koban_store_changes (store) > 0 ||
         koban_store_run (store, error, sql, "iimm", merge->account, s->heard_us, s->has_booked, s->booked,
                          s->has_available, s->available);
}

/* --- accounts ------------------------------------------------------------------------------------------ */

/* A state that changed is told once (trust B15): when the last connection that showed it does not any more,
 * and only of one that is watched. */
static gboolean
tell_account_gone (Merge *merge, gint64 id, GError **error)
{
  static const char sql[] =
    "SELECT name FROM account WHERE id = ?1 AND watch <> ?2 AND NOT EXISTS"
    " (SELECT 1 FROM shown s JOIN connection c ON c.id = s.connection WHERE s.account = ?1"
    " AND s.gone_us IS NULL AND c.removed_us IS NULL)";
  static const char *const nothing[] = { NULL };
  g_autofree char *account = koban_row_id ('a', id);
  g_autofree char *connection = koban_row_id ('c', merge->connection);
  g_autofree char *key = koban_account_gone_key (id);
  g_autofree char *name = NULL;
  g_autoptr(KobanAlert) alert = NULL;
  g_auto(KobanQuery) query = { 0 };
  GVariant *reason;

  koban_query_start (&query, merge->ledger->store, sql, "ii", id, (gint64) KOBAN_WATCH_OFF);
  if (koban_query_next (&query))
    name = g_strdup (koban_query_text (&query, 0));
  if (!koban_query_finish (&query, error) || name == NULL)
    return name == NULL;
  reason = koban_reason_new ("account_gone", "account", "s", name, NULL);
  alert =
    koban_alert_new (&(KobanAlert){ .incident = key,
                                    .account = account,
                                    .connection = connection,
                                    .kind = KOBAN_ALERT_FRESHNESS,
                                    .severity = KOBAN_SEVERITY_NOTICE,
                                    .refs = nothing,
                                    .reasons = g_variant_new_array (G_VARIANT_TYPE_VARDICT, &reason, 1) });
  return koban_alert_put (merge->ledger, alert, merge->snapshot->heard_us, &merge->result, error);
}

static gboolean
account_missing (Merge *merge, gint64 id, GError **error)
{
  static const char miss[] =
    "UPDATE shown SET misses = misses + 1, missing_since_us = coalesce (missing_since_us, ?3)"
    " WHERE connection = ?1 AND account = ?2";
  static const char gone[] =
    "UPDATE shown SET gone_us = ?3 WHERE connection = ?1 AND account = ?2 AND misses >= 2";
  g_autofree char *shown = koban_row_id ('a', id);
  gint64 now_us = merge->snapshot->heard_us;
  KobanStore *store = merge->ledger->store;

  if (!koban_store_run (store, error, miss, "iii", merge->connection, id, now_us) ||
      !koban_store_run (store, error, gone, "iii", merge->connection, id, now_us))
    return FALSE;
  return koban_store_changes (store) == 0 ||
         (koban_journal_note (merge->ledger, now_us, error, "account-gone", "account", "s", shown, NULL) &&
          tell_account_gone (merge, id, error));
}

static gboolean
count_missing_accounts (Merge *merge, GHashTable *seen, GError **error)
{
  g_autoptr(GArray) ids = koban_account_ids (merge->ledger, merge->connection, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      gint64 id = g_array_index (ids, gint64, i);

      if (!g_hash_table_contains (seen, &id) && !account_missing (merge, id, error))
        return FALSE;
    }
  return ids != NULL;
}

static gboolean
merge_accounts (Merge *merge, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  GPtrArray *rows = merge->snapshot->rows;

  for (guint i = 0; rows != NULL && i < rows->len; i++)
    {
      g_autoptr(KobanAccount) account = NULL;
      gint64 id;

      account = koban_account_remember (merge->ledger, merge->connection, rows->pdata[i],
                                        merge->snapshot->heard_us, &id, error);
      if (account == NULL)
        return FALSE;
      g_hash_table_add (seen, g_memdup2 (&id, sizeof id));
    }
  /* An empty list of accounts is an outage, not a life without a bank. */
  return !is_whole (merge->snapshot) || rows == NULL || rows->len == 0 ||
         count_missing_accounts (merge, seen, error);
}

/* --- links that no bank lists --------------------------------------------------------------------------- */

static gboolean
derived_new (Merge *merge, const KobanLink *derived, GError **error)
{
  g_autoptr(KobanLink) link = koban_link_insert (merge->ledger, merge->connection, merge->account, derived,
                                                  merge->snapshot->heard_us, error);

  return link != NULL && koban_journal_note (merge->ledger, merge->snapshot->heard_us, error, "link-derived",
                                             "link", "s", link->id, NULL);
}

/* Their debits are what is judged; here they only get a name and a way to be ended. */
static gboolean
derive_links (Merge *merge, GError **error)
{
  g_autoptr(GPtrArray) derived = NULL;
  g_autoptr(GPtrArray) known = g_ptr_array_new ();
  g_autoptr(GArray) mates = NULL;

  if (merge->value->sees_links != KOBAN_SEES_DERIVED)
    return TRUE;
  derived = koban_derive_links (merge->ledger->services, merge->snapshot->rows);
  if (derived->len == 0)
    return TRUE;
  g_autoptr(GArray) rows = load_links (merge, error);
  for (guint i = 0; rows != NULL && i < rows->len; i++)
    g_ptr_array_add (known, g_array_index (rows, KobanLinkRow, i).link);
  if (rows == NULL)
    return FALSE;
  mates = koban_identity_links (known, derived);
  for (guint i = 0; i < mates->len; i++)
    if (g_array_index (mates, gint, i) == KOBAN_IDENTITY_NEW &&
        !derived_new (merge, derived->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
merge_lines (Merge *merge, GError **error)
{
  return merge_transactions (merge, error) && derive_links (merge, error);
}

/* --- one listing ------------------------------------------------------------------------------------------
 */

static const struct
{
  gboolean (*merge) (Merge *merge, GError **error);
  gboolean of_an_account; /* means nothing without one */
} listings[] = {
  [KOBAN_LISTING_ACCOUNTS] = { merge_accounts, FALSE },
  [KOBAN_LISTING_LINKS] = { merge_links, FALSE },
  [KOBAN_LISTING_BALANCE] = { merge_balance, TRUE },
  [KOBAN_LISTING_TRANSACTIONS] = { merge_lines, TRUE },
};

static gboolean
know_account (Merge *merge, GError **error)
{
  const KobanSnapshot *s = merge->snapshot;

  if (s->account == NULL && listings[s->listing].of_an_account)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("A listing of %s came without its account"),
                   koban_listing_name (s->listing));
      return FALSE;
    }
  if (s->account == NULL)
    return TRUE;
  merge->value = koban_account_remember (merge->ledger, merge->connection, s->account, s->heard_us,
                                         &merge->account, error);
  return merge->value != NULL;
}

static gboolean
merge_snapshot (Merge *merge, GError **error)
{
  const KobanSnapshot *s = merge->snapshot;
  KobanLedger *ledger = merge->ledger;

  if (!know_account (merge, error) ||
      !koban_coverage_before (ledger, merge->connection, merge->account, s->listing, &merge->last_good_us,
                              &merge->baseline, error) ||
      !koban_coverage_late_links (ledger, merge->connection, merge->account, &merge->late_links, error))
    return FALSE;
  if (s->reach == KOBAN_REACH_FAILED)
    {
      merge->result.failed++;
      return koban_coverage_note (ledger, merge->connection, merge->account, s, error);
    }
  if (!listings[s->listing].merge (merge, error) ||
      !koban_coverage_note (ledger, merge->connection, merge->account, s, error))
    return FALSE;
  return judge_changes (merge, error);
}

static void
result_add (KobanMergeResult *result, const KobanMergeResult *more)
{
  if (result == NULL)
    return;
  result->opened += more->opened;
  result->raised += more->raised;
  result->changes += more->changes;
  result->failed += more->failed;
}

gboolean
koban_ledger_merge (KobanLedger *self,
                    const char *connection,
                    KobanSnapshot *snapshot,
                    int utc_offset_minutes,
                    KobanMergeResult *result,
                    GError **error)
{
  g_auto(Merge) merge = { .ledger = self, .snapshot = snapshot, .changes = koban_changes_new () };

  merge.connection = koban_connection_find (self, connection, error);
  self->utc_offset_minutes = utc_offset_minutes;
  self->knows_offset = TRUE;
  if (merge.connection == 0 || !koban_ledger_begin (self, error) ||
      !koban_ledger_end (self,
                         merge_snapshot (&merge, error) &&
                           koban_coverage_keep_cursor (self, merge.connection, snapshot, error),
                         error))
    return FALSE;
  result_add (result, &merge.result);
  return TRUE;
}

/* --- the end of a check
 * ------------------------------------------------------------------------------------- */

/* Time alone: each account, then what belongs to the whole connection. */
static gboolean
judge_time (KobanLedger *self,
            gint64 connection,
            gint64 account,
            gint64 now_us,
            KobanMergeResult *result,
            gint64 *due_us,
            GError **error)
{
  g_autoptr(KobanAccount) value =
    account != 0 ? koban_account_load (self, account, connection, error) : NULL;
  g_autoptr(GPtrArray) nothing = koban_changes_new ();
  gint64 due = 0;

  if ((account != 0 && value == NULL) ||
      !koban_alerts_judge (self, connection, account, value, nothing, now_us, result, &due, error))
    return FALSE;
  if (due != 0 && (*due_us == 0 || due < *due_us))
    *due_us = due;
  return TRUE;
}

static gboolean
judge_all (KobanLedger *self,
           gint64 connection,
           gint64 now_us,
           KobanMergeResult *result,
           gint64 *due_us,
           GError **error)
{
  g_autoptr(GArray) accounts = koban_account_ids (self, connection, error);

  for (guint i = 0; accounts != NULL && i < accounts->len; i++)
    if (!judge_time (self, connection, g_array_index (accounts, gint64, i), now_us, result, due_us, error))
      return FALSE;
  return accounts != NULL && judge_time (self, connection, 0, now_us, result, due_us, error);
}

gboolean
koban_ledger_finish_check (KobanLedger *self,
                           const char *connection,
                           gint64 now_us,
                           int utc_offset_minutes,
                           KobanMergeResult *result,
                           gint64 *due_us,
                           GError **error)
{
  gint64 id = koban_connection_find (self, connection, error);
  KobanMergeResult found = { 0 };
  gint64 due = 0;

  self->utc_offset_minutes = utc_offset_minutes;
  self->knows_offset = TRUE;
  if (id == 0 || !koban_ledger_begin (self, error) ||
      !koban_ledger_end (self, judge_all (self, id, now_us, &found, &due, error), error))
    return FALSE;
  result_add (result, &found);
  if (due_us != NULL)
    *due_us = due;
  return TRUE;
}
