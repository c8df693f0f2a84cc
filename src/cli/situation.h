/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How things stand, read once for all checks; and small questions to the buses, each answered in
 * seconds or not at all, none of which starts a program but Koban's own agent.
 */
#pragma once

#include <gio/gio.h>
#include "data/koban-dbus.h"

G_BEGIN_DECLS

/* What the checks read. A part that could not be had is NULL, and is itself a finding. */
typedef struct
{
  GDBusConnection *session;     /* (owned) (nullable) */
  GDBusConnection *system;      /* (owned) (nullable) */
  KobanDBusKoban1 *agent;       /* (owned) (nullable) */
  GVariant        *status;      /* (owned) (nullable): a{sv} of the bus method Status */
  GVariant        *connections; /* (owned) (nullable): aa{sv} */
  GVariant        *accounts;    /* (owned) (nullable): aa{sv} */
  GVariant        *alerts;      /* (owned) (nullable): aa{sv}, open ones */
  GVariant        *journal;     /* (owned) (nullable): a{sv} of the bus method VerifyJournal; see koban_situation_read_journal() */
  gint64           now_us;
} KobanSituation;

KobanSituation *koban_situation_read (void);
/* Has all of the journal verified, which takes the longer the older it is. */
void            koban_situation_read_journal (KobanSituation *self);
void            koban_situation_free (KobanSituation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanSituation, koban_situation_free)

/* (transfer full) (nullable) */
GVariant *koban_situation_property   (GDBusConnection *bus, const char *name, const char *path, const char *interface,
                                      const char *property);
/* (transfer full) (nullable) @reply: the type of the answer */
GVariant *koban_situation_call       (GDBusConnection *bus, const char *name, const char *path, const char *interface,
                                      const char *method, GVariant *arguments, const char *reply);
/* "enabled" …; NULL without systemd. (transfer full) (nullable) */
char     *koban_situation_unit_state (GDBusConnection *session, const char *unit);

/* Who answers @name on the session bus: the name of its program ("keepassxc"), or NULL. (transfer full) */
char     *koban_situation_program (const KobanSituation *self, const char *name);

G_END_DECLS
