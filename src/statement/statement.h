/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One account's part of a statement file, filled by a reader of one format and then put in order: by
 * time, with its span, and with the places where its running balance does not add up.
 */
#pragma once

#include <koban/statement.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

typedef struct
{
  char         *number;   /* (owned) (nullable) */
  KobanCurrency currency;
  KobanDate     from, to; /* KOBAN_NO_DATE: not said; koban_statement_settle() takes them from the lines */
  gboolean      has_opening, has_closing;
  gint64        opening, closing;
  GPtrArray    *lines;    /* (owned) (element-type KobanTransaction) */
} KobanStatement;

KobanStatement *koban_statement_new   (KobanCurrency currency, const char *number);
void            koban_statement_free  (KobanStatement *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanStatement, koban_statement_free)

/* Copies @line. FALSE: there are too many. */
gboolean        koban_statement_add   (KobanStatement *self, const KobanTransaction *line, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Oldest first, and the span known. Call once, after the last line. */
void            koban_statement_settle (KobanStatement *self);
/* a{sv} of one account, as koban/statement.h tells. Floating. */
GVariant       *koban_statement_to_variant (const KobanStatement *self);

/* --- what every format has: is it this one, and what is in it ------------------------------- */

/* @statements (element-type KobanStatement) are added to. */
gboolean koban_ofx_read    (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error);
gboolean koban_camt_read   (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error);
gboolean koban_zengin_read (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error);
gboolean koban_mt940_read  (GBytes *bytes, const KobanStatementOptions *options, GPtrArray *statements, GError **error);

gboolean koban_ofx_is      (const char *data, gsize length);
gboolean koban_camt_is     (const char *data, gsize length);
gboolean koban_zengin_is   (const char *data, gsize length);
gboolean koban_mt940_is    (const char *data, gsize length);

G_END_DECLS
