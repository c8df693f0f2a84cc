/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known: one SQLite file. Merging what the bank said, judging it and putting what must be
 * told into the outbox are one transaction (DESIGN §4.5). A KobanLedger is used from one thread
 * only; the agent has a writing one on the ledger thread and a read-only one on the reader thread.
 * All calls block. Lists cross as GVariant aa{sv} with the keys of DESIGN §5; times are x (µs UTC),
 * money is (xs), what is unknown is an absent key.
 */
#pragma once

#include <gio/gio.h>
#include <koban/alert.h>
#include <koban/services.h>
#include <koban/settings.h>
#include <koban/snapshot.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_LEDGER (koban_ledger_get_type ())
G_DECLARE_FINAL_TYPE (KobanLedger, koban_ledger, KOBAN, LEDGER, GObject)

/* @path NULL is a private ledger in memory. @services (unowned) outlives the ledger; NULL knows no service.
 * Errors: NEWER (untouched), CORRUPT, STORAGE. Created 0600. */
KobanLedger *koban_ledger_open          (const char *path, KobanServices *services, GError **error);
KobanLedger *koban_ledger_open_readonly (const char *path, GError **error);
/* What its judgements rest on from now on: @services (unowned) (nullable) outlives the ledger; @wariness is
 * NORMAL before. A read-only ledger needs it for koban_ledger_review(). */
void         koban_ledger_set_judge     (KobanLedger *self, KobanServices *services, KobanWariness wariness);
/* How long banks' rules give to claim, by currency: a{s(xx)}: shortest and longest days from the debit
 * (koban_deadlines_windows()). NULL, before: nothing is known. */
void         koban_ledger_set_claims    (KobanLedger *self, GVariant *windows);
/* Of the accounts of @connection, the shortest and the longest; 0: not known. */
gboolean     koban_ledger_get_claims    (KobanLedger *self, const char *connection, gint64 *shortest, gint64 *longest, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* For when nobody asks for a while: what may wait is done, and the memory that only makes the next question quicker given back. */
void         koban_ledger_rest          (KobanLedger *self);
/* PRAGMA quick_check; slow on a large file. CORRUPT names what is wrong. */
gboolean     koban_ledger_verify        (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Moves a damaged file aside ("koban.db.damaged-2026-11-22T…"), so that a new baseline can be made. */
gboolean     koban_ledger_set_aside     (const char *path, char **moved_to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole ledger as it is now, into @path, which may be an older copy: mode 0600, whole or not at all. It holds no secret. */
gboolean     koban_ledger_copy          (KobanLedger *self, const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Makes a copy fit to go on from: connections wait for a sign-in, the next whole listings are baselines again, and one
 * warning says since when nothing was told. CORRUPT, NEWER, STORAGE: it may not be used. */
gboolean     koban_ledger_prepare_restored (const char *path, KobanServices *services, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
#define      KOBAN_LEDGER_RESTORED ".restored"
/* If there is a prepared copy beside @path, it is the ledger from now on, and the old one "….before-restore". Before any
 * ledger is open. */
gboolean     koban_ledger_adopt_restored (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What is lost without anybody's wish. It is told in one incident, and by one reason ("since" x: what happened since is
 * quiet, and in the review). */
#define      KOBAN_LEDGER_INCIDENT "freshness:ledger:set_aside"
#define      KOBAN_LEDGER_RECOVERED "recovered"
#define      KOBAN_LEDGER_WEEKLY ".weekly"
/* Where no file is at @path any more, and a good weekly copy is beside it: goes on from that. Whether it does. */
gboolean     koban_ledger_recover       (const char *path, KobanServices *services, gint64 now_us);
/* A file that went from under an open ledger: koban_ledger_copy() to @path WHOLE, close it, and this puts the copy in its
 * place. A stranger that took the place is set aside. */
#define      KOBAN_LEDGER_WHOLE ".whole"
gboolean     koban_ledger_put_back      (const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Remembers beside the file how far its journal goes, so that … */
void         koban_ledger_keep_head     (KobanLedger *self, const char *path);
/* … an older state in its place is known as one: @older then goes on as a recovered one does. */
gboolean     koban_ledger_catch_up      (KobanLedger *self, const char *path, gint64 now_us, gboolean *older, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether it never knew a connection. */
gboolean     koban_ledger_is_new        (KobanLedger *self, gboolean *is_new, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- connections ------------------------------------------------------------------------ */

typedef enum
{
  KOBAN_CONNECTION_OK, KOBAN_CONNECTION_WAITING, KOBAN_CONNECTION_LOCKED, KOBAN_CONNECTION_SIGN_IN,
  KOBAN_CONNECTION_OFFLINE, KOBAN_CONNECTION_STALE, KOBAN_CONNECTION_SHARED, KOBAN_CONNECTION_ERROR,
} KobanConnectionState;
const char *koban_connection_state_name (KobanConnectionState state);

typedef struct
{
  char       *id;            /* "c1" */
  char       *provider;
  char       *name;
  char       *secret_id;     /* of the keyring item */
  char       *base_url;      /* (nullable) */
  GBytes     *ca_pem;        /* (nullable) */
  char      **fields;        /* (nullable): name, value, …, NULL */
  char      **hosts;         /* shown to the person at `add` */
  char       *profile_digest;
  KobanConnectionState state;
  char       *message;       /* (nullable) */
  gint64      last_check_us; /* last good one; 0: never */
  gint64      next_check_us; /* wall time; survives restart */
  guint       failures;      /* in a row, for back-off */
  gint64      not_before_us; /* the bank asks for patience until then, whoever calls; 0: it does not */
} KobanConnection;
#define KOBAN_TYPE_CONNECTION (koban_connection_get_type ())
GType            koban_connection_get_type (void);
KobanConnection *koban_connection_copy (const KobanConnection *self);
void             koban_connection_free (KobanConnection *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanConnection, koban_connection_free)

/* Sets @connection->id. Fails with AMBIGUOUS if the name is taken. Journalled. */
gboolean   koban_ledger_add_connection    (KobanLedger *self, KobanConnection *connection, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* History stays unless @purge. Journalled. */
gboolean   koban_ledger_remove_connection (KobanLedger *self, const char *id, gboolean purge, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
GPtrArray *koban_ledger_get_connections   (KobanLedger *self, GError **error);                       /* (element-type KobanConnection), live ones */
/* By id or unique name: NOT_FOUND, AMBIGUOUS. */
KobanConnection *koban_ledger_get_connection (KobanLedger *self, const char *id_or_name, GError **error);
/* Writes state, message, last_check_us, next_check_us, failures, not_before_us. */
gboolean   koban_ledger_update_connection (KobanLedger *self, const KobanConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Writes what the person or Koban set for it: its fields. */
gboolean   koban_ledger_set_fields        (KobanLedger *self, const KobanConnection *connection, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Writes how it signs in: secret_id, base_url, ca_pem, fields, hosts, profile_digest; its state begins anew. Journalled. */
gboolean   koban_ledger_renew_connection  (KobanLedger *self, const KobanConnection *connection, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The accounts that it shows (element-type KobanAccount), with our ids. */
GPtrArray *koban_ledger_get_accounts      (KobanLedger *self, const char *connection, GError **error);

/* Whether the access that Koban itself uses is known to have ended: by its date, or because it was revoked. */
gboolean   koban_ledger_get_access_ended  (KobanLedger *self, const char *connection, gint64 now_us, gboolean *ended,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* When that access ends, after @now_us: the last of those in force, for signing in again makes another. 0: not known. */
gboolean   koban_ledger_get_access_end    (KobanLedger *self, const char *connection, gint64 now_us, gint64 *ends_us,
                                           GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Spends one request of the rolling 24 h before it is sent. @by_person may use the third that is kept for it. BUDGET if
 * none is left; @next_us (optional) says when one will be. */
gboolean   koban_ledger_spend_request     (KobanLedger *self, const char *connection, guint budget, gboolean by_person,
                                           gint64 now_us, gint64 *next_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- one check -------------------------------------------------------------------------- */

/* Identity → gint64 * µs up to which transactions are covered, for KobanSessionOptions. (transfer full) */
GHashTable *koban_ledger_get_covered_to (KobanLedger *self, const char *connection, GError **error);

/* How far each list of changes was read, by the name that its snapshots give it. (transfer full) (element-type utf8
 * KobanCursor) */
GHashTable *koban_ledger_get_cursors (KobanLedger *self, const char *connection, GError **error);

typedef struct
{
  guint opened;     /* alerts opened */
  guint raised;     /* alerts that rose in severity */
  guint changes;    /* lines and links that were new or changed */
  guint failed;     /* snapshots without rows */
} KobanMergeResult;

/* One listing: merge → delta → watch → journal and outbox, and how far it was read, in one transaction. Idempotent. @result (optional) is
 * added to. A FAILED snapshot is remembered for coverage and freshness. */
gboolean koban_ledger_merge (KobanLedger *self, const char *connection, KobanSnapshot *snapshot, int utc_offset_minutes,
                             KobanMergeResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Ends a check: time alone may open an alert (balance without a line, stale). @due_us (optional): ask again then. */
gboolean koban_ledger_finish_check (KobanLedger *self, const char *connection, gint64 now_us, int utc_offset_minutes,
                                    KobanMergeResult *result, gint64 *due_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- alerts, answers, outbox ------------------------------------------------------------ */

/* An alert that is not of watch/: freshness (locked, sign-in, budget, stale). Same key and kind grows the open one. */
gboolean koban_ledger_raise (KobanLedger *self, const KobanAlert *alert, gint64 now_us, KobanMergeResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Whether an alert with this incident key was ever raised. */
gboolean koban_ledger_was_raised (KobanLedger *self, const char *incident_key, gboolean *was, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Closes open freshness alerts with this incident key: what they told of is over. */
gboolean koban_ledger_settle (KobanLedger *self, const char *incident_key, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Once a month that Koban watches, and to how many @places off this device it sends: opened if it is due, closed some
 * days later. @next_us: when there is something to do again, 0 while nothing is watched. @result is added to. */
gboolean koban_ledger_announce (KobanLedger *self, guint places, gint64 now_us, gint64 *next_us, KobanMergeResult *result, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @id is an alert, an incident, a link or a line (then its payee is meant; not theirs, it becomes an answered incident). NONE
 * undoes. Teaches the habits; never revokes. Journalled. */
gboolean koban_ledger_answer (KobanLedger *self, const char *id, KobanAnswer answer, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Many incidents at once are told as one: those of one check, if they are more than a few (a storm); those that happened
 * while Koban could not look, never a critical one (a gap); and those that quiet hours held back (a digest). */
typedef enum { KOBAN_BUNDLE_NONE, KOBAN_BUNDLE_STORM, KOBAN_BUNDLE_GAP, KOBAN_BUNDLE_DIGEST } KobanBundle;

/* One thing to send: an incident or a bundle of them on a channel. It stays until marked. */
typedef struct
{
  gint64     id;            /* below zero: of a bundle */
  GArray    *rows;          /* what it stands for in the outbox (element-type gint64) */
  char      *message_id;    /* for the receiver: the same whenever the same is sent again, and nothing else's */
  char      *incident;      /* "i2" */
  char      *code;          /* short code of the incident: "K-7F3A-9Q2M" */
  char      *channel;       /* "desktop" */
  GPtrArray *alerts;        /* of the incident, worst first (element-type KobanAlert) */
  char      *account_name;  /* (nullable) */
  gboolean   silent;        /* an update that must not call for attention */
  gboolean   again;         /* a reminder: loud, though nothing is worse */
  gboolean   unsaid;        /* there is nothing to say of it here: it is only to be marked */
  gboolean   passing;       /* it is over when it is told: nothing takes it back */
  guint      attempts;
  gint64     due_us;
  gint64     opened_us;     /* of the oldest incident in it */
  KobanOwnership ownership; /* of the account */
  KobanBundle bundle;       /* else @alerts are of several incidents, and @incident is a name of its own: "storm-28753920" */
  guint      incidents;     /* how many of them are open */
} KobanDelivery;
void       koban_delivery_free (KobanDelivery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanDelivery, koban_delivery_free)

/* The exact words that a channel took. */
typedef struct
{
  const char *id;      /* (nullable): the receiver's: KobanDelivery.message_id */
  const char *channel;
  const char *code;
  const char *purpose; /* KOBAN_SAID_… */
  const char *summary;
  const char *body;    /* (nullable): NULL: nothing was said that was not said before, so the journal does not hear of it */
} KobanSaid;
#define KOBAN_SAID_ALERT "alert"
#define KOBAN_SAID_TEST  "test"
#define KOBAN_SAID_WATCH "watch"

/* Due ones of all channels, to be looked at; @next_us of those that wait, 0 none. */
GPtrArray *koban_ledger_get_outbox    (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error);
/* Hands out those of one channel; @impatient also those whose time to be tried again is still to come. */
GPtrArray *koban_ledger_take_outbox   (KobanLedger *self, const char *channel, gboolean impatient, gint64 now_us,
                                       gint64 *next_us, GError **error);
/* When the next one of @channel (nullable: of any) is due after @now_us; 0: none waits. */
gboolean   koban_ledger_next_due      (KobanLedger *self, const char *channel, gint64 now_us, gint64 *next_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* What is due in the quiet hours that @now_us is in waits for their end, but for what is critical, silent or lowers protection. */
gboolean   koban_ledger_hold          (KobanLedger *self, const KobanQuiet *quiet, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* @said (nullable): nothing was said. Journalled: kind "sent". Plans what is told again. */
gboolean   koban_ledger_mark_sent     (KobanLedger *self, const KobanDelivery *delivery, const KobanSaid *said, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Counts against the channel: one that takes nothing for some minutes is told on the others. */
gboolean   koban_ledger_mark_unsent   (KobanLedger *self, const KobanDelivery *delivery, gint64 now_us, gint64 retry_us, const char *why, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Open, already notified incidents, to be shown again in silence after a restart of agent or server. */
GPtrArray *koban_ledger_get_open_deliveries (KobanLedger *self, const char *channel, GError **error);

/* Every message that was sent under a code, aa{sv}, floating, oldest first: sent x, channel s, code s, id s, purpose s,
 * summary s, body s, result s. @typed as people type it. INVALID: no code can look so; NOT_FOUND: none was ever sent. */
GVariant  *koban_ledger_verify_code   (KobanLedger *self, const char *typed, GError **error);

/* --- channels --------------------------------------------------------------------------- */

typedef struct
{
  const char      *name;   /* "desktop", "phone" */
  KobanChannelKind kind;
  KobanDetail      detail;
  const char      *mark;   /* (nullable): no secret; changes when it leads elsewhere, which has to be proved anew */
} KobanRoute;

/* Which ways to the person there are, in the order in which they are tried. What changes is journalled and told on the
 * others; what waits for one that is gone is forgotten. */
gboolean   koban_ledger_set_routes    (KobanLedger *self, const KobanRoute *routes, gsize n_routes, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* aa{sv}, floating: name s, kind s, detail s, state s (ok, failing, dead, untried), last_good x, failing_since x,
 * last_error s, confirmed x. */
GVariant  *koban_ledger_get_channels  (KobanLedger *self, GError **error);
/* The code of a test that is about to be sent. (transfer full) NOT_FOUND. */
char      *koban_ledger_begin_test    (KobanLedger *self, const char *channel, gint64 now_us, GError **error);
/* The person read @typed on it. INVALID: that is not the code that was sent last. */
gboolean   koban_ledger_confirm       (KobanLedger *self, const char *channel, const char *typed, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* That Koban watches, told now and then to one channel. */
typedef struct
{
  char    *channel;
  gint64   every_us;
  gint64   delay_us; /* 0: not a message that waits */
  gboolean due;      /* out */
  gboolean fresh;    /* out: a code that was not sent before */
  char    *code;     /* out (transfer full) */
} KobanWatching;
/* Also asks, once, for a proof that is older than ninety days. */
gboolean   koban_ledger_begin_watch   (KobanLedger *self, KobanWatching *watching, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A test or a watch was taken, or not. */
gboolean   koban_ledger_mark_said     (KobanLedger *self, const KobanSaid *said, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   koban_ledger_mark_unsaid   (KobanLedger *self, const char *channel, const char *why, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* What lowers protection (DESIGN §4.15), done at the machine: journalled, and told on all other channels. */
#define    KOBAN_ACT_ANSWERED_MINE      "answered_mine"
#define    KOBAN_ACT_REVOKED            "revoked"
#define    KOBAN_ACT_CONNECTION_REMOVED "connection_removed"
#define    KOBAN_ACT_MUTED              "muted"
#define    KOBAN_ACT_CHANNEL_ADDED      "channel_added"
#define    KOBAN_ACT_CHANNEL_CHANGED    "channel_changed"
#define    KOBAN_ACT_CHANNEL_REMOVED    "channel_removed"
#define    KOBAN_ACT_DETAIL_RAISED      "detail_raised"
#define    KOBAN_ACT_SETTING_LOWERED    "setting_lowered"
/* @about: an id of ours or a channel's name. */
gboolean   koban_ledger_tell_protection (KobanLedger *self, const char *act, const char *about, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- journal ---------------------------------------------------------------------------- */

/* A line in the journal: what happened, when. @payload a{sv}. */
gboolean   koban_ledger_journal       (KobanLedger *self, const char *kind, GVariant *payload, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Seals the whole journal again. a{sv}, floating: "intact" b, "entries" x, "erased" x, "head" s (hex), "first" x and
 * "last" x (times), "erasures" aa{sv} (entries s, at x); unless intact "broken" x (the first entry that does not hold) and
 * "why" s: seal, payload, missing (a number is left out), erased (and no purge says so). @options a{sv} (nullable):
 * "head" s: "known" x says when an entry had this hash; "file" s: "exported" x says when a file of this SHA-256 was
 * written. Entries cut off the end leave no trace in the chain itself: a head known elsewhere shows it. */
GVariant  *koban_ledger_verify_journal (KobanLedger *self, GVariant *options, GError **error);

/* --- the case ---------------------------------------------------------------------------- */

/* What the person did about an incident. @note a{sv}: "to" s (bank, wallet, police, other), "at" x (not after @now_us),
 * "who" s, "ref" s, "text" s, "repaid" s (id of a credit that the person says pays back). Journalled; NOT_FOUND, INVALID. */
gboolean   koban_ledger_note        (KobanLedger *self, const char *incident, GVariant *note, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* A file with the incident's dossier was written; @sha256 is of the whole file, hex. Journalled. */
gboolean   koban_ledger_note_export (KobanLedger *self, const char *incident, const char *sha256, const char *format,
                                     gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Incidents in which money left and that were not answered as the person's own, for koban/deadlines.h. aa{sv}, floating:
 * incident s, code s, account s, first s and last s (days of the debits), noticed x, answer s, services as (names in the
 * directory), banks as (providers and names of connections), types as (koban_transaction_type_name), total (xs), repaid (xs), notes aa{sv} (as koban_ledger_note()). */
GVariant  *koban_ledger_list_claims (KobanLedger *self, GError **error);

/* All that is known of an incident, a{sv}, floating: the keys of a claim and: opened x, alerts aa{sv}, account a{sv},
 * full_number s (only if @full_number), connection a{sv}, events aa{sv} (as TRANSACTIONS, oldest first, and bank_id s,
 * pending_id s, type s, counterparty s, mandate s, balance_before (xs), balance_counted x: the balance is counted back
 * from one heard then, unseen x: when it was last not there), links aa{sv} (as LINKS, and bank_id s, unseen x),
 * deliveries aa{sv} (channel s, queued x, sent x, attempts x, why s), payees aa{sv} (name s, service s, earlier x debits,
 * first_earlier s), history_from s, history_days x and history_covered x (before the first event), balances a(xxxs)
 * (heard, until, booked), credits aa{sv} (id s, date s, amount (xs), text s, reverses s: a debit's id or "total"),
 * journal aa{sv} (number x, at x, kind s, payload a{sv}, sealed s, salt s), chain a(xxsss) (number, at, kind, hash of the
 * payload, hash), integrity a{sv} (as koban_ledger_verify_journal()). */
GVariant  *koban_ledger_get_case    (KobanLedger *self, const char *incident, gboolean full_number, GError **error);

/* The numbers that the person copied from card or passbook: aa{sv}, floating: account s, phone s, set x. */
GVariant  *koban_ledger_list_cards  (KobanLedger *self, GError **error);
gboolean   koban_ledger_set_card    (KobanLedger *self, const char *account, const char *phone, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT; /* "" forgets it */

/* --- lists ------------------------------------------------------------------------------ */

typedef enum
{
  KOBAN_LIST_CONNECTIONS, KOBAN_LIST_ACCOUNTS, KOBAN_LIST_TRANSACTIONS, KOBAN_LIST_LINKS, KOBAN_LIST_ALERTS,
} KobanList;

/* aa{sv}. @filter a{sv} (nullable): "id" s, "connection" s, "account" s (id or unique name), "since" x, "all" b,
 * "incident" s. Floating. */
GVariant  *koban_ledger_list (KobanLedger *self, KobanList list, GVariant *filter, GError **error);

/* The past, judged by the same detectors as if it had been watched; writes nothing. a{sv}, floating:
 * "payees" aa{sv}: everyone who ever took money: name, service, account, first s, last s, count x, total (xs), ref s (its last line), answer s;
 * "links" aa{sv}: as LINKS, all of them; "odd" aa{sv}: as ALERTS, without id, incident and state, worst first;
 * "questions" aa{sv}: those of it worth asking about, worst first, at most sixty: "id" s (what to answer), "why" s (odd,
 * link, wallet, direct_debit, transfer), severity s, and what is known as above;
 * "days" x: of history that was judged; "settings" a{sv}: quiet x, normal x, wary x: alerts that each would have raised
 * in a year like this, absent below 30 days. @filter a{sv} (nullable): "since" x. */
GVariant  *koban_ledger_review (KobanLedger *self, GVariant *filter, GError **error);
/* After the first check of a connection that brought history: one notice that offers the review, a warning if it holds a
 * critical hit that can still be claimed by the rules of koban_ledger_set_claims(), or may be, where none is known.
 * Settled by key "review". */
#define    KOBAN_REVIEW_KEY "review"
gboolean   koban_ledger_offer_review (KobanLedger *self, const char *connection, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A link with its account and connection, for revoking. NOT_FOUND, AMBIGUOUS. @account (transfer full) (nullable). */
KobanLink *koban_ledger_get_link (KobanLedger *self, const char *id_or_name, char **connection, KobanAccount **account, GError **error);
/* The bank's id of one of ours ("t5", "l1"), for replay. (transfer full) (nullable) */
char      *koban_ledger_get_remote_id (KobanLedger *self, const char *id);

/* account set A watch=… ownership=… */
gboolean   koban_ledger_set_account (KobanLedger *self, const char *id_or_name, const KobanWatchMode *watch,
                                     const KobanOwnership *ownership, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
