/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's sign-in at the bank's page, as part of an operation: it owns the port that the browser comes back to, asks the
 * caller to open the page or to show the code, and waits. What it ends with is a bundle for the keyring, stored by nobody
 * yet.
 */
#pragma once

#include "operation.h"
#include "parts.h"

#include <koban/ledger.h>

G_BEGIN_DECLS

/* Whoever has not signed in by then has gone for a walk. */
#define KOBAN_SIGNING_IN_DEADLINE_S (10 * 60)

/* @connection: of it the base_url, ca_pem and fields; @secrets (nullable): what the person handed over. Ends with the
 * operation's cancellable. */
void         koban_signing_in_run_async  (KobanParts *parts, KobanOperation *operation, KobanProfile *profile,
                                          const KobanConnection *connection, KobanSecret *secrets,
                                          GAsyncReadyCallback callback, gpointer user_data);
/* The whole bundle. (transfer full) */
KobanSecret *koban_signing_in_run_finish (GAsyncResult *result, GError **error);

G_END_DECLS
