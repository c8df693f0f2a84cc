/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long to wait. A fleet must not beat in time: the interval is stretched by a share that is
 * stable for a connection, a failure waits by full jitter, and what a bank asked for is a floor.
 */
#include "config.h"

#include "pace.h"

#include <koban/date.h>
#include <koban/text.h>

gint64
koban_pace_between_us (GRand *random, guint from_s, guint to_s)
{
  gint64 span_ms = ((gint64) to_s - from_s) * 1000;

  return from_s * KOBAN_SECOND_US +
         (span_ms > 0 ? g_rand_int_range (random, 0, (gint32) span_ms) * 1000LL : 0);
}

gint64
koban_pace_jitter_us (GRand *random, guint base_s, guint cap_s, guint tries)
{
  guint64 ceiling_s = MIN ((guint64) base_s << MIN (tries, 20u), (guint64) cap_s);

  return koban_pace_between_us (random, 0, (guint) ceiling_s);
}

/* Up to a tenth longer, always the same for one connection. */
static gint64
steady_us (const KobanPace *pace)
{
  guint64 share = koban_text_hash (pace->seed != NULL ? pace->seed : "") % 1000;

  return pace->interval_s * KOBAN_SECOND_US + (gint64) (pace->interval_s * share * 100);
}

static gint64
floor_us (const KobanPace *pace, GRand *random)
{
  if (pace->floor_s <= 0)
    return 0;
  return pace->floor_s * KOBAN_SECOND_US +
         koban_pace_between_us (random, 0, (guint) MIN (pace->floor_s / 5 + 1, 17280));
}

gint64
koban_pace_next_us (const KobanPace *pace, GRand *random)
{
  gint64 wait_us = 0;

  switch (pace->kind)
    {
    case KOBAN_PACE_BACKOFF:
      wait_us =
        koban_pace_jitter_us (random, KOBAN_PACE_BACKOFF_BASE_S, KOBAN_PACE_BACKOFF_CAP_S, pace->failures);
      break;
    case KOBAN_PACE_DAILY:
      wait_us = KOBAN_DAY_US + koban_pace_between_us (random, 0, 60 * 60);
      break;
    case KOBAN_PACE_GIVEN:
      wait_us = pace->floor_s > 0 ? 0 : steady_us (pace);
      break;
    case KOBAN_PACE_STEADY:
    default:
      wait_us = steady_us (pace);
      break;
    }
  return CLAMP (MAX (wait_us, floor_us (pace, random)), KOBAN_SECOND_US,
                KOBAN_PACE_LONGEST_S * KOBAN_SECOND_US);
}
