/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Is this debit one that the person would expect? Thefts that happened, and honest life that must pass.
 */
#include "config.h"

#include "watch-world.h"

static World *
watched (void)
{
  World *world = world_new ("GBP");

  world_live (world, 0, 120);
  world->watched = TRUE;
  return world;
}

typedef struct
{
  int day, minute;
  gint64 amount;
  const char *name;
  KobanTransactionType type;
} Line;

static void
play (World *world, const Line *lines, gsize n_lines)
{
  for (gsize i = 0; i < n_lines; i++)
    {
      world_line (world, lines[i].day, lines[i].minute, lines[i].amount, lines[i].name, lines[i].type);
      world_check (world);
    }
}

static KobanAlert *
withdrawal_after (World *world, const Line *lines, gsize n_lines)
{
  play (world, lines, n_lines);
  return world_find (world, KOBAN_ALERT_WITHDRAWAL);
}

static void
test_takeover (void)
{
  static const Line lines[] = {
    { 121, 1380, -80000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 121, 1385, -80000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 121, 1390, -60000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_cmpint (alert->severity, ==, KOBAN_SEVERITY_CRITICAL);
  g_assert_cmpuint (g_strv_length ((char **) alert->refs), ==, 3);
  g_assert_cmpint (alert->total.minor, ==, -220000);
  g_assert_true (koban_alert_has_reason (alert, "first_payee"));
  g_assert_true (koban_alert_has_reason (alert, "burst"));
}

static void
test_test_then_drain (void)
{
  static const Line lines[] = {
    { 121, 700, -1, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 122, 700, -150000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "test_then_drain"));
}

static void
test_limits_of_a_day (void)
{
  static const Line lines[] = {
    { 121, 700, -49500, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 122, 650, -49900, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_cmpuint (g_strv_length ((char **) alert->refs), ==, 2);
}

/* Two tiny debits by card to unknown names, then what they were for. */
static void
test_card_testing (void)
{
  static const Line lines[] = {
    { 121, 700, -84, "AMINESTA", KOBAN_TRANSACTION_CARD },
    { 121, 740, -147, "TORIMARA", KOBAN_TRANSACTION_CARD },
    { 122, 100, -52000, "RUMAKIE", KOBAN_TRANSACTION_CARD },
    { 122, 160, -38000, "MOMAYA", KOBAN_TRANSACTION_CARD },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "card_testing"));
}

/* Cents for parking, for coffee, and for the lockers, days apart, and then a coat: nobody tested the card. */
static void
test_trifles (void)
{
  static const Line lines[] = {
    { 121, 700, -84, "AMINESTA", KOBAN_TRANSACTION_CARD },
    { 122, 740, -147, "TORIMARA", KOBAN_TRANSACTION_CARD },
    { 123, 700, -120, "LOSEMI", KOBAN_TRANSACTION_CARD },
    { 124, 700, -6500, "RUMAKIE", KOBAN_TRANSACTION_CARD },
    { 124, 760, -6200, "MOMAYA", KOBAN_TRANSACTION_CARD },
  };
  g_autoptr(World) world = watched ();

  play (world, lines, G_N_ELEMENTS (lines));
  assert_silent (world);
}

/* A new bill, seen once, is collected again two days later; another one a month later. */
static void
test_first_bill_twice (void)
{
  static const Line twice[] = { { 125, 300, -6400, "CALOR GAS", KOBAN_TRANSACTION_DIRECT_DEBIT },
                                { 127, 300, -6400, "CALOR GAS", KOBAN_TRANSACTION_DIRECT_DEBIT } };
  static const Line monthly[] = { { 125, 300, -6400, "CALOR GAS", KOBAN_TRANSACTION_DIRECT_DEBIT },
                                  { 155, 300, -6400, "CALOR GAS", KOBAN_TRANSACTION_DIRECT_DEBIT } };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, twice, G_N_ELEMENTS (twice));
  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "duplicate_collection"));

  g_autoptr(World) other = watched ();
  g_assert_null (withdrawal_after (other, monthly, G_N_ELEMENTS (monthly)));
}

static void
test_bought_from_savings (void)
{
  static const Line lines[] = {
    { 121, 600, 480000, "SAVINGS", KOBAN_TRANSACTION_OWN },
    { 121, 640, -450000, "HARTLEY CARS", KOBAN_TRANSACTION_TRANSFER },
    { 121, 700, -350, "NEW CAFE", KOBAN_TRANSACTION_CARD },
  };
  g_autoptr(World) world = watched ();

  play (world, lines, G_N_ELEMENTS (lines));
  assert_silent (world);
}

static void
test_bill_many_times_as_large (void)
{
  static const Line lines[] = { { 155, 300, -21000, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT } };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "amount_changed"));
}

static void
test_collected_twice (void)
{
  static const Line lines[] = {
    { 125, 300, -3000, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT },
    { 128, 300, -3000, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "duplicate_collection"));
  g_assert_cmpuint (g_strv_length ((char **) alert->refs), ==, 1);
}

static void
test_wallet_in_other_hands (void)
{
  g_autoptr(World) world = world_new ("GBP");

  for (int day = 0; day < 120; day++)
    {
      if (day % 7 == 0)
        world_line (world, day, 720, -2000, "REVOLUT", KOBAN_TRANSACTION_OTHER);
      world_live (world, day, day + 1);
    }
  world->watched = TRUE;
  static const Line lines[] = {
    { 121, 1380, -31000, "REVOLUT", KOBAN_TRANSACTION_OTHER },
    { 121, 1381, -31000, "REVOLUT", KOBAN_TRANSACTION_OTHER },
    { 121, 1382, -31000, "REVOLUT", KOBAN_TRANSACTION_OTHER },
  };
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));
  g_assert_nonnull (alert);
  g_assert_cmpuint (g_strv_length ((char **) alert->refs), ==, 3);
}

static void
test_only_dates (void)
{
  static const Line lines[] = {
    { 121, -1, -60000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 121, -1, -60000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
    { 121, -1, -60000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "burst_day"));
  g_assert_false (koban_alert_has_reason (alert, "burst"));
}

static void
test_honest_life (void)
{
  static const Line lines[] = {
    { 121, 500, -380, "KIRKGATE COFFEE", KOBAN_TRANSACTION_CARD }, /* two equal coffees, and a third */
    { 121, 501, -380, "KIRKGATE COFFEE", KOBAN_TRANSACTION_CARD },
    { 121, 502, -380, "KIRKGATE COFFEE", KOBAN_TRANSACTION_CARD },
    { 124, 800, -2400, "ODEON TICKETS", KOBAN_TRANSACTION_CARD }, /* two tickets */
    { 124, 801, -2400, "ODEON TICKETS", KOBAN_TRANSACTION_CARD },
    { 130, 700, -45000, "JOHN LEWIS", KOBAN_TRANSACTION_CARD }, /* a washing machine */
    { 140, 600, -1200, "CAFE ROMA", KOBAN_TRANSACTION_CARD },   /* a holiday */
    { 140, 800, -3500, "TRATTORIA ROMA", KOBAN_TRANSACTION_CARD },
    { 140, 1300, -900, "GELATO ROMA", KOBAN_TRANSACTION_CARD },
    { 141, 700, -28000, "HOTEL ROMA", KOBAN_TRANSACTION_CARD },
    { 155, 300, -3250, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT }, /* a rise of 8 % */
  };
  g_autoptr(World) world = watched ();

  play (world, lines, G_N_ELEMENTS (lines));
  assert_silent (world);
}
/* Four equal sums at a shop never seen: vouchers. */
static void
test_vouchers (void)
{
  static const Line lines[] = {
    { 121, 1300, -5000, "VALERIANA", KOBAN_TRANSACTION_CARD },
    { 121, 1303, -5000, "VALERIANA", KOBAN_TRANSACTION_CARD },
    { 121, 1306, -5000, "VALERIANA", KOBAN_TRANSACTION_CARD },
    { 121, 1309, -5000, "VALERIANA", KOBAN_TRANSACTION_CARD },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "equal_amounts"));
}

/* A stolen card at a machine, until the limits of two days are used up. */
static void
test_cash_again_and_again (void)
{
  static const Line lines[] = {
    { 121, 1400, -20000, "ATM HIGH STREET", KOBAN_TRANSACTION_CASH },
    { 121, 1403, -20000, "ATM HIGH STREET", KOBAN_TRANSACTION_CASH },
    { 122, 5, -20000, "ATM HIGH STREET", KOBAN_TRANSACTION_CASH },
    { 122, 8, -20000, "ATM HIGH STREET", KOBAN_TRANSACTION_CASH },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "cash_burst"));
}

/* Cents came in from a name that nobody knew, then it takes. */
static void
test_micro_credit_then_debit (void)
{
  static const Line lines[] = {
    { 121, 600, 23, "TORVALA FUNDING", KOBAN_TRANSACTION_CREDIT },
    { 123, 600, -24800, "TORVALA FUNDING", KOBAN_TRANSACTION_OTHER },
  };
  g_autoptr(World) world = watched ();
  KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "verify_deposit"));
}

/* The same sum every three days to a new name is told once; visits to a new cafe are no news. */
static void
test_steady_sums (void)
{
  static const Line skim[] = {
    { 121, 700, -1590, "MERALDI", KOBAN_TRANSACTION_CARD },
    { 124, 700, -1610, "MERALDI", KOBAN_TRANSACTION_CARD },
    { 127, 700, -1600, "MERALDI", KOBAN_TRANSACTION_CARD },
    { 130, 700, -1595, "MERALDI", KOBAN_TRANSACTION_CARD },
    { 133, 700, -1605, "MERALDI", KOBAN_TRANSACTION_CARD },
    { 136, 700, -1600, "MERALDI", KOBAN_TRANSACTION_CARD },
  };
  static const Line cafe[] = {
    { 121, 700, -620, "CAFE NERA", KOBAN_TRANSACTION_CARD },
    { 122, 700, -1180, "CAFE NERA", KOBAN_TRANSACTION_CARD },
    { 129, 700, -410, "CAFE NERA", KOBAN_TRANSACTION_CARD },
    { 131, 700, -980, "CAFE NERA", KOBAN_TRANSACTION_CARD },
    { 142, 700, -1530, "CAFE NERA", KOBAN_TRANSACTION_CARD },
    { 143, 700, -700, "CAFE NERA", KOBAN_TRANSACTION_CARD },
  };
  g_autoptr(World) world = watched ();
  g_autoptr(World) other = watched ();
  KobanAlert *alert = withdrawal_after (world, skim, G_N_ELEMENTS (skim));

  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "slow_skim"));
  g_assert_cmpuint (world->alerts->len, ==, 1);
  play (other, cafe, G_N_ELEMENTS (cafe));
  assert_silent (other);
}

/* A wallet that took once, long ago, takes again and again (Toss 2020). */
static void
test_sleeping_wallet (void)
{
  static const Line old[] = { { 3, 700, -2000, "PAYPAL", KOBAN_TRANSACTION_DIRECT_DEBIT } };
  static const Line theft[] = {
    { 121, 1380, -9000, "PAYPAL", KOBAN_TRANSACTION_DIRECT_DEBIT },
    { 123, 1390, -9000, "PAYPAL", KOBAN_TRANSACTION_DIRECT_DEBIT },
    { 125, 1395, -12000, "PAYPAL", KOBAN_TRANSACTION_DIRECT_DEBIT },
  };
  g_autoptr(World) world = world_new ("GBP");

  play (world, old, G_N_ELEMENTS (old));
  world_live (world, 4, 120);
  world->watched = TRUE;
  KobanAlert *alert = withdrawal_after (world, theft, G_N_ELEMENTS (theft));
  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "sleeping_link_wakes"));
}

/* A pending line that comes again under another id is one debit: same second, same sum. */
static void
test_pending_told_again (void)
{
  g_autoptr(World) world = watched ();

  for (int i = 0; i < 5; i++)
    {
      g_autoptr(KobanTransaction) made =
        world_make_line (world, 121, 700, -9000, "TESCO STORES", KOBAN_TRANSACTION_CARD);
      KobanTransaction fields = *made;
      fields.state = KOBAN_TRANSACTION_PENDING;
      fields.time_us += 17 * KOBAN_SECOND_US;
      g_autoptr(KobanTransaction) line = koban_transaction_new (&fields);
      KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = line };
      world_add (world, &change, 121, 700 + i);
      world_check (world);
    }
  assert_silent (world);
}

/* Who was alarmed lately is not so easily alarmed again; "not mine" makes the ear as sharp as before. */
static void
test_budget_of_alarms (void)
{
  g_autoptr(World) world = watched ();
  KobanHabit *habit = koban_habits_get (world->habits, world->account->id);
  KobanDate day = WORLD_FIRST_DAY + 121;

  g_assert_cmpuint (koban_habit_alarms (habit, day), ==, 0);
  koban_habit_alarm (habit, day, 256);
  g_assert_cmpuint (koban_habit_alarms (habit, day + 59), ==, 256);
  g_assert_cmpuint (koban_habit_alarms (habit, day + 60), ==, 128);
  koban_habit_alarm (habit, day + 60, 256);
  g_assert_cmpuint (koban_habit_alarms (habit, day + 60), ==, 384);

  KobanChange change = { .kind = KOBAN_CHANGE_ANSWER, .ref = "t1", .answer = KOBAN_ANSWER_NOT_MINE };
  world_add (world, &change, 182, 0);
  world_check (world);
  g_assert_cmpuint (koban_habit_alarms (habit, day + 60), ==, 0);
}

/* A joint account: only what is critical, and links. */
static void
test_joint_account (void)
{
  static const Line bill[] = { { 155, 300, -9000, "VIRGIN MEDIA", KOBAN_TRANSACTION_DIRECT_DEBIT } };
  static const Line theft[] = { { 156, 1380, -250000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
                                { 156, 1382, -250000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER } };
  g_autoptr(World) world = watched ();
  KobanAccount joint = *world->account;

  joint.ownership = KOBAN_OWNERSHIP_JOINT;
  KobanAccount *changed = koban_account_new (&joint);
  koban_account_unref (world->account);
  world->account = changed;
  play (world, bill, G_N_ELEMENTS (bill));
  assert_silent (world);
  KobanAlert *alert = withdrawal_after (world, theft, G_N_ELEMENTS (theft));
  g_assert_true (alert != NULL && alert->severity == KOBAN_SEVERITY_CRITICAL);

  KobanLink link = { .id = "l1", .kind = KOBAN_LINK_DIRECT_DEBIT, .name = "EXAMPLE CLUB" };
  world_link (world, KOBAN_CHANGE_LINK_NEW, 157, 600, &link, NULL);
  world_check (world);
  g_assert_nonnull (world_find (world, KOBAN_ALERT_LINK));
}

/* A fuel pump reserves 100 and takes 42. */
static void
test_hold (void)
{
  g_autoptr(World) world = world_new ("GBP");

  for (int day = 0; day < 120; day++)
    {
      if (day % 6 == 0)
        world_line (world, day, 720, -3700 - 50 * (day % 11), "APPLEGREEN FUEL", KOBAN_TRANSACTION_OTHER);
      world_live (world, day, day + 1);
    }
  world->watched = TRUE;
  g_autoptr(KobanTransaction) made =
    world_make_line (world, 121, 600, -10000, "APPLEGREEN FUEL", KOBAN_TRANSACTION_OTHER);
  KobanTransaction fields = *made;
  fields.state = KOBAN_TRANSACTION_PENDING;
  g_autoptr(KobanTransaction) pending = koban_transaction_new (&fields);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = pending };
  world_add (world, &change, 121, 600);
  world_check (world);
  assert_silent (world);
}

static void
test_quiet_year (void)
{
  g_autoptr(World) world = watched ();

  world_live (world, 120, 485);
  assert_silent (world);
}

static void
test_own_savings (void)
{
  g_autoptr(World) world = watched ();

  world_line (world, 121, 600, -300000, "TRANSFER SAVINGS", KOBAN_TRANSACTION_OWN);
  world_check (world);
  assert_silent (world);
}

/* It was me teaches at once; not me sharpens what follows. */
static void
test_answers (void)
{
  static const Line theft[] = { { 121, 600, -500, "BAD CLUB", KOBAN_TRANSACTION_TRANSFER },
                                { 150, 600, -15000, "BAD CLUB", KOBAN_TRANSACTION_TRANSFER } };
  g_autoptr(World) world = watched ();

  play (world, theft, 1);
  KobanChange change = { .kind = KOBAN_CHANGE_ANSWER, .ref = "t1000", .answer = KOBAN_ANSWER_NOT_MINE };
  g_autofree char *ref = g_strdup_printf ("t%u", world->serial);
  change.ref = ref;
  world_add (world, &change, 122, 0);
  world_check (world);
  assert_silent (world);
  KobanAlert *alert = withdrawal_after (world, theft + 1, 1);
  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "answered_not_mine"));
}

static void
test_joint_and_off (void)
{
  static const Line big[] = { { 121, 600, -900000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
                              { 121, 602, -900000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER } };
  g_autoptr(World) world = watched ();
  KobanAccount off = *world->account;

  off.watch = KOBAN_WATCH_LINKS;
  KobanAccount *changed = koban_account_new (&off);
  koban_account_unref (world->account);
  world->account = changed;
  play (world, big, G_N_ELEMENTS (big));
  assert_silent (world);
}

static void
test_same_alerts_again (void)
{
  static const Line lines[] = { { 121, 600, -250000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER },
                                { 121, 602, -250000, "JACK NOVAK", KOBAN_TRANSACTION_TRANSFER } };
  g_autofree char *first = NULL;

  for (int run = 0; run < 2; run++)
    {
      g_autoptr(World) world = watched ();
      KobanAlert *alert = withdrawal_after (world, lines, G_N_ELEMENTS (lines));
      g_autoptr(GVariant) row = g_variant_ref_sink (koban_alert_to_variant (alert));
      g_autofree char *text = g_variant_print (row, TRUE);
      if (first != NULL)
        g_assert_cmpstr (text, ==, first);
      g_free (first);
      first = g_steal_pointer (&text);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/withdrawals/vouchers", test_vouchers);
  g_test_add_func ("/withdrawals/cash-again-and-again", test_cash_again_and_again);
  g_test_add_func ("/withdrawals/micro-credit", test_micro_credit_then_debit);
  g_test_add_func ("/withdrawals/steady-sums", test_steady_sums);
  g_test_add_func ("/withdrawals/sleeping-wallet", test_sleeping_wallet);
  g_test_add_func ("/withdrawals/pending-told-again", test_pending_told_again);
  g_test_add_func ("/withdrawals/budget-of-alarms", test_budget_of_alarms);
  g_test_add_func ("/withdrawals/takeover", test_takeover);
  g_test_add_func ("/withdrawals/test-then-drain", test_test_then_drain);
  g_test_add_func ("/withdrawals/limits-of-a-day", test_limits_of_a_day);
  g_test_add_func ("/withdrawals/card-testing", test_card_testing);
  g_test_add_func ("/withdrawals/trifles", test_trifles);
  g_test_add_func ("/withdrawals/first-bill-twice", test_first_bill_twice);
  g_test_add_func ("/withdrawals/bought-from-savings", test_bought_from_savings);
  g_test_add_func ("/withdrawals/bill-many-times-as-large", test_bill_many_times_as_large);
  g_test_add_func ("/withdrawals/collected-twice", test_collected_twice);
  g_test_add_func ("/withdrawals/wallet-in-other-hands", test_wallet_in_other_hands);
  g_test_add_func ("/withdrawals/only-dates", test_only_dates);
  g_test_add_func ("/withdrawals/honest-life", test_honest_life);
  g_test_add_func ("/withdrawals/joint-account", test_joint_account);
  g_test_add_func ("/withdrawals/hold", test_hold);
  g_test_add_func ("/withdrawals/quiet-year", test_quiet_year);
  g_test_add_func ("/withdrawals/own-savings", test_own_savings);
  g_test_add_func ("/withdrawals/answers", test_answers);
  g_test_add_func ("/withdrawals/watch-links-only", test_joint_and_off);
  g_test_add_func ("/withdrawals/same-alerts-again", test_same_alerts_again);
  return g_test_run ();
}
