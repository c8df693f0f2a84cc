/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bubbles on the desktop. libnotify's calls block for as long as the notification server does, so
 * all of them are made in one thread of their own; the main thread only posts to it and never
 * waits. One bubble an incident, replaced in place; it holds no link and no telephone number.
 */
#include "config.h"

#include "desktop.h"

#include <glib/gi18n-lib.h>
#include <koban/phrase.h>
#include <koban/text.h>
#include <libnotify/notify.h>

#define SERVER_NAME "org.freedesktop.Notifications"

enum
{
  AVAILABLE_UNKNOWN = -1,
  AVAILABLE_NO,
  AVAILABLE_YES,
};

/* What belongs to the desktop thread, but for the fields that say otherwise. */
typedef struct
{
  GMainContext *context; /* (owned) */
  GMainLoop *loop;       /* (owned) */
  GMainContext *home;    /* (owned): of who made the channel */
  GWeakRef desktop;      /* any thread */
  int available;         /* atomic */
  int busy;              /* atomic: in a call to the server */

  GHashTable *bubbles; /* (owned) (element-type utf8 Bubble): by incident */
  guint watch;
  gboolean asked; /* the capabilities below are this server's */
  gboolean has_actions, has_markup, has_persistence;
  gboolean lost; /* something that should be seen may not be: say so when a server appears */
} Screen;

typedef struct
{
  NotifyNotification *notification; /* (owned) */
  KobanMessage *message;            /* (owned) */
} Bubble;

struct _KobanDesktop
{
  GObject parent;

  KobanDetail detail;
  GThread *thread; /* (owned) */
  Screen *screen;  /* (owned): counted, for news of it may still be on its way to us */
};

static void koban_desktop_channel_init (KobanChannelInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanDesktop,
                               koban_desktop,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_CHANNEL, koban_desktop_channel_init))

static void
screen_clear (gpointer data)
{
  Screen *screen = data;

  g_weak_ref_clear (&screen->desktop);
  g_main_loop_unref (screen->loop);
  g_main_context_unref (screen->context);
  g_main_context_unref (screen->home);
}

static void
screen_unref (Screen *screen)
{
  g_atomic_rc_box_release_full (screen, screen_clear);
}

static void
bubble_free (gpointer data)
{
  Bubble *bubble = data;

  g_clear_object (&bubble->notification);
  g_clear_pointer (&bubble->message, koban_message_free);
  g_free (bubble);
}

/* Never runs @func at once, whoever owns @context at the moment. */
static void
post (GMainContext *context, GSourceFunc func, gpointer data)
{
  g_autoptr(GSource) source = g_idle_source_new ();

  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_callback (source, func, data, NULL);
  g_source_attach (source, context);
}

/* --- telling the main thread ---------------------------------------------------------------------- */

typedef struct
{
  Screen *screen;
  char *incident; /* (nullable): then it is about the server */
  char *action;   /* (nullable) */
} News;

static gboolean
tell_at_home (gpointer data)
{
  News *news = data;
  g_autoptr(KobanDesktop) desktop = g_weak_ref_get (&news->screen->desktop);

  if (desktop != NULL && news->incident == NULL)
    koban_channel_emit_available (KOBAN_CHANNEL (desktop));
  else if (desktop != NULL)
    koban_channel_emit_action (KOBAN_CHANNEL (desktop), news->incident, news->action);
  screen_unref (news->screen);
  g_free (news->incident);
  g_free (news->action);
  g_free (news);
  return G_SOURCE_REMOVE;
}

static void
tell (Screen *screen, const char *incident, const char *action)
{
  News *news = g_new0 (News, 1);

  news->screen = g_atomic_rc_box_acquire (screen);
  news->incident = g_strdup (incident);
  news->action = g_strdup (action);
  post (screen->home, tell_at_home, news);
}

/* --- in the desktop thread ------------------------------------------------------------------------ */

static gboolean
has_capability (GList *capabilities, const char *name)
{
  return g_list_find_custom (capabilities, name, (GCompareFunc) g_strcmp0) != NULL;
}

static void
ask_capabilities_in_thread (Screen *screen)
{
  if (screen->asked)
    return;

  GList *capabilities = notify_get_server_caps ();
  screen->asked = capabilities != NULL;
  screen->has_actions = has_capability (capabilities, "actions");
  screen->has_markup = has_capability (capabilities, "body-markup");
  screen->has_persistence = has_capability (capabilities, "persistence");
  g_list_free_full (capabilities, g_free);
}

static gboolean details_posted (gpointer data);

/* One incident, as a call to this thread names it. */
typedef struct
{
  Screen *screen; /* (unowned): outlives its bubbles */
  char *incident; /* (owned) */
} Call;

static Call *
call_new (Screen *screen, const char *incident)
{
  Call *call = g_new (Call, 1);

  *call = (Call){ screen, g_strdup (incident) };
  return call;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  g_free (call->incident);
  g_free (call);
}

static void
on_pressed (NotifyNotification *notification, char *action, gpointer user_data)
{
  Call *call = user_data;

  /* Showing the details replaces the buttons, so not while one of them is being pressed. */
  if (g_str_equal (action, "default"))
    post (call->screen->context, details_posted, call_new (call->screen, call->incident));
  else
    tell (call->screen, call->incident, action);
}

static void
add_action (Screen *screen,
            NotifyNotification *notification,
            const char *incident,
            const char *id,
            const char *label)
{
  notify_notification_add_action (notification, id, label, on_pressed, call_new (screen, incident),
                                  call_free);
}

static void
set_actions (Screen *screen, NotifyNotification *notification, const KobanMessage *message)
{
  notify_notification_clear_actions (notification);
  if (!screen->has_actions)
    return;
  add_action (screen, notification, message->incident, "default", _("Details"));
  if (!message->answerable)
    return;
  add_action (screen, notification, message->incident, "mine",
              koban_phrase_answer_label (KOBAN_ANSWER_MINE, message->ownership));
  add_action (screen, notification, message->incident, "not-mine",
              koban_phrase_answer_label (KOBAN_ANSWER_NOT_MINE, message->ownership));
}

static void
set_hints (Screen *screen, NotifyNotification *notification, const KobanMessage *message)
{
  g_autofree char *category = g_strconcat ("x-koban.", koban_alert_kind_name (message->kind), NULL);

  notify_notification_clear_hints (notification);
  /* A phone wakes its screen for what is critical: once, and never for an update (facts/alerts.md 4.3). */
  notify_notification_set_urgency (notification, message->urgent && !message->silent ? NOTIFY_URGENCY_CRITICAL
                                                                                     : NOTIFY_URGENCY_NORMAL);
  notify_notification_set_timeout (notification,
                                   message->urgent ? NOTIFY_EXPIRES_NEVER : NOTIFY_EXPIRES_DEFAULT);
  notify_notification_set_category (notification, category);
  notify_notification_set_hint (notification, "desktop-entry", g_variant_new_string (KOBAN_APP_ID));
  if (screen->has_persistence)
    notify_notification_set_hint (notification, "resident", g_variant_new_boolean (TRUE));
  if (message->silent)
    notify_notification_set_hint (notification, "suppress-sound", g_variant_new_boolean (TRUE));
  else if (message->urgent)
    notify_notification_set_hint (notification, "sound-name", g_variant_new_string ("dialog-warning"));
}

static Bubble *
bubble_for (Screen *screen, const KobanMessage *message)
{
  Bubble *bubble = g_hash_table_lookup (screen->bubbles, message->incident);

  if (bubble == NULL)
    {
      bubble = g_new0 (Bubble, 1);
      bubble->notification = notify_notification_new (message->summary, message->body, KOBAN_APP_ID);
      g_hash_table_insert (screen->bubbles, g_strdup (message->incident), bubble);
    }
  if (bubble->message != message)
    {
      g_clear_pointer (&bubble->message, koban_message_free);
      bubble->message = koban_message_copy (message);
    }
  return bubble;
}

static gboolean
show_in_thread (Screen *screen, const KobanMessage *message, GError **error)
{
  g_atomic_int_set (&screen->busy, TRUE);
  ask_capabilities_in_thread (screen);

  Bubble *bubble = bubble_for (screen, message);
  g_autofree char *body =
    screen->has_markup ? koban_text_escape_markup (message->body) : g_strdup (message->body);
  notify_notification_update (bubble->notification, message->summary, body, KOBAN_APP_ID);
  set_hints (screen, bubble->notification, message);
  set_actions (screen, bubble->notification, message);
  gboolean taken = notify_notification_show (bubble->notification, error);

  if (taken)
    g_atomic_int_set (&screen->available, AVAILABLE_YES);
  else
    {
      screen->lost = TRUE;
      g_hash_table_remove (screen->bubbles, message->incident);
    }
  g_atomic_int_set (&screen->busy, FALSE);
  return taken;
}

static void
show_details_in_thread (Screen *screen, const char *incident)
{
  Bubble *bubble = g_hash_table_lookup (screen->bubbles, incident);
  g_autoptr(GError) error = NULL;

  if (bubble == NULL)
    return;
  g_autoptr(KobanMessage) message = koban_message_copy (bubble->message);
  /* TRANSLATORS: "koban show %s" and "koban alerts" are commands to be typed as they are. */
  g_autofree char *how =
    message->many ? g_strdup (_("All that is known, in a terminal: koban alerts"))
                  : g_strdup_printf (_("All that is known, in a terminal: koban show %s"), incident);
  if (!g_str_has_suffix (message->body, how))
    {
      g_autofree char *body = g_strconcat (message->body, "\n", how, NULL);
      g_free (message->body);
      message->body = g_steal_pointer (&body);
    }
  message->silent = TRUE;
  if (!show_in_thread (screen, message, &error))
    g_message ("The details of %s could not be shown: %s", incident, error->message);
}

static gboolean
details_posted (gpointer data)
{
  Call *call = data;

  show_details_in_thread (call->screen, call->incident);
  call_free (call);
  return G_SOURCE_REMOVE;
}

/* A server that is not running but can be started counts: the first bubble starts it. */
static gboolean
can_be_started (GDBusConnection *connection)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (
    connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "ListActivatableNames", NULL, G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL);
  if (reply == NULL)
    return FALSE;

  g_autofree const char **names = NULL;
  g_variant_get (reply, "(^a&s)", &names);
  return g_strv_contains (names, SERVER_NAME);
}

static void
on_server_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  Screen *screen = user_data;

  g_atomic_int_set (&screen->available, AVAILABLE_YES);
  screen->asked = FALSE;
  if (screen->lost)
    tell (screen, NULL, NULL);
  screen->lost = FALSE;
}

/* Its ids died with it, and the next server may give them to someone else (trust P4). */
static void
on_server_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Screen *screen = user_data;
  gboolean may_start = connection != NULL && can_be_started (connection);

  g_atomic_int_set (&screen->available, may_start ? AVAILABLE_YES : AVAILABLE_NO);
  screen->asked = FALSE;
  screen->lost |= g_hash_table_size (screen->bubbles) > 0;
  g_hash_table_remove_all (screen->bubbles);
}

static gpointer
desktop_thread (gpointer data)
{
  Screen *screen = data;

  g_main_context_push_thread_default (screen->context);
  notify_init ("Koban");
  screen->bubbles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bubble_free);
  screen->watch = g_bus_watch_name (G_BUS_TYPE_SESSION, SERVER_NAME, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                    on_server_appeared, on_server_vanished, screen, NULL);
  g_main_loop_run (screen->loop);
  g_bus_unwatch_name (screen->watch);
  g_clear_pointer (&screen->bubbles, g_hash_table_unref);
  notify_uninit ();
  g_main_context_pop_thread_default (screen->context);
  return NULL;
}

/* --- in the main thread ----------------------------------------------------------------------------- */

typedef struct
{
  Screen *screen;
  KobanMessage *message; /* (owned) */
  GTask *task;           /* (owned) (nullable): NULL once it was answered; main thread only */
  GSource *cancel;       /* (owned) (nullable) */
  GError *error;         /* (owned) (nullable) */
  gboolean taken;
} Show;

static gboolean
show_done_at_home (gpointer data)
{
  Show *show = data;

  if (show->cancel != NULL)
    {
      g_source_destroy (show->cancel);
      g_source_unref (show->cancel);
    }
  if (show->task != NULL && show->taken)
    g_task_return_boolean (show->task, TRUE);
  else if (show->task != NULL)
    g_task_return_error (show->task, g_steal_pointer (&show->error));
  g_clear_object (&show->task);
  g_clear_error (&show->error);
  koban_message_free (show->message);
  screen_unref (show->screen);
  g_free (show);
  return G_SOURCE_REMOVE;
}

static gboolean
on_show_cancelled (GCancellable *cancellable, gpointer user_data)
{
  Show *show = user_data;
  g_autoptr(GTask) task = g_steal_pointer (&show->task);

  if (task != NULL)
    g_task_return_error_if_cancelled (task);
  return G_SOURCE_REMOVE;
}

static gboolean
show_posted (gpointer data)
{
  Show *show = data;

  show->taken = show_in_thread (show->screen, show->message, &show->error);
  post (show->screen->home, show_done_at_home, show);
  return G_SOURCE_REMOVE;
}

static void
koban_desktop_show_async (KobanChannel *channel,
                          const KobanMessage *message,
                          GCancellable *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer user_data)
{
  KobanDesktop *self = KOBAN_DESKTOP (channel);
  Show *show = g_new0 (Show, 1);

  show->screen = g_atomic_rc_box_acquire (self->screen);
  show->message = koban_message_copy (message);
  show->task = g_task_new (self, cancellable, callback, user_data);
  if (cancellable != NULL)
    {
      show->cancel = g_cancellable_source_new (cancellable);
      g_source_set_callback (show->cancel, G_SOURCE_FUNC (on_show_cancelled), show, NULL);
      g_source_attach (show->cancel, self->screen->home);
    }
  post (self->screen->context, show_posted, show);
}

static gboolean
koban_desktop_show_finish (KobanChannel *channel, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
withdraw_posted (gpointer data)
{
  Call *withdrawal = data;
  Screen *screen = withdrawal->screen;
  Bubble *bubble = g_hash_table_lookup (screen->bubbles, withdrawal->incident);

  g_atomic_int_set (&screen->busy, TRUE);
  if (bubble != NULL)
    notify_notification_close (bubble->notification, NULL);
  g_hash_table_remove (screen->bubbles, withdrawal->incident);
  g_atomic_int_set (&screen->busy, FALSE);
  call_free (withdrawal);
  return G_SOURCE_REMOVE;
}

static void
koban_desktop_withdraw (KobanChannel *channel, const char *incident)
{
  KobanDesktop *self = KOBAN_DESKTOP (channel);

  post (self->screen->context, withdraw_posted, call_new (self->screen, incident));
}

static const char *
koban_desktop_get_name (KobanChannel *channel)
{
  return "desktop";
}

static KobanDetail
koban_desktop_get_detail (KobanChannel *channel)
{
  return KOBAN_DESKTOP (channel)->detail;
}

void
koban_desktop_set_detail (KobanDesktop *self, KobanDetail detail)
{
  self->detail = detail;
}

static gboolean
koban_desktop_get_available (KobanChannel *channel)
{
  return g_atomic_int_get (&KOBAN_DESKTOP (channel)->screen->available) != AVAILABLE_NO;
}

static gboolean
quit_posted (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

/* A server that hangs would hang us: the thread is then left behind, with all that is its own. */
static void
koban_desktop_dispose (GObject *object)
{
  KobanDesktop *self = KOBAN_DESKTOP (object);
  Screen *screen = g_steal_pointer (&self->screen);

  /* Left behind, the thread keeps our reference. */
  if (screen != NULL && g_atomic_int_get (&screen->busy))
    g_thread_unref (g_steal_pointer (&self->thread));
  else if (screen != NULL)
    {
      post (screen->context, quit_posted, screen->loop);
      g_thread_join (g_steal_pointer (&self->thread));
      screen_unref (screen);
    }
  G_OBJECT_CLASS (koban_desktop_parent_class)->dispose (object);
}

static void
koban_desktop_class_init (KobanDesktopClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_desktop_dispose;
}

static void
koban_desktop_channel_init (KobanChannelInterface *iface)
{
  iface->get_name = koban_desktop_get_name;
  iface->get_detail = koban_desktop_get_detail;
  iface->get_available = koban_desktop_get_available;
  iface->show_async = koban_desktop_show_async;
  iface->show_finish = koban_desktop_show_finish;
  iface->withdraw = koban_desktop_withdraw;
}

static void
koban_desktop_init (KobanDesktop *self)
{
}

KobanDesktop *
koban_desktop_new (KobanDetail detail)
{
  KobanDesktop *self = g_object_new (KOBAN_TYPE_DESKTOP, NULL);
  Screen *screen = g_atomic_rc_box_new0 (Screen);

  screen->context = g_main_context_new ();
  screen->loop = g_main_loop_new (screen->context, FALSE);
  screen->home = g_main_context_ref_thread_default ();
  screen->available = AVAILABLE_UNKNOWN;
  g_weak_ref_init (&screen->desktop, self);
  self->detail = detail;
  self->screen = screen;
  self->thread = g_thread_new ("koban-desktop", desktop_thread, screen);
  return self;
}
