/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One entry of the bundle, a GVariant as text. What cannot be read, or is of another home, is as if it were
 * not there.
 */
#include "config.h"

#include "marker.h"

#include <koban/settings.h>
#include <string.h>

#define ENTRY "watched"

gboolean
koban_marker_is_in (KobanSecret *bundle)
{
  g_autoptr(KobanSecret) entry = koban_secret_bundle_lookup (bundle, ENTRY);

  return entry != NULL;
}

static void
put_words (GVariantDict *dict, const char *key, char **words)
{
  if (words != NULL)
    g_variant_dict_insert (dict, key, "^as", words);
}

static void
put_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (dict, key, "s", text);
}

static GVariant *
describe (const KobanConnection *connection, gint64 since_us)
{
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&dict, "since", "x", since_us);
  put_text (&dict, "home", koban_settings_data_directory ());
  put_text (&dict, "provider", connection->provider);
  put_text (&dict, "name", connection->name);
  put_text (&dict, "base-url", connection->base_url);
  put_text (&dict, "digest", connection->profile_digest);
  put_words (&dict, "fields", connection->fields);
  put_words (&dict, "hosts", connection->hosts);
  if (connection->ca_pem != NULL)
    g_variant_dict_insert_value (
      &dict, "ca", g_variant_new_from_bytes (G_VARIANT_TYPE_BYTESTRING, connection->ca_pem, TRUE));
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

KobanSecret *
koban_marker_put (KobanSecret *bundle, const KobanConnection *connection, gint64 since_us)
{
  g_autoptr(GVariant) value = describe (connection, since_us);
  g_autofree char *text = g_variant_print (value, TRUE);
  g_autoptr(KobanSecret) entry = koban_secret_new (text, -1);

  return koban_secret_bundle_with (bundle, ENTRY, entry);
}

/* Floating references to nothing are sunk; NULL: there is none that is ours. */
static GVariant *
find (KobanSecret *bundle)
{
  g_autoptr(KobanSecret) entry = koban_secret_bundle_lookup (bundle, ENTRY);
  g_autoptr(GVariant) value = NULL;
  const char *home = NULL;

  if (entry != NULL)
    value = g_variant_parse (G_VARIANT_TYPE_VARDICT, koban_secret_peek (entry, NULL), NULL, NULL, NULL);
  if (value == NULL || !g_variant_lookup (value, "home", "&s", &home) ||
      strcmp (home, koban_settings_data_directory ()) != 0)
    return NULL;
  return g_steal_pointer (&value);
}

static GBytes *
read_ca (GVariant *value)
{
  g_autoptr(GVariant) ca = g_variant_lookup_value (value, "ca", G_VARIANT_TYPE_BYTESTRING);

  return ca != NULL ? g_variant_get_data_as_bytes (ca) : NULL;
}

KobanConnection *
koban_marker_read (KobanSecret *bundle, const char *secret_id, gint64 *since_us)
{
  g_autoptr(GVariant) value = find (bundle);
  g_autoptr(KobanConnection) connection = g_new0 (KobanConnection, 1);

  if (value == NULL || !g_variant_lookup (value, "provider", "s", &connection->provider) ||
      !g_variant_lookup (value, "name", "s", &connection->name) ||
      !g_variant_lookup (value, "since", "x", since_us))
    return NULL;
  (void) g_variant_lookup (value, "base-url", "s", &connection->base_url);
  (void) g_variant_lookup (value, "digest", "s", &connection->profile_digest);
  (void) g_variant_lookup (value, "fields", "^as", &connection->fields);
  (void) g_variant_lookup (value, "hosts", "^as", &connection->hosts);
  connection->ca_pem = read_ca (value);
  connection->secret_id = g_strdup (secret_id);
  connection->state = KOBAN_CONNECTION_WAITING;
  return g_steal_pointer (&connection);
}
