/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor under bench-ledger: the same rows into bare SQLite, in the table, the indexes and the settings
 * that the ledger has, in one transaction; then all once more, found by the bank's id, or by account, day,
 * amount and text where there is none, with ten new ones.
 *   floor-sqlite FILE SCHEMA LINES [no-ids]
 */
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"

#define NEW_LINES 10
#define BATCH 1000 /* invented at a time, while the clock stands */

static const char insert[] =
  "INSERT INTO line (account, bank_id, pending_id, state, type, amount, currency, date, time_us, text, payee,"
  " counterparty_id, mandate_ref, balance_after, balance_currency, first_seen_us, service, unseen_us)"
  " VALUES (1, ?1, NULL, 1, 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, NULL, NULL, NULL, ?9, NULL, NULL)";

static void
must (sqlite3 *db, int result)
{
  if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW)
    g_error ("%s", sqlite3_errmsg (db));
}

static sqlite3 *
open_table (const char *path, const char *schema)
{
  gboolean in_memory = strcmp (path, ":memory:") == 0;
  g_autofree char *sql = NULL;
  sqlite3 *db = NULL;

  must (db,
        sqlite3_open_v2 (path, &db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL));
  must (db, sqlite3_exec (db, in_memory ? LIFE_SETTINGS_IN_MEMORY : LIFE_SETTINGS, NULL, NULL, NULL));
  if (!g_file_get_contents (schema, &sql, NULL, NULL))
    g_error ("%s cannot be read", schema);
  must (db, sqlite3_exec (db, sql, NULL, NULL, NULL));
  return db;
}

static void
bind_text (sqlite3_stmt *statement, int at, const char *text)
{
  sqlite3_bind_text (statement, at, text, -1, SQLITE_STATIC);
}

static void
insert_line (sqlite3 *db, sqlite3_stmt *statement, const LifeLine *line, gboolean has_ids)
{
  if (has_ids)
    bind_text (statement, 1, line->id);
  sqlite3_bind_int64 (statement, 2, line->minor);
  bind_text (statement, 3, LIFE_CURRENCY);
  sqlite3_bind_int64 (statement, 4, line->day);
  sqlite3_bind_int64 (statement, 5, line->time_us);
  bind_text (statement, 6, line->text);
  bind_text (statement, 7, line->payee);
  bind_text (statement, 8, line->shop);
  sqlite3_bind_int64 (statement, 9, line->time_us);
  must (db, sqlite3_step (statement));
  sqlite3_reset (statement);
}

static gboolean
is_known (sqlite3 *db, sqlite3_stmt *find, const LifeLine *line, gboolean has_ids)
{
  if (has_ids)
    bind_text (find, 1, line->id);
  else
    {
      sqlite3_bind_int64 (find, 1, line->day);
      sqlite3_bind_int64 (find, 2, line->minor);
      bind_text (find, 3, line->text);
    }
  gboolean known = sqlite3_step (find) == SQLITE_ROW;
  sqlite3_reset (find);
  return known;
}

typedef struct
{
  sqlite3_stmt *insert, *find;
  gboolean has_ids, again;
  gint64 cpu_us, wall_us;
} Taking;

static void
take_batch (sqlite3 *db, Taking *self, guint first, guint n_lines)
{
  static LifeLine lines[BATCH];

  for (guint i = 0; i < n_lines; i++)
    life_line (first + i, &lines[i]);
  gint64 cpu_us = life_cpu_us (), wall_us = g_get_monotonic_time ();
  for (guint i = 0; i < n_lines; i++)
    if (!self->again || !is_known (db, self->find, &lines[i], self->has_ids))
      insert_line (db, self->insert, &lines[i], self->has_ids);
  self->cpu_us += life_cpu_us () - cpu_us;
  self->wall_us += g_get_monotonic_time () - wall_us;
}

static void
commit (sqlite3 *db, Taking *self)
{
  gint64 cpu_us = life_cpu_us (), wall_us = g_get_monotonic_time ();

  must (db, sqlite3_exec (db, "COMMIT", NULL, NULL, NULL));
  self->cpu_us += life_cpu_us () - cpu_us;
  self->wall_us += g_get_monotonic_time () - wall_us;
}

static void
measure (sqlite3 *db, guint n_lines, gboolean has_ids, gboolean again)
{
  static const char by_id[] = "SELECT * FROM line WHERE account = 1 AND bank_id = ?1";
  static const char by_content[] =
    "SELECT * FROM line WHERE account = 1 AND date = ?1 AND amount = ?2 AND text = ?3";
  Taking self = { .has_ids = has_ids, .again = again };

  must (db, sqlite3_prepare_v2 (db, insert, -1, &self.insert, NULL));
  must (db, sqlite3_prepare_v2 (db, has_ids ? by_id : by_content, -1, &self.find, NULL));
  must (db, sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
  for (guint first = 0; first < n_lines; first += BATCH)
    take_batch (db, &self, first, MIN (BATCH, n_lines - first));
  commit (db, &self);
  sqlite3_finalize (self.insert);
  sqlite3_finalize (self.find);
  life_tell (again ? "again_cpu_us" : "first_cpu_us", self.cpu_us);
  life_tell (again ? "again_wall_us" : "first_wall_us", self.wall_us);
}

int
main (int argc, char *argv[])
{
  if (argc < 4)
    return 2;
  guint n_lines = (guint) atoi (argv[3]);
  gboolean has_ids = argc < 5;
  sqlite3 *db = open_table (argv[1], argv[2]);

  must (db,
        sqlite3_exec (db,
                      "INSERT INTO account (identity, currency, name, sees_links, sees_pending, sees_time,"
                      " ownership, watch, created_us) VALUES ('1', 'GBP', 'A', 0, 0, 0, 0, 0, 0)",
                      NULL, NULL, NULL));
  measure (db, n_lines, has_ids, FALSE);
  measure (db, n_lines + NEW_LINES, has_ids, TRUE);
  sqlite3_close (db);
  life_tell ("peak_kb", life_peak_kb ());
  return 0;
}
