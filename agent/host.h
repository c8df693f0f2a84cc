/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the computer tells: the network came or went, is dear, power is short, it woke up. Signals:
 * "online" (boolean), "saving" (), "resumed" ().
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* What is to be spared: a metered network's data, or power; of both, the one that is shorter. */
typedef enum { KOBAN_SAVING_NOTHING, KOBAN_SAVING_DATA, KOBAN_SAVING_POWER } KobanSaving;

#define KOBAN_TYPE_HOST (koban_host_get_type ())
G_DECLARE_FINAL_TYPE (KobanHost, koban_host, KOBAN, HOST, GObject)

/* The computer's own monitors. */
KobanHost  *koban_host_new        (void);
/* For tests: others that say the same. @power (nullable) */
KobanHost  *koban_host_new_with   (GNetworkMonitor *network, GPowerProfileMonitor *power);
gboolean    koban_host_get_online (KobanHost *self);
KobanSaving koban_host_get_saving (KobanHost *self);

G_END_DECLS
