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
/* PRAGMA quick_check; slow on a large file. CORRUPT names what is wrong. */
gboolean     koban_ledger_verify        (KobanLedger *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Moves a damaged file aside ("koban.db.damaged-2026-11-22T…"), so that a new baseline can be made. */
gboolean     koban_ledger_set_aside     (const char *path, char **moved_to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

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
/* When the first of those of it that are in force ends, after @now_us; 0: none is known to. */
gboolean   koban_ledger_get_next_end      (KobanLedger *self, const char *connection, gint64 now_us, gint64 *ends_us,
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
/* Closes open freshness alerts with this incident key: what they told of is over. */
gboolean koban_ledger_settle (KobanLedger *self, const char *incident_key, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @id is an alert, an incident or a link. NONE undoes. Teaches the habits; never revokes. Journalled. */
gboolean koban_ledger_answer (KobanLedger *self, const char *id, KobanAnswer answer, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Many incidents at once are told as one: those of one check beyond the first few, never a link (a storm); and those
 * that happened while Koban could not look, never a critical one (a gap). */
typedef enum { KOBAN_BUNDLE_NONE, KOBAN_BUNDLE_STORM, KOBAN_BUNDLE_GAP } KobanBundle;

/* One thing to send: an incident or a bundle of them on a channel. It stays until marked. */
typedef struct
{
  gint64     id;            /* below zero: of a bundle */
  char      *incident;      /* "i2" */
  char      *code;          /* short code of the incident: "K-7F3A-9Q2M" */
  char      *channel;       /* "desktop" */
  GPtrArray *alerts;        /* of the incident, worst first (element-type KobanAlert) */
  char      *account_name;  /* (nullable) */
  gboolean   silent;        /* an update that must not call for attention */
  guint      attempts;
  KobanOwnership ownership; /* of the account */
  KobanBundle bundle;       /* else @alerts are of several incidents, and @incident is a name of its own: "storm-28753920" */
  guint      incidents;     /* how many of them are open */
} KobanDelivery;
void       koban_delivery_free (KobanDelivery *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanDelivery, koban_delivery_free)

GPtrArray *koban_ledger_get_outbox    (KobanLedger *self, gint64 now_us, gint64 *next_us, GError **error); /* due ones; @next_us of those that wait, 0 none */
gboolean   koban_ledger_mark_sent     (KobanLedger *self, gint64 delivery, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   koban_ledger_mark_unsent   (KobanLedger *self, gint64 delivery, gint64 retry_us, const char *why, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Open, already notified incidents, to be shown again in silence after a restart of agent or server. */
GPtrArray *koban_ledger_get_open_deliveries (KobanLedger *self, const char *channel, GError **error);

/* A line in the journal: what happened, when. @payload a{sv}. */
gboolean   koban_ledger_journal       (KobanLedger *self, const char *kind, GVariant *payload, gint64 now_us, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* --- lists ------------------------------------------------------------------------------ */

typedef enum
{
  KOBAN_LIST_CONNECTIONS, KOBAN_LIST_ACCOUNTS, KOBAN_LIST_TRANSACTIONS, KOBAN_LIST_LINKS, KOBAN_LIST_ALERTS,
} KobanList;

/* aa{sv}. @filter a{sv} (nullable): "id" s, "connection" s, "account" s (id or unique name), "since" x, "all" b,
 * "incident" s. Floating. */
GVariant  *koban_ledger_list (KobanLedger *self, KobanList list, GVariant *filter, GError **error);

/* The past, judged by the same detectors as if it had been watched; writes nothing. a{sv}, floating:
 * "payees" aa{sv}: everyone who ever took money: name, service, account, first s, last s, count x, total (xs);
 * "links" aa{sv}: as LINKS, all of them; "odd" aa{sv}: as ALERTS, without id, incident and state, worst first;
 * "days" x: of history that was judged; "settings" a{sv}: quiet x, normal x, wary x: alerts that each would have raised
 * in a year like this, absent below 30 days. @filter a{sv} (nullable): "since" x. */
GVariant  *koban_ledger_review (KobanLedger *self, GVariant *filter, GError **error);
/* After the first check of a connection that brought history: one notice that offers the review, a warning if it holds a
 * critical hit of the last thirteen months. Settled by key "review". */
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
