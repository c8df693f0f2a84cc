/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The habits of one account, as the detectors read them: tables of fixed size, so that memory and
 * time a line do not grow with the years. Only habits.c writes them. Amounts out are positive here,
 * in minor units of the account's currency; logarithms are log2 in 1/256 (koban_log2).
 */
#pragma once

#include <koban/date.h>
#include <koban/services.h>
#include <koban/transaction.h>
#include "model/delta.h"
#include "watch/habits.h"

G_BEGIN_DECLS

enum
{
  KOBAN_HABIT_PAYEES = 320,
  KOBAN_HABIT_CHAINS = 512,
  KOBAN_HABIT_RECENT = 96,
  KOBAN_HABIT_LINKS = 64,
  KOBAN_HABIT_EPISODES = 24,
  KOBAN_HABIT_BINS = 128,    /* of a quarter octave */
  KOBAN_HABIT_CHANNELS = 9,  /* one a KobanTransactionType */
  KOBAN_HABIT_ID = 24,       /* bytes kept of one of our ids ("t12") */
  KOBAN_HABIT_SUBJECT = 40,  /* bytes kept of a folded name */
  KOBAN_HABIT_KEY = 56,      /* bytes of an incident key */
  KOBAN_HABIT_MOVED = 16,    /* balances that the lines have not caught up with */
  KOBAN_HABIT_LISTED = 48,   /* lines that the balance has not caught up with */
};

typedef struct
{
  guint64   key;         /* of the folded name without its numbers; 0: no name */
  guint32   brand;       /* of the name's first word: "STARBUCKS" of a branch never seen */
  guint64   counterparty;/* last account or creditor id, 0: none was given */
  KobanDate first_day, first_debit, last_day;
  guint32   debits, credits;
  gint64    last_us;     /* 0: the bank gives no times */
  gint64    last_amount, largest, sum;
  gint32    log_mean, log_spread; /* running centre and mean distance of log2 (amount) */
  gint32    gap, gap_spread;      /* days between debits, in 1/16 */
  guint32   base_debits; /* the same as they were before @last_day: a burst is no measure of itself */
  gint32    base_mean, base_spread;
  KobanDate base_day;
  guint32   same_run;    /* debits in a row with one and the same amount */
  gint64    day_total, day_total_max;
  guint32   day_count, day_count_max; /* of @last_day; largest of any day before */
  guint32   channel;     /* of the last debit */
  guint32   answer;      /* KobanAnswer */
  guint32   alarms;      /* loud ones of which it was part */
  guint32   own;         /* times when the other side was another account of this person */
} KobanPayee;

/* What was usual for a payee before a day. */
typedef struct
{
  guint32   debits;
  gint32    log_mean, log_spread;
  KobanDate last_day;
} KobanPast;

typedef struct
{
  guint64   key;
  char      id[KOBAN_HABIT_ID];
  gint64    amount;      /* out is positive, in negative; 0: taken back by the bank */
  gint64    at_us;       /* the bank's own time; 0: none */
  gint64    heard_us;
  KobanDate day;
  guint32   channel;
  guint32   flags;
} KobanRecent;

enum
{
  KOBAN_RECENT_NEW_PAYEE = 1 << 0, /* the first debit to its name */
  KOBAN_RECENT_TINY = 1 << 1,
  KOBAN_RECENT_OWN = 1 << 2,       /* from or to own savings */
  KOBAN_RECENT_PENDING = 1 << 3,
  KOBAN_RECENT_FRESH = 1 << 4,     /* to a name first paid less than three days before */
};

typedef struct
{
  guint64   identity;    /* of kind, name, collector, reference */
  char      id[KOBAN_HABIT_ID];
  char      subject[KOBAN_HABIT_SUBJECT]; /* folded name, cut */
  guint64   mandate, collector, service;  /* hashes; 0: none */
  guint32   kind;
  guint32   answer;
  guint32   dead;        /* gone, revoked, expired */
  gint64    since_us;    /* first heard, or created as the bank says; 0: was there at the baseline */
  gint64    amended_us;  /* 0: never */
  KobanDate last_debit;  /* KOBAN_NO_DATE: never seen to collect */
} KobanKnownLink;

/* A booked balance, and when it was first heard. */
typedef struct
{
  gint64 booked, heard_us;
} KobanMoved;

/* All booked and all pending lines, summed up after one of them. */
typedef struct
{
  gint64 booked, pending;
} KobanListed;

/* What was told and may still grow: later debits to its subject join it. */
typedef struct
{
  char    key[KOBAN_HABIT_KEY];           /* the incident */
  char    subject[KOBAN_HABIT_SUBJECT];
  char    link[KOBAN_HABIT_ID];           /* id of the listed link; "": none */
  guint64 payee, mandate, collector, service;
  gint64  opened_us, last_us;
  guint32 told;          /* 1 << KobanAlertKind */
  guint32 severity;      /* of its withdrawal */
  guint32 whispered;     /* its inferred link was told as a notice */
  guint32 debits;        /* in its withdrawal */
  guint32 answer;
  gint64  total;
} KobanEpisode;

typedef struct
{
  gint64         euro;                       /* koban_euro() of the account; not kept */
  KobanPayee     payees[KOBAN_HABIT_PAYEES];
  guint32        n_payees;
  gint32         worths[KOBAN_HABIT_PAYEES]; /* of @payees: the least is forgotten first; not kept */
  guint16        chains[KOBAN_HABIT_CHAINS], next[KOBAN_HABIT_PAYEES]; /* of @payees by their key; not kept */
  KobanRecent    recent[KOBAN_HABIT_RECENT]; /* a ring: the newest is before @next_recent */
  guint32        next_recent, n_recent;
  KobanKnownLink links[KOBAN_HABIT_LINKS];
  guint32        n_links;
  KobanEpisode   episodes[KOBAN_HABIT_EPISODES];
  guint32        n_episodes;

  guint32        sizes[KOBAN_HABIT_BINS];    /* how large debits are that are not fixed payments; halves when full */
  guint32        n_sizes;
  guint32        channel_debits[KOBAN_HABIT_CHANNELS];
  guint32        channel_new[KOBAN_HABIT_CHANNELS];   /* of them the first to their name */
  guint32        hours[24], n_hours;         /* of debits that the person makes, where the bank gives times */
  guint32        day_sizes[KOBAN_HABIT_BINS];/* how much leaves in a day */
  guint32        n_days;
  guint32        fresh_days[KOBAN_HABIT_BINS]; /* how much leaves in a day to fresh names; bin 0: nothing */
  guint32        n_fresh_days;
  gint64         fresh_total;                /* of @last_day */
  KobanDate      first_day, last_day;        /* of all lines */
  gint64         day_total;                  /* of @last_day */
  guint32        lines;
  guint32        alarms;                     /* loud ones lately, in 1/256; what was not answered "not mine" */
  KobanDate      alarms_day;                 /* of the last one */
  guint32        powers;                     /* creditors lately that were new, in 1/256, told or of the history */
  KobanDate      powers_day;                 /* of the last one */
  guint32        adoptions;                  /* names that were new and became usual, after the first weeks */
  guint32        creditor_country[8];        /* two letters of creditor ids of direct debits, and how often */
  guint32        creditor_count[8];

  gboolean       has_balance;
  gint64         balance, balance_us, balance_before, balance_before_us; /* what can be spent, as last heard, and the time before */
  guint32        times_negative;
  KobanDate      negative_told;
  gint64         negative;        /* overdrawn by so much (negative), not yet judged; 0: no */

  gboolean       anchored;        /* the books of balance.c: */
  gint64         anchor;          /* what the balance is more than all lines */
  gint64         explained;       /* booked lines, all of them */
  gint64         pending;         /* pending lines that are neither booked nor withdrawn */
  gboolean       counts_pending;  /* the booked balance holds them, as last seen */
  KobanMoved     moved[KOBAN_HABIT_MOVED];   /* the balance that agreed last, then those that do not yet */
  guint32        n_moved;
  KobanListed    listed[KOBAN_HABIT_LISTED]; /* what it agreed with, then how the lines went on */
  guint32        n_listed;
  guint32        n_opening;       /* of @listed are older than the first balance, which may hold only some of them */
  gint64         gap, gap_since_us; /* what no line explains (negative), and since when; 0: nothing */
  gint64         anchored_us;
  gint64         lag_us;          /* how long this bank takes to list a line after the balance moved; fades */
  guint32        moves;           /* downwards, of the balance */
  gint64         booked;
  gint64         told, told_since_us; /* the last gap that was told, and since when; 0: none */
  gint64         told_total, told_us; /* of the alert that is open, and when it grew last */
  KobanDate      told_day;        /* its name */
  guint32        excused;         /* told, and explained later */
} KobanHabit;

/* One line as the detectors see it. */
typedef struct
{
  const KobanTransaction *line;
  const KobanService     *service;   /* (nullable) */
  const char             *folded;    /* name, without its numbers */
  guint64                 key, mandate, counterparty;
  guint32                 brand;
  gint64                  amount;    /* out is positive */
  gint64                  at_us;     /* 0: only a date */
  gint64                  heard_us;
  gint64                  unseen_us;
  KobanDate               day;
  int                     hour;      /* of the person's day, -1 unknown */
  guint                   channel;
  int                     log;       /* koban_log2 (amount) */
  gboolean                wallet_like; /* KobanName; and not paid by card or in cash */
  gboolean                own;       /* between the person's own accounts */
  gboolean                paired;    /* and its other half was seen on another account */
} KobanDebit;

/* What a name on a statement says, worked out once. */
typedef struct
{
  char                 *folded;  /* (owned): without banks' words and numbers */
  guint64               key;
  guint32               brand;
  const KobanService   *service; /* (nullable) (unowned) */
  gboolean              wallet_like; /* no service that is known, but it calls itself one */
  KobanTransactionType  type;    /* by the banks' words; OTHER: they say nothing */
} KobanName;

/* Names read lately; NULL if @raw is none of them, or was read with other @services. */
const KobanName *koban_habits_find_name (KobanHabits *self, const KobanServices *services, const char *raw);
/* Takes @name. It lives until koban_habits_trim_names(). */
const KobanName *koban_habits_add_name  (KobanHabits *self, const char *raw, KobanName *name);
void             koban_habits_trim_names (KobanHabits *self);

/* log2 in 1/256, by table; 0 for 0 and 1. */
int              koban_log2            (guint64 value);
/* Minor units that are worth roughly one euro: only for what to expect before anything is known. */
gint64           koban_euro            (KobanCurrency currency);

KobanHabit      *koban_habit_new       (void);
/* Takes @habit. */
void             koban_habits_put      (KobanHabits *self, const char *account, KobanHabit *habit);
KobanHabit      *koban_habits_get      (KobanHabits *self, const char *account);
void             koban_habits_touch    (KobanHabits *self, const char *account);

/* After the payee of this place was read or made; after @payee has changed. */
void             koban_habit_index     (KobanHabit *self, guint32 place);
void             koban_habit_weigh     (KobanHabit *self, const KobanPayee *payee);
KobanPayee      *koban_habit_payee     (KobanHabit *self, guint64 key);         /* (nullable) */
gboolean         koban_habit_knows_brand (const KobanHabit *self, guint32 brand);
KobanKnownLink  *koban_habit_link      (KobanHabit *self, guint64 identity);    /* (nullable) */
KobanKnownLink  *koban_habit_add_link  (KobanHabit *self, guint64 identity);
KobanEpisode    *koban_habit_add_episode (KobanHabit *self, const char *key, gint64 now_us);
KobanEpisode    *koban_habit_open_episode (KobanHabit *self, const char *key, gint64 now_us); /* the one of @key, else a new one */
/* The @i-th newest, 0 the last one; NULL past the end. */
KobanRecent     *koban_habit_recent    (KobanHabit *self, guint i);
KobanRecent     *koban_habit_find_recent (KobanHabit *self, const char *id);    /* (nullable) */
/* Is the other half of this line on another account of the person? Notes it there. */
gboolean         koban_habits_find_own (KobanHabits *self, const KobanHabit *here, const KobanDebit *debit);
void             koban_habit_learn     (KobanHabit *self, const KobanDebit *debit);
/* Remembers only that @debit->key has taken money: another name of the same payee. */
void             koban_habit_learn_alias (KobanHabit *self, const KobanDebit *debit);
KobanPast        koban_payee_before     (const KobanPayee *self, KobanDate day);
gboolean         koban_payee_is_fresh   (const KobanPayee *self, KobanDate day); /* (nullable) @self: never paid, or first less than three days ago */
gboolean         koban_payee_is_fixed  (const KobanPayee *self);  /* one amount, again and again */
gboolean         koban_payee_is_regular (const KobanPayee *self); /* even gaps */

/* log2 of the amount that all but one in 2^bits of free debits stay under, and how odd @log is: bits in 1/256. */
int              koban_habit_size_bits (const KobanHabit *self, int log);
/* The same of what goes to new names in a day, too. */
int              koban_habit_new_bits  (const KobanHabit *self, int log);
gint64           koban_habit_usual_size (const KobanHabit *self); /* nearly all debits stay under it */
gint64           koban_habit_usual_day  (const KobanHabit *self);
/* Loud alarms lately, in 1/256: each counts half after 60 days. */
guint32          koban_habit_alarms    (const KobanHabit *self, KobanDate day);
void             koban_habit_alarm     (KobanHabit *self, KobanDate day, guint32 weight);
/* The same of creditors that were new. */
guint32          koban_habit_powers    (const KobanHabit *self, KobanDate day);
void             koban_habit_power     (KobanHabit *self, KobanDate day, guint32 weight);
guint            koban_habit_days      (const KobanHabit *self); /* of history */

G_END_DECLS
