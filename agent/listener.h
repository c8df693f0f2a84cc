/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where a browser comes back to: a port of 127.0.0.1 that hears one answer and is gone (RFC 8252 §7.3). It knows HTTP as
 * far as one GET, answers with a page of one sentence, and believes nothing: who owns it decides what is an answer.
 */
#pragma once

#include <gio/gio.h>
#include <koban/clock.h>
#include <koban/secret.h>

G_BEGIN_DECLS

typedef struct _KobanListener KobanListener;

/* @query: "?code=…", or "". TRUE: that is what was waited for, and nothing more is heard. */
typedef gboolean (*KobanListenerTake) (KobanSecret *query, gpointer user_data);

/* On @port, or on any (0); only requests for @path are handed over. */
KobanListener *koban_listener_new      (KobanClock *clock, guint16 port, const char *path, KobanListenerTake take,
                                        gpointer user_data, GError **error);
/* Nothing is handed over after this; an answer that is being written is still written. */
void           koban_listener_free     (KobanListener *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanListener, koban_listener_free)

guint16        koban_listener_get_port (KobanListener *self);

G_END_DECLS
