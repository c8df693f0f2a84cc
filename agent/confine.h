/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process gives up at its start, for good: core dumps, new privileges.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Call first in main(): before any secret, and before any thread. */
void koban_confine (void);

G_END_DECLS
