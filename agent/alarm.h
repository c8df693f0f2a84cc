/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One alarm kept in a member: 0 while none is set. For those who take one down that has not rung.
 */
#pragma once

#include <koban/clock.h>

G_BEGIN_DECLS

static inline void
koban_alarm_clear (KobanClock *clock, guint *alarm)
{
  if (*alarm != 0)
    koban_clock_remove_alarm (clock, *alarm);
  *alarm = 0;
}

G_END_DECLS
