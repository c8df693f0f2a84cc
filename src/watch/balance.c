/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Money gone with no line to show for it. The books agree while a balance equals the sum of the lines at some
 * time since they last agreed: that a bank shows either of them later than the other is no news. It promises
 * to wait as long as this bank is known to need, and no longer; it never moves the books because they nearly
 * agree, and never tells of money that is there.
 */
#include "config.h"

#include "watch/judgement.h"

#include <string.h>

#define QUICK_LAG_US (12 * KOBAN_HOUR_US) /* a bank that was never late may be once */
#define FIRST_LAG_US                                                                                         \
  (30 * KOBAN_HOUR_US) /* some list a line so long after the balance moved (detection (c)) */
#define SMALL_LAG_US (66 * KOBAN_HOUR_US) /* what hurts little may wait over a weekend */
#define LATE_LAG_US (3 * KOBAN_DAY_US)    /* one that is seen to be late is later still over a weekend */
#define LONGEST_LAG_US (8 * KOBAN_DAY_US)
#define NO_LAG_US KOBAN_HOUR_US        /* one and the same check, or the next */
#define SETTLING_US (6 * KOBAN_DAY_US) /* the first balance may not hold yet what the first lines do */
#define SETTLED_US (3 * KOBAN_DAY_US)
#define OPEN_US (14 * KOBAN_DAY_US) /* what goes in that time belongs to the alert that is open */
#define LATEST 6                    /* balances that are asked what is missing */
#define SOME_MOVES 12
#define ENOUGH_MOVES 45 /* a bank that lists one line in fifteen late has shown it by then */
#define EXCUSES 2       /* told and explained later so often: this account is told of less */

/* By how much all balances since @first differ from the lines, if one and the same thing is the reason. */
typedef struct
{
  gint64 apart;
  guint support, first;
} Guess;

static gint64
tolerance (const KobanJudgement *self)
{
  return 2 * self->habit->euro;
}

static gint64
apart (const KobanHabit *habit, guint moved, guint listed)
{
  return habit->moved[moved].booked - habit->anchor - habit->listed[listed].booked;
}

/* --- the books agree ---------------------------------------------------------------------------------- */

/* To the last digit, or, as both stand now, nearly. Some banks hold in the booked balance what is pending. */
static gboolean
agrees (const KobanJudgement *self, guint moved, guint listed)
{
  const KobanHabit *habit = self->habit;
  gboolean both_last = moved + 1 == habit->n_moved && listed + 1 == habit->n_listed;
  gint64 near = both_last ? tolerance (self) : 0;
  gint64 plain = apart (habit, moved, listed);

  return ABS (plain) <= near || plain == habit->listed[listed].pending;
}

static void
drop_before (KobanHabit *habit, guint moved, guint listed)
{
  habit->n_moved -= moved;
  memmove (habit->moved, habit->moved + moved, habit->n_moved * sizeof (KobanMoved));
  habit->n_opening -= MIN (habit->n_opening, listed);
  habit->n_listed -= listed;
  memmove (habit->listed, habit->listed + listed, habit->n_listed * sizeof (KobanListed));
}

/* A line that is heard for the first time was not there the last time that Koban looked. */
static gint64
lag_of (const KobanJudgement *self, guint moved)
{
  const KobanHabit *habit = self->habit;
  const KobanChange *change = self->change;
  gint64 since_us = habit->moved[moved].heard_us;
  gboolean seen_late = change->line != NULL && change->unseen_us != 0;

  if (habit->gap != 0)
    since_us = MIN (since_us, habit->gap_since_us);
  return (seen_late ? change->unseen_us : change->heard_us) - since_us;
}

/* The longest that was seen, fading. */
static void
learn_lag (KobanHabit *habit, gint64 lag_us)
{
  if (lag_us > NO_LAG_US)
    habit->lag_us = MAX (MIN (lag_us, LONGEST_LAG_US), habit->lag_us - habit->lag_us / 32);
  else
    habit->lag_us -= habit->lag_us / 256;
}

/* What came before a balance and a sum that agree is explained, for good. */
static void
agree (KobanJudgement *self, guint moved, guint listed)
{
  KobanHabit *habit = self->habit;

  if (habit->listed[listed].pending != 0)
    habit->counts_pending = ABS (apart (habit, moved, listed)) > tolerance (self);
  learn_lag (habit, lag_of (self, moved));
  drop_before (habit, moved, listed);
  if (habit->n_moved == 1)
    habit->gap = 0;
}

static gboolean
find_listed (const KobanJudgement *self, guint moved, guint *listed)
{
  for (guint i = self->habit->n_listed; i-- > self->habit->n_opening;)
    {
      if (!agrees (self, moved, i))
        continue;
      *listed = i;
      return TRUE;
    }
  return FALSE;
}

/* The first one agreed already. */
static gboolean
find_moved (const KobanJudgement *self, guint listed, guint *moved)
{
  for (guint i = self->habit->n_moved; i-- > 1;)
    {
      if (!agrees (self, i, listed))
        continue;
      *moved = i;
      return TRUE;
    }
  return FALSE;
}

/* --- the books do not agree --------------------------------------------------------------------------- */

static gboolean
supports (const KobanHabit *habit, guint moved, gint64 by)
{
  for (guint i = habit->n_opening; i < habit->n_listed; i++)
    {
      gint64 plain = apart (habit, moved, i);
      if (plain == by || (habit->counts_pending && plain - habit->listed[i].pending == by))
        return TRUE;
    }
  return FALSE;
}

/* Between two reasons the one that more balances bear out, and of equals the one that harms less. */
static void
weigh (const KobanHabit *habit, gint64 by, Guess *best)
{
  guint last = habit->n_moved - 1;
  Guess guess = { .apart = by, .first = last };

  for (guint i = last; i >= 1; i--)
    {
      if (!supports (habit, i, by))
        continue;
      guess.support++;
      if (guess.support * 3 >= last - i + 1)
        guess.first = i;
    }
  if (guess.support > best->support || (guess.support == best->support && by > best->apart))
    *best = guess;
}

static void
weigh_all (const KobanHabit *habit, guint moved, Guess *best)
{
  for (guint i = habit->n_opening; i < habit->n_listed; i++)
    {
      gint64 plain = apart (habit, moved, i), pending = habit->listed[i].pending;
      weigh (habit, plain, best);
      if (habit->counts_pending && pending != 0)
        weigh (habit, plain - pending, best);
    }
}

/* Where the lines are always behind, it is not the last balance that they explain. */
static Guess
best_guess (const KobanHabit *habit)
{
  Guess best = { 0 };

  for (guint i = 1; i <= MIN (LATEST, habit->n_moved - 1); i++)
    weigh_all (habit, habit->n_moved - i, &best);
  return best;
}

/* From here on the difference belongs to the books. */
static void
settle (KobanJudgement *self, gint64 by)
{
  KobanHabit *habit = self->habit;
  guint last = habit->n_moved - 1, listed = habit->n_listed - 1;

  habit->anchor += by;
  find_listed (self, last, &listed);
  drop_before (habit, last, listed);
  habit->gap = 0;
  koban_habits_touch (self->habits, self->account);
}

static gboolean
is_large_gap (const KobanHabit *habit)
{
  return koban_habit_size_bits (habit, koban_log2 ((guint64) -habit->gap)) >= 5 * 256;
}

/* Lines came since the balance was last told: where it is told now and then, the next one confirms the gap.
 */
static gboolean
is_unconfirmed (KobanHabit *habit)
{
  const KobanRecent *last = koban_habit_recent (habit, 0);

  return last != NULL && last->heard_us > habit->moved[habit->n_moved - 1].heard_us;
}

/* Nothing left the account: what came in is listed before the balance holds it. */
static gboolean
never_fell (const KobanHabit *habit)
{
  for (guint i = 1; i < habit->n_moved; i++)
    {
      if (habit->moved[i].booked < habit->moved[i - 1].booked)
        return FALSE;
    }
  return TRUE;
}

/* One pending line, of all, that the balance holds already. */
static gboolean
is_pending (KobanHabit *habit)
{
  const KobanRecent *recent;

  for (guint i = 0; (recent = koban_habit_recent (habit, i)) != NULL; i++)
    {
      if ((recent->flags & KOBAN_RECENT_PENDING) != 0 && recent->amount == -habit->gap)
        return TRUE;
    }
  return FALSE;
}

/* What has been seen of this bank counts once it is enough. */
static gint64
grace_us (KobanHabit *habit)
{
  gboolean large = is_large_gap (habit);

  if (habit->excused >= EXCUSES)
    return large ? LONGEST_LAG_US : 2 * LONGEST_LAG_US;
  if (is_unconfirmed (habit) || never_fell (habit) || is_pending (habit))
    return LONGEST_LAG_US;
  if (habit->lag_us > NO_LAG_US)
    return CLAMP (habit->lag_us * 3 / 2, LATE_LAG_US, LONGEST_LAG_US);
  if (habit->moves >= (large ? SOME_MOVES : ENOUGH_MOVES))
    return QUICK_LAG_US;
  return large ? FIRST_LAG_US : SMALL_LAG_US;
}

/* One alert at a time, and it grows. */
static void
open_or_grow (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 now_us = self->delta->now_us;

  if (habit->told_us == 0 || now_us - habit->told_us > OPEN_US)
    {
      habit->told_day = koban_date_from_us (habit->gap_since_us, self->delta->utc_offset_minutes);
      habit->told_total = 0;
    }
  habit->told = habit->gap;
  habit->told_since_us = habit->gap_since_us;
  habit->told_total += habit->gap;
  habit->told_us = now_us;
}

static void
tell_gap (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 hours = (self->delta->now_us - habit->gap_since_us) / KOBAN_HOUR_US;
  GVariantBuilder reasons;

  open_or_grow (self);
  g_autofree char *key = koban_judgement_key (self, "balance", 0, habit->told_day);
  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons, koban_reason_new (KOBAN_REASON_BALANCE_UNEXPLAINED, "amount", "m",
                                                           koban_judgement_money (self, habit->told_total),
                                                           "hours", "x", hours, NULL));
  KobanVerdict verdict = { .incident = key,
                           .kind = KOBAN_ALERT_BALANCE,
                           .severity =
                             is_large_gap (habit) ? KOBAN_SEVERITY_CRITICAL : KOBAN_SEVERITY_WARNING,
                           .reasons = g_variant_builder_end (&reasons),
                           .has_total = TRUE,
                           .total = habit->told_total };
  koban_judgement_tell (self, &verdict);
}

/* A bank that shows its balance late had not put the last lines in the first one yet. */
static gboolean
is_of_opening (const KobanHabit *habit, gint64 by)
{
  for (guint i = 0; i < habit->n_opening; i++)
    {
      if (habit->listed[habit->n_opening].booked - habit->listed[i].booked == by)
        return TRUE;
    }
  return FALSE;
}

/* While the list of lines cannot be read, no line can explain anything. */
static gint64
heard_us (const KobanJudgement *self)
{
  gint64 lines_us = self->delta->lines_heard_us;

  return lines_us != 0 ? MIN (lines_us, self->delta->now_us) : self->delta->now_us;
}

static gboolean
is_over (KobanJudgement *self, gint64 due_us)
{
  if (heard_us (self) >= due_us)
    return TRUE;
  koban_judgement_due (self, MAX (due_us, self->delta->now_us + KOBAN_HOUR_US));
  return FALSE;
}

static gboolean
is_settling (const KobanHabit *habit, gint64 since_us)
{
  return since_us - habit->anchored_us <= SETTLING_US;
}

static void
judge_gap (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;

  if (!is_over (self, habit->gap_since_us + grace_us (habit)))
    return;
  if (is_settling (habit, habit->gap_since_us) || is_of_opening (habit, habit->gap))
    habit->anchored_us = self->delta->now_us; /* it was not the whole truth yet, and may not be now */
  else
    tell_gap (self);
  settle (self, habit->gap);
}

/* What was told came back, or its line did. */
static void
excuse (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;

  learn_lag (habit, self->delta->now_us - habit->told_since_us);
  settle (self, -habit->told);
  habit->excused++;
  habit->told = habit->told_us = 0;
}

/* More money than the lines say is no alarm, and after a while no news. */
static void
judge_surplus (KobanJudgement *self, const Guess *guess)
{
  KobanHabit *habit = self->habit;
  gint64 since_us = habit->moved[guess->first].heard_us;
  gboolean settling =
    (is_settling (habit, since_us) && guess->support >= 2) || is_of_opening (habit, guess->apart);

  if (habit->told != 0 && guess->apart == -habit->told)
    excuse (self);
  else if (is_over (self, since_us + (settling ? SETTLED_US : LONGEST_LAG_US)))
    settle (self, guess->apart);
}

static void
judge_books (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;

  if (habit->n_moved < 2 || habit->n_listed == 0 || habit->lines == 0)
    return;

  Guess guess = best_guess (habit);
  habit->gap = guess.apart < -tolerance (self) ? guess.apart : 0;
  habit->gap_since_us = habit->moved[guess.first].heard_us;
  if (habit->gap != 0)
    judge_gap (self);
  else
    judge_surplus (self, &guess);
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

/* In the middle of a check its lines may come next: it is judged at the end. */
void
koban_balance_on_time (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;

  if (self->delta->changes->len > 0)
    {
      if (habit->n_moved > 1 || habit->negative != 0)
        koban_judgement_due (self, self->delta->now_us);
      return;
    }
  judge_negative (self);
  habit->negative = 0;
  judge_books (self);
}

/* --- learning ----------------------------------------------------------------------------------------- */

static void
add_moved (KobanHabit *habit, gint64 booked, gint64 heard_us)
{
  if (habit->n_moved == KOBAN_HABIT_MOVED)
    drop_before (habit, 1, 0);
  habit->moved[habit->n_moved++] = (KobanMoved){ .booked = booked, .heard_us = heard_us };
}

static void
add_listed (KobanHabit *habit)
{
  if (habit->n_listed == KOBAN_HABIT_LISTED)
    drop_before (habit, 0, 1);
  habit->listed[habit->n_listed++] = (KobanListed){ .booked = habit->explained, .pending = habit->pending };
}

/* The first balance is taken to hold every line that was heard with it. */
static void
anchor (KobanHabit *habit)
{
  habit->anchor = habit->booked - habit->explained;
  habit->n_opening = habit->n_listed - 1;
  drop_before (habit, habit->n_moved - 1, 0);
}

static void
learn_first (KobanHabit *habit, gint64 heard_us)
{
  habit->anchored = TRUE;
  habit->anchored_us = heard_us;
  add_moved (habit, habit->booked, heard_us);
  add_listed (habit);
  anchor (habit);
}

static void
learn_booked (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  gint64 booked = self->change->booked.minor, before = habit->booked;
  guint listed;

  habit->booked = booked;
  if (!habit->anchored)
    {
      learn_first (habit, self->change->heard_us);
      return;
    }
  if (booked == before)
    return;
  if (booked < 0 && before >= 0)
    {
      habit->times_negative++;
      habit->negative = booked;
    }
  habit->moves += booked < before ? 1 : 0;
  add_moved (habit, booked, self->change->heard_us);
  if (find_listed (self, habit->n_moved - 1, &listed))
    agree (self, habit->n_moved - 1, listed);
}

static void
learn_balance (KobanJudgement *self)
{
  const KobanChange *change = self->change;
  KobanHabit *habit = self->habit;

  if (!change->has_booked && !change->has_available)
    return;
  if (change->heard_us != habit->balance_us)
    {
      habit->balance_before = habit->balance;
      habit->balance_before_us = habit->balance_us;
    }
  habit->balance = spendable (change);
  habit->balance_us = change->heard_us;
  habit->has_balance = TRUE;
  if (change->has_booked)
    learn_booked (self);
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
  guint moved;

  habit->pending -= pending_part (change->line_before);
  habit->pending += pending_part (change->line);
  habit->explained -= booked_part (change->line_before);
  habit->explained += booked_part (change->line);
  add_listed (habit);
  if (habit->anchored && (change->baseline || change->heard_us <= habit->anchored_us))
    anchor (habit);
  else if (find_moved (self, habit->n_listed - 1, &moved))
    agree (self, moved, habit->n_listed - 1);
}

void
koban_balance_learn (KobanJudgement *self)
{
  switch (self->change->kind)
    {
    case KOBAN_CHANGE_BALANCE:
      learn_balance (self);
      break;
    case KOBAN_CHANGE_LINE_NEW:
    case KOBAN_CHANGE_LINE_CHANGED:
    case KOBAN_CHANGE_LINE_WITHDRAWN:
      learn_line (self);
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
