/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Separated values as rows of cells.
 */
#include "config.h"

#include "statement/table.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/statement.h>
#include <string.h>

#define MOST_CELLS 128
#define MOST_ROWS (KOBAN_STATEMENT_MAX_LINES + 1000)
#define LONGEST_CELL 8192

static void
row_free (gpointer data)
{
  KobanRow *row = data;

  g_strfreev (row->cells);
  g_free (row);
}

const char *
koban_row_cell (const KobanRow *self, guint column)
{
  return column < self->n ? self->cells[column] : "";
}

typedef struct
{
  const char *at;
  char separator;
  guint line;
} Scan;

static gboolean
is_end (const Scan *scan)
{
  return *scan->at == '\0' || *scan->at == '\n' || *scan->at == '\r';
}

/* Behind an opening quote; a doubled one is one, and a line end belongs to the cell. */
static void
take_quoted (Scan *scan, GString *cell)
{
  for (; *scan->at != '\0'; scan->at++)
    {
      if (*scan->at == '"' && scan->at[1] != '"')
        {
          scan->at++;
          return;
        }
      scan->at += *scan->at == '"' ? 1 : 0;
      scan->line += *scan->at == '\n' ? 1 : 0;
      g_string_append_c (cell, *scan->at == '\n' || *scan->at == '\r' ? ' ' : *scan->at);
    }
}

#define WIDE_BLANK "\xe3\x80\x80"

/* Blanks of both widths. */
static char *
strip (char *text)
{
  char *from = g_strstrip (text);

  while (g_str_has_prefix (from, WIDE_BLANK))
    from += strlen (WIDE_BLANK);
  while (g_str_has_suffix (from, WIDE_BLANK))
    from[strlen (from) - strlen (WIDE_BLANK)] = '\0';
  return g_strstrip (from);
}

static char *
take_cell (Scan *scan)
{
  g_autoptr(GString) cell = g_string_new (NULL);

  scan->at += strspn (scan->at, " ");
  if (*scan->at == '"')
    {
      scan->at++;
      take_quoted (scan, cell);
    }
  while (!is_end (scan) && *scan->at != scan->separator)
    g_string_append_c (cell, *scan->at++);
  return cell->len <= LONGEST_CELL ? g_strdup (strip (cell->str)) : NULL;
}

static void
skip_line_end (Scan *scan)
{
  scan->at += *scan->at == '\r' && scan->at[1] == '\n' ? 1 : 0;
  scan->at += *scan->at != '\0' ? 1 : 0;
  scan->line++;
}

/* NULL: it is none that a bank would write. */
static KobanRow *
take_row (Scan *scan)
{
  g_autoptr(GPtrArray) cells = g_ptr_array_new_with_free_func (g_free);
  guint line = scan->line;

  for (;;)
    {
      char *cell = cells->len < MOST_CELLS ? take_cell (scan) : NULL;

      if (cell == NULL)
        return NULL;
      g_ptr_array_add (cells, cell);
      if (*scan->at != scan->separator)
        break;
      scan->at++;
    }
  skip_line_end (scan);

  KobanRow *row = g_new (KobanRow, 1);
  *row = (KobanRow){ .line = line, .n = cells->len };
  g_ptr_array_add (cells, NULL);
  row->cells = (char **) g_ptr_array_steal (cells, NULL);
  return row;
}

GPtrArray *
koban_table_parse (const char *text, char separator, GError **error)
{
  g_autoptr(GPtrArray) rows = g_ptr_array_new_with_free_func (row_free);
  Scan scan = { text, separator, 1 };

  while (*scan.at != '\0')
    {
      guint line = scan.line;
      KobanRow *row = rows->len < MOST_ROWS ? take_row (&scan) : NULL;

      if (row == NULL)
        {
          g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("line %u: more rows, columns or text than a bank statement has"), line);
          return NULL;
        }
      g_ptr_array_add (rows, row);
    }
  return g_steal_pointer (&rows);
}
