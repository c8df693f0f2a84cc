/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config.h"

#include "scratch.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <unistd.h>

static char *folder;
static GHashTable *paths; /* (element-type utf8 utf8): by name */

static void
forget (void)
{
  GHashTableIter iter;
  gpointer path;

  g_hash_table_iter_init (&iter, paths);
  while (g_hash_table_iter_next (&iter, NULL, &path))
    g_unlink (path);
  g_rmdir (folder);
  g_hash_table_unref (paths);
  g_free (folder);
}

const char *
scratch_folder (void)
{
  if (folder == NULL)
    {
      folder = g_dir_make_tmp ("koban-fuzz-XXXXXX", NULL);
      g_assert_nonnull (folder);
      paths = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
      atexit (forget);
    }
  return folder;
}

/* Not g_file_set_contents(), which waits for the disk each time. */
static void
write_whole (const char *path, const guint8 *data, gsize size)
{
  int fd = g_open (path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, size), ==, (gssize) size);
  close (fd);
}

const char *
scratch_write (const char *name, const guint8 *data, gsize size)
{
  const char *parent = scratch_folder ();
  char *path = g_hash_table_lookup (paths, name);

  if (path == NULL)
    {
      path = g_build_filename (parent, name, NULL);
      g_hash_table_insert (paths, g_strdup (name), path);
    }
  write_whole (path, data, size);
  return path;
}
