/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The process that parses one file: started by the helper, bounded and silenced before it looks at the
 * first byte, gone after the last.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What the parser writes: the statement (empty if there is none), the code of a KobanError or -1, and its sentence. */
#define KOBAN_PARSED_TYPE "(a{sv}is)"

/* The file is standard input, the answer goes to standard output. @words: what koban_parser_words() made. Exit status. */
int koban_parser_run (char *const *words);

/* The options of one Read call, a{sv}, as words of a command line. NULL with INVALID. (transfer full) */
char **koban_parser_words (GVariant *options, GError **error);

G_END_DECLS
