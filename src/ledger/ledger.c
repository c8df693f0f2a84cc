/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The ledger as an object: opening, the thread it belongs to, the bounds of a transaction, and the
 * habits that live and die with it. After every transaction, kept or taken back, the habits in memory
 * are those in the table: so at rest they are in the table alone.
 */
#include "config.h"

#include "ledger/inside.h"
#include "ledger/schema.h"

G_DEFINE_FINAL_TYPE (KobanLedger, koban_ledger, G_TYPE_OBJECT)

static void
koban_ledger_init (KobanLedger *self)
{
  self->thread = g_thread_self ();
  self->wariness = KOBAN_WARINESS_NORMAL;
  self->in_flight = g_hash_table_new_full (g_int64_hash, g_int64_equal, g_free, NULL);
}

static void
koban_ledger_finalize (GObject *object)
{
  KobanLedger *self = KOBAN_LEDGER (object);

  koban_ledger_drop_habits (self);
  g_clear_pointer (&self->store, koban_store_close);
  g_hash_table_unref (self->in_flight);
  g_clear_pointer (&self->claims, g_variant_unref);
  G_OBJECT_CLASS (koban_ledger_parent_class)->finalize (object);
}

static void
koban_ledger_class_init (KobanLedgerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_ledger_finalize;
}

void
koban_ledger_assert_thread (KobanLedger *self)
{
  g_assert (self->thread == g_thread_self ());
}

/* --- habits --------------------------------------------------------------------------------- */

/* Blobs of another version are dropped; @stale (optional) tells that the habits must be folded again. */
static gboolean
habits_read (KobanLedger *self, gboolean *stale, GError **error)
{
  static const char sql[] = "SELECT account, blob FROM habits";
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_drop_habits (self);
  self->habits = koban_habits_new ();
  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(GBytes) blob = koban_query_bytes (&query, 1);

      if (!koban_habits_load (self->habits, koban_query_text (&query, 0), blob) && stale != NULL)
        *stale = TRUE;
    }
  g_strfreev (koban_habits_take_changed (self->habits));
  if (koban_query_finish (&query, error))
    return TRUE;
  koban_ledger_drop_habits (self);
  return FALSE;
}

KobanHabits *
koban_ledger_habits (KobanLedger *self, GError **error)
{
  if (self->habits == NULL && !habits_read (self, NULL, error))
    return NULL;
  return self->habits;
}

void
koban_ledger_drop_habits (KobanLedger *self)
{
  g_clear_pointer (&self->habits, koban_habits_free);
}

static gboolean
habits_write (KobanLedger *self, GError **error)
{
  static const char sql[] = "INSERT INTO habits (account, blob) VALUES (?, ?)"
                            " ON CONFLICT (account) DO UPDATE SET blob = excluded.blob";
  g_auto(GStrv) changed = self->habits != NULL ? koban_habits_take_changed (self->habits) : NULL;

  for (char **account = changed; account != NULL && *account != NULL; account++)
    {
      g_autoptr(GBytes) blob = koban_habits_save (self->habits, *account);

      if (!koban_store_run (self->store, error, sql, "sb", *account, blob))
        return FALSE;
    }
  return TRUE;
}

/* --- transactions ----------------------------------------------------------------------------- */

gboolean
koban_ledger_begin (KobanLedger *self, GError **error)
{
  koban_ledger_assert_thread (self);
  return koban_store_begin (self->store, error);
}

gboolean
koban_ledger_end (KobanLedger *self, gboolean good, GError **error)
{
  if (good && habits_write (self, error) && koban_store_commit (self->store, error))
    return TRUE;
  koban_store_rollback (self->store);
  koban_ledger_drop_habits (self);
  return FALSE;
}

/* --- opening ------------------------------------------------------------------------------------ */

static gboolean
refold (KobanLedger *self, gboolean stale, GError **error)
{
  if (!stale)
    return TRUE;
  if (!koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, koban_alerts_fold_again (self, error), error);
}

KobanLedger *
koban_ledger_open (const char *path, KobanServices *services, GError **error)
{
  KobanStore *store = koban_schema_open (path, FALSE, error);
  g_autoptr(KobanLedger) self = NULL;
  gboolean stale = FALSE;

  if (store == NULL)
    return NULL;
  self = g_object_new (KOBAN_TYPE_LEDGER, NULL);
  self->store = store;
  self->services = services;
  if (!habits_read (self, &stale, error) || !refold (self, stale, error))
    return NULL;
  return g_steal_pointer (&self);
}

KobanLedger *
koban_ledger_open_readonly (const char *path, GError **error)
{
  KobanStore *store = koban_schema_open (path, TRUE, error);
  KobanLedger *self;

  if (store == NULL)
    return NULL;
  self = g_object_new (KOBAN_TYPE_LEDGER, NULL);
  self->store = store;
  return self;
}

void
koban_ledger_set_judge (KobanLedger *self, KobanServices *services, KobanWariness wariness)
{
  koban_ledger_assert_thread (self);
  self->services = services;
  self->wariness = wariness;
}

void
koban_ledger_set_claims (KobanLedger *self, GVariant *windows)
{
  koban_ledger_assert_thread (self);
  g_clear_pointer (&self->claims, g_variant_unref);
  self->claims = windows != NULL ? g_variant_ref_sink (windows) : NULL;
}

void
koban_ledger_rest (KobanLedger *self)
{
  koban_ledger_assert_thread (self);
  koban_ledger_drop_habits (self);
  koban_store_rest (self->store);
}

gboolean
koban_ledger_verify (KobanLedger *self, GError **error)
{
  koban_ledger_assert_thread (self);
  return koban_store_verify (self->store, error);
}

gboolean
koban_ledger_set_aside (const char *path, char **moved_to, GError **error)
{
  return koban_schema_set_aside (path, moved_to, error);
}
