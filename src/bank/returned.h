/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The address that a bank's page sent the browser back to: its parameters, each at most once.
 */
#pragma once

#include <gio/gio.h>
#include <koban/secret.h>

G_BEGIN_DECLS

/* Parameters of the query and of the fragment of @url, as a bundle would hold them: name → value. NULL with UNTRUSTED if
 * @url does not lead to @redirect_url, or says one of them twice. (transfer full) (element-type utf8 KobanSecret) */
GHashTable  *koban_returned_parse  (KobanSecret *url, const char *redirect_url, GError **error);

/* The text of a parameter, or NULL. Valid while the table is. */
const char  *koban_returned_get    (GHashTable *parameters, const char *name);

G_END_DECLS
