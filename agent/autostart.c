/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Start at login. Sessions begin in two ways, and none says beforehand in which: some by the systemd user
 * manager, which starts our unit; some by their autostart folder, systemd or no systemd. So both are set. A
 * session of the first kind leaves the entry alone (X-systemd-skip), and should both start one, the second
 * agent finds the name taken and leaves. Nothing is started or stopped now, and no entry is touched that is
 * not ours.
 */
#include "config.h"

#include "autostart.h"

#include <errno.h>
#include <glib/gstdio.h>

#define UNIT "koban-agent.service"
#define SYSTEMD_NAME "org.freedesktop.systemd1"
#define SYSTEMD_PATH "/org/freedesktop/systemd1"
#define SYSTEMD_MANAGER "org.freedesktop.systemd1.Manager"
#define ENTRY KOBAN_APP_ID ".desktop"

/* --- an entry of our own
 * ------------------------------------------------------------------------------------ */

static char *
entry_path (void)
{
  return g_build_filename (g_get_user_config_dir (), "autostart", ENTRY, NULL);
}

static gboolean
write_entry (GError **error)
{
  g_autofree char *path = entry_path ();
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *packaged = g_build_filename (KOBAN_PKGDATADIR, KOBAN_APP_ID "-autostart.desktop", NULL);
  g_autofree char *text = NULL;
  gsize length;

  if (!g_file_get_contents (packaged, &text, &length, error))
    return FALSE;
  if (g_mkdir_with_parents (directory, 0700) != 0)
    {
      g_set_error (error, G_IO_ERROR, g_io_error_from_errno (errno), "%s: %s", directory, g_strerror (errno));
      return FALSE;
    }
  return g_file_set_contents (path, text, (gssize) length, error);
}

static void
set_entry (gboolean on)
{
  g_autofree char *path = entry_path ();
  g_autoptr(GError) error = NULL;

  if (on && !write_entry (&error))
    g_message ("Start at login could not be turned on: %s", error->message);
  else if (!on && g_unlink (path) != 0 && errno != ENOENT)
    g_message ("Start at login could not be turned off: %s: %s", path, g_strerror (errno));
}

/* --- the user manager
 * ----------------------------------------------------------------------------------------- */

static void
on_reloaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (G_DBUS_CONNECTION (source), result, &error);

  if (reply == NULL)
    g_debug ("The user manager did not reload: %s", error->message);
}

static void
on_unit_set (GObject *source, GAsyncResult *result, gpointer user_data)
{
  GDBusConnection *bus = G_DBUS_CONNECTION (source);
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply = g_dbus_connection_call_finish (bus, result, &error);

  if (reply == NULL)
    {
      g_debug ("No user manager starts the agent: %s", error->message);
      return;
    }
  g_dbus_connection_call (bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, "Reload", NULL, NULL,
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_reloaded, NULL);
}

static void
on_bus (GObject *source, GAsyncResult *result, gpointer user_data)
{
  gboolean on = GPOINTER_TO_INT (user_data);
  const char *const units[] = { UNIT, NULL };
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_finish (result, &error);

  if (bus == NULL)
    return;
  g_dbus_connection_call (
    bus, SYSTEMD_NAME, SYSTEMD_PATH, SYSTEMD_MANAGER, on ? "EnableUnitFiles" : "DisableUnitFiles",
    on ? g_variant_new ("(^asbb)", units, FALSE, FALSE) : g_variant_new ("(^asb)", units, FALSE), NULL,
    G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, NULL, on_unit_set, NULL);
}

void
koban_autostart_set (gboolean on)
{
  set_entry (on);
  g_bus_get (G_BUS_TYPE_SESSION, NULL, on_bus, GINT_TO_POINTER (on));
}
