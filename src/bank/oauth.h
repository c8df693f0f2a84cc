/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's sign-in by OAuth 2, as a walk through steps: requests to be made, a page to be looked at, a code to be
 * typed. It sends nothing, opens nothing and reads no clock; what it learns goes into the bundle of its KobanAuth.
 */
#pragma once

#include "bank/auth-scheme.h"

G_BEGIN_DECLS

typedef struct _KobanOAuth KobanOAuth;

/* @redirect_url (nullable): where the bank's page sends the browser back to. @auth outlives us. */
KobanOAuth    *koban_oauth_new           (KobanAuth *auth, const KobanProofRule *rule, const char *redirect_url,
                                         GError **error);
void           koban_oauth_free          (KobanOAuth *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanOAuth, koban_oauth_free)

gboolean       koban_oauth_is_done       (KobanOAuth *self);
/* The person is at the page: nothing is to be asked before koban_oauth_returned(). */
gboolean       koban_oauth_is_at_page    (KobanOAuth *self);
/* Seconds to wait before the next request. */
guint          koban_oauth_get_pause_s   (KobanOAuth *self);
/* The page, while there is one to be looked at; (nullable). */
const char    *koban_oauth_get_url       (KobanOAuth *self);
/* What to type there; (nullable). */
const char    *koban_oauth_get_user_code (KobanOAuth *self);

KobanOutgoing *koban_oauth_ask           (KobanOAuth *self, GError **error);
gboolean       koban_oauth_heard         (KobanOAuth *self, const KobanHttpResponse *answer, GError **error);

/* The address that the browser was sent back to, whole. Checked before anything of it is believed: the address itself,
 * state (RFC 6749), iss (RFC 9207). Fails with UNTRUSTED if it is not of this sign-in, which then goes on. */
gboolean       koban_oauth_returned      (KobanOAuth *self, KobanSecret *url, GError **error);

G_END_DECLS
