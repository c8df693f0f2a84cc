/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * `setup`: from nothing to being watched in four steps, each of which can be skipped, left by Ctrl-C
 * and done again. A step calls the command that does the thing; nothing is done here that another
 * command could not do, so what is half done is done whole or not at all.
 */
#include "config.h"

#include "cli/cli.h"
#include "cli/client.h"
#include "cli/printer.h"
#include "cli/prompt.h"
#include "cli/situation.h"

#include <glib/gi18n-lib.h>
#include <koban/profile.h>
#include <koban/text.h>
#include <locale.h>
#include <string.h>

#define MOST_WORDS 8

typedef struct
{
  const char *base_url, *ca_file; /* (unowned) (nullable): handed on to `add` */
  gboolean leave;                 /* the person has had enough */
} Setup;

/* A command of ours with these words; they end with NULL. */
static int
run (const char *name, ...)
{
  char *words[MOST_WORDS + 1] = { g_strdup (name) };
  int count = 1, status = KOBAN_EXIT_NOT_FOUND;
  KobanCommand command = koban_cli_find (name);
  va_list rest;

  va_start (rest, name);
  for (const char *word = va_arg (rest, const char *); word != NULL && count < MOST_WORDS;
       word = va_arg (rest, const char *))
    words[count++] = g_strdup (word);
  va_end (rest);
  if (command != NULL)
    status = command (count, words);
  for (int i = 0; i < count; i++)
    g_free (words[i]);
  return status;
}

/* The end of the input is enough, too. (transfer full) */
static char *
ask (Setup *self, const char *question)
{
  char *answer = koban_prompt_line (question);

  if (answer == NULL || g_str_equal (answer, "q"))
    self->leave = TRUE;
  return answer != NULL ? answer : g_strdup ("");
}

static gboolean
wants (Setup *self, const char *question)
{
  g_autofree char *answer = ask (self, question);

  return !self->leave && !g_str_equal (answer, "s");
}

/* --- 1: the bank
 * ------------------------------------------------------------------------------------------------ */

/* Where no bank has an interface for persons, the first help is the bank's own. */
static const struct
{
  const char *country;
  const char *advice[4];
} countries[] = {
  { "JP",
    { N_("1. Switch on your bank's own notices of money in and out. Some banks do not tell of direct "
          "debits: choose a day to "
          "look at the list yourself."),
      N_("2. Lower the limits of transfers, direct debits and cash machines to what you use, and switch off "
          "immediate and web "
          "registration of direct debits if you do not use them."),
      N_("3. Have the bank stop every direct debit (口座振替) that you do not know: call the number printed "
          "on your card or "
          "passbook."),
      N_("Banks here let no program look. Koban reads the statement file that you download, and shows who "
          "took money and what "
          "looks odd. A file tells of the past; only your bank's notices tell of now.") } },
};

static void
print_advice (const char *country)
{
  for (guint i = 0; i < G_N_ELEMENTS (countries); i++)
    {
      if (!g_str_equal (countries[i].country, country))
        continue;
      g_print ("%s\n", _("What works tonight, without Koban:"));
      for (guint line = 0; line < G_N_ELEMENTS (countries[i].advice); line++)
        g_print ("  %s\n", _(countries[i].advice[line]));
      g_print ("\n");
    }
}

/* "de_AT.UTF-8" is Austria; "" where the locale names none. (transfer full) */
static char *
country_of_locale (void)
{
  const char *locale = setlocale (LC_MESSAGES, NULL);
  const char *territory = locale != NULL ? strchr (locale, '_') : NULL;

  return territory != NULL && strlen (territory) >= 3 ? g_strndup (territory + 1, 2) : g_strdup ("");
}

/* (transfer full): two capital letters, or "" for everywhere. */
static char *
ask_country (Setup *self)
{
  g_autofree char *guess = country_of_locale ();
  g_autofree char *question =
    *guess != '\0'
      ? g_strdup_printf (_("In which country is your bank? Two letters, GB or JP or DE [%s]:"), guess)
      : g_strdup (_("In which country is your bank? Two letters, GB or JP or DE:"));
  g_autofree char *answer = ask (self, question);

  return g_ascii_strup (*answer != '\0' ? answer : guess, -1);
}

static GPtrArray *
profiles_of (KobanProfiles *profiles, const char *country)
{
  GPtrArray *all = koban_profiles_list (profiles), *fitting = g_ptr_array_new ();

  for (guint i = 0; i < all->len; i++)
    if (*country == '\0' || g_strv_contains (koban_profile_get_countries (all->pdata[i]), country))
      g_ptr_array_add (fitting, all->pdata[i]);
  return fitting;
}

static void
print_choices (GPtrArray *profiles)
{
  for (guint i = 0; i < profiles->len; i++)
    {
      g_autofree char *name = koban_text_clean (koban_profile_get_name (profiles->pdata[i]), 60);

      g_print ("  %2u  %s\n", i + 1, name);
    }
  g_print ("   f  %s\n   s  %s\n", _("a statement file that my bank lets me download"),
           _("skip this step"));
}

static int
connect (Setup *self, const char *provider)
{
  if (self->base_url != NULL && self->ca_file != NULL)
    return run ("add", provider, "--base-url", self->base_url, "--ca-file", self->ca_file, NULL);
  if (self->base_url != NULL)
    return run ("add", provider, "--base-url", self->base_url, NULL);
  return run ("add", provider, NULL);
}

static int
read_file (Setup *self)
{
  g_autofree char *path = ask (self, _("Where is the file? Its path:"));
  g_autofree char *account =
    self->leave || *path == '\0' ? NULL : ask (self, _("A name of yours for this account:"));

  if (self->leave || account == NULL || *account == '\0')
    return KOBAN_EXIT_FAILED;
  return run ("import", path, "--account", account, NULL);
}

static void
offer_review (Setup *self)
{
  if (wants (self, _("Look at the past now, and say whose it was? [Enter] yes, [s] later, [q] leave:")))
    (void) run ("review", NULL);
}

static void
choose_bank (Setup *self, GPtrArray *profiles)
{
  g_autofree char *choice = ask (self, _("Which? A number, f or s:"));
  guint64 number = 0;
  int status = KOBAN_EXIT_FAILED;

  if (self->leave)
    return;
  if (g_str_equal (choice, "f"))
    status = read_file (self);
  else if (g_ascii_string_to_unsigned (choice, 10, 1, profiles->len, &number, NULL))
    status = connect (self, koban_profile_get_id (profiles->pdata[number - 1]));
  else
    return;
  if (status == KOBAN_EXIT_DONE || status == KOBAN_EXIT_ALERTS)
    offer_review (self);
  else
    g_print ("%s\n", _("That was not connected; nothing was kept of it. Try again: koban setup bank"));
}

static void
step_bank (Setup *self)
{
  g_autofree char *country = ask_country (self);
  g_autoptr(KobanProfiles) profiles = koban_profiles_load (NULL);
  g_autoptr(GPtrArray) fitting = profiles_of (profiles, country);

  if (self->leave)
    return;
  print_advice (country);
  print_choices (fitting);
  choose_bank (self, fitting);
}

/* --- 2: the way to you
 * ------------------------------------------------------------------------------------------- */

static gboolean
was_seen (Setup *self, const char *channel)
{
  if (run ("notify", "--test", channel, NULL) != KOBAN_EXIT_DONE)
    return FALSE;
  return koban_prompt_yes (_("Did the test message reach you? [y/N]"));
}

static void
test_desktop (Setup *self)
{
  if (!was_seen (self, "desktop"))
    g_print (
      "%s\n",
      _(
        "Then an alert would not be seen here. Look at your notification settings: let Koban through “do not "
        "disturb”. What is wrong: koban doctor"));
}

static void
explain_disturb (void)
{
  g_print (
    "%s\n  %s\n  %s\n", _("Let an alert through at night, or it waits until morning:"),
    _("Android: Settings, Apps, the app that shows it, Notifications, the channel of the highest priority, "
       "“Override Do "
       "Not Disturb”; and Battery: unrestricted."),
    _("iPhone: Settings, Focus, Do Not Disturb, Apps, allow the app; and Time Sensitive Notifications on."));
}

static void
add_channel (Setup *self)
{
  static const char *const kinds[] = { "ntfy", "gotify", "mail", "webhook", NULL };
  g_autofree char *kind =
    ask (self, _("Where else should an alert reach you? ntfy (a phone), gotify, mail, webhook, or s:"));

  if (self->leave || !g_strv_contains (kinds, kind))
    return;
  if (run ("channel", "add", kind, NULL) != KOBAN_EXIT_DONE)
    {
      g_print ("%s\n", _("That was not connected. Try again: koban setup channel"));
      return;
    }
  explain_disturb ();
  (void) was_seen (self, kind);
}

static void
step_channel (Setup *self)
{
  test_desktop (self);
  if (koban_cli_find ("channel") != NULL)
    add_channel (self);
}

/* --- 3: start at login
 * -------------------------------------------------------------------------------------------- */

static void
step_login (Setup *self)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanDBusKoban1) agent = NULL;

  if (!wants (self,
              _("Start Koban at login, so that it watches by itself? [Enter] yes, [s] no, [q] leave:")))
    return;
  agent = koban_client_connect (&error);
  if (agent != NULL &&
      koban_dbus_koban1_call_start_at_login_sync (agent, TRUE, G_DBUS_CALL_FLAGS_NONE, -1, NULL, &error))
    g_print ("%s\n", _("Koban starts at login. It costs nothing while no bank is connected."));
  else
    (void) koban_cli_fail (g_steal_pointer (&error));
}

/* --- 4: the card
 * --------------------------------------------------------------------------------------------------- */

static void
step_card (Setup *self)
{
  if (koban_cli_find ("card") != NULL)
    (void) run ("card", NULL);
  else
    g_print ("%s\n", _("Copy your bank's number from your card or passbook onto paper, and keep it where "
                        "you find it without "
                        "this computer. Do not take it from a message or a search."));
}

/* --- the walk
 * ------------------------------------------------------------------------------------------------------- */

static const struct
{
  const char *name, *title;
  void (*walk) (Setup *self);
} steps[] = {
  { "bank", N_("Your bank"), step_bank },
  { "channel", N_("How an alert reaches you"), step_channel },
  { "login", N_("Start at login"), step_login },
  { "card", N_("For the day you need it"), step_card },
};

static gboolean
is_step (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (g_str_equal (steps[i].name, name))
      return TRUE;
  return FALSE;
}

static void
walk (Setup *self, guint i)
{
  g_print ("\n%u/%u  %s\n", i + 1, (guint) G_N_ELEMENTS (steps), _(steps[i].title));
  if (wants (self, _("[Enter] go on, [s] skip, [q] leave:")))
    steps[i].walk (self);
}

static void
print_welcome (void)
{
  g_print (
    "%s\n%s\n",
    _("Koban watches your bank accounts from this computer, and tells you when somebody gains the power "
       "to take money, or takes money that you would not expect."),
    _("Four steps, about five minutes. Each can be skipped, and done again: koban setup STEP. Ctrl-C ends "
       "it at any time."));
}

static int
walk_all (Setup *self, char *const *chosen)
{
  if (chosen[0] == NULL)
    print_welcome ();
  for (guint i = 0; i < G_N_ELEMENTS (steps) && !self->leave; i++)
    if (chosen[0] == NULL || g_strv_contains ((const char *const *) chosen, steps[i].name))
      walk (self, i);
  g_print (
    "\n%s\n",
    _("How things stand: koban. What is wrong, if something is: koban doctor. To end it all: koban leave"));
  return KOBAN_EXIT_DONE;
}

int
koban_cli_setup (int argc, char **argv)
{
  static const KobanUsage usage = {
    "[bank] [channel] [login] [card]",
    N_("Walks through bank, channel, start-at-login and card, or the steps that are named."), 0, G_MAXUINT
  };
  g_autofree char *base_url = NULL, *ca_file = NULL;
  const GOptionEntry entries[] = {
    { "base-url", 0, 0, G_OPTION_ARG_STRING, &base_url, N_("Another server, as in koban add"), N_("URL") },
    { "ca-file", 0, 0, G_OPTION_ARG_FILENAME, &ca_file, N_("The certificates to trust, as in koban add"),
      N_("FILE") },
    { NULL },
  };
  g_auto(GStrv) words = NULL;
  int status;

  if (!koban_cli_parse (argc, argv, &usage, entries, NULL, &words, &status))
    return status;
  for (guint i = 0; words[i] != NULL; i++)
    if (!is_step (words[i]))
      return koban_cli_usage_error (argv[0], _("“%s” is none of bank, channel, login, card"), words[i]);
  if (!koban_prompt_can_ask ())
    return koban_cli_usage_error (
      argv[0], "%s", _("setup asks, and there is no terminal; in a script: koban add, koban import"));
  Setup self = { .base_url = base_url, .ca_file = ca_file };
  return walk_all (&self, words);
}
