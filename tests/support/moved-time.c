/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into a program under test, it moves that program's calendar: wall time is the computer's plus the
 * µs that stand in the file $MOVED_TIME, at every moment. Boot time, timers and everything that waits stay
 * true.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static const volatile int64_t *offset_us; /* NULL: not moved */

__attribute__ ((constructor)) static void
open_offset (void)
{
  const char *path = getenv ("MOVED_TIME");
  int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *page = fd >= 0 ? mmap (NULL, sizeof (int64_t), PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

  if (page != MAP_FAILED)
    offset_us = page;
  if (fd >= 0)
    close (fd);
}

static void
move (struct timespec *now)
{
  int64_t us = offset_us != NULL ? *offset_us : 0;
  int64_t nsec = now->tv_nsec + us % 1000000 * 1000;

  now->tv_sec += us / 1000000 + (nsec < 0 ? -1 : nsec / 1000000000);
  now->tv_nsec = nsec < 0 ? nsec + 1000000000 : nsec % 1000000000;
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  static int (*real) (clockid_t, struct timespec *);

  if (real == NULL)
    real = (int (*) (clockid_t, struct timespec *)) dlsym (RTLD_NEXT, "clock_gettime");
  int result = real (id, now);
  if (result == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
    move (now);
  return result;
}

int
gettimeofday (struct timeval *restrict now, void *restrict zone)
{
  struct timespec precise;

  if (clock_gettime (CLOCK_REALTIME, &precise) != 0)
    return -1;
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}

time_t
time (time_t *out)
{
  struct timespec precise = { 0 };

  (void) clock_gettime (CLOCK_REALTIME, &precise);
  if (out != NULL)
    *out = precise.tv_sec;
  return precise.tv_sec;
}
