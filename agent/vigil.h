/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * That Koban watches, told to one channel off the device, so that its silence means something. Where the channel can keep a
 * message, one that says "Koban has not looked" lies there and is renewed by good checks; elsewhere a message a week
 * says that it still watches. It wakes nobody: it lives on the checks that go well.
 */
#pragma once

#include <koban/clock.h>

#include "books.h"
#include "channel/channel.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_VIGIL (koban_vigil_get_type ())
G_DECLARE_FINAL_TYPE (KobanVigil, koban_vigil, KOBAN, VIGIL, GObject)

/* @channel is referenced, the others (unowned) outlive the vigil. */
KobanVigil *koban_vigil_new    (KobanClock *clock, KobanBooks *books, KobanChannel *channel);
/* A check went well. */
void        koban_vigil_looked (KobanVigil *self);
void        koban_vigil_stop   (KobanVigil *self);

G_END_DECLS
