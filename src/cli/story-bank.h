/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one bank of a story would say if it were asked now: snapshots, as a session makes them. It
 * is asked at rising times and knows nothing later than the time of asking.
 */
#pragma once

#include <koban/snapshot.h>
#include "cli/story.h"

G_BEGIN_DECLS

typedef struct _KobanStoryBank KobanStoryBank;

/* @story (unowned) outlives it. */
KobanStoryBank *koban_story_bank_new  (const KobanStory *story, const char *bank);
void            koban_story_bank_free (KobanStoryBank *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanStoryBank, koban_story_bank_free)

/* One check: the accounts when one is new or changed, then for each account links, balance and transactions. The first
 * good listing of transactions is the whole history, later ones are what changed since.
 * @next_us is when it will be asked again: a listing that says nothing new now, and will not then, is left out, for
 * hearing it changes nothing. 0 leaves nothing out. (element-type KobanSnapshot) (transfer full) */
GPtrArray      *koban_story_bank_ask  (KobanStoryBank *self, gint64 now_us, gint64 next_us);

/* The first moment after the last asking at which it would say something else; 0: never. */
gint64          koban_story_bank_get_next_us (const KobanStoryBank *self);
/* TRUE while its links have changed so lately that they must be asked for again: gone is what two listings lack. */
gboolean        koban_story_bank_is_settling (const KobanStoryBank *self);

G_END_DECLS
