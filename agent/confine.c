/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What this process gives up. Each step is best effort and none is needed to work: a system that
 * refuses one is no reason not to watch.
 */
#include "config.h"

#include "confine.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

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
