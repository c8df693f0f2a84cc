/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the files of the bus share: bus.c, and bus-case.c and bus-copies.c with the calls of theirs. A call is
 * made in the main thread, filled in a ledger thread, and answered in the main thread.
 */
#pragma once

#include "bus.h"

#include "data/koban-dbus.h"

G_BEGIN_DECLS

struct _KobanBus
{
  GObject parent;

  GDBusConnection *connection; /* (owned) */
  KobanDBusKoban1 *skeleton;   /* (owned) */
  KobanParts *parts;           /* (unowned) */
  GPtrArray *operations;       /* (owned) (element-type KobanOperation) */
  guint pending;               /* calls not yet answered */
  gboolean closed;
};

typedef struct
{
  KobanBus *bus;                     /* (owned) */
  GDBusMethodInvocation *invocation; /* (owned) (nullable): answered when NULL */
  KobanList list;
  GVariant *argument; /* (owned) (nullable): filter or changes */
  char *id;           /* (owned) (nullable) */
  KobanAnswer answer;
  gboolean purge;
  gint64 now_us;
  KobanConnection *connection; /* (owned) (nullable) */
  gboolean was_last;           /* no connection is left */
  GVariant *rows;              /* (owned) (nullable): what came of it */
  GVariant *channels;          /* (owned) (nullable) */
  gint64 open, unsent, overdue, next_check_us;
  guint kind; /* of secrets that is to be forgotten next */
  const char *keyring;
} KobanCall;

/* (transfer full): @self is busy until it is freed. */
KobanCall *koban_call_new      (KobanBus *self, GDBusMethodInvocation *invocation);
void       koban_call_free     (KobanCall *call);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanCall, koban_call_free)

/* Of a job of the books. FALSE: it failed, and the caller has been told. */
gboolean   koban_call_finish    (KobanCall *call, GAsyncResult *result);
/* @rows (transfer floating) (nullable): what a job made. FALSE if NULL */
gboolean   koban_call_keep_rows (KobanCall *call, GVariant *rows);

/* FALSE: the caller has been told that it is too large, or none. */
gboolean   koban_call_is_small (GDBusMethodInvocation *invocation, GVariant *argument);
gboolean   koban_call_is_name  (GDBusMethodInvocation *invocation, const char *name);
/* Errors of our own keep their name on the bus; all others are "failed", with their sentence. */
void       koban_call_refuse   (GDBusMethodInvocation *invocation, const GError *error);

typedef struct
{
  const char *signal;
  GCallback   handler;
} KobanBusHandler;

/* @handlers ends with a row of NULL. */
void koban_bus_connect        (KobanBus *self, const KobanBusHandler *handlers);
void koban_bus_connect_case   (KobanBus *self);
void koban_bus_connect_copies (KobanBus *self);

G_END_DECLS
