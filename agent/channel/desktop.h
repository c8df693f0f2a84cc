/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The channel "desktop": bubbles of the session's notification server, or of the portal in a sandbox.
 * What they say follows the lock of the screen.
 */
#pragma once

#include "channel.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_DESKTOP (koban_desktop_get_type ())
G_DECLARE_FINAL_TYPE (KobanDesktop, koban_desktop, KOBAN, DESKTOP, GObject)

/* Begins its own thread; the last unref ends it, or leaves it behind if a server keeps it waiting. */
KobanDesktop *koban_desktop_new     (KobanDetail detail, gboolean discreet_on_phone);
/* Of what is shown from now on. */
void          koban_desktop_set_detail (KobanDesktop *self, KobanDetail detail);
/* There is no other way to show the details of @incident: its bubble names the command that does. */
void          koban_desktop_explain (KobanDesktop *self, const char *incident);

G_END_DECLS
