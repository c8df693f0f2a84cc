/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows → model values. Each fact is read by one small function for its kind (text, word, money, day,
 * instant); the functions at the end only say which facts a value has. Nothing here rounds or guesses.
 */
#include "config.h"

#include "bank/mapping.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define UNCOUNTABLE "XXX" /* of ISO 4217, too: "no currency" */

typedef struct
{
  const KobanListingRule *rule;
  KobanJsonNode node;
  guint number;          /* 1 …; 0: the answer is the row */
  KobanAccount *account; /* (nullable) */
} Row;

static gboolean fail (const Row *row, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
fail (const Row *row, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sentence = g_strdup_vprintf (format, args);
  va_end (args);
  const char *listing = koban_gives_name (row->rule->gives);

  if (row->number > 0)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s: row %u: %s"), listing, row->number,
                 sentence);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s: %s", listing, sentence);
  return FALSE;
}

static const char *
node_text (KobanJsonNode node)
{
  if (!koban_json_exists (node))
    return NULL;
  switch (koban_json_type (node))
    {
    case KOBAN_JSON_TRUE:
      return "true";
    case KOBAN_JSON_FALSE:
      return "false";
    default:
      return koban_json_text (node);
    }
}

const char *
koban_map_text (KobanJsonNode node, const char *pointer)
{
  return node_text (koban_json_at (node, pointer));
}

/* The first alternative that is there and not null. */
static KobanJsonNode
find (const KobanField *field, KobanJsonNode node, const char **pointer)
{
  for (gsize i = 0; field->at[i] != NULL; i++)
    {
      KobanJsonNode found = koban_json_at (node, field->at[i]);
      *pointer = field->at[i];
      if (koban_json_exists (found) && koban_json_type (found) != KOBAN_JSON_NULL)
        return found;
    }
  return KOBAN_JSON_NONE;
}

const char *
koban_map_fact (const KobanField *field, KobanJsonNode node)
{
  const char *pointer = NULL;
  return node_text (find (field, node, &pointer));
}

static const char *
lookup_value (const KobanField *field, const char *text)
{
  const char *dot = strchr (text, '.');
  g_autofree char *prefix = dot != NULL ? g_strndup (text, (gsize) (dot + 1 - text)) : NULL;
  const char *word = field->values != NULL ? g_hash_table_lookup (field->values, text) : NULL;

  if (word == NULL && field->values != NULL && prefix != NULL)
    word = g_hash_table_lookup (field->values, prefix);
  return word != NULL ? word : field->otherwise;
}

const char *
koban_map_word (const KobanField *field, KobanJsonNode node)
{
  const char *text = koban_map_fact (field, node);
  return text != NULL && *text != '\0' ? lookup_value (field, text) : field->absent;
}

/* NULL without an error if the fact is not in the profile, or not in the row and not @required. An empty text
 * is like none. */
static const char *
read_text (const Row *row, KobanFieldName name, gboolean required, const char **where, GError **error)
{
  const KobanField *field = row->rule->fields[name];
  const char *pointer = NULL;

  if (field == NULL)
    return NULL;
  KobanJsonNode node = find (field, row->node, &pointer);
  const char *text = node_text (node);
  if (where != NULL)
    *where = pointer;
  if (text != NULL && *text != '\0')
    return text;
  if (koban_json_exists (node) && text == NULL)
    fail (row, error, _("%s is neither a text nor a number"), pointer);
  else if (required)
    fail (row, error, _("%s is missing"), field->at[0] != NULL ? field->at[0] : koban_field_name (name));
  return NULL;
}

static gboolean
read_optional (const Row *row, KobanFieldName name, const char **text, GError **error)
{
  g_autoptr(GError) local_error = NULL;

  *text = read_text (row, name, FALSE, NULL, &local_error);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

static gboolean
read_required (const Row *row, KobanFieldName name, const char **text, GError **error)
{
  *text = read_text (row, name, TRUE, NULL, error);
  return *text != NULL;
}

/* One of our words, or @fallback where the profile does not map the fact. */
static gboolean
read_word (const Row *row, KobanFieldName name, const char *fallback, const char **word, GError **error)
{
  const KobanField *field = row->rule->fields[name];
  const char *pointer = NULL;

  *word = field != NULL ? koban_map_word (field, row->node) : fallback;
  if (*word != NULL)
    return TRUE;
  const char *text = node_text (find (field, row->node, &pointer));
  if (text == NULL)
    return fail (row, error, _("%s is missing"), pointer);
  return fail (row, error, _("%s is “%.40s”, a word that this profile does not know"), pointer, text);
}

/* What the row says its currency is must be the account's own. */
static gboolean
check_currency (const Row *row, GError **error)
{
  const char *code;
  KobanCurrency currency;

  if (row->rule->fields[KOBAN_FIELD_CURRENCY] == NULL)
    return TRUE;
  if (!read_required (row, KOBAN_FIELD_CURRENCY, &code, error))
    return FALSE;
  if (koban_currency_parse (code, &currency, NULL) && koban_currency_equal (currency, row->account->currency))
    return TRUE;
  return fail (row, error, _("the currency is “%.10s”, and the account is in %s"), code,
               row->account->currency.code);
}

static gboolean
parse_money (const Row *row, const char *pointer, const char *text, KobanMoney *money, GError **error)
{
  g_autoptr(GError) why = NULL;
  gboolean done = row->rule->unit == KOBAN_UNIT_MINOR
                    ? koban_money_parse_minor (text, -1, row->account->currency, money, &why)
                    : koban_money_parse (text, -1, row->account->currency, money, &why);
  return done || fail (row, error, "%s: %s", pointer, why->message);
}

/* @has may be NULL where the fact is required. */
static gboolean
read_money (const Row *row, KobanFieldName name, gboolean *has, KobanMoney *money, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *pointer = NULL;
  const char *text = read_text (row, name, has == NULL, &pointer, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (has != NULL)
    *has = text != NULL;
  return text == NULL || parse_money (row, pointer, text, money, error);
}

static gboolean
negate (const Row *row, KobanMoney *money, GError **error)
{
  if (money->minor == G_MININT64)
    return fail (row, error, _("the amount is too large"));
  money->minor = -money->minor;
  return TRUE;
}

static gboolean
sign_by_direction (const Row *row, KobanMoney *amount, GError **error)
{
  const char *direction;
  if (!read_word (row, KOBAN_FIELD_DIRECTION, NULL, &direction, error))
    return FALSE;
  if (amount->minor < 0)
    return fail (row, error, _("the amount has a sign, and this profile expects a direction instead"));
  return g_str_equal (direction, "in") || negate (row, amount, error);
}

static gboolean
sign_as_is (const Row *row, KobanMoney *amount, GError **error)
{
  return TRUE;
}

static gboolean (*const sign_schemes[]) (const Row *row, KobanMoney *amount, GError **error) = {
  [KOBAN_SIGN_SIGNED] = sign_as_is,
  [KOBAN_SIGN_INVERTED] = negate,
  [KOBAN_SIGN_DIRECTION] = sign_by_direction,
};

static gboolean
parse_epoch (const char *text, gint64 unit_us, gint64 *at_us)
{
  gint64 value;
  if (!g_ascii_string_to_signed (text, 10, 0, G_MAXINT64 / unit_us, &value, NULL))
    return FALSE;
  *at_us = value * unit_us;
  return TRUE;
}

static gboolean
parse_instant (KobanTimes times, const char *text, gint64 *at_us)
{
  switch (times)
    {
    case KOBAN_TIMES_EPOCH_S:
      return parse_epoch (text, KOBAN_SECOND_US, at_us);
    case KOBAN_TIMES_EPOCH_MS:
      return parse_epoch (text, KOBAN_SECOND_US / 1000, at_us);
    case KOBAN_TIMES_RFC3339:
    default:
      return koban_time_parse (text, at_us);
    }
}

/* An instant that cannot be read is not said, rather than a reason to lose the row. */
static gboolean
read_instant (const Row *row, KobanFieldName name, gint64 *at_us, GError **error)
{
  const char *text;
  if (!read_optional (row, name, &text, error))
    return FALSE;
  *at_us = 0;
  if (text != NULL && !parse_instant (row->rule->times, text, at_us))
    *at_us = 0;
  return TRUE;
}

/* The day as the bank writes it: the date part of a time is in the zone of that time. */
static gboolean
parse_day (KobanTimes times, const char *text, KobanDate *date)
{
  gint64 at_us;

  if (times == KOBAN_TIMES_RFC3339)
    {
      g_autofree char *day = g_strndup (text, strlen ("2024-09-02"));
      return (strlen (text) == strlen (day) || text[strlen (day)] == 'T') && koban_date_parse (day, date);
    }
  if (!parse_instant (times, text, &at_us) || at_us == 0)
    return FALSE;
  *date = koban_date_from_us (at_us, 0);
  return TRUE;
}

/* A booked line has a date; one that is no date (31.02., or 0 while pending) is none. */
static gboolean
read_day (const Row *row, KobanTransactionState state, KobanDate *date, GError **error)
{
  const char *text;
  gboolean required = state == KOBAN_TRANSACTION_BOOKED;

  if (!(required ? read_required : read_optional) (row, KOBAN_FIELD_DATE, &text, error))
    return FALSE;
  if (text == NULL || !parse_day (row->rule->times, text, date))
    *date = KOBAN_NO_DATE;
  return TRUE;
}

static const char *
account_says (const KobanAccount *account, const char *variable)
{
  return g_str_equal (variable, "id") ? account->remote_id : koban_account_get_variable (account, variable);
}

/* An answer that repeats which account it is about must mean the one that was asked for (trust B17). */
static gboolean
check_repeats (const Row *row, GError **error)
{
  for (guint i = 0; row->account != NULL && i < row->rule->repeats->len; i++)
    {
      const KobanPair *pair = &g_array_index (row->rule->repeats, KobanPair, i);
      const char *said = koban_map_text (row->node, pair->value);
      const char *asked = account_says (row->account, pair->name);
      if (said != NULL && asked != NULL && !g_str_equal (said, asked))
        return fail (row, error, _("%s names another account than the one asked for; the answer is refused"),
                     pair->value);
    }
  return TRUE;
}

static gboolean
is_wanted (const Row *row)
{
  return row->rule->where_at == NULL ||
         g_strcmp0 (koban_map_text (row->node, row->rule->where_at), row->rule->where_is) == 0;
}

typedef gboolean (*MapRow) (const Row *row, gpointer context, GPtrArray *out, GError **error);

/* Every wanted row through @map, in the bank's order; twins stay twins. */
static GPtrArray *
map_rows (const KobanListingRule *rule,
          KobanJsonNode base,
          KobanAccount *account,
          GDestroyNotify free_row,
          MapRow map,
          gpointer context,
          GError **error)
{
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func (free_row);
  Row row = { rule, base, 0, account };
  KobanJsonNode list = koban_json_at (base, rule->rows != NULL ? rule->rows : "");

  if (!koban_json_exists (list) || koban_json_type (list) != KOBAN_JSON_ARRAY)
    {
      fail (&row, error, _("the list “%s” is missing"), rule->rows != NULL ? rule->rows : "");
      return NULL;
    }
  for (row.node = koban_json_first (list); koban_json_exists (row.node);
       row.node = koban_json_next (row.node))
    {
      row.number++;
      if (is_wanted (&row) && (!check_repeats (&row, error) || !map (&row, context, out, error)))
        return NULL;
    }
  return g_steal_pointer (&out);
}

/* — accounts — */

/* Stable across sign-ins: a digest of what the profile says names the account. */
static gboolean
read_hash (const Row *row, char **hash, GError **error)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  for (guint i = 0; i < row->rule->hash->len; i++)
    {
      const KobanField *field = row->rule->hash->pdata[i];
      const char *pointer = NULL;
      const char *text = node_text (find (field, row->node, &pointer));
      if (text == NULL || *text == '\0')
        return fail (row, error, _("%s is missing"), pointer);
      g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text) + 1);
    }
  *hash = g_strndup (g_checksum_get_string (checksum), 32);
  return TRUE;
}

/* Upper case, no blanks: the ways in which the same number is written. */
static char *
fold_number (const char *number)
{
  GString *folded = g_string_new (NULL);
  for (const char *c = number; *c != '\0'; c++)
    if (!g_ascii_isspace (*c))
      g_string_append_c (folded, g_ascii_toupper (*c));
  return g_string_free (folded, FALSE);
}

/* NULL without an error if this listing says nothing that names the account. */
static char *
read_identity (const Row *row, KobanCurrency currency, GError **error)
{
  const char *iban, *number;
  g_autofree char *hash = NULL;

  if (!read_optional (row, KOBAN_FIELD_IBAN, &iban, error) ||
      !read_optional (row, KOBAN_FIELD_NUMBER, &number, error))
    return NULL;
  if (iban != NULL || number != NULL)
    {
      g_autofree char *folded = fold_number (iban != NULL ? iban : number);
      return g_strdup_printf ("%s:%s:%s", iban != NULL ? "iban" : "number", folded, currency.code);
    }
  if (row->rule->hash->len == 0 || !read_hash (row, &hash, error))
    return NULL;
  return g_strconcat ("hash:", hash, NULL);
}

static char **
read_variables (const Row *row)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  for (guint i = 0; i < row->rule->variables->len; i++)
    {
      const KobanPair *pair = &g_array_index (row->rule->variables, KobanPair, i);
      const char *value = koban_map_text (row->node, pair->value);
      if (value == NULL)
        continue;
      g_strv_builder_add (builder, pair->name);
      g_strv_builder_add (builder, value);
    }
  return g_strv_builder_end (builder);
}

typedef struct
{
  const char *fallback_name;
  GArray *rows; /* (nullable) */
} AccountContext;

static gboolean
map_account (const Row *row, gpointer data, GPtrArray *out, GError **error)
{
  const AccountContext *context = data;
  g_autoptr(GError) local_error = NULL;
  const char *currency, *ownership;
  KobanAccount fields = { 0 };

  if (!read_required (row, KOBAN_FIELD_ID, &fields.remote_id, error) ||
      !read_required (row, KOBAN_FIELD_CURRENCY, &currency, error) ||
      !read_optional (row, KOBAN_FIELD_NAME, &fields.name, error) ||
      !read_optional (row, KOBAN_FIELD_NUMBER, &fields.number, error) ||
      !read_word (row, KOBAN_FIELD_OWNERSHIP, "own", &ownership, error))
    return FALSE;
  if (!koban_currency_parse (currency, &fields.currency, NULL))
    fields.currency = KOBAN_CURRENCY (UNCOUNTABLE);
  g_autofree char *identity = read_identity (row, fields.currency, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  g_auto(GStrv) variables = read_variables (row);

  fields.identity = identity != NULL ? identity : "";
  fields.name = fields.name != NULL ? fields.name : context->fallback_name;
  fields.sees_links = row->rule->sees_links;
  fields.sees_pending = row->rule->sees_pending;
  fields.sees_time = row->rule->sees_time;
  fields.ownership = g_str_equal (ownership, "joint") ? KOBAN_OWNERSHIP_JOINT : KOBAN_OWNERSHIP_OWN;
  fields.variables = (const char *const *) variables;
  g_ptr_array_add (out, koban_account_new (&fields));
  if (context->rows != NULL)
    g_array_append_val (context->rows, row->node);
  return TRUE;
}

GPtrArray *
koban_map_accounts (const KobanListingRule *rule,
                    KobanJsonNode root,
                    const char *fallback_name,
                    GArray *rows,
                    GError **error)
{
  AccountContext context = { fallback_name, rows };
  return map_rows (rule, root, NULL, (GDestroyNotify) koban_account_unref, map_account, &context, error);
}

gboolean
koban_map_can_count (const KobanAccount *account)
{
  return !g_str_equal (account->currency.code, UNCOUNTABLE);
}

KobanAccount *
koban_map_identity (const KobanListingRule *rule, KobanJsonNode root, KobanAccount *account, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  const Row row = { rule, koban_json_at (root, rule->rows != NULL ? rule->rows : ""), 0, account };
  KobanAccount fields = *account;

  if (!check_repeats (&row, error))
    return NULL;
  g_autofree char *identity = read_identity (&row, account->currency, &local_error);
  if (local_error == NULL && identity == NULL)
    fail (&row, &local_error, _("nothing in it says which account this is"));
  if (local_error != NULL || !read_optional (&row, KOBAN_FIELD_NUMBER, &fields.number, &local_error))
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  fields.identity = identity;
  if (fields.number == NULL)
    fields.number = account->number;
  return koban_account_new (&fields);
}

/* — links — */

static gboolean
map_link (const Row *row, gpointer data, GPtrArray *out, GError **error)
{
  const KobanRevocation *revocation = data;
  const char *status;
  KobanLink fields = { .kind = row->rule->link_kind,
                       .provenance = row->rule->provenance,
                       .revocation = *revocation };

  if (!read_required (row, KOBAN_FIELD_NAME, &fields.name, error) ||
      !read_optional (row, KOBAN_FIELD_ID, &fields.remote_id, error) ||
      !read_optional (row, KOBAN_FIELD_COLLECTOR, &fields.collector, error) ||
      !read_optional (row, KOBAN_FIELD_REFERENCE, &fields.reference, error) ||
      !read_word (row, KOBAN_FIELD_STATUS, "active", &status, error) ||
      !read_instant (row, KOBAN_FIELD_CREATED, &fields.created_us, error) ||
      !read_instant (row, KOBAN_FIELD_EXPIRES, &fields.expires_us, error))
    return FALSE;
  if (!koban_link_status_parse (status, &fields.status))
    fields.status = KOBAN_LINK_UNKNOWN;
  if (row->account != NULL && !read_money (row, KOBAN_FIELD_LIMIT, &fields.has_limit, &fields.limit, error))
    return FALSE;
  g_ptr_array_add (out, koban_link_new (&fields));
  return TRUE;
}

GPtrArray *
koban_map_links (const KobanListingRule *rule,
                 KobanJsonNode base,
                 KobanAccount *account,
                 KobanRevocation revocation,
                 GError **error)
{
  return map_rows (rule, base, account, (GDestroyNotify) koban_link_unref, map_link, &revocation, error);
}

/* — transactions — */

static gboolean
read_texts (const Row *row, KobanTransaction *fields, GError **error)
{
  const struct
  {
    KobanFieldName name;
    const char **text;
  } texts[] = {
    { KOBAN_FIELD_ID, &fields->bank_id },
    { KOBAN_FIELD_PENDING_ID, &fields->pending_id },
    { KOBAN_FIELD_TEXT, &fields->text },
    { KOBAN_FIELD_PAYEE, &fields->payee },
    { KOBAN_FIELD_COUNTERPARTY_ID, &fields->counterparty_id },
    { KOBAN_FIELD_MANDATE_REF, &fields->mandate_ref },
  };
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    if (!read_optional (row, texts[i].name, texts[i].text, error))
      return FALSE;
  if (fields->text == NULL)
    fields->text = "";
  return TRUE;
}

static gboolean
map_transaction (const Row *row, gpointer data, GPtrArray *out, GError **error)
{
  const char *state, *type;
  KobanTransaction fields = { 0 };

  if (!read_word (row, KOBAN_FIELD_STATE, "booked", &state, error))
    return FALSE;
  if (g_str_equal (state, "skip"))
    return TRUE;
  if (!koban_transaction_state_parse (state, &fields.state))
    return fail (row, error, _("“%s” is no state of a line"), state);
  if (!read_word (row, KOBAN_FIELD_TYPE, "other", &type, error) || !check_currency (row, error) ||
      !read_money (row, KOBAN_FIELD_AMOUNT, NULL, &fields.amount, error) ||
      !sign_schemes[row->rule->sign](row, &fields.amount, error) || !read_texts (row, &fields, error) ||
      !read_day (row, fields.state, &fields.date, error) ||
      !read_instant (row, KOBAN_FIELD_TIME, &fields.time_us, error) ||
      !read_money (row, KOBAN_FIELD_BALANCE_AFTER, &fields.has_balance_after, &fields.balance_after, error))
    return FALSE;
  if (!koban_transaction_type_parse (type, &fields.type))
    fields.type = KOBAN_TRANSACTION_OTHER;
  g_ptr_array_add (out, koban_transaction_new (&fields));
  return TRUE;
}

GPtrArray *
koban_map_transactions (const KobanListingRule *rule,
                        KobanJsonNode base,
                        KobanAccount *account,
                        GError **error)
{
  return map_rows (rule, base, account, (GDestroyNotify) koban_transaction_unref, map_transaction, NULL,
                   error);
}

/* — balance — */

gboolean
koban_map_balance (const KobanListingRule *rule,
                   KobanJsonNode base,
                   KobanAccount *account,
                   KobanSnapshot *balance,
                   GError **error)
{
  const Row row = { rule, koban_json_at (base, rule->rows != NULL ? rule->rows : ""), 0, account };

  balance->has_booked = rule->fields[KOBAN_FIELD_BOOKED] != NULL;
  return check_repeats (&row, error) && check_currency (&row, error) &&
         (!balance->has_booked || read_money (&row, KOBAN_FIELD_BOOKED, NULL, &balance->booked, error)) &&
         read_money (&row, KOBAN_FIELD_AVAILABLE, &balance->has_available, &balance->available, error);
}

/* — scopes — */

static gboolean
is_expected (const KobanListingRule *rule, const char *scope)
{
  for (gsize i = 0; rule->expected != NULL && rule->expected[i] != NULL; i++)
    if (g_pattern_match_simple (rule->expected[i], scope))
      return TRUE;
  return FALSE;
}

static gboolean
map_scope (const Row *row, gpointer data, GPtrArray *out, GError **error)
{
  const char *name;

  if (!read_required (row, KOBAN_FIELD_NAME, &name, error))
    return FALSE;
  if (!is_expected (row->rule, name))
    g_ptr_array_add (out, (gpointer) name);
  return TRUE;
}

GPtrArray *
koban_map_excess (const KobanListingRule *rule, KobanJsonNode root, GError **error)
{
  return map_rows (rule, root, NULL, NULL, map_scope, NULL, error);
}
