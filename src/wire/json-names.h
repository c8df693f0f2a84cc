/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The names already seen in one JSON object. Private to json-guard.c and json-names.c.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _KobanJsonNames KobanJsonNames;

KobanJsonNames *koban_json_names_new  (void);
void            koban_json_names_free (KobanJsonNames *self);
/* Empty again, for the next object. */
void            koban_json_names_clear (KobanJsonNames *self);

/* FALSE if the NUL-terminated name of @size bytes at @text + @name is there already. Every call of one set gives
 * the same text, which may have moved in between. */
gboolean        koban_json_names_add  (KobanJsonNames *self, const char *text, guint32 name, guint32 size);

/* How often two names were compared, for the test that this stays linear. */
guint           koban_json_names_get_n_compared (const KobanJsonNames *self);

G_END_DECLS
