/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Schemes that sign: a token of one's own making, the body, the request. What is signed is put together
 * here; jws.c signs it.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include "bank/jws.h"

#define TOKEN_SECONDS 3600
/* A bank's clock may be behind ours. */
#define TOKEN_AGE 30

static gboolean
add_text_header (KobanOutgoing *outgoing, const char *name, const char *text, GError **error)
{
  g_autoptr(KobanSecret) value = koban_secret_new (text, -1);
  return koban_outgoing_add_header (outgoing, name, value, error);
}

/* — jwt: a bearer token that the key's owner makes — */

/* It stands in the header as it is typed, so it may hold no quote. */
static KobanSecret *
take_key_id (KobanAuth *auth, const KobanProofRule *rule, GError **error)
{
  g_autoptr(KobanSecret) key_id = koban_auth_lookup (auth, rule->key_id, error);

  if (key_id == NULL)
    return NULL;
  const char *text = koban_secret_peek (key_id, NULL);
  if (strpbrk (text, "\"\\ \t\r\n") == NULL && *text != '\0')
    return g_steal_pointer (&key_id);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is one word without blanks: copy it again"),
               rule->key_id);
  return NULL;
}

static gboolean
jwt_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  g_autoptr(KobanSecret) key = koban_auth_lookup (auth, rule->key, error);
  g_autoptr(KobanSecret) key_id = key != NULL ? take_key_id (auth, rule, error) : NULL;
  gint64 now_s = auth->now_us / KOBAN_SECOND_US - TOKEN_AGE;

  if (key_id == NULL)
    return FALSE;
  g_autofree char *claims = g_strdup_printf ("{\"iss\":\"%s\",\"aud\":\"%s\",\"iat\":%" G_GINT64_FORMAT
                                             ",\"exp\":%" G_GINT64_FORMAT "}",
                                             rule->issuer, rule->audience, now_s, now_s + TOKEN_SECONDS);
  g_autoptr(KobanSecret) token =
    koban_jws_token (key, KOBAN_SIGNATURE_RS256, koban_secret_peek (key_id, NULL), claims, error);
  return token != NULL && koban_outgoing_add_bearer (outgoing, token, error);
}

static const KobanKey jwt_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("key", koban_read_need_name, key, TRUE),
  KOBAN_PROOF_KEY ("key_id", koban_read_need_name, key_id, TRUE),
  KOBAN_PROOF_KEY ("issuer", koban_read_text, issuer, TRUE),
  KOBAN_PROOF_KEY ("audience", koban_read_text, audience, TRUE),
};

const KobanScheme koban_scheme_jwt = {
  .name = "jwt",
  .keys = jwt_keys,
  .n_keys = G_N_ELEMENTS (jwt_keys),
  .prove = jwt_prove,
};

/* — body-signature: RSA over the body's SHA-256, by a key that Koban makes and the bank is told once — */

/* Its place in the bundle, and what an opening may send of it. */
#define CLIENT_KEY "client_key"
#define PUBLIC_KEY "public_key"

static gboolean
body_signature_prepare (KobanAuth *auth, const KobanProofRule *rule, GError **error)
{
  g_autoptr(KobanSecret) made = koban_auth_has (auth, CLIENT_KEY) ? NULL : koban_jws_make_key (error);

  if (made != NULL)
    koban_auth_keep (auth, CLIENT_KEY, made, TRUE);
  g_autoptr(KobanSecret) key =
    koban_auth_has (auth, CLIENT_KEY) ? koban_auth_lookup (auth, CLIENT_KEY, error) : NULL;
  g_autofree char *pem = key != NULL ? koban_jws_public_pem (key, error) : NULL;
  if (pem == NULL)
    return FALSE;
  g_autoptr(KobanSecret) public_key = koban_secret_new (pem, -1);
  koban_auth_keep (auth, PUBLIC_KEY, public_key, FALSE);
  return TRUE;
}

static gboolean
body_signature_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  gsize length = 0;
  const char *body = outgoing->body != NULL ? koban_secret_peek (outgoing->body, &length) : NULL;

  if (body == NULL || !koban_auth_has (auth, rule->after))
    return TRUE;
  g_autoptr(KobanSecret) key = koban_auth_lookup (auth, CLIENT_KEY, error);
  g_autofree char *signature =
    key != NULL ? koban_jws_sign (key, KOBAN_JWS_SHA256, body, length, error) : NULL;
  return signature != NULL && add_text_header (outgoing, rule->header, signature, error);
}

static const KobanKey body_signature_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("header", koban_read_text, header, TRUE),
  KOBAN_PROOF_KEY ("after", koban_read_text, after, TRUE),
};

const KobanScheme koban_scheme_body_signature = {
  .name = "body-signature",
  .keys = body_signature_keys,
  .n_keys = G_N_ELEMENTS (body_signature_keys),
  .prepare = body_signature_prepare,
  .prove = body_signature_prove,
};

/* — http-signature: method, path, date and body of a request that changes something
 * (draft-cavage-http-signatures), beside a bearer token if there is one. Only where the key is: what watches
 * needs none — */

static char *
body_digest (const KobanOutgoing *outgoing)
{
  gsize length;
  guint8 digest[64];
  gsize size = sizeof digest;

  if (outgoing->body == NULL)
    return g_strdup ("X");
  const char *body = koban_secret_peek (outgoing->body, &length);
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA512);
  g_checksum_update (checksum, (const guchar *) body, (gssize) length);
  g_checksum_get_digest (checksum, digest, &size);
  return g_base64_encode (digest, size);
}

/* What stands behind the host. */
static const char *
request_target (const KobanOutgoing *outgoing)
{
  const char *authority = strstr (outgoing->url, "://");
  const char *target = authority != NULL ? strchr (authority + strlen ("://"), '/') : NULL;
  return target != NULL ? target : "/";
}

static char *
sign_request (KobanSecret *key,
              const KobanOutgoing *outgoing,
              const char *date,
              const char *digest,
              GError **error)
{
  g_autofree char *method = g_ascii_strdown (outgoing->method, -1);
  g_autofree char *text = g_strdup_printf ("(request-target): %s %s\nDate: %s\nDigest: %s", method,
                                           request_target (outgoing), date, digest);
  return koban_jws_sign (key, KOBAN_JWS_SHA512, text, strlen (text), error);
}

/* Behind what another scheme has put into the header “Authorization”, as one line. */
static gboolean
add_authorization (KobanOutgoing *outgoing, const char *proof, GError **error)
{
  static const char name[] = "Authorization: ";

  for (guint i = 0; i < outgoing->secret_headers->len; i++)
    {
      const char *line = koban_secret_peek (outgoing->secret_headers->pdata[i], NULL);
      if (!g_str_has_prefix (line, name))
        continue;
      char *joined = g_strconcat (line + strlen (name), ";", proof, NULL);
      g_ptr_array_remove_index (outgoing->secret_headers, i);
      gboolean is_good = add_text_header (outgoing, "Authorization", joined, error);
      koban_secret_wipe (joined);
      return is_good;
    }
  return add_text_header (outgoing, "Authorization", proof, error);
}

static gboolean
http_signature_prove (KobanAuth *auth, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  if (auth->revoking == NULL || !koban_auth_has (auth, rule->key))
    return TRUE;
  g_autoptr(KobanSecret) key = koban_auth_lookup (auth, rule->key, error);
  g_autoptr(KobanSecret) key_id = koban_auth_lookup (auth, rule->key_id, error);
  const char *kind = key_id != NULL ? koban_jws_kind (key, error) : NULL;
  g_autofree char *date = koban_time_format (auth->now_us);
  g_autofree char *digest = body_digest (outgoing);
  g_autofree char *signature = kind != NULL ? sign_request (key, outgoing, date, digest, error) : NULL;

  if (signature == NULL)
    return FALSE;
  g_autofree char *proof =
    g_strdup_printf ("Signature keyid=\"%s\",algorithm=\"%s-sha512\",headers=\"(request-target) Date "
                     "Digest\",signature=\"%s\"",
                     koban_secret_peek (key_id, NULL), kind, signature);
  return add_text_header (outgoing, "Date", date, error) &&
         add_text_header (outgoing, "Digest", digest, error) && add_authorization (outgoing, proof, error);
}

static const KobanKey http_signature_keys[] = {
  KOBAN_SCHEME_KEY,
  KOBAN_PROOF_KEY ("key", koban_read_need_name, key, TRUE),
  KOBAN_PROOF_KEY ("key_id", koban_read_need_name, key_id, TRUE),
};

const KobanScheme koban_scheme_http_signature = {
  .name = "http-signature",
  .keys = http_signature_keys,
  .n_keys = G_N_ELEMENTS (http_signature_keys),
  .prove = http_signature_prove,
};
