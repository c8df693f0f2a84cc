/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the requests of one session gave of one listing, put together: lines of an account over windows, pages and
 * lists of their own; links of an account, or of the connection, over several requests.
 */
#pragma once

#include "bank/step.h"

G_BEGIN_DECLS

typedef struct
{
  KobanGives    gives;   /* TRANSACTIONS or LINKS */
  KobanAccount *account; /* (nullable): links of the whole connection */
  GPtrArray    *rows;    /* (element-type KobanTransaction or KobanLink) */
  GArray       *pages;   /* of lines: the page that each of @rows stood on (element-type guint) */
  gint64        from_us; /* lines: as far back as was heard; now if nothing was */
  guint         heard, unheard; /* links: sets of 1 << KobanLinkKind: of requests that were answered, and that were not */
  GError       *error;   /* (nullable): links: of one request; lines: of a window, and older ones are not taken */
  GError       *doubt;   /* (nullable): why the lines may be neither all nor new … */
  gboolean      broken;  /* … namely because a part between @from_us and now is missing */
} KobanGathered;

/* (element-type KobanGathered) */
GPtrArray     *koban_gathering_new  (void);

/* What @step gave of @account: @lines, unless @error (nullable); @doubt is (nullable). An account of which the
 * newest window said nothing is not taken up by an older one. */
void           koban_gathering_take_lines (GPtrArray *self, const KobanStep *step, KobanAccount *account,
                                           GPtrArray *lines, const GError *error, const GError *doubt);
/* What one request gave of the links of @account, or of the connection: @links of @kind, unless @error. */
void           koban_gathering_take_links (GPtrArray *self, KobanAccount *account, KobanLinkKind kind,
                                           GPtrArray *links, const GError *error);
/* The pages of the window of @step lead in a circle: a line without an id that stands on several of them may be one,
 * and is taken as often as the page says that has the most of it. */
void           koban_gathering_doubt_repeats (GPtrArray *self, const KobanStep *step);
/* Lines that the bank takes back. */
void           koban_gathering_remove     (GPtrArray *self, GPtrArray *ids);

G_END_DECLS
