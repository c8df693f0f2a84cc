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
#include "bank/profile-oauth.h"

static gboolean
oauth_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
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
  KEY ("revoke", koban_read_text, endpoints[KOBAN_ENDPOINT_REVOKE]),
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
  .prove = oauth_prove,
};
