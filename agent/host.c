/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the computer tells. A machine without logind, or without a system bus, simply never says
 * that it woke up; the boot clock's alarms then do. One without UPower never says that its battery is low.
 */
#include "config.h"

#include "host.h"

#define UPOWER "org.freedesktop.UPower"
#define UPOWER_PATH "/org/freedesktop/UPower"
#define PROPERTIES "org.freedesktop.DBus.Properties"
#define BATTERY_PATH UPOWER_PATH "/devices/DisplayDevice" /* all batteries as one */
#define BATTERY UPOWER ".Device"
#define DISCHARGING 2
#define LOOK_TIMEOUT_MS 2000

struct _KobanHost
{
  GObject parent;

  GNetworkMonitor *network;    /* (owned) */
  GPowerProfileMonitor *power; /* (owned) (nullable) */
  GCancellable *cancellable;   /* (owned) */
  GDBusConnection *system_bus; /* (owned) (nullable) */
  guint sleep_id, source_id;   /* 0: not subscribed */
  gboolean online;
  gboolean low; /* the battery, at the last look */
  KobanSaving saving;
};

enum
{
  SIGNAL_ONLINE,
  SIGNAL_SAVING,
  SIGNAL_RESUMED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanHost, koban_host, G_TYPE_OBJECT)

static KobanSaving
read_saving (KobanHost *self)
{
  if (self->low)
    return KOBAN_SAVING_BATTERY;
  if (self->power != NULL && g_power_profile_monitor_get_power_saver_enabled (self->power))
    return KOBAN_SAVING_POWER;
  return g_network_monitor_get_network_metered (self->network) ? KOBAN_SAVING_DATA : KOBAN_SAVING_NOTHING;
}

static void
on_saving_changed (KobanHost *self)
{
  KobanSaving saving = read_saving (self);

  if (self->saving == saving)
    return;
  self->saving = saving;
  g_signal_emit (self, signals[SIGNAL_SAVING], 0);
}

static void
on_network_changed (GNetworkMonitor *network, gboolean available, gpointer user_data)
{
  KobanHost *self = user_data;

  on_saving_changed (self);

  if (self->online == available)
    return;
  self->online = available;
  g_signal_emit (self, signals[SIGNAL_ONLINE], 0, available);
}

/* --- the battery ----------------------------------------------------------------------------- */

static gboolean
is_low (GVariant *battery)
{
  gboolean present = FALSE;
  guint32 state = 0;
  gdouble percent = 100;

  g_variant_lookup (battery, "IsPresent", "b", &present);
  g_variant_lookup (battery, "State", "u", &state);
  g_variant_lookup (battery, "Percentage", "d", &percent);
  return present && state == DISCHARGING && percent < KOBAN_HOST_LOW_PERCENT;
}

static void
on_battery (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GTask) task = user_data;
  KobanHost *self = g_task_get_source_object (task);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);
  g_autoptr(GVariant) battery = reply != NULL ? g_variant_get_child_value (reply, 0) : NULL;

  if (battery == NULL)
    g_debug ("Nobody tells of a battery: %s", error->message);
  self->low = battery != NULL && is_low (battery);
  on_saving_changed (self);
  g_task_return_int (task, self->saving);
}

void
koban_host_look_async (KobanHost *self, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (self, NULL, callback, user_data);

  g_task_set_source_tag (task, koban_host_look_async);
  if (self->system_bus == NULL)
    {
      g_task_return_int (task, self->saving);
      return;
    }
  g_dbus_connection_call (self->system_bus, UPOWER, BATTERY_PATH, PROPERTIES, "GetAll",
                          g_variant_new ("(s)", BATTERY), G_VARIANT_TYPE ("(a{sv})"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, LOOK_TIMEOUT_MS, NULL, on_battery,
                          g_steal_pointer (&task));
}

KobanSaving
koban_host_look_finish (KobanHost *self, GAsyncResult *result)
{
  g_return_val_if_fail (g_task_is_valid (result, self), KOBAN_SAVING_NOTHING);

  return (KobanSaving) g_task_propagate_int (G_TASK (result), NULL);
}

/* The plug went in or out, or the lid moved: seldom enough. */
static void
on_source_changed (GDBusConnection *bus,
                   const char *sender,
                   const char *path,
                   const char *interface,
                   const char *signal,
                   GVariant *parameters,
                   gpointer user_data)
{
  koban_host_look_async (user_data, NULL, NULL);
}

/* --- sleep ----------------------------------------------------------------------------------- */

static void
on_prepare_for_sleep (GDBusConnection *bus,
                      const char *sender,
                      const char *path,
                      const char *interface,
                      const char *signal,
                      GVariant *parameters,
                      gpointer user_data)
{
  gboolean falling_asleep = TRUE;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &falling_asleep);
  if (!falling_asleep)
    g_signal_emit (user_data, signals[SIGNAL_RESUMED], 0);
}

static void
on_system_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_finish (result, &error);

  /* Cancelled means that @user_data is gone. */
  if (bus == NULL)
    {
      g_debug ("No system bus: %s", error->message);
      return;
    }

  KobanHost *self = user_data;
  self->system_bus = g_steal_pointer (&bus);
  g_dbus_connection_set_exit_on_close (self->system_bus, FALSE);
  self->sleep_id = g_dbus_connection_signal_subscribe (
    self->system_bus, "org.freedesktop.login1", "org.freedesktop.login1.Manager", "PrepareForSleep",
    "/org/freedesktop/login1", NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_prepare_for_sleep, self, NULL);
  self->source_id = g_dbus_connection_signal_subscribe (
    self->system_bus, UPOWER, PROPERTIES, "PropertiesChanged", UPOWER_PATH, UPOWER, G_DBUS_SIGNAL_FLAGS_NONE,
    on_source_changed, self, NULL);
  koban_host_look_async (self, NULL, NULL);
}

gboolean
koban_host_get_online (KobanHost *self)
{
  return self->online;
}

KobanSaving
koban_host_get_saving (KobanHost *self)
{
  return self->saving;
}

static void
unsubscribe (KobanHost *self, guint *id)
{
  if (*id != 0)
    g_dbus_connection_signal_unsubscribe (self->system_bus, *id);
  *id = 0;
}

static void
let_go (gpointer object, KobanHost *self)
{
  if (object != NULL)
    g_signal_handlers_disconnect_by_data (object, self);
}

static void
koban_host_dispose (GObject *object)
{
  KobanHost *self = KOBAN_HOST (object);

  g_cancellable_cancel (self->cancellable);
  let_go (self->network, self);
  let_go (self->power, self);
  unsubscribe (self, &self->sleep_id);
  unsubscribe (self, &self->source_id);
  g_clear_object (&self->system_bus);
  G_OBJECT_CLASS (koban_host_parent_class)->dispose (object);
}

static void
koban_host_finalize (GObject *object)
{
  KobanHost *self = KOBAN_HOST (object);

  g_object_unref (self->cancellable);
  g_clear_object (&self->network);
  g_clear_object (&self->power);
  G_OBJECT_CLASS (koban_host_parent_class)->finalize (object);
}

static void
koban_host_class_init (KobanHostClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_host_dispose;
  G_OBJECT_CLASS (klass)->finalize = koban_host_finalize;
  signals[SIGNAL_ONLINE] = g_signal_new ("online", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 1, G_TYPE_BOOLEAN);
  signals[SIGNAL_SAVING] = g_signal_new ("saving", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                         NULL, NULL, G_TYPE_NONE, 0);
  signals[SIGNAL_RESUMED] = g_signal_new ("resumed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_host_init (KobanHost *self)
{
  self->cancellable = g_cancellable_new ();
}

KobanHost *
koban_host_new_with (GNetworkMonitor *network, GPowerProfileMonitor *power)
{
  KobanHost *self = g_object_new (KOBAN_TYPE_HOST, NULL);

  self->network = g_object_ref (network);
  self->power = power != NULL ? g_object_ref (power) : NULL;
  self->online = g_network_monitor_get_network_available (network);
  self->saving = read_saving (self);
  g_signal_connect (network, "network-changed", G_CALLBACK (on_network_changed), self);
  g_signal_connect_swapped (network, "notify::network-metered", G_CALLBACK (on_saving_changed), self);
  if (power != NULL)
    g_signal_connect_swapped (power, "notify::power-saver-enabled", G_CALLBACK (on_saving_changed), self);
  return self;
}

KobanHost *
koban_host_new (void)
{
  g_autoptr(GPowerProfileMonitor) power = g_power_profile_monitor_dup_default ();
  KobanHost *self = koban_host_new_with (g_network_monitor_get_default (), power);

  g_bus_get (G_BUS_TYPE_SYSTEM, self->cancellable, on_system_bus, self);
  return self;
}
