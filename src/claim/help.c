/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Help lines, read as they are asked for: one file a country.
 */
#include "config.h"

#include "claim/help.h"

#include <koban/place.h>

#include "wire/json-reader.h"

static gboolean
is_for (KobanJsonNode root, const char *currency)
{
  KobanJsonNode list = koban_json_member (root, "currencies");

  for (KobanJsonNode row = koban_json_first (list); koban_json_exists (row); row = koban_json_next (row))
    if (g_strcmp0 (koban_json_string (row), currency) == 0)
      return TRUE;
  return FALSE;
}

static void
add_line (KobanJsonNode line, const char *language, GVariantBuilder *rows)
{
  static const char *const keys[] = { "number", "source", "checked" };
  KobanJsonNode names = koban_json_member (line, "name");
  const char *name = koban_json_string (koban_json_member (names, language));
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  if (name == NULL)
    name = koban_json_string (koban_json_member (names, "en"));
  if (name == NULL || koban_json_string (koban_json_member (line, "number")) == NULL)
    return;
  g_variant_dict_insert (&row, "name", "s", name);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *text = koban_json_string (koban_json_member (line, keys[i]));
      if (text != NULL)
        g_variant_dict_insert (&row, keys[i], "s", text);
    }
  g_variant_builder_add_value (rows, g_variant_dict_end (&row));
}

static gboolean
read_file (const char *path,
           const char *currency,
           const char *language,
           GVariantBuilder *rows,
           GError **error)
{
  g_autofree char *data = NULL;
  gsize length;
  g_autoptr(KobanJson) json = NULL;

  if (!g_file_get_contents (path, &data, &length, error))
    return FALSE;
  json = koban_json_parse (data, length, error);
  if (json == NULL)
    {
      g_prefix_error (error, "%s: ", path);
      return FALSE;
    }
  KobanJsonNode root = koban_json_root (json), lines = koban_json_member (root, "lines");
  if (is_for (root, currency))
    for (KobanJsonNode line = koban_json_first (lines); koban_json_exists (line);
         line = koban_json_next (line))
      add_line (line, language, rows);
  return TRUE;
}

static gboolean
read_directory (const char *folder,
                const char *currency,
                const char *language,
                GVariantBuilder *rows,
                GError **error)
{
  g_autoptr(GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_str_has_suffix (name, ".json") && !g_str_has_suffix (name, ".schema.json") &&
          !read_file (path, currency, language, rows, error))
        return FALSE;
    }
  return TRUE;
}

GVariant *
koban_help_load (const char *const *directories, const char *currency, const char *language, GError **error)
{
  g_autofree char *packaged = koban_place_data ("help", "KOBAN_HELP");
  g_autofree char *own = g_build_filename (g_get_user_data_dir (), "koban", "help", NULL);
  const char *const usual[] = { packaged, own, NULL };
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (const char *const *folder = directories != NULL ? directories : usual; *folder != NULL; folder++)
    if (!read_directory (*folder, currency, language, &rows, error))
      return NULL;
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}
