/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a keyring item says beside its secret: that Koban watches this bank, since when, from which home, and how. It is
 * no secret itself; it is there because the keyring outlives a ledger that is lost.
 */
#pragma once

#include <koban/ledger.h>
#include <koban/secret.h>

G_BEGIN_DECLS

gboolean         koban_marker_is_in (KobanSecret *bundle);
/* (transfer full): @bundle with it. @since_us: when the baseline was made. */
KobanSecret     *koban_marker_put   (KobanSecret *bundle, const KobanConnection *connection, gint64 since_us);
/* The connection as it was agreed to, without id (transfer full); NULL if there is no marker, or not of this home.
 * @since_us is set with it. */
KobanConnection *koban_marker_read  (KobanSecret *bundle, const char *secret_id, gint64 *since_us);

G_END_DECLS
