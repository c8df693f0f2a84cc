/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of the scheme “oauth”, and what must be true of them together: every endpoint that the flow needs
 * is named or looked for, at a host that the person was shown, and the client has what it proves itself with.
 */
#include "config.h"

#include "bank/profile-oauth.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/http.h>
#include "bank/auth-scheme.h"
#include "bank/template.h"

void
koban_oauth_rule_init (KobanReading *reading, KobanOAuthRule *self)
{
  self->send = koban_reading_pairs (reading);
  self->consent.headers = koban_reading_pairs (reading);
  self->consent.keep = koban_reading_pairs (reading);
}

/* What a sign-in makes up itself, or is given. */
static const char *const given[] = {
  KOBAN_OAUTH_ACCESS_TOKEN, "redirect_url", "state", "nonce", "consent_until", "consent_until_day", NULL,
};

gboolean
koban_oauth_rule_gives (const KobanOAuthRule *self, const char *name)
{
  return g_strv_contains (given, name) || koban_pairs_lookup (self->consent.keep, name) != NULL ||
         (self->client_id == NULL && g_str_equal (name, "client_id"));
}

const KobanProofRule *
koban_oauth_rule_find (KobanProfile *profile)
{
  for (guint i = 0; i < profile->auth->len; i++)
    if (((KobanProofRule *) profile->auth->pdata[i])->scheme == &koban_scheme_oauth)
      return profile->auth->pdata[i];
  return NULL;
}

char *
koban_oauth_rule_place (const char *endpoint, const char *base_url, gboolean typed)
{
  if (*endpoint == '/')
    return g_strconcat (base_url, endpoint, NULL);
  const char *path = strchr (endpoint + strlen ("https://"), '/');
  return typed ? g_strconcat (base_url, path, NULL) : g_strdup (endpoint);
}

/* — reading — */

static void
read_status (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  static const KobanKey keys[] = {
    { "path", koban_read_text, G_STRUCT_OFFSET (KobanConsentRule, status), TRUE },
    { "at", koban_read_pointer, G_STRUCT_OFFSET (KobanConsentRule, status_at), TRUE },
    { "yes", koban_read_texts, G_STRUCT_OFFSET (KobanConsentRule, status_is), TRUE },
    { "no", koban_read_texts, G_STRUCT_OFFSET (KobanConsentRule, status_no) },
  };
  koban_read_object (reading, node, _("“status”"), keys, G_N_ELEMENTS (keys), target);
}

void
koban_read_oauth_consent (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
#define KEY(name, read, member, required)                                                                    \
  {                                                                                                          \
    name, read, G_STRUCT_OFFSET (KobanConsentRule, member), required                                         \
  }
  static const KobanKey keys[] = {
    KEY ("path", koban_read_text, path, TRUE),           KEY ("body", koban_read_body, body, TRUE),
    KEY ("headers", koban_read_pairs, headers, FALSE),   KEY ("as_client", koban_read_bool, as_client, FALSE),
    KEY ("scope", koban_read_text, scope, FALSE),        KEY ("keep", koban_read_pointer_pairs, keep, TRUE),
    KEY ("fields", koban_read_texts, fields, FALSE),     KEY ("url", koban_read_pointer, url, FALSE),
    KEY ("expires", koban_read_pointer, expires, FALSE), { "status", read_status, 0 },
  };
#undef KEY
  koban_read_object (reading, node, _("“consent”"), keys, G_N_ELEMENTS (keys), target);
}

/* — what must be true — */

/* Which endpoints a flow cannot do without, and what they are called in a file. */
static const struct
{
  const char *name;
  guint needed; /* by flows, 1 << flow */
} endpoints[] = {
  [KOBAN_ENDPOINT_AUTHORIZE] = { "authorize", 1 << KOBAN_FLOW_CODE },
  [KOBAN_ENDPOINT_TOKEN] = { "token", 1 << KOBAN_FLOW_CODE | 1 << KOBAN_FLOW_DEVICE },
  [KOBAN_ENDPOINT_PAR] = { "par", 0 },
  [KOBAN_ENDPOINT_DEVICE] = { "device", 1 << KOBAN_FLOW_DEVICE },
  [KOBAN_ENDPOINT_REGISTER] = { "register", 0 },
};

static void
check_address (KobanReading *reading,
               KobanJsonNode node,
               KobanProfile *profile,
               const char *what,
               const char *url)
{
  g_autofree char *host = NULL;
  g_autoptr(GError) error = NULL;

  if (!koban_http_check_url (url, &host, &error))
    koban_profile_problem (reading, node, "“%s”: %s", what, error->message);
  else if (profile->hosts != NULL && !g_strv_contains ((const char *const *) profile->hosts, host))
    koban_profile_problem (reading, node, _("the host “%s” of “%s” is not in “hosts”"), host, what);
  else if (strchr (url + strlen ("https://"), '/') == NULL)
    koban_profile_problem (reading, node, _("“%s” lacks a path: write at least “/” behind the host"), what);
}

static void
check_endpoints (KobanReading *reading, KobanJsonNode node, KobanProfile *profile, const KobanOAuthRule *rule)
{
  for (gsize i = 0; i < KOBAN_N_ENDPOINTS; i++)
    {
      const char *place = rule->endpoints[i];
      gboolean needed = (endpoints[i].needed & (1u << rule->flow)) != 0;
      if (place != NULL && *place != '/')
        check_address (reading, node, profile, endpoints[i].name, place);
      if (place == NULL && needed && rule->discover == KOBAN_DISCOVER_NOT &&
          !(i == KOBAN_ENDPOINT_AUTHORIZE && rule->consent.url != NULL))
        koban_profile_problem (reading, node, _("the flow lacks “%s”, and nothing is discovered"),
                               endpoints[i].name);
    }
  if (rule->issuer != NULL && g_ascii_strncasecmp (rule->issuer, "https://", strlen ("https://")) != 0)
    koban_profile_problem (reading, node, _("“issuer” is an https address"));
  if (rule->discover != KOBAN_DISCOVER_NOT && rule->issuer == NULL)
    koban_profile_problem (reading, node, _("“discover” needs an “issuer”"));
}

static void
check_client (KobanReading *reading, KobanJsonNode node, const KobanOAuthRule *rule)
{
  gboolean by_secret = rule->client == KOBAN_CLIENT_SECRET_POST || rule->client == KOBAN_CLIENT_SECRET_BASIC;
  gboolean registers = rule->client_id == NULL && rule->flow != KOBAN_FLOW_CONSENT;

  if (registers && rule->endpoints[KOBAN_ENDPOINT_REGISTER] == NULL && rule->discover == KOBAN_DISCOVER_NOT)
    koban_profile_problem (reading, node,
                           _("“client_id” names a need, or Koban registers itself at “register”"));
  if (by_secret != (rule->client_secret != NULL) && !(by_secret && registers))
    koban_profile_problem (reading, node,
                           _("“client_secret” stands with the “client” “secret-post” or “secret-basic”"));
  if ((rule->client == KOBAN_CLIENT_PRIVATE_KEY_JWT || rule->sign) != (rule->key != NULL))
    koban_profile_problem (reading, node,
                           _("“key” stands with the “client” “private-key-jwt”, or with “sign”"));
}

static void
check_consent (KobanReading *reading, KobanJsonNode node, const KobanOAuthRule *rule)
{
  const KobanConsentRule *consent = &rule->consent;

  if (rule->flow == KOBAN_FLOW_CONSENT && (consent->path == NULL || consent->status == NULL))
    koban_profile_problem (reading, node,
                           _("the flow “consent” has a “consent”, whose “status” says if it is given"));
  if (consent->path != NULL && consent->keep->len == 0)
    koban_profile_problem (reading, node, _("a “consent” keeps what it is called"));
  for (char **field = consent->fields; field != NULL && *field != NULL; field++)
    if (koban_pairs_lookup (consent->keep, *field) == NULL)
      koban_profile_problem (reading, node, _("“fields” names “%s”, which the consent does not keep"),
                             *field);
  if ((consent->path != NULL && *consent->path != '/') ||
      (consent->status != NULL && *consent->status != '/') ||
      (rule->approval != NULL && *rule->approval != '/'))
    koban_profile_problem (reading, node, _("“path” begins with “/”"));
}

/* Names of secrets in a text that no table of pairs holds. */
static void
check_text (KobanReading *reading,
            KobanJsonNode node,
            KobanProfile *profile,
            const KobanOAuthRule *rule,
            const char *text)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) names = koban_template_list_names (text, &error);

  if (names == NULL)
    koban_profile_problem (reading, node, "“%s”: %s", text, error->message);
  for (gsize i = 0; names != NULL && names[i] != NULL; i++)
    if (koban_profile_use_need (profile, names[i]) == NULL && !koban_oauth_rule_gives (rule, names[i]) &&
        !g_str_equal (names[i], KOBAN_AUTH_REQUEST_ID))
      koban_profile_problem (reading, node, _("nothing fills {%s} here"), names[i]);
}

static void
check_body (KobanReading *reading, KobanJsonNode node, KobanProfile *profile, const KobanOAuthRule *rule)
{
  if (!koban_json_exists (node))
    return;
  if (koban_json_type (node) == KOBAN_JSON_STRING)
    check_text (reading, node, profile, rule, koban_json_string (node));
  for (KobanJsonNode child = koban_json_first (node); koban_json_exists (child);
       child = koban_json_next (child))
    check_body (reading, child, profile, rule);
}

/* What it is given may not be taken for what a person hands over. */
static void
check_needs (KobanReading *reading, KobanJsonNode node, KobanProfile *profile, const KobanOAuthRule *rule)
{
  for (guint i = 0; i < profile->needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (profile->needs, KobanNeed, i);
      if (need->name != NULL && !g_str_equal (need->name, "redirect_url") &&
          koban_oauth_rule_gives (rule, need->name))
        koban_profile_problem (reading, node, _("“%s” comes of the sign-in, and is not asked for"),
                               need->name);
    }
}

void
koban_oauth_rule_check (KobanReading *reading,
                        KobanJsonNode node,
                        KobanProfile *profile,
                        const KobanProofRule *rule)
{
  const KobanOAuthRule *oauth = &rule->oauth;

  check_endpoints (reading, node, profile, oauth);
  check_client (reading, node, oauth);
  check_consent (reading, node, oauth);
  check_needs (reading, node, profile, oauth);
  if (oauth->consent.path != NULL)
    check_text (reading, node, profile, oauth, oauth->consent.path);
  check_body (reading, oauth->consent.body, profile, oauth);
  check_body (reading, oauth->claims, profile, oauth);
  if (oauth->consent.status != NULL)
    check_text (reading, node, profile, oauth, oauth->consent.status);
}
