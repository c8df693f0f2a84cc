/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's sign-in at a bank's own page (OAuth 2). As a session, it makes one request a step, and decides nothing
 * about when; unlike one, it also waits for the person: at a page that somebody else opens, or for a code to be typed.
 * Verifier, state and code never leave it; the tokens leave it as a bundle for the keyring.
 */
#pragma once

#include <koban/session.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_SIGN_IN (koban_sign_in_get_type ())
G_DECLARE_FINAL_TYPE (KobanSignIn, koban_sign_in, KOBAN, SIGN_IN, GObject)

/* @redirect_url (nullable): where the page sends the browser back to; of @options, covered_to is not used. */
KobanSignIn *koban_sign_in_new         (KobanHttp *http, const KobanSessionOptions *options, const char *redirect_url,
                                        GError **error);

/* ASKS: a step is to be made, after the pause. PAGE: the person is at the page. */
typedef enum { KOBAN_SIGN_IN_ASKS, KOBAN_SIGN_IN_PAGE, KOBAN_SIGN_IN_DONE } KobanSignInState;
KobanSignInState koban_sign_in_get_state (KobanSignIn *self);
guint        koban_sign_in_get_pause_s (KobanSignIn *self);
/* What the person is to look at, and to type there; (nullable). */
const char  *koban_sign_in_get_url       (KobanSignIn *self);
const char  *koban_sign_in_get_user_code (KobanSignIn *self);
/* Whether the page is at a host that the person was shown. */
gboolean     koban_sign_in_is_shown_host (KobanSignIn *self);

void         koban_sign_in_step_async  (KobanSignIn *self, gint64 now_us, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
/* Errors as of a session; FORBIDDEN: the person or the bank declined. */
gboolean     koban_sign_in_step_finish (KobanSignIn *self, GAsyncResult *result, GError **error);

/* Where the browser ended up, as a whole address; "" if it only came back from a consent's page. UNTRUSTED: it is not of
 * this sign-in, which goes on waiting. */
gboolean     koban_sign_in_returned    (KobanSignIn *self, KobanSecret *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* The whole bundle, if it changed since it was taken. (transfer full) (nullable) */
KobanSecret *koban_sign_in_take_secrets (KobanSignIn *self);

/* — what a profile says of it — */

/* Whether a connection begins with one. */
gboolean     koban_profile_signs_in         (KobanProfile *profile);
/* Whether it has a page that sends the browser back. */
gboolean     koban_profile_has_page         (KobanProfile *profile);
/* The need whose value is the registered address; NULL: any port of this computer will do. */
const char  *koban_profile_get_redirect     (KobanProfile *profile);
/* When the consent of a stored sign-in ends, in µs; 0: not known. */
gint64       koban_sign_in_get_consent_end_us (KobanSecret *secrets);

G_END_DECLS
