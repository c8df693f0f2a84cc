/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which line and which link is the same one. This is the only place that decides it, as a pure
 * function of (known rows, heard rows). It never drops a row and never tells what a row means.
 *
 * Invariants:
 *
 *  1. A known row is given to at most one heard row: n known and m heard equal lines leave m - n new.
 *     Equal lines are counted, never merged: two equal debits in one minute are two.
 *  2. A heard row is one of: a known row, a repeat of an earlier heard row (same bank id, same content:
 *     only an id can say "the same twice"), or new.
 *  3. A bank's id alone proves nothing: it is reissued, positional, reused, missing, filled in later.
 *     It counts only if sign, currency and folded text agree, or if amount and day do and nothing else
 *     wants the line.
 *  4. Different ids keep equal lines apart, unless the known one was due in a whole listing (then counting
 *     is exact), or this bank is seen to reissue ids (no id agrees, and two or more different lines of
 *     different days, or of different exact moments, are otherwise exactly known).
 *  5. Time and running balance tell equal lines apart where both are given; in a whole listing only the
 *     count is binding, because a late-dated line shifts the balances after it.
 *  6. A pending line becomes booked at most once, only with the same sign and currency, a similar text, a
 *     near amount and a near day; and never takes a heard line that a known booked line explains exactly.
 *     One that is taken back in the very listing that books its sum was settled, not taken back.
 *  7. Sure evidence goes first. The order is the table of passes, and a later pass sees only what is left.
 *  8. Links: the key is (kind, who, for what); who is the collector's id, or the folded name where the bank
 *     gives none. The bank's list id only pairs equal ones. Two listed at once are two.
 */
#include "config.h"

#include "ledger/identity.h"

#include <koban/text.h>
#include <string.h>

#define PENDING_DAYS_BACK 2
#define PENDING_DAYS_AHEAD 14
#define PENDING_MOVES_DAYS 7
#define TOLERANCE_PERCENT 30    /* tips, exchange rates */
#define AUTHORISATION_MINOR 200 /* "is this card good?" holds: 1.00, ¥100 */
#define COMPARED_CHARACTERS 64
#define OUTAGE_US KOBAN_DAY_US
#define SUSPICIOUS_ROWS 3
#define HELD (-3) /* a mate that is looked for later */

/* --- one side of the comparison --------------------------------------------------------- */

typedef struct
{
  const KobanTransaction *line;
  gboolean expected; /* known lines only */
  gboolean leaving;  /* known lines only: taken back in this listing */
  char *folded;      /* (owned) (nullable): until asked for */
  guint64 fold;      /* digest of @folded */
  gint mate;         /* index on the other side, NEW or REPEAT */
} Side;

typedef struct
{
  GArray *known, *heard; /* (owned) (element-type Side) */
  gboolean reissued;     /* invariant 4 */
} Match;

static void
side_clear (gpointer data)
{
  g_clear_pointer (&((Side *) data)->folded, g_free);
}

static Side *
side_at (GArray *sides, guint i)
{
  return &g_array_index (sides, Side, i);
}

static const char *
line_words (const KobanTransaction *line)
{
  return line->text[0] != '\0' || line->payee == NULL ? line->text : line->payee;
}

static guint64
side_fold (Side *side)
{
  if (side->folded == NULL)
    {
      side->folded = koban_text_fold (line_words (side->line));
      side->fold = koban_text_hash (side->folded);
    }
  return side->fold;
}

static gboolean
same_fold (Side *a, Side *b)
{
  return side_fold (a) == side_fold (b) && strcmp (a->folded, b->folded) == 0;
}

static gboolean
same_sign (const KobanTransaction *a, const KobanTransaction *b)
{
  return (a->amount.minor < 0) == (b->amount.minor < 0) &&
         koban_currency_equal (a->amount.currency, b->amount.currency);
}

static gboolean
same_id (const KobanTransaction *a, const KobanTransaction *b)
{
  return a->bank_id != NULL && g_strcmp0 (a->bank_id, b->bank_id) == 0;
}

static gboolean
ids_differ (const KobanTransaction *a, const KobanTransaction *b)
{
  return a->bank_id != NULL && b->bank_id != NULL && strcmp (a->bank_id, b->bank_id) != 0;
}

/* A line taken back may be told with its last state before it, and may come back. */
static gboolean
same_stage (const KobanTransaction *known, const KobanTransaction *heard)
{
  return known->state == heard->state || known->state == KOBAN_TRANSACTION_WITHDRAWN ||
         heard->state == KOBAN_TRANSACTION_WITHDRAWN;
}

/* --- keys: rows with different keys are never compared ------------------------------------- */

typedef guint64 (*KeyFunc) (Side *side, gboolean is_heard); /* 0: takes no part */
typedef gboolean (*MayFunc) (Match *self, Side *known, Side *heard);

static guint64
mix (guint64 key, guint64 more)
{
  key ^= more + G_GUINT64_CONSTANT (0x9e3779b97f4a7c15) + (key << 6) + (key >> 2);
  return key != 0 ? key : 1;
}

static guint64
key_raw (Side *side, gboolean is_heard)
{
  const KobanTransaction *line = side->line;
  guint64 key = mix (koban_text_hash (line->text), (guint64) line->amount.minor);

  key = mix (key, (guint64) line->date);
  return line->bank_id != NULL ? mix (key, koban_text_hash (line->bank_id)) : key;
}

static guint64
key_bank_id (Side *side, gboolean is_heard)
{
  return side->line->bank_id != NULL ? mix (1, koban_text_hash (side->line->bank_id)) : 0;
}

static guint64
key_pending_reference (Side *side, gboolean is_heard)
{
  const char *reference = is_heard ? side->line->pending_id : side->line->bank_id;

  return reference != NULL ? mix (1, koban_text_hash (reference)) : 0;
}

static guint64
key_content (Side *side, gboolean is_heard)
{
  return mix (mix (side_fold (side), (guint64) side->line->amount.minor), (guint64) side->line->date);
}

static guint64
key_pending_content (Side *side, gboolean is_heard)
{
  return mix (side_fold (side), (guint64) side->line->amount.minor);
}

/* --- may these two be the same line? -------------------------------------------------------- */

static gboolean
may_equal (Match *self, Side *known, Side *heard)
{
  return koban_transaction_equal (known->line, heard->line);
}

/* DESIGN §4.3 (1) */
static gboolean
may_settle (Match *self, Side *known, Side *heard)
{
  return known->line->state != KOBAN_TRANSACTION_BOOKED && same_sign (known->line, heard->line) &&
         g_strcmp0 (known->line->bank_id, heard->line->pending_id) == 0;
}

static gboolean
same_content (Side *known, Side *heard)
{
  return known->line->amount.minor == heard->line->amount.minor && known->line->date == heard->line->date &&
         same_sign (known->line, heard->line) && same_fold (known, heard);
}

static gboolean
may_same_id (Match *self, Side *known, Side *heard)
{
  return same_id (known->line, heard->line) && same_content (known, heard);
}

/* (2): the id agrees, and sign, currency and text do: the amount or the day was corrected. */
static gboolean
may_corrected (Match *self, Side *known, Side *heard)
{
  gboolean wordless = heard->line->state == KOBAN_TRANSACTION_WITHDRAWN && heard->line->text[0] == '\0';

  if (!same_id (known->line, heard->line))
    return FALSE;
  if (wordless)
    return koban_currency_equal (known->line->amount.currency, heard->line->amount.currency);
  return same_sign (known->line, heard->line) && same_fold (known, heard);
}

static gboolean
ids_allow (Match *self, Side *known, Side *heard)
{
  return known->expected || self->reissued || !ids_differ (known->line, heard->line);
}

static gboolean
times_allow (const KobanTransaction *a, const KobanTransaction *b)
{
  return a->time_us == 0 || b->time_us == 0 || a->time_us == b->time_us;
}

static gboolean
balances_allow (const KobanTransaction *a, const KobanTransaction *b)
{
  return !a->has_balance_after || !b->has_balance_after ||
         koban_money_equal (a->balance_after, b->balance_after);
}

/* (4), with all that the bank gives to tell equal lines apart */
static gboolean
may_exact_to_the_balance (Match *self, Side *known, Side *heard)
{
  const KobanTransaction *a = known->line, *b = heard->line;

  return a->state == b->state && a->time_us == b->time_us && a->has_balance_after == b->has_balance_after &&
         balances_allow (a, b) && same_content (known, heard) && ids_allow (self, known, heard);
}

static gboolean
may_exact (Match *self, Side *known, Side *heard)
{
  return same_stage (known->line, heard->line) && times_allow (known->line, heard->line) &&
         balances_allow (known->line, heard->line) && same_content (known, heard) &&
         ids_allow (self, known, heard);
}

/* (4), by count alone (invariant 5) */
static gboolean
may_count (Match *self, Side *known, Side *heard)
{
  return (known->expected || self->reissued) && same_stage (known->line, heard->line) &&
         same_content (known, heard);
}

/* A bank that books and takes that back: what was due as booked is there as pending, and nowhere else. */
static gboolean
may_unbooked (Match *self, Side *known, Side *heard)
{
  return known->expected && known->line->state == KOBAN_TRANSACTION_BOOKED &&
         heard->line->state == KOBAN_TRANSACTION_PENDING && same_content (known, heard) &&
         ids_allow (self, known, heard);
}

/* What is left with the same id, amount and day was told again in other words. */
static gboolean
may_retold (Match *self, Side *known, Side *heard)
{
  return same_id (known->line, heard->line) && koban_money_equal (known->line->amount, heard->line->amount) &&
         known->line->date == heard->line->date;
}

/* Some banks date a pending line with the day of asking. */
static gboolean
may_pending_moved (Match *self, Side *known, Side *heard)
{
  return (known->expected || known->leaving) && known->line->state == KOBAN_TRANSACTION_PENDING &&
         heard->line->state == KOBAN_TRANSACTION_PENDING && same_sign (known->line, heard->line) &&
         known->line->amount.minor == heard->line->amount.minor && same_fold (known, heard) &&
         ABS ((gint64) known->line->date - heard->line->date) <= PENDING_MOVES_DAYS;
}

/* --- passing over both sides ---------------------------------------------------------------- */

static gboolean
is_free (const Side *side)
{
  return side->mate == KOBAN_IDENTITY_NEW;
}

/* Lines of one side by key: a hash table of chains, the line that was added last first. Three blocks,
 * whatever their number: a first check and every later one of a long listing go through here. */
typedef struct
{
  guint64 *keys; /* (owned): of each line that was added */
  gint *firsts;  /* (owned): of each bucket; -1: empty */
  gint *nexts;   /* (owned): of the same bucket; -1: none */
  guint mask;
} Index;

static void
index_clear (Index *self)
{
  g_free (self->keys);
  g_free (self->firsts);
  g_free (self->nexts);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Index, index_clear)

static void
index_init (Index *self, guint n_lines)
{
  guint n_buckets = 16;

  while (n_buckets < n_lines)
    n_buckets *= 2;
  self->keys = g_new (guint64, n_lines);
  self->nexts = g_new (gint, n_lines);
  self->firsts = g_new (gint, n_buckets);
  self->mask = n_buckets - 1;
  memset (self->firsts, 0xff, n_buckets * sizeof *self->firsts);
}

static gint *
index_bucket (const Index *self, guint64 key)
{
  return &self->firsts[(key ^ key >> 32) & self->mask];
}

static void
index_add (Index *self, guint64 key, guint line)
{
  gint *first = index_bucket (self, key);

  self->keys[line] = key;
  self->nexts[line] = *first;
  *first = (gint) line;
}

/* The line with @key that was added last; -1: none. */
static gint
index_find (const Index *self, guint64 key)
{
  gint at = *index_bucket (self, key);

  while (at >= 0 && self->keys[at] != key)
    at = self->nexts[at];
  return at;
}

/* The known lines that are still free; from behind, so that the first of equal ones comes first. */
static void
index_known (Index *self, Match *match, KeyFunc key_of)
{
  index_init (self, match->known->len);
  for (guint i = match->known->len; i-- > 0;)
    {
      Side *side = side_at (match->known, i);
      guint64 key = is_free (side) ? key_of (side, FALSE) : 0;

      if (key != 0)
        index_add (self, key, i);
    }
}

static void
pair (Match *self, guint known, guint heard)
{
  side_at (self->known, known)->mate = (gint) heard;
  side_at (self->heard, heard)->mate = (gint) known;
}

/* What is paired leaves its chain, so that thousands of equal lines are each looked at once. */
static void
pair_first_of (Match *self, const Index *index, guint64 key, guint heard, MayFunc may)
{
  for (gint *at = index_bucket (index, key); *at >= 0; at = &index->nexts[*at])
    {
      guint known = (guint) *at;

      if (index->keys[known] != key ||
          !may (self, side_at (self->known, known), side_at (self->heard, heard)))
        continue;
      *at = index->nexts[known];
      pair (self, known, heard);
      return;
    }
}

static gboolean
any_free (GArray *sides)
{
  for (guint i = 0; i < sides->len; i++)
    if (is_free (side_at (sides, i)))
      return TRUE;
  return FALSE;
}

static void
pass_over (Match *self, KeyFunc key_of, MayFunc may)
{
  g_auto(Index) index = { 0 };

  if (!any_free (self->known) || !any_free (self->heard))
    return;
  index_known (&index, self, key_of);
  for (guint i = 0; i < self->heard->len; i++)
    {
      Side *side = side_at (self->heard, i);
      guint64 key = is_free (side) ? key_of (side, TRUE) : 0;

      if (key != 0)
        pair_first_of (self, &index, key, i, may);
    }
}

/* --- repeats ------------------------------------------------------------------------------- */

static gboolean
is_repeat (Side *earlier, Side *later)
{
  if (!same_id (earlier->line, later->line) || !same_sign (earlier->line, later->line) ||
      !same_fold (earlier, later))
    return FALSE;
  return earlier->line->state != later->line->state ||
         (earlier->line->amount.minor == later->line->amount.minor &&
          earlier->line->date == later->line->date);
}

/* Of two tellings the later stage is kept. */
static void
drop_repeat (Side *earlier, Side *later)
{
  Side *dropped = later->line->state > earlier->line->state ? earlier : later;

  dropped->mate = KOBAN_IDENTITY_REPEAT;
}

static void
find_repeats (Match *self)
{
  g_auto(Index) by_id = { 0 };

  index_init (&by_id, self->heard->len);
  for (guint i = 0; i < self->heard->len; i++)
    {
      Side *side = side_at (self->heard, i);
      guint64 key = key_bank_id (side, TRUE);
      gint earlier = key != 0 ? index_find (&by_id, key) : -1;

      if (earlier >= 0 && is_repeat (side_at (self->heard, (guint) earlier), side))
        drop_repeat (side_at (self->heard, (guint) earlier), side);
      if (key != 0 && side->mate != KOBAN_IDENTITY_REPEAT)
        index_add (&by_id, key, i);
    }
}

/* --- reissued ids ---------------------------------------------------------------------------- */

static gboolean
any_id_agrees (Match *self)
{
  for (guint i = 0; i < self->heard->len; i++)
    {
      const Side *heard = side_at (self->heard, i);

      if (heard->mate >= 0 && same_id (side_at (self->known, (guint) heard->mate)->line, heard->line))
        return TRUE;
    }
  return FALSE;
}

/* To the second: a time without seconds may be that of a whole batch, or of a minute in which two fell. */
static gboolean
is_exact (gint64 time_us)
{
  return time_us % (60 * KOBAN_SECOND_US) != 0;
}

/* Two or more different lines, of different days, are known to the letter but for their id. Of one day they
 * may be a thief's second round of the same sums, unless each has the very moment of the known one. */
static gboolean
lines_show_reissue (Match *self)
{
  g_auto(Index) index = { 0 };
  g_autoptr(GHashTable) keys = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
  g_autoptr(GHashTable) days = g_hash_table_new (NULL, NULL);
  g_autoptr(GHashTable) moments = g_hash_table_new (g_int64_hash, g_int64_equal);

  index_known (&index, self, key_content);
  for (guint i = 0; i < self->heard->len; i++)
    {
      Side *heard = side_at (self->heard, i);
      guint64 key = is_free (heard) && heard->line->bank_id != NULL ? key_content (heard, TRUE) : 0;
      gint first = key != 0 ? index_find (&index, key) : -1;
      Side *known = first >= 0 ? side_at (self->known, (guint) first) : NULL;

      if (known != NULL && ids_differ (known->line, heard->line) && same_content (known, heard) &&
          times_allow (known->line, heard->line))
        {
          g_hash_table_add (keys, g_memdup2 (&key, sizeof key));
          g_hash_table_add (days, GINT_TO_POINTER (heard->line->date));
          if (known->line->time_us == heard->line->time_us && is_exact (heard->line->time_us))
            g_hash_table_add (moments, (gpointer) &heard->line->time_us);
        }
    }
  return g_hash_table_size (keys) >= 2 && (g_hash_table_size (days) >= 2 || g_hash_table_size (moments) >= 2);
}

/* --- pending becomes booked ------------------------------------------------------------------- */

/* The letters and digits of a folded name, where blanks come and go between pending and booked. */
static gunichar *
bare_letters (const char *folded, gsize *length)
{
  gunichar *letters = g_utf8_to_ucs4_fast (folded, -1, NULL);
  gsize n = 0;

  for (const gunichar *c = letters; *c != 0 && n < COMPARED_CHARACTERS; c++)
    if (g_unichar_isalnum (*c))
      letters[n++] = *c;
  *length = n;
  return letters;
}

static gsize
longest_common_run (const gunichar *a, gsize a_length, const gunichar *b, gsize b_length)
{
  gsize row[COMPARED_CHARACTERS + 1] = { 0 };
  gsize longest = 0;

  for (gsize i = 0; i < a_length; i++)
    for (gsize j = b_length; j-- > 0;)
      {
        row[j + 1] = a[i] == b[j] ? row[j] + 1 : 0;
        longest = MAX (longest, row[j + 1]);
      }
  return longest;
}

/* How much of the shorter name stands in one piece in the longer, in percent. */
static guint
similarity (Side *a, Side *b)
{
  gsize a_length, b_length, shorter;
  g_autofree gunichar *a_letters = NULL;
  g_autofree gunichar *b_letters = NULL;

  if (same_fold (a, b))
    return 100;
  a_letters = bare_letters (a->folded, &a_length);
  b_letters = bare_letters (b->folded, &b_length);
  shorter = MIN (a_length, b_length);
  if (shorter < 3)
    return 0;
  return (guint) (99 * longest_common_run (a_letters, a_length, b_letters, b_length) / shorter);
}

static gboolean
same_payee (const KobanTransaction *a, const KobanTransaction *b)
{
  g_autofree char *one = koban_text_fold (a->payee != NULL ? a->payee : "");
  g_autofree char *other = koban_text_fold (b->payee != NULL ? b->payee : "");

  return one[0] != '\0' && strcmp (one, other) == 0;
}

static guint64
distance (gint64 a, gint64 b)
{
  return a > b ? (guint64) a - (guint64) b : (guint64) b - (guint64) a;
}

/* Tips and exchange rates move a little. A hold that is gone may have been for any sum: a fuel pump's is far
 * above or a token far below what is then booked. */
static gboolean
amounts_allow (Side *known, Side *heard)
{
  guint64 was = distance (known->line->amount.minor, 0), is = distance (heard->line->amount.minor, 0);
  guint64 difference = distance (known->line->amount.minor, heard->line->amount.minor);

  if (known->line->state == KOBAN_TRANSACTION_WITHDRAWN)
    return difference == 0;
  if (difference <= MAX (was, is) / 100 * TOLERANCE_PERCENT + MAX (was, is) % 100 * TOLERANCE_PERCENT / 100)
    return TRUE;
  return known->expected && (is < was || was <= AUTHORISATION_MINOR) && same_fold (known, heard);
}

static gint64
days_between (Side *known, Side *heard)
{
  const KobanTransaction *was = known->line, *is = heard->line;
  KobanDate began = was->date;

  if (began == KOBAN_NO_DATE && was->first_seen_us != 0)
    began = koban_date_from_us (was->first_seen_us, 0);
  if (began == KOBAN_NO_DATE || is->date == KOBAN_NO_DATE)
    return 0;
  return (gint64) is->date - began;
}

typedef struct
{
  guint64 cost;
  guint known, heard;
} Settlement;

/* (3): the lower the cost, the likelier; FALSE: impossible. */
static gboolean
settlement_weigh (Side *known, Side *heard, Settlement *settlement)
{
  gint64 days = days_between (known, heard);
  guint likeness;

  if (heard->line->state != KOBAN_TRANSACTION_BOOKED || known->line->state == KOBAN_TRANSACTION_BOOKED ||
      !same_sign (known->line, heard->line) || days < -PENDING_DAYS_BACK || days > PENDING_DAYS_AHEAD ||
      !amounts_allow (known, heard))
    return FALSE;
  likeness = similarity (known, heard);
  if (likeness < 60 && !same_payee (known->line, heard->line))
    return FALSE;
  settlement->cost = same_id (known->line, heard->line) ? 0 : 1000000;
  settlement->cost += distance (known->line->amount.minor, heard->line->amount.minor) == 0 ? 0 : 100000;
  settlement->cost += known->line->state == KOBAN_TRANSACTION_WITHDRAWN ? 50000 : 0;
  settlement->cost += (guint64) (100 - likeness) * 100 + (guint64) ABS (days);
  return TRUE;
}

static int
settlement_compare (gconstpointer a, gconstpointer b)
{
  const Settlement *one = a, *other = b;

  if (one->cost != other->cost)
    return one->cost < other->cost ? -1 : 1;
  if (one->known != other->known)
    return one->known < other->known ? -1 : 1;
  return one->heard < other->heard ? -1 : (one->heard > other->heard);
}

static void
weigh_all (Match *self, guint known, GArray *settlements)
{
  for (guint i = 0; i < self->heard->len; i++)
    {
      Settlement settlement = { 0, known, i };

      if (is_free (side_at (self->heard, i)) &&
          settlement_weigh (side_at (self->known, known), side_at (self->heard, i), &settlement))
        g_array_append_val (settlements, settlement);
    }
}

/* All possible settlements, the likeliest first. */
static void
settle_pending (Match *self)
{
  g_autoptr(GArray) settlements = g_array_new (FALSE, FALSE, sizeof (Settlement));

  for (guint i = 0; i < self->known->len; i++)
    if (is_free (side_at (self->known, i)) &&
        side_at (self->known, i)->line->state != KOBAN_TRANSACTION_BOOKED)
      weigh_all (self, i, settlements);
  g_array_sort (settlements, settlement_compare);
  for (guint i = 0; i < settlements->len; i++)
    {
      const Settlement *settlement = &g_array_index (settlements, Settlement, i);

      if (is_free (side_at (self->known, settlement->known)) &&
          is_free (side_at (self->heard, settlement->heard)))
        pair (self, settlement->known, settlement->heard);
    }
}

/* --- lines -------------------------------------------------------------------------------------- */

typedef struct
{
  KeyFunc key;
  MayFunc may;
} Pass;

/* Said by the bank itself, in so many words. */
static const Pass told_passes[] = {
  { key_raw, may_equal },
  { key_pending_reference, may_settle },
  { key_bank_id, may_same_id },
};
/* To be read after it is known whether ids were reissued. Counting goes before a corrected amount, because
 * where ids are positions a new line on top makes every line look like the corrected one above it. */
static const Pass content_passes[] = {
  { key_content, may_exact_to_the_balance },
  { key_content, may_exact },
  { key_content, may_count },
  { key_bank_id, may_corrected },
};
static const Pass last_passes[] = {
  { key_content, may_unbooked },
  { key_bank_id, may_retold },
  { key_pending_content, may_pending_moved },
};

static void
run_passes (Match *self, const Pass *passes, gsize n)
{
  for (gsize i = 0; i < n; i++)
    pass_over (self, passes[i].key, passes[i].may);
}

static void
match_init (Match *self, GArray *known, GPtrArray *heard)
{
  self->known = g_array_sized_new (FALSE, TRUE, sizeof (Side), known->len);
  self->heard = g_array_sized_new (FALSE, TRUE, sizeof (Side), heard->len);
  g_array_set_clear_func (self->known, side_clear);
  g_array_set_clear_func (self->heard, side_clear);
  for (guint i = 0; i < known->len; i++)
    {
      const KobanKnownLine *row = &g_array_index (known, KobanKnownLine, i);
      Side side = { .line = row->line, .expected = row->expected, .mate = KOBAN_IDENTITY_NEW };
      g_array_append_val (self->known, side);
    }
  for (guint i = 0; i < heard->len; i++)
    {
      Side side = { .line = heard->pdata[i], .mate = KOBAN_IDENTITY_NEW };
      g_array_append_val (self->heard, side);
    }
}

static void
match_all (Match *self)
{
  run_passes (self, told_passes, G_N_ELEMENTS (told_passes));
  if (!any_free (self->heard) || !any_free (self->known))
    return;
  self->reissued = !any_id_agrees (self) && lines_show_reissue (self);
  run_passes (self, content_passes, G_N_ELEMENTS (content_passes));
  settle_pending (self);
  run_passes (self, last_passes, G_N_ELEMENTS (last_passes));
}

/* --- taken back and booked in one listing --------------------------------------------------------- */

/* "removed: p1, added: b7": what is taken back waits until it is seen what was booked. */
static gboolean
hold_taken_back (Match *self)
{
  g_autoptr(GHashTable) leaving = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->heard->len; i++)
    {
      Side *side = side_at (self->heard, i);
      if (!is_free (side) || side->line->state != KOBAN_TRANSACTION_WITHDRAWN || side->line->bank_id == NULL)
        continue;
      side->mate = HELD;
      g_hash_table_add (leaving, (gpointer) side->line->bank_id);
    }
  if (g_hash_table_size (leaving) == 0)
    return FALSE;
  for (guint i = 0; i < self->known->len; i++)
    {
      Side *side = side_at (self->known, i);
      side->leaving = side->line->bank_id != NULL && g_hash_table_contains (leaving, side->line->bank_id);
    }
  return TRUE;
}

static void
release_taken_back (Match *self)
{
  for (guint i = 0; i < self->heard->len; i++)
    if (side_at (self->heard, i)->mate == HELD)
      side_at (self->heard, i)->mate = KOBAN_IDENTITY_NEW;
}

/* What was taken back is the hold that another line of this listing has settled. */
static void
drop_settled (Match *self)
{
  g_autoptr(GHashTable) settled = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < self->known->len; i++)
    {
      const Side *side = side_at (self->known, i);
      if (side->mate >= 0 && side->line->bank_id != NULL && side->line->state != KOBAN_TRANSACTION_BOOKED)
        g_hash_table_add (settled, (gpointer) side->line->bank_id);
    }
  for (guint i = 0; i < self->heard->len; i++)
    {
      Side *side = side_at (self->heard, i);
      if (is_free (side) && side->line->state == KOBAN_TRANSACTION_WITHDRAWN && side->line->bank_id != NULL &&
          g_hash_table_contains (settled, side->line->bank_id))
        side->mate = KOBAN_IDENTITY_REPEAT;
    }
}

GArray *
koban_identity_lines (GArray *known, GPtrArray *heard)
{
  GArray *mates = g_array_sized_new (FALSE, FALSE, sizeof (gint), heard->len);
  Match match = { 0 };

  match_init (&match, known, heard);
  find_repeats (&match);
  gboolean taken_back = hold_taken_back (&match);
  match_all (&match);
  if (taken_back)
    {
      release_taken_back (&match);
      match_all (&match);
      drop_settled (&match);
    }
  for (guint i = 0; i < heard->len; i++)
    g_array_append_val (mates, side_at (match.heard, i)->mate);
  g_array_unref (match.known);
  g_array_unref (match.heard);
  return mates;
}

KobanTransaction *
koban_identity_line_again (const KobanTransaction *known, const KobanTransaction *heard)
{
  gboolean wordless = heard->state == KOBAN_TRANSACTION_WITHDRAWN && heard->text[0] == '\0';
  KobanTransaction fields = *heard;

  fields.id = known->id;
  fields.first_seen_us = known->first_seen_us;
  if (wordless)
    {
      fields.text = known->text;
      fields.amount = known->amount;
    }
#define KEEP(field, nothing)                                                                                 \
  if (fields.field == (nothing))                                                                             \
  fields.field = known->field
  KEEP (bank_id, NULL);
  KEEP (pending_id, NULL);
  KEEP (payee, NULL);
  KEEP (counterparty_id, NULL);
  KEEP (mandate_ref, NULL);
  KEEP (time_us, 0);
  KEEP (date, KOBAN_NO_DATE);
#undef KEEP
  if (!fields.has_balance_after && known->has_balance_after)
    {
      fields.has_balance_after = TRUE;
      fields.balance_after = known->balance_after;
    }
  return koban_transaction_new (&fields);
}

gboolean
koban_identity_line_is_news (const KobanTransaction *before, const KobanTransaction *after)
{
  return before->state != after->state || !koban_money_equal (before->amount, after->amount) ||
         g_strcmp0 (before->text, after->text) != 0;
}

/* --- links ---------------------------------------------------------------------------------------- */

typedef struct
{
  const KobanLink *link;
  char *name; /* (owned): folded */
  gint mate;
} LinkSide;

static void
link_side_clear (gpointer data)
{
  g_clear_pointer (&((LinkSide *) data)->name, g_free);
}

static GArray *
link_sides (GPtrArray *links)
{
  GArray *sides = g_array_sized_new (FALSE, TRUE, sizeof (LinkSide), links->len);

  g_array_set_clear_func (sides, link_side_clear);
  for (guint i = 0; i < links->len; i++)
    {
      const KobanLink *link = links->pdata[i];
      LinkSide side = { link, koban_text_fold (link->name), KOBAN_IDENTITY_NEW };
      g_array_append_val (sides, side);
    }
  return sides;
}

gboolean
koban_identity_link_has_ended (const KobanLink *link)
{
  return link->status == KOBAN_LINK_EXPIRED || link->status == KOBAN_LINK_REVOKED ||
         link->status == KOBAN_LINK_GONE;
}

/* Invariant 8 */
static gboolean
same_link_key (const LinkSide *a, const LinkSide *b)
{
  if (a->link->kind != b->link->kind || g_strcmp0 (a->link->reference, b->link->reference) != 0 ||
      g_strcmp0 (a->link->collector, b->link->collector) != 0)
    return FALSE;
  return a->link->collector != NULL || strcmp (a->name, b->name) == 0;
}

static gboolean
same_remote (const LinkSide *a, const LinkSide *b)
{
  return a->link->remote_id != NULL && g_strcmp0 (a->link->remote_id, b->link->remote_id) == 0;
}

static gboolean
agree_where_given (const char *a, const char *b)
{
  return a == NULL || b == NULL || strcmp (a, b) == 0;
}

/* A link made at another moment is another link, whatever else is equal. */
static gboolean
same_birth (const LinkSide *a, const LinkSide *b)
{
  return a->link->created_us == 0 || b->link->created_us == 0 || a->link->created_us == b->link->created_us;
}

static gboolean
link_may_same (const LinkSide *known, const LinkSide *heard)
{
  return same_link_key (known, heard) && same_remote (known, heard);
}

static gboolean
link_may_reissued (const LinkSide *known, const LinkSide *heard)
{
  return same_link_key (known, heard) && same_birth (known, heard) &&
         !koban_identity_link_has_ended (known->link);
}

static gboolean
link_may_be_back (const LinkSide *known, const LinkSide *heard)
{
  return same_link_key (known, heard) && same_birth (known, heard);
}

/* The bank now says what it left out before. */
static gboolean
link_may_filled_in (const LinkSide *known, const LinkSide *heard)
{
  return known->link->kind == heard->link->kind && strcmp (known->name, heard->name) == 0 &&
         agree_where_given (known->link->collector, heard->link->collector) &&
         agree_where_given (known->link->reference, heard->link->reference) &&
         agree_where_given (known->link->remote_id, heard->link->remote_id) && same_birth (known, heard);
}

typedef gboolean (*LinkMayFunc) (const LinkSide *known, const LinkSide *heard);

static const LinkMayFunc link_passes[] = {
  link_may_same,
  link_may_reissued,
  link_may_be_back,
  link_may_filled_in,
};

static void
pair_link (GArray *known, LinkSide *heard, gint at, LinkMayFunc may)
{
  for (gint i = 0; i < (gint) known->len; i++)
    {
      LinkSide *side = &g_array_index (known, LinkSide, i);

      if (side->mate != KOBAN_IDENTITY_NEW || !may (side, heard))
        continue;
      side->mate = at;
      heard->mate = i;
      return;
    }
}

/* The same list id with the same key twice in one listing is one link. */
static void
find_link_repeats (GArray *heard)
{
  for (guint i = 1; i < heard->len; i++)
    for (guint j = 0; j < i; j++)
      if (link_may_same (&g_array_index (heard, LinkSide, j), &g_array_index (heard, LinkSide, i)))
        g_array_index (heard, LinkSide, i).mate = KOBAN_IDENTITY_REPEAT;
}

GArray *
koban_identity_links (GPtrArray *known, GPtrArray *heard)
{
  GArray *mates = g_array_sized_new (FALSE, FALSE, sizeof (gint), heard->len);
  g_autoptr(GArray) ours = link_sides (known);
  g_autoptr(GArray) theirs = link_sides (heard);

  find_link_repeats (theirs);
  for (gsize pass = 0; pass < G_N_ELEMENTS (link_passes); pass++)
    for (guint i = 0; i < theirs->len; i++)
      if (g_array_index (theirs, LinkSide, i).mate == KOBAN_IDENTITY_NEW)
        pair_link (ours, &g_array_index (theirs, LinkSide, i), (gint) i, link_passes[pass]);
  for (guint i = 0; i < theirs->len; i++)
    g_array_append_val (mates, g_array_index (theirs, LinkSide, i).mate);
  return mates;
}

static gboolean
same_scope (const char *const *a, const char *const *b)
{
  static const char *const nothing[] = { NULL };

  return g_strv_equal (a != NULL ? a : nothing, b != NULL ? b : nothing);
}

gboolean
koban_identity_link_is_news (const KobanLink *before, const KobanLink *after)
{
  return before->status != after->status || before->has_limit != after->has_limit ||
         (after->has_limit && !koban_money_equal (before->limit, after->limit)) ||
         before->expires_us != after->expires_us || strcmp (before->name, after->name) != 0 ||
         !same_scope (before->scope, after->scope);
}

/* --- absence ---------------------------------------------------------------------------------------- */

gboolean
koban_identity_is_inside (const KobanTransaction *line, gint64 from_us, gint64 to_us, gint64 heard_us)
{
  gboolean until_now = to_us >= heard_us;
  gint64 first = (gint64) koban_date_from_us (from_us, 0) + 2;
  gint64 last = (gint64) koban_date_from_us (to_us, 0) + (until_now ? 1 : -2);

  if (line->date == KOBAN_NO_DATE)
    return line->first_seen_us >= from_us && line->first_seen_us < to_us;
  return (from_us <= 0 || line->date >= first) && line->date <= last;
}

gboolean
koban_identity_is_suspicious (guint heard, guint due)
{
  return heard == 0 && due >= SUSPICIOUS_ROWS;
}

gboolean
koban_identity_is_gone (guint misses, gint64 missing_since_us, gint64 now_us, gboolean suspicious)
{
  return misses >= 2 && (!suspicious || now_us - missing_since_us >= OUTAGE_US);
}
