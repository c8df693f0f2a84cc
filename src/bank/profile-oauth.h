/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The rows of the scheme “oauth” in a profile: reading them, and what must be true of them together.
 */
#pragma once

#include "bank/profile-keys.h"

G_BEGIN_DECLS

/* Its lists, which live as long as the profile. */
void     koban_oauth_rule_init  (KobanReading *reading, KobanOAuthRule *self);

/* Whether a sign-in by this rule gives a secret of that name. */
gboolean koban_oauth_rule_gives (const KobanOAuthRule *self, const char *name);

/* Adds what is wrong with @rule, of the scheme, and marks what it uses. */
void     koban_oauth_rule_check (KobanReading *reading, KobanJsonNode node, KobanProfile *profile,
                                 const KobanProofRule *rule);

/* The row of @profile that is of the scheme, or NULL. */
const KobanProofRule *koban_oauth_rule_find (KobanProfile *profile);

/* Where an endpoint of the profile is: a path hangs on @base_url; an address of the profile's does, too, if the person
 * typed one (@typed). (transfer full) */
char    *koban_oauth_rule_place (const char *endpoint, const char *base_url, gboolean typed);

/* “consent” of the row. */
KOBAN_KEY_READER (oauth_consent); /* KobanConsentRule */

G_END_DECLS
