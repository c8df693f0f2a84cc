/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger behind its threads. The writing ledger belongs to the ledger thread, the read-only
 * one to the reader thread; this file hands jobs over and never touches either from the main thread.
 */
#include "config.h"

#include "books.h"

#include <glib/gstdio.h>
#include <koban/error.h>
#include <koban/worker.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* One ledger and what keeps it on its thread. */
typedef struct
{
  KobanWorker *worker; /* (owned) */
  KobanLedger *ledger; /* (owned) (nullable): touched in the worker only */
  guint64 inode;       /* of the file that it has open; 0: none yet */
} Desk;

struct _KobanBooks
{
  GObject parent;

  char *path;              /* (owned) (nullable): NULL is in memory */
  KobanServices *services; /* (unowned) (nullable) */
  KobanWariness wariness;  /* fixed before the first job */
  GVariant *claims;        /* (owned) (nullable): likewise */
  gint64 begun_us;         /* likewise: what is brought back is told as of then; 0: nothing is */
  Desk writer;
  Desk reader;     /* worker is NULL in memory: the writer reads, too */
  GError *broken;  /* (owned) (nullable): why there is no ledger; writer's thread only */
  gboolean opened; /* main thread: the reader may look for the file */
  gboolean closed; /* main thread */
  GQueue early;    /* (element-type GTask): asked of the reader before the file was there */
};

G_DEFINE_FINAL_TYPE (KobanBooks, koban_books, G_TYPE_OBJECT)

/* What became of a damaged file: of the task that found it. A later one may begin before this one is heard
 * of. */
typedef struct
{
  char *set_aside;    /* (owned) (nullable): where it went; NULL: it was not damaged */
  gboolean recovered; /* the weekly copy took its place */
} Rescue;

static void
rescue_free (gpointer data)
{
  Rescue *rescue = data;

  g_free (rescue->set_aside);
  g_free (rescue);
}

typedef struct
{
  KobanBooksFunc func;
  gpointer job;
  GDestroyNotify destroy;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  if (job->destroy != NULL)
    job->destroy (job->job);
  g_free (job);
}

/* --- on the ledger thread ------------------------------------------------------------------ */

static gboolean
recover_in_worker (KobanBooks *self)
{
  return self->path != NULL && self->begun_us != 0 &&
         koban_ledger_recover (self->path, self->services, self->begun_us);
}

static gboolean
set_aside_in_worker (KobanBooks *self, Rescue *rescue, GError **error)
{
  g_clear_pointer (&rescue->set_aside, g_free);
  if (!koban_ledger_set_aside (self->path, &rescue->set_aside, error))
    return FALSE;
  rescue->recovered = recover_in_worker (self);
  return TRUE;
}

static KobanLedger *
open_or_set_aside_in_worker (KobanBooks *self, Rescue *rescue, GError **error)
{
  g_autoptr(GError) local_error = NULL;

  recover_in_worker (self);
  KobanLedger *ledger = koban_ledger_open (self->path, self->services, &local_error);
  if (ledger != NULL)
    return ledger;
  if (self->path == NULL || !koban_error_is (local_error, KOBAN_ERROR_CORRUPT))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }

  if (!set_aside_in_worker (self, rescue, error))
    return NULL;
  return koban_ledger_open (self->path, self->services, error);
}

static guint64
inode_of (const char *path)
{
  GStatBuf info;

  return path != NULL && g_stat (path, &info) == 0 ? (guint64) info.st_ino : 0;
}

static void
settle_in_worker (KobanBooks *self)
{
  KobanLedger *ledger = self->writer.ledger;
  g_autoptr(GError) error = NULL;
  gboolean older = FALSE;

  self->writer.inode = inode_of (self->path);
  koban_ledger_set_judge (ledger, self->services, self->wariness);
  koban_ledger_set_claims (ledger, self->claims);
  if (self->begun_us == 0 || self->path == NULL)
    return;
  if (!koban_ledger_catch_up (ledger, self->path, self->begun_us, &older, &error))
    g_message ("Whether the ledger is an old one could not be known: %s", error->message);
  if (older)
    g_message ("The ledger is older than what was known: what came since is not told again.");
}

static void
return_opened_in_worker (KobanBooks *self, GTask *task)
{
  GError *error = NULL;

  g_clear_error (&self->broken);
  self->writer.ledger = open_or_set_aside_in_worker (self, g_task_get_task_data (task), &error);
  if (self->writer.ledger == NULL)
    {
      self->broken = g_error_copy (error);
      g_task_return_error (task, error);
      return;
    }
  settle_in_worker (self);
  g_task_return_boolean (task, TRUE);
}

static void
open_in_worker (GTask *task, gpointer task_data)
{
  return_opened_in_worker (g_task_get_source_object (task), task);
}

static void
verify_in_worker (GTask *task, gpointer task_data)
{
  KobanBooks *self = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;

  if (self->writer.ledger == NULL || koban_ledger_verify (self->writer.ledger, &error) ||
      !koban_error_is (error, KOBAN_ERROR_CORRUPT) || self->path == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }

  g_clear_object (&self->writer.ledger);
  GError *aside_error = NULL;
  if (set_aside_in_worker (self, g_task_get_task_data (task), &aside_error))
    return_opened_in_worker (self, task);
  else
    g_task_return_error (task, aside_error);
}

static void
run_job_in_worker (GTask *task, KobanLedger *ledger)
{
  Job *job = g_task_get_task_data (task);
  GError *error = NULL;

  if (job->func (ledger, job->job, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

/* All of it is still in our hands: the file is written anew, before anything is lost with it. */
static gboolean
put_back_in_worker (KobanBooks *self, GError **error)
{
  g_autofree char *whole = g_strconcat (self->path, KOBAN_LEDGER_WHOLE, NULL);

  if (!koban_ledger_copy (self->writer.ledger, whole, error))
    return FALSE;
  g_message ("The file of the ledger was taken away: it is written anew.");
  g_clear_object (&self->writer.ledger);
  if (koban_ledger_put_back (self->path, error))
    self->writer.ledger = koban_ledger_open (self->path, self->services, error);
  if (self->writer.ledger == NULL)
    {
      g_set_error (&self->broken, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "%s",
                   error != NULL && *error != NULL ? (*error)->message : self->path);
      return FALSE;
    }
  settle_in_worker (self);
  return TRUE;
}

/* Whether the ledger is open, and in the file that others see. */
static gboolean
in_place_in_worker (KobanBooks *self, GError **error)
{
  if (self->writer.ledger != NULL)
    return self->path == NULL || inode_of (self->path) == self->writer.inode ||
           put_back_in_worker (self, error);
  if (self->broken != NULL)
    g_propagate_error (error, g_error_copy (self->broken));
  else
    g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "The ledger is not open.");
  return FALSE;
}

static void
write_in_worker (GTask *task, gpointer task_data)
{
  KobanBooks *self = g_task_get_source_object (task);
  GError *error = NULL;

  if (!in_place_in_worker (self, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  run_job_in_worker (task, self->writer.ledger);
  if (self->begun_us != 0 && self->path != NULL)
    koban_ledger_keep_head (self->writer.ledger, self->path);
}

/* --- on the reader thread ------------------------------------------------------------------ */

/* Another file is in its place by now. While there is none, what is open is all there is. */
static void
drop_moved_in_worker (KobanBooks *self)
{
  guint64 inode = inode_of (self->path);

  if (inode != 0 && inode != self->reader.inode)
    g_clear_object (&self->reader.ledger);
}

/* What cannot be opened here, for a moment or for good, is the writer's to read, or to refuse. */
static void
read_in_worker (GTask *task, gpointer task_data)
{
  KobanBooks *self = g_task_get_source_object (task);

  drop_moved_in_worker (self);
  if (self->reader.ledger == NULL)
    self->reader.ledger = koban_ledger_open_readonly (self->path, NULL);
  if (self->reader.ledger == NULL)
    {
      koban_worker_push (self->writer.worker, task, write_in_worker);
      return;
    }
  self->reader.inode = inode_of (self->path);
  koban_ledger_set_judge (self->reader.ledger, self->services, self->wariness);
  koban_ledger_set_claims (self->reader.ledger, self->claims);
  run_job_in_worker (task, self->reader.ledger);
}

static void
close_ledger_in_worker (GTask *task, gpointer task_data)
{
  Desk *desk = task_data;

  g_clear_object (&desk->ledger);
  g_task_return_boolean (task, TRUE);
}

/* --- on either thread ------------------------------------------------------------------------ */

/* An agent waits nearly all of its life: what a check needed goes back to the system, of all threads. */
static void
rest_in_worker (gpointer user_data)
{
  Desk *desk = user_data;

  if (desk->ledger != NULL)
    koban_ledger_rest (desk->ledger);
#ifdef __GLIBC__
  malloc_trim (0);
#endif
}

/* --- on the main thread -------------------------------------------------------------------- */

static void
push_close (KobanBooks *self, Desk *desk)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, NULL, NULL);

  g_task_set_task_data (task, desk, NULL);
  koban_worker_push (desk->worker, task, close_ledger_in_worker);
}

static void
flush_early (KobanBooks *self)
{
  self->opened = TRUE;
  while (!g_queue_is_empty (&self->early))
    {
      g_autoptr(GTask) task = g_queue_pop_head (&self->early);
      koban_worker_push (self->reader.worker, task, read_in_worker);
    }
}

static void
push_first (KobanBooks *self,
            gpointer tag,
            KobanWorkFunc func,
            GAsyncReadyCallback callback,
            gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_task_data (task, g_new0 (Rescue, 1), rescue_free);
  koban_worker_push (self->writer.worker, task, func);
}

static gboolean
finish_first (KobanBooks *self, GAsyncResult *result, char **set_aside, gboolean *recovered, GError **error)
{
  Rescue *rescue = g_task_get_task_data (G_TASK (result));
  gboolean ok = g_task_propagate_boolean (G_TASK (result), error);

  if (rescue->set_aside != NULL && self->reader.worker != NULL)
    push_close (self, &self->reader);
  flush_early (self);
  if (set_aside != NULL)
    *set_aside = g_steal_pointer (&rescue->set_aside);
  if (recovered != NULL)
    *recovered = rescue->recovered;
  return ok;
}

void
koban_books_open_async (KobanBooks *self, GAsyncReadyCallback callback, gpointer user_data)
{
  push_first (self, koban_books_open_async, open_in_worker, callback, user_data);
}

gboolean
koban_books_open_finish (KobanBooks *self,
                         GAsyncResult *result,
                         char **set_aside,
                         gboolean *recovered,
                         GError **error)
{
  return finish_first (self, result, set_aside, recovered, error);
}

void
koban_books_verify_async (KobanBooks *self, GAsyncReadyCallback callback, gpointer user_data)
{
  push_first (self, koban_books_verify_async, verify_in_worker, callback, user_data);
}

gboolean
koban_books_verify_finish (KobanBooks *self,
                           GAsyncResult *result,
                           char **set_aside,
                           gboolean *recovered,
                           GError **error)
{
  return finish_first (self, result, set_aside, recovered, error);
}

static GTask *
job_task_new (KobanBooks *self,
              KobanBooksFunc func,
              gpointer data,
              GDestroyNotify destroy,
              GAsyncReadyCallback callback,
              gpointer user_data)
{
  GTask *task = g_task_new (self, NULL, callback, user_data);
  Job *job = g_new (Job, 1);

  *job = (Job){ func, data, destroy };
  g_task_set_task_data (task, job, job_free);
  return task;
}

/* We are leaving: whoever comes now hears that it was cancelled, which leaves no trace. */
static gboolean
refuse_if_closed (KobanBooks *self, GTask *task)
{
  if (self->closed)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The ledger is closed.");
  return self->closed;
}

void
koban_books_write_async (KobanBooks *self,
                         KobanBooksFunc func,
                         gpointer job,
                         GDestroyNotify destroy,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr(GTask) task = job_task_new (self, func, job, destroy, callback, user_data);

  if (refuse_if_closed (self, task))
    return;
  koban_worker_push (self->writer.worker, task, write_in_worker);
}

void
koban_books_read_async (KobanBooks *self,
                        KobanBooksFunc func,
                        gpointer job,
                        GDestroyNotify destroy,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_autoptr(GTask) task = job_task_new (self, func, job, destroy, callback, user_data);

  if (refuse_if_closed (self, task))
    return;
  if (self->reader.worker == NULL)
    koban_worker_push (self->writer.worker, task, write_in_worker);
  else if (self->opened)
    koban_worker_push (self->reader.worker, task, read_in_worker);
  else
    g_queue_push_tail (&self->early, g_steal_pointer (&task));
}

gboolean
koban_books_finish (KobanBooks *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

gpointer
koban_books_get_job (GAsyncResult *result)
{
  Job *job = g_task_get_task_data (G_TASK (result));

  return job->job;
}

void
koban_books_close (KobanBooks *self)
{
  if (self->closed)
    return;

  self->closed = TRUE;
  if (self->reader.worker != NULL)
    {
      flush_early (self);
      push_close (self, &self->reader);
      koban_worker_stop (self->reader.worker);
    }
  push_close (self, &self->writer);
  koban_worker_stop (self->writer.worker);
}

static void
koban_books_finalize (GObject *object)
{
  KobanBooks *self = KOBAN_BOOKS (object);

  g_assert (self->closed);
  g_assert (g_queue_is_empty (&self->early));
  g_clear_object (&self->writer.worker);
  g_clear_object (&self->reader.worker);
  g_clear_error (&self->broken);
  g_free (self->path);
  g_clear_pointer (&self->claims, g_variant_unref);
  G_OBJECT_CLASS (koban_books_parent_class)->finalize (object);
}

static void
koban_books_class_init (KobanBooksClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_books_finalize;
}

static void
koban_books_init (KobanBooks *self)
{
  g_queue_init (&self->early);
}

void
koban_books_set_wariness (KobanBooks *self, KobanWariness wariness)
{
  g_return_if_fail (!self->opened);

  self->wariness = wariness;
}

void
koban_books_set_begun (KobanBooks *self, gint64 begun_us)
{
  g_return_if_fail (!self->opened);

  self->begun_us = begun_us;
}

void
koban_books_set_claims (KobanBooks *self, GVariant *windows)
{
  g_return_if_fail (self->claims == NULL);
  self->claims = g_variant_ref_sink (windows);
}

static void
desk_init (Desk *desk, const char *name)
{
  desk->worker = koban_worker_new (name);
  koban_worker_set_rest (desk->worker, rest_in_worker, desk);
}

KobanBooks *
koban_books_new (const char *path, KobanServices *services)
{
  KobanBooks *self = g_object_new (KOBAN_TYPE_BOOKS, NULL);

  self->path = g_strdup (path);
  self->services = services;
  self->wariness = KOBAN_WARINESS_NORMAL;
  desk_init (&self->writer, "koban-ledger");
  if (path != NULL)
    desk_init (&self->reader, "koban-reader");
  return self;
}
