/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Where bubbles appear: the session's notification server, or the portal of a sandbox. In the desktop
 * thread only; a call may block for as long as the other side does. It shows what it is given,
 * one bubble an incident, and decides nothing.
 */
#pragma once

#include "channel.h"

G_BEGIN_DECLS

typedef struct _KobanBubbles KobanBubbles;

/* The person pressed @action ("default", "mine", "not-mine"), or the bubble is gone from the screen (NULL). */
typedef void (*KobanBubblesFunc) (const char *incident, const char *action, gpointer user_data);

struct _KobanBubbles
{
  const char      *server;       /* the bus name that shows them */
  gboolean         hides_itself; /* it keeps what a bubble says off a locked screen */
  KobanBubblesFunc heard;
  gpointer         user_data;

  /* @message->summary and ->body are shown, in the place of an earlier one of its incident. */
  gboolean       (*show)   (KobanBubbles *self, const KobanMessage *message, GError **error);
  void           (*close)  (KobanBubbles *self, const char *incident);
  void           (*forget) (KobanBubbles *self); /* another server has the name, or none: nothing is shown any more */
  void           (*free)   (KobanBubbles *self);
};

/* There is more to see than @message says: an incident's page, or a list. */
gboolean      koban_bubbles_has_details (const KobanMessage *message);

KobanBubbles *koban_bubbles_new_notify (void);
KobanBubbles *koban_bubbles_new_portal (GDBusConnection *session);

G_END_DECLS
