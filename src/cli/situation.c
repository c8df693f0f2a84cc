/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's lists, and what the buses say. Whatever does not answer in time is not known.
 */
#include "config.h"

#include "cli/situation.h"

#include "cli/client.h"

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

char *
koban_situation_unit_state (GDBusConnection *session, const char *unit)
{
  g_autoptr(GVariant) reply = koban_situation_call (
    session, "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
    "GetUnitFileState", g_variant_new ("(s)", unit), "(s)");
  char *state = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(s)", &state);
  return state;
}

/* The bus knows the process, the kernel its name. */
char *
koban_situation_program (const KobanSituation *self, const char *name)
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

static void
read_agent (KobanSituation *self)
{
  self->agent = koban_client_connect (NULL);
  if (self->agent == NULL || !koban_dbus_koban1_call_status_sync (self->agent, G_DBUS_CALL_FLAGS_NONE, -1,
                                                                  &self->status, NULL, NULL))
    return;
  self->connections = koban_client_list (koban_dbus_koban1_call_list_connections_sync, NULL, NULL);
  self->accounts = koban_client_list (koban_dbus_koban1_call_list_accounts_sync, NULL, NULL);
  self->alerts = koban_client_list (koban_dbus_koban1_call_list_alerts_sync, NULL, NULL);
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
  g_free (self);
}
