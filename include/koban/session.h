/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Profile + secret → snapshots; and revoking. A session is one check (or one revocation) at one
 * bank. It makes one request a step, so that whoever drives it can spend the budget first and
 * merge what was heard before the next: it decides nothing about when, retry or telling.
 */
#pragma once

#include <koban/http.h>
#include <koban/profile.h>
#include <koban/snapshot.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_SESSION (koban_session_get_type ())
G_DECLARE_FINAL_TYPE (KobanSession, koban_session, KOBAN, SESSION, GObject)

typedef struct
{
  KobanProfile      *profile;
  const char        *base_url;      /* (nullable): replaces scheme, host, port and base path of every URL of the profile */
  GBytes            *ca_pem;        /* (nullable) */
  const char *const *fields;        /* (nullable): name, value, …, NULL: needs that are not secret */
  KobanSecret       *secrets;       /* bundle */
  gint64             now_us;        /* wall time: what "heard" is stamped with */
  /* What the ledger already has, so that only news is asked for: identity of the account → gint64 * (µs UTC)
   * up to which transactions are covered. NULL or absent: the profile's whole history. */
  GHashTable        *covered_to;    /* (nullable) (element-type utf8 gint64*) */
  GHashTable        *cursors;       /* (nullable) (element-type utf8 KobanCursor): as the ledger keeps them */
} KobanSessionOptions;

KobanSession *koban_session_new (KobanHttp *http, const KobanSessionOptions *options, GError **error);


/* TRUE while there is a request to make. */
gboolean      koban_session_has_next (KobanSession *self);

/* Makes exactly one request. */
void          koban_session_step_async  (KobanSession *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
/* Snapshots that this request completed (element-type KobanSnapshot), maybe none. A listing that
 * the bank refused (403) or that was malformed comes as a FAILED snapshot and the session goes on;
 * NULL with an error is for what ends the check: NEEDS_SIGN_IN, RATE_LIMITED (retry_after set),
 * OFFLINE, UNTRUSTED. (transfer full) */
GPtrArray    *koban_session_step_finish (KobanSession *self, GAsyncResult *result, GError **error);

/* Seconds the bank asked for with the last answer, or -1. */
gint64        koban_session_get_retry_after_s (KobanSession *self);

/* Whether the bank itself answered the last request, and refused the access with it: 401, 403, or “not found” where a
 * consent is asked about by its own address. */
gboolean      koban_session_is_refused (KobanSession *self);

/* Secrets that changed on the way (claimed, rotated): the whole new bundle to be stored before it is
 * used again, or NULL. (transfer full) (nullable) Asking takes it. */
KobanSecret  *koban_session_take_secrets (KobanSession *self);

/* Messages that the bank put inside a good answer (SimpleFIN errlist), cleaned. (transfer none) */
const char *const *koban_session_get_messages (KobanSession *self);

/* Revoking is a session of its own: after this the steps are the revocation call and then the listing
 * that proves it. @link needs remote_id and kind; @account is the one it hangs on (nullable). */
gboolean      koban_session_set_revoke (KobanSession *self, const KobanLink *link, KobanAccount *account,
                                        GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* A second factor that the bank wants before it revokes, and what the person is to do. APPROVAL: say yes in the bank's
 * app; PAGE: the same at @url; CHOICE: say the number of one of @choices; CODE: type the code that the bank sent. */
typedef enum { KOBAN_FACTOR_APPROVAL, KOBAN_FACTOR_PAGE, KOBAN_FACTOR_CHOICE, KOBAN_FACTOR_CODE } KobanFactorKind;

typedef struct
{
  KobanFactorKind    kind;
  const char        *text;    /* (nullable): what the bank says of it, cleaned */
  const char        *url;     /* (nullable): of a page: https, or of this computer */
  gboolean           known;   /* its host is one that the person was shown */
  const char *const *choices; /* (nullable): names, cleaned */
  const char        *problem; /* (nullable): why the last answer was none */
  gboolean           answered; /* by koban_session_answer_factor(); the others by a step after each @pause_s */
  guint              pause_s, within_s; /* within: after this, nobody is waited for */
} KobanFactor;

/* What is waited for, as long as it is; (nullable). Valid until the next step or answer. */
const KobanFactor *koban_session_get_factor    (KobanSession *self);
/* INVALID: it is none, and is asked for again. The next step sends it. */
gboolean           koban_session_answer_factor (KobanSession *self, KobanSecret *answer, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* How one call went, for `revoke`: the bank accepted it, or says there is nothing to revoke any more. */
typedef enum { KOBAN_REVOKE_PENDING, KOBAN_REVOKE_ACCEPTED, KOBAN_REVOKE_GONE } KobanRevokeResult;
KobanRevokeResult koban_session_get_revoke_result (KobanSession *self);

G_END_DECLS
