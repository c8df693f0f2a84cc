/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Values own what they show, names go both ways, and an alert grows without counting twice.
 */
#include "config.h"

#include <koban/alert.h>
#include <koban/error.h>
#include <koban/snapshot.h>

#include "model/delta.h"

static void
test_copies (void)
{
  char name[] = "Current", variable[] = "uid";
  const char *variables[] = { variable, "42", NULL };
  g_autoptr(KobanAccount) account =
    koban_account_new (&(KobanAccount){ .identity = "number:1:GBP", .name = name, .variables = variables });

  name[0] = variable[0] = 'X';
  g_assert_cmpstr (account->name, ==, "Current");
  g_assert_cmpstr (koban_account_get_variable (account, "uid"), ==, "42");
  g_assert_null (koban_account_get_variable (account, "42"));
}

static void
test_transactions (void)
{
  KobanTransaction fields = { .id = "t1", .text = "SHOP", .amount = KOBAN_MONEY (-5, "GBP") };
  g_autoptr(KobanTransaction) a = koban_transaction_new (&fields);
  g_autoptr(KobanTransaction) b = NULL;
  g_autoptr(KobanTransaction) c = NULL;

  fields.id = "t2";
  b = koban_transaction_new (&fields);
  fields.payee = "Shop Ltd";
  c = koban_transaction_new (&fields);
  g_assert_true (koban_transaction_equal (a, b));
  g_assert_false (koban_transaction_equal (b, c));
  g_assert_cmpstr (koban_transaction_get_name (b), ==, "SHOP");
  g_assert_cmpstr (koban_transaction_get_name (c), ==, "Shop Ltd");
}

static void
test_stronger (void)
{
  static const char *const narrow[] = { "read", NULL }, *const wide[] = { "read", "pay", NULL };
  static const struct
  {
    KobanLink before, now;
    gboolean stronger;
  } rows[] = {
    { { .has_limit = TRUE, .limit = { 100, { "GBP" } } },
      { .has_limit = TRUE, .limit = { 101, { "GBP" } } },
      TRUE },
    { { .has_limit = TRUE, .limit = { 100, { "GBP" } } },
      { .has_limit = TRUE, .limit = { 99, { "GBP" } } },
      FALSE },
    { { .has_limit = TRUE, .limit = { 100, { "GBP" } } }, { .has_limit = FALSE }, TRUE },
    { { .has_limit = FALSE }, { .has_limit = TRUE, .limit = { 100, { "GBP" } } }, FALSE },
    { { .scope = narrow }, { .scope = wide }, TRUE },
    { { .scope = wide }, { .scope = narrow }, FALSE },
    { { .expires_us = 1 }, { .expires_us = 2 }, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (koban_link_is_stronger (&rows[i].now, &rows[i].before), ==, rows[i].stronger);
}

static KobanAlert *
make_alert (const char *const *refs, gint64 total, gint64 count)
{
  GVariant *reason =
    koban_reason_new ("burst", "count", "x", count, "sum", "m", KOBAN_MONEY (total, "JPY"), NULL);

  return koban_alert_new (&(KobanAlert){ .incident = "k",
                                         .kind = KOBAN_ALERT_WITHDRAWAL,
                                         .severity = KOBAN_SEVERITY_WARNING,
                                         .opened_us = 10,
                                         .updated_us = 10 + count,
                                         .ref = refs[0],
                                         .refs = refs,
                                         .subject = "A\xff",
                                         .reasons = g_variant_new_array (NULL, &reason, 1),
                                         .has_total = TRUE,
                                         .total = KOBAN_MONEY (total, "JPY") });
}

static void
test_grow (void)
{
  static const char *const one[] = { "t1", NULL }, *const other[] = { "t2", NULL },
                           *const both[] = { "t1", "t2", NULL };
  g_autoptr(KobanAlert) a = make_alert (one, -100, 1);
  g_autoptr(KobanAlert) b = make_alert (other, -50, 2);
  g_autoptr(KobanAlert) all = make_alert (both, -150, 3);
  g_autoptr(KobanAlert) sum = koban_alert_grow (a, b);
  g_autoptr(KobanAlert) again = koban_alert_grow (sum, all);

  g_assert_cmpint (sum->total.minor, ==, -150);
  g_assert_cmpint (again->total.minor, ==, -150);
  g_assert_cmpstrv (again->refs, both);
  g_assert_cmpstr (again->ref, ==, "t1");
  g_assert_cmpint (again->opened_us, ==, 10);
  g_assert_cmpint (again->updated_us, ==, 13);
  g_assert_cmpuint (g_variant_n_children (again->reasons), ==, 1);
  g_assert_true (koban_alert_has_reason (again, "burst"));
  g_assert_false (koban_alert_has_reason (again, "new_link"));
}

static void
test_variant (void)
{
  static const char *const refs[] = { "t1", NULL };
  g_autoptr(KobanAlert) alert = make_alert (refs, -100, 1);
  g_autoptr(GVariant) row = g_variant_ref_sink (koban_alert_to_variant (alert));
  g_autoptr(KobanAlert) back = koban_alert_from_variant (row, NULL);
  g_autoptr(GVariant) again = g_variant_ref_sink (koban_alert_to_variant (back));
  g_autoptr(GVariant) empty = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autoptr(GError) error = NULL;

  g_assert_true (g_variant_equal (row, again));
  g_assert_cmpstr (back->subject, ==, "A\357\277\275");
  g_assert_null (koban_alert_from_variant (empty, &error));
  g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
}

static void
test_names (void)
{
  KobanLinkKind kind;
  KobanRevocation revocation;
  KobanAnswer answer;

  g_assert_cmpstr (koban_transaction_type_name (KOBAN_TRANSACTION_DIRECT_DEBIT), ==, "direct_debit");
  g_assert_true (koban_link_kind_parse ("card_on_file", &kind));
  g_assert_cmpint (kind, ==, KOBAN_LINK_CARD_ON_FILE);
  g_assert_true (koban_revocation_parse ("api+sca", &revocation));
  g_assert_cmpint (revocation, ==, KOBAN_REVOCATION_API_SCA);
  g_assert_false (koban_link_kind_parse ("", &kind));
  g_assert_false (koban_link_kind_parse (NULL, &kind));
  g_assert_null (koban_answer_name (KOBAN_ANSWER_NONE));
  g_assert_true (koban_answer_parse ("not-mine", &answer));
}

static void
test_owners (void)
{
  g_autoptr(KobanLink) link = koban_link_new (&(KobanLink){ .name = "ﾃﾞﾝｷ" });
  g_autoptr(GPtrArray) changes = koban_changes_new ();
  g_autoptr(GError) error = g_error_new_literal (KOBAN_ERROR, KOBAN_ERROR_OFFLINE, "no network");
  g_autoptr(KobanSnapshot) snapshot =
    koban_snapshot_new (&(KobanSnapshot){ .reach = KOBAN_REACH_FAILED, .error = error });
  char ref[] = "l1";

  koban_changes_add (changes, &(KobanChange){ .kind = KOBAN_CHANGE_ANSWER, .link = link, .ref = ref });
  ref[0] = 'x';
  g_assert_cmpstr (((KobanChange *) changes->pdata[0])->ref, ==, "l1");
  g_assert_true (snapshot->error != error);
  g_assert_true (koban_error_is (snapshot->error, KOBAN_ERROR_OFFLINE));
  g_assert_true (koban_error_is_transient (snapshot->error));
  g_assert_cmpstr (koban_error_code_name (KOBAN_ERROR_NEEDS_SIGN_IN), ==, "needs-sign-in");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/model/copies", test_copies);
  g_test_add_func ("/model/transactions", test_transactions);
  g_test_add_func ("/model/stronger", test_stronger);
  g_test_add_func ("/model/grow", test_grow);
  g_test_add_func ("/model/variant", test_variant);
  g_test_add_func ("/model/names", test_names);
  g_test_add_func ("/model/owners", test_owners);
  return g_test_run ();
}
