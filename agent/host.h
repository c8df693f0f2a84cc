/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the computer tells: the network came or went, is dear, power is short, it woke up. Signals:
 * "online" (boolean), "saving" (), "resumed" (). How full the battery is it says only when it is asked: a battery
 * that drains tells of it twice a minute, and nothing may wake for that.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is to be spared: a metered network's data, power, or the last of the battery; of these, the one that is
 * shortest. */
typedef enum {
  KOBAN_SAVING_NOTHING,
  KOBAN_SAVING_DATA,
  KOBAN_SAVING_POWER,
  KOBAN_SAVING_BATTERY, /* under KOBAN_HOST_LOW_PERCENT, and nothing fills it */
} KobanSaving;

#define KOBAN_HOST_LOW_PERCENT 15

#define KOBAN_TYPE_HOST (koban_host_get_type ())
G_DECLARE_FINAL_TYPE (KobanHost, koban_host, KOBAN, HOST, GObject)

/* The computer's own monitors. */
KobanHost  *koban_host_new         (void);
/* For tests: others that say the same. @power (nullable) */
KobanHost  *koban_host_new_with    (GNetworkMonitor *network, GPowerProfileMonitor *power);
gboolean    koban_host_get_online  (KobanHost *self);
/* As of the last look. */
KobanSaving koban_host_get_saving  (KobanHost *self);

/* Looks at the battery, too. It cannot fail: a computer that does not say how full it is has enough. */
void        koban_host_look_async  (KobanHost *self, GAsyncReadyCallback callback, gpointer user_data);
KobanSaving koban_host_look_finish (KobanHost *self, GAsyncResult *result);

G_END_DECLS
