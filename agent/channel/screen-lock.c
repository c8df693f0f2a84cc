/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who may know that the screen is locked is a table of screen savers on the session bus, and the
 * session's LockedHint on the system bus; desktops set one or the other. Any that says "locked" is
 * believed. One that goes away takes its word with it.
 */
#include "config.h"

#include "screen-lock.h"

#include <unistd.h>

#define ASK_MS 1000 /* a service that hangs keeps an alert waiting no longer than this */
#define LOGIND "org.freedesktop.login1"
#define LOGIND_PATH "/org/freedesktop/login1"
#define PROPERTIES "org.freedesktop.DBus.Properties"

typedef struct
{
  const char *name; /* of the service and of its interface */
  const char *path;
} Saver;

static const Saver savers[] = {
  { "org.freedesktop.ScreenSaver", "/org/freedesktop/ScreenSaver" },
  { "org.gnome.ScreenSaver", "/org/gnome/ScreenSaver" },
  { "org.cinnamon.ScreenSaver", "/org/cinnamon/ScreenSaver" },
  { "org.mate.ScreenSaver", "/org/mate/ScreenSaver" },
  { "org.xfce.ScreenSaver", "/org/xfce/ScreenSaver" },
};

#define N_SAVERS G_N_ELEMENTS (savers)

struct _KobanScreenLock
{
  GObject parent;

  GDBusConnection *session; /* (owned) (nullable) */
  GDBusConnection *system;  /* (owned) (nullable) */
  guint active_ids[N_SAVERS], owner_ids[N_SAVERS];
  gboolean active[N_SAVERS];
  guint manager_id, logind_owner_id;
  guint hint_id;      /* 0: there is no session to hear of */
  char *session_path; /* (owned) (nullable): logind's object */
  gboolean hint;
  gboolean was_locked; /* as last told */
};

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanScreenLock, koban_screen_lock, G_TYPE_OBJECT)

gboolean
koban_screen_lock_is_locked (KobanScreenLock *self)
{
  for (gsize i = 0; i < N_SAVERS; i++)
    if (self->active[i])
      return TRUE;
  return self->hint;
}

static void
tell (KobanScreenLock *self)
{
  gboolean locked = koban_screen_lock_is_locked (self);

  if (locked == self->was_locked)
    return;
  self->was_locked = locked;
  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
}

/* NULL if nobody answers; that is no fault: most desktops have one of these at most. */
static GVariant *
ask (GDBusConnection *bus,
     const char *name,
     const char *path,
     const char *interface,
     const char *method,
     GVariant *arguments,
     const char *type)
{
  return g_dbus_connection_call_sync (bus, name, path, interface, method, arguments, G_VARIANT_TYPE (type),
                                      G_DBUS_CALL_FLAGS_NO_AUTO_START, ASK_MS, NULL, NULL);
}

/* --- screen savers ---------------------------------------------------------------------------------------
 */

static int
saver_of (const char *name)
{
  for (gsize i = 0; i < N_SAVERS; i++)
    if (g_str_equal (savers[i].name, name))
      return (int) i;
  return -1;
}

static void
ask_saver (KobanScreenLock *self, gsize i)
{
  g_autoptr(GVariant) reply =
    ask (self->session, savers[i].name, savers[i].path, savers[i].name, "GetActive", NULL, "(b)");

  self->active[i] = FALSE;
  if (reply != NULL)
    g_variant_get (reply, "(b)", &self->active[i]);
}

static void
on_active_changed (GDBusConnection *bus,
                   const char *sender,
                   const char *path,
                   const char *interface,
                   const char *signal,
                   GVariant *parameters,
                   gpointer user_data)
{
  KobanScreenLock *self = user_data;
  int i = saver_of (interface);

  if (i < 0 || !g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(b)")))
    return;
  g_variant_get (parameters, "(b)", &self->active[i]);
  tell (self);
}

static void
on_saver_owner (GDBusConnection *bus,
                const char *sender,
                const char *path,
                const char *interface,
                const char *signal,
                GVariant *parameters,
                gpointer user_data)
{
  KobanScreenLock *self = user_data;
  const char *name;

  g_variant_get (parameters, "(&s&s&s)", &name, NULL, NULL);
  int i = saver_of (name);
  if (i < 0)
    return;
  ask_saver (self, (gsize) i);
  tell (self);
}

static guint
watch_owner (KobanScreenLock *self, GDBusConnection *bus, const char *name, GDBusSignalCallback callback)
{
  return g_dbus_connection_signal_subscribe (bus, "org.freedesktop.DBus", "org.freedesktop.DBus",
                                             "NameOwnerChanged", "/org/freedesktop/DBus", name,
                                             G_DBUS_SIGNAL_FLAGS_NONE, callback, self, NULL);
}

static void
watch_savers (KobanScreenLock *self)
{
  for (gsize i = 0; self->session != NULL && i < N_SAVERS; i++)
    {
      self->active_ids[i] = g_dbus_connection_signal_subscribe (
        self->session, savers[i].name, savers[i].name, "ActiveChanged", NULL, NULL, G_DBUS_SIGNAL_FLAGS_NONE,
        on_active_changed, self, NULL);
      self->owner_ids[i] = watch_owner (self, self->session, savers[i].name, on_saver_owner);
      ask_saver (self, i);
    }
}

/* --- logind ------------------------------------------------------------------------------------------------
 */

/* The session that this process is in; a service of the user manager is in none, and then it is the one that
 * the user sees. (transfer full) (nullable) */
static char *
find_session (KobanScreenLock *self)
{
  const char *id = g_getenv ("XDG_SESSION_ID");
  g_autoptr(GVariant) of_id = id != NULL ? ask (self->system, LOGIND, LOGIND_PATH, LOGIND ".Manager",
                                                 "GetSession", g_variant_new ("(s)", id), "(o)")
                                          : NULL;
  g_autoptr(GVariant) user = of_id == NULL
                                ? ask (self->system, LOGIND, LOGIND_PATH, LOGIND ".Manager", "GetUser",
                                       g_variant_new ("(u)", (guint32) getuid ()), "(o)")
                                : NULL;
  g_autoptr(GVariant) display = NULL, value = NULL;
  const char *path;
  char *session;

  if (of_id != NULL)
    {
      g_variant_get (of_id, "(o)", &session);
      return session;
    }
  if (user == NULL)
    return NULL;
  g_variant_get (user, "(&o)", &path);
  display = ask (self->system, LOGIND, path, PROPERTIES, "Get",
                 g_variant_new ("(ss)", LOGIND ".User", "Display"), "(v)");
  if (display == NULL)
    return NULL;
  g_variant_get (display, "(v)", &value);
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE ("(so)")))
    return NULL;
  g_variant_get (value, "(so)", NULL, &session);
  return session;
}

static gboolean
ask_hint (KobanScreenLock *self)
{
  g_autoptr(GVariant) reply = ask (self->system, LOGIND, self->session_path, PROPERTIES, "Get",
                                    g_variant_new ("(ss)", LOGIND ".Session", "LockedHint"), "(v)");
  g_autoptr(GVariant) value = NULL;

  if (reply != NULL)
    g_variant_get (reply, "(v)", &value);
  return value != NULL && g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) &&
         g_variant_get_boolean (value);
}

/* A hint that is only called invalid is asked for. */
static void
on_session_changed (GDBusConnection *bus,
                    const char *sender,
                    const char *path,
                    const char *interface,
                    const char *signal,
                    GVariant *parameters,
                    gpointer user_data)
{
  KobanScreenLock *self = user_data;
  g_autoptr(GVariant) changed = NULL;

  if (!g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(sa{sv}as)")))
    return;
  g_variant_get (parameters, "(&s@a{sv}as)", NULL, &changed, NULL);
  if (!g_variant_lookup (changed, "LockedHint", "b", &self->hint))
    self->hint = ask_hint (self);
  tell (self);
}

static void
forget_session (KobanScreenLock *self)
{
  if (self->hint_id != 0)
    g_dbus_connection_signal_unsubscribe (self->system, self->hint_id);
  self->hint_id = 0;
  self->hint = FALSE;
  g_clear_pointer (&self->session_path, g_free);
}

static void
follow_session (KobanScreenLock *self)
{
  forget_session (self);
  self->session_path = find_session (self);
  if (self->session_path == NULL || g_str_equal (self->session_path, "/"))
    return;
  self->hint_id = g_dbus_connection_signal_subscribe (
    self->system, LOGIND, PROPERTIES, "PropertiesChanged", self->session_path, LOGIND ".Session",
    G_DBUS_SIGNAL_FLAGS_NONE, on_session_changed, self, NULL);
  self->hint = ask_hint (self);
}

/* A session came or went, or logind itself did. */
static void
on_sessions (GDBusConnection *bus,
             const char *sender,
             const char *path,
             const char *interface,
             const char *signal,
             GVariant *parameters,
             gpointer user_data)
{
  KobanScreenLock *self = user_data;

  if (!g_str_has_prefix (signal, "Session") && !g_str_equal (signal, "NameOwnerChanged"))
    return;
  follow_session (self);
  tell (self);
}

static void
watch_logind (KobanScreenLock *self)
{
  if (self->system == NULL)
    return;
  self->manager_id =
    g_dbus_connection_signal_subscribe (self->system, LOGIND, LOGIND ".Manager", NULL, LOGIND_PATH, NULL,
                                        G_DBUS_SIGNAL_FLAGS_NONE, on_sessions, self, NULL);
  self->logind_owner_id = watch_owner (self, self->system, LOGIND, on_sessions);
  follow_session (self);
}

/* --- life
 * --------------------------------------------------------------------------------------------------- */

static void
unsubscribe (GDBusConnection *bus, guint *id)
{
  if (*id != 0)
    g_dbus_connection_signal_unsubscribe (bus, *id);
  *id = 0;
}

static void
koban_screen_lock_dispose (GObject *object)
{
  KobanScreenLock *self = KOBAN_SCREEN_LOCK (object);

  for (gsize i = 0; i < N_SAVERS; i++)
    {
      unsubscribe (self->session, &self->active_ids[i]);
      unsubscribe (self->session, &self->owner_ids[i]);
    }
  forget_session (self);
  unsubscribe (self->system, &self->manager_id);
  unsubscribe (self->system, &self->logind_owner_id);
  g_clear_object (&self->session);
  g_clear_object (&self->system);
  G_OBJECT_CLASS (koban_screen_lock_parent_class)->dispose (object);
}

static void
koban_screen_lock_class_init (KobanScreenLockClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = koban_screen_lock_dispose;
  signals[SIGNAL_CHANGED] = g_signal_new ("changed", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                          NULL, NULL, G_TYPE_NONE, 0);
}

static void
koban_screen_lock_init (KobanScreenLock *self)
{
}

KobanScreenLock *
koban_screen_lock_new (GDBusConnection *session, GDBusConnection *system)
{
  KobanScreenLock *self = g_object_new (KOBAN_TYPE_SCREEN_LOCK, NULL);

  self->session = session != NULL ? g_object_ref (session) : NULL;
  self->system = system != NULL ? g_object_ref (system) : NULL;
  watch_savers (self);
  watch_logind (self);
  self->was_locked = koban_screen_lock_is_locked (self);
  return self;
}
