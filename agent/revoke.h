/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Ending a link: asks the bank, lists again, and says only what that list proves.
 */
#pragma once

#include "operation.h"
#include "parts.h"

G_BEGIN_DECLS

typedef struct _KobanRevoke KobanRevoke;

/* @options: as Revoke() on the bus. Nothing is asked of a bank yet. */
KobanRevoke *koban_revoke_new   (KobanParts *parts, const char *link, GVariant *options, GError **error);
void         koban_revoke_free  (gpointer self);
/* A KobanOperationFunc. */
void         koban_revoke_start (KobanOperation *operation, gpointer self);

G_END_DECLS
