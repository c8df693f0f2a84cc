/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What every command of `koban` shares: its exit codes, how its words are parsed, and how it ends
 * on an error. A command is `int koban_cli_NAME (int argc, char **argv)`, argv[0] its own name.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* DESIGN §5. */
enum
{
  KOBAN_EXIT_DONE = 0,
  KOBAN_EXIT_FAILED = 1,
  KOBAN_EXIT_USAGE = 2,
  KOBAN_EXIT_NO_AGENT = 3,
  KOBAN_EXIT_NOT_FOUND = 4,
  KOBAN_EXIT_LOCKED = 5,
  KOBAN_EXIT_ALERTS = 10,
  KOBAN_EXIT_UNCHECKED = 11,
  KOBAN_EXIT_UNPROVED = 12,
  KOBAN_EXIT_BY_HAND = 13,
};

typedef struct
{
  const char *synopsis; /* "LINK [--yes]" */
  const char *summary;  /* one sentence, translated */
  guint       min_words;
  guint       max_words; /* G_MAXUINT: any number */
  const char *more;      /* (nullable): what stands below the options */
} KobanUsage;

/* Parses @argv by @entries plus --json and --help. TRUE: @words are what is left (without the
 * command's name), go on. FALSE: the command is over with *@status (help was shown, or a usage
 * error was told). @json may be NULL for commands that print nothing. */
gboolean koban_cli_parse (int argc, char **argv, const KobanUsage *usage, const GOptionEntry *entries,
                          gboolean *json, GStrv *words, int *status) G_GNUC_WARN_UNUSED_RESULT;

/* Puts the day @since ("2024-09-01"; NULL: none) into @filter. A booking date is a day without a zone, so the day is sent
 * as it was typed. FALSE if it is no day. */
gboolean koban_cli_add_since (GVariantDict *filter, const char *since) G_GNUC_WARN_UNUSED_RESULT;

/* Says what is wrong with the words, and where help is; gives KOBAN_EXIT_USAGE. */
int koban_cli_usage_error (const char *command, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* Tells @error as one sentence on stderr and gives its exit code. Takes @error. */
int koban_cli_fail (GError *error);

/* The exit code that an error has, without saying anything. */
int koban_cli_exit_code (const GError *error);

typedef int (*KobanCommand) (int argc, char **argv);

/* For a command that calls others: NULL if there is none of that name. main.c has the table and hands over how to look. */
KobanCommand koban_cli_find       (const char *name);
void         koban_cli_set_finder (KobanCommand (*find) (const char *name));

int koban_cli_home         (int argc, char **argv);
int koban_cli_providers    (int argc, char **argv);
int koban_cli_provider     (int argc, char **argv);
int koban_cli_add          (int argc, char **argv);
int koban_cli_remove       (int argc, char **argv);
int koban_cli_connections  (int argc, char **argv);
int koban_cli_accounts     (int argc, char **argv);
int koban_cli_transactions (int argc, char **argv);
int koban_cli_links        (int argc, char **argv);
int koban_cli_show         (int argc, char **argv);
int koban_cli_revoke       (int argc, char **argv);
int koban_cli_alerts       (int argc, char **argv);
int koban_cli_answer       (int argc, char **argv);
int koban_cli_check        (int argc, char **argv);
int koban_cli_import       (int argc, char **argv);
int koban_cli_review       (int argc, char **argv);
int koban_cli_status       (int argc, char **argv);
int koban_cli_replay       (int argc, char **argv);
int koban_cli_notify       (int argc, char **argv);
int koban_cli_verify       (int argc, char **argv);
int koban_cli_channel      (int argc, char **argv);
int koban_cli_unlock       (int argc, char **argv);
int koban_cli_note         (int argc, char **argv);
int koban_cli_report       (int argc, char **argv);
int koban_cli_deadlines    (int argc, char **argv);
int koban_cli_card         (int argc, char **argv);
int koban_cli_backup       (int argc, char **argv);
int koban_cli_restore      (int argc, char **argv);
int koban_cli_leave        (int argc, char **argv);
int koban_cli_setup        (int argc, char **argv);
int koban_cli_doctor       (int argc, char **argv);
int koban_cli_config       (int argc, char **argv);
int koban_cli_watch        (int argc, char **argv);

G_END_DECLS
