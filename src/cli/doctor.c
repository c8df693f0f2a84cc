/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `doctor`: what is wrong, and the next step. With --report it says only what may stand in public:
 * codes, counts and versions from fixed lists, nothing that a bank or a person wrote.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/health.h"

#include <glib/gi18n-lib.h>
#include <koban/field.h>
#include <koban/text.h>
#include <string.h>
#include <sys/utsname.h>

/* --- the report: an object of texts and counts
 * --------------------------------------------------------------- */

/* How often each word stands under @key: states and codes are words of ours. */
static GVariant *
count_words (GVariant *rows, const char *key)
{
  g_auto(GVariantDict) counts = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *word = koban_field_text (row, key);
      gint64 count = 0;

      if (word == NULL)
        continue;
      g_variant_dict_lookup (&counts, word, "x", &count);
      g_variant_dict_insert (&counts, word, "x", count + 1);
    }
  return g_variant_dict_end (&counts);
}

static void
put (GVariantDict *report, const char *key, const char *value)
{
  g_autofree char *clean = value != NULL ? koban_text_clean (value, 60) : NULL;

  if (clean != NULL)
    g_variant_dict_insert (report, key, "s", clean);
}

static void
put_system (GVariantDict *report)
{
  g_autofree char *name = g_get_os_info (G_OS_INFO_KEY_ID);
  g_autofree char *version = g_get_os_info (G_OS_INFO_KEY_VERSION_ID);
  g_autofree char *glib =
    g_strdup_printf ("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version);
  struct utsname kernel;

  put (report, "system", name);
  put (report, "system_version", version);
  put (report, "glib", glib);
  if (uname (&kernel) == 0)
    {
      put (report, "kernel", kernel.release);
      put (report, "machine", kernel.machine);
    }
  put (report, "desktop", g_getenv ("XDG_CURRENT_DESKTOP"));
  put (report, "session", g_getenv ("XDG_SESSION_TYPE"));
}

static void
put_server (GVariantDict *report, const KobanSituation *now)
{
  g_autoptr(GVariant) reply =
    koban_situation_call (now->session, "org.freedesktop.Notifications", "/org/freedesktop/Notifications",
                          "org.freedesktop.Notifications", "GetServerInformation", NULL, "(ssss)");
  const char *name = NULL, *version = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(&ss&ss)", &name, NULL, &version, NULL);
  put (report, "notification_server", name);
  put (report, "notification_server_version", version);
}

static GVariant *
make_report (const KobanSituation *now, GVariant *problems)
{
  g_auto(GVariantDict) report = G_VARIANT_DICT_INIT (NULL);

  put (&report, "koban", KOBAN_VERSION);
  put (&report, "agent", now->version);
  put_system (&report);
  put_server (&report, now);
  put (&report, "keyring", now->keyring_program);
  g_variant_dict_insert (&report, "accounts", "x",
                         now->accounts != NULL ? (gint64) g_variant_n_children (now->accounts) : 0);
  g_variant_dict_insert_value (&report, "connections", count_words (now->connections, "state"));
  g_variant_dict_insert_value (&report, "open_alerts", count_words (now->alerts, "severity"));
  g_variant_dict_insert_value (&report, "problems", count_words (problems, "code"));
  return g_variant_ref_sink (g_variant_dict_end (&report));
}

static void
print_counts (const char *key, GVariant *counts)
{
  GVariantIter iter;
  const char *word;
  GVariant *count;

  g_print ("%s:", key);
  g_variant_iter_init (&iter, counts);
  while (g_variant_iter_loop (&iter, "{&sv}", &word, &count))
    g_print (" %s=%d", word, (int) g_variant_get_int64 (count));
  g_print ("\n");
}

static void
print_report (GVariant *report)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, report);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
      g_print ("%s: %s\n", key, g_variant_get_string (value, NULL));
    else if (g_variant_is_of_type (value, G_VARIANT_TYPE_INT64))
      g_print ("%s: %d\n", key, (int) g_variant_get_int64 (value));
    else
      print_counts (key, value);
}

static void
print_json_report (GVariant *report)
{
  KobanJsonWriter *writer = koban_json_writer_new ();

  koban_json_writer_variant (writer, report);
  koban_print_json (writer);
}

/* --- the command
 * ------------------------------------------------------------------------------------------------ */

static void
print_problems (GVariant *problems)
{
  koban_health_print (problems);
  if (koban_health_is_well (problems))
    g_print ("%s\n",
             _("Nothing is wrong as far as Koban can see. That is no all-clear for your accounts: koban "
                "alerts"));
}

int
koban_cli_doctor (int argc, char **argv)
{
  static const KobanUsage usage = { "[--report]",
                                    N_("Says what is wrong with Koban here, and the next step."), 0, 0 };
  gboolean report = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "report", 0, 0, G_OPTION_ARG_NONE, &report,
      N_("Only what may stand in public, for a report of a fault: versions, codes, counts"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  g_autoptr(KobanSituation) now = koban_situation_read ();
  koban_situation_read_journal (now);
  g_autoptr(GVariant) problems = koban_health_check (now, KOBAN_HEALTH_ALL);
  if (report)
    {
      g_autoptr(GVariant) told = make_report (now, problems);
      (json ? print_json_report : print_report) (told);
    }
  else if (json)
    koban_print_rows (problems, koban_problem_columns, TRUE, "");
  else
    print_problems (problems);
  return koban_health_is_well (problems) ? KOBAN_EXIT_DONE : KOBAN_EXIT_FAILED;
}
