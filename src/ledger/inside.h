/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the ledger share: the object, and the verbs that run inside somebody's
 * transaction. None of them begins or ends one.
 */
#pragma once

#include <koban/ledger.h>
#include "ledger/store.h"
#include "watch/watch.h"

G_BEGIN_DECLS

struct _KobanLedger
{
  GObject        parent_instance;

  KobanStore    *store;      /* (owned) */
  KobanServices *services;   /* (unowned) (nullable): outlives us */
  KobanHabits   *habits;     /* (owned) (nullable): a reader has none; equal to the table between transactions */
  GHashTable    *in_flight;  /* (owned): ids of outbox rows handed out and not yet marked → the bundle they went in, 0: none */
  GThread       *thread;     /* (unowned): the only one that may call */
  KobanWariness  wariness;
  int            utc_offset_minutes; /* of the last merge */
  gboolean       knows_offset;       /* there was one; else the computer's own zone is meant */
};

/* --- ledger.c: transactions --- */
gboolean koban_ledger_begin  (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Commits if @good, else takes all back, habits too. Returns whether what was done is now true. */
gboolean koban_ledger_end    (KobanLedger *self, gboolean good, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void     koban_ledger_assert_thread (KobanLedger *self);

/* --- rows.c: values in and out of rows --- */
char      *koban_row_id       (char letter, gint64 id);                     /* NULL for 0 */
gboolean   koban_row_parse_id (const char *text, char letter, gint64 *id);
char      *koban_row_words    (const char *const *words);                   /* NULL for NULL */
char     **koban_row_get_words (const char *text);
char      *koban_row_variant  (GVariant *value);
GVariant  *koban_row_get_variant (const char *text, const char *type);      /* (transfer full) (nullable) */
const char *koban_row_service (KobanLedger *self, const char *name, const char *other); /* (nullable) */

typedef struct
{
  gint64            id;
  KobanTransaction *line;  /* (owned) */
  guint             misses;
  gint64            missing_since_us;
} KobanLineRow;
#define KOBAN_LINE_COLUMNS \
  "id, bank_id, pending_id, state, type, amount, currency, date, time_us, text, payee, counterparty_id, mandate_ref, " \
  "balance_after, balance_currency, first_seen_us, misses, missing_since_us"
void       koban_line_row_read   (KobanQuery *query, KobanLineRow *row);
void       koban_line_row_clear  (gpointer row);
KobanTransaction *koban_line_load (KobanLedger *self, gint64 id, gint64 *account, GError **error);
/* @line without id and first_seen_us. (transfer full): the same with both. */
KobanTransaction *koban_line_insert (KobanLedger *self, gint64 account, const KobanTransaction *line, gint64 now_us, GError **error);
gboolean   koban_line_update     (KobanLedger *self, gint64 id, const KobanTransaction *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   koban_line_set_misses (KobanLedger *self, gint64 id, guint misses, gint64 since_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

typedef struct
{
  gint64      id, connection, account;
  KobanLink  *link;  /* (owned) */
  KobanAnswer answer;
  guint       misses;
  gint64      missing_since_us;
} KobanLinkRow;
#define KOBAN_LINK_COLUMNS \
  "id, connection, account, remote_id, kind, name, collector, reference, provenance, own, status, limit_minor, " \
  "limit_currency, scope, created_us, expires_us, revocation, answer, misses, missing_since_us"
void       koban_link_row_read   (KobanQuery *query, KobanLinkRow *row);
void       koban_link_row_clear  (gpointer row);
gboolean   koban_link_load       (KobanLedger *self, gint64 id, KobanLinkRow *row, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* NOT_FOUND */
KobanLink *koban_link_insert     (KobanLedger *self, gint64 connection, gint64 account, const KobanLink *link, gint64 now_us, GError **error);
gboolean   koban_link_update     (KobanLedger *self, gint64 id, gint64 connection, const KobanLink *link, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   koban_link_set_misses (KobanLedger *self, gint64 id, guint misses, gint64 since_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- derive.c: links that only their debits show --- */
GPtrArray *koban_derive_links    (KobanServices *services, GPtrArray *lines); /* (transfer full) (element-type KobanLink); @services is (nullable) */

/* --- connections.c: connections and accounts --- */
gint64        koban_connection_find (KobanLedger *self, const char *id_or_name, GError **error); /* 0: NOT_FOUND, AMBIGUOUS */
gint64        koban_account_find    (KobanLedger *self, const char *id_or_name, GError **error);
/* Remembers @account as @connection shows it. (transfer full): the same with our id, and with what the person set. */
KobanAccount *koban_account_remember (KobanLedger *self, gint64 connection, const KobanAccount *account, gint64 now_us,
                                      gint64 *id, GError **error);
char         *koban_account_gone_key (gint64 id);                                        /* of the alert that it is no longer shown */
KobanAccount *koban_account_load    (KobanLedger *self, gint64 id, gint64 connection, GError **error); /* @connection 0: any */
GArray       *koban_account_ids     (KobanLedger *self, gint64 connection, GError **error);            /* (element-type gint64) */

/* --- coverage.c --- */
/* When this kind was last heard well before, and whether the first whole listing is still to come. */
gboolean koban_coverage_before (KobanLedger *self, gint64 connection, gint64 account, KobanListing kind, gint64 *last_good_us, gboolean *baseline, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The kinds of links (1 << KobanLinkKind) whose first whole listing is still to come, although others had theirs. */
gboolean koban_coverage_late_links (KobanLedger *self, gint64 connection, gint64 account, guint *kinds, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* How far the list of changes was read that @s ends. */
gboolean   koban_coverage_keep_cursor (KobanLedger *self, gint64 connection, const KobanSnapshot *s, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean koban_coverage_note   (KobanLedger *self, gint64 connection, gint64 account, const KobanSnapshot *snapshot, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The first day of the account's transactions that was seen without a hole up to now; KOBAN_NO_DATE: none. */
gboolean koban_coverage_from   (KobanLedger *self, gint64 account, KobanDate *date, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same of the first interval, whatever holes come after it. */
gboolean koban_coverage_begin  (KobanLedger *self, gint64 account, KobanDate *date, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean koban_coverage_append (KobanLedger *self, gint64 account, GVariantDict *sees, GVariantDict *coverage, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- alerts.c --- */
#define KOBAN_ALERT_COLUMNS \
  "id, incident, account, connection, kind, severity, state, opened_us, updated_us, ref, refs, subject, service, " \
  "reasons, total, total_currency, answer"
KobanAlert *koban_alert_row_read (KobanQuery *query);
/* Opens or grows; journal and outbox with it. */
gboolean    koban_alert_put      (KobanLedger *self, const KobanAlert *alert, gint64 now_us, KobanMergeResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Judges @changes of @account (0: of the connection) and puts what comes of it. */
gboolean    koban_alerts_judge   (KobanLedger *self, gint64 connection, gint64 account, KobanAccount *value, GPtrArray *changes,
                                  gint64 now_us, KobanMergeResult *result, gint64 *due_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lets the habits hear @changes and tells nobody. */
gboolean    koban_alerts_teach   (KobanLedger *self, gint64 connection, gint64 account, GPtrArray *changes, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* All habits from nothing: everything as it was heard, in that order. Tells nobody. */
gboolean    koban_alerts_fold_again (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes open freshness alerts of this incident key, inside somebody's transaction. */
gboolean    koban_alerts_settle     (KobanLedger *self, const char *incident_key, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean    koban_alerts_close_of_connection (KobanLedger *self, gint64 connection, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- history.c --- */
typedef enum
{
  KOBAN_HISTORY_AS_HEARD,   /* what was history when it was heard teaches; the rest is judged */
  KOBAN_HISTORY_AS_WATCHED, /* as if Koban had watched from the first line on, after the first weeks */
} KobanHistory;
/* Shows everything known to the judgement once more, on @habits; @alerts (nullable) (element-type KobanAlert) takes
 * what comes of it, grown as it would have grown. Writes nothing. */
gboolean    koban_history_fold   (KobanLedger *self, KobanHistory past, KobanWariness wariness, KobanHabits *habits,
                                  GPtrArray *alerts, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- outbox.c --- */
gboolean koban_outbox_queue  (KobanLedger *self, gint64 incident, gboolean silent, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets what is unsent of incidents that have no open alert any more. */
gboolean koban_outbox_tidy   (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- journal.c --- */
/* Payload as koban_reason_new (), without the code: name, format, value, …, NULL. */
/* The payloads of revocations on @connection; their seals stay. */
gboolean koban_journal_forget_revoked (KobanLedger *self, const char *connection, GError **error);
gboolean koban_journal_note  (KobanLedger *self, gint64 now_us, GError **error, const char *kind, ...) G_GNUC_NULL_TERMINATED;

G_END_DECLS
