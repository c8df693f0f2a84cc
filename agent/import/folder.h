/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A folder that a person puts their statement files into: which are new, and one of them opened.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* aa{sv}, floating: "name" s, "digest" s, "changed" x; oldest first, without those whose digest is @known. */
GVariant *koban_folder_list (const char *folder, const char *const *known, GError **error);
/* A descriptor, or -1. */
int       koban_folder_open (const char *folder, const char *name, GError **error);

G_END_DECLS
