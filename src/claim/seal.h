/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What shows that a written dossier was not changed since: its own hash on its last line, and, in JSON, the chain of
 * the journal. Anybody can make both anew: they guard against mishaps, and bind nobody; what binds is a hash that
 * somebody else holds.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

#define KOBAN_SEAL_MARK "koban-sha256:"
#define KOBAN_SEAL_OPEN KOBAN_SEAL_MARK "0000000000000000000000000000000000000000000000000000000000000000"

/* Puts the hash of @text into its last KOBAN_SEAL_OPEN, in place. FALSE: it has none. */
gboolean koban_seal_close (char *text) G_GNUC_WARN_UNUSED_RESULT;

typedef enum { KOBAN_SEAL_HOLDS, KOBAN_SEAL_BROKEN, KOBAN_SEAL_NONE } KobanSealState;
KobanSealState koban_seal_check (const char *text);

/* The chain in a JSON dossier, sealed anew from its first entry; the entries that are told in words must be those that
 * were sealed. NONE: @text has no chain. @head (transfer full) (nullable): its last hash; @broken: number of the first
 * entry that does not hold. */
KobanSealState koban_seal_check_chain (const char *text, char **head, gint64 *broken);

G_END_DECLS
