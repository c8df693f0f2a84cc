/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who may hear a secret: the hosts that the profile names, the one that the person typed, and this
 * machine. Every request of a session, whatever its address came from, passes koban_hosts_allow().
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _KobanHosts KobanHosts;

/* @base_url is (nullable). Fails with UNTRUSTED if it is not an address that may be used at all. */
KobanHosts *koban_hosts_new  (const char *const *hosts, const char *base_url, GError **error);
void        koban_hosts_free (KobanHosts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanHosts, koban_hosts_free)

/* TRUE, or KOBAN_ERROR_UNTRUSTED that names the host. */
gboolean    koban_hosts_allow (KobanHosts *self, const char *url, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* Whether @url is at the host that the person typed: their own server may stand in their own network. */
gboolean    koban_hosts_is_typed (KobanHosts *self, const char *url);

G_END_DECLS
