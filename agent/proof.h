/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel is proved: a message with a code is sent, and the person types what they read. An errand of an operation;
 * the code is no secret, for whoever reads it on the channel is who should.
 */
#pragma once

#include "operation.h"
#include "parts.h"

G_BEGIN_DECLS

typedef struct _KobanProof KobanProof;

/* @send: a new message first; else what was sent last is asked for. */
KobanProof *koban_proof_new   (KobanParts *parts, const char *channel, gboolean send);
void        koban_proof_free  (gpointer self);
void        koban_proof_start (KobanOperation *operation, gpointer self);

G_END_DECLS
