/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One channel's way from the outbox. One round is: read what is due, show it, mark it, and so on until
 * nothing is due; then one alarm for what waits. Only the ledger knows what is still to be told,
 * so nothing is lost with this process.
 */
#include "config.h"

#include "alarm.h"
#include "lane.h"
#include "retry.h"
#include "vigil.h"
#include "words.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>

#define STOP_S 3 /* a server that hangs does not keep us from leaving (trust P7) */

struct _KobanLane
{
  GObject parent;

  KobanClock *clock;     /* (unowned) */
  KobanBooks *books;     /* (unowned) */
  KobanChannel *channel; /* (owned) */
  GRand *random;         /* (unowned) */
  gulong on_available_id;
  KobanQuiet quiet;
  KobanVigil *vigil; /* (owned) */

  char *unmarked;            /* (owned) (nullable): what was shown, and could not be marked as sent */
  GHashTable *shown;         /* (owned) (element-type utf8): incidents that the channel shows */
  GCancellable *cancellable; /* (owned): of the delivery at hand */
  guint alarm;               /* 0: none */
  gboolean busy;             /* a round is under way */
  gboolean again;            /* something was committed meanwhile */
  gboolean show_open;        /* the next round begins with the open incidents */
  gboolean impatient;        /* the next round does not wait for retry times: the channel came back */
  gboolean failing;          /* the last delivery was not taken */
  gboolean blind;            /* the person was told, or is being told, that nothing can be kept */
  GTask *stopping;           /* (owned) (nullable) */
  guint stop_alarm;          /* 0: none */
  gboolean stopped;
};

enum
{
  SIGNAL_FARED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanLane, koban_lane, G_TYPE_OBJECT)

/* One round. Filled in the ledger thread, emptied in the main thread. */
typedef struct
{
  KobanLane *lane; /* (owned) */
  char *channel;   /* (owned) */
  gint64 now_us;   /* wall */
  KobanQuiet quiet;
  gboolean impatient; /* also what is still to wait for its next try */
  gboolean want_open;
  gboolean want_all;  /* to see which of the shown ones are over */
  GPtrArray *open;    /* (owned) (nullable) (element-type KobanDelivery): to be shown in silence */
  GPtrArray *due;     /* (owned) (nullable) (element-type KobanDelivery) */
  GHashTable *alive;  /* (owned) (nullable) (element-type utf8): incidents that are still open */
  gint64 next_us;     /* wall: of those that wait, 0: none */
  gint64 retry_us;    /* wall: of the delivery that failed, 0: it was taken */
  char *why;          /* (owned) (nullable) */
  KobanMessage *said; /* (owned) (nullable): NULL: the delivery at hand is only marked */
} Round;

static void round_show_next (Round *round);
static void on_alarm (gpointer user_data);

static void
round_free (Round *round)
{
  g_clear_object (&round->lane);
  g_free (round->channel);
  g_clear_pointer (&round->open, g_ptr_array_unref);
  g_clear_pointer (&round->due, g_ptr_array_unref);
  g_clear_pointer (&round->alive, g_hash_table_unref);
  g_free (round->why);
  g_clear_pointer (&round->said, koban_message_free);
  g_free (round);
}

/* --- read ---------------------------------------------------------------------------------------- */

static void
add_incidents (GHashTable *alive, GPtrArray *deliveries)
{
  for (guint i = 0; i < deliveries->len; i++)
    g_hash_table_add (alive, g_strdup (((KobanDelivery *) deliveries->pdata[i])->incident));
}

static gboolean
read_alive (KobanLedger *ledger, Round *round, GError **error)
{
  g_autoptr(GPtrArray) waiting = koban_ledger_get_outbox (ledger, G_MAXINT64, NULL, error);
  if (waiting == NULL)
    return FALSE;
  g_autoptr(GPtrArray) open = koban_ledger_get_open_deliveries (ledger, round->channel, error);
  if (open == NULL)
    return FALSE;

  round->alive = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  add_incidents (round->alive, waiting);
  add_incidents (round->alive, open);
  return TRUE;
}

static gboolean
read_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Round *round = job;

  if (!koban_ledger_hold (ledger, &round->quiet, round->now_us, error))
    return FALSE;
  round->due = koban_ledger_take_outbox (ledger, round->channel, round->impatient, round->now_us,
                                         &round->next_us, error);
  if (round->due == NULL)
    return FALSE;
  if (round->want_open)
    round->open = koban_ledger_get_open_deliveries (ledger, round->channel, error);
  if (round->want_open && round->open == NULL)
    return FALSE;
  return !round->want_all || read_alive (ledger, round, error);
}

static void
withdraw_what_is_over (KobanLane *self, GHashTable *alive)
{
  GHashTableIter iter;
  gpointer incident;

  g_hash_table_iter_init (&iter, self->shown);
  while (g_hash_table_iter_next (&iter, &incident, NULL))
    if (!g_hash_table_contains (alive, incident))
      {
        koban_channel_withdraw (self->channel, incident);
        g_hash_table_iter_remove (&iter);
      }
}

static void
round_end (Round *round)
{
  g_autoptr(KobanLane) self = g_object_ref (round->lane);
  gint64 next_us = round->next_us;
  gint64 now_us = koban_clock_get_wall_us (self->clock);

  round_free (round);
  self->busy = FALSE;
  if (self->stopping != NULL)
    {
      g_autoptr(GTask) stopping = g_steal_pointer (&self->stopping);
      koban_alarm_clear (self->clock, &self->stop_alarm);
      g_task_return_boolean (stopping, TRUE);
      return;
    }
  if (self->again)
    koban_lane_wake (self);
  else if (next_us != 0 && !self->stopped)
    {
      gint64 wait_us = MAX (next_us - now_us, KOBAN_SECOND_US);
      gint64 alarm_us = koban_clock_get_boot_us (self->clock) + wait_us;
      self->alarm = koban_clock_add_alarm (self->clock, alarm_us, on_alarm, self);
    }
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (round->lane->books, result, &error))
    {
      g_message ("The outbox could not be read: %s", error->message);
      round_end (round);
      return;
    }
  if (round->alive != NULL)
    withdraw_what_is_over (round->lane, round->alive);
  round_show_next (round);
}

static void
on_alarm (gpointer user_data)
{
  KobanLane *self = user_data;

  self->alarm = 0;
  koban_lane_wake (self);
}

void
koban_lane_wake (KobanLane *self)
{
  self->again = self->busy;
  if (self->busy || self->stopped)
    return;
  koban_alarm_clear (self->clock, &self->alarm);

  Round *round = g_new0 (Round, 1);
  self->busy = TRUE;
  round->lane = g_object_ref (self);
  round->channel = g_strdup (koban_channel_get_name (self->channel));
  round->now_us = koban_clock_get_wall_us (self->clock);
  round->quiet = self->quiet;
  round->impatient = self->impatient;
  round->want_open = self->show_open;
  round->want_all = g_hash_table_size (self->shown) > 0;
  self->show_open = FALSE;
  self->impatient = FALSE;
  koban_books_write_async (self->books, read_in_worker, round, NULL, on_read, round);
}

/* --- show and mark --------------------------------------------------------------------------------- */

static gboolean
mark (KobanLedger *ledger, Round *round, GError **error)
{
  const KobanDelivery *delivery = round->due->pdata[0];
  KobanSaid said = { 0 };

  if (round->retry_us != 0)
    return koban_ledger_mark_unsent (ledger, delivery, round->now_us, round->retry_us, round->why, error);
  if (round->said != NULL)
    said = koban_words_said (round->said, round->channel);
  return koban_ledger_mark_sent (ledger, delivery, round->said != NULL ? &said : NULL, round->now_us, error);
}

/* With the mark it is planned what comes next. */
static gboolean
mark_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Round *round = job;

  return mark (ledger, round, error) &&
         koban_ledger_next_due (ledger, round->channel, round->now_us, &round->next_us, error);
}

/* A failure may have opened what the others must tell, and the end of failures may have closed it. */
static void
tell_how_it_fared (KobanLane *self, gboolean taken)
{
  gboolean news = !taken || self->failing;

  self->failing = !taken;
  if (news)
    g_signal_emit (self, signals[SIGNAL_FARED], 0);
}

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  g_autoptr(GError) error = NULL;

  gboolean marked = koban_books_finish (round->lane->books, result, &error);
  g_clear_pointer (&round->lane->unmarked, g_free);
  if (!marked)
    g_message ("A delivery could not be marked, and may be repeated: %s", error->message);
  if (!marked && round->retry_us == 0)
    round->lane->unmarked = g_strdup (((KobanDelivery *) round->due->pdata[0])->message_id);
  if (!marked && round->retry_us != 0)
    round->next_us = round->next_us == 0 ? round->retry_us : MIN (round->next_us, round->retry_us);
  g_clear_pointer (&round->said, koban_message_free);
  g_ptr_array_remove_index (round->due, 0);
  tell_how_it_fared (round->lane, round->retry_us == 0);
  if (marked)
    round_show_next (round);
  else
    round_end (round);
}

static gint64
retry_wait_us (KobanLane *self, const KobanDelivery *delivery, const GError *error)
{
  return koban_retry_wait_us (koban_channel_get_kind (self->channel), delivery->attempts, error,
                              koban_channel_get_retry_s (self->channel), self->random);
}

/* A delivery that was given up because we are leaving is left as it was: it is sent again at the next start.
 */
static void
on_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  KobanLane *self = round->lane;
  const KobanDelivery *delivery = round->due->pdata[0];
  g_autoptr(GError) error = NULL;

  gboolean taken = koban_channel_show_finish (self->channel, result, &error);
  if (koban_error_is_cancelled (error))
    {
      round_end (round);
      return;
    }

  round->now_us = koban_clock_get_wall_us (self->clock);
  round->retry_us = taken ? 0 : round->now_us + retry_wait_us (self, delivery, error);
  g_clear_pointer (&round->why, g_free);
  round->why = taken ? NULL : g_strdup (error->message);
  if (taken && !delivery->passing)
    g_hash_table_add (self->shown, g_strdup (delivery->incident));
  if (!taken)
    g_message ("%s could not be shown on %s yet: %s", delivery->incident, round->channel, error->message);
  koban_books_write_async (self->books, mark_in_worker, round, NULL, on_marked, round);
}

/* A full disk must not make one bubble a check: what the person has seen is only marked. */
static gboolean
was_shown (Round *round, const KobanDelivery *delivery)
{
  return g_strcmp0 (delivery->message_id, round->lane->unmarked) == 0;
}

static KobanMessage *
make_message (KobanLane *self, const KobanDelivery *delivery)
{
  return koban_words_of_delivery (delivery, koban_channel_get_kind (self->channel),
                                  koban_channel_get_detail (self->channel),
                                  koban_clock_get_wall_us (self->clock));
}

/* What was shown and could not be marked is journalled as it was said; what has no words here is not. */
static void
mark_only (Round *round, const KobanDelivery *delivery)
{
  KobanLane *self = round->lane;

  round->now_us = koban_clock_get_wall_us (self->clock);
  round->retry_us = 0;
  round->said = delivery->unsaid ? NULL : make_message (self, delivery);
  koban_books_write_async (self->books, mark_in_worker, round, NULL, on_marked, round);
}

static void
on_open_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  KobanLane *self = round->lane;
  const KobanDelivery *delivery = round->open->pdata[0];
  g_autoptr(GError) error = NULL;

  if (koban_channel_show_finish (self->channel, result, &error))
    g_hash_table_add (self->shown, g_strdup (delivery->incident));
  g_ptr_array_remove_index (round->open, 0);
  round_show_next (round);
}

static gboolean
is_due (const Round *round, const char *incident)
{
  for (guint i = 0; i < round->due->len; i++)
    if (g_str_equal (((KobanDelivery *) round->due->pdata[i])->incident, incident))
      return TRUE;
  return FALSE;
}

static KobanDelivery *
next_open (Round *round)
{
  while (round->open != NULL && round->open->len > 0)
    {
      KobanDelivery *delivery = round->open->pdata[0];
      if (delivery->alerts->len > 0 && !is_due (round, delivery->incident))
        return delivery;
      g_ptr_array_remove_index (round->open, 0);
    }
  return NULL;
}

static KobanDelivery *
next_due (Round *round)
{
  while (round->due->len > 0)
    {
      KobanDelivery *delivery = round->due->pdata[0];
      if (delivery->alerts->len > 0)
        return delivery;
      g_ptr_array_remove_index (round->due, 0);
    }
  return NULL;
}

static void
round_show_next (Round *round)
{
  KobanLane *self = round->lane;
  KobanDelivery *open = self->stopped ? NULL : next_open (round);
  KobanDelivery *delivery = open == NULL && !self->stopped ? next_due (round) : open;

  if (delivery == NULL)
    {
      round_end (round);
      return;
    }
  if (open == NULL && (delivery->unsaid || was_shown (round, delivery)))
    {
      mark_only (round, delivery);
      return;
    }
  if (open != NULL)
    open->silent = TRUE;
  g_autoptr(KobanMessage) message = make_message (self, delivery);
  koban_channel_show_async (self->channel, message, self->cancellable,
                            open != NULL ? on_open_shown : on_shown, round);
  if (open == NULL)
    round->said = g_steal_pointer (&message);
}

/* --- start, stop ------------------------------------------------------------------------------ */

static void
on_available (KobanChannel *channel, gpointer user_data)
{
  KobanLane *self = user_data;

  self->show_open = koban_channel_get_kind (channel) == KOBAN_CHANNEL_DESKTOP;
  self->impatient = TRUE;
  koban_lane_wake (self);
}

/* A screen forgets with its server; a phone keeps what it got. */
void
koban_lane_start (KobanLane *self)
{
  self->show_open = koban_channel_get_kind (self->channel) == KOBAN_CHANNEL_DESKTOP;
  koban_lane_wake (self);
}

void
koban_lane_set_quiet (KobanLane *self, const KobanQuiet *quiet)
{
  self->quiet = *quiet;
}

void
koban_lane_looked (KobanLane *self)
{
  if (!self->stopped)
    koban_vigil_looked (self->vigil);
}

KobanChannel *
koban_lane_get_channel (KobanLane *self)
{
  return self->channel;
}

/* --- what no ledger can hold ------------------------------------------------------------------------- */

#define BLIND "blind" /* no incident of the ledger is called so */

static void
on_blind_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanLane) self = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_channel_show_finish (self->channel, result, &error))
    return;
  g_message ("That nothing can be kept could not be shown yet: %s", error->message);
  self->blind = FALSE; /* the next check that fails tries again */
}

static void
show_blind (KobanLane *self, const char *why)
{
  g_autoptr(KobanMessage) message = koban_words_of_blindness (
    BLIND, why, koban_channel_get_detail (self->channel), koban_clock_get_wall_us (self->clock));

  koban_channel_show_async (self->channel, message, self->cancellable, on_blind_shown, g_object_ref (self));
}

void
koban_lane_set_blind (KobanLane *self, const char *why)
{
  gboolean was_blind = self->blind;

  if (self->stopped)
    return;
  self->blind = why != NULL;
  if (why != NULL && !was_blind)
    show_blind (self, why);
  else if (why == NULL && was_blind)
    koban_channel_withdraw (self->channel, BLIND);
}

static void
on_stop_alarm (gpointer user_data)
{
  KobanLane *self = user_data;

  self->stop_alarm = 0;
  g_cancellable_cancel (self->cancellable);
}

void
koban_lane_stop_async (KobanLane *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  self->stopped = TRUE;
  koban_vigil_stop (self->vigil);
  koban_alarm_clear (self->clock, &self->alarm);
  if (!self->busy)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  self->stopping = g_steal_pointer (&task);
  self->stop_alarm = koban_clock_add_alarm (
    self->clock, koban_clock_get_boot_us (self->clock) + STOP_S * KOBAN_SECOND_US, on_stop_alarm, self);
}

void
koban_lane_stop_finish (KobanLane *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
koban_lane_finalize (GObject *object)
{
  KobanLane *self = KOBAN_LANE (object);

  g_assert (!self->busy && self->alarm == 0 && self->stopping == NULL);
  g_clear_signal_handler (&self->on_available_id, self->channel);
  g_object_unref (self->vigil);
  g_object_unref (self->channel);
  g_hash_table_unref (self->shown);
  g_free (self->unmarked);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (koban_lane_parent_class)->finalize (object);
}

static void
koban_lane_class_init (KobanLaneClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_lane_finalize;
  signals[SIGNAL_FARED] =
    g_signal_new ("fared", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_lane_init (KobanLane *self)
{
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
}

KobanLane *
koban_lane_new (KobanClock *clock, KobanBooks *books, KobanChannel *channel, GRand *random)
{
  KobanLane *self = g_object_new (KOBAN_TYPE_LANE, NULL);

  self->clock = clock;
  self->books = books;
  self->channel = g_object_ref (channel);
  self->random = random;
  self->vigil = koban_vigil_new (clock, books, channel);
  self->on_available_id = g_signal_connect (channel, "available", G_CALLBACK (on_available), self);
  return self;
}
