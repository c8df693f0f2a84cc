/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading the rows (a{sv}) that the agent and the ledger hand out. A row that is NULL has no field, and a field of
 * another type counts as none: whoever asks says what follows from that.
 */
#pragma once

#include <glib.h>

#include <koban/money.h>

G_BEGIN_DECLS

const char *koban_field_text   (GVariant *row, const char *key); /* (nullable): as long as @row */
const char *koban_field_text_or (GVariant *row, const char *key, const char *none); /* @none for none */
gint64      koban_field_number (GVariant *row, const char *key); /* 0 for none */
gboolean    koban_field_flag   (GVariant *row, const char *key); /* FALSE for none */
gboolean    koban_field_money  (GVariant *row, const char *key, KobanMoney *value); /* from (xs) */
GVariant   *koban_field_row    (GVariant *row, const char *key); /* (transfer full): a{sv}, empty for none */
GVariant   *koban_field_rows   (GVariant *row, const char *key); /* (transfer full): aa{sv}, empty for none */

G_END_DECLS
