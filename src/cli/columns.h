/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The shapes of DESIGN §5, one table a list: the keys of the JSON, and which of them the table for
 * people shows under which heading.
 */
#pragma once

#include "cli/printer.h"

G_BEGIN_DECLS

extern const KobanColumn koban_connection_columns[];
extern const KobanColumn koban_account_columns[];
extern const KobanColumn koban_transaction_columns[];
extern const KobanColumn koban_link_columns[];
extern const KobanColumn koban_alert_columns[];
extern const KobanColumn koban_provider_columns[];

G_END_DECLS
