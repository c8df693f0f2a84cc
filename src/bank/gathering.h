/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Lines of each account, gathered over the windows of one request.
 */
#pragma once

#include "bank/step.h"

G_BEGIN_DECLS

typedef struct
{
  KobanAccount *account;
  GPtrArray    *lines;   /* (element-type KobanTransaction) */
  gint64        from_us; /* as far back as was heard; now if nothing was */
  GError       *error;   /* (nullable): of the window that failed; older ones are not taken */
  GError       *doubt;   /* (nullable): why the lines may be neither all nor new */
} KobanGathered;

/* (element-type KobanGathered) */
GPtrArray *koban_gathering_new  (void);

/* What @step gave of @account: @lines, unless @error (nullable); @doubt is (nullable). An account of which the
 * newest window said nothing is not taken up by an older one. */
void       koban_gathering_take (GPtrArray *self, const KobanStep *step, KobanAccount *account, GPtrArray *lines,
                                 const GError *error, const GError *doubt);
/* A window of everybody failed. */
void       koban_gathering_fail (GPtrArray *self, const GError *error);

G_END_DECLS
