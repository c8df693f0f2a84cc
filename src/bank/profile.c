/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A provider's profile as others see it: immutable once loaded, and loaded only if the reader found
 * no mistake at all. Holds no secret and makes no request.
 */
#include "config.h"

#include <koban/profile.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/rules.h"

#define MAX_PROFILE_BYTES (256 * 1024)

KobanProfile *
koban_profile_ref (KobanProfile *self)
{
  g_atomic_int_inc (&self->ref_count);
  return self;
}

void
koban_profile_unref (KobanProfile *self)
{
  if (!g_atomic_int_dec_and_test (&self->ref_count))
    return;
  g_free (self->digest);
  g_free (self->auth_name);
  g_free (self->file);
  g_strfreev (self->lists);
  g_strfreev (self->revokes);
  g_array_unref (self->owned);
  g_clear_pointer (&self->json, koban_json_unref);
  g_free (self);
}

const KobanNeed *
koban_profile_find_need (KobanProfile *self, const char *name)
{
  for (guint i = 0; i < self->needs->len; i++)
    if (g_strcmp0 (g_array_index (self->needs, KobanNeed, i).name, name) == 0)
      return &g_array_index (self->needs, KobanNeed, i);
  return NULL;
}

const KobanNeed *
koban_profile_use_need (KobanProfile *self, const char *name)
{
  const KobanNeed *need = koban_profile_find_need (self, name);

  if (need != NULL)
    g_hash_table_add (self->used, g_strdup (name));
  return need;
}

KobanRequestRule *
koban_profile_get_request (KobanProfile *self, guint index)
{
  return self->requests->pdata[index];
}

KobanListingRule *
koban_request_find_listing (KobanRequestRule *request, KobanGives gives)
{
  for (guint i = 0; i < request->listings->len; i++)
    {
      KobanListingRule *listing = request->listings->pdata[i];
      if (listing->gives == gives)
        return listing;
    }
  return NULL;
}

KobanRequestRule *
koban_profile_find_request (KobanProfile *self, KobanGives gives)
{
  for (guint i = 0; i < self->requests->len; i++)
    if (koban_request_find_listing (koban_profile_get_request (self, i), gives) != NULL)
      return koban_profile_get_request (self, i);
  return NULL;
}

KobanRevocationRule *
koban_profile_find_revocation (KobanProfile *self, KobanLinkKind kind)
{
  for (guint i = 0; i < self->revocations->len; i++)
    {
      KobanRevocationRule *rule = self->revocations->pdata[i];
      if (rule->kind == kind)
        return rule;
    }
  return NULL;
}

gboolean
koban_revocation_wants (const KobanRevocationRule *rule, const KobanNeed *need)
{
  return need->revoke && (rule == NULL || rule->needs == NULL ||
                          g_strv_contains ((const char *const *) rule->needs, need->name));
}

gboolean
koban_profile_wants_to_revoke (KobanProfile *self, KobanLinkKind kind, const KobanNeed *need)
{
  return koban_revocation_wants (koban_profile_find_revocation (self, kind), need);
}

static char **
list_kinds (KobanProfile *self)
{
  g_autoptr(GStrvBuilder) kinds = g_strv_builder_new ();
  for (guint r = 0; r < self->requests->len; r++)
    {
      KobanRequestRule *request = koban_profile_get_request (self, r);
      for (guint l = 0; l < request->listings->len; l++)
        {
          KobanListingRule *listing = request->listings->pdata[l];
          if (listing->gives == KOBAN_GIVES_LINKS)
            g_strv_builder_add (kinds, koban_link_kind_name (listing->link_kind));
        }
    }
  return g_strv_builder_end (kinds);
}

static char **
list_revokes (KobanProfile *self)
{
  g_autoptr(GStrvBuilder) kinds = g_strv_builder_new ();
  for (guint i = 0; i < self->revocations->len; i++)
    {
      KobanRevocationRule *rule = self->revocations->pdata[i];
      if (rule->how == KOBAN_REVOCATION_API || rule->how == KOBAN_REVOCATION_API_SCA)
        g_strv_builder_add (kinds, koban_link_kind_name (rule->kind));
    }
  return g_strv_builder_end (kinds);
}

KobanProfile *
koban_profile_load (const char *data, gsize length, const char *where, GError **error)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);
  g_autoptr(KobanProfile) self = koban_profile_read (data, length, problems);

  if (problems->len > 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   g_dngettext (GETTEXT_PACKAGE, "%s: %s (%u mistake in all)", "%s: %s (%u mistakes in all)",
                                problems->len),
                   where, (const char *) problems->pdata[0], problems->len);
      return NULL;
    }
  self->lists = list_kinds (self);
  self->revokes = list_revokes (self);
  return g_steal_pointer (&self);
}

KobanProfile *
koban_profile_load_file (const char *path, GError **error)
{
  g_autofree char *data = NULL;
  gsize length;

  if (!g_file_get_contents (path, &data, &length, error))
    return NULL;
  if (length > MAX_PROFILE_BYTES)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s: a profile has at most 256 KiB"), path);
      return NULL;
    }
  return koban_profile_load (data, length, path, error);
}

char **
koban_profile_lint (const char *data, gsize length)
{
  g_autoptr(GPtrArray) problems = g_ptr_array_new_with_free_func (g_free);

  koban_profile_unref (koban_profile_read (data, length, problems));
  g_ptr_array_add (problems, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&problems), FALSE);
}

/* What a member is, asked by its name. */
#define DEFINE_GETTER(Type, name, value)                                                                     \
  Type koban_profile_##name (KobanProfile *self)                                                             \
  {                                                                                                          \
    return (Type) (value);                                                                                   \
  }
DEFINE_GETTER (const char *, get_id, self->id)
DEFINE_GETTER (const char *, get_name, self->name)
DEFINE_GETTER (const char *const *, get_countries, self->countries)
DEFINE_GETTER (const char *, get_auth, self->auth_name)
DEFINE_GETTER (KobanPower, get_power, self->power)
DEFINE_GETTER (const char *const *, get_hosts, self->hosts)
DEFINE_GETTER (const char *, get_cost, self->cost)
DEFINE_GETTER (const char *, get_notes, self->notes)
DEFINE_GETTER (const char *const *, get_signup, self->signup)
DEFINE_GETTER (GArray *, get_needs, self->needs)
DEFINE_GETTER (const char *const *, get_lists, self->lists)
DEFINE_GETTER (const char *const *, get_revokes, self->revokes)
DEFINE_GETTER (guint, get_budget, self->per_day)
DEFINE_GETTER (guint, get_interval_s, self->interval_s)
DEFINE_GETTER (gboolean, has_one_sign_in, self->one_sign_in)
DEFINE_GETTER (guint, get_gap_s, self->gap_s)
DEFINE_GETTER (const char *, get_digest, self->digest)
DEFINE_GETTER (gboolean, is_packaged, !self->own)
DEFINE_GETTER (const char *, get_file, self->file)

const char *
koban_power_name (KobanPower power)
{
  static const char *const names[] = { "read", "read+revoke", "pay" };
  return names[power];
}

/* What can be done at every bank, where the profile has nothing better to say. */
static const struct
{
  KobanLinkKind kind;
  const char *by_hand;
} everywhere[] = {
  { KOBAN_LINK_DIRECT_DEBIT,
    N_("In your bank's app or internet banking open the account, look for “Direct debits” or “Mandates”, "
        "and cancel "
        "or block this one; the bank can also do it when you call. Tell the collector as well.") },
  { KOBAN_LINK_STANDING_ORDER, N_("In your bank's app or internet banking open the account, look for "
                                   "“Standing orders” or “Scheduled payments”, "
                                   "and delete this one.") },
  { KOBAN_LINK_EMONEY, N_("In the wallet's own app or page remove this account, then ask your bank to end "
                           "the link with the wallet and "
                           "to take no more of its debits.") },
};

static KobanRevocation
revocation_by_hand (KobanLinkKind kind, const char **by_hand)
{
  for (gsize i = 0; i < G_N_ELEMENTS (everywhere); i++)
    if (everywhere[i].kind == kind)
      {
        *by_hand = _(everywhere[i].by_hand);
        return KOBAN_REVOCATION_MANUAL;
      }
  *by_hand = NULL;
  return KOBAN_REVOCATION_NONE;
}

KobanRevocation
koban_profile_get_revocation (KobanProfile *self, KobanLinkKind kind, const char **by_hand)
{
  KobanRevocationRule *rule = koban_profile_find_revocation (self, kind);
  const char *words = NULL;
  KobanRevocation how = rule != NULL ? rule->how : revocation_by_hand (kind, &words);

  if (by_hand != NULL)
    *by_hand = rule != NULL ? rule->by_hand : words;
  return how;
}

static GVariant *
needs_to_variant (KobanProfile *self)
{
  static const char *const kinds[] = { "text", "file" };
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < self->needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (self->needs, KobanNeed, i);
      g_variant_builder_open (&builder, G_VARIANT_TYPE ("a{sv}"));
      g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (need->name));
      g_variant_builder_add (&builder, "{sv}", "label", g_variant_new_string (need->label));
      g_variant_builder_add (&builder, "{sv}", "secret", g_variant_new_boolean (need->secret));
      g_variant_builder_add (&builder, "{sv}", "revoke", g_variant_new_boolean (need->revoke));
      g_variant_builder_add (&builder, "{sv}", "optional", g_variant_new_boolean (need->optional));
      g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kinds[need->kind]));
      g_variant_builder_add (&builder, "{sv}", "example", g_variant_new_string (need->example));
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

GVariant *
koban_profile_to_variant (KobanProfile *self)
{
  const struct
  {
    const char *key;
    const char *text;
    char **list;
  } rows[] = {
    { "id", self->id },
    { "name", self->name },
    { "countries", NULL, self->countries },
    { "auth", self->auth_name },
    { "power", koban_power_name (self->power) },
    { "lists", NULL, self->lists },
    { "revokes", NULL, self->revokes },
    { "hosts", NULL, self->hosts },
    { "cost", self->cost },
    { "notes", self->notes },
    { "signup", NULL, self->signup },
  };
  g_auto(GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_variant_builder_add (&builder, "{sv}", rows[i].key,
                           rows[i].text != NULL
                             ? g_variant_new_string (rows[i].text)
                             : g_variant_new_strv ((const char *const *) rows[i].list, -1));
  g_variant_builder_add (&builder, "{sv}", "needs", needs_to_variant (self));
  return g_variant_builder_end (&builder);
}
