/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One request of a session, as a value. Its windows are whole days, newest first, and no line is given
 * by two of them. It reads no clock and sends nothing.
 */
#include "config.h"

#include "bank/step.h"

#include "bank/template.h"

KobanStep *
koban_step_new (KobanStepKind kind, KobanRequestRule *request, KobanAccount *account)
{
  KobanStep *self = g_new0 (KobanStep, 1);
  self->kind = kind;
  self->request = request;
  self->account = account != NULL ? koban_account_ref (account) : NULL;
  return self;
}

void
koban_step_free (gpointer step)
{
  KobanStep *self = step;
  g_clear_pointer (&self->account, koban_account_unref);
  g_free (self);
}

/* — windows — */

static gint64
window_us (const KobanStep *self)
{
  return (gint64) self->request->paging.days * KOBAN_DAY_US;
}

/* It also holds what is pending, and lines that the bank dates later today: so one day more, and one in hand.
 */
void
koban_step_aim (KobanStep *self, gint64 since_us, gint64 now_us)
{
  gint64 today_us = now_us - now_us % KOBAN_DAY_US;

  self->newest = TRUE;
  self->since_us = since_us;
  self->to_us = now_us;
  self->from_us = since_us;
  if (self->request->paging.days > 0)
    self->from_us = MAX (since_us, today_us - window_us (self) + 2 * KOBAN_DAY_US);
}

KobanStep *
koban_step_older (const KobanStep *self)
{
  if (self->from_us <= self->since_us)
    return NULL;
  KobanStep *older = koban_step_new (self->kind, self->request, self->account);
  older->since_us = self->since_us;
  older->to_us = self->from_us;
  older->from_us = MAX (self->since_us, self->from_us - window_us (self));
  return older;
}

/* A server that cares little for bounds gives a line in two windows; what is pending stands in every one.
 * Each window gives only its own days, and the newest alone what is pending. */
gboolean
koban_step_gives (const KobanStep *self, const KobanTransaction *line)
{
  gboolean alone = self->newest && self->from_us <= self->since_us;

  if (alone || line->date == KOBAN_NO_DATE || line->state == KOBAN_TRANSACTION_PENDING)
    return self->newest;
  return line->date >= koban_date_from_us (self->from_us, 0) &&
         (self->newest || line->date < koban_date_from_us (self->to_us, 0));
}

/* — the path — */

typedef struct
{
  const KobanStep *step;
  GHashTable *fields;
  const char *link_id; /* (nullable) */
  char *made;          /* (nullable): the last value that had to be written out */
} Lookup;

static const char *
lookup_made (Lookup *lookup, char *value)
{
  g_free (lookup->made);
  lookup->made = value;
  return value;
}

static const char *
lookup_time (Lookup *lookup, const char *name)
{
  const KobanStep *step = lookup->step;
  gint64 until_us = step->to_us + (step->newest ? KOBAN_DAY_US : 0);

  if (g_str_equal (name, "since"))
    return lookup_made (lookup, koban_time_format (step->from_us));
  if (g_str_equal (name, "until"))
    return lookup_made (lookup, koban_time_format (until_us));
  if (g_str_equal (name, "since_day"))
    return lookup_made (lookup, koban_date_format (koban_date_from_us (step->from_us, 0)));
  if (g_str_equal (name, "until_day"))
    return lookup_made (lookup, koban_date_format (koban_date_from_us (until_us, 0)));
  if (g_str_equal (name, "since_s"))
    return lookup_made (lookup, g_strdup_printf ("%" G_GINT64_FORMAT, step->from_us / KOBAN_SECOND_US));
  if (g_str_equal (name, "until_s"))
    return lookup_made (lookup, g_strdup_printf ("%" G_GINT64_FORMAT, until_us / KOBAN_SECOND_US));
  return NULL;
}

static const char *
lookup_name (const char *name, gpointer user_data)
{
  Lookup *lookup = user_data;
  const KobanAccount *account = lookup->step->account;

  if (g_str_has_prefix (name, "field."))
    return g_hash_table_lookup (lookup->fields, name + strlen ("field."));
  if (g_str_equal (name, "account.id"))
    return account != NULL ? account->remote_id : NULL;
  if (g_str_has_prefix (name, "account."))
    return account != NULL ? koban_account_get_variable (account, name + strlen ("account.")) : NULL;
  if (g_str_equal (name, "link.id"))
    return lookup->link_id;
  return lookup_time (lookup, name);
}

char *
koban_step_build_path (const KobanStep *self,
                       const char *path,
                       GArray *query,
                       GHashTable *fields,
                       const char *link_id,
                       GError **error)
{
  Lookup lookup = { self, fields, link_id, NULL };
  g_autofree char *expanded = koban_template_expand (path, lookup_name, &lookup, error);
  g_autoptr(GString) out = g_string_new (expanded);
  gboolean is_good = expanded != NULL;

  for (guint i = 0; is_good && query != NULL && i < query->len; i++)
    {
      const KobanPair *pair = &g_array_index (query, KobanPair, i);
      g_autofree char *value = koban_template_expand (pair->value, lookup_name, &lookup, error);
      is_good = value != NULL;
      if (is_good)
        g_string_append_printf (out, "%c%s=%s", i == 0 ? '?' : '&', pair->name, value);
    }
  g_free (lookup.made);
  return is_good ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}
