/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bubbles of a sandbox: org.freedesktop.portal.Notification, of version 1 or 2. The desktop draws
 * them and never says that one was closed. From version 2 on it is asked to keep what they say off a
 * locked screen; before, nobody in a sandbox knows whether there is one, and they say little.
 */
#include "config.h"

#include "bubbles.h"

#include <glib/gi18n-lib.h>
#include <koban/phrase.h>

#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"
#define NOTIFICATION "org.freedesktop.portal.Notification"
#define WAIT_MS 25000

typedef struct
{
  KobanBubbles parent;

  GDBusConnection *session; /* (owned) */
  guint action_id;
  guint32 version;   /* 0: not asked */
  GHashTable *shown; /* (owned) (element-type utf8) */
} Portal;

static GVariant *
call (Portal *self,
      const char *interface,
      const char *method,
      GVariant *arguments,
      const char *type,
      GError **error)
{
  return g_dbus_connection_call_sync (self->session, PORTAL, PORTAL_PATH, interface, method, arguments,
                                      G_VARIANT_TYPE (type), G_DBUS_CALL_FLAGS_NONE, WAIT_MS, NULL, error);
}

/* A portal that does not tell its version is of the first. */
static void
ask_version (Portal *self)
{
  g_autoptr(GVariant) reply = self->version == 0
                                 ? call (self, "org.freedesktop.DBus.Properties", "Get",
                                         g_variant_new ("(ss)", NOTIFICATION, "version"), "(v)", NULL)
                                 : NULL;
  g_autoptr(GVariant) value = NULL;

  if (self->version != 0)
    return;
  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  self->version =
    value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) ? g_variant_get_uint32 (value) : 1;
  self->parent.hides_itself = self->version >= 2;
}

/* --- what is asked for ------------------------------------------------------------------------------------
 */

static void
add_button (GVariantBuilder *buttons, const char *action, const char *label)
{
  g_variant_builder_open (buttons, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (buttons, "{sv}", "label", g_variant_new_string (label));
  g_variant_builder_add (buttons, "{sv}", "action", g_variant_new_string (action));
  g_variant_builder_close (buttons);
}

/* The whole bubble may be pressed too, but not every desktop shows that it may. */
static GVariant *
buttons_of (const KobanMessage *message)
{
  GVariantBuilder buttons = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  if (koban_bubbles_has_details (message))
    add_button (&buttons, "default", _("Details"));
  if (message->answerable)
    {
      add_button (&buttons, "mine", koban_phrase_answer_label (KOBAN_ANSWER_MINE, message->ownership));
      add_button (&buttons, "not-mine",
                  koban_phrase_answer_label (KOBAN_ANSWER_NOT_MINE, message->ownership));
    }
  return g_variant_builder_end (&buttons);
}

static const char *
priority_of (const KobanMessage *message)
{
  if (message->silent)
    return "normal";
  if (message->urgent)
    return "urgent";
  return message->severity >= KOBAN_SEVERITY_WARNING ? "high" : "normal";
}

/* What version 2 knows. An update takes its bubble's place without a new call for attention unless it asks
 * for one. */
static void
add_manners (GVariantBuilder *notification, const KobanMessage *message)
{
  const char *hints[] = { "hide-content-on-lock-screen", message->silent ? NULL : "show-as-new", NULL };
  gboolean rings = message->urgent && !message->silent && message->severity == KOBAN_SEVERITY_CRITICAL;
  g_autofree char *category = g_strconcat ("x-koban.", koban_alert_kind_name (message->kind), NULL);

  g_variant_builder_add (notification, "{sv}", "display-hint", g_variant_new_strv (hints, -1));
  g_variant_builder_add (notification, "{sv}", "category", g_variant_new_string (category));
  g_variant_builder_add (notification, "{sv}", "sound", g_variant_new_string (rings ? "default" : "silent"));
}

static GVariant *
notification_of (Portal *self, const KobanMessage *message)
{
  GVariantBuilder notification = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  g_variant_builder_add (&notification, "{sv}", "title", g_variant_new_string (message->summary));
  g_variant_builder_add (&notification, "{sv}", "body", g_variant_new_string (message->body));
  g_variant_builder_add (&notification, "{sv}", "icon", g_variant_new_string (KOBAN_APP_ID));
  g_variant_builder_add (&notification, "{sv}", "priority", g_variant_new_string (priority_of (message)));
  if (koban_bubbles_has_details (message))
    g_variant_builder_add (&notification, "{sv}", "default-action", g_variant_new_string ("default"));
  g_variant_builder_add (&notification, "{sv}", "buttons", buttons_of (message));
  if (self->version >= 2)
    add_manners (&notification, message);
  return g_variant_builder_end (&notification);
}

/* --- showing
 * ------------------------------------------------------------------------------------------------ */

static void
use_discreet_words (KobanMessage *message)
{
  if (message->discreet_summary == NULL)
    return;
  g_free (message->summary);
  g_free (message->body);
  message->summary = g_strdup (message->discreet_summary);
  message->body = g_strdup (message->discreet_body);
}

static gboolean
portal_show (KobanBubbles *bubbles, const KobanMessage *message, GError **error)
{
  Portal *self = (Portal *) bubbles;
  g_autoptr(KobanMessage) said = koban_message_copy (message);

  ask_version (self);
  if (self->version < 2)
    use_discreet_words (said);
  g_autoptr(GVariant) reply =
    call (self, NOTIFICATION, "AddNotification",
          g_variant_new ("(s@a{sv})", said->incident, notification_of (self, said)), "()", error);
  if (reply == NULL)
    return FALSE;
  g_hash_table_add (self->shown, g_strdup (said->incident));
  return TRUE;
}

static void
portal_close (KobanBubbles *bubbles, const char *incident)
{
  Portal *self = (Portal *) bubbles;

  if (!g_hash_table_remove (self->shown, incident))
    return;
  g_autoptr(GVariant) nothing G_GNUC_UNUSED =
    call (self, NOTIFICATION, "RemoveNotification", g_variant_new ("(s)", incident), "()", NULL);
}

static void
on_action (GDBusConnection *bus,
           const char *sender,
           const char *path,
           const char *interface,
           const char *signal,
           GVariant *parameters,
           gpointer user_data)
{
  Portal *self = user_data;
  const char *incident, *action;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ssav)")))
    return;
  g_variant_get (parameters, "(&s&sav)", &incident, &action, NULL);
  if (g_hash_table_contains (self->shown, incident))
    self->parent.heard (incident, action, self->parent.user_data);
}

/* The bubbles are the desktop's and may outlive its portal: their ids are ours, and stay good. */
static void
portal_forget (KobanBubbles *bubbles)
{
  Portal *self = (Portal *) bubbles;

  self->version = 0;
}

static void
portal_free (KobanBubbles *bubbles)
{
  Portal *self = (Portal *) bubbles;

  g_dbus_connection_signal_unsubscribe (self->session, self->action_id);
  g_object_unref (self->session);
  g_hash_table_unref (self->shown);
  g_free (self);
}

KobanBubbles *
koban_bubbles_new_portal (GDBusConnection *session)
{
  Portal *self = g_new0 (Portal, 1);

  self->parent.server = PORTAL;
  self->parent.show = portal_show;
  self->parent.close = portal_close;
  self->parent.forget = portal_forget;
  self->parent.free = portal_free;
  self->session = g_object_ref (session);
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->action_id =
    g_dbus_connection_signal_subscribe (session, PORTAL, NOTIFICATION, "ActionInvoked", PORTAL_PATH, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_action, self, NULL);
  return &self->parent;
}
