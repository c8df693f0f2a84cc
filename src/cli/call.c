/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a command is called: its words and options, and how it ends on an error. Words are taken as
 * the bytes that were typed and must be UTF-8, whatever the locale.
 */
#include "config.h"

#include "cli/cli.h"

#include <glib/gi18n-lib.h>
#include <koban/date.h>
#include <koban/error.h>
#include <koban/text.h>

static char *
help_text (GOptionContext *context, const char *command, const KobanUsage *usage)
{
  g_autofree char *help = g_option_context_get_help (context, TRUE, NULL);
  const char *options = strchr (help, '\n');

  /* GOption's first line names the program, not the command. */
  options = options != NULL ? strstr (options, "\n\n") : NULL;
  g_autofree char *text = g_strdup_printf (_("Usage:\n  koban %s %s\n\n%s%s"), command, usage->synopsis,
                                           _(usage->summary), options != NULL ? options : "\n");
  return usage->more != NULL ? g_strconcat (g_strchomp (text), "\n\n", _(usage->more), "\n", NULL)
                             : g_steal_pointer (&text);
}

/* Options too: what they name goes to the bus, which carries nothing else. */
static gboolean
words_are_text (int argc, char **argv, int *status)
{
  for (int i = 1; i < argc; i++)
    if (!g_utf8_validate (argv[i], -1, NULL))
      {
        *status = koban_cli_usage_error (argv[0], _("word %u is not UTF-8 text"), (guint) i);
        return FALSE;
      }
  return TRUE;
}

static gboolean
words_fit (const char *command, char *const *words, const KobanUsage *usage, int *status)
{
  guint count = g_strv_length ((char **) words);

  if (count < usage->min_words)
    *status =
      koban_cli_usage_error (command, _("something is missing: koban %s %s"), command, usage->synopsis);
  else if (count > usage->max_words)
    *status = koban_cli_usage_error (command, _("unexpected word “%s”"), words[usage->max_words]);
  else
    return TRUE;
  return FALSE;
}

gboolean
koban_cli_parse (int argc,
                 char **argv,
                 const KobanUsage *usage,
                 const GOptionEntry *entries,
                 gboolean *json,
                 GStrv *words,
                 int *status)
{
  g_autoptr(GOptionContext) context = g_option_context_new (NULL);
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) rest = g_new0 (char *, argc + 1);
  gboolean help = FALSE, ignored;
  const GOptionEntry shared[] = {
    { "help", 'h', 0, G_OPTION_ARG_NONE, &help, N_("Show this help"), NULL },
    { "json", 0, json == NULL ? G_OPTION_FLAG_HIDDEN : 0, G_OPTION_ARG_NONE, json != NULL ? json : &ignored,
      N_("Print JSON"), NULL },
    { NULL },
  };

  if (!words_are_text (argc, argv, status))
    return FALSE;
  for (int i = 0; i < argc; i++)
    rest[i] = g_strdup (argv[i]);
  g_option_context_set_help_enabled (context, FALSE);
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (entries != NULL)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  g_option_context_add_main_entries (context, shared, GETTEXT_PACKAGE);
  if (!g_option_context_parse_strv (context, &rest, &error))
    {
      *status = koban_cli_usage_error (argv[0], "%s", error->message);
      return FALSE;
    }
  if (help)
    {
      g_autofree char *text = help_text (context, argv[0], usage);

      g_print ("%s", text);
      *status = KOBAN_EXIT_DONE;
      return FALSE;
    }

  /* "--" is GOption's own word, and it leaves it standing. */
  char **first = rest + 1;
  if (*first != NULL && g_str_equal (*first, "--"))
    first++;
  if (!words_fit (argv[0], first, usage, status))
    return FALSE;
  *words = g_strdupv (first);
  return TRUE;
}

gboolean
koban_cli_add_since (GVariantDict *filter, const char *since)
{
  KobanDate date;

  if (since == NULL)
    return TRUE;
  if (!koban_date_parse (since, &date))
    return FALSE;
  g_variant_dict_insert (filter, "since", "x", date * KOBAN_DAY_US);
  return TRUE;
}

int
koban_cli_usage_error (const char *command, const char *format, ...)
{
  g_autofree char *text = NULL;
  va_list arguments;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_autofree char *clean = koban_text_clean (text, 0);
  g_printerr (_("koban: %s\nSee: koban %s --help\n"), clean, command);
  return KOBAN_EXIT_USAGE;
}

int
koban_cli_exit_code (const GError *error)
{
  static const struct
  {
    KobanError code;
    int exit;
  } exits[] = {
    { KOBAN_ERROR_NOT_FOUND, KOBAN_EXIT_NOT_FOUND },  { KOBAN_ERROR_AMBIGUOUS, KOBAN_EXIT_NOT_FOUND },
    { KOBAN_ERROR_LOCKED, KOBAN_EXIT_LOCKED },        { KOBAN_ERROR_NO_KEYRING, KOBAN_EXIT_LOCKED },
    { KOBAN_ERROR_NEEDS_SIGN_IN, KOBAN_EXIT_LOCKED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (exits); i++)
    if (koban_error_is (error, exits[i].code))
      return exits[i].exit;
  if (g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_SERVICE_UNKNOWN) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NAME_HAS_NO_OWNER) ||
      g_error_matches (error, G_DBUS_ERROR, G_DBUS_ERROR_NO_REPLY))
    return KOBAN_EXIT_NO_AGENT;
  return KOBAN_EXIT_FAILED;
}

int
koban_cli_fail (GError *error)
{
  g_autoptr(GError) owned = error;

  g_dbus_error_strip_remote_error (owned);
  g_autofree char *clean = koban_text_clean (owned->message, 0);
  g_printerr ("koban: %s\n", clean);
  return koban_cli_exit_code (owned);
}

/* --- one command calls another --- */

static KobanCommand (*finder) (const char *name);

void
koban_cli_set_finder (KobanCommand (*find) (const char *name))
{
  finder = find;
}

KobanCommand
koban_cli_find (const char *name)
{
  return finder != NULL ? finder (name) : NULL;
}
