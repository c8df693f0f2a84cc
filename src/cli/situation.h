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
  gboolean         has_bus;         /* there is a session bus */
  gboolean         data_is_held;    /* an agent has Koban's data open, whatever bus it is on */
  gboolean         offline;         /* no network at all */
  gboolean         clock_is_free;   /* nothing sets the clock */
  gboolean         starts_at_login;
  char            *version;         /* (owned) (nullable): of the agent that runs */
  char            *keyring_program; /* (owned) (nullable): who answers as the keyring: "keepassxc" */
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

G_END_DECLS
