/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What a profile's file says, as plain structs: which requests to make, which listings are in an
 * answer, where in a row each fact stands. Filled once by profile-reader.c, then only read.
 */
#pragma once

#include <koban/profile.h>
#include <koban/snapshot.h>
#include "bank/oauth-rule.h"
#include "wire/json-reader.h"

G_BEGIN_DECLS

/* What a listing gives. HOLDERS are what accounts hang on: sign-ins, consents, profiles of one person. IDENTITY is
 * a join: a fact about an account that its listing does not hold; NAMES is another: whose an id is. REMOVED are
 * lines that an earlier page gave and the bank takes back. SCOPES are the powers of the secret itself. */
typedef enum
{
  KOBAN_GIVES_HOLDERS,
  KOBAN_GIVES_ACCOUNTS,
  KOBAN_GIVES_IDENTITY,
  KOBAN_GIVES_LINKS,
  KOBAN_GIVES_BALANCE,
  KOBAN_GIVES_TRANSACTIONS,
  KOBAN_GIVES_REMOVED,
  KOBAN_GIVES_NAMES,
  KOBAN_GIVES_SCOPES,
} KobanGives;

/* One fact of a row. The names in the file and who may use which: field_rows in profile-reader.c. */
typedef enum
{
  KOBAN_FIELD_ID,
  KOBAN_FIELD_NAME,
  KOBAN_FIELD_CURRENCY,
  KOBAN_FIELD_NUMBER,
  KOBAN_FIELD_IBAN,
  KOBAN_FIELD_OWNERSHIP,
  KOBAN_FIELD_BOOKED,
  KOBAN_FIELD_AVAILABLE,
  KOBAN_FIELD_SORT,
  KOBAN_FIELD_AMOUNT,
  KOBAN_FIELD_DIRECTION,
  KOBAN_FIELD_STATE,
  KOBAN_FIELD_TYPE,
  KOBAN_FIELD_DATE,
  KOBAN_FIELD_TIME,
  KOBAN_FIELD_TEXT,
  KOBAN_FIELD_PAYEE,
  KOBAN_FIELD_COUNTERPARTY_ID,
  KOBAN_FIELD_MANDATE_REF,
  KOBAN_FIELD_PENDING_ID,
  KOBAN_FIELD_BALANCE_AFTER,
  KOBAN_FIELD_COLLECTOR,
  KOBAN_FIELD_REFERENCE,
  KOBAN_FIELD_STATUS,
  KOBAN_FIELD_CREATED,
  KOBAN_FIELD_EXPIRES,
  KOBAN_FIELD_LIMIT,
  KOBAN_N_FIELDS,
} KobanFieldName;

/* TEXT is “150 JPY”. */
typedef enum { KOBAN_UNIT_MINOR, KOBAN_UNIT_DECIMAL, KOBAN_UNIT_TEXT } KobanUnit;

/* DIRECTION is a word beside an amount without a sign, ABSOLUTE beside one whose sign means nothing; PLUS: what
 * has no “+” is out; ACCOUNT: signed or inverted, as a variable of the account says; PARTIES: what has no “-” is in if
 * it names who paid (direction), and out if it names only who was paid (payee). */
typedef enum
{
  KOBAN_SIGN_SIGNED,
  KOBAN_SIGN_INVERTED,
  KOBAN_SIGN_DIRECTION,
  KOBAN_SIGN_ABSOLUTE,
  KOBAN_SIGN_PLUS,
  KOBAN_SIGN_ACCOUNT,
  KOBAN_SIGN_PARTIES,
} KobanSign;

/* SPACED is “2026-01-15 08:30:00”, in UTC. */
typedef enum { KOBAN_TIMES_RFC3339, KOBAN_TIMES_EPOCH_S, KOBAN_TIMES_EPOCH_MS, KOBAN_TIMES_SPACED } KobanTimes;
typedef enum { KOBAN_PER_CONNECTION, KOBAN_PER_HOLDER, KOBAN_PER_ACCOUNT, KOBAN_PER_SIGN_IN } KobanPer;
typedef enum
{
  KOBAN_METHOD_GET,
  KOBAN_METHOD_POST,
  KOBAN_METHOD_PUT,
  KOBAN_METHOD_PATCH,
  KOBAN_METHOD_DELETE,
} KobanMethod; /* a list is asked for with the first two */

/* How an answer says that there is more: paging.c. */
typedef enum
{
  KOBAN_PAGING_NONE,
  KOBAN_PAGING_WINDOW,
  KOBAN_PAGING_NEXT_URL,
  KOBAN_PAGING_CURSOR,
  KOBAN_PAGING_LAST_ID,
  KOBAN_PAGING_OFFSET,
  KOBAN_PAGING_PAGE,
} KobanPagingScheme;

/* Every text, and every item of a list of texts, is (unowned): it stands in the profile's own document. */
typedef struct
{
  const char *name;
  const char *value;
} KobanPair;

/* Where a fact stands, and, for a fact from a fixed set of words, which of the bank's words is which of ours. */
typedef struct
{
  char      **at;        /* pointers; the first that is there and not null */
  const char       *is;        /* (nullable): the bank does not say it, and it is always this */
  gboolean    join;      /* an id: what a listing of names calls it is taken instead, if one does */
  GHashTable *values;    /* (nullable): the bank's word → ours */
  const char       *otherwise; /* (nullable): for a word not in @values; NULL refuses it */
  const char       *absent;    /* (nullable): when nothing is there */
} KobanField;

typedef struct
{
  KobanGives      gives;
  const char           *rows;      /* (nullable): pointer to the list, “*” is each; NULL: the answer is one row */
  gboolean        single;    /* what @rows points to is no list but one row */
  gboolean        distinct;  /* rows with the same id are one */
  gboolean        markup;    /* texts have marks of HTML in them, which are taken out */
  KobanField     *fields[KOBAN_N_FIELDS]; /* each (nullable) */
  GPtrArray      *hash;      /* (nullable) (element-type KobanField): together they name an account across sign-ins */
  GArray         *variables; /* KobanPair: name, pointer; what later paths need of an account */
  GArray         *repeats;   /* KobanPair: account variable (or "id"), pointer: the row must say the same */
  const char           *where_at;  /* (nullable): only rows whose text here is @where_is, which may be “{account.…}” */
  const char           *where_is; /* (nullable): … */
  char          **where_in; /* (nullable): … or is one of these */
  char          **expected;  /* (nullable): patterns of scopes, with “*”; any other is more power than Koban wants */
  KobanUnit       unit;
  KobanSign       sign;
  KobanField     *by_account; /* (nullable): its first pointer is the name of a variable */
  gboolean        skip_currencies; /* rows in another currency are another account's, not a mistake */
  KobanTimes      times;
  KobanReach      reach;     /* of a later listing; the first is always whole */
  gboolean        optional;  /* no rows pointer in the answer: nothing is said, and nothing is wrong */
  KobanLinkKind   link_kind;
  KobanProvenance provenance;
  gboolean        own;       /* the access that Koban itself uses */
  KobanSeesLinks  sees_links;
  gboolean        sees_pending;
  gboolean        sees_time;
} KobanListingRule;

/* Errors inside a good answer. */
typedef struct
{
  const char       *rows;
  KobanField *text;
  KobanField *effect; /* (nullable): note, partial, failed, sign-in */
  GArray     *scope;  /* KobanPair: account variable (or "id"), pointer: which accounts it is about */
} KobanMessageRule;

typedef struct
{
  KobanPagingScheme scheme;
  guint  days;  /* 0: the whole span at once; else it is asked for in windows of so many days */
  const char  *next;  /* (nullable): pointer to the URL or the cursor */
  const char  *more;  /* (nullable): pointer to a boolean; if that is not true it ends, whatever @next says */
  const char  *param; /* (nullable): where it goes: a member of the body with POST, else of the query */
  const char  *total; /* (nullable): pointer to the number of rows, or of pages */
  guint  size;  /* rows of a full page; 0: not known */
  guint  first; /* number of the first page */
  gboolean kept; /* a list of changes: the last cursor is where the next check begins */
  gboolean newest_first; /* so that a page which ends before what is wanted is the last one needed */
} KobanPagingRule;

typedef struct
{
  KobanMethod     method;
  const char           *path;
  GArray         *query;        /* KobanPair: name, template */
  KobanJsonNode   body;         /* none, or an object whose texts are templates */
  GArray         *headers;      /* KobanPair: name, template of secrets; instead of those of "auth" */
  const char     *as_client;    /* (nullable): scope of the token that the client is given for itself: with that, not the person's */
  KobanPer        per;
  gboolean        timeless;     /* computed: it says no “since”, so whatever is older is given, too */
  KobanPagingRule paging;
  guint           overlap_days; /* asked for again each time: late lines (trust B12) */
  GPtrArray      *messages;     /* KobanMessageRule: the first whose rows are there is used */
  GPtrArray      *listings;     /* KobanListingRule */
} KobanRequestRule;

/* What a bank's own code means in an answer that is no 2xx, where its status says too little; “none”: there is no such
 * thing as was asked about. */
typedef struct
{
  KobanField *code; /* (nullable): sign-in, forbidden, wait, later, refused, none */
  KobanField *text; /* (nullable) */
} KobanErrorRule;

/* A request, but for what its answer means. */
typedef struct
{
  KobanMethod   method;
  const char   *path;    /* (nullable): there is none */
  KobanJsonNode body;    /* none, or an object whose texts are templates */
  GArray       *headers; /* KobanPair: name, template of secrets */
} KobanCallRule;

/* What a bank wants of the person before it revokes. PAGE: to be at a page of its own; CHOICE: to choose one of several
 * ways; CODE: a code that it sent; PASSWORD: the one of internet banking, which Koban asks nobody for. */
typedef enum { KOBAN_ASKS_PAGE, KOBAN_ASKS_CHOICE, KOBAN_ASKS_CODE, KOBAN_ASKS_PASSWORD } KobanAsks;

typedef struct
{
  KobanAsks     asks;
  const char   *at;       /* pointer: it is asked for where something stands there; the page's address, the list of ways */
  const char   *id, *name; /* (nullable): pointers in one way */
  KobanCallRule send;     /* of a choice or code: "{answer}" is what the person says */
} KobanAskRule;

/* A second factor: it is begun, the person does their part, and the bank is asked until it says how that went. */
typedef struct
{
  GArray       *when;   /* guint: statuses of the revocation's answer that want one */
  KobanCallRule start;  /* its path (nullable): that answer has begun it */
  const char   *id;     /* (nullable): pointer to what it is called: "{sca.id}" */
  KobanField   *state;  /* pending, done, failed */
  KobanField   *text;   /* (nullable): what the bank says to the person */
  GPtrArray    *asks;   /* KobanAskRule: the first that fits; if none does, it is approved in the bank's app */
  KobanCallRule status; /* asked while it is pending */
  guint         every_s, within_s; /* 0: as second-factor.c has it */
} KobanFactorRule;

typedef struct
{
  KobanLinkKind   kind;
  KobanRevocation how;
  KobanMethod     method;
  const char           *path;
  KobanJsonNode   body; /* none, or an object whose texts are templates */
  GArray         *headers; /* KobanPair: name, template of secrets */
  const char     *as_client; /* (nullable): as a request's */
  KobanFactorRule *factor; /* (nullable) */
  GArray         *ok;   /* guint */
  GArray         *gone; /* guint */
  const char           *by_hand;
  char          **needs; /* (nullable): names of the needs that only revoking has; NULL: all such */
} KobanRevocationRule;

typedef struct _KobanScheme KobanScheme;

/* One request of a login: what it sends, and what of the answer is kept. */
typedef struct
{
  const char     *path;
  gboolean  form;     /* x-www-form-urlencoded, not JSON */
  gboolean  once;     /* what it keeps goes into the keyring, and it is not made again */
  const char     *user;     /* (nullable): needs that are sent as HTTP Basic */
  const char     *password; /* (nullable) */
  GArray   *send;     /* KobanPair: member of the body, template; "name[]" is a list of one */
  GArray   *headers;  /* KobanPair: name, template */
  GArray   *keep;     /* KobanPair: name, pointer: secrets; the first says that this was done */
  GPtrArray *fields;  /* KobanKept: no secrets; paths may use them */
} KobanRungRule;

typedef struct
{
  const char       *name;
  KobanField *fact;
} KobanKept;

/* One row of "auth": a scheme, and what it needs to know. Which of these a scheme has: its keys. */
typedef struct
{
  const KobanScheme *scheme;
  const char      *secret;      /* names of needs … */
  const char      *revoking;    /* instead of @secret, to revoke */
  const char      *user, *password;
  const char      *certificate, *key, *key_id;
  const char      *issuer, *audience; /* … and plain words */
  const char      *header;
  const char      *after;       /* a kept name: nothing is signed before it is there */
  GArray    *headers;     /* KobanPair: name, template */
  GArray    *members;     /* KobanPair: member of a JSON body, template */
  GPtrArray *rungs;       /* KobanRungRule */
  KobanOAuthRule oauth;
} KobanProofRule;

struct _KobanProfile
{
  int         ref_count; /* atomic */
  const char       *id, *name, *base_url, *cost, *notes;
  const char       *checked;     /* (nullable): the day on which it was held against what the bank publishes */
  char             *digest;      /* (owned) */
  char             *file;        /* (owned) (nullable) */
  gboolean    one_sign_in; /* a new one elsewhere ends ours */
  KobanJson  *json;        /* (nullable): what all texts and bodies stand in */
  gboolean    own;         /* the person's own file, from no package */
  char      **countries, **hosts, **signup, **headers;
  KobanPower  power;
  GArray     *needs;       /* KobanNeed, strings owned */
  GPtrArray  *auth;        /* KobanProofRule: each adds its proof, in this order */
  char             *auth_name;   /* (owned): "mutual-tls+basic" */
  guint       per_day, interval_s, gap_s, history_days;
  const char       *holders;     /* (nullable): the need whose words are the holders, where no listing gives them */
  KobanErrorRule errors;
  GPtrArray  *requests;    /* KobanRequestRule; the first gives the accounts, or the holders and the second them */
  GPtrArray  *revocations; /* KobanRevocationRule */
  char      **lists, **revokes; /* (owned): computed, and their items, too */
  GArray     *owned;       /* what all the rules are made of: profile-keys.h */
  GHashTable *used;        /* names of needs and of kept values that something refers to; while the file is checked */
};

const char *koban_field_name (KobanFieldName field);
const char *koban_gives_name (KobanGives gives);
const char *koban_pairs_lookup (GArray *pairs, const char *name); /* (nullable) */

/* Reads the file into a fresh profile, collecting every mistake; (transfer full). */
KobanProfile *koban_profile_read (const char *data, gsize length, GPtrArray *problems);

KobanRequestRule    *koban_profile_get_request    (KobanProfile *self, guint index);
/* The request that holds a listing of this kind; (nullable). */
KobanRequestRule    *koban_profile_find_request   (KobanProfile *self, KobanGives gives);
KobanRevocationRule *koban_profile_find_revocation (KobanProfile *self, KobanLinkKind kind);
/* What the rest of the file calls @name: (nullable). Whoever asks for it to be sent marks it as used. */
const KobanNeed     *koban_profile_find_need      (KobanProfile *self, const char *name);
const KobanNeed     *koban_profile_use_need       (KobanProfile *self, const char *name);
/* Whether @need is of the power to revoke by @rule. */
gboolean             koban_revocation_wants       (const KobanRevocationRule *rule, const KobanNeed *need);
KobanListingRule    *koban_request_find_listing   (KobanRequestRule *request, KobanGives gives);

G_END_DECLS
