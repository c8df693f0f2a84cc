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
#include <unistd.h>

static gboolean
storage_error (const char *path, int errsv, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "%s: %s", path, g_strerror (errsv));
  return FALSE;
}

static const char *const logs[] = { "-wal", "-shm", "-journal" };

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
tell_gap (KobanLedger *self, gint64 since_us, gint64 now_us, GError **error)
{
  GVariant *reason = koban_reason_new ("restored", "since", "x", since_us, NULL);
  g_autoptr(KobanAlert) alert =
    koban_alert_new_freshness ("freshness:ledger:restored", NULL, KOBAN_SEVERITY_WARNING, reason, now_us);
  KobanMergeResult result = { 0 };

  return koban_alert_put (self, alert, now_us, &result, error);
}

/* The next whole listing of each kind is a baseline again; nothing that waited to be told is told a second
 * time; files need no sign-in. */
static gboolean
make_quiet (KobanLedger *self, gint64 now_us, GError **error)
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
         koban_store_run (self->store, error, connections, "ii", (gint64) KOBAN_CONNECTION_SIGN_IN, now_us) &&
         koban_store_run (self->store, error, listings, "") &&
         koban_store_run (self->store, error, unsent, "") &&
         koban_journal_note (self, now_us, error, "restored", "since", "x", since_us, NULL) &&
         tell_gap (self, since_us, now_us, error);
}

gboolean
koban_ledger_prepare_restored (const char *path, KobanServices *services, gint64 now_us, GError **error)
{
  g_autoptr(KobanLedger) ledger = koban_ledger_open (path, services, error);

  if (ledger == NULL || !koban_ledger_verify (ledger, error) || !koban_ledger_begin (ledger, error))
    return FALSE;
  return koban_ledger_end (ledger, make_quiet (ledger, now_us, error), error);
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
  return move_with_logs (restored, path, error);
}
