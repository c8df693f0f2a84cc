/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One plain mail by SMTP submission: TLS from the first byte (smtps, port 465) or before anything
 * else (smtp, STARTTLS, port 587), verified; without it nothing is sent. Whatever the texts hold,
 * the mail has exactly the headers named here.
 */
#pragma once

#include <koban/http.h>

G_BEGIN_DECLS

typedef struct
{
  const char  *server;   /* "smtps://host[:port]" or "smtp://host[:port]" */
  const char  *user;     /* (nullable): signs in, with @password */
  KobanSecret *password; /* (nullable) */
  const char  *from;     /* "name@host", see koban_mail_check_address() */
  const char  *to;
  const char  *subject;  /* UTF-8, any length; made one line */
  const char  *body;     /* UTF-8 */
  const char  *id;       /* letters and digits: the same mail sent again has the same Message-ID */
  const char  *thread;   /* letters and digits: mails that belong together */
  gint64       at_us;    /* wall: the Date */
  GBytes      *ca_pem;   /* (nullable): trust these instead of the system's certificates */
  gboolean     host_was_typed; /* by the person: its name may lead into their own network */
} KobanMail;

/* The whole mail with its headers, CRLF at each line's end. (transfer full) */
char    *koban_mail_compose       (const KobanMail *self);

/* @mail is copied. Errors: OFFLINE (resolve, connect, time-out, cut, or the server says "later"), UNTRUSTED (TLS),
 * NEEDS_SIGN_IN (name or password refused), INVALID (an address), FAILED (the server refuses it for good),
 * G_IO_ERROR_CANCELLED. */
void     koban_mail_send_async    (KobanHttp *wire, const KobanMail *mail, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
gboolean koban_mail_send_finish   (KobanHttp *wire, GAsyncResult *result, GError **error);

/* Of one of the two forms, without path, name or password. */
gboolean koban_mail_check_server  (const char *server, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* One address of the plain form name@host, ASCII, fit to stand in a header and in a command of SMTP. */
gboolean koban_mail_check_address (const char *address, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
