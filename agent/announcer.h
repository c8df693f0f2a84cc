/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * That Koban runs is said once a month, and nothing turns it off: whoever sits at this computer is to
 * know that it watches accounts, and to how many places it sends. One alarm, for when it is due.
 */
#pragma once

#include "books.h"

#include <koban/clock.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_ANNOUNCER (koban_announcer_get_type ())
G_DECLARE_FINAL_TYPE (KobanAnnouncer, koban_announcer, KOBAN, ANNOUNCER, GObject)

/* Both (unowned), outlive it. Signal "said" (): the open alerts have changed. */
KobanAnnouncer *koban_announcer_new        (KobanClock *clock, KobanBooks *books);
/* How many channels leave this device. */
void            koban_announcer_set_places (KobanAnnouncer *self, guint places);
/* At the start, and when what is watched has changed. */
void            koban_announcer_refresh    (KobanAnnouncer *self);
void            koban_announcer_stop       (KobanAnnouncer *self);

G_END_DECLS
