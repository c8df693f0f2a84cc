/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger behind its threads: one that writes, one that only reads. Jobs of a kind run in the
 * order in which they were handed over; none is cancelled once begun. Opening is the first job, so
 * whatever is asked earlier waits for it, and fails with its error if it fails.
 */
#pragma once

#include <gio/gio.h>
#include <koban/ledger.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_BOOKS (koban_books_get_type ())
G_DECLARE_FINAL_TYPE (KobanBooks, koban_books, KOBAN, BOOKS, GObject)

/* Runs on one of the ledger's threads; nobody else touches @job meanwhile. */
typedef gboolean (*KobanBooksFunc) (KobanLedger *ledger, gpointer job, GError **error);

/* @path NULL is a ledger in memory (readers then share the writer). @services (unowned) outlives the books. */
KobanBooks *koban_books_new          (const char *path, KobanServices *services);

/* How wary the judgements are; NORMAL if not said. Before it is opened. */
void        koban_books_set_wariness (KobanBooks *self, KobanWariness wariness);

/* For koban_ledger_set_claims(); floating. Before it is opened. */
void        koban_books_set_claims   (KobanBooks *self, GVariant *windows);

/* When this agent began: as of then is told what is brought back from the weekly copy, or found to be older than it was.
 * 0, before: nothing is brought back. Before it is opened. */
void        koban_books_set_begun    (KobanBooks *self, gint64 begun_us);

/* A damaged file is set aside and a new one begun: @set_aside (optional) (transfer full) (nullable) is where it went, and
 * @recovered (optional) whether the weekly copy took its place, which tells of that itself. */
void        koban_books_open_async   (KobanBooks *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean    koban_books_open_finish  (KobanBooks *self, GAsyncResult *result, char **set_aside, gboolean *recovered,
                                      GError **error);
/* The slow look at the whole file; the same promise about a damaged one. */
void        koban_books_verify_async  (KobanBooks *self, GAsyncReadyCallback callback, gpointer user_data);
gboolean    koban_books_verify_finish (KobanBooks *self, GAsyncResult *result, char **set_aside, gboolean *recovered,
                                       GError **error);

/* @job is freed by @destroy (nullable) after @callback, on either thread: plain data only. */
void        koban_books_write_async  (KobanBooks *self, KobanBooksFunc func, gpointer job, GDestroyNotify destroy,
                                      GAsyncReadyCallback callback, gpointer user_data);
void        koban_books_read_async   (KobanBooks *self, KobanBooksFunc func, gpointer job, GDestroyNotify destroy,
                                      GAsyncReadyCallback callback, gpointer user_data);
gboolean    koban_books_finish       (KobanBooks *self, GAsyncResult *result, GError **error);
gpointer    koban_books_get_job      (GAsyncResult *result);

/* Lets all jobs end, closes the file and joins the threads. Call it before the last unref. */
void        koban_books_close        (KobanBooks *self);

G_END_DECLS
