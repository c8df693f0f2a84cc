/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a bank's answer means before any row of it is read: a document, or the error that its status
 * or its kind stands for (trust B2, B18, N9).
 */
#pragma once

#include <koban/http.h>
#include "bank/rules.h"

G_BEGIN_DECLS

/* @is_entry: the first thing that every secret can read, so that a refusal is about the secret itself. @errors
 * (nullable): what the bank's own words for a refusal mean. */
gboolean   koban_answer_check (const KobanHttpResponse *answer, const KobanErrorRule *errors, gboolean is_entry,
                               GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* koban_answer_check(), then the JSON in it. (transfer full) */
KobanJson *koban_answer_read  (const KobanHttpResponse *answer, const KobanErrorRule *errors, gboolean is_entry,
                               GError **error);

G_END_DECLS
