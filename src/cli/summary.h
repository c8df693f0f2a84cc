/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Sentences for alert rows off the bus, and the one thing that may be said when there are none.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The same rows with "summary". (transfer full) */
GVariant *koban_summary_add (GVariant *alert_rows);

/* A table of them, or what may be said when there are none. */
void      koban_summary_print (GVariant *alert_rows, gboolean json);

/* The reasons of an alert row, one sentence a line, indented. (transfer full) */
char     *koban_summary_reasons (GVariant *alert_row);

/* "No new links or unusual withdrawals found; last checked 12:05", or that nothing could be
 * checked. Never more (DESIGN §4.6). (transfer full) */
char     *koban_summary_nothing_found (void);

G_END_DECLS
