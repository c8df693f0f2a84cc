/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A folder that a person puts their statement files into. Only plain files of its own are seen: no link
 * leads out of it, and none is waited for.
 */
#include "config.h"

#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/statement.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOST_FILES 20 /* at once */
#define MOST_ENTRIES 5000

typedef struct
{
  char *name, *digest; /* (owned) */
  gint64 changed_us;
} File;

static void
file_free (gpointer data)
{
  File *file = data;

  g_free (file->name);
  g_free (file->digest);
  g_free (file);
}

static gboolean
failed (const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, "%s: %s", what, g_strerror (errno));
  return FALSE;
}

static int
open_folder (const char *folder, GError **error)
{
  int descriptor = g_path_is_absolute (folder) ? open (folder, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

  if (descriptor < 0)
    failed (folder, error);
  return descriptor;
}

/* -1 if it is none that could be a statement. */
static int
open_in (int folder, const char *name, struct stat *status)
{
  int file = *name != '.' && strchr (name, '/') == NULL
               ? openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
               : -1;

  if (file >= 0 && fstat (file, status) == 0 && S_ISREG (status->st_mode) && status->st_size > 0 &&
      status->st_size <= KOBAN_STATEMENT_MAX_BYTES)
    return file;
  if (file >= 0)
    close (file);
  return -1;
}

static char *
digest_of (int descriptor)
{
  g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd (descriptor, FALSE, NULL);
  g_autoptr(GBytes) bytes = file != NULL ? g_mapped_file_get_bytes (file) : NULL;

  return bytes != NULL ? g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, bytes) : NULL;
}

static void
consider (GPtrArray *files, int folder, const char *name, const char *const *known)
{
  struct stat status;
  int descriptor = open_in (folder, name, &status);
  g_autofree char *digest = descriptor >= 0 ? digest_of (descriptor) : NULL;

  if (descriptor >= 0)
    close (descriptor);
  if (digest == NULL || !g_utf8_validate (name, -1, NULL) || g_strv_contains (known, digest))
    return;
  File *file = g_new (File, 1);
  *file = (File){ g_strdup (name), g_steal_pointer (&digest),
                  status.st_mtim.tv_sec * KOBAN_SECOND_US + status.st_mtim.tv_nsec / 1000 };
  g_ptr_array_add (files, file);
}

static int
compare_age (gconstpointer a, gconstpointer b)
{
  const File *one = *(File **) a, *other = *(File **) b;

  if (one->changed_us != other->changed_us)
    return one->changed_us < other->changed_us ? -1 : 1;
  return strcmp (one->name, other->name);
}

static GVariant *
to_variant (GPtrArray *files)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < MIN (files->len, MOST_FILES); i++)
    {
      const File *file = files->pdata[i];
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&row, "name", "s", file->name);
      g_variant_dict_insert (&row, "digest", "s", file->digest);
      g_variant_dict_insert (&row, "changed", "x", file->changed_us);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

GVariant *
koban_folder_list (const char *folder, const char *const *known, GError **error)
{
  g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func (file_free);
  int descriptor = open_folder (folder, error);
  g_autoptr(GDir) directory = descriptor >= 0 ? g_dir_open (folder, 0, error) : NULL;
  const char *name;
  guint entries = 0;

  while (directory != NULL && entries++ < MOST_ENTRIES && (name = g_dir_read_name (directory)) != NULL)
    consider (files, descriptor, name, known);
  if (descriptor >= 0)
    close (descriptor);
  if (directory == NULL)
    return NULL;
  g_ptr_array_sort (files, compare_age);
  return to_variant (files);
}

int
koban_folder_open (const char *folder, const char *name, GError **error)
{
  int descriptor = open_folder (folder, error);
  struct stat status;

  if (descriptor < 0)
    return -1;
  int file = open_in (descriptor, name, &status);
  close (descriptor);
  if (file < 0)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("%s is no file that could be a statement"),
                 name);
  return file;
}
