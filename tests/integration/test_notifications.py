#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What reaches the person's screen: on a real server with a real button, on one that is absent, dies, or is told hostile names."""

import json
import os
import time
import unittest

import tap
from desk import Desk, NOTIFICATIONS, require

HOSTILE = "\u202e<b>A&B</b> call 0120-123456 https://evil.example\u001b[2J<img src=x>"


def story_with(name):
    """A quiet account, and a mandate of that name."""
    start = 1725000000
    lines = [{"kind": "story", "format": 1, "name": "hostile", "utc_offset_minutes": 0, "monitor_from": start,
              "accounts": [{"id": "a1", "name": "Current", "bank": "b", "currency": "GBP", "opening_booked": 100000,
                            "links_listed": True, "pending_listed": True}]}]
    lines.append({"ts": start - 5000, "kind": "transaction", "account": "a1", "id": "t1", "amount": -1000,
                  "currency": "GBP", "descriptor": "GROCER", "date": "2024-08-30", "time": "2024-08-30T05:00:00Z"})
    lines.append({"ts": start + 100, "kind": "link_added", "account": "a1", "link_id": "L1", "link_type": "direct_debit",
                  "name": name, "limit": None, "currency": "GBP", "status": "active", "mandate_ref": "M1"})
    return lines


class Case(unittest.TestCase):
    notifier = "recorder"

    def setUp(self):
        self.desk = Desk(notifier=self.notifier, moving_time=True)
        self.addCleanup(self.desk.close)

    def watched(self, story="docomo"):
        """A bank that is connected, its baseline heard."""
        self.bank = self.desk.open_bank(story, "starling", "--as-is")
        self.desk.set_clock(self.bank.monitor_from)
        self.desk.add(self.bank)
        return self.bank

    def rogue_link(self):
        self.desk.set_clock(self.bank.advance("event:127"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        return self.link_alert()

    def link_alert(self):
        alert, = [a for a in self.desk.koban_json("alerts", "--all") if a["kind"] == "link"]
        return alert

    def wait_answer(self, answer):
        self.desk.wait(lambda: self.link_alert()["answer"] == answer, 20, "the answer to arrive")

    def own_story(self, lines):
        path = os.path.join(self.desk.scratch, "own.jsonl")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(line) + "\n" for line in lines)
        return path

    def urgent(self):
        return [s for s in self.desk.notifier.shown() if s["hints"].get("urgency") == 2]


class RealServer(Case):
    notifier = None

    def test_a_button_pressed_on_a_real_server_answers_the_alert(self):
        require(self, "dunst", "dunstctl", "Xvfb")
        self.desk.start_dunst()
        self.watched()
        self.rogue_link()
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "dunst to take it")
        self.desk.choose("Not me")
        self.desk.dunstctl("context")
        self.wait_answer("not-mine")
        self.assertEqual(self.link_alert()["state"], "answered")
        with open(os.path.join(self.desk.scratch, "menu"), encoding="utf-8") as menu:
            offered = menu.read()
        self.assertIn("It was me", offered)
        self.assertIn("Details", offered)


class Contents(Case):
    def test_a_new_link_is_critical_names_the_service_and_offers_answers(self):
        self.watched()
        self.rogue_link()
        shown = self.desk.notifier.wait_shown(1) and self.urgent()[-1]
        self.assertEqual(sorted(shown["actions"]), ["default", "mine", "not-mine"])
        self.assertEqual(shown["hints"]["desktop-entry"], "org.koban.Koban")
        self.assertIn("ﾄﾞｺﾓｺｳｻﾞ", shown["summary"] + shown["body"])
        self.assertNotRegex(shown["summary"] + shown["body"], r"https?:|[0-9]{5,}")
        self.desk.notifier.act(shown, "mine")
        self.wait_answer("mine")

    def test_a_hostile_name_is_shown_as_harmless_text(self):
        self.watched(self.own_story(story_with(HOSTILE)))
        self.desk.set_clock(self.bank.advance("end"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        self.desk.wait(self.urgent, 20, "the notification")
        shown = self.urgent()[-1]
        for text in (shown["summary"], shown["body"]):
            for wrong in ("<b>", "<img", "https://", "123456", "\u202e", "\u001b"):
                self.assertNotIn(wrong, text)
        self.assertNotRegex(shown["body"], r"&(?!amp;|lt;|gt;|quot;|apos;|#)", "markup is escaped")
        listed = self.desk.koban("links").stdout + self.desk.koban("alerts").stdout
        for wrong in ("\u202e", "\u001b"):
            self.assertNotIn(wrong, listed)

    def test_a_server_without_markup_is_sent_plain_text(self):
        self.desk.notifier.stop()
        self.desk.start_notifier(capabilities="body")
        self.watched(self.own_story(story_with("Fish & Chips")))
        self.desk.set_clock(self.bank.advance("end"))
        self.desk.koban("check")
        self.desk.wait(self.urgent, 20, "the notification")
        shown = self.urgent()[-1]
        self.assertIn("Fish & Chips", shown["summary"] + shown["body"])
        self.assertNotIn("&amp;", shown["body"])
        self.assertEqual(shown["actions"], {})


class Absent(Case):
    notifier = None

    def test_with_no_server_the_alert_waits_and_is_shown_when_one_appears(self):
        self.watched()
        alert = self.rogue_link()
        self.assertEqual(alert["state"], "new")
        status = self.desk.koban_json("status")["status"]
        self.assertGreaterEqual(status["unsent"], 1)
        self.assertGreaterEqual(status["overdue"], 1, "it was tried, and nobody heard it")
        self.desk.start_notifier()
        self.desk.wait(self.urgent, 30, "the notification")
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 10, "the mark")
        self.assertEqual(self.desk.koban_json("status")["status"]["unsent"], 0)

    def test_a_server_that_comes_after_the_agent_was_killed(self):
        self.watched()
        self.rogue_link()
        self.desk.stop_agent()
        self.desk.start_notifier()
        self.desk.start_agent()
        self.desk.wait(self.urgent, 30, "the notification")


class Restarted(Case):
    def test_open_incidents_are_shown_again_in_silence(self):
        self.watched()
        self.rogue_link()
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "the first showing")
        first = self.urgent()[-1]
        self.desk.notifier.stop()
        again = self.desk.start_notifier()
        shown = self.desk.wait(lambda: [s for s in again.shown() if s["summary"] == first["summary"]], 20, "it again")
        self.assertEqual(len(shown), 1)
        self.assertTrue(shown[0]["hints"].get("suppress-sound"))
        self.desk.notifier.act(shown[0], "not-mine")
        self.wait_answer("not-mine")

    def test_an_agent_that_starts_again_shows_what_is_open_in_silence(self):
        self.watched()
        self.rogue_link()
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "the first showing")
        count = len(self.desk.notifier.shown())
        self.desk.stop_agent()
        self.desk.start_agent()
        shown = self.desk.notifier.wait_shown(count + 1)[count:]
        self.assertEqual([s["hints"].get("suppress-sound") for s in shown], [True] * len(shown))

    def test_what_is_answered_is_not_shown_again(self):
        self.watched()
        alert = self.rogue_link()
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "the first showing")
        self.desk.koban("answer", alert["id"], "mine")
        for other in self.desk.koban_json("alerts"):
            self.desk.koban("answer", other["id"], "mine")
        self.desk.notifier.stop()
        again = self.desk.start_notifier()
        time.sleep(2)  # what must not come gives no sign of not coming
        self.assertEqual([s["summary"] for s in again.shown()], [])


class Test(Case):
    def test_notify_test_reaches_the_server(self):
        done = self.desk.koban("notify", "--test")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(self.desk.notifier.wait_shown(1)), 1)

    def test_notify_test_says_when_it_does_not(self):
        self.desk.notifier.stop()
        self.assertFalse(self.desk.is_owned(NOTIFICATIONS))
        done = self.desk.koban("notify", "--test")
        self.assertEqual(done.returncode, 1, done.stdout)
        self.assertTrue(done.stderr)


if __name__ == "__main__":
    tap.main()
