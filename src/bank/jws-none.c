/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands for jws.c in a Koban that was built without the option “signing”: each verb says so.
 */
#include "config.h"

#include "bank/jws.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

static gpointer
refuse (GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
               _("this bank wants signed requests, and this Koban was built without them (the build option "
                  "“signing”)"));
  return NULL;
}

KobanSecret *
koban_jws_make_key (GError **error)
{
  return refuse (error);
}

char *
koban_jws_public_pem (KobanSecret *key, GError **error)
{
  return refuse (error);
}

const char *
koban_jws_kind (KobanSecret *key, GError **error)
{
  return refuse (error);
}

char *
koban_jws_sign (KobanSecret *key, KobanJwsDigest digest, const char *data, gsize length, GError **error)
{
  return refuse (error);
}

KobanSecret *
koban_jws_token (KobanSecret *key,
                 KobanSignature algorithm,
                 const char *key_id,
                 const char *claims,
                 GError **error)
{
  return refuse (error);
}
