/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ThreadSanitizer sees the locks of what it compiled, and GLib is not that: a queue, or a task's way back,
 * between two of our threads looks to it like no order at all. These stand before GLib's functions of the
 * same names, in a build with that sanitizer only, and say what GLib's own locks say: what was done before
 * the push is seen after the pop, what was done before the return is seen by who hears of it, and what was
 * done before an idle source was attached is seen by what it calls.
 */
#include "config.h"

#include <dlfcn.h>
#include <gio/gio.h>

void __tsan_acquire (void *address);
void __tsan_release (void *address);

#define GLIBS(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

void
g_async_queue_push (GAsyncQueue *queue, gpointer data)
{
  __tsan_release (queue);
  GLIBS (g_async_queue_push) (queue, data);
}

gpointer
g_async_queue_pop (GAsyncQueue *queue)
{
  gpointer data = GLIBS (g_async_queue_pop) (queue);

  __tsan_acquire (queue);
  return data;
}

gpointer
g_async_queue_timeout_pop (GAsyncQueue *queue, guint64 timeout_us)
{
  gpointer data = GLIBS (g_async_queue_timeout_pop) (queue, timeout_us);

  if (data != NULL)
    __tsan_acquire (queue);
  return data;
}

void
g_task_return_boolean (GTask *task, gboolean result)
{
  __tsan_release (task);
  GLIBS (g_task_return_boolean) (task, result);
}

void
g_task_return_error (GTask *task, GError *error)
{
  __tsan_release (task);
  GLIBS (g_task_return_error) (task, error);
}

/* The task tells its caller by a source of GLib's own. */
typedef struct
{
  GAsyncReadyCallback callback;
  gpointer user_data;
} Heard;

static void
hear (GObject *object, GAsyncResult *task, gpointer user_data)
{
  g_autofree Heard *heard = user_data;

  __tsan_acquire (heard);
  __tsan_acquire (task);
  heard->callback (object, task, heard->user_data);
}

#undef g_task_new
GTask *
g_task_new (gpointer object, GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  if (callback == NULL)
    return GLIBS (g_task_new) (object, cancellable, NULL, NULL);

  Heard *heard = g_new (Heard, 1);
  *heard = (Heard){ callback, user_data };
  __tsan_release (heard);
  return GLIBS (g_task_new) (object, cancellable, hear, heard);
}

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  gboolean result = GLIBS (g_task_propagate_boolean) (task, error);

  __tsan_acquire (task);
  return result;
}

typedef struct
{
  GSource *source;
  GSourceFunc func;
  gpointer data;
  GDestroyNotify notify;
} Idle;

static gboolean
run_idle (gpointer data)
{
  Idle *idle = data;

  __tsan_acquire (idle);
  __tsan_acquire (idle->source);
  return idle->func (idle->data);
}

static void
idle_free (gpointer data)
{
  g_autofree Idle *idle = data;

  __tsan_acquire (idle);
  __tsan_acquire (idle->source);
  if (idle->notify != NULL)
    idle->notify (idle->data);
}

static __thread GSource *newest; /* of idle ones */

GSource *
g_idle_source_new (void)
{
  return newest = GLIBS (g_idle_source_new) ();
}

/* Of other sources the callback's shape is not known; what they wake for comes by a queue or a task. */
void
g_source_set_callback (GSource *source, GSourceFunc func, gpointer data, GDestroyNotify notify)
{
  if (source != newest)
    {
      GLIBS (g_source_set_callback) (source, func, data, notify);
      return;
    }
  newest = NULL;

  Idle *idle = g_new (Idle, 1);
  *idle = (Idle){ source, func, data, notify };
  __tsan_release (idle);
  GLIBS (g_source_set_callback) (source, run_idle, idle, idle_free);
}

guint
g_source_attach (GSource *source, GMainContext *context)
{
  __tsan_release (source);
  return GLIBS (g_source_attach) (source, context);
}
