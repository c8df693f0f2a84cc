/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where secrets are kept: the OS keyring (libsecret), or a fake body in tests. Items are found by
 * the attributes kind, id and provider (schema org.koban.Secret). A locked keyring answers like one
 * that has no such secret, so every look-up asks first whether the collection is locked
 * (facts/testing.md §0): KOBAN_ERROR_LOCKED and KOBAN_ERROR_NOT_FOUND are never confused.
 * No call made here prompts, except koban_vault_unlock_async(), which only the CLI uses.
 */
#pragma once

#include <gio/gio.h>
#include <koban/secret.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_SECRET_CONNECTION, /* a bundle; what watches */
  KOBAN_SECRET_REVOKE,     /* a bundle; the power to revoke, where the person keeps it */
  KOBAN_SECRET_CHANNEL,
  KOBAN_SECRET_ANSWER,     /* one-time; lives in the session collection, deleted when read */
} KobanSecretKind;

const char *koban_secret_kind_name (KobanSecretKind kind); /* "connection" … */

#define KOBAN_TYPE_VAULT (koban_vault_get_type ())
G_DECLARE_INTERFACE (KobanVault, koban_vault, KOBAN, VAULT, GObject)

/* Every verb ends in KobanVault's own _finish below. Signal "unlocked": a collection was unlocked,
 * or the keyring came back: whoever waited may look again. It is said once after a verb was refused with LOCKED
 * or NO_KEYRING, and once for whoever was refused in an earlier life of the program. */
struct _KobanVaultInterface
{
  GTypeInterface parent;

  void         (*store_async)   (KobanVault *self, KobanSecretKind kind, const char *id, const char *provider,
                                 const char *label, KobanSecret *secret, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
  void         (*lookup_async)  (KobanVault *self, KobanSecretKind kind, const char *id, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
  void         (*remove_async)  (KobanVault *self, KobanSecretKind kind, const char *id, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
  void         (*list_async)    (KobanVault *self, KobanSecretKind kind, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
  /* Prompts if it must, so only for a person who is there: the CLI. */
  void         (*unlock_async)  (KobanVault *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
};

void         koban_vault_store_async   (KobanVault *self, KobanSecretKind kind, const char *id, const char *provider,
                                        const char *label, KobanSecret *secret, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean     koban_vault_store_finish  (KobanVault *self, GAsyncResult *result, GError **error);

void         koban_vault_lookup_async  (KobanVault *self, KobanSecretKind kind, const char *id, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full); NULL with LOCKED, NO_KEYRING or NOT_FOUND */
KobanSecret *koban_vault_lookup_finish (KobanVault *self, GAsyncResult *result, GError **error);

/* @id NULL: all of this kind. */
void         koban_vault_remove_async  (KobanVault *self, KobanSecretKind kind, const char *id, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
/* Removing what is not there succeeds; what is locked, or may be there behind a lock, is LOCKED. A keyring that
 * confirms deletions asks the person, whose wish a removal always is. */
gboolean     koban_vault_remove_finish (KobanVault *self, GAsyncResult *result, GError **error);

/* The ids of all of a kind; no secret is read. */
void         koban_vault_list_async    (KobanVault *self, KobanSecretKind kind, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full) (element-type utf8); NULL with LOCKED or NO_KEYRING */
GPtrArray   *koban_vault_list_finish   (KobanVault *self, GAsyncResult *result, GError **error);

void         koban_vault_unlock_async  (KobanVault *self, GCancellable *cancellable,
                                        GAsyncReadyCallback callback, gpointer user_data);
gboolean     koban_vault_unlock_finish (KobanVault *self, GAsyncResult *result, GError **error);

/* The session's Secret Service. Construction waits for nothing; the main loop then watches the bus for it, which
 * neither starts it nor keeps it alive. */
KobanVault  *koban_vault_keyring_new (void);

G_END_DECLS
