/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Facts in, ten parts out. It counts, sorts and leaves out, and judges nothing; every sentence is made where
 * it is read. Foreign text stays as it was heard: whoever writes it down cleans it for where it goes.
 */
#include "config.h"

#include "claim/dossier.h"

#include <koban/date.h>
#include <koban/field.h>
#include <koban/money.h>
#include <koban/text.h>
#include <string.h>

/* --- who it is for
 * ------------------------------------------------------------------------------------------ */

static const struct
{
  const char *name;
  gboolean balances;    /* how much was on the account */
  gboolean other_words; /* what was said to others, in the person's own words */
  gboolean journal;     /* the opened entries of the journal */
} audiences[] = {
  [KOBAN_AUDIENCE_SELF] = { "self", TRUE, TRUE, TRUE },
  [KOBAN_AUDIENCE_BANK] = { "bank", TRUE, FALSE, FALSE },
  [KOBAN_AUDIENCE_POLICE] = { "police", FALSE, FALSE, FALSE },
};

gboolean
koban_audience_parse (const char *name, KobanAudience *audience)
{
  for (gsize i = 0; i < G_N_ELEMENTS (audiences); i++)
    if (g_str_equal (name, audiences[i].name))
      {
        *audience = (KobanAudience) i;
        return TRUE;
      }
  return FALSE;
}

const char *
koban_audience_name (KobanAudience audience)
{
  return audiences[audience].name;
}

/* --- small things ------------------------------------------------------------------------------------------
 */

typedef struct
{
  GVariant *facts; /* (unowned) */
  const KobanDossierOptions *options;
  GVariantDict *dossier; /* (unowned) */
} Making;

static void
put_word (GVariantDict *row, const char *key, const char *text)
{
  if (text != NULL && *text != '\0')
    g_variant_dict_insert (row, key, "s", text);
}

static void
put_time (GVariantDict *row, const char *key, gint64 at_us)
{
  g_autofree char *text = at_us != 0 ? koban_time_format (at_us) : NULL;

  put_word (row, key, text);
}

static void
put_day (GVariantDict *row, const char *key, KobanDate day)
{
  g_autofree char *text = day != KOBAN_NO_DATE ? koban_date_format (day) : NULL;

  put_word (row, key, text);
}

static void
put_money (GVariantDict *row, const char *key, KobanMoney value)
{
  g_variant_dict_insert (row, key, "(xs)", value.minor, value.currency.code);
}

static void
copy (GVariant *from, const char *key, GVariantDict *to, const char *as)
{
  g_autoptr(GVariant) value = g_variant_lookup_value (from, key, NULL);

  if (value != NULL)
    g_variant_dict_insert_value (to, as, value);
}

static void
copy_time (GVariant *from, const char *key, GVariantDict *to, const char *as)
{
  put_time (to, as, koban_field_number (from, key));
}

/* --- 1 header, 2 account
 * -------------------------------------------------------------------------------------- */

static void
add_sources (Making *self, GVariantDict *header)
{
  g_autoptr(GVariant) connection =
    g_variant_lookup_value (self->facts, "connection", G_VARIANT_TYPE_VARDICT);
  g_auto(GVariantBuilder) sources = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("as"));

  if (connection != NULL)
    {
      g_autofree char *bank = g_strdup_printf ("%s (%s)", koban_field_text (connection, "name"),
                                               koban_field_text (connection, "provider"));
      g_variant_builder_add (&sources, "s", bank);
    }
  g_variant_builder_add (&sources, "s", "koban-journal");
  g_variant_dict_insert_value (header, "sources", g_variant_builder_end (&sources));
}

static void
add_header (Making *self)
{
  const KobanDossierOptions *options = self->options;
  g_auto(GVariantDict) header = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *zone =
    g_strdup_printf ("%c%02d:%02d", options->utc_offset_minutes < 0 ? '-' : '+',
                     ABS (options->utc_offset_minutes) / 60, ABS (options->utc_offset_minutes) % 60);

  copy (self->facts, "incident", &header, "case");
  copy (self->facts, "code", &header, "code");
  put_time (&header, "made", options->now_us);
  put_word (&header, "zone", zone);
  put_word (&header, "version", options->version);
  put_word (&header, "for", audiences[options->audience].name);
  put_word (&header, "language", options->language);
  add_sources (self, &header);
  g_variant_dict_insert_value (self->dossier, "header", g_variant_dict_end (&header));
}

/* Banks tell programs neither branch nor holder: the person writes them in. */
static void
add_account (Making *self)
{
  g_autoptr(GVariant) account = g_variant_lookup_value (self->facts, "account", G_VARIANT_TYPE_VARDICT);
  g_autoptr(GVariant) connection =
    g_variant_lookup_value (self->facts, "connection", G_VARIANT_TYPE_VARDICT);
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  if (connection != NULL)
    {
      copy (connection, "name", &row, "bank");
      copy (connection, "provider", &row, "provider");
      copy_time (connection, "last_check", &row, "last_check");
    }
  if (account != NULL)
    {
      copy (account, "id", &row, "id");
      copy (account, "name", &row, "name");
      copy (account, "number", &row, "number");
      copy (account, "currency", &row, "currency");
      copy (account, "ownership", &row, "ownership");
    }
  copy (self->facts, "full_number", &row, "full_number");
  g_variant_dict_insert_value (self->dossier, "account", g_variant_dict_end (&row));
}

/* --- 3 events
 * ---------------------------------------------------------------------------------------------------- */

/* The stored record, a field a line, as it is hashed: what the bank sent is not kept byte for byte. */
static char *
canonical_record (GVariant *event)
{
  static const char *const keys[] = { "id",    "account",      "date",    "state",   "type",      "text",
                                      "payee", "counterparty", "mandate", "bank_id", "pending_id" };
  g_autoptr(GString) record = g_string_new (NULL);
  KobanMoney amount = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    g_string_append_printf (record, "%s=%s\n", keys[i],
                            koban_field_text (event, keys[i]) != NULL ? koban_field_text (event, keys[i])
                                                                      : "");
  (void) !koban_field_money (event, "amount", &amount);
  g_string_append_printf (record, "time=%" G_GINT64_FORMAT "\namount=%" G_GINT64_FORMAT "\ncurrency=%s\n",
                          koban_field_number (event, "time"), amount.minor, amount.currency.code);
  return g_string_free (g_steal_pointer (&record), FALSE);
}

/* Equal to the bank's reader: day, sum and words. */
static gboolean
is_identical (GVariant *a, GVariant *b)
{
  KobanMoney one = { 0 }, two = { 0 };

  return g_strcmp0 (koban_field_text (a, "date"), koban_field_text (b, "date")) == 0 &&
         g_strcmp0 (koban_field_text (a, "text"), koban_field_text (b, "text")) == 0 &&
         koban_field_money (a, "amount", &one) && koban_field_money (b, "amount", &two) &&
         koban_money_equal (one, two);
}

static void
number_identical (GVariant *events, gsize at, GVariantDict *row)
{
  g_autoptr(GVariant) event = g_variant_get_child_value (events, at);
  gint64 before = 0, all = 0;

  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) other = g_variant_get_child_value (events, i);
      gboolean same = is_identical (event, other);

      all += same ? 1 : 0;
      before += same && i < at ? 1 : 0;
    }
  if (all <= 1)
    return;
  g_variant_dict_insert (row, "identical", "x", before + 1);
  g_variant_dict_insert (row, "identical_of", "x", all);
}

static void
copy_balances (Making *self, GVariant *event, GVariantDict *row)
{
  if (!audiences[self->options->audience].balances)
    return;
  copy (event, "balance_before", row, "balance_before");
  copy (event, "balance_after", row, "balance_after");
  put_word (row, "balance_from", koban_field_number (event, "balance_counted") != 0 ? "counted" : "bank");
  copy_time (event, "balance_counted", row, "balance_counted");
}

static GVariant *
describe_event (Making *self, GVariant *events, gsize at)
{
  static const char *const kept[] = { "id",      "date", "amount",  "state",      "text",         "payee",
                                      "service", "type", "bank_id", "pending_id", "counterparty", "mandate" };
  g_autoptr(GVariant) event = g_variant_get_child_value (events, at);
  g_autofree char *record = canonical_record (event);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, record, -1);
  g_autofree char *folded =
    koban_text_fold (koban_field_text (event, "text") != NULL ? koban_field_text (event, "text") : "");
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert (&row, "number", "x", (gint64) at + 1);
  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    copy (event, kept[i], &row, kept[i]);
  copy_time (event, "time", &row, "time");
  g_variant_dict_insert (&row, "time_from_bank", "b", koban_field_number (event, "time") != 0);
  put_word (&row, "normalised", folded);
  copy_balances (self, event, &row);
  copy_time (event, "unseen", &row, "not_there");
  copy_time (event, "first_seen", &row, "first_seen");
  number_identical (events, at, &row);
  put_word (&row, "record_sha256", hash);
  return g_variant_dict_end (&row);
}

static void
add_events (Making *self)
{
  g_autoptr(GVariant) events = koban_field_rows (self->facts, "events");
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (events); i++)
    g_variant_builder_add_value (&rows, describe_event (self, events, i));
  g_variant_dict_insert_value (self->dossier, "events", g_variant_builder_end (&rows));
}

/* --- 4 totals
 * ------------------------------------------------------------------------------------------------------ */

typedef struct
{
  const char *name;
  const KobanService *service; /* (nullable) */
  gint64 count;
  KobanMoney sum;
} Total;

static void
add_to (GArray *totals, const char *name, const KobanService *service, KobanMoney amount)
{
  for (guint i = 0; i < totals->len; i++)
    {
      Total *total = &g_array_index (totals, Total, i);

      if (g_strcmp0 (total->name, name) == 0 && koban_currency_equal (total->sum.currency, amount.currency))
        {
          total->count++;
          (void) !koban_money_add (total->sum, amount, &total->sum);
          return;
        }
    }
  Total total = { name, service, 1, amount };
  g_array_append_val (totals, total);
}

static const KobanService *
service_of (Making *self, GVariant *event)
{
  g_autofree char *folded =
    koban_text_fold (koban_field_text (event, "text") != NULL ? koban_field_text (event, "text") : "");

  return self->options->services != NULL ? koban_services_match (self->options->services, folded) : NULL;
}

static GVariant *
rows_of (GArray *totals, const char *key)
{
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (guint i = 0; i < totals->len; i++)
    {
      const Total *total = &g_array_index (totals, Total, i);
      const KobanService *service = total->service;
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      put_word (&row, key, total->name);
      g_variant_dict_insert (&row, "count", "x", total->count);
      put_money (&row, "sum", total->sum);
      if (service != NULL && service->currency != NULL && service->charge_limit > 0)
        g_variant_dict_insert (&row, "charge_cap", "(xs)", service->charge_limit, service->currency);
      if (service != NULL && service->currency != NULL && service->month_limit > 0)
        g_variant_dict_insert (&row, "month_cap", "(xs)", service->month_limit, service->currency);
      put_word (&row, "revoke", service != NULL ? service->revoke : NULL);
      g_variant_builder_add_value (&rows, g_variant_dict_end (&row));
    }
  return g_variant_builder_end (&rows);
}

static void
add_totals (Making *self)
{
  g_autoptr(GVariant) events = koban_field_rows (self->facts, "events");
  g_autoptr(GVariant) credits = koban_field_rows (self->facts, "credits");
  g_autoptr(GArray) days = g_array_new (FALSE, FALSE, sizeof (Total));
  g_autoptr(GArray) services = g_array_new (FALSE, FALSE, sizeof (Total));
  g_auto(GVariantDict) totals = G_VARIANT_DICT_INIT (NULL);
  gint64 count = 0;

  for (gsize i = 0; i < g_variant_n_children (events); i++)
    {
      g_autoptr(GVariant) event = g_variant_get_child_value (events, i);
      const char *name = koban_field_text (event, "service") != NULL ? koban_field_text (event, "service")
                                                                     : koban_field_text (event, "text");
      KobanMoney amount = { 0 };

      if (!koban_field_money (event, "amount", &amount) || amount.minor >= 0 ||
          g_strcmp0 (koban_field_text (event, "state"), "withdrawn") == 0)
        continue;
      count++;
      add_to (days, koban_field_text (event, "date"), NULL, amount);
      add_to (services, name, service_of (self, event), amount);
    }
  g_variant_dict_insert (&totals, "count", "x", count);
  copy (self->facts, "total", &totals, "sum");
  g_variant_dict_insert_value (&totals, "days", rows_of (days, "date"));
  g_variant_dict_insert_value (&totals, "services", rows_of (services, "service"));
  g_variant_dict_insert_value (&totals, "credits", credits);
  copy (self->facts, "repaid", &totals, "repaid");
  g_variant_dict_insert_value (self->dossier, "totals", g_variant_dict_end (&totals));
}

/* --- 5 links
 * ---------------------------------------------------------------------------------------------------------
 */

static const char *
payload_word (GVariant *entry, const char *key)
{
  g_autoptr(GVariant) payload = g_variant_lookup_value (entry, "payload", G_VARIANT_TYPE_VARDICT);

  return payload != NULL ? koban_field_text (payload, key)
                         : NULL; /* of the entry's own data, which outlives this */
}

/* When Koban first told of it: the first alert that names it. */
static gint64
alerted_us (Making *self, const char *link)
{
  g_autoptr(GVariant) alerts = koban_field_rows (self->facts, "alerts");
  gint64 first_us = 0;

  for (gsize i = 0; i < g_variant_n_children (alerts); i++)
    {
      g_autoptr(GVariant) alert = g_variant_get_child_value (alerts, i);
      g_autofree const char **refs = NULL;

      if (g_variant_lookup (alert, "refs", "^a&s", &refs) && g_strv_contains (refs, link) &&
          (first_us == 0 || koban_field_number (alert, "opened") < first_us))
        first_us = koban_field_number (alert, "opened");
    }
  return first_us;
}

/* What the bank answered, and whether its next list had it: the last one counts. */
static void
put_revocation (Making *self, const char *link, GVariantDict *row)
{
  g_autoptr(GVariant) journal = koban_field_rows (self->facts, "journal");

  for (gsize i = 0; i < g_variant_n_children (journal); i++)
    {
      g_autoptr(GVariant) entry = g_variant_get_child_value (journal, i);
      const char *kind = koban_field_text (entry, "kind");

      if (g_strcmp0 (payload_word (entry, "link"), link) != 0)
        continue;
      if (g_str_equal (kind, "revoked"))
        {
          put_time (row, "revoked", koban_field_number (entry, "at"));
          put_word (row, "proof", payload_word (entry, "result"));
        }
      if (g_str_equal (kind, "link-gone"))
        put_time (row, "gone", koban_field_number (entry, "at"));
    }
}

static GVariant *
describe_link (Making *self, GVariant *link)
{
  static const char *const kept[] = { "id",      "kind",       "name",       "service",  "status",
                                      "limit",   "scope",      "provenance", "creditor", "reference",
                                      "bank_id", "revocation", "answer" };
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (kept); i++)
    copy (link, kept[i], &row, kept[i]);
  copy_time (link, "unseen", &row, "not_there");
  copy_time (link, "first_seen", &row, "first_seen");
  copy_time (link, "created", &row, "granted");
  copy_time (link, "expires", &row, "expires");
  put_time (&row, "alerted", alerted_us (self, koban_field_text (link, "id")));
  put_revocation (self, koban_field_text (link, "id"), &row);
  return g_variant_dict_end (&row);
}

static void
add_links (Making *self)
{
  g_autoptr(GVariant) links = koban_field_rows (self->facts, "links");
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);
      g_variant_builder_add_value (&rows, describe_link (self, link));
    }
  g_variant_dict_insert_value (self->dossier, "links", g_variant_builder_end (&rows));
}

/* --- 6 timeline
 * ----------------------------------------------------------------------------------------------------------
 */

typedef struct
{
  gint64 at_us;
  GVariant *row; /* (owned) */
} Moment;

static void
moment_clear (gpointer data)
{
  g_variant_unref (((Moment *) data)->row);
}

static int
compare_moments (gconstpointer a, gconstpointer b)
{
  const Moment *one = a, *two = b;

  return (one->at_us > two->at_us) - (one->at_us < two->at_us);
}

/* Takes @row's contents. */
static void
add_moment (GArray *moments, gint64 at_us, const char *what, GVariantDict *row)
{
  Moment moment = { .at_us = at_us };

  put_time (row, "at", at_us);
  put_word (row, "what", what);
  moment.row = g_variant_ref_sink (g_variant_dict_end (row));
  g_array_append_val (moments, moment);
}

/* What is bounded: at the check before it was not there, at this one it was. */
static void
add_bounds (Making *self, GArray *moments, const char *key, const char *what)
{
  g_autoptr(GVariant) rows = koban_field_rows (self->facts, key);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr(GVariant) fact = g_variant_get_child_value (rows, i);
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      copy_time (fact, "unseen", &row, "not_there");
      copy_time (fact, "time", &row, "bank_time");
      copy_time (fact, "created", &row, "bank_time");
      copy (fact, "id", &row, "of");
      copy (fact, "amount", &row, "amount");
      put_word (&row, "name",
                koban_field_text (fact, "text") != NULL ? koban_field_text (fact, "text")
                                                        : koban_field_text (fact, "name"));
      add_moment (moments, koban_field_number (fact, "first_seen"), what, &row);
    }
}

static void
add_note (Making *self, GArray *moments, GVariant *payload, gint64 written_us)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  const char *to = koban_field_text (payload, "to");
  KobanAudience reader = self->options->audience;

  put_word (&row, "to", to);
  put_word (&row, "who", koban_field_text (payload, "who"));
  put_word (&row, "ref", koban_field_text (payload, "ref"));
  put_word (&row, "repaid", koban_field_text (payload, "repaid"));
  if (audiences[reader].other_words || g_strcmp0 (to, audiences[reader].name) == 0)
    put_word (&row, "words", koban_field_text (payload, "text"));
  put_time (&row, "written", written_us);
  add_moment (moments, koban_field_number (payload, "at"), "note", &row);
}

/* Kinds of entries that a timeline tells; what they hold is copied as it is named here. */
static const struct
{
  const char *kind, *what;
  const char *keys[3];
} told[] = {
  { "alert-opened", "alert-opened", { "kind", "severity", "alert" } },
  { "alert-raised", "alert-raised", { "kind", "severity", "alert" } },
  { "sent", "sent", { "channel", "code", "words" } },
  { "answer", "answer", { "answer", "id", NULL } },
  { "revoked", "revoked", { "result", "link", NULL } },
  { "link-gone", "link-gone", { "link", "status", NULL } },
  { "link-back", "link-back", { "link", "status", NULL } },
  { "link-changed", "link-changed", { "link", "status", NULL } },
  { "exported", "exported", { "format", "sha256", NULL } },
};

static void
add_entry (Making *self, GArray *moments, GVariant *entry)
{
  g_autoptr(GVariant) payload = g_variant_lookup_value (entry, "payload", G_VARIANT_TYPE_VARDICT);
  const char *kind = koban_field_text (entry, "kind");

  if (payload != NULL && g_str_equal (kind, "note"))
    add_note (self, moments, payload, koban_field_number (entry, "at"));
  for (gsize i = 0; payload != NULL && i < G_N_ELEMENTS (told); i++)
    {
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      if (!g_str_equal (kind, told[i].kind))
        continue;
      for (gsize k = 0; k < G_N_ELEMENTS (told[i].keys) && told[i].keys[k] != NULL; k++)
        put_word (&row, told[i].keys[k], koban_field_text (payload, told[i].keys[k]));
      add_moment (moments, koban_field_number (entry, "at"), told[i].what, &row);
    }
}

static gboolean
is_journalled (GVariant *journal, const char *channel)
{
  for (gsize i = 0; i < g_variant_n_children (journal); i++)
    {
      g_autoptr(GVariant) entry = g_variant_get_child_value (journal, i);

      if (g_str_equal (koban_field_text (entry, "kind"), "sent") &&
          g_strcmp0 (payload_word (entry, "channel"), channel) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The outbox knows only the last sending; what the journal has of a channel tells more. */
static void
add_deliveries (Making *self, GVariant *journal, GArray *moments)
{
  g_autoptr(GVariant) deliveries = koban_field_rows (self->facts, "deliveries");

  for (gsize i = 0; i < g_variant_n_children (deliveries); i++)
    {
      g_autoptr(GVariant) delivery = g_variant_get_child_value (deliveries, i);
      g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

      if (koban_field_number (delivery, "sent") == 0 ||
          is_journalled (journal, koban_field_text (delivery, "channel")))
        continue;
      put_word (&row, "channel", koban_field_text (delivery, "channel"));
      add_moment (moments, koban_field_number (delivery, "sent"), "sent", &row);
    }
}

/* Two alerts told in one message: one row. */
static gboolean
is_said_before (GArray *moments, guint i)
{
  return i > 0 &&
         g_variant_equal (g_array_index (moments, Moment, i).row, g_array_index (moments, Moment, i - 1).row);
}

static void
add_timeline (Making *self)
{
  g_autoptr(GVariant) journal = koban_field_rows (self->facts, "journal");
  g_autoptr(GArray) moments = g_array_new (FALSE, FALSE, sizeof (Moment));
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));

  g_array_set_clear_func (moments, moment_clear);
  add_bounds (self, moments, "links", "link-seen");
  add_bounds (self, moments, "events", "event-seen");
  for (gsize i = 0; i < g_variant_n_children (journal); i++)
    {
      g_autoptr(GVariant) entry = g_variant_get_child_value (journal, i);
      add_entry (self, moments, entry);
    }
  add_deliveries (self, journal, moments);
  g_array_sort (moments, compare_moments);
  for (guint i = 0; i < moments->len; i++)
    if (!is_said_before (moments, i))
      g_variant_builder_add_value (&rows, g_array_index (moments, Moment, i).row);
  g_variant_dict_insert_value (self->dossier, "timeline", g_variant_builder_end (&rows));
}

/* --- 7 baseline, 8 deadlines, 9 integrity
 * ----------------------------------------------------------------------------------- */

static void
add_baseline (Making *self)
{
  g_autoptr(GVariant) payees = koban_field_rows (self->facts, "payees");
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  g_variant_dict_insert_value (&row, "payees", payees);
  copy (self->facts, "history_from", &row, "from");
  copy (self->facts, "history_days", &row, "days");
  copy (self->facts, "history_covered", &row, "covered");
  copy (self->facts, "first", &row, "before");
  g_variant_dict_insert_value (self->dossier, "baseline", g_variant_dict_end (&row));
}

static GVariant *
describe_deadline (const KobanDeadline *deadline, KobanDate today)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  put_word (&row, "id", deadline->id);
  put_word (&row, "party", deadline->party);
  put_word (&row, "name", deadline->name);
  put_word (&row, "task", deadline->task);
  put_word (&row, "rule", deadline->rule);
  put_word (&row, "source", deadline->source);
  put_day (&row, "checked", deadline->checked);
  g_variant_dict_insert (&row, "old", "b", deadline->old);
  g_variant_dict_insert (&row, "theirs", "b", deadline->theirs);
  put_day (&row, "from", deadline->from);
  put_day (&row, "due", deadline->due);
  if (deadline->due != KOBAN_NO_DATE)
    g_variant_dict_insert (&row, "days", "x", (gint64) deadline->due - today);
  g_variant_dict_insert (&row, "done", "b", deadline->done);
  put_time (&row, "done_at", deadline->done_us);
  return g_variant_dict_end (&row);
}

static void
add_deadlines (Making *self)
{
  const KobanDossierOptions *options = self->options;
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  KobanDate today = koban_date_from_us (options->now_us, options->utc_offset_minutes);
  g_autoptr(GPtrArray) deadlines = NULL;

  if (options->deadlines != NULL)
    deadlines = koban_deadlines_count (options->deadlines, self->facts, options->utc_offset_minutes, today,
                                       options->language);
  for (guint i = 0; deadlines != NULL && i < deadlines->len; i++)
    g_variant_builder_add_value (&rows, describe_deadline (deadlines->pdata[i], today));
  g_variant_dict_insert_value (self->dossier, "deadlines", g_variant_builder_end (&rows));
}

static void
add_integrity (Making *self)
{
  static const char *const kept[] = { "intact", "entries", "erased", "head", "broken", "why" };
  g_autoptr(GVariant) integrity = g_variant_lookup_value (self->facts, "integrity", G_VARIANT_TYPE_VARDICT);
  g_autoptr(GVariant) erasures = integrity != NULL ? koban_field_rows (integrity, "erasures") : NULL;
  g_auto(GVariantBuilder) rows = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  for (gsize i = 0; integrity != NULL && i < G_N_ELEMENTS (kept); i++)
    copy (integrity, kept[i], &row, kept[i]);
  for (gsize i = 0; erasures != NULL && i < g_variant_n_children (erasures); i++)
    {
      g_autoptr(GVariant) erasure = g_variant_get_child_value (erasures, i);
      g_auto(GVariantDict) told_row = G_VARIANT_DICT_INIT (NULL);

      copy (erasure, "entries", &told_row, "entries");
      copy_time (erasure, "at", &told_row, "at");
      g_variant_builder_add_value (&rows, g_variant_dict_end (&told_row));
    }
  g_variant_dict_insert_value (&row, "erasures", g_variant_builder_end (&rows));
  g_variant_dict_insert_value (self->dossier, "integrity", g_variant_dict_end (&row));
}

/* For whoever seals them again: only the person's own copy opens what the entries say. */
static void
add_proof (Making *self)
{
  copy (self->facts, "chain", self->dossier, "chain");
  if (audiences[self->options->audience].journal)
    copy (self->facts, "journal", self->dossier, "journal");
  if (audiences[self->options->audience].balances)
    copy (self->facts, "balances", self->dossier, "balances");
}

GVariant *
koban_dossier_new (GVariant *facts, const KobanDossierOptions *options)
{
  static void (*const parts[]) (Making *) = { add_header,    add_account,  add_events,   add_totals,
                                              add_links,     add_timeline, add_baseline, add_deadlines,
                                              add_integrity, add_proof };
  g_auto(GVariantDict) dossier = G_VARIANT_DICT_INIT (NULL);
  Making making = { facts, options, &dossier };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    parts[i](&making);
  return g_variant_ref_sink (g_variant_dict_end (&dossier));
}
