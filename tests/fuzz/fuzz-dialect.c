/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a dialect file: it is good, or every mistake is a sentence.
 */
#include "config.h"

#include "fuzz.h"

#include <koban/statement.h>

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_auto(GStrv) mistakes = koban_statement_lint ((const char *) data, size);

  for (char **mistake = mistakes; *mistake != NULL; mistake++)
    g_assert_true (g_utf8_validate (*mistake, -1, NULL));
  return 0;
}
