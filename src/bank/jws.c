/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Signatures by OpenSSL's EVP, which libcurl has loaded already. A key is parsed for each signature and
 * freed (OpenSSL wipes it) before the function ends; OpenSSL's own words for an error are not passed on.
 */
#include "config.h"

#include "bank/jws.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include "bank/nonce.h"

#define KEY_BITS 2048
#define P256_BYTES 32

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ECDSA_SIG, ECDSA_SIG_free)

/* A key with a pass phrase has nobody to ask: without this OpenSSL would ask on the terminal. */
static int
no_pass_phrase (char *buffer, int size, int writing, void *user_data)
{
  return -1;
}

static EVP_PKEY *
read_key (KobanSecret *secret, GError **error)
{
  gsize length;
  const char *pem = koban_secret_peek (secret, &length);
  g_autoptr(BIO) bio = BIO_new_mem_buf (pem, (int) MIN (length, G_MAXINT));
  EVP_PKEY *key = PEM_read_bio_PrivateKey (bio, NULL, no_pass_phrase, NULL);

  if (key == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("this is not a private key without a pass phrase, in a PEM file (it begins with "
                    "“-----BEGIN PRIVATE KEY-----”)"));
  return key;
}

static gboolean
fail (GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED, _("nothing can be signed with this key"));
  return FALSE;
}

KobanSecret *
koban_jws_make_key (GError **error)
{
  g_autoptr(EVP_PKEY) key = EVP_RSA_gen (KEY_BITS);
  g_autoptr(BIO) bio = BIO_new (BIO_s_secmem ());
  char *pem = NULL;

  if (key == NULL || !PEM_write_bio_PKCS8PrivateKey (bio, key, NULL, NULL, 0, NULL, NULL))
    {
      fail (error);
      return NULL;
    }
  long length = BIO_get_mem_data (bio, &pem);
  return koban_secret_new (pem, length);
}

char *
koban_jws_public_pem (KobanSecret *secret, GError **error)
{
  g_autoptr(EVP_PKEY) key = read_key (secret, error);
  g_autoptr(BIO) bio = BIO_new (BIO_s_mem ());
  char *pem = NULL;

  if (key == NULL || (!PEM_write_bio_PUBKEY (bio, key) && !fail (error)))
    return NULL;
  long length = BIO_get_mem_data (bio, &pem);
  return g_strndup (pem, (gsize) length);
}

const char *
koban_jws_kind (KobanSecret *secret, GError **error)
{
  g_autoptr(EVP_PKEY) key = read_key (secret, error);

  if (key == NULL)
    return NULL;
  return EVP_PKEY_is_a (key, "RSA") ? "rsa" : "ecdsa";
}

char *
koban_jws_sign (KobanSecret *secret, KobanJwsDigest digest, const char *data, gsize length, GError **error)
{
  g_autoptr(EVP_PKEY) key = read_key (secret, error);
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new ();
  const EVP_MD *hash = digest == KOBAN_JWS_SHA512 ? EVP_sha512 () : EVP_sha256 ();
  const guchar *bytes = (const guchar *) data;
  gsize size = 0;

  if (key == NULL)
    return NULL;
  if (EVP_DigestSignInit (context, NULL, hash, NULL, key) != 1 ||
      EVP_DigestSign (context, NULL, &size, bytes, length) != 1)
    {
      fail (error);
      return NULL;
    }
  g_autofree guchar *signature = g_malloc (size);
  if (EVP_DigestSign (context, signature, &size, bytes, length) != 1)
    {
      fail (error);
      return NULL;
    }
  return g_base64_encode (signature, size);
}

/* — tokens of RFC 7515 — */

static const struct
{
  const char *name;
  const char *key; /* the kind it needs, in OpenSSL's words */
  gboolean pss;
} algorithms[] = {
  [KOBAN_SIGNATURE_RS256] = { "RS256", "RSA", FALSE },
  [KOBAN_SIGNATURE_PS256] = { "PS256", "RSA", TRUE },
  [KOBAN_SIGNATURE_ES256] = { "ES256", "EC", FALSE },
};

static KobanSignature
algorithm_for (EVP_PKEY *key, KobanSignature wanted)
{
  if (wanted != KOBAN_SIGNATURE_OF_KEY)
    return wanted;
  return EVP_PKEY_is_a (key, "EC") ? KOBAN_SIGNATURE_ES256 : KOBAN_SIGNATURE_RS256;
}

/* RFC 7518 §3.4: two numbers of a fixed length, where OpenSSL gives DER. */
static GBytes *
flatten_ecdsa (const guchar *der, gsize length)
{
  g_autoptr(ECDSA_SIG) pair = d2i_ECDSA_SIG (NULL, &der, (long) length);
  guchar flat[2 * P256_BYTES];

  if (pair == NULL || BN_bn2binpad (ECDSA_SIG_get0_r (pair), flat, P256_BYTES) < 0 ||
      BN_bn2binpad (ECDSA_SIG_get0_s (pair), flat + P256_BYTES, P256_BYTES) < 0)
    return NULL;
  return g_bytes_new (flat, sizeof flat);
}

/* NULL if this key cannot. */
static GBytes *
sign_with (EVP_PKEY *key, KobanSignature algorithm, const char *text)
{
  g_autoptr(EVP_MD_CTX) context = EVP_MD_CTX_new ();
  EVP_PKEY_CTX *padding = NULL; /* the context's */
  guchar signature[1024];
  gsize size = sizeof signature;

  if (EVP_DigestSignInit (context, &padding, EVP_sha256 (), NULL, key) != 1)
    return NULL;
  if (algorithms[algorithm].pss && (EVP_PKEY_CTX_set_rsa_padding (padding, RSA_PKCS1_PSS_PADDING) != 1 ||
                                    EVP_PKEY_CTX_set_rsa_pss_saltlen (padding, RSA_PSS_SALTLEN_DIGEST) != 1))
    return NULL;
  if (EVP_DigestSign (context, signature, &size, (const guchar *) text, strlen (text)) != 1)
    return NULL;
  return algorithm == KOBAN_SIGNATURE_ES256 ? flatten_ecdsa (signature, size) : g_bytes_new (signature, size);
}

static char *
make_head (KobanSignature algorithm, const char *key_id)
{
  if (key_id == NULL)
    return g_strdup_printf ("{\"typ\":\"JWT\",\"alg\":\"%s\"}", algorithms[algorithm].name);
  return g_strdup_printf ("{\"typ\":\"JWT\",\"alg\":\"%s\",\"kid\":\"%s\"}", algorithms[algorithm].name,
                          key_id);
}

KobanSecret *
koban_jws_token (KobanSecret *secret,
                 KobanSignature wanted,
                 const char *key_id,
                 const char *claims,
                 GError **error)
{
  g_autoptr(EVP_PKEY) key = read_key (secret, error);

  if (key == NULL)
    return NULL;
  KobanSignature algorithm = algorithm_for (key, wanted);
  g_autofree char *head = make_head (algorithm, key_id);
  g_autofree char *head_text = koban_base64url ((const guchar *) head, strlen (head));
  g_autofree char *claims_text = koban_base64url ((const guchar *) claims, strlen (claims));
  g_autofree char *input = g_strconcat (head_text, ".", claims_text, NULL);

  if (!EVP_PKEY_is_a (key, algorithms[algorithm].key))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("this is not an %s key"),
                   algorithms[algorithm].key);
      return NULL;
    }
  g_autoptr(GBytes) signature = sign_with (key, algorithm, input);
  if (signature == NULL || (key_id != NULL && strpbrk (key_id, "\"\\ \t\r\n") != NULL))
    {
      fail (error);
      return NULL;
    }
  gsize size;
  const guchar *data = g_bytes_get_data (signature, &size);
  g_autofree char *signature_text = koban_base64url (data, size);
  char *token = g_strconcat (input, ".", signature_text, NULL);
  KobanSecret *made = koban_secret_new (token, -1);
  koban_secret_wipe (token);
  return made;
}
