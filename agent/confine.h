/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process gives up at its start, for good: core dumps, new privileges, other files, programs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Call first in main(): before any secret, and before any thread. */
void koban_confine (void);

/* From here on only @data, @runtime and the autostart folder can be written, only they, @config and the system's own files read,
 * and no program started. Call when both directories exist, and before any thread. FALSE: this kernel does not know how
 * to, and all is as before. */
gboolean koban_confine_files (const char *data, const char *config, const char *runtime);

/* The helper that opens statement files: all that this user may read is read, and programs are started; only below
 * @scratch is anything written. */
gboolean koban_confine_reading (const char *scratch);

/* The parser of one file: only the system's own files are read, and the paths after the first; only below the first is
 * anything written. NULL-terminated. */
gboolean koban_confine_parsing (const char *const *scratch_and_readable);

G_END_DECLS
