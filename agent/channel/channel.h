/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A way to the person. A channel shows what it is given and says whether that was taken; it makes
 * no words, keeps no queue and never retries: the courier does. Signals:
 * "available" (): it can show again what it lost (its server came back);
 * "action" (incident s, action s): the person pressed "mine", "not-mine", or "details".
 */
#pragma once

#include <gio/gio.h>
#include <koban/account.h>
#include <koban/alert.h>
#include <koban/settings.h>

G_BEGIN_DECLS

/* What a channel shows. Plain text: who shows it escapes it. */
typedef struct
{
  char          *incident;   /* what replaces what: a later message of the same incident takes its place */
  char          *summary;
  char          *body;
  char          *discreet_summary; /* (nullable): what it says where others may read along; with @discreet_body. NULL: the same */
  char          *discreet_body;
  KobanAlertKind kind;       /* of the worst alert */
  KobanSeverity  severity;
  gboolean       urgent;     /* stays until it is dismissed: a new link or money gone */
  gboolean       answerable; /* it says what happened, so it may ask whose doing it was */
  gboolean       silent;     /* an update that must not call for attention */
  gboolean       many;       /* of several incidents: @incident is no incident's id */
  KobanOwnership ownership;  /* whose answers are asked for */
} KobanMessage;

KobanMessage *koban_message_copy (const KobanMessage *self);
void          koban_message_free (KobanMessage *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanMessage, koban_message_free)

#define KOBAN_TYPE_CHANNEL (koban_channel_get_type ())
G_DECLARE_INTERFACE (KobanChannel, koban_channel, KOBAN, CHANNEL, GObject)

struct _KobanChannelInterface
{
  GTypeInterface parent;

  const char *(*get_name)      (KobanChannel *self);
  KobanDetail (*get_detail)    (KobanChannel *self);
  gboolean    (*get_available) (KobanChannel *self);
  void        (*show_async)    (KobanChannel *self, const KobanMessage *message, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
  gboolean    (*show_finish)   (KobanChannel *self, GAsyncResult *result, GError **error);
  void        (*withdraw)      (KobanChannel *self, const char *incident);
};

const char *koban_channel_get_name      (KobanChannel *self); /* "desktop": as in the outbox */
KobanDetail koban_channel_get_detail    (KobanChannel *self); /* how much may be said here */
gboolean    koban_channel_get_available (KobanChannel *self); /* as far as is known without showing anything */
void        koban_channel_show_async    (KobanChannel *self, const KobanMessage *message, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
gboolean    koban_channel_show_finish   (KobanChannel *self, GAsyncResult *result, GError **error);
/* What it told of is over. Unknown incidents are ignored. */
void        koban_channel_withdraw      (KobanChannel *self, const char *incident);

/* For the bodies. */
void        koban_channel_emit_available (KobanChannel *self);
void        koban_channel_emit_action    (KobanChannel *self, const char *incident, const char *action);

G_END_DECLS
