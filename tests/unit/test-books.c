/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What became of a damaged ledger is told with the look that found it, though another was not yet heard of.
 */
#include "config.h"

#include "ledger-file.h"
#include "open-books.h"

#include <string.h>

#define BEGUN_US G_GINT64_CONSTANT (1600000000000000)

/* A ledger that was made and closed. */
static void
set_up (KobanLedgerFile *self, gconstpointer data)
{
  koban_ledger_file_set_up (self, data);
  g_autoptr(KobanBooks) books = koban_open_books_new_in (self->path);
  koban_open_books_close (books);
}

#define PAGE 4096 /* the last one: opening does not read it */

/* The weekly copy is what the file was. */
static void
damage (const KobanLedgerFile *self)
{
  g_autofree char *weekly = g_strconcat (self->path, KOBAN_LEDGER_WEEKLY, NULL);
  g_autofree char *bytes = NULL;
  gsize length = 0;

  g_assert_true (g_file_get_contents (self->path, &bytes, &length, NULL));
  g_assert_true (g_file_set_contents (weekly, bytes, (gssize) length, NULL));
  memset (bytes + length - PAGE, 0xff, PAGE);
  g_assert_true (g_file_set_contents (self->path, bytes, (gssize) length, NULL));
}

typedef struct
{
  char *set_aside;
  gboolean recovered;
  gboolean done;
} Heard;

typedef gboolean (*Finish) (KobanBooks *, GAsyncResult *, char **, gboolean *, GError **);

static void
hear (KobanBooks *books, GAsyncResult *result, Finish finish, Heard *heard)
{
  GError *error = NULL;

  finish (books, result, &heard->set_aside, &heard->recovered, &error);
  g_assert_no_error (error);
  heard->done = TRUE;
}

static void
on_opened (GObject *source, GAsyncResult *result, gpointer user_data)
{
  hear (KOBAN_BOOKS (source), result, koban_books_open_finish, user_data);
}

static void
on_verified (GObject *source, GAsyncResult *result, gpointer user_data)
{
  hear (KOBAN_BOOKS (source), result, koban_books_verify_finish, user_data);
}

/* The copy has taken the place of what went. */
static gboolean
is_mended (const KobanLedgerFile *self)
{
  g_autoptr(GDir) directory = g_dir_open (self->directory, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (directory)) != NULL)
    if (strstr (name, ".damaged-") != NULL)
      return g_file_test (self->path, G_FILE_TEST_EXISTS);
  return FALSE;
}

/* The main loop stands still until the worker has done both, as it does on a computer that is busy. */
static void
test_slow_look_tells_its_own (KobanLedgerFile *self, gconstpointer data)
{
  g_autoptr(KobanBooks) books = koban_books_new (self->path, NULL);
  Heard opened = { 0 }, verified = { 0 };

  damage (self);
  koban_books_set_begun (books, BEGUN_US);
  koban_books_open_async (books, on_opened, &opened);
  koban_books_verify_async (books, on_verified, &verified);
  while (!is_mended (self))
    g_thread_yield ();
  koban_run_until (&opened.done);
  koban_run_until (&verified.done);

  g_assert_null (opened.set_aside);
  g_assert_false (opened.recovered);
  g_assert_nonnull (verified.set_aside);
  g_assert_true (verified.recovered);
  koban_open_books_close (books);
  g_free (verified.set_aside);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/books/slow-look-tells-its-own", KobanLedgerFile, NULL, set_up, test_slow_look_tells_its_own,
              koban_ledger_file_tear_down);
  return g_test_run ();
}
