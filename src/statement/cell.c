/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One cell of a file: the ways in which banks write text, days and money.
 */
#include "config.h"

#include "statement/cell.h"

#include <string.h>

/* --- text ------------------------------------------------------------------------------------- */

static char *
convert (const char *data, gsize length, const char *encoding)
{
  if (g_ascii_strcasecmp (encoding, "UTF-8") == 0)
    return g_utf8_validate (data, (gssize) length, NULL) ? g_strndup (data, length) : NULL;
  return g_convert (data, (gssize) length, "UTF-8", encoding, NULL, NULL, NULL);
}

static const struct
{
  const char *mark;
  gsize length;
  const char *encoding;
} marks[] = {
  { "\xef\xbb\xbf", 3, "UTF-8" },
  { "\xff\xfe", 2, "UTF-16LE" },
  { "\xfe\xff", 2, "UTF-16BE" },
};

/* A text ends at its first NUL for all who read it later, so one that holds a NUL is no text. */
static char *
whole (char *text, gsize at_least)
{
  if (text != NULL && g_utf8_validate (text, -1, NULL) && (at_least == 0 || *text != '\0'))
    return text;
  g_free (text);
  return NULL;
}

char *
koban_cell_decode (const char *data, gsize length, const char *const *encodings)
{
  for (gsize i = 0; i < G_N_ELEMENTS (marks); i++)
    if (length >= marks[i].length && memcmp (data, marks[i].mark, marks[i].length) == 0)
      return whole (convert (data + marks[i].length, length - marks[i].length, marks[i].encoding), 0);
  if (memchr (data, '\0', length) != NULL)
    return NULL;
  for (; *encodings != NULL; encodings++)
    {
      char *text = whole (convert (data, length, *encodings), length);

      if (text != NULL)
        return text;
    }
  return NULL;
}

char *
koban_cell_plain (const char *cell)
{
  g_autofree char *normal = g_utf8_normalize (cell, -1, G_NORMALIZE_NFKC);

  return g_strstrip (normal != NULL ? g_steal_pointer (&normal) : g_strdup (""));
}

gboolean
koban_cell_is_empty (const char *cell)
{
  g_autofree char *plain = koban_cell_plain (cell);

  return plain[strspn (plain, " -*")] == '\0';
}

/* --- days ------------------------------------------------------------------------------------- */

/* An era's first year is "元" or 1. The letters stand at the start only. */
static const struct
{
  const char *name;
  int before;
} eras[] = {
  { "令和", 2018 }, { "平成", 1988 }, { "昭和", 1925 }, { "R", 2018 }, { "H", 1988 }, { "S", 1925 },
};

static const char *
skip_era (const char *text, int *before)
{
  *before = 0;
  for (gsize i = 0; i < G_N_ELEMENTS (eras); i++)
    if (g_str_has_prefix (text, eras[i].name))
      {
        const char *rest = text + strlen (eras[i].name);

        rest += strspn (rest, " .");
        if (g_ascii_isdigit (*rest) || g_str_has_prefix (rest, "元"))
          {
            *before = eras[i].before;
            return rest;
          }
      }
  return text;
}

/* Number of the month that @text begins with, by its English name; 0: none. */
static int
month_by_name (const char *text)
{
  static const char *const names[] = { "jan", "feb", "mar", "apr", "may", "jun",
                                       "jul", "aug", "sep", "oct", "nov", "dec" };

  for (int i = 0; i < (int) G_N_ELEMENTS (names); i++)
    if (g_ascii_strncasecmp (text, names[i], 3) == 0)
      return i + 1;
  return 0;
}

typedef struct
{
  int value[3];
  guint digits[3]; /* 0: a name */
  guint n;
} Parts;

static const char *
take_part (const char *text, Parts *parts)
{
  gsize digits = strspn (text, "0123456789");
  int month = digits == 0 ? month_by_name (text) : 0;

  if (digits == 0 && month == 0 && !g_str_has_prefix (text, "元"))
    return g_utf8_next_char (text);
  parts->digits[parts->n] = (guint) digits;
  parts->value[parts->n] = month != 0 ? month : 1;
  if (digits > 0)
    parts->value[parts->n] = (int) MIN (g_ascii_strtoull (text, NULL, 10), G_MAXINT);
  parts->n++;
  text += digits > 0 ? digits : strlen (digits == 0 && month == 0 ? "元" : "jan");
  while (month != 0 && g_ascii_isalpha (*text))
    text++;
  return text;
}

/* 20240902 and 240902 are three parts written as one. */
static void
split_single (Parts *parts, KobanDateOrder order)
{
  int value = parts->value[0];
  int year_digits = parts->digits[0] == 8 ? 4 : 2;

  if (parts->n == 0 || (parts->digits[0] != 8 && parts->digits[0] != 6))
    return;
  parts->n = 3;
  if (order == KOBAN_ORDER_YMD)
    {
      parts->value[0] = value / 10000, parts->value[1] = value / 100 % 100, parts->value[2] = value % 100;
      parts->digits[0] = (guint) year_digits, parts->digits[1] = parts->digits[2] = 2;
      return;
    }
  int tail = year_digits == 4 ? 10000 : 100;
  parts->value[0] = value / tail / 100, parts->value[1] = value / tail % 100, parts->value[2] = value % tail;
  parts->digits[0] = parts->digits[1] = 2, parts->digits[2] = (guint) year_digits;
}

static gboolean
date_from_civil (int year, int month, int day, KobanDate *date)
{
  g_autofree char *text = g_strdup_printf ("%04d-%02d-%02d", year, month, day);

  return year >= 1900 && year <= 2199 && month >= 1 && month <= 12 && day >= 1 && day <= 31 &&
         koban_date_parse (text, date);
}

/* A 29 February is of the last leap year, so some years are tried. */
static gboolean
date_without_year (int month, int day, KobanDate today, KobanDate *date)
{
  int year, ignored_month, ignored_day;
  KobanDate found;

  koban_date_to_civil (today, &year, &ignored_month, &ignored_day);
  for (int back = 0; back < 8; back++)
    if (date_from_civil (year - back, month, day, &found) && found <= today)
      {
        *date = found;
        return TRUE;
      }
  return FALSE;
}

gboolean
koban_cell_date (const char *cell, KobanDateOrder order, KobanDate today, KobanDate *date)
{
  static const struct
  {
    int year, month, day;
  } places[] = {
    [KOBAN_ORDER_YMD] = { 0, 1, 2 },
    [KOBAN_ORDER_DMY] = { 2, 1, 0 },
    [KOBAN_ORDER_MDY] = { 2, 0, 1 },
    [KOBAN_ORDER_MD] = { -1, 0, 1 },
  };
  g_autofree char *plain = koban_cell_plain (cell);
  Parts parts = { 0 };
  int before;
  const char *text = skip_era (plain, &before);

  while (*text != '\0' && parts.n < 3 && !(parts.n == 1 && (parts.digits[0] == 8 || parts.digits[0] == 6)))
    text = take_part (text, &parts);
  split_single (&parts, order);
  if (order == KOBAN_ORDER_MD)
    return parts.n >= 2 && date_without_year (parts.value[0], parts.value[1], today, date);
  if (parts.n != 3)
    return FALSE;
  int year = parts.value[places[order].year];
  if (before != 0)
    year += before;
  else if (parts.digits[places[order].year] == 2)
    year += 2000;
  else if (parts.digits[places[order].year] != 4)
    return FALSE;
  return date_from_civil (year, parts.value[places[order].month], parts.value[places[order].day], date);
}

/* --- money ------------------------------------------------------------------------------------ */

static const char *const ornaments[] = { "¥",   "￥",  "円",  "€",   "£",  "$",
                                         "EUR", "JPY", "GBP", "USD", "\\", "\"" };
static const char *const minuses[] = { "-", "−", "－", "–", "▲", "△" };

static gboolean
strip_any (const char **text, const char *const *list, gsize n)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_has_prefix (*text, list[i]))
      {
        *text += strlen (list[i]);
        return TRUE;
      }
  return FALSE;
}

/* What separates thousands is whatever separates and is not @decimal. */
static gboolean
is_grouping (gunichar c, char decimal)
{
  return g_unichar_isspace (c) || c == '\'' || c == 0x2019 ||
         (c != (gunichar) decimal && (c == ',' || c == '.'));
}

static GString *
bare_number (const char *text, char decimal)
{
  g_autoptr(GString) number = g_string_new (NULL);
  gboolean negative = FALSE;

  while (*text != '\0')
    {
      gunichar c = g_utf8_get_char (text);

      if (strip_any (&text, ornaments, G_N_ELEMENTS (ornaments)))
        continue;
      if (c == '(' || strip_any (&text, minuses, G_N_ELEMENTS (minuses)))
        {
          negative = TRUE;
          text += c == '(' ? 1 : 0;
          continue;
        }
      if (g_ascii_isdigit ((char) c) && c < 128)
        g_string_append_c (number, (char) c);
      else if (c == (gunichar) decimal)
        g_string_append_c (number, '.');
      else if (!is_grouping (c, decimal) && c != ')' && c != '+')
        return NULL;
      text = g_utf8_next_char (text);
    }
  if (negative)
    g_string_prepend_c (number, '-');
  return g_steal_pointer (&number);
}

gboolean
koban_cell_money (const char *cell, char decimal, KobanCurrency currency, gint64 *minor)
{
  g_autofree char *plain = koban_cell_plain (cell);
  g_autoptr(GString) number = bare_number (plain, decimal);
  KobanMoney money;

  if (number == NULL || strpbrk (number->str, "0123456789") == NULL ||
      !koban_money_parse (number->str, -1, currency, &money, NULL))
    return FALSE;
  *minor = money.minor;
  return TRUE;
}
