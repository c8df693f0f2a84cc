/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is this debit one that the person would expect? Each row of the table weighs one kind of evidence in
 * bits (1/256): how much rarer it is in an honest life than in a theft. It promises that every row that
 * counted is told with numbers from the statement; it never judges by one row alone what is small.
 */
#include "config.h"

#include "watch/judgement.h"

#include <koban/text.h>

#include <string.h>

#define BIT 256
#define ALONE_BITS (20 * BIT)
#define REHEARSED_DAYS 45 /* before, too much is new */
#define BURST_US (10 * KOBAN_MINUTE_US)

typedef struct
{
  KobanJudgement *judgement;
  const KobanDebit *debit;
  KobanHabit *habit;
  KobanPayee *payee;     /* (nullable): before this debit */
  KobanEpisode *episode; /* (nullable) */
  KobanKnownLink *link;  /* (nullable) */
  const char **refs;     /* this debit, and those before it to this payee of one day */
  guint n_refs;

  gboolean fresh;       /* this name was first paid less than three days ago */
  gboolean consumption; /* a card or cash: somebody stands in a shop */
  guint in_minutes;     /* debits to this payee within ten minutes, this one too */
  gint64 minutes_total, minutes_us;
  guint in_day; /* within 24 hours, or on one booking date */
  gint64 day_total;
  guint equal;   /* of them of this very sum */
  guint in_week; /* debits to this payee within seven days, this one too */
  guint cash;    /* withdrawals of cash within 30 hours, wherever, this one too */
  gint64 cash_total;
  gint64 micro;       /* a tiny sum that this name paid in days before: so is an account verified; 0: none */
  int twin_days;      /* since a booked debit of this very sum to this name; 0: none */
  gint64 month_total; /* of the service or payee, since the first of the month */
  guint round, below; /* round sums among @in_day, and sums just below one */
  gint64 tiny;        /* a tiny debit to this name before; 0: none */
  gint64 tiny_us;
  guint new_payees;   /* names first paid within 24 hours, this one too */
  gint64 fresh_total; /* to them, and to other names that are fresh, within 24 hours */
  guint large;        /* debits to fresh names within 24 hours, this one too, none of them small beside it */
  guint tests;        /* tiny debits by card to other new names within three days */
  gint64 tests_total, tests_us;
  gint64 savings; /* that came in from own savings within a day */
  gint64 balance; /* before; 0: not known */
  int size;       /* how far out the sum is, in bits */
} Evidence;

static gboolean
is_wallet (const Evidence *self)
{
  const KobanService *service = self->debit->service;

  if (self->debit->wallet_like || (self->link != NULL && self->link->kind == KOBAN_LINK_EMONEY))
    return TRUE;
  return service != NULL &&
         (service->category == KOBAN_SERVICE_WALLET || service->category == KOBAN_SERVICE_BNPL);
}

static gboolean
is_nameless (const Evidence *self)
{
  return self->debit->key == koban_text_hash ("");
}

/* --- gathering ---------------------------------------------------------------------------------------- */

static gboolean
is_round (const Evidence *self, gint64 amount)
{
  gint64 step = self->habit->euro >= 150 && koban_currency_get_exponent (self->judgement->currency) == 0
                  ? 1000
                  : 1000 * (self->habit->euro >= 1000 ? 10 : 1);

  return amount >= step && amount % step == 0;
}

/* A multiple of five units. */
static gboolean
is_typed (const Evidence *self, gint64 amount)
{
  gint64 step = 500;

  return amount % step == 0;
}

static gint64
distance_us (const Evidence *self, const KobanRecent *recent)
{
  if (self->debit->at_us != 0 && recent->at_us != 0)
    return ABS (self->debit->at_us - recent->at_us);
  return (gint64) ABS (self->debit->day - recent->day) * KOBAN_DAY_US;
}

static gboolean
is_timed (const Evidence *self, const KobanRecent *recent)
{
  return self->debit->at_us != 0 && recent->at_us != 0;
}

/* What one booking date or 24 hours hold; transfers to a new name also of the day after: limits are for a
 * day. */
static gint64
day_us (const Evidence *self, const KobanRecent *recent)
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
is_just_below (const Evidence *self, gint64 amount)
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
is_told_again (const Evidence *self, const KobanRecent *recent)
{
  return (recent->flags & KOBAN_RECENT_PENDING) != 0 && recent->amount == self->debit->amount &&
         self->debit->at_us != 0 && self->debit->at_us == recent->at_us &&
         recent->at_us % KOBAN_MINUTE_US != 0;
}

static void
gather_same_payee (Evidence *self, const KobanRecent *recent)
{
  gint64 apart_us = distance_us (self, recent);
  int days = self->debit->day - recent->day;

  if (is_told_again (self, recent))
    return;
  if (recent->amount == self->debit->amount && (recent->flags & KOBAN_RECENT_PENDING) == 0 &&
      self->twin_days == 0)
    self->twin_days = days;
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
      self->equal += recent->amount == self->debit->amount ? 1 : 0;
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
gather_test (Evidence *self, const KobanRecent *recent, gint64 apart_us)
{
  if (apart_us > 3 * KOBAN_DAY_US || (recent->flags & KOBAN_RECENT_TINY) == 0 ||
      (recent->channel != KOBAN_TRANSACTION_CARD && recent->channel != KOBAN_TRANSACTION_OTHER))
    return;
  self->tests++;
  self->tests_total += recent->amount;
  self->tests_us = MAX (self->tests_us, apart_us);
}

static void
gather_other_payee (Evidence *self, const KobanRecent *recent)
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
gather_cash (Evidence *self, const KobanRecent *recent)
{
  if (recent->channel != KOBAN_TRANSACTION_CASH || self->debit->channel != KOBAN_TRANSACTION_CASH ||
      recent->amount <= 0 || is_told_again (self, recent))
    return;
  gint64 apart_us = distance_us (self, recent);
  if (apart_us > (is_timed (self, recent) ? 30 * KOBAN_HOUR_US : KOBAN_DAY_US))
    return;
  self->cash++;
  self->cash_total += recent->amount;
}

static void
gather_recent (Evidence *self, const KobanRecent *recent)
{
  gather_cash (self, recent);
  if (recent->key != self->debit->key && (recent->flags & (KOBAN_RECENT_OWN | KOBAN_RECENT_FRESH)) == 0)
    return;

  gboolean own = (recent->flags & KOBAN_RECENT_OWN) != 0;
  gboolean same = recent->key == self->debit->key && !is_nameless (self);

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
balance_before (const Evidence *self)
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
is_other_account (const Evidence *self)
{
  const KobanDebit *debit = self->debit;

  return debit->channel != KOBAN_TRANSACTION_DIRECT_DEBIT && debit->mandate == 0 &&
         debit->counterparty != 0 && self->payee->counterparty != 0 &&
         self->payee->counterparty != debit->counterparty;
}

static void
gather (Evidence *self)
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
      if (recent != corrected) /* a corrected line is no second one */
        gather_recent (self, recent);
    }
  self->fresh_total += self->fresh ? self->day_total : 0;
  self->large += self->in_day;
}

/* --- the rows: who ------------------------------------------------------------------------------------ */

static void
say (GVariantBuilder *reasons, GVariant *reason)
{
  g_variant_builder_add_value (reasons, reason);
}

static KobanMoney
money (const Evidence *self, gint64 minor)
{
  return koban_judgement_money (self->judgement, minor);
}

static int
weigh_first_payee (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanHabit *habit = self->habit;
  guint channel = self->debit->channel;

  if (!self->fresh || self->debit->key == koban_text_hash (""))
    return 0;
  /* Good and Turing: how often was a debit of this channel the first to its name? */
  int bits = koban_log2 ((guint64) (habit->channel_debits[channel] + 16) * 256) -
             koban_log2 ((guint64) (habit->channel_new[channel] + 3) * 256);
  if (koban_habit_knows_brand (habit, self->debit->brand) && self->consumption)
    bits /= 2;
  if (reasons != NULL && (self->payee == NULL || self->payee->debits == 0 || self->in_day > 1))
    say (reasons,
         koban_reason_new (KOBAN_REASON_FIRST_PAYEE, "days", "x", (gint64) koban_habit_days (habit), NULL));
  return CLAMP (bits, BIT, (self->consumption ? 4 : 6) * BIT);
}

static int
weigh_service (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanService *service = self->debit->service;

  if (!self->fresh || service == NULL || service->category == KOBAN_SERVICE_COLLECTOR)
    return 0;
  return service->category == KOBAN_SERVICE_MERCHANT ? -2 * BIT : 2 * BIT;
}

/* It slept for months, took again, and takes once more within days. */
static gboolean
is_woken (const Evidence *self)
{
  const KobanPayee *payee = self->payee;

  return payee != NULL && is_wallet (self) && payee->debits >= 2 && payee->debits <= 5 &&
         payee->gap > 60 * 16 && self->debit->day - payee->last_day <= 14;
}

static int
weigh_sleeping_link (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;
  KobanDate last = KOBAN_NO_DATE;

  if (self->payee != NULL && self->payee->debits > 0)
    last = koban_payee_before (self->payee, self->debit->day).last_day;
  if (last == KOBAN_NO_DATE && link != NULL)
    last = MAX (link->last_debit, MAX (self->habit->first_day, koban_date_from_us (link->since_us, 0)));
  if (is_woken (self))
    {
      if (reasons != NULL)
        say (reasons, koban_reason_new (KOBAN_REASON_SLEEPING_LINK_WAKES, "days", "x",
                                        (gint64) self->payee->gap / 16, NULL));
      return 4 * BIT;
    }
  if (last == KOBAN_NO_DATE || self->debit->day - last < 90 || (link == NULL && !is_wallet (self)))
    return 0;
  if (link != NULL && link->kind != KOBAN_LINK_EMONEY && link->kind != KOBAN_LINK_RECURRING_CONSENT &&
      !is_wallet (self)) /* a yearly bill sleeps by nature */
    return 0;
  if (self->payee != NULL && self->payee->gap > 60 * 16 && !is_wallet (self) &&
      (link == NULL || link->kind != KOBAN_LINK_EMONEY)) /* quarterly and yearly payments sleep by nature */
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_SLEEPING_LINK_WAKES, "days", "x",
                                    (gint64) (self->debit->day - last), NULL));
  if (link != NULL && link->last_debit == KOBAN_NO_DATE)
    return 6 * BIT;
  return 4 * BIT;
}

static int
weigh_amended (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;

  if (link == NULL || link->amended_us == 0 || self->debit->heard_us - link->amended_us > 45 * KOBAN_DAY_US)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_AMENDED_MANDATE, "kind", "s",
                                    koban_link_kind_name ((KobanLinkKind) link->kind), NULL));
  return 5 * BIT;
}

static int
weigh_follows_link (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;
  gint64 hours = link != NULL ? (self->debit->heard_us - link->since_us) / KOBAN_HOUR_US : G_MAXINT64;

  if (link == NULL || link->since_us == 0 || hours > 72 || hours < 0)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_FOLLOWS_LINK, "hours", "x", hours, NULL));
  return 2 * BIT;
}

/* A bill whose mandate was listed long before is nobody's surprise. */
static int
weigh_old_mandate (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;

  if (link == NULL || !self->fresh || link->amended_us != 0 || is_wallet (self) ||
      self->debit->heard_us - link->since_us < 60 * KOBAN_DAY_US)
    return 0;
  return -3 * BIT;
}

static int
weigh_answer (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->payee != NULL && self->payee->answer == KOBAN_ANSWER_MINE)
    return -6 * BIT;
  if (self->payee == NULL || self->payee->answer != KOBAN_ANSWER_NOT_MINE)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_ANSWERED_NOT_MINE, NULL));
  return 12 * BIT;
}

static int
weigh_channel (const Evidence *self, GVariantBuilder *reasons)
{
  static const int bits[KOBAN_HABIT_CHANNELS] = {
    [KOBAN_TRANSACTION_CARD] = -2 * BIT,
    [KOBAN_TRANSACTION_CASH] = -3 * BIT,
    [KOBAN_TRANSACTION_STANDING_ORDER] = -1 * BIT,
    [KOBAN_TRANSACTION_FEE] = -3 * BIT,
  };

  return bits[self->debit->channel];
}

/* --- the rows: how much ------------------------------------------------------------------------------- */

/* How far above what this payee takes, in three bits a standard deviation beyond the first. */
static int
payee_bits (const Evidence *self, int log)
{
  KobanPast past = koban_payee_before (self->payee, self->debit->day);
  int floor = past.debits < 4 ? 320 : past.log_spread < 16 ? 64 : 128;
  int deviation = MAX (past.log_spread * 5 / 4, floor);

  return MAX ((log - past.log_mean - deviation) * 3 * BIT / deviation, 0);
}

/* A name that is known is measured by what it takes; a sum that this account often spends is never far out.
 */
static int
known_size (const Evidence *self, gint64 amount)
{
  int log = koban_log2 ((guint64) amount);

  return MIN (payee_bits (self, log), 2 * koban_habit_size_bits (self->habit, log));
}

/* Several payments of some size; a coffee at another new name beside a car is none. */
static gboolean
is_several (const Evidence *self)
{
  return self->in_day > 1 || self->large > 1;
}

/* Money from own savings for one payment that it covers a good part of: so honest people buy a car. */
static gboolean
is_funded (const Evidence *self)
{
  gboolean drains = self->balance > 0 && self->debit->amount / 22 * 25 >= self->balance; /* 88 % */

  return !is_several (self) && !drains && self->savings * 3 >= self->debit->amount;
}

/* New names are measured together by what goes to such names in a day. One payment alone is how honest people
 * buy a car; it must be very large to stand out by itself. */
static int
fresh_size (const Evidence *self)
{
  gboolean several = is_several (self) && self->debit->amount * 8 >= self->fresh_total;
  int log = koban_log2 ((guint64) (several ? self->fresh_total : self->day_total));
  int bits = koban_habit_new_bits (self->habit, log);

  int most = several ? 13 : is_funded (self) ? 8 : self->consumption ? 9 : 11;
  return MIN (bits, most * BIT);
}

static gint64
sum_of (const Evidence *self)
{
  return self->fresh || self->in_day > 1 ? self->day_total : self->debit->amount;
}

static int
size_of (const Evidence *self)
{
  return self->fresh ? fresh_size (self) : MIN (known_size (self, sum_of (self)), 12 * BIT);
}

static int
weigh_size (const Evidence *self, GVariantBuilder *reasons)
{
  int bits = self->size;

  if (reasons == NULL || bits <= 2 * BIT)
    return bits;
  gint64 sum = sum_of (self);
  gint64 usual = koban_habit_usual_size (self->habit);
  if (!self->fresh && sum > self->payee->largest)
    say (reasons,
         koban_reason_new (KOBAN_REASON_ABOVE_PAYEE, "usual", "m", money (self, self->payee->largest), NULL));
  if (sum > usual)
    say (reasons, koban_reason_new (KOBAN_REASON_ABOVE_USUAL, "usual", "m", money (self, usual), NULL));
  else if (self->fresh && self->fresh_total > sum)
    say (reasons, koban_reason_new (KOBAN_REASON_DAY_TOTAL, "total", "m", money (self, -self->fresh_total),
                                    "usual", "m", money (self, koban_habit_usual_day (self->habit)), "hours",
                                    "x", (gint64) 24, NULL));
  return bits;
}

/* Collected under a mandate, or by the look of it: one sum, even gaps. */
static gboolean
is_bill (const Evidence *self)
{
  return self->debit->mandate != 0 || self->debit->channel == KOBAN_TRANSACTION_DIRECT_DEBIT ||
         (self->payee != NULL &&
          (koban_payee_is_fixed (self->payee) || koban_payee_is_regular (self->payee)) && !self->consumption);
}

/* A bill of known size that is suddenly twice as large and more. */
static int
weigh_amount_changed (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;

  if (self->fresh || !is_bill (self) || (is_wallet (self) && !koban_payee_is_fixed (payee)))
    return 0;
  KobanPast past = koban_payee_before (payee, self->debit->day);
  int rise = self->debit->log - koban_log2 ((guint64) payee->largest);
  gboolean fourfold = past.debits > 0 && rise >= 2 * 256;
  if (self->debit->amount < 15 * self->habit->euro ||
      (!fourfold && (past.debits < 2 || past.log_spread > 192 || self->debit->log - past.log_mean < 240)))
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_AMOUNT_CHANGED, "from", "m", money (self, -payee->last_amount), "to",
                           "m", money (self, -self->debit->amount), NULL));
  if (!fourfold)
    return 3 * BIT;
  return past.log_spread <= 160 ? 9 * BIT : 7 * BIT;
}

/* A bill that always came on its day comes at half the time. */
static int
weigh_rhythm (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;

  if (self->fresh || !is_bill (self) || payee->debits < 6 || payee->gap < 20 * 16 ||
      payee->gap_spread * 8 > payee->gap || payee->credits > 0)
    return 0;
  int early = payee->gap / 16 - (self->debit->day - payee->last_day);
  if (self->debit->day <= payee->last_day || early * 16 * 2 < payee->gap)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_OFF_RHYTHM, "days", "x", (gint64) early, "gap", "x",
                                    (gint64) payee->gap / 16, NULL));
  return BIT;
}

static int
weigh_drain (const Evidence *self, GVariantBuilder *reasons)
{
  gint64 sum = sum_of (self);

  if (self->balance <= 0 || self->size < 3 * BIT || is_funded (self))
    return 0;
  gint64 percent = MIN (sum, G_MAXINT64 / 100) * 100 / self->balance;
  if (percent < 40 || percent > 200) /* more than there was: the balance is of before some income */
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_DRAIN, "percent", "x", percent, "balance", "m",
                                    money (self, self->balance), NULL));
  if (!is_several (self) && self->fresh)
    return percent >= 80 ? 2 * BIT : BIT / 2;
  return percent >= 80 ? 3 * BIT : 3 * BIT / 2;
}

/* One large payment from savings is how honest people buy; several in a day are how a thief empties both. */
static int
weigh_savings (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->savings == 0 || self->consumption || !self->fresh || !is_several (self) ||
      self->savings * 3 < self->fresh_total)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_FROM_SAVINGS, "amount", "m", money (self, self->savings),
                                    "hours", "x", (gint64) 24, NULL));
  return 2 * BIT;
}

/* --- the rows: how fast, and in what shape ------------------------------------------------------------ */

/* What this payee has been seen to do on one day is no burst. */
static gboolean
is_usual_count (const Evidence *self, guint count)
{
  return !self->fresh && self->payee != NULL && self->payee->day_count_max >= count &&
         self->payee->day_total_max * 3 / 2 >= self->day_total;
}

/* Who shops pays several times a day at one place; who collects, is sent money or fills a wallet does not. */
static gboolean
is_shop (const Evidence *self)
{
  guint channel = self->debit->channel;

  return !is_wallet (self) && self->debit->mandate == 0 &&
         (channel == KOBAN_TRANSACTION_CARD ||
          (channel == KOBAN_TRANSACTION_OTHER && !self->fresh && self->link == NULL));
}

/* The second within minutes is as rare as it was never seen with this payee; each further one is rarer. */
static int
weigh_burst (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->in_minutes < 2 || is_usual_count (self, self->in_day))
    return 0;
  int seen = self->payee != NULL ? (int) MIN (self->payee->debits + 4, 32) : 4;
  int bits = koban_log2 ((guint64) seen) + 2 * BIT * (int) (MIN (self->in_minutes, 5) - 2);
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_BURST, "count", "x", (gint64) self->in_minutes, "seconds",
                                    "x", self->minutes_us / KOBAN_SECOND_US, "total", "m",
                                    money (self, -self->minutes_total), NULL));
  return bits;
}

static int
weigh_burst_day (const Evidence *self, GVariantBuilder *reasons)
{
  static const int bits[] = { 0, 0, 2 * BIT, 4 * BIT, 6 * BIT };
  static const int shop_bits[] = { 0, 0, 0, 0, 2 * BIT, 3 * BIT, 4 * BIT };
  gboolean timed = self->debit->at_us != 0;
  gboolean pushed = self->fresh && self->debit->channel == KOBAN_TRANSACTION_TRANSFER;

  if (self->in_minutes >= self->in_day || self->in_day < (timed && !pushed ? 3u : 2u) ||
      is_usual_count (self, self->in_day))
    return 0;
  if (reasons != NULL && timed)
    say (reasons, koban_reason_new (KOBAN_REASON_BURST_DAY, "count", "x", (gint64) self->in_day, "hours", "x",
                                    (gint64) 24, "total", "m", money (self, -self->day_total), NULL));
  else if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_BURST_DAY, "count", "x", (gint64) self->in_day, "total", "m",
                                    money (self, -self->day_total), NULL));
  if (is_shop (self))
    return shop_bits[MIN (self->in_day, G_N_ELEMENTS (shop_bits) - 1)];
  return bits[MIN (self->in_day, G_N_ELEMENTS (bits) - 1)] + (pushed ? BIT : 0);
}

static int
weigh_cap (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanService *service = self->debit->service;
  gboolean month = FALSE;
  gint64 sum = self->debit->amount;

  if (service == NULL || self->round == 0 ||
      g_strcmp0 (service->currency, self->judgement->currency.code) != 0)
    return 0;
  if (service->month_limit > 0 && self->month_total >= service->month_limit / 10 * 9)
    {
      month = TRUE;
      sum = self->month_total;
    }
  else if (service->charge_limit == 0 || sum < service->charge_limit / 10 * 9 || sum > service->charge_limit)
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_CAP_SHAPE, "limit", "m",
                           money (self, month ? service->month_limit : service->charge_limit), "total", "m",
                           money (self, -sum), "period", "s", month ? "month" : "charge", NULL));
  return month ? 5 * BIT : 3 * BIT;
}

static int
weigh_round (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->consumption || !self->fresh)
    return 0;
  if (self->round == 0)
    return self->below > 1 ? 3 * BIT : 0;
  if (self->in_day == 1 && !is_wallet (self))
    return 0;
  if (reasons != NULL && self->round > 1)
    say (reasons, koban_reason_new (KOBAN_REASON_ROUND_AMOUNTS, "count", "x", (gint64) self->round, NULL));
  return BIT;
}

static int
weigh_test (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->tiny == 0)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_TEST_THEN_DRAIN, "test", "m", money (self, -self->tiny),
                                    "hours", "x", self->tiny_us / KOBAN_HOUR_US, NULL));
  return self->consumption || self->debit->amount < 50 * self->habit->euro ? 4 * BIT : 9 * BIT;
}

/* Four and more of one sum at a place that is new: vouchers, not shopping. */
static int
weigh_equal (const Evidence *self, GVariantBuilder *reasons)
{
  if (!self->fresh || self->in_day < 4 || self->equal < 3 || self->debit->amount < 10 * self->habit->euro)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_EQUAL_AMOUNTS, "count", "x", (gint64) self->equal, "amount",
                                    "m", money (self, -self->debit->amount), NULL));
  return 8 * BIT;
}

/* How rare are so many, where @per_1000_days are usual in @days; log2 of the chance of so many by chance. */
static int
surprise_bits (guint count, guint per_1000_days, guint days)
{
  int expected = koban_log2 (MAX ((guint64) per_1000_days * days, 20)) - koban_log2 (1000);
  int n = (int) MIN (count, 16);

  /* n·log2 (n/λ) - n·log2 (e), of Chernoff */
  return MAX (n * (koban_log2 ((guint64) n * 256) - 8 * BIT - expected - 369), 0);
}

/* A wallet that is filled again and again within days, measured by how often it was before. */
static int
weigh_velocity (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;

  if (self->fresh || self->in_week < 2 || (!is_wallet (self) && self->link == NULL) || self->consumption)
    return 0;
  KobanPast past = koban_payee_before (payee, self->debit->day);
  int known = self->debit->day - payee->first_debit;
  guint before = past.debits + 2 > self->in_week ? past.debits + 2 - self->in_week : 1;
  guint rate = before * 1000 / (guint) MAX (known, 30);
  int bits = MIN (surprise_bits (self->in_week, rate, 7) / 2, 8 * BIT);
  if (reasons != NULL && bits > BIT)
    say (reasons, koban_reason_new (KOBAN_REASON_ABOVE_PACE, "count", "x", (gint64) self->in_week, "days",
                                    "x", (gint64) 7, "gap", "x", (gint64) MAX (known, 1) / before, NULL));
  return bits;
}

/* Cash again and again within hours: a stolen card at a machine. */
static int
weigh_cash (const Evidence *self, GVariantBuilder *reasons)
{
  guint days = koban_habit_days (self->habit);
  guint rate = (self->habit->channel_debits[KOBAN_TRANSACTION_CASH] + 4) * 1000 / (days + 20);

  if (self->debit->channel != KOBAN_TRANSACTION_CASH || self->cash < 2)
    return 0;
  int bits = surprise_bits (self->cash, rate, 1) + (self->cash > 2 ? 3 * BIT : 0);
  if (bits < 4 * BIT)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_CASH_BURST, "count", "x", (gint64) self->cash, "hours", "x",
                                    (gint64) 30, "total", "m", money (self, -self->cash_total), NULL));
  return MIN (bits, 16 * BIT);
}

/* Who paid in some cents to verify the account now takes. */
static int
weigh_micro (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->micro == 0 || !self->fresh || self->debit->amount < 20 * self->habit->euro)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_VERIFY_DEPOSIT, "count", "x", (gint64) 1, "amount", "m",
                                    money (self, self->micro), NULL));
  return 13 * BIT;
}

/* Tiny debits to other new names, then a larger one to a new name. */
static int
weigh_tests (const Evidence *self, GVariantBuilder *reasons)
{
  static const int bits[] = { 0, 3 * BIT, 11 * BIT, 13 * BIT };
  gint64 tests = self->tests_total;

  if (self->tests == 0 || !self->fresh || self->debit->amount < 20 * (tests / self->tests) ||
      self->debit->amount < 60 * self->habit->euro)
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_CARD_TESTING, "count", "x", (gint64) self->tests, "minutes", "x",
                           self->tests_us / KOBAN_MINUTE_US, "total", "m", money (self, -tests), NULL));
  if (self->tests == 1 && self->large > 1)
    return self->large > 2 ? 11 * BIT : 9 * BIT;
  return bits[MIN (self->tests, G_N_ELEMENTS (bits) - 1)];
}

/* The very sum that a regular collector took days ago, long before the next is due. Who also pays back, a
 * refund or own savings, may take again. */
static int
weigh_duplicate (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = self->debit;

  if (payee == NULL || payee->debits < 2 || payee->credits > 0 || payee->day_count_max > 1 ||
      self->consumption || self->twin_days == 0 || debit->line->state != KOBAN_TRANSACTION_BOOKED ||
      debit->amount < 5 * self->habit->euro || is_wallet (self) || !is_bill (self))
    return 0;
  int days = self->twin_days;
  if (days > 12 || payee->gap < 20 * 16 || days * 16 * 2 > payee->gap || payee->gap_spread * 3 > payee->gap)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_DUPLICATE_COLLECTION, "amount", "m",
                                    money (self, -debit->amount), "days", "x", (gint64) days, NULL));
  return ALONE_BITS;
}

/* Small sums at a steady pace to a name that came up long after the history began: always like sums, or sums
 * that are never quite small. A shop is visited when the need arises, a subscription collects once a month.
 */
static gboolean
is_steady (const Evidence *self, const KobanPayee *payee)
{
  int off = ABS ((self->debit->day - payee->last_day) * 16 - payee->gap);

  return payee->gap >= 16 && payee->gap <= 11 * 16 && payee->gap_spread <= 34 &&
         off <= MAX (payee->gap / 2, 16);
}

static gboolean
is_like (const Evidence *self, const KobanPayee *payee, gint64 mean)
{
  static const gint32 spread[] = { 158, 140, 124, 110, 98, 88 }; /* of three, four, … sums within a tenth */
  gint64 most = (payee->same_run >= 2 ? 100 : 32) * self->habit->euro;
  gboolean weekly = payee->gap > 6 * 16 && payee->gap < 8 * 16;

  if (weekly && self->debit->channel != KOBAN_TRANSACTION_CARD && payee->same_run >= 2 &&
      mean >= 12 * self->habit->euro) /* lessons and pocket money: even_payments says so */
    return FALSE;
  return payee->log_spread <= spread[MIN (payee->debits - 3, G_N_ELEMENTS (spread) - 1)] &&
         mean >= 2 * self->habit->euro && mean <= most;
}

static gboolean
is_never_small (const Evidence *self, const KobanPayee *payee, gint64 mean)
{
  gint64 euro = self->habit->euro;

  return payee->debits >= 4 && payee->gap >= 4 * 16 && payee->log_spread <= 207 && mean >= 13 * euro &&
         mean <= 80 * euro && self->debit->day - payee->first_debit >= 18;
}

static int
weigh_skim (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = self->debit;

  if (payee == NULL || payee->debits < 3 || payee->debits > 12 || payee->alarms > 0 ||
      payee->day_count_max > 1 || payee->credits > 0 || self->in_day > 1 || debit->service != NULL ||
      is_nameless (self) || debit->channel == KOBAN_TRANSACTION_CASH ||
      payee->first_debit - self->habit->first_day < 20 || !is_steady (self, payee))
    return 0;
  gint64 mean = payee->sum / payee->debits;
  if (debit->amount > 2 * mean || (!is_like (self, payee, mean) && !is_never_small (self, payee, mean)))
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_SLOW_SKIM, "count", "x", (gint64) payee->debits + 1, "total",
                                    "m", money (self, -payee->sum - debit->amount), "days", "x",
                                    (gint64) (debit->day - payee->first_debit), NULL));
  return 14 * BIT;
}

static int
weigh_night (const Evidence *self, GVariantBuilder *reasons)
{
  const KobanHabit *habit = self->habit;
  int hour = self->debit->hour;

  if (hour < 0 || (hour > 5 && hour < 22) || habit->n_hours < 20)
    return 0;
  guint32 near = habit->hours[hour] * 2 + habit->hours[(hour + 1) % 24] + habit->hours[(hour + 23) % 24];
  int bits =
    koban_log2 ((guint64) (habit->n_hours + 24) * 256) - koban_log2 ((guint64) (near * 6 + 24) * 256);
  if (bits < BIT)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_NIGHT, "hour", "x", (gint64) hour, NULL));
  gboolean pushed = self->fresh && self->debit->channel == KOBAN_TRANSACTION_TRANSFER;
  return MIN (bits, (pushed ? 5 : 3) * BIT);
}

/* One large payment to a new name is a purchase; three in a day are a spree. */
static int
weigh_spree (const Evidence *self, GVariantBuilder *reasons)
{
  int log = koban_log2 ((guint64) self->debit->amount);

  if (!self->fresh || self->large < 3 || self->in_minutes >= self->large ||
      koban_habit_size_bits (self->habit, log) < 5 * BIT / 2)
    return 0;
  if (reasons != NULL && sum_of (self) > koban_habit_usual_size (self->habit)) /* else the size says it */
    say (reasons, koban_reason_new (KOBAN_REASON_DAY_TOTAL, "total", "m", money (self, -self->fresh_total),
                                    "usual", "m", money (self, koban_habit_usual_day (self->habit)), "hours",
                                    "x", (gint64) 24, NULL));
  return self->large == 3 ? 2 * BIT : 4 * BIT;
}

static int
weigh_many_payees (const Evidence *self, GVariantBuilder *reasons)
{
  if (self->new_payees < 3 || self->consumption)
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_MANY_PAYEES, "count", "x", (gint64) self->new_payees, "hours", "x",
                           (gint64) 24, "total", "m", money (self, -self->fresh_total), NULL));
  return self->debit->channel == KOBAN_TRANSACTION_TRANSFER ? 3 * BIT : BIT;
}

/* --- the sum ------------------------------------------------------------------------------------------ */

typedef enum
{
  FAMILY_WHO,
  FAMILY_SIZE,
  FAMILY_SHAPE,
  FAMILY_ALONE, /* says enough, whatever the sum */
  N_FAMILIES,
} Family;

typedef struct
{
  Family family;
  int (*weigh) (const Evidence *self, GVariantBuilder *reasons); /* bits; says why if @reasons */
} Row;

static const Row rows[] = {
  /* the money leaves to a name never paid: alone twice a month an account, so it only adds (detection (c)) */
  { FAMILY_WHO, weigh_first_payee },
  /* e-money is where stolen money goes first (incidents 3.1, 3.2); the tax office is not */
  { FAMILY_WHO, weigh_service },
  /* Toss 2020: a link made a year before and never used (detection (a)) */
  { FAMILY_ALONE, weigh_sleeping_link },
  /* a known mandate under other terms, and now it collects (issue 3.2) */
  { FAMILY_WHO, weigh_amended },
  /* Docomo: minutes between the link and the debits; honest people top up at once too (detection (c)) */
  { FAMILY_WHO, weigh_follows_link },
  /* the link list is the bank's own evidence that it was agreed to (detection (c), link diff) */
  { FAMILY_WHO, weigh_old_mandate },
  /* the person's own word is the best evidence there is (issue 3.3) */
  { FAMILY_WHO, weigh_answer },
  /* a card in a shop is how honest people spend much at once (detection (b)) */
  { FAMILY_WHO, weigh_channel },
  /* robust size against this person's free spending, and against what this payee takes (detection (c)) */
  { FAMILY_SIZE, weigh_size },
  /* an amended or abused mandate collects many times what it did (issue 3.2); rises stay under 20 %
     (detection (c)) */
  { FAMILY_SIZE, weigh_amount_changed },
  /* gaps of standing payments hardly drift (detection (b), Berka; (c), recurring payments) */
  { FAMILY_WHO, weigh_rhythm },
  /* over half of the balance is one in a hundred debits even in normal life (detection (b), Berka) */
  { FAMILY_SIZE, weigh_drain },
  /* savings are moved to the current account first (detection (a), takeovers) */
  { FAMILY_SIZE, weigh_savings },
  /* four debits in two minutes, three charges in one (incidents 3.1, 3.3) */
  { FAMILY_SHAPE, weigh_burst },
  /* never reset at midnight; where only dates exist, one date (incidents 3.7) */
  { FAMILY_SHAPE, weigh_burst_day },
  /* 100,000 a charge and 300,000 a month were emptied exactly (incidents 3.1) */
  { FAMILY_SHAPE, weigh_cap },
  /* round sums of 1,000s (incidents 3.7) */
  { FAMILY_SHAPE, weigh_round },
  /* a one-cent payment, then the larger one (detection (a)) */
  { FAMILY_SHAPE, weigh_test },
  /* charges of cents at unknown merchants, then larger ones hours to days later (detection (a)) */
  { FAMILY_ALONE, weigh_tests },
  /* all of 784 groups of standing payments in Berka keep to one sum and one rhythm (detection (b)) */
  { FAMILY_ALONE, weigh_duplicate },
  /* Toss at 23:00; takeovers at night (detection (a)) */
  { FAMILY_SHAPE, weigh_night },
  /* gift cards: equal round charges at one shop never seen (detection (a), the goods of 2020 were resold) */
  { FAMILY_ALONE, weigh_equal },
  /* charges spread over days to stay under the limits, and sleeping links that wake (incidents 3.1, 3.2) */
  { FAMILY_ALONE, weigh_velocity },
  /* a stolen card is emptied at a machine up to its daily limit */
  { FAMILY_ALONE, weigh_cash },
  /* micro-credits precede links (incidents 3.7, VERIFY_DEPOSIT) */
  { FAMILY_ALONE, weigh_micro },
  /* small sums "so that it is not noticed", again and again (detection (a), direct debits) */
  { FAMILY_ALONE, weigh_skim },
  /* the charges after the test, one hour apart, each at another shop (detection (a)) */
  { FAMILY_SHAPE, weigh_spree },
  /* several payments a case are usual (detection (a)) */
  { FAMILY_SHAPE, weigh_many_payees },
};

typedef struct
{
  int total, size;
} Sum;

static Sum
add_up (const Evidence *self, GVariantBuilder *reasons)
{
  int families[N_FAMILIES] = { 0 };
  int total = 0;

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    families[rows[i].family] += rows[i].weigh (self, reasons);
  for (guint i = 0; i < N_FAMILIES; i++)
    total += families[i];
  return (Sum){ .total = total, .size = families[FAMILY_SIZE] + families[FAMILY_ALONE] };
}

enum
{
  WARNING_BITS = 31 * BIT / 2,
  KNOWN_BITS = 11 * BIT,
  KNOWN_SIZE_BITS = 4 * BIT,
  CRITICAL_BITS = 20 * BIT,
  ALARM_BITS = 2, /* an alarm is 256: two bits */
  MAX_ALARM_BITS = 3 * BIT,
  MIN_SIZE_BITS = 7 * BIT / 2
};

/* Quiet asks for two bits more, wary for two less: a quarter or four times as many alerts. */
static int
wariness_bits (const Evidence *self)
{
  static const int shift[] = {
    [KOBAN_WARINESS_QUIET] = 2 * BIT, [KOBAN_WARINESS_NORMAL] = 0, [KOBAN_WARINESS_WARY] = -2 * BIT
  };
  return shift[self->judgement->wariness];
}

/* Who has been alarmed lately, or would have been by the history, is not so easily alarmed again: so the
 * budget holds for heavy and light spenders alike (issue 3.3). What is critical is told all the same. */
static int
bar_of (const Evidence *self)
{
  int alarms = (int) MIN (koban_habit_alarms (self->habit, self->debit->day) * ALARM_BITS, MAX_ALARM_BITS);

  return MIN ((self->fresh ? WARNING_BITS : KNOWN_BITS) + alarms, CRITICAL_BITS) + wariness_bits (self);
}

static gboolean
is_unexpected (const Evidence *self, Sum sum)
{
  return sum.total >= bar_of (self) && sum.size >= (self->fresh ? MIN_SIZE_BITS : KNOWN_SIZE_BITS);
}

static KobanSeverity
severity_of (const Evidence *self, Sum sum)
{
  return sum.total >= CRITICAL_BITS + wariness_bits (self) ? KOBAN_SEVERITY_CRITICAL : KOBAN_SEVERITY_WARNING;
}

/* --- telling ------------------------------------------------------------------------------------------ */

static KobanEpisode *
open_episode (Evidence *self)
{
  const KobanDebit *debit = self->debit;

  if (self->episode != NULL)
    return self->episode;

  g_autofree char *key = koban_judgement_key (self->judgement, "debit", debit->key, debit->day);
  KobanEpisode *episode = koban_habit_add_episode (self->habit, key, debit->heard_us);
  episode->payee = debit->key;
  episode->mandate = debit->mandate;
  return episode;
}

/* What was told before is not told again; what belongs to it and was not is. */
static gint64
total_of_refs (Evidence *self)
{
  gint64 total = self->debit->amount;

  for (guint i = 1; i < self->n_refs; i++)
    {
      const KobanRecent *recent = koban_habit_find_recent (self->habit, self->refs[i]);
      total += recent != NULL ? recent->amount : 0;
    }
  return total;
}

static gboolean
tell (Evidence *self, KobanSeverity severity)
{
  const KobanDebit *debit = self->debit;
  KobanEpisode *episode = open_episode (self);
  gboolean grows = (episode->told & (1 << KOBAN_ALERT_WITHDRAWAL)) != 0;
  g_autoptr(GPtrArray) refs = g_ptr_array_new ();
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  add_up (self, &reasons);
  koban_judgement_say_gap (self->judgement, &reasons);
  if (grows)
    self->n_refs = MIN (self->n_refs, 1);

  episode->told |= 1 << KOBAN_ALERT_WITHDRAWAL;
  episode->severity = MAX (episode->severity, (guint32) severity);
  episode->last_us = debit->heard_us;
  episode->debits += self->n_refs;
  for (guint i = 0; i < self->n_refs; i++)
    g_ptr_array_add (refs, (gpointer) (guintptr) self->refs[i]);
  gint64 total = total_of_refs (self);
  episode->total += total;

  KobanVerdict verdict = { .incident = episode->key,
                           .kind = KOBAN_ALERT_WITHDRAWAL,
                           .severity = (KobanSeverity) episode->severity,
                           .refs = refs,
                           .subject = koban_transaction_get_name (debit->line),
                           .service = debit->service != NULL ? debit->service->name : NULL,
                           .reasons = g_variant_builder_end (&reasons),
                           .has_total = TRUE,
                           .total = -total };
  return koban_judgement_tell (self->judgement, &verdict);
}

/* A round sum that a known payee only reserves (a fuel pump, a hotel): it counts when it is booked. */
static gboolean
is_hold (const KobanJudgement *self, const KobanTransaction *line)
{
  Evidence evidence = { .judgement = (KobanJudgement *) (guintptr) self, .habit = self->habit };

  return line != NULL && line->state == KOBAN_TRANSACTION_PENDING && line->amount.minor < 0 &&
         !koban_payee_is_fresh (self->payee, self->debit.day) &&
         self->debit.channel != KOBAN_TRANSACTION_TRANSFER && is_typed (&evidence, -line->amount.minor);
}

/* A pending sum that is booked as it was has been judged. */
static gboolean
is_news (const KobanJudgement *self)
{
  const KobanChange *change = self->change;

  if (is_hold (self, change->line))
    return FALSE;
  if (change->kind == KOBAN_CHANGE_LINE_NEW || is_hold (self, change->line_before))
    return TRUE;
  return change->line_before != NULL && change->line->amount.minor < 0 &&
         change->line->amount.minor / 3 < change->line_before->amount.minor / 2;
}

static gboolean
weigh (Evidence *self, KobanJudgement *judgement, const char **refs, Sum *sum)
{
  *self = (Evidence){ .judgement = judgement,
                      .debit = &judgement->debit,
                      .habit = judgement->habit,
                      .payee = judgement->payee,
                      .refs = refs };
  if (judgement->debit.amount <= 0 || judgement->debit.own || !is_news (judgement))
    return FALSE;
  self->episode = koban_episode_of_debit (judgement);
  self->link = koban_link_of_debit (judgement);
  gather (self);
  self->size = size_of (self);
  *sum = add_up (self, NULL);
  return TRUE;
}

void
koban_withdrawals_on_line (KobanJudgement *self)
{
  const char *refs[KOBAN_HABIT_RECENT + 1];
  Evidence evidence;
  Sum sum;

  if (!weigh (&evidence, self, refs, &sum))
    return;
  gboolean grows = evidence.episode != NULL && (evidence.episode->told & (1 << KOBAN_ALERT_WITHDRAWAL)) != 0;
  if (is_unexpected (&evidence, sum))
    {
      gboolean told = tell (&evidence, severity_of (&evidence, sum));
      if (told && !grows)
        koban_habit_alarm (self->habit, self->debit.day, 256);
      if (told && self->payee != NULL)
        self->payee->alarms++;
    }
  else if (grows)
    tell (&evidence, (KobanSeverity) evidence.episode->severity);
}

void
koban_withdrawals_rehearse (KobanJudgement *self)
{
  const char *refs[KOBAN_HABIT_RECENT + 1];
  Evidence evidence;
  Sum sum;

  if (koban_habit_days (self->habit) >= REHEARSED_DAYS && weigh (&evidence, self, refs, &sum) &&
      is_unexpected (&evidence, sum))
    koban_habit_alarm (self->habit, self->debit.day, 128);
}
