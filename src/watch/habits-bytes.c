/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Habits as bytes: versioned, in one order of bytes on every machine, with a digest at the end. One
 * description of the fields serves reading and writing, so that the two cannot part; what is damaged
 * or of another version is refused whole.
 */
#include "config.h"

#include "watch/habit.h"

#include <string.h>

#define MAGIC G_GUINT64_CONSTANT (0x3142414e41424f4b) /* "KOBANAB1" in the order of the bytes */
#define VERSION 6

typedef struct
{
  GByteArray *out;  /* (nullable): writing */
  const guint8 *in; /* reading */
  gsize left;
  gboolean failed;
} Tape;

static void
tape_word (Tape *tape, guint64 *word, guint bytes)
{
  guint8 buffer[8] = { 0 };

  if (tape->out != NULL)
    {
      for (guint i = 0; i < bytes; i++)
        buffer[i] = (guint8) (*word >> (8 * i));
      g_byte_array_append (tape->out, buffer, bytes);
      return;
    }

  *word = 0;
  if (tape->left < bytes)
    {
      tape->failed = TRUE;
      return;
    }
  for (guint i = 0; i < bytes; i++)
    *word |= (guint64) tape->in[i] << (8 * i);
  tape->in += bytes;
  tape->left -= bytes;
}

static void
tape_u64 (Tape *tape, guint64 *value)
{
  tape_word (tape, value, 8);
}

static void
tape_i64 (Tape *tape, gint64 *value)
{
  guint64 word = (guint64) *value;

  tape_word (tape, &word, 8);
  *value = (gint64) word;
}

static void
tape_u32 (Tape *tape, guint32 *value)
{
  guint64 word = *value;

  tape_word (tape, &word, 4);
  *value = (guint32) word;
}

static void
tape_i32 (Tape *tape, gint32 *value)
{
  guint32 word = (guint32) *value;

  tape_u32 (tape, &word);
  *value = (gint32) word;
}

static void
tape_text (Tape *tape, char *text, guint size)
{
  guint64 length = tape->out != NULL ? strlen (text) : 0;

  tape_word (tape, &length, 1);
  if (length >= size)
    tape->failed = TRUE;
  for (guint i = 0; i < length && !tape->failed; i++)
    {
      guint64 byte = (guint8) text[i];
      tape_word (tape, &byte, 1);
      text[i] = (char) byte;
    }
  if (!tape->failed)
    text[length] = '\0';
}

/* A count of rows that fit. */
static guint32
tape_count (Tape *tape, guint32 *count, guint32 most)
{
  tape_u32 (tape, count);
  if (*count > most)
    {
      tape->failed = TRUE;
      *count = 0;
    }
  return *count;
}

static void
tape_counts (Tape *tape, guint32 *counts, guint n)
{
  for (guint i = 0; i < n; i++)
    tape_u32 (tape, &counts[i]);
}

static void
tape_payee (Tape *tape, KobanPayee *payee)
{
  tape_u64 (tape, &payee->key);
  tape_u32 (tape, &payee->brand);
  tape_u64 (tape, &payee->counterparty);
  tape_i32 (tape, &payee->first_day);
  tape_i32 (tape, &payee->first_debit);
  tape_i32 (tape, &payee->last_day);
  tape_u32 (tape, &payee->debits);
  tape_u32 (tape, &payee->credits);
  tape_i64 (tape, &payee->last_us);
  tape_i64 (tape, &payee->last_amount);
  tape_i64 (tape, &payee->largest);
  tape_i64 (tape, &payee->sum);
  tape_i32 (tape, &payee->log_mean);
  tape_i32 (tape, &payee->log_spread);
  tape_i32 (tape, &payee->gap);
  tape_i32 (tape, &payee->gap_spread);
  tape_u32 (tape, &payee->base_debits);
  tape_i32 (tape, &payee->base_mean);
  tape_i32 (tape, &payee->base_spread);
  tape_i32 (tape, &payee->base_day);
  tape_u32 (tape, &payee->same_run);
  tape_i64 (tape, &payee->day_total);
  tape_i64 (tape, &payee->day_total_max);
  tape_u32 (tape, &payee->day_count);
  tape_u32 (tape, &payee->day_count_max);
  tape_u32 (tape, &payee->channel);
  tape_u32 (tape, &payee->answer);
  tape_u32 (tape, &payee->alarms);
  tape_u32 (tape, &payee->own);
}

static void
tape_recent (Tape *tape, KobanRecent *recent)
{
  tape_u64 (tape, &recent->key);
  tape_text (tape, recent->id, sizeof recent->id);
  tape_i64 (tape, &recent->amount);
  tape_i64 (tape, &recent->at_us);
  tape_i64 (tape, &recent->heard_us);
  tape_i32 (tape, &recent->day);
  tape_u32 (tape, &recent->channel);
  tape_u32 (tape, &recent->flags);
}

static void
tape_link (Tape *tape, KobanKnownLink *link)
{
  tape_u64 (tape, &link->identity);
  tape_text (tape, link->id, sizeof link->id);
  tape_text (tape, link->subject, sizeof link->subject);
  tape_u64 (tape, &link->mandate);
  tape_u64 (tape, &link->collector);
  tape_u64 (tape, &link->service);
  tape_u32 (tape, &link->kind);
  tape_u32 (tape, &link->answer);
  tape_u32 (tape, &link->dead);
  tape_i64 (tape, &link->since_us);
  tape_i64 (tape, &link->amended_us);
  tape_i32 (tape, &link->last_debit);
}

static void
tape_episode (Tape *tape, KobanEpisode *episode)
{
  tape_text (tape, episode->key, sizeof episode->key);
  tape_text (tape, episode->subject, sizeof episode->subject);
  tape_text (tape, episode->link, sizeof episode->link);
  tape_u64 (tape, &episode->payee);
  tape_u64 (tape, &episode->mandate);
  tape_u64 (tape, &episode->collector);
  tape_u64 (tape, &episode->service);
  tape_i64 (tape, &episode->opened_us);
  tape_i64 (tape, &episode->last_us);
  tape_u32 (tape, &episode->told);
  tape_u32 (tape, &episode->severity);
  tape_u32 (tape, &episode->whispered);
  tape_u32 (tape, &episode->debits);
  tape_u32 (tape, &episode->answer);
  tape_i64 (tape, &episode->total);
}

static void
tape_books (Tape *tape, KobanHabit *habit)
{
  for (guint32 i = 0, n = tape_count (tape, &habit->n_moved, KOBAN_HABIT_MOVED); i < n && !tape->failed; i++)
    {
      tape_i64 (tape, &habit->moved[i].booked);
      tape_i64 (tape, &habit->moved[i].heard_us);
    }
  for (guint32 i = 0, n = tape_count (tape, &habit->n_listed, KOBAN_HABIT_LISTED); i < n && !tape->failed;
       i++)
    {
      tape_i64 (tape, &habit->listed[i].booked);
      tape_i64 (tape, &habit->listed[i].pending);
    }
  tape_count (tape, &habit->n_opening, KOBAN_HABIT_LISTED - 1);
}

static void
tape_balance (Tape *tape, KobanHabit *habit)
{
  tape_i32 (tape, &habit->has_balance);
  tape_i64 (tape, &habit->balance);
  tape_i64 (tape, &habit->balance_us);
  tape_i64 (tape, &habit->balance_before);
  tape_i64 (tape, &habit->balance_before_us);
  tape_u32 (tape, &habit->times_negative);
  tape_i32 (tape, &habit->negative_told);
  tape_i64 (tape, &habit->negative);
  tape_i32 (tape, &habit->anchored);
  tape_i64 (tape, &habit->anchor);
  tape_i64 (tape, &habit->explained);
  tape_i64 (tape, &habit->pending);
  tape_i32 (tape, &habit->counts_pending);
  tape_books (tape, habit);
  tape_i64 (tape, &habit->gap);
  tape_i64 (tape, &habit->gap_since_us);
  tape_i64 (tape, &habit->anchored_us);
  tape_i64 (tape, &habit->lag_us);
  tape_u32 (tape, &habit->moves);
  tape_i64 (tape, &habit->booked);
  tape_i64 (tape, &habit->told);
  tape_i64 (tape, &habit->told_since_us);
  tape_i64 (tape, &habit->told_total);
  tape_i64 (tape, &habit->told_us);
  tape_i32 (tape, &habit->told_day);
  tape_u32 (tape, &habit->excused);
}

static void
tape_distributions (Tape *tape, KobanHabit *habit)
{
  tape_counts (tape, habit->sizes, KOBAN_HABIT_BINS);
  tape_u32 (tape, &habit->n_sizes);
  tape_counts (tape, habit->channel_debits, KOBAN_HABIT_CHANNELS);
  tape_counts (tape, habit->channel_new, KOBAN_HABIT_CHANNELS);
  tape_counts (tape, habit->hours, 24);
  tape_u32 (tape, &habit->n_hours);
  tape_counts (tape, habit->day_sizes, KOBAN_HABIT_BINS);
  tape_u32 (tape, &habit->n_days);
  tape_counts (tape, habit->fresh_days, KOBAN_HABIT_BINS);
  tape_u32 (tape, &habit->n_fresh_days);
  tape_i64 (tape, &habit->fresh_total);
  tape_i32 (tape, &habit->first_day);
  tape_i32 (tape, &habit->last_day);
  tape_i64 (tape, &habit->day_total);
  tape_u32 (tape, &habit->lines);
  tape_u32 (tape, &habit->alarms);
  tape_i32 (tape, &habit->alarms_day);
  tape_u32 (tape, &habit->powers);
  tape_i32 (tape, &habit->powers_day);
  tape_u32 (tape, &habit->adoptions);
  tape_counts (tape, habit->creditor_country, G_N_ELEMENTS (habit->creditor_country));
  tape_counts (tape, habit->creditor_count, G_N_ELEMENTS (habit->creditor_count));
}

static void
tape_ring (Tape *tape, KobanHabit *habit)
{
  guint32 n = tape_count (tape, &habit->n_recent, KOBAN_HABIT_RECENT);

  tape_u32 (tape, &habit->next_recent);
  if (habit->next_recent >= KOBAN_HABIT_RECENT)
    tape->failed = TRUE;
  for (guint32 i = 0; i < n && !tape->failed; i++)
    tape_recent (tape, &habit->recent[i]);
}

static void
tape_habit (Tape *tape, KobanHabit *habit)
{
  guint64 magic = MAGIC;
  guint32 version = VERSION;

  tape_u64 (tape, &magic);
  tape_u32 (tape, &version);
  if (magic != MAGIC || version != VERSION)
    tape->failed = TRUE;

  tape_distributions (tape, habit);
  tape_balance (tape, habit);
  tape_ring (tape, habit);
  for (guint32 i = 0, n = tape_count (tape, &habit->n_payees, KOBAN_HABIT_PAYEES); i < n && !tape->failed;
       i++)
    {
      tape_payee (tape, &habit->payees[i]);
      if (tape->out == NULL)
        koban_habit_index (habit, i);
    }
  for (guint32 i = 0, n = tape_count (tape, &habit->n_links, KOBAN_HABIT_LINKS); i < n && !tape->failed; i++)
    tape_link (tape, &habit->links[i]);
  for (guint32 i = 0, n = tape_count (tape, &habit->n_episodes, KOBAN_HABIT_EPISODES); i < n && !tape->failed;
       i++)
    tape_episode (tape, &habit->episodes[i]);
}

static guint64
digest (const guint8 *data, gsize length)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < length; i++)
    hash = (hash ^ data[i]) * G_GUINT64_CONSTANT (1099511628211);
  return hash;
}

GBytes *
koban_habits_save (KobanHabits *self, const char *account)
{
  Tape tape = { .out = g_byte_array_new () };

  tape_habit (&tape, koban_habits_get (self, account));
  guint64 sum = digest (tape.out->data, tape.out->len);
  tape_u64 (&tape, &sum);
  return g_byte_array_free_to_bytes (tape.out);
}

gboolean
koban_habits_load (KobanHabits *self, const char *account, GBytes *blob)
{
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (blob, &length);
  g_autofree KobanHabit *habit = koban_habit_new ();

  koban_habits_forget (self, account);
  if (length < 8)
    return FALSE;

  Tape sum_tape = { .in = data + length - 8, .left = 8 };
  guint64 sum = 0;
  tape_u64 (&sum_tape, &sum);
  if (sum != digest (data, length - 8))
    return FALSE;

  Tape tape = { .in = data, .left = length - 8 };
  tape_habit (&tape, habit);
  if (tape.failed || tape.left != 0)
    return FALSE;

  koban_habits_put (self, account, g_steal_pointer (&habit));
  return TRUE;
}
