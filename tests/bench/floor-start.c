/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The floor under the agent's start: linked with the same libraries, it takes a name and stays till it is
 * told to go. It opens nothing.
 */
#include <curl/curl.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <json-glib/json-glib.h>
#include <libnotify/notify.h>
#include <libsecret/secret.h>
#include <sqlite3.h>

/* So that the linker keeps them all. */
static const gpointer libraries[] = { (gpointer) curl_version, (gpointer) json_parser_get_type,
                                      (gpointer) notify_is_initted, (gpointer) secret_service_get_type,
                                      (gpointer) sqlite3_libversion };

static gboolean
on_term (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

int
main (void)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  guint name_id = g_bus_own_name (G_BUS_TYPE_SESSION, "org.koban.Floor", G_BUS_NAME_OWNER_FLAGS_NONE, NULL,
                                  NULL, NULL, (gpointer) libraries, NULL);

  g_unix_signal_add (SIGTERM, on_term, loop);
  g_main_loop_run (loop);
  g_bus_unown_name (name_id);
  return 0;
}
