/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The commands that only list: connections, accounts, transactions, links, alerts. One row of a
 * table each; what they print is what the agent knows.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/summary.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

/* Asks, and prints. Takes @filter, which may be floating. */
static int
print_list (KobanRows kind, GVariant *filter, const KobanColumn *columns, gboolean json, const char *nothing)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) rows = koban_client_list (kind, filter, &error);

  if (rows == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_rows (rows, columns, json, nothing);
  return KOBAN_EXIT_DONE;
}

int
koban_cli_connections (int argc, char **argv)
{
  static const KobanUsage usage = { "", N_("Lists the banks that are connected."), 0, 0 };
  g_auto(GStrv) words = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  return print_list (KOBAN_ROWS_CONNECTIONS, NULL, koban_connection_columns, json,
                     _("No bank is connected. Begin with: koban providers"));
}

/* --- accounts --- */

/* Adds "watch=links" to @changes. */
static gboolean
add_setting (GVariantDict *changes, const char *word)
{
  static const char *const settings[] = { "watch=all",     "watch=links",     "watch=off",
                                          "ownership=own", "ownership=joint", NULL };
  g_auto(GStrv) pair = g_strsplit (word, "=", 2);

  if (!g_strv_contains (settings, word))
    return FALSE;
  g_variant_dict_insert (changes, pair[0], "s", pair[1]);
  return TRUE;
}

/* As it stands now. */
static int
tell_account (const char *id, gboolean json)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) account = koban_client_get (KOBAN_ROWS_ACCOUNTS, id, _("account"), &error);

  if (account == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (!json)
    {
      koban_print_details (account, koban_account_columns);
      return KOBAN_EXIT_DONE;
    }
  KobanJsonWriter *writer = koban_json_writer_new ();
  koban_print_object (writer, account, koban_account_columns);
  koban_print_json (writer);
  return KOBAN_EXIT_DONE;
}

static int
set_account (char *const *words, gboolean json)
{
  g_auto(GVariantDict) changes = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) asked = NULL;
  g_autoptr(GError) error = NULL;

  for (guint i = 2; words[i] != NULL; i++)
    if (!add_setting (&changes, words[i]))
      return koban_cli_usage_error ("accounts", _("“%s” is not watch=all|links|off or ownership=own|joint"),
                                    words[i]);
  asked = g_variant_ref_sink (g_variant_dict_end (&changes));
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL || !koban_dbus_koban1_call_set_account_sync (agent, words[1], asked,
                                                                 G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  return tell_account (words[1], json);
}

int
koban_cli_accounts (int argc, char **argv)
{
  static const KobanUsage usage = {
    "[set ACCOUNT watch=all|links|off ownership=own|joint]",
    N_("Lists the accounts and what is known of them, or sets how one is watched."), 0, 4
  };
  g_auto(GStrv) words = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (words[0] == NULL)
    return print_list (KOBAN_ROWS_ACCOUNTS, NULL, koban_account_columns, json,
                       _("No account is known. Begin with: koban providers"));
  if (!g_str_equal (words[0], "set") || g_strv_length (words) < 3)
    return koban_cli_usage_error ("accounts", _("say: koban accounts %s"), usage.synopsis);
  return set_account (words, json);
}

/* --- transactions --- */

/* A name that nobody has is an error, not an empty list: an empty list would be believed. */
static gboolean
add_account (GVariantDict *filter, const char *account, GError **error)
{
  const char *id = NULL;
  g_autoptr(GVariant) row = koban_client_get (KOBAN_ROWS_ACCOUNTS, account, _("account"), error);

  if (row == NULL || !g_variant_lookup (row, "id", "&s", &id))
    return FALSE;
  g_variant_dict_insert (filter, "account", "s", id);
  return TRUE;
}

int
koban_cli_transactions (int argc, char **argv)
{
  static const KobanUsage usage = { "[--account ACCOUNT] [--since DATE]",
                                    N_("Lists the lines of the statements."), 0, 0 };
  g_autofree char *account = NULL, *since = NULL;
  const GOptionEntry entries[] = {
    { "account", 0, 0, G_OPTION_ARG_FILENAME, &account, N_("Only this account, by id or name"),
      N_("ACCOUNT") },
    { "since", 0, 0, G_OPTION_ARG_FILENAME, &since, N_("Only from this day on, 2024-09-01"), N_("DATE") },
    { NULL },
  };
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!koban_cli_add_since (&filter, since))
    return koban_cli_usage_error (argv[0], _("“%s” is not a day like 2024-09-01"), since);
  if (account != NULL && !add_account (&filter, account, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  return print_list (KOBAN_ROWS_TRANSACTIONS, g_variant_dict_end (&filter), koban_transaction_columns, json,
                     _("No transactions are known."));
}

/* --- links --- */

int
koban_cli_links (int argc, char **argv)
{
  static const KobanUsage usage = {
    "[--all]", N_("Lists every link: who may take money, or look, without asking again."), 0, 0
  };
  gboolean all = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_("Ended ones too"), NULL },
    { NULL },
  };
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_auto(GStrv) words = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  g_variant_dict_insert (&filter, "all", "b", all);
  return print_list (KOBAN_ROWS_LINKS, g_variant_dict_end (&filter), koban_link_columns, json,
                     _("No links are known. “koban accounts --json” says whether your bank lists them."));
}

/* --- alerts --- */

int
koban_cli_alerts (int argc, char **argv)
{
  static const KobanUsage usage = { "[--all]",
                                    N_("Lists what Koban has to say: new links, unexpected withdrawals."), 0,
                                    0 };
  gboolean all = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "all", 'a', 0, G_OPTION_ARG_NONE, &all, N_("Answered and closed ones too"), NULL },
    { NULL },
  };
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  g_variant_dict_insert (&filter, "all", "b", all);
  g_autoptr(GVariant) rows = koban_client_list (KOBAN_ROWS_ALERTS, g_variant_dict_end (&filter), &error);
  if (rows == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  koban_summary_print (rows, json);
  return KOBAN_EXIT_DONE;
}
