/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the ledger share: the object, and the verbs that run inside somebody's
 * transaction. None of them begins or ends one.
 */
#pragma once

#include <koban/ledger.h>
#include "ledger/plan.h"
#include "ledger/store.h"
#include "watch/watch.h"

G_BEGIN_DECLS

struct _KobanLedger
{
  GObject        parent_instance;

  KobanStore    *store;      /* (owned) */
  KobanServices *services;   /* (unowned) (nullable): outlives us */
  KobanHabits   *habits;     /* (owned) (nullable): not read yet, or at rest; equal to the table between transactions */
  GHashTable    *in_flight;  /* (owned): ids of outbox rows handed out and not yet marked */
  GThread       *thread;     /* (unowned): the only one that may call */
  KobanWariness  wariness;
  GVariant      *claims;     /* (owned) (nullable): a{s(xx)}: days to claim by currency */
  int            utc_offset_minutes; /* of the last merge */
  gboolean       knows_offset;       /* there was one; else the computer's own zone is meant */
  gint64         head;       /* the last entry of the journal that is remembered beside the file; 0: none yet */
};

/* --- ledger.c: transactions --- */
gboolean koban_ledger_begin  (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Commits if @good, else takes all back, habits too. Returns whether what was done is now true. */
gboolean koban_ledger_end    (KobanLedger *self, gboolean good, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void     koban_ledger_assert_thread (KobanLedger *self);
/* (transfer none): from the table if they are not in memory; NULL: @error is set. */
KobanHabits *koban_ledger_habits (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What was learnt and not yet committed is gone with them. */
void     koban_ledger_drop_habits (KobanLedger *self);

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
/* @line without id and first_seen_us; @unseen_us: when the lines of its account were last heard before, 0: never.
 * (transfer full): the same with both. */
KobanTransaction *koban_line_insert (KobanLedger *self, gint64 account, const KobanTransaction *line, gint64 now_us,
                                     gint64 unseen_us, GError **error);
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

/* The same, about Koban itself: to every channel but @but, at once. */
gboolean    koban_alert_tell_others (KobanLedger *self, const KobanAlert *alert, const char *but, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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

/* --- payees.c: everyone who ever took money, grouped --- */
typedef struct
{
  char       *name;    /* (owned): as it stood last */
  char       *service; /* (owned) (nullable): its name */
  gboolean    wallet;  /* the service takes and keeps money */
  gint64      account;
  KobanDate   first, last;
  gint64      count;
  KobanMoney  total;   /* negative */
  gint64      line;    /* id of the last debit: answering it answers the payee */
  guint       types;   /* 1 << KobanTransactionType: how it was ever paid */
  KobanAnswer answer;  /* the latest that was given to one of its lines */
  gint64      answered_us;
} KobanPayeeSum;
/* Known services first, then who took most (element-type KobanPayeeSum). @of_line (nullable): which of them a line ("t5") is of. */
GPtrArray  *koban_payees_read  (KobanLedger *self, gint64 since_us, GHashTable *of_line, GError **error);

typedef struct
{
  GPtrArray  *refs;    /* (owned) (element-type utf8): all debits of one payee ("t5"), the latest first, and NULL */
  KobanMoney  total;   /* of them */
  gint64      account;
  char       *name, *service; /* (owned) (@service nullable) */
} KobanPayeeLines;
/* Of the payee of @line. NOT_FOUND. */
gboolean    koban_payees_lines (KobanLedger *self, gint64 line, KobanPayeeLines *lines, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void        koban_payee_lines_clear (KobanPayeeLines *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KobanPayeeLines, koban_payee_lines_clear)

/* --- questions.c --- */
/* What is worth asking about, worst first, at most sixty: "questions" of koban_ledger_review(), floating. @odd: alerts of
 * the past, worst first; @links: rows of the list; @payees and @of_line of koban_payees_read(). */
GVariant   *koban_questions_ask (GPtrArray *odd, GVariant *links, GPtrArray *payees, GHashTable *of_line);

/* --- outbox.c --- */
/* By the plan, for the severity that it has. A silent change goes only where it can be put right in place. */
gboolean koban_outbox_queue  (KobanLedger *self, gint64 incident, gboolean silent, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* To every channel but @but, at once. */
gboolean koban_outbox_queue_others (KobanLedger *self, gint64 incident, const char *but, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* An answer was taken back: it is told again when it would have been. */
gboolean koban_outbox_reopen (KobanLedger *self, gint64 incident, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A new channel hears of what is critical and open. */
gboolean koban_outbox_welcome (KobanLedger *self, const char *channel, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Forgets what is unsent of incidents that have no open alert any more. */
gboolean koban_outbox_tidy   (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- channels.c --- */
typedef struct
{
  char            *name;   /* (owned) */
  KobanChannelKind kind;
  KobanDetail      detail;
  char            *mark;   /* (owned) (nullable) */
  gboolean         dead;
  KobanWay         way;
  guint            nth;    /* of those of its way */
} KobanChannelRow;
#define KOBAN_CHANNEL_DEAD        "channel_dead"        /* reason codes, and parts of incident keys */
#define KOBAN_CHANNEL_UNCONFIRMED "channel_unconfirmed"
GArray  *koban_channels_read      (KobanLedger *self, GError **error); /* (element-type KobanChannelRow): never empty */
gboolean koban_channels_forget    (KobanLedger *self, const char *name, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean koban_channels_note_good (KobanLedger *self, const char *name, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean koban_channels_note_bad  (KobanLedger *self, const char *name, const char *why, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- protection.c --- */
#define KOBAN_PASSING        "said:"   /* how the key of an incident begins that is over when it is told */
#define KOBAN_AT_THE_MACHINE "desktop" /* the channel that whoever sits there sees */
gboolean koban_protection_tell (KobanLedger *self, const char *act, const char *about, const char *but, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- codes.c --- */
/* The @nth code that the journal's head, just written, has in it. (transfer full) */
char    *koban_code_from_head (KobanLedger *self, guint nth, GError **error);
/* "k7f3a 9q2m" is K-7F3A-9Q2M. (transfer full) (nullable): NULL: no code */
char    *koban_code_read      (const char *typed);
/* @key and @codes (nullable): ids of the incidents that it speaks of, and their codes, with ":" between them. */
gboolean koban_sent_note      (KobanLedger *self, const KobanSaid *said, const char *key, const char *codes, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- journal.c --- */
/* The hash of the last entry; zeros before the first. (transfer full) */
GBytes  *koban_journal_head  (KobanLedger *self, GError **error);
#define KOBAN_JOURNAL_ERASED   "erased"   /* entries s: numbers ("1-4 9") whose payloads a purge forgot */
#define KOBAN_JOURNAL_EXPORTED "exported" /* incident s, sha256 s, format s: a file was written for somebody */
#define KOBAN_JOURNAL_NOTE     "note"     /* incident s, to s, at x, [who s], [ref s], [text s], [repaid s] */
/* Payload as koban_reason_new (), without the code: name, format, value, …, NULL. Neither begins nor ends anything. */
gboolean koban_journal_note   (KobanLedger *self, gint64 now_us, GError **error, const char *kind, ...) G_GNUC_NULL_TERMINATED;
/* Forgets the payloads that speak of an id in @about (a set of texts), and says so in a new entry. */
gboolean koban_journal_forget (KobanLedger *self, GHashTable *about, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Entries that speak of an id in @about: aa{sv}: number x, at x, kind s, payload a{sv}, sealed s and salt s (hex). Floating. */
GVariant *koban_journal_read  (KobanLedger *self, GHashTable *about, GError **error);
/* Every entry without its words: a(xxsss): number, at, kind, hash of the payload, hash. Floating. */
GVariant *koban_journal_chain (KobanLedger *self, GError **error);

G_END_DECLS
