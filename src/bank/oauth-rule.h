/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a profile says of an OAuth 2 sign-in: where the bank's authorization server is, how the client proves
 * itself there, and what a person must consent to. Read by profile-oauth.c.
 */
#pragma once

#include "wire/json-reader.h"

G_BEGIN_DECLS

/* CODE: a page, and a code that it sends back. DEVICE: a code that the person types at a page. CONSENT: a
 * consent that is made first, approved at a page or in the bank's app, and then named in every request; there
 * is no token. */
typedef enum
{
  KOBAN_FLOW_CODE,
  KOBAN_FLOW_DEVICE,
  KOBAN_FLOW_CONSENT
} KobanFlow;

/* How the token endpoint knows the client (RFC 6749 §2.3, RFC 7523, RFC 8705). */
typedef enum
{
  KOBAN_CLIENT_NONE,
  KOBAN_CLIENT_SECRET_POST,
  KOBAN_CLIENT_SECRET_BASIC,
  KOBAN_CLIENT_PRIVATE_KEY_JWT,
  KOBAN_CLIENT_TLS,
} KobanClientProof;

/* OF_KEY: RS256 for an RSA key, ES256 for one of P-256. */
typedef enum
{
  KOBAN_SIGNATURE_OF_KEY,
  KOBAN_SIGNATURE_RS256,
  KOBAN_SIGNATURE_PS256,
  KOBAN_SIGNATURE_ES256
} KobanSignature;

/* Where the metadata stands (RFC 8414). */
typedef enum
{
  KOBAN_DISCOVER_NOT,
  KOBAN_DISCOVER_OAUTH,
  KOBAN_DISCOVER_OPENID
} KobanDiscover;

typedef enum
{
  KOBAN_ENDPOINT_AUTHORIZE,
  KOBAN_ENDPOINT_TOKEN,
  KOBAN_ENDPOINT_PAR,
  KOBAN_ENDPOINT_DEVICE,
  KOBAN_ENDPOINT_REGISTER,
  KOBAN_N_ENDPOINTS,
} KobanEndpoint;

/* Every text is (unowned): it stands in the profile's own document. A consent that is made before the person is asked. */
typedef struct
{
  const char   *path;      /* (nullable): there is none; POST */
  KobanJsonNode body;      /* none, or an object whose texts are templates */
  GArray       *headers;   /* KobanPair: name, template */
  gboolean      as_client; /* with a token that the client is given for itself … */
  const char   *scope;     /* (nullable): … for these scopes */
  GArray       *keep;      /* KobanPair: name, pointer: secrets, kept in the keyring */
  char        **fields;    /* (nullable): which of them are no secret, so that paths may use them */
  const char   *url;       /* (nullable): pointer to the page that the person approves it at */
  const char   *expires;   /* (nullable): pointer to when it ends, RFC 3339 or a day */
  const char   *status;    /* (nullable): path of its status, a template of secrets … */
  const char   *status_at; /* … where in the answer that stands … */
  char        **status_is; /* … which words are a yes … */
  char        **status_no; /* (nullable): … and which a no */
} KobanConsentRule;

typedef struct
{
  const char      *issuer;  /* (nullable): who must have answered (RFC 9207) */
  KobanDiscover    discover;
  const char      *endpoints[KOBAN_N_ENDPOINTS]; /* each (nullable): a path, or a URL */
  KobanFlow        flow;
  KobanClientProof client;
  const char      *client_id;     /* (nullable): need; NULL: the server registers us (RFC 7591) */
  const char      *client_secret; /* (nullable): need */
  const char      *key, *key_id;  /* (nullable): needs */
  KobanSignature   algorithm;     /* of assertions and signed parameters */
  const char      *audience;      /* (nullable): of an assertion; NULL: the issuer, or the token endpoint */
  const char      *redirect;      /* (nullable): need: a registered address; NULL: a port of ours */
  const char      *scope;         /* (nullable) */
  GArray          *send;          /* KobanPair: parameter of the page, template */
  KobanJsonNode    claims;        /* none, or the parameter "claims" */
  gboolean         sign;          /* the parameters go as one signed object (RFC 9101) */
  KobanConsentRule consent;
  const char      *approval;      /* (nullable): path that is refused (403) until the person approves in the app */
  guint            consent_days;  /* 0: not known */
} KobanOAuthRule;

G_END_DECLS
