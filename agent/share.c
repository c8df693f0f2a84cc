/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A share of a bank's budget, in percent, kept among the fields of a connection.
 */
#include "config.h"

#include "share.h"

guint
koban_share_of (KobanProfile *profile, const KobanConnection *connection)
{
  guint64 budget = koban_profile_get_budget (profile);
  guint64 percent = 100;

  for (char **field = connection->fields; field != NULL && field[0] != NULL && field[1] != NULL; field += 2)
    if (g_str_equal (field[0], "share"))
      g_ascii_string_to_unsigned (field[1], 10, 1, 100, &percent, NULL);
  return (guint) MAX (budget * percent / 100, 1);
}
