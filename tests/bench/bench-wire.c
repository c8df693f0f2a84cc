/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Bytes of a bank → model values, as a check takes them: the guard, the tape, the profile's rules.
 *   bench-wire LINES
 */
#include "config.h"

#include <stdlib.h>

#include "bank/mapping.h"
#include "life.h"

static KobanAccount *
make_account (void)
{
  static const char *const variables[] = { "category", "cccccccc-0000-4000-8000-000000000001", NULL };
  const KobanAccount fields = { .identity = "number:1:GBP",
                                .remote_id = "a",
                                .name = "A",
                                .currency = KOBAN_CURRENCY (LIFE_CURRENCY),
                                .variables = variables };
  return koban_account_new (&fields);
}

static const KobanListingRule *
load_rule (KobanProfile **profile)
{
  g_autofree char *path = g_strconcat (g_getenv ("KOBAN_PROVIDERS"), "/starling.json", NULL);
  g_autoptr(GError) error = NULL;

  *profile = koban_profile_load_file (path, &error);
  g_assert_no_error (error);
  return koban_request_find_listing (koban_profile_find_request (*profile, KOBAN_GIVES_TRANSACTIONS),
                                     KOBAN_GIVES_TRANSACTIONS);
}

static guint
read_page (const KobanListingRule *rule, KobanAccount *account, const GString *page, gint64 *parsed_us)
{
  g_autoptr(GError) error = NULL;
  gint64 begun_us = life_cpu_us ();
  g_autoptr(KobanJson) json = koban_json_parse (page->str, page->len, &error);

  g_assert_no_error (error);
  *parsed_us += life_cpu_us () - begun_us;
  g_autoptr(GPtrArray) lines =
    koban_map_transactions (rule, koban_json_root (json), &(KobanMapContext){ .account = account }, &error);
  g_assert_no_error (error);
  return lines->len;
}

int
main (int argc, char *argv[])
{
  guint n_lines = argc > 1 ? (guint) atoi (argv[1]) : 100000, n_read = 0;
  g_autoptr(KobanProfile) profile = NULL;
  const KobanListingRule *rule = load_rule (&profile);
  g_autoptr(KobanAccount) account = make_account ();
  gint64 spent_us = 0, parsed_us = 0, bytes = 0;

  for (guint first = 0; first < n_lines; first += LIFE_PAGE_LINES)
    {
      GString *page = life_page (first, MIN (LIFE_PAGE_LINES, n_lines - first));
      gint64 begun_us = life_cpu_us ();

      n_read += read_page (rule, account, page, &parsed_us);
      spent_us += life_cpu_us () - begun_us;
      bytes += (gint64) page->len;
      g_string_free (page, TRUE);
    }
  g_assert_cmpuint (n_read, ==, n_lines);
  life_tell ("bytes", bytes);
  life_tell ("cpu_us", spent_us);
  life_tell ("parse_us", parsed_us);
  life_tell ("peak_kb", life_peak_kb ());
  return 0;
}
