/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Habits: what is usual, learnt line by line. It promises constant time a line, a bounded size, and
 * the same bytes on every machine; it never reads a clock and never decides what is an alert.
 */
#include "config.h"

#include "watch/habit.h"

#include <string.h>

#define MAX_NAMES 4096
#define SETTLING_DAYS 30
#define FRESH_DAYS 4
#define ALARM_HALF_LIFE_DAYS 60
#define ADOPTED_DEBITS 5 /* so many debits make a name usual */
#define ADOPTED_WITHIN 50
#define SIZE_SLOPE                                                                                           \
  384                  /* of card sums 95 % stay under 5 and 99 % under 18 times the median (detection (b))  \
                        */
#define PRIOR_LINES 10 /* so many lines is what we believe before anything is known worth */
#define MAX_HALVED 768 /* a distribution forgets half when it holds so many: people change */

struct _KobanHabits
{
  GHashTable *accounts;          /* (owned) (element-type utf8 KobanHabit) */
  GHashTable *changed;           /* (owned) set of utf8 */
  GHashTable *names;             /* (owned) (element-type utf8 KobanName): how statements write them */
  const KobanServices *services; /* (unowned): by which @names were read; compared, never used */
};

/* --- numbers ------------------------------------------------------------------------------------------ */

/* 256 · log2 (1 + i/256) */
static const guint16 log2_table[256] = {
  0,   1,   3,   4,   6,   7,   9,   10,  11,  13,  14,  16,  17,  18,  20,  21,  22,  24,  25,  26,
  28,  29,  30,  32,  33,  34,  36,  37,  38,  40,  41,  42,  44,  45,  46,  47,  49,  50,  51,  52,
  54,  55,  56,  57,  59,  60,  61,  62,  63,  65,  66,  67,  68,  69,  71,  72,  73,  74,  75,  77,
  78,  79,  80,  81,  82,  84,  85,  86,  87,  88,  89,  90,  92,  93,  94,  95,  96,  97,  98,  99,
  100, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 114, 116, 117, 118, 119, 120, 121,
  122, 123, 124, 125, 126, 127, 128, 129, 130, 131, 132, 133, 134, 135, 136, 137, 138, 139, 140, 141,
  142, 143, 144, 145, 146, 147, 148, 149, 150, 151, 152, 153, 154, 155, 155, 156, 157, 158, 159, 160,
  161, 162, 163, 164, 165, 166, 167, 168, 169, 169, 170, 171, 172, 173, 174, 175, 176, 177, 178, 178,
  179, 180, 181, 182, 183, 184, 185, 185, 186, 187, 188, 189, 190, 191, 192, 192, 193, 194, 195, 196,
  197, 198, 198, 199, 200, 201, 202, 203, 203, 204, 205, 206, 207, 208, 208, 209, 210, 211, 212, 212,
  213, 214, 215, 216, 216, 217, 218, 219, 220, 220, 221, 222, 223, 224, 224, 225, 226, 227, 228, 228,
  229, 230, 231, 231, 232, 233, 234, 234, 235, 236, 237, 238, 238, 239, 240, 241, 241, 242, 243, 244,
  244, 245, 246, 247, 247, 248, 249, 249, 250, 251, 252, 252, 253, 254, 255, 255,
};

int
koban_log2 (guint64 value)
{
  if (value < 2)
    return 0;

  int top = 63 - __builtin_clzll (value); /* g_bit_storage has 32 bits on some phones */
  guint64 mantissa = top >= 8 ? value >> (top - 8) : value << (8 - top);
  return top * 256 + log2_table[mantissa & 255];
}

/* 2^(log/256), rounded down to a whole octave's 256th: for telling, never for deciding. */
static gint64
power2 (int log)
{
  int top = log / 256;
  guint low = 0;

  for (guint half = 128; half > 0; half /= 2)
    low += log2_table[low + half] <= log % 256 ? half : 0;
  guint64 mantissa = 256 + low;
  return top >= 8 ? (gint64) (mantissa << MIN (top - 8, 46)) : (gint64) (mantissa >> (8 - top));
}

gint64
koban_euro (KobanCurrency currency)
{
  static const struct
  {
    char code[4];
    gint64 minor;
  } table[] = {
    { "JPY", 160 },   { "KRW", 1500 },  { "INR", 9000 },   { "BRL", 600 },    { "CNY", 780 },
    { "TWD", 3500 },  { "HKD", 850 },   { "THB", 3800 },   { "PHP", 6500 },   { "IDR", 1750000 },
    { "VND", 27000 }, { "MXN", 2000 },  { "COP", 450000 }, { "ARS", 110000 }, { "CLP", 1050 },
    { "SEK", 1130 },  { "NOK", 1160 },  { "DKK", 746 },    { "CZK", 2500 },   { "HUF", 40000 },
    { "PLN", 430 },   { "TRY", 4000 },  { "ZAR", 2000 },   { "NGN", 170000 }, { "KES", 14000 },
    { "EGP", 5300 },  { "RUB", 10000 }, { "KWD", 330 },    { "BHD", 410 },    { "ISK", 150 },
    { "MYR", 470 },   { "SAR", 400 },   { "AED", 400 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      if (memcmp (table[i].code, currency.code, 4) == 0)
        return table[i].minor;
    }
  return 100;
}

/* --- the store of all accounts ------------------------------------------------------------------------ */

static void
name_free (gpointer data)
{
  KobanName *name = data;

  g_free (name->folded);
  g_free (name);
}

KobanHabits *
koban_habits_new (void)
{
  KobanHabits *self = g_new0 (KobanHabits, 1);

  self->accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->changed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, name_free);
  return self;
}

void
koban_habits_free (KobanHabits *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->accounts);
  g_hash_table_unref (self->changed);
  g_hash_table_unref (self->names);
  g_free (self);
}

const KobanName *
koban_habits_find_name (KobanHabits *self, const KobanServices *services, const char *raw)
{
  if (self->services != services)
    g_hash_table_remove_all (self->names);
  self->services = services;
  return g_hash_table_lookup (self->names, raw);
}

const KobanName *
koban_habits_add_name (KobanHabits *self, const char *raw, KobanName *name)
{
  g_hash_table_insert (self->names, g_strdup (raw), name);
  return name;
}

void
koban_habits_trim_names (KobanHabits *self)
{
  if (g_hash_table_size (self->names) >= MAX_NAMES)
    g_hash_table_remove_all (self->names);
}

KobanHabit *
koban_habit_new (void)
{
  KobanHabit *habit = g_new0 (KobanHabit, 1);

  habit->euro = 100;
  habit->first_day = KOBAN_NO_DATE;
  habit->last_day = KOBAN_NO_DATE;
  habit->negative_told = KOBAN_NO_DATE;
  habit->alarms_day = KOBAN_NO_DATE;
  habit->powers_day = KOBAN_NO_DATE;
  return habit;
}

KobanHabit *
koban_habits_get (KobanHabits *self, const char *account)
{
  KobanHabit *habit = g_hash_table_lookup (self->accounts, account);

  if (habit == NULL)
    {
      habit = koban_habit_new ();
      g_hash_table_insert (self->accounts, g_strdup (account), habit);
    }
  return habit;
}

void
koban_habits_touch (KobanHabits *self, const char *account)
{
  if (!g_hash_table_contains (self->changed, account))
    g_hash_table_add (self->changed, g_strdup (account));
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

char **
koban_habits_take_changed (KobanHabits *self)
{
  g_autoptr(GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name = NULL;

  g_hash_table_iter_init (&iter, self->changed);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_hash_table_remove_all (self->changed);

  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

void
koban_habits_forget (KobanHabits *self, const char *account)
{
  g_hash_table_remove (self->accounts, account);
  g_hash_table_remove (self->changed, account);
}

/* Takes @habit. */
void
koban_habits_put (KobanHabits *self, const char *account, KobanHabit *habit)
{
  koban_habits_forget (self, account);
  g_hash_table_insert (self->accounts, g_strdup (account), habit);
}

/* --- payees ------------------------------------------------------------------------------------------- */

/* Chains of numbers of payees, each one more than its place: 0 ends a chain. */
static guint16 *
chain_of (KobanHabit *self, guint64 key)
{
  return &self->chains[key % KOBAN_HABIT_CHAINS];
}

void
koban_habit_index (KobanHabit *self, guint32 place)
{
  guint16 *chain = chain_of (self, self->payees[place].key);

  self->next[place] = *chain;
  *chain = (guint16) (place + 1);
  koban_habit_weigh (self, &self->payees[place]);
}

static void
unindex (KobanHabit *self, guint32 place)
{
  guint16 *at = chain_of (self, self->payees[place].key);

  while (*at != 0 && *at != place + 1)
    at = &self->next[*at - 1];
  if (*at != 0)
    *at = self->next[place];
}

KobanPayee *
koban_habit_payee (KobanHabit *self, guint64 key)
{
  for (guint16 at = *chain_of (self, key); at != 0; at = self->next[at - 1])
    {
      if (self->payees[at - 1].key == key)
        return &self->payees[at - 1];
    }
  return NULL;
}

gboolean
koban_habit_knows_brand (const KobanHabit *self, guint32 brand)
{
  if (brand == 0)
    return FALSE;
  for (guint32 i = 0; i < self->n_payees; i++)
    {
      if (self->payees[i].brand == brand && self->payees[i].debits > 0)
        return TRUE;
    }
  return FALSE;
}

/* Which name can best be forgotten: paid once, long ago, and never answered. */
void
koban_habit_weigh (KobanHabit *self, const KobanPayee *payee)
{
  gint32 worth = payee->last_day + 20 * (gint32) MIN (payee->debits + payee->credits, 60);

  self->worths[payee - self->payees] = worth + (payee->answer != KOBAN_ANSWER_NONE ? 4000 : 0);
}

static KobanPayee *
least_useful (KobanHabit *self)
{
  guint32 least = 0;

  for (guint32 i = 1; i < self->n_payees; i++)
    {
      if (self->worths[i] < self->worths[least])
        least = i;
    }
  return &self->payees[least];
}

static KobanPayee *
add_payee (KobanHabit *self, const KobanDebit *debit)
{
  gboolean full = self->n_payees == KOBAN_HABIT_PAYEES;
  KobanPayee *payee = full ? least_useful (self) : &self->payees[self->n_payees++];
  guint32 place = (guint32) (payee - self->payees);

  if (full)
    unindex (self, place);
  *payee =
    (KobanPayee){ .key = debit->key, .brand = debit->brand, .first_day = debit->day, .last_day = debit->day };
  koban_habit_index (self, place);
  return payee;
}

KobanPast
koban_payee_before (const KobanPayee *self, KobanDate day)
{
  if (self->debits > 0 && day <= self->last_day)
    return (KobanPast){ self->base_debits, self->base_mean, self->base_spread, self->base_day };
  return (KobanPast){ self->debits, self->log_mean, self->log_spread, self->last_day };
}

gboolean
koban_payee_is_fresh (const KobanPayee *self, KobanDate day)
{
  return self == NULL || self->debits == 0 || day - self->first_debit < FRESH_DAYS;
}

gboolean
koban_payee_is_fixed (const KobanPayee *self)
{
  return self->debits >= 3 && self->same_run >= 2;
}

gboolean
koban_payee_is_regular (const KobanPayee *self)
{
  return self->debits >= 3 && self->gap >= 5 * 16 && self->gap_spread * 4 <= self->gap;
}

/* --- links and episodes ------------------------------------------------------------------------------- */

KobanKnownLink *
koban_habit_link (KobanHabit *self, guint64 identity)
{
  for (guint32 i = 0; i < self->n_links; i++)
    {
      if (self->links[i].identity == identity)
        return &self->links[i];
    }
  return NULL;
}

/* A dead link makes room first, then the oldest. */
static KobanKnownLink *
link_to_forget (KobanHabit *self)
{
  KobanKnownLink *oldest = &self->links[0];

  for (guint32 i = 0; i < self->n_links; i++)
    {
      KobanKnownLink *link = &self->links[i];
      if (link->dead > oldest->dead || (link->dead == oldest->dead && link->since_us < oldest->since_us))
        oldest = link;
    }
  return oldest;
}

KobanKnownLink *
koban_habit_add_link (KobanHabit *self, guint64 identity)
{
  KobanKnownLink *link =
    self->n_links < KOBAN_HABIT_LINKS ? &self->links[self->n_links++] : link_to_forget (self);

  *link = (KobanKnownLink){ .identity = identity, .last_debit = KOBAN_NO_DATE };
  return link;
}

KobanEpisode *
koban_habit_add_episode (KobanHabit *self, const char *key, gint64 now_us)
{
  KobanEpisode *episode = &self->episodes[0];

  for (guint32 i = 1; i < self->n_episodes; i++)
    {
      if (self->episodes[i].last_us < episode->last_us)
        episode = &self->episodes[i];
    }
  if (self->n_episodes < KOBAN_HABIT_EPISODES)
    episode = &self->episodes[self->n_episodes++];

  *episode = (KobanEpisode){ .opened_us = now_us, .last_us = now_us };
  g_strlcpy (episode->key, key, sizeof episode->key);
  return episode;
}

KobanEpisode *
koban_habit_open_episode (KobanHabit *self, const char *key, gint64 now_us)
{
  for (guint32 i = 0; i < self->n_episodes; i++)
    {
      if (strcmp (self->episodes[i].key, key) == 0)
        return &self->episodes[i];
    }
  return koban_habit_add_episode (self, key, now_us);
}

/* --- recent lines ------------------------------------------------------------------------------------- */

KobanRecent *
koban_habit_recent (KobanHabit *self, guint i)
{
  if (i >= self->n_recent)
    return NULL;
  return &self->recent[(self->next_recent + KOBAN_HABIT_RECENT - 1 - i) % KOBAN_HABIT_RECENT];
}

KobanRecent *
koban_habit_find_recent (KobanHabit *self, const char *id)
{
  if (id == NULL || *id == '\0')
    return NULL;
  for (guint i = 0; i < self->n_recent; i++)
    {
      if (strcmp (self->recent[i].id, id) == 0)
        return &self->recent[i];
    }
  return NULL;
}

static void
remember_recent (KobanHabit *self, const KobanPayee *payee, const KobanDebit *debit)
{
  KobanRecent *recent = &self->recent[self->next_recent];

  *recent = (KobanRecent){ .key = debit->key,
                           .amount = debit->amount,
                           .at_us = debit->at_us,
                           .heard_us = debit->heard_us,
                           .day = debit->day,
                           .channel = debit->channel };
  if (debit->line->id != NULL && strlen (debit->line->id) < sizeof recent->id)
    g_strlcpy (recent->id, debit->line->id, sizeof recent->id);
  if (debit->amount > 0 && (payee == NULL || payee->debits == 0))
    recent->flags |= KOBAN_RECENT_NEW_PAYEE;
  if (debit->amount > 0 && koban_payee_is_fresh (payee, debit->day))
    recent->flags |= KOBAN_RECENT_FRESH;
  if (debit->own)
    recent->flags |= KOBAN_RECENT_OWN;
  if (debit->line->state == KOBAN_TRANSACTION_PENDING)
    recent->flags |= KOBAN_RECENT_PENDING;
  if (ABS (debit->amount) <= 2 * self->euro)
    recent->flags |= KOBAN_RECENT_TINY;

  self->next_recent = (self->next_recent + 1) % KOBAN_HABIT_RECENT;
  self->n_recent = MIN (self->n_recent + 1, (guint32) KOBAN_HABIT_RECENT);
}

/* The other half of a transfer between two accounts of one person: the same sum, the other way, within days.
 */
static KobanRecent *
find_counterpart (KobanHabit *self, const KobanDebit *debit)
{
  for (guint i = 0; i < self->n_recent; i++)
    {
      KobanRecent *recent = &self->recent[i];
      if (recent->amount == -debit->amount && ABS (recent->day - debit->day) <= 3)
        return recent;
    }
  return NULL;
}

static void
note_own (KobanHabit *self, KobanRecent *recent)
{
  KobanPayee *payee = koban_habit_payee (self, recent->key);

  recent->flags |= KOBAN_RECENT_OWN;
  if (payee != NULL)
    payee->own++;
}

gboolean
koban_habits_find_own (KobanHabits *self, const KobanHabit *here, const KobanDebit *debit)
{
  GHashTableIter iter;
  gpointer other = NULL;

  if (ABS (debit->amount) < 10 * here->euro) /* small sums are often equal */
    return FALSE;
  g_hash_table_iter_init (&iter, self->accounts);
  while (g_hash_table_iter_next (&iter, NULL, &other))
    {
      KobanRecent *recent = other != here ? find_counterpart (other, debit) : NULL;
      if (recent == NULL)
        continue;
      note_own (other, recent);
      return TRUE;
    }
  return FALSE;
}

/* --- distributions ------------------------------------------------------------------------------------ */

static void
count_in (guint32 *bins, guint n_bins, guint32 *total, guint bin)
{
  bins[MIN (bin, n_bins - 1)]++;
  if (++*total < MAX_HALVED)
    return;

  *total = 0;
  for (guint i = 0; i < n_bins; i++)
    {
      bins[i] = (bins[i] + 1) / 2;
      *total += bins[i];
    }
}

static int
median_log (const guint32 *bins, guint32 total, int prior, guint32 weight)
{
  guint32 seen = 0;
  guint bin = 0;

  while (bin < KOBAN_HABIT_BINS - 1 && (seen += bins[bin]) * 2 < total)
    bin++;
  int own = total > 0 ? (int) bin * 64 + 32 : prior;
  return (int) (((gint64) own * total + (gint64) prior * weight) / (gint64) (total + weight));
}

/* From the nearer end. */
static guint64
sum_above (const guint32 *bins, guint32 total, guint bin)
{
  guint32 sum = 0;

  if (bin < KOBAN_HABIT_BINS / 2)
    {
      for (guint i = 0; i <= bin; i++)
        sum += bins[i];
      return total - sum;
    }
  for (guint i = bin + 1; i < KOBAN_HABIT_BINS; i++)
    sum += bins[i];
  return sum;
}

/* How odd is a value: log2 of one in how many. The tail that was seen, and behind it, with the weight of
 * PRIOR_LINES, a straight one: half at @centre, and @slope 256ths of a bit more for each doubling. */
static int
tail_bits (const guint32 *bins, guint32 total, int log, int centre, int slope)
{
  int prior_bits = CLAMP (256 + (log - centre) * slope / 256, 32, 24 * 256);
  guint bin = MIN ((guint) (log / 64), KOBAN_HABIT_BINS - 1);
  guint64 above = bins[bin] / 2 + sum_above (bins, total, bin);

  guint64 prior_tail = (guint64) power2 (24 * 256 + 12 * 256 - prior_bits) >> 12;
  guint64 share = (above << 24) + PRIOR_LINES * prior_tail;
  return MAX (koban_log2 ((guint64) (total + PRIOR_LINES) << 24) - koban_log2 (MAX (share, 1)), 0);
}

static int
euros_log (const KobanHabit *self, guint euros)
{
  return koban_log2 ((guint64) self->euro * euros);
}

static int
centre_of (const KobanHabit *self)
{
  return median_log (self->sizes, self->n_sizes, euros_log (self, 20), PRIOR_LINES);
}

int
koban_habit_size_bits (const KobanHabit *self, int log)
{
  return tail_bits (self->sizes, self->n_sizes, log, centre_of (self), SIZE_SLOPE);
}

int
koban_habit_new_bits (const KobanHabit *self, int log)
{
  int centre = centre_of (self);

  return MAX (tail_bits (self->sizes, self->n_sizes, log, centre, SIZE_SLOPE),
              tail_bits (self->fresh_days, self->n_fresh_days, log, centre, SIZE_SLOPE));
}

/* The value that one in 64 exceeds. */
static gint64
nearly_all (const guint32 *bins, guint32 total, int prior)
{
  guint32 above = 0;

  if (total < 8)
    return power2 (prior);
  for (guint i = KOBAN_HABIT_BINS - 1; i > 0; i--)
    {
      above += bins[i];
      if (above * 64 > total)
        return power2 ((int) (i + 1) * 64);
    }
  return power2 (64);
}

gint64
koban_habit_usual_size (const KobanHabit *self)
{
  return nearly_all (self->sizes, self->n_sizes, euros_log (self, 300));
}

gint64
koban_habit_usual_day (const KobanHabit *self)
{
  return nearly_all (self->day_sizes, self->n_days, euros_log (self, 500));
}

guint
koban_habit_days (const KobanHabit *self)
{
  if (self->first_day == KOBAN_NO_DATE)
    return 0;
  return (guint) MAX (self->last_day - self->first_day, 0);
}

/* Each counts half after 60 days. */
static guint32
faded (guint32 count, KobanDate since, KobanDate day)
{
  if (since == KOBAN_NO_DATE)
    return 0;
  return count >> MIN (MAX (day - since, 0) / ALARM_HALF_LIFE_DAYS, 16);
}

guint32
koban_habit_alarms (const KobanHabit *self, KobanDate day)
{
  return faded (self->alarms, self->alarms_day, day);
}

void
koban_habit_alarm (KobanHabit *self, KobanDate day, guint32 weight)
{
  self->alarms = MIN (koban_habit_alarms (self, day) + weight, 4 * 256);
  self->alarms_day = day;
}

guint32
koban_habit_powers (const KobanHabit *self, KobanDate day)
{
  return faded (self->powers, self->powers_day, day);
}

void
koban_habit_power (KobanHabit *self, KobanDate day, guint32 weight)
{
  self->powers = MIN (koban_habit_powers (self, day) + weight, 4 * 256);
  self->powers_day = day;
}

/* --- the fold ----------------------------------------------------------------------------------------- */

static void
learn_rhythm (KobanPayee *payee, const KobanDebit *debit)
{
  int gap = (debit->day - payee->last_day) * 16;

  if (payee->debits == 0 || gap <= 0)
    return;
  if (payee->gap == 0)
    {
      payee->gap = gap;
      payee->gap_spread = gap / 4;
      return;
    }
  int off = ABS (gap - payee->gap);
  payee->gap += (gap - payee->gap) / 4;
  payee->gap_spread += (off - payee->gap_spread) / 4;
}

static void
learn_amount (KobanPayee *payee, const KobanDebit *debit)
{
  if (payee->debits == 0)
    {
      payee->log_mean = debit->log;
      payee->log_spread = 192; /* a priori sums to one name differ by about 1.7 times */
      return;
    }
  payee->same_run = debit->amount == payee->last_amount ? payee->same_run + 1 : 0;
  int off = debit->log - payee->log_mean;
  int step = (int) MIN (payee->debits + 1, 8);
  payee->log_mean += CLAMP (off, -512, 512) / step;
  payee->log_spread += (MIN (ABS (off), 512) - payee->log_spread) / 8;
}

static void
learn_day (KobanPayee *payee, const KobanDebit *debit)
{
  if (debit->day != payee->last_day || payee->debits == 0)
    {
      payee->day_count_max = MAX (payee->day_count_max, payee->day_count);
      payee->day_total_max = MAX (payee->day_total_max, payee->day_total);
      payee->day_count = 0;
      payee->day_total = 0;
    }
  payee->day_count++;
  payee->day_total += debit->amount;
}

static void
learn_base (KobanPayee *payee, const KobanDebit *debit)
{
  if (payee->debits > 0 && debit->day <= payee->last_day)
    return;
  payee->base_debits = payee->debits;
  payee->base_mean = payee->log_mean;
  payee->base_spread = payee->log_spread;
  payee->base_day = payee->debits > 0 ? payee->last_day : KOBAN_NO_DATE;
}

static void
learn_payee (KobanPayee *payee, const KobanDebit *debit)
{
  learn_base (payee, debit);
  if (payee->debits == 0)
    payee->first_debit = debit->day;
  learn_day (payee, debit);
  learn_amount (payee, debit);
  learn_rhythm (payee, debit);
  payee->debits++;
  payee->last_day = MAX (payee->last_day, debit->day);
  payee->last_us = debit->at_us;
  payee->last_amount = debit->amount;
  payee->sum += debit->amount;
  payee->largest = MAX (payee->largest, debit->amount);
  payee->channel = debit->channel;
  if (debit->counterparty != 0)
    payee->counterparty = debit->counterparty;
}

/* Days on which nothing went to a fresh name count too: they say how rare such days are. */
static void
count_fresh_days (KobanHabit *self, KobanDate day)
{
  if (self->last_day != KOBAN_NO_DATE && koban_habit_days (self) >= SETTLING_DAYS)
    {
      count_in (self->fresh_days, KOBAN_HABIT_BINS, &self->n_fresh_days,
                (guint) koban_log2 ((guint64) self->fresh_total) / 64);
      for (int empty = MIN (day - self->last_day - 1, 30); empty > 0; empty--)
        count_in (self->fresh_days, KOBAN_HABIT_BINS, &self->n_fresh_days, 0);
    }
  self->fresh_total = 0;
}

/* A day is counted when the next one begins. */
static void
learn_course (KobanHabit *self, const KobanDebit *debit)
{
  if (self->first_day == KOBAN_NO_DATE || debit->day < self->first_day)
    self->first_day = debit->day;
  if (debit->day > self->last_day || self->last_day == KOBAN_NO_DATE)
    {
      count_fresh_days (self, debit->day);
      if (self->day_total > 0)
        count_in (self->day_sizes, KOBAN_HABIT_BINS, &self->n_days,
                  (guint) koban_log2 ((guint64) self->day_total) / 64);
      self->last_day = debit->day;
      self->day_total = 0;
    }
}

/* "DE98ZZZ…" of a SEPA creditor, "DE12…" of an account number. */
static void
learn_country (KobanHabit *self, const KobanDebit *debit)
{
  const char *id = debit->line->counterparty_id;

  if (id == NULL || !g_ascii_isalpha (id[0]) || !g_ascii_isalpha (id[1]) || !g_ascii_isdigit (id[2]))
    return;
  guint32 country = ((guint32) (guchar) id[0] << 8) | (guchar) id[1];
  guint least = 0;
  for (guint i = 0; i < G_N_ELEMENTS (self->creditor_country); i++)
    {
      if (self->creditor_country[i] == country)
        {
          self->creditor_count[i]++;
          return;
        }
      if (self->creditor_count[i] < self->creditor_count[least])
        least = i;
    }
  self->creditor_country[least] = country;
  self->creditor_count[least] = 1;
}

static void
learn_channel (KobanHabit *self, const KobanDebit *debit, gboolean first)
{
  if (koban_habit_days (self) < SETTLING_DAYS) /* at first every name is new */
    return;
  self->channel_debits[debit->channel]++;
  self->channel_new[debit->channel] += first ? 1 : 0;
  if (self->channel_debits[debit->channel] < MAX_HALVED)
    return;
  self->channel_debits[debit->channel] /= 2;
  self->channel_new[debit->channel] /= 2;
}

static void
learn_debit (KobanHabit *self, KobanPayee *payee, const KobanDebit *debit)
{
  gboolean first = payee->debits == 0;

  self->day_total += debit->day == self->last_day ? debit->amount : 0;
  if (debit->day == self->last_day && koban_payee_is_fresh (payee, debit->day))
    self->fresh_total += debit->amount;
  learn_channel (self, debit, first);
  learn_country (self, debit);
  if (!koban_payee_is_fixed (payee)) /* rent and insurance are no measure of what is freely spent */
    count_in (self->sizes, KOBAN_HABIT_BINS, &self->n_sizes, (guint) debit->log / 64);
  if (debit->hour >= 0)
    count_in (self->hours, 24, &self->n_hours, (guint) debit->hour);
  learn_payee (payee, debit);
  if (payee->debits == ADOPTED_DEBITS && payee->same_run == 0 &&
      payee->first_debit - self->first_day > SETTLING_DAYS && payee->day_count_max <= 1 &&
      debit->day - payee->first_debit < ADOPTED_WITHIN)
    self->adoptions++;
}

void
koban_habit_learn (KobanHabit *self, const KobanDebit *debit)
{
  KobanPayee *payee = koban_habit_payee (self, debit->key);

  if (debit->day == KOBAN_NO_DATE)
    return;
  learn_course (self, debit);
  self->lines++;
  remember_recent (self, payee, debit);
  if (payee == NULL)
    payee = add_payee (self, debit);
  if (debit->paired)
    payee->own++;

  if (debit->amount < 0)
    {
      payee->credits++;
      payee->last_day = MAX (payee->last_day, debit->day);
    }
  else if (!debit->own)
    learn_debit (self, payee, debit);
  koban_habit_weigh (self, payee);
}

void
koban_habit_learn_alias (KobanHabit *self, const KobanDebit *debit)
{
  KobanPayee *payee = koban_habit_payee (self, debit->key);

  if (debit->day == KOBAN_NO_DATE)
    return;
  if (payee == NULL)
    payee = add_payee (self, debit);
  learn_payee (payee, debit);
  koban_habit_weigh (self, payee);
}
