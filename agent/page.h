/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One incident as a page to read in a browser: what happened, why it is odd, what to do, the commands.
 * No script, nothing from anywhere else; every text in it is escaped.
 */
#pragma once

#include <koban/account.h>
#include <koban/alert.h>

G_BEGIN_DECLS

typedef struct
{
  const char    *incident;     /* "i2" */
  GPtrArray     *alerts;       /* of the incident, worst first (element-type KobanAlert); not empty */
  const char    *account_name; /* (nullable): hostile text */
  KobanOwnership ownership;
} KobanPageFacts;

/* UTF-8, whole. (transfer full) */
char *koban_page_render (const KobanPageFacts *facts);

G_END_DECLS
