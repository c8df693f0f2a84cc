/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The errors that some caller acts on. Everything else rises as it is, prefixed with what each
 * level knows. Each code has a D-Bus name (org.koban.Error.*), so that a predicate gives the same
 * answer on both sides of the bus.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_ERROR_FAILED,        /* nothing better is known */
  KOBAN_ERROR_INVALID,       /* what came in is malformed: reply, profile, story, config, argument */
  KOBAN_ERROR_NEEDS_SIGN_IN, /* the bank refuses the secret (401, revoked, expired) */
  KOBAN_ERROR_FORBIDDEN,     /* the secret is good, but lacks this power (403, scope) */
  KOBAN_ERROR_RATE_LIMITED,  /* the bank asks for patience (429, 503 with Retry-After) */
  KOBAN_ERROR_BUDGET,        /* our own request budget is spent */
  KOBAN_ERROR_LOCKED,        /* the keyring is locked; wait, never prompt from the agent */
  KOBAN_ERROR_NO_KEYRING,    /* no Secret Service on the bus */
  KOBAN_ERROR_NOT_FOUND,     /* no such connection, link, alert, secret, provider */
  KOBAN_ERROR_AMBIGUOUS,     /* a name that fits several things */
  KOBAN_ERROR_OFFLINE,       /* no network, no answer, connection cut */
  KOBAN_ERROR_UNTRUSTED,     /* TLS not verified, or a host that the person was not shown */
  KOBAN_ERROR_NEWER,         /* the database was written by a newer Koban */
  KOBAN_ERROR_CORRUPT,       /* the database is damaged */
  KOBAN_ERROR_STORAGE,       /* disk full, read-only, I/O error */
  KOBAN_ERROR_UNSUPPORTED,   /* this provider or this link cannot do that */
} KobanError;

#define KOBAN_ERROR (koban_error_quark ())
GQuark koban_error_quark (void);

/* What a code is called outside the program: "needs-sign-in". Never NULL. */
const char *koban_error_code_name (KobanError code);

gboolean koban_error_is (const GError *error, KobanError code);

/* The person must act before trying again helps: sign in, unlock. */
gboolean koban_error_needs_person (const GError *error);

/* The bank was reached and said something, or could not be reached: trying later may help. */
gboolean koban_error_is_transient (const GError *error);

gboolean koban_error_is_cancelled (const GError *error);

G_END_DECLS
