/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shape of the file, its versions, and the way from one to the next.
 */
#pragma once

#include "ledger/store.h"

G_BEGIN_DECLS

/* Opens the file, making it first if there is none, and brings it to this version. A file of a newer Koban (NEWER), an
 * empty one and one that is not Koban's (CORRUPT) are left untouched. @path NULL: in memory. */
KobanStore *koban_schema_open (const char *path, gboolean readonly, GError **error);
gboolean    koban_schema_set_aside (const char *path, char **moved_to, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
