/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Plays the bank of a story. It walks the events up to the time of asking and answers from what it
 * has walked past, so that the future cannot leak into an answer. It looks ahead only to leave out
 * what would be heard without a change.
 */
#include "config.h"
#include "cli/story-bank.h"

#include <glib/gi18n-lib.h>

#include <koban/date.h>
#include <koban/error.h>

/* The bits of KobanStoryOutage, as indices. */
enum
{
  OUT_LINKS,
  OUT_BALANCE,
  OUT_TRANSACTIONS,
  N_OUT
};

/* A link counts as gone after two whole listings without it. */
#define LINKS_SETTLED 3

/* What the bank knows of one account, and what it has told. */
typedef struct
{
  const KobanStoryAccount *story; /* (unowned) */
  KobanAccount *account;          /* (nullable): as last told */
  gboolean sees_time;
  GPtrArray *links;   /* (element-type KobanLink): listed now, in order of appearance */
  GPtrArray *news;    /* (element-type KobanTransaction): lines not yet told, in order */
  GHashTable *untold; /* ids of @news */
  GHashTable *told;   /* id → KobanTransaction: as last told */
  GHashTable *booked; /* id → KobanTransaction: those that @balance counts */
  gboolean has_booked, has_available;
  KobanMoney balance, available;
  gboolean balance_is_news;
  gint64 covered_us;       /* up to when lines were told; 0: never */
  gint64 outage_us[N_OUT]; /* when it ends; 0: there is none */
  guint stir;              /* KobanStoryOutage bits of the listings that this asking must hold */
  guint links_settled;     /* how often the links were listed since they changed, up to LINKS_SETTLED */
} Books;

struct _KobanStoryBank
{
  const KobanStory *story; /* (unowned) */
  GPtrArray *accounts;     /* (element-type Books): by the story's index; NULL is another bank's */
  guint next;              /* the first event that was not walked past */
  gint64 now_us;
};

static void
books_free (gpointer data)
{
  Books *self = data;

  if (self == NULL)
    return;
  g_clear_pointer (&self->account, koban_account_unref);
  g_ptr_array_unref (self->links);
  g_ptr_array_unref (self->news);
  g_hash_table_unref (self->untold);
  g_hash_table_unref (self->told);
  g_hash_table_unref (self->booked);
  g_free (self);
}

static GHashTable *
lines_by_id (void)
{
  return g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_transaction_unref);
}

static Books *
books_new (const KobanStoryAccount *story)
{
  Books *self = g_new0 (Books, 1);

  self->story = story;
  self->links = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);
  self->news = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  self->untold = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->told = lines_by_id ();
  self->booked = lines_by_id ();
  if (story->has_opening && !story->tells_balance)
    {
      self->has_booked = self->balance_is_news = TRUE;
      self->balance = story->opening;
    }
  return self;
}

KobanStoryBank *
koban_story_bank_new (const KobanStory *story, const char *bank)
{
  KobanStoryBank *self = g_new0 (KobanStoryBank, 1);

  self->story = story;
  self->accounts = g_ptr_array_new_with_free_func (books_free);
  for (guint i = 0; i < story->accounts->len; i++)
    {
      const KobanStoryAccount *account = g_ptr_array_index (story->accounts, i);
      g_ptr_array_add (self->accounts, g_str_equal (account->bank, bank) ? books_new (account) : NULL);
    }
  return self;
}

void
koban_story_bank_free (KobanStoryBank *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->accounts);
  g_free (self);
}

/* --- walking past events ------------------------------------------------------------------ */

static gboolean
find_link (Books *self, const char *remote_id, guint *index)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      const KobanLink *link = g_ptr_array_index (self->links, i);
      if (g_strcmp0 (link->remote_id, remote_id) == 0)
        {
          *index = i;
          return TRUE;
        }
    }
  return FALSE;
}

static void
walk_link (Books *self, const KobanStoryEvent *event)
{
  guint index;

  if (!find_link (self, event->id, &index))
    {
      g_ptr_array_add (self->links, koban_link_ref (event->link));
      return;
    }
  koban_link_unref (self->links->pdata[index]);
  self->links->pdata[index] = koban_link_ref (event->link);
}

static void
walk_unlink (Books *self, const KobanStoryEvent *event)
{
  guint index;

  if (find_link (self, event->id, &index))
    g_ptr_array_remove_index (self->links, index);
}

/* A line that was settled or taken back before anybody asked was never seen. */
static void
drop_untold (Books *self, const char *id)
{
  if (id == NULL || !g_hash_table_remove (self->untold, id))
    return;
  for (guint i = self->news->len; i-- > 0;)
    {
      const KobanTransaction *line = g_ptr_array_index (self->news, i);
      if (g_strcmp0 (line->bank_id, id) == 0)
        g_ptr_array_remove_index (self->news, i);
    }
}

static void
count_in_balance (Books *self, const KobanTransaction *line, int sign)
{
  if (self->story->tells_balance || !self->has_booked)
    return;
  if (koban_money_add (self->balance, (KobanMoney){ sign * line->amount.minor, line->amount.currency },
                       &self->balance))
    self->balance_is_news = TRUE;
}

static void
walk_line (Books *self, const KobanStoryEvent *event)
{
  KobanTransaction *line = event->line;

  drop_untold (self, line->pending_id);
  if (line->bank_id != NULL && g_strcmp0 (line->bank_id, line->pending_id) != 0 &&
      !g_hash_table_contains (self->booked, line->bank_id))
    drop_untold (self, line->bank_id);
  g_ptr_array_add (self->news, koban_transaction_ref (line));
  if (line->bank_id != NULL)
    g_hash_table_add (self->untold, g_strdup (line->bank_id));
  self->sees_time |= line->time_us != 0;
  if (line->state != KOBAN_TRANSACTION_BOOKED)
    return;
  if (self->account == NULL && self->story->tells_balance)
    self->balance_is_news =
      FALSE; /* what was told before the last line of the history is no balance of today */
  if (line->bank_id == NULL || !g_hash_table_contains (self->booked, line->bank_id))
    count_in_balance (self, line, +1);
  if (line->bank_id != NULL)
    g_hash_table_replace (self->booked, g_strdup (line->bank_id), koban_transaction_ref (line));
}

static void
walk_cancelled (Books *self, const KobanStoryEvent *event)
{
  const KobanTransaction *told = g_hash_table_lookup (self->told, event->id);
  const KobanTransaction *booked = g_hash_table_lookup (self->booked, event->id);

  drop_untold (self, event->id);
  if (booked != NULL)
    {
      count_in_balance (self, booked, -1);
      g_hash_table_remove (self->booked, event->id);
    }
  if (told == NULL)
    return;
  KobanTransaction fields = *told;
  fields.state = KOBAN_TRANSACTION_WITHDRAWN;
  g_ptr_array_add (self->news, koban_transaction_new (&fields));
}

static void
walk_balance (Books *self, const KobanStoryEvent *event)
{
  self->has_booked = event->has_booked;
  self->balance = event->booked;
  self->has_available = event->has_available;
  self->available = event->available;
  self->balance_is_news = TRUE;
}

static void
walk_outage (Books *self, const KobanStoryEvent *event)
{
  for (guint i = 0; i < N_OUT; i++)
    if (event->outage & (1u << i))
      self->outage_us[i] = MAX (self->outage_us[i], event->until_us);
}

static void
walk (Books *self, const KobanStoryEvent *event)
{
  static void (*const STEPS[]) (Books *, const KobanStoryEvent *) = {
    [KOBAN_STORY_LINK] = walk_link,       [KOBAN_STORY_UNLINK] = walk_unlink,
    [KOBAN_STORY_LINE] = walk_line,       [KOBAN_STORY_CANCELLED] = walk_cancelled,
    [KOBAN_STORY_BALANCE] = walk_balance, [KOBAN_STORY_OUTAGE] = walk_outage,
  };

  if (event->kind != KOBAN_STORY_ANSWER)
    STEPS[event->kind](self, event);
}

/* What an event makes worth hearing. A balance is judged by the lines that were listed with it. */
static guint
stirs (const KobanStoryEvent *event)
{
  static const guint STIRS[] = {
    [KOBAN_STORY_LINK] = KOBAN_STORY_NO_LINKS,
    [KOBAN_STORY_UNLINK] = KOBAN_STORY_NO_LINKS,
    [KOBAN_STORY_LINE] = KOBAN_STORY_NO_TRANSACTIONS,
    [KOBAN_STORY_CANCELLED] = KOBAN_STORY_NO_TRANSACTIONS,
    [KOBAN_STORY_BALANCE] = KOBAN_STORY_NO_TRANSACTIONS,
    [KOBAN_STORY_OUTAGE] = KOBAN_STORY_NO_LINKS | KOBAN_STORY_NO_TRANSACTIONS,
    [KOBAN_STORY_ANSWER] = 0,
  };

  return STIRS[event->kind];
}

static gboolean
concerns (const KobanStoryBank *self, const KobanStoryEvent *event, guint account)
{
  return event->kind != KOBAN_STORY_ANSWER && g_ptr_array_index (self->accounts, account) != NULL &&
         (event->account == account || event->account == KOBAN_STORY_ANY_ACCOUNT);
}

static gboolean
concerns_any (const KobanStoryBank *self, const KobanStoryEvent *event)
{
  for (guint i = 0; i < self->accounts->len; i++)
    if (concerns (self, event, i))
      return TRUE;
  return FALSE;
}

static void
walk_to (KobanStoryBank *self, gint64 now_us)
{
  GPtrArray *events = self->story->events;

  for (; self->next < events->len; self->next++)
    {
      const KobanStoryEvent *event = g_ptr_array_index (events, self->next);
      if (event->at_us > now_us)
        break;
      for (guint i = 0; i < self->accounts->len; i++)
        if (concerns (self, event, i))
          {
            Books *books = g_ptr_array_index (self->accounts, i);
            walk (books, event);
            books->stir |= stirs (event);
            if (event->kind == KOBAN_STORY_LINK || event->kind == KOBAN_STORY_UNLINK)
              books->links_settled = 0;
          }
    }
}

/* Marks what will be news by @next_us: when it was not yet so is news too. */
static void
look_ahead (KobanStoryBank *self, gint64 next_us)
{
  GPtrArray *events = self->story->events;

  for (guint next = self->next; next < events->len; next++)
    {
      const KobanStoryEvent *event = g_ptr_array_index (events, next);
      if (event->at_us > next_us)
        break;
      for (guint i = 0; i < self->accounts->len; i++)
        if (concerns (self, event, i))
          ((Books *) g_ptr_array_index (self->accounts, i))->stir |= stirs (event);
    }
}

/* --- answering ---------------------------------------------------------------------------- */

static KobanSnapshot *
failed (Books *self, KobanListing listing, gint64 now_us)
{
  g_autoptr(GError) error =
    g_error_new_literal (KOBAN_ERROR, KOBAN_ERROR_OFFLINE, _("the bank of the story does not answer"));

  return koban_snapshot_new (&(KobanSnapshot){ .account = self->account,
                                               .listing = listing,
                                               .reach = KOBAN_REACH_FAILED,
                                               .heard_us = now_us,
                                               .from_us = now_us,
                                               .to_us = now_us,
                                               .error = error });
}

static gboolean
is_out (const Books *self, guint what, gint64 now_us)
{
  return now_us < self->outage_us[what];
}

static void
describe (Books *self)
{
  const KobanStoryAccount *story = self->story;
  g_autofree char *identity = g_strdup_printf ("number:%s:%s", story->id, story->currency.code);

  g_clear_pointer (&self->account, koban_account_unref);
  self->account = koban_account_new (&(KobanAccount){
    .identity = identity,
    .remote_id = story->id,
    .name = story->name,
    .currency = story->currency,
    .sees_links = story->lists_links ? KOBAN_SEES_NATIVE : KOBAN_SEES_DERIVED,
    .sees_pending = story->lists_pending,
    .sees_time = self->sees_time,
  });
}

static KobanSnapshot *
tell_accounts (KobanStoryBank *self, gint64 now_us)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);

  for (guint i = 0; i < self->accounts->len; i++)
    {
      Books *books = g_ptr_array_index (self->accounts, i);
      if (books == NULL)
        continue;
      describe (books);
      g_ptr_array_add (rows, koban_account_ref (books->account));
    }
  return koban_snapshot_new (&(KobanSnapshot){ .listing = KOBAN_LISTING_ACCOUNTS,
                                               .reach = KOBAN_REACH_WHOLE,
                                               .heard_us = now_us,
                                               .from_us = now_us,
                                               .to_us = now_us,
                                               .rows = rows });
}

static gboolean
accounts_are_news (const KobanStoryBank *self)
{
  for (guint i = 0; i < self->accounts->len; i++)
    {
      const Books *books = g_ptr_array_index (self->accounts, i);
      if (books != NULL && (books->account == NULL || books->account->sees_time != books->sees_time))
        return TRUE;
    }
  return FALSE;
}

static KobanSnapshot *
tell_links (Books *self, gint64 now_us)
{
  if (is_out (self, OUT_LINKS, now_us))
    return failed (self, KOBAN_LISTING_LINKS, now_us);

  g_autoptr(GPtrArray) rows = g_ptr_array_copy (self->links, (GCopyFunc) koban_link_ref, NULL);
  g_ptr_array_set_free_func (rows, (GDestroyNotify) koban_link_unref);
  return koban_snapshot_new (&(KobanSnapshot){ .account = self->account,
                                               .listing = KOBAN_LISTING_LINKS,
                                               .reach = KOBAN_REACH_WHOLE,
                                               .heard_us = now_us,
                                               .from_us = now_us,
                                               .to_us = now_us,
                                               .rows = rows });
}

static KobanSnapshot *
tell_balance (Books *self, gint64 now_us)
{
  if (is_out (self, OUT_BALANCE, now_us))
    return failed (self, KOBAN_LISTING_BALANCE, now_us);

  self->balance_is_news = FALSE;
  return koban_snapshot_new (&(KobanSnapshot){ .account = self->account,
                                               .listing = KOBAN_LISTING_BALANCE,
                                               .reach = KOBAN_REACH_WHOLE,
                                               .heard_us = now_us,
                                               .from_us = now_us,
                                               .to_us = now_us,
                                               .has_booked = self->has_booked,
                                               .booked = self->balance,
                                               .has_available = self->has_available,
                                               .available = self->available });
}

static gint64
midnight_us (KobanDate date, int utc_offset_minutes)
{
  return date * KOBAN_DAY_US - utc_offset_minutes * KOBAN_MINUTE_US;
}

/* Where the story's history begins: its first event, or the first day that a line of it names. */
static gint64
history_start_us (const KobanStory *story, GPtrArray *lines, gint64 now_us)
{
  gint64 start_us = now_us;

  if (story->events->len > 0)
    start_us = MIN (start_us, ((const KobanStoryEvent *) g_ptr_array_index (story->events, 0))->at_us);
  for (guint i = 0; i < lines->len; i++)
    {
      const KobanTransaction *line = g_ptr_array_index (lines, i);
      if (line->date != KOBAN_NO_DATE)
        start_us = MIN (start_us, midnight_us (line->date, story->utc_offset_minutes));
    }
  return start_us;
}

static void
remember_told (Books *self)
{
  for (guint i = 0; i < self->news->len; i++)
    {
      KobanTransaction *line = g_ptr_array_index (self->news, i);
      if (line->bank_id != NULL)
        g_hash_table_replace (self->told, g_strdup (line->bank_id), koban_transaction_ref (line));
    }
}

static KobanSnapshot *
tell_transactions (Books *self, const KobanStory *story, gint64 now_us)
{
  if (is_out (self, OUT_TRANSACTIONS, now_us))
    return failed (self, KOBAN_LISTING_TRANSACTIONS, now_us);

  gboolean whole = self->covered_us == 0;
  KobanSnapshot fields = { .account = self->account,
                           .listing = KOBAN_LISTING_TRANSACTIONS,
                           .reach = whole ? KOBAN_REACH_WHOLE : KOBAN_REACH_CHANGES,
                           .heard_us = now_us,
                           .from_us = whole ? history_start_us (story, self->news, now_us) : self->covered_us,
                           .to_us = now_us,
                           .rows = self->news };
  KobanSnapshot *snapshot = koban_snapshot_new (&fields);
  remember_told (self);
  g_ptr_array_unref (self->news);
  self->news = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  g_hash_table_remove_all (self->untold);
  self->covered_us = now_us;
  return snapshot;
}

static gboolean
had_outage (const Books *self)
{
  for (guint i = 0; i < N_OUT; i++)
    if (self->outage_us[i] != 0)
      return TRUE;
  return FALSE;
}

static void
tell (KobanStoryBank *self, Books *books, gboolean whole, gint64 now_us, GPtrArray *snapshots)
{
  whole |= books->covered_us == 0 || had_outage (books);
  if (books->story->lists_links &&
      (whole || (books->stir & KOBAN_STORY_NO_LINKS) || books->links_settled < LINKS_SETTLED))
    {
      g_ptr_array_add (snapshots, tell_links (books, now_us));
      if (!is_out (books, OUT_LINKS, now_us))
        books->links_settled = MIN (books->links_settled + 1, LINKS_SETTLED);
    }
  if (books->balance_is_news || is_out (books, OUT_BALANCE, now_us))
    g_ptr_array_add (snapshots, tell_balance (books, now_us));
  if (whole || (books->stir & KOBAN_STORY_NO_TRANSACTIONS))
    g_ptr_array_add (snapshots, tell_transactions (books, self->story, now_us));
  books->stir = 0;
}

GPtrArray *
koban_story_bank_ask (KobanStoryBank *self, gint64 now_us, gint64 next_us)
{
  GPtrArray *snapshots = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);

  walk_to (self, now_us);
  look_ahead (self, next_us);
  self->now_us = now_us;
  if (accounts_are_news (self))
    g_ptr_array_add (snapshots, tell_accounts (self, now_us));
  for (guint i = 0; i < self->accounts->len; i++)
    {
      Books *books = g_ptr_array_index (self->accounts, i);
      if (books != NULL)
        tell (self, books, next_us == 0, now_us, snapshots);
    }
  return snapshots;
}

static gint64
sooner (gint64 a_us, gint64 b_us)
{
  return a_us == 0 || (b_us != 0 && b_us < a_us) ? b_us : a_us;
}

static gint64
next_outage_end_us (const KobanStoryBank *self)
{
  gint64 next_us = 0;

  for (guint i = 0; i < self->accounts->len; i++)
    {
      const Books *books = g_ptr_array_index (self->accounts, i);
      for (guint what = 0; books != NULL && what < N_OUT; what++)
        if (books->outage_us[what] > self->now_us)
          next_us = sooner (next_us, books->outage_us[what]);
    }
  return next_us;
}

gint64
koban_story_bank_get_next_us (const KobanStoryBank *self)
{
  gint64 next_us = next_outage_end_us (self);

  for (guint i = self->next; i < self->story->events->len; i++)
    {
      const KobanStoryEvent *event = g_ptr_array_index (self->story->events, i);
      if (concerns_any (self, event))
        return sooner (next_us, event->at_us);
    }
  return next_us;
}

gboolean
koban_story_bank_is_settling (const KobanStoryBank *self)
{
  for (guint i = 0; i < self->accounts->len; i++)
    {
      const Books *books = g_ptr_array_index (self->accounts, i);
      if (books != NULL && books->story->lists_links && books->links_settled < LINKS_SETTLED)
        return TRUE;
    }
  return FALSE;
}
