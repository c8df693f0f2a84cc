/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors inside a good answer: what to tell the person, and which accounts cannot be read now.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

/* The troubles in @root by the request's rules; every message is added, once, to @messages, which is
 * NULL-terminated and stays so. Valid while the document is. (transfer full) */
GArray *koban_troubles_read (const KobanRequestRule *request, KobanJsonNode root, GPtrArray *messages);

/* Adds a clean sentence to them, once, while there is room. */
void    koban_troubles_note (GPtrArray *messages, const char *text);

/* Why @account cannot be read now, or NULL. (transfer full) */
GError *koban_troubles_find (GArray *troubles, const KobanAccount *account);

/* Why what is said of @account may be neither all nor new, or NULL; of nobody in particular if @account is
 * NULL. (transfer full) */
GError *koban_troubles_find_doubt (GArray *troubles, const KobanAccount *account);

G_END_DECLS
