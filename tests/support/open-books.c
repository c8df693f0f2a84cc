/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A ledger in memory for tests. It waits by running the main loop and never by sleeping; a job that fails
 * fails the test.
 */
#include "config.h"

#include "open-books.h"

void
koban_run_until (const gboolean *done)
{
  while (!*done)
    g_main_context_iteration (NULL, TRUE);
}

static void
run_idle (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  koban_books_open_finish (KOBAN_BOOKS (source), result, NULL, NULL, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

KobanBooks *
koban_open_books_new (void)
{
  return koban_open_books_new_in (NULL);
}

KobanBooks *
koban_open_books_new_in (const char *path)
{
  KobanBooks *books = koban_books_new (path, NULL);
  gboolean done = FALSE;

  koban_books_open_async (books, on_opened, &done);
  koban_run_until (&done);
  return books;
}

static void
on_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GError *error = NULL;

  koban_books_finish (KOBAN_BOOKS (source), result, &error);
  g_assert_no_error (error);
  *(gboolean *) user_data = TRUE;
}

void
koban_open_books_write (KobanBooks *books, KobanBooksFunc func, gpointer job)
{
  gboolean done = FALSE;

  koban_books_write_async (books, func, job, NULL, on_written, &done);
  koban_run_until (&done);
  run_idle ();
}

void
koban_open_books_close (KobanBooks *books)
{
  koban_books_close (books);
  run_idle ();
}
