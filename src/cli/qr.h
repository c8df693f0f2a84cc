/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A text as a square that a phone's camera reads, for a terminal.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Rows of half blocks in their own colours, one line each. (transfer full) (nullable): NULL where Koban was built without
 * libqrencode, or the text is too long. It says what the text says: who shows a secret so, wipes it. */
char *koban_qr_draw (const char *text);

G_END_DECLS
