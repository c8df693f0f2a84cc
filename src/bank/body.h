/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The JSON body of a request, from the object in the profile: each of its texts is a template.
 */
#pragma once

#include "bank/template.h"
#include "wire/json-reader.h"

G_BEGIN_DECLS

/* @node with its texts filled, and one member more: @name (nullable), whose @value stands as a @number or as a text.
 * (transfer full) */
char *koban_body_build (KobanJsonNode node, const char *name, const char *value, gboolean number,
                        KobanTemplateLookup lookup, gpointer user_data, GError **error);

G_END_DECLS
