/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command `koban`: a table of commands, and the door to each. A write that failed (a full
 * disk, a closed pipe) is an error, whatever the command thought.
 *
 * It is built twice. What only asks the agent is in `koban`, which links little and so begins at once; what
 * does more is in `koban-more`, which has all commands, and which `koban` becomes for these.
 */
#include "config.h"

#include "cli/cli.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <koban/place.h>
#include <koban/text.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#ifdef KOBAN_MORE
#define MORE(command) command
#else
#define MORE(command) NULL
#endif

typedef struct
{
  const char *name;
  KobanCommand run; /* NULL: koban-more has it */
  const char *summary;
} Command;

static const Command commands[] = {
  { "setup", MORE (koban_cli_setup), N_("begin here: bank, channel, start at login, in five minutes") },
  { "providers", MORE (koban_cli_providers), N_("what can be connected") },
  { "provider", MORE (koban_cli_provider),
    N_("what is wrong with a provider profile (provider lint FILE)") },
  { "add", MORE (koban_cli_add), N_("connect a bank") },
  { "remove", MORE (koban_cli_remove), N_("stop watching a bank") },
  { "connections", koban_cli_connections, N_("the banks that are connected") },
  { "accounts", koban_cli_accounts, N_("the accounts, and how each is watched") },
  { "transactions", koban_cli_transactions, N_("the lines of the statements") },
  { "links", koban_cli_links, N_("who may take money, or look, without asking again") },
  { "show", koban_cli_show, N_("everything about one thing") },
  { "revoke", MORE (koban_cli_revoke), N_("end a link, and prove it") },
  { "alerts", koban_cli_alerts, N_("what Koban has to say") },
  { "answer", koban_cli_answer, N_("say whose it is: mine, not-mine, unsure") },
  { "note", koban_cli_note, N_("write down whom you told, or that money came back") },
  { "report", MORE (koban_cli_report), N_("the evidence of an incident, for bank and police") },
  { "deadlines", MORE (koban_cli_deadlines), N_("how long there is to claim, the soonest first") },
  { "card", MORE (koban_cli_card), N_("the page to print: whom to call, what to say") },
  { "check", MORE (koban_cli_check), N_("ask the banks now") },
  { "import", MORE (koban_cli_import), N_("read a statement file that your bank let you download") },
  { "review", koban_cli_review, N_("all known history: who took money, and what looks odd") },
  { "status", koban_cli_status, N_("does Koban watch, and what waits") },
  { "doctor", MORE (koban_cli_doctor), N_("what is wrong with Koban here, and the next step") },
  { "watch", koban_cli_watch, N_("print alerts as they come") },
  { "config", koban_cli_config, N_("see or change a setting") },
  { "notify", MORE (koban_cli_notify), N_("prove that an alert would reach you (notify --test)") },
  { "verify", koban_cli_verify, N_("what Koban really sent under a code") },
  { "channel", MORE (koban_cli_channel), N_("ways to your phone, mail or program") },
  { "unlock", MORE (koban_cli_unlock), N_("unlock the keyring, so that Koban can go on") },
  { "backup", MORE (koban_cli_backup), N_("write a copy of all that is known") },
  { "restore", MORE (koban_cli_restore), N_("go on from a copy") },
  { "leave", MORE (koban_cli_leave), N_("end all access at banks, and forget everything") },
  { "replay", MORE (koban_cli_replay), N_("run recorded stories through the detectors") },
};

static const Command *
find_command (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name))
      return &commands[i];
  return NULL;
}

static KobanCommand
find_run (const char *name)
{
  const Command *command = find_command (name);

  return command != NULL ? command->run : NULL;
}

static void
print_help (void)
{
  g_print ("%s\n  koban [COMMAND] [--help]\n\n%s\n", _("Usage:"), _("Commands:"));
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    g_print ("  %-13s %s\n", commands[i].name, _(commands[i].summary));
  g_print (
    "\n%s\n",
    _("Without a command, on a terminal: how things stand. koban COMMAND --help tells more of each."));
}

/* This process goes on as koban-more, with its files, its terminal and its signals as they are. */
static int
become_more (char **argv)
{
  g_autofree char *path = koban_place_helper ("koban-more");

  execv (path, argv);
  g_printerr (_("koban: %s could not be started: %s. Install Koban once more\n"), path, g_strerror (errno));
  return KOBAN_EXIT_FAILED;
}

/* @own is where the words of the command begin. */
static int
enter (KobanCommand command, int own, int argc, char **argv)
{
  return command != NULL ? command (argc - own, argv + own) : become_more (argv);
}

static int
run_bare (int argc, char **argv)
{
  if (isatty (STDOUT_FILENO) && isatty (STDIN_FILENO))
    return enter (MORE (koban_cli_home), 0, argc, argv);
  g_printerr ("%s\n", _("koban: say what to do; see: koban --help"));
  return KOBAN_EXIT_USAGE;
}

static int
run (int argc, char **argv)
{
  if (argc < 2)
    return run_bare (argc, argv);
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help"))
    {
      print_help ();
      return KOBAN_EXIT_DONE;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      g_print ("koban %s\n", KOBAN_VERSION);
      return KOBAN_EXIT_DONE;
    }
  const Command *command = find_command (argv[1]);
  if (command != NULL)
    return enter (command->run, 1, argc, argv);

  g_autofree char *clean = koban_text_clean (argv[1], 40);
  g_printerr (_("koban: there is no command “%s”; see: koban --help\n"), clean);
  return KOBAN_EXIT_USAGE;
}

/* What was closed before we began would be given to the next socket that is opened, and an answer written
 * into it. A stand-in that cannot be written to keeps the place, and a lost answer is still told by the exit
 * code. */
static void
hold_standard_files (void)
{
  int file;

  do
    file = open ("/dev/null", O_RDONLY);
  while (file >= 0 && file <= STDERR_FILENO);
  if (file >= 0)
    close (file);
}

int
main (int argc, char **argv)
{
  hold_standard_files ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, KOBAN_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  signal (SIGPIPE, SIG_IGN);
  /* What is typed may be a secret: no second copy of it in a buffer, none in a core file. */
  setvbuf (stdin, NULL, _IONBF, 0);
  setrlimit (RLIMIT_CORE, &(const struct rlimit){ 0, 0 });

  koban_cli_set_finder (find_run);
  int status = run (argc, argv);
  if (fflush (stdout) != 0 || ferror (stdout))
    {
      g_printerr (_("koban: the answer could not be written: %s\n"), g_strerror (errno));
      return KOBAN_EXIT_FAILED;
    }
  return status;
}
