/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which network an address belongs to. Private to src/wire.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* On the internet: not this computer, its links, a home or office network, nor a group of hosts. */
gboolean koban_http_address_is_public (GInetAddress *address);

/* "localhost", "127.0.0.1", "[::1]"; a name that merely resolves to them is not. */
gboolean koban_http_host_is_loopback (const char *host);

/* An address typed as such ("192.168.1.2", "[fd00::2]") or "localhost": nothing is left to resolve. */
gboolean koban_http_host_is_literal (const char *host);

G_END_DECLS
