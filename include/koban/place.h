/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where that lies which came with the program: installed, or in the source tree and beside it when a
 * program is run from the folder it was built in.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The path of @folder ("providers"). $@variable wins, so that a test or a packager can name another.
 * (transfer full) */
char *koban_place_data (const char *folder, const char *variable);

/* The path of the program @name that nobody starts by hand; below the same DESTDIR as the program that asks,
 * if it is run there. (transfer full) */
char *koban_place_helper (const char *name);

G_END_DECLS
