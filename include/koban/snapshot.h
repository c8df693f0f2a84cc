/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What one listing said: which account, which kind of thing, heard when, and how far it reaches.
 * A listing that failed is a snapshot too, without rows: freshness reads it.
 */
#pragma once

#include <glib-object.h>
#include <koban/account.h>
#include <koban/link.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_LISTING_ACCOUNTS,
  KOBAN_LISTING_LINKS,
  KOBAN_LISTING_BALANCE,
  KOBAN_LISTING_TRANSACTIONS,
} KobanListing;

typedef enum
{
  KOBAN_REACH_WHOLE,   /* everything in [from, to): what is not in it is not there */
  KOBAN_REACH_CHANGES, /* what changed in [from, to): absence says nothing */
  KOBAN_REACH_FAILED,  /* nothing was heard; @error says why */
} KobanReach;

typedef struct
{
  KobanAccount *account;   /* (nullable): NULL for what belongs to the whole connection */
  KobanListing  listing;
  KobanReach    reach;
  gint64        heard_us;  /* the moment of asking: nothing later than this is in it */
  gint64        from_us;   /* transactions: reach; other listings: heard_us */
  gint64        to_us;
  GPtrArray    *rows;      /* (nullable): KobanAccount, KobanLink or KobanTransaction by @listing; NULL for balance, failed */
  gboolean      has_booked, has_available;
  KobanMoney    booked;    /* balance of booked lines */
  KobanMoney    available; /* what can be spent: booked less pending, with or without overdraft as the bank says */
  guint         unheard;   /* links: a set of 1 << KobanLinkKind: of these it is not whole, whatever @reach says */
  GError       *error;     /* (nullable): only with FAILED */
  char         *changes_of; /* (nullable): the list of changes whose last lines these are … */
  char         *cursor;     /* (nullable): … and what it is asked on from; NULL: from its beginning */
} KobanSnapshot;

/* How far a list of changes was read. */
typedef struct
{
  char   *cursor;
  gint64  heard_us; /* when */
} KobanCursor;
void           koban_cursor_free    (gpointer cursor);

#define KOBAN_TYPE_SNAPSHOT (koban_snapshot_get_type ())
GType          koban_snapshot_get_type (void);

/* Takes references on account and rows, copies the error and the texts. */
KobanSnapshot *koban_snapshot_new   (const KobanSnapshot *fields);
KobanSnapshot *koban_snapshot_ref   (KobanSnapshot *self);
void           koban_snapshot_unref (KobanSnapshot *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanSnapshot, koban_snapshot_unref)

const char    *koban_listing_name (KobanListing listing);             /* "transactions" */
gboolean       koban_listing_parse (const char *name, KobanListing *listing);

G_END_DECLS
