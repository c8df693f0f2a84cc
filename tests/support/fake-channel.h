/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A channel that remembers what it was given, and takes it or not, as a test wants.
 */
#pragma once

#include "channel/channel.h"

G_BEGIN_DECLS

#define FAKE_TYPE_CHANNEL (fake_channel_get_type ())
G_DECLARE_FINAL_TYPE (FakeChannel, fake_channel, FAKE, CHANNEL, GObject)

struct _FakeChannel
{
  GObject parent;

  const char *name;
  KobanChannelKind kind;
  KobanDetail detail; /* full */
  gboolean schedules;
  gint64 retry_s;
  const char *mark;    /* (nullable) */
  GPtrArray *said;     /* "show i1", "silent i1", "withdraw i1" */
  GPtrArray *messages; /* (element-type KobanMessage): those that it took */
  gboolean broken;     /* takes nothing */
  gboolean hanging;    /* answers nothing until it is cancelled or released */
  GTask *held;
};

/* @name is static. (transfer full) */
FakeChannel *fake_channel_new (const char *name, KobanChannelKind kind);

G_END_DECLS
