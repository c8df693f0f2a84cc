/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The guard, for whoever leaves a screen unlocked: with watch.guard = on, acts that lower protection need one's own
 * password first, through polkit. It keeps out a person at the keyboard, not a program of the same user.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_GUARD_REVOKE,
  KOBAN_GUARD_REMOVE,   /* a connection, or all of Koban's data */
  KOBAN_GUARD_CHANNEL,  /* a new way to send, or one less */
  KOBAN_GUARD_DETAIL,   /* more may be said */
  KOBAN_GUARD_SETTINGS, /* the settings, the guard itself among them */
} KobanGuardedAct;

/* TRUE at once where the guard is off. FORBIDDEN: nobody proved to be the person, or polkit does not answer. */
gboolean koban_guard_allows (KobanGuardedAct act, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The same, whether it is on or off. */
gboolean koban_guard_ask    (KobanGuardedAct act, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
