/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `add`: connects a bank. It says which hosts will receive the secret before it asks for it, puts
 * it into the keyring, lets the agent sign in and look for the first time, and ends by saying what
 * Koban sees at this bank, what it cannot, and how soon the person would hear.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/columns.h"
#include "cli/keyring.h"
#include "cli/prompt.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/http.h>
#include <koban/sign-in.h>
#include <koban/text.h>
#include <string.h>

#define NAME_MAX_BYTES 256 /* the agent takes no longer one */

typedef struct
{
  char *name, *base_url, *ca_file; /* (owned) (nullable) */
  char **fields, **secret_files;   /* (owned) (nullable) */
  char *ca_pem;                    /* (owned) (nullable): what is in ca_file */
  char *share;                     /* (owned) (nullable): percent of the bank's requests */
  gsize ca_length;
  gboolean secret_stdin, json;
  gboolean again; /* there is a connection of that name, which signs in again */
} AddOptions;

static void
add_options_clear (AddOptions *options)
{
  g_free (options->name);
  g_free (options->base_url);
  g_free (options->ca_file);
  g_free (options->ca_pem);
  g_free (options->share);
  g_strfreev (options->fields);
  g_strfreev (options->secret_files);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (AddOptions, add_options_clear)

static gboolean
parse_options (int argc, char **argv, AddOptions *options, GStrv *words, int *status)
{
  static const KobanUsage usage = { "PROVIDER [OPTION…]", N_("Connects a bank, so that Koban watches it."),
                                    1, 1 };
  const GOptionEntry entries[] = {
    { "name", 'n', 0, G_OPTION_ARG_FILENAME, &options->name, N_("What you call this connection"),
      N_("NAME") },
    { "field", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->fields,
      N_("Something the provider needs that is no secret"), N_("KEY=VALUE") },
    { "secret-stdin", 0, 0, G_OPTION_ARG_NONE, &options->secret_stdin,
      N_("Read what is needed from standard input, one name=value a line"), NULL },
    { "secret-file", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &options->secret_files,
      N_("Take a secret from a file, once, into the keyring"), N_("KEY=FILE") },
    { "base-url", 0, 0, G_OPTION_ARG_FILENAME, &options->base_url,
      N_("Another server that speaks this provider's language: your own bridge, a sandbox"), N_("URL") },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options->ca_file,
      N_("Certificates to trust for this connection instead of the system's"), N_("FILE") },
    { NULL },
  };

  return koban_cli_parse (argc, argv, &usage, entries, &options->json, words, status);
}

/* A name is typed again later: it must be one that can be, and not be taken for another bank's id. */
static gboolean
check_name (const char *name, GError **error)
{
  g_autofree char *clean = koban_text_clean (name, 0);

  if (*clean == '\0' || strlen (name) > NAME_MAX_BYTES)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("--name: a name has something to see in it, and at most %d bytes"), NAME_MAX_BYTES);
  else if (name[0] == 'c' && name[1] != '\0' && strspn (name + 1, "0123456789") == strlen (name + 1))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("--name: “%s” would be taken for an id: choose another name"), name);
  else
    return TRUE;
  return FALSE;
}

static gboolean
check_base_url (const char *base_url, GError **error)
{
  if (!koban_http_check_url (base_url, NULL, error))
    {
      g_prefix_error (error, "--base-url: ");
      return FALSE;
    }
  if (strchr (base_url, '?') == NULL)
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("--base-url: leave out the “?” and what follows it"));
  return FALSE;
}

#define SHARE "share="

/* --field share=50 is no need of the provider's: it is taken out, and kept with the connection. */
static gboolean
take_share (AddOptions *options, GError **error)
{
  g_autoptr(GStrvBuilder) others = g_strv_builder_new ();

  for (char **field = options->fields; field != NULL && *field != NULL; field++)
    if (!g_str_has_prefix (*field, SHARE))
      g_strv_builder_add (others, *field);
    else
      {
        g_free (options->share);
        options->share = g_strdup (*field + strlen (SHARE));
      }
  g_strfreev (options->fields);
  options->fields = g_strv_builder_end (others);
  if (options->share == NULL || g_ascii_string_to_unsigned (options->share, 10, 1, 100, NULL, NULL))
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
    _("--field share: write how many percent of the bank's requests are for this device, 1 to 100"));
  return FALSE;
}

/* Before anything is asked for, sent or stored. */
static gboolean
check_options (AddOptions *options, GError **error)
{
  return take_share (options, error) && (options->name == NULL || check_name (options->name, error)) &&
         (options->base_url == NULL || check_base_url (options->base_url, error));
}

/* The hosts that will receive the secret: the profile's, or the one that was typed instead. */
static GStrv
hosts_for (KobanProfile *profile, const AddOptions *options, GError **error)
{
  g_autofree char *host = NULL;

  if (options->base_url == NULL)
    return g_strdupv ((char **) koban_profile_get_hosts (profile));
  if (!koban_http_check_url (options->base_url, &host, error))
    return NULL;
  return g_strdupv ((char *[]){ host, NULL });
}

static void
show_hosts (KobanProfile *profile, const AddOptions *options, char *const *hosts)
{
  g_autofree char *list = g_strjoinv (", ", (char **) hosts);

  g_printerr (_("Your key will be sent to: %s — and nowhere else.\n"), list);
  if (options->base_url != NULL && !koban_http_url_is_loopback (options->base_url))
    g_printerr (_("Take care: this is not %s, but the server that you named.\n"),
                koban_profile_get_name (profile));
  if (koban_profile_get_power (profile) == KOBAN_POWER_PAY)
    g_printerr (
      "%s\n",
      _("Take care: this provider's keys can also move money. Make one that can only read, if you can."));
}

/* Anything that runs as this person could have written the file: it is believed only by a person's yes. What
 * goes to this computer alone can harm nobody, and asks for none. */
static gboolean
agree_to_file (KobanProfile *profile, const AddOptions *options, GError **error)
{
  if (koban_profile_is_packaged (profile))
    return TRUE;
  g_autofree char *file = koban_text_clean (koban_profile_get_file (profile), 0);
  g_printerr (_("This profile is not from a package: %s\n"), file);
  if (options->base_url != NULL && koban_http_url_is_loopback (options->base_url))
    return TRUE;
  if (koban_prompt_can_ask () && koban_prompt_yes (_("Do you trust this file, and the hosts above? [y/N]")))
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
    _("nothing was connected: a profile that is not from a package needs your yes, on a terminal"));
  return FALSE;
}

/* A key that can pay is worth a thief's trouble: whoever hands it over says so in a word. */
static gboolean
agree_to_power (KobanProfile *profile, const AddOptions *options, GError **error)
{
  if (koban_profile_get_power (profile) != KOBAN_POWER_PAY ||
      (options->base_url != NULL && koban_http_url_is_loopback (options->base_url)))
    return TRUE;
  /* TRANSLATORS: the word to type is not translated. */
  g_autofree char *typed = koban_prompt_can_ask ()
                             ? koban_prompt_line (_("To give Koban a key that can also pay, type “pay”:"))
                             : NULL;
  if (g_strcmp0 (typed, "pay") == 0)
    return TRUE;
  g_set_error_literal (
    error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
    _("nothing was connected: a key that can also pay needs the word “pay”, typed on a terminal"));
  return FALSE;
}

static void
show_signup (KobanProfile *profile)
{
  const char *const *steps = koban_profile_get_signup (profile);

  g_printerr (_("Connecting %s:\n"), koban_profile_get_name (profile));
  for (guint i = 0; steps != NULL && steps[i] != NULL; i++)
    g_printerr ("  %u. %s\n", i + 1, steps[i]);
}

/* One device should watch a connection: two take each other's requests, or end each other's sign-in. */
static void
ask_who_else (KobanProfile *profile, AddOptions *options)
{
  if (options->share != NULL || options->secret_stdin || !koban_prompt_can_ask () ||
      !koban_prompt_yes (_("Does another device or program watch this bank with the same key? [y/N]")))
    return;
  options->share = g_strdup ("50");
  if (koban_profile_has_one_sign_in (profile))
    g_printerr ("%s\n",
                _("Take care: this bank keeps one sign-in a person. Connecting here may end the other's."));
  g_printerr ("%s\n",
              _("This device will use half of the requests that the bank allows. A key of its own is "
                 "better, if the bank gives you another; --field share=100 uses them all."));
}

static KobanAnswers *
gather (KobanProfile *profile, AddOptions *options, GError **error)
{
  GArray *needs = koban_profile_get_needs (profile);
  g_autoptr(KobanAnswers) answers = koban_answers_new ();

  if (!koban_answers_take_options (answers, needs, options->fields, options->secret_files, error))
    return NULL;
  answers->until_blank = koban_profile_signs_in (profile);
  if (options->secret_stdin && !koban_answers_take_stdin (answers, needs, FALSE, error))
    return NULL;
  if (!options->again && !koban_answers_ask (answers, needs, FALSE, error))
    return NULL;
  if (!options->again)
    ask_who_else (profile, options);
  if (options->share != NULL)
    g_hash_table_insert (answers->fields, g_strdup ("share"), g_strdup (options->share));
  return g_steal_pointer (&answers);
}

static GVariant *
fields_variant (GHashTable *fields)
{
  GVariantBuilder builder;
  GHashTableIter iter;
  gpointer key, value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("a{ss}"));
  g_hash_table_iter_init (&iter, fields);
  while (g_hash_table_iter_next (&iter, &key, &value))
    g_variant_builder_add (&builder, "{ss}", key, value);
  return g_variant_builder_end (&builder);
}

/* The request to the agent; the secret itself is in the keyring by now. Floating. */
static GVariant *
request_for (KobanProfile *profile,
             const AddOptions *options,
             char *const *hosts,
             KobanAnswers *answers,
             const char *secret_id)
{
  g_auto(GVariantDict) request = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&request, "provider", "s", koban_profile_get_id (profile));
  g_variant_dict_insert (&request, "profile_digest", "s", koban_profile_get_digest (profile));
  g_variant_dict_insert (&request, "name", "s",
                         options->name != NULL ? options->name : koban_profile_get_name (profile));
  g_variant_dict_insert (&request, "secret_id", "s", secret_id);
  g_variant_dict_insert (&request, "hosts", "^as", hosts);
  g_variant_dict_insert_value (&request, "fields", fields_variant (answers->fields));
  if (options->base_url != NULL)
    g_variant_dict_insert (&request, "base_url", "s", options->base_url);
  if (options->ca_pem != NULL)
    g_variant_dict_insert_value (
      &request, "ca_pem",
      g_variant_new_fixed_array (G_VARIANT_TYPE_BYTE, options->ca_pem, options->ca_length, 1));
  return g_variant_dict_end (&request);
}

/* A one-time token may have been spent by then, and what it was changed for is kept. */
static void
say_what_may_remain (GError **error)
{
  if (error == NULL || !koban_error_is_cancelled (*error))
    return;
  g_clear_error (error);
  g_set_error_literal (
    error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
    _("cancelled; if the bank had taken a one-time token by then, the connection stays: see "
       "koban connections"));
}

/* A malformed answer of a bank is no misuse of the command. */
static void
call_it_failed (GError **error)
{
  if (error != NULL && koban_error_is (*error, KOBAN_ERROR_INVALID))
    (*error)->code = KOBAN_ERROR_FAILED;
}

/* Sends the request and waits. The new connection's row, or NULL. @unchecked: why there is no baseline yet.
 */
static GVariant *
connect_bank (GVariant *request, char **unchecked, GError **error)
{
  g_autoptr(GVariant) asked = g_variant_ref_sink (request);
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  g_autofree char *path = NULL;
  const char *connection = NULL;

  if (agent == NULL ||
      !koban_dbus_koban1_call_add_sync (agent, asked, G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, error))
    return NULL;
  g_autoptr(GVariant) result = koban_client_run (agent, path, error);
  if (result == NULL)
    {
      say_what_may_remain (error);
      call_it_failed (error);
      return NULL;
    }
  g_variant_lookup (result, "unchecked", "s", unchecked);
  if (!g_variant_lookup (result, "connection", "&s", &connection))
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                           _("the agent did not say what it connected"));
      return NULL;
    }
  return koban_client_get (KOBAN_ROWS_CONNECTIONS, connection, _("connection"), error);
}

static GVariant *
accounts_of (GVariant *connection)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  const char *id = "";

  g_variant_lookup (connection, "id", "&s", &id);
  g_variant_dict_insert (&filter, "connection", "s", id);
  return koban_client_list (KOBAN_ROWS_ACCOUNTS, g_variant_dict_end (&filter), NULL);
}

/* How long until the agent looks again: what the budget of this bank allows may be more than its interval. */
static guint
minutes_between_looks (KobanProfile *profile, GVariant *connection)
{
  gint64 last_us = 0, next_us = 0;
  guint minutes = MAX (koban_profile_get_interval_s (profile), 15 * 60) / 60;

  g_variant_lookup (connection, "last_check", "x", &last_us);
  g_variant_lookup (connection, "next_check", "x", &next_us);
  return MAX (minutes, (guint) (MAX (next_us - last_us, 0) / (60 * KOBAN_SECOND_US)) + 1);
}

/* What it sees, what it cannot, how soon one would hear: said once, when it is decided on. */
static void
say_what_is_seen (KobanProfile *profile, GVariant *connection, GVariant *accounts)
{
  const char *const *lists = koban_profile_get_lists (profile);
  const char *const *revokes = koban_profile_get_revokes (profile);
  const char *notes = koban_profile_get_notes (profile);
  guint minutes = minutes_between_looks (profile, connection);
  g_autofree char *kinds = g_strjoinv (", ", (char **) lists);
  g_autofree char *ended = g_strjoinv (", ", (char **) revokes);

  koban_print_rows (accounts, koban_account_columns, FALSE, _("The bank shows no account for this key."));
  if (lists[0] != NULL)
    g_print (_("\nKoban sees at this bank: balances, transactions, and these links: %s.\n"), kinds);
  else
    g_print ("\n%s\n",
             _("Koban sees at this bank: balances and transactions. The bank lists no links: a new one is "
                "noticed by the first money it takes."));
  if (revokes[0] != NULL)
    g_print (_("It can end, when you ask it to: %s.\n"), ended);
  else
    g_print ("%s\n", _("It cannot end links here; it tells you how to do it by hand."));
  if (notes != NULL && *notes != '\0')
    g_print ("%s\n", notes);
  g_print (_("While this computer is on and online, you would hear within about %u minutes. While it is "
              "off, Koban does "
              "not look.\n"),
           minutes);
  g_print ("%s\n", _("What was there before today is taken as known: look through it with: koban links, "
                      "koban transactions"));
}

/* It is done, and yet not as it should be: the token is spent, so adding once more would fail. */
static void
say_unchecked (const char *unchecked)
{
  g_autofree char *why = koban_text_clean (unchecked, 0);

  g_printerr (_("Connected, but not checked yet: %s\n"), why);
  g_printerr (
    "%s\n",
    _("Nothing is watched until the first check; Koban tries again by itself. See: koban connections"));
}

/* What is to be known of the connection, as that its key can do more than watch. */
static void
say_message (GVariant *connection)
{
  const char *message = "";

  g_variant_lookup (connection, "message", "&s", &message);
  g_autofree char *clean = koban_text_clean (message, 240);
  if (*clean != '\0')
    g_print ("%s\n\n", clean);
}

static void
print_json_result (GVariant *connection, GVariant *accounts, const char *unchecked)
{
  KobanJsonWriter *writer = koban_json_writer_new ();
  GVariantIter iter;
  GVariant *row;

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "connection");
  koban_print_object (writer, connection, koban_connection_columns);
  koban_json_writer_name (writer, "accounts");
  koban_json_writer_begin_array (writer);
  g_variant_iter_init (&iter, accounts);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      koban_print_object (writer, row, koban_account_columns);
      g_variant_unref (row);
    }
  koban_json_writer_end_array (writer);
  koban_json_writer_name (writer, "unchecked");
  koban_json_writer_string (writer, unchecked);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

/* An item that nobody will use must not stay in the keyring: what can fail without the secret fails first. */
static gboolean
prepare (AddOptions *options, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = NULL;

  if (options->ca_file != NULL &&
      !g_file_get_contents (options->ca_file, &options->ca_pem, &options->ca_length, error))
    return FALSE;
  agent = koban_client_connect (error);
  return agent != NULL;
}

/* Whether a connection of this name is there, at this bank, and has a sign-in that ends and is made again. */
static gboolean
signs_in_again (KobanProfile *profile, const AddOptions *options)
{
  const char *name = options->name != NULL ? options->name : koban_profile_get_name (profile);
  g_autoptr(GVariant) rows =
    koban_profile_signs_in (profile) ? koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, NULL) : NULL;
  gboolean found = FALSE;

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *known = "", *provider = "";
      g_variant_lookup (row, "name", "&s", &known);
      g_variant_lookup (row, "provider", "&s", &provider);
      found |= g_str_equal (known, name) && g_str_equal (provider, koban_profile_get_id (profile));
    }
  return found;
}

static GVariant *
add (KobanProfile *profile, AddOptions *options, char **unchecked, GError **error)
{
  g_auto(GStrv) hosts = hosts_for (profile, options, error);

  if (hosts == NULL)
    return NULL;
  options->again = signs_in_again (profile, options);
  if (options->again)
    g_printerr ("%s\n",
                _("This connection is known: you sign in again, and everything that Koban knows stays."));
  if (koban_prompt_can_ask () && !options->secret_stdin && !options->again)
    show_signup (profile);
  show_hosts (profile, options, hosts);
  if (!agree_to_file (profile, options, error) || !agree_to_power (profile, options, error) ||
      !prepare (options, error))
    return NULL;
  g_autoptr(KobanAnswers) answers = gather (profile, options, error);
  if (answers == NULL)
    return NULL;

  g_autofree char *label = g_strdup_printf ("Koban: %s", koban_profile_get_name (profile));
  g_autoptr(KobanSecret) nothing = koban_secret_new ("", 0);
  g_autofree char *secret_id =
    koban_keyring_store (KOBAN_SECRET_CONNECTION, koban_profile_get_id (profile), label,
                         answers->secrets != NULL ? answers->secrets : nothing, error);
  if (secret_id == NULL)
    return NULL;
  return connect_bank (request_for (profile, options, hosts, answers, secret_id), unchecked, error);
}

/* Words that cannot be meant are usage; what the bank or keyring says is not. A name that is taken was found.
 */
static int
fail_to_add (GError *error)
{
  gboolean usage = koban_error_is (error, KOBAN_ERROR_INVALID) && !koban_prompt_can_ask () &&
                   !g_dbus_error_is_remote_error (error);
  gboolean taken = koban_error_is (error, KOBAN_ERROR_AMBIGUOUS);
  int status = koban_cli_fail (error);

  if (usage)
    return KOBAN_EXIT_USAGE;
  return taken ? KOBAN_EXIT_FAILED : status;
}

int
koban_cli_add (int argc, char **argv)
{
  g_auto(AddOptions) options = { 0 };
  g_auto(GStrv) words = NULL;
  g_autofree char *unchecked = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!parse_options (argc, argv, &options, &words, &status))
    return status;
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  KobanProfile *profile = koban_profiles_lookup (profiles, words[0]);
  if (profile == NULL)
    {
      g_set_error (&error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND,
                   _("no provider is called “%s”; see: koban providers"), words[0]);
      return koban_cli_fail (g_steal_pointer (&error));
    }
  if (!check_options (&options, &error))
    return koban_cli_usage_error (argv[0], "%s", error->message);
  g_autoptr(GVariant) connection = add (profile, &options, &unchecked, &error);
  if (connection == NULL)
    return fail_to_add (g_steal_pointer (&error));
  g_autoptr(GVariant) accounts = accounts_of (connection);
  if (unchecked != NULL)
    say_unchecked (unchecked);
  if (options.json)
    print_json_result (connection, accounts, unchecked);
  else if (unchecked == NULL)
    {
      say_message (connection);
      if (options.again)
        g_print ("%s\n", _("Signed in again. Everything that Koban knew is still known."));
      else
        say_what_is_seen (profile, connection, accounts);
    }
  return KOBAN_EXIT_DONE;
}
