/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder that a file account takes its next files from: list it, then file by file read, merge,
 * remember, oldest first.
 */
#include "config.h"

#include "filing.h"
#include "reader.h"
#include "shelf.h"

#include <koban/error.h>

typedef struct
{
  const KobanCycleTools *tools; /* (unowned) */
  KobanConnection *connection;  /* (owned) */
  gint64 now_us;
  GVariant *files; /* (owned) (nullable): aa{sv} */
  gsize at;        /* of @files */
  KobanMergeResult merged;
  GError *trouble; /* (owned) (nullable): of the first file that could not be read */
} Shelf;

static void
shelf_free (gpointer data)
{
  Shelf *shelf = data;

  koban_connection_free (shelf->connection);
  g_clear_pointer (&shelf->files, g_variant_unref);
  g_clear_error (&shelf->trouble);
  g_free (shelf);
}

static void on_listed (GObject *source, GAsyncResult *result, gpointer user_data);
static void next_file (GTask *task);
static void on_file_read (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_merged (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_forgotten (GObject *source, GAsyncResult *result, gpointer user_data);

void
koban_shelf_check_async (const KobanCycleTools *tools,
                         const KobanConnection *connection,
                         gint64 now_us,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  Shelf *shelf = g_new0 (Shelf, 1);
  g_auto(GStrv) seen = koban_filing_get_seen (connection);

  g_task_set_source_tag (task, koban_shelf_check_async);
  g_task_set_task_data (task, shelf, shelf_free);
  shelf->tools = tools;
  shelf->connection = koban_connection_copy (connection);
  shelf->now_us = now_us;
  koban_reader_list_async (tools->bus, koban_filing_get_folder (connection), (const char *const *) seen,
                           cancellable, on_listed, task);
}

static void
on_listed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Shelf *shelf = g_task_get_task_data (task);
  GError *error = NULL;

  shelf->files = koban_reader_finish (G_DBUS_CONNECTION (source), result, &error);
  if (shelf->files == NULL)
    g_task_return_error (task, error);
  else
    next_file (g_steal_pointer (&task));
}

/* (transfer full) */
static char *
of_file (Shelf *shelf, const char *key)
{
  g_autoptr(GVariant) file = g_variant_get_child_value (shelf->files, shelf->at);
  char *text = NULL;

  g_variant_lookup (file, key, "s", &text);
  return text != NULL ? text : g_strdup ("");
}

static void
next_file (GTask *task)
{
  Shelf *shelf = g_task_get_task_data (task);

  if (g_task_return_error_if_cancelled (task))
    {
      g_object_unref (task);
      return;
    }
  if (shelf->at == g_variant_n_children (shelf->files))
    {
      g_task_return_boolean (task, TRUE);
      g_object_unref (task);
      return;
    }
  g_autofree char *name = of_file (shelf, "name");
  g_auto(GVariantDict) options = G_VARIANT_DICT_INIT (NULL);
  koban_reader_open_async (shelf->tools->bus, koban_filing_get_folder (shelf->connection), name,
                           g_variant_dict_end (&options), shelf->now_us, g_task_get_cancellable (task),
                           on_file_read, task);
}

/* A folder may hold anything: what Koban does not know is left in peace, what it knows and cannot read is
 * told. */
static void
skip_file (GTask *task, GError *error)
{
  Shelf *shelf = g_task_get_task_data (task);

  if (shelf->trouble == NULL && !koban_error_is (error, KOBAN_ERROR_UNSUPPORTED) &&
      !koban_error_is_cancelled (error))
    shelf->trouble = g_error_copy (error);
  KobanFiling *filing =
    koban_filing_new (shelf->connection->id, g_variant_new ("a{sv}", NULL), shelf->now_us);
  filing->digest = of_file (shelf, "digest");
  g_error_free (error);
  koban_books_write_async (shelf->tools->books, koban_filing_forget_in_worker, filing, koban_filing_free,
                           on_forgotten, task);
}

static void
on_file_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Shelf *shelf = g_task_get_task_data (task);
  GError *error = NULL;
  g_autoptr(GVariant) read = koban_reader_finish (G_DBUS_CONNECTION (source), result, &error);

  if (read == NULL)
    {
      skip_file (g_steal_pointer (&task), error);
      return;
    }
  KobanFiling *filing = koban_filing_new (shelf->connection->id, read, shelf->now_us);
  filing->digest = of_file (shelf, "digest");
  koban_books_write_async (shelf->tools->books, koban_filing_merge_in_worker, filing, koban_filing_free,
                           on_merged, g_steal_pointer (&task));
}

static void
on_merged (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Shelf *shelf = g_task_get_task_data (task);
  const KobanFiling *filing = koban_books_get_job (result);
  GError *error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      skip_file (g_steal_pointer (&task), error);
      return;
    }
  shelf->merged.opened += filing->merged.opened;
  shelf->merged.raised += filing->merged.raised;
  shelf->merged.changes += filing->merged.changes;
  shelf->at++;
  next_file (g_steal_pointer (&task));
}

static void
on_forgotten (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  Shelf *shelf = g_task_get_task_data (task);
  GError *error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      g_task_return_error (task, error);
      return;
    }
  shelf->at++;
  next_file (g_steal_pointer (&task));
}

gboolean
koban_shelf_check_finish (GAsyncResult *result, KobanMergeResult *merged, GError **error)
{
  Shelf *shelf = g_task_get_task_data (G_TASK (result));

  merged->opened += shelf->merged.opened;
  merged->raised += shelf->merged.raised;
  merged->changes += shelf->merged.changes;
  if (!g_task_propagate_boolean (G_TASK (result), error))
    return FALSE;
  if (shelf->trouble == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&shelf->trouble));
  return FALSE;
}
