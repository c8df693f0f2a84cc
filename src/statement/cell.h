/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One cell of a file: the ways in which banks write text, days and money. What cannot be read for sure
 * is refused, never guessed.
 */
#pragma once

#include <gio/gio.h>
#include <koban/date.h>
#include <koban/money.h>

G_BEGIN_DECLS

/* The order of year, month and day. MD has no year: it is the latest that is not in the future. */
typedef enum { KOBAN_ORDER_YMD, KOBAN_ORDER_DMY, KOBAN_ORDER_MDY, KOBAN_ORDER_MD } KobanDateOrder;

/* Bytes as UTF-8: by their mark, else by the first of @encodings that takes all of them. (transfer full) (nullable) */
char    *koban_cell_decode (const char *data, gsize length, const char *const *encodings);

/* Without blanks around it, and full-width signs as plain ones: for comparing and counting, not for showing. */
char    *koban_cell_plain  (const char *cell);

/* "2024/9/2", "20240902", "令和6年9月2日", "R06.09.02", "02.09.24", "2 Sep 2024". What follows a day (its hour) is left. */
gboolean koban_cell_date   (const char *cell, KobanDateOrder order, KobanDate today, KobanDate *date) G_GNUC_WARN_UNUSED_RESULT;

/* "1,234", "¥1,234円", "-1.234,56 €", "1 234,56-", "▲300", "(12.00)". @decimal is ',' or '.'. */
gboolean koban_cell_money  (const char *cell, char decimal, KobanCurrency currency, gint64 *minor) G_GNUC_WARN_UNUSED_RESULT;

/* Nothing in it but blanks and the signs that stand for nothing. */
gboolean koban_cell_is_empty (const char *cell);

G_END_DECLS
