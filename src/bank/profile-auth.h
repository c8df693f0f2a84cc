/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A profile's "auth": its rows, and whether everything in them has somebody to fill it.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

KOBAN_KEY_READER (auth); /* the KobanProfile itself */

/* Needs and kept names that the rows speak of. */
void koban_auth_check     (KobanReading *reading, KobanJsonNode node, KobanProfile *self);

/* Headers of one request: each name in them is filled. @pairs is (nullable). */
void koban_auth_check_headers (KobanReading *reading, KobanJsonNode node, KobanProfile *self, GArray *pairs);

/* Whether a login finds out a value of this name that paths may use. */
gboolean koban_auth_gives_field (KobanProfile *self, const char *name);

G_END_DECLS
