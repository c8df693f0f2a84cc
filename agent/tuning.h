/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Settings that change while the agent runs: the ledgers judge by them from now on, and the person
 * hears what lowers the protection (DESIGN §4.15), whoever it was that changed it.
 */
#pragma once

#include <koban/settings.h>
#include "parts.h"

G_BEGIN_DECLS

/* @services (unowned) (nullable) outlives the books. */
void koban_tuning_apply (KobanParts *parts, KobanServices *services, const KobanSettings *before, const KobanSettings *after);

G_END_DECLS
