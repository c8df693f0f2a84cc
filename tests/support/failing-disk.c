/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Preloaded into the agent, it is a disk that dies: while the file $FAILING_DISK holds a byte other than
 * zero, every write and sync of a file below $FAILING_BELOW is the error EIO.
 */
#undef _FILE_OFFSET_BITS /* which makes one name of pwrite and pwrite64 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const volatile char *dying; /* NULL: never */
static const char *below;

#define REAL(name) ((__typeof__ (&name)) dlsym (RTLD_NEXT, #name))

__attribute__ ((constructor)) static void
open_switch (void)
{
  const char *path = getenv ("FAILING_DISK");
  int fd = path != NULL ? open (path, O_RDONLY | O_CLOEXEC) : -1;
  void *page = fd >= 0 ? mmap (NULL, 1, PROT_READ, MAP_SHARED, fd, 0) : MAP_FAILED;

  below = getenv ("FAILING_BELOW");
  if (page != MAP_FAILED && below != NULL)
    dying = page;
  if (fd >= 0)
    close (fd);
}

static int
fails (int fd)
{
  char name[32], path[PATH_MAX];

  if (dying == NULL || *dying == 0)
    return 0;
  snprintf (name, sizeof name, "/proc/self/fd/%d", fd);
  ssize_t length = readlink (name, path, sizeof path);
  if (length < (ssize_t) strlen (below) || strncmp (path, below, strlen (below)) != 0)
    return 0;
  errno = EIO;
  return 1;
}

ssize_t
write (int fd, const void *bytes, size_t length)
{
  return fails (fd) ? -1 : REAL (write) (fd, bytes, length);
}

ssize_t
pwrite (int fd, const void *bytes, size_t length, off_t at)
{
  return fails (fd) ? -1 : REAL (pwrite) (fd, bytes, length, at);
}

ssize_t
pwrite64 (int fd, const void *bytes, size_t length, off64_t at)
{
  return fails (fd) ? -1 : REAL (pwrite64) (fd, bytes, length, at);
}

int
fsync (int fd)
{
  return fails (fd) ? -1 : REAL (fsync) (fd);
}

int
fdatasync (int fd)
{
  return fails (fd) ? -1 : REAL (fdatasync) (fd);
}
