/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a provider's profile: it is good, or every mistake has a sentence; and a good one can be
 * shown.
 */
#include "config.h"

#include <string.h>

#include <koban/profile.h>
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(GError) error = NULL;
  g_auto(GStrv) problems = koban_profile_lint ((const char *) data, size);
  g_autoptr(KobanProfile) profile = koban_profile_load ((const char *) data, size, "fuzz", &error);

  g_assert_true ((profile == NULL) == (error != NULL));
  g_assert_true ((profile == NULL) == (problems[0] != NULL));
  for (char **problem = problems; *problem != NULL; problem++)
    g_assert_true (g_utf8_validate (*problem, -1, NULL));
  if (profile != NULL)
    g_variant_unref (g_variant_ref_sink (koban_profile_to_variant (profile)));
  return 0;
}
