/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Words that nobody can guess, and the spelling they have in a URL.
 */
#pragma once

#include <koban/secret.h>

G_BEGIN_DECLS

/* BASE64URL without padding (RFC 4648 §5). (transfer full) */
char        *koban_base64url    (const guchar *data, gsize length);

/* 256 bits of the kernel's, as 43 characters. (transfer full) */
KobanSecret *koban_nonce_new    (void);

/* What RFC 7636 calls S256 of @verifier. (transfer full) */
char        *koban_nonce_s256   (KobanSecret *verifier);

G_END_DECLS
