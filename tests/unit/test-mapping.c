/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A row becomes exactly what it says, or a refusal that names it: no guess, no rounding, no silence.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include "bank/mapping.h"

static KobanProfile *
load_profile (const char *name)
{
  g_autofree char *path = g_strconcat (g_getenv ("KOBAN_PROVIDERS"), "/", name, ".json", NULL);
  g_autoptr(GError) error = NULL;
  KobanProfile *profile = koban_profile_load_file (path, &error);
  g_assert_no_error (error);
  return profile;
}

static const KobanListingRule *
rule_of (KobanProfile *profile, KobanGives gives)
{
  return koban_request_find_listing (koban_profile_find_request (profile, gives), gives);
}

static KobanAccount *
make_account (const char *currency)
{
  static const char *const variables[] = { "category", "c1", NULL };
  KobanAccount fields = { .identity = "number:1:X", .remote_id = "a1", .name = "A", .variables = variables };
  g_strlcpy (fields.currency.code, currency, sizeof fields.currency.code);
  return koban_account_new (&fields);
}

static GPtrArray *
map_lines (const char *profile_name, const char *list, const char *currency, const char *row, GError **error)
{
  g_autoptr(KobanProfile) profile = load_profile (profile_name);
  g_autoptr(KobanAccount) account = make_account (currency);
  g_autofree char *text = g_strdup_printf ("{\"%s\":[%s]}", list, row);
  g_autoptr(KobanJson) json = koban_json_parse (text, strlen (text), error);
  g_assert_nonnull (json);
  return koban_map_transactions (rule_of (profile, KOBAN_GIVES_TRANSACTIONS), koban_json_root (json),
                                 &(KobanMapContext){ .account = account }, error);
}

/* SimpleFIN lines: the whole row but for its amount. */
static const struct
{
  const char *name, *currency, *amount;
  gint64 minor;
  const char *refused; /* (nullable): part of the reason */
} amounts[] = {
  { "cents", "USD", "\"-33293.43\"", -3329343 },
  { "whole", "USD", "\"5\"", 500 },
  { "number", "USD", "0.1", 10 },
  { "zeros", "USD", "\"1.2300\"", 123 },
  { "minus-zero", "USD", "\"-0\"", 0 },
  { "yen", "JPY", "\"-10000\"", -10000 },
  { "dinar", "KWD", "\"1.234\"", 1234 },
  { "exponent", "USD", "1e2", 10000 },
  { "yen-decimals", "JPY", "\"-100.50\"", 0, "/amount" },
  { "too-fine", "USD", "\"0.001\"", 0, "/amount" },
  { "too-large", "USD", "\"99999999999999999999\"", 0, "/amount" },
  { "infinite", "USD", "1e400", 0, "/amount" },
  { "comma", "USD", "\"1,23\"", 0, "/amount" },
  { "german", "USD", "\"1.234,56\"", 0, "/amount" },
  { "nan", "USD", "\"NaN\"", 0, "/amount" },
  { "missing", "USD", "null", 0, "/amount is missing" },
  { "empty", "USD", "\"\"", 0, "/amount is missing" },
  { "object", "USD", "{}", 0, "/amount is neither" },
  { "flag", "USD", "true", 0, "/amount" },
};

static void
test_amount (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autofree char *row = g_strdup_printf (
    "{\"id\":\"t\",\"posted\":1725192000,\"description\":\"d\",\"amount\":%s}", amounts[i].amount);
  g_autoptr(GPtrArray) lines = map_lines ("simplefin", "transactions", amounts[i].currency, row, &error);

  if (amounts[i].refused != NULL)
    {
      g_assert_null (lines);
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, amounts[i].refused));
      g_assert_true (g_str_has_prefix (error->message, "transactions: row 1: "));
      return;
    }
  g_assert_no_error (error);
  g_assert_cmpint (((KobanTransaction *) lines->pdata[0])->amount.minor, ==, amounts[i].minor);
}

#define FEED_ROW                                                                                             \
  "{\"feedItemUid\":\"f\",\"categoryUid\":\"c1\",\"amount\":{\"currency\":\"GBP\",\"minorUnits\":2375},"     \
  "\"direction\":\"OUT\",\"status\":\"SETTLED\",\"source\":\"MASTER_CARD\","                                 \
  "\"transactionTime\":\"2024-09-02T22:37:51.016Z\",\"settlementTime\":\"2024-09-03T04:00:00Z\","            \
  "\"reference\":\"R\"}"

/* In a good Starling line, @from becomes @to, and the whole list is refused because of it. */
static const struct
{
  const char *name, *from, *to, *reason;
} drifts[] = {
  { "amount-renamed", "\"minorUnits\"", "\"minor\"", "/amount/minorUnits is missing" },
  { "currency-missing", "\"currency\":\"GBP\",", "", "/amount/currency is missing" },
  { "currency-other", "\"GBP\"", "\"EUR\"", "the currency is “EUR”" },
  { "direction-missing", "\"direction\"", "\"way\"", "/direction is missing" },
  { "direction-word", "\"OUT\"", "\"SIDEWAYS\"", "/direction is “SIDEWAYS”" },
  { "status-missing", "\"status\"", "\"state\"", "/status is missing" },
  { "signed", "2375", "-2375", "expects a direction instead" },
  { "fraction", "2375", "23.75", "/amount/minorUnits" },
  { "times-renamed", "Time\"", "At\"", NULL },
  { "category", "\"c1\"", "\"c2\"", "/categoryUid names another account" },
  { "reference-object", "\"R\"", "{}", "/reference is neither" },
};

static char *
replace_all (const char *text, const char *from, const char *to)
{
  g_auto(GStrv) parts = g_strsplit (text, from, -1);
  return g_strjoinv (to, parts);
}

static void
test_drift (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autofree char *bad = replace_all (FEED_ROW, drifts[i].from, drifts[i].to);
  g_autofree char *rows = g_strconcat (FEED_ROW ",", bad, NULL);
  g_autoptr(GPtrArray) lines = map_lines ("starling", "feedItems", "GBP", rows, &error);

  g_assert_null (lines);
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
  g_assert_true (g_str_has_prefix (error->message, "transactions: row 2: "));
  if (drifts[i].reason != NULL)
    g_assert_nonnull (strstr (error->message, drifts[i].reason));
}

/* Two equal debits are two, in one page too: what is a repeat is not decided here. */
static void
test_twins (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines = map_lines ("starling", "feedItems", "GBP", FEED_ROW "," FEED_ROW, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (lines->len, ==, 2);
}

static const struct
{
  const char *name, *posted;
  int year, month, day; /* 0: no date */
} dates[] = {
  { "day", "1725192000", 2024, 9, 1 },   { "text", "\"1725192000\"", 2024, 9, 1 },
  { "far", "4070908800", 2099, 1, 1 },   { "zero", "0", 0, 0, 0 },
  { "nonsense", "\"31.02.\"", 0, 0, 0 }, { "huge", "99999999999999999999", 0, 0, 0 },
};

static void
test_date (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autofree char *row = g_strdup_printf ("{\"id\":\"t\",\"posted\":%s,\"amount\":\"1\"}", dates[i].posted);
  g_autoptr(GPtrArray) lines = map_lines ("simplefin", "transactions", "USD", row, &error);
  KobanDate expected =
    dates[i].year != 0 ? koban_date_from_civil (dates[i].year, dates[i].month, dates[i].day) : KOBAN_NO_DATE;

  g_assert_no_error (error);
  g_assert_cmpint (((KobanTransaction *) lines->pdata[0])->date, ==, expected);
}

static void
test_date_missing (void)
{
  g_autoptr(GError) error = NULL;

  g_assert_null (map_lines ("simplefin", "transactions", "USD", "{\"id\":\"t\",\"amount\":\"1\"}", &error));
  g_assert_nonnull (strstr (error->message, "/posted is missing"));
}

/* Accounts: the third row lacks its currency. */
static void
test_account_row (void)
{
  static const char text[] =
    "{\"accounts\":[{\"accountUid\":\"1\",\"currency\":\"GBP\"},{\"accountUid\":\"2\","
    "\"currency\":\"ZZZ\"},{\"accountUid\":\"3\"}]}";
  g_autoptr(KobanProfile) profile = load_profile ("starling");
  g_autoptr(KobanJson) json = koban_json_parse (text, strlen (text), NULL);
  g_autoptr(GError) error = NULL;

  g_assert_null (koban_map_accounts (rule_of (profile, KOBAN_GIVES_ACCOUNTS), koban_json_root (json),
                                     &(KobanMapContext){ .fallback_name = "N" }, &error));
  g_assert_cmpstr (error->message, ==, "accounts: row 3: /currency is missing");
}

static char *
identity_of (const char *rules, const char *provider, const char *text)
{
  g_autoptr(KobanProfile) profile = load_profile (rules);
  g_autoptr(KobanJson) json = koban_json_parse (text, strlen (text), NULL);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) accounts =
    koban_map_accounts (rule_of (profile, KOBAN_GIVES_ACCOUNTS), koban_json_root (json),
                        &(KobanMapContext){ .provider = provider, .fallback_name = "N" }, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (accounts->len, ==, 1);
  return g_strdup (((KobanAccount *) accounts->pdata[0])->identity);
}

/* Two banks number alike what is not the same account; an IBAN is the same wherever it is seen. */
static void
test_identity_of_provider (void)
{
  static const struct
  {
    const char *rules, *answer;
    gboolean shared;
  } rows[] = {
    { "up", "{\"data\":[{\"id\":\"7\",\"attributes\":{\"balance\":{\"currencyCode\":\"AUD\"}}}]}", FALSE },
    { "monobank",
      "{\"accounts\":[{\"id\":\"7\",\"currencyCode\":980,\"iban\":\"UA733220010000026201234567890\"}]}",
      TRUE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *here = identity_of (rows[i].rules, "one", rows[i].answer);
      g_autofree char *again = identity_of (rows[i].rules, "one", rows[i].answer);
      g_autofree char *elsewhere = identity_of (rows[i].rules, "other", rows[i].answer);
      g_assert_cmpstr (here, ==, again);
      g_assert_cmpint (g_str_equal (here, elsewhere), ==, rows[i].shared);
    }
}

/* The vendor's published examples, read where they are. */
static KobanJson *
read_example (const char *name)
{
  const char *specs = g_getenv ("KOBAN_SPECS");
  g_autofree char *beside = g_build_filename (g_getenv ("KOBAN_SOURCE_ROOT"), "..", "shared", "specs", NULL);
  g_autofree char *path =
    g_build_filename (specs != NULL ? specs : beside, "starling", "fixtures", name, NULL);
  g_autofree char *text = NULL;
  g_autoptr(GError) error = NULL;
  gsize length;

  if (!g_file_get_contents (path, &text, &length, NULL))
    {
      g_test_skip ("the vendor's published examples are not on this machine (KOBAN_SPECS)");
      return NULL;
    }
  KobanJson *json = koban_json_parse (text, length, &error);
  g_assert_no_error (error);
  return json;
}

static void
test_published_feed (void)
{
  static const gint64 minor[] = { -2375, -1000, -390, -899, -206 };
  static const KobanTransactionType types[] = { KOBAN_TRANSACTION_CARD, KOBAN_TRANSACTION_OWN,
                                                KOBAN_TRANSACTION_CARD, KOBAN_TRANSACTION_TRANSFER,
                                                KOBAN_TRANSACTION_CARD };
  g_autoptr(KobanProfile) profile = load_profile ("starling");
  g_autoptr(KobanJson) json = read_example ("v2-get-feed-items.json");
  if (json == NULL)
    return;
  static const char *const variables[] = { "category", "cc2d03f9-9438-4c7b-a426-ba3199740d73", NULL };
  const KobanAccount fields = {
    .identity = "x", .remote_id = "a", .name = "A", .currency = KOBAN_CURRENCY ("GBP"), .variables = variables
  };
  g_autoptr(KobanAccount) account = koban_account_new (&fields);
  g_autoptr(GError) error = NULL;
  g_autoptr(GPtrArray) lines =
    koban_map_transactions (rule_of (profile, KOBAN_GIVES_TRANSACTIONS), koban_json_root (json),
                            &(KobanMapContext){ .account = account }, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (lines->len, ==, G_N_ELEMENTS (minor));
  for (guint i = 0; i < lines->len; i++)
    {
      KobanTransaction *line = lines->pdata[i];
      g_assert_cmpint (line->amount.minor, ==, minor[i]);
      g_assert_cmpint (line->type, ==, types[i]);
    }
  KobanTransaction *pending = lines->pdata[0], *bus = lines->pdata[2];
  g_assert_cmpint (pending->state, ==, KOBAN_TRANSACTION_PENDING);
  g_assert_cmpstr (pending->payee, ==, "Virgin Trains");
  g_assert_cmpint (bus->state, ==, KOBAN_TRANSACTION_BOOKED);
  g_assert_cmpint (bus->date, ==, koban_date_from_civil (2019, 10, 25));
}

static void
test_published_rest (void)
{
  g_autoptr(KobanProfile) profile = load_profile ("starling");
  g_autoptr(KobanJson) accounts_json = read_example ("v2-get-accounts.json");
  g_autoptr(KobanJson) identity_json = read_example ("v2-get-account-identifiers.json");
  g_autoptr(KobanJson) mandates_json = read_example ("v2-get-mandates.json");
  g_autoptr(KobanJson) balance_json = read_example ("v2-get-account-balance.json");
  g_autoptr(GError) error = NULL;
  KobanSnapshot balance = { 0 };
  if (accounts_json == NULL)
    return;

  g_autoptr(GPtrArray) accounts =
    koban_map_accounts (rule_of (profile, KOBAN_GIVES_ACCOUNTS), koban_json_root (accounts_json),
                        &(KobanMapContext){ .fallback_name = "Starling Bank" }, &error);
  g_assert_no_error (error);
  g_autoptr(KobanAccount) account =
    koban_map_identity (rule_of (profile, KOBAN_GIVES_IDENTITY), koban_json_root (identity_json),
                        &(KobanMapContext){ .account = accounts->pdata[0] }, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (account->identity, ==, "iban:GB63SRLG60837101234567:GBP");
  g_assert_cmpstr (account->name, ==, "Starling Bank");
  g_assert_cmpstr (koban_account_get_variable (account, "category"), ==,
                   "cc2d03f9-9438-4c7b-a426-ba3199740d73");

  g_autoptr(GPtrArray) links =
    koban_map_links (rule_of (profile, KOBAN_GIVES_LINKS), koban_json_root (mandates_json),
                     &(KobanMapContext){ .account = account }, KOBAN_REVOCATION_API, &error);
  g_assert_no_error (error);
  KobanLink *link = links->pdata[0];
  g_assert_cmpstr (link->name, ==, "ANTIQUARIES");
  g_assert_cmpstr (link->reference, ==, "Volcano Insurance");
  g_assert_cmpint (link->status, ==, KOBAN_LINK_ACTIVE);
  g_assert_cmpint (link->created_us, >, 0);

  g_assert_true (koban_map_balance (rule_of (profile, KOBAN_GIVES_BALANCE), koban_json_root (balance_json),
                                    &(KobanMapContext){ .account = account }, &balance, &error));
  g_assert_no_error (error);
  g_assert_cmpint (balance.booked.minor, ==, 1111);
  g_assert_cmpint (balance.available.minor, ==, 2222);
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
  ADD_ROWS ("/mapping/amount/", amounts, test_amount);
  ADD_ROWS ("/mapping/drift/", drifts, test_drift);
  ADD_ROWS ("/mapping/date/", dates, test_date);
  g_test_add_func ("/mapping/date-missing", test_date_missing);
  g_test_add_func ("/mapping/twins", test_twins);
  g_test_add_func ("/mapping/account-row", test_account_row);
  g_test_add_func ("/mapping/identity-of-provider", test_identity_of_provider);
  g_test_add_func ("/mapping/published/feed", test_published_feed);
  g_test_add_func ("/mapping/published/rest", test_published_rest);
  return g_test_run ();
}
