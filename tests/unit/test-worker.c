/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Work runs in the worker, in order, all of it; its answers come back where they were asked for.
 */
#include "config.h"

#include <koban/worker.h>

#define N_WORKS 200

static KobanWorker *worker;
static guint n_run, n_answered;
static GThread *home;

static void
work (GTask *task, gpointer task_data)
{
  g_assert_true (koban_worker_is_here (worker));
  g_assert_cmpuint (GPOINTER_TO_UINT (task_data), ==, n_run);
  n_run++;
  g_task_return_boolean (task, TRUE);
}

static void
on_answer (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (g_thread_self () == home);
  g_assert_true (g_task_propagate_boolean (G_TASK (result), NULL));
  n_answered++;
}

static void
on_gone (gpointer data, GObject *where)
{
  g_assert_true (g_thread_self () == home);
  *(gboolean *) data = TRUE;
}

static void
test_order (void)
{
  GObject *owner = g_object_new (G_TYPE_OBJECT, NULL);
  gboolean gone = FALSE;

  home = g_thread_self ();
  worker = koban_worker_new ("test");
  g_object_weak_ref (owner, on_gone, &gone);
  for (guint i = 0; i < N_WORKS; i++)
    {
      g_autoptr(GTask) task = g_task_new (owner, NULL, on_answer, NULL);

      g_task_set_task_data (task, GUINT_TO_POINTER (i), NULL);
      koban_worker_push (worker, task, work);
    }
  g_object_unref (owner);
  koban_worker_stop (worker);
  g_assert_cmpuint (n_run, ==, N_WORKS);
  g_assert_false (koban_worker_is_here (worker));
  while (n_answered < N_WORKS || !gone)
    g_main_context_iteration (NULL, TRUE);
  g_clear_object (&worker);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/worker/order", test_order);
  return g_test_run ();
}
