/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The token endpoint (RFC 6749 §3.2): a form with the client's proof in it, and what a good answer leaves in the
 * bundle. Used at the sign-in and, by the scheme, when a token is renewed.
 */
#pragma once

#include "bank/auth-scheme.h"

G_BEGIN_DECLS

#define KOBAN_OAUTH_REFRESH_TOKEN  "refresh_token"
/* The one before: never deleted before the newer one worked. */
#define KOBAN_OAUTH_REFRESH_BEFORE "refresh_token_before"
/* Seconds since 1970: when the access token was given, when it ends (absent: not said), when the consent ends. */
#define KOBAN_OAUTH_SINCE          "access_since"
#define KOBAN_OAUTH_EXPIRES        "access_expires"
#define KOBAN_OAUTH_CONSENT_ENDS   "consent_ends"

/* An access token is renewed no more often. */
#define KOBAN_OAUTH_SHORTEST_S 60

/* Where an endpoint is: as the profile says, or as discovery found; NULL if nobody says. (transfer full) */
char          *koban_oauth_find_endpoint (KobanAuth *auth, const KobanOAuthRule *rule, KobanEndpoint which);
/* Discovery found it. */
void           koban_oauth_keep_endpoint (KobanAuth *auth, KobanEndpoint which, const char *url);
/* As its metadata calls it: "token_endpoint". */
const char    *koban_oauth_endpoint_name (KobanEndpoint which);
/* Who must be the one that answers; (nullable) (transfer full). */
char          *koban_oauth_get_issuer    (KobanAuth *auth, const KobanOAuthRule *rule);
/* What the client's id is called in the bundle. */
const char    *koban_oauth_client_id     (const KobanOAuthRule *rule);

/* Pairs of a form: a name, and a template whose own text needs no escaping. */
GArray        *koban_oauth_pairs_new     (void);
void           koban_oauth_add_pair      (GArray *pairs, const char *name, const char *value);
/* @text is no template, and is escaped. */
void           koban_oauth_add_plain     (GArray *pairs, const char *name, const char *text);

/* A form to @which, with the client's proof. */
KobanOutgoing *koban_oauth_post          (KobanAuth *auth, const KobanOAuthRule *rule, KobanEndpoint which, GArray *pairs,
                                          GError **error);

/* What an answer of the token endpoint means. GONE: the grant is not good any more (invalid_grant, expired_token).
 * DENIED: the person said no. */
typedef enum
{
  KOBAN_GRANT_GIVEN,
  KOBAN_GRANT_PENDING,
  KOBAN_GRANT_SLOW_DOWN,
  KOBAN_GRANT_GONE,
  KOBAN_GRANT_DENIED,
  KOBAN_GRANT_REFUSED,
} KobanGrant;

/* Keeps what was given; sets @error for all that is neither given nor to be waited for. */
KobanGrant     koban_oauth_take_tokens   (KobanAuth *auth, const KobanHttpResponse *answer, GError **error);
/* Asks for a token for the client itself (RFC 6749 §4.4); @scope is (nullable). */
KobanOutgoing *koban_oauth_ask_client    (KobanAuth *auth, const KobanOAuthRule *rule, const char *scope, GError **error);
/* The token that the client was given for itself, under @name for now. */
gboolean       koban_oauth_take_client   (KobanAuth *auth, const KobanHttpResponse *answer, const char *name, GError **error);

/* A number among the kept ones; 0 if there is none. */
gint64         koban_oauth_get_number    (KobanAuth *auth, const char *name);
void           koban_oauth_keep_number   (KobanAuth *auth, const char *name, gint64 number);
/* Text for good, or for now. */
void           koban_oauth_keep_text     (KobanAuth *auth, const char *name, const char *text, gboolean once);

G_END_DECLS
