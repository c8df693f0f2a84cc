/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `remove`: stops watching a bank and forgets its secret. History stays unless it is purged.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/guard.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/profile.h>
#include <koban/text.h>

static gboolean
is_meant (GVariant *connection, gboolean purge)
{
  const char *name = "";

  g_variant_lookup (connection, "name", "&s", &name);
  g_autofree char *clean = koban_text_clean (name, 60);
  g_autofree char *question =
    g_strdup_printf (purge ? _("Stop watching %s and forget all that is known of it? [y/N]")
                           : _("Stop watching %s? What is known of it stays. [y/N]"),
                     clean);
  return koban_prompt_yes (question);
}

/* Koban's key still works at the bank until it is ended there. */
static void
say_what_remains (GVariant *connection, gboolean json)
{
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  const char *provider = "", *by_hand = NULL;

  const char *id = "";

  g_variant_lookup (connection, "id", "&s", &id);
  g_variant_lookup (connection, "provider", "&s", &provider);
  KobanProfile *profile = koban_profiles_lookup (profiles, provider);
  if (profile != NULL)
    koban_profile_get_revocation (profile, KOBAN_LINK_AGGREGATOR, &by_hand);
  koban_print_done (json,
                    _("Koban has forgotten its key. The key itself still exists at the bank: end it there, "
                       "where you made it."),
                    "connection", id, "result", "removed", "by_hand", by_hand, NULL);
  if (by_hand != NULL && !json)
    g_print ("%s\n", by_hand);
}

int
koban_cli_remove (int argc, char **argv)
{
  static const KobanUsage usage = { "CONNECTION [--purge] [--yes]",
                                    N_("Stops watching a bank and forgets its secret."), 1, 1 };
  gboolean purge = FALSE, yes = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "purge", 0, 0, G_OPTION_ARG_NONE, &purge, N_("Forget the history too"), NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, N_("Do not ask on a terminal"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  g_autoptr(GVariant) connection =
    koban_client_get (KOBAN_ROWS_CONNECTIONS, words[0], _("connection"), &error);
  if (connection == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (!yes && koban_prompt_can_ask () && !is_meant (connection, purge))
    {
      g_printerr ("%s\n", _("Nothing was changed."));
      return KOBAN_EXIT_FAILED;
    }

  const char *id = "";
  g_variant_lookup (connection, "id", "&s", &id);
  if (!koban_guard_allows (KOBAN_GUARD_REMOVE, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL ||
      !koban_dbus_koban1_call_remove_sync (agent, id, purge, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  say_what_remains (connection, json);
  return KOBAN_EXIT_DONE;
}
