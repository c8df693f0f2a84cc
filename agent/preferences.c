/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * koban.conf, watched. What was good last is kept beside the ledger as it was written, so that a
 * mistake made while no agent ran does not silence a phone, and so that a secret whose channel was
 * taken out of the file meanwhile is still known, and deleted.
 */
#include "config.h"

#include "alarm.h"
#include "channel/remote.h"
#include "preferences.h"

#include <koban/channel-settings.h>
#include <koban/date.h>
#include <koban/error.h>

#define QUIET_US (KOBAN_SECOND_US / 4) /* an editor writes in several steps */

struct _KobanPreferences
{
  GObject parent;

  KobanClock *clock; /* (unowned) */
  KobanVault *vault; /* (unowned) */
  KobanHttp *http;   /* (unowned) */
  char *path;        /* (owned) */
  char *good_path;   /* (owned): the last good one */

  GFileMonitor *monitor; /* (owned) (nullable) */
  gulong on_changed_id;
  gulong on_unlocked_id;
  guint read_alarm, lapse_alarm; /* 0: none */

  KobanSettings settings;
  KobanSettings former;      /* of the agent before this one; without one, the first that were read */
  GPtrArray *rows;           /* (owned) (element-type KobanChannelSettings) */
  GPtrArray *channels;       /* (owned) (element-type KobanChannel): one for each row */
  char *misread;             /* (owned) (nullable) */
  GHashTable *condemned;     /* (owned) (element-type utf8): ids of secrets that are still to be deleted */
  GCancellable *cancellable; /* (owned): of the deletions */
};

enum
{
  SIGNAL_CHANGED,
  SIGNAL_LAPSED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanPreferences, koban_preferences, G_TYPE_OBJECT)

/* ---- the secrets of what is gone ---- */

typedef struct
{
  KobanPreferences *self; /* (owned) */
  char *id;               /* (owned) */
} Deletion;

static void
on_deleted (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Deletion *deletion = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_vault_remove_finish (KOBAN_VAULT (source), result, &error))
    g_hash_table_remove (deletion->self->condemned, deletion->id);
  else if (!koban_error_is_cancelled (error))
    g_message ("The secret of a channel that is gone could not be deleted yet: %s", error->message);
  g_object_unref (deletion->self);
  g_free (deletion->id);
  g_free (deletion);
}

static void
delete_condemned (KobanPreferences *self)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, self->condemned);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    {
      Deletion *deletion = g_new0 (Deletion, 1);

      deletion->self = g_object_ref (self);
      deletion->id = g_strdup (id);
      koban_vault_remove_async (self->vault, KOBAN_SECRET_CHANNEL, id, self->cancellable, on_deleted,
                                deletion);
    }
}

static void
on_unlocked (KobanVault *vault, KobanPreferences *self)
{
  delete_condemned (self);
}

/* The old key of a webhook counts for a day after it was renewed. */
static gboolean
is_used (const KobanChannelSettings *row, const char *id, gint64 now_us)
{
  return g_strcmp0 (row->secret, id) == 0 ||
         (g_strcmp0 (row->old_secret, id) == 0 && now_us < row->old_until_us);
}

static void
condemn_unless_used (KobanPreferences *self, const char *id)
{
  gint64 now_us = koban_clock_get_wall_us (self->clock);

  for (guint i = 0; i < self->rows->len; i++)
    if (is_used (self->rows->pdata[i], id, now_us))
      return;
  g_hash_table_add (self->condemned, g_strdup (id));
}

/* Of @before, what the file names no more. */
static void
condemn (KobanPreferences *self, GPtrArray *before)
{
  for (guint i = 0; i < before->len; i++)
    {
      const KobanChannelSettings *row = before->pdata[i];

      condemn_unless_used (self, row->secret);
      if (row->old_secret != NULL)
        condemn_unless_used (self, row->old_secret);
    }
}

/* ---- reading ---- */

typedef struct
{
  KobanSettings settings;
  GPtrArray *rows; /* (owned) (nullable) */
} Reading;

static gboolean
check_rows (GPtrArray *rows, GError **error)
{
  for (guint i = 0; i < rows->len; i++)
    if (!koban_remote_check (rows->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* All of it, or nothing. */
static gboolean
read_file (const char *path, Reading *reading, GError **error)
{
  g_autoptr(GPtrArray) rows = NULL;

  if (!koban_settings_load (path, &reading->settings, error))
    return FALSE;
  rows = koban_channel_settings_load (path, error);
  if (rows == NULL || !check_rows (rows, error))
    return FALSE;
  reading->rows = g_steal_pointer (&rows);
  return TRUE;
}

static KobanChannel *
find_channel (KobanPreferences *self, const KobanChannelSettings *row)
{
  for (guint i = 0; i < self->rows->len; i++)
    if (koban_channel_settings_equal (self->rows->pdata[i], row))
      return g_object_ref (self->channels->pdata[i]);
  return KOBAN_CHANNEL (koban_remote_new (row, self->clock, self->vault, self->http));
}

/* What did not change keeps its channel, which knows what its server said. */
static void
take (KobanPreferences *self, Reading *reading)
{
  g_autoptr(GPtrArray) before = g_steal_pointer (&self->rows);
  g_autoptr(GPtrArray) channels = g_ptr_array_new_with_free_func (g_object_unref);

  self->rows = before;
  for (guint i = 0; i < reading->rows->len; i++)
    g_ptr_array_add (channels, find_channel (self, reading->rows->pdata[i]));
  self->settings = reading->settings;
  self->rows = g_steal_pointer (&reading->rows);
  g_ptr_array_unref (self->channels);
  self->channels = g_steal_pointer (&channels);
  condemn (self, before);
  condemn (self, self->rows);
  delete_condemned (self);
}

static void
keep_good (KobanPreferences *self)
{
  g_autofree char *text = NULL;
  g_autofree char *kept = NULL;
  g_autoptr(GError) error = NULL;
  gsize length = 0;

  if (!g_file_get_contents (self->path, &text, &length, NULL))
    text = g_strdup ("");
  if (g_file_get_contents (self->good_path, &kept, NULL, NULL) && g_str_equal (kept, text))
    return;
  if (!g_file_set_contents_full (self->good_path, text, (gssize) length, G_FILE_SET_CONTENTS_CONSISTENT, 0600,
                                 &error))
    g_message ("%s", error->message);
}

static gboolean
read_preferences (KobanPreferences *self)
{
  g_autoptr(GError) error = NULL;
  Reading reading = { 0 };

  g_clear_pointer (&self->misread, g_free);
  if (read_file (self->path, &reading, &error))
    {
      take (self, &reading);
      keep_good (self);
      return TRUE;
    }
  g_message ("%s", error->message);
  self->misread = g_strdup (error->message);
  return FALSE;
}

/* What it was when it last could be read. If that is not known either, what the file may have wanted to keep
 * off the screen is kept off. */
static void
read_good (KobanPreferences *self)
{
  Reading reading = { 0 };

  if (g_file_test (self->good_path, G_FILE_TEST_EXISTS) && read_file (self->good_path, &reading, NULL))
    take (self, &reading);
  else
    self->settings.desktop_detail = KOBAN_DETAIL_MINIMAL;
}

/* What was there before this process: what has gone since then leaves no secret behind, and what protects
 * less than then can be told. FALSE: nothing was. */
static gboolean
remember (KobanPreferences *self)
{
  g_autoptr(GPtrArray) rows = koban_channel_settings_load (self->good_path, NULL);

  if (rows == NULL || !g_file_test (self->good_path, G_FILE_TEST_EXISTS) ||
      !koban_settings_load (self->good_path, &self->former, NULL))
    return FALSE;
  g_ptr_array_unref (self->rows);
  self->rows = g_steal_pointer (&rows);
  for (guint i = 0; i < self->rows->len; i++)
    g_ptr_array_add (self->channels,
                     koban_remote_new (self->rows->pdata[i], self->clock, self->vault, self->http));
  return TRUE;
}

/* ---- time and change ---- */

static void set_lapse_alarm (KobanPreferences *self);

static void
on_lapse_alarm (gpointer user_data)
{
  KobanPreferences *self = user_data;

  self->lapse_alarm = 0;
  condemn (self, self->rows);
  delete_condemned (self);
  set_lapse_alarm (self);
  g_signal_emit (self, signals[SIGNAL_LAPSED], 0);
}

static gint64
soonest_after (gint64 now_us, gint64 soonest_us, gint64 at_us)
{
  return at_us > now_us && at_us < soonest_us ? at_us : soonest_us;
}

static void
set_lapse_alarm (KobanPreferences *self)
{
  gint64 now_us = koban_clock_get_wall_us (self->clock);
  gint64 soonest_us = G_MAXINT64;

  koban_alarm_clear (self->clock, &self->lapse_alarm);
  for (guint i = 0; i < self->rows->len; i++)
    {
      const KobanChannelSettings *row = self->rows->pdata[i];

      soonest_us = soonest_after (now_us, soonest_us, koban_channel_settings_lapses_us (row));
      soonest_us = soonest_after (now_us, soonest_us, row->old_until_us);
    }
  if (soonest_us != G_MAXINT64)
    self->lapse_alarm = koban_clock_add_alarm (
      self->clock, koban_clock_get_boot_us (self->clock) + soonest_us - now_us, on_lapse_alarm, self);
}

void
koban_preferences_reload (KobanPreferences *self)
{
  koban_alarm_clear (self->clock, &self->read_alarm);
  read_preferences (self);
  set_lapse_alarm (self);
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

static void
on_read_alarm (gpointer user_data)
{
  KobanPreferences *self = user_data;

  self->read_alarm = 0;
  koban_preferences_reload (self);
}

/* A file that was moved here is whole, and whoever moved it may wait for it to count. */
static void
on_changed (GFileMonitor *monitor, GFile *file, GFile *other, GFileMonitorEvent event, KobanPreferences *self)
{
  if (event == G_FILE_MONITOR_EVENT_RENAMED || event == G_FILE_MONITOR_EVENT_MOVED_IN)
    {
      koban_preferences_reload (self);
      return;
    }
  koban_alarm_clear (self->clock, &self->read_alarm);
  self->read_alarm = koban_clock_add_alarm (self->clock, koban_clock_get_boot_us (self->clock) + QUIET_US,
                                            on_read_alarm, self);
}

static void
watch_file (KobanPreferences *self)
{
  g_autoptr(GFile) file = g_file_new_for_path (self->path);
  g_autoptr(GError) error = NULL;

  self->monitor = g_file_monitor_file (file, G_FILE_MONITOR_WATCH_MOVES, NULL, &error);
  if (self->monitor == NULL)
    g_message ("%s is not watched, so a change counts from the next start: %s", self->path, error->message);
  else
    self->on_changed_id = g_signal_connect (self->monitor, "changed", G_CALLBACK (on_changed), self);
}

/* ---- the object ---- */

const KobanSettings *
koban_preferences_get_settings (KobanPreferences *self)
{
  return &self->settings;
}

const KobanSettings *
koban_preferences_get_former (KobanPreferences *self)
{
  return &self->former;
}

GPtrArray *
koban_preferences_get_channels (KobanPreferences *self)
{
  return self->channels;
}

const char *
koban_preferences_get_misread (KobanPreferences *self)
{
  return self->misread;
}

GPtrArray *
koban_preferences_get_lapsed (KobanPreferences *self)
{
  GPtrArray *lapsed = g_ptr_array_new_with_free_func (g_free);
  gint64 now_us = koban_clock_get_wall_us (self->clock);

  for (guint i = 0; i < self->rows->len; i++)
    {
      const KobanChannelSettings *row = self->rows->pdata[i];

      if (koban_channel_settings_detail_at (row, now_us) != row->detail)
        g_ptr_array_add (lapsed, g_strdup (row->name));
    }
  return lapsed;
}

static void
koban_preferences_dispose (GObject *object)
{
  KobanPreferences *self = KOBAN_PREFERENCES (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_signal_handler (&self->on_unlocked_id, self->vault);
  if (self->monitor != NULL)
    g_clear_signal_handler (&self->on_changed_id, self->monitor);
  g_clear_object (&self->monitor);
  koban_alarm_clear (self->clock, &self->read_alarm);
  koban_alarm_clear (self->clock, &self->lapse_alarm);
  G_OBJECT_CLASS (koban_preferences_parent_class)->dispose (object);
}

static void
koban_preferences_finalize (GObject *object)
{
  KobanPreferences *self = KOBAN_PREFERENCES (object);

  g_ptr_array_unref (self->channels);
  g_ptr_array_unref (self->rows);
  g_hash_table_unref (self->condemned);
  g_object_unref (self->cancellable);
  g_free (self->misread);
  g_free (self->path);
  g_free (self->good_path);
  G_OBJECT_CLASS (koban_preferences_parent_class)->finalize (object);
}

static void
koban_preferences_class_init (KobanPreferencesClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_preferences_dispose;
  G_OBJECT_CLASS (klass)->finalize = koban_preferences_finalize;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_LAPSED] = g_signal_new ("lapsed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_preferences_init (KobanPreferences *self)
{
  self->path = koban_settings_config_file ();
  self->good_path = g_build_filename (koban_settings_data_directory (), "koban.conf.good", NULL);
  self->settings = koban_settings_defaults ();
  self->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_channel_settings_free);
  self->channels = g_ptr_array_new_with_free_func (g_object_unref);
  self->condemned = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
}

KobanPreferences *
koban_preferences_new (KobanClock *clock, KobanVault *vault, KobanHttp *http)
{
  KobanPreferences *self = g_object_new (KOBAN_TYPE_PREFERENCES, NULL);

  self->clock = clock;
  self->vault = vault;
  self->http = http;
  self->on_unlocked_id = g_signal_connect (vault, "unlocked", G_CALLBACK (on_unlocked), self);
  gboolean knows_former = remember (self);
  watch_file (self); /* before it is read, so that no change falls between */
  if (!read_preferences (self))
    read_good (self);
  if (!knows_former)
    self->former = self->settings;
  set_lapse_alarm (self);
  return self;
}
