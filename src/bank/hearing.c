/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a session has heard. An answer that failed, broke off or was doubted never becomes a whole listing,
 * and nothing is told of an account before the accounts are.
 */
#include "config.h"

#include "bank/hearing.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/gathering.h"
#include "bank/mapping.h"
#include "bank/row.h"
#include "bank/troubles.h"

#define LONGEST_CURSOR 4096

KobanHearing *
koban_hearing_new (KobanProfile *profile, GHashTable *covered_to, gint64 now_us)
{
  KobanHearing *self = g_new0 (KobanHearing, 1);

  self->profile = profile;
  self->covered_to = covered_to;
  self->now_us = now_us;
  self->found = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);
  self->accounts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_account_unref);
  self->holders = g_ptr_array_new_with_free_func (g_free);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->taken_back = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->gathered = koban_gathering_new ();
  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  self->messages = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (self->messages, NULL);
  self->accounts_whole = TRUE;
  return self;
}

void
koban_hearing_free (KobanHearing *self)
{
  g_ptr_array_unref (self->found);
  g_ptr_array_unref (self->accounts);
  g_ptr_array_unref (self->holders);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->taken_back);
  g_free (self->changes_of);
  g_free (self->cursor);
  g_ptr_array_unref (self->gathered);
  g_ptr_array_unref (self->told);
  g_ptr_array_unref (self->messages);
  g_clear_error (&self->accounts_error);
  g_free (self);
}

gint64
koban_hearing_get_start (KobanHearing *self)
{
  gint64 start_us = self->now_us - (gint64) self->profile->history_days * KOBAN_DAY_US;
  return start_us - start_us % KOBAN_DAY_US;
}

gboolean
koban_hearing_is_covered (KobanHearing *self, const KobanAccount *account)
{
  return g_hash_table_contains (self->covered_to, account->identity);
}

static gboolean
knows_any (KobanHearing *self)
{
  return g_hash_table_size (self->covered_to) > 0;
}

static KobanMapContext
context_of (KobanHearing *self, KobanAccount *account)
{
  return (KobanMapContext){ .account = account, .provider = self->profile->id, .names = self->names };
}

/* — snapshots — */

static KobanSnapshot
blank_snapshot (KobanHearing *self, KobanListing listing, KobanAccount *account)
{
  return (KobanSnapshot){ .account = account,
                          .listing = listing,
                          .reach = KOBAN_REACH_WHOLE,
                          .heard_us = self->now_us,
                          .from_us = self->now_us,
                          .to_us = self->now_us };
}

static void
tell (KobanHearing *self, const KobanSnapshot *fields)
{
  g_ptr_array_add (self->told, koban_snapshot_new (fields));
}

static void
tell_failed (KobanHearing *self, KobanListing listing, KobanAccount *account, const GError *error)
{
  KobanSnapshot fields = blank_snapshot (self, listing, account);

  fields.reach = KOBAN_REACH_FAILED;
  fields.error = (GError *) error;
  tell (self, &fields);
}

/* — accounts — */

static gboolean
is_among (GPtrArray *accounts, guint n_accounts, const KobanAccount *account)
{
  for (guint i = 0; i < n_accounts; i++)
    if (g_str_equal (((KobanAccount *) accounts->pdata[i])->identity, account->identity))
      return TRUE;
  return FALSE;
}

/* The same account listed twice is one. */
static void
add_account (GPtrArray *accounts, KobanAccount *account)
{
  if (*account->identity == '\0' || !is_among (accounts, accounts->len, account))
    g_ptr_array_add (accounts, koban_account_ref (account));
}

static void
doubt_accounts (KobanHearing *self, const GError *error)
{
  if (self->accounts_error == NULL && error != NULL)
    self->accounts_error = g_error_copy (error);
}

void
koban_hearing_announce (KobanHearing *self)
{
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_ACCOUNTS, NULL);
  g_autoptr(GPtrArray) before = g_steal_pointer (&self->told);
  gboolean is_whole = self->accounts_whole && self->accounts_error == NULL;

  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  if (koban_profile_find_request (self->profile, KOBAN_GIVES_IDENTITY) == NULL)
    for (guint i = 0; i < self->found->len; i++)
      add_account (self->accounts, self->found->pdata[i]);
  fields.reach = is_whole ? KOBAN_REACH_WHOLE : KOBAN_REACH_CHANGES;
  fields.rows = self->accounts;
  if (self->accounts->len > 0 || is_whole)
    tell (self, &fields);
  if (self->accounts_error != NULL)
    tell_failed (self, KOBAN_LISTING_ACCOUNTS, NULL, self->accounts_error);
  g_ptr_array_extend_and_steal (self->told, g_steal_pointer (&before));
}

static void
take_identity (KobanHearing *self, const KobanListingRule *rule, KobanJsonNode root, KobanAccount *account)
{
  const KobanMapContext with = context_of (self, account);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanAccount) identified = koban_map_identity (rule, root, &with, &error);

  if (identified != NULL)
    add_account (self->accounts, identified);
  doubt_accounts (self, error);
}

/* — of one account — */

typedef struct
{
  KobanStep *step;
  KobanJsonNode root;
  GArray *troubles;
} Answer;

static void
take_balance (KobanHearing *self,
              const KobanListingRule *rule,
              KobanJsonNode base,
              KobanAccount *account,
              const GError *trouble)
{
  const KobanMapContext with = context_of (self, account);
  g_autoptr(GError) error = NULL;
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_BALANCE, account);

  if (trouble == NULL && koban_map_balance (rule, base, &with, &fields, &error))
    tell (self, &fields);
  else
    tell_failed (self, KOBAN_LISTING_BALANCE, account, trouble != NULL ? trouble : error);
}

static void
take_lines (KobanHearing *self,
            const KobanStep *step,
            const KobanListingRule *rule,
            KobanJsonNode base,
            KobanAccount *account,
            GArray *troubles)
{
  const KobanMapContext with = context_of (self, account);
  g_autoptr(GError) trouble = koban_troubles_find (troubles, account);
  g_autoptr(GError) doubt = koban_troubles_find_doubt (troubles, account);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines = NULL;

  if (trouble == NULL && rule->optional && !koban_json_exists (koban_json_at (base, rule->rows)))
    lines = g_ptr_array_new ();
  else if (trouble == NULL)
    lines = koban_map_transactions (rule, base, &with, &error);
  koban_gathering_take_lines (self->gathered, step, account, lines, trouble != NULL ? trouble : error, doubt);
}

/* Balance and lines of one account, which stand in @base. */
static void
take_account (KobanHearing *self, const Answer *answer, KobanJsonNode base, KobanAccount *account)
{
  const KobanStep *step = answer->step;
  g_autoptr(GError) trouble = koban_troubles_find (answer->troubles, account);

  for (guint i = 0; i < step->request->listings->len; i++)
    {
      const KobanListingRule *rule = step->request->listings->pdata[i];
      if (rule->gives == KOBAN_GIVES_BALANCE && step->newest)
        take_balance (self, rule, base, account, trouble);
      if (rule->gives == KOBAN_GIVES_TRANSACTIONS)
        take_lines (self, step, rule, base, account, answer->troubles);
    }
}

/* — of the connection — */

static void
take_links (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  KobanAccount *account = answer->step->account;
  KobanMapContext with = context_of (self, account);
  g_autoptr(GError) why = NULL;

  with.holder = answer->step->holder;
  KobanRevocation revocation = koban_profile_get_revocation (self->profile, rule->link_kind, NULL);

  if (!answer->step->newest ||
      (rule->optional && !koban_json_exists (koban_json_at (answer->root, rule->rows))))
    return;
  g_autoptr(GPtrArray) links = koban_map_links (rule, answer->root, &with, revocation, &why);
  koban_gathering_take_links (self->gathered, account, rule->link_kind, links, why);
}

/* A secret that can do more than watch is worth more to a thief than it is to us. */
static void
take_scopes (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  g_autoptr(GError) why = NULL;
  g_autoptr(GPtrArray) excess = koban_map_excess (rule, answer->root, &why);

  if (excess == NULL)
    g_message ("What the key of %s can do could not be read: %s", self->profile->id, why->message);
  if (excess == NULL || excess->len == 0)
    return;
  g_ptr_array_add (excess, NULL);
  g_autofree char *names = g_strjoinv (", ", (char **) excess->pdata);
  g_autofree char *clean = koban_text_clean (names, 160);
  g_autofree char *sentence = g_strdup_printf (
    _("this key can do more than watch (%s): make one without that power, and connect again"), clean);
  koban_troubles_note (self->messages, sentence);
}

static void
take_holders (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  g_autoptr(GPtrArray) ids = koban_map_ids (rule, answer->root, error);

  for (guint i = 0; ids != NULL && i < ids->len; i++)
    g_ptr_array_add (self->holders, g_strdup (ids->pdata[i]));
}

static void
take_removed (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  g_autoptr(GPtrArray) ids = koban_map_ids (rule, answer->root, error);

  if (ids != NULL)
    koban_gathering_remove (self->gathered, ids);
  for (guint i = 0; ids != NULL && answer->step->continued && i < ids->len; i++)
    g_hash_table_add (self->taken_back, g_strdup (ids->pdata[i]));
}

/* Without the names, a link bears its id: no reason to lose it. */
static void
take_names (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  g_autoptr(GError) why = NULL;

  if (!koban_map_names (rule, answer->root, self->names, &why))
    g_message ("The names of %s could not be read: %s", self->profile->id, why->message);
}

static void (*const takers[]) (KobanHearing *self,
                               const Answer *answer,
                               const KobanListingRule *rule,
                               GError **error) = {
  [KOBAN_GIVES_HOLDERS] = take_holders, [KOBAN_GIVES_LINKS] = take_links,
  [KOBAN_GIVES_REMOVED] = take_removed, [KOBAN_GIVES_NAMES] = take_names,
  [KOBAN_GIVES_SCOPES] = take_scopes,
};

static gboolean
take_connection (KobanHearing *self, const Answer *answer, GError **error)
{
  g_autoptr(GError) why = NULL;

  for (guint i = 0; i < answer->step->request->listings->len && why == NULL; i++)
    {
      const KobanListingRule *rule = answer->step->request->listings->pdata[i];
      if (takers[rule->gives] != NULL)
        takers[rule->gives](self, answer, rule, &why);
    }
  if (why == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&why));
  return FALSE;
}

/* — the answer — */

/* The first windows reach back only to what is covered; an account that is new has all its history to tell.
 */
static void
widen_for_news (KobanHearing *self, KobanStep *step, GPtrArray *accounts)
{
  for (guint i = 0; i < accounts->len && step->request->paging.days > 0; i++)
    if (!koban_hearing_is_covered (self, accounts->pdata[i]) && koban_map_can_count (accounts->pdata[i]))
      step->since_us = koban_hearing_get_start (self);
}

static void
take_doubts (KobanHearing *self, GArray *troubles)
{
  g_autoptr(GError) doubt = koban_troubles_find_doubt (troubles, NULL);

  self->accounts_whole = self->accounts_whole && troubles->len == 0;
  doubt_accounts (self, doubt);
}

/* The answer that lists the accounts, and whatever else stands in its rows. */
static gboolean
take_entry (KobanHearing *self, const Answer *answer, const KobanListingRule *rule, GError **error)
{
  KobanStep *step = answer->step;
  g_autoptr(GArray) rows = g_array_new (FALSE, FALSE, sizeof (KobanJsonNode));
  KobanMapContext with = context_of (self, NULL);

  with.holder = step->holder;
  with.fallback_name = self->profile->name;
  with.rows = rows;
  g_autoptr(GPtrArray) accounts = koban_map_accounts (rule, answer->root, &with, error);

  if (accounts == NULL)
    return FALSE;
  if (step->newest)
    {
      take_doubts (self, answer->troubles);
      for (guint i = 0; i < accounts->len; i++)
        add_account (self->found, accounts->pdata[i]);
      widen_for_news (self, step, accounts);
    }
  for (guint i = 0; i < accounts->len; i++)
    if (!is_among (accounts, i, accounts->pdata[i]))
      take_account (self, answer, g_array_index (rows, KobanJsonNode, i), accounts->pdata[i]);
  return TRUE;
}

/* What the rows themselves say is this account's. */
static void
take_shared (KobanHearing *self, const Answer *answer)
{
  for (guint i = 0; i < self->accounts->len; i++)
    take_account (self, answer, answer->root, self->accounts->pdata[i]);
}

gboolean
koban_hearing_take (KobanHearing *self, KobanStep *step, KobanJsonNode root, GError **error)
{
  g_autoptr(GArray) troubles = koban_troubles_read (step->request, root, self->messages);
  const Answer answer = { step, root, troubles };
  KobanListingRule *accounts = koban_request_find_listing (step->request, KOBAN_GIVES_ACCOUNTS);
  KobanListingRule *identity = koban_request_find_listing (step->request, KOBAN_GIVES_IDENTITY);

  self->continued |= step->continued;
  if (accounts != NULL && !take_entry (self, &answer, accounts, error))
    return FALSE;
  if (!take_connection (self, &answer, error))
    return FALSE;
  if (identity != NULL)
    take_identity (self, identity, root, step->account);
  else if (step->account != NULL)
    take_account (self, &answer, root, step->account);
  else if (accounts == NULL)
    take_shared (self, &answer);
  return TRUE;
}

/* Only of links that are asked about by their own address: an empty list of anything else is never believed.
 */
gboolean
koban_hearing_take_none (KobanHearing *self, const KobanStep *step)
{
  for (guint i = 0; i < step->request->listings->len; i++)
    {
      const KobanListingRule *rule = step->request->listings->pdata[i];
      if (rule->gives != KOBAN_GIVES_LINKS || !rule->single)
        return FALSE;
    }
  for (guint i = 0; i < step->request->listings->len; i++)
    {
      const KobanListingRule *rule = step->request->listings->pdata[i];
      g_autoptr(GPtrArray) none = g_ptr_array_new ();
      koban_gathering_take_links (self->gathered, step->account, rule->link_kind, none, NULL);
    }
  return TRUE;
}

/* — what was not heard — */

static void
fail_lines (KobanHearing *self, const KobanStep *step, const GError *error)
{
  if (step->account != NULL)
    {
      koban_gathering_take_lines (self->gathered, step, step->account, NULL, error, NULL);
      return;
    }
  GPtrArray *accounts = self->accounts->len > 0 ? self->accounts : self->found;
  for (guint i = 0; i < accounts->len; i++)
    koban_gathering_take_lines (self->gathered, step, accounts->pdata[i], NULL, error, NULL);
}

static void
fail_listing (KobanHearing *self, const KobanStep *step, const KobanListingRule *rule, const GError *error)
{
  switch (rule->gives)
    {
    case KOBAN_GIVES_HOLDERS:
    case KOBAN_GIVES_ACCOUNTS:
    case KOBAN_GIVES_IDENTITY:
      doubt_accounts (self, step->newest ? error : NULL);
      break;
    case KOBAN_GIVES_LINKS:
      if (step->newest)
        koban_gathering_take_links (self->gathered, step->account, rule->link_kind, NULL, error);
      break;
    case KOBAN_GIVES_BALANCE:
      if (step->newest && step->account != NULL)
        tell_failed (self, KOBAN_LISTING_BALANCE, step->account, error);
      break;
    case KOBAN_GIVES_TRANSACTIONS:
      fail_lines (self, step, error);
      break;
    case KOBAN_GIVES_REMOVED:
    case KOBAN_GIVES_NAMES:
    case KOBAN_GIVES_SCOPES:
    default:
      break;
    }
}

static void
mark_changes (KobanHearing *self, const KobanStep *step, const char *cursor)
{
  g_free (self->changes_of);
  g_free (self->cursor);
  self->changes_of = g_strdup (step->request->path);
  self->cursor = g_strdup (cursor);
}

void
koban_hearing_keep_cursor (KobanHearing *self, const KobanStep *step, KobanJsonNode root)
{
  const char *cursor = koban_map_text (root, step->request->paging.next);

  if (cursor != NULL && *cursor != '\0' && strlen (cursor) <= LONGEST_CURSOR)
    mark_changes (self, step, cursor);
}

void
koban_hearing_fail (KobanHearing *self, const KobanStep *step, const GError *error)
{
  /* Maybe it is the cursor that the bank refuses. */
  if (step->continued && step->page == 0 &&
      (koban_error_is (error, KOBAN_ERROR_FAILED) || koban_error_is (error, KOBAN_ERROR_INVALID)))
    mark_changes (self, step, NULL);
  for (guint i = 0; i < step->request->listings->len; i++)
    fail_listing (self, step, step->request->listings->pdata[i], error);
}

void
koban_hearing_doubt_repeats (KobanHearing *self, const KobanStep *step)
{
  koban_gathering_doubt_repeats (self->gathered, step);
}

/* — what was heard in whole — */

static void
tell_lines (KobanHearing *self, const KobanGathered *gathered, KobanReach reach)
{
  const gboolean is_covered = koban_hearing_is_covered (self, gathered->account);
  const gboolean heard_some = gathered->from_us < self->now_us && !is_covered;
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_TRANSACTIONS, gathered->account);

  /* An older window that failed shortens a first listing; later it would leave a hole behind what is covered.
   * A first listing with a hole in it is none: what is missing would later look new. */
  if ((gathered->error != NULL && !heard_some) || (gathered->broken && !is_covered))
    {
      tell_failed (self, KOBAN_LISTING_TRANSACTIONS, gathered->account,
                   gathered->error != NULL ? gathered->error : gathered->doubt);
      return;
    }
  fields.reach = is_covered ? reach : KOBAN_REACH_WHOLE;
  fields.from_us = gathered->from_us;
  fields.rows = gathered->rows;
  if (gathered->doubt == NULL)
    {
      tell (self, &fields);
      return;
    }
  /* What is heard in doubt is judged, and covers no time: it is all asked for again. The first is still what
   * news is told from. */
  fields.to_us = fields.from_us;
  if (is_covered)
    fields.reach = KOBAN_REACH_CHANGES;
  tell (self, &fields);
  tell_failed (self, KOBAN_LISTING_TRANSACTIONS, gathered->account, gathered->doubt);
}

/* A kind of which a request failed is not heard, and the others are: what news of them is told from, and what
 * is missed. Where the accounts are in doubt no link is missed; but what was first heard so is still what
 * news is told from. */
static void
tell_links (KobanHearing *self, const KobanGathered *gathered)
{
  const gboolean in_doubt = gathered->account == NULL && self->accounts_error != NULL;
  KobanSnapshot fields = blank_snapshot (self, KOBAN_LISTING_LINKS, gathered->account);

  fields.reach = in_doubt && knows_any (self) ? KOBAN_REACH_CHANGES : KOBAN_REACH_WHOLE;
  fields.rows = gathered->rows;
  fields.unheard = gathered->unheard;
  if (gathered->heard != 0)
    tell (self, &fields);
  if (gathered->error != NULL)
    tell_failed (self, KOBAN_LISTING_LINKS, gathered->account, gathered->error);
}

/* The reach of a later listing of lines, as its rule says; a list of changes that began anew holds them all.
 */
static KobanReach
reach_of_lines (KobanHearing *self)
{
  KobanRequestRule *request = koban_profile_find_request (self->profile, KOBAN_GIVES_TRANSACTIONS);

  if (request->paging.kept && !self->continued)
    return KOBAN_REACH_WHOLE;
  return koban_request_find_listing (request, KOBAN_GIVES_TRANSACTIONS)->reach;
}

/* What an earlier check heard, and the bank takes back now: nothing is known of it but its id. */
static void
take_back (KobanHearing *self, const KobanGathered *gathered)
{
  GHashTableIter iter;
  gpointer id;

  for (guint i = 0; i < gathered->rows->len; i++)
    {
      const char *told = ((KobanTransaction *) gathered->rows->pdata[i])->bank_id;
      if (told != NULL)
        g_hash_table_remove (self->taken_back, told);
    }
  g_hash_table_iter_init (&iter, self->taken_back);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_ptr_array_add (gathered->rows,
                     koban_transaction_new (&(KobanTransaction){ .bank_id = id,
                                                                 .state = KOBAN_TRANSACTION_WITHDRAWN,
                                                                 .amount = { 0, gathered->account->currency },
                                                                 .date = KOBAN_NO_DATE,
                                                                 .text = "" }));
}

static gboolean
will_add (const KobanStep *step, const KobanGathered *gathered)
{
  if (step->kind != KOBAN_STEP_LIST || koban_request_find_listing (step->request, gathered->gives) == NULL)
    return FALSE;
  if (gathered->gives == KOBAN_GIVES_TRANSACTIONS && step->account == NULL)
    return TRUE;
  if (step->account == NULL || gathered->account == NULL)
    return step->account == gathered->account;
  return g_str_equal (step->account->identity, gathered->account->identity);
}

static gboolean
is_awaited (GQueue *steps, const KobanGathered *gathered)
{
  for (GList *link = steps->head; link != NULL; link = link->next)
    if (will_add (link->data, gathered))
      return TRUE;
  return FALSE;
}

/* Of what cannot be counted nothing is ever heard. */
static gboolean
is_doubtful (const KobanGathered *gathered)
{
  return gathered->doubt != NULL ||
         (gathered->error != NULL && !koban_error_is (gathered->error, KOBAN_ERROR_UNSUPPORTED));
}

/* How far a list of changes was read goes with the last of the lines that it brought: a kill before that
 * brings them all again. Where any is in doubt, it stays where it was. */
static void
tell_cursor (KobanHearing *self, gboolean doubtful)
{
  g_autofree char *changes_of = g_steal_pointer (&self->changes_of);
  g_autofree char *cursor = g_steal_pointer (&self->cursor);

  if (changes_of == NULL || self->told->len == 0 || (cursor != NULL && doubtful))
    return;
  g_autoptr(KobanSnapshot) last = koban_snapshot_ref (self->told->pdata[self->told->len - 1]);
  KobanSnapshot fields = *last;
  fields.changes_of = changes_of;
  fields.cursor = cursor;
  g_ptr_array_remove_index (self->told, self->told->len - 1);
  tell (self, &fields);
}

void
koban_hearing_settle (KobanHearing *self, GQueue *steps)
{
  gboolean doubtful = FALSE;

  for (guint i = 0; i < self->gathered->len;)
    {
      const KobanGathered *gathered = self->gathered->pdata[i];
      if (is_awaited (steps, gathered))
        {
          i++;
          continue;
        }
      if (gathered->gives == KOBAN_GIVES_LINKS)
        tell_links (self, gathered);
      else
        {
          doubtful |= is_doubtful (gathered);
          take_back (self, gathered);
          tell_lines (self, gathered, reach_of_lines (self));
        }
      g_ptr_array_remove_index (self->gathered, i);
    }
  tell_cursor (self, doubtful);
}

GPtrArray *
koban_hearing_hand_over (KobanHearing *self)
{
  GPtrArray *told = g_steal_pointer (&self->told);

  self->told = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_snapshot_unref);
  return told;
}
