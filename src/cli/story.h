/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A story (DESIGN §7): a recorded or invented run of bank facts over time, read from JSON lines. It
 * is loaded whole, checked line by line, and then only read; what a bank would say of it at some
 * moment is story-bank.h.
 */
#pragma once

#include <koban/account.h>
#include <koban/alert.h>
#include <koban/link.h>
#include <koban/transaction.h>

G_BEGIN_DECLS

typedef enum
{
  KOBAN_STORY_LINK,      /* from now on listed as @link: added or changed */
  KOBAN_STORY_UNLINK,    /* no longer listed: @id */
  KOBAN_STORY_LINE,      /* @line is pending or booked */
  KOBAN_STORY_CANCELLED, /* the line @id is taken back */
  KOBAN_STORY_BALANCE,
  KOBAN_STORY_OUTAGE,    /* @outage cannot be listed until @until_us */
  KOBAN_STORY_ANSWER,    /* the person says @answer to @id */
} KobanStoryKind;

/* Bits of what an outage takes away. */
typedef enum
{
  KOBAN_STORY_NO_LINKS = 1 << 0,
  KOBAN_STORY_NO_BALANCE = 1 << 1,
  KOBAN_STORY_NO_TRANSACTIONS = 1 << 2,
} KobanStoryOutage;

#define KOBAN_STORY_ANY_ACCOUNT G_MAXUINT

typedef struct
{
  gint64            at_us;         /* when it becomes visible; never when a payment was made */
  KobanStoryKind    kind;
  guint             account;       /* index, or KOBAN_STORY_ANY_ACCOUNT */
  char             *id;            /* (nullable): the story's id of the link, the line or what was answered */
  KobanLink        *link;          /* (nullable) */
  KobanTransaction *line;          /* (nullable) */
  gboolean          has_booked, has_available;
  KobanMoney        booked, available;
  KobanStoryOutage  outage;
  gint64            until_us;
  KobanAnswer       answer;
} KobanStoryEvent;

typedef struct
{
  char         *id;
  char         *name;
  char         *bank;
  KobanCurrency currency;
  gboolean      has_opening;
  KobanMoney    opening;           /* booked balance before the first line */
  gboolean      lists_links;
  gboolean      lists_pending;
  gboolean      tells_balance;     /* the story has balance events for it */
} KobanStoryAccount;

typedef struct
{
  char      *label;                /* the file's name */
  int        utc_offset_minutes;
  gint64     monitor_from_us;
  gint64     last_us;              /* of the last event, or monitor_from_us */
  GPtrArray *accounts;             /* (element-type KobanStoryAccount) */
  GPtrArray *banks;                /* (element-type utf8): each once, in the order of the accounts; borrowed from them */
  GPtrArray *events;               /* (element-type KobanStoryEvent), by at_us; equal ones as they were written */
} KobanStory;

/* Fails with KOBAN_ERROR_INVALID and "FILE:LINE: what is wrong", or as reading a file does. What is merely unknown is
 * skipped with one warning a name on stderr. */
KobanStory *koban_story_load (const char *path, GError **error);
void        koban_story_free (KobanStory *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanStory, koban_story_free)

G_END_DECLS
