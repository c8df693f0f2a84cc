/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether this computer is a phone: held in a hand, and lying on tables with its screen up.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* By what the session's shell says of itself, then by hostnamed. @system (nullable). May block for a second. */
gboolean koban_is_phone (GDBusConnection *system);

G_END_DECLS
