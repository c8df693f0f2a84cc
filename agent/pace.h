/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long to wait: pure arithmetic on what a check came to, with the randomness passed in. It
 * knows no clock, no ledger and no bank; when a check really runs is the poller's affair.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_PACE_STEADY,  /* all well, or nothing the bank can mend: at the usual interval */
  KOBAN_PACE_BACKOFF, /* full jitter: U(0, min (cap, base * 2^failures)); not before what the bank asked for, plus up to an interval */
  KOBAN_PACE_DAILY,   /* only a person can mend it: look again once a day */
  KOBAN_PACE_GIVEN,   /* the time is known: @floor_s, plus up to a fifth */
} KobanPaceKind;

typedef struct
{
  KobanPaceKind kind;
  const char   *seed;       /* stable and private to the connection: spreads the fleet */
  guint         interval_s; /* the usual time between two checks */
  guint         failures;   /* in a row, this one counted */
  gint64        floor_s;    /* the bank's Retry-After, or until the budget allows; 0 or less: none */
} KobanPace;

#define KOBAN_PACE_BACKOFF_BASE_S 60 /* at least: else a quarter of the interval */
#define KOBAN_PACE_BACKOFF_CAP_S  (6 * 60 * 60)
/* Longest wait there is: a Retry-After is capped at a day, and up to a fifth is added. A due time
 * further off than this was written under another clock. */
#define KOBAN_PACE_LONGEST_S      (30 * 60 * 60)

/* Microseconds from now to the next check; never less than a second. */
gint64 koban_pace_next_us    (const KobanPace *pace, GRand *random);
/* The usual time between two checks that take @requests each, so that they leave a third of the day's @budget (0: there is none)
 * to the person; a day at most. */
guint  koban_pace_within_budget_s (guint64 interval_s, guint requests, guint budget);
/* U(from, to) seconds, in microseconds. */
gint64 koban_pace_between_us (GRand *random, guint from_s, guint to_s);
/* U(0, min (cap, base * 2^tries)) seconds, in microseconds. */
gint64 koban_pace_jitter_us  (GRand *random, guint base_s, guint cap_s, guint tries);

G_END_DECLS
