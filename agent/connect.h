/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Adding a connection: sign in, make the first check, and remember it only if that was good.
 */
#pragma once

#include "operation.h"
#include "parts.h"

G_BEGIN_DECLS

typedef struct _KobanConnect KobanConnect;

/* @request: as Add() on the bus. Nothing is asked of a bank yet. */
KobanConnect *koban_connect_new   (KobanParts *parts, GVariant *request, GError **error);
void          koban_connect_free  (gpointer self);
/* A KobanOperationFunc. */
void          koban_connect_start (KobanOperation *operation, gpointer self);

G_END_DECLS
