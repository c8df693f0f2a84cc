/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Whose name is this? The directory as it ships, and what it refuses.
 */
#include "config.h"

#include <glib/gstdio.h>

#include <koban/error.h>
#include <koban/services.h>
#include <koban/text.h>

typedef struct
{
  const char *name;
  const char *id; /* (nullable): nobody's */
} Case;

static const Case cases[] = {
  { "ﾄﾞｺﾓｺｳｻﾞ", "docomo-kouza" },
  { "ドコモコウザ", "docomo-kouza" },
  { "口座振替 ﾄﾞｺﾓｺｳｻﾞ", "docomo-kouza" },
  { "ﾄﾞｺﾓｹｲﾀｲ", "docomo-bill" },
  { "ﾃﾞｲ-ﾊﾞﾗｲ", "d-barai" },
  { "ﾃﾞｨｰﾊﾞﾗｲ", "d-barai" },
  { "デイバライ", "d-barai" },
  { "ﾃﾞｲ-ｶ-ﾄﾞ", "known-jp2" },
  { "ﾍﾟｲﾍﾟｲ", "paypay" },
  { "PAYPAYﾁﾔ-ｼﾞ", "paypay" },
  { "ﾍﾟｲﾍﾟｲｶ-ﾄﾞ", "paypay-card" },
  { "ｶ)ﾒﾙﾍﾟｲ", "merpay" },
  { "ｷｬｯｼｭ", "kyash" },
  { "ﾌﾟﾘﾝ", "pring" },
  { "ﾌﾟﾘﾝｽﾎﾃﾙ", NULL },
  { "PAYPAL EUROPE S.A.R.L. ET CIE S.C.A", "paypal" },
  { "SEPA-LASTSCHRIFT PAYPAL EUROPE S.A.R.L.", "paypal" },
  { "PAYPAL *SPOTIFY", "paypal" },
  { "CHECKCARD 0412 CASH APP*JANE", "cash-app" },
  { "POS DEBIT VENMO* JOE", "venmo" },
  { "WISE", "wise" },
  { "WISEMAN PLUMBING", NULL },
  { "MY WISE CHOICE", NULL },
  { "KLARNA*HM", "klarna" },
  { "UPI/412345/PAY/shop@ybl", "phonepe" },
  { "비바리퍼블리카", "toss" },
  { "토스", "toss" },
  { "토스트가게", NULL },
  { "支付宝-某某商店", "alipay" },
  { "SQ *CORNER CAFE", "square" },
  { "GRAB* A-123", "grab" },
  { "GRABPAY TOPUP", "grabpay" },
  { "", NULL },
};

static void
test_names (void)
{
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanServices) services = koban_services_load (NULL, &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *folded = koban_text_fold (cases[i].name);
      const KobanService *service = koban_services_match (services, folded);
      g_test_message ("%s", cases[i].name);
      g_assert_cmpstr (service != NULL ? service->id : NULL, ==, cases[i].id);
    }
}

static void
test_docomo_limits (void)
{
  g_autoptr(KobanServices) services = koban_services_load (NULL, NULL);
  const KobanService *docomo = koban_services_lookup (services, "docomo-kouza");

  g_assert_nonnull (docomo);
  g_assert_cmpint (docomo->category, ==, KOBAN_SERVICE_WALLET);
  g_assert_cmpint (docomo->charge_limit, ==, 100000);
  g_assert_cmpint (docomo->month_limit, ==, 300000);
  g_assert_cmpstr (docomo->currency, ==, "JPY");
  g_assert_cmpstr (docomo->countries[0], ==, "JP");
  g_assert_nonnull (docomo->revoke);
  g_assert_null (koban_services_lookup (services, "nobody"));
}

static void
test_prefixes_tell_the_type (void)
{
  static const struct
  {
    const char *text, *name;
    KobanTransactionType type;
  } rows[] = {
    { "KARTENZAHLUNG REWE SAGT DANKE", "REWE SAGT DANKE", KOBAN_TRANSACTION_CARD },
    { "PRLV SEPA EDF", "EDF", KOBAN_TRANSACTION_DIRECT_DEBIT },
    { "口座振替 デンキ", "デンキ", KOBAN_TRANSACTION_DIRECT_DEBIT },
    { "CHECKCARD 0412 KROGER", "KROGER", KOBAN_TRANSACTION_CARD },
    { "PURCHASE", "PURCHASE", KOBAN_TRANSACTION_CARD },
    { "CAFE HOPPE", "CAFE HOPPE", KOBAN_TRANSACTION_OTHER },
  };
  g_autoptr(KobanServices) services = koban_services_load (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *folded = koban_text_fold (rows[i].text);
      KobanTransactionType type = KOBAN_TRANSACTION_OTHER;
      g_assert_cmpstr (koban_services_skip_prefixes (services, folded, &type), ==, rows[i].name);
      g_assert_cmpint (type, ==, rows[i].type);
    }
}

static void
test_refused (void)
{
  static const char *const bad[] = {
    "{}",
    "{\"format\": 2, \"services\": []}",
    "{\"format\": 1, \"services\": [{\"id\": \"x\", \"name\": \"X\", \"category\": \"thief\", \"patterns\": "
    "[]}]}",
    "{\"format\": 1, \"services\": [{\"id\": \"x\", \"name\": \"X\", \"category\": \"wallet\", \"patterns\": "
    "[]}]}",
    "{\"format\": 1, \"services\": [{\"id\": \"x\", \"name\": \"X\", \"category\": \"wallet\","
    " \"patterns\": [{\"text\": \"X PAY\", \"confidence\": \"Z\", \"source\": \"s\"}]}]}",
    "{\"format\": 1, \"services\": [{\"id\": \"x\", \"name\": \"X\", \"category\": \"wallet\","
    " \"patterns\": [{\"text\": \"***\", \"confidence\": \"H\", \"source\": \"s\"}]}]}",
    "{\"format\": 1, \"prefixes\": {\"thief\": [\"A\"]}, \"services\": []}",
    "{\"format\": 1, \"words\": {\"thief\": [\"A\"]}, \"services\": []}",
  };
  g_autofree char *directory = g_dir_make_tmp ("services-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (directory, "own.json", NULL);
  const char *const directories[] = { directory, NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr(GError) error = NULL;
      g_assert_true (g_file_set_contents (path, bad[i], -1, NULL));
      g_test_message ("%s", bad[i]);
      g_assert_null (koban_services_load (directories, &error));
      g_assert_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID);
      g_assert_nonnull (strstr (error->message, "own.json"));
    }
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_autoptr(KobanServices) empty = koban_services_load (directories, NULL);
  g_assert_null (koban_services_match (empty, "PAYPAL"));
  g_assert_cmpint (g_rmdir (directory), ==, 0);
}

/* What no directory knows may still call itself a wallet, and a text may tell of a direct debit. */
static void
test_words (void)
{
  static const struct
  {
    const char *name;
    gboolean on_line, on_link, collects;
  } rows[] = {
    { "HALUKA PAY", TRUE, TRUE, FALSE },
    { "ﾊﾙｶﾍﾟｲ", TRUE, TRUE, FALSE },
    { "HALUKA CASH", FALSE, TRUE, FALSE }, /* CASH on a statement is cash */
    { "PAY HALUKA LTD", FALSE, FALSE, FALSE },
    { "HALUKA AUTO PAY", FALSE, FALSE, FALSE },
    { "HALUKA AUTOPAY", FALSE, FALSE, FALSE },
    { "コインパーキング", FALSE, FALSE, FALSE },
    { "WEBSERV ABO SEPA-LASTSCHRIFT MREF X94670", FALSE, FALSE, TRUE },
    { "HALUKA DES:FUNDING ID:1", FALSE, FALSE, TRUE },
    { "DESTINY CAFE", FALSE, FALSE, FALSE },
  };
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanServices) services = koban_services_load (NULL, &error);

  g_assert_no_error (error);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *folded = koban_text_fold (rows[i].name);
      g_test_message ("%s", rows[i].name);
      g_assert_cmpint (koban_services_sounds_like_wallet (services, folded, FALSE), ==, rows[i].on_line);
      g_assert_cmpint (koban_services_sounds_like_wallet (services, folded, TRUE), ==, rows[i].on_link);
      g_assert_cmpint (koban_services_names (services, KOBAN_WORD_COLLECTION, folded), ==, rows[i].collects);
    }
}

/* A trade that collects everywhere; no word by which subscription traps call themselves. */
static void
test_trades (void)
{
  static const struct
  {
    const char *name;
    gboolean trade, trap;
  } rows[] = { { "ENERGIE WILZEBA", TRUE, FALSE },       { "WILZEBA VERSICHERUNG AG", TRUE, FALSE },
               { "SPORTVEREIN LINDEN EV", TRUE, FALSE }, { "ｿﾝﾅﾎｹﾝ", TRUE, FALSE },
               { "OHIO DEPT TAX", TRUE, FALSE },         { "PRIVILEGE CLUB", FALSE, FALSE },
               { "GEWINNSPIEL ABO", FALSE, TRUE },       { "NEWSLETTER SERVICE SL", FALSE, TRUE },
               { "MEDIA SERVICES SL", FALSE, FALSE },    { "EVENT CAFE", FALSE, FALSE } };
  g_autoptr(KobanServices) services = koban_services_load (NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *folded = koban_text_fold (rows[i].name);
      g_test_message ("%s", folded);
      g_assert_cmpint (koban_services_names (services, KOBAN_WORD_TRADE, folded), ==, rows[i].trade);
      g_assert_cmpint (koban_services_names (services, KOBAN_WORD_TRAP, folded), ==, rows[i].trap);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/services/names", test_names);
  g_test_add_func ("/services/docomo-limits", test_docomo_limits);
  g_test_add_func ("/services/prefixes-tell-the-type", test_prefixes_tell_the_type);
  g_test_add_func ("/services/words", test_words);
  g_test_add_func ("/services/trades", test_trades);
  g_test_add_func ("/services/refused", test_refused);
  return g_test_run ();
}
