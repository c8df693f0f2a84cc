/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A bank of canned answers on loopback, and one check of it.
 */
#pragma once

#include <koban/session.h>

/* The first row that fits answers; a row with a NULL prefix ends them. */
typedef struct
{
  const char *prefix; /* of "GET /path?query" */
  guint       status;
  const char *file;   /* (nullable): under tests/answers */
  const char *body;   /* (nullable): "@PORT@" in it is the bank's own, "@N@" how many it heard */
  const char *header; /* (nullable) */
  const char *has;    /* (nullable): stands somewhere in the request */
} Canned;

typedef struct
{
  GSocketListener *listener;
  GCancellable    *closing;
  GThread         *thread;
  guint16          port;
  const Canned    *canned;
  GPtrArray       *heard; /* whole requests */
} Bank;

Bank       *bank_new  (const Canned *canned);
void        bank_free (Bank *bank);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Bank, bank_free)
const char *heard     (Bank *bank, guint index);
char       *loopback_url (Bank *bank, const char *path);

typedef struct
{
  KobanHttp    *http;
  KobanSession *session;
  GPtrArray    *snapshots;
  GError       *error;
} Check;

/* All at one moment: 2024-09-02 00:00 UTC. */
#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)

Check         *check_new  (const char *provider, const char *base_url, KobanSecret *secrets, GHashTable *covered_to);
Check         *check_profile (KobanProfile *profile, const char *base_url, KobanSecret *secrets,
                              const char *const *fields, GHashTable *covered_to);
void           check_free (Check *check);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Check, check_free)
gboolean       step       (Check *check);
void           run        (Check *check);
KobanSnapshot *find       (Check *check, KobanListing listing, const char *account_name);

KobanProfile  *load_profile (const char *name);
KobanSecret   *bundle_with  (KobanSecret *bundle, const char *name, const char *value);
char          *load_answer  (const char *file);
