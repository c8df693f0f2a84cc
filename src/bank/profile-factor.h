/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "sca" of a revocation: the second factor that a bank wants before it revokes.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

extern const char *const koban_method_words[]; /* by KobanMethod, NULL-terminated */

KOBAN_KEY_READER (factor); /* KobanFactorRule * */

G_END_DECLS
