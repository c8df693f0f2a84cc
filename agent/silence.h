/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A process that can talk to nobody any more: no socket, no program, no other process.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Needs no_new_privs. For this thread and those it starts. FALSE: this system does not know how to. */
gboolean koban_silence (void);

G_END_DECLS
