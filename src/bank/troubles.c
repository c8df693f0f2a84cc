/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Errors that a bank puts inside a good answer. Each is kept, cleaned, as a message for the person;
 * those that cost an account its data are troubles, so that silence about it is never taken for calm.
 */
#include "config.h"

#include "bank/troubles.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/mapping.h"
#include "bank/row.h"

#define MAX_MESSAGES 20
#define MESSAGE_LENGTH 200

typedef struct
{
  KobanMessageRule *rule;
  KobanJsonNode row;
  const char *effect; /* partial, failed or sign-in */
  char *text;
} Trouble;

static void
clear_trouble (gpointer data)
{
  g_free (((Trouble *) data)->text);
}

void
koban_troubles_note (GPtrArray *messages, const char *text)
{
  if (*text == '\0' || messages->len > MAX_MESSAGES ||
      g_strv_contains ((const char *const *) messages->pdata, text))
    return;
  g_ptr_array_insert (messages, (int) messages->len - 1, g_strdup (text));
}

static void
read_message (GPtrArray *messages, KobanMessageRule *rule, KobanJsonNode row, GArray *troubles)
{
  Trouble trouble = { rule, row, rule->effect != NULL ? koban_map_word (rule->effect, row) : NULL,
                      koban_text_clean (koban_map_fact (rule->text, row), MESSAGE_LENGTH) };

  koban_troubles_note (messages, trouble.text);
  if (trouble.effect != NULL && !g_str_equal (trouble.effect, "note"))
    g_array_append_val (troubles, trouble);
  else
    clear_trouble (&trouble);
}

GArray *
koban_troubles_read (const KobanRequestRule *request, KobanJsonNode root, GPtrArray *messages)
{
  GArray *troubles = g_array_new (FALSE, FALSE, sizeof (Trouble));
  g_array_set_clear_func (troubles, clear_trouble);

  for (guint i = 0; i < request->messages->len; i++)
    {
      KobanMessageRule *rule = request->messages->pdata[i];
      KobanJsonNode rows = koban_json_at (root, rule->rows);
      if (!koban_json_exists (rows))
        continue;
      if (koban_json_type (rows) == KOBAN_JSON_OBJECT)
        read_message (messages, rule, rows, troubles);
      for (KobanJsonNode row = koban_json_type (rows) == KOBAN_JSON_ARRAY ? koban_json_first (rows)
                                                                          : KOBAN_JSON_NONE;
           koban_json_exists (row); row = koban_json_next (row))
        read_message (messages, rule, row, troubles);
      break;
    }
  return troubles;
}

typedef enum
{
  ABOUT_NOBODY, /* it does not say whom it is about: it may be anybody */
  ABOUT_OTHERS,
  ABOUT_ACCOUNT,
} About;

static About
is_about (const Trouble *trouble, const KobanAccount *account)
{
  About about = ABOUT_NOBODY;

  for (guint i = 0; i < trouble->rule->scope->len; i++)
    {
      const KobanPair *pair = &g_array_index (trouble->rule->scope, KobanPair, i);
      const char *said = koban_map_text (trouble->row, pair->value);
      const char *ours = NULL;
      if (said == NULL)
        continue;
      if (account != NULL)
        ours = koban_map_variable (account, pair->name);
      if (g_strcmp0 (said, ours) != 0)
        return ABOUT_OTHERS;
      about = ABOUT_ACCOUNT;
    }
  return about;
}

static GError *
trouble_error (const Trouble *trouble, const KobanAccount *account)
{
  gboolean sign_in = g_str_equal (trouble->effect, "sign-in");
  const char *text = *trouble->text != '\0' ? trouble->text : _("the bank says that something is wrong");

  return g_error_new (KOBAN_ERROR, sign_in ? KOBAN_ERROR_NEEDS_SIGN_IN : KOBAN_ERROR_FAILED, "%s%s%s",
                      account != NULL ? account->name : "", account != NULL ? ": " : "", text);
}

GError *
koban_troubles_find (GArray *troubles, const KobanAccount *account)
{
  if (!koban_map_can_count (account))
    return g_error_new (KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                        _("“%s” is not kept in a currency of ISO 4217, so Koban cannot count it"),
                        account->name);
  for (guint i = 0; i < troubles->len; i++)
    {
      const Trouble *trouble = &g_array_index (troubles, Trouble, i);
      About about = is_about (trouble, account);
      gboolean sign_in = g_str_equal (trouble->effect, "sign-in");
      if (!g_str_equal (trouble->effect, "partial") &&
          (about == ABOUT_ACCOUNT || (about == ABOUT_NOBODY && sign_in)))
        return trouble_error (trouble, account);
    }
  return NULL;
}

GError *
koban_troubles_find_doubt (GArray *troubles, const KobanAccount *account)
{
  for (guint i = 0; i < troubles->len; i++)
    {
      const Trouble *trouble = &g_array_index (troubles, Trouble, i);
      About about = is_about (trouble, account);
      if (about == ABOUT_NOBODY || about == ABOUT_ACCOUNT)
        return trouble_error (trouble, account);
    }
  return NULL;
}
