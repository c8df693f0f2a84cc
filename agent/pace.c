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

guint
koban_pace_within_budget_s (guint64 interval_s, guint requests, guint budget)
{
  if (budget > 0)
    interval_s = MAX (interval_s, (guint64) 24 * 60 * 60 * 3 * requests / (2 * (guint64) budget));
  return (guint) MIN (interval_s, 24 * 60 * 60);
}

/* Up to a tenth longer, always the same for one connection. */
static gint64
steady_us (const KobanPace *pace)
{
  guint64 share = koban_text_hash (pace->seed != NULL ? pace->seed : "") % 1000;

  return pace->interval_s * KOBAN_SECOND_US + (gint64) (pace->interval_s * share * 100);
}

/* Who asks seldom can wait longer: a bank that is down is not asked several times as often as one that is
 * well. */
static gint64
backoff_us (const KobanPace *pace, GRand *random)
{
  guint base_s = MAX (KOBAN_PACE_BACKOFF_BASE_S, pace->interval_s / 4);

  return koban_pace_jitter_us (random, base_s, KOBAN_PACE_BACKOFF_CAP_S, pace->failures);
}

/* Who comes back after an outage whose end the bank tells all of them would come back in one second: those
 * who asked last wait the shortest. One interval spreads them as they were spread before it
 * (tests/bench/fleet). */
static gint64
patience_s (const KobanPace *pace)
{
  gint64 fifth_s = pace->floor_s / 5 + 1;
  gint64 wanted_s = pace->kind == KOBAN_PACE_BACKOFF ? MAX (fifth_s, pace->interval_s) : fifth_s;

  return CLAMP (KOBAN_PACE_LONGEST_S - pace->floor_s, 0, wanted_s);
}

static gint64
floor_us (const KobanPace *pace, GRand *random)
{
  if (pace->floor_s <= 0)
    return 0;
  return pace->floor_s * KOBAN_SECOND_US + koban_pace_between_us (random, 0, (guint) patience_s (pace));
}

gint64
koban_pace_next_us (const KobanPace *pace, GRand *random)
{
  gint64 wait_us = 0;

  switch (pace->kind)
    {
    case KOBAN_PACE_BACKOFF:
      wait_us = backoff_us (pace, random);
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
