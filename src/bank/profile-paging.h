/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a profile's file says that an answer has more pages.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

KOBAN_KEY_READER (paging); /* KobanPagingRule */

G_END_DECLS
