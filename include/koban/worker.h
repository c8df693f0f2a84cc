/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One thread and one queue for what blocks and must stay in order. Work queued first runs first;
 * the last task of a worker is its own end.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_WORKER (koban_worker_get_type ())
G_DECLARE_FINAL_TYPE (KobanWorker, koban_worker, KOBAN, WORKER, GObject)

/* Runs in the worker's thread and must end @task with a g_task_return_* function. */
typedef void (*KobanWorkFunc) (GTask *task, gpointer task_data);

/* Runs in the worker's thread. */
typedef void (*KobanRestFunc) (gpointer user_data);

KobanWorker *koban_worker_new (const char *name);

/* @rest runs once when there was work and then none for two seconds: the moment to give memory back. To be set before the
 * first work is queued. */
void     koban_worker_set_rest (KobanWorker *self, KobanRestFunc rest, gpointer user_data);

/* Queues @task; its callback runs in the context where @task was made. Not cancellable once begun:
 * @func decides at its start by g_task_return_error_if_cancelled(). */
void     koban_worker_push (KobanWorker *self, GTask *task, KobanWorkFunc func);

/* TRUE in the worker's own thread: g_assert (koban_worker_is_here (worker)). */
gboolean koban_worker_is_here (KobanWorker *self);

/* Lets all queued work end, then joins the thread. Dispose asserts that this was called. */
void     koban_worker_stop (KobanWorker *self);

G_END_DECLS
