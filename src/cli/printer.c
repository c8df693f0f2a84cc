/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ways to show the same rows: a table for people (libsmartcols knows widths), JSON for
 * programs. Nothing of a bank reaches the terminal without having been cleaned.
 */
#include "config.h"

#include "cli/printer.h"

#include <glib/gi18n-lib.h>
#include <koban/phrase.h>
#include <koban/text.h>
#include <libsmartcols.h>
#include <stdio.h>
#include <unistd.h>

#define CELL_MAX 60 /* characters of a bank's words in a table; `show` has them whole */

static KobanMoney
money_from_variant (GVariant *value)
{
  KobanMoney money = { 0 };
  const char *code;

  g_variant_get (value, "(x&s)", &money.minor, &code);
  g_strlcpy (money.currency.code, code, sizeof money.currency.code);
  return money;
}

static char *
words_text (GVariant *value, gboolean coded)
{
  g_autofree const char **words = g_variant_get_strv (value, NULL);

  for (guint i = 0; coded && words[i] != NULL; i++)
    words[i] = koban_phrase_word (words[i]);
  g_autofree char *joined = g_strjoinv (", ", (char **) words);

  return koban_text_clean (joined, CELL_MAX);
}

static char *
value_text (GVariant *value, KobanColumnType type)
{
  switch (type)
    {
    case KOBAN_COLUMN_CODE:
      return g_strdup (koban_phrase_word (g_variant_get_string (value, NULL)));
    case KOBAN_COLUMN_TEXT:
    case KOBAN_COLUMN_FOREIGN:
      return koban_text_clean (g_variant_get_string (value, NULL), CELL_MAX);
    case KOBAN_COLUMN_NUMBER:
      return g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (value));
    case KOBAN_COLUMN_BOOL:
      return g_strdup (g_variant_get_boolean (value) ? _("yes") : _("no"));
    case KOBAN_COLUMN_MONEY:
      return koban_money_format (money_from_variant (value));
    case KOBAN_COLUMN_TIME:
      return g_variant_get_int64 (value) == 0 ? NULL : koban_time_format_local (g_variant_get_int64 (value));
    case KOBAN_COLUMN_WORDS:
      return words_text (value, FALSE);
    case KOBAN_COLUMN_CODES:
      return words_text (value, TRUE);
    case KOBAN_COLUMN_OBJECT:
    case KOBAN_COLUMN_ROWS:
    default:
      return NULL;
    }
}

static const GVariantType *
type_of_column (KobanColumnType type)
{
  static const char *const types[] = {
    [KOBAN_COLUMN_TEXT] = "s",       [KOBAN_COLUMN_FOREIGN] = "s",   [KOBAN_COLUMN_NUMBER] = "x",
    [KOBAN_COLUMN_BOOL] = "b",       [KOBAN_COLUMN_MONEY] = "(xs)",  [KOBAN_COLUMN_TIME] = "x",
    [KOBAN_COLUMN_WORDS] = "as",     [KOBAN_COLUMN_CODE] = "s",      [KOBAN_COLUMN_CODES] = "as",
    [KOBAN_COLUMN_OBJECT] = "a{sv}", [KOBAN_COLUMN_ROWS] = "aa{sv}",
  };

  return G_VARIANT_TYPE (types[type]);
}

char *
koban_print_cell (GVariant *row, const KobanColumn *column)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (row, column->key, type_of_column (column->type));

  return value != NULL ? value_text (value, column->type) : NULL;
}

static void
unref_value (gpointer value)
{
  if (value != NULL)
    g_variant_unref (value);
}

static int
find_column (const KobanColumn *columns, const char *key)
{
  for (int i = 0; columns[i].key != NULL; i++)
    if (g_str_equal (columns[i].key, key))
      return i;
  return -1;
}

/* The values of @row in the order of @columns; NULL where it has none of the column's type. All in one pass:
 * to look up column by column walks the row once for each. (transfer full) */
static GPtrArray *
read_values (GVariant *row, const KobanColumn *columns)
{
  GPtrArray *values = g_ptr_array_new_with_free_func (unref_value);
  GVariantIter iter;
  const char *key;
  GVariant *value;
  int n = 0;

  while (columns[n].key != NULL)
    n++;
  g_ptr_array_set_size (values, n);
  g_variant_iter_init (&iter, row);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      int at = find_column (columns, key);
      if (at >= 0 && values->pdata[at] == NULL &&
          g_variant_is_of_type (value, type_of_column (columns[at].type)))
        values->pdata[at] = g_steal_pointer (&value);
      g_clear_pointer (&value, g_variant_unref);
    }
  return values;
}

static void
print_value (KobanJsonWriter *writer, GVariant *value, const KobanColumn *column)
{
  switch (column->type)
    {
    case KOBAN_COLUMN_MONEY:
      koban_json_writer_money (writer, money_from_variant (value));
      break;
    case KOBAN_COLUMN_TIME:
      koban_json_writer_time (writer, g_variant_get_int64 (value));
      break;
    case KOBAN_COLUMN_OBJECT:
      koban_print_object (writer, value, column->inner);
      break;
    case KOBAN_COLUMN_TEXT:
    case KOBAN_COLUMN_CODE:
    case KOBAN_COLUMN_CODES:
    case KOBAN_COLUMN_FOREIGN:
    case KOBAN_COLUMN_NUMBER:
    case KOBAN_COLUMN_BOOL:
    case KOBAN_COLUMN_WORDS:
    case KOBAN_COLUMN_ROWS:
    default:
      koban_json_writer_variant (writer, value);
    }
}

void
koban_print_object (KobanJsonWriter *writer, GVariant *row, const KobanColumn *columns)
{
  g_autoptr(GPtrArray) values = read_values (row, columns);

  koban_json_writer_begin_object (writer);
  for (guint i = 0; i < values->len; i++)
    {
      koban_json_writer_name (writer, columns[i].key);
      if (values->pdata[i] != NULL)
        print_value (writer, values->pdata[i], &columns[i]);
      else
        koban_json_writer_null (writer);
    }
  koban_json_writer_end_object (writer);
}

void
koban_print_json (KobanJsonWriter *writer)
{
  g_autoptr(KobanJsonWriter) owned = writer;
  g_autofree char *text = koban_json_writer_finish (owned, isatty (STDOUT_FILENO));

  fputs (text, stdout);
  fputc ('\n', stdout);
}

static void
print_json_rows (GVariant *rows, const KobanColumn *columns)
{
  KobanJsonWriter *writer = koban_json_writer_new ();
  GVariantIter iter;
  GVariant *row;

  koban_json_writer_begin_array (writer);
  g_variant_iter_init (&iter, rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      koban_print_object (writer, row, columns);
      g_variant_unref (row);
    }
  koban_json_writer_end_array (writer);
  koban_print_json (writer);
}

static gboolean
is_colourful (void)
{
  return isatty (STDOUT_FILENO) && g_getenv ("NO_COLOR") == NULL &&
         g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

/* Colour never carries a meaning that the word does not. */
static const char *
colour_of_value (GVariant *value, KobanColumnType type)
{
  static const struct
  {
    const char *code, *colour;
  } colours[] = {
    { "critical", "red" }, { "warning", "yellow" }, { "locked", "yellow" }, { "sign-in", "yellow" }
  };
  const char *code = value != NULL && type == KOBAN_COLUMN_CODE ? g_variant_get_string (value, NULL) : NULL;

  for (guint i = 0; code != NULL && i < G_N_ELEMENTS (colours); i++)
    if (g_str_equal (code, colours[i].code))
      return colours[i].colour;
  return NULL;
}

static void
add_line (struct libscols_table *table, GVariant *row, const KobanColumn *columns)
{
  struct libscols_line *line = scols_table_new_line (table, NULL);
  g_autoptr(GPtrArray) values = read_values (row, columns);
  guint n = 0;

  for (guint i = 0; i < values->len; i++)
    if (columns[i].heading != NULL)
      {
        GVariant *value = values->pdata[i];
        g_autofree char *text = value != NULL ? value_text (value, columns[i].type) : NULL;

        scols_line_set_data (line, n, text != NULL ? text : "");
        scols_cell_set_color (scols_line_get_cell (line, n), colour_of_value (value, columns[i].type));
        n++;
      }
}

static void
print_table (GVariant *rows, const KobanColumn *columns)
{
  struct libscols_table *table = scols_new_table ();
  GVariantIter iter;
  GVariant *row;
  char *text = NULL;

  scols_table_enable_colors (table, is_colourful ());
  for (const KobanColumn *column = columns; column->key != NULL; column++)
    if (column->heading != NULL)
      scols_table_new_column (table, _(column->heading), 0,
                              column->type == KOBAN_COLUMN_MONEY ? SCOLS_FL_RIGHT : 0);
  g_variant_iter_init (&iter, rows);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      add_line (table, row, columns);
      g_variant_unref (row);
    }
  if (scols_print_table_to_string (table, &text) == 0)
    g_print ("%s\n", text);
  free (text);
  scols_unref_table (table);
}

void
koban_print_rows (GVariant *rows, const KobanColumn *columns, gboolean json, const char *nothing)
{
  if (json)
    print_json_rows (rows, columns);
  else if (g_variant_n_children (rows) == 0)
    g_print ("%s\n", nothing);
  else
    print_table (rows, columns);
}

void
koban_print_details (GVariant *row, const KobanColumn *columns)
{
  for (const KobanColumn *column = columns; column->key != NULL; column++)
    {
      g_autofree char *text = koban_print_cell (row, column);

      const char *heading = column->heading != NULL ? column->heading : column->label;

      if (heading != NULL && text != NULL && *text != '\0')
        g_print ("%s: %s\n", _(heading), text);
    }
}

void
koban_print_done (gboolean json, const char *sentence, ...)
{
  va_list pairs;

  if (!json)
    {
      g_print ("%s\n", sentence);
      return;
    }
  KobanJsonWriter *writer = koban_json_writer_new ();
  koban_json_writer_begin_object (writer);
  va_start (pairs, sentence);
  for (const char *name = va_arg (pairs, const char *); name != NULL; name = va_arg (pairs, const char *))
    {
      koban_json_writer_name (writer, name);
      koban_json_writer_string (writer, va_arg (pairs, const char *));
    }
  va_end (pairs);
  koban_json_writer_end_object (writer);
  koban_print_json (writer);
}

void
koban_print_progress (const char *text)
{
  /* The connection's name is in it, which may be anybody's words. */
  g_autofree char *clean = koban_text_clean (text, CELL_MAX);

  if (isatty (STDERR_FILENO) && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0)
    g_printerr ("\r\033[K%s", clean);
}
