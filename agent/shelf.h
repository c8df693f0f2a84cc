/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The folder that a file account takes its next files from. koban-import looks into it, because this
 * process cannot; each new file is merged once, and one that is no statement is not looked at again.
 */
#pragma once

#include "cycle.h"

G_BEGIN_DECLS

/* @connection has a folder. Nothing new is no error. */
void     koban_shelf_check_async  (const KobanCycleTools *tools, const KobanConnection *connection, gint64 now_us,
                                   GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data);
/* What was merged is added to @merged even when it fails: the first file that could not be read is told. */
gboolean koban_shelf_check_finish (GAsyncResult *result, KobanMergeResult *merged, GError **error);

G_END_DECLS
