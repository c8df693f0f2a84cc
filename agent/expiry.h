/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Koban's own permission at a bank ends some day, and without it nothing is watched: said seven days
 * before, and again on the last.
 */
#pragma once

#include <koban/ledger.h>

G_BEGIN_DECLS

/* On the ledger thread, at the end of a good check. Settles what was told once the permission is renewed. */
gboolean koban_expiry_tell (KobanLedger *ledger, const KobanConnection *connection, gint64 now_us, KobanMergeResult *merged,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
