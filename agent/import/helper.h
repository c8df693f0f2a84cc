/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The helper's face on the bus: it takes descriptors, has each parsed by a process of its own, and hands on
 * what that wrote. It looks into no file itself.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Until nobody has asked for a while. @scratch is the only folder that is written to. Exit status. */
int koban_helper_run (const char *scratch);

G_END_DECLS
