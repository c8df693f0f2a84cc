/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Send, ask, compare: each step is begun by the end of the one before. Who has no answer leaves the channel
 * unproved, which is no failure: the message may still arrive.
 */
#include "config.h"

#include "proof.h"

#include <koban/error.h>

#define MOST_TRIES 3

struct _KobanProof
{
  KobanParts *parts; /* (unowned) */
  char *channel;     /* (owned) */
  gboolean send;
  char *typed; /* (owned) (nullable) */
  guint tries;
  GError *wrong;   /* (owned) (nullable): the last answer was */
  gboolean leaves; /* it leads away from this screen, so that it needs a proof */
  gint64 now_us;
};

/* A step of it, with what keeps both alive. */
typedef struct
{
  KobanProof *proof;         /* (unowned): of @operation */
  KobanOperation *operation; /* (owned) */
} Step;

static void on_sent (GObject *source, GAsyncResult *result, gpointer user_data);
static void look (KobanOperation *operation, KobanProof *self);
static void on_looked (GObject *source, GAsyncResult *result, gpointer user_data);
static void on_typed (KobanOperation *operation, const char *reply, gpointer user_data);
static void on_compared (GObject *source, GAsyncResult *result, gpointer user_data);

KobanProof *
koban_proof_new (KobanParts *parts, const char *channel, gboolean send)
{
  KobanProof *self = g_new0 (KobanProof, 1);

  self->parts = parts;
  self->channel = g_strdup (channel);
  self->send = send;
  return self;
}

void
koban_proof_free (gpointer data)
{
  KobanProof *self = data;

  g_free (self->channel);
  g_free (self->typed);
  g_clear_error (&self->wrong);
  g_free (self);
}

static Step *
step_new (KobanOperation *operation, KobanProof *self)
{
  Step *step = g_new (Step, 1);

  *step = (Step){ self, g_object_ref (operation) };
  return step;
}

static void
step_free (Step *step)
{
  g_object_unref (step->operation);
  g_free (step);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Step, step_free)

static void
end (KobanOperation *operation, KobanProof *self, gboolean confirmed)
{
  g_auto(GVariantDict) result = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&result, "channel", "s", self->channel);
  g_variant_dict_insert (&result, "asked", "b", self->leaves);
  g_variant_dict_insert (&result, "confirmed", "b", confirmed);
  koban_operation_end (operation, g_variant_dict_end (&result), NULL);
}

/* --- send
 * --------------------------------------------------------------------------------------------------- */

void
koban_proof_start (KobanOperation *operation, gpointer data)
{
  KobanProof *self = data;

  if (self->send)
    koban_courier_test_async (self->parts->courier, self->channel,
                              koban_operation_get_cancellable (operation), on_sent,
                              step_new (operation, self));
  else
    look (operation, self);
}

static void
on_sent (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Step) step = user_data;
  g_autoptr(GError) error = NULL;

  if (koban_courier_test_finish (KOBAN_COURIER (source), result, &error))
    look (step->operation, step->proof);
  else
    koban_operation_end (step->operation, NULL, error);
}

/* --- ask
 * ---------------------------------------------------------------------------------------------------- */

/* What stands on the screen in front of the person is seen or not; there is nothing to prove. */
static gboolean
look_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanProof *self = ((Step *) job)->proof;
  GVariant *rows = koban_ledger_get_channels (ledger, error);
  GVariantIter iter;
  GVariant *row;

  if (rows == NULL)
    return FALSE;
  g_autoptr(GVariant) sunk = g_variant_ref_sink (rows);
  g_variant_iter_init (&iter, sunk);
  while ((row = g_variant_iter_next_value (&iter)) != NULL)
    {
      const char *name = "", *kind = "";

      g_variant_lookup (row, "name", "&s", &name);
      g_variant_lookup (row, "kind", "&s", &kind);
      self->leaves |= g_str_equal (name, self->channel) && !g_str_equal (kind, "desktop");
      g_variant_unref (row);
    }
  return TRUE;
}

static void
look (KobanOperation *operation, KobanProof *self)
{
  koban_books_read_async (self->parts->tools.books, look_in_worker, step_new (operation, self), NULL,
                          on_looked, NULL);
}

static void
ask (KobanOperation *operation, KobanProof *self)
{
  g_auto(GVariantDict) question = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&question, "kind", "s", "code");
  g_variant_dict_insert (&question, "channel", "s", self->channel);
  g_variant_dict_insert (&question, "wrong", "b", self->wrong != NULL);
  koban_operation_ask (operation, g_variant_dict_end (&question), on_typed, self);
}

static void
on_looked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Step) step = koban_books_get_job (result);
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (KOBAN_BOOKS (source), result, &error))
    koban_operation_end (step->operation, NULL, error);
  else if (step->proof->leaves || !step->proof->send)
    ask (step->operation, step->proof);
  else
    end (step->operation, step->proof, FALSE);
}

/* --- compare
 * ------------------------------------------------------------------------------------------------ */

static gboolean
compare_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanProof *self = ((Step *) job)->proof;

  return koban_ledger_confirm (ledger, self->channel, self->typed, self->now_us, error);
}

static void
on_typed (KobanOperation *operation, const char *reply, gpointer user_data)
{
  KobanProof *self = user_data;

  if (*reply == '\0' && self->wrong != NULL)
    {
      koban_operation_end (operation, NULL, self->wrong);
      return;
    }
  if (*reply == '\0')
    {
      end (operation, self, FALSE);
      return;
    }
  g_free (self->typed);
  self->typed = g_strdup (reply);
  self->now_us = koban_parts_now_us (self->parts);
  self->tries++;
  koban_books_write_async (self->parts->tools.books, compare_in_worker, step_new (operation, self), NULL,
                           on_compared, NULL);
}

static void
on_compared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr(Step) step = koban_books_get_job (result);
  KobanProof *self = step->proof;
  g_autoptr(GError) error = NULL;

  if (koban_books_finish (KOBAN_BOOKS (source), result, &error))
    {
      koban_parts_changed (self->parts, "alerts"); /* what asked for it is over */
      end (step->operation, self, TRUE);
      return;
    }
  g_clear_error (&self->wrong);
  self->wrong = g_steal_pointer (&error);
  if (koban_error_is (self->wrong, KOBAN_ERROR_INVALID) && self->tries < MOST_TRIES)
    ask (step->operation, self);
  else
    koban_operation_end (step->operation, NULL, self->wrong);
}
