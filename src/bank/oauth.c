/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sign-in as a table of steps, walked from top to bottom; a step that this bank does not want is passed
 * over:
 *
 *   discover → register → client → consent ─┬ code:    push → page → exchange ─┬→ approval → done
 *                                           ├ device:  device → poll ──────────┘
 *                                           └ consent: page, if there is one → status ─→ done
 *
 * PKCE (S256) and state are always used, iss wherever the bank is known by name. Verifier, state and code
 * live in the KobanAuth's fleeting bundle, and die with it.
 */
#include "config.h"

#include "bank/oauth.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/answer.h"
#include "bank/body.h"
#include "bank/jws.h"
#include "bank/nonce.h"
#include "bank/oauth-token.h"
#include "bank/profile-oauth.h"
#include "bank/returned.h"
#include "bank/row.h"
#include "wire/json-writer.h"

#define POLL_S 5
#define SHORTEST_POLL_S 1
#define LONGEST_POLL_S 60
#define SLOWER_S 5 /* RFC 8628 §3.5 */
#define DEVICE_CODE_S (15 * 60)
#define ASSERTION_S 300

/* Names in the fleeting bundle. */
#define STATE "state"
#define NONCE "nonce"
#define REDIRECT_URL "redirect_url"
#define VERIFIER "code_verifier"
#define CODE "code"
#define DEVICE_CODE "device_code"
#define CLIENT_TOKEN "client_token"

typedef enum
{
  STEP_DISCOVER,
  STEP_REGISTER,
  STEP_CLIENT,
  STEP_CONSENT,
  STEP_PUSH,
  STEP_PAGE,
  STEP_EXCHANGE,
  STEP_DEVICE,
  STEP_POLL,
  STEP_STATUS,
  STEP_APPROVAL,
  STEP_DONE,
} Step;

struct _KobanOAuth
{
  KobanAuth *auth;             /* (unowned): outlives us */
  const KobanProofRule *rule;  /* (unowned): the profile's, which @auth holds */
  const KobanOAuthRule *oauth; /* (unowned): @rule's */
  Step step;
  guint pause_s;
  gboolean names_itself; /* the bank says iss with every answer of its page */
  char *redirect_url;    /* (nullable) */
  char *url;             /* (nullable): of the page */
  char *user_code;       /* (nullable) */
  gint64 ends_us;        /* of a code that is typed, 0: not known */
};

static gboolean advance (KobanOAuth *self, GError **error);

static void
keep_nonce (KobanAuth *auth, const char *name)
{
  g_autoptr(KobanSecret) nonce = koban_nonce_new ();
  koban_auth_keep (auth, name, nonce, FALSE);
}

/* Until when the person is asked to consent. */
static void
keep_until (KobanOAuth *self)
{
  gint64 until_us = self->auth->now_us + (gint64) self->oauth->consent_days * KOBAN_DAY_US;
  g_autofree char *time = koban_time_format (until_us);
  g_autofree char *day = koban_date_format (koban_date_from_us (until_us, 0));

  koban_oauth_keep_text (self->auth, "consent_until", time, FALSE);
  koban_oauth_keep_text (self->auth, "consent_until_day", day, FALSE);
  if (self->oauth->consent_days > 0)
    koban_oauth_keep_number (self->auth, KOBAN_OAUTH_CONSENT_ENDS, until_us / KOBAN_SECOND_US);
}

KobanOAuth *
koban_oauth_new (KobanAuth *auth, const KobanProofRule *rule, const char *redirect_url, GError **error)
{
  g_autoptr(KobanOAuth) self = g_new0 (KobanOAuth, 1);

  self->auth = auth;
  self->rule = rule;
  self->oauth = &rule->oauth;
  self->redirect_url = g_strdup (redirect_url);
  keep_nonce (auth, STATE);
  keep_nonce (auth, NONCE);
  keep_nonce (auth, VERIFIER);
  keep_until (self);
  if (redirect_url != NULL)
    koban_oauth_keep_text (auth, REDIRECT_URL, redirect_url, FALSE);
  return advance (self, error) ? g_steal_pointer (&self) : NULL;
}

void
koban_oauth_free (KobanOAuth *self)
{
  g_free (self->redirect_url);
  g_free (self->url);
  g_free (self->user_code);
  g_free (self);
}

static gboolean
fail (KobanOAuth *self, GError **error, const char *what)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s: %s", self->auth->profile->name, what);
  return FALSE;
}

/* — discover (RFC 8414) — */

static gboolean
wants_discovery (KobanOAuth *self)
{
  return self->oauth->discover != KOBAN_DISCOVER_NOT;
}

/* RFC 8414 puts its word between host and path, OpenID behind both. */
static char *
metadata_url (KobanOAuth *self, const char *issuer)
{
  const char *path = strchr (strstr (issuer, "://") + strlen ("://"), '/');
  gsize host = path != NULL ? (gsize) (path - issuer) : strlen (issuer);

  if (path == NULL || g_str_equal (path, "/"))
    path = "";
  if (self->oauth->discover == KOBAN_DISCOVER_OPENID)
    return g_strdup_printf ("%.*s%s/.well-known/openid-configuration", (int) host, issuer, path);
  return g_strdup_printf ("%.*s/.well-known/oauth-authorization-server%s", (int) host, issuer, path);
}

static KobanOutgoing *
ask_metadata (KobanOAuth *self, GError **error)
{
  g_autofree char *issuer = koban_oauth_get_issuer (self->auth, self->oauth);
  g_autofree char *url = metadata_url (self, issuer);

  return koban_outgoing_new ("GET", url, "");
}

/* An endpoint may have another address for who shows a certificate (RFC 8705 §5). */
static const char *
read_endpoint (KobanOAuth *self, KobanJsonNode root, KobanEndpoint which)
{
  const char *name = koban_oauth_endpoint_name (which);
  const char *alias =
    self->oauth->client == KOBAN_CLIENT_TLS
      ? koban_json_string (koban_json_member (koban_json_member (root, "mtls_endpoint_aliases"), name))
      : NULL;

  return alias != NULL ? alias : koban_json_string (koban_json_member (root, name));
}

static gboolean
take_endpoints (KobanOAuth *self, KobanJsonNode root, GError **error)
{
  for (KobanEndpoint which = 0; which < KOBAN_N_ENDPOINTS; which++)
    {
      const char *url = read_endpoint (self, root, which);
      if (url == NULL || self->oauth->endpoints[which] != NULL)
        continue;
      if (!koban_hosts_allow (self->auth->hosts, url, error))
        return FALSE;
      koban_oauth_keep_endpoint (self->auth, which, url);
    }
  return TRUE;
}

/* Of two banks one may not speak for the other: the document must be about the issuer that was asked. */
static gboolean
take_metadata (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, NULL, FALSE, error);
  g_autofree char *issuer = koban_oauth_get_issuer (self->auth, self->oauth);

  if (json == NULL)
    return FALSE;
  KobanJsonNode root = koban_json_root (json);
  if (g_strcmp0 (koban_json_string (koban_json_member (root, "issuer")), issuer) != 0)
    return fail (self, error, _("what it says of its sign-in is about somebody else"));
  self->names_itself =
    koban_json_is_true (koban_json_member (root, "authorization_response_iss_parameter_supported"));
  if (!take_endpoints (self, root, error))
    return FALSE;
  self->step++;
  return TRUE;
}

/* — register (RFC 7591) — */

static gboolean
wants_registration (KobanOAuth *self)
{
  return self->oauth->flow != KOBAN_FLOW_CONSENT && self->oauth->client_id == NULL &&
         !koban_auth_has (self->auth, koban_oauth_client_id (self->oauth));
}

static void
write_list (KobanJsonWriter *writer, const char *name, const char *const *words)
{
  koban_json_writer_name (writer, name);
  koban_json_writer_begin_array (writer);
  for (; *words != NULL; words++)
    koban_json_writer_string (writer, *words);
  koban_json_writer_end_array (writer);
}

static void
write_text (KobanJsonWriter *writer, const char *name, const char *text)
{
  koban_json_writer_name (writer, name);
  koban_json_writer_string (writer, text);
}

static const char *const grants[] = {
  [KOBAN_FLOW_CODE] = "authorization_code",
  [KOBAN_FLOW_DEVICE] = "urn:ietf:params:oauth:grant-type:device_code",
  [KOBAN_FLOW_CONSENT] = NULL,
};

static char *
registration_body (KobanOAuth *self)
{
  static const char *const proofs[] = {
    [KOBAN_CLIENT_NONE] = "none",
    [KOBAN_CLIENT_SECRET_POST] = "client_secret_post",
    [KOBAN_CLIENT_SECRET_BASIC] = "client_secret_basic",
    [KOBAN_CLIENT_PRIVATE_KEY_JWT] = "private_key_jwt",
    [KOBAN_CLIENT_TLS] = "tls_client_auth",
  };
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  gboolean by_page = self->oauth->flow == KOBAN_FLOW_CODE;

  koban_json_writer_begin_object (writer);
  write_text (writer, "client_name", "Koban");
  write_text (writer, "application_type", "native");
  write_text (writer, "token_endpoint_auth_method", proofs[self->oauth->client]);
  write_list (writer, "grant_types",
              (const char *const[]){ grants[self->oauth->flow], "refresh_token", NULL });
  write_list (writer, "response_types",
              by_page ? (const char *const[]){ "code", NULL } : (const char *const[]){ NULL });
  write_list (writer, "redirect_uris", (const char *const[]){ by_page ? self->redirect_url : NULL, NULL });
  if (self->oauth->scope != NULL)
    write_text (writer, "scope", self->oauth->scope);
  koban_json_writer_end_object (writer);
  return koban_json_writer_finish (writer, FALSE);
}

static KobanOutgoing *
ask_registration (KobanOAuth *self, GError **error)
{
  g_autofree char *url = koban_oauth_find_endpoint (self->auth, self->oauth, KOBAN_ENDPOINT_REGISTER);

  if (url == NULL)
    {
      fail (self, error, _("it does not let programs register themselves"));
      return NULL;
    }
  g_autofree char *body = registration_body (self);
  KobanOutgoing *outgoing = koban_outgoing_new ("POST", url, "");
  outgoing->body = koban_secret_new (body, -1);
  return outgoing;
}

static gboolean
take_registration (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  static const char *const names[] = { "client_id", "client_secret" };
  g_autoptr(KobanJson) json = koban_answer_read (answer, NULL, FALSE, error);

  if (json == NULL)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *text = koban_json_string (koban_json_member (koban_json_root (json), names[i]));
      if (text != NULL && *text != '\0')
        koban_oauth_keep_text (self->auth, names[i], text, TRUE);
    }
  if (!koban_auth_has (self->auth, "client_id"))
    return fail (self, error, _("it registered Koban, and did not say as whom"));
  self->step++;
  return TRUE;
}

/* — client: a token for ourselves — */

static gboolean
wants_client_token (KobanOAuth *self)
{
  return self->oauth->consent.path != NULL && self->oauth->consent.as_client;
}

static KobanOutgoing *
ask_client_token (KobanOAuth *self, GError **error)
{
  return koban_oauth_ask_client (self->auth, self->oauth, self->oauth->consent.scope, error);
}

static gboolean
take_client_token (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  if (!koban_oauth_take_client (self->auth, answer, CLIENT_TOKEN, error))
    return FALSE;
  self->step++;
  return TRUE;
}

/* — consent — */

static gboolean
wants_consent (KobanOAuth *self)
{
  return self->oauth->consent.path != NULL;
}

typedef struct
{
  KobanAuth *auth;
  GPtrArray *values; /* what was looked up lives as long */
} Lookup;

static const char *
lookup_name (const char *name, gpointer user_data)
{
  Lookup *lookup = user_data;
  KobanSecret *value =
    koban_auth_has (lookup->auth, name) ? koban_auth_lookup (lookup->auth, name, NULL) : NULL;

  if (value == NULL)
    return NULL;
  g_ptr_array_add (lookup->values, value);
  return koban_secret_peek (value, NULL);
}

static char *
fill_body (KobanOAuth *self, KobanJsonNode body, GError **error)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  Lookup lookup = { self->auth, values };

  return koban_body_build (body, NULL, NULL, FALSE, lookup_name, &lookup, error);
}

static char *
fill_path (KobanOAuth *self, const char *path, GError **error)
{
  g_autoptr(GPtrArray) values = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_secret_unref);
  Lookup lookup = { self->auth, values };

  return koban_template_expand (path, lookup_name, &lookup, error);
}

static KobanOutgoing *
about_consent (KobanOAuth *self, const char *method, const char *path, GError **error)
{
  const KobanConsentRule *consent = &self->oauth->consent;
  g_autofree char *filled = fill_path (self, path, error);

  if (filled == NULL)
    return NULL;
  g_autoptr(KobanOutgoing) outgoing = koban_outgoing_new (method, self->auth->base_url, "");
  char *root = g_steal_pointer (&outgoing->url);
  outgoing->url = g_strconcat (root, filled, NULL);
  g_free (root);
  g_autoptr(KobanSecret) token =
    consent->as_client ? koban_auth_lookup (self->auth, CLIENT_TOKEN, error) : NULL;
  if ((consent->as_client && (token == NULL || !koban_outgoing_add_bearer (outgoing, token, error))) ||
      !koban_auth_add_headers (self->auth, consent->headers, outgoing, error))
    return NULL;
  return g_steal_pointer (&outgoing);
}

static KobanOutgoing *
ask_consent (KobanOAuth *self, GError **error)
{
  g_autoptr(KobanOutgoing) outgoing = about_consent (self, "POST", self->oauth->consent.path, error);
  char *body = outgoing != NULL ? fill_body (self, self->oauth->consent.body, error) : NULL;

  if (body == NULL)
    return NULL;
  outgoing->body = koban_secret_new (body, -1);
  koban_secret_wipe (body);
  return g_steal_pointer (&outgoing);
}

static void
take_end (KobanOAuth *self, KobanJsonNode root)
{
  const char *text =
    self->oauth->consent.expires != NULL ? koban_map_text (root, self->oauth->consent.expires) : NULL;
  gint64 at_us = 0;
  KobanDate day;

  if (text != NULL && !koban_time_parse (text, &at_us) && koban_date_parse (text, &day))
    at_us = day * KOBAN_DAY_US;
  if (at_us > self->auth->now_us)
    koban_oauth_keep_number (self->auth, KOBAN_OAUTH_CONSENT_ENDS, at_us / KOBAN_SECOND_US);
}

/* The page that an answer names is opened by the person's browser, and only over https. */
static gboolean
take_page (KobanOAuth *self, const char *url, GError **error)
{
  if (!koban_http_check_url (url, NULL, error))
    {
      g_prefix_error (error, "%s: ", self->auth->profile->name);
      return FALSE;
    }
  g_free (self->url);
  self->url = g_strdup (url);
  return TRUE;
}

static gboolean
keep_consent (KobanOAuth *self, KobanJsonNode root, GError **error)
{
  GArray *keep = self->oauth->consent.keep;

  for (guint i = 0; i < keep->len; i++)
    {
      const KobanPair *pair = &g_array_index (keep, KobanPair, i);
      const char *text = koban_map_text (root, pair->value);
      if (text == NULL || *text == '\0')
        return fail (self, error, _("the answer to the consent lacks its name"));
      koban_oauth_keep_text (self->auth, pair->name, text, TRUE);
    }
  return TRUE;
}

static gboolean
take_consent (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, &self->auth->profile->errors, FALSE, error);

  if (json == NULL || !keep_consent (self, koban_json_root (json), error))
    return FALSE;
  KobanJsonNode root = koban_json_root (json);
  const char *url = self->oauth->consent.url != NULL ? koban_map_text (root, self->oauth->consent.url) : NULL;
  take_end (self, root);
  if (url != NULL && !take_page (self, url, error))
    return FALSE;
  self->step++;
  return TRUE;
}

/* — the parameters of the page — */

static void
add_kept (KobanOAuth *self, GArray *pairs, const char *name, const char *text)
{
  g_autofree char *kept = g_strdup_printf ("parameter_%u", pairs->len);
  g_autofree char *template = g_strdup_printf ("{%s}", kept);

  koban_oauth_keep_text (self->auth, kept, text, FALSE);
  koban_oauth_add_pair (pairs, name, template);
}

static gboolean
add_sent (KobanOAuth *self, GArray *pairs, GError **error)
{
  for (guint i = 0; i < self->oauth->send->len; i++)
    {
      const KobanPair *pair = &g_array_index (self->oauth->send, KobanPair, i);
      g_autoptr(KobanSecret) value = koban_auth_expand (self->auth, pair->value, KOBAN_QUOTE_NOT, error);
      if (value == NULL)
        return FALSE;
      add_kept (self, pairs, pair->name, koban_secret_peek (value, NULL));
    }
  return TRUE;
}

static gboolean
add_claims (KobanOAuth *self, GArray *pairs, GError **error)
{
  if (!koban_json_exists (self->oauth->claims))
    return TRUE;
  g_autofree char *claims = fill_body (self, self->oauth->claims, error);
  if (claims != NULL)
    add_kept (self, pairs, "claims", claims);
  return claims != NULL;
}

/* NULL with an error. */
static GArray *
page_parameters (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();
  g_autoptr(KobanSecret) verifier = koban_auth_lookup (self->auth, VERIFIER, error);
  g_autofree char *challenge = koban_nonce_s256 (verifier);
  g_autofree char *client = g_strdup_printf ("{%s}", koban_oauth_client_id (self->oauth));

  koban_oauth_add_pair (pairs, "response_type", "code");
  koban_oauth_add_pair (pairs, "client_id", client);
  koban_oauth_add_pair (pairs, "redirect_uri", "{" REDIRECT_URL "}");
  koban_oauth_add_pair (pairs, "state", "{" STATE "}");
  koban_oauth_add_pair (pairs, "code_challenge", challenge);
  koban_oauth_add_pair (pairs, "code_challenge_method", "S256");
  if (self->oauth->scope != NULL)
    add_kept (self, pairs, "scope", self->oauth->scope);
  if (!add_sent (self, pairs, error) || !add_claims (self, pairs, error))
    return NULL;
  return g_steal_pointer (&pairs);
}

static gboolean
write_pairs (KobanOAuth *self, KobanJsonWriter *writer, GArray *pairs, GError **error)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      const KobanPair *pair = &g_array_index (pairs, KobanPair, i);
      g_autoptr(KobanSecret) value = koban_auth_expand (self->auth, pair->value, KOBAN_QUOTE_NOT, error);
      if (value == NULL)
        return FALSE;
      if (!g_str_equal (pair->name, "claims")) /* an object, not a text: it follows */
        write_text (writer, pair->name, koban_secret_peek (value, NULL));
    }
  return TRUE;
}

static void
write_times (KobanOAuth *self, KobanJsonWriter *writer)
{
  gint64 now_s = self->auth->now_us / KOBAN_SECOND_US;
  const struct
  {
    const char *name;
    gint64 at_s;
  } times[] = { { "iat", now_s }, { "nbf", now_s }, { "exp", now_s + ASSERTION_S } };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      koban_json_writer_name (writer, times[i].name);
      koban_json_writer_int (writer, times[i].at_s);
    }
}

static char *
object_claims (KobanOAuth *self, GArray *pairs, GError **error)
{
  g_autoptr(KobanJsonWriter) writer = koban_json_writer_new ();
  g_autoptr(KobanSecret) client = koban_auth_lookup (self->auth, koban_oauth_client_id (self->oauth), error);
  g_autofree char *issuer = koban_oauth_get_issuer (self->auth, self->oauth);
  g_autofree char *id = g_uuid_string_random ();

  if (client == NULL)
    return NULL;
  koban_json_writer_begin_object (writer);
  write_text (writer, "iss", koban_secret_peek (client, NULL));
  write_text (writer, "aud", self->oauth->audience != NULL ? self->oauth->audience : issuer);
  write_text (writer, "jti", id);
  write_times (self, writer);
  gboolean is_good = write_pairs (self, writer, pairs, error);
  koban_json_writer_end_object (writer);
  g_autofree char *object = koban_json_writer_finish (writer, FALSE);
  if (!is_good || !koban_json_exists (self->oauth->claims))
    return is_good ? g_steal_pointer (&object) : NULL;
  g_autofree char *claims = fill_body (self, self->oauth->claims, error);
  object[strlen (object) - 1] = '\0';
  return claims != NULL ? g_strdup_printf ("%s,\"claims\":%s}", object, claims) : NULL;
}

/* All of them as one signed object (RFC 9101); what is said outside of it, too, is who asks. */
static GArray *
sign_parameters (KobanOAuth *self, GArray *pairs, GError **error)
{
  g_autoptr(GArray) outer = koban_oauth_pairs_new ();
  g_autofree char *client = g_strdup_printf ("{%s}", koban_oauth_client_id (self->oauth));
  g_autofree char *claims = object_claims (self, pairs, error);
  g_autoptr(KobanSecret) key =
    claims != NULL ? koban_auth_lookup (self->auth, self->oauth->key, error) : NULL;
  g_autoptr(KobanSecret) key_id =
    self->oauth->key_id != NULL && koban_auth_has (self->auth, self->oauth->key_id)
      ? koban_auth_lookup (self->auth, self->oauth->key_id, NULL)
      : NULL;

  if (key == NULL)
    return NULL;
  g_autoptr(KobanSecret) object = koban_jws_token (
    key, self->oauth->algorithm, key_id != NULL ? koban_secret_peek (key_id, NULL) : NULL, claims, error);
  if (object == NULL)
    return NULL;
  koban_auth_keep (self->auth, "request_object", object, FALSE);
  koban_oauth_add_pair (outer, "client_id", client);
  koban_oauth_add_pair (outer, "response_type", "code");
  if (self->oauth->scope != NULL)
    koban_oauth_add_plain (outer, "scope", self->oauth->scope);
  koban_oauth_add_pair (outer, "request", "{request_object}");
  return g_steal_pointer (&outer);
}

static GArray *
make_parameters (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = page_parameters (self, error);

  if (pairs == NULL || !self->oauth->sign)
    return g_steal_pointer (&pairs);
  return sign_parameters (self, pairs, error);
}

/* The page itself, with what it is told. */
static gboolean
open_page (KobanOAuth *self, GArray *pairs, GError **error)
{
  g_autofree char *page = koban_oauth_find_endpoint (self->auth, self->oauth, KOBAN_ENDPOINT_AUTHORIZE);
  g_autoptr(KobanSecret) form = pairs != NULL ? koban_auth_form (self->auth, pairs, error) : NULL;

  if (form == NULL)
    return FALSE;
  if (page == NULL)
    return fail (self, error, _("it does not say at which page one signs in"));
  g_autofree char *url =
    g_strconcat (page, strchr (page, '?') != NULL ? "&" : "?", koban_secret_peek (form, NULL), NULL);
  return take_page (self, url, error);
}

/* — push (RFC 9126) — */

static gboolean
is_code_flow (KobanOAuth *self)
{
  return self->oauth->flow == KOBAN_FLOW_CODE;
}

/* A page that the consent named needs no parameters of ours. */
static gboolean
wants_pushing (KobanOAuth *self)
{
  g_autofree char *endpoint = koban_oauth_find_endpoint (self->auth, self->oauth, KOBAN_ENDPOINT_PAR);
  return is_code_flow (self) && self->url == NULL && endpoint != NULL;
}

static KobanOutgoing *
ask_pushing (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = make_parameters (self, error);

  if (pairs == NULL)
    return NULL;
  for (guint i = pairs->len; i > 0; i--)
    if (self->oauth->client != KOBAN_CLIENT_SECRET_BASIC &&
        g_str_equal (g_array_index (pairs, KobanPair, i - 1).name, "client_id"))
      g_array_remove_index (pairs, i - 1); /* it stands with the client's proof */
  return koban_oauth_post (self->auth, self->oauth, KOBAN_ENDPOINT_PAR, pairs, error);
}

static gboolean
take_pushing (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, NULL, FALSE, error);
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();
  g_autofree char *client = g_strdup_printf ("{%s}", koban_oauth_client_id (self->oauth));
  const char *name =
    json != NULL ? koban_json_string (koban_json_member (koban_json_root (json), "request_uri")) : NULL;

  if (json == NULL)
    return FALSE;
  if (name == NULL)
    return fail (self, error, _("it took the request, and did not say what it is called"));
  koban_oauth_add_pair (pairs, "client_id", client);
  add_kept (self, pairs, "request_uri", name);
  if (!open_page (self, pairs, error))
    return FALSE;
  self->step++;
  return TRUE;
}

/* — page — */

static gboolean
has_page (KobanOAuth *self)
{
  return is_code_flow (self) || (self->oauth->flow == KOBAN_FLOW_CONSENT && self->url != NULL);
}

static gboolean
refuse_return (KobanOAuth *self, GError **error, const char *why)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED, "%s: %s", self->auth->profile->name, why);
  return FALSE;
}

static gboolean
check_state (KobanOAuth *self, GHashTable *parameters, GError **error)
{
  g_autoptr(KobanSecret) wanted = koban_auth_lookup (self->auth, STATE, NULL);
  KobanSecret *said = g_hash_table_lookup (parameters, "state");

  if (said != NULL && koban_secret_equal (wanted, said))
    return TRUE;
  return refuse_return (self, error, _("the answer belongs to another sign-in, or was made up by somebody"));
}

/* RFC 9207 §2.4: whoever names himself must be the one that was asked. */
static gboolean
check_issuer (KobanOAuth *self, GHashTable *parameters, GError **error)
{
  g_autofree char *wanted = koban_oauth_get_issuer (self->auth, self->oauth);
  const char *said = koban_returned_get (parameters, "iss");

  if ((said == NULL && !self->names_itself) || wanted == NULL || g_strcmp0 (said, wanted) == 0)
    return TRUE;
  return refuse_return (self, error, _("the answer is another bank's. Nothing was sent to either"));
}

static gboolean
take_code (KobanOAuth *self, GHashTable *parameters, GError **error)
{
  const char *word = koban_returned_get (parameters, "error");
  const char *code = koban_returned_get (parameters, "code");

  if (word != NULL)
    {
      g_autofree char *clean = koban_text_clean (word, 80);
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                   g_str_equal (word, "access_denied")
                     ? _("%s: the access was declined (%s). Nothing was connected")
                     : _("%s: the sign-in failed at the bank's page: %s"),
                   self->auth->profile->name, clean);
      return FALSE;
    }
  if (code == NULL || *code == '\0')
    return refuse_return (self, error, _("the answer holds no code"));
  koban_oauth_keep_text (self->auth, CODE, code, FALSE);
  return TRUE;
}

/* What a consent's page says is not believed, but asked for: nothing of it is used. */
static gboolean
returned_from_consent (KobanOAuth *self, KobanSecret *url, GError **error)
{
  if (*koban_secret_peek (url, NULL) != '\0')
    {
      g_autoptr(GHashTable) parameters = koban_returned_parse (url, self->redirect_url, error);
      if (parameters == NULL ||
          (g_hash_table_contains (parameters, "state") && !check_state (self, parameters, error)))
        return FALSE;
    }
  self->step++;
  return advance (self, error);
}

gboolean
koban_oauth_returned (KobanOAuth *self, KobanSecret *url, GError **error)
{
  if (self->step != STEP_PAGE)
    return refuse_return (self, error, _("the answer comes when none is waited for"));
  if (self->oauth->flow == KOBAN_FLOW_CONSENT)
    return returned_from_consent (self, url, error);
  g_autoptr(GHashTable) parameters = koban_returned_parse (url, self->redirect_url, error);
  if (parameters == NULL || !check_state (self, parameters, error) ||
      !check_issuer (self, parameters, error) || !take_code (self, parameters, error))
    return FALSE;
  self->step++;
  return advance (self, error);
}

/* — exchange — */

static KobanOutgoing *
ask_exchange (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();

  koban_oauth_add_pair (pairs, "grant_type", "authorization_code");
  koban_oauth_add_pair (pairs, "code", "{" CODE "}");
  koban_oauth_add_pair (pairs, "redirect_uri", "{" REDIRECT_URL "}");
  koban_oauth_add_pair (pairs, "code_verifier", "{" VERIFIER "}");
  return koban_oauth_post (self->auth, self->oauth, KOBAN_ENDPOINT_TOKEN, pairs, error);
}

static gboolean
take_exchange (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  if (koban_oauth_take_tokens (self->auth, answer, error) != KOBAN_GRANT_GIVEN)
    {
      if (error != NULL && *error == NULL)
        fail (self, error, _("it does not say yes or no to the sign-in"));
      return FALSE;
    }
  koban_auth_keep (self->auth, CODE, NULL, FALSE);
  koban_auth_keep (self->auth, VERIFIER, NULL, FALSE);
  self->step++;
  return TRUE;
}

/* — device (RFC 8628) — */

static gboolean
is_device_flow (KobanOAuth *self)
{
  return self->oauth->flow == KOBAN_FLOW_DEVICE;
}

static KobanOutgoing *
ask_device (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();

  if (self->oauth->scope != NULL)
    koban_oauth_add_plain (pairs, "scope", self->oauth->scope);
  return koban_oauth_post (self->auth, self->oauth, KOBAN_ENDPOINT_DEVICE, pairs, error);
}

static gint64
read_seconds (KobanJsonNode root, const char *name, gint64 otherwise, gint64 least, gint64 most)
{
  gint64 seconds;
  return koban_json_int64 (koban_json_member (root, name), &seconds) ? CLAMP (seconds, least, most)
                                                                     : otherwise;
}

static gboolean
take_device (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  g_autoptr(KobanJson) json = koban_answer_read (answer, NULL, FALSE, error);

  if (json == NULL)
    return FALSE;
  KobanJsonNode root = koban_json_root (json);
  const char *device = koban_json_string (koban_json_member (root, "device_code"));
  const char *code = koban_json_string (koban_json_member (root, "user_code"));
  const char *url = koban_json_string (koban_json_member (root, "verification_uri"));
  if (device == NULL || code == NULL || url == NULL)
    return fail (self, error, _("it gives no code to type"));
  if (!take_page (self, url, error))
    return FALSE;
  koban_oauth_keep_text (self->auth, DEVICE_CODE, device, FALSE);
  g_free (self->user_code);
  self->user_code = koban_text_clean (code, 40);
  self->pause_s = (guint) read_seconds (root, "interval", POLL_S, SHORTEST_POLL_S, LONGEST_POLL_S);
  self->ends_us =
    self->auth->now_us + read_seconds (root, "expires_in", DEVICE_CODE_S, 1, DEVICE_CODE_S) * KOBAN_SECOND_US;
  self->step++;
  return TRUE;
}

static KobanOutgoing *
ask_poll (KobanOAuth *self, GError **error)
{
  g_autoptr(GArray) pairs = koban_oauth_pairs_new ();

  if (self->auth->now_us >= self->ends_us)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN, _("%s: the code was not typed in time"),
                   self->auth->profile->name);
      return NULL;
    }
  koban_oauth_add_pair (pairs, "grant_type", grants[KOBAN_FLOW_DEVICE]);
  koban_oauth_add_pair (pairs, "device_code", "{" DEVICE_CODE "}");
  return koban_oauth_post (self->auth, self->oauth, KOBAN_ENDPOINT_TOKEN, pairs, error);
}

static gboolean
take_poll (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  KobanGrant grant = koban_oauth_take_tokens (self->auth, answer, error);

  if (grant == KOBAN_GRANT_SLOW_DOWN)
    self->pause_s = MIN (self->pause_s + SLOWER_S, LONGEST_POLL_S);
  if (grant == KOBAN_GRANT_PENDING || grant == KOBAN_GRANT_SLOW_DOWN)
    return TRUE;
  if (grant != KOBAN_GRANT_GIVEN)
    return FALSE;
  koban_auth_keep (self->auth, DEVICE_CODE, NULL, FALSE);
  self->step++;
  return TRUE;
}

/* — status: of a consent that no token speaks for — */

static gboolean
wants_status (KobanOAuth *self)
{
  return self->oauth->flow == KOBAN_FLOW_CONSENT;
}

static KobanOutgoing *
ask_status (KobanOAuth *self, GError **error)
{
  return about_consent (self, "GET", self->oauth->consent.status, error);
}

static gboolean
take_status (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  const KobanConsentRule *consent = &self->oauth->consent;
  g_autoptr(KobanJson) json = koban_answer_read (answer, &self->auth->profile->errors, FALSE, error);
  const char *word = json != NULL ? koban_map_text (koban_json_root (json), consent->status_at) : NULL;

  if (json == NULL)
    return FALSE;
  if (word != NULL && consent->status_no != NULL &&
      g_strv_contains ((const char *const *) consent->status_no, word))
    {
      g_autofree char *clean = koban_text_clean (word, 80);
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                   _("%s: the access was declined (%s). Nothing was connected"), self->auth->profile->name,
                   clean);
      return FALSE;
    }
  self->pause_s = POLL_S;
  if (word != NULL && g_strv_contains ((const char *const *) consent->status_is, word))
    self->step++;
  return TRUE;
}

/* — approval: a token that is good only once the person agrees in the bank's app — */

static gboolean
wants_approval (KobanOAuth *self)
{
  return self->oauth->approval != NULL;
}

static KobanOutgoing *
ask_approval (KobanOAuth *self, GError **error)
{
  return koban_auth_request (self->auth, "GET", self->oauth->approval, NULL, NULL, error);
}

static gboolean
take_approval (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  self->pause_s = POLL_S;
  if (answer->status == 403)
    return TRUE;
  if (!koban_answer_check (answer, &self->auth->profile->errors, FALSE, error))
    return FALSE;
  self->step++;
  return TRUE;
}

/* — the walk — */

static const struct
{
  gboolean (*wanted) (KobanOAuth *self);
  KobanOutgoing *(*ask) (KobanOAuth *self, GError **error); /* (nullable) */
  gboolean (*heard) (KobanOAuth *self,
                     const KobanHttpResponse *answer,
                     GError **error); /* moves on if it may */
  gboolean own;                       /* the request has every proof already */
} steps[] = {
  [STEP_DISCOVER] = { wants_discovery, ask_metadata, take_metadata },
  [STEP_REGISTER] = { wants_registration, ask_registration, take_registration },
  [STEP_CLIENT] = { wants_client_token, ask_client_token, take_client_token },
  [STEP_CONSENT] = { wants_consent, ask_consent, take_consent },
  [STEP_PUSH] = { wants_pushing, ask_pushing, take_pushing },
  [STEP_PAGE] = { has_page },
  [STEP_EXCHANGE] = { is_code_flow, ask_exchange, take_exchange },
  [STEP_DEVICE] = { is_device_flow, ask_device, take_device },
  [STEP_POLL] = { is_device_flow, ask_poll, take_poll },
  [STEP_STATUS] = { wants_status, ask_status, take_status },
  [STEP_APPROVAL] = { wants_approval, ask_approval, take_approval, TRUE },
};

/* To the next step that is wanted. A page without a request before it is put together when it is reached. */
static gboolean
advance (KobanOAuth *self, GError **error)
{
  while (self->step < STEP_DONE && !steps[self->step].wanted (self))
    self->step++;
  if (self->step != STEP_PAGE || self->url != NULL)
    return TRUE;
  g_autoptr(GArray) pairs = make_parameters (self, error);
  return open_page (self, pairs, error);
}

gboolean
koban_oauth_is_done (KobanOAuth *self)
{
  return self->step == STEP_DONE;
}

gboolean
koban_oauth_is_at_page (KobanOAuth *self)
{
  return self->step == STEP_PAGE && self->url != NULL;
}

guint
koban_oauth_get_pause_s (KobanOAuth *self)
{
  return self->pause_s;
}

const char *
koban_oauth_get_url (KobanOAuth *self)
{
  return self->step == STEP_PAGE || self->step == STEP_POLL ? self->url : NULL;
}

const char *
koban_oauth_get_user_code (KobanOAuth *self)
{
  return self->step == STEP_POLL ? self->user_code : NULL;
}

KobanOutgoing *
koban_oauth_ask (KobanOAuth *self, GError **error)
{
  g_return_val_if_fail (self->step < STEP_DONE && steps[self->step].ask != NULL, NULL);
  g_autoptr(KobanOutgoing) outgoing = steps[self->step].ask (self, error);

  if (outgoing == NULL ||
      (!steps[self->step].own && !koban_auth_prove_before (self->auth, self->rule, outgoing, error)))
    return NULL;
  return g_steal_pointer (&outgoing);
}

gboolean
koban_oauth_heard (KobanOAuth *self, const KobanHttpResponse *answer, GError **error)
{
  Step before = self->step;

  self->pause_s = before == STEP_POLL ? self->pause_s : 0;
  if (!steps[before].heard (self, answer, error))
    return FALSE;
  if (self->step != before && before != STEP_DEVICE)
    self->pause_s = 0;
  return advance (self, error);
}
