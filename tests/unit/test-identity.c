/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which line and which link is the same one: every way in which a bank's list was seen to churn, as
 * one row of a table. No line is lost and none is doubled.
 */
#include "config.h"

#include "ledger/identity.h"

#include <string.h>

#define ROWS 12
#define DAY(n) (19968 + (n)) /* 2024-09-02 is day 0 */
#define NEW KOBAN_IDENTITY_NEW
#define REPEAT KOBAN_IDENTITY_REPEAT

enum
{
  PENDING = 1, /* so that an empty row of a table is no row */
  BOOKED,
  WITHDRAWN
};

typedef struct
{
  int state; /* 0: no row */
  const char *id;
  gint64 amount;
  int day;
  const char *text;
  gint64 time_us;
  gint64 balance; /* 0: not given */
  const char *pending_id;
  const char *payee;
} Line;

typedef enum
{
  WHOLE,   /* all known lines were due */
  CHANGES, /* absence says nothing */
} Reach;

typedef struct
{
  const char *name;
  Reach reach;
  Line known[ROWS];
  Line heard[ROWS];
  gint mates[ROWS]; /* one a heard line */
} LineCase;

static const LineCase line_cases[] = {
  /* --- nothing new --- */
  { "import/with-ids",
    WHOLE,
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "y", -700, 1, "BOOKS" } },
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "y", -700, 1, "BOOKS" } },
    { 0, 1 } },
  { "import/without-ids",
    WHOLE,
    { { BOOKED, NULL, -500, 0, "CAFE" }, { BOOKED, NULL, -700, 1, "BOOKS" } },
    { { BOOKED, NULL, -500, 0, "CAFE" }, { BOOKED, NULL, -700, 1, "BOOKS" } },
    { 0, 1 } },
  { "import/page-reversed",
    WHOLE,
    { { BOOKED, NULL, -500, 0, "CAFE" },
      { BOOKED, NULL, -700, 1, "BOOKS" },
      { BOOKED, NULL, -900, 1, "SHOES" } },
    { { BOOKED, NULL, -900, 1, "SHOES" },
      { BOOKED, NULL, -700, 1, "BOOKS" },
      { BOOKED, NULL, -500, 0, "CAFE" } },
    { 2, 1, 0 } },
  { "import/half-width-kana",
    WHOLE,
    { { BOOKED, NULL, -100000, 0, "ﾄﾞｺﾓｺｳｻﾞ" } },
    { { BOOKED, NULL, -100000, 0, "ドコモコウザ" } },
    { 0 } },
  { "import/overlap-then-new",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "y", -700, 1, "BOOKS" } },
    { { BOOKED, "y", -700, 1, "BOOKS" }, { BOOKED, "z", -900, 2, "SHOES" } },
    { 1, NEW } },
  { "import/overlap-then-new-without-ids",
    CHANGES,
    { { BOOKED, NULL, -500, 0, "CAFE" }, { BOOKED, NULL, -700, 1, "BOOKS" } },
    { { BOOKED, NULL, -700, 1, "BOOKS" }, { BOOKED, NULL, -900, 2, "SHOES" } },
    { 1, NEW } },

  /* --- booked, and held again --- */
  { "unbooked/without-ids",
    WHOLE,
    { { BOOKED, NULL, -4200, 0, "HELD" } },
    { { PENDING, NULL, -4200, 0, "HELD" } },
    { 0 } },
  { "unbooked/beside-what-stays-booked",
    WHOLE,
    { { BOOKED, NULL, -4200, 0, "HELD" } },
    { { PENDING, NULL, -4200, 0, "HELD" }, { BOOKED, NULL, -4200, 0, "HELD" } },
    { NEW, 0 } },
  { "unbooked/not-by-silence",
    CHANGES,
    { { BOOKED, NULL, -4200, 0, "HELD" } },
    { { PENDING, NULL, -4200, 0, "HELD" } },
    { NEW } },

  /* --- two equal debits are two --- */
  { "twins/one-page-without-ids",
    WHOLE,
    { { 0 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO" }, { BOOKED, NULL, -90000, 0, "DOCOMO" } },
    { NEW, NEW } },
  { "twins/one-page-with-ids",
    WHOLE,
    { { 0 } },
    { { BOOKED, "x", -90000, 0, "DOCOMO" }, { BOOKED, "y", -90000, 0, "DOCOMO" } },
    { NEW, NEW } },
  { "twins/second-arrives-without-ids",
    WHOLE,
    { { BOOKED, NULL, -90000, 0, "DOCOMO" } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO" }, { BOOKED, NULL, -90000, 0, "DOCOMO" } },
    { 0, NEW } },
  { "twins/second-arrives-alone-with-another-id",
    CHANGES,
    { { BOOKED, "x", -90000, 0, "DOCOMO" } },
    { { BOOKED, "y", -90000, 0, "DOCOMO" } },
    { NEW } },
  { "twins/two-more-arrive-with-other-ids",
    CHANGES,
    { { BOOKED, "x", -90000, 0, "DOCOMO" } },
    { { BOOKED, "y", -90000, 0, "DOCOMO" }, { BOOKED, "z", -90000, 0, "DOCOMO" } },
    { NEW, NEW } },
  { "twins/second-arrives-alone-at-another-time",
    CHANGES,
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 14 * 60 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 14 * 60 + 1 } },
    { NEW } },
  { "twins/second-arrives-alone-with-another-balance",
    CHANGES,
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 210000 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 120000 } },
    { NEW } },
  { "twins/heard-again-in-the-other-order",
    WHOLE,
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 210000 }, { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 120000 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 120000 }, { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 210000 } },
    { 1, 0 } },
  { "twins/balance-tells-which-is-heard",
    CHANGES,
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 210000 }, { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 120000 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 0, 120000 } },
    { 1 } },
  { "twins/time-tells-before-a-line-without-time",
    CHANGES,
    { { BOOKED, NULL, -90000, 0, "DOCOMO" }, { BOOKED, NULL, -90000, 0, "DOCOMO", 60 } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO", 60 }, { BOOKED, NULL, -90000, 0, "DOCOMO", 30 } },
    { 1, 0 } },
  { "twins/time-tells-before-a-line-without-time-and-ids-are-filled-in",
    CHANGES,
    { { BOOKED, NULL, -90000, 0, "DOCOMO" }, { BOOKED, NULL, -90000, 0, "DOCOMO", 60 } },
    { { BOOKED, "x", -90000, 0, "DOCOMO", 60 }, { BOOKED, "y", -90000, 0, "DOCOMO", 30 } },
    { 1, 0 } },
  { "twins/three-in-two-windows-that-overlap",
    WHOLE,
    { { BOOKED, NULL, -90000, 0, "DOCOMO" }, { BOOKED, NULL, -90000, 0, "DOCOMO" } },
    { { BOOKED, NULL, -90000, 0, "DOCOMO" },
      { BOOKED, NULL, -90000, 0, "DOCOMO" },
      { BOOKED, NULL, -90000, 0, "DOCOMO" } },
    { 0, 1, NEW } },
  { "twins/pending-and-booked",
    WHOLE,
    { { BOOKED, NULL, -300, 0, "CAFE" } },
    { { BOOKED, NULL, -300, 0, "CAFE" }, { PENDING, NULL, -300, 0, "CAFE" } },
    { 0, NEW } },

  /* --- the same twice in one listing --- */
  { "repeat/same-id",
    WHOLE,
    { { 0 } },
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "x", -500, 0, "CAFE" } },
    { NEW, REPEAT } },
  { "repeat/same-id-of-a-known-line",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "x", -500, 0, "CAFE" } },
    { 0, REPEAT } },
  { "repeat/pending-and-booked-of-one-id",
    WHOLE,
    { { PENDING, "x", -500, 0, "CAFE" } },
    { { PENDING, "x", -500, 0, "CAFE" }, { BOOKED, "x", -600, 1, "CAFE" } },
    { REPEAT, 0 } },
  { "repeat/same-id-other-content-is-two",
    WHOLE,
    { { 0 } },
    { { BOOKED, "1", -500, 0, "CAFE" }, { BOOKED, "1", -700, 0, "BOOKS" } },
    { NEW, NEW } },

  /* --- pending becomes booked --- */
  { "booked/by-the-banks-own-reference",
    CHANGES,
    { { PENDING, "p1", -9211, 0, "KAEDE" } },
    { { BOOKED, "b7", -12000, 5, "SOMETHING ELSE", 0, 0, "p1" } },
    { 0 } },
  { "booked/reference-of-another-sign-is-no-reference",
    CHANGES,
    { { PENDING, "p1", -9211, 0, "KAEDE" } },
    { { BOOKED, "b7", 9211, 5, "REFUND", 0, 0, "p1" } },
    { NEW } },
  { "booked/another-id-and-blanks",
    CHANGES,
    { { PENDING, "p1", -9211, 0, "ｶｴﾃﾞｶﾌｴ" } },
    { { BOOKED, "b7", -9211, 1, "ｶｴﾃﾞ ｶﾌｴ" } },
    { 0 } },
  { "booked/with-a-tip",
    WHOLE,
    { { PENDING, "p1", -2000, 0, "TRATTORIA ROMA" } },
    { { BOOKED, "b1", -2400, 2, "TRATTORIA ROMA" } },
    { 0 } },
  { "booked/text-prefixed",
    WHOLE,
    { { PENDING, "p1", -2000, 0, "CORNER CAFE" } },
    { { BOOKED, "b1", -2000, 2, "VISA 1234 CORNER CAFE LONDON" } },
    { 0 } },
  { "booked/same-id-text-prefixed",
    CHANGES,
    { { PENDING, "p1", -2000, 0, "CAFE" } },
    { { BOOKED, "p1", -2000, 2, "VISA 1234 CAFE" } },
    { 0 } },
  { "booked/a-fuel-pumps-hold",
    WHOLE,
    { { PENDING, "p1", -12000, 0, "SHELL 4711" } },
    { { BOOKED, "b1", -4520, 2, "SHELL 4711" } },
    { 0 } },
  { "booked/a-token-hold",
    WHOLE,
    { { PENDING, "p1", -100, 0, "SHELL 4711" } },
    { { BOOKED, "b1", -4520, 2, "SHELL 4711" } },
    { 0 } },
  { "booked/a-hold-that-still-stands-is-another",
    WHOLE,
    { { PENDING, "p1", -100, 0, "SHELL 4711" } },
    { { PENDING, "p1", -100, 0, "SHELL 4711" }, { BOOKED, "b1", -4520, 2, "SHELL 4711" } },
    { 0, NEW } },
  { "booked/the-same-amount-of-another-shop-is-another",
    WHOLE,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" } },
    { { BOOKED, "b1", -500, 1, "BUS TICKET" } },
    { NEW } },
  { "booked/too-late-is-another",
    WHOLE,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" } },
    { { BOOKED, "b1", -500, 30, "CORNER CAFE" } },
    { NEW } },
  { "booked/taken-back-and-booked-in-one-listing",
    CHANGES,
    { { PENDING, "p1", -1781, 0, "SPOTIFY" } },
    { { WITHDRAWN, "p1", -1781, 0, "SPOTIFY" }, { BOOKED, "b7", -1781, 2, "SPOTIFY" } },
    { REPEAT, 0 } },
  { "booked/taken-back-while-another-is-booked",
    CHANGES,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" } },
    { { WITHDRAWN, "p1", -500, 0, "CORNER CAFE" }, { BOOKED, "b7", -500, 1, "BUS TICKET" } },
    { 0, NEW } },
  { "booked/taken-back-and-pending-again-under-another-id",
    CHANGES,
    { { PENDING, "p1", -1781, 0, "SPOTIFY" } },
    { { WITHDRAWN, "p1", -1781, 0, "SPOTIFY" }, { PENDING, "p2", -1781, 0, "SPOTIFY" } },
    { REPEAT, 0 } },
  { "booked/one-taken-back-of-two",
    CHANGES,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" }, { PENDING, "p2", -500, 0, "CORNER CAFE" } },
    { { WITHDRAWN, "p1", -500, 0, "CORNER CAFE" } },
    { 0 } },
  { "booked/the-nearest-amount-wins",
    WHOLE,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" }, { PENDING, "p2", -550, 0, "CORNER CAFE" } },
    { { BOOKED, "b2", -550, 1, "CORNER CAFE" }, { BOOKED, "b1", -500, 1, "CORNER CAFE" } },
    { 1, 0 } },
  { "booked/one-of-two-equal-ones",
    WHOLE,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" }, { PENDING, "p2", -500, 0, "CORNER CAFE" } },
    { { PENDING, "p2", -500, 0, "CORNER CAFE" }, { BOOKED, "b1", -500, 1, "CORNER CAFE" } },
    { 1, 0 } },
  { "booked/a-known-booked-line-explains-it",
    CHANGES,
    { { PENDING, NULL, -500, 1, "CORNER CAFE" }, { BOOKED, NULL, -500, 0, "CORNER CAFE" } },
    { { BOOKED, NULL, -500, 0, "CORNER CAFE" } },
    { 1 } },
  { "booked/after-it-was-thought-withdrawn",
    WHOLE,
    { { WITHDRAWN, "p1", -500, 0, "CORNER CAFE" } },
    { { BOOKED, "b1", -500, 3, "CORNER CAFE" } },
    { 0 } },
  { "booked/by-the-payee-where-texts-differ",
    WHOLE,
    { { PENDING, "p1", -500, 0, "AUTH 99281", 0, 0, NULL, "Corner Cafe" } },
    { { BOOKED, "b1", -500, 1, "KARTENZAHLUNG", 0, 0, NULL, "CORNER CAFE" } },
    { 0 } },

  /* --- pending, still --- */
  { "pending/dated-with-the-day-of-asking",
    WHOLE,
    { { PENDING, NULL, -500, 0, "CORNER CAFE" } },
    { { PENDING, NULL, -500, 1, "CORNER CAFE" } },
    { 0 } },
  { "pending/yesterdays-is-booked-and-todays-is-new",
    WHOLE,
    { { PENDING, NULL, -500, 0, "CORNER CAFE" } },
    { { BOOKED, NULL, -500, 0, "CORNER CAFE" }, { PENDING, NULL, -500, 1, "CORNER CAFE" } },
    { 0, NEW } },
  { "pending/another-day-in-a-list-of-changes-is-new",
    CHANGES,
    { { PENDING, NULL, -500, 0, "CORNER CAFE" } },
    { { PENDING, NULL, -500, 1, "CORNER CAFE" } },
    { NEW } },
  { "pending/withdrawn-by-word",
    CHANGES,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" } },
    { { WITHDRAWN, "p1", -500, 0, "CORNER CAFE" } },
    { 0 } },
  { "pending/withdrawn-by-id-alone",
    CHANGES,
    { { PENDING, "p1", -500, 0, "CORNER CAFE" } },
    { { WITHDRAWN, "p1", 0, 0, "" } },
    { 0 } },
  { "pending/withdrawn-and-heard-again",
    WHOLE,
    { { WITHDRAWN, NULL, -500, 0, "CORNER CAFE" } },
    { { PENDING, NULL, -500, 0, "CORNER CAFE" } },
    { 0 } },

  /* --- what ids do --- */
  { "ids/all-reissued-whole",
    WHOLE,
    { { BOOKED, "a", -500, 0, "CAFE" },
      { BOOKED, "b", -700, 1, "BOOKS" },
      { BOOKED, "c", -700, 1, "BOOKS" } },
    { { BOOKED, "d", -700, 1, "BOOKS" },
      { BOOKED, "e", -700, 1, "BOOKS" },
      { BOOKED, "f", -500, 0, "CAFE" } },
    { 1, 2, 0 } },
  { "ids/all-reissued-in-a-list-of-changes",
    CHANGES,
    { { BOOKED, "a", -500, 0, "CAFE" }, { BOOKED, "b", -700, 1, "BOOKS" } },
    { { BOOKED, "d", -700, 1, "BOOKS" },
      { BOOKED, "e", -500, 0, "CAFE" },
      { BOOKED, "f", -900, 1, "SHOES" } },
    { 1, 0, NEW } },
  { "ids/all-reissued-of-one-day-at-the-same-moments",
    CHANGES,
    { { BOOKED, "a", -500, 0, "CAFE", 61 * KOBAN_SECOND_US },
      { BOOKED, "b", -700, 0, "BOOKS", 95 * KOBAN_SECOND_US } },
    { { BOOKED, "d", -700, 0, "BOOKS", 95 * KOBAN_SECOND_US },
      { BOOKED, "e", -500, 0, "CAFE", 61 * KOBAN_SECOND_US } },
    { 1, 0 } },
  /* a stamp of a batch, or of a minute, is no moment */
  { "ids/not-reissued-at-round-times",
    CHANGES,
    { { BOOKED, "a", -500, 0, "CAFE", 60 * KOBAN_SECOND_US },
      { BOOKED, "b", -700, 0, "BOOKS", 120 * KOBAN_SECOND_US } },
    { { BOOKED, "d", -700, 0, "BOOKS", 120 * KOBAN_SECOND_US },
      { BOOKED, "e", -500, 0, "CAFE", 60 * KOBAN_SECOND_US } },
    { NEW, NEW } },
  { "ids/not-reissued-at-one-moment",
    CHANGES,
    { { BOOKED, "a", -500, 0, "CAFE", 61 * KOBAN_SECOND_US },
      { BOOKED, "b", -700, 0, "BOOKS", 61 * KOBAN_SECOND_US } },
    { { BOOKED, "d", -700, 0, "BOOKS", 61 * KOBAN_SECOND_US },
      { BOOKED, "e", -500, 0, "CAFE", 61 * KOBAN_SECOND_US } },
    { NEW, NEW } },
  /* a thief who takes the same two sums again: debits, not new ids */
  { "ids/a-second-round-of-the-same-sums",
    CHANGES,
    { { BOOKED, "a", -21500, 0, "SKRILL" }, { BOOKED, "b", -6400, 0, "SKRILL" } },
    { { BOOKED, "c", -21500, 0, "SKRILL" },
      { BOOKED, "d", -6400, 0, "SKRILL" },
      { BOOKED, "e", -6600, 0, "SKRILL" } },
    { NEW, NEW, NEW } },
  { "ids/filled-in-later",
    CHANGES,
    { { BOOKED, NULL, -500, 0, "CAFE" } },
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { 0 } },
  { "ids/forgotten-later",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, NULL, -500, 0, "CAFE" } },
    { 0 } },
  { "ids/positions-that-shift",
    WHOLE,
    { { BOOKED, "1", -500, 2, "CAFE" },
      { BOOKED, "2", -700, 1, "BOOKS" },
      { BOOKED, "3", -900, 0, "SHOES" } },
    { { BOOKED, "1", -300, 2, "BUS" },
      { BOOKED, "2", -500, 2, "CAFE" },
      { BOOKED, "3", -700, 1, "BOOKS" },
      { BOOKED, "4", -900, 0, "SHOES" } },
    { NEW, 0, 1, 2 } },
  { "ids/positions-that-shift-all-of-one-shop",
    WHOLE,
    { { BOOKED, "1", -500, 2, "CAFE" }, { BOOKED, "2", -700, 1, "CAFE" }, { BOOKED, "3", -900, 0, "CAFE" } },
    { { BOOKED, "1", -300, 3, "CAFE" },
      { BOOKED, "2", -500, 2, "CAFE" },
      { BOOKED, "3", -700, 1, "CAFE" },
      { BOOKED, "4", -900, 0, "CAFE" } },
    { NEW, 0, 1, 2 } },
  { "ids/positions-that-shift-by-a-twin",
    WHOLE,
    { { BOOKED, "1", -500, 2, "CAFE" }, { BOOKED, "2", -700, 1, "BOOKS" } },
    { { BOOKED, "1", -500, 2, "CAFE" }, { BOOKED, "2", -500, 2, "CAFE" }, { BOOKED, "3", -700, 1, "BOOKS" } },
    { 0, NEW, 1 } },
  { "ids/reused-for-another-payment",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, "x", -99000, 30, "ROGUE WALLET" } },
    { NEW } },
  { "ids/reused-with-the-other-sign",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, "x", 500, 1, "CAFE" } },
    { NEW } },
  { "ids/amount-corrected",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, "x", -550, 0, "CAFE" } },
    { 0 } },
  { "ids/day-corrected",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" } },
    { { BOOKED, "x", -500, 3, "CAFE" } },
    { 0 } },
  { "ids/text-corrected",
    CHANGES,
    { { BOOKED, "x", -500, 0, "SQ *CAFE" } },
    { { BOOKED, "x", -500, 0, "Corner Coffee House" } },
    { 0 } },
  { "ids/outside-the-window-keeps-its-own",
    CHANGES,
    { { BOOKED, "x", -500, 0, "CAFE" }, { BOOKED, "y", -700, 0, "BOOKS" } },
    { { BOOKED, "y", -700, 0, "BOOKS" }, { BOOKED, "z", -500, 0, "CAFE" } },
    { 1, NEW } },

  /* --- late and shifted --- */
  { "late/five-days-old",
    WHOLE,
    { { BOOKED, "x", -500, 5, "CAFE" }, { BOOKED, "y", -700, 6, "BOOKS" } },
    { { BOOKED, "x", -500, 5, "CAFE" },
      { BOOKED, "z", -900, 1, "SHOES" },
      { BOOKED, "y", -700, 6, "BOOKS" } },
    { 0, NEW, 1 } },
  { "late/shifts-the-balances-after-it",
    WHOLE,
    { { BOOKED, NULL, -500, 5, "CAFE", 0, 9500 }, { BOOKED, NULL, -700, 6, "BOOKS", 0, 8800 } },
    { { BOOKED, NULL, -900, 1, "SHOES", 0, 9100 },
      { BOOKED, NULL, -500, 5, "CAFE", 0, 8600 },
      { BOOKED, NULL, -700, 6, "BOOKS", 0, 7900 } },
    { NEW, 0, 1 } },
  { "currency/is-part-of-the-line",
    WHOLE,
    { { BOOKED, NULL, -500, 0, "CAFE" } },
    { { BOOKED, NULL, 500, 0, "CAFE" } },
    { NEW } },
};

static KobanTransaction *
make_line (const Line *row)
{
  KobanTransaction fields = {
    .bank_id = row->id,
    .pending_id = row->pending_id,
    .state = (KobanTransactionState) (row->state - 1),
    .amount = KOBAN_MONEY (row->amount, "GBP"),
    .date = DAY (row->day),
    .time_us = row->time_us,
    .text = row->text,
    .payee = row->payee,
    .has_balance_after = row->balance != 0,
    .balance_after = KOBAN_MONEY (row->balance, "GBP"),
  };

  return koban_transaction_new (&fields);
}

static GPtrArray *
make_lines (const Line *rows, gboolean reversed)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);

  for (guint i = 0; i < ROWS && rows[i].state != 0; i++)
    g_ptr_array_insert (lines, reversed ? 0 : -1, make_line (&rows[i]));
  return lines;
}

static GArray *
make_known (GPtrArray *lines, Reach reach)
{
  GArray *known = g_array_new (FALSE, TRUE, sizeof (KobanKnownLine));

  for (guint i = 0; i < lines->len; i++)
    {
      KobanKnownLine line = { lines->pdata[i], reach == WHOLE };
      g_array_append_val (known, line);
    }
  return known;
}

static void
test_line_case (gconstpointer data)
{
  const LineCase *c = data;
  g_autoptr(GPtrArray) lines = make_lines (c->known, FALSE);
  g_autoptr(GPtrArray) heard = make_lines (c->heard, FALSE);
  g_autoptr(GArray) known = make_known (lines, c->reach);
  g_autoptr(GArray) mates = koban_identity_lines (known, heard);

  g_assert_cmpuint (mates->len, ==, heard->len);
  for (guint i = 0; i < mates->len; i++)
    g_assert_cmpint (g_array_index (mates, gint, i), ==, c->mates[i]);
}

static void
count_mates (GArray *mates, guint *n_new, guint *n_known, guint *n_repeats)
{
  for (guint i = 0; i < mates->len; i++)
    {
      gint mate = g_array_index (mates, gint, i);
      *(mate >= 0 ? n_known : mate == NEW ? n_new : n_repeats) += 1;
    }
}

/* Whatever the order of the page, as many are new, known and repeated. */
static void
test_line_case_reversed (gconstpointer data)
{
  const LineCase *c = data;
  g_autoptr(GPtrArray) lines = make_lines (c->known, TRUE);
  g_autoptr(GPtrArray) heard = make_lines (c->heard, TRUE);
  g_autoptr(GArray) known = make_known (lines, c->reach);
  g_autoptr(GArray) mates = koban_identity_lines (known, heard);
  g_autoptr(GArray) expected = g_array_new (FALSE, FALSE, sizeof (gint));
  guint counts[3] = { 0 }, wanted[3] = { 0 };

  g_array_append_vals (expected, c->mates, heard->len);
  count_mates (mates, &counts[0], &counts[1], &counts[2]);
  count_mates (expected, &wanted[0], &wanted[1], &wanted[2]);
  for (guint i = 0; i < 3; i++)
    g_assert_cmpuint (counts[i], ==, wanted[i]);
}

/* Heard, learnt and heard again: nothing is new, and no known line is given twice. */
static void
test_line_case_again (gconstpointer data)
{
  const LineCase *c = data;
  g_autoptr(GPtrArray) heard = make_lines (c->heard, FALSE);
  g_autoptr(GArray) nothing = g_array_new (FALSE, TRUE, sizeof (KobanKnownLine));
  g_autoptr(GArray) first = koban_identity_lines (nothing, heard);
  g_autoptr(GArray) known = g_array_new (FALSE, TRUE, sizeof (KobanKnownLine));
  g_autoptr(GHashTable) given = g_hash_table_new (NULL, NULL);
  g_autoptr(GArray) again = NULL;

  for (guint i = 0; i < heard->len; i++)
    {
      KobanKnownLine line = { heard->pdata[i], c->reach == WHOLE };

      if (g_array_index (first, gint, i) == NEW)
        g_array_append_val (known, line);
      else
        g_assert_cmpint (g_array_index (first, gint, i), ==, REPEAT);
    }
  again = koban_identity_lines (known, heard);
  for (guint i = 0; i < heard->len; i++)
    {
      gint mate = g_array_index (again, gint, i);

      g_assert_cmpint (mate, !=, NEW);
      if (mate >= 0)
        g_assert_true (g_hash_table_add (given, GINT_TO_POINTER (mate)));
    }
  g_assert_cmpuint (g_hash_table_size (given), ==, known->len);
}

/* --- links ------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name; /* NULL: no row */
  const char *remote_id;
  const char *collector;
  const char *reference;
  KobanLinkStatus status;
  gint64 created_us;
  KobanLinkKind kind;
} Link;

typedef struct
{
  const char *name;
  Link known[ROWS];
  Link heard[ROWS];
  gint mates[ROWS];
} LinkCase;

static const LinkCase link_cases[] = {
  { "same", { { "Denki", "L1", "C1", "M1" } }, { { "Denki", "L1", "C1", "M1" } }, { 0 } },
  { "renamed-by-the-bank", { { "Denki", "L1", "C1", "M1" } }, { { "Denki KK", "L1", "C1", "M1" } }, { 0 } },
  { "list-id-reissued", { { "Denki", "L1", "C1", "M1" } }, { { "Denki", "L9", "C1", "M1" } }, { 0 } },
  { "all-list-ids-reissued",
    { { "Denki", "L1", "C1", "M1" }, { "Gas", "L2", "C2", "M2" } },
    { { "Gas", "L8", "C2", "M2" }, { "Denki", "L9", "C1", "M1" } },
    { 1, 0 } },
  { "second-mandate-of-a-known-collector",
    { { "Docomo", "L1", "C1", "M1" } },
    { { "Docomo", "L1", "C1", "M1" }, { "Docomo", "L2", "C1", "M2" } },
    { 0, NEW } },
  { "equal-ones-are-counted",
    { { "Docomo", "L1" } },
    { { "Docomo", "L2" }, { "Docomo", "L1" } },
    { NEW, 0 } },
  { "equal-ones-without-list-ids", { { "Docomo" } }, { { "Docomo" }, { "Docomo" } }, { 0, NEW } },
  { "the-same-twice", { { 0 } }, { { "Docomo", "L1" }, { "Docomo", "L1" } }, { NEW, REPEAT } },
  { "list-id-alone-proves-nothing", { { "Denki", "L1" } }, { { "Rogue Pay", "L1" } }, { NEW } },
  { "another-merchant-behind-one-collector",
    { { "Collect KK", "L1", "C1", "Gym" } },
    { { "Collect KK", "L1", "C1", "Gym" }, { "Collect KK", "L2", "C1", "Rogue" } },
    { 0, NEW } },
  { "reference-filled-in-later", { { "Denki", "L1" } }, { { "Denki", "L1", "C1", "M1" } }, { 0 } },
  { "half-width-kana", { { "ﾄﾞｺﾓｺｳｻﾞ", "L1" } }, { { "ドコモコウザ", "L1" } }, { 0 } },
  { "came-back", { { "Docomo", "L1", NULL, NULL, KOBAN_LINK_REVOKED } }, { { "Docomo", "L2" } }, { 0 } },
  { "a-living-one-first",
    { { "Docomo", "L1", NULL, NULL, KOBAN_LINK_GONE }, { "Docomo", "L2" } },
    { { "Docomo", "L3" } },
    { 1 } },
  { "made-at-another-moment-is-another",
    { { "Docomo", "L1", NULL, NULL, KOBAN_LINK_ACTIVE, 1000 } },
    { { "Docomo", "L2", NULL, NULL, KOBAN_LINK_ACTIVE, 2000 } },
    { NEW } },
  { "another-kind",
    { { "Docomo", "L1" } },
    { { "Docomo", "L1", NULL, NULL, KOBAN_LINK_ACTIVE, 0, KOBAN_LINK_CONSENT } },
    { NEW } },
};

static GPtrArray *
make_links (const Link *rows)
{
  GPtrArray *links = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);

  for (guint i = 0; i < ROWS && rows[i].name != NULL; i++)
    {
      KobanLink fields = { .name = rows[i].name,
                           .remote_id = rows[i].remote_id,
                           .collector = rows[i].collector,
                           .reference = rows[i].reference,
                           .status = rows[i].status,
                           .created_us = rows[i].created_us,
                           .kind = rows[i].kind };
      g_ptr_array_add (links, koban_link_new (&fields));
    }
  return links;
}

static void
test_link_case (gconstpointer data)
{
  const LinkCase *c = data;
  g_autoptr(GPtrArray) known = make_links (c->known);
  g_autoptr(GPtrArray) heard = make_links (c->heard);
  g_autoptr(GArray) mates = koban_identity_links (known, heard);

  g_assert_cmpuint (mates->len, ==, heard->len);
  for (guint i = 0; i < mates->len; i++)
    g_assert_cmpint (g_array_index (mates, gint, i), ==, c->mates[i]);
}

/* --- absence ----------------------------------------------------------------------------------------- */

static void
test_gone_needs_two_listings (void)
{
  g_assert_false (koban_identity_is_gone (1, 0, KOBAN_DAY_US * 9, FALSE));
  g_assert_true (koban_identity_is_gone (2, 0, 1, FALSE));
}

static void
test_an_empty_list_is_believed_after_a_day (void)
{
  g_assert_false (koban_identity_is_suspicious (0, 1));
  g_assert_true (koban_identity_is_suspicious (0, 3));
  g_assert_false (koban_identity_is_suspicious (1, 300));
  g_assert_false (koban_identity_is_gone (9, 0, KOBAN_DAY_US - 1, TRUE));
  g_assert_true (koban_identity_is_gone (9, 0, KOBAN_DAY_US, TRUE));
}

static const struct
{
  const char *name;
  int day;
  gboolean inside;
} reaches[] = {
  { "day before the reach", -11, FALSE },
  { "first day, seen in part", -10, FALSE },
  { "next day, which may be the first in another zone", -9, FALSE },
  { "surely inside", -8, TRUE },
  { "today", 0, TRUE },
  { "tomorrow in another zone", 1, TRUE },
  { "future", 2, FALSE },
};

static void
test_reach_is_never_overstated (void)
{
  gint64 now_us = DAY (0) * KOBAN_DAY_US + 12 * KOBAN_HOUR_US;
  gint64 from_us = DAY (-10) * KOBAN_DAY_US + 12 * KOBAN_HOUR_US;

  for (gsize i = 0; i < G_N_ELEMENTS (reaches); i++)
    {
      g_autoptr(KobanTransaction) line = make_line (&(Line){ BOOKED, NULL, -1, reaches[i].day, "X" });

      g_test_message ("%s", reaches[i].name);
      g_assert_cmpint (koban_identity_is_inside (line, from_us, now_us, now_us), ==, reaches[i].inside);
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *prefix;
    GTestDataFunc test;
  } views[] = {
    { "/identity/lines/", test_line_case },
    { "/identity/reversed/", test_line_case_reversed },
    { "/identity/again/", test_line_case_again },
  };

  g_test_init (&argc, &argv, NULL);
  for (gsize view = 0; view < G_N_ELEMENTS (views); view++)
    for (gsize i = 0; i < G_N_ELEMENTS (line_cases); i++)
      {
        g_autofree char *path = g_strconcat (views[view].prefix, line_cases[i].name, NULL);
        g_test_add_data_func (path, &line_cases[i], views[view].test);
      }
  for (gsize i = 0; i < G_N_ELEMENTS (link_cases); i++)
    {
      g_autofree char *path = g_strconcat ("/identity/links/", link_cases[i].name, NULL);
      g_test_add_data_func (path, &link_cases[i], test_link_case);
    }
  g_test_add_func ("/identity/gone-needs-two-listings", test_gone_needs_two_listings);
  g_test_add_func ("/identity/an-empty-list-is-believed-after-a-day",
                   test_an_empty_list_is_believed_after_a_day);
  g_test_add_func ("/identity/reach-is-never-overstated", test_reach_is_never_overstated);
  return g_test_run ();
}
