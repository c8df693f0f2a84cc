/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A person's own check. It asks the rounds for every connection and adds up; a connection that
 * could not be checked is named, and never taken for one where nothing is new.
 */
#include "config.h"

#include "survey.h"

#include <koban/error.h>
#include <koban/text.h>

struct _KobanSurvey
{
  KobanParts *parts;         /* (unowned) */
  char **names;              /* (owned) */
  KobanOperation *operation; /* (owned) (nullable): while it runs */
  gulong on_progress_id;
  GPtrArray *ids; /* (owned) (nullable) (element-type utf8) */
  gint64 done;
  KobanMergeResult merged;
  GVariantBuilder unchecked; /* aa{sv} */
  GStrvBuilder *checked;     /* (owned) */
};

KobanSurvey *
koban_survey_new (KobanParts *parts, const char *const *connections)
{
  KobanSurvey *self = g_new0 (KobanSurvey, 1);

  self->parts = parts;
  self->names = g_strdupv ((char **) connections);
  self->checked = g_strv_builder_new ();
  g_variant_builder_init (&self->unchecked, G_VARIANT_TYPE ("aa{sv}"));
  return self;
}

void
koban_survey_free (gpointer data)
{
  KobanSurvey *self = data;

  g_assert (self->operation == NULL);
  g_strfreev (self->names);
  g_clear_pointer (&self->ids, g_ptr_array_unref);
  g_variant_builder_clear (&self->unchecked);
  g_strv_builder_unref (self->checked);
  g_free (self);
}

static void
on_progress (KobanRounds *rounds, const char *connection, const char *step, KobanSurvey *self)
{
  if (g_ptr_array_find_with_equal_func (self->ids, connection, g_str_equal, NULL))
    koban_operation_progress (self->operation, step, connection, self->done, self->ids->len);
}

static void
end (KobanSurvey *self, const GError *error)
{
  g_autoptr(KobanOperation) operation = g_steal_pointer (&self->operation);
  g_auto(GStrv) checked = g_strv_builder_end (self->checked);
  g_auto(GVariantDict) result;

  g_clear_signal_handler (&self->on_progress_id, self->parts->rounds);
  g_variant_dict_init (&result, NULL);
  if (error == NULL)
    {
      g_variant_dict_insert (&result, "opened", "x", (gint64) self->merged.opened);
      g_variant_dict_insert (&result, "raised", "x", (gint64) self->merged.raised);
      g_variant_dict_insert (&result, "checked", "^as", checked);
      g_variant_dict_insert_value (&result, "unchecked", g_variant_builder_end (&self->unchecked));
    }
  koban_operation_end (operation, g_variant_dict_end (&result), error);
}

static void
add_unchecked (KobanSurvey *self, const KobanOutcome *outcome, const GError *error)
{
  g_autofree char *message = koban_text_clean (error->message, 400);
  g_auto(GVariantDict) row;

  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, "connection", "s", outcome->connection);
  g_variant_dict_insert (&row, "name", "s", outcome->name);
  g_variant_dict_insert (
    &row, "error", "s",
    koban_error_code_name (error->domain == KOBAN_ERROR ? (KobanError) error->code : KOBAN_ERROR_FAILED));
  g_variant_dict_insert (&row, "message", "s", message);
  g_variant_builder_add_value (&self->unchecked, g_variant_dict_end (&row));
}

static void
add_outcome (KobanSurvey *self, const KobanOutcome *outcome)
{
  const GError *error = koban_outcome_get_error (outcome);

  self->merged.opened += outcome->merged.opened;
  self->merged.raised += outcome->merged.raised;
  if (error != NULL)
    add_unchecked (self, outcome, error);
  else
    g_strv_builder_add (self->checked, outcome->connection);
}

static void
on_checked (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanSurvey *self = user_data;
  g_autoptr(GError) error = NULL;

  g_autoptr(KobanOutcome) outcome = koban_rounds_check_finish (self->parts->rounds, result, &error);
  if (outcome != NULL)
    add_outcome (self, outcome);
  if (++self->done == self->ids->len)
    end (self, NULL);
}

static gboolean
add_name (KobanLedger *ledger, GPtrArray *ids, const char *name, GError **error)
{
  g_autoptr(KobanConnection) connection = koban_ledger_get_connection (ledger, name, error);

  if (connection == NULL)
    return FALSE;
  if (!g_ptr_array_find_with_equal_func (ids, connection->id, g_str_equal, NULL))
    g_ptr_array_add (ids, g_strdup (connection->id));
  return TRUE;
}

static gboolean
resolve_in_worker (KobanLedger *ledger, gpointer job, GError **error)
{
  KobanSurvey *self = job;

  self->ids = g_ptr_array_new_with_free_func (g_free);
  for (char **name = self->names; *name != NULL; name++)
    if (!add_name (ledger, self->ids, *name, error))
      return FALSE;
  if (self->names[0] != NULL)
    return TRUE;

  g_autoptr(GPtrArray) connections = koban_ledger_get_connections (ledger, error);
  for (guint i = 0; connections != NULL && i < connections->len; i++)
    g_ptr_array_add (self->ids, g_strdup (((KobanConnection *) connections->pdata[i])->id));
  return connections != NULL;
}

static void
on_resolved (GObject *source, GAsyncResult *result, gpointer user_data)
{
  KobanSurvey *self = user_data;
  KobanRounds *rounds = self->parts->rounds;
  g_autoptr(GError) error = NULL;

  if (!koban_books_finish (self->parts->tools.books, result, &error) || self->ids->len == 0)
    {
      end (self, error);
      return;
    }
  self->on_progress_id = g_signal_connect (rounds, "progress", G_CALLBACK (on_progress), self);
  for (guint i = 0; i < self->ids->len; i++)
    koban_rounds_check_async (rounds, self->ids->pdata[i], KOBAN_CYCLE_BY_PERSON, NULL, on_checked, self);
}

void
koban_survey_start (KobanOperation *operation, gpointer data)
{
  KobanSurvey *self = data;

  self->operation = g_object_ref (operation);
  koban_books_write_async (self->parts->tools.books, resolve_in_worker, self, NULL, on_resolved, self);
}
