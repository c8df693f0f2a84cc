/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Words that nobody can guess: of the kernel, and of no generator that could be seeded. What they are made of
 * is overwritten.
 */
#include "config.h"

#include "bank/nonce.h"

#include <string.h>
#include <sys/random.h>

#define NONCE_BYTES 32

char *
koban_base64url (const guchar *data, gsize length)
{
  char *text = g_base64_encode (data, length);

  g_strdelimit (text, "+", '-');
  g_strdelimit (text, "/", '_');
  text[strcspn (text, "=")] = '\0';
  return text;
}

/* It waits, right after the computer has started, and never gives less. */
static void
fill (guchar *bytes, gsize length)
{
  for (gsize done = 0; done < length;)
    {
      gssize got = getrandom (bytes + done, length - done, 0);
      if (got > 0)
        done += (gsize) got;
    }
}

KobanSecret *
koban_nonce_new (void)
{
  guchar bytes[NONCE_BYTES];

  fill (bytes, sizeof bytes);
  char *text = koban_base64url (bytes, sizeof bytes);
  KobanSecret *nonce = koban_secret_new (text, -1);
  koban_secret_wipe (text);
  explicit_bzero (bytes, sizeof bytes);
  return nonce;
}

char *
koban_nonce_s256 (KobanSecret *verifier)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize size = sizeof digest;
  gsize length;
  const char *text = koban_secret_peek (verifier, &length);

  g_checksum_update (checksum, (const guchar *) text, (gssize) length);
  g_checksum_get_digest (checksum, digest, &size);
  return koban_base64url (digest, size);
}
