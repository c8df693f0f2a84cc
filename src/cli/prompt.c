/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Questions to the person at the terminal. What is asked for comes from a fixed vocabulary of ours,
 * so that no profile can make Koban ask for a banking password, PIN or card number. A secret is
 * typed without echo and lives only in a KobanSecret.
 */
#include "config.h"

#include "cli/prompt.h"

#include <errno.h>
#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LINE_MAX_BYTES 16384 /* a token is a few hundred bytes, a key file a few thousand */

gboolean
koban_prompt_can_ask (void)
{
  return isatty (STDIN_FILENO) && isatty (STDERR_FILENO);
}

/* Reads one line into @buffer, without its end. FALSE at end of input or if it does not fit. */
static gboolean
read_line (char *buffer, gsize size)
{
  if (fgets (buffer, (int) size, stdin) == NULL)
    return FALSE;
  gsize length = strcspn (buffer, "\r\n");
  if (buffer[length] == '\0' && length == size - 1)
    return FALSE;
  buffer[length] = '\0';
  return TRUE;
}

char *
koban_prompt_line (const char *question)
{
  char buffer[1024];

  g_printerr ("%s ", question);
  return read_line (buffer, sizeof buffer) ? g_strstrip (g_strdup (buffer)) : NULL;
}

gboolean
koban_prompt_yes (const char *question)
{
  g_autofree char *answer = koban_prompt_line (question);
  /* TRANSLATORS: every word that means yes, in lower case, separated by |. Keep the English ones. */
  g_auto(GStrv) words = g_strsplit (_("y|yes"), "|", -1);

  if (answer == NULL)
    return FALSE;
  g_autofree char *lower = g_utf8_strdown (answer, -1);
  return g_strv_contains ((const char *const *) words, lower);
}

/* --- without echo */

static struct termios echoing; /* the terminal as it was found */

/* Whoever thinks better of it must not be left with a terminal that is silent. */
static void
echo_again_and_end (int number)
{
  tcsetattr (STDIN_FILENO, TCSANOW, &echoing);
  raise (number); /* its handler was reset by SA_RESETHAND */
}

/* A secret that was typed ahead would have been seen: it is not taken. */
static void
silence (tcflag_t flags, const int *signals, struct sigaction *before)
{
  struct sigaction ending = { .sa_handler = echo_again_and_end, .sa_flags = SA_RESETHAND | SA_NODEFER };
  struct termios silent = echoing;

  for (guint i = 0; signals[i] != 0; i++)
    sigaction (signals[i], &ending, &before[i]);
  silent.c_lflag &= ~flags;
  tcsetattr (STDIN_FILENO, flags == ECHO ? TCSAFLUSH : TCSADRAIN, &silent);
}

static void
echo_again (int when, const int *signals, const struct sigaction *before)
{
  tcsetattr (STDIN_FILENO, when, &echoing);
  for (guint i = 0; signals[i] != 0; i++)
    sigaction (signals[i], &before[i], NULL);
}

static char
read_key (const char *keys)
{
  int key;

  do
    key = getchar ();
  while (
    key != EOF && key != 4 &&
    (key == '\0' || strchr (keys, g_ascii_tolower (key)) == NULL)); /* 4: Ctrl-D is no end of input here */
  return key == EOF || key == 4 ? '\0' : (char) g_ascii_tolower (key);
}

/* What is typed ahead answers the next question, as it would with whole lines. */
char
koban_prompt_key (const char *question, const char *keys)
{
  static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, 0 };
  struct sigaction before[G_N_ELEMENTS (signals)];
  char key;

  g_printerr ("%s ", question);
  if (tcgetattr (STDIN_FILENO, &echoing) != 0)
    return '\0';
  silence (ECHO | ICANON, signals, before);
  key = read_key (keys);
  echo_again (TCSADRAIN, signals, before);
  g_printerr ("%c\n", key != '\0' ? key : ' ');
  return key;
}

/* One line without echo, straight into secret memory. (nullable) */
static KobanSecret *
prompt_secret (const char *question)
{
  static const int signals[] = { SIGINT, SIGQUIT, SIGTERM, SIGHUP, 0 };
  static char buffer[LINE_MAX_BYTES]; /* static, so that it is in one known place to wipe */
  struct sigaction before[G_N_ELEMENTS (signals)];
  KobanSecret *secret = NULL;

  if (tcgetattr (STDIN_FILENO, &echoing) != 0)
    return NULL;
  silence (ECHO, signals, before); /* first: whoever pastes at once must not see it on the screen */
  g_printerr ("%s ", question);
  if (read_line (buffer, sizeof buffer) && *buffer != '\0')
    secret = koban_secret_new (buffer, -1);
  echo_again (TCSAFLUSH, signals, before);
  explicit_bzero (buffer, sizeof buffer);
  g_printerr ("\n");
  return secret;
}

/* --- without echo, while others read --- */

static const int ends[] = { SIGQUIT, SIGTERM, SIGHUP, 0 };
static struct sigaction before_hiding[G_N_ELEMENTS (ends)];
static gboolean hidden;

void
koban_prompt_hide (void)
{
  if (hidden || tcgetattr (STDIN_FILENO, &echoing) != 0)
    return;
  silence (ECHO, ends, before_hiding);
  hidden = TRUE;
}

void
koban_prompt_show (void)
{
  if (hidden)
    echo_again (TCSAFLUSH, ends, before_hiding);
  hidden = FALSE;
}

/* --- answers --- */

KobanAnswers *
koban_answers_new (void)
{
  KobanAnswers *self = g_new0 (KobanAnswers, 1);

  self->fields = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  return self;
}

void
koban_answers_free (KobanAnswers *self)
{
  g_clear_pointer (&self->secrets, koban_secret_unref);
  g_clear_pointer (&self->fields, g_hash_table_unref);
  g_free (self);
}

static void
take_secret (KobanAnswers *self, const char *name, KobanSecret *value)
{
  KobanSecret *bundle = koban_secret_bundle_with (self->secrets, name, value);

  g_clear_pointer (&self->secrets, koban_secret_unref);
  self->secrets = bundle;
}

static void
take (KobanAnswers *self, const KobanNeed *need, const char *value)
{
  if (!need->secret)
    {
      g_hash_table_replace (self->fields, g_strdup (need->name), g_strdup (value));
      return;
    }
  g_autoptr(KobanSecret) secret = koban_secret_new (value, -1);
  take_secret (self, need->name, secret);
}

static const KobanNeed *
find_need (GArray *needs, const char *name)
{
  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);

      if (g_str_equal (need->name, name))
        return need;
    }
  return NULL;
}

static gboolean
is_answered (KobanAnswers *self, const KobanNeed *need)
{
  if (!need->secret)
    return g_hash_table_contains (self->fields, need->name);
  g_autoptr(KobanSecret) secret = koban_secret_bundle_lookup (self->secrets, need->name);
  return secret != NULL;
}

static void
set_needed_error (const KobanNeed *need, GError **error)
{
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("“%s” is needed: give it on a terminal, or as a line %s=… on standard input"), need->name,
               need->name);
}

static gboolean
take_field (KobanAnswers *self, GArray *needs, const char *word, GError **error)
{
  g_auto(GStrv) pair = g_strsplit (word, "=", 2);
  const KobanNeed *need = pair[1] != NULL ? find_need (needs, pair[0]) : NULL;

  if (need == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("--field %s: this provider has no such field"),
                 pair[0]);
  else if (need->secret)
    g_set_error (
      error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
      _("--field %s: a secret is not given on the command line, where others can see it: leave it out and "
         "be asked, or use --secret-stdin"),
      pair[0]);
  else
    take (self, need, pair[1]);
  return need != NULL && !need->secret;
}

static gboolean
take_file (KobanAnswers *self, const KobanNeed *need, const char *path, GError **error)
{
  g_autofree char *content = NULL;
  gsize length;

  if (!g_file_get_contents (path, &content, &length, error))
    return FALSE;
  if (need->kind == KOBAN_NEED_TEXT)
    g_strchomp (content);
  gboolean is_empty = *content == '\0';
  if (is_empty)
    set_needed_error (need, error);
  else
    take (self, need, content);
  explicit_bzero (content, length);
  return !is_empty;
}

static gboolean
take_file_word (KobanAnswers *self, GArray *needs, const char *word, GError **error)
{
  g_auto(GStrv) pair = g_strsplit (word, "=", 2);
  const KobanNeed *need = pair[1] != NULL ? find_need (needs, pair[0]) : NULL;

  if (need != NULL && need->secret && !need->revoke)
    return take_file (self, need, pair[1], error);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("--secret-file %s: this provider has no such secret"), pair[0]);
  return FALSE;
}

gboolean
koban_answers_take_options (KobanAnswers *self,
                            GArray *needs,
                            char *const *fields,
                            char *const *files,
                            GError **error)
{
  for (guint i = 0; fields != NULL && fields[i] != NULL; i++)
    if (!take_field (self, needs, fields[i], error))
      return FALSE;
  for (guint i = 0; files != NULL && files[i] != NULL; i++)
    if (!take_file_word (self, needs, files[i], error))
      return FALSE;
  return TRUE;
}

/* The one secret that a line without a name means, if there is just one still to give. */
static const KobanNeed *
only_secret (KobanAnswers *self, GArray *needs, gboolean revoke)
{
  const KobanNeed *only = NULL;

  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);

      if (!need->secret || need->revoke != revoke)
        continue;
      if (only != NULL)
        return NULL;
      only = need;
    }
  return only;
}

/* A file on one line: its line breaks are written \\n. */
static void
take_value (KobanAnswers *self, const KobanNeed *need, const char *value)
{
  if (need->kind != KOBAN_NEED_FILE || strstr (value, "\\n") == NULL)
    {
      take (self, need, value);
      return;
    }
  char *lines = g_strdup (value);
  const gsize length = strlen (lines); /* before it shrinks: what is left behind is of the key, too */
  char *to = lines;
  for (const char *from = lines; *from != '\0'; from++)
    if (from[0] == '\\' && from[1] == 'n')
      {
        *to++ = '\n';
        from++;
      }
    else
      *to++ = *from;
  *to = '\0';
  take (self, need, lines);
  explicit_bzero (lines, length);
  g_free (lines);
}

static gboolean
take_line (KobanAnswers *self, GArray *needs, gboolean revoke, const char *line, GError **error)
{
  const KobanNeed *only = only_secret (self, needs, revoke);
  const char *equals = strchr (line, '=');
  g_autofree char *name = equals != NULL ? g_strndup (line, (gsize) (equals - line)) : NULL;
  const KobanNeed *named = name != NULL ? find_need (needs, name) : NULL;

  const KobanNeed *need = named != NULL ? named : only;
  const char *value = named != NULL ? equals + 1 : line;

  if (need != NULL && need->revoke != revoke)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is not needed now: leave it out"),
                 need->name);
  else if (need == NULL)
    g_set_error_literal (
      error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
      _("a line of standard input names nothing that this provider needs: write name=value, one "
         "a line; “koban providers --json” lists the names"));
  else if (*value == '\0' && !need->optional)
    set_needed_error (need, error);
  else if (is_answered (self, need))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("“%s” is given twice: leave one out, so that it is clear which is meant"), need->name);
  else if (!need->secret && !g_utf8_validate (value, -1, NULL))
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("“%s” is not UTF-8 text"), need->name);
  else
    {
      take_value (self, need, value);
      return TRUE;
    }
  return FALSE;
}

gboolean
koban_answers_take_stdin (KobanAnswers *self, GArray *needs, gboolean revoke, GError **error)
{
  static char buffer[LINE_MAX_BYTES];
  gboolean fine = TRUE, ended = FALSE;

  if (self->until_blank)
    setvbuf (stdin, NULL, _IONBF, 0); /* what follows is left to be read by others */
  while (fine && !ended && read_line (buffer, sizeof buffer))
    if (*buffer != '\0')
      fine = take_line (self, needs, revoke, buffer, error);
    else
      ended = self->until_blank;
  ended |= feof (stdin) != 0;
  if (fine && !ended)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("a line of standard input is longer than %d bytes: is it the right one?"),
                 LINE_MAX_BYTES);
  fine = fine && ended;
  explicit_bzero (buffer, sizeof buffer);
  return fine;
}

/* Our own words for what is asked: a profile chooses among these names, it cannot word the question. */
static const char *
question_for (const char *name)
{
  static const struct
  {
    const char *name, *question;
  } vocabulary[] = {
    { "token", N_("Access token (made at your bank for programs)") },
    { "access_token", N_("Access token (made at your bank for programs)") },
    { "revoke_token", N_("Access token that may cancel mandates") },
    { "signing_key", N_("File with the private key that signs what is cancelled") },
    { "signing_key_id", N_("Id that your bank gave to that key") },
    { "app_id", N_("Id of your own application") },
    { "secret_id", N_("Secret id of your own access") },
    { "secret_key", N_("Secret key of your own access") },
    { "setup_token", N_("Setup token (made at the bridge, good for one use)") },
    { "api_key", N_("API key (made at your bank for programs)") },
    { "redirect_url", N_("Redirect address that you registered for your own application") },
    { "client_id", N_("Client id of your own application") },
    { "client_secret", N_("Client secret of your own application") },
    { "app_token", N_("Application token") },
    { "user_token", N_("User token") },
    { "private_key", N_("Private key file of your own application") },
    { "gotify_key", N_("Token of the application that you made in Gotify") },
    { "mail_password", N_("Password for sending mail (best one made for programs)") },
    { "certificate", N_("Certificate file of your own application") },
    { "api_version", N_("Version of the standard that your bank speaks") },
    { "consent_ids",
      N_("Ids of further consents of your own application, with blanks between them (none: leave empty)") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (vocabulary); i++)
    if (g_str_equal (vocabulary[i].name, name))
      return _(vocabulary[i].question);
  return NULL;
}

static gboolean
ask_need (KobanAnswers *self, const KobanNeed *need, GError **error)
{
  const char *known = question_for (need->name);
  g_autofree char *question = g_strdup_printf ("%s:", known != NULL ? known : need->name);

  if (need->secret && need->kind == KOBAN_NEED_TEXT)
    {
      g_autoptr(KobanSecret) secret = prompt_secret (question);

      if (secret != NULL)
        take_secret (self, need->name, secret);
      return secret != NULL;
    }
  g_autofree char *line = koban_prompt_line (question);
  if (line == NULL || (*line == '\0' && !need->optional))
    return FALSE;
  if (need->kind == KOBAN_NEED_FILE)
    return take_file (self, need, line, error);
  take (self, need, line);
  return TRUE;
}

gboolean
koban_answers_ask (KobanAnswers *self, GArray *needs, gboolean revoke, GError **error)
{
  gboolean told = FALSE;

  for (guint i = 0; i < needs->len; i++)
    {
      const KobanNeed *need = &g_array_index (needs, KobanNeed, i);

      if (need->revoke != revoke || is_answered (self, need))
        continue;
      if (koban_prompt_can_ask () && !told)
        {
          g_printerr ("%s\n", _("Koban never needs your banking password, PIN or card number."));
          told = TRUE;
        }
      if (koban_prompt_can_ask () && ask_need (self, need, error))
        continue;
      if (need->optional && !koban_prompt_can_ask ())
        continue;
      if (error != NULL && *error == NULL)
        set_needed_error (need, error);
      return FALSE;
    }
  return TRUE;
}
