/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who gained the power to take money: links that the bank lists, and those that only their first
 * debit shows. It promises that every new, returned or stronger listed link is told once, whatever
 * the amount; it never tells Koban's own access, nor a link that merely ended.
 */
#include "config.h"

#include "watch/judgement.h"

#include <koban/text.h>

#include <string.h>

#define EPISODE_LINK_US (45 * KOBAN_DAY_US) /* debits so long after a link was told still belong to it */
#define EPISODE_DEBIT_US (36 * KOBAN_HOUR_US)
#define PAID_DAYS 14
#define SETTLED_DAYS 45
#define LIKE_SUM 19        /* log2: five parts in a hundred */
#define ODD_SIZE (3 * 256) /* bits: one debit in eight is larger */
#define ODD_PACE_DAYS 18   /* bills come monthly; a fortnight is the shortest that is usual, and a weekend */
#define ODD_RISE 256
#define NEWCOMER_DAYS 60
#define ODD_WALLET_DAYS 4 /* wallets are topped up weekly; a thief is back within days */
#define ENOUGH_ALARMS 128 /* one within four months, or one of the history within two */

/* --- whose is it -------------------------------------------------------------------------------------- */

/* One name is the beginning of the other: ドコモコウザ and ドコモコウザチヤジ. */
gboolean
koban_subject_fits (const char *one, const char *other)
{
  gsize length = MIN (strlen (one), strlen (other));

  return length >= 4 && memcmp (one, other, length) == 0;
}

static gboolean
is_same (guint64 one, guint64 other)
{
  return one != 0 && one == other;
}

static guint64
service_hash (const KobanService *service)
{
  return service != NULL && service->category != KOBAN_SERVICE_MERCHANT ? koban_text_hash (service->id) : 0;
}

/* A debit that names its mandate belongs to that mandate and to no other of the same collector. */
static gboolean
fits_mandate (guint64 mandate, guint64 other)
{
  return mandate == 0 || other == 0 || mandate == other;
}

static gboolean
is_open (const KobanEpisode *episode, gint64 now_us)
{
  gint64 lasts_us = (episode->told & (1 << KOBAN_ALERT_LINK)) != 0 ? EPISODE_LINK_US : EPISODE_DEBIT_US;

  return episode->answer != KOBAN_ANSWER_MINE && now_us - episode->last_us <= lasts_us;
}

KobanEpisode *
koban_episode_of_debit (KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;
  guint64 service = service_hash (debit->service);

  for (guint32 i = 0; i < self->habit->n_episodes; i++)
    {
      KobanEpisode *episode = &self->habit->episodes[i];
      if (!is_open (episode, debit->heard_us) || !fits_mandate (debit->mandate, episode->mandate))
        continue;
      if (is_same (episode->payee, debit->key) || is_same (episode->service, service) ||
          is_same (episode->mandate, debit->mandate) || is_same (episode->collector, debit->counterparty) ||
          koban_subject_fits (episode->subject, debit->folded))
        return episode;
    }
  return NULL;
}

KobanKnownLink *
koban_link_of_debit (KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;
  guint64 service = service_hash (debit->service);

  for (guint32 i = 0; i < self->habit->n_links; i++)
    {
      KobanKnownLink *link = &self->habit->links[i];
      if (link->dead || !fits_mandate (debit->mandate, link->mandate))
        continue;
      if (is_same (link->service, service) || is_same (link->mandate, debit->mandate) ||
          is_same (link->collector, debit->counterparty) || koban_subject_fits (link->subject, debit->folded))
        return link;
    }
  return NULL;
}

/* --- listed links ------------------------------------------------------------------------------------- */

static char *
folded_name (const KobanLink *link)
{
  return koban_text_fold (link->name);
}

static guint64
hash_of (const char *text)
{
  return text != NULL && *text != '\0' ? koban_text_hash (text) : 0;
}

static guint64
identity_of (const KobanLink *link)
{
  g_autofree char *folded = folded_name (link);
  g_autofree char *identity = g_strdup_printf ("%u\n%s\n%s\n%s", (guint) link->kind, folded,
                                               link->collector != NULL ? link->collector : "",
                                               link->reference != NULL ? link->reference : "");

  return koban_text_hash (identity);
}

static const KobanService *
service_of_link (KobanJudgement *self, const KobanLink *link)
{
  g_autofree char *folded = folded_name (link);

  return self->services != NULL
           ? koban_judgement_service (self, koban_services_match (self->services, folded))
           : NULL;
}

static gboolean
is_wallet (const KobanService *service)
{
  return service != NULL &&
         (service->category == KOBAN_SERVICE_WALLET || service->category == KOBAN_SERVICE_BNPL);
}

/* Somebody whom the account paid long before the link was made: not one who paid himself in first. */
static gboolean
was_paid (KobanJudgement *self, const KobanName *name)
{
  const KobanPayee *payee = koban_habit_payee (self->habit, name->key);
  KobanDate today = koban_date_from_us (self->change->heard_us, self->delta->utc_offset_minutes);

  return payee != NULL && payee->debits > 0 && today - payee->first_debit >= PAID_DAYS;
}

/* One mandate of this name lives already: a second contract, or somebody who borrows the name (DESIGN 4.4).
 */
static gboolean
is_second (KobanJudgement *self)
{
  const KobanLink *link = self->change->link;
  g_autofree char *folded = folded_name (link);

  for (guint32 i = 0; i < self->habit->n_links; i++)
    {
      const KobanKnownLink *known = &self->habit->links[i];
      if (!known->dead && known->kind == (guint32) link->kind && g_strcmp0 (known->id, link->id) != 0 &&
          koban_subject_fits (known->subject, folded))
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_well_known (const KobanService *service)
{
  return service != NULL && service->category == KOBAN_SERVICE_MERCHANT;
}

/* A wallet's name is critical in any kind of link. Every other new power is a warning, also one that only
 * reads: who takes an account over lets a device or an app in first; but a bill of somebody known is a notice
 * (incidents 3.7, detection (d)). */
static KobanSeverity
severity_of (KobanJudgement *self, const KobanLink *link)
{
  const KobanName *name = koban_judgement_name (self, link->name);
  const KobanService *service = koban_judgement_service (self, name->service);

  if (link->kind == KOBAN_LINK_EMONEY || link->kind == KOBAN_LINK_RECURRING_CONSENT || is_wallet (service) ||
      (service == NULL && koban_services_sounds_like_wallet (self->services, name->folded, TRUE)))
    return KOBAN_SEVERITY_CRITICAL;
  gboolean is_bill = link->kind == KOBAN_LINK_DIRECT_DEBIT || link->kind == KOBAN_LINK_STANDING_ORDER;
  gboolean is_known = is_well_known (service) || was_paid (self, name);
  return is_bill && is_known && !is_second (self) ? KOBAN_SEVERITY_NOTICE : KOBAN_SEVERITY_WARNING;
}

/* More power than there was, or again, is never less than a warning. */
static KobanSeverity
severity_of_rise (KobanJudgement *self, const KobanLink *link)
{
  return MAX (severity_of (self, link), KOBAN_SEVERITY_WARNING);
}

/* The debits of a link may be heard before the list that shows it: then both are one incident. */
static KobanEpisode *
episode_of_link (KobanJudgement *self, const KobanLink *link)
{
  g_autofree char *folded = folded_name (link);
  guint64 service = service_hash (service_of_link (self, link));
  guint64 mandate = hash_of (link->reference);

  for (guint32 i = 0; i < self->habit->n_episodes; i++)
    {
      KobanEpisode *episode = &self->habit->episodes[i];
      if (!is_open (episode, self->change->heard_us) || *episode->link != '\0' ||
          !fits_mandate (mandate, episode->mandate))
        continue;
      if (is_same (episode->service, service) || is_same (episode->mandate, mandate) ||
          koban_subject_fits (episode->subject, folded))
        return episode;
    }
  return NULL;
}

static void
set_id (char *to, gsize size, const char *id)
{
  if (id != NULL && strlen (id) < size)
    g_strlcpy (to, id, size);
}

/* A cut in the middle of a character would fit nothing. */
static void
set_subject (char *to, gsize size, const char *folded)
{
  const char *end = NULL;

  g_strlcpy (to, folded, size);
  if (!g_utf8_validate (to, -1, &end))
    to[end - to] = '\0';
}

static KobanEpisode *
open_link_episode (KobanJudgement *self)
{
  const KobanLink *link = self->change->link;
  KobanEpisode *episode = episode_of_link (self, link);

  if (episode == NULL)
    {
      guint64 number = identity_of (link) ^ hash_of (link->id); /* a second one that is equal is another */
      g_autofree char *key = koban_judgement_key (self, "link", number, KOBAN_NO_DATE);
      g_autofree char *folded = folded_name (link);
      episode = koban_habit_open_episode (self->habit, key, self->change->heard_us);
      set_subject (episode->subject, sizeof episode->subject, folded);
      episode->service = service_hash (service_of_link (self, link));
    }
  episode->mandate = hash_of (link->reference);
  episode->collector = hash_of (link->collector);
  episode->last_us = self->change->heard_us;
  episode->answer = KOBAN_ANSWER_NONE;
  episode->told |= 1 << KOBAN_ALERT_LINK;
  set_id (episode->link, sizeof episode->link, link->id);
  return episode;
}

static void
tell_link (KobanJudgement *self, KobanSeverity severity, GVariant *reason)
{
  const KobanLink *link = self->change->link;
  const KobanService *service = service_of_link (self, link);
  g_autoptr(GPtrArray) refs = g_ptr_array_new ();
  GVariantBuilder reasons;

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons, reason);
  koban_judgement_say_gap (self, &reasons);
  if (link->id != NULL)
    g_ptr_array_add (refs, (gpointer) (guintptr) link->id);

  KobanVerdict verdict = { .incident = open_link_episode (self)->key,
                           .kind = KOBAN_ALERT_LINK,
                           .severity = severity,
                           .refs = refs,
                           .subject = link->name,
                           .service = service != NULL ? service->name : NULL,
                           .reasons = g_variant_builder_end (&reasons) };
  koban_judgement_tell (self, &verdict);
}

static const char *
kind_name (const KobanLink *link)
{
  return koban_link_kind_name (link->kind);
}

static gboolean
is_alive (const KobanLink *link)
{
  return link->status == KOBAN_LINK_ACTIVE || link->status == KOBAN_LINK_UNKNOWN;
}

void
koban_links_on_new (KobanJudgement *self)
{
  const KobanLink *link = self->change->link;

  if (link->own || !is_alive (link))
    return;
  tell_link (self, severity_of (self, link),
             koban_reason_new (KOBAN_REASON_NEW_LINK, "kind", "s", kind_name (link), NULL));
}

void
koban_links_on_back (KobanJudgement *self)
{
  const KobanLink *link = self->change->link;

  if (link->own || !is_alive (link))
    return;
  tell_link (self, severity_of_rise (self, link),
             koban_reason_new (KOBAN_REASON_LINK_BACK, "kind", "s", kind_name (link), NULL));
}

static GVariant *
stronger_reason (const KobanLink *before, const KobanLink *now)
{
  gboolean limit = before->has_limit && (!now->has_limit || now->limit.minor > before->limit.minor);

  if (!limit)
    return koban_reason_new (KOBAN_REASON_LINK_STRONGER, "kind", "s", kind_name (now), NULL);
  if (!now->has_limit)
    return koban_reason_new (KOBAN_REASON_LINK_STRONGER, "kind", "s", kind_name (now), "from", "m",
                             before->limit, NULL);
  return koban_reason_new (KOBAN_REASON_LINK_STRONGER, "kind", "s", kind_name (now), "from", "m",
                           before->limit, "to", "m", now->limit, NULL);
}

/* Another creditor, mandate or name under the same entry of the bank's list. */
static gboolean
is_amended (const KobanLink *before, const KobanLink *now)
{
  g_autofree char *name_before = folded_name (before);
  g_autofree char *name_now = folded_name (now);

  return strcmp (name_before, name_now) != 0 ||
         (before->collector != NULL && g_strcmp0 (before->collector, now->collector) != 0) ||
         (before->reference != NULL && g_strcmp0 (before->reference, now->reference) != 0);
}

void
koban_links_on_changed (KobanJudgement *self)
{
  const KobanLink *before = self->change->link_before;
  const KobanLink *now = self->change->link;

  if (now->own || before == NULL || !is_alive (now))
    return;
  if (!is_alive (before))
    koban_links_on_back (self);
  else if (koban_link_is_stronger (now, before))
    tell_link (self, severity_of_rise (self, now), stronger_reason (before, now));
  else if (is_amended (before, now))
    tell_link (self, KOBAN_SEVERITY_WARNING,
               koban_reason_new (KOBAN_REASON_AMENDED_MANDATE, "kind", "s", kind_name (now), NULL));
}

/* --- inferred links ----------------------------------------------------------------------------------- */

/* Has this service taken money before, under whatever spelling? */
static gboolean
is_service_known (KobanJudgement *self)
{
  guint64 service = service_hash (self->debit.service);

  return service == 0 || koban_habit_payee (self->habit, service) != NULL;
}

/* The same name, but another creditor id behind another mandate: who collects keeps his id for life (SEPA).
 */
static gboolean
is_other_creditor (const KobanDebit *debit, const KobanPayee *payee)
{
  return debit->counterparty != 0 && payee->counterparty != 0 && debit->counterparty != payee->counterparty;
}

static gboolean
is_first_collection (const KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;

  if (debit->mandate != 0)
    return koban_habit_payee (self->habit, debit->mandate) == NULL &&
           (self->payee == NULL || self->payee->debits == 0 ||
            self->payee->channel != KOBAN_TRANSACTION_DIRECT_DEBIT || is_other_creditor (debit, self->payee));
  return self->payee == NULL || self->payee->debits == 0;
}

/* Creditors of a country from which nothing was ever collected (detection (a): Spanish collectors at German
 * banks). */
static gboolean
is_foreign_creditor (const KobanJudgement *self)
{
  const char *id = self->debit.line->counterparty_id;
  const KobanHabit *habit = self->habit;
  guint32 known = 0;

  if (id == NULL || !g_ascii_isalpha (id[0]) || !g_ascii_isalpha (id[1]) || !g_ascii_isdigit (id[2]))
    return FALSE;
  guint32 country = ((guint32) (guchar) id[0] << 8) | (guchar) id[1];
  for (guint i = 0; i < G_N_ELEMENTS (habit->creditor_country); i++)
    {
      if (habit->creditor_country[i] == country && habit->creditor_count[i] > 0)
        return FALSE;
      known += habit->creditor_count[i];
    }
  return known >= 5;
}

/* Not long ago something was told, or would have been by the history: a budget of alarms is for all people
 * (issue 3.3). */
static gboolean
was_alarmed (const KobanJudgement *self)
{
  KobanDate day = self->debit.day;

  return koban_habit_alarms (self->habit, day) + koban_habit_powers (self->habit, day) >= ENOUGH_ALARMS;
}

/* Of the trades that collect everywhere, or one more for somebody who was alarmed: but no name by which
 * subscription traps call themselves, and only a sum that is usual: what is hidden among bills must be small
 * (detection (a), direct debits). */
static gboolean
is_ordinary_creditor (const KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;

  if (koban_habit_size_bits (self->habit, debit->log) >= ODD_SIZE || *debit->folded == '\0')
    return FALSE;
  if (koban_services_names (self->services, KOBAN_WORD_TRAP, debit->folded))
    return FALSE;
  return koban_services_names (self->services, KOBAN_WORD_TRADE, debit->folded) || was_alarmed (self);
}

/* A power company that everybody knows is a notice; a creditor nobody knows may be one whom nobody allowed.
 */
static KobanSeverity
creditor_severity (const KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;
  gboolean usual = koban_habit_size_bits (self->habit, debit->log) < ODD_SIZE;

  if (self->debit.wallet_like)
    return KOBAN_SEVERITY_CRITICAL;
  if (is_foreign_creditor (self))
    return KOBAN_SEVERITY_WARNING;
  if (is_well_known (debit->service) || (is_wallet (debit->service) && usual) || is_ordinary_creditor (self))
    return KOBAN_SEVERITY_NOTICE;
  return KOBAN_SEVERITY_WARNING;
}

static void
tell_inferred (KobanJudgement *self, KobanSeverity severity, GVariant *reason)
{
  const KobanDebit *debit = &self->debit;
  guint64 number = service_hash (debit->service);
  g_autofree char *key = koban_judgement_key (self, "link",
                                              number != 0           ? number
                                              : debit->mandate != 0 ? debit->mandate
                                                                    : debit->key,
                                              KOBAN_NO_DATE);
  KobanEpisode *episode = koban_habit_open_episode (self->habit, key, debit->heard_us);
  g_autoptr(GPtrArray) refs = g_ptr_array_new ();
  GVariantBuilder reasons;

  episode->payee = debit->key;
  episode->service = number;
  episode->mandate = debit->mandate;
  episode->collector = debit->counterparty;
  episode->told |= 1 << KOBAN_ALERT_LINK;
  episode->whispered = severity == KOBAN_SEVERITY_NOTICE;
  set_subject (episode->subject, sizeof episode->subject, debit->folded);

  g_variant_builder_init (&reasons, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_add_value (&reasons, reason);
  koban_judgement_say_gap (self, &reasons);
  if (debit->line->id != NULL)
    g_ptr_array_add (refs, (gpointer) (guintptr) debit->line->id);

  KobanVerdict verdict = { .incident = key,
                           .kind = KOBAN_ALERT_LINK,
                           .severity = severity,
                           .refs = refs,
                           .subject = koban_transaction_get_name (debit->line),
                           .service = debit->service != NULL ? debit->service->name : NULL,
                           .reasons = g_variant_builder_end (&reasons),
                           .has_total = TRUE,
                           .total = -debit->amount };
  if (koban_judgement_tell (self, &verdict) && severity > KOBAN_SEVERITY_NOTICE)
    koban_habit_power (self->habit, debit->day, 256);
}

static gboolean
is_collection (const KobanDebit *debit)
{
  return debit->mandate != 0 || debit->channel == KOBAN_TRANSACTION_DIRECT_DEBIT;
}

/* A shop's till that a wallet runs: "PAYPAL *SHOP" by card is a purchase; "KLARNA*" too. */
static gboolean
is_till (const KobanDebit *debit)
{
  return !is_collection (debit) && debit->channel != KOBAN_TRANSACTION_TRANSFER &&
         (strchr (debit->line->text, '*') != NULL ||
          strchr (koban_transaction_get_name (debit->line), '*') != NULL);
}

/* Where the history is short, a wallet that was not seen in it is more likely old than new. */
static gboolean
is_likely_own (const KobanJudgement *self)
{
  return was_alarmed (self) || koban_habit_days (self->habit) < NEWCOMER_DAYS;
}

/* A purchase at a shop's till is how a wallet is used, not how one is linked; where the bank does not say
 * that it was a card, that is only likely. Any other first debit is told whole, whatever the sum and whatever
 * wallets the person has besides (incidents 3.7: no minimum); but twice in a season, or at the beginning, a
 * usual sum is a notice that rises with the next. */
static KobanSeverity
service_severity (const KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;

  gboolean usual = koban_habit_size_bits (self->habit, debit->log) < ODD_SIZE;
  if (usual && is_likely_own (self))
    return KOBAN_SEVERITY_NOTICE;
  if (!usual || !is_till (debit))
    return KOBAN_SEVERITY_CRITICAL;
  return debit->channel == KOBAN_TRANSACTION_CARD ? KOBAN_SEVERITY_NOTICE : KOBAN_SEVERITY_WARNING;
}

/* Like sums at even gaps to a new name, the third now: a standing power by the look of it, whoever made it.
 */
static gboolean
is_even (const KobanJudgement *self)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = &self->debit;

  if (payee == NULL || payee->debits != 2 || payee->gap < 5 * 16 ||
      (debit->channel != KOBAN_TRANSACTION_TRANSFER && debit->channel != KOBAN_TRANSACTION_STANDING_ORDER) ||
      payee->first_debit - self->habit->first_day < SETTLED_DAYS)
    return FALSE;
  int gap = (debit->day - payee->last_day) * 16;
  return ABS (gap - payee->gap) * 6 <= payee->gap && ABS (debit->log - payee->log_mean) <= LIKE_SUM;
}

static void
tell_even (KobanJudgement *self)
{
  const KobanPayee *payee = self->payee;

  tell_inferred (self, KOBAN_SEVERITY_NOTICE,
                 koban_reason_new (KOBAN_REASON_EVEN_PAYMENTS, "count", "x", (gint64) payee->debits + 1,
                                   "days", "x", (gint64) payee->gap / 16, "amount", "m",
                                   koban_judgement_money (self, -self->debit.amount), NULL));
}

/* Tiny credits from names never seen, a pair of them within days: somebody tests whether the account can be
 * linked (incidents 3.7). */
static void
look_at_credit (KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;
  const KobanRecent *recent;
  gint64 count = 1;

  if (debit->amount == 0 || -debit->amount > self->habit->euro || debit->own || self->payee != NULL)
    return;
  for (guint i = 0; (recent = koban_habit_recent (self->habit, i)) != NULL; i++)
    {
      if (recent->amount < 0 && -recent->amount <= self->habit->euro && debit->day - recent->day <= 3)
        count++;
    }
  if (count >= 2)
    tell_inferred (self, KOBAN_SEVERITY_NOTICE,
                   koban_reason_new (KOBAN_REASON_VERIFY_DEPOSIT, "count", "x", count, "amount", "m",
                                     koban_judgement_money (self, -debit->amount), NULL));
}

static void
look_at_debit (KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;

  if (is_wallet (debit->service) && !is_service_known (self))
    tell_inferred (
      self, service_severity (self),
      koban_reason_new (KOBAN_REASON_FIRST_DEBIT_BY_SERVICE, "service", "s", debit->service->name, NULL));
  else if ((is_collection (debit) || self->debit.wallet_like) && is_first_collection (self))
    tell_inferred (self, creditor_severity (self),
                   koban_reason_new (KOBAN_REASON_FIRST_DEBIT_BY_CREDITOR, NULL));
  else if (!is_collection (debit) && is_even (self))
    tell_even (self);
}

static int
odd_pace_days (const KobanDebit *debit)
{
  return is_wallet (debit->service) ? ODD_WALLET_DAYS : ODD_PACE_DAYS;
}

/* A new creditor or wallet whose first debit was a notice goes on as none does: again within days, or
 * for far more than at first (detection (a), direct debits). */
static gboolean
goes_on_oddly (const KobanJudgement *self)
{
  const KobanPayee *payee = self->payee;
  const KobanDebit *debit = &self->debit;

  if (payee == NULL || payee->debits == 0 || payee->debits > 2 ||
      (!is_collection (debit) && !is_wallet (debit->service)) || debit->amount < 2 * self->habit->euro)
    return FALSE;
  int days = debit->day - payee->last_day;
  return days < odd_pace_days (debit) || debit->log - payee->log_mean >= ODD_RISE;
}

static void
tell_odd (KobanJudgement *self)
{
  const KobanPayee *payee = self->payee;
  gint64 days = self->debit.day - payee->first_debit;

  if (self->debit.day - payee->last_day < odd_pace_days (&self->debit))
    tell_inferred (self, KOBAN_SEVERITY_WARNING,
                   koban_reason_new (KOBAN_REASON_COLLECTED_AGAIN, "count", "x", (gint64) payee->debits + 1,
                                     "days", "x", MAX (days, 1), NULL));
  else
    tell_inferred (self, KOBAN_SEVERITY_WARNING,
                   koban_reason_new (KOBAN_REASON_AMOUNT_CHANGED, "from", "m",
                                     koban_judgement_money (self, -payee->last_amount), "to", "m",
                                     koban_judgement_money (self, -self->debit.amount), NULL));
}

void
koban_links_on_line (KobanJudgement *self)
{
  KobanEpisode *episode = koban_episode_of_debit (self);

  if (episode != NULL && episode->whispered && *episode->link == '\0' && goes_on_oddly (self))
    tell_odd (self);
  if (self->debit.own || episode != NULL || koban_link_of_debit (self) != NULL)
    return;
  if (self->debit.amount > 0)
    look_at_debit (self);
  else
    look_at_credit (self);
}

/* Of a line that is history: a creditor that was new would have been told. */
void
koban_links_rehearse (KobanJudgement *self)
{
  const KobanDebit *debit = &self->debit;

  if (koban_habit_days (self->habit) >= SETTLED_DAYS && debit->amount > 0 && !debit->own &&
      is_collection (debit) && !is_well_known (debit->service) && is_first_collection (self))
    koban_habit_power (self->habit, debit->day, 128);
}

/* --- learning ----------------------------------------------------------------------------------------- */

static void
learn_alive (KobanJudgement *self)
{
  const KobanChange *change = self->change;
  const KobanLink *link = change->link;
  guint64 identity = identity_of (link);
  KobanKnownLink *known = NULL;

  if (change->link_before != NULL)
    known = koban_habit_link (self->habit, identity_of (change->link_before));
  if (known == NULL)
    known = koban_habit_link (self->habit, identity);
  if (known == NULL)
    {
      known = koban_habit_add_link (self->habit, identity);
      known->since_us = change->baseline ? link->created_us : change->heard_us;
    }
  else if (known->identity != identity || known->dead)
    known->amended_us = change->heard_us;

  g_autofree char *folded = folded_name (link);
  known->identity = identity;
  known->kind = link->kind;
  known->dead = !is_alive (link);
  known->mandate = hash_of (link->reference);
  known->collector = hash_of (link->collector);
  known->service = service_hash (service_of_link (self, link));
  set_id (known->id, sizeof known->id, link->id);
  set_subject (known->subject, sizeof known->subject, folded);
}

void
koban_links_learn (KobanJudgement *self)
{
  const KobanLink *link = self->change->link;

  if (link == NULL || link->own)
    return;
  if (self->change->kind != KOBAN_CHANGE_LINK_GONE)
    {
      learn_alive (self);
      return;
    }
  KobanKnownLink *known = koban_habit_link (self->habit, identity_of (link));
  if (known != NULL)
    known->dead = TRUE;
}

/* Services and mandates are remembered as names of their own, so that another spelling is no stranger. */
static void
learn_name (KobanJudgement *self, guint64 key)
{
  KobanDebit alias = self->debit;

  if (key == 0)
    return;
  alias.key = key;
  alias.brand = 0;
  koban_habit_learn_alias (self->habit, &alias);
}

void
koban_links_learn_debit (KobanJudgement *self)
{
  KobanKnownLink *link = koban_link_of_debit (self);

  if (self->debit.amount <= 0 || self->debit.own)
    return;
  learn_name (self, service_hash (self->debit.service));
  learn_name (self, self->debit.mandate);
  if (link != NULL)
    link->last_debit = self->debit.day;
}
