/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the agent writes as JSON, for servers that carry a message.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* One line of JSON from what json-writer.h takes as a variant: a{sv} and what may stand in it. @value may be floating.
 * (transfer full) */
char *koban_json_write (GVariant *value);

G_END_DECLS
