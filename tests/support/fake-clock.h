/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A clock that a test drives. Time stands still until it is moved; alarms fire inside the call that
 * moves it, soonest first, and see the time at which they were due.
 */
#pragma once

#include <koban/clock.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_FAKE_CLOCK (koban_fake_clock_get_type ())
G_DECLARE_FINAL_TYPE (KobanFakeClock, koban_fake_clock, KOBAN, FAKE_CLOCK, GObject)

/* Boot time begins at one hour. */
KobanFakeClock *koban_fake_clock_new (gint64 wall_us);

/* Both clocks go on by @us. */
void   koban_fake_clock_advance (KobanFakeClock *self, gint64 us);
/* To the next alarm, and fires it; FALSE when there is none. */
gboolean koban_fake_clock_advance_to_next (KobanFakeClock *self);
/* A step of the wall clock alone: somebody set it, or it was wrong. */
void   koban_fake_clock_set_wall (KobanFakeClock *self, gint64 wall_us);

guint  koban_fake_clock_get_n_alarms (KobanFakeClock *self);
/* Boot time of the next alarm, or -1. */
gint64 koban_fake_clock_get_next_us (KobanFakeClock *self);

G_END_DECLS
