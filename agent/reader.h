/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's side of koban-import, which the bus starts: a descriptor goes there, plain values come back.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* @file stays the caller's. @options as org.koban.Import1.Read, but for today, which is @now_us's; may be floating. */
void      koban_reader_read_async  (GDBusConnection *bus, int file, GVariant *options, gint64 now_us,
                                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* aa{sv}: what lies in @folder and is not @known. */
void      koban_reader_list_async  (GDBusConnection *bus, const char *folder, const char *const *known,
                                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
void      koban_reader_open_async  (GDBusConnection *bus, const char *folder, const char *name, GVariant *options,
                                    gint64 now_us, GCancellable *cancellable, GAsyncReadyCallback callback,
                                    gpointer user_data);
/* Of each of them. (transfer full) */
GVariant *koban_reader_finish      (GDBusConnection *bus, GAsyncResult *result, GError **error);

G_END_DECLS
