/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A ledger that knows no connection, though the keyring does, was lost: it takes them up again, quietly, and tells it
 * once. Nobody who never connected a bank is asked anything.
 */
#pragma once

#include "parts.h"

G_BEGIN_DECLS

/* Looks, if there is anything to look for. Harmless to call again: while it looks, and when the keyring was locked. */
void koban_recovery_run (KobanParts *parts);

G_END_DECLS
