/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into the agent under test, it names the steps at which something becomes true outside of its
 * memory (a request begins, a transaction commits, a notification is shown), each once before and once after.
 * It appends every name to the file $STEPS_SEEN, and kills the process (SIGKILL: nothing is cleaned up) at
 * the one that $KILL_AT names: "commit-before:3" is the third.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum
{
  REQUEST_BEFORE,
  REQUEST_AFTER,
  COMMIT_BEFORE,
  COMMIT_AFTER,
  SHOW_BEFORE,
  SHOW_AFTER,
  N_STEPS
};

static const char *const names[N_STEPS] = { "request-before", "request-after", "commit-before",
                                            "commit-after",   "show-before",   "show-after" };
static atomic_int counts[N_STEPS];
static int seen = -1;

/* Before the program takes away its own right to. */
__attribute__ ((constructor)) static void
open_seen (void)
{
  const char *path = getenv ("STEPS_SEEN");

  if (path != NULL)
    seen = open (path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void
reach (int step)
{
  const char *wanted = getenv ("KILL_AT");
  char name[64];

  int length = snprintf (name, sizeof name, "%s:%d\n", names[step], atomic_fetch_add (&counts[step], 1) + 1);
  if (seen >= 0 && write (seen, name, (size_t) length) != length)
    abort ();
  name[length - 1] = '\0';
  if (wanted != NULL && strcmp (wanted, name) == 0)
    kill (getpid (), SIGKILL);
}

const char *sqlite3_sql (void *statement);
int sqlite3_step (void *statement);
int sqlite3_exec (void *db, const char *sql, void *callback, void *data, void *error);
int notify_notification_show (void *notification, void *error);
int curl_multi_add_handle (void *multi, void *easy);

static int
is_commit (const char *sql)
{
  return sql != NULL && (strncasecmp (sql, "COMMIT", 6) == 0 || strncasecmp (sql, "END", 3) == 0 ||
                         strncasecmp (sql, "RELEASE", 7) == 0);
}

int
sqlite3_step (void *statement)
{
  int (*step) (void *) = (int (*) (void *)) dlsym (RTLD_NEXT, "sqlite3_step");
  const char *(*sql) (void *) = (const char *(*) (void *) ) dlsym (RTLD_NEXT, "sqlite3_sql");
  int commits = is_commit (sql (statement));

  if (commits)
    reach (COMMIT_BEFORE);
  int result = step (statement);
  if (commits)
    reach (COMMIT_AFTER);
  return result;
}

int
sqlite3_exec (void *db, const char *sql, void *callback, void *data, void *error)
{
  int (*exec) (void *, const char *, void *, void *, void *) =
    (int (*) (void *, const char *, void *, void *, void *)) dlsym (RTLD_NEXT, "sqlite3_exec");
  int commits = is_commit (sql);

  if (commits)
    reach (COMMIT_BEFORE);
  int result = exec (db, sql, callback, data, error);
  if (commits)
    reach (COMMIT_AFTER);
  return result;
}

int
notify_notification_show (void *notification, void *error)
{
  int (*show) (void *, void *) = (int (*) (void *, void *)) dlsym (RTLD_NEXT, "notify_notification_show");

  reach (SHOW_BEFORE);
  int result = show (notification, error);
  reach (SHOW_AFTER);
  return result;
}

int
curl_multi_add_handle (void *multi, void *easy)
{
  int (*add) (void *, void *) = (int (*) (void *, void *)) dlsym (RTLD_NEXT, "curl_multi_add_handle");

  reach (REQUEST_BEFORE);
  int result = add (multi, easy);
  reach (REQUEST_AFTER);
  return result;
}
