/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The changes of a delta and what they own. Nothing here decides what a change means.
 */
#include "config.h"

#include "model/delta.h"

typedef struct
{
  KobanChange fields; /* first: a KobanChange pointer is the pointer to this */
  char *ref;
} Change;

static void
change_free (gpointer data)
{
  Change *self = data;

  g_clear_pointer (&self->fields.line, koban_transaction_unref);
  g_clear_pointer (&self->fields.line_before, koban_transaction_unref);
  g_clear_pointer (&self->fields.link, koban_link_unref);
  g_clear_pointer (&self->fields.link_before, koban_link_unref);
  g_free (self->ref);
  g_free (self);
}

GPtrArray *
koban_changes_new (void)
{
  return g_ptr_array_new_with_free_func (change_free);
}

static KobanTransaction *
line_ref (KobanTransaction *line)
{
  return line != NULL ? koban_transaction_ref (line) : NULL;
}

static KobanLink *
link_ref (KobanLink *link)
{
  return link != NULL ? koban_link_ref (link) : NULL;
}

void
koban_changes_add (GPtrArray *changes, const KobanChange *fields)
{
  Change *self = g_new0 (Change, 1);

  self->fields = *fields;
  self->ref = g_strdup (fields->ref);
  self->fields.line = line_ref (fields->line);
  self->fields.line_before = line_ref (fields->line_before);
  self->fields.link = link_ref (fields->link);
  self->fields.link_before = link_ref (fields->link_before);
  self->fields.ref = self->ref;
  g_ptr_array_add (changes, self);
}
