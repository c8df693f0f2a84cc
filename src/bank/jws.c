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
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define KEY_BITS 2048

G_DEFINE_AUTOPTR_CLEANUP_FUNC (BIO, BIO_free_all)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_PKEY, EVP_PKEY_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EVP_MD_CTX, EVP_MD_CTX_free)

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

/* base64 to that of RFC 4648 §5, without padding; @text itself. */
static char *
for_url (char *text)
{
  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

KobanSecret *
koban_jws_token (KobanSecret *key, const char *header, const char *claims, GError **error)
{
  g_autofree char *head = for_url (g_base64_encode ((const guchar *) header, strlen (header)));
  g_autofree char *body = for_url (g_base64_encode ((const guchar *) claims, strlen (claims)));
  g_autofree char *input = g_strconcat (head, ".", body, NULL);
  const char *kind = koban_jws_kind (key, error);

  if (kind == NULL)
    return NULL;
  if (!g_str_equal (kind, "rsa"))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("this is not an RSA key"));
      return NULL;
    }
  g_autofree char *signature = koban_jws_sign (key, KOBAN_JWS_SHA256, input, strlen (input), error);
  if (signature == NULL)
    return NULL;
  char *token = g_strconcat (input, ".", for_url (signature), NULL);
  KobanSecret *secret = koban_secret_new (token, -1);
  koban_secret_wipe (token);
  return secret;
}
