/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel "desktop": bubbles of the session's notification server.
 */
#pragma once

#include "channel.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_DESKTOP (koban_desktop_get_type ())
G_DECLARE_FINAL_TYPE (KobanDesktop, koban_desktop, KOBAN, DESKTOP, GObject)

/* Begins its own thread; the last unref ends it, or leaves it behind if a server keeps it waiting. */
KobanDesktop *koban_desktop_new (KobanDetail detail);
/* Of what is shown from now on. */
void          koban_desktop_set_detail (KobanDesktop *self, KobanDetail detail);

G_END_DECLS
