/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Help lines of a country (data/help): for paper and terminal, never for a message.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Those for accounts in @currency: aa{sv}: name s (in @language, else English), number s, source s, checked s. NULL:
 * $datadir/koban/help and the person's own. (transfer full) */
GVariant *koban_help_load (const char *const *directories, const char *currency, const char *language, GError **error);

G_END_DECLS
