/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The questions of a review: numbered, put to a person one key each, or answered by number.
 */
#pragma once

#include "cli/printer.h"

G_BEGIN_DECLS

extern const KobanColumn koban_question_columns[];

/* The same rows with "number" x, from 1. (transfer full) */
GVariant *koban_questions_number (GVariant *rows);
void      koban_questions_print  (GVariant *questions);

/* Asks them at the terminal until all are answered or the person has enough. The exit code. */
int       koban_questions_put    (GVariant *questions);
/* @answers: "3=mine", "t12=not-mine". None is given unless all of them are understood. The exit code. */
int       koban_questions_answer (const char *command, GVariant *questions, char *const *answers, gboolean json);

G_END_DECLS
