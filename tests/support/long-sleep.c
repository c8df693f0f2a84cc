/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into a program under test, it lets the computer sleep: at each SIGUSR2, boot time is at once
 * $LONG_SLEEP_S seconds later, and the program's one absolute timer rings if its moment passed meanwhile, as
 * after a suspend. The calendar is moved by moved-time.c; everything else that waits stays true.
 */
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <time.h>

#define SECOND_US 1000000

typedef int SetTime (int fd, int flags, const struct itimerspec *set, struct itimerspec *old);

static SetTime *really_set;
static time_t sleep_s;
static atomic_llong slept_us;
static atomic_llong
  due_us; /* what the program set its timer to, in the boot time that it sees; 0: disarmed */
static atomic_int timer = -1;

/* Whoever comes last, of the program and the signal, sets it to what both have said. */
static int
arm (void)
{
  int64_t slept, due;
  int result;

  do
    {
      slept = slept_us;
      due = due_us;
      int64_t true_us = due == 0      ? 0
                        : due > slept ? due - slept
                                      : 1; /* 0 disarms; what is past rings at once */
      struct itimerspec set = { .it_value = { true_us / SECOND_US, true_us % SECOND_US * 1000 } };
      result = really_set (timer, TFD_TIMER_ABSTIME, &set, NULL);
    }
  while (slept != slept_us || due != due_us);
  return result;
}

static void
on_sleep (int number)
{
  int before = errno;

  (void) number;
  slept_us += sleep_s * SECOND_US;
  if (timer >= 0)
    (void) arm ();
  errno = before;
}

__attribute__ ((constructor)) static void
listen_for_sleep (void)
{
  const char *length = getenv ("LONG_SLEEP_S");
  struct sigaction action = { .sa_handler = on_sleep, .sa_flags = SA_RESTART };

  really_set = (SetTime *) dlsym (RTLD_NEXT, "timerfd_settime");
  sleep_s = length != NULL ? atol (length) : 0;
  if (sleep_s > 0)
    (void) sigaction (SIGUSR2, &action, NULL);
}

int
clock_gettime (clockid_t id, struct timespec *now)
{
  static int (*real) (clockid_t, struct timespec *);

  if (real == NULL)
    real = (int (*) (clockid_t, struct timespec *)) dlsym (RTLD_NEXT, "clock_gettime");
  int result = real (id, now);
  if (result == 0 && id == CLOCK_BOOTTIME)
    now->tv_sec += slept_us / SECOND_US;
  return result;
}

int
timerfd_settime (int fd, int flags, const struct itimerspec *set, struct itimerspec *old)
{
  if ((flags & TFD_TIMER_ABSTIME) == 0 || old != NULL)
    return really_set (fd, flags, set, old);
  timer = fd;
  due_us = set->it_value.tv_sec * SECOND_US + set->it_value.tv_nsec / 1000;
  return arm ();
}
