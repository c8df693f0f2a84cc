/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Each way in which a bank may write money, sign, state, day or list, as one row: a profile's listing, an
 * answer, and what is heard. The profile around it is the same for all, and no bank's.
 */
#include "config.h"

#include <string.h>

#include "bank/mapping.h"

#define NONE "\"paging\":{\"scheme\":\"none\"},"
#define PROFILE(listing)                                                                                     \
  "{\"format\":1,\"id\":\"x\",\"name\":\"X\",\"countries\":[],\"base_url\":\"https://x.example\","           \
  "\"hosts\":[\"x.example\"],\"power\":\"read\",\"cost\":\"\",\"notes\":\"\",\"signup\":[],\"needs\":[{"     \
  "\"name\":\"token\",\"label\":\"\",\"secret\":true,\"kind\":\"text\",\"example\":\"t\"}],\"auth\":{"       \
  "\"scheme\":\"bearer\",\"secret\":\"token\"},\"budget\":{\"per_day\":1,\"interval_s\":60},"                \
  "\"history_days\":1,\"requests\":[{\"path\":\"/a\",\"per\":\"connection\"," NONE "\"listings\":[{"         \
  "\"gives\":\"accounts\",\"rows\":\"\",\"hash\":[\"/id\"],\"variables\":{\"type\":\"/type\"},\"row\":{"     \
  "\"id\":\"/id\",\"currency\":\"/c\"}}]},{\"path\":\"/t\",\"per\":\"account\"," NONE "\"listings\":["       \
  "{\"gives\":\"transactions\"," listing "}]}],\"revocations\":[]}"
#define ROW(more) "\"row\":{\"amount\":\"/a\",\"date\":\"/d\",\"text\":\"/t\"" more "}"
#define IN_OUT ",\"direction\":{\"at\":\"/s\",\"values\":{\"C\":\"in\",\"D\":\"out\"}}"
#define BY_ACCOUNT                                                                                           \
  "\"sign\":\"account\",\"by_account\":{\"variable\":\"type\",\"values\":{\"credit\":\"inverted\"},"         \
  "\"else\":\"signed\"},"
#define LIST "\"rows\":\"\",\"unit\":\"decimal\","

static const struct
{
  const char *name, *listing, *answer;
  const char *heard; /* "-1250 2024-09-02 booked; …", or part of the reason why it is refused */
} rows[] = {
  { "minor", PROFILE ("\"rows\":\"\",\"unit\":\"minor\"," ROW ("")), "[{\"a\":-1250,\"d\":\"2024-09-02\"}]",
    "-1250 2024-09-02 booked; " },
  { "decimal-text", PROFILE (LIST ROW ("")), "[{\"a\":\"-12.5\",\"d\":\"2024-09-02\"}]",
    "-1250 2024-09-02 booked; " },
  { "number", PROFILE (LIST ROW ("")), "[{\"a\":-12.50,\"d\":\"2024-09-02\"}]", "-1250 2024-09-02 booked; " },
  { "number-too-fine", PROFILE (LIST ROW ("")), "[{\"a\":-12.505,\"d\":\"2024-09-02\"}]", "/a: " },
  { "inverted", PROFILE (LIST "\"sign\":\"inverted\"," ROW ("")), "[{\"a\":12.5,\"d\":\"2024-09-02\"}]",
    "-1250 2024-09-02 booked; " },
  { "direction", PROFILE (LIST "\"sign\":\"direction\"," ROW (IN_OUT)),
    "[{\"a\":1,\"s\":\"D\",\"d\":\"2024-09-02\"},{\"a\":2,\"s\":\"C\",\"d\":\"2024-09-02\"}]",
    "-100 2024-09-02 booked; 200 2024-09-02 booked; " },
  { "direction-and-sign", PROFILE (LIST "\"sign\":\"direction\"," ROW (IN_OUT)),
    "[{\"a\":-1,\"s\":\"D\",\"d\":\"2024-09-02\"}]", "expects a direction instead" },
  { "absolute", PROFILE (LIST "\"sign\":\"absolute\"," ROW (IN_OUT)),
    "[{\"a\":-1,\"s\":\"D\",\"d\":\"2024-09-02\"},{\"a\":-2,\"s\":\"C\",\"d\":\"2024-09-02\"}]",
    "-100 2024-09-02 booked; 200 2024-09-02 booked; " },
  { "by-account", PROFILE (LIST BY_ACCOUNT ROW ("")), "[{\"a\":5,\"d\":\"2024-09-02\"}]",
    "-500 2024-09-02 booked; " },
  { "text", PROFILE ("\"rows\":\"\",\"unit\":\"text\",\"sign\":\"plus\"," ROW ("")),
    "[{\"a\":\"1,234.50 EUR\",\"d\":\"2024-09-02\"},{\"a\":\"+ 7 EUR\",\"d\":\"2024-09-02\"}]",
    "-123450 2024-09-02 booked; 700 2024-09-02 booked; " },
  { "text-with-odd-comma", PROFILE ("\"rows\":\"\",\"unit\":\"text\"," ROW ("")),
    "[{\"a\":\"1,23 EUR\",\"d\":\"2024-09-02\"}]", "is no amount in EUR" },
  { "text-in-other-currency", PROFILE ("\"rows\":\"\",\"unit\":\"text\"," ROW ("")),
    "[{\"a\":\"1 JPY\",\"d\":\"2024-09-02\"}]", "is no amount in EUR" },
  { "text-others-skipped", PROFILE ("\"rows\":\"\",\"unit\":\"text\",\"skip_currencies\":true," ROW ("")),
    "[{\"a\":\"1 JPY\",\"d\":\"2024-09-02\"},{\"a\":\"1 EUR\",\"d\":\"2024-09-02\"}]",
    "100 2024-09-02 booked; " },
  { "text-marked-up", PROFILE ("\"rows\":\"\",\"unit\":\"text\",\"sign\":\"plus\",\"markup\":true," ROW ("")),
    "[{\"a\":\"<positive>+ 2 EUR</positive>\",\"d\":\"2024-09-02\"}]", "200 2024-09-02 booked; " },
  { "numeric-currency", PROFILE (LIST ROW (",\"currency\":\"/c\"")),
    "[{\"a\":1,\"c\":978,\"d\":\"2024-09-02\"}]", "100 2024-09-02 booked; " },
  { "numeric-currency-of-others", PROFILE (LIST ROW (",\"currency\":\"/c\"")),
    "[{\"a\":1,\"c\":980,\"d\":\"2024-09-02\"}]", "the account is in EUR" },
  { "pending-flag",
    PROFILE (LIST ROW (",\"state\":{\"at\":\"/p\",\"values\":{\"true\":\"pending\"},\"else\":\"booked\"}")),
    "[{\"a\":1,\"p\":true},{\"a\":1,\"p\":false,\"d\":\"2024-09-02\"}]",
    "100 - pending; 100 2024-09-02 booked; " },
  { "pending-status-unknown",
    PROFILE (LIST ROW (",\"state\":{\"at\":\"/p\",\"values\":{\"P\":\"pending\"},\"else\":\"booked\"}")),
    "[{\"a\":1,\"p\":\"NEW\",\"d\":\"2024-09-02\"}]", "100 2024-09-02 booked; " },
  { "pending-list", PROFILE (LIST ROW (",\"state\":{\"is\":\"pending\"}")), "[{\"a\":1}]",
    "100 - pending; " },
  { "pending-without-settle-date",
    PROFILE (
      LIST ROW (",\"state\":{\"at\":\"/settled\",\"values\":{},\"else\":\"booked\",\"absent\":\"pending\"}")),
    "[{\"a\":1,\"settled\":\"\",\"d\":\"2024-09-02\"},{\"a\":1,\"settled\":\"2024-09-03\",\"d\":\"2024-09-"
    "02\"}]",
    "100 2024-09-02 pending; 100 2024-09-02 booked; " },
  { "spaced-times", PROFILE (LIST "\"times\":\"spaced\"," ROW ("")),
    "[{\"a\":1,\"d\":\"2024-09-02 23:59:59.000000\"}]", "100 2024-09-02 booked; " },
  { "epoch", PROFILE (LIST "\"times\":\"epoch_s\"," ROW ("")), "[{\"a\":1,\"d\":1725235200}]",
    "100 2024-09-02 booked; " },
  { "nested", PROFILE ("\"rows\":\"/r/*/l\",\"unit\":\"decimal\"," ROW ("")),
    "{\"r\":[{\"l\":[{\"a\":1,\"d\":\"2024-09-02\"}]},{\"l\":[]},{\"l\":[{\"a\":2,\"d\":\"2024-09-02\"}]}]}",
    "100 2024-09-02 booked; 200 2024-09-02 booked; " },
  { "nested-none", PROFILE ("\"rows\":\"/r/*/l\",\"unit\":\"decimal\"," ROW ("")), "{\"r\":[]}", "" },
  { "nested-missing", PROFILE ("\"rows\":\"/r/*/l\",\"unit\":\"decimal\"," ROW ("")), "{\"q\":[]}",
    "is missing" },
  { "wrapped", PROFILE ("\"rows\":\"/R/*/*\",\"single\":true,\"unit\":\"decimal\"," ROW ("")),
    "{\"R\":[{\"Payment\":{\"a\":1,\"d\":\"2024-09-02\"}},{\"Card\":{\"a\":2,\"d\":\"2024-09-02\"}}]}",
    "100 2024-09-02 booked; 200 2024-09-02 booked; " },
  { "of-this-account", PROFILE (LIST "\"where\":{\"at\":\"/o\",\"is\":\"{account.id}\"}," ROW ("")),
    "[{\"a\":1,\"o\":\"other\"},{\"a\":2,\"o\":\"acc\",\"d\":\"2024-09-02\"}]", "200 2024-09-02 booked; " },
  { "of-another-account", PROFILE (LIST "\"repeats\":{\"id\":\"/o\"}," ROW ("")),
    "[{\"a\":1,\"o\":\"other\",\"d\":\"2024-09-02\"}]", "another account" },
  { "empty-alternative",
    PROFILE (LIST "\"row\":{\"amount\":[\"/x\",\"/a\"],\"date\":\"/d\",\"text\":\"/t\"}"),
    "[{\"x\":\"\",\"a\":1,\"d\":\"2024-09-02\"}]", "100 2024-09-02 booked; " },
};

static KobanAccount *
make_account (void)
{
  static const char *const variables[] = { "type", "credit", NULL };
  const KobanAccount fields = { .identity = "hash:1",
                                .remote_id = "acc",
                                .name = "A",
                                .currency = KOBAN_CURRENCY ("EUR"),
                                .variables = variables };
  return koban_account_new (&fields);
}

static char *
write_lines (GPtrArray *lines)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < lines->len; i++)
    {
      const KobanTransaction *line = lines->pdata[i];
      g_autofree char *date = line->date != KOBAN_NO_DATE ? koban_date_format (line->date) : g_strdup ("-");
      g_string_append_printf (out, "%" G_GINT64_FORMAT " %s %s; ", line->amount.minor, date,
                              koban_transaction_state_name (line->state));
    }
  return g_string_free (out, FALSE);
}

/* The same profile with the usual sign and times, where the row is of something else. */
static char *
complete (const char *profile)
{
  static const char *const usual[] = { "\"sign\":", "\"signed\",", "\"times\":", "\"rfc3339\"," };
  const char *listing =
    strstr (profile, "\"gives\":\"transactions\",") + strlen ("\"gives\":\"transactions\",");
  GString *whole = g_string_new_len (profile, listing - profile);

  for (gsize i = 0; i < G_N_ELEMENTS (usual); i += 2)
    if (strstr (listing, usual[i]) == NULL)
      g_string_append_printf (whole, "%s%s", usual[i], usual[i + 1]);
  g_string_append (whole, listing);
  return g_string_free (whole, FALSE);
}

static void
test_shape (gconstpointer data)
{
  const guint i = GPOINTER_TO_UINT (data);
  g_autoptr(GError) error = NULL;
  g_autofree char *text = complete (rows[i].listing);
  g_autoptr(KobanProfile) profile = koban_profile_load (text, strlen (text), "x", &error);
  g_assert_no_error (error);
  const KobanListingRule *rule = koban_request_find_listing (
    koban_profile_find_request (profile, KOBAN_GIVES_TRANSACTIONS), KOBAN_GIVES_TRANSACTIONS);
  g_autoptr(KobanJson) json = koban_json_parse (rows[i].answer, strlen (rows[i].answer), &error);
  g_assert_no_error (error);
  g_autoptr(KobanAccount) account = make_account ();
  g_autoptr(GPtrArray) lines =
    koban_map_transactions (rule, koban_json_root (json), &(KobanMapContext){ .account = account }, &error);

  if (lines == NULL)
    {
      g_assert_nonnull (strstr (error->message, rows[i].heard));
      return;
    }
  g_autofree char *heard = write_lines (lines);
  g_assert_cmpstr (heard, ==, rows[i].heard);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *path = g_strconcat ("/shapes/", rows[i].name, NULL);
      g_test_add_data_func (path, GUINT_TO_POINTER (i), test_shape);
    }
  return g_test_run ();
}
