/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of the file. Each version is one row of SQL, run in one transaction together with its
 * number, so that a kill leaves the old shape or the new one. A new file is made aside and renamed,
 * so that a half-made one is never opened. It never changes a file that it does not know.
 */
#include "config.h"

#include "ledger/schema.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <sys/stat.h>
#include <unistd.h>

#define APPLICATION_ID G_GINT64_CONSTANT (0x4b6f626e) /* "Kobn" */

/* Times are µs since 1970 UTC; dates are days since 1970; enums are the numbers of include/koban.
 * AUTOINCREMENT: an id is shown to people and is never used twice. */
static const char version_1[] =
  "CREATE TABLE connection ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, provider TEXT NOT NULL, name TEXT NOT NULL, secret_id TEXT,"
  "  base_url TEXT, ca_pem BLOB, fields TEXT, hosts TEXT, profile_digest TEXT, state INTEGER NOT NULL,"
  "  message TEXT, last_check_us INTEGER NOT NULL, next_check_us INTEGER NOT NULL, failures INTEGER NOT NULL,"
  "  created_us INTEGER NOT NULL, removed_us INTEGER) STRICT;"
  "CREATE UNIQUE INDEX connection_by_name ON connection (name) WHERE removed_us IS NULL;"

  "CREATE TABLE request ("
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,"
  "  spent_us INTEGER NOT NULL, by_person INTEGER NOT NULL) STRICT;"
  "CREATE INDEX request_by_time ON request (connection, spent_us);"

  "CREATE TABLE account ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, identity TEXT NOT NULL, currency TEXT NOT NULL,"
  "  name TEXT NOT NULL, number TEXT, sees_links INTEGER NOT NULL, sees_pending INTEGER NOT NULL,"
  "  sees_time INTEGER NOT NULL, ownership INTEGER NOT NULL, watch INTEGER NOT NULL,"
  "  created_us INTEGER NOT NULL, UNIQUE (identity, currency)) STRICT;"

  /* Which connection shows which account, and under what name in its URLs. */
  "CREATE TABLE shown ("
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,"
  "  account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
  "  remote_id TEXT, variables TEXT, misses INTEGER NOT NULL DEFAULT 0, missing_since_us INTEGER,"
  "  gone_us INTEGER, PRIMARY KEY (connection, account)) STRICT, WITHOUT ROWID;"
  "CREATE INDEX shown_by_account ON shown (account);"

  "CREATE TABLE line ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE,"
  "  bank_id TEXT, pending_id TEXT, state INTEGER NOT NULL, type INTEGER NOT NULL, amount INTEGER NOT NULL,"
  "  currency TEXT NOT NULL, date INTEGER, time_us INTEGER, text TEXT NOT NULL, payee TEXT,"
  "  counterparty_id TEXT, mandate_ref TEXT, balance_after INTEGER, balance_currency TEXT,"
  "  first_seen_us INTEGER NOT NULL, misses INTEGER NOT NULL DEFAULT 0, missing_since_us INTEGER,"
  "  service TEXT) STRICT;"
  "CREATE INDEX line_by_bank_id ON line (account, bank_id) WHERE bank_id IS NOT NULL;"
  "CREATE INDEX line_by_date ON line (account, date, amount);"
  "CREATE INDEX line_by_day ON line (date, id);"
  "CREATE INDEX line_not_booked ON line (account, first_seen_us) WHERE state <> 1;"

  "CREATE TABLE link ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE,"
  "  account INTEGER REFERENCES account ON DELETE CASCADE, remote_id TEXT, kind INTEGER NOT NULL,"
  "  name TEXT NOT NULL, collector TEXT, reference TEXT, provenance INTEGER NOT NULL, own INTEGER NOT NULL,"
  "  status INTEGER NOT NULL, limit_minor INTEGER, limit_currency TEXT, scope TEXT, created_us INTEGER,"
  "  expires_us INTEGER, revocation INTEGER NOT NULL, service TEXT, answer INTEGER NOT NULL DEFAULT 0,"
  "  first_seen_us INTEGER NOT NULL, misses INTEGER NOT NULL DEFAULT 0, missing_since_us INTEGER) STRICT;"
  "CREATE INDEX link_by_account ON link (account);"
  "CREATE INDEX link_by_connection ON link (connection);"

  /* Every change of a balance; until_us: when it was last heard unchanged. */
  "CREATE TABLE balance ("
  "  account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE, heard_us INTEGER NOT NULL,"
  "  until_us INTEGER NOT NULL, booked INTEGER, booked_currency TEXT, available INTEGER,"
  "  available_currency TEXT, PRIMARY KEY (account, heard_us)) STRICT, WITHOUT ROWID;"

  /* How each kind of listing fares: the last good one, since when it fails. account 0: of the whole
     connection. */
  "CREATE TABLE listing ("
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE, account INTEGER NOT NULL,"
  "  kind INTEGER NOT NULL, first_whole_us INTEGER, last_good_us INTEGER, failing_since_us INTEGER,"
  "  error INTEGER, message TEXT, PRIMARY KEY (connection, account, kind)) STRICT, WITHOUT ROWID;"
  "CREATE INDEX listing_by_account ON listing (account, kind);"

  /* What was really seen of each account's history: intervals that neither meet nor overlap. */
  "CREATE TABLE span ("
  "  account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE, kind INTEGER NOT NULL,"
  "  from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, PRIMARY KEY (account, kind, from_us)) STRICT, WITHOUT "
  "ROWID;"
  /* When Koban looked: looks close together are one interval. */
  "CREATE TABLE look ("
  "  account INTEGER NOT NULL REFERENCES account ON DELETE CASCADE, from_us INTEGER NOT NULL,"
  "  to_us INTEGER NOT NULL, PRIMARY KEY (account, from_us)) STRICT, WITHOUT ROWID;"

  "CREATE TABLE habits (account TEXT PRIMARY KEY, blob BLOB NOT NULL) STRICT, WITHOUT ROWID;"

  "CREATE TABLE incident ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL, account INTEGER, connection INTEGER,"
  "  code TEXT NOT NULL UNIQUE, opened_us INTEGER NOT NULL, told_minor INTEGER NOT NULL DEFAULT 0) STRICT;"
  "CREATE INDEX incident_by_key ON incident (key);"
  "CREATE TABLE alert ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
  "  account INTEGER REFERENCES account ON DELETE CASCADE,"
  "  connection INTEGER REFERENCES connection ON DELETE CASCADE, kind INTEGER NOT NULL,"
  "  severity INTEGER NOT NULL, state INTEGER NOT NULL, opened_us INTEGER NOT NULL,"
  "  updated_us INTEGER NOT NULL, ref TEXT, refs TEXT NOT NULL, subject TEXT, service TEXT,"
  "  reasons TEXT NOT NULL, total INTEGER, total_currency TEXT, answer INTEGER NOT NULL DEFAULT 0,"
  "  answered_us INTEGER, UNIQUE (incident, kind)) STRICT;"
  "CREATE INDEX alert_open ON alert (incident) WHERE state < 2;"
  "CREATE INDEX alert_by_account ON alert (account);"
  "CREATE INDEX alert_by_connection ON alert (connection);"

  "CREATE TABLE outbox ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, incident INTEGER NOT NULL REFERENCES incident ON DELETE CASCADE,"
  "  channel TEXT NOT NULL, queued_us INTEGER NOT NULL, due_us INTEGER NOT NULL, silent INTEGER NOT NULL,"
  "  attempts INTEGER NOT NULL DEFAULT 0, why TEXT, sent_us INTEGER) STRICT;"
  "CREATE INDEX outbox_unsent ON outbox (due_us) WHERE sent_us IS NULL;"
  "CREATE INDEX outbox_by_incident ON outbox (incident, channel);"

  /* hash = SHA-256 (prev_hash ‖ at_us ‖ kind ‖ payload_hash), payload_hash = SHA-256 (salt ‖ payload):
   * a payload can be forgotten and the chain still holds. */
  "CREATE TABLE journal ("
  "  id INTEGER PRIMARY KEY AUTOINCREMENT, at_us INTEGER NOT NULL, kind TEXT NOT NULL, payload TEXT,"
  "  salt BLOB, payload_hash BLOB NOT NULL, prev_hash BLOB NOT NULL, hash BLOB NOT NULL) STRICT;";

static const char version_2[] =
  /* Kinds of links that were not heard when the others first were: their baseline comes later. account 0: of
     the whole connection; first_whole_us NULL: is still to come. */
  "CREATE TABLE late_links ("
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE, account INTEGER NOT NULL,"
  "  kind INTEGER NOT NULL, first_whole_us INTEGER, PRIMARY KEY (account, connection, kind)) STRICT, WITHOUT "
  "ROWID;";

static const char version_3[] =
  /* Until when the bank asked not to be called; 0: it did not. */
  "ALTER TABLE connection ADD COLUMN not_before_us INTEGER NOT NULL DEFAULT 0;"

  /* How far a list of changes was read: what the bank gave to ask on from. heard_us: when. */
  "CREATE TABLE cursor ("
  "  connection INTEGER NOT NULL REFERENCES connection ON DELETE CASCADE, listing TEXT NOT NULL,"
  "  cursor TEXT NOT NULL, heard_us INTEGER NOT NULL, PRIMARY KEY (connection, listing)) STRICT, WITHOUT "
  "ROWID;";

static const char *const migrations[] = { version_1, version_2,
                                          version_3 }; /* row n leads from version n to n + 1 */

#define CURRENT_VERSION ((gint64) G_N_ELEMENTS (migrations))

static gboolean
read_number (KobanStore *store, const char *pragma, gint64 *value, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, store, pragma, "");
  if (koban_query_next (&query))
    *value = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

static gboolean
migrate_one (KobanStore *store, gint64 from, GError **error)
{
  g_autofree char *stamp = g_strdup_printf ("PRAGMA user_version = %d; PRAGMA application_id = %d;",
                                            (int) from + 1, (int) APPLICATION_ID);

  if (!koban_store_begin (store, error))
    return FALSE;
  if (koban_store_exec (store, migrations[from], error) && koban_store_exec (store, stamp, error) &&
      koban_store_commit (store, error))
    return TRUE;
  koban_store_rollback (store);
  return FALSE;
}

static gboolean
migrate (KobanStore *store, gint64 version, GError **error)
{
  for (; version < CURRENT_VERSION; version++)
    if (!migrate_one (store, version, error))
      return FALSE;
  return TRUE;
}

/* --- the file --------------------------------------------------------------------------- */

static gboolean
storage_error (const char *path, int errsv, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE, "%s: %s", path, g_strerror (errsv));
  return FALSE;
}

/* A plain file of ours, readable by nobody else; a loose mode is repaired (trust S8). */
static gboolean
check_file (const char *path, GError **error)
{
  struct stat info;

  if (lstat (path, &info) != 0)
    return storage_error (path, errno, error);
  if (!S_ISREG (info.st_mode) || info.st_uid != geteuid () || info.st_nlink != 1)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_STORAGE,
                   _("%s is a link, another's file or no plain file: refused. Move it away and start again"),
                   path);
      return FALSE;
    }
  if (info.st_size == 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_CORRUPT, _("%s is damaged: it is empty"), path);
      return FALSE;
    }
  if ((info.st_mode & 0777) != 0600 && chmod (path, 0600) != 0)
    return storage_error (path, errno, error);
  return TRUE;
}

static void
remove_with_logs (const char *path)
{
  static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

  for (gsize i = 0; i < G_N_ELEMENTS (suffixes); i++)
    {
      g_autofree char *name = g_strconcat (path, suffixes[i], NULL);
      (void) g_unlink (name);
    }
}

static gboolean
touch_private (const char *path, GError **error)
{
  int fd = open (path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW | O_CLOEXEC, 0600);

  if (fd < 0)
    return storage_error (path, errno, error);
  close (fd);
  return TRUE;
}

static gboolean
fill_new_file (const char *path, GError **error)
{
  KobanStore *store = koban_store_open (path, FALSE, error);
  gboolean good;

  if (store == NULL)
    return FALSE;
  good = migrate (store, 0, error);
  koban_store_close (store); /* the last connection: the log is folded into the file */
  return good;
}

/* Made aside and renamed: what has the right name is never half-made. */
static gboolean
make_file (const char *path, GError **error)
{
  g_autofree char *aside = g_strconcat (path, ".new", NULL);

  remove_with_logs (aside);
  remove_with_logs (path); /* the logs of a file that was deleted */
  if (!touch_private (aside, error) || !fill_new_file (aside, error))
    return FALSE;
  if (g_rename (aside, path) != 0)
    return storage_error (path, errno, error);
  return TRUE;
}

static gboolean
check_version (KobanStore *store, const char *path, gint64 *version, GError **error)
{
  gint64 application = 0;

  if (!read_number (store, "PRAGMA application_id", &application, error) ||
      !read_number (store, "PRAGMA user_version", version, error))
    return FALSE;
  if (application != APPLICATION_ID)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_CORRUPT, _("%s is not a ledger of Koban"), path);
      return FALSE;
    }
  if (*version > CURRENT_VERSION)
    {
      g_set_error (
        error, KOBAN_ERROR, KOBAN_ERROR_NEWER,
        _("%s was written by a newer Koban (its version is %d, this program knows %d): update Koban"), path,
        (int) *version, (int) CURRENT_VERSION);
      return FALSE;
    }
  return TRUE;
}

/* Looks through a read-only window first, so that a file of a newer Koban is not touched at all. */
static gboolean
peek (const char *path, gint64 *version, GError **error)
{
  KobanStore *store = koban_store_open (path, TRUE, error);
  gboolean good;

  if (store == NULL)
    return FALSE;
  good = check_version (store, path, version, error);
  koban_store_close (store);
  return good;
}

static KobanStore *
open_and_migrate (const char *path, gint64 version, GError **error)
{
  KobanStore *store = koban_store_open (path, FALSE, error);

  if (store == NULL || migrate (store, version, error))
    return store;
  koban_store_close (store);
  return NULL;
}

KobanStore *
koban_schema_open (const char *path, gboolean readonly, GError **error)
{
  gint64 version = 0;

  if (path == NULL)
    return open_and_migrate (NULL, 0, error);
  if (!readonly && !g_file_test (path, G_FILE_TEST_IS_SYMLINK) && !g_file_test (path, G_FILE_TEST_EXISTS) &&
      !make_file (path, error))
    return NULL;
  if (!check_file (path, error) || !peek (path, &version, error))
    return NULL;
  if (!readonly)
    return open_and_migrate (path, version, error);
  if (version == CURRENT_VERSION)
    return koban_store_open (path, TRUE, error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FAILED,
               _("%s is of an older version: the agent must open it first"), path);
  return NULL;
}

gboolean
koban_schema_set_aside (const char *path, char **moved_to, GError **error)
{
  static const char *const logs[] = { "-wal", "-shm" };
  g_autoptr(GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *stamp = g_date_time_format (now, "%Y-%m-%dT%H%M%SZ");
  g_autofree char *target = g_strconcat (path, ".damaged-", stamp, NULL);

  for (int i = 2; g_file_test (target, G_FILE_TEST_EXISTS); i++)
    {
      g_free (target);
      target = g_strdup_printf ("%s.damaged-%s.%d", path, stamp, i);
    }
  if (g_rename (path, target) != 0)
    return storage_error (path, errno, error);
  for (gsize i = 0; i < G_N_ELEMENTS (logs); i++)
    {
      g_autofree char *from = g_strconcat (path, logs[i], NULL);
      g_autofree char *to = g_strconcat (target, logs[i], NULL);
      (void) g_rename (from, to);
    }
  if (moved_to != NULL)
    *moved_to = g_steal_pointer (&target);
  return TRUE;
}
