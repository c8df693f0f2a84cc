/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The reason codes: what an alert may say, each with numbers that the person can check from the
 * statement. wording/phrase.c makes the sentences. Money is "m", whole numbers "x", words "s".
 * A parameter in [brackets] may be absent.
 */
#pragma once

/*  code                     parameters                                   says
 *  --- link ------------------------------------------------------------------------------------------------
 *  new_link                 kind s (koban_link_kind_name)                a power over the account that was not there before
 *  link_back                kind s, [days x] since it was last alive     ended before, alive again
 *  link_stronger            kind s, [from m], [to m]                     limit raised; without @to: removed; without both: wider scope
 *  amended_mandate          kind s                                       the creditor or name of a known mandate was changed; on a withdrawal: and now it collects
 *  first_debit_by_service   service s (its name in the directory)        first debit by an e-money, wallet or pay-later service
 *  first_debit_by_creditor  [mandate s]                                  first debit by a direct-debit creditor or mandate
 *  collected_again          count x, days x                              a new creditor takes again within days (for far more: amount_changed)
 *  even_payments            count x, days x (gap), amount m              like sums at even gaps to a new name: a standing power by the look of it
 *  verify_deposit           count x, amount m                            tiny credits that test whether the account can be linked
 *  --- withdrawal ------------------------------------------------------------------------------------------
 *  burst                    count x, seconds x, total m                  debits to one payee within minutes
 *  burst_day                count x, [hours x], total m                  debits to one payee in one day (without hours: on one booking date)
 *  equal_amounts            count x, amount m                            debits of one and the same sum among them
 *  above_pace               count x, days x, [gap x] (usual days)        taken far more often than ever before
 *  cash_burst               count x, hours x, total m                    withdrawals of cash, one after the other
 *  cap_shape                limit m, total m, period s ("charge","month") round sums that add up to a known limit of the service
 *  first_payee              [days x] of history without this name        never paid before
 *  above_usual              usual m (what nearly all debits stay under)  a sum above what this account usually spends
 *  above_payee              usual m (usual sum to this payee)            a sum above what this payee usually takes
 *  day_total                total m, usual m, hours x (24)               what left in a day, and what nearly all days stay under
 *  drain                    percent x, balance m (before it)             how much of the balance it took
 *  from_savings             amount m, hours x                            money from own savings came in shortly before
 *  test_then_drain          test m, hours x                              a tiny first debit to this name, then this
 *  night                    hour x (0 … 23)                              at an hour at which this account is quiet
 *  round_amounts            count x                                      round sums
 *  sleeping_link_wakes      days x, [kind s]                             nothing was taken for so long (or since the link was made)
 *  follows_link             hours x                                      so soon after the link was made
 *  slow_skim                count x, total m, days x                     small sums again and again to a new name
 *  card_testing             count x, minutes x, total m                  several tiny card debits to new names
 *  many_payees              count x, hours x, total m                    several new payees in a short time
 *  duplicate_collection     amount m, [days x]                           the same sum was collected already, so many days ago (without: today)
 *  amount_changed           from m, to m                                 a fixed payment changed
 *  off_rhythm               days x (early), gap x (usual days)           a regular payment came at another time
 *  answered_not_mine        (none)                                       this name was answered "not me" before
 *  --- balance ---------------------------------------------------------------------------------------------
 *  negative_balance         balance m                                    the account is overdrawn
 *  balance_unexplained      amount m (negative), hours x                 gone, with no line to show for it for so long
 *  --- with any of them ------------------------------------------------------------------------------------
 *  in_coverage_gap          hours x                                      happened while Koban could not look
 */
#define KOBAN_REASON_NEW_LINK                "new_link"
#define KOBAN_REASON_LINK_BACK               "link_back"
#define KOBAN_REASON_LINK_STRONGER           "link_stronger"
#define KOBAN_REASON_AMENDED_MANDATE         "amended_mandate"
#define KOBAN_REASON_FIRST_DEBIT_BY_SERVICE  "first_debit_by_service"
#define KOBAN_REASON_FIRST_DEBIT_BY_CREDITOR "first_debit_by_creditor"
#define KOBAN_REASON_COLLECTED_AGAIN         "collected_again"
#define KOBAN_REASON_EVEN_PAYMENTS           "even_payments"
#define KOBAN_REASON_BURST                   "burst"
#define KOBAN_REASON_BURST_DAY               "burst_day"
#define KOBAN_REASON_EQUAL_AMOUNTS           "equal_amounts"
#define KOBAN_REASON_ABOVE_PACE              "above_pace"
#define KOBAN_REASON_CASH_BURST              "cash_burst"
#define KOBAN_REASON_CAP_SHAPE               "cap_shape"
#define KOBAN_REASON_FIRST_PAYEE             "first_payee"
#define KOBAN_REASON_ABOVE_USUAL             "above_usual"
#define KOBAN_REASON_ABOVE_PAYEE             "above_payee"
#define KOBAN_REASON_DAY_TOTAL               "day_total"
#define KOBAN_REASON_DRAIN                   "drain"
#define KOBAN_REASON_FROM_SAVINGS            "from_savings"
#define KOBAN_REASON_TEST_THEN_DRAIN         "test_then_drain"
#define KOBAN_REASON_NIGHT                   "night"
#define KOBAN_REASON_ROUND_AMOUNTS           "round_amounts"
#define KOBAN_REASON_SLEEPING_LINK_WAKES     "sleeping_link_wakes"
#define KOBAN_REASON_FOLLOWS_LINK            "follows_link"
#define KOBAN_REASON_SLOW_SKIM               "slow_skim"
#define KOBAN_REASON_CARD_TESTING            "card_testing"
#define KOBAN_REASON_MANY_PAYEES             "many_payees"
#define KOBAN_REASON_DUPLICATE_COLLECTION    "duplicate_collection"
#define KOBAN_REASON_AMOUNT_CHANGED          "amount_changed"
#define KOBAN_REASON_OFF_RHYTHM              "off_rhythm"
#define KOBAN_REASON_VERIFY_DEPOSIT          "verify_deposit"
#define KOBAN_REASON_ANSWERED_NOT_MINE       "answered_not_mine"
#define KOBAN_REASON_NEGATIVE_BALANCE        "negative_balance"
#define KOBAN_REASON_BALANCE_UNEXPLAINED     "balance_unexplained"
#define KOBAN_REASON_IN_COVERAGE_GAP         "in_coverage_gap"
