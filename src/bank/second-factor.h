/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second factor on its way, by a profile's rule: which request is next, what the person is to do, and how it ended.
 * It sends nothing and waits for nobody.
 */
#pragma once

#include <koban/session.h>
#include "bank/rules.h"

G_BEGIN_DECLS

typedef struct _KobanSecondFactor KobanSecondFactor;

/* @rule outlives it. */
KobanSecondFactor   *koban_second_factor_new       (const KobanFactorRule *rule);
void                 koban_second_factor_free      (KobanSecondFactor *self);

/* What the next step asks, until it is done. */
const KobanCallRule *koban_second_factor_get_call  (KobanSecondFactor *self);
/* "{sca.id}" and "{answer}" of it; (nullable). */
const char          *koban_second_factor_get_id     (KobanSecondFactor *self);
const char          *koban_second_factor_get_answer (KobanSecondFactor *self);

/* The answer to a step, or to the revocation where nothing has to be started. FALSE: it failed, and nothing was revoked. */
gboolean             koban_second_factor_take      (KobanSecondFactor *self, const KobanHttpResponse *answer,
                                                    const KobanErrorRule *errors, GError **error);
/* No answer came. TRUE: it is asked how things stand; FALSE: that cannot be known. */
gboolean             koban_second_factor_lost      (KobanSecondFactor *self);
gboolean             koban_second_factor_is_done   (KobanSecondFactor *self);

/* As koban_session_get_factor() and koban_session_answer_factor(); @known is the session's to say. */
const KobanFactor   *koban_second_factor_get_told  (KobanSecondFactor *self);
gboolean             koban_second_factor_answer    (KobanSecondFactor *self, KobanSecret *answer, GError **error);

G_END_DECLS
