/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One request of a session: what it is for, which account and which days it asks about, and the path
 * that says so.
 */
#pragma once

#include "bank/rules.h"

G_BEGIN_DECLS

typedef enum
{
  KOBAN_STEP_OPEN,
  KOBAN_STEP_LIST,
  KOBAN_STEP_REVOKE
} KobanStepKind;

typedef struct
{
  KobanStepKind     kind;
  KobanRequestRule *request; /* (unowned) (nullable): the profile's */
  KobanAccount     *account; /* (nullable) */
  gint64            since_us; /* the whole span that is wanted … */
  gint64            from_us, to_us; /* … and the window of it that this step asks for */
  gboolean          newest; /* the first window to be asked for, up to now; windows go back in time */
} KobanStep;

KobanStep *koban_step_new        (KobanStepKind kind, KobanRequestRule *request, KobanAccount *account);
void       koban_step_free       (gpointer step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanStep, koban_step_free)

/* At the newest window of what lies between @since_us and @now_us. */
void       koban_step_aim        (KobanStep *self, gint64 since_us, gint64 now_us);
/* The window before this one; NULL if this was the last. (transfer full) (nullable) */
KobanStep *koban_step_older      (const KobanStep *self);
/* Whether this is the window that gives @line, of all the windows that may hold it. */
gboolean   koban_step_gives      (const KobanStep *self, const KobanTransaction *line);

/* "/path?name=value&…" from templates; @query (nullable), @fields: name → value, @link_id (nullable).
 * (transfer full) */
char      *koban_step_build_path (const KobanStep *self, const char *path, GArray *query, GHashTable *fields,
                                  const char *link_id, GError **error);

G_END_DECLS
