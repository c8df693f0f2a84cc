/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A file for what reads only files, in a folder of its own that goes when the program ends.
 */
#pragma once

#include <glib.h>

/* The folder. (transfer none) */
const char *scratch_folder (void);
/* @data as the whole of the file @name in it; its path. (transfer none): until the next call with that name */
const char *scratch_write  (const char *name, const guint8 *data, gsize size);
