/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The groups [channel NAME] of koban.conf, read through one table of keys and written back one
 * group at a time. Reading never half succeeds; writing keeps every comment and replaces the file
 * at once.
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <koban/channel-settings.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>

#define GROUP "channel "
#define NAME_MAX_BYTES 32
#define VALUE_MAX_BYTES 2048

typedef enum
{
  KEY_TEXT,
  KEY_KIND,
  KEY_DETAIL,
  KEY_TIME, /* RFC 3339 */
} KeyType;

#define KIND(kind) (1u << KOBAN_CHANNEL_##kind)
#define EVERY_KIND (KIND (NTFY) | KIND (GOTIFY) | KIND (MAIL) | KIND (WEBHOOK))

/* Which kinds know the key, and which cannot do without it. */
static const struct
{
  const char *key;
  KeyType type;
  gsize offset; /* in KobanChannelSettings */
  guint known, needed;
} keys[] = {
  { "kind", KEY_KIND, G_STRUCT_OFFSET (KobanChannelSettings, kind), EVERY_KIND, EVERY_KIND },
  { "server", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, server), EVERY_KIND,
    EVERY_KIND & ~KIND (NTFY) },
  { "to", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, to), KIND (MAIL), KIND (MAIL) },
  { "from", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, from), KIND (MAIL), KIND (MAIL) },
  { "user", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, user), KIND (MAIL), 0 },
  { "ca_file", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, ca_file), EVERY_KIND, 0 },
  { "secret", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, secret), EVERY_KIND, EVERY_KIND },
  { "old_secret", KEY_TEXT, G_STRUCT_OFFSET (KobanChannelSettings, old_secret), EVERY_KIND, 0 },
  { "old_until", KEY_TIME, G_STRUCT_OFFSET (KobanChannelSettings, old_until_us), EVERY_KIND, 0 },
  { "detail", KEY_DETAIL, G_STRUCT_OFFSET (KobanChannelSettings, detail), EVERY_KIND, 0 },
  { "full_since", KEY_TIME, G_STRUCT_OFFSET (KobanChannelSettings, full_since_us), EVERY_KIND, 0 },
};

static const char *const detail_words
  [] = { [KOBAN_DETAIL_NONE] = "none", [KOBAN_DETAIL_MINIMAL] = "minimal", [KOBAN_DETAIL_FULL] = "full" };

#define MEMBER(type, self, i) G_STRUCT_MEMBER (type, self, keys[i].offset)

/* ---- the value ---- */

KobanChannelSettings *
koban_channel_settings_new (const char *name, KobanChannelKind kind)
{
  KobanChannelSettings *self = g_new0 (KobanChannelSettings, 1);

  self->name = g_strdup (name);
  self->kind = kind;
  return self;
}

KobanChannelSettings *
koban_channel_settings_copy (const KobanChannelSettings *self)
{
  KobanChannelSettings *copy = g_memdup2 (self, sizeof *self);

  copy->name = g_strdup (self->name);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].type == KEY_TEXT)
      MEMBER (char *, copy, i) = g_strdup (MEMBER (char *, self, i));
  return copy;
}

void
koban_channel_settings_free (KobanChannelSettings *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].type == KEY_TEXT)
      g_free (MEMBER (char *, self, i));
  g_free (self);
}

gboolean
koban_channel_settings_equal (const KobanChannelSettings *a, const KobanChannelSettings *b)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (keys[i].type == KEY_TEXT && g_strcmp0 (MEMBER (char *, a, i), MEMBER (char *, b, i)) != 0)
      return FALSE;
  return g_str_equal (a->name, b->name) && a->kind == b->kind && a->detail == b->detail &&
         a->old_until_us == b->old_until_us && a->full_since_us == b->full_since_us;
}

gint64
koban_channel_settings_lapses_us (const KobanChannelSettings *self)
{
  return self->detail == KOBAN_DETAIL_FULL ? self->full_since_us + KOBAN_CHANNEL_FULL_DAYS * KOBAN_DAY_US : 0;
}

/* A day that is still to come was not agreed to by anybody: it must not make the ninety days longer. */
KobanDetail
koban_channel_settings_detail_at (const KobanChannelSettings *self, gint64 now_us)
{
  if (self->detail == KOBAN_DETAIL_FULL &&
      (now_us >= koban_channel_settings_lapses_us (self) || self->full_since_us > now_us + KOBAN_DAY_US))
    return KOBAN_DETAIL_NONE;
  return self->detail;
}

gboolean
koban_channel_name_is_good (const char *name)
{
  return *name != '\0' && strlen (name) <= NAME_MAX_BYTES && g_ascii_isalpha (*name) &&
         name[strspn (name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
         !g_str_equal (name, koban_channel_kind_name (KOBAN_CHANNEL_DESKTOP));
}

static gboolean
set_invalid (GError **error, const char *key, const char *why)
{
  g_autofree char *shown = koban_text_clean (key, 0); /* a name may be what is wrong */

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s: %s", shown, why);
  return FALSE;
}

static gboolean
is_empty (const KobanChannelSettings *self, gsize i)
{
  return keys[i].type == KEY_TEXT && (MEMBER (char *, self, i) == NULL || *MEMBER (char *, self, i) == '\0');
}

gboolean
koban_channel_settings_check (const KobanChannelSettings *self, GError **error)
{
  if (!koban_channel_name_is_good (self->name))
    return set_invalid (
      error, self->name,
      _("a channel's name is made of at most 32 letters a-z, digits and “-”, and is not “desktop”"));
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      guint kind = 1u << self->kind;

      if ((keys[i].needed & kind) != 0 && is_empty (self, i))
        return set_invalid (error, keys[i].key, _("this is missing"));
      if ((keys[i].known & kind) == 0 && !is_empty (self, i))
        return set_invalid (error, keys[i].key, _("this kind of channel has no such thing"));
    }
  return TRUE;
}

/* ---- reading ---- */

/* The line on which @key of @group stands, or the group itself; 0: nowhere. */
static guint
find_line (const char *text, const char *group, const char *key)
{
  g_auto(GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *head = g_strdup_printf ("[%s]", group);
  guint group_line = 0;

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_strstrip (lines[i]);
      if (*lines[i] == '[')
        group_line = g_str_equal (lines[i], head) ? i + 1 : 0;
      if (group_line == 0 || !g_str_has_prefix (lines[i], key))
        continue;
      if (lines[i][strlen (key) + strspn (lines[i] + strlen (key), " \t")] == '=')
        return i + 1;
    }
  return group_line;
}

/* The file as it is being read. */
typedef struct
{
  const char *path;
  char *text;     /* (owned) */
  GKeyFile *file; /* (owned) */
} Source;

static void
source_clear (Source *source)
{
  g_free (source->text);
  g_clear_pointer (&source->file, g_key_file_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Source, source_clear)

static gboolean
set_read_error (const Source *source, const char *group, const char *key, const char *why, GError **error)
{
  guint line = find_line (source->text, group, key);
  g_autofree char *name = koban_text_clean (group, 0);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s:%u: [%s] %s", source->path, line, name, why);
  return FALSE;
}

static gboolean
parse_detail (const char *text, KobanDetail *detail)
{
  for (gsize i = 0; i < G_N_ELEMENTS (detail_words); i++)
    if (g_str_equal (detail_words[i], text))
      {
        *detail = (KobanDetail) i;
        return TRUE;
      }
  return FALSE;
}

static const char *
expected (KeyType type)
{
  static const char *const sentences[] = {
    [KEY_TEXT] = N_("one line of text"),
    [KEY_KIND] = N_("ntfy, gotify, mail or webhook"),
    [KEY_DETAIL] = N_("none, minimal or full"),
    [KEY_TIME] = N_("a time like 2026-01-31T12:00:00Z"),
  };

  return _(sentences[type]);
}

static gboolean
read_value (KobanChannelSettings *self, gsize i, const char *text)
{
  switch (keys[i].type)
    {
    case KEY_TEXT:
      MEMBER (char *, self, i) = g_strdup (text);
      return strlen (text) <= VALUE_MAX_BYTES && strpbrk (text, "\r\n") == NULL;
    case KEY_KIND:
      return koban_channel_kind_parse (text, &self->kind) && self->kind != KOBAN_CHANNEL_DESKTOP;
    case KEY_DETAIL:
      return parse_detail (text, &self->detail);
    case KEY_TIME:
      return koban_time_parse (text, &MEMBER (gint64, self, i));
    default:
      g_return_val_if_reached (FALSE);
    }
}

static gboolean
read_key (const Source *source, const char *group, gsize i, KobanChannelSettings *self, GError **error)
{
  g_autofree char *text = g_key_file_get_string (source->file, group, keys[i].key, NULL);

  /* What is no text is there all the same. */
  if (text != NULL ? read_value (self, i, g_strstrip (text))
                   : !g_key_file_has_key (source->file, group, keys[i].key, NULL))
    return TRUE;
  g_autofree char *why =
    g_strdup_printf (_("%s is not understood: write %s"), keys[i].key, expected (keys[i].type));
  return set_read_error (source, group, keys[i].key, why, error);
}

static gboolean
is_known (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].key, key))
      return TRUE;
  return FALSE;
}

static void
report_unknown_keys (const Source *source, const char *group)
{
  g_auto(GStrv) names = g_key_file_get_keys (source->file, group, NULL, NULL);

  for (char **name = names; name != NULL && *name != NULL; name++)
    if (!is_known (*name))
      g_message ("%s:%u: [%s] %s is not a setting of this version and is ignored", source->path,
                 find_line (source->text, group, *name), group, *name);
}

static KobanChannelSettings *
read_group (const Source *source, const char *group, GError **error)
{
  g_autoptr(KobanChannelSettings) self =
    koban_channel_settings_new (group + strlen (GROUP), KOBAN_CHANNEL_DESKTOP);
  g_autoptr(GError) why = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!read_key (source, group, i, self, error))
      return NULL;
  if (self->kind == KOBAN_CHANNEL_DESKTOP)
    set_invalid (&why, "kind", _("this is missing"));
  if (why != NULL || !koban_channel_settings_check (self, &why))
    {
      set_read_error (source, group, "", why->message, error);
      return NULL;
    }
  report_unknown_keys (source, group);
  return g_steal_pointer (&self);
}

/* No file is an empty one. */
static gboolean
source_open (Source *source, const char *path, GKeyFileFlags flags, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  gsize length = 0;

  source->path = path;
  source->file = g_key_file_new ();
  if (!g_file_get_contents (path, &source->text, &length, &local_error))
    {
      source->text = g_strdup ("");
      if (g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
        return TRUE;
    }
  else if (length == 0 || g_key_file_load_from_data (source->file, source->text, length, flags, &local_error))
    return TRUE;
  g_autofree char *why = koban_text_clean (local_error->message, 0); /* it may quote a line that is no text */
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s cannot be read: %s"), path, why);
  return FALSE;
}

GPtrArray *
koban_channel_settings_load (const char *path, GError **error)
{
  g_auto(Source) source = { 0 };
  g_autoptr(GPtrArray) channels =
    g_ptr_array_new_with_free_func ((GDestroyNotify) koban_channel_settings_free);

  if (!source_open (&source, path, G_KEY_FILE_NONE, error))
    return NULL;
  g_auto(GStrv) groups = g_key_file_get_groups (source.file, NULL);
  for (char **group = groups; *group != NULL; group++)
    {
      if (!g_str_has_prefix (*group, GROUP))
        continue;
      KobanChannelSettings *channel = read_group (&source, *group, error);
      if (channel == NULL)
        return NULL;
      g_ptr_array_add (channels, channel);
    }
  return g_steal_pointer (&channels);
}

/* ---- writing ---- */

static void
write_key (GKeyFile *file, const char *group, gsize i, const KobanChannelSettings *self)
{
  const char *key = keys[i].key;

  if (keys[i].type == KEY_KIND)
    g_key_file_set_string (file, group, key, koban_channel_kind_name (self->kind));
  else if (keys[i].type == KEY_DETAIL)
    g_key_file_set_string (file, group, key, detail_words[self->detail]);
  else if (keys[i].type == KEY_TEXT && MEMBER (char *, self, i) != NULL)
    g_key_file_set_string (file, group, key, MEMBER (char *, self, i));
  else if (keys[i].type == KEY_TIME && MEMBER (gint64, self, i) != 0)
    {
      g_autofree char *text = koban_time_format (MEMBER (gint64, self, i));
      g_key_file_set_string (file, group, key, text);
    }
  else
    g_key_file_remove_key (file, group, key, NULL);
}

static gboolean
replace_file (const Source *source, GError **error)
{
  gsize length;
  g_autofree char *text = g_key_file_to_data (source->file, &length, NULL);

  return g_file_set_contents_full (source->path, text, (gssize) length,
                                   G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0600, error);
}

gboolean
koban_channel_settings_save (const char *path, const KobanChannelSettings *self, GError **error)
{
  g_auto(Source) source = { 0 };
  g_autofree char *group = g_strconcat (GROUP, self->name, NULL);

  if (!koban_channel_settings_check (self, error) ||
      !source_open (&source, path, G_KEY_FILE_KEEP_COMMENTS, error))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    write_key (source.file, group, i, self);
  return replace_file (&source, error);
}

gboolean
koban_channel_settings_remove (const char *path, const char *name, GError **error)
{
  g_auto(Source) source = { 0 };
  g_autofree char *group = g_strconcat (GROUP, name, NULL);

  if (!source_open (&source, path, G_KEY_FILE_KEEP_COMMENTS, error))
    return FALSE;
  if (!g_key_file_remove_group (source.file, group, NULL))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no channel “%s”."), name);
      return FALSE;
    }
  return replace_file (&source, error);
}

char *
koban_channel_settings_copy_name (const char *name)
{
  return g_strconcat (name, ".pem", NULL);
}

void
koban_channel_settings_drop_copy (const KobanChannelSettings *self)
{
  g_autofree char *file = koban_channel_settings_copy_name (self->name);
  g_autofree char *path = g_build_filename (koban_settings_config_directory (), file, NULL);

  if (g_strcmp0 (self->ca_file, file) == 0)
    (void) g_unlink (path);
}
