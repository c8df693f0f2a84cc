/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent may write in its own directories only, so a copy is made there and poured into the
 * person's file, or out of it. Nothing of it holds a secret: the keyring is elsewhere.
 */
#include "config.h"

#include "copies.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/settings.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define WEEK_US (7 * KOBAN_DAY_US)

static char *
path_of (const char *suffix)
{
  g_autofree char *name = g_strconcat ("koban.db", suffix, NULL);

  return g_build_filename (koban_settings_data_directory (), name, NULL);
}

/* Whoever waits at the other end of a pipe would keep the ledger waiting. */
KobanCopy *
koban_copy_new (int file, KobanServices *services, gint64 now_us, GError **error)
{
  struct stat info;

  if (fstat (file, &info) == 0 && S_ISREG (info.st_mode))
    {
      KobanCopy *self = g_new0 (KobanCopy, 1);

      *self = (KobanCopy){ file, services, now_us };
      return self;
    }
  close (file);
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("That is no plain file."));
  return NULL;
}

void
koban_copy_free (gpointer copy)
{
  KobanCopy *self = copy;

  if (self->file >= 0)
    close (self->file);
  g_free (self);
}

static gboolean
storage_error (GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, _("The copy could not be written: %s"),
               g_strerror (errno));
  return FALSE;
}

static gboolean
write_all (int to, const char *bytes, gsize length)
{
  while (length > 0)
    {
      gssize written = write (to, bytes, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written <= 0)
        return FALSE;
      bytes += written;
      length -= (gsize) written;
    }
  return TRUE;
}

static gboolean
pour (int from, int to, GError **error)
{
  char buffer[65536];
  gssize length;

  while ((length = read (from, buffer, sizeof buffer)) != 0)
    if ((length < 0 && errno != EINTR) || (length > 0 && !write_all (to, buffer, (gsize) length)))
      return storage_error (error);
  return fsync (to) == 0 || storage_error (error);
}

gboolean
koban_copy_write_in_worker (KobanLedger *ledger, gpointer copy, GError **error)
{
  KobanCopy *self = copy;
  g_autofree char *path = path_of (".copy");
  gboolean good;
  int from;

  if (!koban_ledger_copy (ledger, path, error))
    return FALSE;
  from = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  good = from >= 0 ? pour (from, self->file, error) : storage_error (error);
  if (from >= 0)
    close (from);
  (void) g_unlink (path);
  return good;
}

static gboolean
take_file (KobanCopy *self, const char *path, GError **error)
{
  int to;
  gboolean good;

  (void) g_unlink (path);
  to = open (path, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (to < 0)
    return storage_error (error);
  good = pour (self->file, to, error);
  close (to);
  return good;
}

gboolean
koban_copy_read_in_worker (KobanLedger *ledger, gpointer copy, GError **error)
{
  KobanCopy *self = copy;
  g_autofree char *aside = path_of (".restoring");
  g_autofree char *ready = path_of (KOBAN_LEDGER_RESTORED);

  if (take_file (self, aside, error) &&
      koban_ledger_prepare_restored (aside, self->services, self->now_us, error))
    return g_rename (aside, ready) == 0 || storage_error (error);
  (void) g_unlink (aside);
  return FALSE;
}

/* --- every week
 * --------------------------------------------------------------------------------------------------- */

static gboolean
keep_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  g_autofree char *path = path_of (KOBAN_LEDGER_WEEKLY);

  return koban_ledger_copy (ledger, path, error);
}

static void
on_kept (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    g_message ("The weekly copy could not be made: %s", error->message);
}

/* A time to come is of a clock that was wrong: renewed. */
void
koban_copies_keep (KobanParts *parts)
{
  g_autofree char *path = path_of (KOBAN_LEDGER_WEEKLY);
  gint64 now_us = koban_parts_now_us (parts);
  struct stat info;

  if (stat (path, &info) == 0 && (gint64) info.st_mtime * KOBAN_SECOND_US <= now_us &&
      (gint64) info.st_mtime * KOBAN_SECOND_US > now_us - WEEK_US)
    return;
  koban_books_write_async (parts->tools.books, keep_in_worker, NULL, NULL, on_kept, NULL);
}

/* --- leaving
 * ------------------------------------------------------------------------------------------------------- */

void
koban_copies_forget_all (void)
{
  static const char *const ours[] = { "koban.db", "koban.conf", "lock" }; /* how their names begin */
  const char *directory = koban_settings_data_directory ();
  g_autoptr(GDir) names = g_dir_open (directory, 0, NULL);
  const char *name;

  while (names != NULL && (name = g_dir_read_name (names)) != NULL)
    {
      g_autofree char *path = g_build_filename (directory, name, NULL);

      for (gsize i = 0; i < G_N_ELEMENTS (ours); i++)
        if (g_str_has_prefix (name, ours[i]))
          (void) g_unlink (path);
    }
}
