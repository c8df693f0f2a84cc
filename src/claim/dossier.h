/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The dossier of an incident: the ten parts that a bank, a wallet and the police ask for, made of what the ledger knows
 * (koban_ledger_get_case()) and of nothing else. Pure: the same facts give the same dossier.
 */
#pragma once

#include <koban/deadlines.h>
#include <koban/services.h>

G_BEGIN_DECLS

typedef enum { KOBAN_AUDIENCE_SELF, KOBAN_AUDIENCE_BANK, KOBAN_AUDIENCE_POLICE } KobanAudience;
/* FALSE leaves @audience untouched. */
gboolean    koban_audience_parse (const char *name, KobanAudience *audience);
const char *koban_audience_name  (KobanAudience audience);

typedef struct
{
  KobanAudience audience;   /* how much it holds: for the person all; for others no script, no words meant for third ones */
  const char   *language;   /* of rules and tasks: "ja", "en" */
  gint64        now_us;
  int           utc_offset_minutes;
  const char   *version;
  KobanServices  *services;  /* (unowned) (nullable) */
  KobanDeadlines *deadlines; /* (unowned) (nullable) */
} KobanDossierOptions;

/* a{sv} (transfer full): header a{sv}, account a{sv}, events aa{sv}, totals a{sv}, links aa{sv}, timeline aa{sv}, baseline
 * a{sv}, deadlines aa{sv}, integrity a{sv}, chain a(xxsss), journal aa{sv}, balances a(xxxs). Times are RFC 3339 texts,
 * money is (xs), what is not known is an absent key. @facts a{sv}. */
GVariant *koban_dossier_new (GVariant *facts, const KobanDossierOptions *options);

G_END_DECLS
