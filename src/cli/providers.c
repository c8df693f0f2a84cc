/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `providers` and `provider lint`: what can be connected, and what is wrong with a profile. They
 * need no agent, no bus and no network.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/columns.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/profile.h>

static GVariant *
rows_of_profiles (KobanProfiles *profiles)
{
  GPtrArray *list = koban_profiles_list (profiles);
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < list->len; i++)
    g_variant_builder_add_value (&rows, koban_profile_to_variant (g_ptr_array_index (list, i)));
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

int
koban_cli_providers (int argc, char **argv)
{
  static const KobanUsage usage = { "", N_("Lists the banks and bridges that can be connected."), 0, 0 };
  g_auto(GStrv) words = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  g_autoptr(GVariant) rows = rows_of_profiles (profiles);
  koban_print_rows (rows, koban_provider_columns, json,
                    _("No provider profiles are installed: install Koban again."));
  if (!json && g_variant_n_children (rows) > 0)
    g_print ("\n%s\n", _("Connect one with: koban add ID"));
  return KOBAN_EXIT_DONE;
}

static void
print_mistakes (char *const *mistakes, const char *path, gboolean json)
{
  KobanJsonWriter *writer = NULL;

  if (!json)
    {
      for (guint i = 0; mistakes[i] != NULL; i++)
        g_print ("%s: %s\n", path, mistakes[i]);
      if (mistakes[0] == NULL)
        g_print (_("%s: no mistake found\n"), path);
      return;
    }
  writer = koban_json_writer_new ();
  koban_json_writer_begin_array (writer);
  for (guint i = 0; mistakes[i] != NULL; i++)
    koban_json_writer_string (writer, mistakes[i]);
  koban_json_writer_end_array (writer);
  koban_print_json (writer);
}

int
koban_cli_provider (int argc, char **argv)
{
  static const KobanUsage usage = { "lint FILE", N_("Says what is wrong with a provider profile, by line."),
                                    2, 2 };
  g_auto(GStrv) words = NULL, mistakes = NULL;
  g_autofree char *data = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  gsize length;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (!g_str_equal (words[0], "lint"))
    return koban_cli_usage_error (argv[0], _("“%s” is not lint"), words[0]);
  if (!g_file_get_contents (words[1], &data, &length, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  mistakes = koban_profile_lint (data, length);
  print_mistakes (mistakes, words[1], json);
  return mistakes[0] == NULL ? KOBAN_EXIT_DONE : KOBAN_EXIT_FAILED;
}
