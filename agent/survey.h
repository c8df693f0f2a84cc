/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's own check: several connections at once, and what came of it in one answer.
 */
#pragma once

#include "operation.h"
#include "parts.h"

G_BEGIN_DECLS

typedef struct _KobanSurvey KobanSurvey;

/* @connections: ids or unique names; none is all. */
KobanSurvey *koban_survey_new   (KobanParts *parts, const char *const *connections);
void         koban_survey_free  (gpointer self);
/* A KobanOperationFunc. */
void         koban_survey_start (KobanOperation *operation, gpointer self);

G_END_DECLS
