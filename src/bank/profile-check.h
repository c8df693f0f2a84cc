/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of a profile must know of each other.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

/* Adds what is wrong between the parts of @self, which was read from @root. */
void koban_profile_check (KobanReading *reading, KobanJsonNode root, KobanProfile *self);

G_END_DECLS
