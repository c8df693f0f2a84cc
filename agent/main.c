/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A door: what must be so before the first thread and the first secret, then the agent, whose
 * answer is the exit status.
 */
#include "config.h"

#include "agent.h"
#include "confine.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/http.h>
#include <locale.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* One heap for all threads: none of them allocates so much that others would wait, and each heap of its own
 * keeps what it once needed (0.3 MB of 4.3). */
static void
share_heap (void)
{
#ifdef __GLIBC__
  mallopt (M_ARENA_MAX, 1);
#endif
}

static gboolean
parse_arguments (int *argc, char ***argv, gboolean *version)
{
  const GOptionEntry entries[] = {
    { "version", 0, 0, G_OPTION_ARG_NONE, version, N_("Print the version and leave"), NULL },
    { NULL },
  };
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;

  g_option_context_set_summary (
    context,
    _("Koban's agent: watches bank accounts and speaks up. It is started by the session bus or at login; "
       "use the command “koban” to talk to it."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, argc, argv, &error) && *argc == 1)
    return TRUE;
  g_printerr ("koban-agent: %s\n", error != NULL ? error->message : _("it takes no arguments"));
  return FALSE;
}

int
main (int argc, char **argv)
{
  gboolean version = FALSE;

  share_heap ();
  koban_confine ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, KOBAN_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  if (!parse_arguments (&argc, &argv, &version))
    return 2;
  if (version)
    {
      g_print ("koban-agent %s\n", KOBAN_VERSION);
      return 0;
    }

  g_set_prgname ("koban-agent");
  koban_error_quark (); /* registers the names of our errors on the bus */
  koban_http_global_init ();
  return koban_agent_run ();
}
