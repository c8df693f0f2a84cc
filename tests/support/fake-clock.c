/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The driven clock. It owns no thread and no source, so nothing fires that the test did not ask for.
 */
#include "config.h"

#include <koban/date.h>

#include "fake-clock.h"

typedef struct
{
  guint id;
  gint64 boot_us;
  KobanAlarmFunc func;
  gpointer user_data;
} Alarm;

struct _KobanFakeClock
{
  GObject parent_instance;

  gint64 wall_us;
  gint64 boot_us;
  GList *alarms; /* (owned) (element-type Alarm): soonest first, equals in the order in which they were set */
  guint last_id;
};

static void koban_fake_clock_iface_init (KobanClockInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanFakeClock,
                               koban_fake_clock,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CLOCK, koban_fake_clock_iface_init))

static gint64
fake_clock_get_wall_us (KobanClock *clock)
{
  return KOBAN_FAKE_CLOCK (clock)->wall_us;
}

static gint64
fake_clock_get_boot_us (KobanClock *clock)
{
  return KOBAN_FAKE_CLOCK (clock)->boot_us;
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
fake_clock_add_alarm (KobanClock *clock, gint64 boot_us, KobanAlarmFunc func, gpointer user_data)
{
  KobanFakeClock *self = KOBAN_FAKE_CLOCK (clock);
  Alarm *alarm = g_new (Alarm, 1);

  *alarm = (Alarm){ ++self->last_id, boot_us, func, user_data };
  self->alarms = g_list_insert_sorted (self->alarms, alarm, compare_alarms);
  return alarm->id;
}

static void
fake_clock_remove_alarm (KobanClock *clock, guint id)
{
  KobanFakeClock *self = KOBAN_FAKE_CLOCK (clock);
  GList *at = self->alarms;

  while (at != NULL && ((Alarm *) at->data)->id != id)
    at = at->next;
  g_return_if_fail (at != NULL);
  g_free (at->data);
  self->alarms = g_list_delete_link (self->alarms, at);
}

static void
move_to (KobanFakeClock *self, gint64 boot_us)
{
  if (boot_us <= self->boot_us)
    return;
  self->wall_us += boot_us - self->boot_us;
  self->boot_us = boot_us;
}

static void
fire_first (KobanFakeClock *self)
{
  g_autofree Alarm *alarm = self->alarms->data;

  self->alarms = g_list_delete_link (self->alarms, self->alarms);
  move_to (self, alarm->boot_us);
  alarm->func (alarm->user_data);
}

void
koban_fake_clock_advance (KobanFakeClock *self, gint64 us)
{
  gint64 until_us = self->boot_us + us;

  g_object_ref (self);
  while (self->alarms != NULL && ((Alarm *) self->alarms->data)->boot_us <= until_us)
    fire_first (self);
  move_to (self, until_us);
  g_object_unref (self);
}

gboolean
koban_fake_clock_advance_to_next (KobanFakeClock *self)
{
  if (self->alarms == NULL)
    return FALSE;
  fire_first (self);
  return TRUE;
}

void
koban_fake_clock_set_wall (KobanFakeClock *self, gint64 wall_us)
{
  self->wall_us = wall_us;
}

guint
koban_fake_clock_get_n_alarms (KobanFakeClock *self)
{
  return g_list_length (self->alarms);
}

gint64
koban_fake_clock_get_next_us (KobanFakeClock *self)
{
  return self->alarms != NULL ? ((Alarm *) self->alarms->data)->boot_us : -1;
}

static void
koban_fake_clock_init (KobanFakeClock *self)
{
  self->boot_us = KOBAN_HOUR_US;
}

static void
koban_fake_clock_finalize (GObject *object)
{
  g_list_free_full (KOBAN_FAKE_CLOCK (object)->alarms, g_free);
  G_OBJECT_CLASS (koban_fake_clock_parent_class)->finalize (object);
}

static void
koban_fake_clock_class_init (KobanFakeClockClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_fake_clock_finalize;
}

static void
koban_fake_clock_iface_init (KobanClockInterface *iface)
{
  iface->get_wall_us = fake_clock_get_wall_us;
  iface->get_boot_us = fake_clock_get_boot_us;
  iface->add_alarm = fake_clock_add_alarm;
  iface->remove_alarm = fake_clock_remove_alarm;
}

KobanFakeClock *
koban_fake_clock_new (gint64 wall_us)
{
  KobanFakeClock *self = g_object_new (KOBAN_TYPE_FAKE_CLOCK, NULL);

  self->wall_us = wall_us;
  return self;
}
