/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What stands around one debit: who takes, what was taken from where and when before. Gathered once, in the
 * time of the few recent lines; then only read, by the rows of weights.c and by the decision of withdrawals.c.
 */
#pragma once

#include "watch/judgement.h"

G_BEGIN_DECLS

#define KOBAN_BIT 256 /* scores are in 1/256 bit */

typedef struct
{
  KobanJudgement *judgement;
  const KobanDebit *debit;
  KobanHabit *habit;
  KobanPayee *payee;     /* (nullable): before this debit */
  KobanEpisode *episode; /* (nullable) */
  KobanKnownLink *link;  /* (nullable) */
  const char **refs;     /* this debit, and those before it to this payee of one day */
  guint n_refs;

  gboolean fresh;       /* this name was first paid less than three days ago */
  gboolean consumption; /* a card or cash: somebody stands in a shop */
  guint in_minutes;     /* debits to this payee within ten minutes, this one too */
  gint64 minutes_total, minutes_us;
  guint in_day; /* within 24 hours, or on one booking date */
  gint64 day_total;
  guint equal;   /* of them of this very sum */
  gint64 other;  /* the first sum among them that is another; 0: none */
  guint n_other; /* of them of that sum */
  guint in_week; /* debits to this payee within seven days, this one too */
  guint cash;    /* withdrawals of cash within 30 hours, wherever, this one too */
  gint64 cash_total;
  gint64 micro;       /* a tiny sum that this name paid in days before: so is an account verified; 0: none */
  gboolean twin;      /* this very sum was booked to this name before */
  int twin_days;      /* so long ago */
  gint64 month_total; /* of the service or payee, since the first of the month */
  guint round, below; /* round sums among @in_day, and sums just below one */
  gint64 tiny;        /* a tiny debit to this name before; 0: none */
  gint64 tiny_us;
  guint new_payees;   /* names first paid within 24 hours, this one too */
  gint64 fresh_total; /* to them, and to other names that are fresh, within 24 hours */
  guint large;        /* debits to fresh names within 24 hours, this one too, none of them small beside it */
  guint tests;        /* tiny debits by card to other new names within five days, one after the other */
  gint64 tests_total, tests_us, last_test_us; /* since the first and since the last of them */
  guint trifles;      /* such debits at other times of five weeks: who often pays cents at machines */
  gint64 savings; /* that came in from own savings within a day */
  gint64 balance; /* before; 0: not known */
  int size;       /* how far out the sum is, in bits */
} KobanEvidence;

/* FALSE if nothing was taken: a credit, own savings. @refs has room for KOBAN_HABIT_RECENT + 1. */
gboolean koban_evidence_gather      (KobanEvidence *self, KobanJudgement *judgement, const char **refs);
gboolean koban_evidence_is_wallet   (const KobanEvidence *self); /* of a directory, of the bank's list, or by its name */
gboolean koban_evidence_is_nameless (const KobanEvidence *self);

/* What all rows of weights.c say together. */
typedef struct
{
  int total, size; /* @size: how much, and what says enough alone */
} KobanSum;

/* Each row that counts says why, if @reasons. */
KobanSum koban_weights_add_up       (KobanEvidence *self, GVariantBuilder *reasons);

G_END_DECLS
