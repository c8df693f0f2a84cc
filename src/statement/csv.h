/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A CSV file in a known dialect.
 */
#pragma once

#include "statement/dialect.h"
#include "statement/statement.h"

G_BEGIN_DECLS

/* @dialect is the one to use. */
gboolean koban_csv_read (GBytes *bytes, const KobanDialect *dialect, const KobanStatementOptions *options,
                         GPtrArray *statements, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Those of @dialects that have their header in the file, the longest headers first (element-type KobanDialect, unowned):
 * several only if their headers are equally long. */
GPtrArray *koban_csv_candidates (GBytes *bytes, GPtrArray *dialects);

G_END_DECLS
