/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * An account is its fields, copied once and shared by reference count. It never changes.
 */
#include "config.h"

#include <koban/account.h>

#include "model/values.h"

typedef struct
{
  KobanAccount fields; /* first: a KobanAccount pointer is the pointer to this */
  GStringChunk *strings;
  const char **variables;
} Account;

G_DEFINE_BOXED_TYPE (KobanAccount, koban_account, koban_account_ref, koban_account_unref)

KobanAccount *
koban_account_new (const KobanAccount *fields)
{
  Account *self = g_atomic_rc_box_new0 (Account);

  self->fields = *fields;
  self->strings = g_string_chunk_new (VALUE_CHUNK_SIZE);
  self->variables = value_strings (self->strings, fields->variables);
  self->fields.id = value_string (self->strings, fields->id);
  self->fields.identity = value_string (self->strings, fields->identity);
  self->fields.remote_id = value_string (self->strings, fields->remote_id);
  self->fields.name = value_string (self->strings, fields->name);
  self->fields.number = value_string (self->strings, fields->number);
  self->fields.variables = (const char *const *) self->variables;
  return &self->fields;
}

KobanAccount *
koban_account_ref (KobanAccount *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
account_clear (gpointer data)
{
  Account *self = data;

  g_free (self->variables);
  g_string_chunk_free (self->strings);
}

void
koban_account_unref (KobanAccount *self)
{
  g_atomic_rc_box_release_full (self, account_clear);
}

const char *
koban_account_get_variable (const KobanAccount *self, const char *name)
{
  for (const char *const *at = self->variables; at != NULL && at[0] != NULL && at[1] != NULL; at += 2)
    if (g_str_equal (at[0], name))
      return at[1];
  return NULL;
}
