/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * One exchange by libcurl, whatever the protocol: on one GSource for all, bounded in time,
 * cancelled at once, with the certificates and the addresses that may be trusted. Private to
 * http.c and mail.c, which say what is sent and what an answer means.
 */
#pragma once

#include "wire/http-private.h"

#include <curl/curl.h>

G_BEGIN_DECLS

typedef struct _KobanTransfers KobanTransfers; /* libcurl's multi interface as one GSource */

/* Belongs to the thread-default context of its maker. */
KobanTransfers *koban_transfers_new           (void);
/* No transfer is left. */
void            koban_transfers_free          (KobanTransfers *self);
guint           koban_transfers_get_n_watched (KobanTransfers *self);

/* What http.c lends to mail.c: one person's wire is one source. */
KobanTransfers *koban_http_get_transfers (KobanHttp *self); /* (transfer none) */

/* Where a transfer is refused by us inside a callback of libcurl, which then only says "failed". */
typedef enum
{
  KOBAN_REFUSED_NOTHING,
  KOBAN_REFUSED_ADDRESS,
  KOBAN_REFUSED_HEADERS,
  KOBAN_REFUSED_BODY,
} KobanRefusal;

typedef void (*KobanTransferDone) (GTask *task, CURLcode result);

typedef struct
{
  KobanTransfers   *transfers; /* (unowned): the task holds who holds it */
  CURL             *easy;      /* (owned) (nullable): NULL once it has ended */
  GSource          *cancel;    /* (owned) (nullable) */
  GTask            *task;      /* (owned) (nullable): while it is under way */
  KobanTransferDone done;

  char    *host;           /* (owned) */
  gboolean host_is_agreed; /* an address and not a name, or a name that the person typed */
  guint    proxy_port;     /* 0: no proxy */
  GBytes  *ca_pem;         /* (owned) (nullable) */

  KobanRefusal refusal;
  char         message[CURL_ERROR_SIZE];
} KobanTransfer;

/* What is in an address: libcurl's own parser judges, so that what is checked is what it will connect to. */
typedef struct
{
  char *scheme; /* (owned), lower case */
  char *host;   /* (owned), lower case */
  char *port;   /* (owned) (nullable): only if one is written */
  char *path;   /* (owned): "/" if none is written */
} KobanUrl;

void     koban_url_clear (KobanUrl *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (KobanUrl, koban_url_clear)

/* Refuses what is no address (@form says how one looks), and credentials or a fragment in it. */
gboolean koban_url_parse (const char *url, const char *form, KobanUrl *parsed, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/* @host, @host_is_agreed and @ca_pem stand by then. Makes @easy: no redirects, no .netrc, verified TLS, limits of time. */
void     koban_transfer_open  (KobanTransfer *self, KobanTransfers *transfers, const char *url,
                               const KobanHttpPatience *patience);
/* Alone on its connection, which is closed behind it. */
void     koban_transfer_keep_to_itself (KobanTransfer *self);
/* Takes @task, whose data holds @self: @done is called once with it, unless it is cancelled, which returns the task. */
void     koban_transfer_begin (KobanTransfer *self, GTask *task, KobanTransferDone done);
/* The first thing that @done does once it has asked @easy; afterwards libcurl knows the transfer no more. */
void     koban_transfer_end   (KobanTransfer *self);
void     koban_transfer_clear (KobanTransfer *self);
/* The sentence for what went wrong. (transfer full) */
GError  *koban_transfer_error (KobanTransfer *self, CURLcode result);

G_END_DECLS
