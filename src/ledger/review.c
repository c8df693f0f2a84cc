/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The past, told: everyone who ever took money, every link, and what looks odd, found by the same
 * detectors as if it had been watched. A review changes nothing; only the offer of one is an alert.
 */
#include "config.h"

#include "ledger/inside.h"

#include <koban/error.h>

#define WARM_UP_DAYS 30
#define YEAR_DAYS 365

/* --- who took money ------------------------------------------------------------------------------------ */

static GVariant *
payee_row (const KobanPayeeSum *payee)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *account = koban_row_id ('a', payee->account);
  g_autofree char *name = g_utf8_make_valid (payee->name, -1);
  g_autofree char *first = koban_date_format (payee->first);
  g_autofree char *last = koban_date_format (payee->last);
  g_autofree char *line = koban_row_id ('t', payee->line);

  g_variant_dict_insert (&row, "name", "s", name);
  if (payee->service != NULL)
    g_variant_dict_insert (&row, "service", "s", payee->service);
  g_variant_dict_insert (&row, "account", "s", account);
  g_variant_dict_insert (&row, "first", "s", first);
  g_variant_dict_insert (&row, "last", "s", last);
  g_variant_dict_insert (&row, "count", "x", payee->count);
  g_variant_dict_insert (&row, "total", "(xs)", payee->total.minor, payee->total.currency.code);
  g_variant_dict_insert (&row, "ref", "s", line);
  if (payee->answer != KOBAN_ANSWER_NONE)
    g_variant_dict_insert (&row, "answer", "s", koban_answer_name (payee->answer));
  return g_variant_dict_end (&row);
}

static GVariant *
payee_rows (GPtrArray *payees)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < payees->len; i++)
    g_variant_builder_add_value (&rows, payee_row (payees->pdata[i]));
  return g_variant_builder_end (&rows);
}

/* --- what looks odd ------------------------------------------------------------------------------------- */

static gboolean
add_words (KobanLedger *self, const char *sql, GHashTable *set, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", (gint64) KOBAN_ANSWER_MINE);
  while (koban_query_next (&query))
    {
      g_auto(GStrv) words = koban_row_get_words (koban_query_text (&query, 0));

      for (char **word = words; word != NULL && *word != NULL; word++)
        g_hash_table_add (set, g_strdup (*word));
    }
  return koban_query_finish (&query, error);
}

/* Ids of lines and links of which the person said: it was me. */
static GHashTable *
read_mine (KobanLedger *self, GError **error)
{
  static const char of_alerts[] = "SELECT refs FROM alert WHERE answer = ?";
  static const char of_links[] = "SELECT '[''l' || id || ''']' FROM link WHERE answer = ?";
  static const char of_lines[] = "SELECT '[''t' || id || ''']' FROM line WHERE answer = ?";
  g_autoptr(GHashTable) mine = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  return add_words (self, of_alerts, mine, error) && add_words (self, of_links, mine, error) &&
             add_words (self, of_lines, mine, error)
           ? g_steal_pointer (&mine)
           : NULL;
}

static GPtrArray *
fold_past (KobanLedger *self, KobanWariness wariness, GError **error)
{
  g_autoptr(GPtrArray) alerts = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);
  g_autoptr(KobanHabits) habits = koban_habits_new ();

  return koban_history_fold (self, KOBAN_HISTORY_AS_WATCHED, wariness, habits, alerts, error)
           ? g_steal_pointer (&alerts)
           : NULL;
}

static int
compare_alerts (gconstpointer a, gconstpointer b)
{
  const KobanAlert *one = *(const KobanAlert *const *) a, *other = *(const KobanAlert *const *) b;

  if (one->severity != other->severity)
    return one->severity > other->severity ? -1 : 1;
  if (one->opened_us != other->opened_us)
    return one->opened_us > other->opened_us ? -1 : 1;
  return one->kind < other->kind ? -1 : (one->kind > other->kind);
}

/* Worst first, the latest first among equals; without what was the person's own doing. */
static GPtrArray *
find_odd (KobanLedger *self, gint64 since_us, GError **error)
{
  g_autoptr(GPtrArray) alerts = fold_past (self, self->wariness, error);
  g_autoptr(GHashTable) mine = alerts != NULL ? read_mine (self, error) : NULL;
  g_autoptr(GPtrArray) odd = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_alert_unref);

  if (mine == NULL)
    return NULL;
  for (guint i = 0; i < alerts->len; i++)
    {
      KobanAlert *alert = alerts->pdata[i];

      if (alert->opened_us >= since_us && (alert->ref == NULL || !g_hash_table_contains (mine, alert->ref)))
        g_ptr_array_add (odd, koban_alert_ref (alert));
    }
  g_ptr_array_sort (odd, compare_alerts);
  return g_steal_pointer (&odd);
}

/* The day by which banks of the account's currency want to have heard of it, by the shortest rule; 0: not
 * known. */
static gint64
claim_until_us (KobanLedger *self, const KobanAlert *alert)
{
  gint64 least = 0, most = 0;

  if (!alert->has_total || self->claims == NULL ||
      !g_variant_lookup (self->claims, alert->total.currency.code, "(xx)", &least, &most))
    return 0;
  return alert->opened_us + least * KOBAN_DAY_US;
}

/* These were never told: they have no id, no incident and no state. */
static GVariant *
odd_rows (KobanLedger *self, GPtrArray *odd)
{
  GVariantBuilder rows;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < odd->len; i++)
    {
      g_autoptr(GVariant) value = g_variant_ref_sink (koban_alert_to_variant (odd->pdata[i]));
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (value);

      gint64 until_us = claim_until_us (self, odd->pdata[i]);

      g_variant_dict_remove (&row, "incident");
      if (until_us != 0)
        g_variant_dict_insert (&row, "claim_until", "x", until_us);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

/* --- how many each setting would have told ----------------------------------------------------------------
 */

/* From the end of the first weeks to the last line. */
static gboolean
count_days (KobanLedger *self, gint64 *days, GError **error)
{
  static const char sql[] = "SELECT max (date) - min (date) FROM line WHERE date IS NOT NULL";
  g_auto(KobanQuery) query = { 0 };

  *days = 0;
  koban_query_start (&query, self->store, sql, "");
  if (koban_query_next (&query))
    *days = MAX (koban_query_int (&query, 0) - WARM_UP_DAYS, 0);
  return koban_query_finish (&query, error);
}

/* One incident is one notification. */
static gint64
count_incidents (GPtrArray *alerts)
{
  g_autoptr(GHashTable) incidents = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < alerts->len; i++)
    g_hash_table_add (incidents, (gpointer) ((const KobanAlert *) alerts->pdata[i])->incident);
  return g_hash_table_size (incidents);
}

static GVariant *
list_settings (KobanLedger *self, gint64 days, GError **error)
{
  static const char *const names[] = {
    [KOBAN_WARINESS_QUIET] = "quiet", [KOBAN_WARINESS_NORMAL] = "normal", [KOBAN_WARINESS_WARY] = "wary"
  };
  g_auto(GVariantDict) settings = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; days >= WARM_UP_DAYS && i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr(GPtrArray) alerts = fold_past (self, (KobanWariness) i, error);

      if (alerts == NULL)
        return NULL;
      g_variant_dict_insert (&settings, names[i], "x",
                             (count_incidents (alerts) * YEAR_DAYS + days / 2) / days);
    }
  return g_variant_dict_end (&settings);
}

/* --- the review --------------------------------------------------------------------------------------------
 */

static GVariant *
list_links (KobanLedger *self, GError **error)
{
  g_autoptr(GVariant) all = g_variant_ref_sink (g_variant_new_parsed ("{'all': <true>}"));
  GVariant *links = koban_ledger_list (self, KOBAN_LIST_LINKS, all, error);

  return links != NULL ? g_variant_ref_sink (links) : NULL;
}

static gboolean
add_parts (KobanLedger *self, gint64 since_us, gint64 days, GVariantDict *review, GError **error)
{
  g_autoptr(GHashTable) of_line = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr(GPtrArray) payees = koban_payees_read (self, since_us, of_line, error);
  g_autoptr(GPtrArray) odd = payees != NULL ? find_odd (self, since_us, error) : NULL;
  g_autoptr(GVariant) links = odd != NULL ? list_links (self, error) : NULL;
  GVariant *settings = links != NULL ? list_settings (self, days, error) : NULL;

  if (settings == NULL)
    return FALSE;
  g_variant_dict_insert_value (review, "settings", settings);
  g_variant_dict_insert_value (review, "payees", payee_rows (payees));
  g_variant_dict_insert_value (review, "links", links);
  g_variant_dict_insert_value (review, "odd", odd_rows (self, odd));
  g_variant_dict_insert_value (review, "questions", koban_questions_ask (odd, links, payees, of_line));
  return TRUE;
}

GVariant *
koban_ledger_review (KobanLedger *self, GVariant *filter, GError **error)
{
  g_autoptr(GVariant) asked = filter != NULL ? g_variant_ref_sink (filter) : NULL;
  g_auto(GVariantDict) review = G_VARIANT_DICT_INIT (NULL);
  gint64 since_us = 0, days = 0;

  koban_ledger_assert_thread (self);
  if (asked != NULL)
    g_variant_lookup (asked, "since", "x", &since_us);
  if (!count_days (self, &days, error))
    return NULL;
  g_variant_dict_insert (&review, "days", "x", days);
  return add_parts (self, since_us, days, &review, error) ? g_variant_dict_end (&review) : NULL;
}

/* --- the offer
 * ---------------------------------------------------------------------------------------------- */

/* An account that another connection shows, or once showed, brings no history that is new. */
static GHashTable *
read_new_accounts (KobanLedger *self, gint64 connection, GError **error)
{
  static const char sql[] = "SELECT account FROM shown s WHERE connection = ?1 AND NOT EXISTS"
                            " (SELECT 1 FROM shown o WHERE o.account = s.account AND o.connection <> ?1)";
  g_autoptr(GHashTable) accounts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "i", connection);
  while (koban_query_next (&query))
    g_hash_table_add (accounts, koban_row_id ('a', koban_query_int (&query, 0)));
  return koban_query_finish (&query, error) ? g_steal_pointer (&accounts) : NULL;
}

typedef struct
{
  gint64 payees, odd, strong;
} Findings;

static gboolean
is_of (GHashTable *accounts, const KobanPayeeSum *payee)
{
  g_autofree char *account = koban_row_id ('a', payee->account);

  return g_hash_table_contains (accounts, account);
}

gboolean
koban_ledger_get_claims (KobanLedger *self,
                         const char *connection,
                         gint64 *shortest,
                         gint64 *longest,
                         GError **error)
{
  g_autoptr(GPtrArray) accounts = koban_ledger_get_accounts (self, connection, error);

  *shortest = *longest = 0;
  for (guint i = 0; accounts != NULL && self->claims != NULL && i < accounts->len; i++)
    {
      const KobanAccount *account = accounts->pdata[i];
      gint64 least = 0, most = 0;

      if (!g_variant_lookup (self->claims, account->currency.code, "(xx)", &least, &most))
        continue;
      *shortest = *shortest == 0 ? least : MIN (*shortest, least);
      *longest = MAX (*longest, most);
    }
  return accounts != NULL;
}

/* What lies longer back than any bank's rule reaches is not urgent. @longest 0: no rule is known. */
static gboolean
can_be_claimed (const KobanAlert *alert, gint64 now_us, gint64 longest)
{
  return longest == 0 || alert->opened_us >= now_us - longest * KOBAN_DAY_US;
}

static gboolean
find (KobanLedger *self, GHashTable *accounts, gint64 now_us, gint64 longest, Findings *found, GError **error)
{
  g_autoptr(GPtrArray) payees = koban_payees_read (self, 0, NULL, error);
  g_autoptr(GPtrArray) odd = payees != NULL ? find_odd (self, 0, error) : NULL;

  if (odd == NULL)
    return FALSE;
  for (guint i = 0; i < payees->len; i++)
    found->payees += is_of (accounts, payees->pdata[i]) ? 1 : 0;
  for (guint i = 0; i < odd->len; i++)
    {
      const KobanAlert *alert = odd->pdata[i];

      if (alert->account == NULL || !g_hash_table_contains (accounts, alert->account))
        continue;
      found->odd++;
      found->strong += alert->severity == KOBAN_SEVERITY_CRITICAL && can_be_claimed (alert, now_us, longest);
    }
  return TRUE;
}

static KobanAlert *
offer (const char *connection, const Findings *found, gint64 now_us)
{
  GVariant *reason =
    found->strong > 0
      ? koban_reason_new ("review_strong", "count", "x", found->strong, "payees", "x", found->payees, NULL)
      : koban_reason_new ("review", "count", "x", found->odd, "payees", "x", found->payees, NULL);

  return koban_alert_new_freshness (KOBAN_REVIEW_KEY, connection,
                                    found->strong > 0 ? KOBAN_SEVERITY_WARNING : KOBAN_SEVERITY_NOTICE,
                                    reason, now_us);
}

gboolean
koban_ledger_offer_review (KobanLedger *self, const char *connection, gint64 now_us, GError **error)
{
  gint64 id = koban_connection_find (self, connection, error);
  g_autofree char *shown = koban_row_id ('c', id);
  g_autoptr(GHashTable) accounts = id != 0 ? read_new_accounts (self, id, error) : NULL;
  g_autoptr(KobanAlert) alert = NULL;
  Findings found = { 0 };
  gint64 shortest, longest;

  koban_ledger_assert_thread (self);
  if (accounts == NULL || !koban_ledger_get_claims (self, connection, &shortest, &longest, error) ||
      !find (self, accounts, now_us, longest, &found, error))
    return FALSE;
  if (found.payees == 0)
    return TRUE;
  alert = offer (shown, &found, now_us);
  return koban_ledger_raise (self, alert, now_us, NULL, error);
}
