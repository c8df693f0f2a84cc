/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The table of ways to prove who asks, and the rows of a profile applied one after the other. Where a
 * request may go is decided by hosts.c, after this and for every row alike.
 */
#include "config.h"

#include "bank/auth-scheme.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

static const KobanScheme *const schemes[] = {
  &koban_scheme_bearer,         &koban_scheme_headers,        &koban_scheme_basic, &koban_scheme_body,
  &koban_scheme_mutual_tls,     &koban_scheme_claim,          &koban_scheme_login, &koban_scheme_jwt,
  &koban_scheme_body_signature, &koban_scheme_http_signature, &koban_scheme_oauth,
};

const KobanScheme *
koban_scheme_find (const char *name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (schemes); i++)
    if (g_str_equal (schemes[i]->name, name))
      return schemes[i];
  return NULL;
}

KobanAuth *
koban_auth_new (const KobanAuthOptions *options)
{
  KobanAuth *self = g_new0 (KobanAuth, 1);
  self->profile = koban_profile_ref (options->profile);
  self->base_url = g_strdup (options->base_url);
  self->fields = options->fields;
  self->hosts = options->hosts;
  self->secrets = options->secrets != NULL ? koban_secret_ref (options->secrets) : NULL;
  self->now_us = options->now_us;
  for (guint i = 0; i < self->profile->auth->len; i++)
    {
      const KobanProofRule *rule = self->profile->auth->pdata[i];
      if (rule->scheme->begin != NULL)
        rule->scheme->begin (self, rule);
    }
  return self;
}

void
koban_auth_free (KobanAuth *self)
{
  koban_profile_unref (self->profile);
  g_free (self->base_url);
  g_clear_pointer (&self->secrets, koban_secret_unref);
  g_clear_pointer (&self->fleeting, koban_secret_unref);
  g_free (self);
}

static const KobanProofRule *
get_rule (KobanAuth *self, guint i)
{
  return self->profile->auth->pdata[i];
}

/* The first row that wants a request of its own; their number if none does. */
static guint
find_opening (KobanAuth *self)
{
  guint i = 0;

  while (i < self->profile->auth->len &&
         (get_rule (self, i)->scheme->wants_opening == NULL ||
          !get_rule (self, i)->scheme->wants_opening (self, get_rule (self, i))))
    i++;
  return i;
}

void
koban_auth_act_as (KobanAuth *self, const char *scope)
{
  self->as_client = scope;
}

gboolean
koban_auth_wants_opening (KobanAuth *self)
{
  return find_opening (self) < self->profile->auth->len;
}

static gboolean
prepare (KobanAuth *self, guint n_rules, GError **error)
{
  for (guint i = 0; i < n_rules; i++)
    {
      const KobanProofRule *rule = get_rule (self, i);
      if (rule->scheme->prepare != NULL && !rule->scheme->prepare (self, rule, error))
        return FALSE;
    }
  return TRUE;
}

/* The proofs of the first @n_rules rows. */
static gboolean
prove (KobanAuth *self, guint n_rules, KobanOutgoing *outgoing, GError **error)
{
  for (guint i = 0; i < n_rules; i++)
    {
      const KobanProofRule *rule = get_rule (self, i);
      if (!rule->scheme->prove (self, rule, outgoing, error))
        return FALSE;
    }
  return TRUE;
}

gboolean
koban_auth_prove_before (KobanAuth *self, const KobanProofRule *rule, KobanOutgoing *outgoing, GError **error)
{
  guint n_rules = 0;

  while (n_rules < self->profile->auth->len && get_rule (self, n_rules) != rule)
    n_rules++;
  return prove (self, n_rules, outgoing, error);
}

/* An opening carries the proofs of the rows before it. */
KobanOutgoing *
koban_auth_open (KobanAuth *self, GError **error)
{
  guint i = find_opening (self);
  const KobanProofRule *rule = get_rule (self, i);

  if (!prepare (self, i, error))
    return NULL;
  g_autoptr(KobanOutgoing) outgoing = rule->scheme->open (self, rule, error);
  if (outgoing == NULL || !prove (self, i, outgoing, error))
    return NULL;
  return g_steal_pointer (&outgoing);
}

gboolean
koban_auth_opened (KobanAuth *self, const KobanHttpResponse *answer, GError **error)
{
  const KobanProofRule *rule = get_rule (self, find_opening (self));
  return rule->scheme->opened (self, rule, answer, error);
}

gboolean
koban_auth_lost (KobanAuth *self)
{
  guint i = find_opening (self);

  return i < self->profile->auth->len && get_rule (self, i)->scheme->lost != NULL &&
         get_rule (self, i)->scheme->lost (self, get_rule (self, i));
}

gboolean
koban_auth_refused (KobanAuth *self)
{
  for (guint i = 0; i < self->profile->auth->len; i++)
    if (get_rule (self, i)->scheme->refused != NULL &&
        get_rule (self, i)->scheme->refused (self, get_rule (self, i)))
      return TRUE;
  return FALSE;
}

static gboolean
may_revoke (KobanAuth *self, GError **error)
{
  for (guint i = 0; i < self->profile->needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (self->profile->needs, KobanNeed, i);
      if (koban_revocation_wants (self->revoking, need) && !koban_auth_has (self, need->name))
        {
          g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                       _("what is stored can only watch; revoking needs: %s"), need->label);
          return FALSE;
        }
    }
  return TRUE;
}

KobanOutgoing *
koban_auth_request (KobanAuth *self,
                    const char *method,
                    const char *path,
                    const char *body,
                    const KobanRevocationRule *revoking,
                    GError **error)
{
  g_autoptr(KobanOutgoing) outgoing = koban_outgoing_new (method, self->base_url, path);

  self->revoking = revoking;
  outgoing->body = body != NULL ? koban_secret_new (body, -1) : NULL;
  if ((revoking != NULL && !may_revoke (self, error)) ||
      !prove (self, self->profile->auth->len, outgoing, error))
    return NULL;
  return g_steal_pointer (&outgoing);
}

static gboolean
is_header (KobanSecret *line, const char *name)
{
  const char *text = koban_secret_peek (line, NULL);
  const gsize length = strlen (name);

  return g_ascii_strncasecmp (text, name, length) == 0 && text[length] == ':';
}

gboolean
koban_auth_set_headers (KobanAuth *self, GArray *pairs, KobanOutgoing *outgoing, GError **error)
{
  for (guint p = 0; p < pairs->len; p++)
    for (guint i = outgoing->secret_headers->len; i > 0; i--)
      if (is_header (outgoing->secret_headers->pdata[i - 1], g_array_index (pairs, KobanPair, p).name))
        g_ptr_array_remove_index (outgoing->secret_headers, i - 1);
  return koban_auth_add_headers (self, pairs, outgoing, error);
}

KobanSecret *
koban_auth_take_secrets (KobanAuth *self)
{
  if (!self->changed)
    return NULL;
  self->changed = FALSE;
  return koban_secret_ref (self->secrets);
}
