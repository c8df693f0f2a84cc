/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A profile's parts against each other: every template name has somebody to fill it, every address
 * has a declared host, every account can be told from the others. Finds mistakes, mends none.
 */
#include "config.h"

#include "bank/profile-check.h"

#include <glib/gi18n-lib.h>
#include <koban/http.h>
#include "bank/profile-auth.h"
#include "bank/profile-keys.h"
#include "bank/template.h"

static const KobanNeed *
find_need (KobanProfile *self, const char *name)
{
  for (guint i = 0; i < self->needs->len; i++)
    if (g_strcmp0 (g_array_index (self->needs, KobanNeed, i).name, name) == 0)
      return &g_array_index (self->needs, KobanNeed, i);
  return NULL;
}

static gboolean
is_variable (KobanProfile *self, const char *name)
{
  if (g_str_equal (name, "id"))
    return TRUE;
  for (guint r = 0; r < self->requests->len; r++)
    for (guint l = 0; l < koban_profile_get_request (self, r)->listings->len; l++)
      {
        KobanListingRule *listing = koban_profile_get_request (self, r)->listings->pdata[l];
        if (koban_pairs_lookup (listing->variables, name) != NULL)
          return TRUE;
      }
  return FALSE;
}

/* Which names a template may hold depends on where it stands. */
typedef struct
{
  KobanProfile *profile;
  gboolean with_account, with_time, with_link;
} Scope;

static gboolean
scope_knows (const Scope *scope, const char *name)
{
  static const char *const times[] = { "since", "since_s", "until", "until_s", NULL };

  if (g_str_has_prefix (name, "account."))
    return scope->with_account && is_variable (scope->profile, name + strlen ("account."));
  if (g_str_has_prefix (name, "field."))
    {
      const KobanNeed *need = find_need (scope->profile, name + strlen ("field."));
      return (need != NULL && !need->secret) ||
             koban_auth_gives_field (scope->profile, name + strlen ("field."));
    }
  if (g_str_equal (name, "link.id"))
    return scope->with_link;
  return scope->with_time && g_strv_contains (times, name);
}

static void
check_template (GPtrArray *problems, KobanJsonNode node, const char *text, const Scope *scope)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) names = text != NULL ? koban_template_list_names (text, &error) : g_new0 (char *, 1);

  if (names == NULL)
    koban_profile_problem (problems, node, "“%s”: %s", text, error->message);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    if (!scope_knows (scope, names[i]))
      koban_profile_problem (problems, node, _("nothing fills {%s} here"), names[i]);
}

static void
check_variables (GPtrArray *problems, KobanJsonNode node, KobanProfile *self, GArray *pairs)
{
  for (guint i = 0; i < pairs->len; i++)
    if (!is_variable (self, g_array_index (pairs, KobanPair, i).name))
      koban_profile_problem (problems, node, _("an account has no variable “%s”"),
                             g_array_index (pairs, KobanPair, i).name);
}

static void
check_request_listings (GPtrArray *problems,
                        KobanJsonNode node,
                        KobanProfile *self,
                        KobanRequestRule *request)
{
  gboolean has_accounts = koban_request_find_listing (request, KOBAN_GIVES_ACCOUNTS) != NULL;

  for (guint i = 0; i < request->listings->len; i++)
    {
      KobanListingRule *listing = request->listings->pdata[i];
      gboolean of_sign_in = listing->gives == KOBAN_GIVES_SCOPES;
      gboolean of_account =
        !of_sign_in && listing->gives != KOBAN_GIVES_ACCOUNTS && listing->gives != KOBAN_GIVES_LINKS;
      if (of_sign_in != (request->per == KOBAN_PER_SIGN_IN))
        koban_profile_problem (problems, node, _("scopes are asked for per sign-in, and nothing else is"));
      if (of_account && request->per == KOBAN_PER_CONNECTION && !has_accounts)
        koban_profile_problem (problems, node,
                               _("%s for the whole connection stand in the rows of its accounts"),
                               koban_gives_name (listing->gives));
      if (of_account && has_accounts && koban_profile_find_request (self, KOBAN_GIVES_IDENTITY) != NULL)
        koban_profile_problem (problems, node,
                               _("%s cannot stand with accounts that a later request identifies"),
                               koban_gives_name (listing->gives));
      if (listing->gives == KOBAN_GIVES_IDENTITY && request->per != KOBAN_PER_ACCOUNT)
        koban_profile_problem (problems, node, _("identity is asked for per account"));
      check_variables (problems, node, self, listing->repeats);
    }
  for (guint i = 0; i < request->messages->len; i++)
    check_variables (problems, node, self, ((KobanMessageRule *) request->messages->pdata[i])->scope);
  if (has_accounts != (request == self->requests->pdata[0]))
    koban_profile_problem (problems, node, _("the first request gives the accounts, and no other"));
  if (has_accounts && request->per != KOBAN_PER_CONNECTION)
    koban_profile_problem (problems, node, _("the accounts are asked for per connection"));
}

static void
check_requests (GPtrArray *problems, KobanJsonNode node, KobanProfile *self)
{
  KobanJsonNode item = koban_json_first (node);
  for (guint i = 0; i < self->requests->len; i++, item = koban_json_next (item))
    {
      KobanRequestRule *request = self->requests->pdata[i];
      Scope scope = { self, request->per == KOBAN_PER_ACCOUNT, TRUE, FALSE };
      check_template (problems, item, request->path, &scope);
      for (guint q = 0; q < request->query->len; q++)
        check_template (problems, item, g_array_index (request->query, KobanPair, q).value, &scope);
      check_request_listings (problems, item, self, request);
    }
}

static void
check_revoking_needs (GPtrArray *problems,
                      KobanJsonNode node,
                      KobanProfile *self,
                      const KobanRevocationRule *rule)
{
  for (gsize i = 0; rule->needs != NULL && rule->needs[i] != NULL; i++)
    {
      const KobanNeed *need = find_need (self, rule->needs[i]);
      if (need == NULL || !need->revoke)
        koban_profile_problem (problems, node, _("“%s” is none of the “needs” that have “revoke”"),
                               rule->needs[i]);
    }
}

static void
check_revocations (GPtrArray *problems, KobanJsonNode node, KobanProfile *self)
{
  const Scope scope = { self, TRUE, FALSE, TRUE };
  KobanJsonNode item = koban_json_first (node);
  for (guint i = 0; i < self->revocations->len; i++, item = koban_json_next (item))
    {
      KobanRevocationRule *rule = self->revocations->pdata[i];
      check_template (problems, item, rule->path, &scope);
      check_revoking_needs (problems, item, self, rule);
      g_autofree char *host = NULL;
      if (rule->how == KOBAN_REVOCATION_URL && rule->by_hand != NULL &&
          (!koban_http_check_url (rule->by_hand, &host, NULL) ||
           !g_strv_contains ((const char *const *) self->hosts, host)))
        koban_profile_problem (problems, item, _("“by_hand” is a page of one of the “hosts”"));
    }
}

static void
check_base_url (GPtrArray *problems, KobanJsonNode node, KobanProfile *self)
{
  g_autofree char *host = NULL;
  g_autoptr(GError) error = NULL;

  if (self->base_url == NULL || self->hosts == NULL)
    return;
  if (!koban_http_check_url (self->base_url, &host, &error))
    koban_profile_problem (problems, node, "“base_url”: %s", error->message);
  else if (!g_strv_contains ((const char *const *) self->hosts, host))
    koban_profile_problem (problems, node, _("the host “%s” of “base_url” is not in “hosts”"), host);
  else if (g_str_has_suffix (self->base_url, "/"))
    koban_profile_problem (problems, node, _("“base_url” does not end with “/”: paths begin with it"));
}

static void
check_identity (GPtrArray *problems, KobanJsonNode node, KobanProfile *self)
{
  static const KobanGives kinds[] = { KOBAN_GIVES_ACCOUNTS, KOBAN_GIVES_IDENTITY };
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      KobanRequestRule *request = koban_profile_find_request (self, kinds[i]);
      KobanListingRule *listing = request != NULL ? koban_request_find_listing (request, kinds[i]) : NULL;
      if (listing != NULL && (listing->fields[KOBAN_FIELD_IBAN] != NULL ||
                              listing->fields[KOBAN_FIELD_NUMBER] != NULL || listing->hash->len > 0))
        return;
    }
  koban_profile_problem (problems, node,
                         _("nothing says which account is which: “iban”, “number” or “hash”"));
}

static void
check_id (GPtrArray *problems, KobanJsonNode node, const char *id)
{
  if (id != NULL && (*id == '\0' || strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen (id)))
    koban_profile_problem (problems, node, _("“id” is made of a–z, 0–9 and “-”"));
}

void
koban_profile_check (GPtrArray *problems, KobanJsonNode root, KobanProfile *self)
{
  KobanJsonNode format = koban_json_member (root, "format");
  gint64 number;
  if (koban_json_exists (format) && (!koban_json_int64 (format, &number) || number != 1))
    koban_profile_problem (problems, format, _("“format” must be 1"));
  check_id (problems, koban_json_member (root, "id"), self->id);
  check_base_url (problems, koban_json_member (root, "base_url"), self);
  koban_auth_check (problems, koban_json_member (root, "auth"), self);
  if (self->requests->len == 0)
    koban_profile_problem (problems, root, _("there is no request"));
  else
    check_identity (problems, koban_json_member (root, "requests"), self);
  check_requests (problems, koban_json_member (root, "requests"), self);
  if (self->hosts != NULL)
    check_revocations (problems, koban_json_member (root, "revocations"), self);
}
