/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bubbles of the session's own notification server. What the server can do is asked once, and again
 * when the name changes hands: its ids die with it, and the next server may give them to someone else
 * (trust P4).
 */
#include "config.h"

#include "bubbles.h"

#include <glib/gi18n-lib.h>
#include <koban/phrase.h>
#include <koban/text.h>
#include <libnotify/notify.h>

typedef struct
{
  KobanBubbles parent;

  GHashTable *shown; /* (owned) (element-type utf8 NotifyNotification): by incident */
  gboolean asked;    /* the capabilities below are this server's */
  gboolean has_actions, has_markup, has_persistence;
} Notify;

/* One incident, as libnotify hands it back. */
typedef struct
{
  Notify *notify; /* (unowned): outlives its notifications */
  char *incident; /* (owned) */
} Place;

static Place *
place_new (Notify *self, const char *incident)
{
  Place *place = g_new (Place, 1);

  *place = (Place){ self, g_strdup (incident) };
  return place;
}

static void
place_free (gpointer data)
{
  Place *place = data;

  g_free (place->incident);
  g_free (place);
}

static void
place_closed (gpointer data, GClosure *closure)
{
  place_free (data);
}

static gboolean
has_capability (GList *capabilities, const char *name)
{
  return g_list_find_custom (capabilities, name, (GCompareFunc) g_strcmp0) != NULL;
}

static void
ask_capabilities (Notify *self)
{
  if (self->asked)
    return;

  GList *capabilities = notify_get_server_caps ();
  self->asked = capabilities != NULL;
  self->has_actions = has_capability (capabilities, "actions");
  self->has_markup = has_capability (capabilities, "body-markup");
  self->has_persistence = has_capability (capabilities, "persistence");
  g_list_free_full (capabilities, g_free);
}

static void
on_pressed (NotifyNotification *notification, char *action, gpointer user_data)
{
  Place *place = user_data;

  place->notify->parent.heard (place->incident, action, place->notify->parent.user_data);
}

static void
on_closed (NotifyNotification *notification, gpointer user_data)
{
  Place *place = user_data;

  place->notify->parent.heard (place->incident, NULL, place->notify->parent.user_data);
}

static void
add_action (Notify *self,
            NotifyNotification *notification,
            const char *incident,
            const char *id,
            const char *label)
{
  notify_notification_add_action (notification, id, label, on_pressed, place_new (self, incident),
                                  place_free);
}

static void
set_actions (Notify *self, NotifyNotification *notification, const KobanMessage *message)
{
  notify_notification_clear_actions (notification);
  if (!self->has_actions)
    return;
  if (koban_bubbles_has_details (message))
    add_action (self, notification, message->incident, "default", _("Details"));
  if (!message->answerable)
    return;
  add_action (self, notification, message->incident, "mine",
              koban_phrase_answer_label (KOBAN_ANSWER_MINE, message->ownership));
  add_action (self, notification, message->incident, "not-mine",
              koban_phrase_answer_label (KOBAN_ANSWER_NOT_MINE, message->ownership));
}

/* A phone wakes its screen for what is critical: once, and never for an update (facts/alerts.md 4.3). Nor
 * does it ring for less than that. */
static void
set_loudness (NotifyNotification *notification, const KobanMessage *message)
{
  gboolean calls = message->urgent && !message->silent;

  notify_notification_set_urgency (notification, calls ? NOTIFY_URGENCY_CRITICAL : NOTIFY_URGENCY_NORMAL);
  notify_notification_set_timeout (notification,
                                   message->urgent ? NOTIFY_EXPIRES_NEVER : NOTIFY_EXPIRES_DEFAULT);
  if (calls && message->severity == KOBAN_SEVERITY_CRITICAL)
    notify_notification_set_hint (notification, "sound-name", g_variant_new_string ("dialog-warning"));
  else
    notify_notification_set_hint (notification, "suppress-sound", g_variant_new_boolean (TRUE));
}

static void
set_hints (Notify *self, NotifyNotification *notification, const KobanMessage *message)
{
  g_autofree char *category = g_strconcat ("x-koban.", koban_alert_kind_name (message->kind), NULL);

  notify_notification_clear_hints (notification);
  set_loudness (notification, message);
  notify_notification_set_category (notification, category);
  notify_notification_set_hint (notification, "desktop-entry", g_variant_new_string (KOBAN_APP_ID));
  if (self->has_persistence)
    notify_notification_set_hint (notification, "resident", g_variant_new_boolean (TRUE));
}

static NotifyNotification *
notification_for (Notify *self, const KobanMessage *message)
{
  NotifyNotification *notification = g_hash_table_lookup (self->shown, message->incident);

  if (notification != NULL)
    return notification;
  notification = notify_notification_new (message->summary, NULL, KOBAN_APP_ID);
  g_signal_connect_data (notification, "closed", G_CALLBACK (on_closed), place_new (self, message->incident),
                         place_closed, 0);
  g_hash_table_insert (self->shown, g_strdup (message->incident), notification);
  return notification;
}

/* The summary is plain text everywhere; the body is markup only where the server says that it reads it so. */
static gboolean
notify_show (KobanBubbles *bubbles, const KobanMessage *message, GError **error)
{
  Notify *self = (Notify *) bubbles;

  ask_capabilities (self);
  NotifyNotification *notification = notification_for (self, message);
  g_autofree char *body =
    self->has_markup ? koban_text_escape_markup (message->body) : g_strdup (message->body);
  notify_notification_update (notification, message->summary, body, KOBAN_APP_ID);
  set_hints (self, notification, message);
  set_actions (self, notification, message);
  if (notify_notification_show (notification, error))
    return TRUE;
  g_hash_table_remove (self->shown, message->incident);
  return FALSE;
}

static void
notify_close (KobanBubbles *bubbles, const char *incident)
{
  Notify *self = (Notify *) bubbles;
  NotifyNotification *notification = g_hash_table_lookup (self->shown, incident);

  if (notification != NULL)
    notify_notification_close (notification, NULL);
  g_hash_table_remove (self->shown, incident);
}

static void
notify_forget (KobanBubbles *bubbles)
{
  Notify *self = (Notify *) bubbles;

  self->asked = FALSE;
  g_hash_table_remove_all (self->shown);
}

static void
notify_free (KobanBubbles *bubbles)
{
  Notify *self = (Notify *) bubbles;

  g_hash_table_unref (self->shown);
  notify_uninit ();
  g_free (self);
}

KobanBubbles *
koban_bubbles_new_notify (void)
{
  Notify *self = g_new0 (Notify, 1);

  notify_init ("Koban");
  self->parent.server = "org.freedesktop.Notifications";
  self->parent.show = notify_show;
  self->parent.close = notify_close;
  self->parent.forget = notify_forget;
  self->parent.free = notify_free;
  self->shown = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_object_unref);
  return &self->parent;
}
