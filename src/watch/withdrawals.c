/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is this debit one that the person would expect? One decision about the sum of all evidence, and its
 * telling: an episode that grows while it lasts. It promises that what is critical is told however often
 * Koban spoke before, and that history alone tells nothing.
 */
#include "config.h"

#include "watch/evidence.h"

#define REHEARSED_DAYS 45 /* before, too much is new */
#define FADED_DAYS 730    /* an alarm of so long ago counts no more (habits.c): it need not be looked for */

enum
{
  WARNING_BITS = 31 * KOBAN_BIT / 2,
  KNOWN_BITS = 11 * KOBAN_BIT,
  KNOWN_SIZE_BITS = 4 * KOBAN_BIT,
  CRITICAL_BITS = 20 * KOBAN_BIT,
  ALARM_BITS = 2, /* an alarm is 256: two bits */
  MAX_ALARM_BITS = 3 * KOBAN_BIT,
  MIN_SIZE_BITS = 7 * KOBAN_BIT / 2
};

/* Quiet asks for two bits more, wary for two less: a quarter or four times as many alerts. */
static int
wariness_bits (const KobanEvidence *self)
{
  static const int shift[] = { [KOBAN_WARINESS_QUIET] = 2 * KOBAN_BIT,
                               [KOBAN_WARINESS_NORMAL] = 0,
                               [KOBAN_WARINESS_WARY] = -2 * KOBAN_BIT };
  return shift[self->judgement->wariness];
}

/* Who has been alarmed lately, or would have been by the history, is not so easily alarmed again: so the
 * budget holds for heavy and light spenders alike (issue 3.3). What is critical is told all the same. */
static int
bar_of (const KobanEvidence *self)
{
  int alarms = (int) MIN (koban_habit_alarms (self->habit, self->debit->day) * ALARM_BITS, MAX_ALARM_BITS);

  return MIN ((self->fresh ? WARNING_BITS : KNOWN_BITS) + alarms, CRITICAL_BITS) + wariness_bits (self);
}

static gboolean
is_unexpected (const KobanEvidence *self, KobanSum sum)
{
  return sum.total >= bar_of (self) && sum.size >= (self->fresh ? MIN_SIZE_BITS : KNOWN_SIZE_BITS);
}

static KobanSeverity
severity_of (const KobanEvidence *self, KobanSum sum)
{
  return sum.total >= CRITICAL_BITS + wariness_bits (self) ? KOBAN_SEVERITY_CRITICAL : KOBAN_SEVERITY_WARNING;
}

/* --- telling ------------------------------------------------------------------------------------------ */

static KobanEpisode *
open_episode (KobanEvidence *self)
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
total_of_refs (KobanEvidence *self)
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
tell (KobanEvidence *self, KobanSeverity severity)
{
  const KobanDebit *debit = self->debit;
  KobanEpisode *episode = open_episode (self);
  gboolean grows = (episode->told & (1 << KOBAN_ALERT_WITHDRAWAL)) != 0;
  g_autoptr(GPtrArray) refs = g_ptr_array_new ();
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  koban_weights_add_up (self, &reasons);
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
  return line != NULL && line->state == KOBAN_TRANSACTION_PENDING && line->amount.minor < 0 &&
         !koban_payee_is_fresh (self->payee, self->debit.day) &&
         self->debit.channel != KOBAN_TRANSACTION_TRANSFER && -line->amount.minor % 500 == 0;
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

void
koban_withdrawals_on_line (KobanJudgement *self)
{
  const char *refs[KOBAN_HABIT_RECENT + 1];
  KobanEvidence evidence;

  if (!is_news (self) || !koban_evidence_gather (&evidence, self, refs))
    return;
  KobanSum sum = koban_weights_add_up (&evidence, NULL);
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

static gboolean
is_worth_rehearsing (const KobanJudgement *self)
{
  return koban_date_from_us (self->debit.heard_us, 0) - self->debit.day <= FADED_DAYS &&
         koban_habit_days (self->habit) >= REHEARSED_DAYS && is_news (self);
}

void
koban_withdrawals_rehearse (KobanJudgement *self)
{
  const char *refs[KOBAN_HABIT_RECENT + 1];
  KobanEvidence evidence;

  if (is_worth_rehearsing (self) && koban_evidence_gather (&evidence, self, refs) &&
      is_unexpected (&evidence, koban_weights_add_up (&evidence, NULL)))
    koban_habit_alarm (self->habit, self->debit.day, 128);
}
