/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Gathering what stands around one debit. It promises constant time: it looks at the recent lines of habits
 * and at nothing else; it weighs nothing and learns nothing.
 */
#include "config.h"

#include "watch/evidence.h"

#define BURST_US (10 * KOBAN_MINUTE_US)
#define TESTED_US (5 * KOBAN_DAY_US) /* a tested card is used or sold within days */
#define TESTS_US (8 * KOBAN_HOUR_US) /* a program tests it, shop after shop; of dates alone: one day */

gboolean
koban_evidence_is_wallet (const KobanEvidence *self)
{
  const KobanService *service = self->debit->service;

  if (self->debit->wallet_like || (self->link != NULL && self->link->kind == KOBAN_LINK_EMONEY))
    return TRUE;
  return service != NULL &&
         (service->category == KOBAN_SERVICE_WALLET || service->category == KOBAN_SERVICE_BNPL);
}

gboolean
koban_evidence_is_nameless (const KobanEvidence *self)
{
  return *self->debit->folded == '\0';
}

/* --- gathering ---------------------------------------------------------------------------------------- */

static gboolean
is_round (const KobanEvidence *self, gint64 amount)
{
  gint64 step = self->habit->euro >= 150 && koban_currency_get_exponent (self->judgement->currency) == 0
                  ? 1000
                  : 1000 * (self->habit->euro >= 1000 ? 10 : 1);

  return amount >= step && amount % step == 0;
}

static gint64
distance_us (const KobanEvidence *self, const KobanRecent *recent)
{
  if (self->debit->at_us != 0 && recent->at_us != 0)
    return ABS (self->debit->at_us - recent->at_us);
  return (gint64) ABS (self->debit->day - recent->day) * KOBAN_DAY_US;
}

static gboolean
is_timed (const KobanEvidence *self, const KobanRecent *recent)
{
  return self->debit->at_us != 0 && recent->at_us != 0;
}

/* What one booking date or 24 hours hold; transfers to a new name also of the day after: limits are for a
 * day. */
static gint64
day_us (const KobanEvidence *self, const KobanRecent *recent)
{
  gint64 day_us = is_timed (self, recent) ? KOBAN_DAY_US : 0;

  return self->fresh && self->debit->channel == KOBAN_TRANSACTION_TRANSFER ? day_us + KOBAN_DAY_US : day_us;
}

static gint64
power_of_ten (gint64 below)
{
  gint64 power = 1;

  while (power <= below / 10)
    power *= 10;
  return power;
}

/* Within four parts in a hundred below 10, 20, 50, 100 …: under the limit from which a bank asks. */
static gboolean
is_just_below (const KobanEvidence *self, gint64 amount)
{
  static const int steps[] = { 10, 20, 30, 50 };

  for (gint64 power = 10 * self->habit->euro; power < amount * 2 && power < G_MAXINT64 / 100; power *= 10)
    {
      gint64 limit = power_of_ten (power);
      for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
        {
          if (amount < limit * steps[i] && amount >= limit * steps[i] / 100 * 96)
            return TRUE;
        }
    }
  return FALSE;
}

/* A pending line that comes again under another id, to the second the same, is no second debit. */
static gboolean
is_told_again (const KobanEvidence *self, const KobanRecent *recent)
{
  return (recent->flags & KOBAN_RECENT_PENDING) != 0 && recent->amount == self->debit->amount &&
         self->debit->at_us != 0 && self->debit->at_us == recent->at_us &&
         recent->at_us % KOBAN_MINUTE_US != 0;
}

static void
gather_same_payee (KobanEvidence *self, const KobanRecent *recent)
{
  gint64 apart_us = distance_us (self, recent);
  int days = self->debit->day - recent->day;

  if (is_told_again (self, recent))
    return;
  if (recent->amount == self->debit->amount && (recent->flags & KOBAN_RECENT_PENDING) == 0 && !self->twin)
    {
      self->twin = TRUE;
      self->twin_days = days;
    }
  self->in_week += ABS (days) < 7 ? 1 : 0;

  if (recent->amount * 20 < self->debit->amount && (recent->flags & KOBAN_RECENT_TINY) != 0 &&
      apart_us <= 10 * KOBAN_DAY_US && (recent->flags & KOBAN_RECENT_NEW_PAYEE) != 0)
    {
      self->tiny = recent->amount;
      self->tiny_us = apart_us;
    }
  if (is_timed (self, recent) && apart_us <= BURST_US)
    {
      self->in_minutes++;
      self->minutes_total += recent->amount;
      self->minutes_us = MAX (self->minutes_us, apart_us);
    }
  if (apart_us <= day_us (self, recent))
    {
      self->in_day++;
      self->day_total += recent->amount;
      if (recent->amount != self->debit->amount && self->other == 0)
        self->other = recent->amount;
      self->equal += recent->amount == self->debit->amount ? 1 : 0;
      self->n_other += recent->amount == self->other ? 1 : 0;
      self->round += is_round (self, recent->amount) ? 1 : 0;
      self->below += is_just_below (self, recent->amount) ? 1 : 0;
      if (*recent->id != '\0')
        self->refs[self->n_refs++] = recent->id;
    }
}

static gboolean
same_month (KobanDate one, KobanDate other)
{
  int year_one, month_one, day_one, year_other, month_other, day_other;

  koban_date_to_civil (one, &year_one, &month_one, &day_one);
  koban_date_to_civil (other, &year_other, &month_other, &day_other);
  return year_one == year_other && month_one == month_other;
}

static void
gather_test (KobanEvidence *self, const KobanRecent *recent, gint64 apart_us)
{
  if ((recent->flags & KOBAN_RECENT_TINY) == 0 ||
      (recent->channel != KOBAN_TRANSACTION_CARD && recent->channel != KOBAN_TRANSACTION_OTHER))
    return;
  if (apart_us > TESTED_US || (self->tests > 0 && apart_us - self->last_test_us > TESTS_US))
    {
      self->trifles++;
      return;
    }
  self->last_test_us = self->tests == 0 ? apart_us : self->last_test_us;
  self->tests++;
  self->tests_total += recent->amount;
  self->tests_us = MAX (self->tests_us, apart_us);
}

static void
gather_other_payee (KobanEvidence *self, const KobanRecent *recent)
{
  if ((recent->flags & KOBAN_RECENT_FRESH) == 0)
    return;
  gint64 apart_us = distance_us (self, recent);
  if ((recent->flags & KOBAN_RECENT_NEW_PAYEE) != 0)
    gather_test (self, recent, apart_us);
  if (apart_us > (is_timed (self, recent) ? KOBAN_DAY_US : 0))
    return;
  self->new_payees += (recent->flags & KOBAN_RECENT_NEW_PAYEE) != 0 ? 1 : 0;
  self->fresh_total += recent->amount;
  self->large += recent->amount * 3 >= self->debit->amount ? 1 : 0;
}

/* A thief empties the day's limit, and the next day's right after midnight: 30 hours. */
static void
gather_cash (KobanEvidence *self, const KobanRecent *recent)
{
  if (recent->channel != KOBAN_TRANSACTION_CASH || recent->amount <= 0 || is_told_again (self, recent))
    return;
  gint64 apart_us = distance_us (self, recent);
  if (apart_us > (is_timed (self, recent) ? 30 * KOBAN_HOUR_US : KOBAN_DAY_US))
    return;
  self->cash++;
  self->cash_total += recent->amount;
}

/* Most lines are: to another name that is long known, or of days ago and no test. */
static gboolean
is_far (const KobanEvidence *self, const KobanRecent *recent)
{
  guint32 flags = recent->flags;

  if (recent->key == self->debit->key || (flags & KOBAN_RECENT_OWN) != 0)
    return FALSE;
  return (flags & KOBAN_RECENT_FRESH) == 0 ||
         ((flags & KOBAN_RECENT_TINY) == 0 && ABS (self->debit->day - recent->day) > 1);
}

static void
gather_recent (KobanEvidence *self, const KobanRecent *recent)
{
  if (self->debit->channel == KOBAN_TRANSACTION_CASH)
    gather_cash (self, recent);
  if (is_far (self, recent))
    return;

  gboolean own = (recent->flags & KOBAN_RECENT_OWN) != 0;
  gboolean same = recent->key == self->debit->key && !koban_evidence_is_nameless (self);

  if (recent->amount < 0 && same && -recent->amount <= self->habit->euro &&
      self->debit->day - recent->day <= 5)
    self->micro = -recent->amount;

  if (recent->amount < 0 && own && distance_us (self, recent) <= KOBAN_DAY_US)
    self->savings += -recent->amount;
  if (recent->amount <= 0 || own)
    return;
  if (recent->key != self->debit->key)
    gather_other_payee (self, recent);
  if (!same)
    return;
  gather_same_payee (self, recent);
  if (same_month (recent->day, self->debit->day))
    self->month_total += recent->amount;
}

/* The balance as it was before this check, unless the line itself says what was left. */
static gint64
balance_before (const KobanEvidence *self)
{
  const KobanTransaction *line = self->debit->line;

  if (line->has_balance_after)
    return line->balance_after.minor + self->debit->amount;
  if (!self->habit->has_balance)
    return 0;
  return self->habit->balance_us >= self->debit->heard_us && self->habit->balance_before_us != 0
           ? self->habit->balance_before
           : self->habit->balance;
}

/* A known name with another account number behind it is a new payee. */
static gboolean
is_other_account (const KobanEvidence *self)
{
  const KobanDebit *debit = self->debit;

  return debit->channel != KOBAN_TRANSACTION_DIRECT_DEBIT && debit->mandate == 0 &&
         debit->counterparty != 0 && self->payee->counterparty != 0 &&
         self->payee->counterparty != debit->counterparty;
}

static void
gather (KobanEvidence *self)
{
  const KobanDebit *debit = self->debit;

  self->in_minutes = self->in_day = self->in_week = self->equal = self->cash = 1;
  self->cash_total = debit->amount;
  self->minutes_total = self->day_total = self->month_total = debit->amount;
  self->round = is_round (self, debit->amount) ? 1 : 0;
  self->below = is_just_below (self, debit->amount) ? 1 : 0;
  if (debit->line->id != NULL)
    self->refs[self->n_refs++] = debit->line->id;
  self->fresh = koban_payee_is_fresh (self->payee, debit->day) || is_other_account (self);
  self->consumption = debit->channel == KOBAN_TRANSACTION_CARD || debit->channel == KOBAN_TRANSACTION_CASH;
  self->new_payees = self->payee == NULL || self->payee->debits == 0 ? 1 : 0;
  self->balance = balance_before (self);

  const KobanRecent *corrected = self->judgement->change->kind == KOBAN_CHANGE_LINE_CHANGED
                                   ? koban_habit_find_recent (self->habit, debit->line->id)
                                   : NULL;
  for (guint i = 0, at = self->habit->next_recent; i < self->habit->n_recent; i++)
    {
      at = (at > 0 ? at : KOBAN_HABIT_RECENT) - 1;
      const KobanRecent *recent = &self->habit->recent[at];
      if (debit->heard_us - recent->heard_us > 35 * KOBAN_DAY_US)
        break;
      if (debit->channel != KOBAN_TRANSACTION_CASH && is_far (self, recent))
        continue;
      if (recent != corrected) /* a corrected line is no second one */
        gather_recent (self, recent);
    }
  self->fresh_total += self->fresh ? self->day_total : 0;
  self->large += self->in_day;
}

gboolean
koban_evidence_gather (KobanEvidence *self, KobanJudgement *judgement, const char **refs)
{
  *self = (KobanEvidence){ .judgement = judgement,
                           .debit = &judgement->debit,
                           .habit = judgement->habit,
                           .payee = judgement->payee,
                           .refs = refs };
  if (judgement->debit.amount <= 0 || judgement->debit.own)
    return FALSE;
  self->episode = koban_episode_of_debit (judgement);
  self->link = koban_link_of_debit (judgement);
  gather (self);
  return TRUE;
}
