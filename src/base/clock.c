/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The computer's clock: one timerfd on CLOCK_BOOTTIME holds the soonest alarm, in absolute time, so
 * that nothing wakes in between and suspend is no gap. It never polls and never keeps a clock of its own.
 */
#include "config.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <glib-unix.h>

#include <koban/clock.h>
#include <koban/date.h>

G_DEFINE_INTERFACE (KobanClock, koban_clock, G_TYPE_OBJECT)

static void
koban_clock_default_init (KobanClockInterface *iface)
{
}

gint64
koban_clock_get_wall_us (KobanClock *self)
{
  g_return_val_if_fail (KOBAN_IS_CLOCK (self), 0);

  return KOBAN_CLOCK_GET_IFACE (self)->get_wall_us (self);
}

gint64
koban_clock_get_boot_us (KobanClock *self)
{
  g_return_val_if_fail (KOBAN_IS_CLOCK (self), 0);

  return KOBAN_CLOCK_GET_IFACE (self)->get_boot_us (self);
}

guint
koban_clock_add_alarm (KobanClock *self, gint64 boot_us, KobanAlarmFunc func, gpointer user_data)
{
  guint id;

  g_return_val_if_fail (KOBAN_IS_CLOCK (self) && func != NULL, 0);

  id = KOBAN_CLOCK_GET_IFACE (self)->add_alarm (self, boot_us, func, user_data);
  g_assert (id != 0);
  return id;
}

void
koban_clock_remove_alarm (KobanClock *self, guint id)
{
  g_return_if_fail (KOBAN_IS_CLOCK (self) && id != 0);

  KOBAN_CLOCK_GET_IFACE (self)->remove_alarm (self, id);
}

typedef struct
{
  guint id;
  gint64 boot_us;
  KobanAlarmFunc func;
  gpointer user_data; /* (unowned): the caller removes the alarm before it goes away */
} Alarm;

#define KOBAN_TYPE_CLOCK_SYSTEM (koban_clock_system_get_type ())
G_DECLARE_FINAL_TYPE (KobanClockSystem, koban_clock_system, KOBAN, CLOCK_SYSTEM, GObject)

struct _KobanClockSystem
{
  GObject parent_instance;

  int timer;             /* the timerfd: set to the first of @alarms, disarmed when there is none */
  GMainContext *context; /* (owned): where the clock was made, and the only place that may set alarms */
  GSource *source;       /* (owned) */
  GList *alarms;         /* (owned) (element-type Alarm): soonest first, equals in the order of their ids */
  guint last_id;
};

static void koban_clock_system_iface_init (KobanClockInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanClockSystem,
                               koban_clock_system,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CLOCK, koban_clock_system_iface_init))

static gint64
clock_system_get_wall_us (KobanClock *clock)
{
  return g_get_real_time ();
}

static gint64
clock_system_get_boot_us (KobanClock *clock)
{
  struct timespec now;

  if (clock_gettime (CLOCK_BOOTTIME, &now) != 0)
    g_error ("The system has no boot-time clock: %s", g_strerror (errno));
  return now.tv_sec * KOBAN_SECOND_US + now.tv_nsec / 1000;
}

static void
arm (KobanClockSystem *self)
{
  struct itimerspec due = { 0 };

  if (self->alarms != NULL)
    {
      /* All zeros would disarm: what is already past is due at the first microsecond. */
      gint64 boot_us = MAX (((Alarm *) self->alarms->data)->boot_us, 1);

      due.it_value.tv_sec = boot_us / KOBAN_SECOND_US;
      due.it_value.tv_nsec = boot_us % KOBAN_SECOND_US * 1000;
    }
  if (timerfd_settime (self->timer, TFD_TIMER_ABSTIME, &due, NULL) != 0)
    g_error ("Cannot set the alarm clock: %s", g_strerror (errno));
}

static int
compare_alarms (gconstpointer a, gconstpointer b)
{
  const Alarm *one = a, *other = b;

  if (one->boot_us != other->boot_us)
    return one->boot_us < other->boot_us ? -1 : 1;
  return one->id < other->id ? -1 : one->id > other->id;
}

static guint
clock_system_add_alarm (KobanClock *clock, gint64 boot_us, KobanAlarmFunc func, gpointer user_data)
{
  KobanClockSystem *self = KOBAN_CLOCK_SYSTEM (clock);
  g_autoptr(GMainContext) here = g_main_context_ref_thread_default ();
  Alarm *alarm;

  g_assert (here == self->context);

  alarm = g_new (Alarm, 1);
  *alarm = (Alarm){ ++self->last_id, boot_us, func, user_data };
  self->alarms = g_list_insert_sorted (self->alarms, alarm, compare_alarms);
  if (self->alarms->data == alarm)
    arm (self);
  return alarm->id;
}

static void
clock_system_remove_alarm (KobanClock *clock, guint id)
{
  KobanClockSystem *self = KOBAN_CLOCK_SYSTEM (clock);
  GList *at = self->alarms;

  while (at != NULL && ((Alarm *) at->data)->id != id)
    at = at->next;
  g_return_if_fail (at != NULL);

  g_free (at->data);
  self->alarms = g_list_delete_link (self->alarms, at);
  arm (self);
}

/* The first alarm that is due and was set before this round began, so that an alarm which sets another one in
 * the past cannot hold the loop. */
static Alarm *
steal_due (KobanClockSystem *self, gint64 now_us, guint last_id)
{
  for (GList *at = self->alarms; at != NULL && ((Alarm *) at->data)->boot_us <= now_us; at = at->next)
    {
      Alarm *alarm = at->data;

      if (alarm->id > last_id)
        continue;
      self->alarms = g_list_delete_link (self->alarms, at);
      return alarm;
    }
  return NULL;
}

static gboolean
on_timer (int timer, GIOCondition condition, gpointer user_data)
{
  g_autoptr(KobanClockSystem) self = g_object_ref (user_data);
  guint last_id = self->last_id;
  gint64 now_us = clock_system_get_boot_us (KOBAN_CLOCK (self));
  guint64 n_expired;
  Alarm *alarm;

  /* The count says nothing: the list does. EAGAIN: the timer was set anew since it fired. */
  (void) !read (timer, &n_expired, sizeof n_expired);

  while ((alarm = steal_due (self, now_us, last_id)) != NULL)
    {
      g_autofree Alarm *fired = alarm;

      fired->func (fired->user_data);
    }
  arm (self);
  return G_SOURCE_CONTINUE;
}

static void
koban_clock_system_init (KobanClockSystem *self)
{
  self->context = g_main_context_ref_thread_default ();
  self->timer = timerfd_create (CLOCK_BOOTTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (self->timer < 0)
    g_error ("Cannot make an alarm clock: %s", g_strerror (errno));

  self->source = g_unix_fd_source_new (self->timer, G_IO_IN);
  g_source_set_static_name (self->source, "koban-clock");
  g_source_set_callback (self->source, G_SOURCE_FUNC (on_timer), self, NULL);
  g_source_attach (self->source, self->context);
}

static void
koban_clock_system_finalize (GObject *object)
{
  KobanClockSystem *self = KOBAN_CLOCK_SYSTEM (object);

  g_source_destroy (self->source);
  g_source_unref (self->source);
  (void) close (self->timer);
  g_list_free_full (self->alarms, g_free);
  g_main_context_unref (self->context);
  G_OBJECT_CLASS (koban_clock_system_parent_class)->finalize (object);
}

static void
koban_clock_system_class_init (KobanClockSystemClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_clock_system_finalize;
}

static void
koban_clock_system_iface_init (KobanClockInterface *iface)
{
  iface->get_wall_us = clock_system_get_wall_us;
  iface->get_boot_us = clock_system_get_boot_us;
  iface->add_alarm = clock_system_add_alarm;
  iface->remove_alarm = clock_system_remove_alarm;
}

KobanClock *
koban_clock_system_new (void)
{
  return g_object_new (KOBAN_TYPE_CLOCK_SYSTEM, NULL);
}
