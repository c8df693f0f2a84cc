/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What each scheme adds to a request, without a network: headers, bodies and certificates as they would be
 * sent, and signatures that are verified with the public key, as the bank would.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include "bank/auth.h"
#include "bank/jws.h"

#ifdef KOBAN_SIGNING
#include <openssl/evp.h>
#include <openssl/pem.h>
#endif

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US) /* 2024-09-02 00:00 UTC */

/* — a sign-in — */

#define NEED(name, label, more)                                                                              \
  {                                                                                                          \
    name, "{\"name\":\"" name "\",\"label\":\"" label "\"," more ",\"example\":\"e\"}"                       \
  }
#define SECRET "\"secret\":true,\"kind\":\"text\""
#define SECRET_FILE "\"secret\":true,\"kind\":\"file\""
#define REVOKING ",\"revoke\":true"

static const struct
{
  const char *name, *text;
} needs[] = {
  NEED ("token", "l", SECRET),
  NEED ("client_id", "l", SECRET),
  NEED ("client_secret", "l", SECRET),
  NEED ("app_id", "l", "\"secret\":false,\"kind\":\"text\""),
  NEED ("private_key", "l", SECRET_FILE),
  NEED ("certificate", "l", SECRET_FILE),
  NEED ("revoke_token", "the revoking token", SECRET REVOKING),
  NEED ("signing_key", "the signing key", SECRET_FILE REVOKING),
};

/* Between the parts: the needs, the auth, and which needs two kinds of links want to be revoked. */
static const char *const profile_parts[] = {
  "{\"format\":1,\"id\":\"x\",\"name\":\"X "
  "Bank\",\"countries\":[\"GB\"],\"base_url\":\"https://x.example/v1\","
  "\"hosts\":[\"x.example\"],\"power\":\"read\",\"cost\":\"free\",\"notes\":\"n\",\"signup\":[\"s\"],"
  "\"needs\":[",
  "],\"auth\":",
  ",\"budget\":{\"per_day\":9,\"interval_s\":900},\"history_days\":9,\"requests\":[{\"path\":\"/a\",\"per\":"
  "\"connection\",\"paging\":{\"scheme\":\"none\"},\"listings\":[{\"gives\":\"accounts\",\"rows\":\"/"
  "a\",\"row\":{"
  "\"id\":\"/id\",\"currency\":\"/c\",\"number\":\"/"
  "n\"}}]}],\"revocations\":[{\"kind\":\"direct_debit\",\"how\":"
  "\"api\",\"method\":\"DELETE\",\"path\":\"/d/{link.id}\",\"ok\":[204],\"by_hand\":\"b\",\"needs\":[",
  ("]},{\"kind\":\"standing_order\",\"how\":\"api\",\"method\":\"DELETE\",\"path\":\"/s\",\"ok\":[204],"
   "\"by_hand\":\"b\",\"needs\":["),
  "]}]}",
};

static gboolean
is_named (const char *auth, const char *name)
{
  g_autofree char *value = g_strdup_printf (":\"%s\"", name);
  g_autofree char *place = g_strdup_printf ("{%s}", name);

  return strstr (auth, value) != NULL || strstr (auth, place) != NULL;
}

/* Those that @auth names, as items of a list. */
static char *
list_needs (const char *auth, gboolean names_only, const char *const *wanted)
{
  GString *out = g_string_new (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (needs); i++)
    {
      if (!is_named (auth, needs[i].name) || (wanted != NULL && !g_strv_contains (wanted, needs[i].name)))
        continue;
      g_string_append (out, out->len > 0 ? "," : "");
      if (names_only)
        g_string_append_printf (out, "\"%s\"", needs[i].name);
      else
        g_string_append (out, needs[i].text);
    }
  return g_string_free (out, FALSE);
}

static char *
profile_with (const char *auth)
{
  static const char *const one[] = { "revoke_token", NULL };
  static const char *const two[] = { "revoke_token", "signing_key", NULL };
  g_autofree char *all = list_needs (auth, FALSE, NULL);
  g_autofree char *first = list_needs (auth, TRUE, one);
  g_autofree char *second = list_needs (auth, TRUE, two);

  return g_strconcat (profile_parts[0], all, profile_parts[1], auth, profile_parts[2], first,
                      profile_parts[3], second, profile_parts[4], NULL);
}

typedef struct
{
  KobanProfile *profile;
  KobanHosts *hosts;
  GHashTable *fields;
  KobanAuth *auth;
} SignIn;

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

static SignIn *
sign_in_new (const char *auth, KobanSecret *secrets)
{
  g_autofree char *text = profile_with (auth);
  g_autoptr(GError) error = NULL;
  SignIn *self = g_new0 (SignIn, 1);

  self->profile = koban_profile_load (text, strlen (text), "x.json", &error);
  g_assert_no_error (error);
  self->hosts = koban_hosts_new (koban_profile_get_hosts (self->profile), NULL, NULL);
  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_hash_table_insert (self->fields, g_strdup ("app_id"), g_strdup ("app-1"));
  self->auth = koban_auth_new (&(KobanAuthOptions){ .profile = self->profile,
                                                    .base_url = "https://x.example/v1",
                                                    .secrets = secrets,
                                                    .fields = self->fields,
                                                    .hosts = self->hosts,
                                                    .now_us = NOW_US });
  return self;
}

static void
sign_in_free (SignIn *self)
{
  koban_auth_free (self->auth);
  koban_hosts_free (self->hosts);
  koban_profile_unref (self->profile);
  g_hash_table_unref (self->fields);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (SignIn, sign_in_free)

/* The value of a secret header, or NULL. */
static const char *
header (KobanOutgoing *outgoing, const char *name)
{
  g_autofree char *prefix = g_strconcat (name, ": ", NULL);

  for (guint i = 0; i < outgoing->secret_headers->len; i++)
    {
      const char *line = koban_secret_peek (outgoing->secret_headers->pdata[i], NULL);
      if (g_str_has_prefix (line, prefix))
        return line + strlen (prefix);
    }
  return NULL;
}

static const char *
text_of (KobanSecret *secret)
{
  return secret != NULL ? koban_secret_peek (secret, NULL) : NULL;
}

static gboolean
answered (SignIn *self, guint status, const char *body, GError **error)
{
  char *no_headers[] = { NULL };
  g_autoptr(GBytes) bytes = g_bytes_new (body, strlen (body));
  const KobanHttpResponse answer = {
    .status = status, .body = bytes, .headers = no_headers, .retry_after_s = -1
  };
  return koban_auth_opened (self->auth, &answer, error);
}

/* — what is the same every time — */

static const struct
{
  const char *name, *auth, *body; /* body (nullable): what the request itself sends */
  const char *header, *value;     /* (nullable) */
  const char *basic, *sent;       /* (nullable) */
} fixed[] = {
  { "bearer", "{\"scheme\":\"bearer\",\"secret\":\"token\"}", NULL, "Authorization", "Bearer t0k" },
  { "headers",
    "{\"scheme\":\"headers\",\"headers\":{\"X-Id\":\"{client_id}\",\"Authorization\":\"Bearer {token}\"}}",
    NULL, "X-Id", "c{1}\"\\" },
  { "headers-second",
    "{\"scheme\":\"headers\",\"headers\":{\"X-Id\":\"{client_id}\",\"Z\":\"a {app_id} b\"}}", NULL, "Z",
    "a app-1 b" },
  { "basic", "{\"scheme\":\"basic\",\"user\":\"token\",\"password\":\"client_id\"}", NULL, NULL, NULL,
    "t0k:c{1}\"\\" },
  { "basic-no-password", "{\"scheme\":\"basic\",\"user\":\"token\"}", NULL, NULL, NULL, "t0k:" },
  { "body-alone", "{\"scheme\":\"body\",\"members\":{\"access_token\":\"{token}\"}}", NULL, NULL, NULL, NULL,
    "{\"access_token\":\"t0k\"}" },
  { "body-empty", "{\"scheme\":\"body\",\"members\":{\"access_token\":\"{token}\"}}", "{}", NULL, NULL, NULL,
    "{\"access_token\":\"t0k\"}" },
  { "body-more", "{\"scheme\":\"body\",\"members\":{\"i\":\"{client_id}\",\"k\":\"{token}\"}}",
    "{\"cursor\":\"{x}\",\"count\":5}", NULL, NULL, NULL,
    "{\"i\":\"c{1}\\\"\\\\\",\"k\":\"t0k\",\"cursor\":\"{x}\",\"count\":5}" },
  { "several",
    "[{\"scheme\":\"headers\",\"headers\":{\"X-Id\":\"{app_id}\"}},{\"scheme\":\"basic\",\"user\":\"token\"},"
    "{\"scheme\":\"body\",\"members\":{\"k\":\"{token}\"}}]",
    NULL, "X-Id", "app-1", "t0k:", "{\"k\":\"t0k\"}" },
};

static void
test_fixed (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(KobanSecret) secrets =
    bundle_of ((const char *const[]){ "token", "t0k", "client_id", "c{1}\"\\", NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (fixed[i].auth, secrets);
  g_autoptr(GError) error = NULL;

  g_assert_false (koban_auth_wants_opening (sign_in->auth));
  g_autoptr(KobanOutgoing) outgoing =
    koban_auth_request (sign_in->auth, "POST", "/a?b=1", fixed[i].body, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (outgoing->url, ==, "https://x.example/v1/a?b=1");
  if (fixed[i].header != NULL)
    g_assert_cmpstr (header (outgoing, fixed[i].header), ==, fixed[i].value);
  g_assert_cmpstr (text_of (outgoing->basic), ==, fixed[i].basic);
  g_assert_cmpstr (text_of (outgoing->body), ==, fixed[i].sent);
  g_assert_null (koban_auth_take_secrets (sign_in->auth));
}

static void
test_certificate (void)
{
  g_autoptr(KobanSecret) secrets =
    bundle_of ((const char *const[]){ "certificate", "C", "private_key", "K", NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (
    "{\"scheme\":\"mutual-tls\",\"certificate\":\"certificate\",\"key\":\"private_key\"}", secrets);
  g_autoptr(KobanOutgoing) outgoing = koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, NULL);

  g_assert_cmpstr (text_of (outgoing->certificate), ==, "C");
  g_assert_cmpstr (text_of (outgoing->key), ==, "K");
}

/* A secret that would break its line, or is not there, ends in a sentence without it. */
static void
test_refused (void)
{
  static const struct
  {
    const char *auth, *token;
    KobanError code;
  } rows[] = {
    { "{\"scheme\":\"bearer\",\"secret\":\"token\"}", "s3cr3t x", KOBAN_ERROR_INVALID },
    { "{\"scheme\":\"bearer\",\"secret\":\"token\"}", "", KOBAN_ERROR_INVALID },
    { "{\"scheme\":\"headers\",\"headers\":{\"A\":\"{token}\"}}", "s3cr3t\r\nX: y", KOBAN_ERROR_INVALID },
    { "{\"scheme\":\"bearer\",\"secret\":\"client_id\"}", "s3cr3t", KOBAN_ERROR_NEEDS_SIGN_IN },
    { "{\"scheme\":\"mutual-tls\",\"certificate\":\"token\",\"key\":\"private_key\"}", "s3cr3t",
      KOBAN_ERROR_NEEDS_SIGN_IN },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(KobanSecret) secrets = bundle_of ((const char *const[]){ "token", rows[i].token, NULL });
      g_autoptr(SignIn) sign_in = sign_in_new (rows[i].auth, secrets);
      g_autoptr(GError) error = NULL;
      g_assert_null (koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error));
      g_assert_error (error, KOBAN_ERROR, (int) rows[i].code);
      g_assert_null (strstr (error->message, "s3cr3t"));
    }
}

/* — login — */

#define LOGIN(rung, headers) "{\"scheme\":\"login\",\"rungs\":[{" rung "}],\"headers\":{" headers "}}"

static const struct
{
  const char *name, *auth;
  const char *sent, *basic; /* basic (nullable) */
  gboolean form;
  const char *extra, *extra_value; /* (nullable): a header of the login itself */
  const char *answer, *header, *value;
} logins[] = {
  { "json",
    LOGIN ("\"path\":\"/auth\",\"send\":{\"clientId\":\"{client_id}\",\"s[]\":\"{client_secret}\"},"
           "\"keep\":{\"session\":\"/apiKey\"}",
           "\"X-API-KEY\":\"{session}\""),
    "{\"clientId\":\"id\\\"1\",\"s\":[\"a&b=c\"]}", NULL, FALSE, NULL, NULL, "{\"apiKey\":\"short\"}",
    "X-API-KEY", "short" },
  { "form",
    "[{\"scheme\":\"headers\",\"headers\":{\"x-api-key\":\"{token}\"}}," LOGIN (
      "\"path\":\"/t\",\"form\":true,\"user\":\"client_id\",\"password\":\"client_secret\",\"send\":"
      "{\"grant_type\":\"client_credentials\",\"z\":\"{client_secret}\"},\"keep\":{\"session\":\"/"
      "access_token\"}",
      "\"Authorization\":\"Bearer {session}\"") "]",
    "grant_type=client_credentials&z=a%26b%3Dc", "id\"1:a&b=c", TRUE, "x-api-key", "t0k",
    "{\"access_token\":\"short\",\"expires_in\":1799}", "Authorization", "Bearer short" },
};

static void
test_login (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(KobanSecret) secrets =
    bundle_of ((const char *const[]){ "token", "t0k", "client_id", "id\"1", "client_secret", "a&b=c", NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (logins[i].auth, secrets);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_auth_wants_opening (sign_in->auth));
  g_autoptr(KobanOutgoing) login = koban_auth_open (sign_in->auth, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (login->method, ==, "POST");
  g_assert_cmpstr (text_of (login->body), ==, logins[i].sent);
  g_assert_cmpstr (text_of (login->basic), ==, logins[i].basic);
  g_assert_cmpint (login->form, ==, logins[i].form);
  if (logins[i].extra != NULL)
    g_assert_cmpstr (header (login, logins[i].extra), ==, logins[i].extra_value);

  g_assert_true (answered (sign_in, 200, logins[i].answer, &error));
  g_assert_false (koban_auth_wants_opening (sign_in->auth));
  g_autoptr(KobanOutgoing) outgoing = koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (header (outgoing, logins[i].header), ==, logins[i].value);
  g_assert_null (koban_auth_take_secrets (sign_in->auth)); /* a short token is nobody's to keep */
}

static const struct
{
  const char *name;
  guint status;
  const char *body;
  KobanError code;
} login_faults[] = {
  { "400", 400, "{\"error\":\"invalid_grant\"}", KOBAN_ERROR_NEEDS_SIGN_IN },
  { "401", 401, "{}", KOBAN_ERROR_NEEDS_SIGN_IN },
  { "403", 403, "{}", KOBAN_ERROR_NEEDS_SIGN_IN },
  { "429", 429, "{}", KOBAN_ERROR_RATE_LIMITED },
  { "500", 500, "", KOBAN_ERROR_OFFLINE },
  { "redirect", 302, "", KOBAN_ERROR_INVALID },
  { "page", 200, "<html>Welcome</html>", KOBAN_ERROR_INVALID },
  { "nothing", 200, "", KOBAN_ERROR_INVALID },
  { "lacks", 200, "{\"apikey\":\"x\"}", KOBAN_ERROR_INVALID },
  { "empty", 200, "{\"apiKey\":\"\"}", KOBAN_ERROR_INVALID },
  { "object", 200, "{\"apiKey\":{}}", KOBAN_ERROR_INVALID },
};

static void
test_login_fault (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(KobanSecret) secrets =
    bundle_of ((const char *const[]){ "client_id", "s3cr3t", "client_secret", "s3cr3t", NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (logins[0].auth, secrets);
  g_autoptr(GError) error = NULL;

  g_assert_false (answered (sign_in, login_faults[i].status, login_faults[i].body, &error));
  g_assert_error (error, KOBAN_ERROR, (int) login_faults[i].code);
  g_assert_null (strstr (error->message, "s3cr3t"));
  g_assert_true (koban_auth_wants_opening (sign_in->auth));
}

/* — revoking — */

static void
test_revoking (void)
{
  static const struct
  {
    KobanLinkKind kind;
    const char *const secrets[7];
    const char *lacks; /* (nullable) */
  } rows[] = {
    { KOBAN_LINK_DIRECT_DEBIT, { "token", "watch", "revoke_token", "cut" } },
    { KOBAN_LINK_DIRECT_DEBIT, { "token", "watch" }, "the revoking token" },
    { KOBAN_LINK_STANDING_ORDER, { "token", "watch", "revoke_token", "cut" }, "the signing key" },
    { KOBAN_LINK_STANDING_ORDER, { "token", "watch", "revoke_token", "cut", "signing_key", "k" } },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(KobanSecret) secrets = bundle_of (rows[i].secrets);
      g_autoptr(SignIn) sign_in =
        sign_in_new ("[{\"scheme\":\"bearer\",\"secret\":\"token\",\"revoking\":\"revoke_token\"},"
                     "{\"scheme\":\"login\",\"rungs\":[{\"path\":\"/l\",\"once\":true,\"send\":{\"x\":"
                     "\"{signing_key}\"},\"keep\":{\"k\":\"/k\"}}],\"headers\":{}}]",
                     secrets);
      g_autoptr(GError) error = NULL;
      const KobanRevocationRule *rule = koban_profile_find_revocation (sign_in->profile, rows[i].kind);
      g_autoptr(KobanOutgoing) outgoing =
        koban_auth_request (sign_in->auth, "DELETE", "/d/1", NULL, rule, &error);
      g_autoptr(KobanOutgoing) watching = koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, NULL);

      g_assert_cmpstr (header (watching, "Authorization"), ==, "Bearer watch");
      if (rows[i].lacks == NULL)
        g_assert_cmpstr (header (outgoing, "Authorization"), ==, "Bearer cut");
      else
        {
          g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN);
          g_assert_nonnull (strstr (error->message, rows[i].lacks));
        }
    }
}

/* — signatures — */

#define JWT                                                                                                  \
  "{\"scheme\":\"jwt\",\"key\":\"private_key\",\"key_id\":\"app_id\",\"issuer\":\"us\",\"audience\":"        \
  "\"them\"}"

#ifdef KOBAN_SIGNING

/* P-256, made for this test. */
static const char ec_key[] = "-----BEGIN PRIVATE KEY-----\n"
                             "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg1o1MsE6D/olU8QOZ\n"
                             "PqmwVXYZMolOo4woBewMHzHKjvWhRANCAASBJ4Rl74hWe+nADDEUl3YBqJnbwPkb\n"
                             "+ehtC7HxQFn6az+ymRbnGA0LRIZzfwV36X+DAAMDWObcIFWV0GwsTLNq\n"
                             "-----END PRIVATE KEY-----\n";

static gboolean
verifies (const char *public_pem, const EVP_MD *digest, const char *data, const char *base64)
{
  BIO *bio = BIO_new_mem_buf (public_pem, -1);
  EVP_PKEY *key = PEM_read_bio_PUBKEY (bio, NULL, NULL, NULL);
  EVP_MD_CTX *context = EVP_MD_CTX_new ();
  gsize length;
  g_autofree guchar *signature = g_base64_decode (base64, &length);
  gboolean good = EVP_DigestVerifyInit (context, NULL, digest, NULL, key) == 1 &&
                  EVP_DigestVerify (context, signature, length, (const guchar *) data, strlen (data)) == 1;

  EVP_MD_CTX_free (context);
  EVP_PKEY_free (key);
  BIO_free (bio);
  return good;
}

/* base64url without padding → what it stands for. */
static char *
decode (const char *text)
{
  g_autofree char *padded = g_strconcat (text, "===", NULL);
  gsize length;

  padded[strlen (text) + (4 - strlen (text) % 4) % 4] = '\0';
  g_strdelimit (padded, "-", '+');
  g_strdelimit (padded, "_", '/');
  g_autofree guchar *bytes = g_base64_decode (padded, &length);
  return g_strndup ((const char *) bytes, length);
}

static void
test_jwt (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) key = koban_jws_make_key (&error);
  g_autofree char *public_pem = koban_jws_public_pem (key, &error);
  g_autoptr(KobanSecret) secrets = bundle_of ((const char *const[]){ "private_key", text_of (key), NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (JWT, secrets);
  g_autoptr(KobanOutgoing) outgoing = koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error);

  g_assert_no_error (error);
  const char *value = header (outgoing, "Authorization");
  g_assert_true (g_str_has_prefix (value, "Bearer "));
  g_auto(GStrv) parts = g_strsplit (value + strlen ("Bearer "), ".", -1);
  g_assert_cmpuint (g_strv_length (parts), ==, 3);
  g_autofree char *head = decode (parts[0]);
  g_autofree char *claims = decode (parts[1]);
  g_assert_cmpstr (head, ==, "{\"typ\":\"JWT\",\"alg\":\"RS256\",\"kid\":\"app-1\"}");
  g_assert_cmpstr (claims, ==, "{\"iss\":\"us\",\"aud\":\"them\",\"iat\":1725235170,\"exp\":1725238770}");
  g_autofree char *signed_text = g_strconcat (parts[0], ".", parts[1], NULL);
  g_autofree char *other_text = g_strconcat (parts[0], ".", parts[0], NULL);
  g_strdelimit (parts[2], "-", '+');
  g_strdelimit (parts[2], "_", '/');
  g_autofree char *signature = g_strconcat (parts[2], "==", NULL);
  g_assert_true (verifies (public_pem, EVP_sha256 (), signed_text, signature));
  g_assert_false (verifies (public_pem, EVP_sha256 (), other_text, signature));
}

static void
test_jwt_refused (void)
{
  const struct
  {
    const char *key, *app_id;
  } rows[] = { { "no key", "a" }, { ec_key, "a" }, { "", "a" }, { ec_key, "a\"b" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(KobanSecret) secrets = bundle_of ((const char *const[]){ "private_key", rows[i].key, NULL });
      g_autoptr(SignIn) sign_in = sign_in_new (JWT, secrets);
      g_autoptr(GError) error = NULL;
      g_hash_table_insert (sign_in->fields, g_strdup ("app_id"), g_strdup (rows[i].app_id));
      g_assert_null (koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error));
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_null (strstr (error->message, "MIG"));
    }
}

#define LADDER                                                                                               \
  "[{\"scheme\":\"body-signature\",\"header\":\"X-Sig\",\"after\":\"installed\"},{\"scheme\":\"login\","     \
  "\"rungs\":["                                                                                              \
  "{\"path\":\"/"                                                                                            \
  "installation\",\"once\":true,\"send\":{\"client_public_key\":\"{public_key}\"},\"keep\":{\"installed\":"  \
  "\"/Response/1/Token/token\"}},{\"path\":\"/"                                                              \
  "device\",\"once\":true,\"send\":{\"secret\":\"{token}\"},\"headers\":"                                    \
  "{\"X-Auth\":\"{installed}\"},\"keep\":{\"device\":\"/Response/0/Id/id\"}},{\"path\":\"/"                  \
  "session\",\"send\":"                                                                                      \
  "{\"secret\":\"{token}\"},\"headers\":{\"X-Auth\":\"{installed}\"},\"keep\":{\"session\":\"/Response/1/"   \
  "Token/token\"},"                                                                                          \
  "\"fields\":{\"user\":[\"/Response/2/UserPerson/id\",\"/Response/2/UserCompany/"                           \
  "id\"]}}],\"headers\":{\"X-Auth\":"                                                                        \
  "\"{session}\"}}]"

/* The key as the bank is told it: the JSON text of a PEM file. */
static char *
told_key (KobanOutgoing *outgoing)
{
  g_autoptr(KobanJson) json =
    koban_json_parse (text_of (outgoing->body), strlen (text_of (outgoing->body)), NULL);
  g_assert_nonnull (json);
  return g_strdup (koban_json_string (koban_json_at (koban_json_root (json), "/client_public_key")));
}

static void
climb (SignIn *sign_in, const char *path, const char *public_pem, const char *token, const char *answer)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanOutgoing) outgoing = koban_auth_open (sign_in->auth, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_suffix (outgoing->url, path));
  g_assert_cmpstr (header (outgoing, "X-Auth"), ==, token);
  g_assert_cmpstr (text_of (outgoing->body), ==, "{\"secret\":\"k3y\"}");
  g_assert_true (verifies (public_pem, EVP_sha256 (), "{\"secret\":\"k3y\"}", header (outgoing, "X-Sig")));
  g_assert_true (answered (sign_in, 200, answer, &error));
}

/* Three requests the first time; with what was kept of them, one; and every body signed with the same key. */
static void
test_ladder (void)
{
  g_autoptr(KobanSecret) secrets = bundle_of ((const char *const[]){ "token", "k3y", NULL });
  g_autoptr(SignIn) first = sign_in_new (LADDER, secrets);
  g_autoptr(GError) error = NULL;
  static const char session[] = "{\"Response\":[{\"Id\":{\"id\":1}},{\"Token\":{\"token\":\"S\"}},"
                                "{\"UserCompany\":{\"id\":42}}]}";

  g_autoptr(KobanOutgoing) installation = koban_auth_open (first->auth, &error);
  g_assert_no_error (error);
  g_assert_null (header (installation, "X-Sig"));
  g_autofree char *public_pem = told_key (installation);
  g_assert_true (g_str_has_prefix (public_pem, "-----BEGIN PUBLIC KEY-----\n"));
  g_assert_true (
    answered (first, 200, "{\"Response\":[{\"Id\":{\"id\":1}},{\"Token\":{\"token\":\"I\"}}]}", &error));
  g_autoptr(KobanSecret) kept = koban_auth_take_secrets (first->auth);
  g_assert_nonnull (kept); /* before the key is used */
  climb (first, "/device", public_pem, "I", "{\"Response\":[{\"Id\":{\"id\":7}}]}");
  g_autoptr(KobanSecret) registered = koban_auth_take_secrets (first->auth);
  climb (first, "/session", public_pem, "I", session);
  g_assert_null (koban_auth_take_secrets (first->auth));
  g_assert_false (koban_auth_wants_opening (first->auth));
  g_assert_cmpstr (g_hash_table_lookup (first->fields, "user"), ==, "42");

  g_autoptr(KobanOutgoing) get = koban_auth_request (first->auth, "GET", "/a", NULL, NULL, &error);
  g_assert_cmpstr (header (get, "X-Auth"), ==, "S");
  g_assert_null (header (get, "X-Sig"));
  g_autoptr(KobanOutgoing) put =
    koban_auth_request (first->auth, "PUT", "/a", "{\"status\":\"R\"}", NULL, &error);
  g_assert_true (verifies (public_pem, EVP_sha256 (), "{\"status\":\"R\"}", header (put, "X-Sig")));

  g_autoptr(SignIn) second = sign_in_new (LADDER, registered);
  climb (second, "/session", public_pem, "I", session);
  g_assert_false (koban_auth_wants_opening (second->auth));
}

/* The signed cancel: beside the bearer token, over method, path and date; and only with the key at hand. */
static void
test_http_signature (void)
{
  static const char auth[] = "[{\"scheme\":\"bearer\",\"secret\":\"token\",\"revoking\":\"revoke_token\"},"
                             "{\"scheme\":\"http-signature\",\"key\":\"signing_key\",\"key_id\":\"app_id\"}]";
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) rsa_key = koban_jws_make_key (&error);
  const char *const keys[] = { ec_key, text_of (rsa_key) };
  const char *const algorithms[] = { "ecdsa-sha512", "rsa-sha512" };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr(KobanSecret) key = koban_secret_new (keys[i], -1);
      g_autofree char *public_pem = koban_jws_public_pem (key, &error);
      g_assert_no_error (error);
      g_autoptr(KobanSecret) secrets = bundle_of (
        (const char *const[]){ "token", "w", "revoke_token", "cut", "signing_key", keys[i], NULL });
      g_autoptr(SignIn) sign_in = sign_in_new (auth, secrets);
      g_autoptr(KobanOutgoing) watching =
        koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error);
      g_assert_cmpstr (header (watching, "Authorization"), ==, "Bearer w");
      g_assert_null (header (watching, "Date"));

      const KobanRevocationRule *rule =
        koban_profile_find_revocation (sign_in->profile, KOBAN_LINK_STANDING_ORDER);
      g_autoptr(KobanOutgoing) outgoing =
        koban_auth_request (sign_in->auth, "DELETE", "/s/1", NULL, rule, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (header (outgoing, "Date"), ==, "2024-09-02T00:00:00Z");
      g_assert_cmpstr (header (outgoing, "Digest"), ==, "X");
      g_autofree char *prefix =
        g_strdup_printf ("Bearer cut;Signature keyid=\"app-1\",algorithm=\"%s\",headers="
                         "\"(request-target) Date Digest\",signature=\"",
                         algorithms[i]);
      const char *value = header (outgoing, "Authorization");
      g_assert_true (g_str_has_prefix (value, prefix));
      g_autofree char *signature = g_strndup (value + strlen (prefix), strlen (value) - strlen (prefix) - 1);
      static const char text[] = "(request-target): delete /v1/s/1\nDate: 2024-09-02T00:00:00Z\nDigest: X";
      g_assert_true (verifies (public_pem, EVP_sha512 (), text, signature));
    }
}

#else

static void
test_unsigned (void)
{
  g_autoptr(KobanSecret) secrets = bundle_of ((const char *const[]){ "private_key", "K", NULL });
  g_autoptr(SignIn) sign_in = sign_in_new (JWT, secrets);
  g_autoptr(GError) error = NULL;

  g_assert_null (koban_auth_request (sign_in->auth, "GET", "/a", NULL, NULL, &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED);
  g_assert_nonnull (strstr (error->message, "“signing”"));
}

#endif

#define ADD_ROWS(prefix, rows, func)                                                                         \
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)                                                            \
    {                                                                                                        \
      g_autofree char *path = g_strconcat (prefix, rows[i].name, NULL);                                      \
      g_test_add_data_func (path, GUINT_TO_POINTER (i), func);                                               \
    }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD_ROWS ("/auth/fixed/", fixed, test_fixed);
  g_test_add_func ("/auth/certificate", test_certificate);
  g_test_add_func ("/auth/refused", test_refused);
  ADD_ROWS ("/auth/login/", logins, test_login);
  ADD_ROWS ("/auth/login-fault/", login_faults, test_login_fault);
  g_test_add_func ("/auth/revoking", test_revoking);
#ifdef KOBAN_SIGNING
  g_test_add_func ("/auth/jwt", test_jwt);
  g_test_add_func ("/auth/jwt-refused", test_jwt_refused);
  g_test_add_func ("/auth/ladder", test_ladder);
  g_test_add_func ("/auth/http-signature", test_http_signature);
#else
  g_test_add_func ("/auth/unsigned", test_unsigned);
#endif
  return g_test_run ();
}
