/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A profile's file → rules, by tables of keys: an unknown key, a wrong type, a word outside its set
 * are each a sentence with its line. Reading never stops at the first mistake, makes no request and
 * trusts nothing in the file; what one part must know of another is left to profile-check.c.
 */
#include "config.h"

#include "bank/rules.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include "bank/auth.h"
#include "bank/profile-check.h"

#define N_NAMES(names) (G_N_ELEMENTS (names) - 1)

typedef struct _Key Key;
typedef void (*ReadFunc) (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target);

struct _Key
{
  const char *name;
  ReadFunc read;
  gsize offset; /* in the struct that is filled */
  gboolean required;
  const char *const *words; /* for read_word: index is the enum's value */
};

/* What a person can be asked for. Nothing outside this list is ever prompted for. */
static const char *const need_names[] = {
  "token",     "revoke_token",  "setup_token", "access_url",   "user_token",   "app_token",  "api_key",
  "client_id", "client_secret", "app_id",      "private_key",  "certificate",  "secret_id",  "secret_key",
  "item_ids",  "item_id",       "session_ids", "requisitions", "access_token", "profile_id", NULL,
};

static const char *const gives_words[] = { "accounts", "identity", "links", "balance", "transactions", NULL };
static const char *const unit_words[] = { "minor", "decimal", NULL };
static const char *const sign_words[] = { "signed", "inverted", "direction", NULL };
static const char *const times_words[] = { "rfc3339", "epoch_s", "epoch_ms", NULL };
static const char *const per_words[] = { "connection", "account", NULL };
static const char *const paging_words[] = { "none", "window", NULL };
static const char *const power_words[] = { "read", "read+revoke", "pay", NULL };
static const char *const need_kind_words[] = { "text", "file", NULL };
static const char *const reach_words[] = { "whole", "changes", NULL };
static const char *const sees_words[] = { "none", "derived", "native", NULL };

static gboolean
is_one_of (const char *word, const char *const *words)
{
  return g_strv_contains (words, word);
}

static gboolean
is_direction (const char *word)
{
  return is_one_of (word, (const char *const[]){ "in", "out", NULL });
}

static gboolean
is_state (const char *word)
{
  return is_one_of (word, (const char *const[]){ "pending", "booked", "withdrawn", "skip", NULL });
}

static gboolean
is_ownership (const char *word)
{
  return is_one_of (word, (const char *const[]){ "own", "joint", NULL });
}

static gboolean
is_effect (const char *word)
{
  return is_one_of (word, (const char *const[]){ "note", "failed", "sign-in", NULL });
}

static gboolean
is_type (const char *word)
{
  KobanTransactionType type;
  return koban_transaction_type_parse (word, &type);
}

static gboolean
is_status (const char *word)
{
  KobanLinkStatus status;
  return koban_link_status_parse (word, &status);
}

#define IN(gives) (1u << KOBAN_GIVES_##gives)

static const struct
{
  const char *name;
  guint allowed, required; /* sets of IN (…) */
  gboolean (*is_word) (const char *word);
} field_rows[KOBAN_N_FIELDS] = {
  [KOBAN_FIELD_ID] = { "id", IN (ACCOUNTS) | IN (LINKS) | IN (TRANSACTIONS), IN (ACCOUNTS) },
  [KOBAN_FIELD_NAME] = { "name", IN (ACCOUNTS) | IN (LINKS), IN (LINKS) },
  [KOBAN_FIELD_CURRENCY] = { "currency", IN (ACCOUNTS) | IN (BALANCE) | IN (TRANSACTIONS), IN (ACCOUNTS) },
  [KOBAN_FIELD_NUMBER] = { "number", IN (ACCOUNTS) | IN (IDENTITY) },
  [KOBAN_FIELD_IBAN] = { "iban", IN (ACCOUNTS) | IN (IDENTITY) },
  [KOBAN_FIELD_OWNERSHIP] = { "ownership", IN (ACCOUNTS), 0, is_ownership },
  [KOBAN_FIELD_BOOKED] = { "booked", IN (BALANCE) },
  [KOBAN_FIELD_AVAILABLE] = { "available", IN (BALANCE) },
  [KOBAN_FIELD_AMOUNT] = { "amount", IN (TRANSACTIONS), IN (TRANSACTIONS) },
  [KOBAN_FIELD_DIRECTION] = { "direction", IN (TRANSACTIONS), 0, is_direction },
  [KOBAN_FIELD_STATE] = { "state", IN (TRANSACTIONS), 0, is_state },
  [KOBAN_FIELD_TYPE] = { "type", IN (TRANSACTIONS), 0, is_type },
  [KOBAN_FIELD_DATE] = { "date", IN (TRANSACTIONS), IN (TRANSACTIONS) },
  [KOBAN_FIELD_TIME] = { "time", IN (TRANSACTIONS) },
  [KOBAN_FIELD_TEXT] = { "text", IN (TRANSACTIONS), IN (TRANSACTIONS) },
  [KOBAN_FIELD_PAYEE] = { "payee", IN (TRANSACTIONS) },
  [KOBAN_FIELD_COUNTERPARTY_ID] = { "counterparty_id", IN (TRANSACTIONS) },
  [KOBAN_FIELD_MANDATE_REF] = { "mandate_ref", IN (TRANSACTIONS) },
  [KOBAN_FIELD_PENDING_ID] = { "pending_id", IN (TRANSACTIONS) },
  [KOBAN_FIELD_BALANCE_AFTER] = { "balance_after", IN (TRANSACTIONS) },
  [KOBAN_FIELD_COLLECTOR] = { "collector", IN (LINKS) },
  [KOBAN_FIELD_REFERENCE] = { "reference", IN (LINKS) },
  [KOBAN_FIELD_STATUS] = { "status", IN (LINKS), 0, is_status },
  [KOBAN_FIELD_CREATED] = { "created", IN (LINKS) },
  [KOBAN_FIELD_EXPIRES] = { "expires", IN (LINKS) },
  [KOBAN_FIELD_LIMIT] = { "limit", IN (LINKS) },
};

const char *
koban_field_name (KobanFieldName field)
{
  return field_rows[field].name;
}

const char *
koban_gives_name (KobanGives gives)
{
  return gives_words[gives];
}

static gboolean
expect (GPtrArray *problems, const Key *key, KobanJsonNode node, KobanJsonType type)
{
  static const char *const names[] = { N_("null"),   N_("a boolean"), N_("a boolean"), N_("a number"),
                                       N_("a text"), N_("a list"),    N_("an object") };

  if (koban_json_type (node) == type)
    return TRUE;
  koban_profile_problem (problems, node, _("“%s” must be %s"), key->name, _(names[type]));
  return FALSE;
}

/* Fills @target from the members of @node: unknown and missing ones are mistakes. */
static void
read_object (GPtrArray *problems,
             KobanJsonNode node,
             const char *what,
             const Key *keys,
             gsize n_keys,
             gpointer target)
{
  if (koban_json_type (node) != KOBAN_JSON_OBJECT)
    {
      koban_profile_problem (problems, node, _("%s must be an object"), what);
      return;
    }
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    {
      gsize i = 0;
      while (i < n_keys && !g_str_equal (keys[i].name, koban_json_name (member)))
        i++;
      if (i == n_keys)
        koban_profile_problem (problems, member, _("%s has no key “%s”"), what, koban_json_name (member));
      else
        keys[i].read (problems, &keys[i], member, (char *) target + keys[i].offset);
    }
  for (gsize i = 0; i < n_keys; i++)
    if (keys[i].required && !koban_json_exists (koban_json_member (node, keys[i].name)))
      koban_profile_problem (problems, node, _("%s lacks “%s”"), what, keys[i].name);
}

static void
read_nothing (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  /* Known here, read by whoever knows more. */
}

static void
read_text (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_STRING))
    return;
  char **text = target;
  g_free (*text);
  *text = g_strdup (koban_json_string (node));
}

static void
read_texts (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    if (expect (problems, key, item, KOBAN_JSON_STRING))
      g_strv_builder_add (builder, koban_json_string (item));
  char ***texts = target;
  g_strfreev (*texts);
  *texts = g_strv_builder_end (builder);
}

static void
read_headers (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  read_texts (problems, key, node, target);
  char **headers = *(char ***) target;
  for (gsize i = 0; headers != NULL && headers[i] != NULL; i++)
    if (strchr (headers[i], ':') == NULL || strpbrk (headers[i], "\r\n") != NULL)
      koban_profile_problem (problems, node, _("a header is one line, “Name: value”"));
}

static void
read_uint (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  gint64 value;
  if (!expect (problems, key, node, KOBAN_JSON_NUMBER))
    return;
  if (!koban_json_int64 (node, &value) || value < 0 || value > 1000000)
    koban_profile_problem (problems, node, _("“%s” must be a whole number from 0 to 1000000"), key->name);
  else
    *(guint *) target = (guint) value;
}

static void
read_uints (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      guint value = 0;
      read_uint (problems, key, item, &value);
      g_array_append_val (*(GArray **) target, value);
    }
}

static void
read_bool (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  gboolean is_true = koban_json_is_true (node);
  if (is_true || expect (problems, key, node, KOBAN_JSON_FALSE))
    *(gboolean *) target = is_true;
}

static void
read_word (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_STRING))
    return;
  for (guint i = 0; key->words[i] != NULL; i++)
    if (g_str_equal (key->words[i], koban_json_string (node)))
      {
        *(guint *) target = i;
        return;
      }
  g_autofree char *known = g_strjoinv (", ", (char **) key->words);
  koban_profile_problem (problems, node, _("“%s” is “%s”; it may be: %s"), key->name,
                         koban_json_string (node), known);
}

/* A word that a model type parses: gboolean parse (const char *, enum *). */
#define DEFINE_READ_MODEL_WORD(noun, Type, parse_word)                                                       \
  static void read_##noun (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)         \
  {                                                                                                          \
    if (expect (problems, key, node, KOBAN_JSON_STRING) &&                                                   \
        !parse_word (koban_json_string (node), (Type *) target))                                             \
      koban_profile_problem (problems, node, _("“%s” is “%s”, which is none of the words for it"),          \
                             key->name, koban_json_string (node));                                           \
  }
DEFINE_READ_MODEL_WORD (link_kind, KobanLinkKind, koban_link_kind_parse)
DEFINE_READ_MODEL_WORD (provenance, KobanProvenance, koban_provenance_parse)
DEFINE_READ_MODEL_WORD (revocation_how, KobanRevocation, koban_revocation_parse)

static gboolean
check_pointer (GPtrArray *problems, KobanJsonNode node)
{
  const char *text = koban_json_string (node);
  if (text != NULL && (*text == '\0' || *text == '/'))
    return TRUE;
  koban_profile_problem (problems, node, _("a pointer is “” or begins with “/”"));
  return FALSE;
}

static void
read_pointer (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (check_pointer (problems, node))
    read_text (problems, key, node, target);
}

static void
add_pair (GArray *pairs, KobanJsonNode member)
{
  KobanPair pair = { g_strdup (koban_json_name (member)), g_strdup (koban_json_string (member)) };
  g_array_append_val (pairs, pair);
}

static void
read_pairs (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_OBJECT))
    return;
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (expect (problems, key, member, KOBAN_JSON_STRING))
      add_pair (*(GArray **) target, member);
}

static void
read_pointer_pairs (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_OBJECT))
    return;
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (check_pointer (problems, member))
      add_pair (*(GArray **) target, member);
}

static void
field_free (gpointer data)
{
  KobanField *field = data;
  if (field == NULL)
    return;
  g_strfreev (field->at);
  g_clear_pointer (&field->values, g_hash_table_unref);
  g_free (field->otherwise);
  g_free (field->absent);
  g_free (field);
}

static char **
read_alternatives (GPtrArray *problems, KobanJsonNode node)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  gboolean is_list = koban_json_type (node) == KOBAN_JSON_ARRAY;

  if (!is_list && check_pointer (problems, node))
    g_strv_builder_add (builder, koban_json_string (node));
  for (KobanJsonNode item = is_list ? koban_json_first (node) : KOBAN_JSON_NONE; koban_json_exists (item);
       item = koban_json_next (item))
    if (check_pointer (problems, item))
      g_strv_builder_add (builder, koban_json_string (item));
  return g_strv_builder_end (builder);
}

static void
read_at (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  g_strfreev (*(char ***) target);
  *(char ***) target = read_alternatives (problems, node);
}

static void
read_values (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  GHashTable **values = target;
  if (!expect (problems, key, node, KOBAN_JSON_OBJECT))
    return;
  g_clear_pointer (values, g_hash_table_unref);
  *values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    if (expect (problems, key, member, KOBAN_JSON_STRING))
      g_hash_table_insert (*values, g_strdup (koban_json_name (member)),
                           g_strdup (koban_json_string (member)));
}

/* A pointer, a list of pointers, or {"at", "values", "else", "absent"}. */
static KobanField *
field_read (GPtrArray *problems, KobanJsonNode node)
{
  static const Key keys[] = {
    { "at", read_at, G_STRUCT_OFFSET (KobanField, at), TRUE },
    { "values", read_values, G_STRUCT_OFFSET (KobanField, values) },
    { "else", read_text, G_STRUCT_OFFSET (KobanField, otherwise) },
    { "absent", read_text, G_STRUCT_OFFSET (KobanField, absent) },
  };
  KobanField *field = g_new0 (KobanField, 1);

  if (koban_json_type (node) == KOBAN_JSON_OBJECT)
    read_object (problems, node, _("a fact"), keys, G_N_ELEMENTS (keys), field);
  else
    field->at = read_alternatives (problems, node);
  return field;
}

static void
check_word (GPtrArray *problems, KobanJsonNode node, const char *word, gboolean (*is_word) (const char *))
{
  if (word != NULL && !is_word (word))
    koban_profile_problem (problems, node, _("“%s” is none of the words for “%s”"), word,
                           koban_json_name (node));
}

static void
check_words (GPtrArray *problems,
             KobanJsonNode node,
             const KobanField *field,
             gboolean (*is_word) (const char *))
{
  gboolean has_words = field->values != NULL || field->otherwise != NULL || field->absent != NULL;
  if (is_word == NULL && has_words)
    koban_profile_problem (problems, node,
                           _("“%s” is taken as it stands: it has no “values”, “else” or “absent”"),
                           koban_json_name (node));
  if (is_word == NULL)
    return;
  if (field->values == NULL)
    koban_profile_problem (problems, node, _("“%s” needs “values”: the bank's words and ours"),
                           koban_json_name (node));

  check_word (problems, node, field->otherwise, is_word);
  check_word (problems, node, field->absent, is_word);
  if (field->values == NULL)
    return;
  GHashTableIter iter;
  gpointer word;
  g_hash_table_iter_init (&iter, field->values);
  while (g_hash_table_iter_next (&iter, NULL, &word))
    check_word (problems, node, word, is_word);
}

static void
read_effect (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  KobanField **field = target;
  field_free (*field);
  *field = field_read (problems, node);
  check_words (problems, node, *field, is_effect);
}

static void
read_row_field (GPtrArray *problems, KobanJsonNode member, KobanListingRule *listing)
{
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    {
      if (!g_str_equal (field_rows[i].name, koban_json_name (member)))
        continue;
      if ((field_rows[i].allowed & (1u << listing->gives)) == 0)
        break;
      field_free (listing->fields[i]);
      listing->fields[i] = field_read (problems, member);
      check_words (problems, member, listing->fields[i], field_rows[i].is_word);
      return;
    }
  koban_profile_problem (problems, member, _("a row of %s has no fact “%s”"), gives_words[listing->gives],
                         koban_json_name (member));
}

static void
read_row (GPtrArray *problems, KobanJsonNode node, KobanListingRule *listing)
{
  if (!koban_json_exists (node))
    return;
  if (koban_json_type (node) != KOBAN_JSON_OBJECT)
    {
      koban_profile_problem (problems, node, _("“row” must be an object"));
      return;
    }
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    read_row_field (problems, member, listing);
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    if ((field_rows[i].required & (1u << listing->gives)) != 0 && listing->fields[i] == NULL)
      koban_profile_problem (problems, node, _("a row of %s lacks “%s”"), gives_words[listing->gives],
                             field_rows[i].name);
}

static void
read_hash (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    g_ptr_array_add (*(GPtrArray **) target, field_read (problems, item));
}

static void
read_where (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "at", read_pointer, G_STRUCT_OFFSET (KobanListingRule, where_at), TRUE },
    { "is", read_text, G_STRUCT_OFFSET (KobanListingRule, where_is), TRUE },
  };
  read_object (problems, node, _("“where”"), keys, G_N_ELEMENTS (keys), target);
}

static void
clear_pair (gpointer data)
{
  KobanPair *pair = data;
  g_free (pair->name);
  g_free (pair->value);
}

static GArray *
pairs_new (void)
{
  GArray *pairs = g_array_new (FALSE, FALSE, sizeof (KobanPair));
  g_array_set_clear_func (pairs, clear_pair);
  return pairs;
}

const char *
koban_pairs_lookup (GArray *pairs, const char *name)
{
  for (guint i = 0; i < pairs->len; i++)
    if (g_str_equal (g_array_index (pairs, KobanPair, i).name, name))
      return g_array_index (pairs, KobanPair, i).value;
  return NULL;
}

static void
listing_free (gpointer data)
{
  KobanListingRule *listing = data;
  g_free (listing->rows);
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    field_free (listing->fields[i]);
  g_ptr_array_unref (listing->hash);
  g_array_unref (listing->variables);
  g_array_unref (listing->repeats);
  g_free (listing->where_at);
  g_free (listing->where_is);
  g_free (listing);
}

static void
check_listing (GPtrArray *problems, KobanJsonNode node, const KobanListingRule *listing)
{
  gboolean is_links = listing->gives == KOBAN_GIVES_LINKS;
  gboolean needs_direction =
    listing->gives == KOBAN_GIVES_TRANSACTIONS && listing->sign == KOBAN_SIGN_DIRECTION;

  if (!koban_json_exists (koban_json_member (node, "row")))
    koban_profile_problem (problems, node, _("a listing lacks “row”"));
  if (is_links != koban_json_exists (koban_json_member (node, "kind")) ||
      is_links != koban_json_exists (koban_json_member (node, "provenance")))
    koban_profile_problem (problems, node,
                           _("“kind” and “provenance” stand with a listing of links, and only there"));
  if (needs_direction != (listing->fields[KOBAN_FIELD_DIRECTION] != NULL))
    koban_profile_problem (
      problems, node, _("“direction” is a fact of rows whose “sign” is “direction”, and only of those"));
  if (listing->rows == NULL &&
      (listing->gives == KOBAN_GIVES_LINKS || listing->gives == KOBAN_GIVES_TRANSACTIONS))
    koban_profile_problem (problems, node, _("a listing of %s lacks “rows”"), gives_words[listing->gives]);
}

static void
read_listing (GPtrArray *problems, KobanJsonNode node, GPtrArray *listings)
{
  static const Key keys[] = {
#define KEY(name, read, member) { name, read, G_STRUCT_OFFSET (KobanListingRule, member) }
    { "gives", read_word, G_STRUCT_OFFSET (KobanListingRule, gives), TRUE, gives_words },
    KEY ("rows", read_pointer, rows),
    { "row", read_nothing },
    KEY ("hash", read_hash, hash),
    KEY ("variables", read_pointer_pairs, variables),
    KEY ("repeats", read_pointer_pairs, repeats),
    { "where", read_where, 0 },
    { "unit", read_word, G_STRUCT_OFFSET (KobanListingRule, unit), FALSE, unit_words },
    { "sign", read_word, G_STRUCT_OFFSET (KobanListingRule, sign), FALSE, sign_words },
    { "times", read_word, G_STRUCT_OFFSET (KobanListingRule, times), FALSE, times_words },
    { "reach", read_word, G_STRUCT_OFFSET (KobanListingRule, reach), FALSE, reach_words },
    KEY ("optional", read_bool, optional),
    KEY ("kind", read_link_kind, link_kind),
    KEY ("provenance", read_provenance, provenance),
    { "sees_links", read_word, G_STRUCT_OFFSET (KobanListingRule, sees_links), FALSE, sees_words },
    KEY ("sees_pending", read_bool, sees_pending),
    KEY ("sees_time", read_bool, sees_time),
#undef KEY
  };
  KobanListingRule *listing = g_new0 (KobanListingRule, 1);

  listing->hash = g_ptr_array_new_with_free_func (field_free);
  listing->variables = pairs_new ();
  listing->repeats = pairs_new ();
  g_ptr_array_add (listings, listing);
  read_object (problems, node, _("a listing"), keys, G_N_ELEMENTS (keys), listing);
  read_row (problems, koban_json_member (node, "row"), listing);
  check_listing (problems, node, listing);
}

static void
read_listings (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    read_listing (problems, item, *(GPtrArray **) target);
}

static void
message_free (gpointer data)
{
  KobanMessageRule *message = data;
  g_free (message->rows);
  g_free (message->text);
  field_free (message->effect);
  g_array_unref (message->scope);
  g_free (message);
}

static void
read_messages (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "rows", read_pointer, G_STRUCT_OFFSET (KobanMessageRule, rows), TRUE },
    { "text", read_pointer, G_STRUCT_OFFSET (KobanMessageRule, text), TRUE },
    { "effect", read_effect, G_STRUCT_OFFSET (KobanMessageRule, effect) },
    { "scope", read_pointer_pairs, G_STRUCT_OFFSET (KobanMessageRule, scope) },
  };
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      KobanMessageRule *message = g_new0 (KobanMessageRule, 1);
      message->scope = pairs_new ();
      g_ptr_array_add (*(GPtrArray **) target, message);
      read_object (problems, item, _("a message"), keys, G_N_ELEMENTS (keys), message);
    }
}

static void
read_paging (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "scheme", read_word, G_STRUCT_OFFSET (KobanRequestRule, paging), TRUE, paging_words },
    { "days", read_uint, G_STRUCT_OFFSET (KobanRequestRule, window_days) },
  };
  KobanRequestRule *request = target;
  read_object (problems, node, _("“paging”"), keys, G_N_ELEMENTS (keys), request);
  if ((request->paging == KOBAN_PAGING_WINDOW) != (request->window_days > 0))
    koban_profile_problem (problems, node, _("“days” says how long a window is, and stands only there"));
}

static void
request_free (gpointer data)
{
  KobanRequestRule *request = data;
  g_free (request->path);
  g_array_unref (request->query);
  g_ptr_array_unref (request->messages);
  g_ptr_array_unref (request->listings);
  g_free (request);
}

static void
read_request (GPtrArray *problems, KobanJsonNode node, GPtrArray *requests)
{
  static const Key keys[] = {
    { "path", read_text, G_STRUCT_OFFSET (KobanRequestRule, path), TRUE },
    { "query", read_pairs, G_STRUCT_OFFSET (KobanRequestRule, query) },
    { "per", read_word, G_STRUCT_OFFSET (KobanRequestRule, per), TRUE, per_words },
    { "paging", read_paging, 0 },
    { "overlap_days", read_uint, G_STRUCT_OFFSET (KobanRequestRule, overlap_days) },
    { "messages", read_messages, G_STRUCT_OFFSET (KobanRequestRule, messages) },
    { "listings", read_listings, G_STRUCT_OFFSET (KobanRequestRule, listings), TRUE },
  };
  KobanRequestRule *request = g_new0 (KobanRequestRule, 1);

  request->query = pairs_new ();
  request->messages = g_ptr_array_new_with_free_func (message_free);
  request->listings = g_ptr_array_new_with_free_func (listing_free);
  g_ptr_array_add (requests, request);
  read_object (problems, node, _("a request"), keys, G_N_ELEMENTS (keys), request);
  if (request->path != NULL && *request->path != '/')
    koban_profile_problem (problems, node, _("“path” begins with “/”"));
}

static void
read_requests (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    read_request (problems, item, *(GPtrArray **) target);
}

static void
clear_need (gpointer data)
{
  KobanNeed *need = data;
  g_free ((char *) need->name);
  g_free ((char *) need->label);
  g_free ((char *) need->example);
}

static void
read_needs (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "name", read_text, G_STRUCT_OFFSET (KobanNeed, name), TRUE },
    { "label", read_text, G_STRUCT_OFFSET (KobanNeed, label), TRUE },
    { "secret", read_bool, G_STRUCT_OFFSET (KobanNeed, secret), TRUE },
    { "revoke", read_bool, G_STRUCT_OFFSET (KobanNeed, revoke) },
    { "kind", read_word, G_STRUCT_OFFSET (KobanNeed, kind), TRUE, need_kind_words },
    { "example", read_text, G_STRUCT_OFFSET (KobanNeed, example), TRUE },
  };
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      KobanNeed need = { 0 };
      read_object (problems, item, _("a need"), keys, G_N_ELEMENTS (keys), &need);
      if (need.name != NULL && !g_strv_contains (need_names, need.name))
        koban_profile_problem (problems, item, _("“%s” is not one of the things that a person is asked for"),
                               need.name);
      g_array_append_val (*(GArray **) target, need);
    }
}

static void
read_auth (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  KobanProfile *profile = target;
  read_pairs (problems, key, node, &profile->auth_params);
  profile->auth_scheme = g_strdup (koban_pairs_lookup (profile->auth_params, "scheme"));
  const char *const *params =
    profile->auth_scheme != NULL ? koban_auth_scheme_get_params (profile->auth_scheme) : NULL;
  if (params == NULL)
    {
      koban_profile_problem (problems, node, _("“auth” lacks a “scheme” that Koban knows"));
      return;
    }
  for (guint i = 0; params[i] != NULL; i++)
    if (koban_pairs_lookup (profile->auth_params, params[i]) == NULL)
      koban_profile_problem (problems, node, _("the scheme “%s” lacks “%s”"), profile->auth_scheme,
                             params[i]);
  for (guint i = 0; i < profile->auth_params->len; i++)
    {
      const char *name = g_array_index (profile->auth_params, KobanPair, i).name;
      if (!g_str_equal (name, "scheme") && !g_strv_contains (params, name))
        koban_profile_problem (problems, node, _("the scheme “%s” has no key “%s”"), profile->auth_scheme,
                               name);
    }
}

static void
read_budget (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "per_day", read_uint, G_STRUCT_OFFSET (KobanProfile, per_day), TRUE },
    { "interval_s", read_uint, G_STRUCT_OFFSET (KobanProfile, interval_s), TRUE },
  };
  KobanProfile *profile = target;
  read_object (problems, node, _("“budget”"), keys, G_N_ELEMENTS (keys), profile);
  if (profile->per_day == 0 || profile->interval_s < 60)
    koban_profile_problem (problems, node, _("“per_day” is at least 1 and “interval_s” at least 60"));
}

static void
revocation_free (gpointer data)
{
  KobanRevocationRule *rule = data;
  g_free (rule->method);
  g_free (rule->path);
  g_array_unref (rule->ok);
  g_array_unref (rule->gone);
  g_free (rule->by_hand);
  g_free (rule);
}

static void
check_revocation (GPtrArray *problems, KobanJsonNode node, const KobanRevocationRule *rule)
{
  gboolean by_api = rule->how == KOBAN_REVOCATION_API || rule->how == KOBAN_REVOCATION_API_SCA;
  gboolean has_call = rule->method != NULL && rule->path != NULL && rule->ok->len > 0;

  if (by_api != has_call)
    koban_profile_problem (problems, node,
                           _("“method”, “path” and “ok” stand with “how”: “api”, and only there"));
  if (rule->path != NULL && *rule->path != '/')
    koban_profile_problem (problems, node, _("“path” begins with “/”"));
  if (rule->by_hand == NULL)
    koban_profile_problem (problems, node, _("“by_hand” is always told: the bank's service may be down"));
}

static void
read_revocations (GPtrArray *problems, const Key *key, KobanJsonNode node, gpointer target)
{
  static const Key keys[] = {
    { "kind", read_link_kind, G_STRUCT_OFFSET (KobanRevocationRule, kind), TRUE },
    { "how", read_revocation_how, G_STRUCT_OFFSET (KobanRevocationRule, how), TRUE },
    { "method", read_text, G_STRUCT_OFFSET (KobanRevocationRule, method) },
    { "path", read_text, G_STRUCT_OFFSET (KobanRevocationRule, path) },
    { "ok", read_uints, G_STRUCT_OFFSET (KobanRevocationRule, ok) },
    { "gone", read_uints, G_STRUCT_OFFSET (KobanRevocationRule, gone) },
    { "by_hand", read_text, G_STRUCT_OFFSET (KobanRevocationRule, by_hand) },
  };
  if (!expect (problems, key, node, KOBAN_JSON_ARRAY))
    return;
  for (KobanJsonNode item = koban_json_first (node); koban_json_exists (item); item = koban_json_next (item))
    {
      KobanRevocationRule *rule = g_new0 (KobanRevocationRule, 1);
      rule->ok = g_array_new (FALSE, FALSE, sizeof (guint));
      rule->gone = g_array_new (FALSE, FALSE, sizeof (guint));
      g_ptr_array_add (*(GPtrArray **) target, rule);
      read_object (problems, item, _("a revocation"), keys, G_N_ELEMENTS (keys), rule);
      check_revocation (problems, item, rule);
    }
}

static KobanProfile *
profile_new (void)
{
  KobanProfile *self = g_new0 (KobanProfile, 1);
  self->ref_count = 1;
  self->needs = g_array_new (FALSE, FALSE, sizeof (KobanNeed));
  g_array_set_clear_func (self->needs, clear_need);
  self->auth_params = pairs_new ();
  self->requests = g_ptr_array_new_with_free_func (request_free);
  self->revocations = g_ptr_array_new_with_free_func (revocation_free);
  return self;
}

KobanProfile *
koban_profile_read (const char *data, gsize length, GPtrArray *problems)
{
  static const Key keys[] = {
#define KEY(name, read, member, required) { name, read, G_STRUCT_OFFSET (KobanProfile, member), required }
    { "format", read_nothing, 0, TRUE },
    KEY ("id", read_text, id, TRUE),
    KEY ("name", read_text, name, TRUE),
    KEY ("countries", read_texts, countries, TRUE),
    KEY ("base_url", read_text, base_url, TRUE),
    KEY ("hosts", read_texts, hosts, TRUE),
    { "power", read_word, G_STRUCT_OFFSET (KobanProfile, power), TRUE, power_words },
    KEY ("cost", read_text, cost, TRUE),
    KEY ("notes", read_text, notes, TRUE),
    KEY ("signup", read_texts, signup, TRUE),
    KEY ("needs", read_needs, needs, TRUE),
    { "auth", read_auth, 0, TRUE },
    KEY ("headers", read_headers, headers, FALSE),
    { "budget", read_budget, 0, TRUE },
    KEY ("history_days", read_uint, history_days, TRUE),
    KEY ("requests", read_requests, requests, TRUE),
    KEY ("revocations", read_revocations, revocations, TRUE),
#undef KEY
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanJson) json = koban_json_parse (data, length, &error);
  KobanProfile *self = profile_new ();

  if (json == NULL)
    {
      g_ptr_array_add (problems, g_strdup (error->message));
      return self;
    }
  KobanJsonNode root = koban_json_root (json);
  read_object (problems, root, _("a profile"), keys, G_N_ELEMENTS (keys), self);
  if (koban_json_type (root) == KOBAN_JSON_OBJECT)
    koban_profile_check (problems, root, self);
  self->digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) data, length);
  return self;
}
