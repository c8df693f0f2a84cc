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

static KobanDBusKoban1 *
connect_agent (GDBusProxyFlags flags, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  g_autoptr(KobanDBusKoban1) agent = koban_dbus_koban1_proxy_new_for_bus_sync (
    G_BUS_TYPE_SESSION, flags, KOBAN_APP_ID, AGENT_PATH, NULL, &local_error);

  g_autofree char *owner = agent != NULL ? g_dbus_proxy_get_name_owner (G_DBUS_PROXY (agent)) : NULL;

  (void) koban_error_quark (); /* registers the names of our errors before the first one arrives */
  if (owner != NULL)
    return g_steal_pointer (&agent);
  g_set_error (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN,
               _("the Koban agent does not run and could not be started (%s). "
                  "Is there a session bus, and is Koban fully installed?"),
               local_error != NULL ? local_error->message : _("nobody answers to its name"));
  return NULL;
}

KobanDBusKoban1 *
koban_client_connect (GError **error)
{
  return connect_agent (G_DBUS_PROXY_FLAGS_NONE, error);
}

KobanDBusKoban1 *
koban_client_connect_to_ask (GError **error)
{
  return connect_agent (G_DBUS_PROXY_FLAGS_DO_NOT_LOAD_PROPERTIES | G_DBUS_PROXY_FLAGS_DO_NOT_CONNECT_SIGNALS,
                        error);
}

GVariant *
koban_client_list (KobanClientListFunc list, GVariant *filter, GError **error)
{
  g_autoptr(GVariant) owned = g_variant_ref_sink (filter != NULL ? filter : g_variant_new ("a{sv}", NULL));
  g_autoptr(KobanDBusKoban1) agent = koban_client_connect_to_ask (error);
  GVariant *rows = NULL;

  if (agent == NULL || !list (agent, owned, G_DBUS_CALL_FLAGS_NONE, -1, &rows, NULL, error))
    return NULL;
  return rows;
}

GVariant *
koban_client_get (KobanClientListFunc list, const char *id, const char *what, GError **error)
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
  rows = koban_client_list (list, g_variant_dict_end (&filter), error);
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
