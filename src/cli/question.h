/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What an operation asks its caller while it runs: a page to be opened, a code to be typed. Answers go into the keyring's
 * session collection, and only their ids to the agent.
 */
#pragma once

#include "data/koban-dbus.h"

G_BEGIN_DECLS

typedef struct _KobanQuestions KobanQuestions;

/* Answers the questions of @operation while the main loop runs. */
KobanQuestions *koban_questions_new  (KobanDBusKoban1Operation *operation);
void            koban_questions_free (KobanQuestions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanQuestions, koban_questions_free)

G_END_DECLS
