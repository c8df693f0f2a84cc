/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The checks that are running. It keeps two checks of one connection from meeting, and knows when
 * the last one has ended; it decides neither when one begins nor what it does.
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

struct _KobanRounds
{
  GObject parent;

  const KobanCycleTools *tools; /* (unowned) */
  GHashTable *running;          /* (owned) (element-type utf8 Round) */
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
  g_hash_table_remove (self->running, round->connection);

  answer_waiting (waiting, outcome, error);
  if (outcome != NULL)
    g_signal_emit (self, signals[SIGNAL_CHECKED], 0, outcome);
  answer_halting (self, halting);
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

static void
halt_all (KobanRounds *self, GTask *task)
{
  GHashTableIter iter;
  gpointer round;

  self->closed = TRUE;
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
}

KobanRounds *
koban_rounds_new (const KobanCycleTools *tools)
{
  KobanRounds *self = g_object_new (KOBAN_TYPE_ROUNDS, NULL);

  self->tools = tools;
  return self;
}
