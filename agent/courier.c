/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From the outbox to a channel. One round is: read what is due, show it, mark it, and so on until
 * nothing is due; then one alarm for what waits. Only the ledger knows what is still to be told,
 * so nothing is lost with this process.
 */
#include "config.h"

#include "alarm.h"
#include "courier.h"
#include "pace.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/phrase.h>

#define RETRY_BASE_S 5
#define RETRY_CAP_S (15 * 60)
#define STOP_S 3 /* a server that hangs does not keep us from leaving (trust P7) */

struct _KobanCourier
{
  GObject parent;

  KobanClock *clock;     /* (unowned) */
  KobanBooks *books;     /* (unowned) */
  KobanChannel *channel; /* (unowned) */
  GRand *random;         /* (unowned) */
  gulong on_available_id;
  gulong on_action_id;

  char *unmarked;            /* (owned) (nullable): what was shown, and could not be marked as sent */
  GHashTable *shown;         /* (owned) (element-type utf8): incidents that the channel shows */
  GCancellable *cancellable; /* (owned): of the delivery at hand */
  guint alarm;               /* 0: none */
  gboolean busy;             /* a round is under way */
  gboolean again;            /* something was committed meanwhile */
  gboolean show_open;        /* the next round begins with the open incidents */
  gboolean impatient;        /* the next round does not wait for retry times: the channel came back */
  gboolean blind;            /* the person was told, or is being told, that nothing can be kept */
  GTask *stopping;           /* (owned) (nullable) */
  guint stop_alarm;          /* 0: none */
  gboolean stopped;
};

enum
{
  SIGNAL_ACTION,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanCourier, koban_courier, G_TYPE_OBJECT)

/* One round. Filled in the ledger thread, emptied in the main thread. */
typedef struct
{
  KobanCourier *courier; /* (owned) */
  char *channel;         /* (owned) */
  gint64 now_us;         /* wall */
  gint64 due_us;         /* wall: what is due by then is taken */
  gboolean want_open;
  gboolean want_all; /* to see which of the shown ones are over */
  GPtrArray *open;   /* (owned) (nullable) (element-type KobanDelivery): to be shown in silence */
  GPtrArray *due;    /* (owned) (nullable) (element-type KobanDelivery) */
  GHashTable *alive; /* (owned) (nullable) (element-type utf8): incidents that are still open */
  gint64 next_us;    /* wall: of those that wait, 0: none */
  gint64 retry_us;   /* wall: of the delivery that failed, 0: it was taken */
  char *why;         /* (owned) (nullable) */
} Round;

static void round_show_next (Round *round);
static void on_alarm (gpointer user_data);

static void
round_free (Round *round)
{
  g_clear_object (&round->courier);
  g_free (round->channel);
  g_clear_pointer (&round->open, g_ptr_array_unref);
  g_clear_pointer (&round->due, g_ptr_array_unref);
  g_clear_pointer (&round->alive, g_hash_table_unref);
  g_free (round->why);
  g_free (round);
}

/* --- words --------------------------------------------------------------------------------------- */

static gboolean
says_what_was_done (const KobanAlert *alert)
{
  return alert->kind == KOBAN_ALERT_LINK || alert->kind == KOBAN_ALERT_WITHDRAWAL;
}

static void
word_delivery (const KobanDelivery *delivery, KobanDetail detail, char **summary, char **body)
{
  gboolean gap = delivery->bundle == KOBAN_BUNDLE_GAP;

  if (delivery->bundle != KOBAN_BUNDLE_NONE)
    {
      *summary =
        koban_phrase_many_summary (delivery->alerts, delivery->incidents, gap, detail, delivery->code);
      *body =
        koban_phrase_many_body (delivery->alerts, delivery->incidents, gap, detail, delivery->ownership);
      return;
    }
  *summary = koban_phrase_summary (delivery->alerts, detail, delivery->code);
  *body = koban_phrase_body_for (delivery->alerts, detail, delivery->account_name, delivery->ownership);
}

KobanMessage *
koban_courier_word (const KobanDelivery *delivery, KobanDetail detail)
{
  const KobanAlert *worst = delivery->alerts->pdata[0];
  KobanMessage *message = g_new0 (KobanMessage, 1);

  message->incident = g_strdup (delivery->incident);
  message->many = delivery->bundle != KOBAN_BUNDLE_NONE;
  message->ownership = delivery->ownership;
  word_delivery (delivery, detail, &message->summary, &message->body);
  if (detail > KOBAN_DETAIL_MINIMAL)
    word_delivery (delivery, KOBAN_DETAIL_MINIMAL, &message->discreet_summary, &message->discreet_body);
  message->kind = worst->kind;
  message->severity = worst->severity;
  message->urgent = worst->severity >= KOBAN_SEVERITY_WARNING && says_what_was_done (worst);
  message->answerable = detail >= KOBAN_DETAIL_MINIMAL && says_what_was_done (worst) && !message->many;
  message->silent = delivery->silent;
  return message;
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

  round->due = koban_ledger_get_outbox (ledger, round->due_us, &round->next_us, error);
  if (round->due == NULL)
    return FALSE;
  if (round->want_open)
    round->open = koban_ledger_get_open_deliveries (ledger, round->channel, error);
  if (round->want_open && round->open == NULL)
    return FALSE;
  return !round->want_all || read_alive (ledger, round, error);
}

static void
withdraw_what_is_over (KobanCourier *self, GHashTable *alive)
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
  g_autoptr(KobanCourier) self = g_object_ref (round->courier);
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
    koban_courier_wake (self);
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

  if (!koban_books_finish (round->courier->books, result, &error))
    {
      g_message ("The outbox could not be read: %s", error->message);
      round_end (round);
      return;
    }
  if (round->alive != NULL)
    withdraw_what_is_over (round->courier, round->alive);
  round_show_next (round);
}

static void
on_alarm (gpointer user_data)
{
  KobanCourier *self = user_data;

  self->alarm = 0;
  koban_courier_wake (self);
}

void
koban_courier_wake (KobanCourier *self)
{
  self->again = self->busy;
  if (self->busy || self->stopped)
    return;
  koban_alarm_clear (self->clock, &self->alarm);

  Round *round = g_new0 (Round, 1);
  self->busy = TRUE;
  round->courier = g_object_ref (self);
  round->channel = g_strdup (koban_channel_get_name (self->channel));
  round->now_us = koban_clock_get_wall_us (self->clock);
  round->due_us = self->impatient ? G_MAXINT64 : round->now_us;
  round->want_open = self->show_open;
  round->want_all = g_hash_table_size (self->shown) > 0;
  self->show_open = FALSE;
  self->impatient = FALSE;
  koban_books_write_async (self->books, read_in_worker, round, NULL, on_read, round);
}

/* --- show and mark --------------------------------------------------------------------------------- */

/* One state of one delivery: what grows is another. (transfer full) */
static char *
state_of (const KobanDelivery *delivery)
{
  gint64 updated_us = 0;

  for (guint i = 0; i < delivery->alerts->len; i++)
    updated_us = MAX (updated_us, ((KobanAlert *) delivery->alerts->pdata[i])->updated_us);
  return g_strdup_printf ("%" G_GINT64_FORMAT "/%u/%" G_GINT64_FORMAT, delivery->id, delivery->alerts->len,
                          updated_us);
}

static gboolean
mark_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  Round *round = job;
  const KobanDelivery *delivery = round->due->pdata[0];

  if (round->retry_us == 0)
    return koban_ledger_mark_sent (ledger, delivery->id, round->now_us, error);
  return koban_ledger_mark_unsent (ledger, delivery->id, round->retry_us, round->why, error);
}

static void
on_marked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  g_autoptr(GError) error = NULL;

  gboolean marked = koban_books_finish (round->courier->books, result, &error);
  g_clear_pointer (&round->courier->unmarked, g_free);
  if (!marked)
    g_message ("A delivery could not be marked, and may be repeated: %s", error->message);
  if (!marked && round->retry_us == 0)
    round->courier->unmarked = state_of (round->due->pdata[0]);
  if (round->retry_us != 0)
    round->next_us = round->next_us == 0 ? round->retry_us : MIN (round->next_us, round->retry_us);
  g_ptr_array_remove_index (round->due, 0);
  if (marked)
    round_show_next (round);
  else
    round_end (round);
}

/* A delivery that was given up because we are leaving is left as it was: it is sent again at the next start.
 */
static void
on_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  KobanCourier *self = round->courier;
  const KobanDelivery *delivery = round->due->pdata[0];
  g_autoptr(GError) error = NULL;

  gboolean taken = koban_channel_show_finish (self->channel, result, &error);
  if (koban_error_is_cancelled (error))
    {
      round_end (round);
      return;
    }

  round->now_us = koban_clock_get_wall_us (self->clock);
  round->retry_us = taken
                      ? 0
                      : round->now_us + KOBAN_SECOND_US +
                          koban_pace_jitter_us (self->random, RETRY_BASE_S, RETRY_CAP_S, delivery->attempts);
  g_clear_pointer (&round->why, g_free);
  round->why = taken ? NULL : g_strdup (error->message);
  if (taken)
    g_hash_table_add (self->shown, g_strdup (delivery->incident));
  else
    g_message ("%s could not be shown yet: %s", delivery->incident, error->message);
  koban_books_write_async (self->books, mark_in_worker, round, NULL, on_marked, round);
}

/* A full disk must not make one bubble a check: what the person has seen is only marked. */
static gboolean
was_shown (Round *round, const KobanDelivery *delivery)
{
  g_autofree char *state = state_of (delivery);

  return g_strcmp0 (state, round->courier->unmarked) == 0;
}

static void
on_open_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  KobanCourier *self = round->courier;
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
      if (delivery->alerts->len > 0 && g_strcmp0 (delivery->channel, round->channel) == 0)
        return delivery;
      g_ptr_array_remove_index (round->due, 0);
    }
  return NULL;
}

static void
round_show_next (Round *round)
{
  KobanCourier *self = round->courier;
  KobanDelivery *open = self->stopped ? NULL : next_open (round);
  KobanDelivery *delivery = open == NULL && !self->stopped ? next_due (round) : open;

  if (delivery == NULL)
    {
      round_end (round);
      return;
    }
  if (open == NULL && was_shown (round, delivery))
    {
      round->now_us = koban_clock_get_wall_us (self->clock);
      round->retry_us = 0;
      koban_books_write_async (self->books, mark_in_worker, round, NULL, on_marked, round);
      return;
    }
  if (open != NULL)
    open->silent = TRUE;
  g_autoptr(KobanMessage) message = koban_courier_word (delivery, koban_channel_get_detail (self->channel));
  koban_channel_show_async (self->channel, message, self->cancellable,
                            open != NULL ? on_open_shown : on_shown, round);
}

/* --- start, test, stop ------------------------------------------------------------------------------ */

static void
on_available (KobanChannel *channel, gpointer user_data)
{
  KobanCourier *self = user_data;

  self->show_open = TRUE;
  self->impatient = TRUE;
  koban_courier_wake (self);
}

static void
on_action (KobanChannel *channel, const char *incident, const char *action, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_ACTION], 0, incident, action);
}

void
koban_courier_start (KobanCourier *self)
{
  self->show_open = TRUE;
  koban_courier_wake (self);
}

/* --- what no ledger can hold ------------------------------------------------------------------------- */

#define BLIND "blind" /* no incident of the ledger is called so */

static void
on_blind_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanCourier) self = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_channel_show_finish (self->channel, result, &error))
    return;
  g_message ("That nothing can be kept could not be shown yet: %s", error->message);
  self->blind = FALSE; /* the next check that fails tries again */
}

static void
show_blind (KobanCourier *self, const char *why)
{
  g_autofree char *body = g_strdup_printf (
    "%s %s", why,
    _("Koban does not ask the banks until it can keep what they say. This is not an all-clear."));
  KobanMessage message = {
    .incident = (char *) BLIND,
    .summary = _("Koban cannot watch: it has no room to write"),
    .body = body,
    .kind = KOBAN_ALERT_FRESHNESS,
    .severity = KOBAN_SEVERITY_CRITICAL,
    .urgent = TRUE,
    .many = TRUE,
  };

  koban_channel_show_async (self->channel, &message, self->cancellable, on_blind_shown, g_object_ref (self));
}

void
koban_courier_set_blind (KobanCourier *self, const char *why)
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

gboolean
koban_courier_is_heard (KobanCourier *self)
{
  return koban_channel_get_available (self->channel);
}

static void
on_test_shown (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanCourier *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (koban_channel_show_finish (self->channel, result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
koban_courier_test_async (KobanCourier *self,
                          const char *channel,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  /* No real incident is called so, and none is shown: it takes nobody's place. */
  KobanMessage message = {
    .incident = (char *) "test",
    .summary = _("Koban: this is a test"),
    .body = _("This is how Koban tells you that something happened. Nothing has happened now."),
    .kind = KOBAN_ALERT_FRESHNESS,
    .severity = KOBAN_SEVERITY_NOTICE,
  };

  if (!g_str_equal (channel, koban_channel_get_name (self->channel)))
    {
      g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no channel “%s”."),
                               channel);
      return;
    }
  koban_channel_show_async (self->channel, &message, cancellable, on_test_shown, g_steal_pointer (&task));
}

gboolean
koban_courier_test_finish (KobanCourier *self, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
on_stop_alarm (gpointer user_data)
{
  KobanCourier *self = user_data;

  self->stop_alarm = 0;
  g_cancellable_cancel (self->cancellable);
}

void
koban_courier_stop_async (KobanCourier *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  self->stopped = TRUE;
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
koban_courier_stop_finish (KobanCourier *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
koban_courier_finalize (GObject *object)
{
  KobanCourier *self = KOBAN_COURIER (object);

  g_assert (!self->busy && self->alarm == 0 && self->stopping == NULL);
  g_clear_signal_handler (&self->on_available_id, self->channel);
  g_clear_signal_handler (&self->on_action_id, self->channel);
  g_hash_table_unref (self->shown);
  g_free (self->unmarked);
  g_object_unref (self->cancellable);
  G_OBJECT_CLASS (koban_courier_parent_class)->finalize (object);
}

static void
koban_courier_class_init (KobanCourierClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_courier_finalize;
  signals[SIGNAL_ACTION] = g_signal_new ("action", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
koban_courier_init (KobanCourier *self)
{
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->cancellable = g_cancellable_new ();
}

KobanCourier *
koban_courier_new (KobanClock *clock, KobanBooks *books, GRand *random)
{
  KobanCourier *self = g_object_new (KOBAN_TYPE_COURIER, NULL);

  self->clock = clock;
  self->books = books;
  self->random = random;
  return self;
}

void
koban_courier_set_channels (KobanCourier *self, GPtrArray *channels)
{
  g_return_if_fail (self->channel == NULL && channels->len > 0);

  self->channel = channels->pdata[0];
  self->on_available_id = g_signal_connect (self->channel, "available", G_CALLBACK (on_available), self);
  self->on_action_id = g_signal_connect (self->channel, "action", G_CALLBACK (on_action), self);
}
