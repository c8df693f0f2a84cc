/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The checks that are running. It keeps two checks of one connection from meeting, and a check from whoever
 * else uses the connection's secret: of a token that is renewed there is one, and one that renews it. It
 * knows when the last one has ended; it decides neither when one begins nor what it does.
 */
#include "config.h"

#include "rounds.h"

#include <koban/error.h>

typedef struct
{
  KobanRounds *rounds;       /* (unowned): outlives every round */
  char *connection;          /* (owned) */
  GCancellable *cancellable; /* (owned) */
  GPtrArray *waiting;        /* (owned) (element-type GTask) */
  GPtrArray *halting;        /* (owned) (element-type GTask): want to hear of the end only */
} Round;

/* Who waits for a connection that is in use, in the order of their coming. */
typedef struct
{
  GTask *task;       /* (owned) */
  gboolean reserves; /* or asks for a check, for … */
  KobanCycleReason reason;
} Waiter;

struct _KobanRounds
{
  GObject parent;

  const KobanCycleTools *tools; /* (unowned) */
  GHashTable *running;          /* (owned) (element-type utf8 Round) */
  GHashTable *reserved;         /* (owned) (element-type utf8): connections that are used otherwise */
  GHashTable *queues;           /* (owned) (element-type utf8 GQueue): of Waiter */
  GTask *halted;                /* (owned) (nullable): all must end, and none begins again */
  gboolean closed;
};

enum
{
  SIGNAL_CHECKED,
  SIGNAL_PROGRESS,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanRounds, koban_rounds, G_TYPE_OBJECT)

static void
round_free (gpointer data)
{
  Round *round = data;

  g_assert (round->waiting->len == 0 && round->halting->len == 0);
  g_free (round->connection);
  g_object_unref (round->cancellable);
  g_ptr_array_unref (round->waiting);
  g_ptr_array_unref (round->halting);
  g_free (round);
}

static void
on_progress (const char *connection, const char *step, gpointer user_data)
{
  g_signal_emit (user_data, signals[SIGNAL_PROGRESS], 0, connection, step);
}

static void
answer_waiting (GPtrArray *waiting, KobanOutcome *outcome, const GError *error)
{
  for (guint i = 0; i < waiting->len; i++)
    if (outcome != NULL)
      g_task_return_pointer (waiting->pdata[i], koban_outcome_ref (outcome),
                             (GDestroyNotify) koban_outcome_unref);
    else
      g_task_return_error (waiting->pdata[i], g_error_copy (error));
}

static void
answer_halting (KobanRounds *self, GPtrArray *halting)
{
  for (guint i = 0; i < halting->len; i++)
    g_task_return_boolean (halting->pdata[i], TRUE);
  if (self->halted != NULL && g_hash_table_size (self->running) == 0)
    {
      g_autoptr(GTask) halted = g_steal_pointer (&self->halted);
      g_task_return_boolean (halted, TRUE);
    }
}

static void serve_next (KobanRounds *self, const char *connection);

static void
on_cycle_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Round *round = user_data;
  g_autoptr(KobanRounds) self = g_object_ref (round->rounds);
  g_autoptr(GError) error = NULL;

  g_autoptr(KobanOutcome) outcome = koban_cycle_run_finish (result, &error);
  g_autoptr(GPtrArray) waiting = g_steal_pointer (&round->waiting);
  g_autoptr(GPtrArray) halting = g_steal_pointer (&round->halting);
  round->waiting = g_ptr_array_new ();
  round->halting = g_ptr_array_new ();
  g_autofree char *connection = g_strdup (round->connection);
  g_hash_table_remove (self->running, connection);

  answer_waiting (waiting, outcome, error);
  if (outcome != NULL)
    g_signal_emit (self, signals[SIGNAL_CHECKED], 0, outcome);
  answer_halting (self, halting);
  serve_next (self, connection);
}

static Round *
round_begin (KobanRounds *self, const char *connection, KobanCycleReason reason)
{
  Round *round = g_new0 (Round, 1);

  round->rounds = self;
  round->connection = g_strdup (connection);
  round->cancellable = g_cancellable_new ();
  round->waiting = g_ptr_array_new_with_free_func (g_object_unref);
  round->halting = g_ptr_array_new_with_free_func (g_object_unref);
  g_hash_table_insert (self->running, round->connection, round);
  koban_cycle_run_async (self->tools, connection, reason, on_progress, self, round->cancellable,
                         on_cycle_done, round);
  return round;
}

static void
waiter_free (gpointer data)
{
  Waiter *waiter = data;

  g_clear_object (&waiter->task);
  g_free (waiter);
}

static void
queue_free (gpointer data)
{
  g_queue_free_full (data, waiter_free);
}

static void
wait_for (KobanRounds *self, const char *connection, gboolean reserves, KobanCycleReason reason, GTask *task)
{
  GQueue *queue = g_hash_table_lookup (self->queues, connection);
  Waiter *waiter = g_new0 (Waiter, 1);

  if (queue == NULL)
    {
      queue = g_queue_new ();
      g_hash_table_insert (self->queues, g_strdup (connection), queue);
    }
  waiter->task = task;
  waiter->reserves = reserves;
  waiter->reason = reason;
  g_queue_push_tail (queue, waiter);
}

/* Checks that are asked for at once are one. */
static void
serve_next (KobanRounds *self, const char *connection)
{
  GQueue *queue = g_hash_table_lookup (self->queues, connection);

  while (queue != NULL && !g_queue_is_empty (queue) && !g_hash_table_contains (self->reserved, connection))
    {
      Waiter *waiter = g_queue_peek_head (queue);
      Round *round = g_hash_table_lookup (self->running, connection);
      if (waiter->reserves && round != NULL)
        return;
      g_queue_pop_head (queue);
      if (waiter->reserves)
        {
          g_hash_table_add (self->reserved, g_strdup (connection));
          g_task_return_boolean (waiter->task, TRUE);
        }
      else
        {
          round = round != NULL ? round : round_begin (self, connection, waiter->reason);
          g_ptr_array_add (round->waiting, g_steal_pointer (&waiter->task));
        }
      waiter_free (waiter);
    }
}

void
koban_rounds_reserve_async (KobanRounds *self,
                            const char *connection,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, koban_rounds_reserve_async);
  if (self->closed)
    {
      g_task_return_boolean (task, FALSE);
      return;
    }
  wait_for (self, connection, TRUE, KOBAN_CYCLE_BY_PERSON, g_steal_pointer (&task));
  serve_next (self, connection);
}

gboolean
koban_rounds_reserve_finish (KobanRounds *self, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), NULL);
}

void
koban_rounds_release (KobanRounds *self, const char *connection)
{
  g_hash_table_remove (self->reserved, connection);
  if (!self->closed)
    serve_next (self, connection);
}

void
koban_rounds_check_async (KobanRounds *self,
                          const char *connection,
                          KobanCycleReason reason,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, cancellable, callback, user_data);
  Round *round = g_hash_table_lookup (self->running, connection);

  g_task_set_source_tag (task, koban_rounds_check_async);
  if (self->closed || (round != NULL && round->halting->len > 0))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Halted");
      return;
    }
  if (g_hash_table_contains (self->reserved, connection))
    {
      wait_for (self, connection, FALSE, reason, g_steal_pointer (&task));
      return;
    }
  if (round == NULL)
    round = round_begin (self, connection, reason);
  g_ptr_array_add (round->waiting, g_steal_pointer (&task));
}

KobanOutcome *
koban_rounds_check_finish (KobanRounds *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* Nobody is served any more. */
static void
turn_away (KobanRounds *self)
{
  GHashTableIter iter;
  gpointer queue;

  g_hash_table_iter_init (&iter, self->queues);
  while (g_hash_table_iter_next (&iter, NULL, &queue))
    for (GList *link = ((GQueue *) queue)->head; link != NULL; link = link->next)
      {
        Waiter *waiter = link->data;
        if (waiter->reserves)
          g_task_return_boolean (waiter->task, FALSE);
        else
          g_task_return_new_error (waiter->task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Halted");
      }
  g_hash_table_remove_all (self->queues);
}

static void
halt_all (KobanRounds *self, GTask *task)
{
  GHashTableIter iter;
  gpointer round;

  self->closed = TRUE;
  turn_away (self);
  if (g_hash_table_size (self->running) == 0)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_set_object (&self->halted, task);
  g_hash_table_iter_init (&iter, self->running);
  while (g_hash_table_iter_next (&iter, NULL, &round))
    g_cancellable_cancel (((Round *) round)->cancellable);
}

void
koban_rounds_halt_async (KobanRounds *self,
                         const char *connection,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, koban_rounds_halt_async);
  if (connection == NULL)
    {
      halt_all (self, task);
      return;
    }

  Round *round = g_hash_table_lookup (self->running, connection);
  if (round == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  g_ptr_array_add (round->halting, g_steal_pointer (&task));
  g_cancellable_cancel (round->cancellable);
}

void
koban_rounds_halt_finish (KobanRounds *self, GAsyncResult *result)
{
  g_task_propagate_boolean (G_TASK (result), NULL);
}

static void
koban_rounds_finalize (GObject *object)
{
  KobanRounds *self = KOBAN_ROUNDS (object);

  g_assert (g_hash_table_size (self->running) == 0);
  g_assert (self->halted == NULL);
  g_hash_table_unref (self->running);
  g_hash_table_unref (self->reserved);
  g_hash_table_unref (self->queues);
  G_OBJECT_CLASS (koban_rounds_parent_class)->finalize (object);
}

static void
koban_rounds_class_init (KobanRoundsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_rounds_finalize;
  signals[SIGNAL_CHECKED] = g_signal_new ("checked", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 1, G_TYPE_POINTER);
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
koban_rounds_init (KobanRounds *self)
{
  self->running = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, round_free);
  self->reserved = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->queues = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, queue_free);
}

KobanRounds *
koban_rounds_new (const KobanCycleTools *tools)
{
  KobanRounds *self = g_object_new (KOBAN_TYPE_ROUNDS, NULL);

  self->tools = tools;
  return self;
}
