/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the person said yes to when they connected a bank, held against what would happen now.
 */
#pragma once

#include <koban/ledger.h>
#include <koban/profile.h>

G_BEGIN_DECLS

/* Ask before any secret of @connection is used: UNTRUSTED if @profile would send it where the person was not shown, or
 * is a file of their own that has changed since. */
gboolean koban_agreement_holds (KobanProfile *profile, const KobanConnection *connection, GError **error)
  G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
