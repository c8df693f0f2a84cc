/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start at login: on while there is a connection, off when there is none.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Writes or removes an entry in $XDG_CONFIG_HOME/autostart; and where the session has a systemd user manager that knows
 * our unit, enables or disables it. Does not wait, and a failure is a line in the log: the agent runs now anyway. */
void koban_autostart_set (gboolean on);

G_END_DECLS
