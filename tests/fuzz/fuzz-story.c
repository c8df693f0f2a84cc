/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Any bytes as a story: it is refused with its line named, or its events are in order and each is of an
 * account that there is.
 */
#include "config.h"

#include "fuzz.h"
#include "scratch.h"

#include "cli/story.h"

static void
check_event (const KobanStory *story, const KobanStoryEvent *event, gint64 since_us)
{
  g_assert_cmpint (event->at_us, >=, since_us);
  g_assert_cmpint (event->at_us, <=, story->last_us);
  g_assert_true (event->account < story->accounts->len || event->account == KOBAN_STORY_ANY_ACCOUNT);
  g_assert_true ((event->kind == KOBAN_STORY_LINK) == (event->link != NULL));
  g_assert_true ((event->kind == KOBAN_STORY_LINE) == (event->line != NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  const char *path = scratch_write ("fuzz.jsonl", data, size);
  g_autoptr(GError) error = NULL;
  g_autoptr(KobanStory) story = koban_story_load (path, &error);
  gint64 since_us = G_MININT64;

  g_assert_true ((story == NULL) == (error != NULL));
  if (story == NULL)
    {
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      return 0;
    }
  for (guint i = 0; i < story->events->len; i++)
    {
      const KobanStoryEvent *event = story->events->pdata[i];

      check_event (story, event, since_us);
      since_us = event->at_us;
    }
  return 0;
}
