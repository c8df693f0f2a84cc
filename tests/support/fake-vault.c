/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The keyring in memory. It asks nobody and touches no bus.
 */
#include "config.h"

#include <koban/error.h>

#include "fake-vault.h"

struct _KobanFakeVault
{
  GObject parent_instance;

  GHashTable *secrets; /* (owned) (element-type utf8 KobanSecret): by "kind/id" */
  KobanFakeVaultState state;
  gboolean dismissed;
  guint n_failing_stores;
};

static void koban_fake_vault_iface_init (KobanVaultInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (KobanFakeVault,
                               koban_fake_vault,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (KOBAN_TYPE_VAULT, koban_fake_vault_iface_init))

static char *
key_of (KobanSecretKind kind, const char *id)
{
  return g_strconcat (koban_secret_kind_name (kind), "/", id, NULL);
}

/* TRUE when the verb may go on; else @task has its error. */
static gboolean
is_open (KobanFakeVault *self, GTask *task)
{
  if (g_task_return_error_if_cancelled (task))
    return FALSE;
  if (self->state == KOBAN_FAKE_VAULT_LOCKED)
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_LOCKED, "The keyring is locked");
  else if (self->state == KOBAN_FAKE_VAULT_ABSENT)
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_NO_KEYRING, "There is no keyring");
  return self->state == KOBAN_FAKE_VAULT_OPEN;
}

static void
fake_vault_store_async (KobanVault *vault,
                        KobanSecretKind kind,
                        const char *id,
                        const char *provider,
                        const char *label,
                        KobanSecret *secret,
                        GCancellable *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer user_data)
{
  KobanFakeVault *self = KOBAN_FAKE_VAULT (vault);
  g_autoptr(GTask) task = g_task_new (vault, cancellable, callback, user_data);

  g_task_set_source_tag (task, koban_vault_store_async);
  if (!is_open (self, task))
    return;
  if (self->n_failing_stores > 0)
    {
      self->n_failing_stores--;
      g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_FAILED, "The keyring did not keep it");
      return;
    }
  g_hash_table_replace (self->secrets, key_of (kind, id), koban_secret_ref (secret));
  g_task_return_boolean (task, TRUE);
}

static void
fake_vault_lookup_async (KobanVault *vault,
                         KobanSecretKind kind,
                         const char *id,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  KobanFakeVault *self = KOBAN_FAKE_VAULT (vault);
  g_autoptr(GTask) task = g_task_new (vault, cancellable, callback, user_data);
  KobanSecret *secret;

  g_task_set_source_tag (task, koban_vault_lookup_async);
  if (!is_open (self, task))
    return;
  secret = koban_fake_vault_peek (self, kind, id);
  if (secret == NULL)
    g_task_return_new_error (task, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, "The keyring has no secret for “%s”",
                             id);
  else
    g_task_return_pointer (task, koban_secret_ref (secret), (GDestroyNotify) koban_secret_unref);
}

static void
fake_vault_remove_async (KobanVault *vault,
                         KobanSecretKind kind,
                         const char *id,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  KobanFakeVault *self = KOBAN_FAKE_VAULT (vault);
  g_autoptr(GTask) task = g_task_new (vault, cancellable, callback, user_data);
  g_autofree char *key = key_of (kind, id);

  g_task_set_source_tag (task, koban_vault_remove_async);
  if (!is_open (self, task))
    return;
  g_hash_table_remove (self->secrets, key);
  g_task_return_boolean (task, TRUE);
}

static void
fake_vault_list_async (KobanVault *vault,
                       KobanSecretKind kind,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  KobanFakeVault *self = KOBAN_FAKE_VAULT (vault);
  g_autoptr(GTask) task = g_task_new (vault, cancellable, callback, user_data);
  g_autofree char *prefix = key_of (kind, "");
  GPtrArray *ids;
  GHashTableIter all;
  gpointer key;

  g_task_set_source_tag (task, koban_vault_list_async);
  if (!is_open (self, task))
    return;
  ids = g_ptr_array_new_with_free_func (g_free);
  g_hash_table_iter_init (&all, self->secrets);
  while (g_hash_table_iter_next (&all, &key, NULL))
    if (g_str_has_prefix (key, prefix))
      g_ptr_array_add (ids, g_strdup ((const char *) key + strlen (prefix)));
  g_task_return_pointer (task, ids, (GDestroyNotify) g_ptr_array_unref);
}

static void
fake_vault_unlock_async (KobanVault *vault,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  KobanFakeVault *self = KOBAN_FAKE_VAULT (vault);
  g_autoptr(GTask) task = g_task_new (vault, cancellable, callback, user_data);

  g_task_set_source_tag (task, koban_vault_unlock_async);
  if (self->state == KOBAN_FAKE_VAULT_LOCKED && !self->dismissed)
    koban_fake_vault_set_state (self, KOBAN_FAKE_VAULT_OPEN);
  if (is_open (self, task))
    g_task_return_boolean (task, TRUE);
}

void
koban_fake_vault_set_state (KobanFakeVault *self, KobanFakeVaultState state)
{
  gboolean opens = self->state != KOBAN_FAKE_VAULT_OPEN && state == KOBAN_FAKE_VAULT_OPEN;

  self->state = state;
  if (opens)
    g_signal_emit_by_name (self, "unlocked");
}

void
koban_fake_vault_fail_stores (KobanFakeVault *self, guint n)
{
  self->n_failing_stores = n;
}

void
koban_fake_vault_set_dismissed (KobanFakeVault *self, gboolean dismissed)
{
  self->dismissed = dismissed;
}

void
koban_fake_vault_put (KobanFakeVault *self, KobanSecretKind kind, const char *id, const char *value)
{
  g_hash_table_replace (self->secrets, key_of (kind, id), koban_secret_new (value, -1));
}

KobanSecret *
koban_fake_vault_peek (KobanFakeVault *self, KobanSecretKind kind, const char *id)
{
  g_autofree char *key = key_of (kind, id);

  return g_hash_table_lookup (self->secrets, key);
}

guint
koban_fake_vault_get_size (KobanFakeVault *self)
{
  return g_hash_table_size (self->secrets);
}

static void
koban_fake_vault_init (KobanFakeVault *self)
{
  self->secrets =
    g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) koban_secret_unref);
}

static void
koban_fake_vault_finalize (GObject *object)
{
  g_hash_table_unref (KOBAN_FAKE_VAULT (object)->secrets);
  G_OBJECT_CLASS (koban_fake_vault_parent_class)->finalize (object);
}

static void
koban_fake_vault_class_init (KobanFakeVaultClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = koban_fake_vault_finalize;
}

static void
koban_fake_vault_iface_init (KobanVaultInterface *iface)
{
  iface->store_async = fake_vault_store_async;
  iface->lookup_async = fake_vault_lookup_async;
  iface->remove_async = fake_vault_remove_async;
  iface->list_async = fake_vault_list_async;
  iface->unlock_async = fake_vault_unlock_async;
}

KobanFakeVault *
koban_fake_vault_new (void)
{
  return g_object_new (KOBAN_TYPE_FAKE_VAULT, NULL);
}
