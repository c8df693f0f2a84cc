/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What differs between the channels that send a message off this device: how one message is packed.
 * A body is a table row without state; what they share (the keyring, the wire, the answer, the
 * waiting) is remote.c's.
 */
#pragma once

#include "channel.h"

#include <koban/channel-settings.h>
#include <koban/mail.h>

G_BEGIN_DECLS

/* What is to be sent, for whoever packs it. Nothing is owned. */
typedef struct
{
  const KobanChannelSettings *settings;
  KobanSecret        *secret;     /* the keyring's item, a bundle */
  KobanSecret        *old_secret; /* (nullable): the one before, while it still counts */
  const KobanMessage *message;
  const char         *id;         /* of this delivery: letters and digits, the same when it is repeated, no other's */
  const char         *thread;     /* of what it belongs to, likewise */
  gint64              now_us;     /* wall */
} KobanErrand;

/* How loud a message is, loudest first: each body has its own numbers for these. */
typedef enum
{
  KOBAN_VOLUME_ALARM, /* a critical one, and the test of whether one would be heard */
  KOBAN_VOLUME_WARNING,
  KOBAN_VOLUME_NOTICE,
  KOBAN_VOLUME_QUIET, /* an update, a summary */
  KOBAN_VOLUME_LEAST, /* "still watching" */
} KobanVolume;
#define KOBAN_N_VOLUMES (KOBAN_VOLUME_LEAST + 1)

KobanVolume koban_errand_get_volume (const KobanErrand *errand);
/* What is told in one text where there is one: never empty, at most @max bytes. (transfer full) */
char       *koban_errand_get_text   (const KobanErrand *errand, gsize max);
/* A secret of the bundle; NEEDS_SIGN_IN without it. (transfer full) */
KobanSecret *koban_errand_get_secret (const KobanErrand *errand, const char *name, GError **error);

/* One packed message: a request of HTTP, or a mail. */
typedef struct
{
  const char *method;          /* a literal */
  char       *url;             /* (owned) */
  GPtrArray  *headers;         /* (owned) (element-type utf8) */
  GPtrArray  *secret_headers;  /* (owned) (element-type KobanSecret) */
  GBytes     *body;            /* (owned) (nullable) */
  KobanMail   mail;            /* its members are the errand's, but for these: */
  KobanSecret *password;       /* (owned) (nullable) */
} KobanParcel;

void koban_parcel_clear (KobanParcel *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KobanParcel, koban_parcel_clear)

/* @base and @path with one slash between them. */
void koban_parcel_set_url           (KobanParcel *self, const char *base, const char *path);
void koban_parcel_add_header        (KobanParcel *self, const char *name, const char *value);
void koban_parcel_add_secret_header (KobanParcel *self, const char *before, KobanSecret *secret);
/* As JSON; what was written is wiped behind it. @object may be floating. */
void koban_parcel_set_json          (KobanParcel *self, GVariant *object);

typedef struct
{
  KobanChannelKind kind;
  gboolean (*pack)   (const KobanErrand *errand, KobanParcel *parcel, GError **error);
  /* (nullable): takes back what was scheduled for @thread. Who has it can schedule. */
  gboolean (*cancel) (const KobanErrand *errand, KobanParcel *parcel, GError **error);
  gboolean by_mail;
} KobanBody;

extern const KobanBody koban_ntfy_body;
extern const KobanBody koban_gotify_body;
extern const KobanBody koban_webhook_body;
extern const KobanBody koban_mail_body;

G_END_DECLS
