/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The one door: whatever made a request, and whoever put secrets into it, it passes hosts.c before it leaves.
 */
#pragma once

#include "bank/auth.h"

G_BEGIN_DECLS

typedef struct
{
  KobanHttp  *http;
  KobanHosts *hosts;
  GBytes     *ca_pem;  /* (nullable) */
  char      **headers; /* (nullable): the profile's own */
} KobanSending;

/* @callback gets the KobanHttp and, as its data, a reference to @task; koban_http_send_finish() gives the answer. FALSE,
 * and nothing was sent, if the host may not hear it. */
gboolean koban_sending_start (const KobanSending *self, const KobanOutgoing *outgoing, GCancellable *cancellable,
                              GAsyncReadyCallback callback, GTask *task, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
