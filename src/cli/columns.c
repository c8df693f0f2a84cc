/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shapes of DESIGN §5 as tables. A key is never renamed or dropped; new ones may be added.
 */
#include "config.h"

#include "cli/columns.h"

#include <glib/gi18n-lib.h>

const KobanColumn koban_connection_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "provider", KOBAN_COLUMN_TEXT, N_("provider") },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "state", KOBAN_COLUMN_CODE, N_("state") },
  { "last_check", KOBAN_COLUMN_TIME, N_("last check") },
  { "next_check", KOBAN_COLUMN_TIME, N_("next check") },
  { "message", KOBAN_COLUMN_FOREIGN, N_("message") },
  { NULL },
};

static const KobanColumn sees_columns[] = {
  { "links", KOBAN_COLUMN_TEXT },
  { "pending", KOBAN_COLUMN_BOOL },
  { "time", KOBAN_COLUMN_BOOL },
  { "history_days", KOBAN_COLUMN_NUMBER },
  { NULL },
};

static const KobanColumn coverage_columns[] = {
  { "from", KOBAN_COLUMN_TIME },
  { "to", KOBAN_COLUMN_TIME },
  { "watched_7d", KOBAN_COLUMN_NUMBER },
  { "longest_gap", KOBAN_COLUMN_NUMBER },
  { NULL },
};

const KobanColumn koban_account_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "connection", KOBAN_COLUMN_TEXT, N_("bank") },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "number", KOBAN_COLUMN_TEXT, N_("number") },
  { "currency", KOBAN_COLUMN_TEXT, .label = N_("currency") },
  { "balance", KOBAN_COLUMN_MONEY, N_("balance") },
  { "available", KOBAN_COLUMN_MONEY, N_("available") },
  { "as_of", KOBAN_COLUMN_TIME, N_("data as of") },
  { "sees", KOBAN_COLUMN_OBJECT, NULL, sees_columns },
  { "coverage", KOBAN_COLUMN_OBJECT, NULL, coverage_columns },
  { "watch", KOBAN_COLUMN_TEXT, N_("watch") },
  { "ownership", KOBAN_COLUMN_TEXT, .label = N_("ownership") },
  { NULL },
};

const KobanColumn koban_transaction_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "date", KOBAN_COLUMN_TEXT, N_("date") },
  { "time", KOBAN_COLUMN_TIME, N_("time") },
  { "amount", KOBAN_COLUMN_MONEY, N_("amount") },
  { "state", KOBAN_COLUMN_CODE, N_("state") },
  { "payee", KOBAN_COLUMN_FOREIGN, N_("payee") },
  { "text", KOBAN_COLUMN_FOREIGN, N_("text") },
  { "service", KOBAN_COLUMN_TEXT, .label = N_("service") },
  { "balance_after", KOBAN_COLUMN_MONEY, .label = N_("balance after it") },
  { "first_seen", KOBAN_COLUMN_TIME, .label = N_("first seen") },
  { NULL },
};

const KobanColumn koban_link_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "connection", KOBAN_COLUMN_TEXT, N_("bank") },
  { "kind", KOBAN_COLUMN_CODE, N_("kind") },
  { "name", KOBAN_COLUMN_FOREIGN, N_("name") },
  { "service", KOBAN_COLUMN_TEXT, .label = N_("service") },
  { "provenance", KOBAN_COLUMN_CODE, .label = N_("known") },
  { "own", KOBAN_COLUMN_BOOL, .label = N_("Koban’s own") },
  { "status", KOBAN_COLUMN_CODE, N_("status") },
  { "first_seen", KOBAN_COLUMN_TIME, N_("first seen") },
  { "created", KOBAN_COLUMN_TIME, .label = N_("created") },
  { "expires", KOBAN_COLUMN_TIME, .label = N_("expires") },
  { "limit", KOBAN_COLUMN_MONEY, .label = N_("limit") },
  { "scope", KOBAN_COLUMN_WORDS, .label = N_("may") },
  { "revocation", KOBAN_COLUMN_CODE, N_("revocation") },
  { "answer", KOBAN_COLUMN_TEXT, N_("answer") },
  { "creditor", KOBAN_COLUMN_FOREIGN, .label = N_("creditor") },
  { "reference", KOBAN_COLUMN_FOREIGN, .label = N_("reference") },
  { NULL },
};

const KobanColumn koban_alert_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "incident", KOBAN_COLUMN_TEXT, N_("incident") },
  { "account", KOBAN_COLUMN_TEXT, N_("account") },
  { "connection", KOBAN_COLUMN_TEXT },
  { "kind", KOBAN_COLUMN_CODE, .label = N_("kind") },
  { "severity", KOBAN_COLUMN_CODE, N_("severity") },
  { "state", KOBAN_COLUMN_CODE, N_("state") },
  { "opened", KOBAN_COLUMN_TIME, N_("opened") },
  { "updated", KOBAN_COLUMN_TIME, .label = N_("updated") },
  { "summary", KOBAN_COLUMN_TEXT, N_("what happened") },
  { "reasons", KOBAN_COLUMN_ROWS },
  { "ref", KOBAN_COLUMN_TEXT },
  { "refs", KOBAN_COLUMN_WORDS, .label = N_("about") },
  { "subject", KOBAN_COLUMN_FOREIGN, .label = N_("name") },
  { "service", KOBAN_COLUMN_TEXT, .label = N_("service") },
  { "total", KOBAN_COLUMN_MONEY, N_("total") },
  { "code", KOBAN_COLUMN_TEXT, .label = N_("code") },
  { "answer", KOBAN_COLUMN_TEXT, N_("answer") },
  { NULL },
};

const KobanColumn koban_provider_columns[] = {
  { "id", KOBAN_COLUMN_TEXT, N_("id") },
  { "name", KOBAN_COLUMN_TEXT, N_("name") },
  { "countries", KOBAN_COLUMN_WORDS, N_("countries") },
  { "auth", KOBAN_COLUMN_TEXT, .label = N_("sign-in") },
  { "power", KOBAN_COLUMN_CODE, N_("power of the key") },
  { "lists", KOBAN_COLUMN_CODES, N_("lists links") },
  { "revokes", KOBAN_COLUMN_CODES, N_("revokes") },
  { "needs", KOBAN_COLUMN_ROWS },
  { "hosts", KOBAN_COLUMN_WORDS, .label = N_("hosts") },
  { "cost", KOBAN_COLUMN_TEXT, N_("cost") },
  { "notes", KOBAN_COLUMN_TEXT, .label = N_("notes") },
  { NULL },
};
