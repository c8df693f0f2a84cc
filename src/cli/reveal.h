/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A secret that Koban made, shown once to the person at the terminal, and gone from it after a key.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* There is a terminal, whatever standard input and output are. */
gboolean koban_reveal_can (void);

/* @heading, @square (nullable, see koban_qr_draw()), @secret and @after on a screen of their own, until a key is pressed.
 * Nothing of it stays on the screen, nor in what can be scrolled back to. */
gboolean koban_reveal (const char *heading, const char *square, const char *secret, const char *after,
                       GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
