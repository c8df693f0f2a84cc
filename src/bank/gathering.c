/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Windows put together. From the first window that fails on, nothing older of that account is taken, so
 * that what was gathered is always one unbroken span up to now.
 */
#include "config.h"

#include "bank/gathering.h"

static void
gathered_free (gpointer data)
{
  KobanGathered *gathered = data;
  koban_account_unref (gathered->account);
  g_ptr_array_unref (gathered->lines);
  g_clear_error (&gathered->error);
  g_clear_error (&gathered->doubt);
  g_free (gathered);
}

GPtrArray *
koban_gathering_new (void)
{
  return g_ptr_array_new_with_free_func (gathered_free);
}

static KobanGathered *
find (GPtrArray *self, const KobanAccount *account)
{
  for (guint i = 0; i < self->len; i++)
    {
      KobanGathered *gathered = self->pdata[i];
      if (g_str_equal (gathered->account->identity, account->identity))
        return gathered;
    }
  return NULL;
}

static KobanGathered *
add (GPtrArray *self, const KobanStep *step, KobanAccount *account)
{
  KobanGathered *gathered = g_new0 (KobanGathered, 1);
  gathered->account = koban_account_ref (account);
  gathered->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  gathered->from_us = step->to_us;
  g_ptr_array_add (self, gathered);
  return gathered;
}

static void
keep_first (GError **kept, const GError *error)
{
  if (*kept == NULL && error != NULL)
    *kept = g_error_copy (error);
}

void
koban_gathering_take (GPtrArray *self,
                      const KobanStep *step,
                      KobanAccount *account,
                      GPtrArray *lines,
                      const GError *error,
                      const GError *doubt)
{
  KobanGathered *gathered = find (self, account);

  if (gathered == NULL && !step->newest)
    return;
  if (gathered == NULL)
    gathered = add (self, step, account);
  keep_first (&gathered->doubt, doubt);
  keep_first (&gathered->error, error);
  if (gathered->error != NULL)
    return;
  gathered->from_us = step->from_us;
  for (guint i = 0; i < lines->len; i++)
    if (koban_step_gives (step, lines->pdata[i]))
      g_ptr_array_add (gathered->lines, koban_transaction_ref (lines->pdata[i]));
}

void
koban_gathering_fail (GPtrArray *self, const GError *error)
{
  for (guint i = 0; i < self->len; i++)
    keep_first (&((KobanGathered *) self->pdata[i])->error, error);
}
