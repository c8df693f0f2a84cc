/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a session has heard: answers become accounts, lines and links by the profile's rules, and snapshots once
 * all that belongs to one has been heard. It asks for nothing and decides no order.
 */
#pragma once

#include "bank/step.h"

G_BEGIN_DECLS

typedef struct
{
  KobanProfile *profile;    /* (unowned): outlives us */
  GHashTable   *covered_to; /* (unowned): outlives us; identity → gint64 * */
  gint64        now_us;
  GPtrArray    *found;      /* of KobanAccount: as they were listed */
  GPtrArray    *accounts;   /* of KobanAccount: all that can be told apart */
  GPtrArray    *holders;    /* of text */
  GHashTable   *names;      /* id → name */
  GPtrArray    *gathered;   /* of KobanGathered */
  GPtrArray    *told;       /* of KobanSnapshot: not yet handed over */
  GPtrArray    *messages;   /* of text, NULL-terminated */
  GError       *accounts_error; /* (nullable): why the list may lack some: the bank's word, or a request that failed */
  gboolean      continued;  /* the list of changes goes on where an earlier check left it */
  GHashTable   *taken_back; /* ids of lines that it takes back */
  char         *changes_of; /* (nullable): the list of changes that was heard to its end, … */
  char         *cursor;     /* (nullable): … and where it goes on; NULL: it has to begin again */
  gboolean      accounts_whole; /* the bank said nothing that casts doubt on the list */
} KobanHearing;

KobanHearing *koban_hearing_new      (KobanProfile *profile, GHashTable *covered_to, gint64 now_us);
void          koban_hearing_free     (KobanHearing *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanHearing, koban_hearing_free)

/* When the profile's history begins; whether lines of @account are covered at all. */
gint64        koban_hearing_get_start  (KobanHearing *self);
gboolean      koban_hearing_is_covered (KobanHearing *self, const KobanAccount *account);

/* The answer to @step, whose span it may widen for an account that is new. FALSE if the answer is to be told as
 * failed. */
gboolean      koban_hearing_take     (KobanHearing *self, KobanStep *step, KobanJsonNode root, GError **error);
/* The bank says that what @step asks about is not there. FALSE if that is no answer to it. */
gboolean      koban_hearing_take_none (KobanHearing *self, const KobanStep *step);
/* A request that gave nothing, or a page that has no next although there is more: each of its listings is FAILED
 * or broken, never "nothing there". */
void          koban_hearing_fail     (KobanHearing *self, const KobanStep *step, const GError *error);

/* @root is the last page of a list of changes, and says where it goes on the next time. */
void          koban_hearing_keep_cursor  (KobanHearing *self, const KobanStep *step, KobanJsonNode root);
/* The pages that @step is one of lead in a circle. */
void          koban_hearing_doubt_repeats (KobanHearing *self, const KobanStep *step);

/* All accounts that can be told apart are known: told before all else. */
void          koban_hearing_announce (KobanHearing *self);
/* Tells what no step of @steps will add to. */
void          koban_hearing_settle   (KobanHearing *self, GQueue *steps);
/* (transfer full) (element-type KobanSnapshot) */
GPtrArray    *koban_hearing_hand_over (KobanHearing *self);

G_END_DECLS
