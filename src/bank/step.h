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
  KOBAN_STEP_REVOKE,
  KOBAN_STEP_FACTOR
} KobanStepKind;

typedef struct
{
  KobanStepKind     kind;
  KobanRequestRule *request; /* (unowned) (nullable): the profile's */
  KobanAccount     *account; /* (nullable) */
  const char       *as_client; /* (unowned) (nullable): of an opening: the scope of the client's own token that it is for */
  char             *holder;  /* (nullable) */
  gint64            since_us; /* the whole span that is wanted … */
  gint64            from_us, to_us; /* … and the window of it that this step asks for */
  gboolean          newest; /* the first window to be asked for, up to now; windows go back in time */
  guint             page;   /* 0, 1 …: within the window */
  char             *next;   /* (nullable): of a later page: where it is, as the page before said … */
  gboolean          continued; /* … or, of the first, an earlier check */
  char             *path;   /* (nullable): once it was built */
  GHashTable       *seen;   /* (nullable): every @next of this window, so that no circle is walked */
} KobanStep;

KobanStep *koban_step_new        (KobanStepKind kind, KobanRequestRule *request, KobanAccount *account);
void       koban_step_free       (gpointer step);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanStep, koban_step_free)

/* At the newest window of what lies between @since_us and @now_us. */
void       koban_step_aim        (KobanStep *self, gint64 since_us, gint64 now_us);
/* The window before this one; NULL if this was the last. (transfer full) (nullable) */
KobanStep *koban_step_older      (const KobanStep *self);
/* The page after this one. NULL with an error if it was there already, or if there is no end. (transfer full) */
KobanStep *koban_step_turn       (const KobanStep *self, const char *next, GError **error);
/* Whether this is the window that gives @line, of all the windows that may hold it. */
gboolean   koban_step_gives      (const KobanStep *self, const KobanTransaction *line);

/* What templates are filled with. */
typedef struct
{
  GHashTable *fields;  /* name → value */
  const char *link_id; /* (nullable) */
  const char *factor_id; /* (nullable): of a second factor … */
  const char *answer;    /* (nullable): … and what the person says */
} KobanStepValues;

/* "/path?name=value&…" from templates, with what turns the page; @query (nullable). (transfer full) */
char      *koban_step_build_path (const KobanStep *self, const char *path, GArray *query,
                                  const KobanStepValues *values, GError **error);
/* The JSON body; NULL without an error if there is none. (transfer full) (nullable) */
char      *koban_step_build_body (const KobanStep *self, KobanJsonNode body, const KobanStepValues *values,
                                  GError **error);

G_END_DECLS
