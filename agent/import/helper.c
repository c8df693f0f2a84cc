/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The helper's face on the bus. A parser's answer comes in a file in memory, whose size the kernel bounds,
 * and is believed as far as its form: what is in it stays a stranger's words.
 */
#include "config.h"

#include "helper.h"

#include "folder.h"
#include "handle.h"
#include "parser.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <sys/mman.h>
#include <unistd.h>

#include "data/koban-import-dbus.h"

#define BUS_NAME KOBAN_APP_ID ".Import"
#define BUS_PATH "/org/koban/Koban/Import"
#define LEAVE_AFTER_S 10
#define MOST_JOBS 4

typedef struct
{
  GMainLoop *loop;            /* (owned) */
  KobanDBusImport1 *skeleton; /* (owned) */
  const char *scratch;
  guint jobs;
  guint leave_id; /* 0: there is something to stay for */
  int status;
} Helper;

/* --- staying and leaving ------------------------------------------------------------------------------- */

static gboolean
on_idle (gpointer data)
{
  Helper *self = data;

  self->leave_id = 0;
  g_main_loop_quit (self->loop);
  return G_SOURCE_REMOVE;
}

static void
consider_leaving (Helper *self)
{
  g_clear_handle_id (&self->leave_id, g_source_remove);
  if (self->jobs == 0)
    self->leave_id = g_timeout_add_seconds (LEAVE_AFTER_S, on_idle, self);
}

/* --- one file --------------------------------------------------------------------------------------------
 */

typedef struct
{
  Helper *helper;                    /* (unowned): outlives every job */
  GDBusMethodInvocation *invocation; /* (owned) (nullable): answered when NULL */
  int answer;                        /* descriptor */
} Job;

static void
job_free (Job *job)
{
  job->helper->jobs--;
  consider_leaving (job->helper);
  g_clear_object (&job->invocation);
  if (job->answer >= 0)
    close (job->answer);
  g_free (job);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

static Job *
job_new (Helper *self, GDBusMethodInvocation *invocation)
{
  Job *job = g_new (Job, 1);

  *job = (Job){ self, g_object_ref (invocation), memfd_create ("answer", MFD_CLOEXEC) };
  self->jobs++;
  consider_leaving (self);
  return job;
}

static void
refuse (GDBusMethodInvocation *invocation, const GError *error)
{
  if (error->domain == KOBAN_ERROR)
    g_dbus_method_invocation_return_gerror (invocation, error);
  else
    g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_FAILED,
                                                   error->message);
}

static GVariant *
read_answer (const Job *job, GError **error)
{
  g_autoptr(GMappedFile) file = g_mapped_file_new_from_fd (job->answer, FALSE, error);
  g_autoptr(GBytes) bytes = file != NULL ? g_mapped_file_get_bytes (file) : NULL;
  g_autoptr(GVariant) answer =
    bytes != NULL
      ? g_variant_ref_sink (g_variant_new_from_bytes (G_VARIANT_TYPE (KOBAN_PARSED_TYPE), bytes, FALSE))
      : NULL;
  const char *message;
  int code;

  if (answer == NULL || !g_variant_is_normal_form (answer))
    {
      g_clear_error (error);
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                           _("the file is more than its parser can bear"));
      return NULL;
    }
  g_variant_get_child (answer, 1, "i", &code);
  g_variant_get_child (answer, 2, "&s", &message);
  if (code < 0)
    return g_variant_get_child_value (answer, 0);
  g_set_error_literal (error, KOBAN_ERROR, MIN (code, KOBAN_ERROR_UNSUPPORTED), message);
  return NULL;
}

static void
on_parsed (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Job) job = user_data;
  g_autoptr(GError) error = NULL;
  g_autoptr(GVariant) statement = NULL;

  if (g_subprocess_wait_finish (G_SUBPROCESS (source), result, &error))
    statement = read_answer (job, &error);
  if (statement == NULL)
    refuse (job->invocation, error);
  else
    g_dbus_method_invocation_return_value (job->invocation, g_variant_new ("(@a{sv})", statement));
}

/* The parser gets the file as its input and nothing else of ours: no bus, no display, no home of secrets. */
static GSubprocess *
start_parser (const Job *job, int file, char *const *words, GError **error)
{
  g_autoptr(GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  g_autoptr(GStrvBuilder) command = g_strv_builder_new ();
  static const char *const hidden[] = { "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY",
                                        "SSH_AUTH_SOCK" };

  g_strv_builder_add_many (command, "/proc/self/exe", "--parse", NULL);
  g_strv_builder_addv (command, (const char **) words);
  g_subprocess_launcher_take_stdin_fd (launcher, file);
  g_subprocess_launcher_take_stdout_fd (launcher, fcntl (job->answer, F_DUPFD_CLOEXEC, 3));
  g_subprocess_launcher_setenv (launcher, "TMPDIR", job->helper->scratch, TRUE);
  g_subprocess_launcher_setenv (launcher, "TZ", "UTC", TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (hidden); i++)
    g_subprocess_launcher_unsetenv (launcher, hidden[i]);
  g_auto(GStrv) arguments = g_strv_builder_end (command);
  return g_subprocess_launcher_spawnv (launcher, (const char *const *) arguments, error);
}

/* Takes @file. */
static gboolean
parse (Helper *self, GDBusMethodInvocation *invocation, int file, GVariant *options)
{
  g_autoptr(Job) job = job_new (self, invocation);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) words = koban_parser_words (options, &error);
  g_autoptr(GSubprocess) parser = NULL;

  if (words == NULL || job->answer < 0 || self->jobs > MOST_JOBS)
    close (file);
  else
    parser = start_parser (job, file, words, &error);
  if (parser != NULL)
    g_subprocess_wait_async (parser, NULL, on_parsed, g_steal_pointer (&job));
  else if (error != NULL)
    refuse (invocation, error);
  else
    g_dbus_method_invocation_return_error_literal (
      invocation, KOBAN_ERROR, KOBAN_ERROR_FAILED,
      _("Too much is under way; try again when some of it is done."));
  return TRUE;
}

/* --- the calls --------------------------------------------------------------------------------------------
 */

static gboolean
on_read (KobanDBusImport1 *skeleton,
         GDBusMethodInvocation *invocation,
         GUnixFDList *files,
         GVariant *handle,
         GVariant *options,
         Helper *self)
{
  int file = koban_handle_take (files, handle);

  if (file >= 0)
    return parse (self, invocation, file, options);
  g_dbus_method_invocation_return_error_literal (invocation, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                                                 _("No file came along."));
  return TRUE;
}

static gboolean
on_list_folder (KobanDBusImport1 *skeleton,
                GDBusMethodInvocation *invocation,
                const char *folder,
                const char *const *known,
                Helper *self)
{
  g_autoptr(GError) error = NULL;
  GVariant *files = koban_folder_list (folder, known, &error);

  consider_leaving (self);
  if (files != NULL)
    g_dbus_method_invocation_return_value (invocation, g_variant_new ("(@aa{sv})", files));
  else
    refuse (invocation, error);
  return TRUE;
}

static gboolean
on_read_file (KobanDBusImport1 *skeleton,
              GDBusMethodInvocation *invocation,
              const char *folder,
              const char *name,
              GVariant *options,
              Helper *self)
{
  g_autoptr(GError) error = NULL;
  int file = koban_folder_open (folder, name, &error);

  if (file >= 0)
    return parse (self, invocation, file, options);
  refuse (invocation, error);
  return TRUE;
}

/* --- on the bus --------------------------------------------------------------------------------------------
 */

static void
on_name_lost (GDBusConnection *connection, const char *name, gpointer user_data)
{
  Helper *self = user_data;

  g_main_loop_quit (self->loop);
}

static gboolean
on_signal (gpointer data)
{
  g_main_loop_quit (((Helper *) data)->loop);
  return G_SOURCE_CONTINUE;
}

static void
connect_calls (Helper *self)
{
  g_signal_connect (self->skeleton, "handle-read", G_CALLBACK (on_read), self);
  g_signal_connect (self->skeleton, "handle-list-folder", G_CALLBACK (on_list_folder), self);
  g_signal_connect (self->skeleton, "handle-read-file", G_CALLBACK (on_read_file), self);
}

static int
serve (Helper *self, GDBusConnection *connection, GError **error)
{
  if (!g_dbus_interface_skeleton_export (G_DBUS_INTERFACE_SKELETON (self->skeleton), connection, BUS_PATH,
                                         error))
    return 1;
  guint term = g_unix_signal_add (SIGTERM, on_signal, self);
  guint name = g_bus_own_name_on_connection (connection, BUS_NAME, G_BUS_NAME_OWNER_FLAGS_DO_NOT_QUEUE, NULL,
                                             on_name_lost, self, NULL);
  consider_leaving (self);
  g_main_loop_run (self->loop);
  g_bus_unown_name (name);
  g_source_remove (term);
  g_dbus_interface_skeleton_unexport (G_DBUS_INTERFACE_SKELETON (self->skeleton));
  g_dbus_connection_flush_sync (connection, NULL, NULL);
  return 0;
}

int
koban_helper_run (const char *scratch)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(GDBusConnection) connection = g_bus_get_sync (G_BUS_TYPE_SESSION, NULL, &error);
  g_autoptr(GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr(KobanDBusImport1) skeleton = koban_dbus_import1_skeleton_new ();
  Helper self = { .loop = loop, .skeleton = skeleton, .scratch = scratch };

  connect_calls (&self);
  int status = connection != NULL ? serve (&self, connection, &error) : 1;
  g_clear_handle_id (&self.leave_id, g_source_remove);
  if (error != NULL)
    g_printerr ("koban-import: %s\n", error->message);
  return status;
}
