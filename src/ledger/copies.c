/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies of the whole ledger: made while it is in use, and brought back as the ledger of a computer
 * that knows no key. Each step is made aside and renamed, so that a kill leaves the old or the new.
 */
#include "config.h"

#include "ledger/inside.h"
#include "ledger/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <string.h>
#include <unistd.h>

static gboolean
storage_error (const char *path, int errsv, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "%s: %s", path, g_strerror (errsv));
  return FALSE;
}

#define HEAD ".head"

static const char *const logs[] = { "-wal", "-shm", "-journal" };

static void
forget_head (const char *path)
{
  g_autofree char *name = g_strconcat (path, HEAD, NULL);

  (void) g_unlink (name);
}

static void
remove_with_logs (const char *path)
{
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *log = g_strconcat (path, logs[i], NULL);

      (void) g_unlink (log);
    }
  (void) g_unlink (path);
}

/* --- making one
 * ----------------------------------------------------------------------------------------------- */

/* SQLite fills a file that is there and empty, and leaves its mode. */
static gboolean
make_empty (const char *path, GError **error)
{
  int file;

  remove_with_logs (path);
  file = open (path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return storage_error (path, errno, error);
  close (file);
  return TRUE;
}

static gboolean
sync_file (const char *path, GError **error)
{
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  gboolean good = file >= 0 && fsync (file) == 0;
  int errsv = errno;

  if (file >= 0)
    close (file);
  return good || storage_error (path, errsv, error);
}

gboolean
koban_ledger_copy (KobanLedger *self, const char *path, GError **error)
{
  g_autofree char *aside = g_strconcat (path, ".new", NULL);

  koban_ledger_assert_thread (self);
  if (!make_empty (aside, error))
    return FALSE;
  if (!koban_store_run (self->store, error, "VACUUM INTO ?", "s", aside) || !sync_file (aside, error))
    {
      remove_with_logs (aside);
      return FALSE;
    }
  return g_rename (aside, path) == 0 || storage_error (path, errno, error);
}

/* --- bringing one back
 * ------------------------------------------------------------------------------------------ */

/* How an older state came back, and so what its connections need before they go on. */
typedef struct
{
  const char *reason, *incident;
  KobanConnectionState state;
} Return;

static const Return by_the_person = { "restored", "freshness:ledger:restored", KOBAN_CONNECTION_SIGN_IN };
static const Return by_itself = { KOBAN_LEDGER_RECOVERED, KOBAN_LEDGER_INCIDENT, KOBAN_CONNECTION_WAITING };

static gboolean
read_last_known (KobanLedger *self, gint64 *last_us, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, "SELECT max (last_check_us) FROM connection", "");
  if (koban_query_next (&query))
    *last_us = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* What happened since the copy was made is no news to be told line by line, nor is it forgotten: this says
 * where to look at it. */
static gboolean
tell_gap (KobanLedger *self, const Return *how, gint64 since_us, gint64 now_us, GError **error)
{
  GVariant *reason = koban_reason_new (how->reason, "since", "x", since_us, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness (how->incident, NULL, KOBAN_SEVERITY_WARNING, reason, now_us);
  KobanMergeResult result = { 0 };

  return koban_alert_put (self, alert, now_us, &result, error);
}

/* The next whole listing of each kind is a baseline again; nothing that waited to be told is told a second
 * time; files need no sign-in. */
static gboolean
make_quiet (KobanLedger *self, const Return *how, gint64 now_us, GError **error)
{
  static const char connections[] =
    "UPDATE connection SET state = ?1, message = NULL, failures = 0, next_check_us = ?2"
    " WHERE removed_us IS NULL AND provider <> 'file'";
  static const char listings[] =
    "UPDATE listing SET first_whole_us = NULL WHERE connection IN"
    " (SELECT id FROM connection WHERE removed_us IS NULL AND provider <> 'file')";
  static const char unsent[] = "DELETE FROM outbox WHERE sent_us IS NULL";
  gint64 since_us = 0;

  return read_last_known (self, &since_us, error) &&
         koban_store_run (self->store, error, connections, "ii", (gint64) how->state, now_us) &&
         koban_store_run (self->store, error, listings, "") &&
         koban_store_run (self->store, error, unsent, "") &&
         koban_journal_note (self, now_us, error, how->reason, "since", "x", since_us, NULL) &&
         tell_gap (self, how, since_us, now_us, error);
}

static gboolean
go_on_from (KobanLedger *self, const Return *how, gint64 now_us, GError **error)
{
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, make_quiet (self, how, now_us, error), error);
}

static gboolean
prepare (const char *path, const Return *how, KobanServices *services, gint64 now_us, GError **error)
{
  g_autoptr(KobanLedger) ledger = koban_ledger_open (path, services, error);

  return ledger != NULL && koban_ledger_verify (ledger, error) && go_on_from (ledger, how, now_us, error);
}

gboolean
koban_ledger_prepare_restored (const char *path, KobanServices *services, gint64 now_us, GError **error)
{
  return prepare (path, &by_the_person, services, now_us, error);
}

static gboolean
move_with_logs (const char *from, const char *to, GError **error)
{
  remove_with_logs (to);
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *log = g_strconcat (from, logs[i], NULL);
      g_autofree char *moved = g_strconcat (to, logs[i], NULL);

      (void) g_rename (log, moved);
    }
  return g_rename (from, to) == 0 || storage_error (from, errno, error);
}

gboolean
koban_ledger_adopt_restored (const char *path, GError **error)
{
  g_autofree char *restored = g_strconcat (path, KOBAN_LEDGER_RESTORED, NULL);
  g_autofree char *before = g_strconcat (path, ".before-restore", NULL);

  if (!g_file_test (restored, G_FILE_TEST_EXISTS))
    return TRUE;
  if (g_file_test (path, G_FILE_TEST_EXISTS) && !move_with_logs (path, before, error))
    return FALSE;
  forget_head (path);
  return move_with_logs (restored, path, error);
}

/* --- when nobody brought one back
 * ------------------------------------------------------------------------------- */

static gboolean
copy_aside (const char *from, const char *to, GError **error)
{
  g_autoptr(GFile) source = g_file_new_for_path (from);
  g_autoptr(GFile) target = g_file_new_for_path (to);

  remove_with_logs (to);
  return g_file_copy (source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

gboolean
koban_ledger_recover (const char *path, KobanServices *services, gint64 now_us)
{
  g_autofree char *weekly = g_strconcat (path, KOBAN_LEDGER_WEEKLY, NULL);
  g_autofree char *aside = g_strconcat (path, ".recovering", NULL);
  g_autoptr(GError) error = NULL;

  if (!g_file_test (weekly, G_FILE_TEST_EXISTS) || g_file_test (path, G_FILE_TEST_EXISTS))
    return FALSE;
  if (copy_aside (weekly, aside, &error) && prepare (aside, &by_itself, services, now_us, &error) &&
      move_with_logs (aside, path, &error))
    {
      forget_head (path);
      return TRUE;
    }
  g_message ("The weekly copy could not be used: %s", error->message);
  remove_with_logs (aside);
  return FALSE;
}

gboolean
koban_ledger_put_back (const char *path, GError **error)
{
  g_autofree char *whole = g_strconcat (path, KOBAN_LEDGER_WHOLE, NULL);

  if (g_file_test (path, G_FILE_TEST_EXISTS) && !koban_ledger_set_aside (path, NULL, error))
    return FALSE;
  return move_with_logs (whole, path, error);
}

/* --- an older state in the place of a newer one
 * ------------------------------------------------------------------ */

static gboolean
read_head (KobanLedger *self, gint64 *head, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, "SELECT max (id) FROM journal", "");
  if (koban_query_next (&query))
    *head = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* The entry of the journal that was the last when somebody last wrote. It may be behind, never ahead. */
static gint64
remembered_head (const char *path)
{
  g_autofree char *name = g_strconcat (path, HEAD, NULL);
  g_autofree char *text = NULL;
  guint64 head = 0;

  if (!g_file_get_contents (name, &text, NULL, NULL) ||
      !g_ascii_string_to_unsigned (g_strchomp (text), 10, 0, G_MAXINT64, &head, NULL))
    return 0;
  return (gint64) head;
}

void
koban_ledger_keep_head (KobanLedger *self, const char *path)
{
  g_autofree char *name = g_strconcat (path, HEAD, NULL);
  g_autofree char *text = NULL;
  gint64 head = 0;
  int file;

  if (!read_head (self, &head, NULL) || head == self->head)
    return;
  self->head = head;
  text = g_strdup_printf ("%019" G_GINT64_FORMAT "\n", head);
  file = open (name, O_CREAT | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (file < 0)
    return;
  if (write (file, text, strlen (text)) < 0)
    g_debug ("%s: %s", name, g_strerror (errno));
  close (file);
}

gboolean
koban_ledger_catch_up (KobanLedger *self, const char *path, gint64 now_us, gboolean *older, GError **error)
{
  gint64 remembered = remembered_head (path), head = 0;

  koban_ledger_assert_thread (self);
  if (!read_head (self, &head, error))
    return FALSE;
  *older = head > 0 && head < remembered;
  if (head < remembered)
    forget_head (path);
  return !*older || go_on_from (self, &by_itself, now_us, error);
}
