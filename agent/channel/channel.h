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

/* What a message is about. */
typedef enum
{
  KOBAN_PURPOSE_ALERT, /* of an incident, or of many */
  KOBAN_PURPOSE_TEST,  /* nothing has happened: the person is asked to type @code */
  KOBAN_PURPOSE_WATCH, /* of Koban itself: with @delay_us "has not looked", without it "still watching" */
} KobanPurpose;

/* What a channel shows. Plain text: who shows it escapes it. */
typedef struct
{
  char          *id;         /* (nullable): of this delivery, the same whenever it is repeated (after a failure or a kill), and
                                no other's; printable ASCII without spaces. NULL: nothing that a repeat would harm */
  char          *incident;   /* what replaces what: a later message of the same incident takes its place, and a mail is of
                                its thread. "i2" is another's elsewhere: make a name for the world of @code, not of this */
  char          *code;       /* (nullable): "K-7F3A-9Q2M", in every message that leaves the device, and what `verify` knows */
  char          *summary;
  char          *body;
  char          *discreet_summary; /* (nullable): what it says where others may read along; with @discreet_body. NULL: the same */
  char          *discreet_body;
  KobanPurpose   purpose;
  gint64         opened_us;  /* when the incident was opened; 0: it is none */
  gint64         at_us;      /* when the message was made: another at each repeat */
  gint64         delay_us;   /* 0: now. Else it is shown that long after it was taken, unless a later one of the same
                                @incident was taken, or it was withdrawn, before: only where the channel can schedule */
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
  KobanChannelKind (*get_kind) (KobanChannel *self); /* (nullable): KOBAN_CHANNEL_DESKTOP */
  KobanDetail (*get_detail)    (KobanChannel *self);
  gboolean    (*get_available) (KobanChannel *self);
  void        (*show_async)    (KobanChannel *self, const KobanMessage *message, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
  gboolean    (*show_finish)   (KobanChannel *self, GAsyncResult *result, GError **error);
  void        (*withdraw)      (KobanChannel *self, const char *incident);
  gboolean    (*can_schedule)  (KobanChannel *self); /* (nullable): FALSE */
  gint64      (*get_retry_s)   (KobanChannel *self); /* (nullable): 0 */
  const char *(*get_mark)      (KobanChannel *self); /* (nullable): NULL */
};

const char *koban_channel_get_name      (KobanChannel *self); /* "desktop": as in the outbox */
KobanChannelKind koban_channel_get_kind (KobanChannel *self); /* what it is made of */
KobanDetail koban_channel_get_detail    (KobanChannel *self); /* how much may be said here */
gboolean    koban_channel_get_available (KobanChannel *self); /* as far as is known without showing anything */
void        koban_channel_show_async    (KobanChannel *self, const KobanMessage *message, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
gboolean    koban_channel_show_finish   (KobanChannel *self, GAsyncResult *result, GError **error);
/* What it told of is over. Unknown incidents are ignored, and so is all of it where nothing can be taken back. */
void        koban_channel_withdraw      (KobanChannel *self, const char *incident);
/* It keeps a message with a delay_us, and replaces it by a later one of its incident. */
gboolean    koban_channel_can_schedule  (KobanChannel *self);
/* How long the other side asked to be left alone when it last refused (Retry-After); 0: it did not say. */
gint64      koban_channel_get_retry_s   (KobanChannel *self);
/* (nullable): no secret; changes when it leads elsewhere (another host, another topic: the id of its keyring item), so
 * that the person is asked to prove it again. */
const char *koban_channel_get_mark      (KobanChannel *self);

/* Errors of koban_channel_show_finish(), as far as the courier acts on them: NEEDS_SIGN_IN (the secret is refused),
 * LOCKED (the keyring), UNSUPPORTED (gone for good: 410), RATE_LIMITED (see get_retry_s), others are tried again. */

/* For the bodies. */
void        koban_channel_emit_available (KobanChannel *self);
void        koban_channel_emit_action    (KobanChannel *self, const char *incident, const char *action);

G_END_DECLS
