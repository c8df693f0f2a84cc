/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * From reason codes to sentences, at the three levels of detail. Used by the agent (notifications)
 * and the command (alerts, show). Shape: what happened · why it is odd · what to do. No blame, no
 * jargon, no link, no telephone number, never "hacked", never "safe" (facts/alerts.md 4.7).
 */
#pragma once

#include <koban/account.h>
#include <koban/alert.h>
#include <koban/settings.h>

G_BEGIN_DECLS

/* @alerts are the alerts of one incident, worst first; @account_name is (nullable).
 * At KOBAN_DETAIL_NONE the only content is @code, the incident's short code. Plain text; the caller
 * escapes the body if the server speaks markup. (transfer full) */
char *koban_phrase_summary (GPtrArray *alerts, KobanDetail detail, const char *code);
char *koban_phrase_body    (GPtrArray *alerts, KobanDetail detail, const char *account_name);

/* The same, to the owners of the account: a joint one has two people who may know of it. */
char *koban_phrase_body_for (GPtrArray *alerts, KobanDetail detail, const char *account_name, KobanOwnership ownership);

/* Many incidents told as one: @alerts are of @incidents incidents, worst first. @in_gap: they happened while Koban could
 * not look; else they came all at once. (transfer full) */
char *koban_phrase_many_summary (GPtrArray *alerts, guint incidents, gboolean in_gap, KobanDetail detail, const char *code);
char *koban_phrase_many_body    (GPtrArray *alerts, guint incidents, gboolean in_gap, KobanDetail detail,
                                 KobanOwnership ownership);

/* What a person presses to give an answer: "It was me"; of a joint account "We know it". (transfer none); NONE has none */
const char *koban_phrase_answer_label (KobanAnswer answer, KobanOwnership ownership);

/* A code of DESIGN §5 ("direct_debit", "sign-in") as a person's word for it; what is no code is returned as it is.
 * (transfer none) */
const char *koban_phrase_word (const char *code);

/* One line for a table or `show`: "New direct debit: “ﾄﾞｺﾓｺｳｻﾞ” can take money from this account". */
char *koban_phrase_alert   (const KobanAlert *alert);
/* One reason with its numbers, checkable from a statement. @reason is a{sv}. */
char *koban_phrase_reason  (GVariant *reason);

G_END_DECLS
