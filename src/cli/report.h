/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A dossier (claim/dossier.h) written down: as a page to print, as JSON, as a table of events. Each is text that ends
 * with a seal still open (claim/seal.h). Foreign words are cleaned for where they go.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum { KOBAN_REPORT_EN, KOBAN_REPORT_JA } KobanReportLanguage;

/* What is said besides the dossier itself. */
typedef struct
{
  KobanReportLanguage language;
  gboolean  script;  /* checklist and telephone script: the person's own copy */
  GVariant *help;    /* (unowned): aa{sv} of claim/help.h */
  const char *phone; /* (unowned) (nullable): of the bank, from the person's card */
} KobanReportOptions;

char *koban_report_html (GVariant *dossier, const KobanReportOptions *options); /* (transfer full) */
char *koban_report_json (GVariant *dossier, const KobanReportOptions *options);
char *koban_report_csv  (GVariant *dossier, const KobanReportOptions *options);

/* The page to print: a{sv}: accounts aa{sv} (name s, bank s, number s, phone s), wallets aa{sv} (service s, revoke s, site s),
 * made s (a time). Help and language are of @options. It has no seal. (transfer full) */
char *koban_report_card (GVariant *card, const KobanReportOptions *options);

/* The words of the page, by key: en and ja stand side by side, whatever the locale. A key that is not known is an
 * error of the programmer. */
const char *koban_report_word (KobanReportLanguage language, const char *key);
/* The same with {name} places filled from pairs of names and texts, NULL at the end. (transfer full) */
char       *koban_report_fill (KobanReportLanguage language, const char *key, ...) G_GNUC_NULL_TERMINATED;

/* Balance and debits over time as one inline SVG; "" if there is nothing to draw. (transfer full) */
char       *koban_report_graph (GVariant *dossier, KobanReportLanguage language);

/* A new file, private, or none: STORAGE. */
gboolean    koban_report_save (const char *path, const char *text, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* The person's zone at a moment, in minutes. */
int         koban_report_offset_minutes (gint64 at_us);

/* Foreign text in HTML. (transfer full) */
char       *koban_report_escape (const char *text);

G_END_DECLS
