/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A secret is its own type: immutable, in memory that is never paged, never dumped and wiped by
 * its last owner. It has no conversion to a string; koban_secret_peek() is for the one call that
 * sends it. A bundle is a secret that holds several named ones (what one keyring item keeps).
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

typedef struct _KobanSecret KobanSecret;

#define KOBAN_TYPE_SECRET (koban_secret_get_type ())
GType        koban_secret_get_type (void);

/* Copies @value; the caller wipes its own. @length may be -1. */
KobanSecret *koban_secret_new (const char *value, gssize length);
KobanSecret *koban_secret_ref (KobanSecret *self);
void         koban_secret_unref (KobanSecret *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanSecret, koban_secret_unref)

/* NUL-terminated, valid while @self is. */
const char  *koban_secret_peek (KobanSecret *self, gsize *length);
gboolean     koban_secret_equal (KobanSecret *a, KobanSecret *b); /* constant time in the length of @b */

/* A bundle keeps "name=value" lines, values percent-encoded, names [a-z0-9_]+. NULL @bundle is empty.
 * _with replaces or adds; a NULL @value removes. Both results (transfer full). */
KobanSecret *koban_secret_bundle_with (KobanSecret *bundle, const char *name, KobanSecret *value);
KobanSecret *koban_secret_bundle_lookup (KobanSecret *bundle, const char *name); /* (nullable) */

/* Overwrites and frees a string that held a secret. NULL is fine. */
void         koban_secret_wipe (char *value);

G_END_DECLS
