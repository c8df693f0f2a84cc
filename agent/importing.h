/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Importing one statement file: read by koban-import, merged as a bank's listing is.
 */
#pragma once

#include "operation.h"
#include "parts.h"

G_BEGIN_DECLS

typedef struct _KobanImporting KobanImporting;

/* @request: as Import() on the bus. Takes @file, a descriptor. */
KobanImporting *koban_importing_new   (KobanParts *parts, int file, GVariant *request, GError **error);
void            koban_importing_free  (gpointer self);
/* A KobanOperationFunc. */
void            koban_importing_start (KobanOperation *operation, gpointer self);

G_END_DECLS
