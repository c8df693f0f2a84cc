/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "auth" of a profile: one row, or a list of them. Which keys a row has is its scheme's business; that every
 * name in it is a need of the profile, or kept by a login, is checked here.
 */
#include "config.h"

#include "bank/profile-auth.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include "bank/auth-scheme.h"
#include "bank/profile-oauth.h"
#include "bank/template.h"

static void
add_rule (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  const char *name = koban_json_string (koban_json_member (item, "scheme"));
  const KobanScheme *scheme = name != NULL ? koban_scheme_find (name) : NULL;

  if (scheme == NULL)
    {
      koban_profile_problem (reading, item, _("“auth” lacks a “scheme” that Koban knows"));
      return;
    }
  KobanProofRule *rule = koban_reading_new (reading, KobanProofRule);
  g_autofree char *what = g_strdup_printf (_("the scheme “%s”"), name);
  rule->scheme = scheme;
  rule->headers = koban_reading_pairs (reading);
  rule->members = koban_reading_pairs (reading);
  rule->rungs = koban_reading_list (reading);
  koban_oauth_rule_init (reading, &rule->oauth);
  g_ptr_array_add (target, rule);
  koban_read_object (reading, item, what, scheme->keys, scheme->n_keys, rule);
}

static char *
join_names (GPtrArray *rules)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; i < rules->len; i++)
    g_strv_builder_add (names, ((KobanProofRule *) rules->pdata[i])->scheme->name);
  g_auto(GStrv) list = g_strv_builder_end (names);
  return g_strjoinv ("+", list);
}

void
koban_read_auth (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  KobanProfile *profile = target;

  if (koban_json_type (node) == KOBAN_JSON_ARRAY)
    koban_key_each (reading, key, node, add_rule, profile->auth);
  else
    add_rule (reading, node, profile->auth);
  g_free (profile->auth_name);
  profile->auth_name = join_names (profile->auth);
}

/* — who fills what — */

static gboolean
is_need (KobanProfile *self, const char *name)
{
  return koban_profile_use_need (self, name) != NULL;
}

static gboolean
is_kept (KobanProfile *self, const char *name)
{
  gboolean found = g_str_equal (name, KOBAN_AUTH_REQUEST_ID);

  for (guint i = 0; i < self->auth->len; i++)
    {
      const KobanProofRule *rule = self->auth->pdata[i];
      found |= rule->header != NULL && g_str_equal (name, "public_key");
      found |= rule->scheme == &koban_scheme_oauth && koban_oauth_rule_gives (&rule->oauth, name);
      for (guint r = 0; r < rule->rungs->len; r++)
        found |= koban_pairs_lookup (((KobanRungRule *) rule->rungs->pdata[r])->keep, name) != NULL;
    }
  if (found)
    g_hash_table_add (self->used, g_strdup (name));
  return found;
}

static gboolean
rung_gives (const KobanRungRule *rung, const char *name)
{
  for (guint i = 0; i < rung->fields->len; i++)
    if (g_str_equal (((KobanKept *) rung->fields->pdata[i])->name, name))
      return TRUE;
  return FALSE;
}

gboolean
koban_auth_gives_field (KobanProfile *self, const char *name)
{
  for (guint i = 0; i < self->auth->len; i++)
    {
      const KobanProofRule *rule = self->auth->pdata[i];
      if (rule->oauth.consent.fields != NULL &&
          g_strv_contains ((const char *const *) rule->oauth.consent.fields, name))
        return TRUE;
      for (guint r = 0; r < rule->rungs->len; r++)
        if (rung_gives (rule->rungs->pdata[r], name))
          return TRUE;
    }
  return FALSE;
}

/* Each name of a need among the keys of @fields, by the table that filled it. */
static void
check_needs (KobanReading *reading,
             KobanJsonNode node,
             KobanProfile *self,
             const KobanKey *keys,
             gsize n_keys,
             gconstpointer fields)
{
  for (gsize i = 0; i < n_keys; i++)
    {
      const char *name =
        keys[i].read == koban_read_need_name ? G_STRUCT_MEMBER (char *, fields, keys[i].offset) : NULL;
      if (name != NULL && !is_need (self, name))
        koban_profile_problem (reading, node, _("“auth” wants “%s”, which is not among the “needs”"), name);
    }
}

static void
check_pairs (KobanReading *reading, KobanJsonNode node, KobanProfile *self, GArray *pairs)
{
  for (guint i = 0; i < pairs->len; i++)
    {
      const KobanPair *pair = &g_array_index (pairs, KobanPair, i);
      g_autoptr(GError) error = NULL;
      g_auto(GStrv) names = koban_template_list_names (pair->value, &error);
      if (*pair->name == '\0' || strpbrk (pair->name, ": \"\\\r\n") != NULL ||
          strpbrk (pair->value, "\"\\\r\n") != NULL)
        koban_profile_problem (reading, node, _("“%s” holds what may not stand there"), pair->name);
      if (names == NULL)
        koban_profile_problem (reading, node, "“%s”: %s", pair->value, error->message);
      for (gsize n = 0; names != NULL && names[n] != NULL; n++)
        if (!is_need (self, names[n]) && !is_kept (self, names[n]))
          koban_profile_problem (reading, node, _("nothing fills {%s} here"), names[n]);
    }
}

void
koban_auth_check_headers (KobanReading *reading, KobanJsonNode node, KobanProfile *self, GArray *pairs)
{
  if (pairs != NULL)
    check_pairs (reading, node, self, pairs);
}

static void
check_rule (KobanReading *reading, KobanJsonNode node, KobanProfile *self, const KobanProofRule *rule)
{
  check_needs (reading, node, self, rule->scheme->keys, rule->scheme->n_keys, rule);
  check_pairs (reading, node, self, rule->headers);
  check_pairs (reading, node, self, rule->members);
  for (guint i = 0; i < rule->rungs->len; i++)
    {
      const KobanRungRule *rung = rule->rungs->pdata[i];
      const char *needs[] = { rung->user, rung->password };
      for (gsize n = 0; n < G_N_ELEMENTS (needs); n++)
        if (needs[n] != NULL && !is_need (self, needs[n]))
          koban_profile_problem (reading, node, _("“auth” wants “%s”, which is not among the “needs”"),
                                 needs[n]);
      check_pairs (reading, node, self, rung->send);
      check_pairs (reading, node, self, rung->headers);
    }
  if (rule->after != NULL && !is_kept (self, rule->after))
    koban_profile_problem (reading, node, _("“after” is “%s”, which no rung keeps"), rule->after);
  if (rule->scheme != &koban_scheme_oauth)
    return;
  check_pairs (reading, node, self, rule->oauth.send);
  check_pairs (reading, node, self, rule->oauth.consent.headers);
  koban_oauth_rule_check (reading, node, self, rule);
}

/* What a login keeps is sent later; only of what is done once may it be enough that it was done. */
static void
check_kept (KobanReading *reading, KobanJsonNode node, KobanProfile *self, const KobanRungRule *rung)
{
  for (guint i = rung->once ? 1 : 0; i < rung->keep->len; i++)
    {
      const char *name = g_array_index (rung->keep, KobanPair, i).name;
      if (!g_hash_table_contains (self->used, name))
        koban_profile_problem (reading, node, _("nothing uses “%s”"), name);
    }
}

void
koban_auth_check (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  KobanJsonNode item =
    koban_json_exists (node) && koban_json_type (node) == KOBAN_JSON_ARRAY ? koban_json_first (node) : node;

  for (guint i = 0; i < self->auth->len; i++)
    {
      check_rule (reading, koban_json_exists (item) ? item : node, self, self->auth->pdata[i]);
      item = koban_json_next (item);
    }
  for (guint i = 0; i < self->auth->len; i++)
    {
      GPtrArray *rungs = ((KobanProofRule *) self->auth->pdata[i])->rungs;
      for (guint r = 0; r < rungs->len; r++)
        check_kept (reading, node, self, rungs->pdata[r]);
    }
}
