/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Time is injected. Wall time is what people read and what the ledger stores; boot time counts
 * sleep too and is what schedules are kept in. Alarms are one timerfd on CLOCK_BOOTTIME: nothing
 * wakes between two of them, and one that fell due in suspend fires on resume.
 */
#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_CLOCK (koban_clock_get_type ())
G_DECLARE_INTERFACE (KobanClock, koban_clock, KOBAN, CLOCK, GObject)

typedef void (*KobanAlarmFunc) (gpointer user_data);

struct _KobanClockInterface
{
  GTypeInterface parent;

  gint64 (*get_wall_us) (KobanClock *self);
  gint64 (*get_boot_us) (KobanClock *self);
  guint  (*add_alarm)   (KobanClock *self, gint64 boot_us, KobanAlarmFunc func, gpointer user_data);
  void   (*remove_alarm) (KobanClock *self, guint id);
};

gint64 koban_clock_get_wall_us (KobanClock *self);
gint64 koban_clock_get_boot_us (KobanClock *self);

/* Calls @func once from the thread-default context of the caller, when boot time has reached @boot_us. Never 0. */
guint  koban_clock_add_alarm (KobanClock *self, gint64 boot_us, KobanAlarmFunc func, gpointer user_data);
/* @id must not have fired yet: an alarm is gone before its function is called. */
void   koban_clock_remove_alarm (KobanClock *self, guint id);

/* The computer's own clock. */
KobanClock *koban_clock_system_new (void);

G_END_DECLS
