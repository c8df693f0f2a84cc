/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * File accounts: a connection of provider "file", whose listings are what the person imports. What was
 * read by koban-import is merged here as a bank's listing is; between two files, this is what knows
 * that it is time for another.
 */
#pragma once

#include <gio/gio.h>
#include <koban/ledger.h>

G_BEGIN_DECLS

#define KOBAN_FILE_PROVIDER "file"

/* One file on its way into the ledger. Plain data: it goes to the ledger thread and comes back. */
typedef struct
{
  char            *name;        /* (owned): of the connection, as the person calls it, or its id */
  GVariant        *read;        /* (owned): a{sv} as koban/statement.h tells */
  char            *folder;      /* (owned) (nullable): watched from now on; "" is none any more */
  char            *digest;      /* (owned) (nullable): of the file, where it came out of a folder */
  gint64           now_us;
  int              utc_offset_minutes;

  char            *connection;  /* (owned) (nullable): its id, once there is one */
  gboolean         first;       /* nothing was known before */
  gint64           lines;       /* in the file */
  GVariant        *accounts;    /* (owned) (nullable): aa{sv}: "account" s, "from" s, "to" s, "breaks" aa{sv}, "gap" a{sv} */
  KobanMergeResult merged;
} KobanFiling;

KobanFiling *koban_filing_new  (const char *name, GVariant *read, gint64 now_us);
void         koban_filing_free (gpointer self);

/* A KobanBooksFunc on a KobanFiling. A connection that is new is taken back if its file cannot be merged. */
gboolean     koban_filing_merge_in_worker (KobanLedger *ledger, gpointer filing, GError **error);

gboolean     koban_filing_is_file     (const KobanConnection *connection);
/* (transfer none) (nullable) */
const char  *koban_filing_get_folder  (const KobanConnection *connection);
const char  *koban_filing_get_format  (const KobanConnection *connection);
/* Digests of files that need not be looked at again. (transfer full) */
char       **koban_filing_get_seen    (const KobanConnection *connection);
/* A KobanBooksFunc on a KobanFiling: only remembers its digest. */
gboolean     koban_filing_forget_in_worker (KobanLedger *ledger, gpointer filing, GError **error);

/* A look at a connection without a new file: tells when one is overdue. Writes @connection's state and next look. */
gboolean     koban_filing_remind_in_worker (KobanLedger *ledger, KobanConnection *connection, gint64 now_us,
                                            KobanMergeResult *merged, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
