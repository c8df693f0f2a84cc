/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command's few dealings with the keyring: it makes items, and it may ask the person to unlock.
 */
#pragma once

#include <koban/vault.h>

G_BEGIN_DECLS

/* Stores @secret under a new id, unlocking first if the person is there to do so. The id. (transfer full) */
char    *koban_keyring_store  (KobanSecretKind kind, const char *provider, const char *label, KobanSecret *secret,
                               GError **error);
gboolean koban_keyring_unlock (GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
