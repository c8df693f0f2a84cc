/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows → model values: which facts each value has, and which it cannot be without. How one fact is read is
 * row.c's; nothing here rounds or guesses.
 */
#include "config.h"

#include "bank/mapping.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include "bank/row.h"

#define UNCOUNTABLE "XXX" /* of ISO 4217, too: "no currency" */

/* — rows — */

typedef gboolean (*MapRow) (const KobanRow *row, gpointer context, GPtrArray *out, GError **error);

/* What every row of one listing is mapped with. */
typedef struct
{
  KobanRow row;
  MapRow map;
  gpointer context;
  GHashTable *seen; /* ids, where the rows are distinct */
  gboolean raw;     /* every row, wanted or not */
  guint n_lists;
  GPtrArray *out;
} Walk;

static gboolean
is_repeated (Walk *walk)
{
  const KobanListingRule *rule = walk->row.rule;
  const char *id = rule->distinct ? koban_map_fact (rule->fields[KOBAN_FIELD_ID], walk->row.node) : NULL;

  return id != NULL && !g_hash_table_add (walk->seen, (gpointer) id);
}

static gboolean
walk_row (Walk *walk, KobanJsonNode node, GError **error)
{
  walk->row.node = node;
  walk->row.number++;
  if (walk->raw)
    return walk->map (&walk->row, walk->context, walk->out, error);
  if (!koban_row_is_wanted (&walk->row) || is_repeated (walk))
    return TRUE;
  return koban_row_check_repeats (&walk->row, error) &&
         walk->map (&walk->row, walk->context, walk->out, error);
}

static gboolean
walk_list (Walk *walk, KobanJsonNode list, GError **error)
{
  if (!koban_json_exists (list))
    return TRUE;
  if (walk->row.rule->single && koban_json_type (list) == KOBAN_JSON_OBJECT)
    {
      walk->n_lists++;
      return walk_row (walk, list, error);
    }
  if (walk->row.rule->single || koban_json_type (list) != KOBAN_JSON_ARRAY)
    return TRUE;
  walk->n_lists++;
  for (KobanJsonNode node = koban_json_first (list); koban_json_exists (node); node = koban_json_next (node))
    if (!walk_row (walk, node, error))
      return FALSE;
  return TRUE;
}

/* None of what might be there is there: an empty list, said in few words. */
static gboolean
is_hollow (KobanJsonNode node)
{
  return koban_json_exists (node) && koban_json_length (node) == 0 &&
         (koban_json_type (node) == KOBAN_JSON_ARRAY || koban_json_type (node) == KOBAN_JSON_OBJECT);
}

/* "/results/…/accounts", with an asterisk for “…”: every list that it reaches, through each child. */
static gboolean
walk_pointer (Walk *walk, KobanJsonNode base, const char *pointer, GError **error)
{
  const char *star = strstr (pointer, "/*");

  if (star == NULL)
    return walk_list (walk, koban_json_at (base, pointer), error);
  g_autofree char *before = g_strndup (pointer, (gsize) (star - pointer));
  KobanJsonNode parent = koban_json_at (base, before);
  if (is_hollow (parent))
    walk->n_lists++;
  for (KobanJsonNode child = koban_json_first (parent); koban_json_exists (child);
       child = koban_json_next (child))
    if (!walk_pointer (walk, child, star + strlen ("/*"), error))
      return FALSE;
  return TRUE;
}

/* Every wanted row through @map, in the bank's order; twins stay twins. */
static GPtrArray *
map_rows (const KobanListingRule *rule,
          KobanJsonNode base,
          const KobanMapContext *with,
          GDestroyNotify free_row,
          MapRow map,
          gpointer context,
          GError **error)
{
  g_autoptr(GPtrArray) out = g_ptr_array_new_with_free_func (free_row);
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(GStringChunk) made = g_string_chunk_new (256);
  const char *pointer = rule->rows != NULL ? rule->rows : "";
  Walk walk = { { rule, base, 0, with->account, with->names, made }, map, context, seen, FALSE, 0, out };

  if (!walk_pointer (&walk, base, pointer, error))
    return NULL;
  if (walk.n_lists == 0)
    {
      walk.row.number = 0;
      koban_row_fail (&walk.row, error, _("the list “%s” is missing"), pointer);
      return NULL;
    }
  return g_steal_pointer (&out);
}

/* — accounts — */

static void
hash_text (GChecksum *checksum, const char *text)
{
  g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text) + 1);
}

/* Stable across sign-ins: a digest of what the profile says names the account. Two providers may number alike
 * what is not the same, so whose ids they are belongs to it. */
static gboolean
read_hash (const KobanRow *row, const char *provider, char **hash, GError **error)
{
  g_autoptr(GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  hash_text (checksum, provider != NULL ? provider : "");
  for (guint i = 0; i < row->rule->hash->len; i++)
    {
      const KobanField *field = row->rule->hash->pdata[i];
      const char *text = koban_map_fact (field, row->node);
      if (text == NULL || *text == '\0')
        return koban_row_fail (row, error, _("%s is missing"), field->at[0]);
      hash_text (checksum, text);
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
read_identity (const KobanRow *row, const char *provider, KobanCurrency currency, GError **error)
{
  const char *iban, *number;
  g_autofree char *hash = NULL;

  if (!koban_row_read_optional (row, KOBAN_FIELD_IBAN, &iban, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_NUMBER, &number, error))
    return NULL;
  if (iban != NULL || number != NULL)
    {
      g_autofree char *folded = fold_number (iban != NULL ? iban : number);
      return g_strdup_printf ("%s:%s:%s", iban != NULL ? "iban" : "number", folded, currency.code);
    }
  if (row->rule->hash->len == 0 || !read_hash (row, provider, &hash, error))
    return NULL;
  return g_strconcat ("hash:", hash, NULL);
}

static char **
read_variables (const KobanRow *row, const char *holder)
{
  g_autoptr(GStrvBuilder) builder = g_strv_builder_new ();
  if (holder != NULL)
    g_strv_builder_add_many (builder, "holder", holder, NULL);
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

/* What is no currency of ISO 4217, or what only a join says, cannot be counted yet. */
static gboolean
read_currency (const KobanRow *row, KobanCurrency *currency, GError **error)
{
  const char *code = NULL;

  if (row->rule->fields[KOBAN_FIELD_CURRENCY] != NULL &&
      !koban_row_read_required (row, KOBAN_FIELD_CURRENCY, &code, error))
    return FALSE;
  if (code == NULL || !koban_currency_parse (code, currency, NULL))
    *currency = KOBAN_CURRENCY (UNCOUNTABLE);
  return TRUE;
}

static void
read_sight (const KobanRow *row, KobanAccount *fields)
{
  fields->sees_links = row->rule->sees_links;
  fields->sees_pending = row->rule->sees_pending;
  fields->sees_time = row->rule->sees_time;
}

static gboolean
map_account (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  const KobanMapContext *with = data;
  g_autoptr(GError) local_error = NULL;
  const char *ownership;
  KobanAccount fields = { 0 };

  if (!koban_row_read_required (row, KOBAN_FIELD_ID, &fields.remote_id, error) ||
      !read_currency (row, &fields.currency, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_NAME, &fields.name, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_NUMBER, &fields.number, error) ||
      !koban_row_read_word (row, KOBAN_FIELD_OWNERSHIP, "own", &ownership, error))
    return FALSE;
  g_autofree char *identity = read_identity (row, with->provider, fields.currency, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  g_auto(GStrv) variables = read_variables (row, with->holder);

  fields.identity = identity != NULL ? identity : "";
  fields.name = fields.name != NULL ? fields.name : with->fallback_name;
  read_sight (row, &fields);
  fields.ownership = g_str_equal (ownership, "joint") ? KOBAN_OWNERSHIP_JOINT : KOBAN_OWNERSHIP_OWN;
  fields.variables = (const char *const *) variables;
  g_ptr_array_add (out, koban_account_new (&fields));
  if (with->rows != NULL)
    g_array_append_val (with->rows, row->node);
  return TRUE;
}

GPtrArray *
koban_map_accounts (const KobanListingRule *rule,
                    KobanJsonNode root,
                    const KobanMapContext *with,
                    GError **error)
{
  return map_rows (rule, root, with, (GDestroyNotify) koban_account_unref, map_account, (gpointer) with,
                   error);
}

gboolean
koban_map_can_count (const KobanAccount *account)
{
  return !g_str_equal (account->currency.code, UNCOUNTABLE);
}

/* The one row of a listing that has no list. */
static KobanRow
only_row (const KobanListingRule *rule, KobanJsonNode base, const KobanMapContext *with, GStringChunk *made)
{
  return (KobanRow){ rule,        koban_json_at (base, rule->rows != NULL ? rule->rows : ""),
                     0,           with->account,
                     with->names, made };
}

static gboolean
join_identity (const KobanRow *row,
               const char *provider,
               KobanAccount *fields,
               char **identity,
               GError **error)
{
  const char *name = NULL, *number = NULL;

  if (row->rule->fields[KOBAN_FIELD_CURRENCY] != NULL && !read_currency (row, &fields->currency, error))
    return FALSE;
  if (!koban_row_read_optional (row, KOBAN_FIELD_NAME, &name, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_NUMBER, &number, error))
    return FALSE;
  fields->name = name != NULL ? name : fields->name;
  fields->number = number != NULL ? number : fields->number;
  *identity = read_identity (row, provider, fields->currency, error);
  return TRUE;
}

KobanAccount *
koban_map_identity (const KobanListingRule *rule,
                    KobanJsonNode root,
                    const KobanMapContext *with,
                    GError **error)
{
  g_autoptr(GStringChunk) made = g_string_chunk_new (256);
  g_autoptr(GError) local_error = NULL;
  const KobanRow row = only_row (rule, root, with, made);
  KobanAccount fields = *with->account;
  g_autofree char *identity = NULL;

  if (!koban_row_check_repeats (&row, error))
    return NULL;
  if (join_identity (&row, with->provider, &fields, &identity, &local_error) && local_error == NULL &&
      identity == NULL)
    koban_row_fail (&row, &local_error, _("nothing in it says which account this is"));
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return NULL;
    }
  fields.identity = identity;
  return koban_account_new (&fields);
}

/* — links — */

typedef struct
{
  KobanRevocation revocation;
  const char
    *holder; /* (nullable): what the answer was asked about: the id of a link that is said without one */
} LinkContext;

static gboolean
map_link (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  const LinkContext *context = data;
  const char *status;
  KobanLink fields = { .kind = row->rule->link_kind,
                       .provenance = row->rule->provenance,
                       .own = row->rule->own,
                       .revocation = context->revocation };

  if (!koban_row_read_word (row, KOBAN_FIELD_STATUS, "active", &status, error))
    return FALSE;
  if (g_str_equal (status, "skip"))
    return TRUE;
  if (!koban_row_read_required (row, KOBAN_FIELD_NAME, &fields.name, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_ID, &fields.remote_id, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_COLLECTOR, &fields.collector, error) ||
      !koban_row_read_optional (row, KOBAN_FIELD_REFERENCE, &fields.reference, error) ||
      !koban_row_read_instant (row, KOBAN_FIELD_CREATED, &fields.created_us, error) ||
      !koban_row_read_instant (row, KOBAN_FIELD_EXPIRES, &fields.expires_us, error))
    return FALSE;
  if (fields.remote_id == NULL)
    fields.remote_id = context->holder;
  if (!koban_link_status_parse (status, &fields.status))
    fields.status = KOBAN_LINK_UNKNOWN;
  if (row->account != NULL &&
      !koban_row_read_money (row, KOBAN_FIELD_LIMIT, &fields.has_limit, &fields.limit, error))
    return FALSE;
  g_ptr_array_add (out, koban_link_new (&fields));
  return TRUE;
}

GPtrArray *
koban_map_links (const KobanListingRule *rule,
                 KobanJsonNode base,
                 const KobanMapContext *with,
                 KobanRevocation revocation,
                 GError **error)
{
  LinkContext context = { revocation, with->holder };

  return map_rows (rule, base, with, (GDestroyNotify) koban_link_unref, map_link, &context, error);
}

/* — transactions — */

static gboolean
read_texts (const KobanRow *row, KobanTransaction *fields, GError **error)
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
    if (!koban_row_read_optional (row, texts[i].name, texts[i].text, error))
      return FALSE;
  if (fields->text == NULL)
    fields->text = "";
  return TRUE;
}

static gboolean
map_transaction (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  const char *state, *type;
  KobanTransaction fields = { 0 };

  if (!koban_row_read_word (row, KOBAN_FIELD_STATE, "booked", &state, error))
    return FALSE;
  if (g_str_equal (state, "skip"))
    return TRUE;
  if (!koban_transaction_state_parse (state, &fields.state))
    return koban_row_fail (row, error, _("“%s” is no state of a line"), state);
  if (!koban_row_read_word (row, KOBAN_FIELD_TYPE, "other", &type, error) ||
      !koban_row_check_currency (row, error) || !koban_row_read_amount (row, &fields.amount, error) ||
      !read_texts (row, &fields, error) || !koban_row_read_day (row, fields.state, &fields.date, error) ||
      !koban_row_read_instant (row, KOBAN_FIELD_TIME, &fields.time_us, error) ||
      !koban_row_read_money (row, KOBAN_FIELD_BALANCE_AFTER, &fields.has_balance_after, &fields.balance_after,
                             error))
    return FALSE;
  if (!koban_transaction_type_parse (type, &fields.type))
    fields.type = KOBAN_TRANSACTION_OTHER;
  g_ptr_array_add (out, koban_transaction_new (&fields));
  return TRUE;
}

GPtrArray *
koban_map_transactions (const KobanListingRule *rule,
                        KobanJsonNode base,
                        const KobanMapContext *with,
                        GError **error)
{
  return map_rows (rule, base, with, (GDestroyNotify) koban_transaction_unref, map_transaction, NULL, error);
}

/* — balance — */

/* One of the sums that a bank calls a balance. The first of each sort counts. */
static gboolean
map_sum (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  KobanSnapshot *balance = data;
  const char *sort;
  KobanMoney amount;

  if (!koban_row_read_word (row, KOBAN_FIELD_SORT, NULL, &sort, error))
    return FALSE;
  if (g_str_equal (sort, "skip"))
    return TRUE;
  if (!koban_row_check_currency (row, error) || !koban_row_read_amount (row, &amount, error))
    return FALSE;
  gboolean is_booked = g_str_equal (sort, "booked");
  gboolean *has = is_booked ? &balance->has_booked : &balance->has_available;
  if (!*has)
    *(is_booked ? &balance->booked : &balance->available) = amount;
  *has = TRUE;
  return TRUE;
}

static gboolean
map_sums (const KobanListingRule *rule,
          KobanJsonNode base,
          const KobanMapContext *with,
          KobanSnapshot *balance,
          GError **error)
{
  g_autoptr(GPtrArray) none = map_rows (rule, base, with, NULL, map_sum, balance, error);
  return none != NULL;
}

/* Each sum in a place of its own. */
static gboolean
read_sums (const KobanRow *row, KobanSnapshot *balance, GError **error)
{
  balance->has_booked = row->rule->fields[KOBAN_FIELD_BOOKED] != NULL;
  return koban_row_check_currency (row, error) &&
         (!balance->has_booked ||
          (koban_row_read_money (row, KOBAN_FIELD_BOOKED, NULL, &balance->booked, error) &&
           koban_row_sign (row, &balance->booked, error))) &&
         koban_row_read_money (row, KOBAN_FIELD_AVAILABLE, &balance->has_available, &balance->available,
                               error) &&
         (!balance->has_available || koban_row_sign (row, &balance->available, error));
}

gboolean
koban_map_balance (const KobanListingRule *rule,
                   KobanJsonNode base,
                   const KobanMapContext *with,
                   KobanSnapshot *balance,
                   GError **error)
{
  g_autoptr(GStringChunk) made = g_string_chunk_new (256);
  const KobanRow row = only_row (rule, base, with, made);

  if (rule->fields[KOBAN_FIELD_SORT] != NULL)
    return map_sums (rule, base, with, balance, error);
  return koban_row_check_repeats (&row, error) && read_sums (&row, balance, error);
}

/* — ids, names, scopes — */

static gboolean
map_id (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  const char *id;

  if (!koban_row_read_required (row, KOBAN_FIELD_ID, &id, error))
    return FALSE;
  g_ptr_array_add (out, g_strdup (id));
  return TRUE;
}

GPtrArray *
koban_map_ids (const KobanListingRule *rule, KobanJsonNode root, GError **error)
{
  return map_rows (rule, root, &(KobanMapContext){ 0 }, g_free, map_id, NULL, error);
}

typedef struct
{
  guint n_rows;
  const char *last_id;
  KobanDate last_day;
} PageEnd;

static gboolean
count_row (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  PageEnd *end = data;
  const KobanField *id = row->rule->fields[KOBAN_FIELD_ID];

  end->n_rows++;
  end->last_id = id != NULL ? koban_map_fact (id, row->node) : NULL;
  if (!koban_row_read_day (row, KOBAN_TRANSACTION_PENDING, &end->last_day, NULL))
    end->last_day = KOBAN_NO_DATE;
  return TRUE;
}

void
koban_map_page (const KobanListingRule *rule,
                KobanJsonNode root,
                guint *n_rows,
                const char **last_id,
                KobanDate *last_day)
{
  PageEnd end = { .last_day = KOBAN_NO_DATE };
  g_autoptr(GStringChunk) made = g_string_chunk_new (64);
  Walk walk = { .row = { .rule = rule, .made = made }, .map = count_row, .context = &end, .raw = TRUE };

  walk_pointer (&walk, root, rule->rows != NULL ? rule->rows : "", NULL);
  *n_rows = end.n_rows;
  *last_id = end.last_id;
  *last_day = end.last_day;
}

static gboolean
map_name (const KobanRow *row, gpointer names, GPtrArray *out, GError **error)
{
  const char *id, *name;

  if (!koban_row_read_required (row, KOBAN_FIELD_ID, &id, error) ||
      !koban_row_read_required (row, KOBAN_FIELD_NAME, &name, error))
    return FALSE;
  g_hash_table_insert (names, g_strdup (id), g_strdup (name));
  return TRUE;
}

gboolean
koban_map_names (const KobanListingRule *rule, KobanJsonNode root, GHashTable *names, GError **error)
{
  g_autoptr(GPtrArray) none = map_rows (rule, root, &(KobanMapContext){ 0 }, NULL, map_name, names, error);
  return none != NULL;
}

static gboolean
is_expected (const KobanListingRule *rule, const char *scope)
{
  for (gsize i = 0; rule->expected != NULL && rule->expected[i] != NULL; i++)
    if (g_pattern_match_simple (rule->expected[i], scope))
      return TRUE;
  return FALSE;
}

static gboolean
map_scope (const KobanRow *row, gpointer data, GPtrArray *out, GError **error)
{
  const char *name;

  if (!koban_row_read_required (row, KOBAN_FIELD_NAME, &name, error))
    return FALSE;
  if (!is_expected (row->rule, name))
    g_ptr_array_add (out, g_strdup (name));
  return TRUE;
}

GPtrArray *
koban_map_excess (const KobanListingRule *rule, KobanJsonNode root, GError **error)
{
  return map_rows (rule, root, &(KobanMapContext){ 0 }, g_free, map_scope, NULL, error);
}
