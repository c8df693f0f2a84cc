/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes after an answer, one function a scheme. An address that the bank gives is taken apart: only
 * what follows our own base is kept, so that no answer can send the next request elsewhere.
 */
#include "config.h"

#include "bank/paging.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/row.h"

static const KobanPagingRule *
rule_of (const KobanPage *page)
{
  return &page->step->request->paging;
}

/* Where the pointer is set and its boolean is not true. */
static gboolean
says_no_more (const KobanPage *page)
{
  const char *more = rule_of (page)->more;
  return more != NULL && !koban_json_is_true (koban_json_at (page->root, more));
}

static gboolean
is_short (const KobanPage *page)
{
  return page->n_rows == 0 || (rule_of (page)->size > 0 && page->n_rows < rule_of (page)->size);
}

/* FALSE if the answer does not say it. */
static gboolean
read_total (const KobanPage *page, gint64 *total)
{
  const char *pointer = rule_of (page)->total;
  return pointer != NULL && koban_json_int64 (koban_json_at (page->root, pointer), total);
}

static gint64
number_of (const KobanPage *page, gint64 first)
{
  return page->step->next != NULL ? g_ascii_strtoll (page->step->next, NULL, 10) : first;
}

static gboolean
no_page (const KobanPage *page, char **next, GError **error)
{
  return TRUE;
}

/* Without any mark of more, a full answer may be one that was cut. */
static gboolean
whole_window (const KobanPage *page, char **next, GError **error)
{
  if (rule_of (page)->size == 0 || page->n_rows < rule_of (page)->size)
    return TRUE;
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("the bank gave %u lines, as many as it ever gives: there may be more"), page->n_rows);
  return FALSE;
}

static const char *
below (const char *url, const char *base)
{
  const char *rest = g_str_has_prefix (url, base) ? url + strlen (base) : "";
  return *rest == '/' || *rest == '?' ? rest : NULL;
}

static gboolean
refuse_url (const char *url, GError **error)
{
  g_autoptr(GUri) uri = url != NULL ? g_uri_parse (url, G_URI_FLAGS_NONE, NULL) : NULL;
  g_autofree char *host = koban_text_clean (uri != NULL ? g_uri_get_host (uri) : NULL, 80);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED,
               _("the next page of the answer is said to be at %s; nothing was asked there"),
               *host != '\0' ? host : "?");
  return FALSE;
}

/* A bare word is no address: "string" resolves to a place that nobody meant. */
static gboolean
is_address (const char *said)
{
  return *said == '/' || *said == '?' || g_uri_is_valid (said, G_URI_FLAGS_PARSE_RELAXED, NULL);
}

static gboolean
next_url (const KobanPage *page, char **next, GError **error)
{
  const char *said = koban_map_text (page->root, rule_of (page)->next);

  if (says_no_more (page) || said == NULL || *said == '\0')
    return TRUE;
  if (!is_address (said))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("the next page of the answer is at no address; nothing was asked there"));
      return FALSE;
    }
  g_autofree char *asked = g_strconcat (page->base_url, page->step->path, NULL);
  g_autofree char *url =
    g_uri_resolve_relative (asked, said, G_URI_FLAGS_ENCODED | G_URI_FLAGS_PARSE_RELAXED, NULL);
  const char *path = url != NULL ? below (url, page->base_url) : NULL;

  if (path == NULL && url != NULL)
    path = below (url, page->profile_url);
  if (path == NULL)
    return refuse_url (url, error);
  *next = g_strdup (path);
  return TRUE;
}

static gboolean
next_cursor (const KobanPage *page, char **next, GError **error)
{
  const char *cursor = koban_map_text (page->root, rule_of (page)->next);

  if (!says_no_more (page) && cursor != NULL && *cursor != '\0')
    *next = g_strdup (cursor);
  return TRUE;
}

static gboolean
next_after_last (const KobanPage *page, char **next, GError **error)
{
  if (says_no_more (page) || is_short (page))
    return TRUE;
  *next = g_strdup (page->last_id);
  if (*next == NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                 _("the last line of a page has no id, so the next page cannot be asked for"));
  return *next != NULL;
}

static gboolean
next_offset (const KobanPage *page, char **next, GError **error)
{
  const gint64 offset = number_of (page, 0) + page->n_rows;
  gint64 total;
  gboolean is_last =
    read_total (page, &total) ? offset >= total : rule_of (page)->more == NULL && is_short (page);

  if (!says_no_more (page) && !is_last && page->n_rows > 0)
    *next = g_strdup_printf ("%" G_GINT64_FORMAT, offset);
  return TRUE;
}

static gboolean
next_number (const KobanPage *page, char **next, GError **error)
{
  const gint64 number = number_of (page, rule_of (page)->first);
  gint64 total;
  gboolean is_last = read_total (page, &total) ? number >= rule_of (page)->first + total - 1
                                               : rule_of (page)->size == 0 || is_short (page);

  if (!says_no_more (page) && !is_last)
    *next = g_strdup_printf ("%" G_GINT64_FORMAT, number + 1);
  return TRUE;
}

static gboolean (*const schemes[]) (const KobanPage *page, char **next, GError **error) = {
  [KOBAN_PAGING_NONE] = no_page,
  [KOBAN_PAGING_WINDOW] = whole_window,
  [KOBAN_PAGING_NEXT_URL] = next_url,
  [KOBAN_PAGING_CURSOR] = next_cursor,
  [KOBAN_PAGING_LAST_ID] = next_after_last,
  [KOBAN_PAGING_OFFSET] = next_offset,
  [KOBAN_PAGING_PAGE] = next_number,
};

/* Lines booked at the same time may stand in any order, so a day is left in hand. */
static gboolean
reaches_back (const KobanPage *page)
{
  return rule_of (page)->newest_first && page->last_day != KOBAN_NO_DATE &&
         page->last_day + 1 < koban_date_from_us (page->step->from_us, 0);
}

gboolean
koban_paging_next (const KobanPage *page, char **next, GError **error)
{
  *next = NULL;
  if (reaches_back (page))
    return TRUE;
  return schemes[rule_of (page)->scheme](page, next, error);
}
