/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `verify`: what Koban really sent under a code, word for word, for whoever holds a message and doubts it.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/text.h>

static const KobanColumn message_columns[] = {
  { "sent", KOBAN_COLUMN_TIME, N_("sent") },
  { "channel", KOBAN_COLUMN_TEXT, N_("channel") },
  { "code", KOBAN_COLUMN_TEXT, NULL },
  { "id", KOBAN_COLUMN_TEXT, NULL },
  { "purpose", KOBAN_COLUMN_TEXT, NULL },
  { "summary", KOBAN_COLUMN_FOREIGN, N_("summary") },
  { "body", KOBAN_COLUMN_FOREIGN, N_("body") },
  { "result", KOBAN_COLUMN_TEXT, NULL },
  { NULL },
};

/* Its lines as they were, each set in; a bank's words in them are cleaned as everywhere. */
static void
print_lines (const char *text)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    {
      g_autofree char *clean = koban_text_clean (*line, 0);

      if (*clean != '\0')
        g_print ("  %s\n", clean);
    }
}

static void
print_message (GVariant *row)
{
  const char *channel = "", *summary = "", *body = "";
  gint64 sent_us = 0;

  g_variant_lookup (row, "sent", "x", &sent_us);
  g_variant_lookup (row, "channel", "&s", &channel);
  g_variant_lookup (row, "summary", "&s", &summary);
  g_variant_lookup (row, "body", "&s", &body);
  g_autofree char *when = koban_time_format_local (sent_us);
  g_autofree char *clean = koban_text_clean (channel, 0);
  /* TRANSLATORS: a time, then the name of a channel ("phone"). */
  g_print (_("Koban sent this, at %s to %s:\n"), when, clean);
  print_lines (summary);
  print_lines (body);
}

static void
print_messages (GVariant *rows)
{
  GVariantIter iter;
  GVariant *row;

  g_variant_iter_init (&iter, rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      print_message (row);
      g_variant_unref (row);
    }
  g_print (
    "%s\n",
    _("Anything else in what you hold is not from Koban. Koban sends no link and no telephone number, "
       "and asks for no password."));
}

int
koban_cli_verify (int argc, char **argv)
{
  static const KobanUsage usage = {
    "CODE", N_("Repeats, word for word, what Koban sent under this code, when, and on which channel."), 1, 1
  };
  gboolean json = FALSE;
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) rows = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (&error);
  if (agent == NULL ||
      !koban_dbus_koban1_call_verify_sync (agent, words[0], G_DBUS_CALL_FLAGS_NONE, -1, &rows, NULL, &error))
    return koban_cli_fail (g_steal_pointer (&error));
  if (json)
    koban_print_rows (rows, message_columns, TRUE, "");
  else
    print_messages (rows);
  return KOBAN_EXIT_DONE;
}
