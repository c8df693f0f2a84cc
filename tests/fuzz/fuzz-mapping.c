/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any JSON as the answer to every request of every packaged profile: it becomes values or a refusal, and
 * where it names a next page, that is under our own base.
 */
#include "config.h"

#include "fuzz.h"
#include "bank/hearing.h"
#include "bank/mapping.h"
#include "bank/paging.h"

#define NOW_US (G_GINT64_CONSTANT (1725235200) * KOBAN_SECOND_US)
#define BASE "https://bank.example/v1"

static KobanAccount *
make_account (void)
{
  static const char *const variables[] = { "holder", "h", "type", "credit", NULL };
  const KobanAccount fields = { .identity = "number:1:EUR",
                                .remote_id = "a",
                                .name = "A",
                                .currency = KOBAN_CURRENCY ("EUR"),
                                .variables = variables };
  return koban_account_new (&fields);
}

static void
turn_page (KobanProfile *profile, KobanStep *step, KobanJsonNode root)
{
  KobanPage page = { .step = step, .root = root, .base_url = BASE, .profile_url = profile->base_url };
  g_autofree char *next = NULL;
  g_autoptr(GError) error = NULL;

  koban_map_page (step->request->listings->pdata[0], root, &page.n_rows, &page.last_id, &page.last_day);
  gboolean done = koban_paging_next (&page, &next, &error);
  g_assert_true (done == (error == NULL));
  if (next != NULL && step->request->paging.scheme == KOBAN_PAGING_NEXT_URL)
    g_assert_true (*next == '/' || *next == '?');
  g_autoptr(KobanStep) turned = next != NULL ? koban_step_turn (step, next, NULL) : NULL;
  g_assert_true (next != NULL || turned == NULL);
}

static void
hear (KobanProfile *profile, KobanRequestRule *request, KobanJsonNode root)
{
  g_autoptr(GHashTable) covered_to = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr(KobanHearing) hearing = koban_hearing_new (profile, covered_to, NOW_US);
  g_autoptr(KobanAccount) account = make_account ();
  g_autoptr(KobanStep) step =
    koban_step_new (KOBAN_STEP_LIST, request, request->per == KOBAN_PER_ACCOUNT ? account : NULL);
  g_autoptr(GError) error = NULL;
  GQueue none = G_QUEUE_INIT;

  g_ptr_array_add (hearing->accounts, koban_account_ref (account));
  koban_step_aim (step, NOW_US - 30 * KOBAN_DAY_US, NOW_US);
  step->path = g_strdup ("/list");
  if (!koban_hearing_take (hearing, step, root, &error))
    koban_hearing_fail (hearing, step, error);
  turn_page (profile, step, root);
  koban_hearing_announce (hearing);
  koban_hearing_settle (hearing, &none);
  g_ptr_array_unref (koban_hearing_hand_over (hearing));
}

static GPtrArray *
all_profiles (void)
{
  static KobanProfiles *profiles;
  if (profiles == NULL)
    profiles = koban_profiles_load (NULL);
  g_assert_cmpuint (koban_profiles_list (profiles)->len, >, 0);
  return koban_profiles_list (profiles);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr(KobanJson) json = koban_json_parse ((const char *) data, size, NULL);
  GPtrArray *profiles = all_profiles ();

  for (guint i = 0; json != NULL && i < profiles->len; i++)
    {
      KobanProfile *profile = profiles->pdata[i];
      for (guint r = 0; r < profile->requests->len; r++)
        hear (profile, profile->requests->pdata[r], koban_json_root (json));
    }
  return 0;
}
