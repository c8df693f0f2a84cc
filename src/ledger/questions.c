/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which of the past is worth a question: what looks odd, every link that can still take money, and
 * those payees who hold a power or a wallet. Shops are not asked about, nor what was answered, and
 * nothing twice under two names.
 */
#include "config.h"

#include "ledger/inside.h"

#include <koban/field.h>

#define MOST_QUESTIONS 60
#define RECENT_DAYS 395 /* thirteen months: the longest time to claim that is common */

typedef struct
{
  GVariantBuilder rows;
  guint count;
  GPtrArray *payees;   /* (unowned) */
  GHashTable *of_line; /* (unowned) */
  GHashTable *asked;   /* (owned): payees, ids of links, and services by account */
  KobanDate last_day;
} Asking;

static gboolean
is_new (Asking *self, gconstpointer key)
{
  return self->count < MOST_QUESTIONS && !g_hash_table_contains (self->asked, key);
}

static void
ask (Asking *self, const char *id, const char *why, GVariantDict *row)
{
  g_variant_dict_insert (row, "id", "s", id);
  g_variant_dict_insert (row, "why", "s", why);
  g_variant_builder_add_value (&self->rows, g_variant_dict_end (row));
  self->count++;
}

static void
put_text (GVariantDict *row, const char *key, const char *text)
{
  g_autofree char *valid = text != NULL ? g_utf8_make_valid (text, -1) : NULL;

  if (valid != NULL)
    g_variant_dict_insert (row, key, "s", valid);
}

/* --- payees ------------------------------------------------------------------------------------------------
 */

static void
ask_payee (Asking *self, const KobanPayeeSum *payee, const char *why, const char *severity)
{
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);
  g_autofree char *account = koban_row_id ('a', payee->account);
  g_autofree char *line = koban_row_id ('t', payee->line);
  g_autofree char *first = koban_date_format (payee->first);
  g_autofree char *last = koban_date_format (payee->last);

  g_hash_table_add (self->asked, (gpointer) payee);
  put_text (&row, "name", payee->name);
  put_text (&row, "service", payee->service);
  put_text (&row, "account", account);
  put_text (&row, "first", first);
  put_text (&row, "last", last);
  put_text (&row, "severity", severity);
  g_variant_dict_insert (&row, "count", "x", payee->count);
  g_variant_dict_insert (&row, "total", "(xs)", payee->total.minor, payee->total.currency.code);
  ask (self, line, why, &row);
}

/* Who takes by an order that stands; a shop is paid by the person's own hand each time. */
static gboolean
has_power (const KobanPayeeSum *payee)
{
  return (payee->types & (1u << KOBAN_TRANSACTION_DIRECT_DEBIT | 1u << KOBAN_TRANSACTION_STANDING_ORDER)) !=
         0;
}

static gboolean
is_sent_to (const KobanPayeeSum *payee)
{
  return (payee->types & (1u << KOBAN_TRANSACTION_TRANSFER)) != 0;
}

static gboolean
is_wallet (const KobanPayeeSum *payee)
{
  return payee->wallet;
}

static void
ask_payees (Asking *self)
{
  static const struct
  {
    gboolean (*fits) (const KobanPayeeSum *payee);
    const char *why;
  } kinds[] = { { is_wallet, "wallet" }, { has_power, "direct_debit" }, { is_sent_to, "transfer" } };

  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    for (guint i = 0; i < self->payees->len; i++)
      {
        const KobanPayeeSum *payee = self->payees->pdata[i];

        if (payee->answer == KOBAN_ANSWER_NONE && payee->last + RECENT_DAYS >= self->last_day &&
            kinds[kind].fits (payee) && is_new (self, payee))
          ask_payee (self, payee, kinds[kind].why, NULL);
      }
}

/* --- links -------------------------------------------------------------------------------------------------
 */

/* The debits of a link that was asked about need no question of their own. */
static void
mark_payees_of_link (Asking *self, GVariant *link)
{
  const char *name = koban_field_text (link, "name"), *service = koban_field_text (link, "service");
  const char *account = koban_field_text (link, "account");

  for (guint i = 0; i < self->payees->len; i++)
    {
      const KobanPayeeSum *payee = self->payees->pdata[i];
      g_autofree char *its = koban_row_id ('a', payee->account);

      if (g_strcmp0 (its, account) == 0 && (g_strcmp0 (payee->name, name) == 0 ||
                                            (service != NULL && g_strcmp0 (payee->service, service) == 0)))
        g_hash_table_add (self->asked, (gpointer) payee);
    }
}

static void
ask_link (Asking *self, GVariant *link, const char *why, const char *severity)
{
  static const char *const keys[] = { "name", "service", "account", "kind" };
  g_auto(GVariantDict) row = G_VARIANT_DICT_INIT (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    put_text (&row, keys[i], koban_field_text (link, keys[i]));
  put_text (&row, "severity", severity);
  mark_payees_of_link (self, link);
  g_hash_table_add (self->asked, (gpointer) g_intern_string (koban_field_text (link, "id")));
  ask (self, koban_field_text (link, "id"), why, &row);
}

static gboolean
may_take (GVariant *link)
{
  return !koban_field_flag (link, "own") && g_strcmp0 (koban_field_text (link, "status"), "active") == 0;
}

static void
ask_links (Asking *self, GVariant *links)
{
  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      g_autoptr(GVariant) link = g_variant_get_child_value (links, i);

      if (koban_field_text (link, "answer") != NULL)
        mark_payees_of_link (self, link);
      else if (may_take (link) && is_new (self, g_intern_string (koban_field_text (link, "id"))))
        ask_link (self, link, "link", NULL);
    }
}

/* --- what looks odd
 * ----------------------------------------------------------------------------------------- */

static GVariant *
find_link (GVariant *links, const char *id)
{
  for (gsize i = 0; i < g_variant_n_children (links); i++)
    {
      GVariant *link = g_variant_get_child_value (links, i);

      if (g_strcmp0 (koban_field_text (link, "id"), id) == 0)
        return link;
      g_variant_unref (link);
    }
  return NULL;
}

static void
ask_odd (Asking *self, const KobanAlert *alert, GVariant *links)
{
  g_autoptr(GVariant) link = alert->ref != NULL ? find_link (links, alert->ref) : NULL;
  const KobanPayeeSum *payee =
    link == NULL && alert->ref != NULL ? g_hash_table_lookup (self->of_line, alert->ref) : NULL;
  const char *severity = koban_severity_name (alert->severity);

  if (link != NULL && koban_field_text (link, "answer") == NULL &&
      is_new (self, g_intern_string (alert->ref)))
    ask_link (self, link, "odd", severity);
  else if (payee != NULL && payee->answer == KOBAN_ANSWER_NONE && is_new (self, payee))
    ask_payee (self, payee, "odd", severity);
}

static KobanDate
last_day_of (GPtrArray *payees)
{
  KobanDate last = KOBAN_NO_DATE;

  for (guint i = 0; i < payees->len; i++)
    last = MAX (last, ((const KobanPayeeSum *) payees->pdata[i])->last);
  return last;
}

GVariant *
koban_questions_ask (GPtrArray *odd, GVariant *links, GPtrArray *payees, GHashTable *of_line)
{
  Asking self = { .payees = payees,
                  .of_line = of_line,
                  .asked = g_hash_table_new (NULL, NULL),
                  .last_day = last_day_of (payees) };

  g_variant_builder_init (&self.rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < odd->len; i++)
    ask_odd (&self, odd->pdata[i], links);
  ask_links (&self, links);
  ask_payees (&self);
  g_hash_table_unref (self.asked);
  return g_variant_builder_end (&self.rows);
}
