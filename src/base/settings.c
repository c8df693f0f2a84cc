/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The places of Koban's files, and koban.conf read through one table of keys. Reading never half
 * succeeds, and no secret is ever written there.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>

#include <koban/error.h>
#include <koban/settings.h>
#include <koban/text.h>

static const char *
below (const char *base)
{
  g_autofree char *path = g_build_filename (base, "koban", NULL);

  return g_intern_string (path);
}

const char *
koban_settings_data_directory (void)
{
  return below (g_get_user_data_dir ());
}

const char *
koban_settings_config_directory (void)
{
  return below (g_get_user_config_dir ());
}

const char *
koban_settings_runtime_directory (void)
{
  return below (g_get_user_runtime_dir ());
}

char *
koban_settings_config_file (void)
{
  return g_build_filename (koban_settings_config_directory (), "koban.conf", NULL);
}

static gboolean
set_directory_error (GError **error, const char *path, const char *why)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, _("Koban cannot keep its files in %s: %s"), path,
               why);
  return FALSE;
}

/* By the descriptor, so that what is examined is what is repaired. */
static gboolean
repair_directory (int fd, const char *path, GError **error)
{
  struct stat status;

  if (fstat (fd, &status) != 0)
    return set_directory_error (error, path, g_strerror (errno));
  if (status.st_uid != geteuid ())
    return set_directory_error (error, path, _("it belongs to another user"));
  if ((status.st_mode & 07777) == 0700)
    return TRUE;
  if (fchmod (fd, 0700) != 0)
    return set_directory_error (error, path, g_strerror (errno));
  g_message ("%s could be read by others; it is now private (mode 0700)", path);
  return TRUE;
}

static gboolean
make_directory (const char *path, GError **error)
{
  g_autofree char *parent = g_path_get_dirname (path);
  gboolean ok;
  int fd;

  if (g_mkdir_with_parents (parent, 0700) != 0)
    return set_directory_error (error, path, g_strerror (errno));
  if (g_mkdir (path, 0700) != 0 && errno != EEXIST)
    return set_directory_error (error, path, g_strerror (errno));
  if (g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    return set_directory_error (error, path, _("it is a symbolic link; put a real directory there"));

  /* A link put there since the question above is refused by the kernel. */
  fd = open (path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0)
    return set_directory_error (error, path, g_strerror (errno));
  ok = repair_directory (fd, path, error);
  (void) close (fd);
  return ok;
}

gboolean
koban_settings_make_directories (GError **error)
{
  return make_directory (koban_settings_data_directory (), error) &&
         make_directory (koban_settings_config_directory (), error) &&
         make_directory (koban_settings_runtime_directory (), error);
}

typedef enum
{
  KEY_WORD,     /* one of @words: its place among them */
  KEY_DURATION, /* "15m", "6h": seconds, within [min, max] */
  KEY_QUIET,    /* "22:00-07:00" */
} KeyType;

typedef struct
{
  const char *group;
  const char *key;
  KeyType type;
  gsize offset; /* in KobanSettings, of a guint, an enum or a KobanQuiet */
  const char *const *words;
  guint min, max;
  const char *expected;
} KeyRow;

static const char *const detail_words[] = { [KOBAN_DETAIL_NONE] = "none",
                                            [KOBAN_DETAIL_MINIMAL] = "minimal",
                                            [KOBAN_DETAIL_FULL] = "full",
                                            NULL };
static const char *const wariness_words[] = { [KOBAN_WARINESS_QUIET] = "quiet",
                                              [KOBAN_WARINESS_NORMAL] = "normal",
                                              [KOBAN_WARINESS_WARY] = "wary",
                                              NULL };

static const char *const guard_words[] = { [KOBAN_GUARD_OFF] = "off", [KOBAN_GUARD_ON] = "on", NULL };

static const KeyRow keys[] = {
  { "notify", "detail", KEY_WORD, G_STRUCT_OFFSET (KobanSettings, desktop_detail), detail_words, 0, 0,
    N_("none, minimal or full") },
  { "notify", "quiet", KEY_QUIET, G_STRUCT_OFFSET (KobanSettings, quiet), NULL, 0, 0,
    N_("two times of the day, as in 22:00-07:00") },
  { "watch", "wariness", KEY_WORD, G_STRUCT_OFFSET (KobanSettings, wariness), wariness_words, 0, 0,
    N_("quiet, normal or wary") },
  { "watch", "guard", KEY_WORD, G_STRUCT_OFFSET (KobanSettings, guard), guard_words, 0, 0, N_("off or on") },
  { "check", "interval", KEY_DURATION, G_STRUCT_OFFSET (KobanSettings, check_interval_s), NULL, 15 * 60,
    24 * 60 * 60, N_("a time between 15m and 24h") },
};

static const char *const channel_kind_words[] = {
  [KOBAN_CHANNEL_DESKTOP] = "desktop", [KOBAN_CHANNEL_NTFY] = "ntfy",       [KOBAN_CHANNEL_GOTIFY] = "gotify",
  [KOBAN_CHANNEL_MAIL] = "mail",       [KOBAN_CHANNEL_WEBHOOK] = "webhook", NULL
};

G_STATIC_ASSERT (sizeof (KobanDetail) == sizeof (guint) && sizeof (KobanWariness) == sizeof (guint) &&
                 sizeof (KobanGuard) == sizeof (guint));

KobanSettings
koban_settings_defaults (void)
{
  return (KobanSettings){ .desktop_detail = KOBAN_DETAIL_FULL,
                          .wariness = KOBAN_WARINESS_NORMAL,
                          .check_interval_s = 15 * 60 };
}

static gboolean
parse_word (const char *text, const char *const *words, guint *value)
{
  for (guint i = 0; words[i] != NULL; i++)
    if (g_str_equal (words[i], text))
      {
        *value = i;
        return TRUE;
      }
  return FALSE;
}

const char *
koban_channel_kind_name (KobanChannelKind kind)
{
  return channel_kind_words[kind];
}

gboolean
koban_channel_kind_parse (const char *name, KobanChannelKind *kind)
{
  guint value;

  if (!parse_word (name, channel_kind_words, &value))
    return FALSE;
  *kind = (KobanChannelKind) value;
  return TRUE;
}

static gboolean
parse_duration (const char *text, guint min, guint max, guint *value)
{
  static const struct
  {
    char unit;
    guint seconds;
  } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 60 * 60 }, { 'd', 24 * 60 * 60 } };
  gsize n_digits = strspn (text, "0123456789");
  g_autofree char *digits = g_strndup (text, n_digits);
  guint64 count;

  if (strlen (text) != n_digits + 1 || !g_ascii_string_to_unsigned (digits, 10, 0, max, &count, NULL))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (units[i].unit == text[n_digits])
      {
        guint64 seconds = count * units[i].seconds;

        *value = (guint) MIN (seconds, G_MAXUINT);
        return seconds >= min && seconds <= max;
      }
  return FALSE;
}

static gboolean
parse_value (const char *text, const KeyRow *row, gpointer value)
{
  switch (row->type)
    {
    case KEY_WORD:
      return parse_word (text, row->words, value);
    case KEY_DURATION:
      return parse_duration (text, row->min, row->max, value);
    case KEY_QUIET:
    default:
      return koban_quiet_parse (text, value);
    }
}

static gboolean
read_key (GKeyFile *file, const char *path, const KeyRow *row, KobanSettings *settings, GError **error)
{
  g_autofree char *text = g_key_file_get_string (file, row->group, row->key, NULL);

  /* What is no text is there all the same: it must not pass for the default. */
  if (text == NULL && !g_key_file_has_key (file, row->group, row->key, NULL))
    return TRUE;
  if (text != NULL && parse_value (g_strstrip (text), row, G_STRUCT_MEMBER_P (settings, row->offset)))
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s: [%s] %s = %s is not understood: write %s"),
               path, row->group, row->key, text != NULL ? text : "?", _(row->expected));
  return FALSE;
}

static gboolean
is_known (const char *group, const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (g_str_equal (keys[i].group, group) && g_str_equal (keys[i].key, key))
      return TRUE;
  return FALSE;
}

/* GLib's sentence may quote a line that is no text. */
static void
set_unreadable (const char *path, const GError *cause, GError **error)
{
  g_autofree char *why = koban_text_clean (cause->message, 0);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s cannot be read: %s"), path, why);
}

static void
report_unknown_keys (GKeyFile *file, const char *path)
{
  g_auto(GStrv) groups = g_key_file_get_groups (file, NULL);

  for (char **group = groups; *group != NULL; group++)
    {
      g_auto(GStrv) names = g_key_file_get_keys (file, *group, NULL, NULL);

      if (g_str_has_prefix (*group, "channel ")) /* channel-settings.c reads those */
        continue;
      for (char **name = names; name != NULL && *name != NULL; name++)
        if (!is_known (*group, *name))
          g_message ("%s: [%s] %s is not a setting of this version and is ignored", path, *group, *name);
    }
}

/* What a computer that lost its power leaves of a file, GLib takes for an empty line. */
static gboolean
begins_as_text (const char *path, GError **error)
{
  char head[64];
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  gssize length = fd >= 0 ? read (fd, head, sizeof head) : 0;

  if (fd >= 0)
    close (fd);
  if (length <= 0 || memchr (head, 0, (gsize) length) == NULL)
    return TRUE;
  g_set_error_literal (error, G_KEY_FILE_ERROR, G_KEY_FILE_ERROR_PARSE, g_strerror (EILSEQ));
  return FALSE;
}

gboolean
koban_settings_load (const char *path, KobanSettings *settings, GError **error)
{
  g_autoptr(GKeyFile) file = g_key_file_new ();
  g_autoptr(GError) local_error = NULL;
  KobanSettings found = koban_settings_defaults ();

  g_return_val_if_fail (path != NULL && settings != NULL, FALSE);

  if ((!begins_as_text (path, &local_error) ||
       !g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &local_error)) &&
      !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      set_unreadable (path, local_error, error);
      return FALSE;
    }

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    if (!read_key (file, path, &keys[i], &found, error))
      return FALSE;
  found.detail_is_chosen = g_key_file_has_key (file, "notify", "detail", NULL);
  report_unknown_keys (file, path);
  *settings = found;
  return TRUE;
}

/* --- one key ------------------------------------------------------------------------------------------- */

static char *
name_of_key (const KeyRow *row)
{
  return g_strdup_printf ("%s.%s", row->group, row->key);
}

char **
koban_settings_keys (void)
{
  char **names = g_new0 (char *, G_N_ELEMENTS (keys) + 1);

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    names[i] = name_of_key (&keys[i]);
  return names;
}

static const KeyRow *
find_key (const char *key, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *name = name_of_key (&keys[i]);

      if (g_str_equal (name, key))
        return &keys[i];
    }
  g_auto(GStrv) names = koban_settings_keys ();
  g_autofree char *known = g_strjoinv (", ", names);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is no setting; there are: %s"), key, known);
  return NULL;
}

/* Empty: there are none. */
static char *
format_quiet (const KobanQuiet *quiet)
{
  if (quiet->from_minute == quiet->until_minute)
    return g_strdup ("");
  return g_strdup_printf ("%02u:%02u-%02u:%02u", quiet->from_minute / 60, quiet->from_minute % 60,
                          quiet->until_minute / 60, quiet->until_minute % 60);
}

/* As a person writes it: the longest unit that fits. */
static char *
format_value (const KeyRow *row, const KobanSettings *settings)
{
  guint value = G_STRUCT_MEMBER (guint, settings, row->offset);

  if (row->type == KEY_WORD)
    return g_strdup (row->words[value]);
  if (row->type == KEY_QUIET)
    return format_quiet (G_STRUCT_MEMBER_P (settings, row->offset));
  if (value % (60 * 60) == 0)
    return g_strdup_printf ("%uh", value / (60 * 60));
  return value % 60 == 0 ? g_strdup_printf ("%um", value / 60) : g_strdup_printf ("%us", value);
}

char *
koban_settings_get (const char *path, const char *key, GError **error)
{
  const KeyRow *row = find_key (key, error);
  KobanSettings settings;

  if (row == NULL || !koban_settings_load (path, &settings, error))
    return NULL;
  return format_value (row, &settings);
}

static gboolean
write_file (GKeyFile *file, const char *path, GError **error)
{
  g_autofree char *text = g_key_file_to_data (file, NULL, NULL);
  g_autoptr(GError) local_error = NULL;

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
                                0600, &local_error))
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, _("%s cannot be written: %s"), path,
               local_error->message);
  return FALSE;
}

gboolean
koban_settings_set (const char *path, const char *key, const char *value, GError **error)
{
  const KeyRow *row = find_key (key, error);
  g_autoptr(GKeyFile) file = g_key_file_new ();
  KobanSettings ignored = koban_settings_defaults ();
  g_autoptr(GError) local_error = NULL;

  if (row == NULL)
    return FALSE;
  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_KEEP_COMMENTS | G_KEY_FILE_KEEP_TRANSLATIONS,
                                  &local_error) &&
      !g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      set_unreadable (path, local_error, error);
      return FALSE;
    }
  if (value != NULL)
    g_key_file_set_string (file, row->group, row->key, value);
  else
    g_key_file_remove_key (file, row->group, row->key, NULL);
  return read_key (file, path, row, &ignored, error) && write_file (file, path, error);
}
