/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `backup` and `restore`: a copy of all that is known, as one file. The agent makes and reads it; this
 * opens the file, which crosses as a descriptor. No copy holds a key to a bank.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <unistd.h>

static int
open_file (const char *path, int flags, GError **error)
{
  int file = open (path, flags | O_CLOEXEC, 0600);

  if (file < 0)
    g_set_error (error, KOBAN_ERROR, errno == ENOENT ? KOBAN_ERROR_NOT_FOUND : KOBAN_ERROR_STORAGE, "%s: %s",
                 path, g_strerror (errno));
  return file;
}

typedef gboolean (*FileCall) (KobanDBusKoban1 *agent,
                              GVariant *file,
                              GDBusCallFlags flags,
                              gint timeout_ms,
                              GUnixFDList *files,
                              GUnixFDList **files_out,
                              GCancellable *cancellable,
                              GError **error);

/* Takes @file. */
static gboolean
hand_over (KobanDBusKoban1 *agent, FileCall call, int file, GError **error)
{
  g_autoptr(GUnixFDList) files = g_unix_fd_list_new_from_array (&file, 1);

  return call (agent, g_variant_new_handle (0), G_DBUS_CALL_FLAGS_NONE, G_MAXINT, files, NULL, NULL, error);
}

static gboolean
write_copy (const char *path, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  int file = agent != NULL ? open_file (path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, error) : -1;

  if (file < 0)
    return FALSE;
  if (hand_over (agent, koban_dbus_koban1_call_backup_sync, file, error))
    return TRUE;
  (void) g_unlink (path); /* it was made by us, and holds nothing whole */
  return FALSE;
}

int
koban_cli_backup (int argc, char **argv)
{
  static const KobanUsage usage = {
    "FILE", N_("Writes a copy of all that is known into a new file; it holds no key to a bank."), 1, 1
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  gboolean json = FALSE;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, NULL, &json, &words, &status))
    return status;
  if (!write_copy (words[0], &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (json,
                    _("Written. Your accounts, lines and answers are in it: keep it where nobody else reads "
                       "it. Bring it back "
                       "with koban restore."),
                    "file", words[0], "result", "written", NULL);
  return KOBAN_EXIT_DONE;
}

/* --- and back
 * ------------------------------------------------------------------------------------------------- */

static gboolean
read_copy (const char *path, GError **error)
{
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect (error);
  int file = agent != NULL ? open_file (path, O_RDONLY | O_NOCTTY, error) : -1;

  if (file < 0 || !hand_over (agent, koban_dbus_koban1_call_restore_sync, file, error))
    return FALSE;
  koban_client_wait_gone (agent);
  return TRUE;
}

static void
print_connections (void)
{
  g_autoptr(GVariant) rows = koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, NULL);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      const char *id = "", *provider = "", *state = "";

      g_variant_lookup (row, "id", "&s", &id);
      g_variant_lookup (row, "provider", "&s", &provider);
      g_variant_lookup (row, "state", "&s", &state);
      if (g_str_equal (state, "sign-in"))
        g_print ("  koban remove %s && koban add %s\n", id, provider);
    }
}

int
koban_cli_restore (int argc, char **argv)
{
  static const KobanUsage usage = {
    "FILE [--yes]", N_("Goes on from a copy that koban backup wrote, in place of what is known now."), 1, 1
  };
  gboolean yes = FALSE, json = FALSE;
  const GOptionEntry entries[] = {
    { "yes", 'y', 0, G_OPTION_ARG_NONE, &yes, N_("Do not ask on a terminal"), NULL },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  g_autoptr(GError) error = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, &json, &words, &status))
    return status;
  if (!yes && !koban_prompt_can_ask ())
    return koban_cli_usage_error (argv[0], "%s", _("it asks, and there is no terminal: say --yes"));
  if (!yes && !koban_prompt_yes (_("Go on from this copy? What is known now is set aside. [y/N]")))
    {
      g_printerr ("%s\n", _("Nothing was changed."));
      return KOBAN_EXIT_FAILED;
    }
  if (!read_copy (words[0], &error))
    return koban_cli_fail (g_steal_pointer (&error));
  koban_print_done (
    json,
    _("Koban goes on from the copy. What happened since it was made is not told: look at koban review. If a "
       "key "
       "is not in this computer's keyring, connect that bank again; what is known of it stays:"),
    "file", words[0], "result", "restored", NULL);
  if (!json)
    print_connections ();
  return KOBAN_EXIT_DONE;
}
