/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bare `koban` on a terminal: per account "data as of", what is open, and the next thing to do; where
 * nothing is connected, the walk through `setup`.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>

static int
print_home (GVariant *accounts, GVariant *alerts)
{
  koban_print_rows (accounts, koban_account_columns, FALSE, _("No account is known yet."));
  g_print ("\n");
  koban_summary_print (alerts, FALSE);
  if (g_variant_n_children (alerts) > 0)
    g_print ("\n%s\n", _("Look closer with “koban show INCIDENT”; say whose it is with “koban answer”."));
  return KOBAN_EXIT_DONE;
}

int
koban_cli_home (int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) connections = koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, &error);

  if (connections == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (g_variant_n_children (connections) == 0)
    return koban_cli_setup (argc, argv);
  g_autoptr(GVariant) accounts = koban_client_list (KOBAN_ROWS_ACCOUNTS, NULL, &error);
  g_autoptr(GVariant) alerts = accounts != NULL ? koban_client_list (KOBAN_ROWS_ALERTS, NULL, &error) : NULL;
  if (alerts == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  return print_home (accounts, alerts);
}
