/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What is known of an incident, gathered for whoever writes a dossier or counts a deadline: facts as they
 * are stored, and no judgement. And what the person did about it: notes, which are entries of the journal
 * and nothing else.
 */
#include "config.h"

#include "ledger/inside.h"

#include <glib/gi18n-lib.h>
#include <koban/error.h>
#include <koban/text.h>
#include <string.h>

#define BALANCE_DAYS 30 /* of balances before the first event and after the last */

/* --- which incident ------------------------------------------------------------------------------------ */

typedef struct
{
  KobanLedger *ledger; /* (unowned) */
  gint64 id, account;  /* @account 0: of none */
  gint64 opened_us;
  char *code;            /* (owned) */
  GVariant *alerts;      /* (owned): aa{sv} */
  GHashTable *about;     /* (owned): the names that the journal knows it by */
  GPtrArray *lines;      /* (owned) (element-type KobanTransaction): its debits, oldest first */
  GPtrArray *links;      /* (owned) (element-type utf8): ids */
  KobanDate first, last; /* days of its debits; KOBAN_NO_DATE: there are none */
} Case;

static void
case_clear (Case *self)
{
  g_free (self->code);
  g_clear_pointer (&self->alerts, g_variant_unref);
  g_clear_pointer (&self->about, g_hash_table_unref);
  g_clear_pointer (&self->lines, g_ptr_array_unref);
  g_clear_pointer (&self->links, g_ptr_array_unref);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Case, case_clear)

static gboolean
find_incident (Case *self, const char *id, GError **error)
{
  static const char sql[] = "SELECT code, opened_us, account FROM incident WHERE id = ?";
  g_auto(KobanQuery) query = { 0 };
  gint64 number = 0;

  if (koban_row_parse_id (id, 'i', &number))
    {
      koban_query_start (&query, self->ledger->store, sql, "i", number);
      if (koban_query_next (&query))
        {
          self->id = number;
          self->code = g_strdup (koban_query_text (&query, 0));
          self->opened_us = koban_query_int (&query, 1);
          self->account = koban_query_int (&query, 2);
        }
      if (!koban_query_finish (&query, error))
        return FALSE;
    }
  if (self->id != 0)
    return TRUE;
  g_autofree char *shown = koban_text_clean (id, 40);
  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_NOT_FOUND, _("There is no incident “%s”"), shown);
  return FALSE;
}

static GVariant *
list_by (KobanLedger *ledger, KobanList list, const char *key, const char *id, GError **error)
{
  g_auto(GVariantDict) filter = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&filter, key, "s", id);
  g_variant_dict_insert (&filter, "all", "b", TRUE);
  GVariant *rows = koban_ledger_list (ledger, list, g_variant_dict_end (&filter), error);
  return rows != NULL ? g_variant_ref_sink (rows) : NULL;
}

static KobanDate
day_of (const KobanTransaction *line)
{
  return line->date != KOBAN_NO_DATE ? line->date : koban_date_from_us (line->first_seen_us, 0);
}

static int
compare_numbers (gint64 a, gint64 b)
{
  return (a > b) - (a < b);
}

/* By day, and within it by the bank's time and the order in which they were heard. */
static int
compare_lines (gconstpointer a, gconstpointer b)
{
  const KobanTransaction *one = *(KobanTransaction *const *) a, *two = *(KobanTransaction *const *) b;
  gint64 number_one = 0, number_two = 0;
  int order = compare_numbers (day_of (one), day_of (two));

  if (order == 0)
    order = compare_numbers (one->time_us, two->time_us);
  koban_row_parse_id (one->id, 't', &number_one);
  koban_row_parse_id (two->id, 't', &number_two);
  return order != 0 ? order : compare_numbers (number_one, number_two);
}

/* A debit of the incident; what came back into the account is none. */
static gboolean
take_ref (Case *self, const char *ref, GError **error)
{
  g_autoptr(GError) local_error = NULL;
  gint64 id = 0, account = 0;

  if (!g_hash_table_add (self->about, g_strdup (ref)))
    return TRUE;
  if (koban_row_parse_id (ref, 'l', &id))
    g_ptr_array_add (self->links, g_strdup (ref));
  if (!koban_row_parse_id (ref, 't', &id))
    return TRUE;
  KobanTransaction *line = koban_line_load (self->ledger, id, &account, &local_error);
  if (line != NULL)
    g_ptr_array_add (self->lines, line);
  if (local_error != NULL)
    g_propagate_error (error, g_steal_pointer (&local_error));
  self->account = self->account != 0 ? self->account : account;
  return line != NULL || *error == NULL;
}

static gboolean
take_alert (Case *self, GVariant *alert, GError **error)
{
  g_autofree const char **refs = NULL;
  const char *id = NULL;

  if (g_variant_lookup (alert, "id", "&s", &id))
    g_hash_table_add (self->about, g_strdup (id));
  if (!g_variant_lookup (alert, "refs", "^a&s", &refs))
    return TRUE;
  for (const char **ref = refs; *ref != NULL; ref++)
    if (!take_ref (self, *ref, error))
      return FALSE;
  return TRUE;
}

static void
take_days (Case *self)
{
  self->first = self->last = KOBAN_NO_DATE;
  for (guint i = 0; i < self->lines->len; i++)
    {
      const KobanTransaction *line = self->lines->pdata[i];

      if (line->amount.minor >= 0 || line->state == KOBAN_TRANSACTION_WITHDRAWN)
        continue;
      self->first = self->first != KOBAN_NO_DATE ? self->first : day_of (line);
      self->last = day_of (line);
    }
}

static gboolean
case_load (Case *self, KobanLedger *ledger, const char *id, GError **error)
{
  g_autoptr(GError) local_error = NULL;

  self->ledger = ledger;
  self->about = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->lines = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_transaction_unref);
  self->links = g_ptr_array_new_with_free_func (g_free);
  if (find_incident (self, id, error))
    self->alerts = list_by (ledger, KOBAN_LIST_ALERTS, "incident", id, error);
  if (self->alerts == NULL)
    return FALSE;
  g_hash_table_add (self->about, g_strdup (id));
  g_hash_table_add (self->about, g_strdup (self->code));
  for (gsize i = 0; i < g_variant_n_children (self->alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (self->alerts, i);

      if (!take_alert (self, alert, &local_error))
        {
          g_propagate_error (error, g_steal_pointer (&local_error));
          return FALSE;
        }
    }
  g_ptr_array_sort (self->lines, compare_lines);
  take_days (self);
  return TRUE;
}

/* --- notes -------------------------------------------------------------------------------------------- */

static const char *const parties[] = { "bank", "wallet", "police", "other", NULL };

static gboolean
refuse (GError **error, const char *sentence)
{
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, sentence);
  return FALSE;
}

/* The credit that is said to pay back: one of the same account. */
static gboolean
check_repaid (Case *self, const char *credit, GError **error)
{
  gint64 id = 0, account = 0;
  g_autoptr(KobanTransaction) line = NULL;

  if (koban_row_parse_id (credit, 't', &id))
    line = koban_line_load (self->ledger, id, &account, NULL);
  if (line == NULL || account != self->account || line->amount.minor <= 0)
    return refuse (error, _("What is repaid is a credit (like t12) on the account of the incident."));
  return TRUE;
}

static gboolean
check_note (Case *self, GVariantDict *note, gint64 now_us, GError **error)
{
  const char *to = NULL, *repaid = NULL;
  gint64 at_us = now_us;

  if (!g_variant_dict_lookup (note, "to", "&s", &to) || !g_strv_contains (parties, to))
    return refuse (error, _("A note is to one of: bank, wallet, police, other."));
  g_variant_dict_lookup (note, "at", "x", &at_us);
  if (at_us <= 0 || at_us > now_us)
    return refuse (error, _("A note is of something that has happened."));
  return !g_variant_dict_lookup (note, "repaid", "&s", &repaid) || check_repaid (self, repaid, error);
}

static gboolean
write_note (Case *self, GVariantDict *note, const char *incident, gint64 now_us, GError **error)
{
  const char *to = NULL, *who = NULL, *ref = NULL, *text = NULL, *repaid = NULL;
  gint64 at_us = now_us;

  g_variant_dict_lookup (note, "to", "&s", &to);
  g_variant_dict_lookup (note, "at", "x", &at_us);
  g_variant_dict_lookup (note, "who", "&s", &who);
  g_variant_dict_lookup (note, "ref", "&s", &ref);
  g_variant_dict_lookup (note, "text", "&s", &text);
  g_variant_dict_lookup (note, "repaid", "&s", &repaid);
  return koban_journal_note (self->ledger, now_us, error, KOBAN_JOURNAL_NOTE, "incident", "s", incident, "to",
                             "s", to, "at", "x", at_us, "who", "s", who, "ref", "s", ref, "text", "s", text,
                             "repaid", "s", repaid, NULL);
}

gboolean
koban_ledger_note (KobanLedger *self, const char *incident, GVariant *note, gint64 now_us, GError **error)
{
  g_autoptr(GVariant) given = g_variant_ref_sink (note);
  g_auto(GVariantDict) dict = G_VARIANT_DICT_INIT (given);
  g_auto(Case) noted = { 0 };

  koban_ledger_assert_thread (self);
  if (!case_load (&noted, self, incident, error) || !check_note (&noted, &dict, now_us, error) ||
      !koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, write_note (&noted, &dict, incident, now_us, error), error);
}

gboolean
koban_ledger_note_export (KobanLedger *self,
                          const char *incident,
                          const char *sha256,
                          const char *format,
                          gint64 now_us,
                          GError **error)
{
  g_auto(Case) exported = { 0 };

  koban_ledger_assert_thread (self);
  if (!case_load (&exported, self, incident, error) || !koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self,
                           koban_journal_note (self, now_us, error, KOBAN_JOURNAL_EXPORTED, "incident", "s",
                                               incident, "sha256", "s", sha256, "format", "s", format, NULL),
                           error);
}

/* aa{sv}: payloads of the incident's notes, oldest first. */
static GVariant *
read_notes (KobanLedger *self, const char *incident, GError **error)
{
  static const char sql[] =
    "SELECT payload FROM journal WHERE kind = '" KOBAN_JOURNAL_NOTE "' AND payload IS NOT NULL ORDER BY id";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autoptr(GVariant) payload = koban_row_get_variant (koban_query_text (&query, 0), "a{sv}");
      const char *of = NULL;

      if (payload != NULL && g_variant_lookup (payload, "incident", "&s", &of) && g_str_equal (of, incident))
        g_variant_builder_add_value (&rows, payload);
    }
  return koban_query_finish (&query, error) ? g_variant_ref_sink (g_variant_builder_end (&rows)) : NULL;
}

/* What notes say was paid back, each credit once. */
static KobanMoney
sum_repaid (KobanLedger *self, GVariant *notes, KobanCurrency currency)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  KobanMoney sum = { 0, currency };

  for (gsize i = 0; i < g_variant_n_children (notes); i++)
    {
      g_autoptr(GVariant) note = g_variant_get_child_value (notes, i);
      const char *credit = NULL;
      gint64 id = 0, account;

      if (!g_variant_lookup (note, "repaid", "&s", &credit) || !g_hash_table_add (seen, (gpointer) credit) ||
          !koban_row_parse_id (credit, 't', &id))
        continue;
      g_autoptr(KobanTransaction) line = koban_line_load (self, id, &account, NULL);
      if (line != NULL)
        (void) !koban_money_add (sum, line->amount, &sum);
    }
  return sum;
}

/* --- sums and names ---------------------------------------------------------------------------------------
 */

static KobanMoney
sum_debits (Case *self)
{
  KobanMoney sum = { 0 };
  gboolean first = TRUE;

  for (guint i = 0; i < self->lines->len; i++)
    {
      const KobanTransaction *line = self->lines->pdata[i];

      if (line->amount.minor >= 0 || line->state == KOBAN_TRANSACTION_WITHDRAWN)
        continue;
      if (first)
        sum.currency = line->amount.currency;
      first = FALSE;
      (void) !koban_money_add (sum, line->amount, &sum);
    }
  return sum;
}

static void
insert_money (GVariantDict *row, const char *key, KobanMoney money)
{
  g_variant_dict_insert (row, key, "(xs)", money.minor, money.currency.code);
}

static void
insert_day (GVariantDict *row, const char *key, KobanDate day)
{
  g_autofree char *text = day != KOBAN_NO_DATE ? koban_date_format (day) : NULL;

  if (text != NULL)
    g_variant_dict_insert (row, key, "s", text);
}

static void
insert_text (GVariantDict *row, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (row, key, "s", text);
}

static void
insert_time (GVariantDict *row, const char *key, gint64 at_us)
{
  if (at_us != 0)
    g_variant_dict_insert (row, key, "x", at_us);
}

/* The other side's name without what changes from line to line. */
static char *
payee_key (const KobanTransaction *line)
{
  char *folded = koban_text_fold (koban_transaction_get_name (line));
  char *to = folded;

  for (const char *from = folded; *from != '\0'; from++)
    if (!g_ascii_isdigit (*from))
      *to++ = *from;
  *to = '\0';
  return g_strchomp (folded);
}

static const char *
service_of (Case *self, const KobanTransaction *line)
{
  return koban_row_service (self->ledger, line->text, line->payee);
}

/* --- the claims -------------------------------------------------------------------------------------------
 */

static void
insert_services (Case *self, GVariantDict *row)
{
  g_autoptr(GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto(GVariantBuilder) services = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_auto(GVariantBuilder) types = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));

  for (guint i = 0; i < self->lines->len; i++)
    {
      const char *service = service_of (self, self->lines->pdata[i]);
      const char *type = koban_transaction_type_name (((KobanTransaction *) self->lines->pdata[i])->type);

      if (service != NULL && g_hash_table_add (seen, (gpointer) service))
        g_variant_builder_add (&services, "s", service);
      if (g_hash_table_add (seen, (gpointer) type))
        g_variant_builder_add (&types, "s", type);
    }
  for (gsize i = 0; i < g_variant_n_children (self->alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (self->alerts, i);
      const char *service = NULL;

      if (g_variant_lookup (alert, "service", "&s", &service) && !g_hash_table_contains (seen, service))
        {
          g_hash_table_add (seen, (gpointer) service);
          g_variant_builder_add (&services, "s", service);
        }
    }
  g_variant_dict_insert_value (row, "services", g_variant_builder_end (&services));
  g_variant_dict_insert_value (row, "types", g_variant_builder_end (&types));
}

/* What a rule can call the bank: the provider, and what the person calls the connection. */
static gboolean
insert_banks (Case *self, GVariantDict *row, GError **error)
{
  static const char sql[] = "SELECT provider, name FROM connection WHERE id IN (SELECT connection FROM shown"
                            " WHERE account = ?) ORDER BY id";
  g_auto(GVariantBuilder) banks = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", self->account);
  while (koban_query_next (&query))
    {
      g_variant_builder_add (&banks, "s", koban_query_text (&query, 0));
      g_variant_builder_add (&banks, "s", koban_query_text (&query, 1));
    }
  g_variant_dict_insert_value (row, "banks", g_variant_builder_end (&banks));
  return koban_query_finish (&query, error);
}

/* The worst answer: what one alert is not theirs, the incident is not. */
static const char *
answer_of (GVariant *alerts)
{
  const char *said = NULL;

  for (gsize i = 0; i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, i);
      const char *answer = NULL;

      if (g_variant_lookup (alert, "answer", "&s", &answer) && g_strcmp0 (said, "not-mine") != 0)
        said = g_str_equal (answer, "not-mine") ? "not-mine"
               : g_str_equal (answer, "unsure") ? "unsure"
               : said != NULL                   ? said
                                                : "mine";
    }
  return said;
}

static gboolean
describe_claim (Case *self, GVariantDict *row, GError **error)
{
  g_autofree char *id = koban_row_id ('i', self->id), *account = koban_row_id ('a', self->account);
  g_autoptr(GVariant) notes = read_notes (self->ledger, id, error);
  KobanMoney total = sum_debits (self);

  if (notes == NULL)
    return FALSE;
  g_variant_dict_insert (row, "incident", "s", id);
  g_variant_dict_insert (row, "code", "s", self->code);
  insert_text (row, "account", account);
  insert_day (row, "first", self->first);
  insert_day (row, "last", self->last);
  g_variant_dict_insert (row, "noticed", "x", self->opened_us);
  insert_text (row, "answer", answer_of (self->alerts));
  insert_services (self, row);
  if (!insert_banks (self, row, error))
    return FALSE;
  if (total.minor != 0)
    {
      insert_money (row, "total", total);
      insert_money (row, "repaid", sum_repaid (self->ledger, notes, total.currency));
    }
  g_variant_dict_insert_value (row, "notes", notes);
  return TRUE;
}

/* Incidents of somebody's deed that money left in, and that the person did not call their own. */
static GPtrArray *
list_claimable (KobanLedger *self, GError **error)
{
  static const char sql[] =
    "SELECT id FROM incident WHERE EXISTS (SELECT 1 FROM alert WHERE incident = incident.id AND kind < 3"
    " AND (answer IN (2, 3) OR (answer = 0 AND severity > 0 AND state < 3))) ORDER BY id";
  g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func (g_free);
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    g_ptr_array_add (ids, koban_row_id ('i', koban_query_int (&query, 0)));
  return koban_query_finish (&query, error) ? g_steal_pointer (&ids) : NULL;
}

GVariant *
koban_ledger_list_claims (KobanLedger *self, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GPtrArray) ids = NULL;

  koban_ledger_assert_thread (self);
  ids = list_claimable (self, error);
  for (guint i = 0; ids != NULL && i < ids->len; i++)
    {
      g_auto(Case) claim = { 0 };
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      if (!case_load (&claim, self, ids->pdata[i], error) || !describe_claim (&claim, &row, error))
        return NULL;
      if (claim.first != KOBAN_NO_DATE)
        g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return ids != NULL ? g_variant_builder_end (&rows) : NULL;
}

/* --- events: running balances and bounds ---------------------------------------------------------------- */

/* The last balance that the bank told, and when. */
typedef struct
{
  gboolean known;
  KobanMoney booked;
  gint64 heard_us;
} Anchor;

static gboolean
read_anchor (Case *self, Anchor *anchor, GError **error)
{
  static const char sql[] = "SELECT booked, booked_currency, until_us FROM balance WHERE account = ?"
                            " AND booked IS NOT NULL ORDER BY heard_us DESC LIMIT 1";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", self->account);
  if (koban_query_next (&query))
    {
      anchor->known = koban_query_money (&query, 0, &anchor->booked);
      anchor->heard_us = koban_query_int (&query, 2);
    }
  return koban_query_finish (&query, error);
}

/* What was booked after @line and heard before the balance. */
static gboolean
sum_later (Case *self, const KobanTransaction *line, const Anchor *anchor, gint64 *sum, GError **error)
{
  static const char sql[] =
    "SELECT coalesce (sum (amount), 0) FROM line WHERE account = ?1 AND state = 1 AND currency = ?2"
    " AND first_seen_us <= ?3 AND (date, coalesce (time_us, 0), id) > (?4, ?5, ?6)";
  g_auto(KobanQuery) query = { 0 };
  gint64 id = 0;

  koban_row_parse_id (line->id, 't', &id);
  koban_query_start (&query, self->ledger->store, sql, "isiiii", self->account, line->amount.currency.code,
                     anchor->heard_us, (gint64) line->date, line->time_us, id);
  if (koban_query_next (&query))
    *sum = koban_query_int (&query, 0);
  return koban_query_finish (&query, error);
}

/* The bank's own running balance, or one that is counted back from the last balance it told. */
static gboolean
insert_balances (Case *self,
                 const KobanTransaction *line,
                 const Anchor *anchor,
                 GVariantDict *row,
                 GError **error)
{
  KobanMoney after = line->balance_after, taken = { -line->amount.minor, line->amount.currency }, before;
  gint64 later = 0;

  if (!line->has_balance_after)
    {
      if (!anchor->known || line->date == KOBAN_NO_DATE || line->state != KOBAN_TRANSACTION_BOOKED ||
          !koban_currency_equal (anchor->booked.currency, line->amount.currency))
        return TRUE;
      if (!sum_later (self, line, anchor, &later, error))
        return FALSE;
      after = (KobanMoney){ anchor->booked.minor - later, line->amount.currency };
      insert_money (row, "balance_after", after);
      g_variant_dict_insert (row, "balance_counted", "x", anchor->heard_us);
    }
  if (koban_money_add (after, taken, &before))
    insert_money (row, "balance_before", before);
  return TRUE;
}

static gboolean
insert_unseen (Case *self, const char *sql, gint64 id, GVariantDict *row, GError **error)
{
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", id);
  if (koban_query_next (&query))
    insert_time (row, "unseen", koban_query_int (&query, 0));
  return koban_query_finish (&query, error);
}

static GVariant *
describe_event (Case *self, const KobanTransaction *line, const Anchor *anchor, GError **error)
{
  static const char unseen[] = "SELECT unseen_us FROM line WHERE id = ?";
  g_autoptr(GVariant) rows = list_by (self->ledger, KOBAN_LIST_TRANSACTIONS, "id", line->id, error);
  g_autoptr(GVariant) known =
    rows != NULL && g_variant_n_children (rows) == 1 ? g_variant_get_child_value (rows, 0) : NULL;
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (known);
  gint64 id = 0;

  if (rows == NULL)
    return NULL;
  koban_row_parse_id (line->id, 't', &id);
  insert_text (&row, "bank_id", line->bank_id);
  insert_text (&row, "pending_id", line->pending_id);
  insert_text (&row, "type", koban_transaction_type_name (line->type));
  insert_text (&row, "counterparty", line->counterparty_id);
  insert_text (&row, "mandate", line->mandate_ref);
  if (!insert_balances (self, line, anchor, &row, error) || !insert_unseen (self, unseen, id, &row, error))
    return NULL;
  return g_variant_dict_end (&row);
}

static GVariant *
list_events (Case *self, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  Anchor anchor = { 0 };

  if (!read_anchor (self, &anchor, error))
    return NULL;
  for (guint i = 0; i < self->lines->len; i++)
    {
      GVariant *row = describe_event (self, self->lines->pdata[i], &anchor, error);

      if (row == NULL)
        return NULL;
      g_variant_builder_add_value (&rows, row);
    }
  return g_variant_builder_end (&rows);
}

/* --- links ------------------------------------------------------------------------------------------------
 */

static GVariant *
describe_link (Case *self, const char *id, GError **error)
{
  static const char unseen[] = "SELECT unseen_us FROM link WHERE id = ?";
  g_autoptr(GVariant) rows = list_by (self->ledger, KOBAN_LIST_LINKS, "id", id, error);
  g_autoptr(GVariant) known =
    rows != NULL && g_variant_n_children (rows) == 1 ? g_variant_get_child_value (rows, 0) : NULL;
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (known);
  g_autofree char *remote = known != NULL ? koban_ledger_get_remote_id (self->ledger, id) : NULL;
  gint64 number = 0;

  if (rows == NULL)
    return NULL;
  koban_row_parse_id (id, 'l', &number);
  insert_text (&row, "bank_id", remote);
  return insert_unseen (self, unseen, number, &row, error) ? g_variant_dict_end (&row) : NULL;
}

/* Those that the alerts name, and those that took the money: of the same account, by the service's name. */
static gboolean
add_links_of_services (Case *self, GError **error)
{
  static const char sql[] =
    "SELECT id FROM link WHERE account = ?1 AND (service = ?2 OR name = ?3) ORDER BY id";

  for (guint i = 0; i < self->lines->len; i++)
    {
      const KobanTransaction *line = self->lines->pdata[i];
      g_auto(KobanQuery) query = { 0 };

      koban_query_start (&query, self->ledger->store, sql, "iss", self->account, service_of (self, line),
                         koban_transaction_get_name (line));
      while (koban_query_next (&query))
        {
          char *id = koban_row_id ('l', koban_query_int (&query, 0));

          if (g_hash_table_add (self->about, g_strdup (id)))
            g_ptr_array_add (self->links, g_steal_pointer (&id));
          g_free (id);
        }
      if (!koban_query_finish (&query, error))
        return FALSE;
    }
  return TRUE;
}

static GVariant *
list_links (Case *self, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  if (!add_links_of_services (self, error))
    return NULL;
  for (guint i = 0; i < self->links->len; i++)
    {
      GVariant *row = describe_link (self, self->links->pdata[i], error);

      if (row == NULL)
        return NULL;
      g_variant_builder_add_value (&rows, row);
    }
  return g_variant_builder_end (&rows);
}

/* --- what was told
 * ------------------------------------------------------------------------------------------ */

static GVariant *
list_deliveries (Case *self, GError **error)
{
  static const char sql[] =
    "SELECT channel, queued_us, sent_us, attempts, why FROM outbox WHERE incident = ? ORDER BY id";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", self->id);
  while (koban_query_next (&query))
    {
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&row, "channel", "s", koban_query_text (&query, 0));
      insert_time (&row, "queued", koban_query_int (&query, 1));
      insert_time (&row, "sent", koban_query_int (&query, 2));
      g_variant_dict_insert (&row, "attempts", "x", koban_query_int (&query, 3));
      insert_text (&row, "why", koban_query_text (&query, 4));
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* --- the past
 * ----------------------------------------------------------------------------------------------- */

typedef struct
{
  char *key;           /* (owned) */
  const char *service; /* (nullable) */
  const KobanTransaction *line;
  gint64 earlier;
  KobanDate first;
} Payee;

static void
payee_clear (gpointer data)
{
  g_free (((Payee *) data)->key);
}

static gboolean
is_same_payee (const Payee *payee, const char *key, const char *service)
{
  return g_str_equal (payee->key, key) || (service != NULL && g_strcmp0 (payee->service, service) == 0);
}

static GArray *
list_names (Case *self)
{
  GArray *payees = g_array_new (FALSE, FALSE, sizeof (Payee));

  g_array_set_clear_func (payees, payee_clear);
  for (guint i = 0; i < self->lines->len; i++)
    {
      Payee payee = { payee_key (self->lines->pdata[i]), service_of (self, self->lines->pdata[i]),
                      self->lines->pdata[i], 0, KOBAN_NO_DATE };
      gboolean known = FALSE;

      for (guint j = 0; j < payees->len; j++)
        known |= is_same_payee (&g_array_index (payees, Payee, j), payee.key, payee.service);
      if (known)
        g_free (payee.key);
      else
        g_array_append_val (payees, payee);
    }
  return payees;
}

static void
count_earlier (Case *self, GArray *payees, const KobanTransaction *line)
{
  g_autofree char *key = payee_key (line);
  const char *service = service_of (self, line);

  for (guint i = 0; i < payees->len; i++)
    {
      Payee *payee = &g_array_index (payees, Payee, i);

      if (!is_same_payee (payee, key, service))
        continue;
      payee->earlier++;
      payee->first = payee->first != KOBAN_NO_DATE ? payee->first : line->date;
    }
}

static gboolean
read_earlier (Case *self, GArray *payees, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_LINE_COLUMNS " FROM line WHERE account = ? AND date < ? AND amount < 0 ORDER BY date, id";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "ii", self->account, (gint64) self->first);
  while (koban_query_next (&query))
    {
      KobanLineRow row = { 0 };

      koban_line_row_read (&query, &row);
      if (!g_hash_table_contains (self->about, row.line->id))
        count_earlier (self, payees, row.line);
      koban_line_row_clear (&row);
    }
  return koban_query_finish (&query, error);
}

static GVariant *
list_payees (Case *self, GError **error)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GArray) payees = list_names (self);

  if (self->first != KOBAN_NO_DATE && !read_earlier (self, payees, error))
    return NULL;
  for (guint i = 0; i < payees->len; i++)
    {
      const Payee *payee = &g_array_index (payees, Payee, i);
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      insert_text (&row, "name", koban_transaction_get_name (payee->line));
      insert_text (&row, "service", payee->service);
      g_variant_dict_insert (&row, "earlier", "x", payee->earlier);
      insert_day (&row, "first_earlier", payee->first);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

/* Days before the first event, from the first that is known, and how many of them were really seen. */
static gboolean
insert_history (Case *self, GVariantDict *facts, GError **error)
{
  static const char sql[] = "SELECT sum (min (to_us, ?3) - max (from_us, ?2)) FROM span WHERE account = ?1"
                            " AND kind = ?4 AND to_us > ?2 AND from_us < ?3";
  g_auto(KobanQuery) query = { 0 };
  KobanDate begin;
  gint64 seen_us = 0;

  if (self->first == KOBAN_NO_DATE || !koban_coverage_begin (self->ledger, self->account, &begin, error))
    return self->first == KOBAN_NO_DATE;
  if (begin == KOBAN_NO_DATE || begin > self->first)
    return TRUE;
  koban_query_start (&query, self->ledger->store, sql, "iiii", self->account, begin * KOBAN_DAY_US,
                     self->first * KOBAN_DAY_US, (gint64) KOBAN_LISTING_TRANSACTIONS);
  if (koban_query_next (&query))
    seen_us = koban_query_int (&query, 0);
  insert_day (facts, "history_from", begin);
  g_variant_dict_insert (facts, "history_days", "x", (gint64) self->first - begin);
  g_variant_dict_insert (facts, "history_covered", "x", seen_us / KOBAN_DAY_US);
  return koban_query_finish (&query, error);
}

static GVariant *
list_balances (Case *self, GError **error)
{
  static const char sql[] =
    "SELECT heard_us, until_us, booked, booked_currency FROM balance WHERE account = ? AND booked IS NOT NULL"
    " AND until_us >= ? AND heard_us <= ? ORDER BY heard_us";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("a(xxxs)"));
  g_auto(KobanQuery) query = { 0 };

  if (self->first == KOBAN_NO_DATE)
    return g_variant_builder_end (&rows);
  gint64 from_us = (self->first - BALANCE_DAYS) * KOBAN_DAY_US;
  gint64 to_us = (self->last + BALANCE_DAYS) * KOBAN_DAY_US;
  koban_query_start (&query, self->ledger->store, sql, "iii", self->account, from_us, to_us);
  while (koban_query_next (&query))
    g_variant_builder_add (&rows, "(xxxs)", koban_query_int (&query, 0), koban_query_int (&query, 1),
                           koban_query_int (&query, 2), koban_query_text (&query, 3));
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* --- what came back
 * ------------------------------------------------------------------------------------------ */

/* How banks call a debit that is taken back, folded. */
static const char *const refund_words[] = {
  "REFUND",          "REVERSAL",   "REVERSED",      "CHARGEBACK",
  "RETURNED",        "返金",       "払戻",          "取消",
  "ヘンキン",        "トリケシ",   "ハライモドシ",  "RUECKLASTSCHRIFT",
  "RÜCKLASTSCHRIFT", "ERSTATTUNG", "REMBOURSEMENT", "ANNULATION"
};

static gboolean
sounds_like_refund (const KobanTransaction *line)
{
  g_autofree char *text = koban_text_fold (line->text);

  for (gsize i = 0; i < G_N_ELEMENTS (refund_words); i++)
    {
      g_autofree char *word = koban_text_fold (refund_words[i]);
      if (strstr (text, word) != NULL)
        return TRUE;
    }
  return FALSE;
}

static gboolean
is_of_a_payee (Case *self, GArray *payees, const KobanTransaction *credit)
{
  g_autofree char *key = payee_key (credit);
  const char *service = service_of (self, credit);

  for (guint i = 0; i < payees->len; i++)
    if (is_same_payee (&g_array_index (payees, Payee, i), key, service))
      return TRUE;
  return FALSE;
}

/* A later credit of a debit's sum or of all of them, from the same name or called a refund. "total": of all.
 */
static const char *
find_reversed (Case *self, GArray *payees, const KobanTransaction *credit)
{
  KobanMoney total = sum_debits (self);
  const char *reversed = NULL;

  if (!is_of_a_payee (self, payees, credit) && !sounds_like_refund (credit))
    return NULL;
  for (guint i = 0; i < self->lines->len; i++)
    {
      const KobanTransaction *debit = self->lines->pdata[i];

      if (reversed == NULL && koban_currency_equal (debit->amount.currency, credit->amount.currency) &&
          debit->amount.minor == -credit->amount.minor && day_of (debit) <= credit->date)
        reversed = debit->id;
    }
  if (reversed == NULL && koban_currency_equal (total.currency, credit->amount.currency) &&
      total.minor == -credit->amount.minor)
    reversed = "total";
  return reversed;
}

static void
add_credit (Case *self, GArray *payees, const KobanTransaction *credit, GVariantBuilder *rows)
{
  const char *reversed = find_reversed (self, payees, credit);
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  if (reversed == NULL)
    return;
  g_variant_dict_insert (&row, "id", "s", credit->id);
  insert_day (&row, "date", credit->date);
  insert_money (&row, "amount", credit->amount);
  g_variant_dict_insert (&row, "text", "s", credit->text);
  g_variant_dict_insert (&row, "reverses", "s", reversed);
  g_variant_builder_add_value (rows, g_variant_dict_end (&row));
}

static GVariant *
list_credits (Case *self, GError **error)
{
  static const char sql[] =
    "SELECT " KOBAN_LINE_COLUMNS " FROM line WHERE account = ? AND date >= ? AND amount > 0"
    " AND state <> 2 ORDER BY date, id";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_autoptr(GArray) payees = list_names (self);
  g_auto(KobanQuery) query = { 0 };

  if (self->first == KOBAN_NO_DATE)
    return g_variant_builder_end (&rows);
  koban_query_start (&query, self->ledger->store, sql, "ii", self->account, (gint64) self->first);
  while (koban_query_next (&query))
    {
      KobanLineRow row = { 0 };

      koban_line_row_read (&query, &row);
      add_credit (self, payees, row.line, &rows);
      koban_line_row_clear (&row);
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* --- the account
 * ----------------------------------------------------------------------------------------------- */

static gboolean
insert_number (Case *self, GVariantDict *facts, GError **error)
{
  static const char sql[] = "SELECT number FROM account WHERE id = ?";
  g_auto(KobanQuery) query = { 0 };

  koban_query_start (&query, self->ledger->store, sql, "i", self->account);
  if (koban_query_next (&query))
    insert_text (facts, "full_number", koban_query_text (&query, 0));
  return koban_query_finish (&query, error);
}

static gboolean
insert_account (Case *self, GVariantDict *facts, gboolean full_number, GError **error)
{
  g_autofree char *id = koban_row_id ('a', self->account);
  g_autoptr(GVariant) accounts =
    id != NULL ? list_by (self->ledger, KOBAN_LIST_ACCOUNTS, "id", id, error) : NULL;
  const char *connection = NULL;

  if (accounts == NULL || g_variant_n_children (accounts) != 1)
    return id == NULL || accounts != NULL;
  g_autoptr(GVariant) account = g_variant_get_child_value (accounts, 0);
  g_variant_dict_insert_value (facts, "account", account);
  if (full_number && !insert_number (self, facts, error))
    return FALSE;
  if (!g_variant_lookup (account, "connection", "&s", &connection))
    return TRUE;
  g_autoptr(GVariant) connections = list_by (self->ledger, KOBAN_LIST_CONNECTIONS, "id", connection, error);
  if (connections != NULL && g_variant_n_children (connections) == 1)
    {
      g_autoptr(GVariant) row = g_variant_get_child_value (connections, 0);
      g_variant_dict_insert_value (facts, "connection", row);
    }
  return connections != NULL;
}

/* --- all of it
 * --------------------------------------------------------------------------------------------------- */

typedef GVariant *(*GatherFunc) (Case *self, GError **error);

static GVariant *
read_journal (Case *self, GError **error)
{
  return koban_journal_read (self->ledger, self->about, error);
}

static GVariant *
read_chain (Case *self, GError **error)
{
  return koban_journal_chain (self->ledger, error);
}

static GVariant *
verify_journal (Case *self, GError **error)
{
  return koban_ledger_verify_journal (self->ledger, NULL, error);
}

/* Links come before the journal: what is found of them is asked for there. */
static const struct
{
  const char *key;
  GatherFunc gather;
} parts[] = {
  { "events", list_events },   { "links", list_links },       { "deliveries", list_deliveries },
  { "payees", list_payees },   { "balances", list_balances }, { "credits", list_credits },
  { "journal", read_journal }, { "chain", read_chain },       { "integrity", verify_journal },
};

static gboolean
gather (Case *self, GVariantDict *facts, gboolean full_number, GError **error)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      GVariant *part = parts[i].gather (self, error);

      if (part == NULL)
        return FALSE;
      g_variant_dict_insert_value (facts, parts[i].key, part);
    }
  g_variant_dict_insert (facts, "opened", "x", self->opened_us);
  g_variant_dict_insert_value (facts, "alerts", self->alerts);
  return describe_claim (self, facts, error) && insert_history (self, facts, error) &&
         insert_account (self, facts, full_number, error);
}

GVariant *
koban_ledger_get_case (KobanLedger *self, const char *incident, gboolean full_number, GError **error)
{
  g_auto(GVariantDict) facts = G_VARIANT_DICT_INIT (NULL);
  g_auto(Case) gathered = { 0 };

  koban_ledger_assert_thread (self);
  if (!case_load (&gathered, self, incident, error) || !gather (&gathered, &facts, full_number, error))
    return NULL;
  return g_variant_dict_end (&facts);
}

/* --- the card
 * ------------------------------------------------------------------------------------------------------ */

GVariant *
koban_ledger_list_cards (KobanLedger *self, GError **error)
{
  static const char sql[] = "SELECT account, phone, set_us FROM card ORDER BY account";
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(KobanQuery) query = { 0 };

  koban_ledger_assert_thread (self);
  koban_query_start (&query, self->store, sql, "");
  while (koban_query_next (&query))
    {
      g_autofree char *account = koban_row_id ('a', koban_query_int (&query, 0));
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      g_variant_dict_insert (&row, "account", "s", account);
      g_variant_dict_insert (&row, "phone", "s", koban_query_text (&query, 1));
      g_variant_dict_insert (&row, "set", "x", koban_query_int (&query, 2));
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return koban_query_finish (&query, error) ? g_variant_builder_end (&rows) : NULL;
}

/* That it was set is journalled, and not the number: it is the person's own, and changes. */
static gboolean
write_card (KobanLedger *self, gint64 account, const char *phone, gint64 now_us, GError **error)
{
  static const char set[] = "INSERT INTO card (account, phone, set_us) VALUES (?, ?, ?) ON CONFLICT (account)"
                            " DO UPDATE SET phone = excluded.phone, set_us = excluded.set_us";
  static const char forget[] = "DELETE FROM card WHERE account = ?";
  g_autofree char *shown = koban_row_id ('a', account);
  gboolean good = *phone != '\0' ? koban_store_run (self->store, error, set, "isi", account, phone, now_us)
                                 : koban_store_run (self->store, error, forget, "i", account);

  return good && koban_journal_note (self, now_us, error, "card-set", "account", "s", shown, NULL);
}

gboolean
koban_ledger_set_card (KobanLedger *self,
                       const char *account,
                       const char *phone,
                       gint64 now_us,
                       GError **error)
{
  gint64 id = koban_account_find (self, account, error);

  if (id == 0 || !koban_ledger_begin (self, error))
    return FALSE;
  return koban_ledger_end (self, write_card (self, id, phone, now_us, error), error);
}
