/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Links that no bank lists and that their debits show: a mandate, a collection, a standing order, a wallet.
 * It only says which there are; that their first debit is told is the detectors' work, and no link is ended
 * here.
 */
#include "config.h"

#include "ledger/inside.h"

#include <koban/text.h>

static gboolean
is_wallet (const KobanService *service)
{
  return service != NULL &&
         (service->category == KOBAN_SERVICE_WALLET || service->category == KOBAN_SERVICE_BNPL);
}

/* FALSE if a debit of this kind is no standing power. */
static gboolean
kind_of (KobanServices *services,
         const KobanTransaction *line,
         const char *folded,
         const KobanService *service,
         KobanLinkKind *kind)
{
  KobanTransactionType type = line->type;

  if (services != NULL && type == KOBAN_TRANSACTION_OTHER)
    koban_services_skip_prefixes (services, folded, &type);
  if (is_wallet (service))
    *kind = KOBAN_LINK_EMONEY;
  else if (type == KOBAN_TRANSACTION_STANDING_ORDER)
    *kind = KOBAN_LINK_STANDING_ORDER;
  else if (line->mandate_ref != NULL || type == KOBAN_TRANSACTION_DIRECT_DEBIT ||
           koban_services_names (services, KOBAN_WORD_COLLECTION, folded))
    *kind = KOBAN_LINK_DIRECT_DEBIT;
  else
    return FALSE;
  return TRUE;
}

/* Dates and numbers of one payment are no part of whose it is. */
static char *
lasting_name (const KobanTransaction *line, const KobanService *service)
{
  const char *name = koban_transaction_get_name (line);
  g_auto(GStrv) words = g_strsplit_set (name, " \t", -1);
  g_autoptr(GString) lasting = g_string_new (NULL);

  if (is_wallet (service))
    return g_strdup (service->name);
  for (char **word = words; line->payee == NULL && *word != NULL; word++)
    if (**word != '\0' && strpbrk (*word, "0123456789") == NULL)
      g_string_append_printf (lasting, "%s%s", lasting->len > 0 ? " " : "", *word);
  return g_strdup (lasting->len > 0 ? lasting->str : name);
}

static KobanLink *
link_of (KobanServices *services, const KobanTransaction *line)
{
  g_autofree char *folded = koban_text_fold (koban_transaction_get_name (line));
  const KobanService *service = services != NULL ? koban_services_match (services, folded) : NULL;
  KobanLink fields = { .provenance = KOBAN_PROVENANCE_DERIVED,
                       .status = KOBAN_LINK_ACTIVE,
                       .revocation = KOBAN_REVOCATION_MANUAL,
                       .collector = line->counterparty_id,
                       .reference = line->mandate_ref };

  if (line->amount.minor >= 0 || line->state == KOBAN_TRANSACTION_WITHDRAWN ||
      !kind_of (services, line, folded, service, &fields.kind))
    return NULL;
  g_autofree char *name = lasting_name (line, service);
  if (is_wallet (service))
    fields.collector = service->id;
  fields.name = name;
  return koban_link_new (&fields);
}

/* Two debits of one power are one link. */
static char *
key_of (const KobanLink *link)
{
  g_autofree char *folded = koban_text_fold (link->name);
  return g_strdup_printf ("%u\n%s\n%s", (guint) link->kind,
                          link->collector != NULL ? link->collector : folded,
                          link->reference != NULL ? link->reference : "");
}

GPtrArray *
koban_derive_links (KobanServices *services, GPtrArray *lines)
{
  GPtrArray *links = g_ptr_array_new_with_free_func ((GDestroyNotify) koban_link_unref);
  g_autoptr(GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (guint i = 0; lines != NULL && i < lines->len; i++)
    {
      g_autoptr(KobanLink) link = link_of (services, lines->pdata[i]);
      if (link != NULL && g_hash_table_add (seen, key_of (link)))
        g_ptr_array_add (links, g_steal_pointer (&link));
    }
  return links;
}
