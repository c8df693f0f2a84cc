/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `check`: asks the banks now. Its exit code is for scripts: 10 if something was opened or raised, 11
 * if nothing was, but something could not be checked.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/printer.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <koban/text.h>

static gint64
count (GVariant *result, const char *key)
{
  gint64 value = 0;

  g_variant_lookup (result, key, "x", &value);
  return value;
}

static GVariant *
rows (GVariant *result, const char *key, const char *type)
{
  GVariant *value = g_variant_lookup_value (result, key, G_VARIANT_TYPE (type));

  return value != NULL ? value
                       : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE (type + 1), NULL, 0));
}

static void
print_unchecked (GVariant *unchecked)
{
  GVariantIter iter;
  GVariant *row;

  g_variant_iter_init (&iter, unchecked);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *name = "", *message = "";

      g_variant_lookup (row, "name", "&s", &name);
      g_variant_lookup (row, "message", "&s", &message);
      g_autofree char *clean_name = koban_text_clean (name, 60);
      g_autofree char *clean_message = koban_text_clean (message, 0);
      g_print (_("Could not check %s: %s\n"), clean_name, clean_message);
      g_variant_unref (row);
    }
}

static void
print_json_result (GVariant *result, GVariant *checked, GVariant *unchecked)
{
  KobanJsonWriter *writer = koban_json_writer_new ();

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "opened");
  koban_json_writer_int (writer, count (result, "opened"));
  koban_json_writer_name (writer, "raised");
  koban_json_writer_int (writer, count (result, "raised"));
  koban_json_writer_name (writer, "checked");
  koban_json_writer_variant (writer, checked);
  koban_json_writer_name (writer, "unchecked");
  koban_json_writer_variant (writer, unchecked);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

static void
print_result (gint64 news, GVariant *unchecked)
{
  print_unchecked (unchecked);
  if (news > 0)
    {
      g_print (ngettext ("%lu thing to look at: koban alerts\n", "%lu things to look at: koban alerts\n",
                         (gulong) news),
               (gulong) news);
      return;
    }
  g_autofree char *nothing = koban_summary_nothing_found ();
  g_print ("%s\n", nothing);
}

int
koban_cli_check (int argc, char **argv)
{
  static const KobanUsage usage = { "[CONNECTION…]", N_("Asks the banks now, all or the named ones."), 0,
                                    G_MAXUINT };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL || !koban_dbus_koban1_call_check_sync (agent, (const char *const *) words,
                                                           G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) result = koban_client_run (agent, path, &error);
  if (result == NULL)
    return koban_cli_fail (g_steal_pointer (&error));

  g_autoptr(GVariant) checked = rows (result, "checked", "as");
  g_autoptr(GVariant) unchecked = rows (result, "unchecked", "aa{sv}");
  gint64 news = count (result, "opened") + count (result, "raised");
  if (json)
    print_json_result (result, checked, unchecked);
  else
    print_result (news, unchecked);
  if (news > 0)
    return KOBAN_EXIT_ALERTS;
  return g_variant_n_children (unchecked) > 0 ? KOBAN_EXIT_UNCHECKED : KOBAN_EXIT_DONE;
}
