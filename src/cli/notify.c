/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `notify --test`: proves that an alert would reach the person. A message with a code is sent; who types what
 * the phone shows has proved the channel.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#include <glib/gi18n-lib.h>

/* --- the code ----------------------------------------------------------------------------------------------
 */

static char *
ask_person (const char *channel, gboolean wrong)
{
  if (wrong)
    g_printerr ("%s\n", _("This is not the code that was sent."));
  else
    g_printerr (_("Sent to %s. Wait until it arrives there.\n"), channel);
  return koban_prompt_line (_("The code that it shows (nothing, if nothing comes): "));
}

/* @user_data: the code that was given as an option, once. Nobody is asked where nobody can answer. */
static char *
answer_question (GVariant *question, gpointer user_data)
{
  char **given = user_data;
  const char *kind = "", *channel = "";
  gboolean wrong = FALSE;

  g_variant_lookup (question, "kind", "&s", &kind);
  g_variant_lookup (question, "channel", "&s", &channel);
  g_variant_lookup (question, "wrong", "b", &wrong);
  if (!g_str_equal (kind, "code"))
    return NULL;
  if (*given != NULL)
    return g_steal_pointer (given);
  return koban_prompt_can_ask () && *channel != '\0' ? ask_person (channel, wrong) : NULL;
}

/* --- what came of it ---------------------------------------------------------------------------------------
 */

static void
print_result (gboolean json, const char *channel, gboolean asked, gboolean confirmed)
{
  g_autofree char *unproved = g_strdup_printf (
    _("Sent, but not confirmed. When it has arrived: koban notify --test %s --code CODE"), channel);

  if (confirmed)
    koban_print_done (json, _("Confirmed: Koban's messages arrive there."), "channel", channel, "result",
                      "confirmed", NULL);
  else if (asked)
    koban_print_done (json, unproved, "channel", channel, "result", "unconfirmed", NULL);
  else
    koban_print_done (
      json, _("Sent. If nothing appeared, look at your notification settings: do-not-disturb may be on."),
      "channel", channel, "result", "sent", NULL);
}

static GVariant *
run (const char *channel, char **code, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  g_autofree char *path = NULL;
  gboolean begun = FALSE;

  if (agent != NULL && *code == NULL)
    begun = koban_dbus_koban1_call_test_sync (agent, channel, G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, error);
  else if (agent != NULL)
    begun =
      koban_dbus_koban1_call_confirm_sync (agent, channel, G_DBUS_CALL_FLAGS_NONE, -1, &path, NULL, error);
  return begun ? koban_client_run_asking (agent, path, answer_question, code, error) : NULL;
}

int
koban_cli_notify (int argc, char **argv)
{
  static const KobanUsage usage = {
    "--test [CHANNEL] [--code CODE]",
    N_("Sends a test message, to the desktop unless told otherwise, and asks for the "
        "code that it shows."),
    0, 1
  };
  gboolean test = FALSE, json = FALSE, asked = FALSE, confirmed = FALSE;
  g_autofree char *code = NULL;
  const GOptionEntry entries[] = {
    { "test", 0, 0, G_OPTION_ARG_NONE, &test, N_("Send a test message"), NULL },
    { "code", 0, 0, G_OPTION_ARG_STRING, &code, N_("Send nothing: this is the code of the last one"),
      N_("CODE") },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!test)
    return koban_cli_usage_error (argv[0], _("say: koban notify --test"));
  const char *channel = words[0] != NULL ? words[0] : "desktop";
  g_autoptr(GVariant) result = run (channel, &code, &error);
  if (result == NULL)
    return koban_cli_fail (g_steal_pointer (&error));
  g_variant_lookup (result, "asked", "b", &asked);
  g_variant_lookup (result, "confirmed", "b", &confirmed);
  print_result (json, channel, asked, confirmed);
  return KOBAN_EXIT_DONE;
}
