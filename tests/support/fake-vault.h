/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A keyring in memory, with the troubles of a real one at a switch. Its verbs end from the main
 * loop, as the real ones do.
 */
#pragma once

#include <koban/vault.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_FAKE_VAULT (koban_fake_vault_get_type ())
G_DECLARE_FINAL_TYPE (KobanFakeVault, koban_fake_vault, KOBAN, FAKE_VAULT, GObject)

typedef enum
{
  KOBAN_FAKE_VAULT_OPEN,
  KOBAN_FAKE_VAULT_LOCKED, /* every verb fails with LOCKED but unlock, which opens it */
  KOBAN_FAKE_VAULT_ABSENT, /* every verb fails with NO_KEYRING */
} KobanFakeVaultState;

KobanFakeVault *koban_fake_vault_new (void);

/* To OPEN from anything else emits "unlocked". */
void         koban_fake_vault_set_state (KobanFakeVault *self, KobanFakeVaultState state);
/* The next @n stores fail with FAILED and keep nothing. */
void         koban_fake_vault_fail_stores (KobanFakeVault *self, guint n);
/* A person answers the question of unlock with no. */
void         koban_fake_vault_set_dismissed (KobanFakeVault *self, gboolean dismissed);

/* Past the switches, for given and then. */
void         koban_fake_vault_put (KobanFakeVault *self, KobanSecretKind kind, const char *id, const char *value);
KobanSecret *koban_fake_vault_peek (KobanFakeVault *self, KobanSecretKind kind, const char *id); /* (transfer none) (nullable) */
guint        koban_fake_vault_get_size (KobanFakeVault *self);

G_END_DECLS
