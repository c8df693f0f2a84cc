/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exact money: a whole number of minor units and an ISO 4217 currency. Nothing here rounds and
 * nothing is a floating-point number: what does not fit the currency's digits is refused.
 * Exponents: ISO 4217 list one (JPY 0, KWD 3, else mostly 2).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char code[4]; /* "JPY"; "" is no currency */
} KobanCurrency;

/* Signed: money out of an account is negative. A value; pass and return it by value. */
typedef struct
{
  gint64        minor;
  KobanCurrency currency;
} KobanMoney;

/* Alphabetic ("JPY") or numeric ("392") ISO 4217 code, any case. Fails with KOBAN_ERROR_INVALID. */
gboolean koban_currency_parse (const char    *code,
                               KobanCurrency *currency,
                               GError       **error) G_GNUC_WARN_UNUSED_RESULT;
guint    koban_currency_get_exponent (KobanCurrency currency);
gboolean koban_currency_equal (KobanCurrency a, KobanCurrency b);
/* For literals in code and tests: KOBAN_CURRENCY ("GBP"). No check. */
#define KOBAN_CURRENCY(literal) ((KobanCurrency) { literal })

#define KOBAN_MONEY(amount, literal) ((KobanMoney) { (amount), KOBAN_CURRENCY (literal) })

/* "-1234.56", as JSON numbers and SimpleFIN write it: ASCII, '.', optional sign and exponent part.
 * More digits than the currency has are an error unless they are zeros; so is overflow.
 * @length may be -1. */
gboolean koban_money_parse (const char   *decimal,
                            gssize        length,
                            KobanCurrency currency,
                            KobanMoney   *money,
                            GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whole minor units as text ("-2375"); no '.', no exponent. */
gboolean koban_money_parse_minor (const char   *digits,
                                  gssize        length,
                                  KobanCurrency currency,
                                  KobanMoney   *money,
                                  GError      **error) G_GNUC_WARN_UNUSED_RESULT;

/* "-1234.56", "300000", "1.250": exactly the currency's digits. (transfer full) */
char    *koban_money_to_decimal (KobanMoney money);
/* For a person: "¥300,000", "-£1,234.56", "CHF 12.00". (transfer full) */
char    *koban_money_format (KobanMoney money);

gboolean koban_money_equal (KobanMoney a, KobanMoney b);
/* FALSE on overflow or when the currencies differ; @sum is then untouched. */
gboolean koban_money_add (KobanMoney a, KobanMoney b, KobanMoney *sum) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
