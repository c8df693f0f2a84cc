/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What comes after an answer: the schemes by which a bank says that it gave only a part.
 */
#pragma once

#include "bank/step.h"

G_BEGIN_DECLS

/* One answer. */
typedef struct
{
  const KobanStep *step;
  KobanJsonNode    root;
  guint            n_rows;  /* as the bank gave them, wanted or not */
  const char      *last_id; /* (nullable): of the last of them */
  KobanDate        last_day; /* of the last of them; may be none */
  const char      *base_url, *profile_url; /* where paths begin: as it is asked, and as the bank may say it */
} KobanPage;

/* @next (transfer full): what the next page is asked for with, or NULL after the last. FALSE if what was given is
 * not all and the rest cannot be had; KOBAN_ERROR_UNTRUSTED if it is said to be at another host. */
gboolean koban_paging_next (const KobanPage *page, char **next, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
