/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gotify: one message of JSON, the key in a header and never in the address, where logs would keep
 * it. Plain text is asked for, because what is shown as markdown may load pictures.
 */
#include "config.h"

#include "body.h"

#define TEXT_MAX 8000

/* The app vibrates from 8, sounds from 4, shows from 1. */
static const int priorities[KOBAN_N_VOLUMES] = { 8, 5, 4, 2, 1 };

static GVariant *
plain_text_extras (void)
{
  g_auto(GVariantDict) display = G_VARIANT_DICT_INIT (NULL);
  g_auto(GVariantDict) extras = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&display, "contentType", "s", "text/plain");
  g_variant_dict_insert_value (&extras, "client::display", g_variant_dict_end (&display));
  return g_variant_dict_end (&extras);
}

static gboolean
pack (const KobanErrand *errand, KobanParcel *parcel, GError **error)
{
  g_autoptr(KobanSecret) key = koban_errand_get_secret (errand, "gotify_key", error);
  g_autofree char *text = koban_errand_get_text (errand, TEXT_MAX);
  g_auto(GVariantDict) object = G_VARIANT_DICT_INIT (NULL);

  if (key == NULL)
    return FALSE;
  g_variant_dict_insert (&object, "title", "s", errand->message->summary);
  g_variant_dict_insert (&object, "message", "s", text);
  g_variant_dict_insert (&object, "priority", "i", priorities[koban_errand_get_volume (errand)]);
  g_variant_dict_insert_value (&object, "extras", plain_text_extras ());

  parcel->method = "POST";
  koban_parcel_set_url (parcel, errand->settings->server, "message");
  koban_parcel_set_json (parcel, g_variant_dict_end (&object));
  koban_parcel_add_secret_header (parcel, "X-Gotify-Key: ", key);
  return TRUE;
}

const KobanBody koban_gotify_body = { KOBAN_CHANNEL_GOTIFY, pack, NULL, FALSE };
