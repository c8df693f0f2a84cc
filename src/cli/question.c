/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Questions of an operation. The host of a page is shown before anything is opened, and a page is opened only
 * for a person at this screen; over ssh, or without a browser, its address is printed, and what the browser
 * ends up at is read from standard input. Nothing that is typed or pasted is printed again, and a code is not
 * even shown while it is typed.
 */
#include "config.h"

#include "cli/question.h"

#include "cli/keyring.h"
#include "cli/printer.h"
#include "cli/prompt.h"

#include <glib-unix.h>
#include <glib/gi18n-lib.h>
#include <koban/field.h>
#include <koban/text.h>
#include <string.h>
#include <unistd.h>

#define LINE_MAX_BYTES 8192

struct _KobanQuestions
{
  KobanDBusKoban1Operation *operation; /* (owned) */
  gulong on_question_id;
  guint reading;     /* source, 0: standard input is not read */
  char *shown;       /* (owned) (nullable): the page, or what was said of the app, that was shown last */
  gboolean in_clear; /* the next line is no secret, and goes as it is */
  gboolean needed;   /* without a line it cannot go on */
};

/* --- a pasted line -----------------------------------------------------------------------------------------
 */

static char *
name_answer (KobanQuestions *self, const char *line, GError **error)
{
  g_autoptr(KobanSecret) answer = koban_secret_new (line, -1);

  if (*line == '\0' || self->in_clear)
    return g_strdup (line);
  return koban_keyring_store (KOBAN_SECRET_ANSWER, "koban", _("Koban: an answer"), answer, error);
}

static void
reply (KobanQuestions *self, const char *line)
{
  g_autoptr(GError) error = NULL;
  g_autofree char *id = name_answer (self, line, &error);

  if (id != NULL)
    koban_dbus_koban1_operation_call_reply (self->operation, id, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL,
                                            NULL);
  else /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): no id, an error */
    g_printerr ("koban: %s\n", error->message);
}

/* One line, byte by byte: what follows it may be somebody else's. FALSE at the end of the input. */
static gboolean
read_line (char *buffer, gsize size)
{
  gsize length = 0;
  gssize got;

  while ((got = read (STDIN_FILENO, buffer + length, 1)) == 1 && buffer[length] != '\n')
    if (length + 2 < size)
      length++;
  buffer[length] = '\0';
  g_strstrip (buffer);
  return got == 1 || *buffer != '\0';
}

static gboolean
on_line (int fd, GIOCondition condition, gpointer user_data)
{
  static char buffer[LINE_MAX_BYTES]; /* static, so that it is in one known place to wipe */
  KobanQuestions *self = user_data;
  gboolean goes_on = read_line (buffer, sizeof buffer);

  if (goes_on)
    reply (self, buffer);
  else if (self->needed)
    koban_dbus_koban1_operation_call_cancel (self->operation, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  explicit_bzero (buffer, sizeof buffer);
  if (goes_on && !self->needed)
    return G_SOURCE_CONTINUE;
  self->reading = 0; /* what follows is the answer to the next question, once it is asked */
  return G_SOURCE_REMOVE;
}

/* --- a page
 * -------------------------------------------------------------------------------------------------- */

/* A browser that is opened far away, or on no screen, helps nobody. */
static gboolean
has_screen (void)
{
  const char *const displays[] = { g_getenv ("WAYLAND_DISPLAY"), g_getenv ("DISPLAY") };

  return koban_prompt_can_ask () && g_getenv ("SSH_CONNECTION") == NULL &&
         ((displays[0] != NULL && *displays[0] != '\0') || (displays[1] != NULL && *displays[1] != '\0'));
}

/* Through the portal, or by what the desktop calls its browser. */
static void
open_page (const char *url)
{
  g_autoptr(GError) error = NULL;

  if (has_screen () && !g_app_info_launch_default_for_uri (url, NULL, &error))
    g_printerr (_("No browser could be opened (%s).\n"), error->message);
}

/* A host that the profile does not name came with an answer of the bank's. */
static gboolean
agree_to_host (KobanQuestions *self, GVariant *question, const char *host)
{
  if (koban_field_flag (question, "known"))
    return TRUE;
  g_printerr (_("Take care: the bank sends you to %s, which is none of the hosts above.\n"), host);
  if (koban_prompt_can_ask () && koban_prompt_yes (_("Do you know it, and go there? [y/N]")))
    return TRUE;
  koban_dbus_koban1_operation_call_cancel (self->operation, G_DBUS_CALL_FLAGS_NONE, -1, NULL, NULL, NULL);
  return FALSE;
}

/* @needed: nothing else can answer. */
static void
read_lines (KobanQuestions *self, gboolean in_clear, gboolean needed)
{
  self->in_clear = in_clear;
  self->needed = needed;
  if (self->reading == 0)
    self->reading = g_unix_fd_add (STDIN_FILENO, G_IO_IN | G_IO_HUP, on_line, self);
}

static void
ask_for_address (KobanQuestions *self, GVariant *question)
{
  if (koban_field_flag (question, "returns"))
    g_printerr (
      "%s\n",
      _("Koban waits for your browser. If it runs elsewhere, paste here the whole address of the page "
         "that it ends up at, even if that page cannot be shown:"));
  else
    g_printerr (
      "%s\n",
      _("Then paste here the whole address of the page that the browser ends up at, even if that page "
         "cannot be shown:"));
  read_lines (self, FALSE, FALSE);
}

static gboolean
is_new (KobanQuestions *self, const char *url)
{
  if (g_strcmp0 (self->shown, url) == 0)
    return FALSE;
  g_free (self->shown);
  self->shown = g_strdup (url);
  return TRUE;
}

static void
show_page (KobanQuestions *self, GVariant *question)
{
  g_autofree char *host = koban_text_clean (koban_field_text_or (question, "host", ""), 0);
  g_autofree char *url = koban_text_clean (koban_field_text_or (question, "url", ""), 0);
  g_autofree char *problem = koban_text_clean (koban_field_text_or (question, "problem", ""), 0);

  if (*problem != '\0')
    g_printerr ("koban: %s\n", problem);
  if (is_new (self, url))
    {
      g_printerr (_("You sign in with your browser at: %s\n"), host);
      if (!agree_to_host (self, question, host))
        return;
      open_page (url);
      g_printerr (_("If no browser opens, open this address yourself:\n\n  %s\n\n"), url);
    }
  ask_for_address (self, question);
}

static void
show_code (KobanQuestions *self, GVariant *question)
{
  g_autofree char *host = koban_text_clean (koban_field_text_or (question, "host", ""), 0);
  g_autofree char *url = koban_text_clean (koban_field_text_or (question, "url", ""), 0);
  g_autofree char *code = koban_text_clean (koban_field_text_or (question, "code", ""), 0);

  if (!is_new (self, url))
    return;
  g_printerr (_("You sign in with any browser at: %s\n"), host);
  if (!agree_to_host (self, question, host))
    return;
  g_printerr (
    _("Open this address, and type the code there:\n\n  %s\n\n  %s\n\nKoban waits until you did.\n"), url,
    code);
}

/* --- what a bank wants before it revokes
 * ---------------------------------------------------------------------------- */

static void
print_text (GVariant *question)
{
  g_autofree char *text = koban_text_clean (koban_field_text_or (question, "text", ""), 0);
  g_autofree char *problem = koban_text_clean (koban_field_text_or (question, "problem", ""), 0);

  if (*problem != '\0')
    g_printerr ("koban: %s\n", problem);
  if (*text != '\0')
    g_printerr (_("Your bank says: “%s”\n"), text);
}

static void
show_approval (KobanQuestions *self, GVariant *question)
{
  if (!is_new (self, "app"))
    return;
  print_text (question);
  g_printerr ("%s\n", _("Confirm this in your bank's app. Koban waits; Ctrl-C leaves everything as it is."));
}

static void
show_visit (KobanQuestions *self, GVariant *question)
{
  g_autofree char *host = koban_text_clean (koban_field_text_or (question, "host", ""), 0);
  g_autofree char *url = koban_text_clean (koban_field_text_or (question, "url", ""), 0);

  if (!is_new (self, url))
    return;
  print_text (question);
  g_printerr (_("You confirm this with your browser at: %s\n"), host);
  if (!agree_to_host (self, question, host))
    return;
  open_page (url);
  g_printerr (_("If no browser opens, open this address yourself:\n\n  %s\n\n"), url);
  g_printerr ("%s\n", _("Koban waits, and asks the bank how that went; Ctrl-C leaves everything as it is."));
}

static void
show_choice (KobanQuestions *self, GVariant *question)
{
  g_autofree const char **choices = NULL;

  if (!g_variant_lookup (question, "choices", "^a&s", &choices))
    return;
  print_text (question);
  g_printerr ("%s\n", _("Your bank wants you to confirm this. It offers:"));
  for (guint i = 0; choices[i] != NULL; i++)
    {
      g_autofree char *name = koban_text_clean (choices[i], 0);
      g_printerr ("  %u  %s\n", i + 1, name);
    }
  g_printerr ("%s\n", _("Type the number of one:"));
  read_lines (self, TRUE, TRUE);
}

static void
show_otp (KobanQuestions *self, GVariant *question)
{
  print_text (question);
  g_printerr ("%s\n",
              _("Type the code that your bank sent you. It ends this link and nothing else; it is not "
                 "shown:"));
  koban_prompt_hide ();
  read_lines (self, FALSE, TRUE);
}

/* --- which
 * --------------------------------------------------------------------------------------------------- */

static const struct
{
  const char *kind;
  void (*show) (KobanQuestions *self, GVariant *question);
} kinds[] = {
  { "page", show_page },   { "code", show_code },     { "approval", show_approval },
  { "visit", show_visit }, { "choice", show_choice }, { "otp", show_otp },
};

static void
on_question (GObject *operation, GParamSpec *property, gpointer user_data)
{
  GVariant *question = koban_dbus_koban1_operation_get_question (KOBAN_DBUS_KOBAN1_OPERATION (operation));
  const char *kind = question != NULL ? koban_field_text_or (question, "kind", "") : "";

  koban_prompt_show ();
  if (*kind != '\0')
    koban_print_progress ("");
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      kinds[i].show (user_data, question);
}

KobanQuestions *
koban_questions_new (KobanDBusKoban1Operation *operation)
{
  KobanQuestions *self = g_new0 (KobanQuestions, 1);

  self->operation = g_object_ref (operation);
  self->on_question_id = g_signal_connect (operation, "notify::question", G_CALLBACK (on_question), self);
  return self;
}

void
koban_questions_free (KobanQuestions *self)
{
  g_clear_signal_handler (&self->on_question_id, self->operation);
  g_clear_handle_id (&self->reading, g_source_remove);
  koban_prompt_show ();
  g_object_unref (self->operation);
  g_free (self->shown);
  g_free (self);
}
