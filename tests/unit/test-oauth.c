/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A sign-in by OAuth without a network: which requests it makes, what it believes of answers, what it keeps.
 * The texts of the standards are the measure: RFC 7636's own example, and the rules of RFC 6749, 8628, 9126,
 * 9207.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include <koban/sign-in.h>
#include "bank/nonce.h"
#include "bank/oauth-token.h"
#include "bank/oauth.h"
#include "bank/profile-oauth.h"
#include "bank/returned.h"

#define NOW_S G_GINT64_CONSTANT (1725235200) /* 2024-09-02 00:00 UTC */
#define REDIRECT "http://127.0.0.1:4711/x"

static const char head[] =
  "{\"format\":1,\"id\":\"x\",\"name\":\"X "
  "Bank\",\"countries\":[\"GB\"],\"base_url\":\"https://x.example/v1\","
  "\"hosts\":[\"x.example\",\"as.example\"],\"power\":\"read\",\"cost\":\"free\",\"notes\":\"n\",\"signup\":["
  "\"s\"],"
  "\"needs\":[%s],\"auth\":%s,\"budget\":{\"per_day\":9,\"interval_s\":900},\"history_days\":9,\"requests\":["
  "{\"path\":\"/"
  "a\",\"per\":\"connection\",\"paging\":{\"scheme\":\"none\"},\"listings\":[{\"gives\":\"accounts\","
  "\"rows\":\"/a\",\"row\":{\"id\":\"/id\",\"currency\":\"/c\",\"number\":\"/n\"}}]}],\"revocations\":[]}";

#define NEED(name, secret)                                                                                   \
  "{\"name\":\"" name "\",\"label\":\"l\",\"secret\":" secret ",\"kind\":\"text\",\"example\":\"e\"}"
#define CLIENT_ID NEED ("client_id", "true")
#define CODE_FLOW                                                                                            \
  "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"client_id\":\"client_id\",\"authorize\":"   \
  "\"https://as.example/auth?x=1\",\"token\":\"https://as.example/token\",\"scope\":\"accounts offline\""

/* — a sign-in — */

typedef struct
{
  KobanProfile *profile;
  KobanHosts *hosts;
  GHashTable *fields;
  KobanAuth *auth;
  KobanOAuth *oauth; /* (nullable) */
} SignIn;

static char *
profile_text (const char *needs, const char *row)
{
  g_auto(GStrv) parts = g_strsplit (head, "%s", 3);
  return g_strconcat (parts[0], needs, parts[1], row, parts[2], NULL);
}

static SignIn *
sign_in_new (const char *needs, const char *row, KobanSecret *secrets)
{
  g_autofree char *text = profile_text (needs, row);
  g_autoptr(GError) error = NULL;
  SignIn *self = g_new0 (SignIn, 1);

  self->profile = koban_profile_load (text, strlen (text), "x.json", &error);
  g_assert_no_error (error);
  self->hosts = koban_hosts_new (koban_profile_get_hosts (self->profile), NULL, NULL);
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->auth = koban_auth_new (&(KobanAuthOptions){ .profile = self->profile,
                                                    .base_url = "https://x.example/v1",
                                                    .secrets = secrets,
                                                    .fields = self->fields,
                                                    .hosts = self->hosts,
                                                    .now_us = NOW_S * KOBAN_SECOND_US });
  return self;
}

static void
begin (SignIn *self)
{
  g_autoptr(GError) error = NULL;

  self->oauth = koban_oauth_new (self->auth, koban_oauth_rule_find (self->profile), REDIRECT, &error);
  g_assert_no_error (error);
}

static void
sign_in_free (SignIn *self)
{
  g_clear_pointer (&self->oauth, koban_oauth_free);
  koban_auth_free (self->auth);
  koban_hosts_free (self->hosts);
  g_hash_table_unref (self->fields);
  koban_profile_unref (self->profile);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SignIn, sign_in_free)

static KobanSecret *
bundle_of (const char *const *pairs)
{
  KobanSecret *bundle = NULL;

  for (; *pairs != NULL; pairs += 2)
    {
      g_autoptr(KobanSecret) before = bundle;
      g_autoptr(KobanSecret) value = koban_secret_new (pairs[1], -1);
      bundle = koban_secret_bundle_with (before, pairs[0], value);
    }
  return bundle;
}

static KobanSecret *
client (void)
{
  return bundle_of ((const char *const[]){ "client_id", "me & you", "client_secret", "s=&", NULL });
}

static gboolean
answer (SignIn *self, guint status, const char *body, GError **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  char *none[] = { NULL };
  const KobanHttpResponse response = {
    .status = status, .body = bytes, .headers = none, .retry_after_s = -1
  };

  return koban_oauth_heard (self->oauth, &response, error);
}

static void
answer_well (SignIn *self, const char *body)
{
  g_autoptr(GError) error = NULL;

  g_assert_true (answer (self, 200, body, &error));
  g_assert_no_error (error);
}

/* "body" of the next request, which goes to @url. */
static char *
ask (SignIn *self, const char *url)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanOutgoing) outgoing = koban_oauth_ask (self->oauth, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (outgoing->url, ==, url);
  return g_strdup (outgoing->body != NULL ? koban_secret_peek (outgoing->body, NULL) : "");
}

static char *
kept (SignIn *self, const char *name)
{
  g_autoptr(KobanSecret) value =
    koban_auth_has (self->auth, name) ? koban_auth_lookup (self->auth, name, NULL) : NULL;
  return value != NULL ? g_strdup (koban_secret_peek (value, NULL)) : NULL;
}

static gboolean
come_back (SignIn *self, const char *query, GError **error)
{
  g_autofree char *state = kept (self, "state");
  g_auto(GStrv) parts = g_strsplit (query, "STATE", 2);
  g_autofree char *url = g_strconcat (REDIRECT, parts[0], parts[1] != NULL ? state : "", parts[1], NULL);
  g_autoptr(KobanSecret) secret = koban_secret_new (url, -1);

  return koban_oauth_returned (self->oauth, secret, error);
}

/* — words — */

static void
test_challenge (void)
{
  g_autoptr(KobanSecret) verifier = koban_secret_new ("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk", -1);
  g_autofree char *challenge = koban_nonce_s256 (verifier); /* RFC 7636, appendix B */
  g_autoptr(KobanSecret) one = koban_nonce_new ();
  g_autoptr(KobanSecret) two = koban_nonce_new ();

  g_assert_cmpstr (challenge, ==, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
  g_assert_cmpuint (strlen (koban_secret_peek (one, NULL)), ==, 43);
  g_assert_false (koban_secret_equal (one, two));
}

/* — what came back — */

static const struct
{
  const char *name, *url;
  const char *code; /* NULL: refused */
} returns[] = {
  { "query", REDIRECT "?code=a%20b&state=s", "a b" },
  { "fragment", REDIRECT "#code=a&state=s", "a" },
  { "both", REDIRECT "?state=s#code=a", "a" },
  { "slash", REDIRECT "/?code=a", "a" },
  { "another-path", "http://127.0.0.1:4711/xy?code=a", NULL },
  { "another-port", "http://127.0.0.1:47111/x?code=a", NULL },
  { "another-host", "http://127.0.0.1.evil.example:4711/x?code=a", NULL },
  { "userinfo", "http://127.0.0.1:4711@evil.example/x?code=a", NULL },
  { "twice", REDIRECT "?code=a&code=b", NULL },
  { "twice-in-two-places", REDIRECT "?code=a#code=b", NULL },
  { "no-text", REDIRECT "?code=%FF", NULL },
  { "half-a-sign", REDIRECT "?code=%4", NULL },
  { "nul", REDIRECT "?code=a%00b", NULL },
  { "nothing", "", NULL },
};

static void
test_returned (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanSecret) url = koban_secret_new (returns[i].url, -1);
  g_autoptr(GError) error = NULL;
  g_autoptr(GHashTable) parameters = koban_returned_parse (url, REDIRECT, &error);

  g_assert_cmpstr (parameters != NULL ? koban_returned_get (parameters, "code") : NULL, ==, returns[i].code);
  if (returns[i].code == NULL)
    g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
}

/* — the code flow — */

static void
test_page (void)
{
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self =
    sign_in_new (CLIENT_ID, CODE_FLOW ",\"send\":{\"prompt\":\"con sent\"}}", secrets);

  begin (self);
  const char *url = koban_oauth_get_url (self->oauth);
  g_autofree char *state = kept (self, "state");
  g_autofree char *state_part = g_strconcat ("&state=", state, "&", NULL);
  g_autofree char *verifier = kept (self, "code_verifier");
  g_assert_true (koban_oauth_is_at_page (self->oauth));
  g_assert_true (g_str_has_prefix (url,
                                   "https://as.example/auth?x=1&response_type=code&client_id=me%20%26%20you&"
                                   "redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fx&state="));
  g_assert_nonnull (strstr (url, state_part));
  g_assert_nonnull (strstr (url, "&code_challenge_method=S256&scope=accounts%20offline&prompt=con%20sent"));
  g_assert_null (strstr (url, verifier));
}

static void
test_whole_code_flow (void)
{
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (CLIENT_ID, CODE_FLOW ",\"consent_days\":90}", secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  g_autofree char *verifier = kept (self, "code_verifier");
  g_assert_true (come_back (self, "?code=c%2Fd&state=STATE", &error));
  g_assert_no_error (error);
  g_autofree char *body = ask (self, "https://as.example/token");
  g_autofree char *wanted =
    g_strconcat ("grant_type=authorization_code&code=c%2Fd&redirect_uri=http%3A%2F%2F127.0.0.1%3A4711%2Fx"
                 "&code_verifier=",
                 verifier, "&client_id=me%20%26%20you", NULL);
  g_assert_cmpstr (body, ==, wanted);
  answer_well (
    self, "{\"access_token\":\"A\",\"token_type\":\"Bearer\",\"expires_in\":600,\"refresh_token\":\"R\"}");
  g_assert_true (koban_oauth_is_done (self->oauth));

  g_autoptr(KobanSecret) bundle = koban_auth_take_secrets (self->auth);
  g_autoptr(KobanSecret) access = koban_secret_bundle_lookup (bundle, "access_token");
  g_autoptr(KobanSecret) fleeting = koban_secret_bundle_lookup (bundle, "code_verifier");
  g_assert_cmpstr (koban_secret_peek (access, NULL), ==, "A");
  g_assert_null (fleeting);
  g_assert_cmpint (koban_sign_in_get_consent_end_us (bundle), ==, (NOW_S + 90 * 86400) * KOBAN_SECOND_US);
}

/* A token that is good only once the person agrees in the bank's app: its header is the bank's own, too. */
static void
test_approval (void)
{
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (
    CLIENT_ID, CODE_FLOW ",\"approval\":\"/a\",\"headers\":{\"x-access-token\":\"{access_token}\"}}",
    secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  g_assert_true (come_back (self, "?code=c&state=STATE", NULL));
  answer_well (self, "{\"access_token\":\"A\"}");
  g_autoptr(KobanOutgoing) outgoing = koban_oauth_ask (self->oauth, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (outgoing->url, ==, "https://x.example/v1/a");
  g_assert_cmpstr (koban_secret_peek (outgoing->secret_headers->pdata[0], NULL), ==, "x-access-token: A");
  g_assert_true (answer (self, 403, "{}", &error));
  g_assert_false (koban_oauth_is_done (self->oauth));
  answer_well (self, "{}");
  g_assert_true (koban_oauth_is_done (self->oauth));
}

/* State first, then who answers, then what. UNTRUSTED leaves the sign-in as it was; FORBIDDEN ends it. */
static const struct
{
  const char *name, *query;
  int code;
} answers[] = {
  { "no-state", "?code=c", KOBAN_ERROR_UNTRUSTED },
  { "wrong-state", "?code=c&state=x", KOBAN_ERROR_UNTRUSTED },
  { "declined-by-a-stranger", "?error=access_denied&state=x", KOBAN_ERROR_UNTRUSTED },
  { "another-issuer", "?code=c&state=STATE&iss=https%3A%2F%2Fevil.example", KOBAN_ERROR_UNTRUSTED },
  { "no-code", "?state=STATE&iss=https%3A%2F%2Fas.example", KOBAN_ERROR_UNTRUSTED },
  { "declined", "?error=access_denied&state=STATE", KOBAN_ERROR_FORBIDDEN },
  { "failed", "?error=server_error&state=STATE", KOBAN_ERROR_FORBIDDEN },
  { "good", "?code=c&state=STATE&iss=https%3A%2F%2Fas.example", -1 },
};

static void
test_answer (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (CLIENT_ID, CODE_FLOW ",\"issuer\":\"https://as.example\"}", secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  gboolean good = come_back (self, answers[i].query, &error);
  g_assert_cmpint (good, ==, answers[i].code == -1);
  if (good)
    {
      g_assert_false (come_back (self, answers[i].query, &error)); /* a second time it is none */
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
      return;
    }
  g_assert_error (error, KOBAN_ERROR, answers[i].code);
  g_assert_true (koban_oauth_is_at_page (self->oauth));
}

/* — the token endpoint — */

static const struct
{
  const char *name, *expires;
  gint64 ends_s; /* 0: not known */
} lifetimes[] = {
  { "usual", ",\"expires_in\":600", NOW_S + 600 },
  { "text", ",\"expires_in\":\"600\"", NOW_S + 600 },
  { "nothing", "", 0 },
  { "zero", ",\"expires_in\":0", NOW_S + 60 },
  { "negative", ",\"expires_in\":-1", NOW_S + 60 },
  { "huge", ",\"expires_in\":1000000000000", NOW_S + 365 * 86400 },
  { "larger", ",\"expires_in\":1e400", 0 },
  { "a-word", ",\"expires_in\":\"soon\"", 0 },
};

static void
test_lifetime (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (CLIENT_ID, CODE_FLOW "}", secrets);
  g_autofree char *body = g_strconcat ("{\"access_token\":\"A\"", lifetimes[i].expires, "}", NULL);

  begin (self);
  g_assert_true (come_back (self, "?code=c&state=STATE", NULL));
  answer_well (self, body);
  g_assert_cmpint (koban_oauth_get_number (self->auth, KOBAN_OAUTH_EXPIRES), ==, lifetimes[i].ends_s);
}

static const struct
{
  const char *name;
  guint status;
  const char *body;
  int code;
} refusals[] = {
  { "invalid-grant", 400, "{\"error\":\"invalid_grant\"}", KOBAN_ERROR_NEEDS_SIGN_IN },
  { "invalid-client", 401, "{\"error\":\"invalid_client\",\"error_description\":\"no\\u001b[1m\"}",
    KOBAN_ERROR_NEEDS_SIGN_IN },
  { "hostile-code", 400, "{\"error\":\"\\u001b[1mgone\",\"error_description\":\"no\"}",
    KOBAN_ERROR_NEEDS_SIGN_IN },
  { "no-code", 400, "{}", KOBAN_ERROR_NEEDS_SIGN_IN },
  { "declined", 400, "{\"error\":\"access_denied\"}", KOBAN_ERROR_FORBIDDEN },
  { "fault", 503, "{}", KOBAN_ERROR_OFFLINE },
  { "patience", 429, "{\"error\":\"slow\"}", KOBAN_ERROR_RATE_LIMITED },
  { "redirect", 302, "", KOBAN_ERROR_INVALID },
  { "page", 200, "<html>", KOBAN_ERROR_INVALID },
  { "no-token", 200, "{\"token_type\":\"Bearer\"}", KOBAN_ERROR_INVALID },
  { "two-words", 200, "{\"access_token\":\"A B\"}", KOBAN_ERROR_INVALID },
  { "another-kind", 200, "{\"access_token\":\"A\",\"token_type\":\"DPoP\"}", KOBAN_ERROR_INVALID },
};

static void
test_refusal (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (CLIENT_ID, CODE_FLOW "}", secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  g_assert_true (come_back (self, "?code=c&state=STATE", NULL));
  g_assert_false (answer (self, refusals[i].status, refusals[i].body, &error));
  g_assert_error (error, KOBAN_ERROR, refusals[i].code);
  g_assert_null (strchr (error->message, '\033'));
  g_autoptr(KobanSecret) changed = koban_auth_take_secrets (self->auth);
  g_autoptr(KobanSecret) access =
    changed != NULL ? koban_secret_bundle_lookup (changed, "access_token") : NULL;
  g_assert_null (access);
}

/* — discovery, and what it may not say — */

#define DISCOVERING                                                                                          \
  "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"client_id\":\"client_id\",\"issuer\":"      \
  "\"https://as.example/tenant\",\"discover\":\"%s\"}"

static const struct
{
  const char *name, *how, *url, *body;
  int code; /* -1: good */
} documents[] = {
  { "oauth", "oauth", "https://as.example/.well-known/oauth-authorization-server/tenant",
    "{\"issuer\":\"https://as.example/tenant\",\"authorization_endpoint\":\"https://as.example/"
    "a\",\"token_endpoint\":"
    "\"https://as.example/t\"}",
    -1 },
  { "openid", "openid", "https://as.example/tenant/.well-known/openid-configuration",
    "{\"issuer\":\"https://as.example/tenant\",\"authorization_endpoint\":\"https://as.example/"
    "a\",\"token_endpoint\":"
    "\"https://as.example/t\"}",
    -1 },
  { "another-issuer", "oauth", "https://as.example/.well-known/oauth-authorization-server/tenant",
    "{\"issuer\":\"https://evil.example\",\"authorization_endpoint\":\"https://as.example/"
    "a\",\"token_endpoint\":"
    "\"https://as.example/t\"}",
    KOBAN_ERROR_INVALID },
  { "another-host", "oauth", "https://as.example/.well-known/oauth-authorization-server/tenant",
    "{\"issuer\":\"https://as.example/tenant\",\"authorization_endpoint\":\"https://as.example/"
    "a\",\"token_endpoint\":"
    "\"https://evil.example/t\"}",
    KOBAN_ERROR_UNTRUSTED },
  { "no-https", "oauth", "https://as.example/.well-known/oauth-authorization-server/tenant",
    "{\"issuer\":\"https://as.example/tenant\",\"authorization_endpoint\":\"http://as.example/"
    "a\",\"token_endpoint\":"
    "\"https://as.example/t\"}",
    KOBAN_ERROR_UNTRUSTED },
};

static void
test_discovery (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_auto(GStrv) parts = g_strsplit (DISCOVERING, "%s", 2);
  g_autofree char *row = g_strjoinv (documents[i].how, parts);
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (CLIENT_ID, row, secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  g_autofree char *body = ask (self, documents[i].url);
  g_assert_cmpstr (body, ==, "");
  gboolean good = answer (self, 200, documents[i].body, &error);
  g_assert_cmpint (good, ==, documents[i].code == -1);
  if (good)
    g_assert_true (g_str_has_prefix (koban_oauth_get_url (self->oauth), "https://as.example/a?"));
  else
    g_assert_error (error, KOBAN_ERROR, documents[i].code);
}

/* — a consent that goes first — */

#define CONSENT                                                                                              \
  "{\"scheme\":\"oauth\",\"flow\":\"consent\",\"client\":\"tls\",\"consent_days\":90,\"consent\":{\"path\":" \
  "\"/consents\","                                                                                           \
  "\"headers\":{\"X-Request-ID\":\"{request_id}\",\"TPP-Redirect-URI\":\"{redirect_url}\"},\"body\":{"       \
  "\"validUntil\":"                                                                                          \
  "\"{consent_until_day}\",\"recurring\":true},\"keep\":{\"consent_id\":\"/consentId\"},\"url\":\"/_links/"  \
  "scaRedirect/href\","                                                                                      \
  "\"status\":{\"path\":\"/consents/{consent_id}/status\",\"at\":\"/"                                        \
  "consentStatus\",\"yes\":[\"valid\"],\"no\":[\"rejected\"]}},"                                             \
  "\"headers\":{\"Consent-ID\":\"{consent_id}\"}}"

static SignIn *
begin_consent (const char *answered)
{
  SignIn *self = sign_in_new ("", CONSENT, NULL);

  begin (self);
  g_autofree char *body = ask (self, "https://x.example/v1/consents");
  g_assert_cmpstr (body, ==, "{\"validUntil\":\"2024-12-01\",\"recurring\":true}");
  answer_well (self, answered);
  return self;
}

static void
test_consent_at_a_page (void)
{
  g_autoptr(SignIn) self = begin_consent (
    "{\"consentId\":\"c/1\",\"_links\":{\"scaRedirect\":{\"href\":\"https://page.example/go\"}}}");
  g_autoptr(KobanSecret) nothing = koban_secret_new ("", 0);
  g_autoptr(GError) error = NULL;

  g_assert_cmpstr (koban_oauth_get_url (self->oauth), ==, "https://page.example/go");
  g_assert_true (koban_oauth_returned (self->oauth, nothing, NULL));
  g_free (ask (self, "https://x.example/v1/consents/c%2F1/status"));
  answer_well (self, "{\"consentStatus\":\"received\"}");
  g_assert_false (koban_oauth_is_done (self->oauth));
  g_assert_cmpuint (koban_oauth_get_pause_s (self->oauth), ==, 5);
  answer_well (self, "{\"consentStatus\":\"valid\"}");
  g_assert_true (koban_oauth_is_done (self->oauth));
  g_autoptr(KobanOutgoing) listing = koban_auth_request (self->auth, "GET", "/a", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (koban_secret_peek (listing->secret_headers->pdata[0], NULL), ==, "Consent-ID: c/1");
}

/* Approved in the bank's app: there is no page, and the status is asked until it is a yes or a no. */
static void
test_consent_declined (void)
{
  g_autoptr(SignIn) self = begin_consent ("{\"consentId\":\"c1\",\"_links\":{}}");
  g_autoptr(GError) error = NULL;

  g_assert_null (koban_oauth_get_url (self->oauth));
  g_assert_false (answer (self, 200, "{\"consentStatus\":\"rejected\"}", &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN);
}

static void
test_page_must_be_https (void)
{
  g_autoptr(SignIn) self = sign_in_new ("", CONSENT, NULL);
  g_autoptr(GError) error = NULL;

  begin (self);
  g_assert_false (answer (
    self, 200, "{\"consentId\":\"c1\",\"_links\":{\"scaRedirect\":{\"href\":\"http://page.example/go\"}}}",
    &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
}

/* — a code that is typed — */

static void
test_device (void)
{
  g_autoptr(KobanSecret) secrets = client ();
  g_autoptr(SignIn) self = sign_in_new (
    CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"device\",\"client\":\"none\",\"client_id\":\"client_id\",\"device\":"
    "\"https://as.example/device\",\"token\":\"https://as.example/token\"}",
    secrets);
  g_autoptr(GError) error = NULL;

  begin (self);
  answer_well (self,
               "{\"device_code\":\"D\",\"user_code\":\"AB-CD\",\"verification_uri\":\"https://as.example/d\","
               "\"expires_in\":100,\"interval\":7}");
  g_assert_cmpstr (koban_oauth_get_user_code (self->oauth), ==, "AB-CD");
  g_assert_cmpuint (koban_oauth_get_pause_s (self->oauth), ==, 7);
  g_assert_true (answer (self, 400, "{\"error\":\"authorization_pending\"}", &error));
  g_assert_true (answer (self, 400, "{\"error\":\"slow_down\"}", &error));
  g_assert_no_error (error);
  g_assert_cmpuint (koban_oauth_get_pause_s (self->oauth), ==, 12);
  self->auth->now_us += 100 * KOBAN_SECOND_US;
  g_assert_null (koban_oauth_ask (self->oauth, &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN);
}

/* — renewing — */

static SignIn *
watching (const char *const *pairs)
{
  g_autoptr(KobanSecret) secrets = bundle_of (pairs);
  return sign_in_new (CLIENT_ID, CODE_FLOW "}", secrets);
}

static char *
renewal (SignIn *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanOutgoing) outgoing = koban_auth_open (self->auth, &error);

  g_assert_no_error (error);
  return g_strdup (koban_secret_peek (outgoing->body, NULL));
}

static gboolean
renew (SignIn *self, guint status, const char *body, GError **error)
{
  g_autoptr(GBytes) bytes = g_bytes_new_static (body, strlen (body));
  char *none[] = { NULL };
  const KobanHttpResponse response = {
    .status = status, .body = bytes, .headers = none, .retry_after_s = -1
  };

  return koban_auth_opened (self->auth, &response, error);
}

/* The old token stays beside the new one, and is tried once when the new one is refused; then a person is
 * needed. */
static void
test_the_one_before (void)
{
  g_autoptr(SignIn) self =
    watching ((const char *const[]){ "client_id", "me", "access_token", "A", "access_since", "1",
                                     "access_expires", "1725235100", "refresh_token", "R1", NULL });
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_auth_wants_opening (self->auth));
  g_autofree char *first = renewal (self);
  g_assert_cmpstr (first, ==, "grant_type=refresh_token&refresh_token=R1&client_id=me");
  g_assert_true (
    renew (self, 200, "{\"access_token\":\"B\",\"refresh_token\":\"R2\",\"expires_in\":600}", &error));
  g_assert_false (koban_auth_wants_opening (self->auth));
  g_autoptr(KobanSecret) stored = koban_auth_take_secrets (self->auth);
  g_autoptr(KobanSecret) before = koban_secret_bundle_lookup (stored, KOBAN_OAUTH_REFRESH_BEFORE);
  g_assert_cmpstr (koban_secret_peek (before, NULL), ==, "R1");

  g_autoptr(SignIn) later = sign_in_new (CLIENT_ID, CODE_FLOW "}", stored);
  later->auth->now_us += 700 * KOBAN_SECOND_US;
  g_assert_true (koban_auth_wants_opening (later->auth));
  g_assert_true (renew (later, 400, "{\"error\":\"invalid_grant\"}", &error));
  g_autofree char *second = renewal (later);
  g_assert_cmpstr (second, ==, "grant_type=refresh_token&refresh_token=R1&client_id=me");
  g_assert_false (renew (later, 400, "{\"error\":\"invalid_grant\"}", &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN);
}

/* A 401 is answered by one renewal, and a renewal by no other within a minute. */
static void
test_refused_once (void)
{
  g_autoptr(SignIn) self = watching ((const char *const[]){
    "client_id", "me", "access_token", "A", "access_since", "1725235000", "refresh_token", "R1", NULL });

  g_assert_false (koban_auth_wants_opening (self->auth));
  g_assert_true (koban_auth_refused (self->auth));
  g_assert_true (koban_auth_wants_opening (self->auth));
  g_assert_true (renew (self, 200, "{\"access_token\":\"B\"}", NULL));
  self->auth->now_us += 120 * KOBAN_SECOND_US;
  g_assert_false (koban_auth_refused (self->auth));

  g_autoptr(SignIn) young = watching ((const char *const[]){
    "client_id", "me", "access_token", "A", "access_since", "1725235190", "refresh_token", "R1", NULL });
  g_assert_false (koban_auth_refused (young->auth));
}

static void
test_lost_once (void)
{
  g_autoptr(SignIn) self =
    watching ((const char *const[]){ "client_id", "me", "refresh_token", "R1", NULL });

  g_assert_true (koban_auth_lost (self->auth));
  g_assert_false (koban_auth_lost (self->auth));
}

static void
test_nothing_to_renew_with (void)
{
  g_autoptr(SignIn) self = watching ((const char *const[]){
    "client_id", "me", "access_token", "A", "access_since", "1", "access_expires", "2", NULL });
  g_autoptr(GError) error = NULL;

  g_assert_null (koban_auth_open (self->auth, &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN);
  g_assert_nonnull (strstr (error->message, "koban add x"));
}

/* — what the lint finds — */

static const struct
{
  const char *name, *needs, *row, *said;
} mistakes[] = {
  { "strange-host", CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"client_id\":\"client_id\",\"authorize\":"
    "\"/a\",\"token\":"
    "\"https://evil.example/t\"}",
    "evil.example" },
  { "no-page", CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"client_id\":\"client_id\",\"token\":\"/"
    "t\"}",
    "authorize" },
  { "no-secret", CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"secret-post\",\"client_id\":\"client_id\","
    "\"authorize\":\"/a\","
    "\"token\":\"/t\"}",
    "client_secret" },
  { "no-key", CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"private-key-jwt\",\"client_id\":\"client_id\","
    "\"authorize\":\"/a\","
    "\"token\":\"/t\"}",
    "private-key-jwt" },
  { "nobody", "",
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"authorize\":\"/a\",\"token\":\"/t\"}",
    "register" },
  { "no-status", "", "{\"scheme\":\"oauth\",\"flow\":\"consent\",\"client\":\"tls\"}", "status" },
  { "nothing-fills", CLIENT_ID, CODE_FLOW ",\"claims\":{\"a\":[\"{nobody}\"]}}", "nobody" },
  { "token-is-asked-for", CLIENT_ID "," NEED ("access_token", "true"),
    CODE_FLOW ",\"headers\":{\"a\":\"{access_token}\"}}", "comes of the sign-in" },
  { "discovery-of-nobody", CLIENT_ID,
    "{\"scheme\":\"oauth\",\"flow\":\"code\",\"client\":\"none\",\"client_id\":\"client_id\",\"discover\":"
    "\"oauth\"}",
    "issuer" },
};

static void
test_mistake (gconstpointer data)
{
  const gsize i = GPOINTER_TO_SIZE (data);
  g_autofree char *text = profile_text (mistakes[i].needs, mistakes[i].row);
  g_auto(GStrv) said = koban_profile_lint (text, strlen (text));
  g_autofree char *all = g_strjoinv ("\n", said);

  if (strstr (all, mistakes[i].said) == NULL)
    g_error ("the lint says: %s", all);
}

/* Adds one test a row. */
#define ADD_ROWS(path, rows, test)                                                                           \
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)                                                            \
    {                                                                                                        \
      g_autofree char *name = g_strconcat (path, rows[i].name, NULL);                                        \
      g_test_add_data_func (name, GSIZE_TO_POINTER (i), test);                                               \
    }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/oauth/challenge", test_challenge);
  ADD_ROWS ("/oauth/returned/", returns, test_returned);
  g_test_add_func ("/oauth/page", test_page);
  g_test_add_func ("/oauth/code", test_whole_code_flow);
  g_test_add_func ("/oauth/approval", test_approval);
  ADD_ROWS ("/oauth/answer/", answers, test_answer);
  ADD_ROWS ("/oauth/lifetime/", lifetimes, test_lifetime);
  ADD_ROWS ("/oauth/refusal/", refusals, test_refusal);
  ADD_ROWS ("/oauth/discovery/", documents, test_discovery);
  g_test_add_func ("/oauth/consent/page", test_consent_at_a_page);
  g_test_add_func ("/oauth/consent/declined", test_consent_declined);
  g_test_add_func ("/oauth/consent/https", test_page_must_be_https);
  g_test_add_func ("/oauth/device", test_device);
  g_test_add_func ("/oauth/renewing/the-one-before", test_the_one_before);
  g_test_add_func ("/oauth/renewing/refused-once", test_refused_once);
  g_test_add_func ("/oauth/renewing/lost-once", test_lost_once);
  g_test_add_func ("/oauth/renewing/nothing", test_nothing_to_renew_with);
  ADD_ROWS ("/oauth/lint/", mistakes, test_mistake);
  return g_test_run ();
}
