/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one device takes of a connection that others watch as well.
 */
#pragma once

#include <koban/ledger.h>
#include <koban/profile.h>

G_BEGIN_DECLS

/* Requests of a rolling day: the profile's, or the share of them that the person set. At least 1. */
guint koban_share_of (KobanProfile *profile, const KobanConnection *connection);

G_END_DECLS
