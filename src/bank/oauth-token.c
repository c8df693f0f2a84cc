/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The token endpoint. An answer is taken whole or not at all: nothing is kept of one that lacks its token,
 * and the refresh token that a new one replaces is kept beside it. Numbers of a bank are bounded before they
 * are believed.
 */
#include "config.h"

#include "bank/oauth-token.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/answer.h"
#include "bank/jws.h"
#include "bank/profile-oauth.h"
#include "wire/json-writer.h"

#define LONGEST_S (365 * 24 * 60 * 60)
#define ASSERTION_S 60

/* — places — */

static const struct
{
  const char *metadata; /* RFC 8414's name, and ours */
  gboolean once;        /* needed after the sign-in, too */
} endpoints[] = {
  [KOBAN_ENDPOINT_AUTHORIZE] = { "authorization_endpoint", FALSE },
  [KOBAN_ENDPOINT_TOKEN] = { "token_endpoint", TRUE },
  [KOBAN_ENDPOINT_PAR] = { "pushed_authorization_request_endpoint", FALSE },
  [KOBAN_ENDPOINT_DEVICE] = { "device_authorization_endpoint", FALSE },
  [KOBAN_ENDPOINT_REGISTER] = { "registration_endpoint", FALSE },
};

const char *
koban_oauth_endpoint_name (KobanEndpoint which)
{
  return endpoints[which].metadata;
}

static char *
place (KobanAuth *auth, const char *endpoint)
{
  return koban_oauth_rule_place (endpoint, auth->base_url,
                                 koban_hosts_is_typed (auth->hosts, auth->base_url));
}

char *
koban_oauth_get_issuer (KobanAuth *auth, const KobanOAuthRule *rule)
{
  return rule->issuer != NULL ? place (auth, rule->issuer) : NULL;
}

char *
koban_oauth_find_endpoint (KobanAuth *auth, const KobanOAuthRule *rule, KobanEndpoint which)
{
  if (rule->endpoints[which] != NULL)
    return place (auth, rule->endpoints[which]);
  if (!koban_auth_has (auth, endpoints[which].metadata))
    return NULL;
  g_autoptr(KobanSecret) found = koban_auth_lookup (auth, endpoints[which].metadata, NULL);
  return g_strdup (koban_secret_peek (found, NULL));
}

void
koban_oauth_keep_endpoint (KobanAuth *auth, KobanEndpoint which, const char *url)
{
  koban_oauth_keep_text (auth, endpoints[which].metadata, url, endpoints[which].once);
}

/* — what is kept — */

void
koban_oauth_keep_text (KobanAuth *auth, const char *name, const char *text, gboolean once)
{
  g_autoptr(KobanSecret) value = koban_secret_new (text, -1);
  koban_auth_keep (auth, name, value, once);
}

void
koban_oauth_keep_number (KobanAuth *auth, const char *name, gint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GINT64_FORMAT, number);
  koban_oauth_keep_text (auth, name, text, TRUE);
}

gint64
koban_oauth_get_number (KobanAuth *auth, const char *name)
{
  gint64 number = 0;
  g_autoptr(KobanSecret) value = koban_auth_has (auth, name) ? koban_auth_lookup (auth, name, NULL) : NULL;

  if (value == NULL || !g_ascii_string_to_signed (koban_secret_peek (value, NULL), 10, 0,
                                                  G_MAXINT64 / KOBAN_SECOND_US, &number, NULL))
    return 0;
  return number;
}

/* — the client's proof — */

const char *
koban_oauth_client_id (const KobanOAuthRule *rule)
{
  return rule->client_id != NULL ? rule->client_id : "client_id";
}

static const char *
client_secret (const KobanOAuthRule *rule)
{
  return rule->client_secret != NULL ? rule->client_secret : "client_secret";
}

static void
clear_pair (gpointer data)
{
  KobanPair *pair = data;

  g_free ((char *) pair->name);
  g_free ((char *) pair->value);
}

GArray *
koban_oauth_pairs_new (void)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (KobanPair));
  g_array_set_clear_func (pairs, clear_pair);
  return pairs;
}

void
koban_oauth_add_pair (GArray *pairs, const char *name, const char *value)
{
  KobanPair pair = { g_strdup (name), g_strdup (value) };
  g_array_append_val (pairs, pair);
}

void
koban_oauth_add_plain (GArray *pairs, const char *name, const char *text)
{
  g_autofree char *escaped = g_uri_escape_string (text, NULL, FALSE);
  koban_oauth_add_pair (pairs, name, escaped);
}

static void
add_named (GArray *pairs, const char *name, const char *kept)
{
  g_autofree char *template = g_strdup_printf ("{%s}", kept);
  koban_oauth_add_pair (pairs, name, template);
}

/* For whom an assertion is made (RFC 7523 §3). */
static char *
audience_of (KobanAuth *auth, const KobanOAuthRule *rule)
{
  if (rule->audience != NULL)
    return g_strdup (rule->audience);
  char *issuer = koban_oauth_get_issuer (auth, rule);
  return issuer != NULL ? issuer : koban_oauth_find_endpoint (auth, rule, KOBAN_ENDPOINT_TOKEN);
}

static char *
assertion_claims (KobanAuth *auth, const KobanOAuthRule *rule, KobanSecret *client)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autofree char *audience = audience_of (auth, rule);
  g_autofree char *id = g_uuid_string_random ();
  gint64 now_s = auth->now_us / KOBAN_SECOND_US;
  const char *const texts[] = {
    "iss", koban_secret_peek (client, NULL),
    "sub", koban_secret_peek (client, NULL),
    "aud", audience,
    "jti", id,
    NULL,
  };

  koban_json_writer_begin_object (writer);
  for (const char *const *text = texts; *text != NULL; text += 2)
    {
      koban_json_writer_name (writer, text[0]);
      koban_json_writer_string (writer, text[1]);
    }
  koban_json_writer_name (writer, "iat");
  koban_json_writer_int (writer, now_s);
  koban_json_writer_name (writer, "exp");
  koban_json_writer_int (writer, now_s + ASSERTION_S);
  koban_json_writer_end_object (writer);
  return koban_json_writer_finish (writer, FALSE);
}

static gboolean
add_assertion (KobanAuth *auth, const KobanOAuthRule *rule, GArray *pairs, GError **error)
{
  g_autoptr(KobanSecret) client = koban_auth_lookup (auth, koban_oauth_client_id (rule), error);
  g_autoptr(KobanSecret) key = client != NULL ? koban_auth_lookup (auth, rule->key, error) : NULL;
  g_autoptr(KobanSecret) key_id = rule->key_id != NULL && koban_auth_has (auth, rule->key_id)
                                     ? koban_auth_lookup (auth, rule->key_id, NULL)
                                     : NULL;

  if (key == NULL)
    return FALSE;
  g_autofree char *claims = assertion_claims (auth, rule, client);
  g_autoptr(KobanSecret) assertion = koban_jws_token (
    key, rule->algorithm, key_id != NULL ? koban_secret_peek (key_id, NULL) : NULL, claims, error);
  if (assertion == NULL)
    return FALSE;
  koban_auth_keep (auth, "client_assertion", assertion, FALSE);
  koban_oauth_add_pair (pairs, "client_assertion_type",
                        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  add_named (pairs, "client_assertion", "client_assertion");
  return TRUE;
}

static gboolean
add_basic (KobanAuth *auth, const KobanOAuthRule *rule, KobanOutgoing *outgoing, GError **error)
{
  g_autofree char *text = g_strdup_printf ("{%s}:{%s}", koban_oauth_client_id (rule), client_secret (rule));

  outgoing->basic = koban_auth_expand (auth, text, KOBAN_QUOTE_FORM, error);
  return outgoing->basic != NULL;
}

static gboolean
prove_client (KobanAuth *auth,
              const KobanOAuthRule *rule,
              GArray *pairs,
              KobanOutgoing *outgoing,
              GError **error)
{
  if (rule->client == KOBAN_CLIENT_SECRET_BASIC)
    return add_basic (auth, rule, outgoing, error);
  add_named (pairs, "client_id", koban_oauth_client_id (rule));
  if (rule->client == KOBAN_CLIENT_SECRET_POST)
    add_named (pairs, "client_secret", client_secret (rule));
  return rule->client != KOBAN_CLIENT_PRIVATE_KEY_JWT || add_assertion (auth, rule, pairs, error);
}

KobanOutgoing *
koban_oauth_post (KobanAuth *auth,
                  const KobanOAuthRule *rule,
                  KobanEndpoint which,
                  GArray *pairs,
                  GError **error)
{
  g_autofree char *url = koban_oauth_find_endpoint (auth, rule, which);

  if (url == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED, _("%s does not say where its “%s” is"),
                   auth->profile->name, endpoints[which].metadata);
      return NULL;
    }
  g_autoptr(KobanOutgoing) outgoing = koban_outgoing_new ("POST", url, "");
  outgoing->form = TRUE;
  if (!prove_client (auth, rule, pairs, outgoing, error))
    return NULL;
  outgoing->body = koban_auth_form (auth, pairs, error);
  return outgoing->body != NULL ? g_steal_pointer (&outgoing) : NULL;
}

KobanOutgoing *
koban_oauth_ask_client (KobanAuth *auth, const KobanOAuthRule *rule, const char *scope, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();

  koban_oauth_add_pair (pairs, "grant_type", "client_credentials");
  if (scope != NULL)
    koban_oauth_add_plain (pairs, "scope", scope);
  return koban_oauth_post (auth, rule, KOBAN_ENDPOINT_TOKEN, pairs, error);
}

/* — an answer — */

static const struct
{
  const char *word;
  KobanGrant grant;
} words[] = {
  { "authorization_pending", KOBAN_GRANT_PENDING },
  { "slow_down", KOBAN_GRANT_SLOW_DOWN },
  { "invalid_grant", KOBAN_GRANT_GONE },
  { "expired_token", KOBAN_GRANT_GONE },
  { "access_denied", KOBAN_GRANT_DENIED },
};

static KobanGrant
grant_of (const char *word)
{
  for (gsize i = 0; word != NULL && i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (words[i].word, word))
      return words[i].grant;
  return KOBAN_GRANT_REFUSED;
}

static KobanJson *
read_refusal (const KobanHttpResponse *answer)
{
  gsize length;
  const char *data = g_bytes_get_data (answer->body, &length);

  if (answer->status < 400 || answer->status >= 500 || answer->status == 429 || data == NULL)
    return NULL;
  return koban_json_parse (data, length, NULL);
}

/* In the server's words, and its code for it. */
static char *
reason_of (KobanJsonNode root)
{
  const char *code = koban_json_string (koban_json_member (root, "error"));
  const char *told = koban_json_string (koban_json_member (root, "error_description"));
  g_autofree char *clean_code = koban_text_clean (code != NULL ? code : "?", 60);

  if (told == NULL || *told == '\0')
    return g_steal_pointer (&clean_code);
  g_autofree char *clean_told = koban_text_clean (told, 160);
  return g_strdup_printf ("%s (%s)", clean_told, clean_code);
}

static void
set_refused (KobanAuth *auth, KobanGrant grant, KobanJsonNode root, GError **error)
{
  g_autofree char *said = reason_of (root);

  if (grant == KOBAN_GRANT_PENDING || grant == KOBAN_GRANT_SLOW_DOWN)
    return;
  if (grant == KOBAN_GRANT_DENIED)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                 _("%s: the access was declined. Nothing was connected"), auth->profile->name);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                 _("%s does not accept the sign-in: %s. See whether what you gave is still valid, and sign "
                    "in once more with “koban add”"),
                 auth->profile->name, said);
}

/* One word, of a kind that can be sent as a bearer token. */
static gboolean
is_token (KobanJsonNode root)
{
  const char *token = koban_json_string (koban_json_member (root, "access_token"));
  const char *type = koban_json_string (koban_json_member (root, "token_type"));

  return token != NULL && *token != '\0' && strpbrk (token, " \t\r\n") == NULL &&
         (type == NULL || g_ascii_strcasecmp (type, "bearer") == 0);
}

/* A bank's word is believed between a minute and a year; without one, a refusal will say it. */
static void
keep_lifetime (KobanAuth *auth, KobanJsonNode root)
{
  gint64 now_s = auth->now_us / KOBAN_SECOND_US;
  gint64 lifetime_s;

  koban_oauth_keep_number (auth, KOBAN_OAUTH_SINCE, now_s);
  if (koban_json_int64 (koban_json_member (root, "expires_in"), &lifetime_s))
    koban_oauth_keep_number (auth, KOBAN_OAUTH_EXPIRES,
                             now_s + CLAMP (lifetime_s, KOBAN_OAUTH_SHORTEST_S, LONGEST_S));
  else
    koban_auth_keep (auth, KOBAN_OAUTH_EXPIRES, NULL, TRUE);
}

/* An answer without one leaves the old one in force. */
static void
keep_refresh (KobanAuth *auth, KobanJsonNode root)
{
  const char *token = koban_json_string (koban_json_member (root, "refresh_token"));
  g_autoptr(KobanSecret) before = koban_auth_has (auth, KOBAN_OAUTH_REFRESH_TOKEN)
                                     ? koban_auth_lookup (auth, KOBAN_OAUTH_REFRESH_TOKEN, NULL)
                                     : NULL;

  if (token == NULL || *token == '\0' ||
      (before != NULL && g_str_equal (koban_secret_peek (before, NULL), token)))
    return;
  koban_auth_keep (auth, KOBAN_OAUTH_REFRESH_BEFORE, before, TRUE);
  koban_oauth_keep_text (auth, KOBAN_OAUTH_REFRESH_TOKEN, token, TRUE);
}

static KobanJson *
read_tokens (KobanAuth *auth, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, NULL, FALSE, error);

  if (json == NULL)
    return NULL;
  if (is_token (koban_json_root (json)))
    return g_steal_pointer (&json);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s: the answer to the sign-in holds no token"),
               auth->profile->name);
  return NULL;
}

KobanGrant
koban_oauth_take_tokens (KobanAuth *auth, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) refusal = read_refusal (answer);

  if (refusal != NULL)
    {
      KobanJsonNode root = koban_json_root (refusal);
      KobanGrant grant = grant_of (koban_json_string (koban_json_member (root, "error")));
      set_refused (auth, grant, root, error);
      return grant;
    }
  g_autoptr(KobanJson) json = read_tokens (auth, answer, error);
  if (json == NULL)
    return KOBAN_GRANT_REFUSED;
  KobanJsonNode root = koban_json_root (json);
  keep_refresh (auth, root);
  keep_lifetime (auth, root);
  koban_oauth_keep_text (auth, KOBAN_OAUTH_ACCESS_TOKEN,
                         koban_json_string (koban_json_member (root, "access_token")), TRUE);
  return KOBAN_GRANT_GIVEN;
}

gboolean
koban_oauth_take_client (KobanAuth *auth, const KobanHttpResponse *answer, const char *name, GError **error)
{
  g_autoptr(KobanJson) refusal = read_refusal (answer);
  g_autoptr(KobanJson) json = refusal == NULL ? read_tokens (auth, answer, error) : NULL;

  if (refusal != NULL)
    set_refused (auth, KOBAN_GRANT_REFUSED, koban_json_root (refusal), error);
  if (json == NULL)
    return FALSE;
  koban_oauth_keep_text (
    auth, name, koban_json_string (koban_json_member (koban_json_root (json), "access_token")), FALSE);
  return TRUE;
}
