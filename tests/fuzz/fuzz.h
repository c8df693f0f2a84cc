/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a fuzz target offers, to libFuzzer (-Dfuzzing=true) and to standalone.c alike.
 */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* The input as a text: without what follows a NUL in it. (transfer full) */
static inline char *
fuzz_text (const guint8 *data, gsize size)
{
  return size > 0 ? g_strndup ((const char *) data, size) : g_strdup ("");
}
