/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Money is exact or refused.
 */
#include "config.h"

#include <koban/error.h>
#include <koban/money.h>

static const struct
{
  const char *text;
  const char *currency;
  gboolean good;
  gint64 minor;
  const char *decimal;
} decimals[] = {
  { "1234.56", "GBP", TRUE, 123456, "1234.56" },
  { "-1234.56", "GBP", TRUE, -123456, "-1234.56" },
  { "+5", "GBP", TRUE, 500, "5.00" },
  { "0.1", "EUR", TRUE, 10, "0.10" },
  { "-0.05", "EUR", TRUE, -5, "-0.05" },
  { "-0", "EUR", TRUE, 0, "0.00" },
  { "1e2", "GBP", TRUE, 10000, "100.00" },
  { "1.5E+3", "GBP", TRUE, 150000, "1500.00" },
  { "12345e-2", "GBP", TRUE, 12345, "123.45" },
  { "12345e-3", "GBP", FALSE },
  { "1.230", "GBP", TRUE, 123, "1.23" },
  { "1.234", "GBP", FALSE },
  { "1.234", "KWD", TRUE, 1234, "1.234" },
  { "300000", "JPY", TRUE, 300000, "300000" },
  { "300000.00", "JPY", TRUE, 300000, "300000" },
  { "0.5", "JPY", FALSE },
  { "92233720368547758.07", "GBP", TRUE, G_MAXINT64, "92233720368547758.07" },
  { "-92233720368547758.08", "GBP", TRUE, G_MININT64, "-92233720368547758.08" },
  { "92233720368547758.08", "GBP", FALSE },
  { "-92233720368547758.09", "GBP", FALSE },
  { "1e400", "GBP", FALSE },
  { "0e999999999999999999999", "GBP", TRUE, 0, "0.00" },
  { "1e-400", "GBP", FALSE },
  { "12345678901234567890", "JPY", FALSE },
  { "1,234.56", "GBP", FALSE },
  { "", "GBP", FALSE },
  { "-", "GBP", FALSE },
  { ".5", "GBP", FALSE },
  { "5.", "GBP", FALSE },
  { "1e", "GBP", FALSE },
  { "1 ", "GBP", FALSE },
  { "0x10", "GBP", FALSE },
  { "NaN", "GBP", FALSE },
  { "１", "GBP", FALSE },
};

static void
test_decimals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (decimals); i++)
    {
      g_autoptr(GError) error = NULL;
      KobanMoney money = KOBAN_MONEY (42, "XXX");
      KobanCurrency currency;
      gboolean ok;

      g_test_message ("%s %s", decimals[i].text, decimals[i].currency);
      g_assert_true (koban_currency_parse (decimals[i].currency, &currency, NULL));
      ok = koban_money_parse (decimals[i].text, -1, currency, &money, &error);
      g_assert_cmpint (ok, ==, decimals[i].good);
      if (ok)
        {
          g_autofree char *back = koban_money_to_decimal (money);

          g_assert_cmpint (money.minor, ==, decimals[i].minor);
          g_assert_cmpstr (back, ==, decimals[i].decimal);
        }
      else
        {
          g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
          g_assert_cmpint (money.minor, ==, 42);
        }
    }
}

static void
test_minor (void)
{
  KobanMoney money;

  g_assert_true (koban_money_parse_minor ("-2375", -1, KOBAN_CURRENCY ("GBP"), &money, NULL));
  g_assert_cmpint (money.minor, ==, -2375);
  g_assert_true (koban_money_parse_minor ("12,", 2, KOBAN_CURRENCY ("KWD"), &money, NULL));
  g_assert_cmpint (money.minor, ==, 12);
  g_assert_false (koban_money_parse_minor ("23.0", -1, KOBAN_CURRENCY ("GBP"), &money, NULL));
  g_assert_false (koban_money_parse_minor ("1e2", -1, KOBAN_CURRENCY ("GBP"), &money, NULL));
}

static void
test_format (void)
{
  static const struct
  {
    KobanMoney money;
    const char *shown;
  } rows[] = {
    { { 300000, { "JPY" } }, "¥300,000" },
    { { -123456, { "GBP" } }, "-£1,234.56" },
    { { 1200, { "CHF" } }, "CHF 12.00" },
    { { -1, { "USD" } }, "-$0.01" },
    { { 0, { "EUR" } }, "€0.00" },
    { { 1234567, { "KWD" } }, "KWD 1,234.567" },
    { { 99999, { "EUR" } }, "€999.99" },
    { { 100000, { "EUR" } }, "€1,000.00" },
    { { G_MININT64, { "JPY" } }, "-¥9,223,372,036,854,775,808" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *shown = koban_money_format (rows[i].money);

      g_assert_cmpstr (shown, ==, rows[i].shown);
    }
}

static void
test_currencies (void)
{
  KobanCurrency currency;

  g_assert_true (koban_currency_parse ("gbp", &currency, NULL));
  g_assert_cmpstr (currency.code, ==, "GBP");
  g_assert_true (koban_currency_parse ("392", &currency, NULL));
  g_assert_cmpstr (currency.code, ==, "JPY");
  g_assert_true (koban_currency_parse ("036", &currency, NULL));
  g_assert_cmpstr (currency.code, ==, "AUD");
  g_assert_false (koban_currency_parse ("", &currency, NULL));
  g_assert_false (koban_currency_parse ("GB", &currency, NULL));
  g_assert_false (koban_currency_parse ("https://x.example/points", &currency, NULL));
}

static void
test_add (void)
{
  KobanMoney sum = KOBAN_MONEY (7, "GBP");

  g_assert_false (koban_money_add (KOBAN_MONEY (G_MAXINT64, "GBP"), KOBAN_MONEY (1, "GBP"), &sum));
  g_assert_false (koban_money_add (KOBAN_MONEY (1, "GBP"), KOBAN_MONEY (1, "EUR"), &sum));
  g_assert_cmpint (sum.minor, ==, 7);
  g_assert_true (koban_money_add (KOBAN_MONEY (1, "GBP"), KOBAN_MONEY (-3, "GBP"), &sum));
  g_assert_true (koban_money_equal (sum, KOBAN_MONEY (-2, "GBP")));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/money/decimals", test_decimals);
  g_test_add_func ("/money/minor", test_minor);
  g_test_add_func ("/money/format", test_format);
  g_test_add_func ("/money/currencies", test_currencies);
  g_test_add_func ("/money/add", test_add);
  return g_test_run ();
}
