/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When a channel that did not take a message is tried again: by what it is made of, what it said, and how often it
 * was tried. Pure arithmetic.
 */
#pragma once

#include <koban/settings.h>

G_BEGIN_DECLS

/* Microseconds, at least a second. @attempts were made before this one. @asked_s is what the other side asked for (0: nothing),
 * and is a floor. */
gint64 koban_retry_wait_us (KobanChannelKind kind, guint attempts, const GError *error, gint64 asked_s, GRand *random);

G_END_DECLS
