/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When. It keeps the earliest due time of all connections as one alarm, and draws every jitter
 * from the randomness it was given, so that a fleet never beats in time. It never asks twice for a
 * connection whose check has not ended, nor twice within a minute, whatever the ledger says.
 */
#include "config.h"

#include "alarm.h"
#include "pace.h"
#include "poller.h"

#include <koban/date.h>
#include <koban/http.h>

#define START_FROM_S 15
#define START_TO_S 120
#define LONG_OVERDUE_START_TO_S 30 /* who has not looked for a day does not wait two minutes more */
#define WAKE_TO_S 120
#define UNLOCK_TO_S 10
#define LEAST_GAP_US KOBAN_MINUTE_US
#define PUT_OFF_US KOBAN_HOUR_US
/* While the ledger cannot be written, and so keeps saying that it is due; nothing is asked of a bank
 * meanwhile. */
#define MOST_GAP_US (15 * KOBAN_MINUTE_US)
#define TOGETHER_US                                                                                          \
  KOBAN_MINUTE_US /* what is due so soon after is asked for in the same burst: the radio is up */

typedef struct
{
  char *id;             /* (owned) */
  gint64 due_us;        /* boot time, from the ledger */
  gint64 stale_us;      /* boot time at which a day has passed without a good check; 0: it was told */
  gint64 soon_us;       /* boot time, 0: none; asked for out of turn, and above @due_us */
  gint64 not_before_us; /* boot time: the gap to the last check */
  gint64 put_off_us;    /* boot time, 0: not put off */
  gint64 gap_us;        /* grows while checks leave no due time behind */
  gboolean locked;
  gboolean loopback; /* needs no network */
  gboolean checking;
  gboolean seen; /* in the reading at hand */
} Entry;

struct _KobanPoller
{
  GObject parent;

  KobanClock *clock; /* (unowned) */
  KobanBooks *books; /* (unowned) */
  GRand *random;     /* (unowned) */
  KobanPollerAsk ask;
  gpointer user_data;

  GHashTable *entries; /* (owned) (element-type utf8 Entry) */
  gint64 floor_us;     /* boot time before which nothing is asked for: start, wake, network */
  guint alarm;         /* 0: none */
  gint64 alarm_us;
  gboolean running;
  gboolean fresh; /* nothing has been read yet since the start */
  gboolean online;
  gboolean reading;
  gboolean read_again; /* something changed while it was being read */
};

G_DEFINE_FINAL_TYPE (KobanPoller, koban_poller, G_TYPE_OBJECT)

static void arm (KobanPoller *self);

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->id);
  g_free (entry);
}

static gint64
boot_us (KobanPoller *self)
{
  return koban_clock_get_boot_us (self->clock);
}

/* --- due times ------------------------------------------------------------------------------- */

static gint64
entry_wish_us (KobanPoller *self, const Entry *entry)
{
  gint64 due_us = MAX (MAX (entry->due_us, entry->not_before_us), entry->put_off_us);
  if (self->online || entry->loopback)
    return due_us;
  return entry->stale_us != 0 ? MAX (entry->stale_us, due_us) : G_MAXINT64;
}

/* G_MAXINT64: not to be asked for. */
static gint64
entry_due_us (KobanPoller *self, const Entry *entry)
{
  if (entry->checking)
    return G_MAXINT64;
  if (entry->soon_us != 0)
    return entry->soon_us;

  gint64 wish_us = entry_wish_us (self, entry);
  return wish_us == G_MAXINT64 ? wish_us : MAX (wish_us, self->floor_us);
}

static void
spread (KobanPoller *self)
{
  self->floor_us = MAX (self->floor_us, boot_us (self) + koban_pace_between_us (self->random, 0, WAKE_TO_S));
}

static void
on_alarm (gpointer user_data)
{
  KobanPoller *self = user_data;
  GHashTableIter iter;
  gpointer value;
  g_autoptr(GPtrArray) due = g_ptr_array_new_with_free_func (g_free);

  /* It rings late when the computer slept over it, and maybe before anybody says that it woke up. */
  if (boot_us (self) - self->alarm_us > TOGETHER_US)
    spread (self);
  self->alarm = 0;
  self->alarm_us = 0;
  gint64 now_us = boot_us (self);
  gint64 until_us = now_us + (self->floor_us > now_us ? 0 : TOGETHER_US);
  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;
      if (entry_due_us (self, entry) > until_us)
        continue;
      entry->checking = TRUE;
      entry->soon_us = 0;
      g_ptr_array_add (due, g_strdup (entry->id));
    }
  arm (self);
  for (guint i = 0; i < due->len; i++)
    self->ask (self, due->pdata[i], self->user_data);
}

static void
disarm (KobanPoller *self)
{
  koban_alarm_clear (self->clock, &self->alarm);
  self->alarm_us = 0;
}

static void
arm (KobanPoller *self)
{
  GHashTableIter iter;
  gpointer entry;
  gint64 due_us = G_MAXINT64;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    due_us = MIN (due_us, entry_due_us (self, entry));
  if (due_us == self->alarm_us && self->alarm != 0)
    return;

  disarm (self);
  if (!self->running || due_us == G_MAXINT64)
    return;
  self->alarm_us = due_us;
  self->alarm = koban_clock_add_alarm (self->clock, due_us, on_alarm, self);
}

/* --- reading the ledger ------------------------------------------------------------------------ */

static gboolean
read_connections_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  GPtrArray **connections = job;

  *connections = koban_ledger_get_connections (ledger, error);
  return *connections != NULL;
}

static void
job_free (gpointer data)
{
  GPtrArray **connections = data;

  g_clear_pointer (connections, g_ptr_array_unref);
  g_free (connections);
}

static Entry *
entry_for (KobanPoller *self, const KobanConnection *connection)
{
  Entry *entry = g_hash_table_lookup (self->entries, connection->id);

  if (entry == NULL)
    {
      entry = g_new0 (Entry, 1);
      entry->id = g_strdup (connection->id);
      entry->loopback = connection->base_url != NULL && koban_http_url_is_loopback (connection->base_url);
      entry->gap_us = LEAST_GAP_US;
      g_hash_table_insert (self->entries, entry->id, entry);
    }
  return entry;
}

/* A due time further off than any wait there is was written under another clock: it is due now (trust T2). */
static void
entry_set (KobanPoller *self, Entry *entry, const KobanConnection *connection)
{
  gint64 wall_us = koban_clock_get_wall_us (self->clock);
  gint64 now_us = boot_us (self);
  gint64 wait_us = connection->next_check_us - wall_us;
  gint64 stale_wait_us = connection->last_check_us + KOBAN_DAY_US - wall_us;

  entry->seen = TRUE;
  if (wait_us > 0)
    entry->gap_us = LEAST_GAP_US;
  entry->locked = connection->state == KOBAN_CONNECTION_LOCKED;
  entry->due_us = now_us + (wait_us > KOBAN_PACE_LONGEST_S * KOBAN_SECOND_US ? 0 : MAX (wait_us, 0));
  entry->stale_us = connection->state == KOBAN_CONNECTION_STALE ? 0 : now_us + MAX (stale_wait_us, 0);
}

static gboolean
remove_unseen (gpointer key, gpointer value, gpointer user_data)
{
  Entry *entry = value;
  gboolean gone = !entry->seen;

  entry->seen = FALSE;
  return gone;
}

static void
hurry_if_long_overdue (KobanPoller *self, GPtrArray *connections)
{
  gint64 wall_us = koban_clock_get_wall_us (self->clock);

  for (guint i = 0; i < connections->len; i++)
    {
      const KobanConnection *connection = connections->pdata[i];
      if (connection->next_check_us > wall_us - KOBAN_DAY_US)
        continue;
      self->floor_us =
        MIN (self->floor_us,
             boot_us (self) + koban_pace_between_us (self->random, START_FROM_S, LONG_OVERDUE_START_TO_S));
      return;
    }
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanPoller) self = user_data;
  g_autoptr(GError) error = NULL;

  self->reading = FALSE;
  if (!self->running)
    return;
  if (!koban_books_finish (self->books, result, &error))
    {
      g_message ("Due times could not be read: %s", error->message);
      return;
    }

  GPtrArray *connections = *(GPtrArray **) koban_books_get_job (result);
  for (guint i = 0; i < connections->len; i++)
    {
      const KobanConnection *connection = connections->pdata[i];
      if (connection->next_check_us != 0) /* else it is being added, and not ours yet */
        entry_set (self, entry_for (self, connection), connection);
    }
  g_hash_table_foreach_remove (self->entries, remove_unseen, NULL);
  if (self->fresh)
    hurry_if_long_overdue (self, connections);
  self->fresh = FALSE;
  arm (self);
  if (self->read_again)
    koban_poller_refresh (self);
}

void
koban_poller_refresh (KobanPoller *self)
{
  self->read_again = self->reading;
  if (self->reading || !self->running)
    return;
  self->reading = TRUE;
  koban_books_read_async (self->books, read_connections_in_worker, g_new0 (GPtrArray *, 1), job_free, on_read,
                          g_object_ref (self));
}

/* --- what happens around -------------------------------------------------------------------------- */

void
koban_poller_start (KobanPoller *self)
{
  self->running = TRUE;
  self->fresh = TRUE;
  self->floor_us = boot_us (self) + koban_pace_between_us (self->random, START_FROM_S, START_TO_S);
  koban_poller_refresh (self);
}

void
koban_poller_stop (KobanPoller *self)
{
  self->running = FALSE;
  disarm (self);
}

void
koban_poller_checked (KobanPoller *self, const char *connection)
{
  Entry *entry = g_hash_table_lookup (self->entries, connection);

  if (entry != NULL)
    {
      entry->checking = FALSE;
      entry->put_off_us = 0;
      entry->not_before_us = boot_us (self) + entry->gap_us;
      entry->gap_us = MIN (entry->gap_us * 2, MOST_GAP_US);
    }
  koban_poller_refresh (self);
}

gboolean
koban_poller_put_off (KobanPoller *self, const char *connection)
{
  Entry *entry = g_hash_table_lookup (self->entries, connection);
  gint64 now_us = boot_us (self);

  if (entry == NULL || (entry->stale_us != 0 && entry->stale_us <= now_us))
    return FALSE;
  entry->checking = FALSE;
  entry->put_off_us = now_us + PUT_OFF_US;
  arm (self);
  return TRUE;
}

void
koban_poller_hurry (KobanPoller *self)
{
  GHashTableIter iter;
  gpointer entry;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &entry))
    ((Entry *) entry)->put_off_us = 0;
  spread (self);
  arm (self);
}

void
koban_poller_set_online (KobanPoller *self, gboolean online)
{
  if (self->online == online)
    return;
  self->online = online;
  if (online)
    spread (self);
  koban_poller_refresh (self);
  arm (self);
}

void
koban_poller_resumed (KobanPoller *self)
{
  spread (self);
  koban_poller_refresh (self);
  arm (self);
}

void
koban_poller_unlocked (KobanPoller *self)
{
  GHashTableIter iter;
  gpointer value;

  g_hash_table_iter_init (&iter, self->entries);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      Entry *entry = value;
      if (entry->locked)
        entry->soon_us = boot_us (self) + koban_pace_between_us (self->random, 1, UNLOCK_TO_S);
    }
  arm (self);
}

gint64
koban_poller_get_alarm_us (KobanPoller *self)
{
  return self->alarm_us;
}

static void
koban_poller_finalize (GObject *object)
{
  KobanPoller *self = KOBAN_POLLER (object);

  g_assert (self->alarm == 0);
  g_hash_table_unref (self->entries);
  G_OBJECT_CLASS (koban_poller_parent_class)->finalize (object);
}

static void
koban_poller_class_init (KobanPollerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_poller_finalize;
}

static void
koban_poller_init (KobanPoller *self)
{
  self->entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, entry_free);
  self->online = TRUE;
}

KobanPoller *
koban_poller_new (KobanClock *clock, KobanBooks *books, GRand *random, KobanPollerAsk ask, gpointer user_data)
{
  KobanPoller *self = g_object_new (KOBAN_TYPE_POLLER, NULL);

  self->clock = clock;
  self->books = books;
  self->random = random;
  self->ask = ask;
  self->user_data = user_data;
  return self;
}
