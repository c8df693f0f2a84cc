/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one check came to: a counted record, nothing more.
 */
#include "config.h"

#include "outcome.h"

KobanOutcome *
koban_outcome_new (const char *connection)
{
  KobanOutcome *self = g_atomic_rc_box_new0 (KobanOutcome);

  self->connection = g_strdup (connection);
  self->name = g_strdup (connection);
  return self;
}

KobanOutcome *
koban_outcome_ref (KobanOutcome *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
outcome_clear (gpointer data)
{
  KobanOutcome *self = data;

  g_free (self->connection);
  g_free (self->name);
  g_clear_error (&self->error);
  g_clear_error (&self->unheard);
}

void
koban_outcome_unref (KobanOutcome *self)
{
  g_atomic_rc_box_release_full (self, outcome_clear);
}

const GError *
koban_outcome_get_error (const KobanOutcome *self)
{
  return self->error != NULL ? self->error : self->unheard;
}
