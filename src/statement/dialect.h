/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How one bank writes its CSV files: a small JSON file of names and choices, without expressions. It says
 * whence the layout is known and when that was looked up.
 */
#pragma once

#include <gio/gio.h>
#include "statement/cell.h"
#include "statement/table.h"

G_BEGIN_DECLS

/* What a column is; a role may be given by several columns, which are joined. */
typedef enum
{
  KOBAN_ROLE_DATE, KOBAN_ROLE_TIME, KOBAN_ROLE_AMOUNT, KOBAN_ROLE_OUT, KOBAN_ROLE_IN, KOBAN_ROLE_BALANCE,
  KOBAN_ROLE_TEXT, KOBAN_ROLE_PAYEE, KOBAN_ROLE_ID, KOBAN_ROLE_COUNTERPARTY, KOBAN_ROLE_MANDATE,
  KOBAN_ROLE_CURRENCY, KOBAN_ROLE_STATE, KOBAN_N_ROLES,
} KobanRole;

typedef struct
{
  char          *id, *name, *country;
  char          *source, *checked;
  KobanCurrency  currency;             /* "" where a column says it */
  char         **encodings;            /* in the order in which they are tried */
  char           separator;
  char         **header;               /* the first cells of the header row */
  char         **columns[KOBAN_N_ROLES]; /* (nullable): names in the header */
  KobanDateOrder order;
  char           decimal;
  gboolean       out_is_positive;      /* of the amount column: what leaves bears no sign */
  char         **pending;              /* (nullable): words of the state column for what is not booked */
  int            utc_offset_minutes;   /* of the time columns */
} KobanDialect;

/* INVALID with every mistake. */
KobanDialect *koban_dialect_load  (const char *data, gsize length, GError **error);
void          koban_dialect_free  (KobanDialect *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanDialect, koban_dialect_free)
char         *koban_dialect_to_json (const KobanDialect *self); /* (transfer full) */

/* All on the machine, by id (element-type KobanDialect); a file that is wrong is skipped with a message, and one of the
 * person's own cannot take a packaged id. */
GPtrArray    *koban_dialects_load (void);

/* Whether @row is the header of a file in this dialect. */
gboolean      koban_dialect_is_header (const KobanDialect *self, const KobanRow *row);
/* Places of the columns of @role in @header, ended by G_MAXUINT. (transfer full) (nullable): it has none */
guint        *koban_dialect_places  (const KobanDialect *self, KobanRole role, const KobanRow *header);

G_END_DECLS
