/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Copies of the ledger: to a file of the person's, from one, and the one that is kept beside it and
 * renewed every week. All work is done on the ledger thread.
 */
#pragma once

#include "parts.h"

G_BEGIN_DECLS

/* Jobs for koban_books_write_async(), freed by koban_copy_free(). @file is taken; a plain file. */
typedef struct
{
  int            file;     /* (owned); -1: none */
  KobanServices *services; /* (unowned) (nullable) */
  gint64         now_us;
} KobanCopy;

KobanCopy *koban_copy_new  (int file, KobanServices *services, gint64 now_us, GError **error);
void       koban_copy_free (gpointer copy);
/* Writes the whole ledger into @file. */
gboolean   koban_copy_write_in_worker (KobanLedger *ledger, gpointer copy, GError **error);
/* Makes a ledger out of @file, to be taken up by the next agent. CORRUPT, NEWER: nothing was changed. */
gboolean   koban_copy_read_in_worker  (KobanLedger *ledger, gpointer copy, GError **error);

/* Renews the weekly copy if it is old. Costs a look at a file otherwise. */
void       koban_copies_keep (KobanParts *parts);
/* What the person leaves behind: every file of ours in the data directory, once nothing is open any more. */
void       koban_copies_forget_all (void);

G_END_DECLS
