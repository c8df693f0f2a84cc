/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One call of koban_watch_judge as its detectors see it: what was heard, what is usual, and the
 * alerts so far. A detector looks at one change and may tell; it never learns.
 */
#pragma once

#include <koban/alert.h>
#include <koban/services.h>
#include "model/delta.h"
#include "watch/habit.h"
#include "watch/reasons.h"
#include "watch/watch.h"

G_BEGIN_DECLS

typedef struct
{
  KobanServices    *services; /* (nullable) */
  KobanWariness     wariness;
  KobanHabits      *habits;
  KobanHabit       *habit;
  const KobanDelta *delta;
  const char       *account;  /* key of the habits: "a1" or "c1" */
  KobanCurrency     currency;
  GPtrArray        *alerts;   /* (element-type KobanAlert) */
  gint64            due_us;   /* 0: never */

  const KobanChange *change;  /* the one that is judged */
  KobanDebit         debit;   /* of a line that is new */
  KobanPayee        *payee;   /* (nullable): before this line */
} KobanJudgement;

/* What a detector has to say. */
typedef struct
{
  const char     *incident;
  KobanAlertKind  kind;
  KobanSeverity   severity;
  GPtrArray      *refs;       /* (nullable) (element-type utf8) */
  const char     *subject;    /* (nullable) */
  const char     *service;    /* (nullable) */
  GVariant       *reasons;    /* floating aa{sv} */
  gboolean        has_total;
  gint64          total;      /* out is negative */
} KobanVerdict;

/* FALSE if nobody wants to hear it: of a joint account, say. */
gboolean      koban_judgement_tell    (KobanJudgement *self, const KobanVerdict *verdict);
/* Asks for another look at @at_us. */
void          koban_judgement_due     (KobanJudgement *self, gint64 at_us);
/* Adds "in_coverage_gap" if Koban could not look for long. */
void          koban_judgement_say_gap (KobanJudgement *self, GVariantBuilder *reasons);
KobanMoney    koban_judgement_money   (const KobanJudgement *self, gint64 minor);
/* "link:a1:0011223344556677" */
char         *koban_judgement_key     (const KobanJudgement *self, const char *what, guint64 number, KobanDate day);

/* What @raw says, without banks' words and numbers. (transfer none): until the next line. */
const KobanName *koban_judgement_name (KobanJudgement *self, const char *raw);

/* @service if it takes money of this account's currency; else NULL. */
const KobanService *koban_judgement_service (const KobanJudgement *self, const KobanService *service);

/* The open episode that @debit belongs to; NULL: none. */
KobanEpisode *koban_episode_of_debit  (KobanJudgement *self);
KobanKnownLink *koban_link_of_debit   (KobanJudgement *self);
gboolean      koban_subject_fits      (const char *one, const char *other);

/* The detectors: links.c, withdrawals.c, balance.c. */
void koban_links_on_new        (KobanJudgement *self);
void koban_links_on_back       (KobanJudgement *self);
void koban_links_on_changed    (KobanJudgement *self);
void koban_links_on_line       (KobanJudgement *self);
void          koban_withdrawals_on_line (KobanJudgement *self);
/* Of a line that is history: how often would this account have alarmed? */
void          koban_withdrawals_rehearse (KobanJudgement *self);
void          koban_links_rehearse (KobanJudgement *self);
void koban_balance_on_time     (KobanJudgement *self); /* once a check, @change is NULL */

/* What they teach, after the judgement. */
void koban_links_learn         (KobanJudgement *self);
void koban_links_learn_debit   (KobanJudgement *self);
void koban_balance_learn       (KobanJudgement *self);

G_END_DECLS
