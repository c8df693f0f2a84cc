/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The terminal's second screen, which has no memory. It is written and read past the standard
 * files, so that no redirection keeps what was shown, and left by any key: Ctrl-C is one.
 */
#include "config.h"

#include "cli/reveal.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <signal.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define SECOND_SCREEN "\033[?1049h\033[2J\033[H"
#define FIRST_SCREEN "\033[2J\033[H\033[?1049l"

static int
open_terminal (void)
{
  return open ("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
}

gboolean
koban_reveal_can (void)
{
  int terminal = open_terminal ();

  if (terminal < 0)
    return FALSE;
  close (terminal);
  return TRUE;
}

static gboolean
write_all (int terminal, const char *text)
{
  for (gsize left = text != NULL ? strlen (text) : 0; left > 0;)
    {
      gssize written = write (terminal, text, left);

      if (written < 0 && errno != EINTR)
        return FALSE;
      text += MAX (written, 0);
      left -= (gsize) MAX (written, 0);
    }
  return TRUE;
}

static gboolean
write_page (int terminal, const char *heading, const char *square, const char *secret, const char *after)
{
  const char *const parts[] = {
    SECOND_SCREEN, heading,    "\r\n\r\n", square, "\r\n",
    secret,        "\r\n\r\n", after,      "\r\n", _("Press a key when you have it, and it goes away:")
  };
  gboolean written = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    written = written && write_all (terminal, parts[i]);
  return written;
}

static void
wait_for_key (int terminal)
{
  char key;

  while (read (terminal, &key, 1) < 0 && errno == EINTR)
    ;
}

/* Keys come one by one, unseen, and mean nothing. */
static struct termios
silence (int terminal)
{
  struct termios before, silent;

  tcgetattr (terminal, &before);
  silent = before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ICANON | ISIG);
  silent.c_cc[VMIN] = 1;
  silent.c_cc[VTIME] = 0;
  tcsetattr (terminal, TCSAFLUSH, &silent);
  return before;
}

gboolean
koban_reveal (const char *heading, const char *square, const char *secret, const char *after, GError **error)
{
  int terminal = open_terminal ();
  sigset_t ends, before_signals;
  gboolean shown;

  if (terminal < 0)
    {
      g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                           _("this shows a secret once, and needs a terminal for that"));
      return FALSE;
    }
  /* Whoever ends us meanwhile does not leave the secret on the screen: the signal waits. */
  sigemptyset (&ends);
  sigaddset (&ends, SIGTERM);
  sigaddset (&ends, SIGHUP);
  sigprocmask (SIG_BLOCK, &ends, &before_signals);
  struct termios before = silence (terminal);
  shown = write_page (terminal, heading, square, secret, after);
  if (shown)
    wait_for_key (terminal);
  (void) write_all (terminal, FIRST_SCREEN);
  tcsetattr (terminal, TCSAFLUSH, &before);
  sigprocmask (SIG_SETMASK, &before_signals, NULL);
  close (terminal);
  if (!shown)
    g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_FAILED, _("the terminal cannot be written to"));
  return shown;
}
