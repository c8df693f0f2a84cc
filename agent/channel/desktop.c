/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bubbles on the desktop. Servers may block for as long as they like, so all calls to them are made
 * in one thread of their own; the main thread only posts to it and never waits. One bubble an
 * incident, replaced in place; it holds no link and no telephone number. What it says follows the
 * lock: while others may read along, it is replaced in silence by the discreet words.
 */
#include "config.h"

#include "desktop.h"

#include "bubbles.h"
#include "phone.h"
#include "screen-lock.h"

#include <glib/gi18n-lib.h>

#define SANDBOX "/.flatpak-info"

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

  KobanBubbles *server;  /* (owned) */
  KobanScreenLock *lock; /* (owned) */
  GHashTable *bubbles;   /* (owned) (element-type utf8 Bubble): by incident */
  guint watch;
  gboolean small; /* a phone, or what may be one: it always says the discreet words */
  gboolean lost;  /* something that should be seen may not be: say so when a server appears */
} Screen;

typedef struct
{
  KobanMessage *message; /* (owned) */
  gboolean gone;         /* the person closed it: it comes back only when there is something to say */
  gboolean explained;    /* it names the command too */
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

  koban_message_free (bubble->message);
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

static gboolean explain_posted (gpointer data);

/* One incident, as a call to this thread names it. */
typedef struct
{
  Screen *screen; /* (owned) */
  char *incident; /* (owned) */
} Call;

static Call *
call_new (Screen *screen, const char *incident)
{
  Call *call = g_new (Call, 1);

  *call = (Call){ g_atomic_rc_box_acquire (screen), g_strdup (incident) };
  return call;
}

static void
call_free (gpointer data)
{
  Call *call = data;

  screen_unref (call->screen);
  g_free (call->incident);
  g_free (call);
}

static gboolean
is_incident (const char *id)
{
  return id[0] == 'i' && g_ascii_isdigit (id[1]);
}

gboolean
koban_bubbles_has_details (const KobanMessage *message)
{
  return message->many || is_incident (message->incident);
}

static gboolean
is_discreet (Screen *screen)
{
  return !screen->server->hides_itself && koban_screen_lock_is_locked (screen->lock);
}

static void
use_words (KobanMessage *message, const char *summary, const char *body)
{
  char *new_summary = g_strdup (summary), *new_body = g_strdup (body);

  g_free (message->summary);
  g_free (message->body);
  message->summary = new_summary;
  message->body = new_body;
}

static void
add_command (KobanMessage *message)
{
  /* TRANSLATORS: "koban show %s" and "koban alerts" are commands to be typed as they are. */
  g_autofree char *how =
    message->many
      ? g_strdup (_("All that is known, in a terminal: koban alerts"))
      : g_strdup_printf (_("All that is known, in a terminal: koban show %s"), message->incident);
  g_autofree char *body = g_strconcat (message->body, "\n", how, NULL);

  use_words (message, message->summary, body);
}

/* As it is to be seen now. Whose doing it was is not asked of who stands before a locked screen. (transfer
 * full) */
static KobanMessage *
words_for (Screen *screen, const Bubble *bubble)
{
  KobanMessage *words = koban_message_copy (bubble->message);
  gboolean locked = is_discreet (screen);

  if ((locked || screen->small) && words->discreet_summary != NULL)
    use_words (words, words->discreet_summary, words->discreet_body);
  if (bubble->explained)
    add_command (words);
  words->answerable = words->answerable && !locked;
  return words;
}

static gboolean
show_bubble (Screen *screen, Bubble *bubble, gboolean silent, GError **error)
{
  g_autoptr(KobanMessage) words = words_for (screen, bubble);

  words->silent = words->silent || silent;
  bubble->gone = FALSE;
  g_atomic_int_set (&screen->busy, TRUE);
  gboolean taken = screen->server->show (screen->server, words, error);
  g_atomic_int_set (&screen->busy, FALSE);
  if (taken)
    g_atomic_int_set (&screen->available, AVAILABLE_YES);
  return taken;
}

static gboolean
show_in_thread (Screen *screen, const KobanMessage *message, GError **error)
{
  Bubble *bubble = g_new0 (Bubble, 1);

  bubble->message = koban_message_copy (message);
  g_hash_table_insert (screen->bubbles, g_strdup (message->incident), bubble);
  if (show_bubble (screen, bubble, FALSE, error))
    return TRUE;
  screen->lost = TRUE;
  g_hash_table_remove (screen->bubbles, message->incident);
  return FALSE;
}

static void
show_again (Screen *screen, const char *incident, Bubble *bubble)
{
  g_autoptr(GError) error = NULL;

  if (!show_bubble (screen, bubble, TRUE, &error))
    g_message ("%s could not be shown again: %s", incident, error->message);
}

static void
on_lock_changed (KobanScreenLock *lock, Screen *screen)
{
  GHashTableIter iter;
  gpointer incident, bubble;

  if (screen->server->hides_itself)
    return;
  g_hash_table_iter_init (&iter, screen->bubbles);
  while (g_hash_table_iter_next (&iter, &incident, &bubble))
    if (!((Bubble *) bubble)->gone)
      show_again (screen, incident, bubble);
}

static gboolean
explain_posted (gpointer data)
{
  Call *call = data;
  Bubble *bubble = g_hash_table_lookup (call->screen->bubbles, call->incident);

  if (bubble != NULL)
    {
      bubble->explained = TRUE;
      show_again (call->screen, call->incident, bubble);
    }
  call_free (call);
  return G_SOURCE_REMOVE;
}

/* A list has no page: the command is named at once; but showing replaces the buttons, so not while one of
 * them is being pressed. */
static void
on_heard (const char *incident, const char *action, gpointer user_data)
{
  Screen *screen = user_data;
  Bubble *bubble = g_hash_table_lookup (screen->bubbles, incident);

  if (bubble == NULL)
    return;
  if (action == NULL)
    bubble->gone = TRUE;
  else if (!g_str_equal (action, "default"))
    tell (screen, incident, action);
  else if (bubble->message->many)
    post (screen->context, explain_posted, call_new (screen, incident));
  else
    tell (screen, incident, "details");
}

/* A server that is not running but can be started counts: the first bubble starts it. */
static gboolean
can_be_started (GDBusConnection *connection, const char *name)
{
  g_autoptr(GVariant) reply = g_dbus_connection_call_sync (
    connection, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
    "ListActivatableNames", NULL, G_VARIANT_TYPE ("(as)"), G_DBUS_CALL_FLAGS_NONE, 5000, NULL, NULL);
  if (reply == NULL)
    return FALSE;

  g_autofree const char **names = NULL;
  g_variant_get (reply, "(^a&s)", &names);
  return g_strv_contains (names, name);
}

static void
on_server_appeared (GDBusConnection *connection, const char *name, const char *owner, gpointer user_data)
{
  Screen *screen = user_data;

  g_atomic_int_set (&screen->available, AVAILABLE_YES);
  screen->server->forget (screen->server);
  if (screen->lost)
    tell (screen, NULL, NULL);
  screen->lost = FALSE;
}

static void
on_server_vanished (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Screen *screen = user_data;
  gboolean may_start = connection != NULL && can_be_started (connection, name);

  g_atomic_int_set (&screen->available, may_start ? AVAILABLE_YES : AVAILABLE_NO);
  screen->lost |= g_hash_table_size (screen->bubbles) > 0;
  screen->server->forget (screen->server);
  g_hash_table_remove_all (screen->bubbles);
}

static GDBusConnection *
get_bus (GBusType type)
{
  GDBusConnection *bus = g_bus_get_sync (type, NULL, NULL);

  if (bus != NULL)
    g_dbus_connection_set_exit_on_close (bus, FALSE);
  return bus;
}

static void
screen_open (Screen *screen)
{
  g_autoptr(GDBusConnection) session = get_bus (G_BUS_TYPE_SESSION);
  g_autoptr(GDBusConnection) system = get_bus (G_BUS_TYPE_SYSTEM);
  gboolean sandboxed = session != NULL && g_file_test (SANDBOX, G_FILE_TEST_EXISTS);

  screen->bubbles = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, bubble_free);
  screen->server = sandboxed ? koban_bubbles_new_portal (session) : koban_bubbles_new_notify ();
  screen->server->heard = on_heard;
  screen->server->user_data = screen;
  screen->small = screen->small && koban_is_phone (system);
  screen->lock = koban_screen_lock_new (session, system);
  g_signal_connect (screen->lock, "changed", G_CALLBACK (on_lock_changed), screen);
  screen->watch = g_bus_watch_name (G_BUS_TYPE_SESSION, screen->server->server, G_BUS_NAME_WATCHER_FLAGS_NONE,
                                    on_server_appeared, on_server_vanished, screen, NULL);
}

static void
screen_close (Screen *screen)
{
  g_bus_unwatch_name (screen->watch);
  g_signal_handlers_disconnect_by_data (screen->lock, screen);
  g_clear_object (&screen->lock);
  screen->server->free (g_steal_pointer (&screen->server));
  g_clear_pointer (&screen->bubbles, g_hash_table_unref);
}

static gpointer
desktop_thread (gpointer data)
{
  Screen *screen = data;

  g_main_context_push_thread_default (screen->context);
  screen_open (screen);
  g_atomic_int_set (&screen->busy, FALSE);
  g_main_loop_run (screen->loop);
  screen_close (screen);
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

  g_atomic_int_set (&screen->busy, TRUE);
  screen->server->close (screen->server, withdrawal->incident);
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

void
koban_desktop_explain (KobanDesktop *self, const char *incident)
{
  post (self->screen->context, explain_posted, call_new (self->screen, incident));
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
koban_desktop_new (KobanDetail detail, gboolean discreet_on_phone)
{
  KobanDesktop *self = g_object_new (KOBAN_TYPE_DESKTOP, NULL);
  Screen *screen = g_atomic_rc_box_new0 (Screen);

  screen->context = g_main_context_new ();
  screen->loop = g_main_loop_new (screen->context, FALSE);
  screen->home = g_main_context_ref_thread_default ();
  screen->available = AVAILABLE_UNKNOWN;
  screen->busy = TRUE;
  screen->small = discreet_on_phone;
  g_weak_ref_init (&screen->desktop, self);
  self->detail = detail;
  self->screen = screen;
  self->thread = g_thread_new ("koban-desktop", desktop_thread, screen);
  return self;
}
