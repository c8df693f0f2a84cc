/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Separated values as rows of cells: quotes, doubled quotes, line ends inside quotes. A row remembers the
 * line of the file that it began in.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  guint  line;  /* 1 … */
  guint  n;
  char **cells; /* (owned): NULL-terminated, blanks around them taken off */
} KobanRow;

/* (element-type KobanRow); NULL with INVALID if a row or the file is larger than any statement. */
GPtrArray *koban_table_parse (const char *text, char separator, GError **error);
/* "" where the row is shorter. (transfer none) */
const char *koban_row_cell   (const KobanRow *self, guint column);

G_END_DECLS
