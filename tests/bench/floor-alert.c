/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor under "last byte of the bank to Notify": parses each answer that it is given, commits one row to
 * a table with years in it, and shows a notification. On standard input: the length on a line, then so many
 * bytes; again and again.
 *   floor-alert FILE (of floor-sqlite)
 */
#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "life.h"

static const char insert[] =
  "INSERT INTO line (account, bank_id, state, type, amount, currency, date, text, first_seen_us)"
  " VALUES (1, hex (randomblob (16)), 1, 1, -100, 'GBP', 20000, 'LINK', 1)";

static void
notify (GDBusConnection *bus)
{
  GVariant *words = g_variant_new_parsed ("('Floor', @u 0, '', 'New link', 'LINK', @as [], @a{sv} {}, -1)");
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) shown = g_dbus_connection_call_sync (
    bus, "org.freedesktop.Notifications", "/org/freedesktop/Notifications", "org.freedesktop.Notifications",
    "Notify", words, NULL, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error);

  g_assert_no_error (error);
}

static void
parse (const char *bytes, gsize length)
{
  g_autoptr(JsonParser) parser = json_parser_new_immutable ();
  g_autoptr(GError) error = NULL;

  json_parser_load_from_data (parser, bytes, (gssize) length, &error);
  g_assert_no_error (error);
}

int
main (int argc, char *argv[])
{
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, NULL);
  sqlite3 *db = NULL;
  char line[32];

  if (argc < 2 || bus == NULL || sqlite3_open (argv[1], &db) != SQLITE_OK ||
      sqlite3_exec (db, LIFE_SETTINGS, NULL, NULL, NULL) != SQLITE_OK)
    return 2;
  while (fgets (line, sizeof line, stdin) != NULL)
    {
      gsize length = (gsize) atol (line);
      g_autofree char *bytes = g_malloc (length);

      if (fread (bytes, 1, length, stdin) != length)
        return 2;
      parse (bytes, length);
      if (sqlite3_exec (db, insert, NULL, NULL, NULL) != SQLITE_OK)
        g_error ("%s", sqlite3_errmsg (db));
      notify (bus);
    }
  sqlite3_close (db);
  return 0;
}
