/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of evidence. Each row weighs one kind in bits (1/256): how much rarer it is in an honest life
 * than in a theft. It promises that every row that counted is told with numbers from the statement; no row
 * decides.
 */
#include "config.h"

#include "watch/evidence.h"

#include <string.h>

#define ALONE_BITS (20 * KOBAN_BIT)

/* --- the rows: who ------------------------------------------------------------------------------------ */

static void
say (GVariantBuilder *reasons, GVariant *reason)
{
  g_variant_builder_add_value (reasons, reason);
}

static KobanMoney
money (const KobanEvidence *self, gint64 minor)
{
  return koban_judgement_money (self->judgement, minor);
}

static int
weigh_first_payee (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanHabit *habit = self->habit;
  guint channel = self->debit->channel;

  if (!self->fresh || koban_evidence_is_nameless (self))
    return 0;
  /* Good and Turing: how often was a debit of this channel the first to its name? */
  int bits = koban_log2 ((guint64) (habit->channel_debits[channel] + 16) * 256) -
             koban_log2 ((guint64) (habit->channel_new[channel] + 3) * 256);
  if (koban_habit_knows_brand (habit, self->debit->brand) && self->consumption)
    bits /= 2;
  if (reasons != NULL && (self->payee == NULL || self->payee->debits == 0 || self->in_day > 1))
    say (reasons,
         koban_reason_new (KOBAN_REASON_FIRST_PAYEE, "days", "x", (gint64) koban_habit_days (habit), NULL));
  return CLAMP (bits, KOBAN_BIT, (self->consumption ? 4 : 6) * KOBAN_BIT);
}

static int
weigh_service (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanService *service = self->debit->service;

  if (!self->fresh || service == NULL || service->category == KOBAN_SERVICE_COLLECTOR)
    return 0;
  return service->category == KOBAN_SERVICE_MERCHANT ? -2 * KOBAN_BIT : 3 * KOBAN_BIT;
}

/* It slept for months, took again, and takes once more within days. */
static gboolean
is_woken (const KobanEvidence *self)
{
  const KobanPayee *payee = self->payee;

  return payee != NULL && koban_evidence_is_wallet (self) && payee->debits >= 2 && payee->debits <= 5 &&
         payee->gap > 60 * 16 && self->debit->day - payee->last_day <= 14;
}

/* How long nothing was taken this way, before today; 0: it is not known, or money was taken lately. */
static int
slept_days (const KobanEvidence *self)
{
  const KobanKnownLink *link = self->link;
  KobanDate last = KOBAN_NO_DATE;

  if (self->payee != NULL && self->payee->debits > 0)
    last = koban_payee_before (self->payee, self->debit->day).last_day;
  if (last == KOBAN_NO_DATE && link != NULL)
    last = MAX (link->last_debit, MAX (self->habit->first_day, koban_date_from_us (link->since_us, 0)));
  return last != KOBAN_NO_DATE ? self->debit->day - last : 0;
}

/* Only what can be filled at will: a yearly bill sleeps by nature. */
static int
weigh_sleeping_link (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;
  gboolean never_used = link != NULL && link->last_debit == KOBAN_NO_DATE;
  gboolean woken = is_woken (self);
  int days = woken ? self->payee->gap / 16 : slept_days (self);

  if (!koban_evidence_is_wallet (self) && (link == NULL || link->kind != KOBAN_LINK_RECURRING_CONSENT))
    return 0;
  if (days < (never_used ? 45 : 60) || (!woken && !never_used && days < 90))
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_SLEEPING_LINK_WAKES, "days", "x", (gint64) days, NULL));
  return never_used ? 6 * KOBAN_BIT : 4 * KOBAN_BIT;
}

static int
weigh_amended (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;

  if (link == NULL || link->amended_us == 0 || self->debit->heard_us - link->amended_us > 45 * KOBAN_DAY_US)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_AMENDED_MANDATE, "kind", "s",
                                    koban_link_kind_name ((KobanLinkKind) link->kind), NULL));
  return 5 * KOBAN_BIT;
}

static int
weigh_follows_link (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;
  gint64 hours = link != NULL ? (self->debit->heard_us - link->since_us) / KOBAN_HOUR_US : G_MAXINT64;

  if (link == NULL || link->since_us == 0 || hours > 72 || hours < 0)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_FOLLOWS_LINK, "hours", "x", hours, NULL));
  return 2 * KOBAN_BIT;
}

/* A bill whose mandate was listed long before is nobody's surprise. */
static int
weigh_old_mandate (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanKnownLink *link = self->link;

  if (link == NULL || !self->fresh || link->amended_us != 0 || koban_evidence_is_wallet (self) ||
      self->debit->heard_us - link->since_us < 60 * KOBAN_DAY_US)
    return 0;
  return -3 * KOBAN_BIT;
}

static int
weigh_answer (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->payee != NULL && self->payee->answer == KOBAN_ANSWER_MINE)
    return -6 * KOBAN_BIT;
  if (self->payee == NULL || self->payee->answer != KOBAN_ANSWER_NOT_MINE)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_ANSWERED_NOT_MINE, NULL));
  return 12 * KOBAN_BIT;
}

static int
weigh_channel (const KobanEvidence *self, GVariantBuilder *reasons)
{
  static const int bits[KOBAN_HABIT_CHANNELS] = {
    [KOBAN_TRANSACTION_CARD] = -2 * KOBAN_BIT,
    [KOBAN_TRANSACTION_CASH] = -3 * KOBAN_BIT,
    [KOBAN_TRANSACTION_STANDING_ORDER] = -1 * KOBAN_BIT,
    [KOBAN_TRANSACTION_FEE] = -3 * KOBAN_BIT,
  };

  return bits[self->debit->channel];
}

/* --- the rows: how much ------------------------------------------------------------------------------- */

/* How far above what this payee takes, in three bits a standard deviation beyond the first. */
static int
payee_bits (const KobanEvidence *self, int log)
{
  KobanPast past = koban_payee_before (self->payee, self->debit->day);
  int floor = past.debits < 4 ? 320 : past.log_spread < 16 ? 64 : 128;
  int deviation = MAX (past.log_spread * 5 / 4, floor);

  return MAX ((log - past.log_mean - deviation) * 3 * KOBAN_BIT / deviation, 0);
}

/* A name that is known is measured by what it takes; a sum that this account often spends is never far out.
 */
static int
known_size (const KobanEvidence *self, gint64 amount)
{
  int log = koban_log2 ((guint64) amount);

  return MIN (payee_bits (self, log), 2 * koban_habit_size_bits (self->habit, log));
}

/* Several payments of some size; a coffee at another new name beside a car is none. */
static gboolean
is_several (const KobanEvidence *self)
{
  return self->in_day > 1 || self->large > 1;
}

/* Money from own savings for one payment that it covers a good part of: so honest people buy a car. */
static gboolean
is_funded (const KobanEvidence *self)
{
  gboolean drains = self->balance > 0 && self->debit->amount / 22 * 25 >= self->balance; /* 88 % */

  return !is_several (self) && !drains && self->savings * 3 >= self->debit->amount;
}

/* New names are measured together by what goes to such names in a day. One payment alone is how honest people
 * buy a car; it must be very large to stand out by itself. */
static int
fresh_size (const KobanEvidence *self)
{
  gboolean several = is_several (self) && self->debit->amount * 8 >= self->fresh_total;
  int log = koban_log2 ((guint64) (several ? self->fresh_total : self->day_total));
  int bits = koban_habit_new_bits (self->habit, log);

  int most = several ? 13 : is_funded (self) ? 8 : self->consumption ? 9 : 11;
  return MIN (bits, most * KOBAN_BIT);
}

static gint64
sum_of (const KobanEvidence *self)
{
  return self->fresh || self->in_day > 1 ? self->day_total : self->debit->amount;
}

static int
size_of (const KobanEvidence *self)
{
  return self->fresh ? fresh_size (self) : MIN (known_size (self, sum_of (self)), 12 * KOBAN_BIT);
}

static int
weigh_size (const KobanEvidence *self, GVariantBuilder *reasons)
{
  int bits = self->size;

  if (reasons == NULL || bits <= 2 * KOBAN_BIT)
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
is_bill (const KobanEvidence *self)
{
  return self->debit->mandate != 0 || self->debit->channel == KOBAN_TRANSACTION_DIRECT_DEBIT ||
         (self->payee != NULL &&
          (koban_payee_is_fixed (self->payee) || koban_payee_is_regular (self->payee)) && !self->consumption);
}

/* A bill of known size that is suddenly twice as large and more. */
static int
weigh_amount_changed (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;

  if (self->fresh || !is_bill (self) || (koban_evidence_is_wallet (self) && !koban_payee_is_fixed (payee)))
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
    return rise >= 406 ? 5 * KOBAN_BIT : 3 * KOBAN_BIT; /* threefold: log2 (3) is 406 */
  return past.log_spread <= 160 ? 9 * KOBAN_BIT : 7 * KOBAN_BIT;
}

/* A bill that always came on its day comes at half the time. */
static int
weigh_rhythm (const KobanEvidence *self, GVariantBuilder *reasons)
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
  return KOBAN_BIT;
}

static int
weigh_drain (const KobanEvidence *self, GVariantBuilder *reasons)
{
  gint64 sum = sum_of (self);

  if (self->balance <= 0 || self->size < 3 * KOBAN_BIT || is_funded (self))
    return 0;
  gint64 percent = MIN (sum, G_MAXINT64 / 100) * 100 / self->balance;
  if (percent < 40 || percent > 200) /* more than there was: the balance is of before some income */
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_DRAIN, "percent", "x", percent, "balance", "m",
                                    money (self, self->balance), NULL));
  if (!is_several (self) && self->fresh)
    return percent >= 80 ? 2 * KOBAN_BIT : KOBAN_BIT / 2;
  return percent >= 80 ? 3 * KOBAN_BIT : 3 * KOBAN_BIT / 2;
}

/* One large payment from savings is how honest people buy; several in a day are how a thief empties both. */
static int
weigh_savings (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->savings == 0 || self->consumption || !self->fresh || !is_several (self) ||
      self->savings * 3 < self->fresh_total)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_FROM_SAVINGS, "amount", "m", money (self, self->savings),
                                    "hours", "x", (gint64) 24, NULL));
  return 2 * KOBAN_BIT;
}

/* --- the rows: how fast, and in what shape ------------------------------------------------------------ */

/* What this payee has been seen to do on one day is no burst. */
static gboolean
is_usual_count (const KobanEvidence *self, guint count)
{
  return !self->fresh && self->payee != NULL && self->payee->day_count_max >= count &&
         self->payee->day_total_max * 3 / 2 >= self->day_total;
}

/* Who shops pays several times a day at one place; who collects, is sent money or fills a wallet does not. */
static gboolean
is_shop (const KobanEvidence *self)
{
  guint channel = self->debit->channel;

  return !koban_evidence_is_wallet (self) && self->debit->mandate == 0 &&
         (channel == KOBAN_TRANSACTION_CARD ||
          (channel == KOBAN_TRANSACTION_OTHER && !self->fresh && self->link == NULL));
}

/* The second within minutes is as rare as it was never seen with this payee; each further one is rarer. */
static int
weigh_burst (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->in_minutes < 2 || is_usual_count (self, self->in_day))
    return 0;
  int seen = self->payee != NULL ? (int) MIN (self->payee->debits + 4, 32) : 4;
  int bits = koban_log2 ((guint64) seen) + 2 * KOBAN_BIT * (int) (MIN (self->in_minutes, 5) - 2);
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_BURST, "count", "x", (gint64) self->in_minutes, "seconds",
                                    "x", self->minutes_us / KOBAN_SECOND_US, "total", "m",
                                    money (self, -self->minutes_total), NULL));
  return bits;
}

static int
weigh_burst_day (const KobanEvidence *self, GVariantBuilder *reasons)
{
  static const int bits[] = { 0, 0, 2 * KOBAN_BIT, 4 * KOBAN_BIT, 6 * KOBAN_BIT };
  static const int shop_bits[] = { 0, 0, 0, 0, 2 * KOBAN_BIT, 3 * KOBAN_BIT, 4 * KOBAN_BIT };
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
  return bits[MIN (self->in_day, G_N_ELEMENTS (bits) - 1)] + (pushed ? KOBAN_BIT : 0);
}

static int
weigh_cap (const KobanEvidence *self, GVariantBuilder *reasons)
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
  return month ? 5 * KOBAN_BIT : 3 * KOBAN_BIT;
}

static int
weigh_round (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->consumption || !self->fresh)
    return 0;
  if (self->round == 0)
    return self->below > 1 ? 3 * KOBAN_BIT : 0;
  if (self->in_day == 1 && !koban_evidence_is_wallet (self))
    return 0;
  if (reasons != NULL && self->round > 1)
    say (reasons, koban_reason_new (KOBAN_REASON_ROUND_AMOUNTS, "count", "x", (gint64) self->round, NULL));
  return KOBAN_BIT;
}

static int
weigh_test (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->tiny == 0)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_TEST_THEN_DRAIN, "test", "m", money (self, -self->tiny),
                                    "hours", "x", self->tiny_us / KOBAN_HOUR_US, NULL));
  return self->consumption || self->debit->amount < 50 * self->habit->euro ? 4 * KOBAN_BIT : 9 * KOBAN_BIT;
}

/* Vouchers are sold in few denominations, all of them round. */
static gboolean
are_denominations (const KobanEvidence *self)
{
  return self->round >= self->in_day && self->equal + self->n_other >= self->in_day;
}

/* Four and more of one sum or two at a place that is new: vouchers, not shopping; the more so of round sums.
 */
static int
weigh_equal (const KobanEvidence *self, GVariantBuilder *reasons)
{
  gboolean vouchers = are_denominations (self);

  if (!self->fresh || self->in_day < 4 || (self->equal < 3 && !vouchers) ||
      self->debit->amount < 10 * self->habit->euro)
    return 0;
  if (reasons != NULL && self->equal > 1)
    say (reasons, koban_reason_new (KOBAN_REASON_EQUAL_AMOUNTS, "count", "x", (gint64) self->equal, "amount",
                                    "m", money (self, -self->debit->amount), NULL));
  return vouchers && (self->equal >= 4 || self->in_day > 4) ? 11 * KOBAN_BIT : 8 * KOBAN_BIT;
}

/* How rare are so many, where @per_1000_days are usual in @days; log2 of the chance of so many by chance. */
static int
surprise_bits (guint count, guint per_1000_days, guint days)
{
  int expected = koban_log2 (MAX ((guint64) per_1000_days * days, 20)) - koban_log2 (1000);
  int n = (int) MIN (count, 16);

  /* n·log2 (n/λ) - n·log2 (e), of Chernoff */
  return MAX (n * (koban_log2 ((guint64) n * 256) - 8 * KOBAN_BIT - expected - 369), 0);
}

/* Charges come when somebody wants them to: a wallet, a link, a collector behind whom anybody may stand. */
static gboolean
is_filled_at_will (const KobanEvidence *self)
{
  const KobanService *service = self->debit->service;

  return !self->consumption && (koban_evidence_is_wallet (self) || self->link != NULL ||
                                (service != NULL && service->category == KOBAN_SERVICE_COLLECTOR));
}

/* A wallet that is filled again and again within days, measured by how often it was before. */
static int
weigh_velocity (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;

  if (self->fresh || self->in_week < 2 || !is_filled_at_will (self))
    return 0;
  KobanPast past = koban_payee_before (payee, self->debit->day);
  int known = self->debit->day - payee->first_debit;
  guint before = past.debits + 2 > self->in_week ? past.debits + 2 - self->in_week : 1;
  guint rate = before * 1000 / (guint) MAX (known, 30);
  int bits = MIN (surprise_bits (self->in_week, rate, 7) / 2, 8 * KOBAN_BIT);
  if (reasons != NULL && bits > KOBAN_BIT)
    say (reasons, koban_reason_new (KOBAN_REASON_ABOVE_PACE, "count", "x", (gint64) self->in_week, "days",
                                    "x", (gint64) 7, "gap", "x", (gint64) MAX (known, 1) / before, NULL));
  return bits;
}

/* Cash again and again within hours: a stolen card at a machine. */
static int
weigh_cash (const KobanEvidence *self, GVariantBuilder *reasons)
{
  guint days = koban_habit_days (self->habit);
  guint rate = (self->habit->channel_debits[KOBAN_TRANSACTION_CASH] + 4) * 1000 / (days + 20);

  if (self->debit->channel != KOBAN_TRANSACTION_CASH || self->cash < 2)
    return 0;
  int bits = surprise_bits (self->cash, rate, 1) + (self->cash > 2 ? 3 * KOBAN_BIT : 0);
  if (bits < 4 * KOBAN_BIT)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_CASH_BURST, "count", "x", (gint64) self->cash, "hours", "x",
                                    (gint64) 30, "total", "m", money (self, -self->cash_total), NULL));
  return MIN (bits, 16 * KOBAN_BIT);
}

/* Who paid in some cents to verify the account now takes. */
static int
weigh_micro (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->micro == 0 || !self->fresh || self->debit->amount < 20 * self->habit->euro)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_VERIFY_DEPOSIT, "count", "x", (gint64) 1, "amount", "m",
                                    money (self, self->micro), NULL));
  return 13 * KOBAN_BIT;
}

/* Tiny debits to other new names, then a larger one to a new name. */
static int
weigh_tests (const KobanEvidence *self, GVariantBuilder *reasons)
{
  static const int bits[] = { 0, 3 * KOBAN_BIT, 11 * KOBAN_BIT, 13 * KOBAN_BIT };
  gint64 tests = self->tests_total;

  if (self->tests == 0 || !self->fresh || self->debit->amount < 20 * (tests / self->tests) ||
      self->debit->amount < 60 * self->habit->euro)
    return 0;
  int sum = bits[MIN (self->tests, G_N_ELEMENTS (bits) - 1)];
  if (self->tests == 1 && self->large > 1)
    sum = self->large > 2 ? 11 * KOBAN_BIT : 9 * KOBAN_BIT;
  sum -= (int) MIN (self->trifles, 4) * 2 * KOBAN_BIT;
  if (sum <= 0)
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_CARD_TESTING, "count", "x", (gint64) self->tests, "minutes", "x",
                           self->tests_us / KOBAN_MINUTE_US, "total", "m", money (self, -tests), NULL));
  return sum;
}

static gboolean
is_monthly (const KobanPayee *payee, int days)
{
  return payee->gap >= 20 * 16 && days * 16 * 2 <= payee->gap && payee->gap_spread * 3 <= payee->gap;
}

/* Twice on one day, where the rhythm is well known and the mandate is no new one: not two contracts. */
static gboolean
is_same_day_twin (const KobanEvidence *self)
{
  guint64 mandate = self->debit->mandate;

  return self->payee->debits >= 4 && koban_payee_is_regular (self->payee) &&
         (mandate == 0 || koban_habit_payee (self->habit, mandate) != NULL);
}

static gboolean
comes_too_soon (const KobanEvidence *self, int days)
{
  if (days == 0)
    return is_same_day_twin (self);
  return self->payee->debits == 1 ? days <= 5 : days <= 12 && is_monthly (self->payee, days);
}

static GVariant *
duplicate_reason (const KobanEvidence *self)
{
  KobanMoney amount = money (self, -self->debit->amount);

  if (self->twin_days == 0)
    return koban_reason_new (KOBAN_REASON_DUPLICATE_COLLECTION, "amount", "m", amount, NULL);
  return koban_reason_new (KOBAN_REASON_DUPLICATE_COLLECTION, "amount", "m", amount, "days", "x",
                           (gint64) self->twin_days, NULL);
}

/* The very sum that a regular collector took days ago, long before the next is due; within five days also of
 * one that was seen but once: nothing is collected so often by bill. Who also pays back, a refund or own
 * savings, may take again. */
static int
weigh_duplicate (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = self->debit;

  if (payee == NULL || payee->debits == 0 || payee->credits > 0 || payee->day_count_max > 1 ||
      self->consumption || !self->twin || debit->line->state != KOBAN_TRANSACTION_BOOKED ||
      debit->amount < 5 * self->habit->euro || koban_evidence_is_wallet (self) || !is_bill (self))
    return 0;
  if (!comes_too_soon (self, self->twin_days))
    return 0;
  if (reasons != NULL)
    say (reasons, duplicate_reason (self));
  return ALONE_BITS;
}

/* Small sums at a steady pace to a name that came up long after the history began: always like sums, or sums
 * that are never quite small. A shop is visited when the need arises, a subscription collects once a month.
 */
static gboolean
is_steady (const KobanEvidence *self, const KobanPayee *payee)
{
  int off = ABS ((self->debit->day - payee->last_day) * 16 - payee->gap);

  return payee->gap >= 16 && payee->gap <= 11 * 16 && payee->gap_spread <= 34 &&
         off <= MAX (payee->gap / 2, 16);
}

static gboolean
is_like (const KobanEvidence *self, const KobanPayee *payee, gint64 mean)
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
is_never_small (const KobanEvidence *self, const KobanPayee *payee, gint64 mean)
{
  gint64 euro = self->habit->euro;

  return payee->debits >= 4 && payee->gap >= 4 * 16 && payee->log_spread <= 207 && mean >= 11 * euro &&
         mean <= 80 * euro && self->debit->day - payee->first_debit >= 18;
}

static int
weigh_skim (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = self->debit;

  if (payee == NULL || payee->debits < 3 || payee->debits > 12 || payee->alarms > 0 ||
      payee->day_count_max > 1 || payee->credits > 0 || self->in_day > 1 || debit->service != NULL ||
      koban_evidence_is_nameless (self) || debit->channel == KOBAN_TRANSACTION_CASH ||
      payee->first_debit - self->habit->first_day < 20 || !is_steady (self, payee))
    return 0;
  gint64 mean = payee->sum / payee->debits;
  if (debit->amount > 2 * mean || (!is_like (self, payee, mean) && !is_never_small (self, payee, mean)))
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_SLOW_SKIM, "count", "x", (gint64) payee->debits + 1, "total",
                                    "m", money (self, -payee->sum - debit->amount), "days", "x",
                                    (gint64) (debit->day - payee->first_debit), NULL));
  return 14 * KOBAN_BIT;
}

static int
weigh_night (const KobanEvidence *self, GVariantBuilder *reasons)
{
  const KobanHabit *habit = self->habit;
  int hour = self->debit->hour;

  if (hour < 0 || (hour > 5 && hour < 22) || habit->n_hours < 20)
    return 0;
  guint32 near = habit->hours[hour] * 2 + habit->hours[(hour + 1) % 24] + habit->hours[(hour + 23) % 24];
  int bits =
    koban_log2 ((guint64) (habit->n_hours + 24) * 256) - koban_log2 ((guint64) (near * 6 + 24) * 256);
  if (bits < KOBAN_BIT)
    return 0;
  if (reasons != NULL)
    say (reasons, koban_reason_new (KOBAN_REASON_NIGHT, "hour", "x", (gint64) hour, NULL));
  gboolean pushed = self->fresh && self->debit->channel == KOBAN_TRANSACTION_TRANSFER;
  return MIN (bits, (pushed ? 5 : 3) * KOBAN_BIT);
}

/* One large payment to a new name is a purchase; three in a day are a spree. */
static int
weigh_spree (const KobanEvidence *self, GVariantBuilder *reasons)
{
  int log = koban_log2 ((guint64) self->debit->amount);

  if (!self->fresh || self->large < 3 || self->in_minutes >= self->large ||
      koban_habit_size_bits (self->habit, log) < 5 * KOBAN_BIT / 2)
    return 0;
  if (reasons != NULL && sum_of (self) > koban_habit_usual_size (self->habit)) /* else the size says it */
    say (reasons, koban_reason_new (KOBAN_REASON_DAY_TOTAL, "total", "m", money (self, -self->fresh_total),
                                    "usual", "m", money (self, koban_habit_usual_day (self->habit)), "hours",
                                    "x", (gint64) 24, NULL));
  return self->large == 3 ? 2 * KOBAN_BIT : 4 * KOBAN_BIT;
}

static int
weigh_many_payees (const KobanEvidence *self, GVariantBuilder *reasons)
{
  if (self->new_payees < 3 || self->consumption)
    return 0;
  if (reasons != NULL)
    say (reasons,
         koban_reason_new (KOBAN_REASON_MANY_PAYEES, "count", "x", (gint64) self->new_payees, "hours", "x",
                           (gint64) 24, "total", "m", money (self, -self->fresh_total), NULL));
  return self->debit->channel == KOBAN_TRANSACTION_TRANSFER ? 3 * KOBAN_BIT : KOBAN_BIT;
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
  int (*weigh) (const KobanEvidence *self, GVariantBuilder *reasons); /* bits; says why if @reasons */
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

KobanSum
koban_weights_add_up (KobanEvidence *self, GVariantBuilder *reasons)
{
  int families[N_FAMILIES] = { 0 };
  int total = 0;

  self->size = size_of (self);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    families[rows[i].family] += rows[i].weigh (self, reasons);
  for (guint i = 0; i < N_FAMILIES; i++)
    total += families[i];
  return (KobanSum){ .total = total, .size = families[FAMILY_SIZE] + families[FAMILY_ALONE] };
}
