/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * When each way to the person is taken: pure arithmetic on two tables. It knows no row, no clock and no channel
 * but by what it is made of.
 */
#pragma once

#include <koban/settings.h>

G_BEGIN_DECLS

/* What a channel is to the person. */
typedef enum
{
  KOBAN_WAY_SCREEN,  /* before them; can be put right in place */
  KOBAN_WAY_PHONE,   /* in the pocket: each message is one more */
  KOBAN_WAY_MAIL,    /* read when it is read */
  KOBAN_WAY_PROGRAM, /* a program that decides for itself; hears every change */
} KobanWay;

/* The first three are the severities of alerts. */
typedef enum
{
  KOBAN_URGENCY_NOTICE,
  KOBAN_URGENCY_WARNING,
  KOBAN_URGENCY_CRITICAL,
  KOBAN_URGENCY_ALL, /* about Koban itself: everywhere, at once */
} KobanUrgency;
#define KOBAN_N_URGENCIES (KOBAN_URGENCY_ALL + 1)

#define KOBAN_PLAN_NEVER (-1)

/* @phones: how many of the channels are phones. A mailbox stands in for the phone that there is none of. */
KobanWay koban_plan_way     (KobanChannelKind kind, guint phones);
/* How long after it got as bad as it is the @nth (0 is the first) channel of its way is told, or KOBAN_PLAN_NEVER. */
gint64     koban_plan_wait_us   (KobanWay way, guint nth, KobanUrgency urgency);
/* Whether a change that needs no attention is told there. */
gboolean   koban_plan_updates   (KobanWay way);
/* When that is, if it got so bad at @worse_us. What comes of one minute is due in one. */
gint64     koban_plan_due_us    (gint64 worse_us, gint64 wait_us);
/* When what is critical and not answered is told there again, after @now_us; 0: not any more. */
gint64     koban_plan_repeat_us (KobanWay way, gint64 worse_us, gint64 now_us);

G_END_DECLS
