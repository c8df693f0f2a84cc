/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A plain mail, composed and handed to a submission server by libcurl on the wire (transfer.c). No
 * text can add a header: each is made one line of printable ASCII before it stands there. It never
 * logs, and speaks to no server that did not prove itself by TLS first.
 */
#include "config.h"

#include "wire/http-address.h"
#include "wire/transfer.h"

#include <koban/date.h>
#include <koban/error.h>
#include <koban/mail.h>
#include <koban/text.h>

#include <glib/gi18n-lib.h>
#include <string.h>

#define WORD_BYTES 45 /* of UTF-8 in one encoded word: with its frame 72 of the 75 that RFC 2047 allows */
#define BASE64_LINE_BYTES 57 /* 76 letters, as RFC 2045 wants */
#define PLAIN_LINE_MAX 900   /* RFC 5322 allows 998 */
#define ADDRESS_MAX 254

/* ---- the text ---- */

static gboolean
is_plain (const char *text)
{
  for (const char *c = text; *c != '\0'; c++)
    if (*c < ' ' || *c > '~')
      return FALSE;
  return TRUE;
}

/* As many whole characters as fit into one encoded word. */
static gsize
word_length (const char *text)
{
  const char *end = text;

  while (*end != '\0' && g_utf8_next_char (end) - text <= WORD_BYTES)
    end = g_utf8_next_char (end);
  return (gsize) (end - text);
}

/* RFC 2047: each word stands alone, so none ends in the middle of a character. */
static void
append_encoded_words (GString *mail, const char *text)
{
  for (const char *at = text; *at != '\0';)
    {
      gsize length = word_length (at);
      g_autofree char *encoded = g_base64_encode ((const guchar *) at, length);

      g_string_append_printf (mail, "%s=?UTF-8?B?%s?=", at == text ? "" : "\r\n ", encoded);
      at += length;
    }
}

/* An ASCII text that could be taken for an encoded word is encoded, too. */
static void
append_subject (GString *mail, const char *subject)
{
  g_autofree char *line = koban_text_clean (subject, 0);

  g_string_append (mail, "Subject: ");
  if (is_plain (line) && strlen (line) < PLAIN_LINE_MAX && strstr (line, "=?") == NULL)
    g_string_append (mail, line);
  else
    append_encoded_words (mail, line);
  g_string_append (mail, "\r\n");
}

/* RFC 5322 wants these names, whatever the person's language. */
static void
append_date (GString *mail, gint64 at_us)
{
  static const char *const days[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
  g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc (at_us / KOBAN_SECOND_US);

  g_string_append_printf (
    mail, "Date: %s, %d %s %d %02d:%02d:%02d +0000\r\n", days[g_date_time_get_day_of_week (at) - 1],
    g_date_time_get_day_of_month (at), months[g_date_time_get_month (at) - 1], g_date_time_get_year (at),
    g_date_time_get_hour (at), g_date_time_get_minute (at), g_date_time_get_second (at));
}

/* The root of the thread is no mail that was ever sent: every mail refers to it, so that they stand together
 * whichever of them arrives first, or at all. */
static void
append_ids (GString *mail, const KobanMail *self)
{
  const char *host = strrchr (self->from, '@') + 1;

  g_string_append_printf (mail, "Message-ID: <koban.%s@%s>\r\n", self->id, host);
  g_string_append_printf (mail, "In-Reply-To: <koban.thread.%s@%s>\r\n", self->thread, host);
  g_string_append_printf (mail, "References: <koban.thread.%s@%s>\r\n", self->thread, host);
}

static gboolean
is_short_ascii (const char *text)
{
  gsize column = 0;

  for (const char *c = text; *c != '\0'; c++)
    {
      column = *c == '\n' ? 0 : column + 1;
      if ((guchar) *c > '~' || (*c < ' ' && *c != '\n') || column > PLAIN_LINE_MAX)
        return FALSE;
    }
  return TRUE;
}

static void
append_plain (GString *mail, const char *body)
{
  g_auto(GStrv) lines = g_strsplit (body, "\n", -1);

  for (char **line = lines; *line != NULL; line++)
    g_string_append_printf (mail, "%s\r\n", *line);
}

static void
append_base64 (GString *mail, const char *body)
{
  gsize left = strlen (body);

  for (const char *at = body; left > 0;)
    {
      gsize length = MIN (left, BASE64_LINE_BYTES);
      g_autofree char *line = g_base64_encode ((const guchar *) at, length);

      g_string_append_printf (mail, "%s\r\n", line);
      at += length;
      left -= length;
    }
}

static void
append_body (GString *mail, const char *body)
{
  g_autofree char *valid = g_utf8_make_valid (body, -1);
  gboolean plain = is_short_ascii (valid);

  g_string_append_printf (mail, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=%s\r\n",
                          plain ? "us-ascii" : "utf-8");
  g_string_append_printf (mail, "Content-Transfer-Encoding: %s\r\n\r\n", plain ? "7bit" : "base64");
  if (plain)
    append_plain (mail, valid);
  else
    append_base64 (mail, valid);
}

char *
koban_mail_compose (const KobanMail *self)
{
  GString *mail = g_string_new (NULL);

  g_return_val_if_fail (koban_mail_check_address (self->from, NULL), NULL);
  g_return_val_if_fail (koban_mail_check_address (self->to, NULL), NULL);

  append_date (mail, self->at_us);
  g_string_append_printf (mail, "From: Koban <%s>\r\nTo: <%s>\r\n", self->from, self->to);
  append_subject (mail, self->subject);
  append_ids (mail, self);
  /* No holiday notice comes back (RFC 3834), and no list server passes it on. */
  g_string_append (mail, "Auto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\n");
  append_body (mail, self->body);
  return g_string_free (mail, FALSE);
}

/* ---- addresses ---- */

static gboolean
refuse (GError **error, const char *format, const char *what)
{
  g_autofree char *clean = koban_text_clean (what, 80);

  g_set_error (error, KOBAN_ERROR, KOBAN_ERROR_INVALID, "%s: %s", clean, format);
  return FALSE;
}

gboolean
koban_mail_check_address (const char *address, GError **error)
{
  const char *at = strchr (address, '@');
  const char *host = at != NULL ? at + 1 : "";
  gboolean good = at != NULL && at != address && *host != '\0' && strchr (host, '@') == NULL &&
                  strlen (address) <= ADDRESS_MAX && is_plain (address) &&
                  strpbrk (address, " <>()[],;:\\\"") == NULL && *host != '.' && *host != '-';

  return good || refuse (error, _("this is not a mail address of the form name@host"), address);
}

gboolean
koban_mail_check_server (const char *server, GError **error)
{
  g_auto(KobanUrl) parsed = { 0 };
  const char *form = _("This is not an address of the form smtps://host or smtp://host.");

  if (!koban_url_parse (server, form, &parsed, error))
    return FALSE;
  if ((g_str_equal (parsed.scheme, "smtps") || g_str_equal (parsed.scheme, "smtp")) &&
      g_str_equal (parsed.path, "/") && strchr (server, '?') == NULL)
    return TRUE;
  g_set_error_literal (error, KOBAN_ERROR, KOBAN_ERROR_UNTRUSTED, form);
  return FALSE;
}

/* The path is what we are called in the greeting: this computer's name is nobody's business. */
static char *
submission_url (const KobanUrl *server)
{
  const char *usual = g_str_equal (server->scheme, "smtps") ? "465" : "587";

  return g_strdup_printf ("%s://%s:%s/%%5B127.0.0.1%%5D", server->scheme, server->host,
                          server->port != NULL ? server->port : usual);
}

/* ---- sending ---- */

typedef struct
{
  KobanTransfer transfer;
  char *text;            /* (owned) */
  gsize sent;            /* bytes of @text */
  struct curl_slist *to; /* (owned) */
  KobanSecret *password; /* (owned) (nullable) */
} Sending;

static void
sending_free (gpointer data)
{
  Sending *self = data;

  koban_transfer_clear (&self->transfer);
  curl_slist_free_all (self->to);
  g_clear_pointer (&self->password, koban_secret_unref);
  g_free (self->text);
  g_free (self);
}

static size_t
on_read (char *buffer, size_t size, size_t n, void *user_data)
{
  Sending *self = user_data;
  gsize length = MIN (size * n, strlen (self->text) - self->sent);

  memcpy (buffer, self->text + self->sent, length);
  self->sent += length;
  return length;
}

/* What the server says is nobody's message to the person. */
static size_t
on_said (char *data, size_t size, size_t n, void *user_data)
{
  return size * n;
}

/* A refusal in the language of SMTP: 4yz is "later", 5yz is "never". */
static GError *
refusal (Sending *self, CURLcode result)
{
  long code = 0;

  curl_easy_getinfo (self->transfer.easy, CURLINFO_RESPONSE_CODE, &code);
  if ((result != CURLE_SEND_ERROR && result != CURLE_RECV_ERROR && result != CURLE_WEIRD_SERVER_REPLY) ||
      code < 400 || code > 599)
    return koban_transfer_error (&self->transfer, result);
  if (code < 500)
    return g_error_new (KOBAN_ERROR, KOBAN_ERROR_OFFLINE,
                        _("%s: the server does not take the mail now (%ld)"), self->transfer.host, code);
  if (code == 530 || code == 535 || code == 538)
    return g_error_new (KOBAN_ERROR, KOBAN_ERROR_NEEDS_SIGN_IN,
                        _("%s: the server wants another name or password (%ld)"), self->transfer.host, code);
  return g_error_new (KOBAN_ERROR, KOBAN_ERROR_FAILED, _("%s: the server refuses the mail (%ld)"),
                      self->transfer.host, code);
}

static void
on_sent (GTask *task, CURLcode result)
{
  Sending *self = g_task_get_task_data (task);
  GError *error = result == CURLE_OK ? NULL : refusal (self, result);

  koban_transfer_end (&self->transfer);
  if (error != NULL)
    g_task_return_error (task, error);
  else
    g_task_return_boolean (task, TRUE);
}

/* libcurl copies name and password, and frees its copies without wiping them when the transfer ends. */
static void
set_login (Sending *self, const KobanMail *mail)
{
  if (mail->user == NULL || mail->password == NULL)
    return;
  self->password = koban_secret_ref (mail->password);
  curl_easy_setopt (self->transfer.easy, CURLOPT_USERNAME, mail->user);
  curl_easy_setopt (self->transfer.easy, CURLOPT_PASSWORD, koban_secret_peek (self->password, NULL));
}

static void
set_options (Sending *self, const KobanMail *mail)
{
  CURL *easy = self->transfer.easy;
  g_autofree char *from = g_strdup_printf ("<%s>", mail->from);
  g_autofree char *to = g_strdup_printf ("<%s>", mail->to);

  self->to = curl_slist_append (NULL, to);
  curl_easy_setopt (easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt (easy, CURLOPT_USE_SSL, (long) CURLUSESSL_ALL);
  curl_easy_setopt (easy, CURLOPT_MAIL_FROM, from);
  curl_easy_setopt (easy, CURLOPT_MAIL_RCPT, self->to);
  curl_easy_setopt (easy, CURLOPT_UPLOAD, 1L);
  curl_easy_setopt (easy, CURLOPT_INFILESIZE_LARGE, (curl_off_t) strlen (self->text));
  curl_easy_setopt (easy, CURLOPT_READFUNCTION, on_read);
  curl_easy_setopt (easy, CURLOPT_READDATA, self);
  curl_easy_setopt (easy, CURLOPT_WRITEFUNCTION, on_said);
  set_login (self, mail);
  /* A connection that was signed in on is nobody else's, and no server likes one that waits. */
  koban_transfer_keep_to_itself (&self->transfer);
}

static Sending *
sending_new (KobanHttp *wire, const KobanMail *mail)
{
  Sending *self = g_new0 (Sending, 1);
  KobanHttpPatience patience = koban_http_get_patience (wire);
  g_auto(KobanUrl) server = { 0 };
  gboolean parsed = koban_url_parse (mail->server, "", &server, NULL);
  g_autofree char *url = parsed ? submission_url (&server) : NULL;

  g_assert (parsed); /* it was checked */
  self->text = koban_mail_compose (mail);
  self->transfer.host = g_strdup (server.host);
  self->transfer.host_is_agreed = mail->host_was_typed || koban_http_host_is_literal (server.host);
  self->transfer.ca_pem = mail->ca_pem != NULL ? g_bytes_ref (mail->ca_pem) : NULL;
  koban_transfer_open (&self->transfer, koban_http_get_transfers (wire), url, &patience);
  set_options (self, mail);
  return self;
}

void
koban_mail_send_async (KobanHttp *wire,
                       const KobanMail *mail,
                       GCancellable *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_autoptr(GTask) task = g_task_new (wire, cancellable, callback, user_data);
  GError *error = NULL;

  g_return_if_fail (KOBAN_IS_HTTP (wire));

  g_task_set_source_tag (task, koban_mail_send_async);
  if (g_task_return_error_if_cancelled (task))
    return;
  if (!koban_mail_check_server (mail->server, &error) || !koban_mail_check_address (mail->from, &error) ||
      !koban_mail_check_address (mail->to, &error))
    {
      g_task_return_error (task, error);
      return;
    }

  Sending *sending = sending_new (wire, mail);
  g_task_set_task_data (task, sending, sending_free);
  koban_transfer_begin (&sending->transfer, g_steal_pointer (&task), on_sent);
}

gboolean
koban_mail_send_finish (KobanHttp *wire, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, wire), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
