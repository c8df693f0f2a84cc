/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts of a row in a profile's file: where each stands, and which of the bank's words is which of ours.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

extern const char *const koban_gives_words[]; /* by KobanGives, NULL-terminated */

/* A pointer, a list of pointers, {"at", "values", "else", "absent", "join"}, or {"is"}. (transfer full) */
KobanField *koban_fact_read      (KobanReading *reading, KobanJsonNode node);

/* The facts that a row of @listing has. */
void        koban_facts_read_row (KobanReading *reading, KobanJsonNode node, KobanListingRule *listing);

KOBAN_KEY_READER (fact);       /* KobanField *, taken as it stands */
KOBAN_KEY_READER (effect);     /* KobanField *, in the words for effects */
KOBAN_KEY_READER (refusal);    /* KobanField *, in the words for refusals */
KOBAN_KEY_READER (factor_state); /* KobanField *, in the words for a second factor */
KOBAN_KEY_READER (by_account); /* KobanField *, of a variable, in the words for signs */

G_END_DECLS
