/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dialect of a CSV file that nobody has described: a proposal, to be shown to the person before it is
 * believed.
 */
#pragma once

#include "statement/dialect.h"
#include "statement/statement.h"

G_BEGIN_DECLS

/* UNSUPPORTED, with what could not be found. @options may name the currency. */
KobanDialect *koban_guess_dialect (GBytes *bytes, const KobanStatementOptions *options, GError **error);

G_END_DECLS
