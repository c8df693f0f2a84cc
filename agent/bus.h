/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The agent's face: org.koban.Koban1 at /org/koban/Koban. It turns calls into jobs and answers
 * with codes and numbers; no secret ever crosses it, and sentences are made where they are read.
 * Signal "busy-changed" (): an operation began or ended, or a call came.
 */
#pragma once

#include "parts.h"

G_BEGIN_DECLS

#define KOBAN_TYPE_BUS (koban_bus_get_type ())
G_DECLARE_FINAL_TYPE (KobanBus, koban_bus, KOBAN, BUS, GObject)

#define KOBAN_BUS_PATH "/org/koban/Koban"

/* @parts (unowned) outlives the bus. */
KobanBus *koban_bus_new        (GDBusConnection *connection, KobanParts *parts, GError **error);
void      koban_bus_changed    (KobanBus *self, const char *list);
gboolean  koban_bus_is_busy    (KobanBus *self);
/* Cancels all operations and takes no calls any more. */
void      koban_bus_close      (KobanBus *self);

G_END_DECLS
