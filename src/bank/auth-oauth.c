/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The scheme “oauth”, while Koban watches: a token that a person's sign-in gave (oauth.c) is sent with every
 * request, and renewed by the refresh token before it ends, or once if the bank refuses it before. The person
 * is not there: what cannot be renewed waits for the next sign-in.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/oauth-token.h"
#include "bank/profile-oauth.h"

/* What happened in this session, in the fleeting bundle. */
#define REFUSED "access_refused"     /* the bank does not take the token, whatever its time */
#define RENEWED "access_renewed"     /* it is a new one */
#define LOST "refresh_lost"          /* an answer never came: asked once more */
#define BEFORE "refresh_from_before" /* the refresh token is not taken: the one before is tried */

#define MARGIN_S 30

static void
note (KobanAuth *auth, const char *what)
{
  koban_oauth_keep_text (auth, what, "1", FALSE);
}

/* — the client for itself — */

/* What its token in one scope is called: no need is called so, and a scope may hold what a name may not. */
static char *
client_token (const KobanAuth *auth)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, auth->as_client, -1);
  return g_strdup_printf ("client_token_%.16s", digest);
}

static gboolean
has_client_token (KobanAuth *auth)
{
  g_autofree char *name = client_token (auth);
  return koban_auth_has (auth, name);
}

static gboolean
prove_client (KobanAuth *auth, KobanOutgoing *outgoing, GError **error)
{
  g_autofree char *name = client_token (auth);
  g_autoptr(KobanSecret) token = koban_auth_lookup (auth, name, error);

  return token != NULL && koban_outgoing_add_bearer (outgoing, token, error);
}

/* — renewing — */

static gboolean
is_fresh (KobanAuth *auth)
{
  gint64 now_s = auth->now_us / KOBAN_SECOND_US;
  gint64 ends_s = koban_oauth_get_number (auth, KOBAN_OAUTH_EXPIRES);
  gint64 since_s = koban_oauth_get_number (auth, KOBAN_OAUTH_SINCE);

  if (koban_auth_has (auth, REFUSED) || !koban_auth_has (auth, KOBAN_OAUTH_ACCESS_TOKEN))
    return FALSE;
  return koban_auth_has (auth, RENEWED) || ends_s == 0 || now_s < ends_s - MARGIN_S ||
         (now_s >= since_s && now_s < since_s + KOBAN_OAUTH_SHORTEST_S);
}

static void
oauth_begin (KobanAuth *auth, const KobanProofRule *rule)
{
  for (char **field = rule->oauth.consent.fields; field != NULL && *field != NULL; field++)
    {
      g_autoptr(KobanSecret) value = koban_secret_bundle_lookup (auth->secrets, *field);
      if (value != NULL)
        g_hash_table_insert (auth->fields, g_strdup (*field), g_strdup (koban_secret_peek (value, NULL)));
    }
}

/* A consent has no token to be renewed; the client gets another for each session. */
static gboolean
oauth_wants_opening (KobanAuth *auth, const KobanProofRule *rule)
{
  if (auth->as_client != NULL)
    return !has_client_token (auth);
  return rule->oauth.flow != KOBAN_FLOW_CONSENT && !is_fresh (auth);
}

static KobanOutgoing *
oauth_open (KobanAuth *auth, const KobanProofRule *rule, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();
  gboolean from_before = koban_auth_has (auth, BEFORE);

  if (auth->as_client != NULL)
    return koban_oauth_ask_client (auth, &rule->oauth, auth->as_client, error);
  if (!koban_auth_has (auth, KOBAN_OAUTH_REFRESH_TOKEN))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                   _("the sign-in at %s has ended. Sign in again: koban add %s, with the same --name"),
                   auth->profile->name, auth->profile->id);
      return NULL;
    }
  koban_oauth_add_pair (pairs, "grant_type", "refresh_token");
  koban_oauth_add_pair (pairs, "refresh_token",
                        from_before ? "{" KOBAN_OAUTH_REFRESH_BEFORE "}" : "{" KOBAN_OAUTH_REFRESH_TOKEN "}");
  return koban_oauth_post (auth, &rule->oauth, KOBAN_ENDPOINT_TOKEN, pairs, error);
}

/* The token before this one may be the one that the bank still takes: its last answer was cut, or never
 * stored. */
static gboolean
try_the_one_before (KobanAuth *auth)
{
  if (koban_auth_has (auth, BEFORE) || !koban_auth_has (auth, KOBAN_OAUTH_REFRESH_BEFORE))
    return FALSE;
  note (auth, BEFORE);
  return TRUE;
}

static gboolean
client_opened (KobanAuth *auth, const KobanHttpResponse *answer, GError **error)
{
  g_autofree char *name = client_token (auth);
  return koban_oauth_take_client (auth, answer, name, error);
}

static gboolean
oauth_opened (KobanAuth *auth, const KobanProofRule *rule, const KobanHttpResponse *answer, GError **error)
{
  if (auth->as_client != NULL)
    return client_opened (auth, answer, error);
  g_autoptr(GError) refusal = NULL;
  KobanGrant grant = koban_oauth_take_tokens (auth, answer, &refusal);

  if (grant == KOBAN_GRANT_GIVEN)
    {
      koban_auth_keep (auth, REFUSED, NULL, FALSE);
      note (auth, RENEWED);
      return TRUE;
    }
  if (grant == KOBAN_GRANT_GONE && try_the_one_before (auth))
    return TRUE;
  if (refusal == NULL)
    g_set_error (&refusal, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("%s: the answer to the sign-in holds no token"), auth->profile->name);
  g_propagate_error (error, g_steal_pointer (&refusal));
  return FALSE;
}

static gboolean
oauth_lost (KobanAuth *auth, const KobanProofRule *rule)
{
  if (koban_auth_has (auth, LOST))
    return FALSE;
  note (auth, LOST);
  return TRUE;
}

/* One refresh a minute, and one a session: a bank that refuses a new token will refuse the next. */
static gboolean
oauth_refused (KobanAuth *auth, const KobanProofRule *rule)
{
  gint64 now_s = auth->now_us / KOBAN_SECOND_US;
  gint64 since_s = koban_oauth_get_number (auth, KOBAN_OAUTH_SINCE);

  if (auth->as_client != NULL || rule->oauth.flow == KOBAN_FLOW_CONSENT || koban_auth_has (auth, RENEWED) ||
      !koban_auth_has (auth, KOBAN_OAUTH_REFRESH_TOKEN) ||
      (now_s >= since_s && now_s < since_s + KOBAN_OAUTH_SHORTEST_S))
    return FALSE;
  note (auth, REFUSED);
  return TRUE;
}

/* — proving — */

static gboolean
oauth_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  if (auth->as_client != NULL)
    return prove_client (auth, outgoing, error);
  if (rule->headers->len > 0)
    return koban_auth_add_headers (auth, rule->headers, outgoing, error);
  g_autoptr(KobanSecret) token = koban_auth_lookup (auth, KOBAN_OAUTH_ACCESS_TOKEN, error);
  return token != NULL && koban_outgoing_add_bearer (outgoing, token, error);
}

static const char *const flow_words[] = { "code", "device", "consent", NULL };
static const char *const client_words[] = { "none", "secret-post", "secret-basic", "private-key-jwt",
                                            "tls",  NULL };
static const char *const discover_words[] = { "no", "oauth", "openid", NULL };

static const char *const algorithm_words[] = { "of-key", "RS256", "PS256", "ES256", NULL };

static const KobanKey oauth_keys[] = {
#define KEY(name, read, member)                                                                              \
  {                                                                                                          \
    name, read, G_STRUCT_OFFSET (KobanProofRule, oauth.member)                                               \
  }
  KOBAN_SCHEME_KEY,
  { "flow", koban_read_word, G_STRUCT_OFFSET (KobanProofRule, oauth.flow), TRUE, flow_words },
  { "client", koban_read_word, G_STRUCT_OFFSET (KobanProofRule, oauth.client), TRUE, client_words },
  { "discover", koban_read_word, G_STRUCT_OFFSET (KobanProofRule, oauth.discover), FALSE, discover_words },
  KEY ("issuer", koban_read_text, issuer),
  KEY ("authorize", koban_read_text, endpoints[KOBAN_ENDPOINT_AUTHORIZE]),
  KEY ("token", koban_read_text, endpoints[KOBAN_ENDPOINT_TOKEN]),
  KEY ("par", koban_read_text, endpoints[KOBAN_ENDPOINT_PAR]),
  KEY ("device", koban_read_text, endpoints[KOBAN_ENDPOINT_DEVICE]),
  KEY ("register", koban_read_text, endpoints[KOBAN_ENDPOINT_REGISTER]),
  KEY ("client_id", koban_read_need_name, client_id),
  KEY ("client_secret", koban_read_need_name, client_secret),
  KEY ("key", koban_read_need_name, key),
  KEY ("key_id", koban_read_need_name, key_id),
  KEY ("redirect", koban_read_need_name, redirect),
  { "algorithm", koban_read_word, G_STRUCT_OFFSET (KobanProofRule, oauth.algorithm), FALSE, algorithm_words },
  KEY ("audience", koban_read_text, audience),
  KEY ("scope", koban_read_text, scope),
  KEY ("send", koban_read_pairs, send),
  KEY ("claims", koban_read_body, claims),
  KEY ("sign", koban_read_bool, sign),
  KEY ("consent", koban_read_oauth_consent, consent),
  KEY ("approval", koban_read_text, approval),
  KEY ("consent_days", koban_read_uint, consent_days),
#undef KEY
  KOBAN_PROOF_KEY ("headers", koban_read_pairs, headers, FALSE),
};

const KobanScheme koban_scheme_oauth = {
  .name = "oauth",
  .keys = oauth_keys,
  .n_keys = G_N_ELEMENTS (oauth_keys),
  .begin = oauth_begin,
  .wants_opening = oauth_wants_opening,
  .open = oauth_open,
  .opened = oauth_opened,
  .refused = oauth_refused,
  .lost = oauth_lost,
  .prove = oauth_prove,
};
