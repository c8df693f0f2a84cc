/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A door with two leaves: the helper on the bus, and the parser that it starts for each file.
 */
#include "config.h"

#include "helper.h"
#include "parser.h"

#include "confine.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <locale.h>

/* libofx wants a place for a copy while it works. Nobody else can enter this one. */
static char *
make_scratch (void)
{
  g_autofree char *path = g_build_filename (g_get_user_runtime_dir (), "koban-import-XXXXXX", NULL);

  return g_mkdtemp_full (path, 0700) != NULL ? g_steal_pointer (&path) : NULL;
}

/* A parser that was killed may have left its copy. */
static void
drop_scratch (const char *scratch)
{
  g_autoptr(GDir) directory = g_dir_open (scratch, 0, NULL);
  const char *name;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (scratch, name, NULL);

      g_unlink (path);
    }
  g_rmdir (scratch);
}

static int
run_helper (void)
{
  g_autofree char *scratch = make_scratch ();

  if (scratch == NULL)
    {
      g_printerr ("koban-import: %s\n", _("there is no runtime folder to work in"));
      return 1;
    }
  koban_confine_reading (g_get_user_runtime_dir ());
  int status = koban_helper_run (scratch);
  drop_scratch (scratch);
  return status;
}

int
main (int argc, char **argv)
{
  koban_confine ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, KOBAN_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  g_set_prgname ("koban-import");
  koban_error_quark (); /* registers the names of our errors on the bus */
  if (argc > 2 && g_str_equal (argv[1], "--parse"))
    return koban_parser_run (argv + 2);
  if (argc == 1)
    return run_helper ();
  g_printerr ("koban-import: %s\n", _("it takes no arguments; use the command “koban import”"));
  return 2;
}
