/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's lists, and what the buses say. Whatever does not answer in time is not known.
 */
#include "config.h"

#include "cli/situation.h"

#include "cli/client.h"

#include <fcntl.h>
#include <koban/settings.h>
#include <unistd.h>

#define PATIENCE_MS 3000

GVariant *
koban_situation_call (GDBusConnection *bus,
                      const char *name,
                      const char *path,
                      const char *interface,
                      const char *method,
                      GVariant *arguments,
                      const char *reply)
{
  g_autoptr(GVariant) owned = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;

  if (bus == NULL)
    return NULL;
  return g_dbus_connection_call_sync (bus, name, path, interface, method, owned, G_VARIANT_TYPE (reply),
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, PATIENCE_MS, NULL, NULL);
}

GVariant *
koban_situation_property (GDBusConnection *bus,
                          const char *name,
                          const char *path,
                          const char *interface,
                          const char *property)
{
  g_autoptr(GVariant) reply =
    koban_situation_call (bus, name, path, "org.freedesktop.DBus.Properties", "Get",
                          g_variant_new ("(ss)", interface, property), "(v)");
  GVariant *value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value;
}

/* --- this computer ------------------------------------------------------------------------------------- */

/* "enabled" …; NULL without systemd. */
static char *
unit_state (GDBusConnection *session, const char *unit)
{
  g_autoptr(GVariant) reply = koban_situation_call (
    session, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
    "GetUnitFileState", g_variant_new ("(s)", unit), "(s)");
  char *state = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &state);
  return state;
}

/* Who answers @name on the session bus: the bus knows the process, the kernel its name. */
static char *
program_of (const KobanSituation *self, const char *name)
{
  g_autoptr(GVariant) reply = koban_situation_call (
    self->session, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "GetConnectionUnixProcessID", g_variant_new ("(s)", name), "(u)");
  guint32 process = 0;
  char *program = NULL;

  if (reply == NULL)
    return NULL;
  g_variant_get (reply, "(u)", &process);
  g_autofree char *path = g_strdup_printf ("/proc/%u/comm", process);
  return g_file_get_contents (path, &program, NULL, NULL) ? g_strstrip (program) : NULL;
}

/* The agent holds a lock on the data. */
static gboolean
data_is_held (void)
{
  g_autofree char *path = g_build_filename (koban_settings_data_directory (), "lock", NULL);
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
  int file = open (path, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  gboolean locked;

  if (file < 0)
    return FALSE;
  locked = fcntl (file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
  close (file);
  return locked;
}

static gboolean
has_entry (void)
{
  g_autofree char *path =
    g_build_filename (g_get_user_config_dir (), "autostart", KOBAN_APP_ID ".desktop", NULL);

  return g_file_test (path, G_FILE_TEST_EXISTS);
}

static gboolean
starts_at_login (GDBusConnection *session)
{
  g_autofree char *state = has_entry () ? NULL : unit_state (session, "koban-agent.service");

  return has_entry () || g_strcmp0 (state, "enabled") == 0;
}

static gboolean
clock_is_free (GDBusConnection *system)
{
  g_autoptr(GVariant) set =
    koban_situation_property (system, "org.freedesktop.timedate1", "/org/freedesktop/timedate1",
                              "org.freedesktop.timedate1", "NTPSynchronized");

  return set != NULL && g_variant_is_of_type (set, G_VARIANT_TYPE_BOOLEAN) && !g_variant_get_boolean (set);
}

static void
read_computer (KobanSituation *self)
{
  self->has_bus = self->session != NULL;
  self->data_is_held = data_is_held ();
  self->offline = !g_network_monitor_get_network_available (g_network_monitor_get_default ());
  self->clock_is_free = clock_is_free (self->system);
  self->starts_at_login = starts_at_login (self->session);
  self->keyring_program = program_of (self, "org.freedesktop.secrets");
}

static void
read_agent (KobanSituation *self)
{
  self->agent = koban_client_connect (NULL);
  self->version = self->agent != NULL ? koban_dbus_koban1_dup_version (self->agent) : NULL;
  self->status = self->agent != NULL ? koban_client_status (NULL) : NULL;
  if (self->status == NULL)
    return;
  self->connections = koban_client_list (KOBAN_ROWS_CONNECTIONS, NULL, NULL);
  self->accounts = koban_client_list (KOBAN_ROWS_ACCOUNTS, NULL, NULL);
  self->alerts = koban_client_list (KOBAN_ROWS_ALERTS, NULL, NULL);
}

KobanSituation *
koban_situation_read (void)
{
  KobanSituation *self = g_new0 (KobanSituation, 1);

  self->now_us = g_get_real_time ();
  self->session = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  self->system = g_bus_get_sync (G_BUS_TYPE_SYSTEM, NULL, NULL);
  if (self->session != NULL)
    read_agent (self);
  read_computer (self);
  return self;
}

void
koban_situation_read_journal (KobanSituation *self)
{
  if (self->agent != NULL)
    (void) koban_dbus_koban1_call_verify_journal_sync (
      self->agent, g_variant_new ("a{sv}", NULL), G_DBUS_CALL_FLAGS_NONE, -1, &self->journal, NULL, NULL);
}

void
koban_situation_free (KobanSituation *self)
{
  g_clear_pointer (&self->journal, g_variant_unref);
  g_clear_object (&self->agent);
  g_clear_pointer (&self->status, g_variant_unref);
  g_clear_pointer (&self->connections, g_variant_unref);
  g_clear_pointer (&self->accounts, g_variant_unref);
  g_clear_pointer (&self->alerts, g_variant_unref);
  g_clear_object (&self->session);
  g_clear_object (&self->system);
  g_free (self->version);
  g_free (self->keyring_program);
  g_free (self);
}
