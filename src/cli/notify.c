/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `notify --test`: proves that an alert would reach the person.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/printer.h"
#include "cli/cli.h"

#include <glib/gi18n-lib.h>

int
koban_cli_notify (int argc, char **argv)
{
  static const KobanUsage usage = { "--test [CHANNEL]",
                                    N_("Sends a test message, to the desktop unless told otherwise."), 0,
                                    1 };
  gboolean test = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "test", 0, 0, G_OPTION_ARG_NONE, &test, N_("Send a test message"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  g_autofree char *path = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!test)
    return koban_cli_usage_error (argv[0], _("say: koban notify --test"));
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL || !koban_dbus_koban1_call_test_sync (agent, words[0] != NULL ? words[0] : "desktop",
                                                          G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  g_autoptr(GVariant) result = koban_client_run (agent, path, &error);
  if (result == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (
    json, _("Sent. If nothing appeared, look at your notification settings: do-not-disturb may be on."),
    "channel", words[0] != NULL ? words[0] : "desktop", "result", "sent", NULL);
  return KOBAN_EXIT_DONE;
}
