/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the data files and helpers lie. A program that is run from its build folder finds the source tree
 * through the note that the build left there; an installed one has no such note beside it. The note counts
 * only if it belongs to the program's own owner.
 */
#include "config.h"

#include <koban/place.h>

#include <string.h>
#include <sys/stat.h>

static gboolean
is_same_hand (const char *note, const char *program)
{
  struct stat of_note, of_program;

  return lstat (note, &of_note) == 0 && stat (program, &of_program) == 0 && S_ISREG (of_note.st_mode) &&
         of_note.st_uid == of_program.st_uid && (of_note.st_mode & S_IWOTH) == 0;
}

/* The source tree's data folder, or NULL. */
static char *
build_tree (void)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : NULL;

  for (guint up = 0; folder != NULL && up < 2; up++)
    {
      g_autofree char *parent = g_path_get_dirname (folder);
      g_autofree char *note = g_build_filename (parent, "data", "build-tree", NULL);
      g_autofree char *source = NULL;

      if (is_same_hand (note, program) && g_file_get_contents (note, &source, NULL, NULL))
        return g_strdup (g_strchomp (source));
      g_free (folder);
      folder = g_steal_pointer (&parent);
    }
  return NULL;
}

char *
koban_place_data (const char *folder, const char *variable)
{
  const char *named = g_getenv (variable);
  g_autofree char *source = named == NULL ? build_tree () : NULL;

  if (named != NULL)
    return g_strdup (named);
  return g_build_filename (source != NULL ? source : KOBAN_PKGDATADIR, folder, NULL);
}

char *
koban_place_helper (const char *name)
{
  g_autofree char *program = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = program != NULL ? g_path_get_dirname (program) : g_strdup (KOBAN_BINDIR);
  g_autofree char *source = build_tree ();
  gsize staged = g_str_has_suffix (folder, KOBAN_BINDIR) ? strlen (folder) - strlen (KOBAN_BINDIR) : 0;

  if (source != NULL)
    return g_build_filename (folder, name, NULL);
  return g_strdup_printf ("%.*s%s/%s", (int) staged, folder, KOBAN_LIBEXECDIR, name);
}
