/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which facts the rows of each listing have, and how a profile says where one stands. A word that is none of
 * ours, or a fact that such a row cannot have, is a mistake of the file.
 */
#include "config.h"

#include "bank/profile-facts.h"

#include <glib/gi18n-lib.h>

const char *const koban_gives_words[] = { "holders",      "accounts", "identity", "links",  "balance",
                                          "transactions", "removed",  "names",    "scopes", NULL };

/* Which words a fact may have: a set of our own, or what a model type parses. */
typedef struct
{
  const char *const *words;
  gboolean (*parses) (const char *word); /* (nullable): these, too */
} Words;

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

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
static const Words directions = { WORDS ("in", "out") };
static const Words states = { WORDS ("pending", "booked", "withdrawn", "skip") };
static const Words ownerships = { WORDS ("own", "joint") };
static const Words sorts = { WORDS ("booked", "available", "skip") };
static const Words signs = { WORDS ("signed", "inverted") };
static const Words refusals = { WORDS ("sign-in", "forbidden", "wait", "later", "refused", "none") };
static const Words effects = { WORDS ("note", "partial", "failed", "sign-in") };
static const Words factor_states = { WORDS ("pending", "done", "failed") };
static const Words types = { NULL, is_type };
static const Words statuses = { WORDS ("skip"), is_status };

static gboolean
is_word (const Words *set, const char *word)
{
  return (set->words != NULL && g_strv_contains (set->words, word)) ||
         (set->parses != NULL && set->parses (word));
}

#define IN(gives) (1u << KOBAN_GIVES_##gives)

static const struct
{
  const char *name;
  guint allowed, required; /* sets of IN (…) */
  const Words *words;      /* (nullable): it is taken as it stands */
} field_rows[KOBAN_N_FIELDS] = {
  [KOBAN_FIELD_ID] = { "id",
                       IN (HOLDERS) | IN (ACCOUNTS) | IN (LINKS) | IN (TRANSACTIONS) | IN (REMOVED) |
                         IN (NAMES),
                       IN (HOLDERS) | IN (ACCOUNTS) | IN (REMOVED) | IN (NAMES) },
  [KOBAN_FIELD_NAME] = { "name", IN (ACCOUNTS) | IN (IDENTITY) | IN (LINKS) | IN (NAMES) | IN (SCOPES),
                         IN (LINKS) | IN (NAMES) | IN (SCOPES) },
  [KOBAN_FIELD_CURRENCY] = { "currency", IN (ACCOUNTS) | IN (IDENTITY) | IN (BALANCE) | IN (TRANSACTIONS) },
  [KOBAN_FIELD_NUMBER] = { "number", IN (ACCOUNTS) | IN (IDENTITY) },
  [KOBAN_FIELD_IBAN] = { "iban", IN (ACCOUNTS) | IN (IDENTITY) },
  [KOBAN_FIELD_OWNERSHIP] = { "ownership", IN (ACCOUNTS), 0, &ownerships },
  [KOBAN_FIELD_BOOKED] = { "booked", IN (BALANCE) },
  [KOBAN_FIELD_AVAILABLE] = { "available", IN (BALANCE) },
  [KOBAN_FIELD_SORT] = { "sort", IN (BALANCE), 0, &sorts },
  [KOBAN_FIELD_AMOUNT] = { "amount", IN (BALANCE) | IN (TRANSACTIONS), IN (TRANSACTIONS) },
  [KOBAN_FIELD_DIRECTION] = { "direction", IN (BALANCE) | IN (TRANSACTIONS), 0, &directions },
  [KOBAN_FIELD_STATE] = { "state", IN (TRANSACTIONS), 0, &states },
  [KOBAN_FIELD_TYPE] = { "type", IN (TRANSACTIONS), 0, &types },
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
  [KOBAN_FIELD_STATUS] = { "status", IN (LINKS), 0, &statuses },
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
  return koban_gives_words[gives];
}

static char **
read_alternatives (KobanReading *reading, KobanJsonNode node)
{
  const gboolean is_list = koban_json_type (node) == KOBAN_JSON_ARRAY;
  const char **pointers =
    koban_reading_own (reading, g_new0 (const char *, koban_json_length (node) + 2), g_free);
  guint n = 0;

  if (!is_list && koban_key_is_pointer (reading, node))
    pointers[n++] = koban_json_string (node);
  for (KobanJsonNode item = is_list ? koban_json_first (node) : KOBAN_JSON_NONE; koban_json_exists (item);
       item = koban_json_next (item))
    if (koban_key_is_pointer (reading, item))
      pointers[n++] = koban_json_string (item);
  return (char **) pointers;
}

static void
read_at (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  *(char ***) target = read_alternatives (reading, node);
}

static void
check_fact (KobanReading *reading, KobanJsonNode node, KobanField *field)
{
  if ((field->at != NULL) == (field->is != NULL))
    koban_profile_problem (reading, node, _("a fact stands somewhere (“at”), or always “is” the same"));
  if (field->at != NULL && field->at[0] == NULL)
    koban_profile_problem (reading, node, _("a fact needs at least one pointer"));
  if (field->at == NULL)
    field->at = koban_reading_own (reading, g_new0 (char *, 1), g_free);
}

/* A pointer, a list of pointers, or {"at", "values", "else", "absent", "join"}, or {"is"}. */
KobanField *
koban_fact_read (KobanReading *reading, KobanJsonNode node)
{
  static const KobanKey keys[] = {
    { "at", read_at, G_STRUCT_OFFSET (KobanField, at) },
    { "is", koban_read_text, G_STRUCT_OFFSET (KobanField, is) },
    { "join", koban_read_bool, G_STRUCT_OFFSET (KobanField, join) },
    { "values", koban_read_values, G_STRUCT_OFFSET (KobanField, values) },
    { "else", koban_read_text, G_STRUCT_OFFSET (KobanField, otherwise) },
    { "absent", koban_read_text, G_STRUCT_OFFSET (KobanField, absent) },
  };
  KobanField *field = koban_reading_new (reading, KobanField);

  if (koban_json_type (node) == KOBAN_JSON_OBJECT)
    koban_read_object (reading, node, _("a fact"), keys, G_N_ELEMENTS (keys), field);
  else
    field->at = read_alternatives (reading, node);
  check_fact (reading, node, field);
  return field;
}

static void
check_word (KobanReading *reading, KobanJsonNode node, const char *word, const Words *words)
{
  if (word != NULL && !is_word (words, word))
    koban_profile_problem (reading, node, _("“%s” is none of the words for “%s”"), word,
                           koban_json_name (node));
}

static void
check_words (KobanReading *reading, KobanJsonNode node, const KobanField *field, const Words *words)
{
  gboolean has_words = field->values != NULL || field->otherwise != NULL || field->absent != NULL;
  if (words == NULL && has_words)
    koban_profile_problem (reading, node,
                           _("“%s” is taken as it stands: it has no “values”, “else” or “absent”"),
                           koban_json_name (node));
  if (words == NULL)
    return;
  check_word (reading, node, field->is, words);
  if (field->values == NULL && field->is == NULL)
    koban_profile_problem (reading, node, _("“%s” needs “values”: the bank's words and ours"),
                           koban_json_name (node));

  check_word (reading, node, field->otherwise, words);
  check_word (reading, node, field->absent, words);
  if (field->values == NULL)
    return;
  GHashTableIter iter;
  gpointer word;
  g_hash_table_iter_init (&iter, field->values);
  while (g_hash_table_iter_next (&iter, NULL, &word))
    check_word (reading, node, word, words);
}

/* A fact in a set of words. */
#define DEFINE_READ_WORDS(noun, words)                                                                       \
  KOBAN_KEY_READER (noun)                                                                                    \
  {                                                                                                          \
    KobanField **field = target;                                                                             \
    *field = koban_fact_read (reading, node);                                                                \
    check_words (reading, node, *field, &words);                                                             \
  }
DEFINE_READ_WORDS (effect, effects)
DEFINE_READ_WORDS (refusal, refusals)
DEFINE_READ_WORDS (factor_state, factor_states)

static void
read_variable (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  char ***at = target;
  *at = koban_reading_own (reading, g_new0 (char *, 2), g_free);
  koban_read_text (reading, key, node, *at);
}

/* What a variable of the account says: {"variable", "values", "else"}. */
KOBAN_KEY_READER (by_account)
{
  static const KobanKey keys[] = {
    { "variable", read_variable, G_STRUCT_OFFSET (KobanField, at), TRUE },
    { "values", koban_read_values, G_STRUCT_OFFSET (KobanField, values), TRUE },
    { "else", koban_read_text, G_STRUCT_OFFSET (KobanField, otherwise), TRUE },
  };
  KobanField **field = target;

  *field = koban_reading_new (reading, KobanField);
  koban_read_object (reading, node, _("“by_account”"), keys, G_N_ELEMENTS (keys), *field);
  if ((*field)->at == NULL)
    (*field)->at = koban_reading_own (reading, g_new0 (char *, 1), g_free);
  check_words (reading, node, *field, &signs);
}

void
koban_read_fact (KobanReading *reading, const KobanKey *key, KobanJsonNode node, gpointer target)
{
  KobanField **field = target;
  *field = koban_fact_read (reading, node);
  check_words (reading, node, *field, NULL);
}

static void
read_row_field (KobanReading *reading, KobanJsonNode member, KobanListingRule *listing)
{
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    {
      if (!g_str_equal (field_rows[i].name, koban_json_name (member)))
        continue;
      if ((field_rows[i].allowed & (1u << listing->gives)) == 0)
        break;
      listing->fields[i] = koban_fact_read (reading, member);
      check_words (reading, member, listing->fields[i], field_rows[i].words);
      return;
    }
  koban_profile_problem (reading, member, _("a row of %s has no fact “%s”"),
                         koban_gives_words[listing->gives], koban_json_name (member));
}

void
koban_facts_read_row (KobanReading *reading, KobanJsonNode node, KobanListingRule *listing)
{
  if (!koban_json_exists (node))
    return;
  if (koban_json_type (node) != KOBAN_JSON_OBJECT)
    {
      koban_profile_problem (reading, node, _("“row” must be an object"));
      return;
    }
  for (KobanJsonNode member = koban_json_first (node); koban_json_exists (member);
       member = koban_json_next (member))
    read_row_field (reading, member, listing);
  for (guint i = 0; i < KOBAN_N_FIELDS; i++)
    if ((field_rows[i].required & (1u << listing->gives)) != 0 && listing->fields[i] == NULL)
      koban_profile_problem (reading, node, _("a row of %s lacks “%s”"), koban_gives_words[listing->gives],
                             field_rows[i].name);
}
