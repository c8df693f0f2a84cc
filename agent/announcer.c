/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger knows when it was last said, and so when it is next due: a restart asks it again, and
 * says nothing twice.
 */
#include "config.h"

#include "alarm.h"
#include "announcer.h"

#include <koban/date.h>

struct _KobanAnnouncer
{
  GObject parent;

  KobanClock *clock; /* (unowned) */
  KobanBooks *books; /* (unowned) */
  guint places;
  guint alarm; /* 0: none */
  gboolean asking;
  gboolean ask_again; /* something changed meanwhile */
  gboolean stopped;
};

enum
{
  SIGNAL_SAID,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanAnnouncer, koban_announcer, G_TYPE_OBJECT)

typedef struct
{
  guint places;
  gint64 now_us, next_us; /* wall; @next_us 0: nothing is watched */
  KobanMergeResult result;
} Job;

static gboolean
announce_in_worker (KobanLedger *ledger, gpointer data, GError **error)
{
  Job *job = data;

  return koban_ledger_announce (ledger, job->places, job->now_us, &job->next_us, &job->result, error);
}

static void
on_alarm (gpointer user_data)
{
  KobanAnnouncer *self = user_data;

  self->alarm = 0;
  koban_announcer_refresh (self);
}

static void
arm (KobanAnnouncer *self, const Job *job)
{
  gint64 wait_us = MAX (job->next_us - koban_clock_get_wall_us (self->clock), KOBAN_SECOND_US);

  koban_alarm_clear (self->clock, &self->alarm);
  if (job->next_us != 0 && !self->stopped)
    self->alarm =
      koban_clock_add_alarm (self->clock, koban_clock_get_boot_us (self->clock) + wait_us, on_alarm, self);
}

/* What could not be written is tried at the next change; an agent that writes nothing has worse to tell. */
static void
on_announced (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanAnnouncer) self = user_data;
  const Job *job = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  self->asking = FALSE;
  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      g_message ("That Koban watches could not be said: %s", error->message);
      return;
    }
  arm (self, job);
  if (job->result.opened > 0 && !self->stopped)
    g_signal_emit (self, signals[SIGNAL_SAID], 0);
  if (self->ask_again)
    koban_announcer_refresh (self);
}

void
koban_announcer_refresh (KobanAnnouncer *self)
{
  self->ask_again = self->asking;
  if (self->asking || self->stopped)
    return;

  Job *job = g_new0 (Job, 1);
  self->asking = TRUE;
  job->places = self->places;
  job->now_us = koban_clock_get_wall_us (self->clock);
  koban_books_write_async (self->books, announce_in_worker, job, g_free, on_announced, g_object_ref (self));
}

void
koban_announcer_set_places (KobanAnnouncer *self, guint places)
{
  self->places = places;
}

void
koban_announcer_stop (KobanAnnouncer *self)
{
  self->stopped = TRUE;
  koban_alarm_clear (self->clock, &self->alarm);
}

static void
koban_announcer_dispose (GObject *object)
{
  koban_announcer_stop (KOBAN_ANNOUNCER (object));
  G_OBJECT_CLASS (koban_announcer_parent_class)->dispose (object);
}

static void
koban_announcer_class_init (KobanAnnouncerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_announcer_dispose;
  signals[SIGNAL_SAID] =
    g_signal_new ("said", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_announcer_init (KobanAnnouncer *self)
{
}

KobanAnnouncer *
koban_announcer_new (KobanClock *clock, KobanBooks *books)
{
  KobanAnnouncer *self = g_object_new (KOBAN_TYPE_ANNOUNCER, NULL);

  self->clock = clock;
  self->books = books;
  return self;
}
