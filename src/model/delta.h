/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Every merged line and link of one account that is not yet judged, in the order in which it was
 * heard: what ledger/ hands to watch/. Immutable once handed over.
 */
#pragma once

#include <koban/account.h>
#include <koban/alert.h>
#include <koban/link.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_CHANGE_LINE_NEW,       /* first heard of, pending or booked */
  KOBAN_CHANGE_LINE_CHANGED,   /* pending became booked, or amount or text was corrected: @line_before */
  KOBAN_CHANGE_LINE_WITHDRAWN, /* the bank took it back */
  KOBAN_CHANGE_LINK_NEW,
  KOBAN_CHANGE_LINK_BACK,      /* was gone, expired or revoked, and is active again: @link_before */
  KOBAN_CHANGE_LINK_CHANGED,   /* limit, scope, expiry, name, status: @link_before */
  KOBAN_CHANGE_LINK_GONE,      /* two whole listings without it, or listed as ended: @link_before */
  KOBAN_CHANGE_BALANCE,        /* a balance was heard, the same as before or not */
  KOBAN_CHANGE_ANSWER,         /* the person answered @ref */
} KobanChangeKind;

typedef struct
{
  KobanChangeKind   kind;
  gboolean          baseline;  /* of the first whole listing of its kind on this account: teaches, does not alert (DESIGN §4.7) */
  gint64            heard_us;  /* when Koban heard it */
  gint64            unseen_us; /* for lines and links: the last time Koban looked and it was not there; 0: never looked before */
  KobanTransaction *line, *line_before; /* (nullable) */
  KobanLink        *link, *link_before; /* (nullable) */
  gboolean          has_booked, has_available;
  KobanMoney        booked, available;
  const char       *ref;       /* ANSWER: id of a line, link or alert that was answered */
  KobanAnswer       answer;
} KobanChange;

typedef struct
{
  KobanAccount *account;     /* with id; NULL for links of the whole connection */
  const char   *connection;  /* ours: "c1" */
  gint64        now_us;      /* the time of this check; nothing later may be used */
  int           utc_offset_minutes; /* of the person's (or bank's) day, for hours and days */
  KobanDate     covered_from;       /* first day of transaction history that was really seen; KOBAN_NO_DATE: none */
  gint64        lines_heard_us;     /* when transactions were last listed without fault; 0: not known */
  GPtrArray    *changes;     /* (element-type KobanChange): may be empty: time alone has passed */
} KobanDelta;

/* A growing array of owned changes. */
GPtrArray   *koban_changes_new (void);
/* Copies @fields, taking references on its line and link values, and copies @ref. */
void         koban_changes_add (GPtrArray *changes, const KobanChange *fields);

G_END_DECLS
