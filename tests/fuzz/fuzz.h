/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a fuzz target offers, to libFuzzer (-Dfuzzing=true) and to standalone.c alike.
 */
#pragma once

#include <glib.h>

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);
