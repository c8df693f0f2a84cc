/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Two ways to show the same rows: a table for people, JSON for programs. Columns are a table of
 * keys; a key that a row lacks is null, and an empty cell.
 */
#pragma once

#include <glib.h>
#include "wire/json-writer.h"

G_BEGIN_DECLS

typedef enum
{
  KOBAN_COLUMN_TEXT,    /* s: ours */
  KOBAN_COLUMN_CODE,    /* s: a word of DESIGN §5; told in the person's language */
  KOBAN_COLUMN_FOREIGN, /* s: a bank's words; cleaned in tables, as they are in JSON */
  KOBAN_COLUMN_NUMBER,  /* x */
  KOBAN_COLUMN_BOOL,    /* b */
  KOBAN_COLUMN_MONEY,   /* (xs) */
  KOBAN_COLUMN_TIME,    /* x, µs UTC */
  KOBAN_COLUMN_WORDS,   /* as */
  KOBAN_COLUMN_CODES,   /* as: words of DESIGN §5 */
  KOBAN_COLUMN_OBJECT,  /* a{sv} by @inner */
  KOBAN_COLUMN_ROWS,    /* aa{sv} as it is: reasons */
} KobanColumnType;

typedef struct _KobanColumn KobanColumn;
struct _KobanColumn
{
  const char        *key;
  KobanColumnType    type;
  const char        *heading; /* (nullable): NULL is not in tables */
  const KobanColumn *inner;   /* (nullable): ends with key NULL */
  const char        *label;   /* (nullable): instead of a heading, where `show` tells it too */
};

/* @rows: aa{sv}; @columns end with key NULL. @nothing is said instead of an empty table. */
void koban_print_rows (GVariant *rows, const KobanColumn *columns, gboolean json, const char *nothing);

/* One row as an object, all keys there. */
void koban_print_object (KobanJsonWriter *writer, GVariant *row, const KobanColumn *columns);

/* One row as "heading: value" lines, for `show`. */
void koban_print_details (GVariant *row, const KobanColumn *columns);

/* One cell for a person. (transfer full) (nullable): NULL where the row has nothing. */
char *koban_print_cell (GVariant *row, const KobanColumn *column);

/* Prints the writer's text and a newline as UTF-8, in every locale. Takes @writer. */
void koban_print_json (KobanJsonWriter *writer);

/* That something was done: @sentence for a person, or an object of the names and texts that follow. */
void koban_print_done (gboolean json, const char *sentence, ...) G_GNUC_NULL_TERMINATED;

/* A notice on the terminal that is replaced by the next; "" clears it. Nothing where stderr is no terminal. */
void koban_print_progress (const char *text);

G_END_DECLS
