/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One row of a bank's answer, and its facts by a profile's rules: text, word, money, day, instant. Exact or
 * refused: what is missing, of the wrong kind or unknown is an error that names row and pointer.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

typedef struct
{
  const KobanListingRule *rule;
  KobanJsonNode           node;
  guint                   number;  /* 1 …; 0: the answer is the row */
  const KobanAccount     *account; /* (nullable) */
  GHashTable             *names;   /* (nullable): id → name, of joins */
  GStringChunk           *made;    /* texts that stand nowhere in the answer; they live as long */
} KobanRow;

/* FALSE, with "accounts: row 3: …". */
gboolean      koban_row_fail          (const KobanRow *self, GError **error, const char *format, ...) G_GNUC_PRINTF (3, 4);

/* The text, number or boolean at a pointer as text; NULL if it is none or not there. (transfer none) */
const char   *koban_map_text          (KobanJsonNode node, const char *pointer);
/* The same at the first alternative that is there. */
const char   *koban_map_fact          (const KobanField *field, KobanJsonNode node);
/* The word that a fact means, or NULL; (transfer none). "con.new" counts as "con." where only that is known. */
const char   *koban_map_word          (const KobanField *field, KobanJsonNode node);
/* What @variable of the account is: "id", or one of the profile's. (nullable) */
const char   *koban_map_variable      (const KobanAccount *account, const char *variable);

/* FALSE with an error. An empty text is like none: NULL where it is optional. */
gboolean      koban_row_read_optional (const KobanRow *self, KobanFieldName name, const char **text, GError **error);
gboolean      koban_row_read_required (const KobanRow *self, KobanFieldName name, const char **text, GError **error);
/* One of our words, or @fallback where the profile does not map the fact. */
gboolean      koban_row_read_word     (const KobanRow *self, KobanFieldName name, const char *fallback,
                                       const char **word, GError **error);
/* @has may be NULL where the fact is required. */
gboolean      koban_row_read_money    (const KobanRow *self, KobanFieldName name, gboolean *has, KobanMoney *money,
                                       GError **error);
/* The amount, with the sign that the rule finds: out is negative. */
gboolean      koban_row_read_amount   (const KobanRow *self, KobanMoney *amount, GError **error);
/* Gives money the sign that the rule finds. */
gboolean      koban_row_sign          (const KobanRow *self, KobanMoney *amount, GError **error);
/* An instant that cannot be read is 0, not said. */
gboolean      koban_row_read_instant  (const KobanRow *self, KobanFieldName name, gint64 *at_us, GError **error);
/* The day as the bank writes it: required of a booked line; one that is no date (31.02.) is none. */
gboolean      koban_row_read_day      (const KobanRow *self, KobanTransactionState state, KobanDate *date,
                                       GError **error);
/* What the row says its currency is must be the account's own. */
gboolean      koban_row_check_currency (const KobanRow *self, GError **error);
/* What the row says of its account must be what was asked for (trust B17). */
gboolean      koban_row_check_repeats (const KobanRow *self, GError **error);
/* Whether the rule takes this row at all. */
gboolean      koban_row_is_wanted     (const KobanRow *self);

G_END_DECLS
