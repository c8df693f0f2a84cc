/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One SQLite connection: opened with the settings that make a commit survive a crash, each statement
 * prepared once, every failure told as STORAGE or CORRUPT where someone acts on it. It never decides
 * what is stored.
 */
#include "config.h"

#include "ledger/store.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <sqlite3.h>
#include <string.h>

#define BUSY_TIMEOUT_MS 5000
/* Pages of the log: folded into the file at rest, when nobody waits, or while writing once there are as many
 * as the log may keep. */
#define LOG_AT_REST 250
#define LOG_AT_MOST 1000

struct _KobanStore
{
  sqlite3 *db;            /* (owned) */
  GHashTable *statements; /* (owned): address of the SQL → sqlite3_stmt (owned) */
  char *path;             /* (owned) (nullable): in memory */
  int logged;             /* pages in the log after the last commit of ours; 0: folded in */
};

static const struct
{
  int result;
  KobanError code;
} error_codes[] = {
  { SQLITE_FULL, KOBAN_ERROR_STORAGE },     { SQLITE_IOERR, KOBAN_ERROR_STORAGE },
  { SQLITE_READONLY, KOBAN_ERROR_STORAGE }, { SQLITE_CANTOPEN, KOBAN_ERROR_STORAGE },
  { SQLITE_PERM, KOBAN_ERROR_STORAGE },     { SQLITE_CORRUPT, KOBAN_ERROR_CORRUPT },
  { SQLITE_NOTADB, KOBAN_ERROR_CORRUPT },   { SQLITE_FORMAT, KOBAN_ERROR_CORRUPT },
};

static const char *
store_name (KobanStore *self)
{
  return self->path != NULL ? self->path : _("the ledger in memory");
}

static gboolean
fail (KobanStore *self, int result, GError **error)
{
  KobanError code = KOBAN_ERROR_FAILED;

  for (gsize i = 0; i < G_N_ELEMENTS (error_codes); i++)
    if (error_codes[i].result == (result & 0xff))
      code = error_codes[i].code;
  g_set_error (error, KOBAN_ERROR, (gint) code, "%s: %s", store_name (self),
               self->db != NULL ? sqlite3_errmsg (self->db) : sqlite3_errstr (result));
  return FALSE;
}

/* --- opening ---------------------------------------------------------------------------- */

static const char pragmas[] = "PRAGMA foreign_keys = ON;"
                              "PRAGMA trusted_schema = OFF;"
                              "PRAGMA cell_size_check = ON;"
                              "PRAGMA temp_store = MEMORY;";
/* In memory there is nothing that could survive, so nothing is synced or wiped. */
static const char pragmas_of_a_file[] = "PRAGMA journal_mode = WAL;"
                                        "PRAGMA synchronous = FULL;"
                                        "PRAGMA secure_delete = ON;"
                                        "PRAGMA journal_size_limit = 4194304;";

/* Moves what the log holds into the file, unless somebody reads it or the disk is full: then another time. */
static void
fold_log (KobanStore *self)
{
  int left = 0, folded = 0;

  if (sqlite3_wal_checkpoint_v2 (self->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &left, &folded) == SQLITE_OK &&
      folded == left)
    self->logged = 0;
}

static int
on_logged (void *user_data, sqlite3 *db, const char *database, int pages)
{
  KobanStore *self = user_data;

  self->logged = pages;
  if (pages >= LOG_AT_MOST)
    fold_log (self);
  return SQLITE_OK;
}

static gboolean
store_configure (KobanStore *self, gboolean readonly, GError **error)
{
  sqlite3_extended_result_codes (self->db, 1);
  sqlite3_busy_timeout (self->db, BUSY_TIMEOUT_MS);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  sqlite3_db_config (self->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  if (!koban_store_exec (self, pragmas, error))
    return FALSE;
  if (self->path == NULL || readonly)
    return TRUE;
  sqlite3_wal_hook (self->db, on_logged, self);
  return koban_store_exec (self, pragmas_of_a_file, error);
}

static void
statement_free (gpointer statement)
{
  sqlite3_finalize (statement);
}

KobanStore *
koban_store_open (const char *path, gboolean readonly, GError **error)
{
  int flags = SQLITE_OPEN_NOMUTEX;
  KobanStore *self;
  int result;

  if (path != NULL && !g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("%s: there is no such file"), path);
      return NULL;
    }
  self = g_new0 (KobanStore, 1);
  self->path = g_strdup (path);
  self->statements = g_hash_table_new_full (NULL, NULL, NULL, statement_free);
  flags |= readonly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
  result = sqlite3_open_v2 (path != NULL ? path : ":memory:", &self->db, flags, NULL);
  if (result == SQLITE_OK && store_configure (self, readonly, error))
    return self;
  if (result != SQLITE_OK)
    fail (self, result, error);
  koban_store_close (self);
  return NULL;
}

void
koban_store_close (KobanStore *self)
{
  int result;

  g_hash_table_unref (self->statements);
  result = sqlite3_close (self->db);
  g_assert (result == SQLITE_OK); /* every statement is finalized */
  g_free (self->path);
  g_free (self);
}

void
koban_store_rest (KobanStore *self)
{
  if (self->logged >= LOG_AT_REST)
    fold_log (self);
  sqlite3_db_release_memory (self->db);
}

static gboolean
look_through (KobanStore *self, const char *sql, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self, sql, "");
  if (koban_query_next (&query) && g_strcmp0 (koban_query_text (&query, 0), "ok") != 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_CORRUPT, _("%s is damaged: %s"), store_name (self),
                   koban_query_text (&query, 0));
      return FALSE;
    }
  return koban_query_finish (&query, error);
}

/* It is run once, and is by far the largest statement of all. */
gboolean
koban_store_verify (KobanStore *self, GError **error)
{
  static const char sql[] = "PRAGMA quick_check (1)";
  gboolean whole = look_through (self, sql, error);

  g_hash_table_remove (self->statements, sql);
  return whole;
}

/* --- statements ------------------------------------------------------------------------- */

gboolean
koban_store_exec (KobanStore *self, const char *sql, GError **error)
{
  int result = sqlite3_exec (self->db, sql, NULL, NULL, NULL);

  return result == SQLITE_OK || fail (self, result, error);
}

static sqlite3_stmt *
store_prepare (KobanStore *self, const char *sql, int *result)
{
  sqlite3_stmt *statement = g_hash_table_lookup (self->statements, sql);

  if (statement != NULL)
    {
      g_assert (!sqlite3_stmt_busy (statement)); /* no query nests inside itself */
      return statement;
    }
  *result = sqlite3_prepare_v3 (self->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
  if (*result != SQLITE_OK)
    return NULL;
  g_hash_table_insert (self->statements, (gpointer) sql, statement);
  return statement;
}

static void
bind_int (sqlite3_stmt *statement, int at, gboolean known, gint64 value)
{
  if (known)
    sqlite3_bind_int64 (statement, at, value);
  else
    sqlite3_bind_null (statement, at);
}

static void
bind_bytes (sqlite3_stmt *statement, int at, GBytes *bytes, sqlite3_destructor_type lifetime)
{
  gsize length;
  gconstpointer data;

  if (bytes == NULL)
    {
      sqlite3_bind_null (statement, at);
      return;
    }
  data = g_bytes_get_data (bytes, &length);
  sqlite3_bind_blob64 (statement, at, data != NULL ? data : "", length, lifetime);
}

static void
bind_money (sqlite3_stmt *statement, int at, gboolean known, KobanMoney money)
{
  bind_int (statement, at, known, money.minor);
  if (known)
    sqlite3_bind_text (statement, at + 1, money.currency.code, -1, SQLITE_TRANSIENT);
  else
    sqlite3_bind_null (statement, at + 1);
}

/* @lifetime: SQLITE_STATIC where texts and bytes stay until the bindings are cleared. */
static void
bind_all (sqlite3_stmt *statement, sqlite3_destructor_type lifetime, const char *types, va_list args)
{
  int at = 1;

  for (const char *type = types; *type != '\0'; type++)
    if (*type == 'i')
      bind_int (statement, at++, TRUE, va_arg (args, gint64));
    else if (*type == 'z')
      {
        gint64 value = va_arg (args, gint64);
        bind_int (statement, at++, value != 0, value);
      }
    else if (*type == 'd')
      {
        gint64 date = va_arg (args, gint64);
        bind_int (statement, at++, date != KOBAN_NO_DATE, date);
      }
    else if (*type == 's')
      sqlite3_bind_text (statement, at++, va_arg (args, const char *), -1, lifetime);
    else if (*type == 'b')
      bind_bytes (statement, at++, va_arg (args, GBytes *), lifetime);
    else if (*type == 'm')
      {
        gboolean known = va_arg (args, gboolean);
        bind_money (statement, at, known, va_arg (args, KobanMoney));
        at += 2;
      }
    else
      g_assert_not_reached ();
  g_assert (sqlite3_bind_parameter_count (statement) == at - 1);
}

gboolean
koban_store_run (KobanStore *self, GError **error, const char *sql, const char *types, ...)
{
  int result = SQLITE_OK;
  sqlite3_stmt *statement = store_prepare (self, sql, &result);
  va_list args;

  if (statement == NULL)
    return fail (self, result, error);
  va_start (args, types);
  bind_all (statement, SQLITE_STATIC, types, args);
  va_end (args);
  while ((result = sqlite3_step (statement)) == SQLITE_ROW)
    ;
  if (result != SQLITE_DONE)
    fail (self, result, error);
  sqlite3_reset (statement);
  sqlite3_clear_bindings (statement);
  return result == SQLITE_DONE;
}

gint64
koban_store_last_id (KobanStore *self)
{
  return sqlite3_last_insert_rowid (self->db);
}

guint
koban_store_changes (KobanStore *self)
{
  return (guint) sqlite3_changes (self->db);
}

void
koban_store_random (guint8 *bytes, gsize length)
{
  sqlite3_randomness ((int) length, bytes);
}

/* --- transactions ----------------------------------------------------------------------- */

gboolean
koban_store_begin (KobanStore *self, GError **error)
{
  return koban_store_run (self, error, "BEGIN IMMEDIATE", "");
}

gboolean
koban_store_commit (KobanStore *self, GError **error)
{
  return koban_store_run (self, error, "COMMIT", "");
}

/* A full disk may already have rolled back by itself. */
void
koban_store_rollback (KobanStore *self)
{
  if (sqlite3_get_autocommit (self->db) == 0)
    sqlite3_exec (self->db, "ROLLBACK", NULL, NULL, NULL);
}

/* --- queries ---------------------------------------------------------------------------- */

void
koban_query_start (KobanQuery *self, KobanStore *store, const char *sql, const char *types, ...)
{
  va_list args;

  koban_query_clear (self);
  self->store = store;
  self->result = SQLITE_OK;
  self->statement = store_prepare (store, sql, &self->result);
  if (self->statement == NULL)
    return;
  va_start (args, types);
  bind_all (self->statement, SQLITE_TRANSIENT, types, args);
  va_end (args);
  self->result = SQLITE_ROW;
}

gboolean
koban_query_next (KobanQuery *self)
{
  if (self->statement == NULL || self->result != SQLITE_ROW)
    return FALSE;
  self->result = sqlite3_step (self->statement);
  return self->result == SQLITE_ROW;
}

gboolean
koban_query_finish (KobanQuery *self, GError **error)
{
  gboolean good = self->result == SQLITE_DONE || self->result == SQLITE_ROW;

  if (!good)
    fail (self->store, self->result, error);
  koban_query_clear (self);
  return good;
}

void
koban_query_clear (KobanQuery *self)
{
  if (self->statement != NULL)
    {
      sqlite3_reset (self->statement);
      sqlite3_clear_bindings (self->statement);
    }
  self->statement = NULL;
}

gboolean
koban_query_is_null (KobanQuery *self, int column)
{
  return sqlite3_column_type (self->statement, column) == SQLITE_NULL;
}

gint64
koban_query_int (KobanQuery *self, int column)
{
  return sqlite3_column_int64 (self->statement, column);
}

const char *
koban_query_text (KobanQuery *self, int column)
{
  return (const char *) sqlite3_column_text (self->statement, column);
}

GBytes *
koban_query_bytes (KobanQuery *self, int column)
{
  gconstpointer data = sqlite3_column_blob (self->statement, column);

  if (koban_query_is_null (self, column))
    return NULL;
  return g_bytes_new (data, (gsize) sqlite3_column_bytes (self->statement, column));
}

gboolean
koban_query_money (KobanQuery *self, int column, KobanMoney *money)
{
  if (koban_query_is_null (self, column))
    return FALSE;
  money->minor = koban_query_int (self, column);
  memset (&money->currency, 0, sizeof money->currency);
  g_strlcpy (money->currency.code, koban_query_text (self, column + 1), sizeof money->currency.code);
  return TRUE;
}
