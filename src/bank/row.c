/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts of a row, each kind of fact by one small function. Nothing here rounds or guesses, and what a value
 * is made of is not known here.
 */
#include "config.h"

#include "bank/row.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>

gboolean
koban_row_fail (const KobanRow *self, GError **error, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  g_autofree char *sentence = g_strdup_vprintf (format, args);
  va_end (args);
  const char *listing = koban_gives_name (self->rule->gives);

  if (self->number > 0)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("%s: row %u: %s"), listing, self->number,
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

static gboolean
is_empty (KobanJsonNode node)
{
  const char *text = koban_json_string (node);
  return text != NULL && *text == '\0';
}

/* The first alternative that is there, and neither null nor empty. */
static KobanJsonNode
find (const KobanField *field, KobanJsonNode node, const char **pointer)
{
  for (gsize i = 0; field->at[i] != NULL; i++)
    {
      KobanJsonNode found = koban_json_at (node, field->at[i]);
      *pointer = field->at[i];
      if (koban_json_exists (found) && koban_json_type (found) != KOBAN_JSON_NULL && !is_empty (found))
        return found;
    }
  return KOBAN_JSON_NONE;
}

const char *
koban_map_fact (const KobanField *field, KobanJsonNode node)
{
  const char *pointer = NULL;
  return field->is != NULL ? field->is : node_text (find (field, node, &pointer));
}

static const char *
lookup_value (const KobanField *field, const char *text)
{
  const char *word = field->values != NULL ? g_hash_table_lookup (field->values, text) : NULL;
  const char *dot = word == NULL ? strchr (text, '.') : NULL;
  g_autofree char *prefix = dot != NULL ? g_strndup (text, (gsize) (dot + 1 - text)) : NULL;

  if (word == NULL && field->values != NULL && prefix != NULL)
    word = g_hash_table_lookup (field->values, prefix);
  return word != NULL ? word : field->otherwise;
}

const char *
koban_map_word (const KobanField *field, KobanJsonNode node)
{
  const char *text = koban_map_fact (field, node);
  if (field->is != NULL)
    return field->is;
  return text != NULL && *text != '\0' ? lookup_value (field, text) : field->absent;
}

const char *
koban_map_variable (const KobanAccount *account, const char *variable)
{
  return g_str_equal (variable, "id") ? account->remote_id : koban_account_get_variable (account, variable);
}

/* "<b>Tea</b> &amp; cake" → "Tea & cake". */
static const char *
without_markup (const KobanRow *self, const char *text)
{
  static const struct
  {
    const char *entity;
    char character;
  } entities[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&#39;", '\'' } };
  g_autoptr(GString) plain = g_string_new (NULL);
  const char *last = strrchr (text, '>'); /* behind it none is looked for: a bank may send a million of “<” */

  for (const char *c = text; *c != '\0'; c++)
    {
      const char *end = *c == '<' && last != NULL && c < last ? strchr (c, '>') : NULL;
      gsize i = 0;
      while (i < G_N_ELEMENTS (entities) && !g_str_has_prefix (c, entities[i].entity))
        i++;
      if (end == NULL)
        g_string_append_c (plain, i < G_N_ELEMENTS (entities) ? entities[i].character : *c);
      c = end != NULL ? end : i < G_N_ELEMENTS (entities) ? c + strlen (entities[i].entity) - 1 : c;
    }
  g_strstrip (plain->str);
  return g_string_chunk_insert (self->made, plain->str);
}

static const char *
finish_text (const KobanRow *self, const KobanField *field, const char *text)
{
  const char *name = field->join && self->names != NULL ? g_hash_table_lookup (self->names, text) : NULL;

  if (name != NULL)
    return name;
  return self->rule->markup ? without_markup (self, text) : text;
}

/* NULL without an error if the fact is not in the profile, or not in the row and not @required. An empty text
 * is like none. */
static const char *
read_text (const KobanRow *self, KobanFieldName name, gboolean required, const char **where, GError **error)
{
  const KobanField *field = self->rule->fields[name];
  const char *pointer = NULL;

  if (field == NULL)
    return NULL;
  KobanJsonNode node = find (field, self->node, &pointer);
  const char *text = field->is != NULL ? field->is : node_text (node);
  if (where != NULL)
    *where = pointer;
  if (text != NULL && *text != '\0')
    return finish_text (self, field, text);
  if (koban_json_exists (node) && text == NULL)
    koban_row_fail (self, error, _("%s is neither a text nor a number"), pointer);
  else if (required)
    koban_row_fail (self, error, _("%s is missing"),
                    field->at[0] != NULL ? field->at[0] : koban_field_name (name));
  return NULL;
}

gboolean
koban_row_read_optional (const KobanRow *self, KobanFieldName name, const char **text, GError **error)
{
  g_autoptr(GError) local_error = NULL;

  *text = read_text (self, name, FALSE, NULL, &local_error);
  if (local_error == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

gboolean
koban_row_read_required (const KobanRow *self, KobanFieldName name, const char **text, GError **error)
{
  *text = read_text (self, name, TRUE, NULL, error);
  return *text != NULL;
}

/* One of our words, or @fallback where the profile does not map the fact. */
gboolean
koban_row_read_word (const KobanRow *self,
                     KobanFieldName name,
                     const char *fallback,
                     const char **word,
                     GError **error)
{
  const KobanField *field = self->rule->fields[name];
  const char *pointer = NULL;

  *word = field != NULL ? koban_map_word (field, self->node) : fallback;
  if (*word != NULL)
    return TRUE;
  const char *text = node_text (find (field, self->node, &pointer));
  if (text == NULL)
    return koban_row_fail (self, error, _("%s is missing"), pointer);
  return koban_row_fail (self, error, _("%s is “%.40s”, a word that this profile does not know"), pointer,
                         text);
}

gboolean
koban_row_check_currency (const KobanRow *self, GError **error)
{
  const char *code;
  KobanCurrency currency;

  if (self->rule->fields[KOBAN_FIELD_CURRENCY] == NULL)
    return TRUE;
  if (!koban_row_read_required (self, KOBAN_FIELD_CURRENCY, &code, error))
    return FALSE;
  if (koban_currency_parse (code, &currency, NULL) &&
      koban_currency_equal (currency, self->account->currency))
    return TRUE;
  return koban_row_fail (self, error, _("the currency is “%.10s”, and the account is in %s"), code,
                         self->account->currency.code);
}

/* "1,234.50" without its commas; NULL if they stand in other places than between thousands. (transfer full)
 */
static char *
without_commas (const char *number)
{
  gsize whole = strcspn (number, ".");
  GString *plain = g_string_new (NULL);

  for (gsize i = 0; number[i] != '\0'; i++)
    {
      if (number[i] != ',')
        g_string_append_c (plain, number[i]);
      else if (i == 0 || i > whole || (whole - i) % 4 != 0)
        return g_string_free (plain, TRUE);
    }
  return g_string_free (plain, FALSE);
}

/* "+ 1,234.50 EUR" → "1234.50", in a currency that is the account's. */
static gboolean
split_text (const KobanRow *self, const char *text, char **number)
{
  KobanCurrency currency;
  const char *digits = text + strspn (text, "+ ");
  gsize length = strcspn (digits, " ");
  g_autofree char *amount = g_strndup (digits, length);

  if (digits[length] != ' ' || !koban_currency_parse (digits + length + 1, &currency, NULL) ||
      !koban_currency_equal (currency, self->account->currency))
    return FALSE;
  *number = without_commas (amount);
  return *number != NULL;
}

static gboolean
parse_minor (const KobanRow *self, const char *text, KobanMoney *money, GError **error)
{
  return koban_money_parse_minor (text, -1, self->account->currency, money, error);
}

static gboolean
parse_decimal (const KobanRow *self, const char *text, KobanMoney *money, GError **error)
{
  return koban_money_parse (text, -1, self->account->currency, money, error);
}

static gboolean
parse_text (const KobanRow *self, const char *text, KobanMoney *money, GError **error)
{
  g_autofree char *number = NULL;

  if (split_text (self, text, &number))
    return parse_decimal (self, number, money, error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%.40s” is no amount in %s"), text,
               self->account->currency.code);
  return FALSE;
}

static gboolean (*const units[]) (const KobanRow *self,
                                  const char *text,
                                  KobanMoney *money,
                                  GError **error) = {
  [KOBAN_UNIT_MINOR] = parse_minor,
  [KOBAN_UNIT_DECIMAL] = parse_decimal,
  [KOBAN_UNIT_TEXT] = parse_text,
};

static gboolean
parse_money (const KobanRow *self, const char *pointer, const char *text, KobanMoney *money, GError **error)
{
  g_autoptr(GError) why = NULL;

  return units[self->rule->unit](self, text, money, &why) ||
         koban_row_fail (self, error, "%s: %s", pointer, why->message);
}

gboolean
koban_row_read_money (const KobanRow *self,
                      KobanFieldName name,
                      gboolean *has,
                      KobanMoney *money,
                      GError **error)
{
  g_autoptr(GError) local_error = NULL;
  const char *pointer = NULL;
  const char *text = read_text (self, name, has == NULL, &pointer, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (has != NULL)
    *has = text != NULL;
  return text == NULL || parse_money (self, pointer, text, money, error);
}

static gboolean
negate (const KobanRow *self, KobanMoney *money, GError **error)
{
  if (money->minor == G_MININT64)
    return koban_row_fail (self, error, _("the amount is too large"));
  money->minor = -money->minor;
  return TRUE;
}

static gboolean
sign_as_is (const KobanRow *self, KobanMoney *amount, GError **error)
{
  return TRUE;
}

static gboolean
sign_by_word (const KobanRow *self, KobanMoney *amount, GError **error)
{
  const char *direction;

  if (!koban_row_read_word (self, KOBAN_FIELD_DIRECTION, NULL, &direction, error))
    return FALSE;
  /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): it was read, or FALSE above */
  return g_str_equal (direction, "in") || negate (self, amount, error);
}

static gboolean
sign_by_direction (const KobanRow *self, KobanMoney *amount, GError **error)
{
  if (amount->minor < 0)
    return koban_row_fail (self, error,
                           _("the amount has a sign, and this profile expects a direction instead"));
  return sign_by_word (self, amount, error);
}

static gboolean
sign_absolute (const KobanRow *self, KobanMoney *amount, GError **error)
{
  return (amount->minor >= 0 || negate (self, amount, error)) && sign_by_word (self, amount, error);
}

static gboolean
sign_by_plus (const KobanRow *self, KobanMoney *amount, GError **error)
{
  const char *text;

  return koban_row_read_required (self, KOBAN_FIELD_AMOUNT, &text, error) &&
         (*text == '+' || amount->minor < 0 || negate (self, amount, error));
}

static gboolean
sign_by_account (const KobanRow *self, KobanMoney *amount, GError **error)
{
  const KobanField *by = self->rule->by_account;
  const char *said = koban_map_variable (self->account, by->at[0]);
  const char *word = said != NULL ? lookup_value (by, said) : by->otherwise;

  return !g_str_equal (word, "inverted") || negate (self, amount, error);
}

static gboolean
sign_by_parties (const KobanRow *self, KobanMoney *amount, GError **error)
{
  const KobanField *payee = self->rule->fields[KOBAN_FIELD_PAYEE];
  const gboolean names_payer = koban_map_word (self->rule->fields[KOBAN_FIELD_DIRECTION], self->node) != NULL;
  const gboolean names_payee = payee != NULL && koban_map_fact (payee, self->node) != NULL;

  return amount->minor <= 0 || names_payer || !names_payee || negate (self, amount, error);
}

static gboolean (*const signs[]) (const KobanRow *self, KobanMoney *amount, GError **error) = {
  [KOBAN_SIGN_SIGNED] = sign_as_is,           [KOBAN_SIGN_INVERTED] = negate,
  [KOBAN_SIGN_DIRECTION] = sign_by_direction, [KOBAN_SIGN_ABSOLUTE] = sign_absolute,
  [KOBAN_SIGN_PLUS] = sign_by_plus,           [KOBAN_SIGN_ACCOUNT] = sign_by_account,
  [KOBAN_SIGN_PARTIES] = sign_by_parties,
};

gboolean
koban_row_sign (const KobanRow *self, KobanMoney *amount, GError **error)
{
  return signs[self->rule->sign](self, amount, error);
}

gboolean
koban_row_read_amount (const KobanRow *self, KobanMoney *amount, GError **error)
{
  return koban_row_read_money (self, KOBAN_FIELD_AMOUNT, NULL, amount, error) &&
         koban_row_sign (self, amount, error);
}

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
parse_spaced (const char *text, gint64 *at_us)
{
  g_autofree char *zoned = g_strconcat (text, "Z", NULL);
  return koban_time_parse (zoned, at_us);
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
    case KOBAN_TIMES_SPACED:
      return parse_spaced (text, at_us);
    case KOBAN_TIMES_RFC3339:
    default:
      return koban_time_parse (text, at_us);
    }
}

gboolean
koban_row_read_instant (const KobanRow *self, KobanFieldName name, gint64 *at_us, GError **error)
{
  const char *text;
  if (!koban_row_read_optional (self, name, &text, error))
    return FALSE;
  *at_us = 0;
  if (text != NULL && !parse_instant (self->rule->times, text, at_us))
    *at_us = 0;
  return TRUE;
}

/* The day as the bank writes it: the date part of a time is in the zone of that time. */
static gboolean
parse_day (KobanTimes times, const char *text, KobanDate *date)
{
  gint64 at_us;

  if (times == KOBAN_TIMES_RFC3339 || times == KOBAN_TIMES_SPACED)
    {
      char day[] = "2024-09-02";
      const gsize length = strlen (day);
      return strlen (text) >= length && strchr ("T ", text[length]) != NULL && /* or its end */
             koban_date_parse (memcpy (day, text, length), date);
    }
  if (!parse_instant (times, text, &at_us) || at_us == 0)
    return FALSE;
  *date = koban_date_from_us (at_us, 0);
  return TRUE;
}

gboolean
koban_row_read_day (const KobanRow *self, KobanTransactionState state, KobanDate *date, GError **error)
{
  const char *text = NULL;
  gboolean required = state == KOBAN_TRANSACTION_BOOKED;

  if (!(required ? koban_row_read_required : koban_row_read_optional) (self, KOBAN_FIELD_DATE, &text, error))
    return FALSE;
  if (text == NULL || !parse_day (self->rule->times, text, date))
    *date = KOBAN_NO_DATE;
  return TRUE;
}

gboolean
koban_row_check_repeats (const KobanRow *self, GError **error)
{
  for (guint i = 0; self->account != NULL && i < self->rule->repeats->len; i++)
    {
      const KobanPair *pair = &g_array_index (self->rule->repeats, KobanPair, i);
      const char *said = koban_map_text (self->node, pair->value);
      const char *asked = koban_map_variable (self->account, pair->name);
      if (said != NULL && asked != NULL && !g_str_equal (said, asked))
        return koban_row_fail (self, error,
                               _("%s names another account than the one asked for; the answer is refused"),
                               pair->value);
    }
  return TRUE;
}

/* "{account.currency}", or a word as it stands. */
static const char *
where_is (const KobanRow *self)
{
  const char *is = self->rule->where_is;
  const gsize prefix = strlen ("{account.");

  if (!g_str_has_prefix (is, "{account.") || self->account == NULL)
    return is;
  g_autofree char *variable = g_strndup (is + prefix, strcspn (is + prefix, "}"));
  return koban_map_variable (self->account, variable);
}

/* A row in another currency, where a list is of several accounts. */
static gboolean
is_of_other_currency (const KobanRow *self)
{
  const char *amount = koban_map_fact (self->rule->fields[KOBAN_FIELD_AMOUNT], self->node);
  const char *plain = amount != NULL && self->rule->markup ? without_markup (self, amount) : amount;
  const char *code = plain != NULL ? strrchr (plain, ' ') : NULL;
  KobanCurrency currency;

  if (self->rule->fields[KOBAN_FIELD_CURRENCY] != NULL)
    code = koban_map_fact (self->rule->fields[KOBAN_FIELD_CURRENCY], self->node);
  if (code == NULL || !koban_currency_parse (code + strspn (code, " "), &currency, NULL))
    return FALSE;
  return !koban_currency_equal (currency, self->account->currency);
}

gboolean
koban_row_is_wanted (const KobanRow *self)
{
  if (self->rule->skip_currencies && is_of_other_currency (self))
    return FALSE;
  if (self->rule->where_at == NULL)
    return TRUE;
  const char *said = koban_map_text (self->node, self->rule->where_at);
  if (self->rule->where_in != NULL)
    return said != NULL && g_strv_contains ((const char *const *) self->rule->where_in, said);
  return said != NULL && g_strcmp0 (said, where_is (self)) == 0;
}
