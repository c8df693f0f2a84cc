/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Questions to the person at the terminal, and the answers that come on standard input instead.
 */
#pragma once

#include <gio/gio.h>
#include <koban/profile.h>
#include <koban/secret.h>

G_BEGIN_DECLS

/* Both ends are a terminal: a question can be asked. */
gboolean koban_prompt_can_ask (void);

/* One line, echoed. NULL at end of input. (transfer full) */
char *koban_prompt_line (const char *question);

/* A yes is "y" or "yes", in the person's language too. */
gboolean koban_prompt_yes (const char *question);

/* One key of @keys ("mnusq", letters of our own alphabet), case ignored, echoed as it is typed; others are not heard. '\0' at
 * end of input. A Ctrl-C ends the program with the terminal as it was. */
char koban_prompt_key (const char *question, const char *keys);

/* Until it is shown again, nothing that is typed appears on the terminal, however this program ends; a Ctrl-C is the
 * caller's. */
void koban_prompt_hide (void);
void koban_prompt_show (void);

/* What the person must hand over, gathered from options, files, standard input, the terminal. */
typedef struct
{
  KobanSecret *secrets; /* (owned) (nullable): bundle */
  GHashTable  *fields;  /* (owned) (element-type utf8 utf8): what is not secret */
  gboolean     until_blank; /* an empty line ends them on standard input: what follows answers later questions */
} KobanAnswers;

KobanAnswers *koban_answers_new  (void);
void          koban_answers_free (KobanAnswers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanAnswers, koban_answers_free)

/* "name=value" words of --field, "name=path" words of --secret-file; NULL is none. */
gboolean koban_answers_take_options (KobanAnswers *self, GArray *needs, char *const *fields, char *const *files,
                                     GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Lines of standard input (DESIGN §5 `add`). */
gboolean koban_answers_take_stdin   (KobanAnswers *self, GArray *needs, gboolean revoke, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* Asks for what is still missing; fails if it may not ask. @revoke: the needs of `revoke`, not of `add`. */
gboolean koban_answers_ask          (KobanAnswers *self, GArray *needs, gboolean revoke, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
