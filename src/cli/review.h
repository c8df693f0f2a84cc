/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `review` and `status --settings` share: asking for the review, and saying how many alerts each
 * setting would have raised.
 */
#pragma once

#include "cli/printer.h"

G_BEGIN_DECLS

/* a{sv} of the bus method Review. @filter a{sv}, may be floating. (transfer full) */
GVariant *koban_review_ask            (GVariant *filter, GError **error);
void      koban_review_print_settings (GVariant *review);
void      koban_review_json_settings  (KobanJsonWriter *writer, GVariant *review);

/* What looks odd in @review, worst first, and by when to act. */
void      koban_review_print_odd (GVariant *review);

G_END_DECLS
