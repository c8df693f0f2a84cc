/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `channel`: the ways to the person that are not this desktop. It makes the keyring's item and
 * writes koban.conf, which the agent reads again by itself; what makes Koban say more, or say it in
 * one more place, the agent tells on all other channels. No secret is an argument, and one that
 * Koban made is shown once, on a terminal.
 */
#include "config.h"

#include "cli/channel-kind.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/guard.h"
#include "cli/keyring.h"
#include "cli/printer.h"
#include "cli/prompt.h"
#include "cli/qr.h"
#include "cli/reveal.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/http.h>
#include <koban/mail.h>
#include <string.h>

#define OLD_KEY_US (24 * KOBAN_HOUR_US)
#define TAKEN_WAIT_US (5 * KOBAN_SECOND_US)
#define TAKEN_STEP_US 20000

typedef struct
{
  char *name, *server, *to, *from, *user, *detail, *ca_file; /* (owned) (nullable) */
  gboolean secret_stdin, json;
  char *path;      /* (owned): koban.conf */
  GPtrArray *rows; /* (owned) (element-type KobanChannelSettings): what stands there */
} Options;

static void
options_clear (Options *options)
{
  char *const owned[] = { options->name, options->server, options->to,      options->from,
                          options->user, options->detail, options->ca_file, options->path };

  for (gsize i = 0; i < G_N_ELEMENTS (owned); i++)
    g_free (owned[i]);
  g_clear_pointer (&options->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Options, options_clear)

static gboolean
set_invalid (GError **error, const char *sentence)
{
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, sentence);
  return FALSE;
}

static KobanChannelSettings *
find_row (const Options *options, const char *name)
{
  for (guint i = 0; i < options->rows->len; i++)
    if (g_str_equal (((KobanChannelSettings *) options->rows->pdata[i])->name, name))
      return options->rows->pdata[i];
  return NULL;
}

static KobanChannelSettings *
need_row (const Options *options, const char *name, GError **error)
{
  KobanChannelSettings *row = find_row (options, name);

  if (row == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no channel “%s”."), name);
  return row;
}

/* The agent keeps what it has taken (agent/preferences.c). */
static gboolean
is_taken (const Options *options)
{
  g_autofree char *good_path = g_build_filename (koban_settings_data_directory (), "koban.conf.good", NULL);
  g_autofree char *good = NULL;
  g_autofree char *text = NULL;

  return g_file_get_contents (options->path, &text, NULL, NULL) &&
         g_file_get_contents (good_path, &good, NULL, NULL) && g_str_equal (text, good);
}

/* The agent sees the file change by itself; this starts it where it did not run, and waits a moment, so that
 * the next command finds what this one did. */
static void
wake_agent (const Options *options)
{
  gint64 until_us = g_get_monotonic_time () + TAKEN_WAIT_US;
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);

  if (agent == NULL)
    g_printerr (_("This counts from the next start of Koban's agent: %s\n"), error->message);
  while (agent != NULL && !is_taken (options) && g_get_monotonic_time () < until_us)
    g_usleep (TAKEN_STEP_US);
}

/* ---- the list ---- */

static const KobanColumn columns[] = {
  { "name", KOBAN_COLUMN_TEXT, N_("name") },
  { "kind", KOBAN_COLUMN_TEXT, N_("kind") },
  { "server", KOBAN_COLUMN_FOREIGN, N_("server") },
  { "to", KOBAN_COLUMN_FOREIGN, N_("to") },
  { "from", KOBAN_COLUMN_FOREIGN },
  { "user", KOBAN_COLUMN_FOREIGN },
  { "detail", KOBAN_COLUMN_TEXT, N_("detail") },
  { "full_until", KOBAN_COLUMN_TIME, N_("full until") },
  { NULL },
};

static const char *const detail_words
  [] = { [KOBAN_DETAIL_NONE] = "none", [KOBAN_DETAIL_MINIMAL] = "minimal", [KOBAN_DETAIL_FULL] = "full" };

static void
insert_text (GVariantDict *dict, const char *key, const char *text)
{
  if (text != NULL)
    g_variant_dict_insert (dict, key, "s", text);
}

static GVariant *
row_variant (const KobanChannelSettings *row)
{
  KobanDetail detail = koban_channel_settings_detail_at (row, g_get_real_time ());
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);

  insert_text (&dict, "name", row->name);
  insert_text (&dict, "kind", koban_channel_kind_name (row->kind));
  insert_text (&dict, "server",
               row->server == NULL && row->kind == KOBAN_CHANNEL_NTFY ? KOBAN_NTFY_SERVER : row->server);
  insert_text (&dict, "to", row->to);
  insert_text (&dict, "from", row->from);
  insert_text (&dict, "user", row->user);
  insert_text (&dict, "detail", detail_words[detail]);
  if (detail == KOBAN_DETAIL_FULL)
    g_variant_dict_insert (&dict, "full_until", "x", koban_channel_settings_lapses_us (row));
  return g_variant_dict_end (&dict);
}

static int
list (Options *options, char **words)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < options->rows->len; i++)
    g_variant_builder_add_value (&builder, row_variant (options->rows->pdata[i]));
  g_autoptr(GVariant) rows = g_variant_ref_sink (g_variant_builder_end (&builder));
  koban_print_rows (rows, columns, options->json,
                    _("Koban speaks on this desktop only. To be reached elsewhere: koban channel add ntfy"));
  return KOBAN_EXIT_DONE;
}

/* ---- detail ---- */

static gboolean
parse_detail (const char *text, KobanDetail *detail, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (detail_words); i++)
    if (g_str_equal (detail_words[i], text))
      {
        *detail = (KobanDetail) i;
        return TRUE;
      }
  return set_invalid (error, _("detail is none, minimal or full"));
}

/* What is said off this device is read by whoever carries it: more of it needs a word that is not typed by
 * mistake, and by nobody who has only a pipe. */
static gboolean
agree_to_detail (KobanDetail before, KobanDetail after, GError **error)
{
  if (after <= before && after != KOBAN_DETAIL_FULL)
    return TRUE;
  g_printerr (
    "%s\n",
    after == KOBAN_DETAIL_FULL
      ? _("Amounts, names and accounts will leave this device, for 90 days, and stand where others may "
           "read them: on a lock screen, at the server's.")
      : _("What happened and at which service will leave this device, and stand where others may read "
           "it: on a lock screen, at the server's."));
  /* TRANSLATORS: the word to type is not translated. */
  g_autofree char *typed =
    koban_prompt_can_ask () ? koban_prompt_line (_("To say more there than before, type “yes”:")) : NULL;
  if (g_strcmp0 (typed, "yes") == 0)
    return TRUE;
  return set_invalid (error,
                      _("nothing was changed: to say more needs the word “yes”, typed on a terminal"));
}

static gboolean
take_detail (KobanChannelSettings *row, const char *text, GError **error)
{
  KobanDetail before = koban_channel_settings_detail_at (row, g_get_real_time ());
  KobanDetail detail;

  if (!parse_detail (text, &detail, error) || !agree_to_detail (before, detail, error) ||
      (detail > before && !koban_guard_allows (KOBAN_GUARD_DETAIL, error)))
    return FALSE;
  row->detail = detail;
  row->full_since_us = detail == KOBAN_DETAIL_FULL ? g_get_real_time () : 0;
  return TRUE;
}

/* ---- secrets ---- */

/* From standard input, or by asking, or made. The bundle. (transfer full) */
static KobanSecret *
gather_secret (const KobanChannelKindRow *kind,
               const KobanChannelSettings *row,
               gboolean from_stdin,
               gboolean *made,
               GError **error)
{
  g_autoptr(KobanAnswers) answers = koban_answers_new ();
  g_autoptr(GArray) all = koban_channel_kind_needs (kind, FALSE);
  g_autoptr(GArray) asked = koban_channel_kind_needs (kind, TRUE);
  gboolean wants_none = kind->kind == KOBAN_CHANNEL_MAIL && row->user == NULL;

  if (from_stdin && !koban_answers_take_stdin (answers, all, FALSE, error))
    return NULL;
  if (!wants_none && !koban_answers_ask (answers, asked, FALSE, error))
    return NULL;
  g_autoptr(KobanSecret) given = koban_secret_bundle_lookup (answers->secrets, kind->secret);
  *made = given == NULL && kind->is_made;
  if (given == NULL && wants_none)
    return koban_secret_bundle_with (answers->secrets, kind->secret, NULL);
  g_autoptr(KobanSecret) secret = *made ? koban_channel_kind_make_secret (kind) : koban_secret_ref (given);
  if (!koban_channel_kind_check_secret (kind, secret, error))
    return NULL;
  return koban_secret_bundle_with (answers->secrets, kind->secret, secret);
}

/* Whoever scans it is subscribed. Only Android's app knows such an address; the text is for the others. */
static char *
topic_address (const KobanChannelSettings *row, KobanSecret *topic)
{
  const char *server = row->server != NULL ? row->server : KOBAN_NTFY_SERVER;
  const char *rest = strstr (server, "://") + 3;
  gboolean is_secure = g_str_has_prefix (server, "https:");
  gsize length = strlen (rest) - (g_str_has_suffix (rest, "/") ? 1 : 0);

  return g_strdup_printf ("ntfy://%.*s/%s%s", (int) length, rest, koban_secret_peek (topic, NULL),
                          is_secure ? "" : "?secure=false");
}

static gboolean
show_topic (const KobanChannelSettings *row, KobanSecret *topic, GError **error)
{
  char *address = topic_address (row, topic);
  char *square = koban_qr_draw (address);
  gboolean shown = koban_reveal (
    _("The secret topic for the app ntfy: scan it, or press + there and type it. Who knows it reads along."),
    square, koban_secret_peek (topic, NULL), row->server != NULL ? row->server : KOBAN_NTFY_SERVER, error);

  koban_secret_wipe (square);
  koban_secret_wipe (address);
  return shown;
}

static gboolean
show_secret (const KobanChannelKindRow *kind,
             const KobanChannelSettings *row,
             KobanSecret *bundle,
             GError **error)
{
  g_autoptr(KobanSecret) secret = koban_secret_bundle_lookup (bundle, kind->secret);

  if (kind->kind == KOBAN_CHANNEL_NTFY)
    return show_topic (row, secret, error);
  return koban_reveal (_("The key that the other side verifies the signature with:"), NULL,
                       koban_secret_peek (secret, NULL), "", error);
}

/* A secret that nobody could see is not made. */
static gboolean
check_can_show (const KobanChannelKindRow *kind, gboolean from_stdin, GError **error)
{
  if (!kind->is_made || from_stdin || koban_reveal_can ())
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
    _("Koban makes “%s” and shows it once, which needs a terminal; or give it with --secret-stdin"),
    kind->secret);
  return FALSE;
}

/* Shown before anything is kept: who ends it there has changed nothing. The keyring's item. (transfer full)
 */
static char *
store_secret (const KobanChannelKindRow *kind,
              const KobanChannelSettings *row,
              gboolean from_stdin,
              GError **error)
{
  gboolean made = FALSE;
  g_autoptr(KobanSecret) bundle = gather_secret (kind, row, from_stdin, &made, error);
  g_autofree char *label = g_strdup_printf (_("Koban: channel %s"), row->name);

  if (bundle == NULL || (made && !show_secret (kind, row, bundle, error)))
    return NULL;
  return koban_keyring_store (KOBAN_SECRET_CHANNEL, koban_channel_kind_name (row->kind), label, bundle,
                              error);
}

/* ---- add ---- */

static void
take_option (char **to, char **option)
{
  if (*option != NULL)
    *to = g_steal_pointer (option);
}

/* @question is NULL where this kind has no such thing; an empty answer leaves it out. */
static void
ask_missing (char **value, const char *question)
{
  if (*value != NULL || question == NULL || !koban_prompt_can_ask ())
    return;
  g_autofree char *asked = g_strdup_printf ("%s:", _(question));
  g_autofree char *answer = koban_prompt_line (asked);
  if (answer != NULL && *answer != '\0')
    *value = g_steal_pointer (&answer);
}

static KobanChannelSettings *
gather_settings (Options *options, const KobanChannelKindRow *kind)
{
  const char *name = options->name != NULL ? options->name : koban_channel_kind_name (kind->kind);
  KobanChannelSettings *row = koban_channel_settings_new (name, kind->kind);

  take_option (&row->server, &options->server);
  take_option (&row->to, &options->to);
  take_option (&row->from, &options->from);
  take_option (&row->user, &options->user);
  ask_missing (&row->server, kind->ask_server);
  ask_missing (&row->to, kind->ask_to);
  ask_missing (&row->from, kind->ask_from);
  ask_missing (&row->user, kind->ask_user);
  return row;
}

static gboolean
check_addresses (const KobanChannelSettings *row, GError **error)
{
  if (row->kind == KOBAN_CHANNEL_MAIL)
    return koban_mail_check_server (row->server, error) && koban_mail_check_address (row->to, error) &&
           koban_mail_check_address (row->from, error);
  return row->server == NULL || koban_http_check_url (row->server, NULL, error);
}

/* Before anything is asked for or kept; the item is not there yet. */
static gboolean
check_settings (const Options *options, KobanChannelSettings *row, GError **error)
{
  gboolean good;

  if (find_row (options, row->name) != NULL)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("there is already a channel “%s”; choose another --name, or remove it first"),
                   row->name);
      return FALSE;
    }
  row->secret = g_strdup ("new");
  good = koban_channel_settings_check (row, error) && check_addresses (row, error);
  g_clear_pointer (&row->secret, g_free);
  return good;
}

/* A copy, beside koban.conf: what is trusted does not change with a file elsewhere. */
static gboolean
copy_ca_file (const Options *options, KobanChannelSettings *row, GError **error)
{
  g_autofree char *file = koban_channel_settings_copy_name (row->name);
  g_autofree char *path = g_build_filename (koban_settings_config_directory (), file, NULL);
  g_autofree char *pem = NULL;
  gsize length;

  if (options->ca_file == NULL)
    return TRUE;
  if (!g_file_get_contents (options->ca_file, &pem, &length, error))
    return FALSE;
  if (strstr (pem, "-----BEGIN CERTIFICATE-----") == NULL)
    return set_invalid (error, _("--ca-file: there is no certificate in PEM form in it"));
  row->ca_file = g_steal_pointer (&file);
  return g_file_set_contents_full (path, pem, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

static gboolean
add_channel (Options *options, const KobanChannelKindRow *kind, KobanChannelSettings *row, GError **error)
{
  if (!koban_guard_allows (KOBAN_GUARD_CHANNEL, error) || !check_settings (options, row, error) ||
      !check_can_show (kind, options->secret_stdin, error) ||
      (options->detail != NULL && !take_detail (row, options->detail, error)) ||
      !copy_ca_file (options, row, error))
    return FALSE;
  row->secret = store_secret (kind, row, options->secret_stdin, error);
  return row->secret != NULL && koban_channel_settings_save (options->path, row, error);
}

static void
say_added (const Options *options, const KobanChannelKindRow *kind, const KobanChannelSettings *row)
{
  koban_print_done (options->json, _("Added. Now see whether it arrives:"), "channel", row->name, "result",
                    "added", NULL);
  if (options->json)
    return;
  g_print ("  koban notify --test %s\n%s\n", row->name, _(kind->after));
}

static int
fail (GError *error)
{
  int status = koban_error_is (error, KOBAN_ERROR_INVALID) ? KOBAN_EXIT_USAGE : KOBAN_EXIT_DONE;
  int other = koban_cli_fail (error);

  return status == KOBAN_EXIT_USAGE ? status : other;
}

static int
add (Options *options, char **words)
{
  KobanChannelKind kind;
  g_autoptr(GError) error = NULL;

  if (!koban_channel_kind_parse (words[1], &kind) || kind == KOBAN_CHANNEL_DESKTOP)
    return koban_cli_usage_error ("channel", _("the kinds are ntfy, gotify, mail and webhook"));
  const KobanChannelKindRow *kind_row = koban_channel_kind_row (kind);
  g_autoptr(KobanChannelSettings) row = gather_settings (options, kind_row);
  if (!add_channel (options, kind_row, row, &error))
    return fail (g_steal_pointer (&error));
  wake_agent (options);
  say_added (options, kind_row, row);
  return KOBAN_EXIT_DONE;
}

/* ---- rotate, set, remove ---- */

/* The agent deletes the item that is not named any more. A webhook's old key signs for a day on, so that the
 * other side has time to take the new one. */
static gboolean
rotate_secret (Options *options, KobanChannelSettings *row, GError **error)
{
  const KobanChannelKindRow *kind = koban_channel_kind_row (row->kind);
  g_autofree char *fresh = NULL;

  if (!check_can_show (kind, options->secret_stdin, error) ||
      !koban_guard_allows (KOBAN_GUARD_CHANNEL, error))
    return FALSE;
  fresh = store_secret (kind, row, options->secret_stdin, error);
  if (fresh == NULL)
    return FALSE;
  g_clear_pointer (&row->old_secret, g_free);
  row->old_until_us = 0;
  if (row->kind == KOBAN_CHANNEL_WEBHOOK)
    {
      row->old_secret = g_steal_pointer (&row->secret);
      row->old_until_us = g_get_real_time () + OLD_KEY_US;
    }
  g_free (row->secret);
  row->secret = g_steal_pointer (&fresh);
  return koban_channel_settings_save (options->path, row, error);
}

static int
rotate (Options *options, char **words)
{
  g_autoptr(GError) error = NULL;
  KobanChannelSettings *row = need_row (options, words[1], &error);

  if (row == NULL || !rotate_secret (options, row, &error))
    return fail (g_steal_pointer (&error));
  wake_agent (options);
  koban_print_done (options->json,
                    row->old_secret != NULL ? _("Renewed. For 24 hours Koban signs with the old key, too.")
                                            : _("Renewed. What was there before counts no more."),
                    "channel", row->name, "result", "renewed", NULL);
  return KOBAN_EXIT_DONE;
}

static int
set (Options *options, char **words)
{
  g_autoptr(GError) error = NULL;
  KobanChannelSettings *row = need_row (options, words[1], &error);

  if (row == NULL)
    return fail (g_steal_pointer (&error));
  if (words[2] == NULL || !g_str_has_prefix (words[2], "detail="))
    return koban_cli_usage_error ("channel", _("say: koban channel set %s detail=none|minimal|full"),
                                  row->name);
  if (!take_detail (row, words[2] + strlen ("detail="), &error) ||
      !koban_channel_settings_save (options->path, row, &error))
    return fail (g_steal_pointer (&error));
  wake_agent (options);
  koban_print_done (options->json, _("Set."), "channel", row->name, "detail", detail_words[row->detail],
                    NULL);
  return KOBAN_EXIT_DONE;
}

static int
remove_channel (Options *options, char **words)
{
  g_autoptr(GError) error = NULL;
  const KobanChannelSettings *row = need_row (options, words[1], &error);

  if (row == NULL || !koban_guard_allows (KOBAN_GUARD_CHANNEL, &error) ||
      !koban_channel_settings_remove (options->path, words[1], &error))
    return fail (g_steal_pointer (&error));
  koban_channel_settings_drop_copy (row);
  wake_agent (options);
  koban_print_done (options->json, _("Removed; Koban's agent deletes its secret."), "channel", words[1],
                    "result", "removed", NULL);
  return KOBAN_EXIT_DONE;
}

/* ---- the command ---- */

static const struct
{
  const char *name;
  guint n_words, n_words_max; /* with its own */
  int (*run) (Options *options, char **words);
} verbs[] = {
  { "add", 2, 2, add },
  { "rotate", 2, 2, rotate },
  { "remove", 2, 2, remove_channel },
  { "set", 3, 3, set },
};

static gboolean
open_file (Options *options, GError **error)
{
  options->path = koban_settings_config_file ();
  if (!koban_settings_make_directories (error))
    return FALSE;
  options->rows = koban_channel_settings_load (options->path, error);
  return options->rows != NULL;
}

static int
run (Options *options, char **words)
{
  guint n_words = g_strv_length (words);

  if (n_words == 0)
    return list (options, words);
  for (gsize i = 0; i < G_N_ELEMENTS (verbs); i++)
    if (g_str_equal (verbs[i].name, words[0]) && n_words >= verbs[i].n_words &&
        n_words <= verbs[i].n_words_max)
      return verbs[i].run (options, words);
  return koban_cli_usage_error (
    "channel", _("say what to do: add KIND, rotate NAME, remove NAME, or set NAME detail=…"));
}

int
koban_cli_channel (int argc, char **argv)
{
  static const KobanUsage usage = {
    "[add ntfy|gotify|mail|webhook | rotate NAME | remove NAME | set NAME detail=none|minimal|full] "
    "[OPTION…]",
    N_("The ways in which Koban reaches you away from this desktop: to a phone, by mail, to a program."), 0,
    3,
    N_("Kinds of channel:\n"
        "  ntfy      the app ntfy (Android, iPhone). Koban makes a secret topic and shows it once, as a "
        "square to scan.\n"
        "            Android: open ntfy, press +, scan or type it. iPhone: press +, type it. Then let it "
        "ring at night:\n"
        "            Android: ntfy → Settings → Channel settings → Max priority → Override Do Not Disturb;\n"
        "            iPhone: Settings → Focus → Do Not Disturb → Apps → add ntfy.\n"
        "  gotify    your own Gotify server: make an application there, and give its token.\n"
        "  mail      your mail provider's submission server: smtps://host (465) or smtp://host (587), always "
        "with TLS.\n"
        "            Many providers want a password made for programs.\n"
        "  webhook   a program of yours, signed as Standard Webhooks says.\n"
        "Koban says as little as it can there: detail none is “look at your account” and a code; minimal "
        "adds what\n"
        "happened and the service; full says all, and lapses after 90 days. See whether it arrives: koban "
        "notify --test "
        "NAME.")
  };
  g_auto(Options) options = { 0 };
  const GOptionEntry entries[] = {
    { "name", 'n', 0, G_OPTION_ARG_STRING, &options.name, N_("What you call it"), N_("NAME") },
    { "server", 0, 0, G_OPTION_ARG_STRING, &options.server,
      N_("The server's address (for ntfy, another than ntfy.sh)"), N_("URL") },
    { "to", 0, 0, G_OPTION_ARG_STRING, &options.to, N_("mail: to which address"), N_("ADDRESS") },
    { "from", 0, 0, G_OPTION_ARG_STRING, &options.from, N_("mail: from which address"), N_("ADDRESS") },
    { "user", 0, 0, G_OPTION_ARG_STRING, &options.user, N_("mail: the name to sign in with"), N_("USER") },
    { "detail", 0, 0, G_OPTION_ARG_STRING, &options.detail,
      N_("How much may be said there: none (usual), minimal, full"), N_("LEVEL") },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &options.ca_file,
      N_("Certificates to trust for this server instead of the system's"), N_("FILE") },
    { "secret-stdin", 0, 0, G_OPTION_ARG_NONE, &options.secret_stdin,
      N_("Read the secret from standard input, one name=value a line"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &options.json, &words, &status))
    return status;
  if (!open_file (&options, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  return run (&options, words);
}
