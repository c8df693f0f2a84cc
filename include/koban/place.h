/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where the data files lie that came with the program: installed, or in the source tree when a
 * program is run from the folder it was built in.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The path of @folder ("providers"). $@variable wins, so that a test or a packager can name another. (transfer full) */
char *koban_place_data (const char *folder, const char *variable);

G_END_DECLS
