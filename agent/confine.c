/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process gives up. Each step is best effort and none is needed to work: a system that
 * refuses one is no reason not to watch.
 */
#include "config.h"

#include "confine.h"

#include <fcntl.h>
#include <gio/gio.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

void
koban_confine (void)
{
  const struct rlimit no_core = { 0, 0 };

  umask (077);
  setrlimit (RLIMIT_CORE, &no_core);
  prctl (PR_SET_DUMPABLE, 0, 0, 0, 0);
  prctl (PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
  /* A full disk and a closed pipe are errors to be told, not deaths (trust S1). */
  signal (SIGPIPE, SIG_IGN);
  signal (SIGXFSZ, SIG_IGN);
}

/* --- Landlock: by number, because the C library has no name for it ------------------------------------- */

/* The same on every architecture that Debian has. */
#define CREATE_RULESET 444
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define WANT_VERSION 1
#define RULE_PATH_BENEATH 1

#define BIT(n) (G_GUINT64_CONSTANT (1) << (n))
#define EXECUTE BIT (0)
#define WRITE_FILE BIT (1)
#define READ_FILE BIT (2)
#define READ_DIR BIT (3)
#define REMOVE_FILE BIT (5)
#define MAKE_REG BIT (8)
#define TRUNCATE BIT (14)
#define READING (READ_FILE | READ_DIR)
#define WRITING (READING | WRITE_FILE | REMOVE_FILE | MAKE_REG | TRUNCATE)
#define OF_A_FILE (EXECUTE | READ_FILE | WRITE_FILE | TRUNCATE)
#define MAKING (WRITING | BIT (4) | BIT (7)) /* folders too: REMOVE_DIR, MAKE_DIR */

/* The layout that the kernel reads. */
typedef struct
{
  guint64 handled_fs;
} Ruleset;

typedef struct __attribute__ ((packed))
{
  guint64 allowed;
  gint32 parent;
} PathBeneath;

/* What libraries load, resolve and verify with; nothing of a person's. The last ones are of systems that keep
 * theirs elsewhere. */
static const char *const system_files[] = {
  "/usr",
  "/etc",
  "/lib",
  "/lib32",
  "/lib64",
  "/opt",
  "/proc/self",
  "/proc/sys",
  "/proc/cpuinfo",
  "/proc/meminfo",
  "/proc/stat",
  "/sys/devices/system/cpu",
  "/sys/fs/cgroup",
  "/dev/urandom",
  "/dev/random",
  "/dev/zero",
  "/run/systemd",
  "/run/resolvconf",
  "/run/NetworkManager",
  "/run/connman",
  "/run/nscd",
  "/var/lib/ca-certificates",
  "/var/lib/sss",
  "/nix/store",
  "/gnu/store",
  "/run/current-system",
  KOBAN_PKGDATADIR,
  KOBAN_SYSCONFDIR,
  KOBAN_LOCALEDIR,
};

/* Every right that this version of the kernel knows is taken, and only what is listed given back. */
static guint64
handled_by (long version)
{
  if (version < 2)
    return BIT (13) - 1;
  return version < 3 ? BIT (14) - 1 : BIT (15) - 1;
}

/* A path that is not there needs no rule. */
static gboolean
allow (int ruleset, guint64 handled, const char *path, guint64 rights)
{
  int fd = path != NULL ? open (path, O_PATH | O_CLOEXEC) : -1;
  struct stat status;
  gboolean allowed;

  if (fd < 0)
    return FALSE;
  PathBeneath beneath = { .allowed = rights & handled, .parent = fd };
  if (fstat (fd, &status) == 0 && !S_ISDIR (status.st_mode))
    beneath.allowed &= OF_A_FILE;
  allowed = syscall (ADD_RULE, ruleset, RULE_PATH_BENEATH, &beneath, 0) == 0;
  close (fd);
  return allowed;
}

/* Start at login may have to be turned on there later, when no directory can be made any more. */
static char *
autostart_directory (void)
{
  char *path = g_build_filename (g_get_user_config_dir (), "autostart", NULL);

  (void) g_mkdir_with_parents (path, 0700);
  return path;
}

static void
allow_system (int ruleset, guint64 handled)
{
  for (gsize i = 0; i < G_N_ELEMENTS (system_files); i++)
    allow (ruleset, handled, system_files[i], READING);
}

#define RESOLVER "/etc/resolv.conf"

/* (transfer full) (nullable): where it points, whether that is there yet or not. */
static char *
resolver_path (void)
{
  char *path = realpath (RESOLVER, NULL);
  g_autofree char *pointed = path == NULL ? g_file_read_link (RESOLVER, NULL) : NULL;

  return pointed != NULL ? g_canonicalize_filename (pointed, "/etc") : path;
}

/* The folder of the resolver's file, because the file is replaced when the network changes; where no network
 * was yet, the nearest folder that is there. Without it no bank has an address. */
static void
allow_resolver (int ruleset, guint64 handled)
{
  g_autofree char *path = resolver_path ();

  while (path != NULL)
    {
      g_autofree char *folder = g_path_get_dirname (path);

      if (g_str_equal (folder, "/"))
        allow (ruleset, handled, path, READING);
      if (g_str_equal (folder, "/") || allow (ruleset, handled, folder, READING))
        return;
      g_free (path);
      path = g_steal_pointer (&folder);
    }
}

/* What one kind of process may still do. */
typedef struct
{
  gboolean (*allow) (int ruleset, guint64 handled, const char *const *paths);
  const char *const *paths;
} Allowance;

static gboolean
allow_agent (int ruleset, guint64 handled, const char *const *paths)
{
  g_autofree char *autostart = autostart_directory ();

  allow_system (ruleset, handled);
  allow_resolver (ruleset, handled);
  allow (ruleset, handled, g_getenv ("KOBAN_PROVIDERS"), READING);
  allow (ruleset, handled, g_getenv ("KOBAN_SERVICES"), READING);
  allow (ruleset, handled, g_getenv ("KOBAN_DEADLINES"), READING);
  allow (ruleset, handled, "/dev/null", OF_A_FILE);
  allow (ruleset, handled, autostart, WRITING);
  return allow (ruleset, handled, paths[0], WRITING) && allow (ruleset, handled, paths[1], READING) &&
         allow (ruleset, handled, paths[2], WRITING);
}

static gboolean
allow_reading (int ruleset, guint64 handled, const char *const *paths)
{
  allow (ruleset, handled, "/dev/null", OF_A_FILE);
  return allow (ruleset, handled, "/", READING | EXECUTE) && allow (ruleset, handled, paths[0], MAKING);
}

static gboolean
allow_parsing (int ruleset, guint64 handled, const char *const *paths)
{
  allow_system (ruleset, handled);
  for (const char *const *path = paths + 1; *path != NULL; path++)
    allow (ruleset, handled, *path, READING);
  return paths[0] == NULL || allow (ruleset, handled, paths[0], WRITING);
}

static gboolean
confine (Allowance allowance)
{
  long version = syscall (CREATE_RULESET, NULL, 0, WANT_VERSION);
  if (version < 1)
    {
      g_debug ("This kernel has no Landlock: files are not confined.");
      return FALSE;
    }

  Ruleset wanted = { handled_by (version) };
  int ruleset = (int) syscall (CREATE_RULESET, &wanted, sizeof wanted, 0);
  gboolean confined = ruleset >= 0 && allowance.allow (ruleset, wanted.handled_fs, allowance.paths) &&
                      syscall (RESTRICT_SELF, ruleset, 0) == 0;
  if (ruleset >= 0)
    close (ruleset);
  if (!confined)
    g_message ("Files could not be confined; Koban works without that.");
  return confined;
}

gboolean
koban_confine_files (const char *data, const char *config, const char *runtime)
{
  return confine ((Allowance){ allow_agent, (const char *const[]){ data, config, runtime, NULL } });
}

gboolean
koban_confine_reading (const char *scratch)
{
  return confine ((Allowance){ allow_reading, (const char *const[]){ scratch, NULL } });
}

gboolean
koban_confine_parsing (const char *const *scratch_and_readable)
{
  return confine ((Allowance){ allow_parsing, scratch_and_readable });
}
