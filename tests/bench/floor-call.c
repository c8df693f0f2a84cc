/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor under `koban links`: one call on a bare connection, its rows printed as they come.
 *   floor-call METHOD
 */
#include <gio/gio.h>
#include <stdio.h>

int
main (int argc, char *argv[])
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  GVariant *filter = g_variant_new ("(a{sv})", NULL);
  g_autoptr(GVariant) answer = NULL;
  g_autofree char *text = NULL;

  if (bus != NULL && argc > 1)
    answer = g_dbus_connection_call_sync (bus, "org.koban.Koban", "/org/koban/Koban", "org.koban.Koban1",
                                          argv[1], filter, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);
  if (answer == NULL)
    {
      fprintf (stderr, "%s\n", error != NULL ? error->message : "floor-call METHOD");
      return 1;
    }
  text = g_variant_print (answer, FALSE);
  puts (text);
  return 0;
}
