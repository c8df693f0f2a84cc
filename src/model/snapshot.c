/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one listing said, shared by reference count. It never changes, and it judges nothing.
 */
#include "config.h"

#include <koban/snapshot.h>

#include "model/values.h"

G_DEFINE_BOXED_TYPE (KobanSnapshot, koban_snapshot, koban_snapshot_ref, koban_snapshot_unref)

KobanSnapshot *
koban_snapshot_new (const KobanSnapshot *fields)
{
  KobanSnapshot *self = g_atomic_rc_box_new0 (KobanSnapshot);

  *self = *fields;
  if (fields->account != NULL)
    koban_account_ref (self->account);
  if (fields->rows != NULL)
    g_ptr_array_ref (self->rows);
  if (fields->error != NULL)
    self->error = g_error_copy (fields->error);
  self->changes_of = g_strdup (fields->changes_of);
  self->cursor = g_strdup (fields->cursor);
  return self;
}

KobanSnapshot *
koban_snapshot_ref (KobanSnapshot *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
snapshot_clear (gpointer data)
{
  KobanSnapshot *self = data;

  g_clear_pointer (&self->account, koban_account_unref);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_clear_error (&self->error);
  g_free (self->changes_of);
  g_free (self->cursor);
}

void
koban_snapshot_unref (KobanSnapshot *self)
{
  g_atomic_rc_box_release_full (self, snapshot_clear);
}

void
koban_cursor_free (gpointer data)
{
  KobanCursor *cursor = data;

  g_free (cursor->cursor);
  g_free (cursor);
}

static const char *const listing_names[] = {
  [KOBAN_LISTING_ACCOUNTS] = "accounts",
  [KOBAN_LISTING_LINKS] = "links",
  [KOBAN_LISTING_BALANCE] = "balance",
  [KOBAN_LISTING_TRANSACTIONS] = "transactions",
};

VALUE_ENUM_NAMES (KobanListing, koban_listing, listing_names)
