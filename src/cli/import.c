/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `import`: hands a statement file to the agent as a descriptor, says what came of it, and, the first time,
 * what to look at. It never looks into the file itself. What was guessed is merged only after a yes.
 */
#include "config.h"

#include "cli/client.h"
#include "cli/cli.h"
#include "cli/printer.h"
#include "cli/prompt.h"
#include "cli/review.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/money.h>
#include <koban/settings.h>
#include <koban/text.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct
{
  char *account, *format, *currency, *folder, *write_dialect; /* (owned) (nullable) */
  gboolean guess, yes, delete, json;
  char *dialect;      /* (owned) (nullable): guessed, and agreed to */
  int file;           /* descriptor; -1: none */
  struct stat status; /* of the file that was opened */
} ImportOptions;

static void
import_options_clear (ImportOptions *options)
{
  g_free (options->account);
  g_free (options->format);
  g_free (options->currency);
  g_free (options->folder);
  g_free (options->write_dialect);
  g_free (options->dialect);
  if (options->file >= 0)
    close (options->file);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (ImportOptions, import_options_clear)

static gboolean
parse_options (int argc, char **argv, ImportOptions *options, GStrv *words, int *status)
{
  static const KobanUsage usage = { "FILE --account NAME [OPTION…]",
                                    N_("Reads a statement file, so that Koban looks through it."), 1, 1 };
  const GOptionEntry entries[] = {
    { "account", 0, 0, G_OPTION_ARG_FILENAME, &options->account, N_("What you call the account"),
      N_("NAME") },
    { "format", 0, 0, G_OPTION_ARG_FILENAME, &options->format,
      N_("ofx, camt, zengin, mt940, or a bank's: jp-rakuten"), N_("FORMAT") },
    { "currency", 0, 0, G_OPTION_ARG_FILENAME, &options->currency, N_("Of a file that does not say its own"),
      N_("CODE") },
    { "guess", 0, 0, G_OPTION_ARG_NONE, &options->guess,
      N_("Find out how an unknown CSV file is written, and ask"), NULL },
    { "write-dialect", 0, 0, G_OPTION_ARG_FILENAME, &options->write_dialect,
      N_("Write what was guessed to this file"), N_("FILE") },
    { "folder", 0, 0, G_OPTION_ARG_FILENAME, &options->folder,
      N_("Take the account's next files from this folder; \"\" ends that"), N_("FOLDER") },
    { "delete", 0, 0, G_OPTION_ARG_NONE, &options->delete, N_("Delete the file when it is imported"), NULL },
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &options->yes, N_("Do not ask whether a guess is right"), NULL },
    { NULL },
  };

  if (!koban_cli_parse (argc, argv, &usage, entries, &options->json, words, status))
    return FALSE;
  if (options->account != NULL)
    return TRUE;
  *status = koban_cli_usage_error (argv[0], "%s", _("say whose file it is: --account NAME"));
  return FALSE;
}

/* --- the file
 * ----------------------------------------------------------------------------------------------- */

static gboolean
open_file (ImportOptions *options, const char *path, GError **error)
{
  options->file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (options->file >= 0 && fstat (options->file, &options->status) == 0 && S_ISREG (options->status.st_mode))
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED, "%s: %s", path,
               options->file < 0 ? g_strerror (errno) : _("this is no plain file"));
  return FALSE;
}

/* Another file may lie there by now: only the one that was read is deleted. */
static gboolean
is_same_file (const ImportOptions *options, const char *path)
{
  struct stat now;

  return lstat (path, &now) == 0 && S_ISREG (now.st_mode) && now.st_dev == options->status.st_dev &&
         now.st_ino == options->status.st_ino && now.st_mtime == options->status.st_mtime;
}

static gboolean
wants_deletion (const ImportOptions *options, const char *path)
{
  g_autofree char *clean = koban_text_clean (path, 80);
  g_autofree char *question =
    g_strdup_printf (_("Delete %s? Koban needs it no more; it tells much of you. [y/N]"), clean);

  return options->delete || (!options->json && koban_prompt_can_ask () && koban_prompt_yes (question));
}

static void
offer_deletion (const ImportOptions *options, const char *path)
{
  if (!is_same_file (options, path) || !wants_deletion (options, path))
    return;
  if (g_unlink (path) == 0)
    g_printerr ("%s\n", _("The file is deleted."));
  else
    g_printerr (_("The file could not be deleted: %s\n"), g_strerror (errno));
}

/* --- asking the agent
 * ----------------------------------------------------------------------------------------- */

static GVariant *
request_for (const ImportOptions *options, gboolean preview)
{
  g_auto(GVariantDict) request = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *folder = options->folder != NULL && *options->folder != '\0'
                              ? g_canonicalize_filename (options->folder, NULL)
                              : NULL;

  g_variant_dict_insert (&request, "account", "s", options->account);
  g_variant_dict_insert (&request, "preview", "b", preview);
  g_variant_dict_insert (&request, "guess", "b", options->guess && options->dialect == NULL);
  if (options->format != NULL)
    g_variant_dict_insert (&request, "format", "s", options->format);
  if (options->currency != NULL)
    g_variant_dict_insert (&request, "currency", "s", options->currency);
  if (options->dialect != NULL)
    g_variant_dict_insert (&request, "dialect", "s", options->dialect);
  if (options->folder != NULL)
    g_variant_dict_insert (&request, "folder", "s", folder != NULL ? folder : "");
  return g_variant_dict_end (&request);
}

/* Each reader begins at the file's start. */
static GVariant *
ask_agent (const ImportOptions *options, gboolean preview, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  g_autoptr(GUnixFDList) files = g_unix_fd_list_new ();
  g_autofree char *path = NULL;

  if (agent == NULL || lseek (options->file, 0, SEEK_SET) != 0)
    return NULL;
  int handle = g_unix_fd_list_append (files, options->file, error);
  if (handle < 0 || !koban_dbus_koban1_call_import_sync (
                      agent, g_variant_new_handle (handle), request_for (options, preview),
                      G_DBUS_CALL_FLAGS_NONE, -1, files, &path, NULL, NULL, error))
    return NULL;
  return koban_client_run (agent, path, error);
}

/* --- a guess
 * ------------------------------------------------------------------------------------------------------ */

static char *
money_words (gint64 minor, const char *currency)
{
  KobanMoney money = { .minor = minor };

  g_strlcpy (money.currency.code, currency, sizeof money.currency.code);
  return koban_money_format (money);
}

static void
show_line (GVariant *line, const char *currency)
{
  const char *date = "", *text = "";
  gint64 amount = 0, balance;

  g_variant_lookup (line, "date", "&s", &date);
  g_variant_lookup (line, "text", "&s", &text);
  g_variant_lookup (line, "amount", "x", &amount);
  gboolean has_balance = g_variant_lookup (line, "balance", "x", &balance);
  g_autofree char *clean = koban_text_clean (text, 40);
  g_autofree char *sum = money_words (amount, currency);
  g_autofree char *then = has_balance ? money_words (balance, currency) : g_strdup ("");
  g_printerr ("  %s  %14s  %14s  %s\n", date, sum, then, clean);
}

static GVariant *
first_child (GVariant *dict, const char *key)
{
  g_autoptr(GVariant) rows = g_variant_lookup_value (dict, key, G_VARIANT_TYPE ("aa{sv}"));

  return rows != NULL && g_variant_n_children (rows) > 0 ? g_variant_get_child_value (rows, 0) : NULL;
}

static void
show_guess (GVariant *read)
{
  g_autoptr(GVariant) statement = first_child (read, "statements");
  g_autoptr(GVariant) lines =
    statement != NULL ? g_variant_lookup_value (statement, "lines", G_VARIANT_TYPE ("aa{sv}")) : NULL;
  const char *currency = "";
  gint64 count = 0;

  if (lines == NULL)
    return;
  g_variant_lookup (statement, "currency", "&s", &currency);
  g_variant_lookup (statement, "count", "x", &count);
  g_printerr (ngettext ("Koban understands %lu line like this (day, sum, balance after it, words):\n",
                        "Koban understands %lu lines like these (day, sum, balance after it, words):\n",
                        (gulong) count),
              (gulong) count);
  for (gsize i = 0; i < g_variant_n_children (lines); i++)
    {
      g_autoptr(GVariant) line = g_variant_get_child_value (lines, i);

      show_line (line, currency);
    }
}

static gboolean
write_dialect (const ImportOptions *options, GError **error)
{
  return options->write_dialect == NULL ||
         g_file_set_contents_full (options->write_dialect, options->dialect, -1,
                                   G_FILE_SET_CONTENTS_CONSISTENT, 0600, error);
}

/* What was guessed goes back with the second request, so that what is merged is what was shown. */
static gboolean
agree_to_guess (ImportOptions *options, GError **error)
{
  g_autoptr(GVariant) read = ask_agent (options, TRUE, error);

  if (read == NULL)
    return FALSE;
  show_guess (read);
  g_variant_lookup (read, "dialect", "s", &options->dialect);
  if (options->yes || (koban_prompt_can_ask () && koban_prompt_yes (_("Is that right? [y/N]"))))
    return write_dialect (options, error);
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("nothing was imported: a guess needs your yes, on a terminal or with --yes"));
  return FALSE;
}

/* --- what came of it
 * ------------------------------------------------------------------------------------------------- */

static gint64
count (GVariant *result, const char *key)
{
  gint64 value = 0;

  g_variant_lookup (result, key, "x", &value);
  return value;
}

static void
print_breaks (GVariant *statement, const char *currency)
{
  g_autoptr(GVariant) breaks = g_variant_lookup_value (statement, "breaks", G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GVariant) first = first_child (statement, "breaks");
  const char *date = "";

  if (first == NULL)
    return;
  g_variant_lookup (first, "date", "&s", &date);
  g_autofree char *missing = money_words (count (first, "missing"), currency);
  g_print (
    ngettext (
      "The running balance does not add up at %lu place, first on %s: %s is not explained by any line.\n",
      "The running balance does not add up at %lu places, first on %s: %s is not explained by any line.\n",
      g_variant_n_children (breaks)),
    (gulong) g_variant_n_children (breaks), date, missing);
}

static void
print_statement (GVariant *statement)
{
  const char *currency = "", *from = "", *to = "";
  gint64 gap = count (statement, "gap_days");

  g_variant_lookup (statement, "currency", "&s", &currency);
  g_variant_lookup (statement, "from", "&s", &from);
  g_variant_lookup (statement, "to", "&s", &to);
  g_print (_("%s, from %s to %s.\n"), currency, from, to);
  if (gap > 0)
    g_print (ngettext ("Nothing is known of the %lu day before it: import that time, too.\n",
                       "Nothing is known of the %lu days before it: import that time, too.\n", (gulong) gap),
             (gulong) gap);
  print_breaks (statement, currency);
}

static void
print_result (GVariant *result)
{
  g_autoptr(GVariant) statements = g_variant_lookup_value (result, "statements", G_VARIANT_TYPE ("aa{sv}"));
  const char *format = "";
  gint64 news = count (result, "opened") + count (result, "raised");

  g_variant_lookup (result, "format", "&s", &format);
  g_print (_("Imported as %s: %d lines in the file, %d of them new or changed.\n"), format,
           (int) count (result, "lines"), (int) count (result, "new"));
  for (gsize i = 0; statements != NULL && i < g_variant_n_children (statements); i++)
    {
      g_autoptr(GVariant) statement = g_variant_get_child_value (statements, i);

      print_statement (statement);
    }
  if (news > 0)
    g_print (ngettext ("%lu thing to look at: koban alerts\n", "%lu things to look at: koban alerts\n",
                       (gulong) news),
             (gulong) news);
}

/* The first file is what was there before: it raises no alert, so it is looked through at once. */
static void
print_first_review (void)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GError) error = NULL;

  g_variant_dict_insert (&filter, "seen", "b", TRUE);
  g_autoptr(GVariant) review = koban_review_ask (g_variant_dict_end (&filter), &error);
  if (review == NULL)
    {
      g_printerr ("koban: %s\n", error->message);
      return;
    }
  g_print ("\n%s\n", _("What looks odd in it, worst first:"));
  koban_review_print_odd (review);
  g_print ("%s\n", _("Who has taken money at all: koban review"));
}

static void
print_json_result (GVariant *result)
{
  KobanJsonWriter *writer = koban_json_writer_new ();

  koban_json_writer_variant (writer, result);
  koban_print_json (writer);
}

static int
fail_to_import (GError *error)
{
  gboolean usage = koban_error_is (error, KOBAN_ERROR_AMBIGUOUS);
  int status = koban_cli_fail (error);

  return usage ? KOBAN_EXIT_USAGE : status;
}

int
koban_cli_import (int argc, char **argv)
{
  g_auto(ImportOptions) options = { .file = -1 };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean first = FALSE;
  int status;

  if (!parse_options (argc, argv, &options, &words, &status))
    return status;
  if (!open_file (&options, words[0], &error) || (options.guess && !agree_to_guess (&options, &error)))
    return fail_to_import (g_steal_pointer (&error));
  g_autoptr(GVariant) result = ask_agent (&options, FALSE, &error);
  if (result == NULL)
    return fail_to_import (g_steal_pointer (&error));

  g_variant_lookup (result, "first", "b", &first);
  (options.json ? print_json_result : print_result) (result);
  if (first && !options.json)
    print_first_review ();
  offer_deletion (&options, words[0]);
  return count (result, "opened") + count (result, "raised") > 0 && !first ? KOBAN_EXIT_ALERTS
                                                                           : KOBAN_EXIT_DONE;
}
