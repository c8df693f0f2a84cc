/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * libqrencode, drawn in half blocks: two modules a character. Dark on light whatever the colours of
 * the terminal are, because not every camera reads the reverse.
 */
#include "config.h"

#include "cli/qr.h"

#ifdef KOBAN_QR

#include <qrencode.h>

#define QUIET 4 /* light modules around it, as the standard wants */
#define DARK_ON_LIGHT "\033[30;107m"
#define PLAIN "\033[0m"

static gboolean
is_dark (const QRcode *code, int x, int y)
{
  gboolean inside = x >= 0 && y >= 0 && x < code->width && y < code->width;

  return inside && (code->data[y * code->width + x] & 1) != 0;
}

static void
draw_row (GString *drawn, const QRcode *code, int y)
{
  static const char *const blocks[2][2] = { { " ", "▄" }, { "▀", "█" } }; /* upper dark, lower dark */

  g_string_append (drawn, DARK_ON_LIGHT);
  for (int x = -QUIET; x < code->width + QUIET; x++)
    g_string_append (drawn, blocks[is_dark (code, x, y)][is_dark (code, x, y + 1)]);
  g_string_append (drawn, PLAIN "\r\n");
}

char *
koban_qr_draw (const char *text)
{
  QRcode *code = QRcode_encodeString8bit (text, 0, QR_ECLEVEL_M);
  GString *drawn;

  if (code == NULL)
    return NULL;
  drawn = g_string_new (NULL);
  for (int y = -QUIET; y < code->width + QUIET; y += 2)
    draw_row (drawn, code, y);
  QRcode_free (code);
  return g_string_free (drawn, FALSE);
}

#else

char *
koban_qr_draw (const char *text)
{
  return NULL;
}

#endif
