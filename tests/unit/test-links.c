/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Who gained the power to take money: told once, whatever the amount, and its debits join it.
 */
#include "config.h"

#include "watch-world.h"

static const KobanLink docomo = { .id = "l1", .kind = KOBAN_LINK_DIRECT_DEBIT, .name = "ﾄﾞｺﾓｺｳｻﾞ" };

static World *
watched (const char *currency)
{
  World *world = world_new (currency);

  world_live (world, 0, 90);
  world->watched = TRUE;
  return world;
}

static void
test_new_link (void)
{
  static const struct
  {
    KobanLinkKind kind;
    const char *name;
    KobanSeverity severity;
  } rows[] = {
    { KOBAN_LINK_EMONEY, "EXAMPLE CLUB", KOBAN_SEVERITY_CRITICAL },
    { KOBAN_LINK_RECURRING_CONSENT, "EXAMPLE CLUB", KOBAN_SEVERITY_CRITICAL },
    { KOBAN_LINK_DIRECT_DEBIT, "EXAMPLE CLUB", KOBAN_SEVERITY_WARNING },
    { KOBAN_LINK_DIRECT_DEBIT, "PAYPAL", KOBAN_SEVERITY_CRITICAL },      /* in the directory */
    { KOBAN_LINK_DIRECT_DEBIT, "EXAMPLE PAY", KOBAN_SEVERITY_CRITICAL }, /* calls itself a wallet */
    { KOBAN_LINK_APP, "EXAMPLE CASH", KOBAN_SEVERITY_CRITICAL },
    { KOBAN_LINK_DIRECT_DEBIT, "EXAMPLE AUTO PAY", KOBAN_SEVERITY_WARNING }, /* only seems to */
    { KOBAN_LINK_DIRECT_DEBIT, "THAMES WATER", KOBAN_SEVERITY_NOTICE },      /* everybody knows it */
    { KOBAN_LINK_DIRECT_DEBIT, "TESCO STORES", KOBAN_SEVERITY_NOTICE },      /* paid for months */
    { KOBAN_LINK_STANDING_ORDER, "JACK NOVAK", KOBAN_SEVERITY_WARNING },
    { KOBAN_LINK_CARD_ON_FILE, "EXAMPLE CLUB", KOBAN_SEVERITY_WARNING },
    { KOBAN_LINK_CONSENT, "EXAMPLE BUDGET", KOBAN_SEVERITY_WARNING }, /* may only read */
    { KOBAN_LINK_APP, "EXAMPLE BUDGET", KOBAN_SEVERITY_WARNING },
    { KOBAN_LINK_AGGREGATOR, "EXAMPLE BUDGET", KOBAN_SEVERITY_WARNING },
    { KOBAN_LINK_WEBHOOK, "EXAMPLE BUDGET", KOBAN_SEVERITY_WARNING },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(World) world = watched ("GBP");
      KobanLink link = { .id = "l7", .kind = rows[i].kind, .name = rows[i].name };
      world_link (world, KOBAN_CHANGE_LINK_NEW, 91, 600, &link, NULL);
      world_check (world);
      KobanAlert *alert = world_find (world, KOBAN_ALERT_LINK);
      g_test_message ("%s", rows[i].name);
      g_assert_nonnull (alert);
      g_assert_cmpint (alert->severity, ==, rows[i].severity);
      g_assert_cmpstr (alert->ref, ==, "l7");
      g_assert_true (koban_alert_has_reason (alert, "new_link"));
    }
}

/* No link alert is folded away: an equal one beside the first has an incident of its own. */
static void
test_second_equal_link (void)
{
  g_autoptr(World) world = watched ("GBP");
  KobanLink first = { .id = "l7", .kind = KOBAN_LINK_EMONEY, .name = "EXAMPLE CLUB" };
  KobanLink second = { .id = "l8", .kind = KOBAN_LINK_EMONEY, .name = "EXAMPLE CLUB" };

  world_link (world, KOBAN_CHANGE_LINK_NEW, 91, 600, &first, NULL);
  world_check (world);
  world_link (world, KOBAN_CHANGE_LINK_NEW, 92, 600, &second, NULL);
  world_check (world);
  g_assert_cmpuint (world->alerts->len, ==, 2);
  KobanAlert *one = g_ptr_array_index (world->alerts, 0);
  KobanAlert *other = g_ptr_array_index (world->alerts, 1);
  g_assert_cmpstr (one->incident, !=, other->incident);
  g_assert_cmpstr (other->ref, ==, "l8");
}

/* "LASTSCHRIFT …" stands in the text, the payee in a field of its own, and the bank has no word for the type.
 */
static void
test_collection_by_its_text (void)
{
  g_autoptr(World) world = watched ("EUR");
  KobanTransaction fields = { .id = "t900",
                              .state = KOBAN_TRANSACTION_BOOKED,
                              .amount = { -3335, world->account->currency },
                              .date = WORLD_FIRST_DAY + 91,
                              .text = "LASTSCHRIFT MAMEREKA GMBH",
                              .payee = "MAMEREKA GMBH" };
  g_autoptr(KobanTransaction) line = koban_transaction_new (&fields);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = line };

  world_add (world, &change, 91, 600);
  world_check (world);
  KobanAlert *alert = world_find (world, KOBAN_ALERT_LINK);
  g_assert_nonnull (alert);
  g_assert_true (koban_alert_has_reason (alert, "first_debit_by_creditor"));
}

static void
test_silent_links (void)
{
  g_autoptr(World) world = watched ("GBP");
  KobanLink own = { .id = "l8", .kind = KOBAN_LINK_CONSENT, .name = "Koban", .own = TRUE };
  KobanLink gone = { .id = "l9", .kind = KOBAN_LINK_EMONEY, .name = "KYASH", .status = KOBAN_LINK_GONE };

  world_link (world, KOBAN_CHANGE_LINK_NEW, 91, 600, &own, NULL);
  world_link (world, KOBAN_CHANGE_LINK_GONE, 91, 601, &gone, &docomo);
  world_link (world, KOBAN_CHANGE_LINK_CHANGED, 91, 602, &docomo, &docomo);
  world_check (world);
  assert_silent (world);
}

static void
test_baseline_teaches (void)
{
  g_autoptr(World) world = world_new ("JPY");

  world_link (world, KOBAN_CHANGE_LINK_NEW, 0, 10, &docomo, NULL);
  world_live (world, 0, 60);
  world->watched = TRUE;
  world_line (world, 61, 700, -3000, "ﾄﾞｺﾓｺｳｻﾞ", KOBAN_TRANSACTION_OTHER);
  world_check (world);
  g_assert_null (world_find (world, KOBAN_ALERT_LINK));
}

static void
test_back_and_stronger (void)
{
  KobanLink before = { .id = "l1",
                       .kind = KOBAN_LINK_EMONEY,
                       .name = "KYASH",
                       .has_limit = TRUE,
                       .limit = KOBAN_MONEY (30000, "JPY") };
  KobanLink raised = before, revoked = before, renamed = before;
  raised.limit.minor = 500000;
  revoked.status = KOBAN_LINK_REVOKED;
  renamed.reference = "M2";
  before.reference = "M1";
  const struct
  {
    KobanChangeKind kind;
    const KobanLink *now, *before;
    const char *reason;
  } rows[] = {
    { KOBAN_CHANGE_LINK_BACK, &before, &revoked, "link_back" },
    { KOBAN_CHANGE_LINK_CHANGED, &before, &revoked, "link_back" },
    { KOBAN_CHANGE_LINK_CHANGED, &raised, &before, "link_stronger" },
    { KOBAN_CHANGE_LINK_CHANGED, &renamed, &before, "amended_mandate" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(World) world = watched ("JPY");
      world_link (world, rows[i].kind, 91, 600, rows[i].now, rows[i].before);
      world_check (world);
      KobanAlert *alert = world_find (world, KOBAN_ALERT_LINK);
      g_assert_nonnull (alert);
      g_assert_true (koban_alert_has_reason (alert, rows[i].reason));
    }
}

/* Four debits of one wallet: listed link or not, in one check or in four, one incident. */
static void
steal (World *world, gboolean each)
{
  static const gint64 sums[] = { -100000, -90000, -90000, -20000 };

  for (int i = 0; i < 4; i++)
    {
      world_line (world, 92, 845 + i / 2, sums[i], "ﾄﾞｺﾓｺｳｻﾞ", KOBAN_TRANSACTION_OTHER);
      if (each)
        world_check (world);
    }
  world_check (world);
}

static void
assert_docomo (World *world, gboolean listed)
{
  KobanAlert *link = world_find (world, KOBAN_ALERT_LINK);
  KobanAlert *withdrawal = world_find (world, KOBAN_ALERT_WITHDRAWAL);

  g_assert_nonnull (link);
  g_assert_cmpint (link->severity, ==, KOBAN_SEVERITY_CRITICAL);
  g_assert_true (koban_alert_has_reason (link, listed ? "new_link" : "first_debit_by_service"));
  g_assert_nonnull (withdrawal);
  g_assert_cmpint (withdrawal->severity, ==, KOBAN_SEVERITY_CRITICAL);
  g_assert_cmpuint (g_strv_length ((char **) withdrawal->refs), ==, 4);
  g_assert_cmpint (withdrawal->total.minor, ==, -300000);
  g_assert_cmpstr (withdrawal->incident, ==, link->incident);
  g_assert_true (koban_alert_has_reason (withdrawal, "burst"));
  g_assert_true (koban_alert_has_reason (withdrawal, "cap_shape"));
  g_assert_cmpstr (withdrawal->service, ==, "ドコモ口座");
}

static void
test_docomo (void)
{
  for (int listed = 0; listed < 2; listed++)
    {
      for (int each = 0; each < 2; each++)
        {
          g_autoptr(World) world = watched ("JPY");
          if (listed)
            world_link (world, KOBAN_CHANGE_LINK_NEW, 92, 60, &docomo, NULL);
          world_check (world);
          steal (world, each);
          assert_docomo (world, listed);
        }
    }
}

static void
test_debit_before_list (void)
{
  g_autoptr(World) world = watched ("JPY");

  steal (world, FALSE);
  world_link (world, KOBAN_CHANGE_LINK_NEW, 92, 1000, &docomo, NULL);
  world_check (world);
  KobanAlert *link = world_find (world, KOBAN_ALERT_LINK);
  KobanAlert *withdrawal = world_find (world, KOBAN_ALERT_WITHDRAWAL);
  g_assert_true (link != NULL && withdrawal != NULL);
  g_assert_cmpuint (g_strv_length ((char **) link->refs), ==, 2);
  g_assert_cmpstr (link->incident, ==, withdrawal->incident);
}

/* Nobody is warned of each new mandate in a row; what goes on oddly rises all the same. */
static void
test_new_creditors_in_a_row (void)
{
  static const struct
  {
    int day;
    gint64 amount;
    KobanSeverity severity;
  } seconds[] = {
    { 130, -2000, KOBAN_SEVERITY_NOTICE },  /* a month after the first */
    { 107, -2000, KOBAN_SEVERITY_WARNING }, /* a week after it */
    { 130, -6000, KOBAN_SEVERITY_WARNING }, /* three times as much */
  };

  for (gsize i = 0; i < G_N_ELEMENTS (seconds); i++)
    {
      g_autoptr(World) world = watched ("GBP");
      world_line (world, 95, 300, -1500, "GALICIA SL", KOBAN_TRANSACTION_DIRECT_DEBIT);
      world_check (world);
      KobanAlert *first = world_find (world, KOBAN_ALERT_LINK);
      g_assert_nonnull (first);
      g_assert_cmpint (first->severity, ==, KOBAN_SEVERITY_WARNING);
      g_ptr_array_set_size (world->alerts, 0);

      world_line (world, 100, 300, -2000, "MARANE SL", KOBAN_TRANSACTION_DIRECT_DEBIT);
      world_check (world);
      KobanAlert *second = world_find (world, KOBAN_ALERT_LINK);
      g_assert_nonnull (second);
      g_assert_cmpint (second->severity, ==, KOBAN_SEVERITY_NOTICE);

      world_line (world, seconds[i].day, 300, seconds[i].amount, "MARANE SL", KOBAN_TRANSACTION_DIRECT_DEBIT);
      world_check (world);
      KobanAlert *grown = world_find (world, KOBAN_ALERT_LINK);
      g_assert_nonnull (grown);
      g_assert_cmpint (grown->severity, ==, seconds[i].severity);
      g_assert_cmpstr (grown->incident, ==, second->incident);
      g_assert_cmpint (koban_alert_has_reason (grown, "collected_again"), ==, seconds[i].day == 107);
      g_assert_cmpint (koban_alert_has_reason (grown, "amount_changed"), ==, seconds[i].amount == -6000);
    }
}

/* A known creditor's name is a notice; a second mandate of it, while the first lives, is not. */
static void
test_second_mandate_of_a_name (void)
{
  g_autoptr(World) world = watched ("GBP");
  KobanLink first = {
    .id = "l7", .kind = KOBAN_LINK_DIRECT_DEBIT, .name = "THAMES WATER", .reference = "M1"
  };
  KobanLink second = {
    .id = "l8", .kind = KOBAN_LINK_DIRECT_DEBIT, .name = "THAMES WATER", .reference = "M2"
  };

  world_link (world, KOBAN_CHANGE_LINK_NEW, 91, 600, &first, NULL);
  world_check (world);
  world_link (world, KOBAN_CHANGE_LINK_NEW, 92, 600, &second, NULL);
  world_check (world);
  g_assert_cmpuint (world->alerts->len, ==, 2);
  g_assert_cmpint (((KobanAlert *) g_ptr_array_index (world->alerts, 0))->severity, ==,
                   KOBAN_SEVERITY_NOTICE);
  g_assert_cmpint (((KobanAlert *) g_ptr_array_index (world->alerts, 1))->severity, ==,
                   KOBAN_SEVERITY_WARNING);
}

static void
collect (World *world, int day, const char *mandate, const char *creditor)
{
  KobanTransaction fields = { .id = mandate,
                              .state = KOBAN_TRANSACTION_BOOKED,
                              .type = KOBAN_TRANSACTION_DIRECT_DEBIT,
                              .amount = { -3000, world->account->currency },
                              .date = WORLD_FIRST_DAY + day,
                              .text = "HARTLEY ENERGY",
                              .mandate_ref = mandate,
                              .counterparty_id = creditor };
  g_autoptr(KobanTransaction) line = koban_transaction_new (&fields);
  KobanChange change = { .kind = KOBAN_CHANGE_LINE_NEW, .line = line };

  world_add (world, &change, day, 300);
  world_check (world);
}

/* Under a name that collects already: another contract of the same creditor, or another creditor. */
static void
test_borrowed_name (void)
{
  for (int borrowed = 0; borrowed <= 1; borrowed++)
    {
      g_autoptr(World) world = world_new ("EUR");
      world_live (world, 0, 60);
      collect (world, 60, "M1", "DE98ZZZ1");
      world_live (world, 61, 90);
      world->watched = TRUE;
      collect (world, 95, "M2", borrowed ? "ES11ZZZ2" : "DE98ZZZ1");
      g_assert_cmpint (world_find (world, KOBAN_ALERT_LINK) != NULL, ==, borrowed);
    }
}

static void
test_inferred (void)
{
  static const struct
  {
    const char *name;
    gint64 amount;
    KobanTransactionType type;
    gboolean told;
    KobanSeverity severity;
  } rows[] = {
    { "PAYPAL", -50, KOBAN_TRANSACTION_OTHER, TRUE, KOBAN_SEVERITY_CRITICAL },       /* no minimum */
    { "PAYPAL *SHOP", -50, KOBAN_TRANSACTION_OTHER, TRUE, KOBAN_SEVERITY_WARNING },  /* by card, likely */
    { "HALUKA PAY", -2000, KOBAN_TRANSACTION_OTHER, TRUE, KOBAN_SEVERITY_CRITICAL }, /* in no directory */
    { "GALICIA NEWSLETTER SL", -999, KOBAN_TRANSACTION_DIRECT_DEBIT, TRUE, KOBAN_SEVERITY_WARNING },
    { "THAMES WATER", -4000, KOBAN_TRANSACTION_DIRECT_DEBIT, TRUE, KOBAN_SEVERITY_NOTICE },
    { "WILZEBA FITNESS", -2400, KOBAN_TRANSACTION_DIRECT_DEBIT, TRUE, KOBAN_SEVERITY_NOTICE }, /* its trade */
    { "WILZEBA FITNESS", -240000, KOBAN_TRANSACTION_DIRECT_DEBIT, TRUE,
      KOBAN_SEVERITY_WARNING }, /* no such sum */
    { "PRIVILEGE CLUB", -2400, KOBAN_TRANSACTION_DIRECT_DEBIT, TRUE,
      KOBAN_SEVERITY_WARNING }, /* traps, too */
    { "NEW CAFE", -400, KOBAN_TRANSACTION_CARD, FALSE, KOBAN_SEVERITY_NOTICE },
    { "VIRGIN MEDIA", -3000, KOBAN_TRANSACTION_DIRECT_DEBIT, FALSE, KOBAN_SEVERITY_NOTICE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr(World) world = watched ("GBP");
      world_line (world, 95, 700, rows[i].amount, rows[i].name, rows[i].type);
      world_check (world);
      KobanAlert *alert = world_find (world, KOBAN_ALERT_LINK);
      g_test_message ("%s", rows[i].name);
      g_assert_cmpint (alert != NULL, ==, rows[i].told);
      if (alert != NULL)
        g_assert_cmpint (alert->severity, ==, rows[i].severity);
    }
}

static void
assert_only_noticed (World *world)
{
  KobanAlert *alert = world_find (world, KOBAN_ALERT_LINK);

  g_assert_true (alert != NULL && alert->severity == KOBAN_SEVERITY_NOTICE);
}

/* A purchase at a shop's till is worth a word; another wallet is told whole, whatever the person uses
 * besides. */
static void
test_one_more_wallet (void)
{
  g_autoptr(World) world = world_new ("GBP");

  for (int day = 0; day < 90; day++)
    {
      if (day % 7 == 0)
        world_line (world, day, 720, -2000, "REVOLUT", KOBAN_TRANSACTION_OTHER);
      world_live (world, day, day + 1);
    }
  world->watched = TRUE;
  world_line (world, 95, 700, -1500, "PAYPAL", KOBAN_TRANSACTION_OTHER);
  world_check (world);
  KobanAlert *told = world_find (world, KOBAN_ALERT_LINK);
  g_assert_true (told != NULL && told->severity == KOBAN_SEVERITY_CRITICAL);

  g_autoptr(World) other = watched ("GBP");
  world_line (other, 95, 700, -1500, "PAYPAL *GARDEN SHOP", KOBAN_TRANSACTION_CARD);
  world_check (other);
  assert_only_noticed (other);
}

static void
test_told_once (void)
{
  g_autoptr(World) world = watched ("GBP");

  for (int month = 0; month < 4; month++)
    {
      world_line (world, 95 + 30 * month, 700, -999, "GALICIA NEWSLETTER SL", KOBAN_TRANSACTION_DIRECT_DEBIT);
      world_check (world);
    }
  g_assert_cmpuint (world->alerts->len, ==, 1);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/links/second-equal", test_second_equal_link);
  g_test_add_func ("/links/collection-by-its-text", test_collection_by_its_text);
  g_test_add_func ("/links/new", test_new_link);
  g_test_add_func ("/links/silent", test_silent_links);
  g_test_add_func ("/links/baseline-teaches", test_baseline_teaches);
  g_test_add_func ("/links/back-and-stronger", test_back_and_stronger);
  g_test_add_func ("/links/docomo-and-shadow", test_docomo);
  g_test_add_func ("/links/debit-before-list", test_debit_before_list);
  g_test_add_func ("/links/new-creditors-in-a-row", test_new_creditors_in_a_row);
  g_test_add_func ("/links/second-mandate-of-a-name", test_second_mandate_of_a_name);
  g_test_add_func ("/links/borrowed-name", test_borrowed_name);
  g_test_add_func ("/links/inferred", test_inferred);
  g_test_add_func ("/links/one-more-wallet", test_one_more_wallet);
  g_test_add_func ("/links/told-once", test_told_once);
  return g_test_run ();
}
