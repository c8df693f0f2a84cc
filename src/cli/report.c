/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `report`: writes the dossier of an incident into a new private file, or says whether such a file is still
 * what was written. It never overwrites, never mails, and tells the journal the hash of what it wrote.
 */
#include "config.h"

#include "cli/report.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "claim/dossier.h"
#include "claim/help.h"
#include "claim/seal.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#define LARGEST_FILE (64 * 1024 * 1024)

static const struct
{
  const char *name;
  char *(*write) (GVariant *dossier, const KobanReportOptions *options);
} formats[] = {
  { "html", koban_report_html },
  { "json", koban_report_json },
  { "csv", koban_report_csv },
};

typedef struct
{
  const char *incident;
  const char *format, *file, *language; /* (nullable) */
  char *(*write) (GVariant *dossier, const KobanReportOptions *options);
  KobanAudience audience;
  gboolean full_number, json;
} Report;

/* --- making it -------------------------------------------------------------------------------------------
 */

int
koban_report_offset_minutes (gint64 at_us)
{
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (at_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;

  return local != NULL ? (int) (g_date_time_get_utc_offset (local) / G_TIME_SPAN_MINUTE) : 0;
}

static GVariant *
ask_agent (KobanDBusKoban1 *agent, const Report *report, GError **error)
{
  g_auto(GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  GVariant *facts = NULL;

  g_variant_dict_insert (&options, "full_number", "b", report->full_number);
  if (!koban_dbus_koban1_call_dossier_sync (agent, report->incident, g_variant_dict_end (&options),
                                            G_DBUS_CALL_FLAGS_NONE, -1, &facts, NULL, error))
    return NULL;
  return facts;
}

static GVariant *
make_dossier (const Report *report, GVariant *facts)
{
  g_autoptr(KobanServices) services = koban_services_load (NULL, NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanDeadlines) deadlines = koban_deadlines_load (NULL, &error);
  gint64 now_us = g_get_real_time ();
  const KobanDossierOptions options = {
    .audience = report->audience,
    .language = report->language,
    .now_us = now_us,
    .utc_offset_minutes = koban_report_offset_minutes (now_us),
    .version = KOBAN_VERSION,
    .services = services,
    .deadlines = deadlines,
  };

  if (error != NULL)
    g_printerr ("koban: %s\n", error->message);
  return koban_dossier_new (facts, &options);
}

static const char *
currency_of (GVariant *dossier)
{
  g_autoptr(GVariant) account = g_variant_lookup_value (dossier, "account", G_VARIANT_TYPE_VARDICT);
  const char *currency = NULL;

  if (account != NULL)
    g_variant_lookup (account, "currency", "&s", &currency);
  return currency != NULL ? g_intern_string (currency) : "";
}

/* The number that the person copied from the card, for the person's own copy. (transfer full) (nullable) */
static char *
phone_of (KobanDBusKoban1 *agent, GVariant *dossier)
{
  g_autoptr(GVariant) account = g_variant_lookup_value (dossier, "account", G_VARIANT_TYPE_VARDICT);
  g_autoptr(GVariant) cards = NULL;
  const char *id = NULL, *of = NULL, *phone = NULL;

  if (account == NULL || !g_variant_lookup (account, "id", "&s", &id) ||
      !koban_dbus_koban1_call_cards_sync (agent, G_DBUS_CALL_FLAGS_NONE, -1, &cards, NULL, NULL))
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (cards); i++)
    {
      g_autoptr(GVariant) card = g_variant_get_child_value (cards, i);

      if (g_variant_lookup (card, "account", "&s", &of) && g_str_equal (of, id) &&
          g_variant_lookup (card, "phone", "&s", &phone))
        return g_strdup (phone);
    }
  return NULL;
}

/* (transfer full): sealed */
static char *
write_text (const Report *report, KobanDBusKoban1 *agent, GVariant *dossier, GError **error)
{
  gboolean own = report->audience == KOBAN_AUDIENCE_SELF;
  g_autoptr(GVariant) help =
    own ? koban_help_load (NULL, currency_of (dossier), report->language, error) : NULL;
  g_autofree char *phone = own ? phone_of (agent, dossier) : NULL;
  const KobanReportOptions options = {
    .language = g_str_equal (report->language, "ja") ? KOBAN_REPORT_JA : KOBAN_REPORT_EN,
    .script = own,
    .help = help,
    .phone = phone,
  };
  gboolean sealed;
  char *text;

  if (own && help == NULL)
    return NULL;
  text = report->write (dossier, &options);
  sealed = koban_seal_close (text);
  g_assert (sealed);
  /* cppcheck-suppress returnDanglingLifetime ; what is written keeps nothing of them */
  return text;
}

/* --- the file ---------------------------------------------------------------------------------------------
 */

static gboolean
storage_error (const char *path, int errsv, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "%s: %s", path, g_strerror (errsv));
  return FALSE;
}

static gboolean
write_all (int fd, const char *text, gsize length)
{
  while (length > 0)
    {
      gssize written = write (fd, text, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      text += written;
      length -= (gsize) written;
    }
  return fsync (fd) == 0;
}

/* New and private, or not at all; a half-written one is taken away. */
gboolean
koban_report_save (const char *path, const char *text, GError **error)
{
  int fd = open (path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600), errsv;

  if (fd < 0)
    return storage_error (path, errno, error);
  if (write_all (fd, text, strlen (text)) && close (fd) == 0)
    return TRUE;
  errsv = errno;
  (void) unlink (path);
  return storage_error (path, errsv, error);
}

static char *
usual_name (const Report *report, GVariant *dossier)
{
  g_autoptr(GDateTime) now = g_date_time_new_now_local ();
  g_autofree char *day = g_date_time_format (now, "%Y%m%d-%H%M%S");

  return g_strdup_printf ("koban-%s-%s-%s.%s", report->incident, koban_audience_name (report->audience), day,
                          report->format);
}

static int
hand_over (const Report *report, KobanDBusKoban1 *agent, GVariant *dossier, const char *text)
{
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *path = report->file != NULL ? g_strdup (report->file) : usual_name (report, dossier);
  g_autofree char *sentence = NULL;
  g_autoptr(GError) error = NULL;

  if (g_str_equal (path, "-"))
    {
      fputs (text, stdout); /* UTF-8 in every locale */
      fflush (stdout);
    }
  else if (!koban_report_save (path, text, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  if (!koban_dbus_koban1_call_exported_sync (agent, report->incident, hash, report->format,
                                             G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    g_printerr (_("koban: the journal could not be told of it: %s\n"), error->message);
  if (g_str_equal (path, "-"))
    return KOBAN_EXIT_DONE;
  sentence = g_strdup_printf (
    _("Written to %s, for your eyes only. Its SHA-256 is %s: write it down, or tell it to your bank."), path,
    hash);
  koban_print_done (report->json, sentence, "file", path, "sha256", hash, "for",
                    koban_audience_name (report->audience), NULL);
  return KOBAN_EXIT_DONE;
}

/* A dossier is about an account. What Koban says of its own watching has none. */
static gboolean
has_account (GVariant *facts, const Report *report, GError **error)
{
  if (g_variant_lookup (facts, "account", "@a{sv}", NULL))
    return TRUE;
  g_set_error (
    error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
    _("%s is about Koban's own watching, not about an account: there is nothing in it to put before "
       "a bank. What it says: koban show %s"),
    report->incident, report->incident);
  return FALSE;
}

static int
make (const Report *report)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  g_autoptr(GVariant) facts = agent != NULL ? ask_agent (agent, report, &error) : NULL;
  gboolean fit = facts != NULL && has_account (facts, report, &error);
  g_autoptr(GVariant) dossier = fit ? make_dossier (report, facts) : NULL;
  g_autofree char *text = dossier != NULL ? write_text (report, agent, dossier, &error) : NULL;

  if (text == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  return hand_over (report, agent, dossier, text);
}

/* --- verifying ---------------------------------------------------------------------------------------------
 */

typedef struct
{
  KobanSealState seal, chain;
  char *head; /* (owned) (nullable) */
  gint64 broken;
  gboolean asked;              /* this computer's journal */
  gint64 known_us, written_us; /* when it had that head, and wrote that file; 0: never */
} Verdict;

static void
ask_journal (Verdict *verdict, const char *hash)
{
  g_auto(GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (NULL);
  g_autoptr(GVariant) result = NULL;

  g_variant_dict_insert (&options, "file", "s", hash);
  if (verdict->head != NULL)
    g_variant_dict_insert (&options, "head", "s", verdict->head);
  if (agent == NULL ||
      !koban_dbus_koban1_call_verify_journal_sync (agent, g_variant_dict_end (&options),
                                                   G_DBUS_CALL_FLAGS_NONE, -1, &result, NULL, NULL))
    return;
  verdict->asked = TRUE;
  g_variant_lookup (result, "known", "x", &verdict->known_us);
  g_variant_lookup (result, "exported", "x", &verdict->written_us);
}

static const char *
state_name (KobanSealState state)
{
  static const char *const names[] = { "holds", "broken", "none" };

  return names[state];
}

static void
tell_json (const Verdict *verdict)
{
  KobanJsonWriter *writer = koban_json_writer_new ();

  koban_json_writer_begin_object (writer);
  koban_json_writer_name (writer, "seal");
  koban_json_writer_string (writer, state_name (verdict->seal));
  koban_json_writer_name (writer, "chain");
  koban_json_writer_string (writer, state_name (verdict->chain));
  koban_json_writer_name (writer, "head");
  koban_json_writer_string (writer, verdict->head);
  koban_json_writer_name (writer, "written");
  koban_json_writer_time (writer, verdict->written_us);
  koban_json_writer_name (writer, "head_known");
  koban_json_writer_time (writer, verdict->known_us);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

static void
tell_journal (const Verdict *verdict)
{
  g_autofree char *written = koban_time_format_local (verdict->written_us);
  g_autofree char *known = koban_time_format_local (verdict->known_us);

  if (!verdict->asked)
    g_print ("%s\n", _("No agent could be asked whether it wrote this file."));
  else if (verdict->written_us == 0)
    g_print ("%s\n", _("The journal of this computer does not know this file."));
  else
    g_print (_("The journal of this computer wrote this file on %s.\n"), written);
  if (verdict->asked && verdict->head != NULL && verdict->known_us != 0)
    g_print (_("The chain in the file ends where this computer's journal was on %s.\n"), known);
}

static void
tell_people (const Verdict *verdict)
{
  static const char *const seals[] = { N_("The file is as it was written: its hash holds."),
                                       N_("The file was changed: its hash does not hold."),
                                       N_("This is no dossier of Koban: it has no hash.") };
  static const char *const chains[] = { N_("The journal's chain in it holds, entry by entry."), NULL, NULL };

  g_print ("%s\n", _(seals[verdict->seal]));
  if (verdict->chain == KOBAN_SEAL_BROKEN)
    g_print (_("The journal's chain in it is broken at entry %d.\n"), (int) verdict->broken);
  else if (chains[verdict->chain] != NULL)
    g_print ("%s\n", _(chains[verdict->chain]));
  tell_journal (verdict);
}

static int
verify (const char *path, gboolean json)
{
  g_autofree char *text = NULL, *hash = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0;
  Verdict verdict = { .chain = KOBAN_SEAL_NONE };

  if (!g_file_get_contents (path, &text, &length, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  if (length > LARGEST_FILE || strlen (text) != length)
    return koban_cli_usage_error ("report", _("%s is no dossier of Koban"), path);
  hash = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
  verdict.seal = koban_seal_check (text);
  if (*text == '{')
    verdict.chain = koban_seal_check_chain (text, &verdict.head, &verdict.broken);
  if (verdict.seal == KOBAN_SEAL_HOLDS)
    ask_journal (&verdict, hash);
  if (json)
    tell_json (&verdict);
  else
    tell_people (&verdict);
  g_free (verdict.head);
  return verdict.seal == KOBAN_SEAL_HOLDS && verdict.chain != KOBAN_SEAL_BROKEN ? KOBAN_EXIT_DONE
                                                                                : KOBAN_EXIT_FAILED;
}

/* --- the command
 * ---------------------------------------------------------------------------------------------- */

static gboolean
choose_format (Report *report)
{
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    if (g_str_equal (report->format, formats[i].name))
      {
        report->write = formats[i].write;
        return TRUE;
      }
  return FALSE;
}

/* The whole number goes onto paper that goes to strangers: it is asked for in words. */
static gboolean
confirm_number (void)
{
  g_autofree char *typed = NULL;

  if (!koban_prompt_can_ask ())
    return FALSE;
  typed = koban_prompt_line (_("The whole account number will stand in the file, readable to whoever gets "
                                "it. Type “number” to go on: "));
  return g_strcmp0 (typed, "number") == 0;
}

int
koban_cli_report (int argc, char **argv)
{
  static const KobanUsage usage = {
    "INCIDENT [OPTION…] | --verify=FILE",
    N_("Writes the evidence of an incident into a new file, or verifies such a file."), 0, 1
  };
  g_auto(GStrv) words = NULL;
  g_autofree char *format = NULL, *file = NULL, *audience = NULL, *language = NULL, *verified = NULL;
  gboolean full_number = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "format", 0, 0, G_OPTION_ARG_STRING, &format, N_("html (to print), json or csv"), "FORMAT" },
    { "output", 'o', 0, G_OPTION_ARG_FILENAME, &file, N_("A new file; - is standard output"), "FILE" },
    { "for", 0, 0, G_OPTION_ARG_STRING, &audience, N_("bank, police or self: how much it holds"), "WHOM" },
    { "lang", 0, 0, G_OPTION_ARG_STRING, &language, N_("ja or en"), "LANGUAGE" },
    { "full-number", 0, 0, G_OPTION_ARG_NONE, &full_number, N_("With the whole number of the account"),
      NULL },
    { "verify", 0, 0, G_OPTION_ARG_FILENAME, &verified, N_("Say whether this file is what was written"),
      "FILE" },
    { NULL },
  };
  Report report = { .audience = KOBAN_AUDIENCE_SELF };
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (verified != NULL && words[0] == NULL)
    return verify (verified, json);
  report.incident = words[0];
  report.format = format != NULL ? format : "html";
  report.language = language != NULL ? language : koban_deadlines_language ();
  report.file = file;
  report.full_number = full_number;
  report.json = json;
  if (words[0] == NULL || verified != NULL)
    return koban_cli_usage_error (argv[0], _("give one incident, or --verify and a file"));
  if (!choose_format (&report))
    return koban_cli_usage_error (argv[0], _("“%s” is none of html, json, csv"), report.format);
  if (audience != NULL && !koban_audience_parse (audience, &report.audience))
    return koban_cli_usage_error (argv[0], _("“%s” is none of bank, police, self"), audience);
  if (!g_str_equal (report.language, "ja") && !g_str_equal (report.language, "en"))
    return koban_cli_usage_error (argv[0], _("“%s” is none of ja, en"), report.language);
  if (full_number && !confirm_number ())
    return koban_cli_usage_error (argv[0],
                                  _("the whole number is written only after it is confirmed on a terminal"));
  return make (&report);
}
