/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's side of koban-import. It waits as long as a parser may take; that the helper is not installed
 * is said in words.
 */
#include "config.h"

#include "reader.h"

#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>

#define NAME KOBAN_APP_ID ".Import"
#define PATH "/org/koban/Koban/Import"
#define INTERFACE "org.koban.Import1"
#define WAIT_MS 60000 /* a parser is ended after half of it */

static GVariant *
with_today (GVariant *options, gint64 now_us)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (options);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (owned);
  g_autoptr(GDateTime) utc = g_date_time_new_from_unix_utc (now_us / G_USEC_PER_SEC);
  g_autoptr(GDateTime) local = utc != NULL ? g_date_time_to_local (utc) : NULL;
  g_autofree char *today = local != NULL ? g_date_time_format (local, "%Y-%m-%d") : NULL;

  if (today != NULL)
    g_variant_dict_insert (&dict, "today", "s", today);
  return g_variant_dict_end (&dict);
}

static void
call (GDBusConnection *bus,
      const char *method,
      GVariant *arguments,
      const char *type,
      GUnixFDList *files,
      GCancellable *cancellable,
      GAsyncReadyCallback callback,
      gpointer user_data)
{
  g_dbus_connection_call_with_unix_fd_list (bus, NAME, PATH, INTERFACE, method, arguments,
                                            G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE, WAIT_MS, files,
                                            cancellable, callback, user_data);
}

void
koban_reader_read_async (GDBusConnection *bus,
                         int file,
                         GVariant *options,
                         gint64 now_us,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr(GUnixFDList) files = g_unix_fd_list_new ();
  int handle = g_unix_fd_list_append (files, file, NULL);

  call (bus, "Read", g_variant_new ("(h@a{sv})", MAX (handle, 0), with_today (options, now_us)), "(a{sv})",
        files, cancellable, callback, user_data);
}

void
koban_reader_list_async (GDBusConnection *bus,
                         const char *folder,
                         const char *const *known,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  call (bus, "ListFolder", g_variant_new ("(s^as)", folder, known), "(aa{sv})", NULL, cancellable, callback,
        user_data);
}

void
koban_reader_open_async (GDBusConnection *bus,
                         const char *folder,
                         const char *name,
                         GVariant *options,
                         gint64 now_us,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  call (bus, "ReadFile", g_variant_new ("(ss@a{sv})", folder, name, with_today (options, now_us)), "(a{sv})",
        NULL, cancellable, callback, user_data);
}

/* What the helper says is a stranger's as much as the file: only our own errors keep their meaning. */
static void
retell (GError **error)
{
  if (error == NULL || koban_error_is_cancelled (*error))
    return;
  if (g_error_matches (*error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN))
    {
      g_clear_error (error);
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                           _("koban-import, which reads statement files, is not installed"));
      return;
    }
  g_dbus_error_strip_remote_error (*error);
}

GVariant *
koban_reader_finish (GDBusConnection *bus, GAsyncResult *result, GError **error)
{
  g_autoptr(GVariant) answer = g_dbus_connection_call_with_unix_fd_list_finish (bus, NULL, result, error);

  if (answer != NULL)
    return g_variant_get_child_value (answer, 0);
  retell (error);
  return NULL;
}
