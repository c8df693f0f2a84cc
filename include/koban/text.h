/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Foreign text: how two spellings are found to be the same (fold), and the only ways in which a
 * bank's words may leave the program (clean, quote, mask). Bank text is hostile: bidi and control
 * characters, escape sequences, markup, lures.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The comparison key: NFKC, upper case, half-width kana to full width, small kana to large, all
 * long-vowel and hyphen signs to one (dropped), blanks and punctuation squeezed.
 * ﾄﾞｺﾓｺｳｻﾞ = ドコモコウザ; デイバライ = ディーバライ. Invalid UTF-8 becomes U+FFFD. (transfer full) */
char *koban_text_fold (const char *text);

/* One line, safe on a terminal, in a log, in a table: control, format and bidi characters removed,
 * blanks squeezed, combining runs cut, at most @max characters (0: no limit) with "…". NULL gives "". */
char *koban_text_clean (const char *text, guint max);

/* A foreign name inside our own sentence (notifications): cleaned, at most 32 characters, runs of
 * five or more digits and anything like a URL, mail address or telephone number shown as "…",
 * in quotation marks and directional isolates. (transfer full) */
char *koban_text_quote (const char *name);

/* "GB63SRLG60837101234567" → "…4567"; four or fewer characters are all hidden. */
char *koban_text_mask_number (const char *number);

/* For a notification body whose server speaks markup: escapes & < > ' ". */
char *koban_text_escape_markup (const char *text);

/* Stable 64-bit digest of a folded text, for keys in habits and incidents (FNV-1a). */
guint64 koban_text_hash (const char *folded);

G_END_DECLS
