/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A webhook, signed as Standard Webhooks 1.0.0 says (HMAC-SHA256 over id, time and body), with both
 * keys while one is being renewed. A repeat has the same id and a new time.
 */
#include "config.h"

#include "body.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <string.h>

#define KEY_PREFIX "whsec_"
#define KEY_MIN 24 /* bytes, once decoded */
#define KEY_MAX 64
#define TEXT_MAX 8000 /* the whole is to stay below 20 kB */

static const char *const severities[] = {
  [KOBAN_SEVERITY_NOTICE] = "notice",
  [KOBAN_SEVERITY_WARNING] = "warning",
  [KOBAN_SEVERITY_CRITICAL] = "critical",
};

static const char *const types[] = {
  [KOBAN_PURPOSE_ALERT] = "koban.alert",
  [KOBAN_PURPOSE_TEST] = "koban.test",
  [KOBAN_PURPOSE_WATCH] = "koban.watch",
};

static void
insert_if_said (GVariantDict *object, const char *name, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (object, name, "s", text);
}

/* How bad it is, a phone's priority tells too; what it is, only where more than nothing may be said. */
static GVariant *
data_of (const KobanErrand *errand)
{
  const KobanMessage *message = errand->message;
  g_autofree char *text = koban_errand_get_text (errand, TEXT_MAX);
  g_auto(GVariantDict) data = G_VARIANT_DICT_INIT (NULL);

  insert_if_said (&data, "code", message->code);
  g_variant_dict_insert (&data, "severity", "s", severities[message->severity]);
  g_variant_dict_insert (&data, "silent", "b", message->silent);
  g_variant_dict_insert (&data, "summary", "s", message->summary);
  g_variant_dict_insert (&data, "text", "s", text);
  return g_variant_dict_end (&data);
}

static GVariant *
object_of (const KobanErrand *errand)
{
  g_autofree char *made =
    koban_time_format (errand->message->at_us != 0 ? errand->message->at_us : errand->now_us);
  g_auto(GVariantDict) object = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&object, "type", "s", types[errand->message->purpose]);
  g_variant_dict_insert (&object, "timestamp", "s", made);
  g_variant_dict_insert_value (&object, "data", data_of (errand));
  return g_variant_dict_end (&object);
}

/* The key's bytes; NULL if it is none. Wiped by who takes it. */
static guchar *
decode_key (KobanSecret *bundle, gsize *length)
{
  g_autoptr(KobanSecret) written = koban_secret_bundle_lookup (bundle, "webhook_key");
  const char *text = written != NULL ? koban_secret_peek (written, NULL) : "";
  guchar *key = NULL;

  if (g_str_has_prefix (text, KEY_PREFIX))
    key = g_base64_decode (text + strlen (KEY_PREFIX), length);
  if (key != NULL && *length >= KEY_MIN && *length <= KEY_MAX)
    return key;
  g_free (key);
  return NULL;
}

/* "v1,…" (transfer full) (nullable) */
static char *
sign (KobanSecret *bundle, const char *signed_text)
{
  guint8 digest[32];
  gsize digest_length = sizeof digest, key_length = 0;
  guchar *key = bundle != NULL ? decode_key (bundle, &key_length) : NULL;

  if (key == NULL)
    return NULL;
  GHmac *hmac = g_hmac_new (G_CHECKSUM_SHA256, key, key_length);
  explicit_bzero (key, key_length);
  g_free (key);
  g_hmac_update (hmac, (const guchar *) signed_text, (gssize) strlen (signed_text));
  g_hmac_get_digest (hmac, digest, &digest_length);
  g_hmac_unref (hmac);
  g_autofree char *encoded = g_base64_encode (digest, digest_length);
  return g_strconcat ("v1,", encoded, NULL);
}

static gboolean
add_signature (const KobanErrand *errand,
               KobanParcel *parcel,
               const char *id,
               const char *now,
               GError **error)
{
  gsize length;
  const char *body = g_bytes_get_data (parcel->body, &length);
  g_autofree char *text = g_strdup_printf ("%s.%s.%.*s", id, now, (int) length, body);
  g_autofree char *fresh = sign (errand->secret, text);
  g_autofree char *old = sign (errand->old_secret, text);
  g_autofree char *both = g_strjoin (" ", fresh != NULL ? fresh : "", old, NULL);

  if (fresh == NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                   _("its key in the keyring is not “whsec_” and 24 to 64 bytes in base64; renew it: koban "
                      "channel rotate %s"),
                   errand->settings->name);
      return FALSE;
    }
  koban_parcel_add_header (parcel, "webhook-signature", both);
  return TRUE;
}

static gboolean
pack (const KobanErrand *errand, KobanParcel *parcel, GError **error)
{
  g_autofree char *id = g_strconcat ("msg_", errand->id, NULL);
  g_autofree char *now = g_strdup_printf ("%" G_GINT64_FORMAT, errand->now_us / KOBAN_SECOND_US);

  parcel->method = "POST";
  parcel->url = g_strdup (errand->settings->server);
  koban_parcel_set_json (parcel, object_of (errand));
  koban_parcel_add_header (parcel, "webhook-id", id);
  koban_parcel_add_header (parcel, "webhook-timestamp", now);
  return add_signature (errand, parcel, id, now, error);
}

const KobanBody koban_webhook_body = { KOBAN_CHANNEL_WEBHOOK, pack, NULL, FALSE };
