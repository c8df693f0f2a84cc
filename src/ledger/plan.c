/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The plan of escalation. A row is one way to the person, a column is how urgent it is; what is told again,
 * and when, is a list. All of it ends when the person answers at the machine: the outbox sees to that.
 */
#include "config.h"

#include "ledger/plan.h"

#include <koban/date.h>

#define ANY G_MAXUINT

/* Minutes. The first row that fits is used. A person may be away from the desk, so that what is critical goes
 * to the first phone at once; whoever has a second one has it because the first may be off. */
static const struct
{
  KobanWay way;
  guint nth;
  int minutes[KOBAN_N_URGENCIES]; /* notice, warning, critical, all */
} plan[] = {
  { KOBAN_WAY_SCREEN, ANY, { 0, 0, 0, 0 } },
  { KOBAN_WAY_PHONE, 0, { KOBAN_PLAN_NEVER, 15, 0, 0 } },
  { KOBAN_WAY_PHONE, ANY, { KOBAN_PLAN_NEVER, 60, 15, 0 } },
  { KOBAN_WAY_MAIL, ANY, { KOBAN_PLAN_NEVER, 60, 60, 0 } },
  { KOBAN_WAY_PROGRAM, ANY, { 0, 0, 0, 0 } },
};

/* Hours after it got so bad. The first is before the servers of the phones forget what they could not
 * deliver, which they do after twelve; then once a day. */
static const int repeat_hours[] = { 11, 24, 48, 72 };

KobanWay
koban_plan_way (KobanChannelKind kind, guint phones)
{
  static const KobanWay ways[KOBAN_N_CHANNEL_KINDS] = {
    [KOBAN_CHANNEL_DESKTOP] = KOBAN_WAY_SCREEN,  [KOBAN_CHANNEL_NTFY] = KOBAN_WAY_PHONE,
    [KOBAN_CHANNEL_GOTIFY] = KOBAN_WAY_PHONE,    [KOBAN_CHANNEL_MAIL] = KOBAN_WAY_MAIL,
    [KOBAN_CHANNEL_WEBHOOK] = KOBAN_WAY_PROGRAM,
  };
  KobanWay way = ways[kind];

  return way == KOBAN_WAY_MAIL && phones == 0 ? KOBAN_WAY_PHONE : way;
}

gint64
koban_plan_wait_us (KobanWay way, guint nth, KobanUrgency urgency)
{
  for (gsize i = 0; i < G_N_ELEMENTS (plan); i++)
    if (plan[i].way == way && (plan[i].nth == ANY || plan[i].nth == nth))
      {
        int minutes = plan[i].minutes[urgency];

        return minutes == KOBAN_PLAN_NEVER ? KOBAN_PLAN_NEVER : minutes * KOBAN_MINUTE_US;
      }
  return KOBAN_PLAN_NEVER;
}

gint64
koban_plan_due_us (gint64 worse_us, gint64 wait_us)
{
  return wait_us == 0 ? worse_us : worse_us - worse_us % KOBAN_MINUTE_US + wait_us;
}

gboolean
koban_plan_updates (KobanWay way)
{
  return way == KOBAN_WAY_SCREEN || way == KOBAN_WAY_PROGRAM;
}

gint64
koban_plan_repeat_us (KobanWay way, gint64 worse_us, gint64 now_us)
{
  for (gsize i = 0; way != KOBAN_WAY_PROGRAM && i < G_N_ELEMENTS (repeat_hours); i++)
    {
      gint64 due_us = koban_plan_due_us (worse_us, repeat_hours[i] * KOBAN_HOUR_US);

      if (due_us > now_us)
        return due_us;
    }
  return 0;
}
