/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is usual for this person: a fold over lines and answers, in integers, updated in constant
 * time a line. Kept by the ledger as one versioned blob an account that may be thrown away and
 * folded again (DESIGN §4.13).
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _KobanHabits KobanHabits; /* of one person: all their accounts */

KobanHabits *koban_habits_new  (void);
void         koban_habits_free (KobanHabits *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanHabits, koban_habits_free)

/* @account: "a1", or "c1" for what belongs to a whole connection, or "" for the person. FALSE if the blob is of another
 * version or damaged: the account's habits are then empty and must be folded again. */
gboolean koban_habits_load (KobanHabits *self, const char *account, GBytes *blob) G_GNUC_WARN_UNUSED_RESULT;
/* Accounts changed since the last call, so that only they are written. (transfer full), NULL-terminated. */
char   **koban_habits_take_changed (KobanHabits *self);
GBytes  *koban_habits_save (KobanHabits *self, const char *account);
void     koban_habits_forget (KobanHabits *self, const char *account);

G_END_DECLS
