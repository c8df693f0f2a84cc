/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A profile's parts against each other: every template name has somebody to fill it, every address
 * has a declared host, every account can be told from the others. Finds mistakes, mends none.
 */
#include "config.h"

#include "bank/profile-check.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/http.h>
#include "bank/profile-auth.h"
#include "bank/profile-oauth.h"
#include "bank/template.h"

static gboolean
is_variable (KobanProfile *self, const char *name)
{
  if (g_str_equal (name, "id") || g_str_equal (name, "holder"))
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
  gboolean with_account, with_holder, with_time, with_link, with_factor, with_answer;
} Scope;

static gboolean
scope_knows (const Scope *scope, const char *name)
{
  static const char *const times[] = {
    "since", "until", "since_s", "until_s", "since_day", "until_day", NULL
  };

  if (g_str_has_prefix (name, "account."))
    return scope->with_account && is_variable (scope->profile, name + strlen ("account."));
  if (g_str_has_prefix (name, "field."))
    {
      const KobanNeed *need = koban_profile_use_need (scope->profile, name + strlen ("field."));
      return (need != NULL && !need->secret) ||
             koban_auth_gives_field (scope->profile, name + strlen ("field."));
    }
  if (g_str_equal (name, "link.id"))
    return scope->with_link;
  if (g_str_equal (name, "sca.id"))
    return scope->with_factor;
  if (g_str_equal (name, "answer"))
    return scope->with_answer;
  if (g_str_equal (name, "holder"))
    return scope->with_holder;
  return scope->with_time && g_strv_contains (times, name);
}

static void
check_template (KobanReading *reading, KobanJsonNode node, const char *text, const Scope *scope)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) names = text != NULL ? koban_template_list_names (text, &error) : g_new0 (char *, 1);

  if (names == NULL) /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no names, an error */
    koban_profile_problem (reading, node, "“%s”: %s", text, error->message);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    if (!scope_knows (scope, names[i]))
      koban_profile_problem (reading, node, _("nothing fills {%s} here"), names[i]);
}

/* Every text in a body is a template. */
static void
check_body (KobanReading *reading, KobanJsonNode node, const Scope *scope)
{
  if (!koban_json_exists (node))
    return;
  if (koban_json_type (node) == KOBAN_JSON_STRING)
    check_template (reading, node, koban_json_string (node), scope);
  for (KobanJsonNode child = koban_json_first (node); koban_json_exists (child);
       child = koban_json_next (child))
    check_body (reading, child, scope);
}

static void
check_variables (KobanReading *reading, KobanJsonNode node, KobanProfile *self, GArray *pairs)
{
  for (guint i = 0; i < pairs->len; i++)
    if (!is_variable (self, g_array_index (pairs, KobanPair, i).name))
      koban_profile_problem (reading, node, _("an account has no variable “%s”"),
                             g_array_index (pairs, KobanPair, i).name);
}

/* What a listing refers to by name. */
static void
check_names (KobanReading *reading, KobanJsonNode node, KobanProfile *self, const KobanListingRule *listing)
{
  const Scope scope = { .profile = self, .with_account = TRUE };

  check_variables (reading, node, self, listing->repeats);
  check_template (reading, node, listing->where_is, &scope);
  if (listing->by_account != NULL && listing->by_account->at[0] != NULL &&
      !is_variable (self, listing->by_account->at[0]))
    koban_profile_problem (reading, node, _("an account has no variable “%s”"), listing->by_account->at[0]);
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    if (listing->fields[i] != NULL && listing->fields[i]->join &&
        koban_profile_find_request (self, KOBAN_GIVES_NAMES) == NULL)
      koban_profile_problem (reading, node, _("“join” needs a listing of names"));
}

/* Lines for the whole connection stand in the rows of its accounts, or say themselves whose they are. */
static gboolean
says_whose (const KobanListingRule *listing)
{
  return listing->gives == KOBAN_GIVES_REMOVED || (listing->gives == KOBAN_GIVES_TRANSACTIONS &&
                                                   (listing->where_is != NULL || listing->skip_currencies));
}

static gboolean
is_of_account (const KobanListingRule *listing)
{
  return listing->gives == KOBAN_GIVES_IDENTITY || listing->gives == KOBAN_GIVES_BALANCE ||
         listing->gives == KOBAN_GIVES_TRANSACTIONS || listing->gives == KOBAN_GIVES_REMOVED;
}

static void
check_listing (KobanReading *reading,
               KobanJsonNode node,
               KobanProfile *self,
               const KobanRequestRule *request,
               const KobanListingRule *listing,
               gboolean has_accounts)
{
  gboolean of_sign_in = listing->gives == KOBAN_GIVES_SCOPES;
  gboolean of_account = is_of_account (listing);

  if (of_sign_in != (request->per == KOBAN_PER_SIGN_IN))
    koban_profile_problem (reading, node, _("scopes are asked for per sign-in, and nothing else is"));
  if (of_account && request->per != KOBAN_PER_ACCOUNT && !has_accounts && !says_whose (listing))
    koban_profile_problem (reading, node, _("%s for the whole connection stand in the rows of its accounts"),
                           koban_gives_name (listing->gives));
  if (of_account && has_accounts && koban_profile_find_request (self, KOBAN_GIVES_IDENTITY) != NULL)
    koban_profile_problem (reading, node, _("%s cannot stand with accounts that a later request identifies"),
                           koban_gives_name (listing->gives));
  if (listing->gives == KOBAN_GIVES_IDENTITY && request->per != KOBAN_PER_ACCOUNT)
    koban_profile_problem (reading, node, _("identity is asked for per account"));
  check_names (reading, node, self, listing);
}

/* The first request gives the accounts, or the holders and the second the accounts. */
static KobanGives
expected_at (KobanProfile *self, guint index)
{
  const gboolean with_holders = koban_profile_find_request (self, KOBAN_GIVES_HOLDERS) != NULL;
  if (with_holders && index == 0)
    return KOBAN_GIVES_HOLDERS;
  return index == (with_holders ? 1 : 0) ? KOBAN_GIVES_ACCOUNTS : KOBAN_GIVES_TRANSACTIONS;
}

static void
check_order (KobanReading *reading, KobanJsonNode node, KobanProfile *self, guint index)
{
  static const KobanGives firsts[] = { KOBAN_GIVES_HOLDERS, KOBAN_GIVES_ACCOUNTS };
  KobanRequestRule *request = self->requests->pdata[index];

  for (guint i = 0; i < G_N_ELEMENTS (firsts); i++)
    if ((koban_request_find_listing (request, firsts[i]) != NULL) != (expected_at (self, index) == firsts[i]))
      koban_profile_problem (reading, node, _("the first request gives the accounts, and no other"));
  if (expected_at (self, index) != KOBAN_GIVES_TRANSACTIONS && request->per != KOBAN_PER_CONNECTION &&
      request->per != KOBAN_PER_HOLDER)
    koban_profile_problem (reading, node, _("the accounts are asked for per connection, or per holder"));
}

static gboolean
has_holders (KobanProfile *self)
{
  return self->holders != NULL || koban_profile_find_request (self, KOBAN_GIVES_HOLDERS) != NULL;
}

static void
check_request_listings (KobanReading *reading,
                        KobanJsonNode node,
                        KobanProfile *self,
                        KobanRequestRule *request)
{
  gboolean has_accounts = koban_request_find_listing (request, KOBAN_GIVES_ACCOUNTS) != NULL;

  for (guint i = 0; i < request->listings->len; i++)
    check_listing (reading, node, self, request, request->listings->pdata[i], has_accounts);
  for (guint i = 0; i < request->messages->len; i++)
    check_variables (reading, node, self, ((KobanMessageRule *) request->messages->pdata[i])->scope);
  if (request->per == KOBAN_PER_HOLDER && !has_holders (self))
    koban_profile_problem (reading, node, _("nothing says who the holders are"));
}

/* What is read on from where it was left must come in one piece. */
static void
check_kept (KobanReading *reading, KobanJsonNode node, KobanProfile *self, KobanRequestRule *request)
{
  gboolean is_good = request->per == KOBAN_PER_CONNECTION;

  for (guint i = 0; i < self->requests->len; i++)
    {
      KobanRequestRule *other = koban_profile_get_request (self, i);
      KobanListingRule *lines = koban_request_find_listing (other, KOBAN_GIVES_TRANSACTIONS);
      is_good &= other == request ? lines != NULL && lines->reach == KOBAN_REACH_CHANGES : lines == NULL;
    }
  if (request->paging.kept && !is_good)
    koban_profile_problem (reading, node,
                           _("a cursor is “kept” of the one list of changes of the whole connection"));
}

static void
check_client (KobanReading *reading, KobanJsonNode node, KobanProfile *self, const char *scope)
{
  const KobanProofRule *rule = scope != NULL ? koban_oauth_rule_find (self) : NULL;

  if (scope != NULL && (rule == NULL || rule->oauth.flow == KOBAN_FLOW_CONSENT))
    koban_profile_problem (reading, node,
                           _("“as_client” needs the scheme “oauth”, with a flow that has tokens"));
}

static void
check_requests (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  KobanJsonNode item = koban_json_first (node);
  for (guint i = 0; i < self->requests->len; i++, item = koban_json_next (item))
    {
      KobanRequestRule *request = self->requests->pdata[i];
      const Scope scope = { .profile = self,
                            .with_account = request->per == KOBAN_PER_ACCOUNT,
                            .with_holder = request->per == KOBAN_PER_HOLDER,
                            .with_time = TRUE };
      check_template (reading, item, request->path, &scope);
      for (guint q = 0; q < request->query->len; q++)
        check_template (reading, item, g_array_index (request->query, KobanPair, q).value, &scope);
      check_body (reading, request->body, &scope);
      check_order (reading, item, self, i);
      check_request_listings (reading, item, self, request);
      check_client (reading, item, self, request->as_client);
      check_kept (reading, item, self, request);
    }
}

/* Before "auth": what a login keeps may be sent here alone. */
static void
check_headers (KobanReading *reading, KobanJsonNode root, KobanProfile *self)
{
  KobanJsonNode item = koban_json_first (koban_json_member (root, "requests"));

  for (guint i = 0; i < self->requests->len; i++, item = koban_json_next (item))
    koban_auth_check_headers (reading, item, self, koban_profile_get_request (self, i)->headers);
  item = koban_json_first (koban_json_member (root, "revocations"));
  for (guint i = 0; i < self->revocations->len; i++, item = koban_json_next (item))
    {
      const KobanRevocationRule *rule = self->revocations->pdata[i];
      const KobanFactorRule *factor = rule->factor;
      koban_auth_check_headers (reading, item, self, rule->headers);
      if (factor == NULL)
        continue;
      koban_auth_check_headers (reading, item, self, factor->start.headers);
      koban_auth_check_headers (reading, item, self, factor->status.headers);
      for (guint a = 0; a < factor->asks->len; a++)
        koban_auth_check_headers (reading, item, self,
                                  ((KobanAskRule *) factor->asks->pdata[a])->send.headers);
    }
}

static void
check_revoking_needs (KobanReading *reading,
                      KobanJsonNode node,
                      KobanProfile *self,
                      const KobanRevocationRule *rule)
{
  for (gsize i = 0; rule->needs != NULL && rule->needs[i] != NULL; i++)
    {
      const KobanNeed *need = koban_profile_find_need (self, rule->needs[i]);
      if (need == NULL || !need->revoke)
        koban_profile_problem (reading, node, _("“%s” is none of the “needs” that have “revoke”"),
                               rule->needs[i]);
    }
}

static void
check_call (KobanReading *reading, KobanJsonNode node, const KobanCallRule *call, const Scope *scope)
{
  check_template (reading, node, call->path, scope);
  check_body (reading, call->body, scope);
}

static gboolean
says_answer (KobanJsonNode body)
{
  gboolean says = koban_json_exists (body) && koban_json_string (body) != NULL &&
                  strstr (koban_json_string (body), "{answer}") != NULL;

  for (KobanJsonNode child = koban_json_first (body); !says && koban_json_exists (child);
       child = koban_json_next (child))
    says = says_answer (child);
  return says;
}

/* What a bank gave a name to, is asked for by it; what the person says goes into a body, and no address. */
static void
check_factor (KobanReading *reading, KobanJsonNode node, KobanProfile *self, const KobanFactorRule *rule)
{
  Scope scope = { .profile = self, .with_account = TRUE, .with_link = TRUE };
  KobanJsonNode item = koban_json_first (koban_json_member (node, "asks"));

  check_call (reading, node, &rule->start, &scope);
  scope.with_factor = rule->id != NULL;
  check_call (reading, node, &rule->status, &scope);
  for (guint i = 0; i < rule->asks->len; i++, item = koban_json_next (item))
    {
      const KobanAskRule *ask = rule->asks->pdata[i];
      const gboolean sends = ask->asks == KOBAN_ASKS_CHOICE || ask->asks == KOBAN_ASKS_CODE;
      scope.with_answer = FALSE;
      check_template (reading, item, ask->send.path, &scope);
      scope.with_answer = TRUE;
      check_body (reading, ask->send.body, &scope);
      if (sends && !says_answer (ask->send.body))
        koban_profile_problem (reading, item, _("“send” has a “body” with {answer} in it"));
    }
}

static void
check_revocations (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  const Scope scope = { .profile = self, .with_account = TRUE, .with_link = TRUE };
  KobanJsonNode item = koban_json_first (node);
  for (guint i = 0; i < self->revocations->len; i++, item = koban_json_next (item))
    {
      KobanRevocationRule *rule = self->revocations->pdata[i];
      check_template (reading, item, rule->path, &scope);
      check_body (reading, rule->body, &scope);
      check_revoking_needs (reading, item, self, rule);
      check_client (reading, item, self, rule->as_client);
      if (rule->factor != NULL)
        check_factor (reading, koban_json_member (item, "sca"), self, rule->factor);
      g_autofree char *host = NULL;
      if (rule->how == KOBAN_REVOCATION_URL && rule->by_hand != NULL &&
          (!koban_http_check_url (rule->by_hand, &host, NULL) ||
           !g_strv_contains ((const char *const *) self->hosts, host)))
        koban_profile_problem (reading, item, _("“by_hand” is a page of one of the “hosts”"));
    }
}

static void
check_base_url (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  g_autofree char *host = NULL;
  g_autoptr(GError) error = NULL;

  if (self->base_url == NULL || self->hosts == NULL)
    return;
  if (!koban_http_check_url (self->base_url, &host, &error))
    koban_profile_problem (reading, node, "“base_url”: %s", error->message);
  else if (!g_strv_contains ((const char *const *) self->hosts, host))
    koban_profile_problem (reading, node, _("the host “%s” of “base_url” is not in “hosts”"), host);
  else if (g_str_has_suffix (self->base_url, "/"))
    koban_profile_problem (reading, node, _("“base_url” does not end with “/”: paths begin with it"));
}

/* Whether the accounts, or what identifies them, say any of @fields, or a hash does. */
static gboolean
accounts_say (KobanProfile *self, const KobanFieldName *fields, gsize n_fields, gboolean or_hash)
{
  static const KobanGives kinds[] = { KOBAN_GIVES_ACCOUNTS, KOBAN_GIVES_IDENTITY };

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      KobanRequestRule *request = koban_profile_find_request (self, kinds[i]);
      KobanListingRule *listing = request != NULL ? koban_request_find_listing (request, kinds[i]) : NULL;
      if (listing != NULL && or_hash && listing->hash->len > 0)
        return TRUE;
      for (gsize f = 0; listing != NULL && f < n_fields; f++)
        if (listing->fields[fields[f]] != NULL)
          return TRUE;
    }
  return FALSE;
}

static void
check_accounts (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  static const KobanFieldName names[] = { KOBAN_FIELD_IBAN, KOBAN_FIELD_NUMBER };
  static const KobanFieldName currency[] = { KOBAN_FIELD_CURRENCY };

  if (!accounts_say (self, names, G_N_ELEMENTS (names), TRUE))
    koban_profile_problem (reading, node,
                           _("nothing says which account is which: “iban”, “number” or “hash”"));
  if (!accounts_say (self, currency, G_N_ELEMENTS (currency), FALSE))
    koban_profile_problem (reading, node, _("nothing says in which “currency” an account is kept"));
}

static void
check_holders (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  const KobanNeed *need = self->holders != NULL ? koban_profile_use_need (self, self->holders) : NULL;

  if (self->holders != NULL && (need == NULL || need->secret))
    koban_profile_problem (reading, node, _("“holders” names a need that is no secret"));
}

static void
check_id (KobanReading *reading, KobanJsonNode node, const char *id)
{
  if (id != NULL && (*id == '\0' || strspn (id, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen (id)))
    koban_profile_problem (reading, node, _("“id” is made of a–z, 0–9 and “-”"));
}

/* A secret is not asked for in vain: something that would have sent it is missing. What may be empty stands
 * in no template. */
static void
check_uses (KobanReading *reading, KobanJsonNode node, KobanProfile *self)
{
  KobanJsonNode item = koban_json_first (node);
  for (guint i = 0; i < self->needs->len; i++, item = koban_json_next (item))
    {
      const KobanNeed *need = &g_array_index (self->needs, KobanNeed, i);
      if (need->name != NULL && !g_hash_table_contains (self->used, need->name))
        koban_profile_problem (reading, item, _("nothing uses “%s”"), need->name);
      if (need->optional && g_strcmp0 (need->name, self->holders) != 0)
        koban_profile_problem (reading, item, _("only the need of “holders” is “optional”"));
    }
}

void
koban_profile_check (KobanReading *reading, KobanJsonNode root, KobanProfile *self)
{
  KobanJsonNode format = koban_json_member (root, "format");
  gint64 number;
  if (koban_json_exists (format) && (!koban_json_int64 (format, &number) || number != 1))
    koban_profile_problem (reading, format, _("“format” must be 1"));
  check_id (reading, koban_json_member (root, "id"), self->id);
  check_base_url (reading, koban_json_member (root, "base_url"), self);
  check_headers (reading, root, self);
  koban_auth_check (reading, koban_json_member (root, "auth"), self);
  if (self->requests->len == 0)
    koban_profile_problem (reading, root, _("there is no request"));
  else
    check_accounts (reading, koban_json_member (root, "requests"), self);
  check_holders (reading, koban_json_member (root, "holders"), self);
  check_requests (reading, koban_json_member (root, "requests"), self);
  if (self->hosts != NULL)
    check_revocations (reading, koban_json_member (root, "revocations"), self);
  check_uses (reading, koban_json_member (root, "needs"), self);
}
