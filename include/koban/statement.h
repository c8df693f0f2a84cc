/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Statement files: what a bank lets a person download. Bytes go in, plain values come out; nothing is
 * kept, asked or opened but the dialects that describe banks' CSV files. Foreign parsers are linked
 * behind this, so only the helper koban-import links it: never a process that holds secrets.
 */
#pragma once

#include <gio/gio.h>
#include <koban/date.h>

G_BEGIN_DECLS

#define KOBAN_STATEMENT_MAX_BYTES (16 * 1024 * 1024)
#define KOBAN_STATEMENT_MAX_LINES 50000

typedef struct
{
  const char *format;   /* (nullable): ofx, camt, zengin, mt940 or a dialect's id; NULL: found out */
  const char *dialect;  /* (nullable): the JSON text of a dialect, instead of one by id */
  const char *currency; /* (nullable): of files that do not say theirs */
  KobanDate   today;    /* years of two digits, and of none, are never later */
} KobanStatementOptions;

/* a{sv}, floating: "format" s (as above), "statements" aa{sv}, one an account: "number" s, "currency" s, "from" s and
 * "to" s (days), "opening" x, "closing" x (minor units), "lines" aa{sv} in order of time: "date" s, "amount" x, "text" s,
 * "balance" x, "payee" s, "counterparty" s, "mandate" s, "id" s, "type" s, "time" x, "state" s; and "breaks" aa{sv}, where
 * the running balance does not add up: "date" s, "missing" x. What is unknown is an absent key.
 * Errors: INVALID names the line; AMBIGUOUS names the dialects that fit; UNSUPPORTED. */
GVariant *koban_statement_read  (GBytes *bytes, const KobanStatementOptions *options, GError **error);

/* The same of a CSV file that no dialect describes, and "dialect" s: the JSON text of one that does. */
GVariant *koban_statement_guess (GBytes *bytes, const KobanStatementOptions *options, GError **error);

/* Every mistake of a dialect file, one sentence each. (transfer full) */
char    **koban_statement_lint  (const char *data, gsize length);

/* aa{sv}: "id" s, "name" s, "country" s of each dialect on the machine, by id. Floating. */
GVariant *koban_statement_list_dialects (void);

/* Where dialects lie: the package's, the administrator's, the person's own. (transfer full) */
char    **koban_statement_directories (void);

G_END_DECLS
