/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One story through the real ledger and detectors, in memory: the function behind `koban replay`.
 */
#pragma once

#include <koban/services.h>
#include "cli/story.h"

G_BEGIN_DECLS

typedef struct
{
  gint64   poll_us;
  gboolean every_poll; /* make also the checks that can change nothing; the alerts are the same */
  gboolean label;      /* each line names its story */
} KobanReplayOptions;

/* @tell is called with each alert line (without newline), in order. */
typedef void (*KobanReplayTell) (const char *line, gpointer data);

gboolean koban_replay (const KobanStory *story, KobanServices *services, const KobanReplayOptions *options,
                       KobanReplayTell tell, gpointer data, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
