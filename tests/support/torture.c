/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into the agent, it counts every step by which something leaves its memory (a write, a sync, a
 * rename, a removal, a send), and kills the process (SIGKILL: nothing is cleaned up) at the one that it was
 * told, before it is done or when half of its bytes are written.
 *
 * So that a thousand lives take a minute, the program is loaded once and stops at the door of main(): for
 * each life that is wished for on descriptor $TORTURE_WISHES it forks, and the child goes in. What it wrote
 * only to wake its own threads is no step.
 */
#undef _FILE_OFFSET_BITS /* which makes one name of pwrite and pwrite64 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST_FILES 1024

typedef struct
{
  int64_t kill_at; /* 0: never */
  int64_t half;    /* of the bytes are written first */
} Wish;

/* Told twice: when it is born, with a status of -1, and when it is dead. */
typedef struct
{
  int64_t pid;
  int64_t status;
  int64_t steps;
  char last[16];
} Told;

typedef struct
{
  atomic_llong steps;
  char last[16]; /* the name of the one at which it was killed */
} Shared;

static Shared *shared; /* with the parent; NULL: not counting */
static Wish wish;
static atomic_bool wakes[MOST_FILES]; /* which descriptors only wake our own threads */

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

/* TRUE: the caller is to do half of it and then die. */
static int
step (const char *name)
{
  if (shared == NULL || atomic_fetch_add (&shared->steps, 1) + 1 != wish.kill_at)
    return 0;
  strncpy (shared->last, name, sizeof shared->last - 1);
  return 1;
}

static void __attribute__ ((noreturn)) die (void)
{
  kill (getpid (), SIGKILL);
  for (;;)
    pause ();
}

static int
wakes_only (int fd)
{
  return fd >= 0 && fd < MOST_FILES && wakes[fd];
}

/* --- the steps ---------------------------------------------------------------------------------------- */

int
eventfd (unsigned int count, int flags)
{
  int fd = REAL (eventfd) (count, flags);

  if (fd >= 0 && fd < MOST_FILES)
    wakes[fd] = 1;
  return fd;
}

int
close (int fd)
{
  if (fd >= 0 && fd < MOST_FILES)
    wakes[fd] = 0;
  return REAL (close) (fd);
}

ssize_t
write (int fd, const void *bytes, size_t length)
{
  if (!wakes_only (fd) && step ("write"))
    {
      if (wish.half && length > 1)
        REAL (write) (fd, bytes, length / 2);
      die ();
    }
  return REAL (write) (fd, bytes, length);
}

ssize_t
pwrite64 (int fd, const void *bytes, size_t length, off64_t at)
{
  if (step ("pwrite"))
    {
      if (wish.half && length > 1)
        REAL (pwrite64) (fd, bytes, length / 2, at);
      die ();
    }
  return REAL (pwrite64) (fd, bytes, length, at);
}

ssize_t
pwrite (int fd, const void *bytes, size_t length, off_t at)
{
  return pwrite64 (fd, bytes, length, at);
}

ssize_t
writev (int fd, const struct iovec *pieces, int n)
{
  if (step ("writev"))
    {
      if (wish.half && n > 1)
        REAL (writev) (fd, pieces, n / 2);
      die ();
    }
  return REAL (writev) (fd, pieces, n);
}

ssize_t
send (int fd, const void *bytes, size_t length, int flags)
{
  if (step ("send"))
    {
      if (wish.half && length > 1)
        REAL (send) (fd, bytes, length / 2, flags);
      die ();
    }
  return REAL (send) (fd, bytes, length, flags);
}

ssize_t
sendto (int fd, const void *bytes, size_t length, int flags, const struct sockaddr *to, socklen_t size)
{
  if (step ("sendto"))
    die ();
  return REAL (sendto) (fd, bytes, length, flags, to, size);
}

ssize_t
sendmsg (int fd, const struct msghdr *message, int flags)
{
  if (step ("sendmsg"))
    die ();
  return REAL (sendmsg) (fd, message, flags);
}

int
fsync (int fd)
{
  if (step ("fsync"))
    die ();
  return REAL (fsync) (fd);
}

int
fdatasync (int fd)
{
  if (step ("fdatasync"))
    die ();
  return REAL (fdatasync) (fd);
}

int
rename (const char *from, const char *to)
{
  if (step ("rename"))
    die ();
  return REAL (rename) (from, to);
}

int
unlink (const char *path)
{
  if (step ("unlink"))
    die ();
  return REAL (unlink) (path);
}

int
ftruncate64 (int fd, off64_t length)
{
  if (step ("ftruncate"))
    die ();
  return REAL (ftruncate64) (fd, length);
}

int
ftruncate (int fd, off_t length)
{
  return ftruncate64 (fd, length);
}

/* --- the door of main() ------------------------------------------------------------------------------- */

typedef int (*Main) (int argc, char **argv, char **envp);

static Main real_main;

static int
descriptor (const char *name)
{
  const char *text = getenv (name);

  return text != NULL ? atoi (text) : -1;
}

static void
tell (int out, pid_t pid, int status)
{
  Told told = { .pid = pid, .status = status, .steps = shared->steps };

  memcpy (told.last, shared->last, sizeof told.last);
  if (REAL (write) (out, &told, sizeof told) != (ssize_t) sizeof told)
    exit (1);
}

static int
serve (int argc, char **argv, char **envp)
{
  int in = descriptor ("TORTURE_WISHES"), out = descriptor ("TORTURE_TOLD");

  if (in < 0 || out < 0)
    return real_main (argc, argv, envp);
  shared = mmap (NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || prctl (PR_SET_PDEATHSIG, SIGKILL) != 0)
    return 1;
  while (read (in, &wish, sizeof wish) == (ssize_t) sizeof wish)
    {
      int status = 0;

      memset (shared, 0, sizeof *shared);
      pid_t pid = fork ();
      if (pid == 0)
        {
          prctl (PR_SET_PDEATHSIG, SIGKILL); /* none outlives who wished for it */
          close (in);
          close (out);
          return real_main (argc, argv, envp);
        }
      tell (out, pid, -1);
      waitpid (pid, &status, 0);
      tell (out, pid, status);
    }
  return 0;
}

int __libc_start_main (Main program,
                       int argc,
                       char **argv,
                       void (*init) (void),
                       void (*fini) (void),
                       void (*rtld_fini) (void),
                       void *stack_end);

int
__libc_start_main (Main program,
                   int argc,
                   char **argv,
                   void (*init) (void),
                   void (*fini) (void),
                   void (*rtld_fini) (void),
                   void *stack_end)
{
  real_main = program;
  return REAL (__libc_start_main) (serve, argc, argv, init, fini, rtld_fini, stack_end);
}
