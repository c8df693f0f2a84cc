/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A standing power over an account, copied once and shared by reference count. It never changes; only
 * koban_link_is_stronger() knows what "more power" means.
 */
#include "config.h"

#include <koban/link.h>

#include "model/values.h"

typedef struct
{
  KobanLink fields; /* first: a KobanLink pointer is the pointer to this */
  GStringChunk *strings;
  const char **scope;
} Link;

G_DEFINE_BOXED_TYPE (KobanLink, koban_link, koban_link_ref, koban_link_unref)

KobanLink *
koban_link_new (const KobanLink *fields)
{
  Link *self = g_atomic_rc_box_new0 (Link);

  self->fields = *fields;
  self->strings = g_string_chunk_new (VALUE_CHUNK_SIZE);
  self->scope = value_strings (self->strings, fields->scope);
  self->fields.id = value_string (self->strings, fields->id);
  self->fields.remote_id = value_string (self->strings, fields->remote_id);
  self->fields.name = value_string (self->strings, fields->name != NULL ? fields->name : "");
  self->fields.collector = value_string (self->strings, fields->collector);
  self->fields.reference = value_string (self->strings, fields->reference);
  self->fields.scope = (const char *const *) self->scope;
  return &self->fields;
}

KobanLink *
koban_link_ref (KobanLink *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
link_clear (gpointer data)
{
  Link *self = data;

  g_free (self->scope);
  g_string_chunk_free (self->strings);
}

void
koban_link_unref (KobanLink *self)
{
  g_atomic_rc_box_release_full (self, link_clear);
}

static gboolean
limits_equal (const KobanLink *a, const KobanLink *b)
{
  return a->has_limit == b->has_limit && (!a->has_limit || koban_money_equal (a->limit, b->limit));
}

static gboolean
words_equal (const KobanLink *a, const KobanLink *b)
{
  return g_strcmp0 (a->remote_id, b->remote_id) == 0 && g_str_equal (a->name, b->name) &&
         g_strcmp0 (a->collector, b->collector) == 0 && g_strcmp0 (a->reference, b->reference) == 0 &&
         value_strings_equal (a->scope, b->scope);
}

gboolean
koban_link_equal (const KobanLink *a, const KobanLink *b)
{
  return a->kind == b->kind && a->provenance == b->provenance && a->own == b->own && a->status == b->status &&
         a->created_us == b->created_us && a->expires_us == b->expires_us && a->revocation == b->revocation &&
         limits_equal (a, b) && words_equal (a, b);
}

/* A limit in another currency cannot be compared, and what cannot be compared is not called harmless. */
static gboolean
limit_is_stronger (const KobanLink *now, const KobanLink *before)
{
  if (!before->has_limit)
    return FALSE;
  return !now->has_limit || !koban_currency_equal (now->limit.currency, before->limit.currency) ||
         now->limit.minor > before->limit.minor;
}

/* A scope that was not said before may have been there all the time. */
static gboolean
scope_is_wider (const KobanLink *now, const KobanLink *before)
{
  if (now->scope == NULL || before->scope == NULL)
    return FALSE;
  for (const char *const *word = now->scope; *word != NULL; word++)
    if (!g_strv_contains (before->scope, *word))
      return TRUE;
  return FALSE;
}

gboolean
koban_link_is_stronger (const KobanLink *now, const KobanLink *before)
{
  return limit_is_stronger (now, before) || scope_is_wider (now, before);
}

static const char *const kind_names[] = {
  [KOBAN_LINK_EMONEY] = "emoney",
  [KOBAN_LINK_DIRECT_DEBIT] = "direct_debit",
  [KOBAN_LINK_STANDING_ORDER] = "standing_order",
  [KOBAN_LINK_CONSENT] = "consent",
  [KOBAN_LINK_RECURRING_CONSENT] = "recurring_consent",
  [KOBAN_LINK_APP] = "app",
  [KOBAN_LINK_AGGREGATOR] = "aggregator",
  [KOBAN_LINK_WEBHOOK] = "webhook",
  [KOBAN_LINK_CARD_ON_FILE] = "card_on_file",
};

static const char *const status_names[] = {
  [KOBAN_LINK_ACTIVE] = "active", [KOBAN_LINK_EXPIRED] = "expired", [KOBAN_LINK_REVOKED] = "revoked",
  [KOBAN_LINK_GONE] = "gone",     [KOBAN_LINK_UNKNOWN] = "unknown",
};

static const char *const provenance_names[] = {
  [KOBAN_PROVENANCE_NATIVE] = "native",
  [KOBAN_PROVENANCE_ACCESS] = "access",
  [KOBAN_PROVENANCE_DERIVED] = "derived",
};

static const char *const revocation_names[] = {
  [KOBAN_REVOCATION_NONE] = "none",       [KOBAN_REVOCATION_API] = "api",
  [KOBAN_REVOCATION_API_SCA] = "api+sca", [KOBAN_REVOCATION_URL] = "url",
  [KOBAN_REVOCATION_MANUAL] = "manual",
};

VALUE_ENUM_NAMES (KobanLinkKind, koban_link_kind, kind_names)
VALUE_ENUM_NAMES (KobanLinkStatus, koban_link_status, status_names)
VALUE_ENUM_NAMES (KobanProvenance, koban_provenance, provenance_names)
VALUE_ENUM_NAMES (KobanRevocation, koban_revocation, revocation_names)
