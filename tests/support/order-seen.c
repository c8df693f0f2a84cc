/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * ThreadSanitizer sees the locks of what it compiled, and GLib is not that: a queue, or a task's way back,
 * between two of our threads looks to it like no order at all. These stand before GLib's functions of the
 * same names, in a build with that sanitizer only, and say what GLib's own locks say: what was done before
 * the push is seen after the pop, and what was done before the return is seen after the propagate.
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

gboolean
g_task_propagate_boolean (GTask *task, GError **error)
{
  gboolean result = GLIBS (g_task_propagate_boolean) (task, error);

  __tsan_acquire (task);
  return result;
}
