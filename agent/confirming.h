/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The bank wants to hear from the person themself before it revokes: asks the caller of an operation for what the bank
 * wants, or waits while the person is at the bank's page or in its app. It asks the bank nothing.
 */
#pragma once

#include "operation.h"
#include "parts.h"

#include <koban/session.h>

G_BEGIN_DECLS

/* Until the session can make its next step; koban_session_get_factor() says what for. @until_us: of the boot clock, 0: this is
 * the first time, and it is set. Ends with the operation's cancellable, and with FAILED when nobody is waited for any
 * more. */
void     koban_confirming_wait_async  (KobanParts *parts, KobanOperation *operation, KobanSession *session,
                                       gint64 *until_us, GAsyncReadyCallback callback, gpointer user_data);
gboolean koban_confirming_wait_finish (GAsyncResult *result, GError **error);

G_END_DECLS
