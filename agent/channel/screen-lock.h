/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whether others may read along: the session is locked, by what logind and the screen savers say. It
 * belongs to the thread that makes it and may block there for a moment; it starts no service.
 * Signal "changed" ().
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_SCREEN_LOCK (koban_screen_lock_get_type ())
G_DECLARE_FINAL_TYPE (KobanScreenLock, koban_screen_lock, KOBAN, SCREEN_LOCK, GObject)

/* Has asked when it returns. @session, @system (nullable): a bus that is not there says nothing. */
KobanScreenLock *koban_screen_lock_new       (GDBusConnection *session, GDBusConnection *system);
/* One of them says so. Where nothing can say so, it is open. */
gboolean         koban_screen_lock_is_locked (KobanScreenLock *self);

G_END_DECLS
