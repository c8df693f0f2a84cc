/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Status → error, by one table, and the one place where bytes are taken for JSON. A page is never
 * "no transactions", and a redirect is never followed.
 */
#include "config.h"

#include "bank/answer.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/row.h"

/* The first row that fits. */
static const struct
{
  guint from, to;
  KobanError code;
  const char *sentence;
} statuses[] = {
  { 401, 401, KOBAN_ERROR_NEEDS_SIGN_IN,
    N_("the bank refuses the key: it was mistyped or revoked, or has expired. Make a new one and give it to "
        "Koban") },
  { 402, 402, KOBAN_ERROR_FAILED, N_("payment required at the bridge: see your account there") },
  { 403, 403, KOBAN_ERROR_FORBIDDEN, N_("the stored access lacks the power to read this") },
  { 404, 404, KOBAN_ERROR_FAILED, N_("there is no such list at this address") },
  { 429, 429, KOBAN_ERROR_RATE_LIMITED, N_("the bank asks to be asked less often") },
  { 400, 499, KOBAN_ERROR_FAILED, N_("the request was refused") },
  { 500, 599, KOBAN_ERROR_OFFLINE, N_("the bank's service has a fault of its own; later may help") },
};

static gboolean
set_redirect_error (const KobanHttpResponse *answer, GError **error)
{
  const char *location = koban_http_response_get_header (answer, "location");
  g_autoptr(GUri) uri = location != NULL ? g_uri_parse (location, G_URI_FLAGS_NONE, NULL) : NULL;
  g_autofree char *host = koban_text_clean (uri != NULL ? g_uri_get_host (uri) : NULL, 80);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
               _("the answer (%u) points to another address (%s), which Koban does not follow"),
               answer->status, *host != '\0' ? host : "?");
  return FALSE;
}

/* By the words “refusals” of profile-facts.c. */
static const struct
{
  const char *word;
  KobanError code;
  const char *before, *after; /* what the bank says; the second is (nullable) */
} refusals[] = {
  { "sign-in", KOBAN_ERROR_NEEDS_SIGN_IN, N_("the bank refuses the key or the consent"),
    N_("Make a new one and give it to Koban") },
  { "forbidden", KOBAN_ERROR_FORBIDDEN, N_("the stored access lacks the power to read this") },
  { "wait", KOBAN_ERROR_RATE_LIMITED, N_("the bank asks to be asked less often") },
  { "later", KOBAN_ERROR_OFFLINE, N_("the bank cannot answer now; later may help") },
  { "refused", KOBAN_ERROR_FAILED, N_("the request was refused") },
  { "none", KOBAN_ERROR_NOT_FOUND, N_("the bank knows nothing of it") },
};

/* FALSE if the bank gives a word for what is wrong, and the profile knows it. */
static gboolean
check_word (const KobanHttpResponse *answer, const KobanErrorRule *errors, GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (answer->body, &length);
  g_autoptr(KobanJson) json = data != NULL ? koban_json_parse (data, length, NULL) : NULL;
  const char *word = json != NULL ? koban_map_word (errors->code, koban_json_root (json)) : NULL;

  for (gsize i = 0; word != NULL && i < G_N_ELEMENTS (refusals); i++)
    {
      if (!g_str_equal (word, refusals[i].word))
        continue;
      const KobanField *said = errors->text != NULL ? errors->text : errors->code;
      g_autofree char *text = koban_text_clean (koban_map_fact (said, koban_json_root (json)), 160);
      const char *after = refusals[i].after;
      /* TRANSLATORS: why; what the bank says; its number; what to do. */
      g_set_error (error, KOBAN_ERROR, refusals[i].code, _("%s: “%s” (%u)%s%s"), _(refusals[i].before),
                   text, answer->status, after != NULL ? ". " : "", after != NULL ? _(after) : "");
      return FALSE;
    }
  return TRUE;
}

gboolean
koban_answer_check (const KobanHttpResponse *answer,
                    const KobanErrorRule *errors,
                    gboolean is_entry,
                    GError **error)
{
  if (answer->status >= 200 && answer->status < 300)
    return TRUE;
  if (answer->status >= 300 && answer->status < 400)
    return set_redirect_error (answer, error);
  if (errors != NULL && errors->code != NULL && !check_word (answer, errors, error))
    return FALSE;
  if (answer->status == 503 && answer->retry_after_s >= 0)
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_RATE_LIMITED,
                   _("the bank asks to come back later (503)"));
      return FALSE;
    }
  /* Every good secret can read the entry: a refusal there is about the secret, whichever number says so. */
  const guint status = is_entry && answer->status == 403 ? 401 : answer->status;
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (status >= statuses[i].from && status <= statuses[i].to)
      {
        g_set_error (error, KOBAN_ERROR, statuses[i].code, "%s (%u)", _(statuses[i].sentence),
                     answer->status);
        return FALSE;
      }
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, _("the answer has the unknown status %u"),
               answer->status);
  return FALSE;
}

static gboolean
is_page (const KobanHttpResponse *answer)
{
  const char *type = koban_http_response_get_header (answer, "content-type");
  gsize length;
  const char *data = g_bytes_get_data (answer->body, &length);
  gsize blank = 0;

  while (blank < length && g_ascii_isspace (data[blank]))
    blank++;
  return (type != NULL && g_ascii_strncasecmp (type, "text/html", strlen ("text/html")) == 0) ||
         (blank < length && data[blank] == '<');
}

KobanJson *
koban_answer_read (const KobanHttpResponse *answer,
                   const KobanErrorRule *errors,
                   gboolean is_entry,
                   GError **error)
{
  gsize length;
  const char *data = g_bytes_get_data (answer->body, &length);

  if (!koban_answer_check (answer, errors, is_entry, error))
    return NULL;
  if (is_page (answer))
    {
      g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                   _("it answered with a page, not with data: maybe a Wi-Fi sign-in page"));
      return NULL;
    }
  g_autoptr(KobanJson) json = koban_json_parse (data != NULL ? data : "", length, error);
  if (json == NULL)
    {
      g_prefix_error (error, _("the answer is not JSON: "));
      return NULL;
    }
  return g_steal_pointer (&json);
}
