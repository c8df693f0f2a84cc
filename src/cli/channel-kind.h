/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What `channel` knows of each kind of channel: what it asks for, what secret it has, and the words
 * that lead a person to a phone that rings at night.
 */
#pragma once

#include <koban/channel-settings.h>
#include <koban/profile.h>
#include <koban/secret.h>

G_BEGIN_DECLS

typedef struct
{
  KobanChannelKind kind;
  /* Questions for what koban.conf needs, NULL where this kind has none. */
  const char *ask_server, *ask_to, *ask_from, *ask_user;
  const char *secret;          /* the name in the bundle of the keyring's item */
  const char *other_secret;    /* (nullable): one more that may be given on standard input */
  gboolean    is_made;         /* Koban makes the secret, and shows it once */
  const char *after;           /* what to do next, at the end of `channel add` */
} KobanChannelKindRow;

const KobanChannelKindRow *koban_channel_kind_row (KobanChannelKind kind);

/* For standard input and the questions: its secrets. (element-type KobanNeed) (transfer full) */
GArray      *koban_channel_kind_needs (const KobanChannelKindRow *row, gboolean only_asked);

/* A fresh one, from the system's own randomness: at least 128 bits. (transfer full) */
KobanSecret *koban_channel_kind_make_secret (const KobanChannelKindRow *row);
/* Whether a secret that the person gave can be one. */
gboolean     koban_channel_kind_check_secret (const KobanChannelKindRow *row, KobanSecret *secret, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
