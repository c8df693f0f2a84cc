/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel that sends its messages off this device: to a phone, a mailbox, a program. What it may
 * say lapses with time, its secret is looked up for each message and kept no longer, and nothing
 * comes back through it: whoever holds its topic cannot answer or silence an alarm.
 */
#pragma once

#include "channel.h"

#include <koban/channel-settings.h>
#include <koban/clock.h>
#include <koban/http.h>
#include <koban/vault.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_REMOTE (koban_remote_get_type ())
G_DECLARE_FINAL_TYPE (KobanRemote, koban_remote, KOBAN, REMOTE, GObject)

/* @settings is copied; the others are referenced. */
KobanRemote *koban_remote_new (const KobanChannelSettings *settings, KobanClock *clock, KobanVault *vault, KobanHttp *http);

/* What no reading of the file sees: whether its server is an address that may be used. */
gboolean     koban_remote_check (const KobanChannelSettings *settings, GError **error) G_GNUC_WARN_UNUSED_RESULT;

const KobanChannelSettings *koban_remote_get_settings (KobanRemote *self);

G_END_DECLS
