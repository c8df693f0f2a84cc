/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * "{name}" templates of paths and query values. A value is percent-encoded whole, so that no foreign
 * text can add a path segment, a parameter or a header; text outside the braces stands as written.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The value of a name, or NULL. (transfer none) */
typedef const char *(*KobanTemplateLookup) (const char *name, gpointer user_data);

/* (transfer full); KOBAN_ERROR_INVALID for an unknown name, an unsafe value or a broken template. */
char *koban_template_expand (const char *text, KobanTemplateLookup lookup, gpointer user_data, GError **error);

/* The same for a text that is no address: values stand as they are. */
char *koban_template_fill (const char *text, KobanTemplateLookup lookup, gpointer user_data, GError **error);

/* The names in it, in order; NULL with an error if braces do not match. (transfer full) */
char **koban_template_list_names (const char *text, GError **error);

G_END_DECLS
