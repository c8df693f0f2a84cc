/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * JSON that Koban writes, by json-glib: always valid UTF-8, money as decimal text, times RFC 3339.
 */
#pragma once

#include <koban/date.h>
#include <koban/money.h>

G_BEGIN_DECLS

typedef struct _KobanJsonWriter KobanJsonWriter;

KobanJsonWriter *koban_json_writer_new  (void);
void             koban_json_writer_free (KobanJsonWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (KobanJsonWriter, koban_json_writer_free)

void  koban_json_writer_begin_object (KobanJsonWriter *self);
void  koban_json_writer_end_object   (KobanJsonWriter *self);
void  koban_json_writer_begin_array  (KobanJsonWriter *self);
void  koban_json_writer_end_array    (KobanJsonWriter *self);
void  koban_json_writer_name   (KobanJsonWriter *self, const char *name);   /* before a value, in an object */
void  koban_json_writer_string (KobanJsonWriter *self, const char *value);  /* NULL writes null; invalid UTF-8 is replaced */
void  koban_json_writer_int    (KobanJsonWriter *self, gint64 value);
void  koban_json_writer_bool   (KobanJsonWriter *self, gboolean value);
void  koban_json_writer_null   (KobanJsonWriter *self);
void  koban_json_writer_money  (KobanJsonWriter *self, KobanMoney value);   /* {"amount":"-1234.56","currency":"GBP"} */
void  koban_json_writer_time   (KobanJsonWriter *self, gint64 at_us);       /* 0 writes null */
/* Any GVariant made of a{sv}, aa{sv}, as, s, x, u, i, b, (xs) money, mv (nothing is null). */
void  koban_json_writer_variant (KobanJsonWriter *self, GVariant *value);

/* The whole text, one line or indented; (transfer full). */
char *koban_json_writer_finish (KobanJsonWriter *self, gboolean pretty);

G_END_DECLS
