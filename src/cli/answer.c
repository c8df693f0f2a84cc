/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `answer`: what the person says of an alert, an incident or a link. It teaches; it never revokes.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"

#include <glib/gi18n-lib.h>
#include <koban/alert.h>

static const char *
what_follows (KobanAnswer answer)
{
  switch (answer)
    {
    case KOBAN_ANSWER_MINE:
      return _("Noted as yours. If that was a mistake: koban answer ID undo");
    case KOBAN_ANSWER_NOT_MINE:
      return _("Noted as not yours. Call your bank now, on the number printed on your card, and ask them to "
                "stop it. "
                "“koban links” and “koban revoke” can end the link where the bank allows it.");
    case KOBAN_ANSWER_UNSURE:
      return _("Noted as unsure. Ask everyone who may use this account, and look at the statement with "
                "“koban show”.");
    case KOBAN_ANSWER_NONE:
    default:
      return _("The answer is taken back.");
    }
}

int
koban_cli_answer (int argc, char **argv)
{
  static const KobanUsage usage = {
    "ALERT mine|not-mine|unsure|undo",
    N_("Answers an alert, an incident or a link. Answers teach, and can be undone."), 2, 2
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  KobanAnswer answer = KOBAN_ANSWER_NONE;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (!g_str_equal (words[1], "undo") && !koban_answer_parse (words[1], &answer))
    return koban_cli_usage_error (argv[0], _("“%s” is none of mine, not-mine, unsure, undo"), words[1]);
  const char *name = koban_answer_name (answer);
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL || !koban_dbus_koban1_call_answer_sync (agent, words[0], name != NULL ? name : "",
                                                            G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json, what_follows (answer), "id", words[0], "answer", name, NULL);
  return KOBAN_EXIT_DONE;
}
