/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The codes of DESIGN §5 as words for people. JSON, options and the bus keep the codes; what a person types
 * ("not-mine", "links") stays as it is typed.
 */
#include "config.h"

#include <glib/gi18n-lib.h>
#include <koban/phrase.h>

static const struct
{
  const char *code, *context, *word;
} words[] = {
  /* kinds of links */
  { "emoney", "link", NC_("link", "e-money") },
  { "direct_debit", "link", NC_("link", "direct debit") },
  { "standing_order", "link", NC_("link", "standing order") },
  { "consent", "link", NC_("link", "consent") },
  { "recurring_consent", "link", NC_("link", "payment consent") },
  { "app", "link", NC_("link", "app") },
  { "aggregator", "link", NC_("link", "aggregator") },
  { "webhook", "link", NC_("link", "webhook") },
  { "card_on_file", "link", NC_("link", "card on file") },
  /* how a link stands, where it is known from, how it is ended */
  { "active", "status", NC_("status", "active") },
  { "expired", "status", NC_("status", "expired") },
  { "revoked", "status", NC_("status", "revoked") },
  { "gone", "status", NC_("status", "gone") },
  { "unknown", "status", NC_("status", "unknown") },
  { "native", "provenance", NC_("provenance", "listed by the bank") },
  { "access", "provenance", NC_("provenance", "held by the service that Koban asks") },
  { "derived", "provenance", NC_("provenance", "seen by its debits") },
  { "api", "revocation", NC_("revocation", "by Koban") },
  { "api+sca", "revocation", NC_("revocation", "by Koban, with your bank's confirmation") },
  { "url", "revocation", NC_("revocation", "on a page") },
  { "manual", "revocation", NC_("revocation", "by hand") },
  { "none", "revocation", NC_("revocation", "none") },
  /* alerts */
  { "link", "alert", NC_("alert", "link") },
  { "withdrawal", "alert", NC_("alert", "withdrawal") },
  { "balance", "alert", NC_("alert", "balance") },
  { "freshness", "alert", NC_("alert", "not looked") },
  { "critical", "severity", NC_("severity", "critical") },
  { "warning", "severity", NC_("severity", "warning") },
  { "notice", "severity", NC_("severity", "notice") },
  { "new", "state", NC_("state", "new") },
  { "notified", "state", NC_("state", "told") },
  { "answered", "state", NC_("state", "answered") },
  { "closed", "state", NC_("state", "closed") },
  /* connections */
  { "ok", "state", NC_("state", "ok") },
  { "waiting", "state", NC_("state", "waiting") },
  { "locked", "state", NC_("state", "locked") },
  { "sign-in", "state", NC_("state", "sign-in needed") },
  { "offline", "state", NC_("state", "offline") },
  { "stale", "state", NC_("state", "stale") },
  { "shared", "state", NC_("state", "shared") },
  { "error", "state", NC_("state", "error") },
  /* lines */
  { "pending", "state", NC_("state", "pending") },
  { "booked", "state", NC_("state", "booked") },
  { "withdrawn", "state", NC_("state", "taken back") },
  /* what a secret can do */
  { "read", "power", NC_("power", "read") },
  { "read+revoke", "power", NC_("power", "read and revoke") },
  { "pay", "power", NC_("power", "pay") },
};

const char *
koban_phrase_word (const char *code)
{
  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_str_equal (code, words[i].code))
      return g_dpgettext2 (NULL, words[i].context, words[i].word);
  return code;
}
