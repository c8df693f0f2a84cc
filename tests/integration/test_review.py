#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The past: what was there before Koban came is offered once, and shown whole."""

import unittest

import tap
from desk import Desk

ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"


class Review(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def connect(self, moment):
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance(moment))
        self.desk.add(self.bank, name="MyBank")

    def offer(self):
        alert, = self.desk.koban_json("alerts", "--all")
        return alert

    def test_an_honest_history_is_offered_as_a_notice(self):
        self.connect("monitor_from")
        offer = self.offer()
        self.assertEqual((offer["kind"], offer["severity"]), ("freshness", "notice"))
        self.assertEqual([r["code"] for r in offer["reasons"]], ["review"])
        shown = self.desk.notifier.wait_shown(1)[-1]
        self.assertIn("koban review", shown["body"])
        self.assertNotEqual(shown["hints"]["urgency"], 2)

        review = self.desk.koban_json("review")
        self.assertEqual(sorted(review), ["days", "links", "odd", "payees", "settings"])
        self.assertEqual(sorted(review["settings"]), ["normal", "quiet", "wary"])
        self.assertEqual([a for a in review["odd"] if a["severity"] == "critical"], [])
        self.assertEqual(len(review["links"]), 5)
        self.assertTrue(review["payees"])
        for payee in review["payees"]:
            self.assertEqual(sorted(payee), ["account", "count", "first", "last", "name", "service", "total"])
            self.assertTrue(payee["total"]["amount"].startswith("-"))
        self.desk.wait(lambda: self.offer()["state"] == "closed", 10, "the offer to be over")

    def test_a_theft_before_koban_came_is_a_warning(self):
        self.connect("end")
        offer = self.offer()
        self.assertEqual((offer["kind"], offer["severity"]), ("freshness", "warning"))
        self.assertEqual([r["code"] for r in offer["reasons"]], ["review_strong"])
        shown = self.desk.notifier.wait_shown(1)[-1]
        self.assertIn("from the day of the debit", shown["body"])

        odd = self.desk.koban_json("review")["odd"]
        theft, = [a for a in odd if a["kind"] == "withdrawal" and a["severity"] == "critical"]
        self.assertEqual(odd[0]["severity"], "critical")
        self.assertEqual((theft["subject"], len(theft["refs"]), theft["total"]),
                         (ROGUE, 4, {"amount": "-300000", "currency": "JPY"}))
        self.assertEqual(self.desk.koban_json("review", "--since", "2100-01-01")["payees"], [])

    def test_it_is_told_to_people_and_the_settings_with_the_status(self):
        self.connect("end")
        text = self.desk.koban("review").stdout
        self.assertIn(ROGUE, text)
        self.assertIn("run from the day of the debit", text)
        self.assertEqual(self.desk.koban("review", "--since", "soon").returncode, 2)
        status = self.desk.koban_json("status", "--settings")
        self.assertEqual(sorted(status["settings"]), ["normal", "quiet", "wary"])
        self.assertNotIn("settings", self.desk.koban_json("status"))


if __name__ == "__main__":
    tap.main()
