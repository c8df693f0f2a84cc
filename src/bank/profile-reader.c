/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A profile's file → rules, by tables of keys: an unknown key, a wrong type, a word outside its set
 * are each a sentence with its line. Reading never stops at the first mistake, makes no request and
 * trusts nothing in the file; what one part must know of another is left to profile-check.c.
 */
#include "config.h"

#include "bank/rules.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include "bank/profile-auth.h"
#include "bank/profile-check.h"
#include "bank/profile-facts.h"
#include "bank/profile-factor.h"
#include "bank/profile-paging.h"

/* What a person can be asked for. Nothing outside this list is ever prompted for. */
static const char *const need_names[] = { "token",        "revoke_token",
                                          "setup_token",  "user_token",
                                          "app_token",    "api_key",
                                          "client_id",    "client_secret",
                                          "app_id",       "private_key",
                                          "certificate",  "secret_id",
                                          "secret_key",   "item_ids",
                                          "session_ids",  "access_token",
                                          "signing_key",  "signing_key_id",
                                          "redirect_url", "api_version",
                                          "consent_ids",  NULL };

static const char *const unit_words[] = { "minor", "decimal", "text", NULL };
static const char *const sign_words[] = { "signed", "inverted", "direction", "absolute",
                                          "plus",   "account",  "parties",   NULL };
static const char *const times_words[] = { "rfc3339", "epoch_s", "epoch_ms", "spaced", NULL };
static const char *const per_words[] = { "connection", "holder", "account", "sign-in", NULL };
static const char *const method_words[] = { "GET", "POST", NULL };
static const char *const power_words[] = { "read", "read+revoke", "pay", NULL };
static const char *const need_kind_words[] = { "text", "file", NULL };
static const char *const reach_words[] = { "whole", "changes", NULL };
static const char *const sees_words[] = { "none", "derived", "native", NULL };

static void
read_headers (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_read_texts (reading, key, node, target);
  char **headers = *(char ***) target;
  for (gsize i = 0; headers != NULL && headers[i] != NULL; i++)
    if (strchr (headers[i], ':') == NULL || strpbrk (headers[i], "\r\n") != NULL)
      koban_profile_problem (reading, node, _("a header is one line, “Name: value”"));
}

static void
read_day (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  KobanDate day;

  koban_read_text (reading, key, node, target);
  if (koban_json_string (node) != NULL && !koban_date_parse (koban_json_string (node), &day))
    koban_profile_problem (reading, node, _("“%s” is a day, as in 2026-01-15"), key->name);
}

/* ISO 3166-1. */
static void
read_countries (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  koban_read_texts (reading, key, node, target);
  char **countries = *(char ***) target;
  for (gsize i = 0; countries != NULL && countries[i] != NULL; i++)
    if (strlen (countries[i]) != 2 || !g_ascii_isupper (countries[i][0]) ||
        !g_ascii_isupper (countries[i][1]))
      koban_profile_problem (reading, node, _("“%s” is no country: two letters, as “GB”"), countries[i]);
}

/* A list: each of its items through add_…(). */
#define DEFINE_READ_LIST(noun)                                                                               \
  static void read_##noun##_list (KobanReading *reading, const KobanKey *key, KobanJsonNode node,            \
                                  gpointer target)                                                           \
  {                                                                                                          \
    koban_key_each (reading, key, node, add_##noun, target);                                                 \
  }

/* A word that a model type parses: gboolean parse (const char *, enum *). */
#define DEFINE_READ_MODEL_WORD(noun, Type, parse_word)                                                       \
  static void read_##noun (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)  \
  {                                                                                                          \
    if (koban_key_expect (reading, key, node, KOBAN_JSON_STRING) &&                                          \
        !parse_word (koban_json_string (node), (Type *) target))                                             \
      koban_profile_problem (reading, node, _("“%s” is “%s”, which is none of the words for it"),           \
                             key->name, koban_json_string (node));                                           \
  }
DEFINE_READ_MODEL_WORD (link_kind, KobanLinkKind, koban_link_kind_parse)
DEFINE_READ_MODEL_WORD (provenance, KobanProvenance, koban_provenance_parse)
DEFINE_READ_MODEL_WORD (revocation_how, KobanRevocation, koban_revocation_parse)

static void
add_hash (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  g_ptr_array_add (*(GPtrArray **) target, koban_fact_read (reading, item));
}
DEFINE_READ_LIST (hash)

static void
read_where (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  static const KobanKey keys[] = {
    { "at", koban_read_pointer, G_STRUCT_OFFSET (KobanListingRule, where_at), TRUE },
    { "is", koban_read_text, G_STRUCT_OFFSET (KobanListingRule, where_is) },
    { "in", koban_read_texts, G_STRUCT_OFFSET (KobanListingRule, where_in) },
  };
  KobanListingRule *listing = target;

  koban_read_object (reading, node, _("“where”"), keys, G_N_ELEMENTS (keys), listing);
  if ((listing->where_is == NULL) == (listing->where_in == NULL))
    koban_profile_problem (reading, node, _("“where” has “is” or “in”"));
}

#define IN(gives) (1u << KOBAN_GIVES_##gives)
#define ANY G_MAXUINT
#define WITH_ACCOUNT (IN (IDENTITY) | IN (LINKS) | IN (BALANCE) | IN (TRANSACTIONS))

/* What would be read otherwise than it was meant has no default: a unit, a sign, a way to write times. */
static const KobanKeySet listing_keys[] = {
  { "row", ANY, ANY },
  { "rows", ANY, IN (LINKS) | IN (TRANSACTIONS) | IN (REMOVED) },
  { "kind", 0, IN (LINKS) },
  { "provenance", 0, IN (LINKS) },
  { "own", IN (LINKS), 0 },
  { "expected", 0, IN (SCOPES) },
  { "hash", IN (ACCOUNTS) | IN (IDENTITY), 0 },
  { "variables", IN (ACCOUNTS), 0 },
  { "repeats", WITH_ACCOUNT, 0 },
  { "unit", IN (LINKS), IN (BALANCE) | IN (TRANSACTIONS) },
  { "sign", IN (BALANCE), IN (TRANSACTIONS) },
  { "by_account", IN (BALANCE) | IN (TRANSACTIONS), 0 },
  { "skip_currencies", IN (TRANSACTIONS), 0 },
  { "times", IN (LINKS), IN (TRANSACTIONS) },
  { "reach", IN (TRANSACTIONS), 0 },
  { "optional", IN (LINKS) | IN (TRANSACTIONS), 0 },
  { "sees_links", IN (ACCOUNTS), 0 },
  { "sees_pending", IN (ACCOUNTS), 0 },
  { "sees_time", IN (ACCOUNTS), 0 },
};

/* What one key says of another. */
static void
check_listing (KobanReading *reading, KobanJsonNode node, const KobanListingRule *self)
{
  KobanField *const *fields = self->fields;
  const gboolean by_word = (self->gives == KOBAN_GIVES_TRANSACTIONS || self->gives == KOBAN_GIVES_BALANCE) &&
                           (self->sign == KOBAN_SIGN_DIRECTION || self->sign == KOBAN_SIGN_ABSOLUTE ||
                            self->sign == KOBAN_SIGN_PARTIES);
  const gboolean of_sums = self->gives == KOBAN_GIVES_BALANCE && fields[KOBAN_FIELD_AMOUNT] != NULL;
  const struct
  {
    gboolean is_good;
    const char *sentence;
  } claims[] = {
    { by_word == (fields[KOBAN_FIELD_DIRECTION] != NULL),
      _("“direction” is a fact of rows whose “sign” is “direction”, “absolute” or “parties”, and only of "
         "those") },
    { (self->sign == KOBAN_SIGN_ACCOUNT) == (self->by_account != NULL),
      _("“by_account” stands with “sign”: “account”, and only there") },
    { (fields[KOBAN_FIELD_SORT] != NULL) == of_sums, _("in a balance “sort” and “amount” stand together") },
    { self->sign != KOBAN_SIGN_PLUS || self->unit == KOBAN_UNIT_TEXT,
      _("“sign”: “plus” goes with “unit”: “text”") },
    { !self->distinct || fields[KOBAN_FIELD_ID] != NULL, _("“distinct” rows need an “id”") },
    { fields[KOBAN_FIELD_LIMIT] == NULL || koban_json_exists (koban_json_member (node, "unit")),
      _("a “limit” needs a “unit”") },
  };
  g_autofree char *what = g_strdup_printf (_("a listing of %s"), koban_gives_words[self->gives]);

  koban_keys_check (reading, node, what, listing_keys, G_N_ELEMENTS (listing_keys), self->gives);
  for (gsize i = 0; i < G_N_ELEMENTS (claims); i++)
    if (!claims[i].is_good)
      koban_profile_problem (reading, node, "%s", claims[i].sentence);
}

static void
add_listing (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
#define KEY(name, read, member) { name, read, G_STRUCT_OFFSET (KobanListingRule, member) }
    { "gives", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, gives), TRUE, koban_gives_words },
    KEY ("rows", koban_read_pointer, rows),
    KEY ("single", koban_read_bool, single),
    KEY ("distinct", koban_read_bool, distinct),
    KEY ("markup", koban_read_bool, markup),
    { "row", koban_read_nothing },
    KEY ("hash", read_hash_list, hash),
    KEY ("variables", koban_read_pointer_pairs, variables),
    KEY ("repeats", koban_read_pointer_pairs, repeats),
    { "where", read_where, 0 },
    KEY ("expected", koban_read_texts, expected),
    { "unit", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, unit), FALSE, unit_words },
    { "sign", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, sign), FALSE, sign_words },
    KEY ("by_account", koban_read_by_account, by_account),
    KEY ("skip_currencies", koban_read_bool, skip_currencies),
    { "times", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, times), FALSE, times_words },
    { "reach", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, reach), FALSE, reach_words },
    KEY ("optional", koban_read_bool, optional),
    KEY ("kind", read_link_kind, link_kind),
    KEY ("provenance", read_provenance, provenance),
    KEY ("own", koban_read_bool, own),
    { "sees_links", koban_read_word, G_STRUCT_OFFSET (KobanListingRule, sees_links), FALSE, sees_words },
    KEY ("sees_pending", koban_read_bool, sees_pending),
    KEY ("sees_time", koban_read_bool, sees_time),
#undef KEY
  };
  KobanListingRule *listing = koban_reading_new (reading, KobanListingRule);

  listing->hash = koban_reading_list (reading);
  listing->variables = koban_reading_pairs (reading);
  listing->repeats = koban_reading_pairs (reading);
  g_ptr_array_add (*(GPtrArray **) target, listing);
  koban_read_object (reading, item, _("a listing"), keys, G_N_ELEMENTS (keys), listing);
  koban_facts_read_row (reading, koban_json_member (item, "row"), listing);
  check_listing (reading, item, listing);
}
DEFINE_READ_LIST (listing)

static void
add_message (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
    { "rows", koban_read_pointer, G_STRUCT_OFFSET (KobanMessageRule, rows), TRUE },
    { "text", koban_read_fact, G_STRUCT_OFFSET (KobanMessageRule, text), TRUE },
    { "effect", koban_read_effect, G_STRUCT_OFFSET (KobanMessageRule, effect) },
    { "scope", koban_read_pointer_pairs, G_STRUCT_OFFSET (KobanMessageRule, scope) },
  };
  KobanMessageRule *message = koban_reading_new (reading, KobanMessageRule);

  message->scope = koban_reading_pairs (reading);
  g_ptr_array_add (*(GPtrArray **) target, message);
  koban_read_object (reading, item, _("a message"), keys, G_N_ELEMENTS (keys), message);
}
DEFINE_READ_LIST (message)

static gboolean
body_says_since (KobanJsonNode node)
{
  gboolean says = koban_json_exists (node) && koban_json_string (node) != NULL &&
                  strstr (koban_json_string (node), "{since") != NULL;

  for (KobanJsonNode child = koban_json_first (node); !says && koban_json_exists (child);
       child = koban_json_next (child))
    says = body_says_since (child);
  return says;
}

static gboolean
says_since (const KobanRequestRule *request)
{
  gboolean says =
    (request->path != NULL && strstr (request->path, "{since") != NULL) || body_says_since (request->body);

  for (guint i = 0; !says && i < request->query->len; i++)
    says = strstr (g_array_index (request->query, KobanPair, i).value, "{since") != NULL;
  return says;
}

/* A list that is cut short unseen is the worst that a profile can do. */
static gboolean
may_have_pages (KobanRequestRule *request)
{
  static const KobanGives lists[] = { KOBAN_GIVES_HOLDERS, KOBAN_GIVES_ACCOUNTS, KOBAN_GIVES_LINKS,
                                      KOBAN_GIVES_TRANSACTIONS };

  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    if (koban_request_find_listing (request, lists[i]) != NULL)
      return TRUE;
  return FALSE;
}

static void
add_request (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
    { "method", koban_read_word, G_STRUCT_OFFSET (KobanRequestRule, method), FALSE, method_words },
    { "path", koban_read_text, G_STRUCT_OFFSET (KobanRequestRule, path), TRUE },
    { "body", koban_read_body, G_STRUCT_OFFSET (KobanRequestRule, body) },
    { "query", koban_read_pairs, G_STRUCT_OFFSET (KobanRequestRule, query) },
    { "headers", koban_read_pairs, G_STRUCT_OFFSET (KobanRequestRule, headers) },
    { "as_client", koban_read_text, G_STRUCT_OFFSET (KobanRequestRule, as_client) },
    { "per", koban_read_word, G_STRUCT_OFFSET (KobanRequestRule, per), TRUE, per_words },
    { "paging", koban_read_paging, G_STRUCT_OFFSET (KobanRequestRule, paging) },
    { "overlap_days", koban_read_uint, G_STRUCT_OFFSET (KobanRequestRule, overlap_days) },
    { "messages", read_message_list, G_STRUCT_OFFSET (KobanRequestRule, messages) },
    { "listings", read_listing_list, G_STRUCT_OFFSET (KobanRequestRule, listings), TRUE },
  };
  KobanRequestRule *request = koban_reading_new (reading, KobanRequestRule);

  request->query = koban_reading_pairs (reading);
  request->headers = koban_reading_pairs (reading);
  request->messages = koban_reading_list (reading);
  request->listings = koban_reading_list (reading);
  g_ptr_array_add (*(GPtrArray **) target, request);
  koban_read_object (reading, item, _("a request"), keys, G_N_ELEMENTS (keys), request);
  request->timeless = !says_since (request);
  if (request->path != NULL && *request->path != '/')
    koban_profile_problem (reading, item, _("“path” begins with “/”"));
  if (koban_json_exists (request->body) && request->method != KOBAN_METHOD_POST)
    koban_profile_problem (reading, item, _("a “body” goes with “method”: “POST”"));
  if (!koban_json_exists (koban_json_member (item, "paging")) && may_have_pages (request))
    koban_profile_problem (reading, item, _("a list says how it is paged: “paging”"));
}
DEFINE_READ_LIST (request)

static void
add_need (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
    { "name", koban_read_text, G_STRUCT_OFFSET (KobanNeed, name), TRUE },
    { "label", koban_read_text, G_STRUCT_OFFSET (KobanNeed, label), TRUE },
    { "secret", koban_read_bool, G_STRUCT_OFFSET (KobanNeed, secret), TRUE },
    { "revoke", koban_read_bool, G_STRUCT_OFFSET (KobanNeed, revoke) },
    { "optional", koban_read_bool, G_STRUCT_OFFSET (KobanNeed, optional) },
    { "kind", koban_read_word, G_STRUCT_OFFSET (KobanNeed, kind), TRUE, need_kind_words },
    { "example", koban_read_text, G_STRUCT_OFFSET (KobanNeed, example), TRUE },
  };
  KobanNeed need = { 0 };

  koban_read_object (reading, item, _("a need"), keys, G_N_ELEMENTS (keys), &need);
  if (need.name != NULL && !g_strv_contains (need_names, need.name))
    koban_profile_problem (reading, item, _("“%s” is not one of the things that a person is asked for"),
                           need.name);
  g_array_append_val (*(GArray **) target, need);
}
DEFINE_READ_LIST (need)

static void
read_budget (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  static const KobanKey keys[] = {
    { "per_day", koban_read_uint, G_STRUCT_OFFSET (KobanProfile, per_day), TRUE },
    { "interval_s", koban_read_uint, G_STRUCT_OFFSET (KobanProfile, interval_s), TRUE },
    { "gap_s", koban_read_uint, G_STRUCT_OFFSET (KobanProfile, gap_s) },
  };
  KobanProfile *profile = target;
  koban_read_object (reading, node, _("“budget”"), keys, G_N_ELEMENTS (keys), profile);
  if (profile->per_day == 0 || profile->interval_s < 60)
    koban_profile_problem (reading, node, _("“per_day” is at least 1 and “interval_s” at least 60"));
}

static void
read_errors (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  static const KobanKey keys[] = {
    { "code", koban_read_refusal, G_STRUCT_OFFSET (KobanErrorRule, code), TRUE },
    { "text", koban_read_fact, G_STRUCT_OFFSET (KobanErrorRule, text) },
  };
  koban_read_object (reading, node, _("“errors”"), keys, G_N_ELEMENTS (keys), target);
}

#define BY(how) (1u << KOBAN_REVOCATION_##how)
#define BY_API (BY (API) | BY (API_SCA))

/* By hand is always told how: the bank's service may be down. */
static const KobanKeySet revocation_keys[] = {
  { "method", 0, BY_API },    { "path", 0, BY_API },      { "ok", 0, BY_API },     { "gone", BY_API, 0 },
  { "body", BY_API, 0 },      { "needs", BY_API, 0 },     { "by_hand", ANY, ANY }, { "headers", BY_API, 0 },
  { "sca", 0, BY (API_SCA) }, { "as_client", BY_API, 0 },
};

static void
check_revocation (KobanReading *reading, KobanJsonNode node, const KobanRevocationRule *rule)
{
  g_autofree char *what = g_strdup_printf (_("a revocation by “%s”"), koban_revocation_name (rule->how));

  koban_keys_check (reading, node, what, revocation_keys, G_N_ELEMENTS (revocation_keys), rule->how);
  if (rule->path != NULL && *rule->path != '/')
    koban_profile_problem (reading, node, _("“path” begins with “/”"));
}

static void
add_revocation (KobanReading *reading, KobanJsonNode item, gpointer target)
{
  static const KobanKey keys[] = {
    { "kind", read_link_kind, G_STRUCT_OFFSET (KobanRevocationRule, kind), TRUE },
    { "how", read_revocation_how, G_STRUCT_OFFSET (KobanRevocationRule, how), TRUE },
    { "method", koban_read_word, G_STRUCT_OFFSET (KobanRevocationRule, method), FALSE, koban_method_words },
    { "path", koban_read_text, G_STRUCT_OFFSET (KobanRevocationRule, path) },
    { "body", koban_read_body, G_STRUCT_OFFSET (KobanRevocationRule, body) },
    { "headers", koban_read_pairs, G_STRUCT_OFFSET (KobanRevocationRule, headers) },
    { "as_client", koban_read_text, G_STRUCT_OFFSET (KobanRevocationRule, as_client) },
    { "sca", koban_read_factor, G_STRUCT_OFFSET (KobanRevocationRule, factor) },
    { "ok", koban_read_uints, G_STRUCT_OFFSET (KobanRevocationRule, ok) },
    { "gone", koban_read_uints, G_STRUCT_OFFSET (KobanRevocationRule, gone) },
    { "by_hand", koban_read_text, G_STRUCT_OFFSET (KobanRevocationRule, by_hand) },
    { "needs", koban_read_texts, G_STRUCT_OFFSET (KobanRevocationRule, needs) },
  };
  KobanRevocationRule *rule = koban_reading_new (reading, KobanRevocationRule);

  rule->headers = koban_reading_pairs (reading);
  rule->ok =
    koban_reading_own (reading, g_array_new (FALSE, FALSE, sizeof (guint)), (GDestroyNotify) g_array_unref);
  rule->gone =
    koban_reading_own (reading, g_array_new (FALSE, FALSE, sizeof (guint)), (GDestroyNotify) g_array_unref);
  g_ptr_array_add (*(GPtrArray **) target, rule);
  koban_read_object (reading, item, _("a revocation"), keys, G_N_ELEMENTS (keys), rule);
  check_revocation (reading, item, rule);
}
DEFINE_READ_LIST (revocation)

static KobanProfile *
profile_new (KobanReading *reading)
{
  KobanProfile *self = g_new0 (KobanProfile, 1);
  self->ref_count = 1;
  self->owned = reading->owned = koban_owned_new ();
  self->needs = koban_reading_own (reading, g_array_new (FALSE, FALSE, sizeof (KobanNeed)),
                                   (GDestroyNotify) g_array_unref);
  self->used = koban_reading_own (reading, g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL),
                                  (GDestroyNotify) g_hash_table_unref);
  self->auth = koban_reading_list (reading);
  self->requests = koban_reading_list (reading);
  self->revocations = koban_reading_list (reading);
  return self;
}

KobanProfile *
koban_profile_read (const char *data, gsize length, GPtrArray *problems)
{
  static const KobanKey keys[] = {
#define KEY(name, read, member, required) { name, read, G_STRUCT_OFFSET (KobanProfile, member), required }
    { "format", koban_read_nothing, 0, TRUE },
    KEY ("checked", read_day, checked, FALSE),
    KEY ("id", koban_read_text, id, TRUE),
    KEY ("name", koban_read_text, name, TRUE),
    KEY ("countries", read_countries, countries, TRUE),
    KEY ("base_url", koban_read_text, base_url, TRUE),
    KEY ("hosts", koban_read_texts, hosts, TRUE),
    { "power", koban_read_word, G_STRUCT_OFFSET (KobanProfile, power), TRUE, power_words },
    KEY ("cost", koban_read_text, cost, TRUE),
    KEY ("notes", koban_read_text, notes, TRUE),
    KEY ("signup", koban_read_texts, signup, TRUE),
    KEY ("needs", read_need_list, needs, TRUE),
    { "auth", koban_read_auth, 0, TRUE },
    KEY ("headers", read_headers, headers, FALSE),
    { "budget", read_budget, 0, TRUE },
    KEY ("one_sign_in", koban_read_bool, one_sign_in, FALSE),
    { "errors", read_errors, G_STRUCT_OFFSET (KobanProfile, errors) },
    KEY ("holders", koban_read_text, holders, FALSE),
    KEY ("history_days", koban_read_uint, history_days, TRUE),
    KEY ("requests", read_request_list, requests, TRUE),
    KEY ("revocations", read_revocation_list, revocations, TRUE),
#undef KEY
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) json = koban_json_parse (data, length, &error);
  KobanReading reading = { problems, NULL };
  KobanProfile *self = profile_new (&reading);

  if (json == NULL)
    {
      g_ptr_array_add (problems, g_strdup (error->message));
      return self;
    }
  KobanJsonNode root = koban_json_root (json);
  self->json = koban_json_ref (json);
  koban_read_object (&reading, root, _("a profile"), keys, G_N_ELEMENTS (keys), self);
  if (koban_json_type (root) == KOBAN_JSON_OBJECT)
    koban_profile_check (&reading, root, self);
  self->digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data, length);
  return self;
}
