/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the computer tells: the network came or went, it woke up. Signals: "online" (boolean),
 * "resumed" ().
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define KOBAN_TYPE_HOST (koban_host_get_type ())
G_DECLARE_FINAL_TYPE (KobanHost, koban_host, KOBAN, HOST, GObject)

KobanHost *koban_host_new        (void);
gboolean   koban_host_get_online (KobanHost *self);

G_END_DECLS
