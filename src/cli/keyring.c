/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The command's few dealings with the keyring. It makes items and tells the agent their id; only
 * the agent reads, changes and deletes them.
 */
#include "config.h"

#include "cli/keyring.h"

#include "cli/prompt.h"

#include <koban/error.h>

static void
on_result (GObject *vault, GAsyncResult *result, gpointer user_data)
{
  GAsyncResult **slot = user_data;

  *slot = g_object_ref (result);
}

static GAsyncResult *
wait_for (GAsyncResult **slot)
{
  while (*slot == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *slot;
}

static gboolean
unlock (KobanVault *vault, GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  koban_vault_unlock_async (vault, NULL, on_result, &result);
  return koban_vault_unlock_finish (vault, wait_for (&result), error);
}

static gboolean
store (KobanVault *vault,
       KobanSecretKind kind,
       const char *id,
       const char *provider,
       const char *label,
       KobanSecret *secret,
       GError **error)
{
  g_autoptr(GAsyncResult) result = NULL;

  koban_vault_store_async (vault, kind, id, provider, label, secret, NULL, on_result, &result);
  return koban_vault_store_finish (vault, wait_for (&result), error);
}

char *
koban_keyring_store (KobanSecretKind kind,
                     const char *provider,
                     const char *label,
                     KobanSecret *secret,
                     GError **error)
{
  g_autoptr(KobanVault) vault = koban_vault_keyring_new ();
  g_autofree char *id = g_uuid_string_random ();
  g_autoptr(GError) local_error = NULL;

  if (store (vault, kind, id, provider, label, secret, &local_error))
    return g_steal_pointer (&id);
  if (koban_error_is (local_error, KOBAN_ERROR_LOCKED) && koban_prompt_can_ask ())
    {
      if (unlock (vault, error) && store (vault, kind, id, provider, label, secret, error))
        return g_steal_pointer (&id);
      return NULL;
    }
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

gboolean
koban_keyring_unlock (GError **error)
{
  g_autoptr(KobanVault) vault = koban_vault_keyring_new ();

  return unlock (vault, error);
}
