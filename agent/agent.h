/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The composition root: builds every part, knows who listens to whom, and takes them down in order.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Runs until it has nothing to do or is asked to leave. Returns the exit status. */
int koban_agent_run (void);

G_END_DECLS
