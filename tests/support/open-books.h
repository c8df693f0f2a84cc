/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A ledger in memory behind its real thread, for tests of what works with one: a job is handed over and waited for.
 */
#pragma once

#include "books.h"

G_BEGIN_DECLS

/* Open and empty. (transfer full) */
KobanBooks *koban_open_books_new   (void);
/* In a file, where the disk can be full. (transfer full) */
KobanBooks *koban_open_books_new_in (const char *path);
/* Runs the main loop until @func has ended well; jobs run in order, so all that was asked for before has, too. */
void        koban_open_books_write (KobanBooks *books, KobanBooksFunc func, gpointer job);
/* Until nothing is left of it, or of those who waited. @books is unreffed by the caller. */
void        koban_open_books_close (KobanBooks *books);

/* Runs the main loop until somebody has set @done. */
void        koban_run_until        (const gboolean *done);

G_END_DECLS
