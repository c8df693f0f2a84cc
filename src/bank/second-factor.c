/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A second factor, step by step:
 *
 *   start ─▶ what stands in the answer ─┬─ a list of ways ─▶ the person chooses ─▶ send ─┐
 *                 ▲                     ├─ a code is wanted ─▶ it is typed ─────▶ send ──┤
 *                 │                     ├─ a page ─▶ the person is there ───────▶ status ┤
 *                 │                     └─ nothing: the bank's app ─────────────▶ status ┤
 *                 └──────────────────────── pending ─────────────────────────────────────┴─▶ done, or failed
 *
 * Only the bank's word ends it: what a page or a person says of it is not believed.
 */
#include "config.h"

#include "bank/second-factor.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include "bank/answer.h"
#include "bank/row.h"

#define EVERY_S 5
#define WITHIN_S 300
#define TRIES 3 /* a bank locks the person out sooner or later: not by us */
#define LONGEST_TEXT 160
#define MOST_CHOICES 20

typedef enum
{
  TURN_START,
  TURN_PERSON, /* an answer is waited for … */
  TURN_SEND,   /* … and is there */
  TURN_STATUS,
  TURN_DONE,
} Turn;

struct _KobanSecondFactor
{
  const KobanFactorRule *rule; /* (unowned) */
  Turn turn;
  const KobanAskRule *ask; /* (unowned) (nullable): what is asked of the person */
  char *id;                /* (owned) (nullable) */
  GStrv ways;              /* (owned) (nullable): ids of the choices */
  KobanSecret *answer;     /* (owned) (nullable): while it is sent */
  guint tries;
  KobanFactor told;
  char *text, *url, *problem; /* (owned) (nullable): what @told points to */
  GStrv choices;              /* (owned) (nullable): likewise */
};

KobanSecondFactor *
koban_second_factor_new (const KobanFactorRule *rule)
{
  KobanSecondFactor *self = g_new0 (KobanSecondFactor, 1);

  self->rule = rule;
  self->turn = TURN_START;
  self->told.pause_s = rule->every_s != 0 ? rule->every_s : EVERY_S;
  self->told.within_s = rule->within_s != 0 ? rule->within_s : WITHIN_S;
  return self;
}

void
koban_second_factor_free (KobanSecondFactor *self)
{
  g_clear_pointer (&self->answer, koban_secret_unref);
  g_strfreev (self->ways);
  g_strfreev (self->choices);
  g_free (self->id);
  g_free (self->text);
  g_free (self->url);
  g_free (self->problem);
  g_free (self);
}

const KobanCallRule *
koban_second_factor_get_call (KobanSecondFactor *self)
{
  switch (self->turn)
    {
    case TURN_START:
      return &self->rule->start;
    case TURN_SEND:
      return &self->ask->send;
    case TURN_PERSON:
    case TURN_STATUS:
    case TURN_DONE:
    default:
      return &self->rule->status;
    }
}

const char *
koban_second_factor_get_id (KobanSecondFactor *self)
{
  return self->id;
}

const char *
koban_second_factor_get_answer (KobanSecondFactor *self)
{
  return self->answer != NULL ? koban_secret_peek (self->answer, NULL) : NULL;
}

gboolean
koban_second_factor_is_done (KobanSecondFactor *self)
{
  return self->turn == TURN_DONE;
}

const KobanFactor *
koban_second_factor_get_told (KobanSecondFactor *self)
{
  if (self->turn != TURN_PERSON && self->turn != TURN_STATUS)
    return NULL;
  self->told.text = self->text;
  self->told.url = self->url;
  self->told.problem = self->problem;
  self->told.choices = (const char *const *) self->choices;
  self->told.answered = self->turn == TURN_PERSON;
  return &self->told;
}

/* — what an answer asks for — */

static gboolean
asks_by (const KobanAskRule *ask, KobanJsonNode root)
{
  KobanJsonNode node = koban_json_at (root, ask->at);

  if (!koban_json_exists (node) || koban_json_type (node) == KOBAN_JSON_NULL)
    return FALSE;
  return ask->asks != KOBAN_ASKS_CHOICE || koban_json_length (node) > 0;
}

static const KobanAskRule *
find_ask (const KobanFactorRule *rule, KobanJsonNode root)
{
  for (guint i = 0; i < rule->asks->len; i++)
    if (asks_by (rule->asks->pdata[i], root))
      return rule->asks->pdata[i];
  return NULL;
}

/* Whoever opens it is to see the bank's page, and nobody on the way. */
static gboolean
ask_for_page (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  const char *url = koban_map_text (root, self->ask->at);

  if (url == NULL || !koban_http_check_url (url, NULL, error))
    {
      if (url == NULL)
        g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                             _("the bank wants a page to be opened, and does not say which"));
      g_prefix_error (error, _("nothing was revoked: "));
      return FALSE;
    }
  g_free (self->url);
  self->url = g_strdup (url);
  self->told.kind = KOBAN_FACTOR_PAGE;
  self->turn = TURN_STATUS;
  return TRUE;
}

static void
read_ways (KobanSecondFactor *self, KobanJsonNode list)
{
  g_autoptr(GStrvBuilder) ways = g_strv_builder_new ();
  g_autoptr(GStrvBuilder) choices = g_strv_builder_new ();
  guint n_ways = 0;

  for (KobanJsonNode way = koban_json_first (list); koban_json_exists (way) && n_ways < MOST_CHOICES;
       way = koban_json_next (way))
    {
      const char *id = koban_map_text (way, self->ask->id);
      const char *name = koban_map_text (way, self->ask->name);
      g_autofree char *clean = koban_text_clean (name != NULL ? name : id, 80);
      if (id == NULL || *id == '\0')
        continue;
      g_strv_builder_add (ways, id);
      g_strv_builder_add (choices, clean);
      n_ways++;
    }
  g_strfreev (self->ways);
  g_strfreev (self->choices);
  self->ways = g_strv_builder_end (ways);
  self->choices = g_strv_builder_end (choices);
}

static void
take_answer (KobanSecondFactor *self, const char *text)
{
  g_clear_pointer (&self->answer, koban_secret_unref);
  self->answer = koban_secret_new (text, -1);
  self->turn = TURN_SEND;
}

/* One way is no choice. */
static gboolean
ask_for_choice (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  read_ways (self, koban_json_at (root, self->ask->at));
  self->told.kind = KOBAN_FACTOR_CHOICE;
  self->turn = TURN_PERSON;
  if (g_strv_length (self->ways) > 1)
    return TRUE;
  if (self->ways[0] != NULL)
    {
      take_answer (self, self->ways[0]);
      return TRUE;
    }
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       _("nothing was revoked: the bank offers ways to confirm it, and names none"));
  return FALSE;
}

static gboolean
ask_for_code (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  self->told.kind = KOBAN_FACTOR_CODE;
  self->turn = TURN_PERSON;
  return TRUE;
}

static gboolean
refuse_password (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_UNSUPPORTED,
                       _("nothing was revoked: the bank wants the password of your internet banking, which "
                          "Koban asks nobody for. End it in your bank's app, or call your bank"));
  return FALSE;
}

static gboolean (*const askers[]) (KobanSecondFactor *self, KobanJsonNode root, GError **error) = {
  [KOBAN_ASKS_PAGE] = ask_for_page,
  [KOBAN_ASKS_CHOICE] = ask_for_choice,
  [KOBAN_ASKS_CODE] = ask_for_code,
  [KOBAN_ASKS_PASSWORD] = refuse_password,
};

/* An answer about the state alone asks for nothing new: who is at a page stays there. */
static gboolean
go_on (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  const KobanAskRule *ask = find_ask (self->rule, root);

  if (ask != NULL)
    {
      self->ask = ask;
      return askers[ask->asks](self, root, error);
    }
  if (self->told.kind != KOBAN_FACTOR_PAGE)
    self->told.kind = KOBAN_FACTOR_APPROVAL;
  self->turn = TURN_STATUS;
  return TRUE;
}

/* — an answer — */

static void
keep_text (char **text, const char *said)
{
  if (said == NULL || *said == '\0')
    return;
  g_free (*text);
  *text = koban_text_clean (said, LONGEST_TEXT);
}

static gboolean
refuse (KobanSecondFactor *self, GError **error)
{
  if (self->text != NULL)
    g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                 _("nothing was revoked: it was not confirmed at the bank, which says “%s”"), self->text);
  else
    g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_FORBIDDEN,
                         _("nothing was revoked: it was not confirmed at the bank"));
  return FALSE;
}

static gboolean
hear (KobanSecondFactor *self, KobanJsonNode root, GError **error)
{
  const char *state = koban_map_word (self->rule->state, root);
  const char *id = self->rule->id != NULL ? koban_map_text (root, self->rule->id) : NULL;

  if (id != NULL && *id != '\0')
    {
      g_free (self->id);
      self->id = g_strdup (id);
    }
  if (self->rule->text != NULL)
    keep_text (&self->text, koban_map_fact (self->rule->text, root));
  g_clear_pointer (&self->problem, g_free);
  if (g_strcmp0 (state, "failed") == 0)
    return refuse (self, error);
  if (g_strcmp0 (state, "done") != 0)
    return go_on (self, root, error);
  self->turn = TURN_DONE;
  return TRUE;
}

/* A code may be mistyped, and the bank says so. */
static gboolean
may_try_again (KobanSecondFactor *self, Turn turn, const KobanHttpResponse *answer)
{
  static const guint statuses[] = { 400, 401, 403, 422 };

  if (turn != TURN_SEND || self->ask->asks != KOBAN_ASKS_CODE || self->tries >= TRIES)
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (statuses); i++)
    if (answer->status == statuses[i])
      return TRUE;
  return FALSE;
}

gboolean
koban_second_factor_take (KobanSecondFactor *self,
                          const KobanHttpResponse *answer,
                          const KobanErrorRule *errors,
                          GError **error)
{
  const Turn turn = self->turn;
  g_autoptr(GError) why = NULL;

  g_clear_pointer (&self->answer, koban_secret_unref);
  g_autoptr(KobanJson) json = koban_answer_read (answer, errors, FALSE, &why);
  if (json != NULL)
    return hear (self, koban_json_root (json), error);
  if (may_try_again (self, turn, answer))
    {
      keep_text (&self->problem, why->message);
      self->turn = TURN_PERSON;
      return TRUE;
    }
  if (turn == TURN_STATUS &&
      (koban_error_is (why, KOBAN_ERROR_OFFLINE) || koban_error_is (why, KOBAN_ERROR_RATE_LIMITED)))
    return TRUE; /* it is asked again, until nobody is waited for any more */
  g_propagate_prefixed_error (error, g_steal_pointer (&why), "%s", _("nothing was revoked: "));
  return FALSE;
}

gboolean
koban_second_factor_lost (KobanSecondFactor *self)
{
  g_clear_pointer (&self->answer, koban_secret_unref);
  if (self->turn == TURN_START)
    return FALSE;
  if (self->told.kind != KOBAN_FACTOR_PAGE)
    self->told.kind = KOBAN_FACTOR_APPROVAL;
  self->turn = TURN_STATUS;
  return TRUE;
}

/* — the person — */

static gboolean
choose (KobanSecondFactor *self, const char *said)
{
  guint64 number = 0;

  if (!g_ascii_string_to_unsigned (said, 10, 1, g_strv_length (self->ways), &number, NULL))
    return FALSE;
  take_answer (self, self->ways[number - 1]);
  return TRUE;
}

static gboolean
type (KobanSecondFactor *self, const char *said)
{
  if (*said == '\0' || strlen (said) > LONGEST_TEXT)
    return FALSE;
  self->tries++;
  take_answer (self, said);
  return TRUE;
}

gboolean
koban_second_factor_answer (KobanSecondFactor *self, KobanSecret *answer, GError **error)
{
  const char *said = koban_secret_peek (answer, NULL);
  const gboolean is_choice = self->told.kind == KOBAN_FACTOR_CHOICE;

  g_return_val_if_fail (self->turn == TURN_PERSON, FALSE);
  if (is_choice ? choose (self, said) : type (self, said))
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID,
                       is_choice ? _("that is none of the numbers") : _("that is no code"));
  return FALSE;
}
