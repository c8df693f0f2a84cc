/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sessions against a bank of canned answers on loopback: what each answer becomes, what is asked for,
 * and that no door lets a secret out to a host that nobody was shown.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include <koban/session.h>
#include "bank/hosts.h"
#include "canned-bank.h"

#define ACCOUNT_1 "aaaaaaaa-0000-4000-8000-000000000001"
#define ACCOUNT_2 "aaaaaaaa-0000-4000-8000-000000000002"

#define STARLING_REST                                                                                        \
  { "GET /api/v2/accounts/" ACCOUNT_1 "/identifiers", 200, "starling/identifiers-1.json" },                  \
    { "GET /api/v2/accounts/" ACCOUNT_2 "/identifiers", 200, "starling/identifiers-2.json" },                \
    { "GET /api/v2/accounts/" ACCOUNT_1 "/balance", 200, "starling/balance-1.json" },                        \
    { "GET /api/v2/accounts/" ACCOUNT_2 "/balance", 200, "starling/balance-2.json" },                        \
    { "GET /api/v2/accounts ", 200, "starling/accounts.json" },                                              \
    { "GET /api/v2/direct-debit/mandates/account/" ACCOUNT_1, 200, "starling/mandates-1.json" },             \
    { "GET /api/v2/direct-debit/mandates/account/" ACCOUNT_2, 200, "starling/mandates-2.json" },             \
    { "GET /api/v2/payees ", 200, "starling/payees.json" },                                                  \
    { "GET /api/v2/payments/local/account/" ACCOUNT_1, 200, "starling/standing-orders-1.json" },             \
    { "GET /api/v2/payments/local/account/" ACCOUNT_2, 200, "starling/standing-orders-2.json" },             \
    { "GET /api/v2/feed/account/" ACCOUNT_1, 200, "starling/feed-1.json" },                                  \
    { "GET /api/v2/feed/account/" ACCOUNT_2, 200, "starling/feed-2.json" },                                  \
  {                                                                                                          \
    NULL                                                                                                     \
  }

static const Canned starling_good[] = { STARLING_REST };

static Check *
check_starling (Bank *bank, GHashTable *covered_to)
{
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) secrets = bundle_with (NULL, "token", "canary");
  return check_new ("starling", url, secrets, covered_to);
}

static void
test_starling_whole (void)
{
  g_autoptr(Bank) bank = bank_new (starling_good);
  g_autoptr(Check) check = check_starling (bank, NULL);

  run (check);
  g_assert_no_error (check->error);
  g_assert_cmpuint (bank->heard->len, ==,
                    13); /* accounts, five things of each of two accounts, payees, scopes */
  g_assert_nonnull (strstr (heard (bank, 0), "Authorization: Bearer canary\r\n"));

  KobanSnapshot *accounts = find (check, KOBAN_LISTING_ACCOUNTS, NULL);
  g_assert_cmpint (accounts->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpuint (accounts->rows->len, ==, 2);
  KobanAccount *personal = accounts->rows->pdata[0];
  g_assert_cmpstr (personal->identity, ==, "iban:GB94EXMP04000476543210:GBP");
  g_assert_cmpstr (personal->number, ==, "76543210");

  KobanSnapshot *links = find (check, KOBAN_LISTING_LINKS, "Personal");
  g_assert_cmpuint (links->rows->len, ==, 5);
  static const KobanLinkStatus statuses[] = { KOBAN_LINK_ACTIVE, KOBAN_LINK_REVOKED, KOBAN_LINK_UNKNOWN,
                                              KOBAN_LINK_ACTIVE, KOBAN_LINK_REVOKED };
  for (guint i = 0; i < links->rows->len; i++)
    g_assert_cmpint (((KobanLink *) links->rows->pdata[i])->status, ==, statuses[i]);
  g_assert_cmpint (((KobanLink *) links->rows->pdata[0])->revocation, ==, KOBAN_REVOCATION_API);

  KobanLink *rent = links->rows->pdata[3];
  g_assert_cmpint (rent->kind, ==, KOBAN_LINK_STANDING_ORDER);
  g_assert_cmpstr (rent->name, ==, "Harbour Housing");
  g_assert_true (koban_money_equal (rent->limit, KOBAN_MONEY (65000, "GBP")));

  KobanSnapshot *balance = find (check, KOBAN_LISTING_BALANCE, "Personal");
  g_assert_true (koban_money_equal (balance->booked, KOBAN_MONEY (123456, "GBP")));
  g_assert_true (koban_money_equal (balance->available, KOBAN_MONEY (121081, "GBP")));

  KobanSnapshot *lines = find (check, KOBAN_LISTING_TRANSACTIONS, "Personal");
  g_assert_cmpint (lines->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpint (lines->to_us, ==, NOW_US);
  static const gint64 minor[] = { -2375, -5000, 100, -700, -800 };
  static const KobanTransactionState states[] = { KOBAN_TRANSACTION_PENDING, KOBAN_TRANSACTION_BOOKED,
                                                  KOBAN_TRANSACTION_BOOKED, KOBAN_TRANSACTION_BOOKED,
                                                  KOBAN_TRANSACTION_WITHDRAWN };
  g_assert_cmpuint (lines->rows->len, ==, G_N_ELEMENTS (minor));
  for (guint i = 0; i < lines->rows->len; i++)
    {
      KobanTransaction *line = lines->rows->pdata[i];
      g_assert_cmpint (line->amount.minor, ==, minor[i]);
      g_assert_cmpint (line->state, ==, states[i]);
    }
  KobanTransaction *gym = lines->rows->pdata[1];
  g_assert_cmpint (gym->type, ==, KOBAN_TRANSACTION_DIRECT_DEBIT);
  g_assert_cmpint (gym->date, ==, koban_date_from_civil (2024, 9, 2));
  g_assert_cmpstr (((KobanTransaction *) lines->rows->pdata[2])->text, ==, "Carol");
}

/* What the bank says that the key can do, and what the person is told of it. */
static void
test_starling_scopes (void)
{
  static const struct
  {
    const char *scopes, *told;
  } rows[] = {
    { "[\"balance:read\",\"account-list:read\",\"mandate:read\"]", NULL },
    { "[\"mandate:read\",\"mandate:read:write\"]", "(mandate:read:write)" },
    { "[\"balance:read\",\"pay-local:create\",\"mandate:delete\"]", "(pay-local:create, mandate:delete)" },
    { "[]", NULL },
    { "\"all\"", NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *body = g_strdup_printf ("{\"scopes\":%s}", rows[i].scopes);
      const Canned canned[] = { { "GET /api/v2/identity/token", 200, NULL, body }, STARLING_REST };
      g_autoptr(Bank) bank = bank_new (canned);
      g_autoptr(Check) check = check_starling (bank, NULL);
      run (check);
      g_assert_no_error (check->error);
      g_assert_nonnull (strstr (heard (bank, 12), "GET /api/v2/identity/token "));
      const char *const *messages = koban_session_get_messages (check->session);
      g_assert_cmpint (messages[0] != NULL, ==, rows[i].told != NULL);
      g_assert_true (rows[i].told == NULL || strstr (messages[0], rows[i].told) != NULL);
    }
}

static void
test_only_news (void)
{
  g_autoptr(Bank) bank = bank_new (starling_good);
  g_autoptr(GHashTable) covered_to = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_free);
  const gint64 covered_us = NOW_US - KOBAN_DAY_US;
  g_hash_table_insert (covered_to, (char *) "iban:GB94EXMP04000476543210:GBP",
                       g_memdup2 (&covered_us, sizeof covered_us));
  g_autoptr(Check) check = check_starling (bank, covered_to);

  run (check);
  KobanSnapshot *known = find (check, KOBAN_LISTING_TRANSACTIONS, "Personal");
  g_assert_cmpint (known->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpint (known->from_us, ==, covered_us - KOBAN_DAY_US);
  g_assert_cmpint (find (check, KOBAN_LISTING_TRANSACTIONS, "Euro")->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_nonnull (strstr (heard (bank, 10), "changesSince=2024-08-31T00%3A00%3A00Z"));
}

/* One listing goes wrong; the others are heard. */
static const struct
{
  const char *name;
  Canned fault;
  KobanListing listing;
  KobanError code;
} listing_faults[] = {
  { "403-on-links",
    { "GET /api/v2/direct-debit", 403, NULL, "{}" },
    KOBAN_LISTING_LINKS,
    KOBAN_ERROR_FORBIDDEN },
  { "401-on-links",
    { "GET /api/v2/direct-debit", 401, NULL, "{}" },
    KOBAN_LISTING_LINKS,
    KOBAN_ERROR_NEEDS_SIGN_IN },
  { "500-on-links", { "GET /api/v2/direct-debit", 500, NULL, "" }, KOBAN_LISTING_LINKS, KOBAN_ERROR_OFFLINE },
  { "503-on-links", { "GET /api/v2/direct-debit", 503, NULL, "" }, KOBAN_LISTING_LINKS, KOBAN_ERROR_OFFLINE },
  { "page",
    { "GET /api/v2/feed", 200, NULL, "<html>Welcome</html>" },
    KOBAN_LISTING_TRANSACTIONS,
    KOBAN_ERROR_INVALID },
  { "empty-body", { "GET /api/v2/feed", 200, NULL, "" }, KOBAN_LISTING_TRANSACTIONS, KOBAN_ERROR_INVALID },
  { "null", { "GET /api/v2/feed", 200, NULL, "null" }, KOBAN_LISTING_TRANSACTIONS, KOBAN_ERROR_INVALID },
  { "no-list", { "GET /api/v2/feed", 200, NULL, "{}" }, KOBAN_LISTING_TRANSACTIONS, KOBAN_ERROR_INVALID },
  { "truncated",
    { "GET /api/v2/feed", 200, NULL, "{\"feedItems\":[" },
    KOBAN_LISTING_TRANSACTIONS,
    KOBAN_ERROR_INVALID },
  { "redirect",
    { "GET /api/v2/feed", 302, NULL, "", "Location: https://evil.example/login" },
    KOBAN_LISTING_TRANSACTIONS,
    KOBAN_ERROR_INVALID },
  { "other-account",
    { "GET /api/v2/direct-debit", 200, NULL,
      "{\"mandates\":[{\"uid\":\"u\",\"originatorName\":\"N\",\"status\":\"LIVE\",\"accountUid\":\"another\"}"
      "]}" },
    KOBAN_LISTING_LINKS,
    KOBAN_ERROR_INVALID },
  { "other-currency",
    { "GET /api/v2/accounts/" ACCOUNT_1 "/balance", 200, "starling/balance-2.json" },
    KOBAN_LISTING_BALANCE,
    KOBAN_ERROR_INVALID },
  { "404",
    { "GET /api/v2/accounts/" ACCOUNT_1 "/balance", 404, NULL, "" },
    KOBAN_LISTING_BALANCE,
    KOBAN_ERROR_FAILED },
};

static KobanSnapshot *
find_failed (Check *check, KobanListing listing)
{
  for (guint i = 0; i < check->snapshots->len; i++)
    {
      KobanSnapshot *snapshot = check->snapshots->pdata[i];
      if (snapshot->listing == listing && snapshot->reach == KOBAN_REACH_FAILED)
        return snapshot;
    }
  g_error ("no %s failed", koban_listing_name (listing));
}

/* Mandates that cannot be heard leave the standing orders, which are a list of their own. */
static void
test_listing_fault (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { listing_faults[i].fault, STARLING_REST };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_starling (bank, NULL);

  run (check);
  g_assert_no_error (check->error);
  KobanSnapshot *failed = find_failed (check, listing_faults[i].listing);
  gboolean is_links = listing_faults[i].listing == KOBAN_LISTING_LINKS;
  g_assert_cmpstr (failed->account->name, ==, "Personal");
  g_assert_null (failed->rows);
  g_assert_error (failed->error, KOBAN_ERROR, (int) listing_faults[i].code);
  g_assert_cmpint (find (check, KOBAN_LISTING_ACCOUNTS, NULL)->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpuint (check->snapshots->len, ==, is_links ? 9 : 7);
  for (guint s = 0; s < check->snapshots->len; s++)
    {
      const KobanSnapshot *snapshot = check->snapshots->pdata[s];
      if (snapshot->listing == KOBAN_LISTING_LINKS && snapshot->reach != KOBAN_REACH_FAILED)
        g_assert_cmpuint (snapshot->unheard, ==, is_links ? 1u << KOBAN_LINK_DIRECT_DEBIT : 0);
    }
}

/* The first listing goes wrong: what ends the check is an error, the rest a FAILED list of accounts. */
static const struct
{
  const char *name;
  Canned fault;
  gboolean ends;
  KobanError code;
} entry_faults[] = {
  { "401", { "GET ", 401, NULL, "{}" }, TRUE, KOBAN_ERROR_NEEDS_SIGN_IN },
  { "403", { "GET ", 403, NULL, "{}" }, TRUE, KOBAN_ERROR_NEEDS_SIGN_IN },
  { "429", { "GET ", 429, NULL, "{}", "Retry-After: 120" }, TRUE, KOBAN_ERROR_RATE_LIMITED },
  { "503", { "GET ", 503, NULL, "{}", "Retry-After: 120" }, TRUE, KOBAN_ERROR_RATE_LIMITED },
  { "500", { "GET ", 500, NULL, "{}" }, TRUE, KOBAN_ERROR_OFFLINE },
  { "402", { "GET ", 402, NULL, "{}" }, FALSE, KOBAN_ERROR_FAILED },
  { "page", { "GET ", 200, NULL, "  <!doctype html>" }, FALSE, KOBAN_ERROR_INVALID },
  { "drift", { "GET ", 200, NULL, "{\"accounts\":[{\"accountUid\":\"a\"}]}" }, FALSE, KOBAN_ERROR_INVALID },
};

static void
test_entry_fault (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { entry_faults[i].fault, { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_starling (bank, NULL);

  run (check);
  g_assert_cmpuint (bank->heard->len, ==, 1);
  if (entry_faults[i].ends)
    {
      g_assert_error (check->error, KOBAN_ERROR, (int) entry_faults[i].code);
      g_assert_cmpuint (check->snapshots->len, ==, 0);
    }
  else
    g_assert_error (find (check, KOBAN_LISTING_ACCOUNTS, NULL)->error, KOBAN_ERROR,
                    (int) entry_faults[i].code);
  if (entry_faults[i].fault.header != NULL)
    g_assert_cmpint (koban_session_get_retry_after_s (check->session), ==, 120);
  g_assert_false (koban_session_has_next (check->session));
}

static void
test_unidentified (void)
{
  const Canned canned[] = { { "GET /api/v2/accounts/" ACCOUNT_1 "/identifiers", 403, NULL, "{}" },
                            STARLING_REST };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_starling (bank, NULL);

  run (check);
  KobanSnapshot *accounts = find (check, KOBAN_LISTING_ACCOUNTS, NULL);
  g_assert_cmpint (accounts->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpuint (accounts->rows->len, ==, 1);
  g_assert_cmpint (((KobanSnapshot *) check->snapshots->pdata[1])->reach, ==, KOBAN_REACH_FAILED);
}

/* — SimpleFIN — */

static KobanSecret *
setup_token (const char *url)
{
  g_autofree char *token = g_base64_encode ((const guchar *) url, strlen (url));
  return bundle_with (NULL, "setup_token", token);
}

#define CLAIM_GOOD                                                                                           \
  {                                                                                                          \
    "POST /simplefin/claim/one", 200, NULL, "http://us%40er:p%3As@127.0.0.1:@PORT@/simplefin\n"              \
  }

static void
test_claim (void)
{
  static const Canned canned[] = { CLAIM_GOOD,
                                   { "GET /simplefin/accounts", 200, "simplefin-v2/accounts.json" },
                                   { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "/simplefin/claim/one");
  g_autoptr(KobanSecret) secrets = setup_token (url);
  g_autoptr(Check) check = check_new ("simplefin", NULL, secrets, NULL);

  g_assert_true (step (check));
  g_assert_cmpuint (check->snapshots->len, ==, 0);
  g_assert_nonnull (strstr (heard (bank, 0), "Content-Length: 0"));
  g_assert_null (strstr (heard (bank, 0), "Authorization"));

  g_autoptr(KobanSecret) kept = koban_session_take_secrets (check->session);
  g_assert_nonnull (kept);
  g_assert_null (koban_session_take_secrets (check->session));
  g_autoptr(KobanSecret) access = koban_secret_bundle_lookup (kept, "access_url");
  g_autoptr(KobanSecret) setup = koban_secret_bundle_lookup (kept, "setup_token");
  g_autofree char *expected = g_strdup_printf ("http://us%%40er:p%%3As@127.0.0.1:%u/simplefin", bank->port);
  g_assert_cmpstr (koban_secret_peek (access, NULL), ==, expected);
  g_assert_null (setup);

  run (check);
  g_autofree char *basic = g_base64_encode ((const guchar *) "us@er:p:s", strlen ("us@er:p:s"));
  g_assert_nonnull (strstr (heard (bank, 1), basic));
  g_assert_nonnull (strstr (heard (bank, 1), "version=2&pending=1&start-date="));
}

static Check *
check_simplefin (Bank *bank, GHashTable *covered_to)
{
  g_autofree char *access = g_strdup_printf ("http://u:p@127.0.0.1:%u/simplefin", bank->port);
  g_autoptr(KobanSecret) secrets = bundle_with (NULL, "access_url", access);
  return check_new ("simplefin", NULL, secrets, covered_to);
}

static void
test_simplefin_v2 (void)
{
  static const Canned canned[] = { { "GET /simplefin/accounts", 200, "simplefin-v2/accounts.json" },
                                   { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_simplefin (bank, NULL);

  run (check);
  g_assert_no_error (check->error);
  g_assert_cmpuint (bank->heard->len, ==, 2); /* two windows, newest first */

  KobanSnapshot *accounts = find (check, KOBAN_LISTING_ACCOUNTS, NULL);
  g_assert_cmpint (accounts->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpuint (accounts->rows->len, ==, 3);
  KobanAccount *savings = accounts->rows->pdata[0], *old = accounts->rows->pdata[1],
               *miles = accounts->rows->pdata[2];
  g_assert_cmpstr (savings->identity, !=, old->identity);
  g_assert_cmpstr (miles->currency.code, ==, "XXX");

  KobanSnapshot *lines = find (check, KOBAN_LISTING_TRANSACTIONS, "Savings");
  g_assert_cmpint (lines->reach, ==, KOBAN_REACH_WHOLE);
  g_assert_cmpint (lines->from_us, ==, NOW_US - 175 * KOBAN_DAY_US);
  g_assert_cmpuint (lines->rows->len, ==, 3); /* the second window sent the same three again */
  KobanTransaction *shop = lines->rows->pdata[0], *coffee = lines->rows->pdata[1];
  g_assert_cmpint (shop->amount.minor, ==, -3329343);
  g_assert_cmpint (shop->date, ==, koban_date_from_civil (2024, 9, 1));
  g_assert_cmpint (shop->time_us, ==, 0);
  g_assert_cmpint (coffee->state, ==, KOBAN_TRANSACTION_PENDING);
  g_assert_cmpint (coffee->date, ==, KOBAN_NO_DATE);
  g_assert_cmpint (coffee->time_us, ==, G_GINT64_CONSTANT (1725190000) * KOBAN_SECOND_US);

  KobanSnapshot *links = find (check, KOBAN_LISTING_LINKS, NULL);
  g_assert_cmpuint (links->rows->len, ==, 2);
  g_assert_cmpint (((KobanLink *) links->rows->pdata[0])->revocation, ==, KOBAN_REVOCATION_URL);
  g_assert_cmpint (((KobanLink *) links->rows->pdata[0])->provenance, ==, KOBAN_PROVENANCE_ACCESS);

  g_assert_error (find (check, KOBAN_LISTING_TRANSACTIONS, "Old savings")->error, KOBAN_ERROR,
                  KOBAN_ERROR_NEEDS_SIGN_IN);
  g_assert_error (find (check, KOBAN_LISTING_BALANCE, "Old savings")->error, KOBAN_ERROR,
                  KOBAN_ERROR_NEEDS_SIGN_IN);
  g_assert_error (find (check, KOBAN_LISTING_BALANCE, "Miles")->error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED);
  g_assert_true (
    koban_money_equal (find (check, KOBAN_LISTING_BALANCE, "Savings")->booked, KOBAN_MONEY (10023, "USD")));

  const char *const *messages = koban_session_get_messages (check->session);
  g_assert_cmpuint (g_strv_length ((char **) messages), ==, 1);
  g_assert_null (strchr (messages[0], '\033'));
}

/* The rows of @name are there, claim no time, and the connection says that something is wrong. */
static void
assert_doubted (Check *check, const char *name, const char *why)
{
  KobanSnapshot *accounts = find (check, KOBAN_LISTING_ACCOUNTS, NULL);
  KobanSnapshot *lines = find (check, KOBAN_LISTING_TRANSACTIONS, name);
  guint n_failed = 0;

  g_assert_cmpint (accounts->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpuint (lines->rows->len, >, 0);
  g_assert_cmpint (lines->to_us, ==, lines->from_us);
  for (guint i = 0; i < check->snapshots->len; i++)
    {
      const KobanSnapshot *snapshot = check->snapshots->pdata[i];
      if (snapshot->reach == KOBAN_REACH_FAILED && strstr (snapshot->error->message, why) != NULL)
        n_failed++;
    }
  g_assert_cmpuint (n_failed, >=, 1);
  g_assert_cmpstr (koban_session_get_messages (check->session)[0], ==, why);
}

#define ERRLIST(entry)                                                                                       \
  "{\"errlist\":[" entry "],\"connections\":[{\"conn_id\":\"C\",\"name\":\"Bank\"}],\"accounts\":["          \
  "{\"id\":\"1\",\"conn_id\":\"C\",\"name\":\"A\",\"currency\":\"USD\",\"balance\":\"1\",\"transactions\":[" \
  "{\"id\":\"t\",\"posted\":1725192000,\"amount\":\"-1.00\",\"description\":\"x\"}]},"                       \
  "{\"id\":\"2\",\"conn_id\":\"D\",\"name\":\"B\",\"currency\":\"USD\",\"balance\":\"2\",\"transactions\":[" \
  "{\"id\":\"t\",\"posted\":1725192000,\"amount\":\"-2.00\",\"description\":\"y\"}]}]}"

typedef enum
{
  HEARD,
  DOUBTED,
  FAILED,
  SIGN_IN
} Fate;

/* What one entry of errlist means for each of two accounts, the first of connection C, the second of D. */
static const struct
{
  const char *name, *answer;
  Fate first, second;
} errlists[] = {
  { "msg", ERRLIST ("{\"code\":\"con.auth\",\"msg\":\"why\",\"conn_id\":\"C\"}"), SIGN_IN, HEARD },
  { "message", ERRLIST ("{\"code\":\"con.auth\",\"message\":\"why\",\"conn_id\":\"C\"}"), SIGN_IN, HEARD },
  { "con", ERRLIST ("{\"code\":\"con.\",\"msg\":\"why\",\"conn_id\":\"D\"}"), HEARD, FAILED },
  { "con-new", ERRLIST ("{\"code\":\"con.new\",\"msg\":\"why\",\"conn_id\":\"D\"}"), HEARD, FAILED },
  { "act", ERRLIST ("{\"code\":\"act.\",\"msg\":\"why\",\"account_id\":\"1\"}"), FAILED, HEARD },
  { "act-failed",
    ERRLIST ("{\"code\":\"act.failed\",\"msg\":\"why\",\"account_id\":\"1\",\"conn_id\":\"C\"}"), FAILED,
    HEARD },
  { "act-missingdata", ERRLIST ("{\"code\":\"act.missingdata\",\"msg\":\"why\",\"account_id\":\"2\"}"), HEARD,
    DOUBTED },
  { "gen", ERRLIST ("{\"code\":\"gen.\",\"msg\":\"why\"}"), DOUBTED, DOUBTED },
  { "gen-api", ERRLIST ("{\"code\":\"gen.api\",\"msg\":\"why\"}"), DOUBTED, DOUBTED },
  { "gen-auth", ERRLIST ("{\"code\":\"gen.auth\",\"msg\":\"why\"}"), SIGN_IN, SIGN_IN },
  { "gen-auth-new", ERRLIST ("{\"code\":\"gen.new\",\"msg\":\"why\"}"), DOUBTED, DOUBTED },
  { "con-of-nobody", ERRLIST ("{\"code\":\"con.\",\"msg\":\"why\"}"), DOUBTED, DOUBTED },
  { "no-code", ERRLIST ("{\"msg\":\"why\"}"), DOUBTED, DOUBTED },
};

static Fate
fate_of (Check *check, const char *name)
{
  KobanSnapshot *lines = find (check, KOBAN_LISTING_TRANSACTIONS, name);

  if (lines->reach != KOBAN_REACH_FAILED)
    return lines->to_us == NOW_US ? HEARD : DOUBTED;
  return koban_error_is (lines->error, KOBAN_ERROR_NEEDS_SIGN_IN) ? SIGN_IN : FAILED;
}

static void
test_errlist (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { { "GET /simplefin/accounts", 200, NULL, errlists[i].answer }, { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_simplefin (bank, NULL);

  run (check);
  g_assert_no_error (check->error);
  g_assert_cmpint (fate_of (check, "A"), ==, errlists[i].first);
  g_assert_cmpint (fate_of (check, "B"), ==, errlists[i].second);
  g_assert_cmpstr (koban_session_get_messages (check->session)[0], ==, "why");
  if (errlists[i].first == DOUBTED)
    assert_doubted (check, "A", "why");
}

/* A doubted answer moves nothing on: the next check asks for the same days again, and nothing is missed in
 * it. */
static void
test_doubt_of_known (void)
{
  static const Canned canned[] = {
    { "GET /simplefin/accounts", 200, NULL, ERRLIST ("{\"code\":\"gen.\",\"msg\":\"why\"}") }, { NULL }
  };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) first = check_simplefin (bank, NULL);
  g_autoptr(GHashTable) covered = g_hash_table_new (g_str_hash, g_str_equal);
  gint64 covered_us = NOW_US - 3 * KOBAN_DAY_US;

  run (first);
  KobanSnapshot *lines = find (first, KOBAN_LISTING_TRANSACTIONS, "A");
  g_assert_cmpint (find (first, KOBAN_LISTING_LINKS, NULL)->reach, ==, KOBAN_REACH_WHOLE);
  g_hash_table_insert (covered, (gpointer) lines->account->identity, &covered_us);
  g_autoptr(Check) second = check_simplefin (bank, covered);
  run (second);
  assert_doubted (second, "A", "why");
  g_assert_cmpint (find (second, KOBAN_LISTING_TRANSACTIONS, "A")->reach, ==, KOBAN_REACH_CHANGES);
  g_assert_cmpint (find (second, KOBAN_LISTING_LINKS, NULL)->reach, ==, KOBAN_REACH_CHANGES);
}

static void
test_simplefin_v1 (void)
{
  static const Canned canned[] = { { "GET /simplefin/accounts", 200, "simplefin-v1/accounts.json" },
                                   { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autoptr(Check) check = check_simplefin (bank, NULL);

  run (check);
  g_assert_no_error (check->error);
  assert_doubted (check, "Savings", "You must reauthenticate.");
  g_assert_cmpint (find (check, KOBAN_LISTING_TRANSACTIONS, "Savings")->reach, ==, KOBAN_REACH_WHOLE);
  for (guint i = 0; i < check->snapshots->len; i++)
    g_assert_cmpint (((KobanSnapshot *) check->snapshots->pdata[i])->listing, !=, KOBAN_LISTING_LINKS);
}

static void
test_claim_refused (void)
{
  static const Canned canned[] = { { "POST ", 403, NULL, "" }, { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "/simplefin/claim/one");
  g_autoptr(KobanSecret) secrets = setup_token (url);
  g_autoptr(Check) check = check_new ("simplefin", NULL, secrets, NULL);

  run (check);
  g_assert_error (check->error, KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN);
  g_assert_nonnull (strstr (check->error->message, "make a new one"));
  g_assert_null (koban_session_take_secrets (check->session));
}

/* Every door through which an address comes in; behind each a host that nobody was shown. */
static const struct
{
  const char *name;
  const char *claim;   /* (nullable): what the setup token says */
  const char *claimed; /* (nullable): what the claim answers */
  const char *access;  /* (nullable): what the keyring holds */
} doors[] = {
  { "claim-url", "https://evil.example/claim/x", NULL, NULL },
  { "claim-url-plain", "http://bridge.simplefin.org/claim/x", NULL, NULL },
  { "claim-url-userinfo", "https://bridge.simplefin.org@evil.example/claim/x", NULL, NULL },
  { "claim-url-suffix", "https://bridge.simplefin.org.evil.example/claim/x", NULL, NULL },
  { "claim-url-port", "https://bridge.simplefin.org:8443/claim/x", NULL, NULL },
  { "claim-url-backslash", "https://evil.example\\@bridge.simplefin.org/claim/x", NULL, NULL },
  { "access-url-claimed", "LOOPBACK", "https://u:p@evil.example/simplefin", NULL },
  { "access-url-claimed-two-ats", "LOOPBACK", "https://u:p@bridge.simplefin.org@evil.example/simplefin",
    NULL },
  { "access-url-claimed-plain", "LOOPBACK", "http://u:p@bridge.simplefin.org/simplefin", NULL },
  { "access-url-kept", NULL, NULL, "https://u:p@evil.example/simplefin" },
  { "access-url-kept-plain", NULL, NULL, "http://u:p@10.0.0.1/simplefin" },
};

static void
test_door (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { { "POST ", 200, NULL, doors[i].claimed != NULL ? doors[i].claimed : "" },
                            { NULL } };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *loopback = loopback_url (bank, "/claim/x");
  g_autoptr(KobanSecret) secrets =
    doors[i].access != NULL
      ? bundle_with (NULL, "access_url", doors[i].access)
      : setup_token (g_str_equal (doors[i].claim, "LOOPBACK") ? loopback : doors[i].claim);
  g_autoptr(Check) check = check_new ("simplefin", NULL, secrets, NULL);

  run (check);
  g_assert_error (check->error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
  g_assert_null (koban_session_take_secrets (check->session));
  g_assert_cmpuint (bank->heard->len, ==, doors[i].claimed != NULL ? 1 : 0);
}

static void
test_base_url (void)
{
  static const char *const bad[] = { "http://evil.example", "ftp://api.starlingbank.com",
                                     "https://u:p@evil.example", "x" };
  g_autoptr(KobanProfile) profile = load_profile ("starling");
  g_autoptr(KobanHttp) http = koban_http_new ("koban-test");

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      const KobanSessionOptions options = { .profile = profile, .base_url = bad[i], .now_us = NOW_US };
      g_autoptr(GError) error = NULL;
      g_assert_null (koban_session_new (http, &options, &error));
      g_assert_nonnull (error);
    }
}

/* A name that leads into the person's own network is theirs if they typed it, and a trick if not. Nobody
 * listens, so that a connection that was allowed ends there. */
static void
test_typed_name (void)
{
  g_autoptr(KobanSecret) secrets =
    bundle_with (NULL, "access_url", "https://u:p@bridge.localhost:1/simplefin");
  g_autoptr(Check) agreed = check_new ("simplefin", "https://bridge.localhost:1/simplefin", secrets, NULL);
  g_autoptr(Check) strange = check_new ("simplefin", NULL, secrets, NULL);

  run (agreed);
  g_assert_error (agreed->error, KOBAN_ERROR, KOBAN_ERROR_OFFLINE);
  run (strange);
  g_assert_error (strange->error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED);
}

/* The gate itself: the profile's hosts, the typed one with its port, this machine, and nothing that looks
 * like them. */
static void
test_hosts (void)
{
  static const struct
  {
    const char *url;
    gboolean allowed;
  } rows[] = {
    { "https://bank.example/a", TRUE },
    { "https://BANK.example/a", TRUE },
    { "https://bank.example:443/a", TRUE },
    { "https://typed.example:8443/b", TRUE },
    { "http://127.0.0.1:80/a", TRUE },
    { "http://localhost:8080/a", TRUE },
    { "http://[::1]:8080/a", TRUE },
    { "https://bank.example:8443/a", FALSE },
    { "https://typed.example/b", FALSE },
    { "http://bank.example/a", FALSE },
    { "http://typed.example:8443/b", FALSE },
    { "https://bank.example.evil.example/", FALSE },
    { "https://evil.example/bank.example", FALSE },
    { "https://evil.example?bank.example", FALSE },
    { "https://127.0.0.1.evil.example/", FALSE },
    { "https://sub.bank.example/", FALSE },
    { "https://bank.example@evil.example/", FALSE },
    { "https://10.0.0.1/", FALSE },
    { "file:///etc/passwd", FALSE },
    { "", FALSE },
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanHosts) hosts = koban_hosts_new ((const char *const[]){ "bank.example", NULL },
                                                  "https://typed.example:8443/base", &error);
  g_assert_no_error (error);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_test_message ("%s", rows[i].url);
      g_assert_cmpint (koban_hosts_allow (hosts, rows[i].url, NULL), ==, rows[i].allowed);
    }
}

/* — revoking — */

static const struct
{
  const char *name;
  guint status;
  const char *secret;
  KobanRevokeResult result;
  gint code; /* -1: none */
} revocations[] = {
  { "accepted", 204, "revoke_token", KOBAN_REVOKE_ACCEPTED, -1 },
  { "gone", 404, "revoke_token", KOBAN_REVOKE_GONE, -1 },
  { "refused", 403, "revoke_token", KOBAN_REVOKE_PENDING, KOBAN_ERROR_FORBIDDEN },
  { "fault", 500, "revoke_token", KOBAN_REVOKE_PENDING, KOBAN_ERROR_OFFLINE },
  { "watch-only", 204, "token", KOBAN_REVOKE_PENDING, KOBAN_ERROR_FORBIDDEN },
};

static void
test_revoke (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { { "DELETE /api/v2/direct-debit/mandates/m%2F1", revocations[i].status, NULL, "" },
                            STARLING_REST };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) watch = bundle_with (NULL, "token", "watcher");
  g_autoptr(KobanSecret) secrets = bundle_with (watch, revocations[i].secret, "canary");
  g_autoptr(Check) check = check_new ("starling", url, secrets, NULL);
  const KobanAccount fields = {
    .identity = "number:1:GBP", .remote_id = ACCOUNT_1, .name = "Personal", .currency = KOBAN_CURRENCY ("GBP")
  };
  const KobanLink link = { .kind = KOBAN_LINK_DIRECT_DEBIT, .name = "Gym", .remote_id = "m/1" };
  g_autoptr(KobanAccount) account = koban_account_new (&fields);
  g_autoptr(GError) error = NULL;

  g_assert_true (koban_session_set_revoke (check->session, &link, account, &error));
  g_assert_no_error (error);
  step (check);
  g_assert_cmpint (koban_session_get_revoke_result (check->session), ==, revocations[i].result);
  if (revocations[i].code >= 0)
    g_assert_error (check->error, KOBAN_ERROR, revocations[i].code);
  else
    {
      g_assert_nonnull (strstr (heard (bank, 0), "Bearer canary"));
      run (check);
      g_assert_cmpuint (find (check, KOBAN_LISTING_LINKS, "Personal")->rows->len, ==, 3);
      g_assert_nonnull (strstr (heard (bank, 1), "Bearer watcher"));
    }
}

/* What says that Koban's own access is gone: a refusal of it, and no other fault of a list. */
static const struct
{
  const char *name, *path;
  guint status;
  gboolean refused;
} proofs[] = {
  { "consent-not-found", "GET /items/I ", 404, TRUE },    { "consent-gone", "GET /items/I ", 410, TRUE },
  { "consent-refused", "GET /items/I ", 401, TRUE },      { "consent-forbidden", "GET /items/I ", 403, TRUE },
  { "consent-asked-badly", "GET /items/I ", 400, FALSE }, { "consent-unpaid", "GET /items/I ", 402, FALSE },
  { "consent-fault", "GET /items/I ", 500, FALSE },       { "lives", "GET /items/I ", 200, FALSE },
};

static void
test_proof_of_own_end (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  const Canned canned[] = { { "POST /auth", 200, NULL, "{\"apiKey\":\"k\"}" },
                            { "DELETE /items/I ", 200, NULL, "{}" },
                            { proofs[i].path, proofs[i].status, NULL, "{}" },
                            { "GET /consents?", 200, NULL, "{\"results\":[]}" },
                            { "GET /items/I ", 200, NULL, "{\"id\":\"I\",\"connector\":{\"name\":\"B\"}}" },
                            { NULL } };
  static const char *const fields[] = { "item_ids", "I", NULL };
  g_autoptr(Bank) bank = bank_new (canned);
  g_autofree char *url = loopback_url (bank, "");
  g_autoptr(KobanSecret) id = bundle_with (NULL, "client_id", "canary");
  g_autoptr(KobanSecret) secrets = bundle_with (id, "client_secret", "canary");
  g_autoptr(KobanProfile) profile = load_profile ("pluggy");
  g_autoptr(Check) check = check_profile (profile, url, secrets, fields, NULL);
  const KobanLink link = { .kind = KOBAN_LINK_AGGREGATOR, .name = "B", .remote_id = "I", .own = TRUE };
  g_autoptr(GError) error = NULL;
  gboolean refused = FALSE;

  g_assert_true (koban_session_set_revoke (check->session, &link, NULL, &error));
  while (koban_session_has_next (check->session) && step (check))
    refused |= koban_session_is_refused (check->session);
  refused |= koban_session_is_refused (check->session);
  g_assert_cmpint (koban_session_get_revoke_result (check->session), ==, KOBAN_REVOKE_ACCEPTED);
  g_assert_cmpint (refused, ==, proofs[i].refused);
}

static void
test_revoke_by_hand (void)
{
  g_autoptr(KobanSecret) secrets =
    bundle_with (NULL, "access_url", "https://u:p@bridge.simplefin.org/simplefin");
  g_autoptr(Check) check = check_new ("simplefin", NULL, secrets, NULL);
  const KobanLink link = { .kind = KOBAN_LINK_AGGREGATOR, .name = "My Bank", .remote_id = "CON-1" };
  g_autoptr(GError) error = NULL;

  g_assert_false (koban_session_set_revoke (check->session, &link, NULL, &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED);
}

#define ADD_ROWS(prefix, rows, func)                                                                         \
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)                                                            \
    {                                                                                                        \
      g_autofree char *path = g_strconcat (prefix, rows[i].name, NULL);                                      \
      g_test_add_data_func (path, GUINT_TO_POINTER (i), func);                                               \
    }

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  koban_http_global_init ();
  g_test_add_func ("/session/starling/whole", test_starling_whole);
  g_test_add_func ("/session/starling/only-news", test_only_news);
  g_test_add_func ("/session/starling/scopes", test_starling_scopes);
  g_test_add_func ("/session/starling/unidentified", test_unidentified);
  ADD_ROWS ("/session/listing-fault/", listing_faults, test_listing_fault);
  ADD_ROWS ("/session/entry-fault/", entry_faults, test_entry_fault);
  g_test_add_func ("/session/simplefin/claim", test_claim);
  g_test_add_func ("/session/simplefin/claim-refused", test_claim_refused);
  g_test_add_func ("/session/simplefin/v2", test_simplefin_v2);
  g_test_add_func ("/session/simplefin/v1", test_simplefin_v1);
  g_test_add_func ("/session/simplefin/doubt-of-known", test_doubt_of_known);
  ADD_ROWS ("/session/simplefin/errlist/", errlists, test_errlist);
  ADD_ROWS ("/session/door/", doors, test_door);
  g_test_add_func ("/session/door/base-url", test_base_url);
  g_test_add_func ("/session/door/typed-name", test_typed_name);
  g_test_add_func ("/session/door/hosts", test_hosts);
  ADD_ROWS ("/session/revoke/", revocations, test_revoke);
  ADD_ROWS ("/session/revoke/own-end/", proofs, test_proof_of_own_end);
  g_test_add_func ("/session/revoke/by-hand", test_revoke_by_hand);
  return g_test_run ();
}
