/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread that takes tasks from one queue, in order, until the task that is its end, and says when none
 * came for a while. It knows nothing of what it runs, and it never drops the last reference of a task: an
 * owner is disposed where it was made.
 */
#include "config.h"

#include <koban/worker.h>

#define REST_AFTER_US (2 * G_USEC_PER_SEC) /* longer than between two steps of one check */

typedef struct
{
  GTask *task; /* (owned); NULL is the worker's own end */
  KobanWorkFunc func;
} Work;

struct _KobanWorker
{
  GObject parent_instance;

  GThread *thread;    /* (owned) (nullable): NULL after stop */
  GAsyncQueue *queue; /* (owned) (element-type Work) */
  KobanRestFunc rest; /* (nullable): fixed before the first work */
  gpointer rest_data; /* (unowned) */
};

G_DEFINE_FINAL_TYPE (KobanWorker, koban_worker, G_TYPE_OBJECT)

static gboolean
on_release (gpointer task)
{
  return G_SOURCE_REMOVE;
}

static void
release_where_made (GTask *task)
{
  GSource *source = g_idle_source_new ();

  g_source_set_static_name (source, "koban-worker-release");
  g_source_set_priority (source, g_task_get_priority (task));
  g_source_set_callback (source, on_release, task, g_object_unref);
  g_source_attach (source, g_task_get_context (task));
  g_source_unref (source);
}

/* The first work, however long it takes; after some, it may rest once. */
static Work *
wait_for_work (KobanWorker *self, gboolean worked)
{
  Work *work = worked ? g_async_queue_timeout_pop (self->queue, REST_AFTER_US) : NULL;

  if (work != NULL)
    return work;
  if (worked && self->rest != NULL)
    self->rest (self->rest_data);
  return g_async_queue_pop (self->queue);
}

/* The worker outlives its thread: it is stopped before it is disposed. */
static gpointer
run_in_worker (gpointer data)
{
  KobanWorker *self = data;

  for (gboolean worked = FALSE;; worked = TRUE)
    {
      g_autofree Work *work = wait_for_work (self, worked);

      if (work->task == NULL)
        return NULL;
      work->func (work->task, g_task_get_task_data (work->task));
      release_where_made (work->task);
    }
}

KobanWorker *
koban_worker_new (const char *name)
{
  KobanWorker *self = g_object_new (KOBAN_TYPE_WORKER, NULL);

  self->thread = g_thread_new (name, run_in_worker, self);
  return self;
}

void
koban_worker_set_rest (KobanWorker *self, KobanRestFunc rest, gpointer user_data)
{
  g_return_if_fail (KOBAN_IS_WORKER (self));

  self->rest_data = user_data;
  self->rest = rest;
}

static void
push (KobanWorker *self, GTask *task, KobanWorkFunc func)
{
  Work *work = g_new (Work, 1);

  *work = (Work){ task, func };
  g_async_queue_push (self->queue, work);
  /* cppcheck-suppress memleak ; the worker frees it */
}

void
koban_worker_push (KobanWorker *self, GTask *task, KobanWorkFunc func)
{
  g_return_if_fail (KOBAN_IS_WORKER (self) && G_IS_TASK (task) && func != NULL);
  g_return_if_fail (self->thread != NULL);

  push (self, g_object_ref (task), func);
}

gboolean
koban_worker_is_here (KobanWorker *self)
{
  g_return_val_if_fail (KOBAN_IS_WORKER (self), FALSE);

  return g_thread_self () == self->thread;
}

void
koban_worker_stop (KobanWorker *self)
{
  g_return_if_fail (KOBAN_IS_WORKER (self) && !koban_worker_is_here (self));

  if (self->thread == NULL)
    return;
  push (self, NULL, NULL);
  /* Until the last work has ended, the worker must know its thread. */
  (void) g_thread_join (self->thread);
  self->thread = NULL;
}

static void
koban_worker_init (KobanWorker *self)
{
  self->queue = g_async_queue_new ();
}

static void
koban_worker_dispose (GObject *object)
{
  g_assert (KOBAN_WORKER (object)->thread == NULL);

  G_OBJECT_CLASS (koban_worker_parent_class)->dispose (object);
}

static void
koban_worker_finalize (GObject *object)
{
  g_async_queue_unref (KOBAN_WORKER (object)->queue);

  G_OBJECT_CLASS (koban_worker_parent_class)->finalize (object);
}

static void
koban_worker_class_init (KobanWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_worker_dispose;
  G_OBJECT_CLASS (klass)->finalize = koban_worker_finalize;
}
