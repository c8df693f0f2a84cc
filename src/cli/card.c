/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `card`: one page to print before anything happens: per account the number that the person copied from card
 * or passbook, the words to say, and help lines. The numbers are kept by the agent, and shown on paper and
 * here only.
 */
#include "config.h"

#include "cli/report.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/deadlines.h>
#include <koban/field.h>
#include <koban/services.h>
#include <koban/text.h>

#include "claim/help.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"

static const KobanColumn columns[] = {
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "bank", KOBAN_COLUMN_FOREIGN, N_("bank") },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "number", KOBAN_COLUMN_TEXT, N_("number") },
  { "phone", KOBAN_COLUMN_TEXT, N_("telephone of the bank") },
  { "set", KOBAN_COLUMN_TIME },
  { NULL },
};

static void
put (GVariantDict *row, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (row, key, "s", text);
}

/* The row of @rows whose @key is @value. (transfer full) (nullable) */
static GVariant *
find (GVariant *rows, const char *key, const char *value)
{
  for (gsize i = 0; value != NULL && i < g_variant_n_children (rows); i++)
    {
      GVariant *row = g_variant_get_child_value (rows, i);

      if (g_strcmp0 (koban_field_text (row, key), value) == 0)
        return row;
      g_variant_unref (row);
    }
  return NULL;
}

/* --- what stands on it ------------------------------------------------------------------------------------
 */

typedef struct
{
  GVariant *accounts, *connections, *links, *cards; /* (owned) */
} Known;

static void
known_clear (Known *known)
{
  g_clear_pointer (&known->accounts, g_variant_unref);
  g_clear_pointer (&known->connections, g_variant_unref);
  g_clear_pointer (&known->links, g_variant_unref);
  g_clear_pointer (&known->cards, g_variant_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Known, known_clear)

static gboolean
ask (Known *known, KobanDBusKoban1 *agent, GError **error)
{
  known->accounts = koban_client_list (KOBAN_ROWS_ACCOUNTS, NULL, error);
  if (known->accounts != NULL)
    known->connections = koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, error);
  if (known->connections != NULL)
    known->links = koban_client_list (KOBAN_ROWS_LINKS, NULL, error);
  return known->links != NULL &&
         koban_dbus_koban1_call_cards_sync (agent, G_DBUS_CALL_FLAGS_NONE, -1, &known->cards, NULL, error);
}

static GVariant *
list_accounts (const Known *known)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (known->accounts); i++)
    {
      g_autoptr(GVariant) account = g_variant_get_child_value (known->accounts, i);
      g_autoptr(GVariant) connection =
        find (known->connections, "id", koban_field_text (account, "connection"));
      g_autoptr(GVariant) card = find (known->cards, "account", koban_field_text (account, "id"));
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
      gint64 set_us = 0;

      put (&row, "account", koban_field_text (account, "id"));
      put (&row, "name", koban_field_text (account, "name"));
      put (&row, "number", koban_field_text (account, "number"));
      put (&row, "currency", koban_field_text (account, "currency"));
      put (&row, "bank", koban_field_text (connection, "name"));
      put (&row, "phone", koban_field_text (card, "phone"));
      if (card != NULL && g_variant_lookup (card, "set", "x", &set_us))
        g_variant_dict_insert (&row, "set", "x", set_us);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

/* The services that hold a link now, and how the directory says that a customer ends it. */
static GVariant *
list_wallets (const Known *known)
{
  g_autoptr(KobanServices) services = koban_services_load (NULL, NULL);
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; services != NULL && i < g_variant_n_children (known->links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (known->links, i);
      g_autofree char *folded =
        koban_text_fold (koban_field_text (link, "name") != NULL ? koban_field_text (link, "name") : "");
      const KobanService *service = koban_services_match (services, folded);
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      if (service == NULL || service->category > KOBAN_SERVICE_BNPL ||
          !g_hash_table_add (seen, (gpointer) service->id))
        continue;
      put (&row, "service", service->name);
      put (&row, "revoke", service->revoke);
      put (&row, "site", service->site);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

/* --- written down
 * -------------------------------------------------------------------------------------------- */

static void
print_rows (GVariant *rows, const char *first, const char *second)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      g_autofree char *one = koban_text_clean (koban_field_text (row, first), 0),
                      *two = koban_text_clean (koban_field_text (row, second), 0);

      g_print ("  %s: %s\n", one, two);
    }
}

static void
print_text (GVariant *accounts, GVariant *wallets, const KobanReportOptions *options)
{
  g_print ("%s\n\n%s\n", koban_report_word (options->language, "card.title"),
           koban_report_word (options->language, "card.first"));
  for (gsize i = 0; i < g_variant_n_children (accounts); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (accounts, i);
      g_autofree char *bank = koban_text_clean (koban_field_text (row, "bank"), 0),
                      *name = koban_text_clean (koban_field_text (row, "name"), 0);
      g_autofree char *phone = koban_text_clean (koban_field_text (row, "phone"), 0);

      g_print ("  %s, %s %s: %s\n", bank, name,
               koban_field_text (row, "number") != NULL ? koban_field_text (row, "number") : "",
               *phone != '\0' ? phone : "________________");
    }
  g_print ("\n%s\n  %s\n  %s\n\n%s\n", koban_report_word (options->language, "card.say"),
           koban_report_word (options->language, "card.words"),
           koban_report_word (options->language, "script.never"),
           koban_report_word (options->language, "card.then"));
  print_rows (wallets, "service", "revoke");
  print_rows (wallets, "service", "site");
  g_print ("  %s\n\n%s\n", koban_report_word (options->language, "card.wallet.unknown"),
           koban_report_word (options->language, "card.police"));
  print_rows (options->help, "name", "number");
}

static int
write_page (GVariant *accounts,
            GVariant *wallets,
            const KobanReportOptions *options,
            const char *file,
            gboolean json)
{
  g_auto(GVariantDict) card = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *made = koban_time_format (g_get_real_time ());
  g_autoptr(GError) error = NULL;

  g_variant_dict_insert_value (&card, "accounts", accounts);
  g_variant_dict_insert_value (&card, "wallets", wallets);
  g_variant_dict_insert (&card, "made", "s", made);
  g_autoptr(GVariant) value = g_variant_ref_sink (g_variant_dict_end (&card));
  g_autofree char *html = koban_report_card (value, options);
  g_autofree char *sentence =
    g_strdup_printf (_("Written to %s: print it, and keep it where you find it without a computer."), file);
  if (!koban_report_save (file, html, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json, sentence, "file", file, NULL);
  return KOBAN_EXIT_DONE;
}

/* All currencies of the accounts, each once. */
static GVariant *
list_help (GVariant *accounts, const char *language, GError **error)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (accounts); i++)
    {
      g_autoptr(GVariant) account = g_variant_get_child_value (accounts, i);
      const char *currency = koban_field_text (account, "currency") != NULL
                               ? g_intern_string (koban_field_text (account, "currency"))
                               : "";
      g_autoptr(GVariant) lines = NULL;

      if (!g_hash_table_add (seen, (gpointer) currency))
        continue;
      lines = koban_help_load (NULL, currency, language, error);
      if (lines == NULL)
        return NULL;
      for (gsize line = 0; line < g_variant_n_children (lines); line++)
        {
          g_autoptr(GVariant) row = g_variant_get_child_value (lines, line);
          g_variant_builder_add_value (&rows, row);
        }
    }
  return g_variant_ref_sink (g_variant_builder_end (&rows));
}

/* --- setting it
 * ----------------------------------------------------------------------------------------------- */

/* Digits as they are printed: nothing that a terminal or a page could take for more. */
static gboolean
is_number (const char *text)
{
  return *text != '\0' && strspn (text, "+0123456789 ()-#*") == strlen (text);
}

static int
set_number (KobanDBusKoban1 *agent, const char *account, gboolean json)
{
  g_autofree char *typed =
    koban_prompt_line (_("The telephone number printed on your card or passbook (empty: none): "));
  g_autoptr(GError) error = NULL;

  if (typed == NULL)
    return koban_cli_usage_error ("card", _("no number was given"));
  g_strstrip (typed);
  if (*typed != '\0' && !is_number (typed))
    return koban_cli_usage_error ("card", _("“%s” is no telephone number"), typed);
  if (!koban_dbus_koban1_call_set_card_sync (agent, account, typed, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json,
                    *typed != '\0' ? _("Kept on this computer. To print the page: koban card -o FILE")
                                   : _("Forgotten."),
                    "account", account, NULL);
  return KOBAN_EXIT_DONE;
}

int
koban_cli_card (int argc, char **argv)
{
  static const KobanUsage usage = {
    "[--set=ACCOUNT] [-o FILE]",
    N_("The page to print: whom to call, and what to say. On the terminal, or as a page with -o."), 0, 0
  };
  g_auto(GStrv) words = NULL;
  g_autofree char *account = NULL, *file = NULL, *language = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "set", 0, 0, G_OPTION_ARG_STRING, &account,
      N_("Ask for the bank's number of this account, and keep it"), "ACCOUNT" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &file, N_("A new file: a page to print"), "FILE" },
    { "lang", 0, 0, G_OPTION_ARG_STRING, &language, N_("ja or en"), "LANGUAGE" },
    { NULL },
  };
  g_auto(Known) known = { 0 };
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent != NULL && account != NULL)
    return set_number (agent, account, json);
  if (agent == NULL || !ask (&known, agent, &error))
    return koban_cli_fail (g_steal_pointer (&error));

  const char *chosen = language != NULL ? language : koban_deadlines_language ();
  g_autoptr(GVariant) accounts = list_accounts (&known), wallets = list_wallets (&known);
  g_autoptr(GVariant) help = list_help (accounts, chosen, &error);
  const KobanReportOptions options = { .language =
                                         g_str_equal (chosen, "ja") ? KOBAN_REPORT_JA : KOBAN_REPORT_EN,
                                       .help = help };
  if (help == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  if (file != NULL)
    return write_page (accounts, wallets, &options, file, json);
  if (json)
    koban_print_rows (accounts, columns, TRUE, "");
  else
    print_text (accounts, wallets, &options);
  return KOBAN_EXIT_DONE;
}
