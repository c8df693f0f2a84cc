/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `config get` and `config set`: the settings of koban.conf. What is set is written by us and read
 * again by an agent that runs; the agent tells what lowers the protection.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/guard.h"
#include "cli/printer.h"

#include <glib/gi18n-lib.h>
#include <koban/settings.h>

static const KobanColumn columns[] = {
  { "key", KOBAN_COLUMN_TEXT, N_("setting") },
  { "value", KOBAN_COLUMN_TEXT, N_("value") },
  { NULL },
};

static gboolean
add_key (GVariantBuilder *rows, const char *path, const char *key, GError **error)
{
  g_autofree char *value = koban_settings_get (path, key, error);
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  if (value == NULL)
    return FALSE;
  g_variant_dict_insert (&row, "key", "s", key);
  g_variant_dict_insert (&row, "value", "s", value);
  g_variant_builder_add_value (rows, g_variant_dict_end (&row));
  return TRUE;
}

static int
get_all (const char *path, gboolean json)
{
  g_auto(GStrv) keys = koban_settings_keys ();
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GError) error = NULL;

  for (guint i = 0; keys[i] != NULL; i++)
    if (!add_key (&rows, path, keys[i], &error))
      return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) table = g_variant_ref_sink (g_variant_builder_end (&rows));
  koban_print_rows (table, columns, json, "");
  return KOBAN_EXIT_DONE;
}

static int
get_one (const char *path, const char *key, gboolean json)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *value = koban_settings_get (path, key, &error);

  if (value == NULL)
    return koban_cli_usage_error ("config", "%s", error->message);
  koban_print_done (json, value, "key", key, "value", value, NULL);
  return KOBAN_EXIT_DONE;
}

/* Only one that runs needs to hear: the next reads the file when it starts. */
static void
let_agent_read (void)
{
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  g_autoptr(GError) error = NULL;

  if (bus == NULL)
    return;
  g_autoptr(GVariant) done =
    g_dbus_connection_call_sync (bus, KOBAN_APP_ID, "/org/koban/Koban", "org.koban.Koban1", "Reload", NULL,
                                 NULL, G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, &error);
  if (done == NULL && !g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) &&
      !g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    g_printerr ("%s\n", _("The agent could not read it now; it will when it starts again."));
}

/* Who turns the guard on proves that polkit can ask, before everything depends on it. */
static gboolean
is_allowed (const char *key, GError **error)
{
  return g_str_equal (key, "watch.guard") ? koban_guard_ask (KOBAN_GUARD_SETTINGS, error)
                                          : koban_guard_allows (KOBAN_GUARD_SETTINGS, error);
}

static int
set_one (const char *path, const char *key, const char *value, gboolean json)
{
  g_autoptr(GError) error = NULL;

  if (!koban_settings_make_directories (&error) || !is_allowed (key, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  if (!koban_settings_set (path, key, value, &error))
    return koban_cli_usage_error ("config", "%s", error->message);
  let_agent_read ();
  return get_one (path, key, json);
}

int
koban_cli_config (int argc, char **argv)
{
  static const KobanUsage usage = {
    "get|set [KEY] [VALUE]",
    N_("Shows a setting, or all of them; or changes one. An empty value is the default again."), 1, 3
  };
  g_autofree char *path = koban_settings_config_file ();
  g_auto(GStrv) words = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  guint count = g_strv_length (words);
  if (g_str_equal (words[0], "get") && count < 3)
    return count == 1 ? get_all (path, json) : get_one (path, words[1], json);
  if (g_str_equal (words[0], "set") && count == 3)
    return set_one (path, words[1], *words[2] != '\0' ? words[2] : NULL, json);
  return koban_cli_usage_error (argv[0], _("say: koban config get [KEY], or: koban config set KEY VALUE"));
}
