#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whoever holds a message can ask whether Koban sent it: word for word what it sent, and nothing that it did not."""

import html
import unittest

import tap
from desk import Desk


class Verify(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def rogue_link(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(bank.monitor_from)
        self.desk.add(bank)
        self.desk.set_clock(bank.advance("event:127"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        alert, = [a for a in self.desk.alerts() if a["kind"] == "link"]
        self.desk.wait(lambda: [a for a in self.desk.alerts() if a["id"] == alert["id"]][0]["state"] == "notified", 20,
                       "the alert to be told")
        return alert["code"]

    def test_what_was_sent_is_repeated_word_for_word(self):
        code = self.rogue_link()
        message = self.desk.koban_json("verify", code)[-1]
        shown = self.desk.notifier.shown()[-1]
        self.assertEqual((message["summary"], message["body"]), (shown["summary"], html.unescape(shown["body"])))
        self.assertEqual((message["channel"], message["code"], message["purpose"]), ("desktop", code, "alert"))
        for typed in (code.lower(), code[2:], code.replace("-", ""), code.replace("-", " ").replace("0", "o")):
            done = self.desk.koban("verify", typed)
            self.assertEqual(done.returncode, 0, typed + done.stderr)
            self.assertIn(message["summary"], done.stdout)
            self.assertIn("Anything else in what you hold is not from Koban.", done.stdout)

    def test_a_code_that_was_never_sent_is_4(self):
        done = self.desk.koban("verify", "K-0000-0001")
        self.assertEqual(done.returncode, 4)
        self.assertIn("Koban has never sent this code", done.stderr)
        self.assertEqual(done.stdout, "")

    def test_what_is_no_code_is_said_to_be_none(self):
        for typed in ("hello", "K-7F3A", "K-7F3A-9Q2U"):
            done = self.desk.koban("verify", typed)
            self.assertEqual(done.returncode, 1, typed)
            self.assertIn("K-7F3A-9Q2M", done.stderr)
        self.assertEqual(self.desk.koban("verify").returncode, 2)

    def test_a_test_message_has_a_code_too(self):
        self.assertEqual(self.desk.koban("notify", "--test").returncode, 0)
        summary = self.desk.notifier.wait_shown(1)[0]["summary"]
        code = summary[summary.index("K-"):summary.index(")")]
        message, = self.desk.koban_json("verify", code)
        self.assertEqual((message["summary"], message["purpose"]), (summary, "test"))

    def test_the_code_of_the_last_test_confirms_a_channel(self):
        self.assertEqual(self.desk.koban("notify", "--test").returncode, 0)
        summary = self.desk.notifier.wait_shown(1)[0]["summary"]
        code = summary[summary.index("K-"):summary.index(")")]
        self.assertEqual(self.desk.koban("notify", "--test", "--code", "K-0000-0001").returncode, 1)
        self.assertEqual(self.desk.koban_json("status")["channels"][0]["confirmed"], None)
        done = self.desk.koban_json("notify", "--test", "--code", code.lower())
        self.assertEqual(done, {"channel": "desktop", "result": "confirmed"})
        self.assertNotEqual(self.desk.koban_json("status")["channels"][0]["confirmed"], None)
        self.assertEqual(len(self.desk.notifier.shown()), 1)  # nothing more was sent
        self.assertEqual(self.desk.koban("notify", "--test", "telegraph").returncode, 4)

    def test_status_shows_the_channels(self):
        self.rogue_link()
        channel, = self.desk.koban_json("status")["channels"]
        self.assertEqual(sorted(channel), ["confirmed", "detail", "failing_since", "kind", "last_error", "last_good", "name",
                                           "state"])
        self.assertEqual((channel["name"], channel["kind"], channel["detail"], channel["state"]),
                         ("desktop", "desktop", "full", "ok"))
        self.assertIn("desktop", self.desk.koban("status").stdout)


if __name__ == "__main__":
    tap.main()
