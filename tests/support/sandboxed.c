/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into a program under test, it lets that program find itself in a sandbox: the file that every
 * Flatpak has.
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

int
access (const char *path, int mode)
{
  static int (*real) (const char *, int);

  if (strcmp (path, "/.flatpak-info") == 0)
    return 0;
  if (real == NULL)
    real = (int (*) (const char *, int)) dlsym (RTLD_NEXT, "access");
  return real (path, mode);
}
