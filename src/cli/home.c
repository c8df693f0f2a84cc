/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bare `koban` on a terminal: per account "data as of", what is open, and the next thing to do.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <locale.h>
#include <string.h>

/* Where no bank has an interface for persons, the first help is the bank's own. */
static const struct
{
  const char *country, *advice;
} countries[] = {
  { "_JP", N_("Tonight, without Koban: switch on your bank's own notices of money in and out, lower the "
               "limits of what you do not "
               "use, and have the bank stop every direct debit (口座振替) that you do not know. Then get "
               "your statement as a file "
               "from the bank, and run: koban import FILE --account NAME") },
};

static void
print_advice (void)
{
  const char *locale = setlocale (LC_MESSAGES, NULL);

  for (guint i = 0; i < G_N_ELEMENTS (countries); i++)
    if (locale != NULL && strstr (locale, countries[i].country) != NULL)
      g_print ("%s\n\n", _(countries[i].advice));
}

static void
print_welcome (void)
{
  g_print (
    "%s\n\n",
    _("Koban watches your bank accounts from this computer, and tells you when somebody gains the power "
       "to take money, or takes money that you would not expect."));
  print_advice ();
  g_print ("%s\n  koban providers\n  koban add PROVIDER\n", _("No bank is connected yet. Begin with:"));
  g_print ("%s\n  koban import FILE --account NAME\n",
           _("Or, if your bank is not among them, with a file that it lets you download:"));
}

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
    {
      print_welcome ();
      return KOBAN_EXIT_DONE;
    }
  g_autoptr(GVariant) accounts = koban_client_list (koban_dbus_koban1_call_list_accounts_sync, NULL, &error);
  g_autoptr(GVariant) alerts =
    accounts != NULL ? koban_client_list (koban_dbus_koban1_call_list_alerts_sync, NULL, &error) : NULL;
  if (alerts == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  return print_home (accounts, alerts);
}
