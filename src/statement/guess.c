/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialect of a CSV file that nobody has described. Letters, separator and day are found by what all
 * rows have in common; which numbers are sums and which the balance is proved by adding up where it can
 * be, and read off the headings where it cannot.
 */
#include "config.h"

#include "statement/guess.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <string.h>

#define HEADER_WITHIN 60
#define MOST_COLUMNS 40
#define LOOKED_AT 200 /* rows */

typedef struct
{
  const KobanStatementOptions *options;
  KobanDialect *dialect;  /* (owned): growing */
  GPtrArray *rows;        /* (owned) (element-type KobanRow) */
  const KobanRow *header; /* in @rows */
  guint header_at;
  guint n;                         /* columns looked at */
  guint date;                      /* column */
  gboolean is_money[MOST_COLUMNS]; /* every cell that is not empty is a sum */
} Guess;

static void
guess_clear (Guess *guess)
{
  g_clear_pointer (&guess->dialect, koban_dialect_free);
  g_clear_pointer (&guess->rows, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Guess, guess_clear)

static gboolean
not_found (const char *what, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED, _("no %s could be found in the file"), what);
  return FALSE;
}

/* --- headings, in the words of several languages ------------------------------------------------------- */

typedef enum
{
  WORD_OUT,
  WORD_IN,
  WORD_AMOUNT,
  WORD_BALANCE,
  WORD_TEXT,
  N_WORDS
} Word;

static const char *const words[N_WORDS][24] = {
  [WORD_OUT] = { "出金", "支払", "引出", "払出", "お引", "借方", "debit", "withdraw", "paid out", "money out",
                 "soll", "ausgang", "débit", "sortie", NULL },
  [WORD_IN] = { "入金", "預", "受入", "貸方", "credit", "deposit", "paid in", "money in", "haben", "eingang",
                "crédit", "entrée", NULL },
  [WORD_AMOUNT] = { "入出金", "金額", "amount", "betrag", "umsatz", "montant", "value", "importe", NULL },
  [WORD_BALANCE] = { "残高", "現在高", "balance", "saldo", "solde", "kontostand", NULL },
  [WORD_TEXT] = { "摘要", "内容", "詳細", "備考", "取引先", "相手", "description", "memo", "details", "payee",
                  "name", "narrative", "verwendungszweck", "buchungstext", "empfänger", "libell", "label",
                  NULL },
};

static gboolean
heading_is (const Guess *guess, guint column, Word word)
{
  g_autofree char *plain = koban_cell_plain (koban_row_cell (guess->header, column));
  g_autofree char *lower = g_utf8_strdown (plain, -1);

  for (const char *const *at = words[word]; *at != NULL; at++)
    if (strstr (lower, *at) != NULL)
      return TRUE;
  return FALSE;
}

/* --- letters and separator ------------------------------------------------------------------------------ */

/* Every file is Latin-1, so half of what looks like Japanese decides for CP932 before that. */
static char *
decode (Guess *guess, GBytes *bytes)
{
  static const char *const encodings[] = { "UTF-8", "CP932", "CP1252", NULL };
  gsize length;
  const char *data = g_bytes_get_data (bytes, &length);

  for (const char *const *encoding = encodings; *encoding != NULL; encoding++)
    {
      char *text = koban_cell_decode (data, length, (const char *const[]){ *encoding, NULL });

      if (text == NULL)
        continue;
      guess->dialect->encodings = g_strdupv ((char *[]){ (char *) *encoding, NULL });
      return text;
    }
  return NULL;
}

/* How many rows have as many cells as the row after them, three or more: what holds together. */
static guint
coherence (GPtrArray *rows)
{
  guint together = 0;

  for (guint i = 1; i < MIN (rows->len, LOOKED_AT); i++)
    {
      const KobanRow *before = rows->pdata[i - 1], *row = rows->pdata[i];

      together += row->n >= 3 && row->n == before->n ? row->n : 0;
    }
  return together;
}

static gboolean
find_rows (Guess *guess, GBytes *bytes, GError **error)
{
  static const char separators[] = ",;\t|";
  g_autofree char *text = decode (guess, bytes);
  guint best = 0;

  if (text == NULL)
    return not_found (_("readable text"), error);
  for (const char *separator = separators; *separator != '\0'; separator++)
    {
      g_autoptr(GPtrArray) rows = koban_table_parse (text, *separator, NULL);
      guint together = rows != NULL ? coherence (rows) : 0;

      if (together <= best)
        continue;
      best = together;
      guess->dialect->separator = *separator;
      g_clear_pointer (&guess->rows, g_ptr_array_unref);
      guess->rows = g_steal_pointer (&rows);
    }
  return guess->rows != NULL || not_found (_("separated columns"), error);
}

/* --- days ------------------------------------------------------------------------------------------------
 */

/* The orders that fit a cell, as bits. A day alone ("12") and a sum are none. */
static guint
orders_of (const Guess *guess, const char *cell)
{
  g_autofree char *plain = koban_cell_plain (cell);
  guint orders = 0;
  KobanDate date;

  if (strlen (plain) < 6 || strlen (plain) > 40 || strpbrk (plain, "0123456789") == NULL)
    return 0;
  for (guint order = KOBAN_ORDER_YMD; order <= KOBAN_ORDER_MDY; order++)
    if (koban_cell_date (cell, (KobanDateOrder) order, guess->options->today, &date) &&
        date <= guess->options->today + 366)
      orders |= 1u << order;
  return orders;
}

/* The orders that fit all of a column's cells below @row, if most of them are days. */
static guint
orders_of_column (const Guess *guess, guint row, guint column)
{
  guint orders = ~0u, days = 0, others = 0;

  for (guint i = row; i < MIN (guess->rows->len, row + LOOKED_AT); i++)
    {
      guint fit = orders_of (guess, koban_row_cell (guess->rows->pdata[i], column));

      orders &= fit != 0 ? fit : ~0u;
      days += fit != 0 ? 1 : 0;
      others += fit == 0 ? 1 : 0;
    }
  return days > 0 && days >= 2 * others ? orders : 0;
}

static void
take_date (Guess *guess, guint column, guint orders)
{
  static const KobanDateOrder preferred[] = { KOBAN_ORDER_YMD, KOBAN_ORDER_DMY, KOBAN_ORDER_MDY };
  gboolean american = g_str_equal (guess->dialect->currency.code, "USD");

  guess->date = column;
  for (guint i = 0; i < G_N_ELEMENTS (preferred); i++)
    if (orders & (1u << preferred[i]))
      {
        guess->dialect->order = preferred[i];
        if (preferred[i] == KOBAN_ORDER_DMY && american && orders & (1u << KOBAN_ORDER_MDY))
          guess->dialect->order = KOBAN_ORDER_MDY;
        return;
      }
}

/* The header is the row above the first day, with a name for that column. */
static gboolean
find_header (Guess *guess, GError **error)
{
  for (guint i = 1; i < MIN (guess->rows->len, HEADER_WITHIN); i++)
    {
      const KobanRow *header = guess->rows->pdata[i - 1];

      for (guint column = 0; column < MIN (header->n, MOST_COLUMNS); column++)
        {
          guint orders = header->n >= 3 && *koban_row_cell (header, column) != '\0' &&
                             orders_of (guess, koban_row_cell (header, column)) == 0 &&
                             orders_of (guess, koban_row_cell (guess->rows->pdata[i], column)) != 0
                           ? orders_of_column (guess, i, column)
                           : 0;

          if (orders == 0)
            continue;
          guess->header = header;
          guess->header_at = i - 1;
          guess->n = MIN (header->n, MOST_COLUMNS);
          take_date (guess, column, orders);
          return TRUE;
        }
    }
  return not_found (_("row of headings above a column of days"), error);
}

/* --- currency and decimal sign ---------------------------------------------------------------------------
 */

static const struct
{
  const char *sign, *currency;
} signs[] = {
  { "円", "JPY" },  { "¥", "JPY" }, { "取引", "JPY" }, { "摘要", "JPY" }, { "残高", "JPY" }, { "€", "EUR" },
  { "EUR", "EUR" }, { "£", "GBP" }, { "GBP", "GBP" },  { "$", "USD" },    { "USD", "USD" },
};

static gboolean
find_currency (Guess *guess, GError **error)
{
  g_autoptr(GString) start = g_string_new (NULL);

  if (guess->options->currency != NULL)
    return koban_currency_parse (guess->options->currency, &guess->dialect->currency, error);
  for (guint i = 0; i < MIN (guess->rows->len, 20); i++)
    {
      g_autofree char *line = g_strjoinv (" ", ((KobanRow *) guess->rows->pdata[i])->cells);

      g_string_append (start, line);
    }
  g_autofree char *plain = koban_cell_plain (start->str);
  for (gsize i = 0; i < G_N_ELEMENTS (signs); i++)
    if (strstr (plain, signs[i].sign) != NULL)
      return koban_currency_parse (signs[i].currency, &guess->dialect->currency, error);
  return not_found (_("currency (say it with --currency)"), error);
}

static gboolean
column_is_money (const Guess *guess, guint column, char decimal)
{
  guint sums = 0;
  gint64 minor;

  for (guint i = guess->header_at + 1; i < MIN (guess->rows->len, guess->header_at + LOOKED_AT); i++)
    {
      const char *cell = koban_row_cell (guess->rows->pdata[i], column);

      if (orders_of (guess, koban_row_cell (guess->rows->pdata[i], guess->date)) == 0 ||
          koban_cell_is_empty (cell))
        continue;
      if (!koban_cell_money (cell, decimal, guess->dialect->currency, &minor))
        return FALSE;
      sums++;
    }
  return sums > 0;
}

/* The decimal sign that makes more columns into sums; the point if both do. */
static gboolean
find_sums (Guess *guess, GError **error)
{
  guint with_point = 0, with_comma = 0;

  for (guint column = 0; column < guess->n; column++)
    {
      with_point += column_is_money (guess, column, '.') ? 1 : 0;
      with_comma += column_is_money (guess, column, ',') ? 1 : 0;
    }
  guess->dialect->decimal = with_comma > with_point ? ',' : '.';
  for (guint column = 0; column < guess->n; column++)
    guess->is_money[column] =
      column != guess->date && column_is_money (guess, column, guess->dialect->decimal);
  return MAX (with_point, with_comma) > 0 || not_found (_("column of sums"), error);
}

/* --- which sums --------------------------------------------------------------------------------------------
 */

static gint64
sum_in (const Guess *guess, const KobanRow *row, guint column)
{
  gint64 minor = 0;

  if (column == G_MAXUINT || !koban_cell_money (koban_row_cell (row, column), guess->dialect->decimal,
                                                guess->dialect->currency, &minor))
    return 0;
  return minor;
}

/* How well the balance follows from what goes out and in, one row after another, in percent; either end may
 * be the first. @out G_MAXUINT: @in is signed. @turn: what leaves bears no sign. */
static guint
proof (const Guess *guess, guint in, guint out, guint balance, gboolean turn)
{
  guint forwards = 0, backwards = 0, steps = 0;
  const KobanRow *before = NULL;

  for (guint i = guess->header_at + 1; i < MIN (guess->rows->len, guess->header_at + LOOKED_AT); i++)
    {
      const KobanRow *row = guess->rows->pdata[i];

      if (orders_of (guess, koban_row_cell (row, guess->date)) == 0)
        continue;
      if (before != NULL)
        {
          gint64 step = sum_in (guess, row, balance) - sum_in (guess, before, balance);
          gint64 here = sum_in (guess, row, in) - ABS (sum_in (guess, row, out));
          gint64 there = sum_in (guess, before, in) - ABS (sum_in (guess, before, out));

          forwards += step == (turn ? -here : here) && here != 0 ? 1 : 0;
          backwards += -step == (turn ? -there : there) && there != 0 ? 1 : 0;
          steps++;
        }
      before = row;
    }
  return steps > 0 ? 100 * MAX (forwards, backwards) / steps : 0;
}

typedef struct
{
  guint in, out, balance;
  gboolean turn;
  guint proof;
} Sums;

static void
consider (const Guess *guess, Sums *best, guint in, guint out, guint balance, gboolean turn)
{
  guint found = proof (guess, in, out, balance, turn);

  if (found > best->proof)
    *best = (Sums){ in, out, balance, turn, found };
}

static void
prove_sums (const Guess *guess, Sums *best)
{
  for (guint balance = 0; balance < guess->n; balance++)
    for (guint in = 0; guess->is_money[balance] && in < guess->n; in++)
      {
        if (!guess->is_money[in] || in == balance)
          continue;
        consider (guess, best, in, G_MAXUINT, balance, FALSE);
        consider (guess, best, in, G_MAXUINT, balance, TRUE);
        for (guint out = 0; out < guess->n; out++)
          if (guess->is_money[out] && out != in && out != balance)
            consider (guess, best, in, out, balance, FALSE);
      }
}

static guint
column_called (const Guess *guess, Word word, Word but)
{
  for (guint column = 0; column < guess->n; column++)
    if (guess->is_money[column] && heading_is (guess, column, word) &&
        (but == N_WORDS || !heading_is (guess, column, but)))
      return column;
  return G_MAXUINT;
}

/* Without a balance that adds up, the headings are all there is. */
static void
read_headings (const Guess *guess, Sums *sums)
{
  sums->balance = column_called (guess, WORD_BALANCE, N_WORDS);
  sums->out = column_called (guess, WORD_OUT, WORD_IN);
  sums->in = column_called (guess, WORD_IN, WORD_OUT);
  sums->turn = FALSE;
  if (sums->out != G_MAXUINT && sums->in != G_MAXUINT)
    return;
  sums->out = G_MAXUINT;
  sums->in = column_called (guess, WORD_AMOUNT, WORD_BALANCE);
}

static void
set_column (Guess *guess, KobanRole role, guint column)
{
  if (column != G_MAXUINT)
    guess->dialect->columns[role] =
      g_strdupv ((char *[]){ (char *) koban_row_cell (guess->header, column), NULL });
}

static gboolean
choose_sums (Guess *guess, Sums *sums, GError **error)
{
  *sums = (Sums){ G_MAXUINT, G_MAXUINT, G_MAXUINT, FALSE, 59 }; /* less proves nothing */
  prove_sums (guess, sums);
  if (sums->in == G_MAXUINT)
    read_headings (guess, sums);
  if (sums->in == G_MAXUINT)
    return not_found (_("column of sums"), error);
  set_column (guess, sums->out != G_MAXUINT ? KOBAN_ROLE_IN : KOBAN_ROLE_AMOUNT, sums->in);
  set_column (guess, KOBAN_ROLE_OUT, sums->out);
  set_column (guess, KOBAN_ROLE_BALANCE, sums->balance);
  guess->dialect->out_is_positive = sums->turn;
  return TRUE;
}

/* --- words -------------------------------------------------------------------------------------------------
 */

static glong
length_of_column (const Guess *guess, guint column)
{
  glong length = 0;

  for (guint i = guess->header_at + 1; i < MIN (guess->rows->len, guess->header_at + LOOKED_AT); i++)
    length += g_utf8_strlen (koban_row_cell (guess->rows->pdata[i], column), -1);
  return length;
}

static gboolean
is_named (const Guess *guess, guint column)
{
  return *koban_row_cell (guess->header, column) != '\0' && !guess->is_money[column] && column != guess->date;
}

/* All columns that are called a description, or the one with most in it. */
static gboolean
choose_words (Guess *guess, GError **error)
{
  g_autoptr(GStrvBuilder) names = g_strv_builder_new ();
  guint longest = G_MAXUINT, found = 0;

  for (guint column = 0; column < guess->n; column++)
    {
      if (!is_named (guess, column) || length_of_column (guess, column) == 0)
        continue;
      if (longest == G_MAXUINT || length_of_column (guess, column) > length_of_column (guess, longest))
        longest = column;
      if (!heading_is (guess, column, WORD_TEXT) || found == 4)
        continue;
      g_strv_builder_add (names, koban_row_cell (guess->header, column));
      found++;
    }
  if (found > 0)
    guess->dialect->columns[KOBAN_ROLE_TEXT] = g_strv_builder_end (names);
  else
    set_column (guess, KOBAN_ROLE_TEXT, longest);
  return longest != G_MAXUINT || not_found (_("column of words"), error);
}

static void
name_dialect (Guess *guess)
{
  g_autofree char *today = koban_date_format (guess->options->today);
  g_autofree char *all = g_strjoinv (",", guess->header->cells);
  guint n = guess->header->n;

  while (n > 0 && *guess->header->cells[n - 1] == '\0')
    n--;
  guess->dialect->header = g_new0 (char *, n + 1);
  for (guint i = 0; i < n; i++)
    guess->dialect->header[i] = g_strdup (guess->header->cells[i]);
  guess->dialect->id = g_strdup_printf ("own-%08x", (guint) (koban_text_hash (all) & G_MAXUINT32));
  guess->dialect->name = g_strdup (_("a bank that was guessed"));
  guess->dialect->source = g_strdup ("koban import --guess");
  guess->dialect->checked = g_steal_pointer (&today);
  set_column (guess, KOBAN_ROLE_DATE, guess->date);
}

KobanDialect *
koban_guess_dialect (GBytes *bytes, const KobanStatementOptions *options, GError **error)
{
  g_auto(Guess) guess = { .options = options, .dialect = g_new0 (KobanDialect, 1) };
  Sums sums;

  guess.dialect->decimal = '.';
  if (!find_rows (&guess, bytes, error) || !find_currency (&guess, error) || !find_header (&guess, error) ||
      !find_sums (&guess, error) || !choose_sums (&guess, &sums, error) || !choose_words (&guess, error))
    return NULL;
  name_dialect (&guess);
  return g_steal_pointer (&guess.dialect);
}
