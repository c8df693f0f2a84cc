/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the agent gave up at its start it cannot have back: other files, new files elsewhere, other programs.
 * Each claim runs in a process of its own, because it is for good.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "confine.h"
#include "silence.h"

typedef struct
{
  char *home, *data, *config, *runtime, *private; /* (owned) */
} Place;

static void
set_up (Place *place, gconstpointer data)
{
  GError *error = NULL;

  place->home = g_dir_make_tmp ("koban-confine-XXXXXX", &error);
  g_assert_no_error (error);
  place->data = g_build_filename (place->home, "data", NULL);
  place->config = g_build_filename (place->home, "config", NULL);
  place->runtime = g_build_filename (place->home, "runtime", NULL);
  place->private = g_build_filename (place->home, "letter", NULL);
  g_assert_cmpint (g_mkdir (place->data, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (place->config, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (place->runtime, 0700), ==, 0);
  g_assert_true (g_file_set_contents (place->private, "dear diary", -1, NULL));
}

static void
remove_in (const char *directory, const char *name)
{
  g_autofree char *path = g_build_filename (directory, name, NULL);

  g_unlink (path);
}

static void
tear_down (Place *place, gconstpointer data)
{
  remove_in (place->data, "koban.db");
  remove_in (place->home, "data");
  g_rmdir (place->data);
  g_rmdir (place->config);
  remove_in (place->runtime, "i1.html");
  g_rmdir (place->runtime);
  g_unlink (place->private);
  g_rmdir (place->home);
  g_free (place->home);
  g_free (place->data);
  g_free (place->config);
  g_free (place->runtime);
  g_free (place->private);
}

static gboolean
can_open (const char *path, int flags)
{
  int fd = open (path, flags | O_CLOEXEC, 0600);

  if (fd >= 0)
    close (fd);
  return fd >= 0;
}

typedef struct
{
  const char *path;
  int flags;
  gboolean allowed;
} Claim;

static int
first_wrong (const Claim *claims, gsize n)
{
  for (int i = 0; i < (int) n; i++)
    if (can_open (claims[i].path, claims[i].flags) != claims[i].allowed)
      return i + 1;
  return 0;
}

/* In the child. The number of the first claim that does not hold; 0: all hold; 77: not on this kernel. */
static int
confined (const Place *place)
{
  g_autofree char *database = g_build_filename (place->data, "koban.db", NULL);
  g_autofree char *page = g_build_filename (place->runtime, "i1.html", NULL);
  g_autofree char *stray = g_build_filename (place->config, "stray", NULL);
  const Claim claims[] = {
    { database, O_RDWR | O_CREAT, TRUE }, { database, O_RDONLY, TRUE },
    { page, O_WRONLY | O_CREAT, TRUE },   { "/etc/passwd", O_RDONLY, TRUE },
    { "/dev/null", O_WRONLY, TRUE },      { "/proc/self/maps", O_RDONLY, TRUE },
    { place->private, O_RDONLY, FALSE },  { place->private, O_WRONLY, FALSE },
    { stray, O_WRONLY | O_CREAT, FALSE }, { place->home, O_RDONLY | O_DIRECTORY, FALSE },
  };

  if (!koban_confine_files (place->data, place->config, place->runtime))
    return 77;
  int wrong = first_wrong (claims, G_N_ELEMENTS (claims));
  if (wrong != 0)
    return wrong;
  execl ("/bin/true", "true", NULL);
  return errno == EACCES ? 0 : 100;
}

/* The parser of a foreign file: nothing of the person's, not even to read. */
static int
parsing (const Place *place)
{
  g_autofree char *copy = g_build_filename (place->data, "koban.db", NULL);
  g_autofree char *stray = g_build_filename (place->config, "stray", NULL);
  const Claim claims[] = {
    { copy, O_RDWR | O_CREAT, TRUE },    { place->config, O_RDONLY | O_DIRECTORY, TRUE },
    { "/etc/passwd", O_RDONLY, TRUE },   { stray, O_WRONLY | O_CREAT, FALSE },
    { place->private, O_RDONLY, FALSE }, { place->home, O_RDONLY | O_DIRECTORY, FALSE },
  };
  const char *const paths[] = { place->data, place->config, NULL };

  if (!koban_confine_parsing (paths))
    return 77;
  return first_wrong (claims, G_N_ELEMENTS (claims));
}

/* The helper that opens files: it reads what the person reads, and writes nowhere else. */
static int
reading (const Place *place)
{
  g_autofree char *copy = g_build_filename (place->data, "koban.db", NULL);
  g_autofree char *stray = g_build_filename (place->config, "stray", NULL);
  const Claim claims[] = {
    { copy, O_RDWR | O_CREAT, TRUE },
    { place->private, O_RDONLY, TRUE },
    { place->private, O_WRONLY, FALSE },
    { stray, O_WRONLY | O_CREAT, FALSE },
  };

  return koban_confine_reading (place->data) ? first_wrong (claims, G_N_ELEMENTS (claims)) : 77;
}

/* No socket, no program; all else goes on. */
static int
silenced (const Place *place)
{
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  if (!koban_silence ())
    return 77;
  if (socket (AF_INET, SOCK_STREAM, 0) >= 0 || errno != EPERM)
    return 1;
  if (socket (AF_UNIX, SOCK_STREAM, 0) >= 0 || errno != EPERM)
    return 2;
  execl ("/bin/true", "true", NULL);
  if (errno != EPERM)
    return 3;
  return can_open (place->private, O_RDONLY) ? 0 : 4;
}

/* Another program of the same user looks into the memory of @pid. */
static gboolean
is_looked_into (pid_t pid)
{
  g_autofree char *memory = g_strdup_printf ("/proc/%d/mem", (int) pid);
  int status;
  pid_t other = fork ();

  if (other == 0)
    _exit (can_open (memory, O_RDONLY));
  return waitpid (other, &status, 0) != other || WEXITSTATUS (status) != 0;
}

/* Root may look into everything, so nobody is who tries. */
static int
closed (const Place *place)
{
  struct rlimit core;

  if (geteuid () == 0 && setuid (65534) != 0)
    return 77;
  if (prctl (PR_SET_DUMPABLE, 1, 0, 0, 0) != 0 || !is_looked_into (getpid ()))
    return 77;
  koban_confine ();
  if (is_looked_into (getpid ()) || prctl (PR_GET_DUMPABLE, 0, 0, 0, 0) != 0)
    return 1;
  if (getrlimit (RLIMIT_CORE, &core) != 0 || core.rlim_max != 0)
    return 2;
  return prctl (PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
}

typedef int (*Part) (const Place *place);

static const Part parts[] = { confined, parsing, reading, silenced, closed };

static void
test_part (Place *place, gconstpointer data)
{
  int status;
  pid_t child = fork ();

  g_assert_cmpint (child, >=, 0);
  if (child == 0)
    _exit (parts[GPOINTER_TO_SIZE (data)](place));
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  g_assert_true (WIFEXITED (status));
  if (WEXITSTATUS (status) == 77)
    g_test_skip ("this kernel does not know how to");
  else
    g_assert_cmpint (WEXITSTATUS (status), ==, 0);
}

int
main (int argc, char **argv)
{
  g_autofree char *config_home = g_dir_make_tmp ("koban-config-XXXXXX", NULL);
  g_autofree char *autostart = g_build_filename (config_home, "autostart", NULL);

  g_setenv ("XDG_CONFIG_HOME", config_home, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/confine/only-its-own", Place, GSIZE_TO_POINTER (0), set_up, test_part, tear_down);
  g_test_add ("/confine/parsing", Place, GSIZE_TO_POINTER (1), set_up, test_part, tear_down);
  g_test_add ("/confine/reading", Place, GSIZE_TO_POINTER (2), set_up, test_part, tear_down);
  g_test_add ("/confine/silence", Place, GSIZE_TO_POINTER (3), set_up, test_part, tear_down);
  g_test_add ("/confine/closed", Place, GSIZE_TO_POINTER (4), set_up, test_part, tear_down);
  int status = g_test_run ();
  g_rmdir (autostart);
  g_rmdir (config_home);
  return status;
}
