/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the parts of a profile must know of each other, and how any mistake in one is told.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

/* Adds "line L: sentence". */
void koban_profile_problem (GPtrArray *problems, KobanJsonNode at, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* Adds what is wrong between the parts of @self, which was read from @root. */
void koban_profile_check   (GPtrArray *problems, KobanJsonNode root, KobanProfile *self);

G_END_DECLS
