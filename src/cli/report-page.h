/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A page to print, written from top to bottom: koban_page_open(), parts, koban_page_close(). Texts are cleaned and
 * escaped here; koban_page_put() alone takes markup, and only our own.
 */
#pragma once

#include "cli/report.h"

G_BEGIN_DECLS

typedef struct
{
  GString *out;
  GVariant *dossier;                 /* or card */
  const KobanReportOptions *options;
} KobanPage;

void koban_page_open  (KobanPage *page, const char *title_key);
void koban_page_close (KobanPage *page); /* with a seal still open */

const char *koban_page_say (KobanPage *page, const char *key); /* a word of the page's language */
void koban_page_put  (KobanPage *page, const char *html);
void koban_page_text (KobanPage *page, const char *text);
void koban_page_word (KobanPage *page, const char *key);

void koban_page_begin_part  (KobanPage *page, const char *key);
void koban_page_end_part    (KobanPage *page);
void koban_page_heading     (KobanPage *page, const char *key);
void koban_page_note        (KobanPage *page, const char *key);
void koban_page_begin_pairs (KobanPage *page);
void koban_page_pair        (KobanPage *page, const char *label, const char *value); /* NULL: a blank to fill in */
void koban_page_known_pair  (KobanPage *page, const char *label, const char *value); /* NULL: no row */
void koban_page_begin_table (KobanPage *page, const char *const *headings);
void koban_page_cell        (KobanPage *page, const char *kind, const char *text);
void koban_page_line        (KobanPage *page, const char *label, const char *value); /* "label: value" in a cell */
void koban_page_end_table   (KobanPage *page);
/* Every row of @rows, and the end of the table. */
void koban_page_rows        (KobanPage *page, GVariant *rows, void (*put_row) (KobanPage *page, GVariant *row));

/* Fields as they are printed. (transfer full) (nullable) */
char *koban_page_money (GVariant *row, const char *key);
char *koban_page_time  (GVariant *row, const char *key); /* local, to the second: a burst is over within a minute */
char *koban_page_count (gint64 value);

/* The parts of a dossier that are not what the bank told. */
void koban_page_course    (KobanPage *page); /* 6 */
void koban_page_moment    (KobanPage *page, GVariant *row); /* a row of it */
void koban_page_baseline  (KobanPage *page); /* 7 */
void koban_page_deadlines (KobanPage *page); /* 8 */
void koban_page_integrity (KobanPage *page); /* 9 */
void koban_page_checklist (KobanPage *page); /* 10, the person's own copy */
void koban_page_told      (KobanPage *page); /* 10, for others */

G_END_DECLS
