/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Parts put together. From the first window that fails on, nothing older of that account is taken, so that
 * what was gathered is one unbroken span up to now; where a part inside that span is missing, it is marked
 * broken.
 */
#include "config.h"

#include "bank/gathering.h"

static void
gathered_free (gpointer data)
{
  KobanGathered *gathered = data;
  g_clear_pointer (&gathered->account, koban_account_unref);
  g_ptr_array_unref (gathered->rows);
  g_array_unref (gathered->pages);
  g_clear_error (&gathered->error);
  g_clear_error (&gathered->doubt);
  g_free (gathered);
}

GPtrArray *
koban_gathering_new (void)
{
  return g_ptr_array_new_with_free_func (gathered_free);
}

static gboolean
is_of (const KobanGathered *gathered, KobanGives gives, const KobanAccount *account)
{
  if (gathered->gives != gives || (gathered->account == NULL) != (account == NULL))
    return FALSE;
  return account == NULL || g_str_equal (gathered->account->identity, account->identity);
}

static KobanGathered *
find (GPtrArray *self, KobanGives gives, const KobanAccount *account)
{
  for (guint i = 0; i < self->len; i++)
    if (is_of (self->pdata[i], gives, account))
      return self->pdata[i];
  return NULL;
}

static KobanGathered *
add (GPtrArray *self, KobanGives gives, KobanAccount *account, GDestroyNotify free_row)
{
  KobanGathered *gathered = g_new0 (KobanGathered, 1);

  gathered->gives = gives;
  gathered->account = account != NULL ? koban_account_ref (account) : NULL;
  gathered->rows = g_ptr_array_new_with_free_func (free_row);
  gathered->pages = g_array_new (FALSE, FALSE, sizeof (guint));
  g_ptr_array_add (self, gathered);
  return gathered;
}

static void
keep_first (GError **kept, const GError *error)
{
  if (*kept == NULL && error != NULL)
    *kept = g_error_copy (error);
}

/* Of an older window it shortens the span; of one that was heard in part it makes a hole. */
static void
take_error (KobanGathered *gathered, const KobanStep *step, const GError *error)
{
  gathered->broken = gathered->broken || gathered->from_us <= step->from_us;
  keep_first (gathered->from_us <= step->from_us ? &gathered->doubt : &gathered->error, error);
}

void
koban_gathering_take_lines (GPtrArray *self,
                            const KobanStep *step,
                            KobanAccount *account,
                            GPtrArray *lines,
                            const GError *error,
                            const GError *doubt)
{
  KobanGathered *gathered = find (self, KOBAN_GIVES_TRANSACTIONS, account);

  if (gathered == NULL && !step->newest)
    return;
  if (gathered == NULL)
    {
      gathered = add (self, KOBAN_GIVES_TRANSACTIONS, account, (GDestroyNotify) koban_transaction_unref);
      gathered->from_us = step->to_us;
    }
  keep_first (&gathered->doubt, doubt);
  if (error != NULL)
    take_error (gathered, step, error);
  if (error != NULL || gathered->error != NULL)
    return;
  gathered->from_us = MIN (gathered->from_us, step->from_us);
  for (guint i = 0; i < lines->len; i++)
    if (koban_step_gives (step, lines->pdata[i]))
      {
        g_ptr_array_add (gathered->rows, koban_transaction_ref (lines->pdata[i]));
        g_array_append_val (gathered->pages, step->page);
      }
}

static void
drop_row (KobanGathered *gathered, guint index)
{
  g_ptr_array_remove_index (gathered->rows, index);
  g_array_remove_index (gathered->pages, index);
}

/* How often a line is taken, and how often it was met on the page at hand. */
typedef struct
{
  guint page, met, taken;
} Count;

static char *
content_of (const KobanTransaction *line)
{
  return g_strdup_printf ("%u %d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %" G_GINT64_FORMAT " %s",
                          line->state, line->date, line->amount.minor, line->time_us,
                          line->has_balance_after ? line->balance_after.minor : 0, line->text);
}

static gboolean
is_repeat (GHashTable *counts, const KobanTransaction *line, guint page)
{
  g_autofree char *content = content_of (line);
  Count *count = g_hash_table_lookup (counts, content);

  if (count == NULL)
    {
      count = g_new0 (Count, 1);
      g_hash_table_insert (counts, g_steal_pointer (&content), count);
    }
  count->met = count->page == page ? count->met + 1 : 1;
  count->page = page;
  if (count->met <= count->taken)
    return TRUE;
  count->taken++;
  return FALSE;
}

static void
drop_repeats (KobanGathered *gathered)
{
  g_autoptr(GHashTable) counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  g_autoptr(GPtrArray) rows = gathered->rows;
  g_autoptr(GArray) pages = gathered->pages;

  gathered->rows = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  gathered->pages = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < rows->len; i++)
    {
      KobanTransaction *line = rows->pdata[i];
      guint page = g_array_index (pages, guint, i);
      if (line->bank_id == NULL && is_repeat (counts, line, page))
        continue;
      g_ptr_array_add (gathered->rows, koban_transaction_ref (line));
      g_array_append_val (gathered->pages, page);
    }
}

void
koban_gathering_doubt_repeats (GPtrArray *self, const KobanStep *step)
{
  for (guint i = 0; i < self->len; i++)
    if (((KobanGathered *) self->pdata[i])->gives == KOBAN_GIVES_TRANSACTIONS &&
        (step->account == NULL || is_of (self->pdata[i], KOBAN_GIVES_TRANSACTIONS, step->account)))
      drop_repeats (self->pdata[i]);
}

void
koban_gathering_take_links (GPtrArray *self,
                            KobanAccount *account,
                            KobanLinkKind kind,
                            GPtrArray *links,
                            const GError *error)
{
  KobanGathered *gathered = find (self, KOBAN_GIVES_LINKS, account);

  if (gathered == NULL)
    gathered = add (self, KOBAN_GIVES_LINKS, account, (GDestroyNotify) koban_link_unref);
  *(error != NULL ? &gathered->unheard : &gathered->heard) |= 1u << kind;
  keep_first (&gathered->error, error);
  for (guint i = 0; links != NULL && i < links->len; i++)
    g_ptr_array_add (gathered->rows, koban_link_ref (links->pdata[i]));
}

static void
remove_id (KobanGathered *gathered, const char *id)
{
  for (guint i = gathered->rows->len; i > 0; i--)
    {
      const KobanTransaction *line = gathered->rows->pdata[i - 1];
      if (g_strcmp0 (line->bank_id, id) == 0)
        drop_row (gathered, i - 1);
    }
}

void
koban_gathering_remove (GPtrArray *self, GPtrArray *ids)
{
  for (guint g = 0; g < self->len; g++)
    for (guint i = 0; i < ids->len && ((KobanGathered *) self->pdata[g])->gives == KOBAN_GIVES_TRANSACTIONS;
         i++)
      remove_id (self->pdata[g], ids->pdata[i]);
}
