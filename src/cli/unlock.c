/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `unlock`: opens the keyring, so that the agent, which never asks, can go on.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/keyring.h"
#include "cli/printer.h"

#include <glib/gi18n-lib.h>

int
koban_cli_unlock (int argc, char **argv)
{
  static const KobanUsage usage = { "",
                                    N_("Asks you to unlock the keyring, so that the banks can be checked."),
                                    0, 0 };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (!koban_keyring_unlock (&error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json, _("The keyring is unlocked; Koban goes on by itself."), "keyring", "unlocked",
                    NULL);
  return KOBAN_EXIT_DONE;
}
