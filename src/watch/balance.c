/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Money gone with no line to show for it. It promises to wait as long as this bank is known to need for
 * listing a line, and no longer; it never judges a balance that its lines explain.
 */
#include "config.h"

#include "watch/judgement.h"

#define QUICK_LAG_US (12 * KOBAN_HOUR_US) /* a bank that was never late may be once */
#define FIRST_LAG_US                                                                                         \
  (30 * KOBAN_HOUR_US)                 /* some list a line so long after the balance moved (detection (c)) */
#define LATE_LAG_US (6 * KOBAN_DAY_US) /* one that is seen to be late is later still over a weekend */
#define LONGEST_LAG_US (8 * KOBAN_DAY_US)
#define SETTLING_US (6 * KOBAN_DAY_US) /* the first balance may not hold yet what the first lines do */
#define ENOUGH_MOVES 12

static gint64
tolerance (const KobanJudgement *self)
{
  return 2 * self->habit->euro;
}

/* What the balance lacks when every line, booked or pending, is granted to it. */
static gint64
shortfall (const KobanHabit *habit)
{
  gint64 booked_only = habit->booked - habit->anchor - habit->explained;

  return MIN (MAX (booked_only, booked_only - habit->pending), 0) + MAX (booked_only, 0);
}

/* What has been seen of this bank counts once it is enough. */
static gint64
grace_us (const KobanHabit *habit)
{
  if (habit->lag_us > KOBAN_MINUTE_US)
    return CLAMP (habit->lag_us * 3 / 2, LATE_LAG_US, LONGEST_LAG_US);
  return habit->moves >= ENOUGH_MOVES ? QUICK_LAG_US : FIRST_LAG_US;
}

static void
tell_gap (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 hours = (self->delta->now_us - habit->gap_since_us) / KOBAN_HOUR_US;
  KobanDate day = koban_date_from_us (habit->gap_since_us, self->delta->utc_offset_minutes);
  g_autofree char *key = koban_judgement_key (self, "balance", 0, day);
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons, koban_reason_new (KOBAN_REASON_BALANCE_UNEXPLAINED, "amount", "m",
                                                           koban_judgement_money (self, habit->gap), "hours",
                                                           "x", hours, NULL));
  gboolean large = koban_habit_size_bits (habit, koban_log2 ((guint64) -habit->gap)) >= 5 * 256;
  KobanVerdict verdict = { .incident = key,
                           .kind = KOBAN_ALERT_BALANCE,
                           .severity = large ? KOBAN_SEVERITY_CRITICAL : KOBAN_SEVERITY_WARNING,
                           .reasons = g_variant_builder_end (&reasons),
                           .has_total = TRUE,
                           .total = habit->gap };
  koban_judgement_tell (self, &verdict);
}

/* Told once: from here on. */
static void
settle_gap (KobanHabit *habit)
{
  habit->anchor += habit->gap;
  habit->gap = 0;
}

static void
judge_gap (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 due_us = habit->gap_since_us + grace_us (habit);

  if (!habit->anchored || habit->gap == 0)
    return;
  if (self->delta->now_us < due_us)
    {
      koban_judgement_due (self, due_us);
      return;
    }
  if (habit->gap_since_us - habit->anchored_us > SETTLING_US)
    tell_gap (self);
  settle_gap (habit);
}

/* --- overdrawn ---------------------------------------------------------------------------------------- */

static KobanEpisode *
open_withdrawal (KobanJudgement *self)
{
  for (guint32 i = 0; i < self->habit->n_episodes; i++)
    {
      KobanEpisode *episode = &self->habit->episodes[i];
      if ((episode->told & (1 << KOBAN_ALERT_WITHDRAWAL)) != 0 &&
          self->delta->now_us - episode->last_us <= 3 * KOBAN_DAY_US)
        return episode;
    }
  return NULL;
}

static gint64
spendable (const KobanChange *change)
{
  return change->has_available ? change->available.minor : change->booked.minor;
}

/* Once all of a check is heard: what was just told as a withdrawal says it too; else it is a notice. */
static void
judge_negative (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  KobanDate day = koban_date_from_us (self->delta->now_us, self->delta->utc_offset_minutes);

  if (habit->negative == 0 || habit->times_negative > 2)
    return;

  KobanEpisode *episode = open_withdrawal (self);
  g_autofree char *key = koban_judgement_key (self, "balance", 1, day);
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons,
                               koban_reason_new (KOBAN_REASON_NEGATIVE_BALANCE, "balance", "m",
                                                 koban_judgement_money (self, habit->negative), NULL));
  KobanVerdict verdict = { .incident = episode != NULL ? episode->key : key,
                           .kind = episode != NULL ? KOBAN_ALERT_WITHDRAWAL : KOBAN_ALERT_BALANCE,
                           .severity =
                             episode != NULL ? (KobanSeverity) episode->severity : KOBAN_SEVERITY_NOTICE,
                           .reasons = g_variant_builder_end (&reasons) };
  koban_judgement_tell (self, &verdict);
  habit->negative_told = day;
}

void
koban_balance_on_time (KobanJudgement *self)
{
  if (self->delta->changes->len > 0) /* a listing of a check that is not over: its lines may come next */
    return;
  judge_negative (self);
  self->habit->negative = 0;
  judge_gap (self);
}

/* --- learning ----------------------------------------------------------------------------------------- */

/* A line that explains late says how late this bank is. */
static void
learn_explained (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 lag_us = self->change->heard_us - habit->gap_since_us;

  if (habit->gap != 0 && self->change->line != NULL && lag_us > 0)
    habit->lag_us = MAX (habit->lag_us, MIN (lag_us, LONGEST_LAG_US));
  habit->gap = 0;
}

/* Only a balance that falls opens a gap, and by no more than it fell: a credit that is listed before the
 * balance shows it takes nothing away. The smallest shortfall since then is what no line explains. */
static void
measure_gap (KobanHabit *habit, gint64 lacks, gint64 fell, gint64 heard_us)
{
  if (habit->gap == 0 && fell > 0)
    habit->gap_since_us = heard_us;
  habit->gap = MAX (lacks, habit->gap - fell);
}

/* Lines that the balance never comes to show were in it before the anchor. */
static void
measure_excess (KobanHabit *habit, gint64 lacks, gint64 heard_us)
{
  if (habit->excess == 0)
    {
      habit->excess = lacks;
      habit->excess_since_us = heard_us;
    }
  habit->excess = MIN (habit->excess, lacks);
  if (heard_us - habit->excess_since_us < LONGEST_LAG_US)
    return;
  habit->anchor += habit->excess;
  habit->excess = 0;
}

static void
measure (KobanJudgement *self, gint64 fell)
{
  KobanHabit *habit = self->habit;
  gint64 heard_us = self->change->heard_us;
  gint64 lacks = shortfall (habit);

  if (!habit->anchored)
    return;
  if (lacks > tolerance (self))
    measure_excess (habit, lacks, heard_us);
  else
    habit->excess = 0;
  if (lacks < -tolerance (self))
    measure_gap (habit, lacks, fell, heard_us);
  else
    learn_explained (self);
}

/* By how much the booked balance fell. */
static gint64
learn_heard (KobanJudgement *self)
{
  const KobanChange *change = self->change;
  KobanHabit *habit = self->habit;

  if (!change->has_booked && !change->has_available)
    return 0;
  if (change->heard_us != habit->balance_us)
    {
      habit->balance_before = habit->balance;
      habit->balance_before_us = habit->balance_us;
    }
  habit->balance = spendable (change);
  habit->balance_us = change->heard_us;
  habit->has_balance = TRUE;
  if (!change->has_booked)
    return 0;

  gint64 fell = habit->anchored ? MAX (habit->booked - change->booked.minor, 0) : 0;
  if (change->booked.minor < 0 && habit->booked >= 0 && habit->anchored)
    {
      habit->times_negative++;
      habit->negative = change->booked.minor;
    }
  habit->moves += fell > 0 ? 1 : 0;
  habit->booked = change->booked.minor;
  if (!habit->anchored)
    {
      habit->anchored = TRUE;
      habit->anchor = habit->booked;
      habit->anchored_us = change->heard_us;
      habit->explained = 0;
    }
  return fell;
}

static gint64
booked_part (const KobanTransaction *line)
{
  return line != NULL && line->state == KOBAN_TRANSACTION_BOOKED ? line->amount.minor : 0;
}

static gint64
pending_part (const KobanTransaction *line)
{
  return line != NULL && line->state == KOBAN_TRANSACTION_PENDING ? line->amount.minor : 0;
}

static void
learn_line (KobanJudgement *self)
{
  const KobanChange *change = self->change;
  KobanHabit *habit = self->habit;

  habit->pending -= pending_part (change->line_before);
  habit->pending += pending_part (change->line);
  if (!habit->anchored ||
      (change->baseline && change->heard_us <= habit->anchored_us)) /* the first balance holds them */
    return;
  habit->explained -= booked_part (change->line_before);
  habit->explained += booked_part (change->line);
}

void
koban_balance_learn (KobanJudgement *self)
{
  switch (self->change->kind)
    {
    case KOBAN_CHANGE_BALANCE:
      measure (self, learn_heard (self));
      break;
    case KOBAN_CHANGE_LINE_NEW:
    case KOBAN_CHANGE_LINE_CHANGED:
    case KOBAN_CHANGE_LINE_WITHDRAWN:
      learn_line (self);
      measure (self, 0);
      break;
    case KOBAN_CHANGE_LINK_NEW:
    case KOBAN_CHANGE_LINK_BACK:
    case KOBAN_CHANGE_LINK_CHANGED:
    case KOBAN_CHANGE_LINK_GONE:
    case KOBAN_CHANGE_ANSWER:
    default:
      break;
    }
}
