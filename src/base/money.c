/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Exact money. Digits are read one by one into a 64-bit whole number; nothing is rounded, guessed
 * or carried through a floating-point number, and whatever does not fit is refused.
 */
#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include <koban/error.h>
#include <koban/money.h>
#include <koban/text.h>

typedef struct
{
  char code[4];
  guint16 number;
  guint8 exponent;
} CurrencyRow;

/* ISO 4217 list one, by code. Codes without minor units (funds, metals) are left out: no account is kept in
 * them. ZWL, SLL, HRK, BGN, ANG and CUC stay because old statements speak of them. */
static const CurrencyRow currencies[] = {
  { "AED", 784, 2 }, { "AFN", 971, 2 }, { "ALL", 8, 2 },   { "AMD", 51, 2 },  { "ANG", 532, 2 },
  { "AOA", 973, 2 }, { "ARS", 32, 2 },  { "AUD", 36, 2 },  { "AWG", 533, 2 }, { "AZN", 944, 2 },
  { "BAM", 977, 2 }, { "BBD", 52, 2 },  { "BDT", 50, 2 },  { "BGN", 975, 2 }, { "BHD", 48, 3 },
  { "BIF", 108, 0 }, { "BMD", 60, 2 },  { "BND", 96, 2 },  { "BOB", 68, 2 },  { "BOV", 984, 2 },
  { "BRL", 986, 2 }, { "BSD", 44, 2 },  { "BTN", 64, 2 },  { "BWP", 72, 2 },  { "BYN", 933, 2 },
  { "BZD", 84, 2 },  { "CAD", 124, 2 }, { "CDF", 976, 2 }, { "CHE", 947, 2 }, { "CHF", 756, 2 },
  { "CHW", 948, 2 }, { "CLF", 990, 4 }, { "CLP", 152, 0 }, { "CNY", 156, 2 }, { "COP", 170, 2 },
  { "COU", 970, 2 }, { "CRC", 188, 2 }, { "CUC", 931, 2 }, { "CUP", 192, 2 }, { "CVE", 132, 2 },
  { "CZK", 203, 2 }, { "DJF", 262, 0 }, { "DKK", 208, 2 }, { "DOP", 214, 2 }, { "DZD", 12, 2 },
  { "EGP", 818, 2 }, { "ERN", 232, 2 }, { "ETB", 230, 2 }, { "EUR", 978, 2 }, { "FJD", 242, 2 },
  { "FKP", 238, 2 }, { "GBP", 826, 2 }, { "GEL", 981, 2 }, { "GHS", 936, 2 }, { "GIP", 292, 2 },
  { "GMD", 270, 2 }, { "GNF", 324, 0 }, { "GTQ", 320, 2 }, { "GYD", 328, 2 }, { "HKD", 344, 2 },
  { "HNL", 340, 2 }, { "HRK", 191, 2 }, { "HTG", 332, 2 }, { "HUF", 348, 2 }, { "IDR", 360, 2 },
  { "ILS", 376, 2 }, { "INR", 356, 2 }, { "IQD", 368, 3 }, { "IRR", 364, 2 }, { "ISK", 352, 0 },
  { "JMD", 388, 2 }, { "JOD", 400, 3 }, { "JPY", 392, 0 }, { "KES", 404, 2 }, { "KGS", 417, 2 },
  { "KHR", 116, 2 }, { "KMF", 174, 0 }, { "KPW", 408, 2 }, { "KRW", 410, 0 }, { "KWD", 414, 3 },
  { "KYD", 136, 2 }, { "KZT", 398, 2 }, { "LAK", 418, 2 }, { "LBP", 422, 2 }, { "LKR", 144, 2 },
  { "LRD", 430, 2 }, { "LSL", 426, 2 }, { "LYD", 434, 3 }, { "MAD", 504, 2 }, { "MDL", 498, 2 },
  { "MGA", 969, 2 }, { "MKD", 807, 2 }, { "MMK", 104, 2 }, { "MNT", 496, 2 }, { "MOP", 446, 2 },
  { "MRU", 929, 2 }, { "MUR", 480, 2 }, { "MVR", 462, 2 }, { "MWK", 454, 2 }, { "MXN", 484, 2 },
  { "MXV", 979, 2 }, { "MYR", 458, 2 }, { "MZN", 943, 2 }, { "NAD", 516, 2 }, { "NGN", 566, 2 },
  { "NIO", 558, 2 }, { "NOK", 578, 2 }, { "NPR", 524, 2 }, { "NZD", 554, 2 }, { "OMR", 512, 3 },
  { "PAB", 590, 2 }, { "PEN", 604, 2 }, { "PGK", 598, 2 }, { "PHP", 608, 2 }, { "PKR", 586, 2 },
  { "PLN", 985, 2 }, { "PYG", 600, 0 }, { "QAR", 634, 2 }, { "RON", 946, 2 }, { "RSD", 941, 2 },
  { "RUB", 643, 2 }, { "RWF", 646, 0 }, { "SAR", 682, 2 }, { "SBD", 90, 2 },  { "SCR", 690, 2 },
  { "SDG", 938, 2 }, { "SEK", 752, 2 }, { "SGD", 702, 2 }, { "SHP", 654, 2 }, { "SLE", 925, 2 },
  { "SLL", 694, 2 }, { "SOS", 706, 2 }, { "SRD", 968, 2 }, { "SSP", 728, 2 }, { "STN", 930, 2 },
  { "SVC", 222, 2 }, { "SYP", 760, 2 }, { "SZL", 748, 2 }, { "THB", 764, 2 }, { "TJS", 972, 2 },
  { "TMT", 934, 2 }, { "TND", 788, 3 }, { "TOP", 776, 2 }, { "TRY", 949, 2 }, { "TTD", 780, 2 },
  { "TWD", 901, 2 }, { "TZS", 834, 2 }, { "UAH", 980, 2 }, { "UGX", 800, 0 }, { "USD", 840, 2 },
  { "USN", 997, 2 }, { "UYI", 940, 0 }, { "UYU", 858, 2 }, { "UYW", 927, 4 }, { "UZS", 860, 2 },
  { "VED", 926, 2 }, { "VES", 928, 2 }, { "VND", 704, 0 }, { "VUV", 548, 0 }, { "WST", 882, 2 },
  { "XAF", 950, 0 }, { "XCD", 951, 2 }, { "XCG", 532, 2 }, { "XOF", 952, 0 }, { "XPF", 953, 0 },
  { "YER", 886, 2 }, { "ZAR", 710, 2 }, { "ZMW", 967, 2 }, { "ZWG", 924, 2 }, { "ZWL", 932, 2 },
};

/* How a person writes a currency where one sign means one currency; all others stand by their code. */
static const struct
{
  char code[4];
  const char *symbol;
} symbols[] = {
  { "EUR", "€" },  { "GBP", "£" },   { "JPY", "¥" },   { "USD", "$" },   { "AUD", "A$" },
  { "BRL", "R$" }, { "CAD", "CA$" }, { "CNY", "CN¥" }, { "HKD", "HK$" }, { "ILS", "₪" },
  { "INR", "₹" },  { "KRW", "₩" },   { "MXN", "MX$" }, { "NGN", "₦" },   { "NZD", "NZ$" },
  { "PHP", "₱" },  { "SGD", "S$" },  { "TWD", "NT$" }, { "UAH", "₴" },   { "VND", "₫" },
};

static const CurrencyRow *
row_by_code (const char *code)
{
  for (gsize i = 0; i < G_N_ELEMENTS (currencies); i++)
    if (currencies[i].code[0] == g_ascii_toupper (code[0]) &&
        g_ascii_strcasecmp (currencies[i].code, code) == 0)
      return &currencies[i];
  return NULL;
}

/* One to three digits: a JSON number has lost its leading zeros. XCG took over the number of ANG, which no
 * longer exists: the last row wins. */
static const CurrencyRow *
row_by_number (const char *digits)
{
  const CurrencyRow *found = NULL;
  gsize length = strlen (digits);
  guint64 number;

  if (length == 0 || length > 3 || !g_ascii_string_to_unsigned (digits, 10, 1, 999, &number, NULL))
    return NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (currencies); i++)
    if (currencies[i].number == number)
      found = &currencies[i];
  return found;
}

gboolean
koban_currency_parse (const char *code, KobanCurrency *currency, GError **error)
{
  const CurrencyRow *row;

  g_return_val_if_fail (code != NULL && currency != NULL, FALSE);

  row = g_ascii_isdigit (code[0]) ? row_by_number (code) : row_by_code (code);
  if (row == NULL)
    {
      g_autofree char *shown = koban_text_clean (code, 16);

      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is not an ISO 4217 currency"), shown);
      return FALSE;
    }
  memcpy (currency->code, row->code, sizeof currency->code);
  return TRUE;
}

guint
koban_currency_get_exponent (KobanCurrency currency)
{
  const CurrencyRow *row = row_by_code (currency.code);

  return row != NULL ? row->exponent : 2;
}

gboolean
koban_currency_equal (KobanCurrency a, KobanCurrency b)
{
  return strcmp (a.code, b.code) == 0;
}

/* A number cut into its parts. The value is (-1 if @negative) × 0.(@whole)(@fraction digits) shifted by
 * @power. */
typedef struct
{
  gboolean negative;
  const char *whole;
  gsize n_whole;
  const char *fraction;
  gsize n_fraction;
  gint64 power;
} Decimal;

static gsize
take_digits (const char **at, const char *end)
{
  const char *start = *at;

  while (*at < end && g_ascii_isdigit (**at))
    (*at)++;
  return (gsize) (*at - start);
}

static gboolean
take_sign (const char **at, const char *end)
{
  gboolean negative = *at < end && **at == '-';

  if (*at < end && (**at == '-' || **at == '+'))
    (*at)++;
  return negative;
}

/* An exponent beyond any amount is kept only as "huge": it matters for zeros alone. */
static gboolean
take_power (const char **at, const char *end, gint64 *power)
{
  gboolean negative = take_sign (at, end);
  const char *digits = *at;

  if (take_digits (at, end) == 0)
    return FALSE;
  for (*power = 0; digits < *at; digits++)
    *power = MIN (*power * 10 + (*digits - '0'), G_MAXINT32);
  if (negative)
    *power = -*power;
  return TRUE;
}

static gboolean
decimal_parse (const char *text, const char *end, Decimal *decimal)
{
  const char *at = text;

  *decimal = (Decimal){ .negative = take_sign (&at, end) };
  decimal->whole = at;
  decimal->n_whole = take_digits (&at, end);
  if (decimal->n_whole == 0)
    return FALSE;

  if (at < end && *at == '.')
    {
      decimal->fraction = ++at;
      decimal->n_fraction = take_digits (&at, end);
      if (decimal->n_fraction == 0)
        return FALSE;
    }
  if (at < end && (*at == 'e' || *at == 'E'))
    {
      at++;
      if (!take_power (&at, end, &decimal->power))
        return FALSE;
    }
  return at == end;
}

/* Counts downwards, so that the smallest number fits too. */
static gboolean
append_digit (gint64 *value, int digit)
{
  return !__builtin_mul_overflow (*value, 10, value) && !__builtin_sub_overflow (*value, digit, value);
}

typedef enum
{
  SCALE_OK,
  SCALE_TOO_LARGE,
  SCALE_TOO_FINE,
} Scale;

/* Each digit stands for 10^power minor units: below 10^0 it must be a zero. */
static Scale
decimal_scale (const Decimal *decimal, guint exponent, gint64 *minor)
{
  gsize n_digits = decimal->n_whole + decimal->n_fraction;
  gint64 power = (gint64) decimal->n_whole + decimal->power + (gint64) exponent;
  gint64 value = 0;

  for (gsize i = 0; i < n_digits; i++)
    {
      char c = i < decimal->n_whole ? decimal->whole[i] : decimal->fraction[i - decimal->n_whole];

      power--;
      if (power < 0 && c != '0')
        return SCALE_TOO_FINE;
      if (power >= 0 && !append_digit (&value, c - '0'))
        return SCALE_TOO_LARGE;
    }
  for (; power > 0 && value != 0; power--)
    if (!append_digit (&value, 0))
      return SCALE_TOO_LARGE;

  if (!decimal->negative && __builtin_sub_overflow (0, value, &value))
    return SCALE_TOO_LARGE;
  *minor = value;
  return SCALE_OK;
}

static gboolean
set_scale_error (GError **error, Scale scale, const char *text, KobanCurrency currency)
{
  g_autofree char *shown = koban_text_clean (text, 40);

  if (scale == SCALE_TOO_FINE)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” has more digits than %s has"), shown,
                 currency.code);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is more %s than any account can hold"),
                 shown, currency.code);
  return FALSE;
}

static gboolean
money_from_text (const char *text,
                 gssize length,
                 gboolean in_minor,
                 KobanCurrency currency,
                 KobanMoney *money,
                 GError **error)
{
  g_autofree char *copy = length < 0 ? g_strdup (text) : g_strndup (text, (gsize) length);
  gsize n_bytes = length < 0 ? strlen (copy) : (gsize) length;
  gint64 minor = 0;
  Decimal decimal;
  Scale scale;

  if (!decimal_parse (copy, copy + n_bytes, &decimal) ||
      (in_minor && decimal.whole + decimal.n_whole != copy + n_bytes))
    {
      g_autofree char *shown = koban_text_clean (copy, 40);

      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is not an amount of money"), shown);
      return FALSE;
    }

  scale = decimal_scale (&decimal, in_minor ? 0 : koban_currency_get_exponent (currency), &minor);
  if (scale != SCALE_OK)
    return set_scale_error (error, scale, copy, currency);

  *money = (KobanMoney){ minor, currency };
  return TRUE;
}

gboolean
koban_money_parse (const char *decimal,
                   gssize length,
                   KobanCurrency currency,
                   KobanMoney *money,
                   GError **error)
{
  g_return_val_if_fail (decimal != NULL && money != NULL, FALSE);

  return money_from_text (decimal, length, FALSE, currency, money, error);
}

gboolean
koban_money_parse_minor (const char *digits,
                         gssize length,
                         KobanCurrency currency,
                         KobanMoney *money,
                         GError **error)
{
  g_return_val_if_fail (digits != NULL && money != NULL, FALSE);

  return money_from_text (digits, length, TRUE, currency, money, error);
}

static guint64
magnitude (gint64 minor)
{
  return minor < 0 ? -(guint64) minor : (guint64) minor;
}

/* The digits without sign, with @separator (or none: "") between thousands. */
static char *
digits_of (KobanMoney money, const char *separator)
{
  guint exponent = koban_currency_get_exponent (money.currency);
  g_autofree char *digits =
    g_strdup_printf ("%0*" G_GUINT64_FORMAT, (int) exponent + 1, magnitude (money.minor));
  gsize n_whole = strlen (digits) - exponent;
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < n_whole; i++)
    {
      if (i > 0 && (n_whole - i) % 3 == 0)
        g_string_append (text, separator);
      g_string_append_c (text, digits[i]);
    }
  if (exponent > 0)
    g_string_append_printf (text, ".%s", digits + n_whole);
  return g_string_free (text, FALSE);
}

char *
koban_money_to_decimal (KobanMoney money)
{
  g_autofree char *digits = digits_of (money, "");

  return g_strconcat (money.minor < 0 ? "-" : "", digits, NULL);
}

static const char *
symbol_of (KobanCurrency currency)
{
  for (gsize i = 0; i < G_N_ELEMENTS (symbols); i++)
    if (strcmp (symbols[i].code, currency.code) == 0)
      return symbols[i].symbol;
  return NULL;
}

char *
koban_money_format (KobanMoney money)
{
  g_autofree char *digits = digits_of (money, ",");
  const char *symbol = symbol_of (money.currency);
  const char *sign = money.minor < 0 ? "-" : "";

  if (symbol != NULL)
    return g_strconcat (sign, symbol, digits, NULL);
  return g_strconcat (sign, money.currency.code, " ", digits, NULL);
}

gboolean
koban_money_equal (KobanMoney a, KobanMoney b)
{
  return a.minor == b.minor && koban_currency_equal (a.currency, b.currency);
}

gboolean
koban_money_add (KobanMoney a, KobanMoney b, KobanMoney *sum)
{
  gint64 minor;

  if (!koban_currency_equal (a.currency, b.currency) || __builtin_add_overflow (a.minor, b.minor, &minor))
    return FALSE;
  *sum = (KobanMoney){ minor, a.currency };
  return TRUE;
}
