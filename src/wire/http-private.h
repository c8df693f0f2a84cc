/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of http.c may change: nobody waits a minute for a time-out to be proved.
 */
#pragma once

#include <koban/http.h>

G_BEGIN_DECLS

typedef struct
{
  guint connect_ms;
  guint total_ms;
  guint slow_s; /* this long below a few bytes a second */
} KobanHttpPatience;

void              koban_http_set_patience (KobanHttp *self, KobanHttpPatience patience);
KobanHttpPatience koban_http_get_patience (KobanHttp *self);

/* Sockets that the main loop watches for libcurl now. */
guint koban_http_get_n_watched (KobanHttp *self);

G_END_DECLS
