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

typedef enum
{
  DAYS = 1 << 0,
  NEXT = 1 << 1,
  MORE = 1 << 2,
  PARAM = 1 << 3,
  TOTAL = 1 << 4,
  SIZE = 1 << 5,
  FIRST = 1 << 6,
  NEWEST_FIRST = 1 << 7,
  KEPT = 1 << 8,
} Keys;

static const char *const key_names[] = { "days",  "next", "more",  "param",
                                         "total", "size", "first", "newest_first", "kept" };

static const struct
{
  Keys required, allowed;
} scheme_keys[] = {
  [KOBAN_PAGING_NONE] = { 0, 0 },
  [KOBAN_PAGING_WINDOW] = { DAYS, SIZE },
  [KOBAN_PAGING_NEXT_URL] = { NEXT, DAYS | MORE | NEWEST_FIRST },
  [KOBAN_PAGING_CURSOR] = { NEXT | PARAM, DAYS | MORE | KEPT },
  [KOBAN_PAGING_LAST_ID] = { PARAM, DAYS | MORE | SIZE | NEWEST_FIRST },
  [KOBAN_PAGING_OFFSET] = { PARAM | SIZE, DAYS | MORE | TOTAL },
  [KOBAN_PAGING_PAGE] = { PARAM, DAYS | MORE | TOTAL | SIZE | FIRST },
};

static void
check_keys (GPtrArray *problems, KobanJsonNode node, KobanPagingScheme scheme)
{
  for (guint i = 0; i < G_N_ELEMENTS (key_names); i++)
    {
      const guint bit = 1u << i;
      gboolean is_there = koban_json_exists (koban_json_member (node, key_names[i]));
      if (!is_there && (scheme_keys[scheme].required & bit) != 0)
        koban_profile_problem (problems, node, _("the paging “%s” lacks “%s”"), paging_words[scheme],
                               key_names[i]);
      if (is_there && ((scheme_keys[scheme].required | scheme_keys[scheme].allowed) & bit) == 0)
        koban_profile_problem (problems, node, _("the paging “%s” has no “%s”"), paging_words[scheme],
                               key_names[i]);
    }
}

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
  koban_read_object (problems, node, _("“paging”"), keys, G_N_ELEMENTS (keys), paging);
  check_keys (problems, node, paging->scheme);
  if (koban_json_exists (koban_json_member (node, "days")) && paging->days < 3)
    koban_profile_problem (problems, node, _("“days” says how long a window is: at least 3"));
  if (paging->kept && paging->days > 0)
    koban_profile_problem (problems, node, _("a cursor that is “kept” has no windows of “days”"));
}

void
koban_paging_clear (KobanPagingRule *paging)
{
  g_free (paging->next);
  g_free (paging->more);
  g_free (paging->param);
  g_free (paging->total);
}
