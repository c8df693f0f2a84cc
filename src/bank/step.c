/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One request of a session, as a value. Its windows are whole days, newest first, and no line is given
 * by two of them. It reads no clock and sends nothing.
 */
#include "config.h"

#include "bank/step.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/body.h"
#include "bank/template.h"

#define MAX_PAGES 200

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
  g_clear_pointer (&self->seen, g_hash_table_unref);
  g_free (self->holder);
  g_free (self->next);
  g_free (self->path);
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
  older->holder = g_strdup (self->holder);
  older->since_us = self->since_us;
  older->to_us = self->from_us;
  older->from_us = MAX (self->since_us, self->from_us - window_us (self));
  return older;
}

/* A server that cares little for bounds, or is told none, gives a line in two windows; what is pending stands
 * in every one. Each window gives only its own days, and the newest alone what is pending. */
gboolean
koban_step_gives (const KobanStep *self, const KobanTransaction *line)
{
  gboolean alone =
    self->newest && self->from_us <= self->since_us && (!self->request->timeless || self->continued);

  if (alone || line->date == KOBAN_NO_DATE || line->state == KOBAN_TRANSACTION_PENDING)
    return self->newest;
  return line->date >= koban_date_from_us (self->from_us, 0) &&
         (self->newest || line->date < koban_date_from_us (self->to_us, 0));
}

/* — pages — */

KobanStep *
koban_step_turn (const KobanStep *self, const char *next, GError **error)
{
  g_autoptr(GHashTable) seen = self->seen != NULL
                                  ? g_hash_table_ref (self->seen)
                                  : g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  if (self->page == 0 && self->path != NULL)
    g_hash_table_add (seen, g_strdup (self->path));
  if (self->continued && self->page == 0)
    g_hash_table_add (seen, g_strdup (self->next));
  if (!g_hash_table_add (seen, g_strdup (next)) || self->page + 1 >= MAX_PAGES)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the pages of the answer have no end: page %u leads back to one that was there"),
                   self->page + 1);
      return NULL;
    }
  KobanStep *page = g_memdup2 (self, sizeof *self);
  page->account = self->account != NULL ? koban_account_ref (self->account) : NULL;
  page->holder = g_strdup (self->holder);
  page->page = self->page + 1;
  page->next = g_strdup (next);
  page->path = NULL;
  page->seen = g_steal_pointer (&seen);
  return page;
}

/* — path and body — */

typedef struct
{
  const KobanStep *step;
  const KobanStepValues *values;
  char *made; /* (nullable): the last value that had to be written out */
} Lookup;

static const char *
lookup_made (Lookup *lookup, char *value)
{
  g_free (lookup->made);
  lookup->made = value;
  return value;
}

static char *
format_seconds (gint64 at_us)
{
  return g_strdup_printf ("%" G_GINT64_FORMAT, at_us / KOBAN_SECOND_US);
}

static char *
format_day (gint64 at_us)
{
  return koban_date_format (koban_date_from_us (at_us, 0));
}

static const struct
{
  const char *since, *until;
  char *(*format) (gint64 at_us);
} times[] = {
  { "since", "until", koban_time_format },
  { "since_s", "until_s", format_seconds },
  { "since_day", "until_day", format_day },
};

static const char *
lookup_time (Lookup *lookup, const char *name)
{
  const KobanStep *step = lookup->step;
  gint64 until_us = step->to_us + (step->newest ? KOBAN_DAY_US : 0);

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      if (g_str_equal (name, times[i].since))
        return lookup_made (lookup, times[i].format (step->from_us));
      if (g_str_equal (name, times[i].until))
        return lookup_made (lookup, times[i].format (until_us));
    }
  return NULL;
}

static const char *
lookup_name (const char *name, gpointer user_data)
{
  Lookup *lookup = user_data;
  const KobanAccount *account = lookup->step->account;

  if (g_str_has_prefix (name, "field."))
    return g_hash_table_lookup (lookup->values->fields, name + strlen ("field."));
  if (g_str_equal (name, "account.id"))
    return account != NULL ? account->remote_id : NULL;
  if (g_str_has_prefix (name, "account."))
    return account != NULL ? koban_account_get_variable (account, name + strlen ("account.")) : NULL;
  if (g_str_equal (name, "link.id"))
    return lookup->values->link_id;
  if (g_str_equal (name, "sca.id"))
    return lookup->values->factor_id;
  if (g_str_equal (name, "answer"))
    return lookup->values->answer;
  if (g_str_equal (name, "holder"))
    return lookup->step->holder;
  return lookup_time (lookup, name);
}

static gboolean
append_pair (GString *out, const KobanPair *pair, Lookup *lookup, GError **error)
{
  g_autofree char *value = koban_template_expand (pair->value, lookup_name, lookup, error);

  if (value != NULL)
    g_string_append_printf (out, "%c%s=%s", strchr (out->str, '?') != NULL ? '&' : '?', pair->name, value);
  return value != NULL;
}

/* A URL of the bank's own replaces everything; any other mark of a page is one parameter more. */
static void
append_page (GString *out, const KobanStep *self)
{
  const KobanPagingRule *paging;

  if (self->next == NULL || self->request == NULL || self->request->method == KOBAN_METHOD_POST)
    return;
  paging = &self->request->paging;
  if (paging->scheme == KOBAN_PAGING_NEXT_URL)
    {
      g_string_assign (out, self->next);
      return;
    }
  g_autofree char *value = g_uri_escape_string (self->next, NULL, FALSE);
  g_string_append_printf (out, "%c%s=%s", strchr (out->str, '?') != NULL ? '&' : '?', paging->param, value);
}

/* A parameter that a later page has another value for. */
static gboolean
is_turned (const KobanStep *self, const KobanPair *pair)
{
  return self->next != NULL && self->request != NULL && self->request->method == KOBAN_METHOD_GET &&
         g_strcmp0 (self->request->paging.param, pair->name) == 0;
}

char *
koban_step_build_path (const KobanStep *self,
                       const char *path,
                       GArray *query,
                       const KobanStepValues *values,
                       GError **error)
{
  Lookup lookup = { self, values, NULL };
  g_autofree char *expanded = koban_template_expand (path, lookup_name, &lookup, error);
  g_autoptr(GString) out = g_string_new (expanded);
  gboolean is_good = expanded != NULL;

  for (guint i = 0; is_good && query != NULL && i < query->len; i++)
    if (!is_turned (self, &g_array_index (query, KobanPair, i)))
      is_good = append_pair (out, &g_array_index (query, KobanPair, i), &lookup, error);
  append_page (out, self);
  g_free (lookup.made);
  return is_good ? g_string_free (g_steal_pointer (&out), FALSE) : NULL;
}

char *
koban_step_build_body (const KobanStep *self,
                       KobanJsonNode body,
                       const KobanStepValues *values,
                       GError **error)
{
  Lookup lookup = { self, values, NULL };
  const char *param =
    self->next != NULL && self->request->method == KOBAN_METHOD_POST ? self->request->paging.param : NULL;

  if (!koban_json_exists (body) && param == NULL)
    return NULL;
  /* We count pages and rows ourselves; a cursor is the bank's word, digits or not. */
  const KobanPagingScheme scheme = self->request != NULL ? self->request->paging.scheme : KOBAN_PAGING_NONE;
  const gboolean counted = scheme == KOBAN_PAGING_OFFSET || scheme == KOBAN_PAGING_PAGE;
  char *built = koban_body_build (body, param, self->next, counted, lookup_name, &lookup, error);
  g_free (lookup.made);
  return built;
}
