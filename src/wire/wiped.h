/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The memory that libcurl takes. It writes each request, key and all, into a buffer of its own: what it gives
 * back is wiped first. What OpenSSL and nghttp2 take is theirs.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Before anything else asks libcurl: it begins here. */
void koban_wiped_begin_curl (void);

G_END_DECLS
