/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * All profiles on the machine, by id, the packaged ones first: a later directory can add a provider
 * and never change one. A bad file is skipped with a warning and takes nothing else with it.
 */
#include "config.h"

#include <koban/place.h>
#include <koban/profile.h>

#include "bank/rules.h"

struct _KobanProfiles
{
  GPtrArray *list;   /* (element-type KobanProfile), sorted by id */
  GHashTable *by_id; /* (unowned) both: what @list holds */
};

static void
add_file (KobanProfiles *self, const char *path, gboolean own)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanProfile) profile = koban_profile_load_file (path, &error);

  if (profile == NULL)
    {
      g_warning ("Skipped a profile: %s", error->message);
      return;
    }
  if (g_hash_table_contains (self->by_id, koban_profile_get_id (profile)))
    {
      g_warning ("Skipped %s: a provider “%s” is already there and cannot be replaced", path,
                 koban_profile_get_id (profile));
      return;
    }
  /* Nobody else has seen it yet: it is ours to label. */
  profile->file = g_strdup (path);
  profile->own = own;
  g_hash_table_insert (self->by_id, (gpointer) profile->id, profile);
  g_ptr_array_add (self->list, g_steal_pointer (&profile));
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
      if (!g_str_has_suffix (name, ".json") || g_str_has_suffix (name, ".schema.json"))
        continue;
      g_autofree char *path = g_build_filename (directory, name, NULL);
      add_file (self, path, own);
    }
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 ((*(KobanProfile *const *) a)->id, (*(KobanProfile *const *) b)->id);
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

  self->list = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_profile_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  for (; *each != NULL; each++)
    add_directory (self, *each, g_str_equal (*each, own));
  g_ptr_array_sort (self->list, compare_ids);
  return self;
}

void
koban_profiles_free (KobanProfiles *self)
{
  g_hash_table_unref (self->by_id);
  g_ptr_array_unref (self->list);
  g_free (self);
}

KobanProfile *
koban_profiles_lookup (KobanProfiles *self, const char *id)
{
  return g_hash_table_lookup (self->by_id, id);
}

GPtrArray *
koban_profiles_list (KobanProfiles *self)
{
  return self->list;
}
