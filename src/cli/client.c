/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command's side of the bus. It never touches the ledger and never talks to a bank: one writer,
 * one truth.
 */
#include "config.h"

#include "cli/client.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>

#define AGENT_PATH "/org/koban/Koban"
#define AGENT_INTERFACE "org.koban.Koban1"

/* @why is the bus's own word, if it has one. */
static void
say_absent (GError **error, const GError *why)
{
  gboolean is_nobody = why == NULL || g_error_matches (why, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
                       g_error_matches (why, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER);

  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN,
               _("the Koban agent does not run and could not be started (%s). "
                  "Is there a session bus, and is Koban fully installed?"),
               is_nobody ? _("nobody answers to its name") : why->message);
}

KobanDBusKoban1 *
koban_client_connect (GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(KobanDBusKoban1) agent = koban_dbus_koban1_proxy_new_for_bus_sync (
    G_BUS_TYPE_SESSION, G_DBUS_PROXY_FLAGS_NONE, KOBAN_APP_ID, AGENT_PATH, NULL, &local_error);

  g_autofree char *owner = agent != NULL ? g_dbus_proxy_get_name_owner (G_DBUS_PROXY (agent)) : NULL;

  (void) koban_error_quark (); /* registers the names of our errors before the first one arrives */
  if (owner != NULL)
    return g_steal_pointer (&agent);
  say_absent (error, local_error);
  return NULL;
}

/* The bus or the session's manager says so, in place of the agent. */
static gboolean
is_absence (const GError *error)
{
  g_autofree char *name = g_dbus_error_get_remote_error (error);

  if (error->domain == G_DBUS_ERROR)
    return error->code == G_DBUS_ERROR_SERVICE_UNKNOWN || error->code == G_DBUS_ERROR_NAME_HAS_NO_OWNER ||
           (error->code >= G_DBUS_ERROR_SPAWN_EXEC_FAILED && error->code <= G_DBUS_ERROR_SPAWN_FILE_INVALID);
  return name != NULL && g_str_has_prefix (name, "org.freedesktop.systemd1.");
}

/* Takes @arguments. */
static GVariant *
ask (const char *method, GVariant *arguments, const char *type, GError **error)
{
  g_autoptr(GVariant) owned = arguments != NULL ? g_variant_ref_sink (arguments) : NULL;
  g_autoptr(GError) local_error = NULL;
  g_autoptr(GDBusConnection) bus = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &local_error);

  (void) koban_error_quark ();
  if (bus == NULL)
    {
      say_absent (error, local_error);
      return NULL;
    }
  g_autoptr(GVariant) answer =
    g_dbus_connection_call_sync (bus, KOBAN_APP_ID, AGENT_PATH, AGENT_INTERFACE, method, owned,
                                 G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE, -1, NULL, &local_error);
  if (answer != NULL)
    return g_variant_get_child_value (answer, 0);
  if (is_absence (local_error))
    {
      g_dbus_error_strip_remote_error (local_error);
      say_absent (error, local_error);
    }
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

GVariant *
koban_client_list (KobanRows kind, GVariant *filter, GError **error)
{
  static const char *const methods[] = {
    [KOBAN_ROWS_CONNECTIONS] = "ListConnections",
    [KOBAN_ROWS_ACCOUNTS] = "ListAccounts",
    [KOBAN_ROWS_TRANSACTIONS] = "ListTransactions",
    [KOBAN_ROWS_LINKS] = "ListLinks",
    [KOBAN_ROWS_ALERTS] = "ListAlerts",
  };

  return ask (methods[kind],
              g_variant_new ("(@a{sv})", filter != NULL ? filter : g_variant_new ("a{sv}", NULL)), "(aa{sv})",
              error);
}

GVariant *
koban_client_status (GError **error)
{
  return ask ("Status", NULL, "(a{sv})", error);
}

GVariant *
koban_client_get (KobanRows kind, const char *id, const char *what, GError **error)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);
  g_autoptr(GVariant) rows = NULL;

  /* To the agent an empty id is no filter: the only bank there is would answer to it, and be removed. */
  if (*id == '\0')
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("there is no %s “%s”"), what, id);
      return NULL;
    }
  g_variant_dict_insert (&filter, "id", "s", id);
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  rows = koban_client_list (kind, g_variant_dict_end (&filter), error);
  if (rows == NULL)
    return NULL;
  if (g_variant_n_children (rows) == 1)
    return g_variant_get_child_value (rows, 0);
  if (g_variant_n_children (rows) == 0)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("there is no %s “%s”"), what, id);
  else
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_AMBIGUOUS, _("“%s” fits more than one %s: give its id"), id,
                 what);
  return NULL;
}

#define GONE_WITHIN_S 20

static void
on_agent_owner_changed (GObject *agent, GParamSpec *property, gpointer loop)
{
  g_main_loop_quit (loop);
}

static gboolean
on_gone_late (gpointer loop)
{
  g_main_loop_quit (loop);
  return G_SOURCE_CONTINUE;
}

void
koban_client_wait_gone (KobanDBusKoban1 *agent)
{
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autofree char *owner = g_dbus_proxy_get_name_owner (G_DBUS_PROXY (agent));
  guint late = g_timeout_add_seconds (GONE_WITHIN_S, on_gone_late, loop);

  g_signal_connect (agent, "notify::g-name-owner", G_CALLBACK (on_agent_owner_changed), loop);
  if (owner != NULL)
    g_main_loop_run (loop);
  g_signal_handlers_disconnect_by_data (agent, loop);
  g_source_remove (late);
}
