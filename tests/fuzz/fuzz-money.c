/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes, "CURRENCY AMOUNT", as money, as a day and as a time: refused with a sentence, or a value that is
 * the same when it is written and read again.
 */
#include "config.h"

#include "fuzz.h"

#include <string.h>

#include <koban/date.h>
#include <koban/money.h>

static void
check_same (KobanMoney money)
{
  g_autofree char *decimal = koban_money_to_decimal (money);
  g_autofree char *shown = koban_money_format (money);
  g_autofree char *minor = g_strdup_printf ("%" G_GINT64_FORMAT, money.minor);
  KobanMoney again;

  g_assert_true (koban_money_parse (decimal, -1, money.currency, &again, NULL));
  g_assert_true (koban_money_equal (money, again));
  g_assert_true (koban_money_parse_minor (minor, -1, money.currency, &again, NULL));
  g_assert_true (koban_money_equal (money, again));
  g_assert_true (g_utf8_validate (shown, -1, NULL));
}

static void
check_sum (KobanMoney a, KobanMoney b)
{
  KobanMoney sum, back;

  if (!koban_money_add (a, b, &sum))
    return;
  b.minor = -b.minor;
  g_assert_true (koban_money_add (sum, b, &back));
  g_assert_true (koban_money_equal (a, back));
}

static void
read_money (const char *text, gsize length, KobanCurrency currency)
{
  g_autoptr(GError) error = NULL, minor_error = NULL;
  KobanMoney decimal, minor;

  gboolean is_decimal = koban_money_parse (text, (gssize) length, currency, &decimal, &error);
  gboolean is_minor = koban_money_parse_minor (text, (gssize) length, currency, &minor, &minor_error);
  g_assert_true (is_decimal == (error == NULL));
  g_assert_true (is_minor == (minor_error == NULL));
  if (is_decimal)
    check_same (decimal);
  if (is_decimal && is_minor && minor.minor != G_MININT64)
    check_sum (decimal, minor);
}

static void
read_when (const char *text)
{
  KobanDate date, again;
  gint64 at_us;

  if (koban_date_parse (text, &date))
    {
      g_autofree char *formatted = koban_date_format (date);

      g_assert_cmpstr (formatted, ==, text);
      g_assert_true (koban_date_parse (formatted, &again) && again == date);
    }
  if (koban_time_parse (text, &at_us))
    {
      g_autofree char *formatted = koban_time_format (at_us);
      gint64 second_us;

      g_assert_true (koban_time_parse (formatted, &second_us));
      g_assert_cmpint (ABS (second_us - at_us), <, KOBAN_SECOND_US);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = fuzz_text (data, size);
  char *space = strchr (text, ' ');
  KobanCurrency currency = KOBAN_CURRENCY ("JPY");

  read_when (text);
  if (space == NULL)
    return 0;
  *space = '\0';
  if (!koban_currency_parse (text, &currency, NULL))
    return 0;
  read_money (space + 1, strlen (space + 1), currency);
  return 0;
}
