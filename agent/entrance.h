/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes before a connection whose bank has a sign-in of its own: who it is (a new one, or one of that name that signs in
 * again), the sign-in itself, and its tokens in the keyring, before anything is written of them.
 */
#pragma once

#include "operation.h"
#include "parts.h"

#include <koban/ledger.h>

G_BEGIN_DECLS

/* @connection, as it was asked for, has its secret item; what the person did not hand over again is taken from the one that is
 * known. The caller keeps it alive. */
void             koban_entrance_async  (KobanParts *parts, KobanOperation *operation, KobanProfile *profile,
                                        KobanConnection *connection, GAsyncReadyCallback callback, gpointer user_data);
/* @known: the connection that signed in again, as it was; NULL if it is a new one. (transfer full) */
gboolean         koban_entrance_finish (GAsyncResult *result, KobanConnection **known, GError **error);

G_END_DECLS
