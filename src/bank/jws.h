/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Signatures: the one place that knows a private key's inside. Keys are PEM text in a KobanSecret, and
 * stay there. Built without the meson option “signing”, every verb fails with UNSUPPORTED and says so.
 */
#pragma once

#include <gio/gio.h>
#include <koban/secret.h>
#include "bank/oauth-rule.h"

G_BEGIN_DECLS

typedef enum
{
  KOBAN_JWS_SHA256,
  KOBAN_JWS_SHA512
} KobanJwsDigest;

/* A new RSA key of 2048 bits. (transfer full) */
KobanSecret *koban_jws_make_key   (GError **error);
/* Its public half, as PEM. (transfer full) */
char        *koban_jws_public_pem (KobanSecret *key, GError **error);
/* "rsa" (PKCS #1 v1.5) or "ecdsa": what a signature with it is called. (transfer none) */
const char  *koban_jws_kind       (KobanSecret *key, GError **error);

/* The bare signature of @data, in base64. (transfer full) */
char        *koban_jws_sign       (KobanSecret *key, KobanJwsDigest digest, const char *data, gsize length,
                                   GError **error);

/* "header.claims.signature" of RFC 7515; @claims is a JSON object, @key_id the key's own name (nullable).
 * (transfer full) */
KobanSecret *koban_jws_token      (KobanSecret *key, KobanSignature algorithm, const char *key_id, const char *claims,
                                   GError **error);

G_END_DECLS
