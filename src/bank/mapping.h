/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Rows of a bank's answer → model values, by a profile's rules. Exact or refused: a fact that is
 * missing, of the wrong kind or unknown is an error that names row and pointer, never a guess.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

/* What a mapping knows beside the answer; each (nullable). */
typedef struct
{
  KobanAccount *account;
  const char   *provider;      /* of accounts: whose ids a hash is made of */
  GHashTable   *names;         /* id → name, of joins */
  const char   *holder;        /* of accounts, and of links of the holder itself */
  const char   *fallback_name; /* of accounts */
  GArray       *rows;          /* filled with a KobanJsonNode for each account */
} KobanMapContext;

/* @root is the whole answer; elsewhere @base is the answer, or the account's row in it.
 * All (transfer full); errors are KOBAN_ERROR_INVALID: "accounts: row 3: /currency is missing". */

/* (element-type KobanAccount). Identity "" where a join gives it. A currency that is not of ISO 4217, or that a
 * join gives, is "XXX": such an account can be named and not be counted. */
GPtrArray    *koban_map_accounts     (const KobanListingRule *rule, KobanJsonNode root, const KobanMapContext *with,
                                      GError **error);
/* Whether its currency is one of ISO 4217. */
gboolean      koban_map_can_count    (const KobanAccount *account);
/* The account with what the join adds. */
KobanAccount *koban_map_identity     (const KobanListingRule *rule, KobanJsonNode root, const KobanMapContext *with,
                                      GError **error);
/* (element-type KobanLink) */
GPtrArray    *koban_map_links        (const KobanListingRule *rule, KobanJsonNode base, const KobanMapContext *with,
                                      KobanRevocation revocation, GError **error);
/* (element-type KobanTransaction) */
GPtrArray    *koban_map_transactions (const KobanListingRule *rule, KobanJsonNode base, const KobanMapContext *with,
                                      GError **error);
/* Fills booked and available of @balance. */
gboolean      koban_map_balance      (const KobanListingRule *rule, KobanJsonNode base, const KobanMapContext *with,
                                      KobanSnapshot *balance, GError **error);
/* (element-type utf8): of holders, or of lines that were removed. */
GPtrArray    *koban_map_ids          (const KobanListingRule *rule, KobanJsonNode root, GError **error);
/* How many rows the answer holds, wanted or not, and the id of the last; 0 where the list is missing. */
void          koban_map_page         (const KobanListingRule *rule, KobanJsonNode root, guint *n_rows,
                                      const char **last_id, KobanDate *last_day);
/* Adds to @names: id → name. */
gboolean      koban_map_names        (const KobanListingRule *rule, KobanJsonNode root, GHashTable *names,
                                      GError **error);
/* The scopes that are not expected (element-type utf8). */
GPtrArray    *koban_map_excess       (const KobanListingRule *rule, KobanJsonNode root, GError **error);

G_END_DECLS
