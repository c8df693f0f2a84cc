/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One SQLite connection with Koban's pragmas, its prepared statements and its error mapping. The
 * only file that knows SQLite. SQL texts are static, so their address is the key of the cache.
 */
#pragma once

#include <gio/gio.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef struct _KobanStore KobanStore;

/* @path NULL: in memory. The file must exist. Errors: NOT_FOUND, CORRUPT, STORAGE. */
KobanStore *koban_store_open     (const char *path, gboolean readonly, GError **error);
void        koban_store_close    (KobanStore *self);
/* For when nobody waits: folds a log that has grown into the file, and gives back the memory of the pages that were read;
 * they are read again when they are needed. */
void        koban_store_rest     (KobanStore *self);
gboolean    koban_store_verify   (KobanStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

gboolean    koban_store_begin    (KobanStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean    koban_store_commit   (KobanStore *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void        koban_store_rollback (KobanStore *self);

/* Several statements, none with parameters. */
gboolean    koban_store_exec     (KobanStore *self, const char *sql, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* One statement without rows. @types, a letter a parameter: i gint64 · z gint64, 0 is NULL · s const char * (nullable)
 * · d gint64, KOBAN_NO_DATE is NULL · b GBytes * (nullable) · m gboolean and KobanMoney: two parameters, minor units and currency, NULL if FALSE. */
gboolean    koban_store_run      (KobanStore *self, GError **error, const char *sql, const char *types, ...) G_GNUC_WARN_UNUSED_RESULT;
gint64      koban_store_last_id  (KobanStore *self);
guint       koban_store_changes  (KobanStore *self); /* rows touched by the last run */
void        koban_store_random   (guint8 *bytes, gsize length);

/* Rows: start, while (next) …, finish. An error at any step ends the loop and is told by finish. */
typedef struct
{
  KobanStore *store;
  gpointer    statement;
  int         result;
} KobanQuery;

void        koban_query_start    (KobanQuery *self, KobanStore *store, const char *sql, const char *types, ...);
gboolean    koban_query_next     (KobanQuery *self);
gboolean    koban_query_finish   (KobanQuery *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;
void        koban_query_clear    (KobanQuery *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KobanQuery, koban_query_clear)

gboolean    koban_query_is_null  (KobanQuery *self, int column);
gint64      koban_query_int      (KobanQuery *self, int column);             /* NULL is 0 */
const char *koban_query_text     (KobanQuery *self, int column);             /* (nullable), until the next step */
GBytes     *koban_query_bytes    (KobanQuery *self, int column);             /* (transfer full) (nullable) */
gboolean    koban_query_money    (KobanQuery *self, int column, KobanMoney *money); /* two columns; FALSE: NULL */

G_END_DECLS
