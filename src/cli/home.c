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
  g_autoptr(GVariant) told = koban_summary_add (alerts);
  g_autofree char *nothing = koban_summary_nothing_found ();

  koban_print_rows (accounts, koban_account_columns, FALSE, _("No account is known yet."));
  g_print ("\n");
  koban_print_rows (told, koban_alert_columns, FALSE, nothing);
  if (g_variant_n_children (told) > 0)
    g_print ("\n%s\n", _("Look closer with “koban show INCIDENT”; say whose it is with “koban answer”."));
  return KOBAN_EXIT_DONE;
}

int
koban_cli_home (int argc, char **argv)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) connections =
    koban_client_list (koban_dbus_koban1_call_list_connections_sync, NULL, &error);

  if (connections == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (g_variant_n_children (connections) == 0)
    return koban_cli_setup (argc, argv);
  g_autoptr(GVariant) accounts = koban_client_list (koban_dbus_koban1_call_list_accounts_sync, NULL, &error);
  g_autoptr(GVariant) alerts =
    accounts != NULL ? koban_client_list (koban_dbus_koban1_call_list_alerts_sync, NULL, &error) : NULL;
  if (alerts == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  return print_home (accounts, alerts);
}
