/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page is read from the ledger, written whole beside its place and renamed, and handed over. One
 * that is open in a browser is read there once: to delete it does not close it.
 */
#include "config.h"

#include "pages.h"

#include "page.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixfdlist.h>
#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <koban/error.h>
#include <unistd.h>

#define PORTAL "org.freedesktop.portal.Desktop"
#define PORTAL_PATH "/org/freedesktop/portal/desktop"

struct _KobanPages
{
  GObject parent;

  char *folder;             /* (owned) */
  GDBusConnection *session; /* (owned) */
  KobanBooks *books;        /* (owned) */
  GHashTable *written;      /* (owned) (element-type utf8): incidents that have a page */
  GHashTable *asked;        /* (owned) (element-type Asking): answers of the portal that are still to come */
};

enum
{
  SIGNAL_UNOPENED,
  N_SIGNALS
};
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (KobanPages, koban_pages, G_TYPE_OBJECT)

static char *
path_of (KobanPages *self, const char *incident)
{
  g_autofree char *name = g_strconcat (incident, ".html", NULL);

  return g_build_filename (self->folder, name, NULL);
}

static void
remove_page (KobanPages *self, const char *incident)
{
  g_autofree char *path = path_of (self, incident);

  (void) g_unlink (path);
}

/* --- reading
 * -------------------------------------------------------------------------------------------------- */

/* Filled in the reader thread. */
typedef struct
{
  char *incident;     /* (owned) */
  char *action;       /* (owned) (nullable): to be said if it cannot be opened */
  GPtrArray *alerts;  /* (owned) (nullable) (element-type KobanAlert) */
  char *account_name; /* (owned) (nullable) */
  KobanOwnership ownership;
} Reading;

static void
reading_free (gpointer data)
{
  Reading *reading = data;

  g_clear_pointer (&reading->alerts, g_ptr_array_unref);
  g_free (reading->account_name);
  g_free (reading->incident);
  g_free (reading->action);
  g_free (reading);
}

static Reading *
reading_new (const char *incident, const char *action)
{
  Reading *reading = g_new0 (Reading, 1);

  reading->incident = g_strdup (incident);
  reading->action = g_strdup (action);
  return reading;
}

static GVariant *
list (KobanLedger *ledger, KobanList what, const char *key, const char *value, GError **error)
{
  GVariantDict filter;

  g_variant_dict_init (&filter, NULL);
  g_variant_dict_insert (&filter, key, "s", value);
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  g_autoptr(GVariant) wanted = g_variant_ref_sink (g_variant_dict_end (&filter));
  GVariant *rows = koban_ledger_list (ledger, what, wanted, error);
  return rows != NULL ? g_variant_ref_sink (rows) : NULL;
}

static gint
worst_first (gconstpointer a, gconstpointer b)
{
  const KobanAlert *one = *(KobanAlert *const *) a, *other = *(KobanAlert *const *) b;

  return (gint) other->severity - (gint) one->severity;
}

static gboolean
read_alerts (KobanLedger *ledger, Reading *reading, GError **error)
{
  g_autoptr(GVariant) rows = list (ledger, KOBAN_LIST_ALERTS, "incident", reading->incident, error);
  if (rows == NULL)
    return FALSE;

  reading->alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (rows, i);
      KobanAlert *alert = koban_alert_from_variant (row, error);

      if (alert == NULL)
        return FALSE;
      g_ptr_array_add (reading->alerts, alert);
    }
  g_ptr_array_sort (reading->alerts, worst_first);
  if (reading->alerts->len > 0)
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no incident “%s”."),
               reading->incident);
  return FALSE;
}

/* An account that is gone leaves the page without its name. */
static void
read_account (KobanLedger *ledger, Reading *reading)
{
  const KobanAlert *worst = reading->alerts->pdata[0];
  g_autoptr(GVariant) rows =
    worst->account != NULL ? list (ledger, KOBAN_LIST_ACCOUNTS, "id", worst->account, NULL) : NULL;
  g_autoptr(GVariant) row =
    rows != NULL && g_variant_n_children (rows) > 0 ? g_variant_get_child_value (rows, 0) : NULL;
  const char *ownership = "";

  if (row == NULL)
    return;
  g_variant_lookup (row, "name", "s", &reading->account_name);
  g_variant_lookup (row, "ownership", "&s", &ownership);
  if (g_str_equal (ownership, "joint"))
    reading->ownership = KOBAN_OWNERSHIP_JOINT;
}

static gboolean
read_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  if (!read_alerts (ledger, job, error))
    return FALSE;
  read_account (ledger, job);
  return TRUE;
}

/* --- writing and handing over
 * ------------------------------------------------------------------------------------ */

/* Mode 0600; what stood in its place is replaced, and never written through. */
static gboolean
write_page (KobanPages *self, const Reading *reading, GError **error)
{
  g_autofree char *path = path_of (self, reading->incident);
  g_autofree char *page = koban_page_render (&(KobanPageFacts){ .incident = reading->incident,
                                                                .alerts = reading->alerts,
                                                                .account_name = reading->account_name,
                                                                .ownership = reading->ownership });

  if (!g_file_set_contents_full (path, page, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0600, error))
    return FALSE;
  g_hash_table_add (self->written, g_strdup (reading->incident));
  return TRUE;
}

/* One page that the portal was asked to open. */
typedef struct
{
  KobanPages *pages; /* (unowned): outlives it */
  char *incident;    /* (owned) */
  char *action;      /* (owned) */
  guint response_id;
} Asking;

static void
asking_free (gpointer data)
{
  Asking *asking = data;

  g_dbus_connection_signal_unsubscribe (asking->pages->session, asking->response_id);
  g_free (asking->incident);
  g_free (asking->action);
  g_free (asking);
}

static void
unopened (KobanPages *self, const char *incident, const char *action, const char *why)
{
  g_debug ("The page of %s could not be opened: %s", incident, why);
  g_signal_emit (self, signals[SIGNAL_UNOPENED], 0, incident, action);
}

/* 0: opened, 1: the person did not want to after all, else nothing can open it. */
static void
on_response (GDBusConnection *bus,
             const char *sender,
             const char *path,
             const char *interface,
             const char *signal,
             GVariant *parameters,
             gpointer user_data)
{
  Asking *asking = user_data;
  guint32 response = 2;

  if (g_variant_is_of_type (parameters, G_VARIANT_TYPE ("(ua{sv})")))
    g_variant_get (parameters, "(ua{sv})", &response, NULL);
  if (response > 1)
    unopened (asking->pages, asking->incident, asking->action, "the portal has nothing to open it with");
  g_hash_table_remove (asking->pages->asked, asking);
}

/* The answer may come before the call returns, and its path is known beforehand. */
static char *
request_path (KobanPages *self, const char *token)
{
  g_autofree char *sender = g_strdup (g_dbus_connection_get_unique_name (self->session) + 1);

  return g_strconcat (PORTAL_PATH "/request/", g_strdelimit (sender, ".", '_'), "/", token, NULL);
}

static char *
await_response (KobanPages *self, const Reading *reading)
{
  char *token = g_strdup_printf ("koban%u", g_random_int ());
  g_autofree char *path = request_path (self, token);
  Asking *asking = g_new0 (Asking, 1);

  *asking = (Asking){ self, g_strdup (reading->incident), g_strdup (reading->action), 0 };
  asking->response_id =
    g_dbus_connection_signal_subscribe (self->session, PORTAL, "org.freedesktop.portal.Request", "Response",
                                        path, NULL, G_DBUS_SIGNAL_FLAGS_NONE, on_response, asking, NULL);
  g_hash_table_add (self->asked, asking);
  return token;
}

/* A call that failed is answered by nobody else. */
typedef struct
{
  KobanPages *pages; /* (owned) */
  char *incident;    /* (owned) */
  char *action;      /* (owned) */
} Opening;

static void
on_asked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Opening *opening = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) reply =
    g_dbus_connection_call_with_unix_fd_list_finish (G_DBUS_CONNECTION (source), NULL, result, &error);

  if (reply == NULL)
    unopened (opening->pages, opening->incident, opening->action, error->message);
  g_object_unref (opening->pages);
  g_free (opening->incident);
  g_free (opening->action);
  g_free (opening);
}

static gboolean
hand_over (KobanPages *self, const Reading *reading, GError **error)
{
  g_autofree char *path = path_of (self, reading->incident);
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  GVariantBuilder options = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  if (fd < 0)
    {
      g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (errno), "%s: %s", path,
                   g_strerror (errno));
      return FALSE;
    }
  g_autoptr(GUnixFDList) fds = g_unix_fd_list_new_from_array (&fd, 1);
  g_autofree char *token = await_response (self, reading);
  Opening *opening = g_new (Opening, 1);
  *opening = (Opening){ g_object_ref (self), g_strdup (reading->incident), g_strdup (reading->action) };
  g_variant_builder_add (&options, "{sv}", "handle_token", g_variant_new_string (token));
  g_variant_builder_add (&options, "{sv}", "writable", g_variant_new_boolean (FALSE));
  g_dbus_connection_call_with_unix_fd_list (
    self->session, PORTAL, PORTAL_PATH, "org.freedesktop.portal.OpenURI", "OpenFile",
    g_variant_new ("(sha{sv})", "", 0, &options), G_VARIANT_TYPE ("(o)"), G_DBUS_CALL_FLAGS_NONE, -1, fds,
    NULL, on_asked, opening);
  return TRUE;
}

static void
on_read (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanPages) self = user_data;
  const Reading *reading = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error) || !write_page (self, reading, &error) ||
      !hand_over (self, reading, &error))
    unopened (self, reading->incident, reading->action, error->message);
}

void
koban_pages_open (KobanPages *self, const char *incident, const char *action)
{
  koban_books_read_async (self->books, read_in_worker, reading_new (incident, action), reading_free, on_read,
                          g_object_ref (self));
}

/* --- deleting
 * ------------------------------------------------------------------------------------------------------ */

/* An answer "not mine" begins the work that the page tells of. */
static gboolean
is_over (const KobanAlert *alert)
{
  return alert->state == KOBAN_ALERT_CLOSED ||
         (alert->state == KOBAN_ALERT_ANSWERED && alert->answer == KOBAN_ANSWER_MINE);
}

static void
on_tidied (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(KobanPages) self = user_data;
  const Reading *reading = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error) &&
      !koban_error_is (error, KOBAN_ERROR_NOT_FOUND))
    return;
  for (guint i = 0; error == NULL && i < reading->alerts->len; i++)
    if (!is_over (reading->alerts->pdata[i]))
      return;
  remove_page (self, reading->incident);
  g_hash_table_remove (self->written, reading->incident);
}

void
koban_pages_tidy (KobanPages *self)
{
  GHashTableIter iter;
  gpointer incident;

  g_hash_table_iter_init (&iter, self->written);
  while (g_hash_table_iter_next (&iter, &incident, NULL))
    koban_books_read_async (self->books, read_in_worker, reading_new (incident, NULL), reading_free,
                            on_tidied, g_object_ref (self));
}

void
koban_pages_close (KobanPages *self)
{
  g_autoptr(GDir) dir = g_dir_open (self->folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (name, ".html"))
      {
        g_autofree char *path = g_build_filename (self->folder, name, NULL);
        (void) g_unlink (path);
      }
  g_hash_table_remove_all (self->written);
  g_hash_table_remove_all (self->asked);
}

static void
koban_pages_finalize (GObject *object)
{
  KobanPages *self = KOBAN_PAGES (object);

  g_hash_table_unref (self->asked);
  g_free (self->folder);
  g_object_unref (self->session);
  g_object_unref (self->books);
  g_hash_table_unref (self->written);
  G_OBJECT_CLASS (koban_pages_parent_class)->finalize (object);
}

static void
koban_pages_class_init (KobanPagesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_pages_finalize;
  signals[SIGNAL_UNOPENED] = g_signal_new ("unopened", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 2, G_TYPE_STRING, G_TYPE_STRING);
}

static void
koban_pages_init (KobanPages *self)
{
  self->written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->asked = g_hash_table_new_full (NULL, NULL, asking_free, NULL);
}

KobanPages *
koban_pages_new (const char *folder, GDBusConnection *session, KobanBooks *books)
{
  KobanPages *self = g_object_new (KOBAN_TYPE_PAGES, NULL);

  self->folder = g_strdup (folder);
  self->session = g_object_ref (session);
  self->books = g_object_ref (books);
  koban_pages_close (self);
  return self;
}
