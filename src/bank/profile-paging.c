/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How a profile's file says that an answer has more pages: each scheme by name, and which keys it has.
 */
#include "config.h"

#include "bank/profile-paging.h"

#include <glib/gi18n-lib.h>

/* By KobanPagingScheme. */
static const char *const paging_words[] = { "none",    "window", "next-url", "cursor",
                                            "last-id", "offset", "page",     NULL };

#define IN(scheme) (1u << KOBAN_PAGING_##scheme)
#define ANY_PAGES (IN (NEXT_URL) | IN (CURSOR) | IN (LAST_ID) | IN (OFFSET) | IN (PAGE))

static const KobanKeySet scheme_keys[] = {
  { "days", ANY_PAGES, IN (WINDOW) },
  { "next", 0, IN (NEXT_URL) | IN (CURSOR) },
  { "more", ANY_PAGES, 0 },
  { "param", 0, IN (CURSOR) | IN (LAST_ID) | IN (OFFSET) | IN (PAGE) },
  { "total", IN (OFFSET) | IN (PAGE), 0 },
  { "size", IN (WINDOW) | IN (LAST_ID) | IN (PAGE), IN (OFFSET) },
  { "first", IN (PAGE), 0 },
  { "newest_first", IN (NEXT_URL) | IN (LAST_ID), 0 },
  { "kept", IN (CURSOR), 0 },
};

KOBAN_KEY_READER (paging)
{
  static const KobanKey keys[] = {
#define KEY(name, read) { #name, read, G_STRUCT_OFFSET (KobanPagingRule, name) }
    { "scheme", koban_read_word, G_STRUCT_OFFSET (KobanPagingRule, scheme), TRUE, paging_words },
    KEY (days, koban_read_uint),
    KEY (next, koban_read_pointer),
    KEY (more, koban_read_pointer),
    KEY (param, koban_read_text),
    KEY (total, koban_read_pointer),
    KEY (size, koban_read_uint),
    KEY (first, koban_read_uint),
    KEY (newest_first, koban_read_bool),
    KEY (kept, koban_read_bool),
#undef KEY
  };
  KobanPagingRule *paging = target;

  paging->first = 1;
  koban_read_object (reading, node, _("“paging”"), keys, G_N_ELEMENTS (keys), paging);
  g_autofree char *what = g_strdup_printf (_("the paging “%s”"), paging_words[paging->scheme]);
  koban_keys_check (reading, node, what, scheme_keys, G_N_ELEMENTS (scheme_keys), paging->scheme);
  if (koban_json_exists (koban_json_member (node, "days")) && paging->days < 3)
    koban_profile_problem (reading, node, _("“days” says how long a window is: at least 3"));
  if (paging->kept && paging->days > 0)
    koban_profile_problem (reading, node, _("a cursor that is “kept” has no windows of “days”"));
}
