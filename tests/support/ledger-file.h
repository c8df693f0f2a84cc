/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A fixture: where a ledger may lie, in a folder of its own that goes with all that came to lie beside it.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct
{
  char *directory; /* (owned) */
  char *path;      /* (owned): nothing is there yet */
} KobanLedgerFile;

void koban_ledger_file_set_up    (KobanLedgerFile *self, gconstpointer data);
void koban_ledger_file_tear_down (KobanLedgerFile *self, gconstpointer data);

G_END_DECLS
