/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is wrong, and the next step: a table of checks, each one function that reads a situation and
 * changes nothing. `status --check` runs those that say whether Koban watches, `doctor` all.
 */
#pragma once

#include "cli/printer.h"
#include "cli/situation.h"

G_BEGIN_DECLS

typedef enum { KOBAN_HEALTH_WATCH, KOBAN_HEALTH_ALL } KobanHealthScope;

/* aa{sv}: "code" s (of a fixed list of ours), "about" s (an id, absent: of the whole), "name" s (a person's word, hostile),
 * "what" s and "next" s (sentences), "hint" b (good to know, and nothing is wrong), worst first. (transfer full) */
GVariant *koban_health_check (const KobanSituation *situation, KobanHealthScope scope);
/* Nothing but hints. */
gboolean  koban_health_is_well (GVariant *problems);
void      koban_health_print (GVariant *problems);
extern const KobanColumn koban_problem_columns[];

G_END_DECLS
