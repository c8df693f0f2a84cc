/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the person set in koban.conf, read again when the file changes. A mistake in it is told and
 * changes nothing: the last good one stays, over a restart too. It opens the channels that leave
 * the device, and deletes the secrets of those that are gone. Signals:
 * "changed" (): the settings, the channels or what is wrong are others;
 * "lapsed" (): it is time to look at koban_preferences_get_lapsed() again.
 */
#pragma once

#include "channel/channel.h"

#include <koban/clock.h>
#include <koban/http.h>
#include <koban/vault.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_PREFERENCES (koban_preferences_get_type ())
G_DECLARE_FINAL_TYPE (KobanPreferences, koban_preferences, KOBAN, PREFERENCES, GObject)

/* Reads at once, and then whenever something happens in the file's folder: nothing is polled. All (unowned), outlive it. */
KobanPreferences    *koban_preferences_new          (KobanClock *clock, KobanVault *vault, KobanHttp *http);

/* Reads now, for somebody who waits for it to count; then "changed". */
void                 koban_preferences_reload       (KobanPreferences *self);

const KobanSettings *koban_preferences_get_settings (KobanPreferences *self);
/* As they were good last when no agent ran yet; without an earlier agent, as they are. (transfer none) */
const KobanSettings *koban_preferences_get_former   (KobanPreferences *self);
/* Off the device, in the order of the file. (element-type KobanChannel) (transfer none) */
GPtrArray           *koban_preferences_get_channels (KobanPreferences *self);
/* (nullable): what is wrong with the file as it is now */
const char          *koban_preferences_get_misread  (KobanPreferences *self);
/* Names of channels that were told everything for ninety days, and are now told nothing. (element-type utf8) (transfer full) */
GPtrArray           *koban_preferences_get_lapsed   (KobanPreferences *self);

G_END_DECLS
