/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `note`: whom the person told of an incident, when, who answered, under which reference; or that money came
 * back. It goes into the journal, and ends the time to claim of that party.
 */
#include "config.h"

#include <glib/gi18n-lib.h>

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"

/* "2024-09-03 10:15", "2024-09-03T10:15", or a time of today: "10:15"; of the person's zone. 0: none of
 * these. */
static gint64
parse_moment (const char *text)
{
  g_autoptr(GTimeZone) zone = g_time_zone_new_local ();
  g_autoptr(GDateTime) now = g_date_time_new_now (zone);
  g_autofree char *today = g_date_time_format (now, "%Y-%m-%d");
  g_autofree char *whole = strlen (text) <= 5 ? g_strdup_printf ("%sT%s", today, text) : g_strdup (text);
  g_autofree char *seconds = NULL;
  g_autoptr(GDateTime) moment = NULL;

  g_strdelimit (whole, " ", 'T');
  seconds =
    strlen (whole) == strlen ("2024-09-03T10:15") ? g_strconcat (whole, ":00", NULL) : g_strdup (whole);
  moment = g_date_time_new_from_iso8601 (seconds, zone);
  return moment != NULL ? g_date_time_to_unix (moment) * G_USEC_PER_SEC : 0;
}

static void
put (GVariantDict *note, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (note, key, "s", text);
}

int
koban_cli_note (int argc, char **argv)
{
  static const KobanUsage usage = {
    "INCIDENT --to=bank|wallet|police|other [TEXT]",
    N_("Notes whom you told of an incident, or with --repaid that money came back."), 1, 2
  };
  g_auto(GStrv) words = NULL;
  g_autofree char *to = NULL, *at = NULL, *who = NULL, *ref = NULL, *repaid = NULL;
  gboolean json = FALSE;
  const GOptionEntry entries[] = {
    { "to", 0, 0, G_OPTION_ARG_STRING, &to, N_("bank, wallet, police or other"), "PARTY" },
    { "at", 0, 0, G_OPTION_ARG_STRING, &at, N_("When: 2024-09-03T10:15, or 10:15 today"), "TIME" },
    { "who", 0, 0, G_OPTION_ARG_STRING, &who, N_("Branch and person"), "NAME" },
    { "ref", 0, 0, G_OPTION_ARG_STRING, &ref, N_("Their reference"), "REFERENCE" },
    { "repaid", 0, 0, G_OPTION_ARG_STRING, &repaid, N_("The credit that pays back, like t12"), "CREDIT" },
    { NULL },
  };
  g_auto(GVariantDict) note = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (to == NULL && repaid != NULL)
    to = g_strdup ("other");
  if (to == NULL)
    return koban_cli_usage_error (argv[0], _("say whom you told: --to bank, wallet, police or other"));
  if (at != NULL && parse_moment (at) == 0)
    return koban_cli_usage_error (argv[0], _("“%s” is no time like 2024-09-03T10:15 or 10:15"), at);
  put (&note, "to", to);
  put (&note, "who", who);
  put (&note, "ref", ref);
  put (&note, "repaid", repaid);
  put (&note, "text", words[1]);
  if (at != NULL)
    g_variant_dict_insert (&note, "at", "x", parse_moment (at));
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL || !koban_dbus_koban1_call_note_sync (agent, words[0], g_variant_dict_end (&note),
                                                          G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json, _("Noted. It stands in the journal and in the dossier: koban report"), "incident",
                    words[0], "to", to, NULL);
  return KOBAN_EXIT_DONE;
}
