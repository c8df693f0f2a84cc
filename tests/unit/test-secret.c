/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Secrets compare, bundle and come back byte for byte; the fake vault has a real one's troubles.
 */
#include "config.h"

#include <string.h>

#include <koban/error.h>
#include <koban/secret.h>

#include "fake-vault.h"

static void
test_values (void)
{
  g_autoptr(KobanSecret) a = koban_secret_new ("token", -1);
  g_autoptr(KobanSecret) same = koban_secret_new ("tokenXX", 5);
  g_autoptr(KobanSecret) longer = koban_secret_new ("token\0", 6);
  g_autoptr(KobanSecret) empty = koban_secret_new ("", 0);
  gsize length;

  g_assert_cmpstr (koban_secret_peek (a, &length), ==, "token");
  g_assert_cmpuint (length, ==, 5);
  g_assert_true (koban_secret_equal (a, same));
  g_assert_false (koban_secret_equal (a, longer));
  g_assert_false (koban_secret_equal (longer, a));
  g_assert_false (koban_secret_equal (a, empty));
  g_assert_false (koban_secret_equal (empty, a));
}

static void
test_bundle (void)
{
  g_autoptr(KobanSecret) odd = koban_secret_new ("a=b\n%\0\xff", 7);
  g_autoptr(KobanSecret) token = koban_secret_new ("abc", -1);
  g_autoptr(KobanSecret) one = koban_secret_bundle_with (NULL, "odd", odd);
  g_autoptr(KobanSecret) two = koban_secret_bundle_with (one, "token", token);
  g_autoptr(KobanSecret) replaced = koban_secret_bundle_with (two, "odd", token);
  g_autoptr(KobanSecret) removed = koban_secret_bundle_with (two, "odd", NULL);
  g_autoptr(KobanSecret) found = koban_secret_bundle_lookup (two, "odd");
  g_autoptr(KobanSecret) changed = koban_secret_bundle_lookup (replaced, "odd");

  g_assert_cmpstr (koban_secret_peek (two, NULL), ==, "odd=a%3Db%0A%25%00%FF\ntoken=abc\n");
  g_assert_true (koban_secret_equal (found, odd));
  g_assert_true (koban_secret_equal (changed, token));
  g_assert_cmpstr (koban_secret_peek (removed, NULL), ==, "token=abc\n");
  g_assert_null (koban_secret_bundle_lookup (removed, "odd"));
  g_assert_null (koban_secret_bundle_lookup (NULL, "odd"));
  g_assert_null (koban_secret_bundle_lookup (two, "od"));
}

static void
test_garbage (void)
{
  static const char *const items[] = { "t=%", "t=%4", "t=%zz", "t", "=", "\n\n", "%41=x" };

  for (gsize i = 0; i < G_N_ELEMENTS (items); i++)
    {
      g_autoptr(KobanSecret) item = koban_secret_new (items[i], -1);

      g_assert_null (koban_secret_bundle_lookup (item, "t"));
    }
}

static void
on_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static void
lookup (KobanFakeVault *vault, int code, const char *value)
{
  g_autoptr(GAsyncResult) result = NULL;
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanSecret) secret = NULL;

  koban_vault_lookup_async (KOBAN_VAULT (vault), KOBAN_SECRET_CONNECTION, "c1", NULL, on_done, &result);
  g_assert_null (result);
  while (result == NULL)
    g_main_context_iteration (NULL, TRUE);
  secret = koban_vault_lookup_finish (KOBAN_VAULT (vault), result, &error);
  if (value == NULL)
    g_assert_error (error, KOBAN_ERROR, code);
  else
    g_assert_cmpstr (koban_secret_peek (secret, NULL), ==, value);
}

static void
on_unlocked (KobanVault *vault, gpointer n)
{
  (*(guint *) n)++;
}

static void
test_fake_vault (void)
{
  g_autoptr(KobanFakeVault) vault = koban_fake_vault_new ();
  guint n_unlocked = 0;

  g_signal_connect (vault, "unlocked", G_CALLBACK (on_unlocked), &n_unlocked);
  lookup (vault, KOBAN_ERROR_NOT_FOUND, NULL);
  koban_fake_vault_put (vault, KOBAN_SECRET_CONNECTION, "c1", "token");
  koban_fake_vault_set_state (vault, KOBAN_FAKE_VAULT_LOCKED);
  lookup (vault, KOBAN_ERROR_LOCKED, NULL);
  koban_fake_vault_set_state (vault, KOBAN_FAKE_VAULT_ABSENT);
  lookup (vault, KOBAN_ERROR_NO_KEYRING, NULL);
  koban_fake_vault_set_state (vault, KOBAN_FAKE_VAULT_OPEN);
  lookup (vault, 0, "token");
  g_assert_cmpuint (n_unlocked, ==, 1);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/secret/values", test_values);
  g_test_add_func ("/secret/bundle", test_bundle);
  g_test_add_func ("/secret/garbage", test_garbage);
  g_test_add_func ("/secret/fake-vault", test_fake_vault);
  return g_test_run ();
}
