/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All profiles on the machine, by id, the packaged ones first: a later directory can add a provider
 * and never change one. Each is read when it is asked for: who watches three banks holds three. A bad file is
 * skipped with a warning and takes nothing else with it.
 */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/place.h>
#include <koban/profile.h>
#include <string.h>

#include "bank/rules.h"

#define ENDING ".json"

typedef struct
{
  char *path;            /* (owned): ID.json */
  gboolean own;          /* came from no package */
  gboolean read;         /* @profile is NULL, if it is no good */
  KobanProfile *profile; /* (owned) (nullable) */
} File;

struct _KobanProfiles
{
  GHashTable *files; /* (owned) (element-type utf8 File): by id */
  GPtrArray
    *list; /* (owned) (nullable) (element-type KobanProfile): all, sorted by id, once they were asked for */
};

static void
file_free (gpointer data)
{
  File *file = data;

  g_clear_pointer (&file->profile, koban_profile_unref);
  g_free (file->path);
  g_free (file);
}

/* --- finding --------------------------------------------------------------------------------------- */

static void
add_file (KobanProfiles *self, const char *path, const char *id, gboolean own)
{
  if (g_hash_table_contains (self->files, id))
    {
      g_warning ("Skipped %s: a provider “%s” is already there and cannot be replaced", path, id);
      return;
    }
  File *file = g_new0 (File, 1);
  file->path = g_strdup (path);
  file->own = own;
  g_hash_table_insert (self->files, g_strdup (id), file);
}

static void
add_directory (KobanProfiles *self, const char *directory, gboolean own)
{
  g_autoptr(GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  if (dir == NULL)
    return;
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      if (!g_str_has_suffix (name, ENDING) || g_str_has_suffix (name, ".schema" ENDING))
        continue;
      g_autofree char *path = g_build_filename (directory, name, NULL);
      g_autofree char *id = g_strndup (name, strlen (name) - strlen (ENDING));
      add_file (self, path, id, own);
    }
}

/* What lies here came from no package, whoever names the directory. */
static char *
own_directory (void)
{
  return g_build_filename (g_get_user_data_dir (), "koban", "providers", NULL);
}

static char **
default_directories (void)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *packaged = koban_place_data ("providers", "KOBAN_PROVIDERS");
  g_autofree char *own = own_directory ();

  g_strv_builder_add (builder, packaged);
  if (g_getenv ("KOBAN_PROVIDERS") == NULL)
    g_strv_builder_add (builder, KOBAN_SYSCONFDIR "/koban/providers");
  g_strv_builder_add (builder, own);
  return g_strv_builder_end (builder);
}

KobanProfiles *
koban_profiles_load (const char *const *directories)
{
  g_auto(GStrv) standard = directories == NULL ? default_directories () : NULL;
  const char *const *each = directories != NULL ? directories : (const char *const *) standard;
  g_autofree char *own = own_directory ();
  KobanProfiles *self = g_new0 (KobanProfiles, 1);

  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_free);
  for (; *each != NULL; each++)
    add_directory (self, *each, g_str_equal (*each, own));
  return self;
}

void
koban_profiles_free (KobanProfiles *self)
{
  g_hash_table_unref (self->files);
  g_clear_pointer (&self->list, g_ptr_array_unref);
  g_free (self);
}

/* --- reading --------------------------------------------------------------------------------------- */

static KobanProfile *
read_file (const File *file, const char *id, GError **error)
{
  g_autoptr(KobanProfile) profile = koban_profile_load_file (file->path, error);

  if (profile == NULL)
    return NULL;
  if (!g_str_equal (profile->id, id))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("%s: the profile of “%s” belongs in a file %s.json"), file->path, profile->id,
                   profile->id);
      return NULL;
    }
  /* Nobody else has seen it yet: it is ours to label. */
  profile->file = g_strdup (file->path);
  profile->own = file->own;
  return g_steal_pointer (&profile);
}

static KobanProfile *
file_profile (File *file, const char *id)
{
  g_autoptr(GError) error = NULL;

  if (file->read)
    return file->profile;
  file->read = TRUE;
  file->profile = read_file (file, id, &error);
  if (file->profile == NULL)
    g_warning ("Skipped a profile: %s", error->message);
  return file->profile;
}

KobanProfile *
koban_profiles_lookup (KobanProfiles *self, const char *id)
{
  File *file = g_hash_table_lookup (self->files, id);

  return file != NULL ? file_profile (file, id) : NULL;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 ((*(KobanProfile *const *) a)->id, (*(KobanProfile *const *) b)->id);
}

GPtrArray *
koban_profiles_list (KobanProfiles *self)
{
  GHashTableIter iter;
  gpointer id, file;

  if (self->list != NULL)
    return self->list;
  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_profile_unref);
  g_hash_table_iter_init (&iter, self->files);
  while (g_hash_table_iter_next (&iter, &id, &file))
    {
      KobanProfile *profile = file_profile (file, id);
      if (profile != NULL)
        g_ptr_array_add (self->list, koban_profile_ref (profile));
    }
  g_ptr_array_sort (self->list, compare_ids);
  return self->list;
}
