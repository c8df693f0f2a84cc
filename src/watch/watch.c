/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The judgement: each change is shown to the detectors of its kind and then learnt, in the order in
 * which it was heard. It promises the same alerts for the same delta on the same habits; it never
 * reads a clock, a file or a bank, and nothing later than the change decides about it.
 */
#include "config.h"

#include "watch/judgement.h"

#include <koban/text.h>

#include <string.h>

typedef struct
{
  KobanChangeKind change;
  void (*look) (KobanJudgement *self);
} Detector;

/* Which change is shown to whom, in order: a link is told before the debit that reveals it. */
static const Detector detectors[] = {
  /* who gains the power to take money: no peer tells it, and it comes before the money (facts/peers.md 0.3)
   */
  { KOBAN_CHANGE_LINK_NEW, koban_links_on_new },
  /* "came back" is an event of its own: a revoked wallet that lives again was re-made by someone (peers 1.1
     row 5) */
  { KOBAN_CHANGE_LINK_BACK, koban_links_on_back },
  /* a raised limit, a wider scope, another creditor under an old mandate (peers 1.1 row 5; detection (c) link
     diff) */
  { KOBAN_CHANGE_LINK_CHANGED, koban_links_on_changed },
  /* the unlisted link shows itself at its first debit; no minimum amount: PayPal cases were 5,000 yen
     (incidents 3.2, 3.7) */
  { KOBAN_CHANGE_LINE_NEW, koban_links_on_line },
  /* all evidence about one debit, added up in bits (detection (c)) */
  { KOBAN_CHANGE_LINE_NEW, koban_withdrawals_on_line },
  /* a pending sum that is booked much higher is a new sum */
  { KOBAN_CHANGE_LINE_CHANGED, koban_withdrawals_on_line },
};

/* --- reading a line ----------------------------------------------------------------------------------- */

static gboolean
has_digit (const char *word, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (g_ascii_isdigit (word[i]))
        return TRUE;
    }
  return FALSE;
}

/* Branch, card and reference numbers change from line to line; what is left is the name. In place; a name
 * that is all numbers stays as it is. */
static void
drop_numbers (char *folded)
{
  gsize kept = 0;

  for (const char *word = folded; *word != '\0';)
    {
      gsize length = strcspn (word, " ");
      gsize next = length + strspn (word + length, " ");
      if (length > 0 && !has_digit (word, length))
        {
          if (kept > 0)
            folded[kept++] = ' ';
          memmove (folded + kept, word, length);
          kept += length;
        }
      word += next;
      if (next == 0)
        break;
    }
  if (kept > 0)
    folded[kept] = '\0';
}

static void
drop_before (char *folded, const char *name)
{
  memmove (folded, name, strlen (name) + 1);
}

static guint32
brand_of (const char *folded)
{
  gsize length = strcspn (folded, " ");
  g_autofree char *word = g_strndup (folded, length);

  return length >= 4 ? (guint32) (koban_text_hash (word) >> 32) | 1 : 0;
}

static guint64
hash_or_none (const char *text)
{
  return text != NULL && *text != '\0' ? koban_text_hash (text) : 0;
}

/* Midnight sharp is how banks write a day that has no time. */
static gint64
told_time (gint64 time_us, int utc_offset_minutes)
{
  gint64 local = time_us + utc_offset_minutes * KOBAN_MINUTE_US;

  return time_us % KOBAN_DAY_US == 0 || local % KOBAN_DAY_US == 0 ? 0 : time_us;
}

static KobanDate
day_of (const KobanTransaction *line, const KobanChange *change, int utc_offset_minutes)
{
  if (line->date != KOBAN_NO_DATE)
    return line->date;
  return koban_date_from_us (line->time_us != 0 ? line->time_us : change->heard_us, utc_offset_minutes);
}

const KobanName *
koban_judgement_name (KobanJudgement *self, const char *raw)
{
  const KobanName *known = koban_habits_find_name (self->habits, self->services, raw);

  if (known != NULL)
    return known;

  KobanName *name = g_new0 (KobanName, 1);
  name->folded = koban_text_fold (raw);
  if (self->services != NULL)
    {
      name->service = koban_services_match (self->services, name->folded);
      drop_before (name->folded, koban_services_skip_prefixes (self->services, name->folded, &name->type));
    }
  if (name->type == KOBAN_TRANSACTION_OTHER &&
      koban_services_names (self->services, KOBAN_WORD_COLLECTION, name->folded))
    name->type = KOBAN_TRANSACTION_DIRECT_DEBIT;
  drop_numbers (name->folded);
  name->wallet_like =
    name->service == NULL && koban_services_sounds_like_wallet (self->services, name->folded, FALSE);
  name->key = koban_text_hash (name->folded);
  name->brand = brand_of (name->folded);
  return koban_habits_add_name (self->habits, raw, name);
}

/* Money of one country is taken by the wallets of that country and by those of the large markets: MoMo of
 * Vietnam is no café in Leiden. */
static gboolean
serves (const KobanService *service, KobanCurrency currency)
{
  static const char wide[] = "EU GB US";
  static const char euro[] = "AT BE CY DE EE ES FI FR GR HR IE IT LT LU LV MT NL PT SI SK";

  for (gsize i = 0; service->countries[i] != NULL; i++)
    {
      const char *country = service->countries[i];
      if (strstr (wide, country) != NULL || strncmp (country, currency.code, 2) == 0 ||
          currency.code[0] == 'X' || (strcmp (currency.code, "EUR") == 0 && strstr (euro, country) != NULL))
        return TRUE;
    }
  return service->countries[0] == NULL;
}

const KobanService *
koban_judgement_service (const KobanJudgement *self, const KobanService *service)
{
  if (service == NULL || service->category == KOBAN_SERVICE_MERCHANT ||
      service->category == KOBAN_SERVICE_COLLECTOR || *self->currency.code == '\0')
    return service;
  return serves (service, self->currency) ? service : NULL;
}

/* Where the bank separates the payee, the service may stand in the text: "PAYPAL *SHOP", payee "SHOP". Such
 * texts have numbers in them and seldom come again: they are not kept as names are. */
static const KobanService *
service_of (KobanJudgement *self, const KobanTransaction *line, const KobanName *name)
{
  if (name->service != NULL || line->payee == NULL || *line->text == '\0' || self->services == NULL)
    return name->service;

  g_autofree char *folded = koban_text_fold (line->text);
  return koban_services_match (self->services, folded);
}

/* The bank's own word; else what stands before the name: "LASTSCHRIFT …" also where the payee has a field of
 * its own. */
static guint
channel_of (KobanJudgement *self, const KobanTransaction *line, const KobanName *name)
{
  guint type = line->type != KOBAN_TRANSACTION_OTHER ? (guint) line->type : (guint) name->type;

  if (type == KOBAN_TRANSACTION_OTHER && line->payee != NULL && *line->text != '\0')
    type = koban_judgement_name (self, line->text)->type;
  return MIN (type, KOBAN_HABIT_CHANNELS - 1);
}

/* The bank says so, the other half is on another account, or it was there before and again. */
static gboolean
is_own (const KobanJudgement *self, const KobanTransaction *line)
{
  if (line->type == KOBAN_TRANSACTION_OWN || self->debit.paired)
    return TRUE;
  return self->payee != NULL && self->payee->own > 0 && *self->debit.folded != '\0' &&
         self->debit.channel != KOBAN_TRANSACTION_CARD &&
         self->debit.channel != KOBAN_TRANSACTION_DIRECT_DEBIT;
}

static void
read_line (KobanJudgement *self)
{
  const KobanChange *change = self->change;
  const KobanTransaction *line = change->line;
  int offset = self->delta->utc_offset_minutes;
  KobanDebit *debit = &self->debit;

  koban_habits_trim_names (self->habits);
  const KobanName *name = koban_judgement_name (self, koban_transaction_get_name (line));
  *debit = (KobanDebit){ .line = line,
                         .service = koban_judgement_service (self, service_of (self, line, name)),
                         .folded = name->folded,
                         .key = name->key,
                         .brand = name->brand,
                         .heard_us = change->heard_us,
                         .unseen_us = change->unseen_us,
                         .hour = -1 };
  debit->mandate = hash_or_none (line->mandate_ref);
  debit->counterparty = hash_or_none (line->counterparty_id);
  debit->amount = line->amount.minor == G_MININT64 ? G_MAXINT64 : -line->amount.minor;
  debit->log = koban_log2 ((guint64) ABS (debit->amount));
  debit->day = day_of (line, change, offset);
  debit->at_us = line->time_us != 0 ? told_time (line->time_us, offset) : 0;
  if (debit->at_us != 0)
    debit->hour = (int) (((debit->at_us + offset * KOBAN_MINUTE_US) / KOBAN_HOUR_US) % 24);
  debit->channel = channel_of (self, line, name);
  debit->wallet_like = name->wallet_like && debit->service == NULL &&
                       debit->channel != KOBAN_TRANSACTION_CARD && debit->channel != KOBAN_TRANSACTION_CASH;
  self->payee = koban_habit_payee (self->habit, debit->key);
  debit->paired =
    change->kind == KOBAN_CHANGE_LINE_NEW && koban_habits_find_own (self->habits, self->habit, debit);
  debit->own = is_own (self, line);
}

/* --- telling ------------------------------------------------------------------------------------------ */

KobanMoney
koban_judgement_money (const KobanJudgement *self, gint64 minor)
{
  return (KobanMoney){ minor, self->currency };
}

char *
koban_judgement_key (const KobanJudgement *self, const char *what, guint64 number, KobanDate day)
{
  if (day == KOBAN_NO_DATE)
    return g_strdup_printf ("%s:%s:%016" G_GINT64_MODIFIER "x", what, self->account, number);
  return g_strdup_printf ("%s:%s:%016" G_GINT64_MODIFIER "x:%d", what, self->account, number, day);
}

void
koban_judgement_due (KobanJudgement *self, gint64 at_us)
{
  if (self->due_us == 0 || at_us < self->due_us)
    self->due_us = at_us;
}

void
koban_judgement_say_gap (KobanJudgement *self, GVariantBuilder *reasons)
{
  const KobanChange *change = self->change;

  if (change->unseen_us == 0 || change->heard_us - change->unseen_us < 24 * KOBAN_HOUR_US)
    return;
  gint64 hours = (change->heard_us - change->unseen_us) / KOBAN_HOUR_US;
  g_variant_builder_add_value (reasons,
                               koban_reason_new (KOBAN_REASON_IN_COVERAGE_GAP, "hours", "x", hours, NULL));
}

static KobanAlert *
alert_of (KobanJudgement *self, const KobanVerdict *verdict)
{
  g_autoptr(GPtrArray) refs = g_ptr_array_new ();

  for (guint i = 0; verdict->refs != NULL && i < verdict->refs->len; i++)
    g_ptr_array_add (refs, g_ptr_array_index (verdict->refs, i));
  g_ptr_array_add (refs, NULL);

  KobanAlert fields = { .incident = verdict->incident,
                        .account = self->delta->account != NULL ? self->delta->account->id : NULL,
                        .connection = self->delta->connection,
                        .kind = verdict->kind,
                        .severity = verdict->severity,
                        .state = KOBAN_ALERT_NEW,
                        .opened_us = self->delta->now_us,
                        .updated_us = self->delta->now_us,
                        .ref = g_ptr_array_index (refs, 0),
                        .refs = (const char *const *) refs->pdata,
                        .subject = verdict->subject,
                        .service = verdict->service,
                        .reasons = verdict->reasons,
                        .has_total = verdict->has_total,
                        .total = koban_judgement_money (self, verdict->total) };
  return koban_alert_new (&fields);
}

/* A joint account has two people who know of a thing: only links and what is critical is told (issue 3.7). */
static gboolean
is_wanted (const KobanJudgement *self, const KobanVerdict *verdict)
{
  const KobanAccount *account = self->delta->account;

  if (account == NULL)
    return TRUE;
  if (account->watch == KOBAN_WATCH_OFF)
    return FALSE;
  if (verdict->kind == KOBAN_ALERT_LINK)
    return TRUE;
  return account->watch == KOBAN_WATCH_ALL &&
         (account->ownership == KOBAN_OWNERSHIP_OWN || verdict->severity == KOBAN_SEVERITY_CRITICAL);
}

gboolean
koban_judgement_tell (KobanJudgement *self, const KobanVerdict *verdict)
{
  if (!is_wanted (self, verdict))
    {
      g_variant_unref (g_variant_ref_sink (verdict->reasons));
      return FALSE;
    }

  g_autoptr(KobanAlert) alert = alert_of (self, verdict);
  for (guint i = 0; i < self->alerts->len; i++)
    {
      KobanAlert *known = g_ptr_array_index (self->alerts, i);
      if (known->kind == alert->kind && strcmp (known->incident, alert->incident) == 0)
        {
          g_ptr_array_index (self->alerts, i) = koban_alert_grow (known, alert);
          koban_alert_unref (known);
          return TRUE;
        }
    }
  g_ptr_array_add (self->alerts, g_steal_pointer (&alert));
  return TRUE;
}

/* --- answers ------------------------------------------------------------------------------------------ */

static void
learn_answer_to_payee (KobanHabit *habit, guint64 key, KobanAnswer answer)
{
  KobanPayee *payee = koban_habit_payee (habit, key);

  if (payee == NULL)
    return;
  payee->answer = answer;
  koban_habit_weigh (habit, payee);
}

/* Whose name is spoken of; 0: nobody's. A line of long ago is no recent one any more, but has its name. */
static guint64
payee_of_answer (KobanJudgement *self)
{
  const KobanRecent *recent = koban_habit_find_recent (self->habit, self->change->ref);
  const KobanTransaction *line = self->change->line;

  if (recent != NULL)
    return recent->key;
  return line != NULL ? koban_judgement_name (self, koban_transaction_get_name (line))->key : 0;
}

/* The person speaks of a line, of a link, or of all that one incident told. */
static void
learn_answer (KobanJudgement *self)
{
  KobanHabit *habit = self->habit;
  const char *ref = self->change->ref;
  KobanAnswer answer = self->change->answer;
  guint64 payee = payee_of_answer (self);

  if (payee != 0)
    learn_answer_to_payee (habit, payee, answer);
  if (answer == KOBAN_ANSWER_NOT_MINE) /* a theft is no false alarm, and sharpens the rest */
    habit->alarms = habit->powers = 0;
  for (guint32 i = 0; i < habit->n_links; i++)
    {
      if (g_strcmp0 (habit->links[i].id, ref) == 0)
        habit->links[i].answer = answer;
    }
  for (guint32 i = 0; i < habit->n_episodes; i++)
    {
      KobanEpisode *episode = &habit->episodes[i];
      gboolean same_payee = payee != 0 && episode->payee == payee;
      if (same_payee || g_strcmp0 (episode->key, ref) == 0 || g_strcmp0 (episode->link, ref) == 0)
        episode->answer = answer;
      if (g_strcmp0 (episode->key, ref) == 0)
        learn_answer_to_payee (habit, episode->payee, answer);
    }
}

/* --- one change --------------------------------------------------------------------------------------- */

static gboolean
is_line (KobanChangeKind kind)
{
  return kind == KOBAN_CHANGE_LINE_NEW || kind == KOBAN_CHANGE_LINE_CHANGED ||
         kind == KOBAN_CHANGE_LINE_WITHDRAWN;
}

static void
detect (KobanJudgement *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (detectors); i++)
    {
      if (detectors[i].change == self->change->kind)
        detectors[i].look (self);
    }
}

/* What the bank took back never happened; what it corrected happened once. */
static void
correct_recent (KobanJudgement *self)
{
  KobanRecent *recent = koban_habit_find_recent (self->habit, self->change->line->id);

  if (recent == NULL)
    return;
  recent->amount = self->change->kind == KOBAN_CHANGE_LINE_WITHDRAWN ? 0 : self->debit.amount;
  if (self->change->line->state == KOBAN_TRANSACTION_BOOKED)
    recent->flags &= ~(guint32) KOBAN_RECENT_PENDING;
}

static void
learn (KobanJudgement *self)
{
  KobanChangeKind kind = self->change->kind;

  if (kind == KOBAN_CHANGE_LINE_NEW)
    {
      koban_links_learn_debit (self);
      koban_habit_learn (self->habit, &self->debit);
    }
  else if (is_line (kind))
    correct_recent (self);
  else if (kind == KOBAN_CHANGE_ANSWER)
    learn_answer (self);
  else if (kind != KOBAN_CHANGE_BALANCE)
    koban_links_learn (self);
  koban_balance_learn (self);
}

static void
judge_change (KobanJudgement *self, const KobanChange *change)
{
  self->change = change;
  if (is_line (change->kind))
    read_line (self);
  if (!change->baseline)
    detect (self);
  else if (change->kind == KOBAN_CHANGE_LINE_NEW)
    {
      koban_links_rehearse (self);
      koban_withdrawals_rehearse (self);
    }
  learn (self);
}

static const char *
account_key (const KobanDelta *delta)
{
  if (delta->account == NULL)
    return delta->connection != NULL ? delta->connection : "";
  return delta->account->id != NULL ? delta->account->id : delta->account->identity;
}

GPtrArray *
koban_watch_judge (KobanServices *services,
                   KobanWariness wariness,
                   KobanHabits *habits,
                   const KobanDelta *delta,
                   gint64 *due_us)
{
  const char *account = account_key (delta);
  KobanJudgement self = { .services = services,
                          .wariness = wariness,
                          .habits = habits,
                          .habit = koban_habits_get (habits, account),
                          .delta = delta,
                          .account = account,
                          .alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref) };

  if (delta->account != NULL)
    self.currency = delta->account->currency;
  self.habit->euro = koban_euro (self.currency);
  for (guint i = 0; i < delta->changes->len; i++)
    judge_change (&self, g_ptr_array_index (delta->changes, i));
  self.change = NULL;
  koban_balance_on_time (&self);

  if (delta->changes->len > 0 || self.alerts->len > 0)
    koban_habits_touch (habits, account);
  if (due_us != NULL)
    *due_us = self.due_us;
  return self.alerts;
}
