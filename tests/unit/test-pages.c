/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Pages: a listing of several is whole only if each was heard, no page leads to a stranger or in a circle,
 * and what broke off is asked for again.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include "bank/step.h"
#include "canned-bank.h"

#define UP_ACCOUNTS                                                                                          \
  { "GET /accounts?", 200, NULL,                                                                             \
    "{\"data\":[{\"id\":\"A\",\"attributes\":{\"displayName\":\"Spending\",\"balance\":{"                    \
    "\"currencyCode\":\"AUD\",\"valueInBaseUnits\":100}}}],\"links\":{\"next\":null}}" },                    \
  {                                                                                                          \
    "GET /webhooks?", 200, NULL, "{\"data\":[],\"links\":{\"next\":null}}"                                   \
  }
#define UP_LINE(id, account)                                                                                 \
  "{\"id\":\"" id "\",\"attributes\":{\"status\":\"SETTLED\",\"rawText\":\"T\",\"amount\":{"                 \
  "\"currencyCode\":\"AUD\",\"valueInBaseUnits\":-100},\"createdAt\":\"2024-09-01T08:00:00+10:00\"},"        \
  "\"relationships\":{\"account\":{\"data\":{\"id\":\"" account "\"}}}}"
/* Two of them: they differ in nothing. */
#define UP_TWINS(next) "{\"data\":[" UP_BARE "," UP_BARE "],\"links\":{\"next\":" next "}}"
#define UP_BARE                                                                                              \
  "{\"attributes\":{\"status\":\"SETTLED\",\"rawText\":\"T\",\"amount\":{\"currencyCode\":\"AUD\","          \
  "\"valueInBaseUnits\":-100},\"createdAt\":\"2024-09-01T08:00:00+10:00\"},\"relationships\":{\"account\":"  \
  "{\"data\":{\"id\":\"A\"}}}}"
#define UP_PAGE(id, next) "{\"data\":[" UP_LINE (id, "A") "],\"links\":{\"next\":" next "}}"
#define UP_FIRST "GET /accounts/A/transactions?page%5Bsize%5D"
#define UP_SECOND "GET /accounts/A/transactions?page=2 "
#define OWN(rest) "\"http://127.0.0.1:@PORT@" rest "\""

typedef struct
{
  const char *name;
  Canned first, second;
  guint n_requests;
  int ended;        /* code; -1: the check went on */
  KobanReach known; /* of the lines, when the account is covered … */
  KobanReach fresh; /* … and when it is new */
  guint n_lines;    /* of the known account */
  const char *why;  /* (nullable): part of what is told */
} Case;

static const Case cases[] = {
  { "one",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "null") },
    { "-" },
    3,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    1 },
  { "absolute",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, UP_PAGE ("2", "null") },
    4,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    2 },
  { "relative",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"/accounts/A/transactions?page=2\"") },
    { UP_SECOND, 200, NULL, UP_PAGE ("2", "null") },
    4,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    2 },
  { "query-only",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"?page=2\"") },
    { UP_SECOND, 200, NULL, UP_PAGE ("2", "null") },
    4,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    2 },
  { "as-the-bank-says-it",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"https://api.up.com.au/api/v1/accounts/A/transactions?page=2\"") },
    { UP_SECOND, 200, NULL, UP_PAGE ("2", "null") },
    4,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    2 },
  { "strange-host",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"https://evil.example/accounts?page=2\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    "evil.example" },
  { "strange-suffix",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"https://api.up.com.au.evil.example/api/v1/x\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    "evil.example" },
  { "strange-user",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"https://api.up.com.au@evil.example/api/v1/x\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    "evil.example" },
  { "strange-port",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"http://127.0.0.1:1/accounts?page=2\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    "127.0.0.1" },
  { "schemeless",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"//evil.example/x\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    "evil.example" },
  { "file",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"file:///etc/passwd\"") },
    { "-" },
    3,
    KOBAN_ERROR_UNTRUSTED,
    0,
    0,
    0,
    NULL },
  { "no-address",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", "\"string\"") },
    { "-" },
    3,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    1,
    "at no address" },
  { "circle",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, UP_PAGE ("2", OWN ("/accounts/A/transactions?page=2")) },
    4,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    2,
    "no end" },
  { "circle-of-what-has-no-id", /* what stands on both pages may be the same */
    { UP_FIRST, 200, NULL, UP_TWINS (OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, UP_TWINS (OWN ("/accounts/A/transactions?page=2")) },
    4,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    2,
    "no end" },
  { "no-circle-of-what-has-no-id",
    { UP_FIRST, 200, NULL, UP_TWINS (OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, UP_TWINS ("null") },
    4,
    -1,
    KOBAN_REACH_WHOLE,
    KOBAN_REACH_WHOLE,
    4 },
  { "second-fails",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 500, NULL, "" },
    4,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    1,
    "500" },
  { "second-is-a-page",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, "<html>" },
    4,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    1,
    "not with data" },
  { "second-is-another-account",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 200, NULL, "{\"data\":[" UP_LINE ("2", "B") "],\"links\":{\"next\":null}}" },
    4,
    -1,
    KOBAN_REACH_CHANGES,
    KOBAN_REACH_FAILED,
    1,
    "another account" },
  { "second-wants-patience",
    { UP_FIRST, 200, NULL, UP_PAGE ("1", OWN ("/accounts/A/transactions?page=2")) },
    { UP_SECOND, 429, NULL, "" },
    4,
    KOBAN_ERROR_RATE_LIMITED,
    0,
    0,
    0,
    NULL },
};

static KobanSnapshot *
lines_of (Check *check)
{
  return find (check, KOBAN_LISTING_TRANSACTIONS, "Spending");
}

/* What is told beside the lines of a listing that is not whole. */
static KobanSnapshot *
failed_of (Check *check)
{
  for (guint i = 0; i < check->snapshots->len; i++)
    {
      KobanSnapshot *snapshot = check->snapshots->pdata[i];
      if (snapshot->listing == KOBAN_LISTING_TRANSACTIONS && snapshot->reach == KOBAN_REACH_FAILED)
        return snapshot;
    }
  return NULL;
}

static Check *
check_up (Bank *bank, GHashTable *covered_to)
{
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) secrets = bundle_with (NULL, "token", "canary");
  return check_new ("up", url, secrets, covered_to);
}

static void
assert_why (const Case *row, Check *check)
{
  KobanSnapshot *failed = failed_of (check);
  const GError *error = check->error != NULL ? check->error : failed != NULL ? failed->error : NULL;

  if (row->why != NULL)
    g_assert_nonnull (strstr (error->message, row->why));
}

static void
test_page (gconstpointer data)
{
  const Case *row = data;
  const Canned canned[] = { row->first, row->second, UP_ACCOUNTS, { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) fresh = check_up (bank, NULL);
  g_autoptr(GHashTable) covered = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  gint64 covered_us = NOW_US - 3 * KOBAN_DAY_US;

  run (fresh);
  g_assert_cmpuint (bank->heard->len, ==, row->n_requests); /* accounts, webhooks, the pages */
  assert_why (row, fresh);
  if (row->ended >= 0)
    {
      g_assert_error (fresh->error, KOBAN_ERROR, row->ended);
      return;
    }
  g_assert_no_error (fresh->error);
  g_assert_cmpint (lines_of (fresh)->reach, ==, row->fresh);

  g_hash_table_insert (covered, g_strdup (lines_of (fresh)->account->identity), &covered_us);
  g_autoptr(Check) known = check_up (bank, covered);
  run (known);
  assert_why (row, known);
  g_assert_cmpint (lines_of (known)->reach, ==, row->known);
  g_assert_cmpuint (lines_of (known)->rows->len, ==, row->n_lines);
  if (row->known == KOBAN_REACH_CHANGES)
    g_assert_cmpint (lines_of (known)->to_us, ==, lines_of (known)->from_us); /* covers no time */
}

/* Nobody's pages are endless: it ends by itself, without the budget. */
static void
test_endless (void)
{
  static const Canned canned[] = { UP_ACCOUNTS,
                                   { "GET /accounts/A/transactions", 200, NULL,
                                     UP_PAGE ("1", OWN ("/accounts/A/transactions?page=@N@")) },
                                   { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_up (bank, NULL);

  run (check);
  g_assert_cmpint (lines_of (check)->reach, ==, KOBAN_REACH_FAILED);
  g_assert_cmpuint (bank->heard->len, <=, 204);
}

/* Two requests that list links of one account are one listing: if one of them fails, none is missed. */
static void
test_links_of_two (void)
{
  static const Canned canned[] = {
    { "GET /v3/profiles/1/subscriptions", 403, NULL, "{}" },
    { "GET /v2/profiles", 200, NULL, "[{\"id\":1}]" },
    { "GET /v4/profiles/1/balances", 200, NULL,
      "[{\"id\":7,\"currency\":\"EUR\",\"amount\":{\"value\":1,\"currency\":\"EUR\"}}]" },
    { "GET /v1/profiles/1/activities?monetary", 200, NULL,
      "{\"cursor\":null,\"activities\":[{\"title\":\"Gym\",\"status\":\"COMPLETED\",\"resource\":{\"id\":"
      "\"r\"}}]}" },
    { "GET /v1/profiles/1/activities?since", 200, NULL, "{\"cursor\":null,\"activities\":[]}" },
    { NULL },
  };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) secrets = bundle_with (NULL, "token", "canary");
  g_autoptr(GHashTable) covered = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 covered_us = NOW_US;
  g_hash_table_insert (covered, (gpointer) "somebody", &covered_us);
  g_autoptr(Check) check = check_new ("wise", url, secrets, covered);

  run (check);
  g_assert_no_error (check->error);
  KobanSnapshot *links = find (check, KOBAN_LISTING_LINKS, NULL);
  g_assert_cmpint (links->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpuint (links->unheard, ==, 1u << KOBAN_LINK_WEBHOOK);
  g_assert_cmpuint (links->rows->len, ==, 1);
  g_assert_cmpuint (check->snapshots->len, ==, 5); /* accounts, balance, links, links failed, lines */
}

/* A cursor of digits alone is a text, as the bank gave it; an offset is a number. */
static void
test_page_in_body (void)
{
  static const struct
  {
    KobanPagingScheme scheme;
    const char *body;
  } rows[] = { { KOBAN_PAGING_CURSOR, "{\"at\":\"120\"}" },
               { KOBAN_PAGING_LAST_ID, "{\"at\":\"120\"}" },
               { KOBAN_PAGING_OFFSET, "{\"at\":120}" },
               { KOBAN_PAGING_PAGE, "{\"at\":120}" } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      KobanRequestRule request = { .method = KOBAN_METHOD_POST,
                                   .paging = { .scheme = rows[i].scheme, .param = (char *) "at" } };
      const KobanStepValues values = { NULL, NULL };
      g_autoptr(GError) error = NULL;
      g_autoptr(KobanStep) first = koban_step_new (KOBAN_STEP_LIST, &request, NULL);
      g_autoptr(KobanStep) second = koban_step_turn (first, "120", &error);
      g_autofree char *body = koban_step_build_body (second, KOBAN_JSON_NONE, &values, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (body, ==, rows[i].body);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strconcat ("/pages/", cases[i].name, NULL);
      g_test_add_data_func (path, &cases[i], test_page);
    }
  g_test_add_func ("/pages/endless", test_endless);
  g_test_add_func ("/pages/links-of-two", test_links_of_two);
  g_test_add_func ("/pages/in-body", test_page_in_body);
  return g_test_run ();
}
