/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the composition root built, for whoever works with several of them. All (unowned): the
 * agent owns them and takes them down after the last of their users.
 */
#pragma once

#include "courier.h"
#include "cycle.h"
#include "poller.h"
#include "rounds.h"

G_BEGIN_DECLS

typedef struct
{
  KobanCycleTools tools;
  KobanRounds    *rounds;
  KobanPoller    *poller;
  KobanCourier   *courier;
  KobanServices  *services; /* (nullable) */
  char           *blind; /* (owned) (nullable): why the ledger cannot be written, so that what it says may be old */
  /* Something was committed that @list ("alerts" …) would show. */
  void          (*changed) (gpointer agent, const char *list);
  /* koban.conf was changed: reads it again. */
  void          (*reload) (gpointer agent);
  /* Ends this agent, for the next to begin with other data; or, if @forget, with none. */
  void          (*leave) (gpointer agent, gboolean forget);
  gpointer        agent;
} KobanParts;

static inline void
koban_parts_changed (KobanParts *self, const char *list)
{
  self->changed (self->agent, list);
}

static inline gint64
koban_parts_now_us (KobanParts *self)
{
  return koban_clock_get_wall_us (self->tools.clock);
}

G_END_DECLS
