/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of a bank's answer → model values, by a profile's rules. Exact or refused: a fact that is
 * missing, of the wrong kind or unknown is an error that names row and pointer, never a guess.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

/* @root is the whole answer; elsewhere @base is the answer, or the account's row in it.
 * All (transfer full); errors are KOBAN_ERROR_INVALID: "accounts: row 3: /currency is missing". */

/* (element-type KobanAccount); @rows (optional): KobanJsonNode, parallel. Identity "" where a join gives it.
 * A currency that is not of ISO 4217 is "XXX": such an account can be named and not be counted. */
GPtrArray    *koban_map_accounts     (const KobanListingRule *rule, KobanJsonNode root, const char *fallback_name,
                                      GArray *rows, GError **error);
/* Whether its currency is one of ISO 4217. */
gboolean      koban_map_can_count    (const KobanAccount *account);
/* @account with what the join adds. */
KobanAccount *koban_map_identity     (const KobanListingRule *rule, KobanJsonNode root, KobanAccount *account,
                                      GError **error);
/* (element-type KobanLink) */
GPtrArray    *koban_map_links        (const KobanListingRule *rule, KobanJsonNode base, KobanAccount *account,
                                      KobanRevocation revocation, GError **error);
/* (element-type KobanTransaction) */
GPtrArray    *koban_map_transactions (const KobanListingRule *rule, KobanJsonNode base, KobanAccount *account,
                                      GError **error);
/* Fills booked and available of @balance. */
gboolean      koban_map_balance      (const KobanListingRule *rule, KobanJsonNode base, KobanAccount *account,
                                      KobanSnapshot *balance, GError **error);

/* The text, number or boolean at a pointer as text; NULL if it is none or not there. (transfer none) */
const char   *koban_map_text         (KobanJsonNode node, const char *pointer);
/* The same at the first alternative that is there. */
const char   *koban_map_fact         (const KobanField *field, KobanJsonNode node);
/* The word that a fact means, or NULL; (transfer none). "con.new" counts as "con." where only that is known. */
const char   *koban_map_word         (const KobanField *field, KobanJsonNode node);
/* The scopes that are not expected (element-type utf8), (transfer container). */
GPtrArray    *koban_map_excess       (const KobanListingRule *rule, KobanJsonNode root, GError **error);

G_END_DECLS
