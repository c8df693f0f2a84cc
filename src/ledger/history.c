/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All that was ever heard, shown to the judgement once more in the order of time: as it was heard, to
 * make habits anew, or as if Koban had watched from the first line on, to review the past. It reads the
 * ledger and writes nothing.
 */
#include "config.h"

#include "ledger/inside.h"

#define WARM_UP_DAYS 30 /* of a past that is watched afterwards: what is usual has to be learnt first */
#define POLL_US (15 * KOBAN_MINUTE_US)

/* What was heard at once is told in the order of a check. */
typedef enum
{
  RANK_LINKS,
  RANK_BALANCE,
  RANK_LINES,
  RANK_ANSWERS,
} Rank;

typedef struct
{
  const char *subject; /* (unowned): interned; whose habits: "a1", "c1" */
  gint64 at_us;
  Rank rank;
  guint number;        /* of the order in which it was read */
  KobanChange *change; /* (unowned): in the changes of the history */
} Event;

typedef struct
{
  KobanLedger *ledger;
  KobanHistory past;
  KobanWariness wariness;
  KobanHabits *habits;    /* (unowned) */
  GPtrArray *alerts;      /* (unowned) (nullable) */
  GPtrArray *changes;     /* (owned) */
  GArray *events;         /* (owned) (element-type Event) */
  GHashTable *accounts;   /* (owned): subject → KobanAccount */
  GHashTable *beginnings; /* (owned): subject → Beginning */
  GHashTable *due;        /* (owned): subject → gint64 *, when time alone may change the verdict */
  GHashTable *places;     /* (owned): kind and key of an alert → its index in @alerts and 1 */
} History;

static void
history_clear (History *self)
{
  g_clear_pointer (&self->changes, g_ptr_array_unref);
  g_clear_pointer (&self->events, g_array_unref);
  g_clear_pointer (&self->accounts, g_hash_table_unref);
  g_clear_pointer (&self->beginnings, g_hash_table_unref);
  g_clear_pointer (&self->due, g_hash_table_unref);
  g_clear_pointer (&self->places, g_hash_table_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (History, history_clear)

/* --- reading ---------------------------------------------------------------------------------------- */

static const char *
subject_of (char letter, gint64 id)
{
  g_autofree char *name = koban_row_id (letter, id);

  return g_intern_string (name);
}

static void
add_event (History *self, const char *subject, Rank rank, KobanChange change)
{
  Event event = { .subject = subject, .at_us = change.heard_us, .rank = rank, .number = self->events->len };

  if (change.kind != KOBAN_CHANGE_BALANCE && change.kind != KOBAN_CHANGE_ANSWER)
    change.unseen_us = MAX (change.heard_us - POLL_US, 1);
  koban_changes_add (self->changes, &change);
  event.change = self->changes->pdata[self->changes->len - 1];
  g_array_append_val (self->events, event);
}

/* The account's first whole listing of a kind, and the first day of its lines. */
typedef struct
{
  gint64 whole_us;
  KobanDate first_day;
} Beginning;

static gboolean
read_beginning (History *self, gint64 account, KobanListing kind, Beginning *beginning, GError **error)
{
  static const char sql[] =
    "SELECT (SELECT min (first_whole_us) FROM listing WHERE account = ?1 AND kind = ?2),"
    " (SELECT min (date) FROM line WHERE account = ?1)";
  g_auto(KobanQuery) query = { 0 };

  *beginning = (Beginning){ G_MAXINT64, KOBAN_NO_DATE };
  koban_query_start (&query, self->ledger->store, sql, "ii", account, (gint64) kind);
  if (koban_query_next (&query))
    {
      if (!koban_query_is_null (&query, 0))
        beginning->whole_us = koban_query_int (&query, 0);
      if (!koban_query_is_null (&query, 1))
        beginning->first_day = (KobanDate) koban_query_int (&query, 1);
    }
  return koban_query_finish (&query, error);
}

/* When a line would have been heard by somebody who looked: at its time, or when its day was over. */
static gint64
would_be_heard_us (const KobanTransaction *line)
{
  gint64 at_us = line->time_us;

  if (at_us == 0 && line->date != KOBAN_NO_DATE)
    at_us = ((gint64) line->date + 1) * KOBAN_DAY_US;
  return at_us != 0 ? MIN (at_us, line->first_seen_us) : line->first_seen_us;
}

static gboolean
is_warm_up (const KobanTransaction *line, const Beginning *beginning)
{
  KobanDate day = line->date != KOBAN_NO_DATE ? line->date : koban_date_from_us (line->first_seen_us, 0);

  return beginning->first_day == KOBAN_NO_DATE || day < beginning->first_day + WARM_UP_DAYS;
}

static void
add_line (History *self, const char *subject, const KobanLineRow *row, const Beginning *beginning)
{
  gboolean taken_back = row->line->state == KOBAN_TRANSACTION_WITHDRAWN;
  KobanTransaction fields = *row->line;
  g_autoptr(KobanTransaction) line = NULL;
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .heard_us = row->line->first_seen_us };

  if (taken_back)
    fields.state = KOBAN_TRANSACTION_PENDING;
  change.line = line = koban_transaction_new (&fields);
  change.baseline = change.heard_us <= beginning->whole_us;
  if (change.baseline && self->past == KOBAN_HISTORY_AS_WATCHED)
    {
      change.heard_us = would_be_heard_us (line);
      change.baseline = is_warm_up (line, beginning);
    }
  add_event (self, subject, RANK_LINES, change);
  if (!taken_back)
    return;
  change.kind = KOBAN_CHANGE_LINE_WITHDRAWN;
  change.line_before = line;
  change.line = row->line;
  change.heard_us = MAX (change.heard_us, row->missing_since_us);
  add_event (self, subject, RANK_LINES, change);
}

/* In the order in which they came, whatever the account: two halves of a transfer find each other in it. */
static gboolean
read_lines (History *self, GError **error)
{
  static const char sql[] = "SELECT " KOBAN_LINE_COLUMNS ", account FROM line ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  while (koban_query_next (&query))
    {
      const char *subject = subject_of ('a', koban_query_int (&query, 18));
      KobanLineRow row = { 0 };

      koban_line_row_read (&query, &row);
      add_line (self, subject, &row, g_hash_table_lookup (self->beginnings, subject));
      koban_line_row_clear (&row);
    }
  return koban_query_finish (&query, error);
}

static gboolean
read_balances (History *self, gint64 account, GError **error)
{
  static const char sql[] =
    "SELECT heard_us, until_us, booked, booked_currency, available, available_currency"
    " FROM balance WHERE account = ? ORDER BY heard_us";
  const char *subject = subject_of ('a', account);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", account);
  while (koban_query_next (&query))
    {
      gint64 until_us = koban_query_int (&query, 1);
      KobanChange change = { .kind = KOBAN_CHANGE_BALANCE, .heard_us = koban_query_int (&query, 0) };

      change.has_booked = koban_query_money (&query, 2, &change.booked);
      change.has_available = koban_query_money (&query, 4, &change.available);
      add_event (self, subject, RANK_BALANCE, change);
      if (until_us > change.heard_us)
        {
          change.heard_us = until_us;
          add_event (self, subject, RANK_BALANCE, change);
        }
    }
  return koban_query_finish (&query, error);
}

/* A listed link is known before its first debit: who holds it is in the list of links, and no news. */
static void
add_link (History *self, const KobanLinkRow *row, gint64 first_seen_us, gint64 whole_us, gint64 begins_us)
{
  const char *subject =
    row->account != 0 ? subject_of ('a', row->account) : subject_of ('c', row->connection);
  KobanChange change = { .kind = KOBAN_CHANGE_LINK_NEW, .heard_us = first_seen_us, .link = row->link };

  change.baseline = first_seen_us <= whole_us;
  if (change.baseline && self->past == KOBAN_HISTORY_AS_WATCHED)
    change.heard_us = MIN (first_seen_us, begins_us);
  add_event (self, subject, RANK_LINKS, change);
  if (row->link->status == KOBAN_LINK_GONE)
    {
      change.kind = KOBAN_CHANGE_LINK_GONE;
      change.link_before = row->link;
      change.heard_us = MAX (change.heard_us, row->missing_since_us);
      add_event (self, subject, RANK_LINKS, change);
    }
}

/* The first whole listing of a link's kind. */
#define OF_LINK                                                                                              \
  " l.account = coalesce (link.account, 0) AND (link.account IS NOT NULL OR l.connection = link.connection)"

static gboolean
read_links (History *self, gint64 begins_us, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_LINK_COLUMNS ", first_seen_us, CASE WHEN EXISTS (SELECT 1 FROM late_links l WHERE" OF_LINK
    " AND l.kind = link.kind) THEN (SELECT max (first_whole_us) FROM late_links l WHERE" OF_LINK
    " AND l.kind = link.kind) ELSE (SELECT min (first_whole_us) FROM listing l WHERE kind = 1 AND" OF_LINK
    ") END"
    " FROM link WHERE own = 0 AND provenance <> 2 ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  while (koban_query_next (&query))
    {
      gint64 whole_us = koban_query_is_null (&query, 21) ? G_MAXINT64 : koban_query_int (&query, 21);
      KobanLinkRow row = { 0 };

      koban_link_row_read (&query, &row);
      add_link (self, &row, koban_query_int (&query, 20), whole_us, begins_us);
      koban_link_row_clear (&row);
    }
  return koban_query_finish (&query, error);
}

/* A line that was spoken of is shown with the answer: it may be longer ago than the habits remember lines. */
static void
add_answer (History *self, const char *subject, const char *ref, KobanAnswer answer, gint64 at_us)
{
  KobanChange change = { .kind = KOBAN_CHANGE_ANSWER, .heard_us = at_us, .ref = ref, .answer = answer };
  g_autoptr(KobanTransaction) line = NULL;
  gint64 id, account;

  if (koban_row_parse_id (ref, 't', &id))
    line = koban_line_load (self->ledger, id, &account, NULL);
  change.line = line;
  add_event (self, subject, RANK_ANSWERS, change);
}

static gboolean
read_answers (History *self, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_ALERT_COLUMNS ", answered_us, (SELECT key FROM incident WHERE id ="
    " alert.incident) FROM alert WHERE answer <> 0 ORDER BY answered_us, id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(KobanAlert) alert = koban_alert_row_read (&query);
      const char *subject = g_intern_string (alert->account != NULL ? alert->account : alert->connection);
      gint64 at_us = koban_query_int (&query, 17);

      if (subject == NULL)
        continue;
      add_answer (self, subject, koban_query_text (&query, 18), alert->answer, at_us);
      for (const char *const *ref = alert->refs; *ref != NULL; ref++)
        add_answer (self, subject, *ref, alert->answer, at_us);
    }
  return koban_query_finish (&query, error);
}

/* Of those that an alert told of, the alert holds the answer. */
static gboolean
read_answered_lines (History *self, GError **error)
{
  static const char sql[] =
    "SELECT id, account, answer, answered_us FROM line WHERE answer <> 0 ORDER BY answered_us, id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autofree char *ref = koban_row_id ('t', koban_query_int (&query, 0));

      add_answer (self, subject_of ('a', koban_query_int (&query, 1)), ref,
                  (KobanAnswer) koban_query_int (&query, 2), koban_query_int (&query, 3));
    }
  return koban_query_finish (&query, error);
}

/* Links may be answered without ever having been told of. */
static gboolean
read_answered_links (History *self, GError **error)
{
  static const char sql[] = "SELECT id, coalesce (account, 0), connection, answer, first_seen_us FROM link"
                            " WHERE answer <> 0 AND own = 0 ORDER BY id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autofree char *ref = koban_row_id ('l', koban_query_int (&query, 0));
      gint64 account = koban_query_int (&query, 1);

      add_answer (self,
                  account != 0 ? subject_of ('a', account) : subject_of ('c', koban_query_int (&query, 2)),
                  ref, (KobanAnswer) koban_query_int (&query, 3), koban_query_int (&query, 4));
    }
  return koban_query_finish (&query, error);
}

static GArray *
all_accounts (KobanLedger *self, GError **error)
{
  static const char sql[] = "SELECT id FROM account ORDER BY id";
  g_autoptr(GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint64));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      gint64 id = koban_query_int (&query, 0);
      g_array_append_val (ids, id);
    }
  return koban_query_finish (&query, error) ? g_steal_pointer (&ids) : NULL;
}

static gboolean
read_account (History *self, gint64 id, GError **error)
{
  KobanAccount *account = koban_account_load (self->ledger, id, 0, error);
  const char *subject = subject_of ('a', id);
  Beginning beginning;

  if (account == NULL)
    return FALSE;
  g_hash_table_insert (self->accounts, (gpointer) subject, account);
  if (!read_beginning (self, id, KOBAN_LISTING_TRANSACTIONS, &beginning, error))
    return FALSE;
  g_hash_table_insert (self->beginnings, (gpointer) subject, g_memdup2 (&beginning, sizeof beginning));
  return read_balances (self, id, error);
}

static gint64
first_event_us (const History *self)
{
  gint64 first_us = G_MAXINT64;

  for (guint i = 0; i < self->events->len; i++)
    first_us = MIN (first_us, g_array_index (self->events, Event, i).at_us);
  return first_us;
}

static gboolean
read_all (History *self, GError **error)
{
  g_autoptr(GArray) ids = all_accounts (self->ledger, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    if (!read_account (self, g_array_index (ids, gint64, i), error))
      return FALSE;
  return ids != NULL && read_lines (self, error) && read_links (self, first_event_us (self), error) &&
         read_answered_links (self, error) && read_answered_lines (self, error) && read_answers (self, error);
}

/* --- folding ---------------------------------------------------------------------------------------- */

static int
compare_events (gconstpointer a, gconstpointer b)
{
  const Event *one = a, *other = b;

  if (one->at_us != other->at_us)
    return one->at_us < other->at_us ? -1 : 1;
  if (one->rank != other->rank)
    return one->rank < other->rank ? -1 : 1;
  return one->number < other->number ? -1 : (one->number > other->number);
}

static gboolean
is_one_listing (const Event *one, const Event *other)
{
  return one->at_us == other->at_us && one->rank == other->rank && one->subject == other->subject;
}

/* An alert that is more of an earlier one makes it grow, as in the ledger. */
static void
keep_alert (History *self, KobanAlert *alert)
{
  g_autofree char *place = g_strdup_printf ("%s|%s", koban_alert_kind_name (alert->kind), alert->incident);
  guint known = GPOINTER_TO_UINT (g_hash_table_lookup (self->places, place));

  if (known == 0)
    {
      g_ptr_array_add (self->alerts, koban_alert_ref (alert));
      g_hash_table_insert (self->places, g_steal_pointer (&place), GUINT_TO_POINTER (self->alerts->len));
      return;
    }
  KobanAlert *earlier = self->alerts->pdata[known - 1];
  self->alerts->pdata[known - 1] = koban_alert_grow (earlier, alert);
  koban_alert_unref (earlier);
}

static int
offset_at (const KobanLedger *ledger, gint64 at_us)
{
  g_autoptr(GDateTime) local = NULL;

  if (ledger->knows_offset)
    return ledger->utc_offset_minutes;
  local = g_date_time_new_from_unix_local (at_us / KOBAN_SECOND_US);
  return local != NULL ? (int) (g_date_time_get_utc_offset (local) / G_TIME_SPAN_MINUTE) : 0;
}

static gint64
judge_at (History *self, const char *subject, gint64 now_us, GPtrArray *changes)
{
  KobanAccount *account = g_hash_table_lookup (self->accounts, subject);
  gint64 due_us = 0;
  KobanDelta delta = {
    .account = account,
    .connection = account == NULL ? subject : NULL,
    .now_us = now_us,
    .utc_offset_minutes = offset_at (self->ledger, now_us),
    .covered_from = KOBAN_NO_DATE,
    .changes = changes,
  };
  g_autoptr(GPtrArray) alerts =
    koban_watch_judge (self->ledger->services, self->wariness, self->habits, &delta, &due_us);

  for (guint i = 0; self->alerts != NULL && i < alerts->len; i++)
    keep_alert (self, alerts->pdata[i]);
  return due_us;
}

/* Up to @until_us, the checks at which time alone was to be judged. */
static void
let_time_pass (History *self, const char *subject, gint64 until_us)
{
  const gint64 *due_us = g_hash_table_lookup (self->due, subject);
  g_autoptr(GPtrArray) nothing = koban_changes_new ();
  gint64 at_us = due_us != NULL ? *due_us : 0;

  while (at_us != 0 && at_us < until_us)
    {
      gint64 next_us = judge_at (self, subject, at_us, nothing);

      at_us = next_us > at_us ? next_us : 0;
    }
}

static void
fold_listing (History *self, const Event *first, guint count)
{
  g_autoptr(GPtrArray) changes = g_ptr_array_sized_new (count);
  gint64 due_us;

  let_time_pass (self, first->subject, first->at_us);
  for (guint i = 0; i < count; i++)
    g_ptr_array_add (changes, first[i].change);
  due_us = judge_at (self, first->subject, first->at_us, changes);
  g_hash_table_insert (self->due, (gpointer) first->subject, g_memdup2 (&due_us, sizeof due_us));
}

static void
fold_all (History *self)
{
  const Event *events = (const Event *) (gpointer) self->events->data;
  guint count = self->events->len;

  for (guint i = 0, next; i < count; i = next)
    {
      for (next = i + 1; next < count && is_one_listing (&events[i], &events[next]);)
        next++;
      fold_listing (self, &events[i], next - i);
    }
}

gboolean
koban_history_fold (KobanLedger *self,
                    KobanHistory past,
                    KobanWariness wariness,
                    KobanHabits *habits,
                    GPtrArray *alerts,
                    GError **error)
{
  g_auto(History) history = {
    .ledger = self,
    .past = past,
    .wariness = wariness,
    .habits = habits,
    .alerts = alerts,
    .changes = koban_changes_new (),
    .events = g_array_new (FALSE, FALSE, sizeof (Event)),
    .accounts = g_hash_table_new_full (NULL, NULL, NULL, (GDestroyNotify) koban_account_unref),
    .beginnings = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .due = g_hash_table_new_full (NULL, NULL, NULL, g_free),
    .places = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
  };

  if (!read_all (&history, error))
    return FALSE;
  g_array_sort (history.events, compare_events);
  fold_all (&history);
  return TRUE;
}
