/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a country's times to claim, and as its help lines: refused with a sentence, or rules that
 * count days after the day from which they count, soonest first.
 */
#include "config.h"

#include "fuzz.h"
#include "scratch.h"

#include <koban/deadlines.h>

#include "claim/help.h"

#define CLAIM                                                                                                \
  "{'first': <'2024-09-01'>, 'last': <'2024-09-02'>, 'noticed': <int64 1725291000000000>, 'services': "      \
  "<['ドコモ口座']>, 'types': <['direct_debit']>, 'banks': <['starling']>, 'total': <(int64 -300000, "  \
  "'JPY')>, "                                                                                                \
  "'repaid': <(int64 0, 'JPY')>}"
#define TODAY 20000

static GVariant *
claim (void)
{
  static GVariant *parsed;

  if (parsed == NULL)
    parsed = g_variant_ref_sink (g_variant_new_parsed (CLAIM));
  return parsed;
}

static void
count (KobanDeadlines *rules)
{
  g_autoptr(GPtrArray) counted = koban_deadlines_count (rules, claim (), 540, TODAY, "ja");
  g_autoptr(GVariant) windows = g_variant_ref_sink (koban_deadlines_windows (rules));

  g_assert_true (g_variant_is_normal_form (windows));
  for (guint i = 0; i < counted->len; i++)
    {
      const KobanDeadline *row = counted->pdata[i];

      g_assert_nonnull (row->id);
      g_assert_nonnull (row->name);
      g_assert_nonnull (row->task);
      g_assert_true (row->due == KOBAN_NO_DATE || row->due >= row->from);
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  scratch_write ("fuzz.json", data, size);
  const char *const folders[] = { scratch_folder (), NULL };
  g_autoptr(GError) error = NULL, help_error = NULL;
  g_autoptr(KobanDeadlines) rules = koban_deadlines_load (folders, &error);
  g_autoptr(GVariant) help = koban_help_load (folders, "JPY", "ja", &help_error);

  g_assert_true ((rules == NULL) == (error != NULL));
  g_assert_true ((help == NULL) == (help_error != NULL));
  if (rules != NULL)
    count (rules);
  return 0;
}
