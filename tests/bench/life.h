/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The invented life that every measurement and every floor is made of: card payments, bills, wages and
 * twins, the same for the same number. Ours and the floors read the same lines, so that only what is
 * done with them differs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define LIFE_FIRST_DAY     14610 /* 2010-01-01 */
#define LIFE_LINES_A_DAY   20
#define LIFE_CURRENCY      "GBP"
#define LIFE_PAGE_LINES    10000 /* of one answer: some 4 MB */

/* Of src/ledger/store.c, for every floor with a table: what differs here is measured wrongly. */
#define LIFE_SETTINGS_IN_MEMORY "PRAGMA foreign_keys = ON; PRAGMA cell_size_check = ON; PRAGMA temp_store = MEMORY;"
#define LIFE_SETTINGS \
  "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA secure_delete = ON;" \
  "PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 4194304;" LIFE_SETTINGS_IN_MEMORY

typedef struct
{
  char     id[40];     /* the bank's */
  char     text[64];
  char     payee[48];
  char     shop[40];   /* the bank's id of the payee */
  gint64   minor;      /* out is negative */
  gint32   day;        /* since 1970 */
  gint64   time_us;
  gboolean is_bill;    /* a direct debit; else a card or, if positive, a wage */
} LifeLine;

void     life_line     (guint number, LifeLine *line);
/* Lines @first … as Starling's feed has them. (transfer full) */
GString *life_page     (guint first, guint n_lines);

/* What this process has used of the processors, in all threads; other programs do not count. */
gint64   life_cpu_us   (void);
/* What this process held at most, in kB. */
glong    life_peak_kb  (void);
/* Prints "name value" for the script that reads it. */
void     life_tell     (const char *name, gint64 value);

G_END_DECLS
