/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into a program that counts which of its lines ran, it takes Landlock away from it, as an old
 * kernel does: or it could not write the counts down.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdarg.h>
#include <unistd.h>

#define FIRST 444 /* landlock_create_ruleset, and the two that follow it */
#define LAST 446
#define N_ARGUMENTS 6

long
syscall (long number, ...)
{
  static long (*real) (long number, ...);
  long arguments[N_ARGUMENTS];
  va_list more;

  if (number >= FIRST && number <= LAST)
    {
      errno = ENOSYS;
      return -1;
    }
  va_start (more, number);
  for (int i = 0; i < N_ARGUMENTS; i++)
    arguments[i] = va_arg (more, long);
  va_end (more);
  if (real == NULL)
    real = (long (*) (long number, ...)) dlsym (RTLD_NEXT, "syscall");
  return real (number, arguments[0], arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]);
}
