/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * How long there is to claim: rules as data (data/deadlines), each with its source and the day it was looked up, and the
 * days that follow from them for one incident. Pure but for reading the data. None of it is legal advice.
 */
#pragma once

#include <gio/gio.h>
#include <koban/date.h>

G_BEGIN_DECLS

#define KOBAN_DEADLINE_OLD_DAYS 548 /* eighteen months: from then on "ask your bank" */

typedef struct _KobanDeadlines KobanDeadlines;

/* NULL: $datadir/koban/deadlines, then the person's own, whose rows take the place of those of the same id. */
KobanDeadlines *koban_deadlines_load (const char *const *directories, GError **error);
void            koban_deadlines_free (KobanDeadlines *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanDeadlines, koban_deadlines_free)

typedef struct
{
  const char *id;       /* "jp-bank-notice"; this and the other texts live as long as the rules */
  const char *party;    /* "bank", "wallet", "police", "other": a note to it marks what the person had to do as done */
  const char *name, *task, *rule, *source;
  KobanDate   checked;  /* when the rule was looked up */
  gboolean    old;      /* too long ago to rely on */
  gboolean    theirs;   /* the party has to act */
  KobanDate   from;     /* counted from */
  KobanDate   due;      /* the last day; KOBAN_NO_DATE: no time is stated */
  gboolean    done;
  gint64      done_us;  /* 0: not by a note */
} KobanDeadline;

/* Of one claim (a row of koban_ledger_list_claims(), or a case), soonest first, done ones too. @language is "ja", "en" …;
 * texts that have none of it are English. A day of the bank is a day of @utc_offset_minutes. (element-type KobanDeadline) */
GPtrArray *koban_deadlines_count   (KobanDeadlines *self, GVariant *claim, int utc_offset_minutes, KobanDate today, const char *language);

/* How many days the rules of banks in general give from the debit, by the currency of the account: a{s(xx)}: the
 * shortest and the longest. For koban_ledger_set_claims(). Floating. */
GVariant  *koban_deadlines_windows (KobanDeadlines *self);

/* The two letters of the person's language, for koban_deadlines_count(). */
const char *koban_deadlines_language (void);

G_END_DECLS
