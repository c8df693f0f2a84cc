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

    def connect(self, moment, story="docomo"):
        self.bank = self.desk.open_bank(story, "starling", "--as-is")
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
        self.assertEqual(sorted(review), ["days", "links", "odd", "payees", "questions", "settings"])
        self.assertEqual(sorted(review["settings"]), ["normal", "quiet", "wary"])
        self.assertEqual([a for a in review["odd"] if a["severity"] == "critical"], [])
        self.assertEqual(len(review["links"]), 5)
        self.assertTrue(review["payees"])
        for payee in review["payees"]:
            self.assertEqual(sorted(payee), ["account", "answer", "count", "first", "last", "name", "ref", "service",
                                               "total"])
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

    def questions(self):
        return self.desk.koban_json("review")["questions"]

    def test_a_whole_year_is_at_most_sixty_questions(self):
        self.connect("end", "quiet-year")
        asked = self.questions()
        self.assertEqual([q["number"] for q in asked], list(range(1, len(asked) + 1)))
        self.assertLessEqual(len(asked), 60)
        print("# the quiet year: %d questions, of %d payees"
              % (len(asked), len(self.desk.koban_json("review")["payees"])), flush=True)
        kinds = [q["why"] for q in asked]
        order = ["odd", "link", "wallet", "direct_debit", "transfer"]
        self.assertEqual(kinds, sorted(kinds, key=order.index))
        self.assertEqual(len({q["id"] for q in asked}), len(asked))

    def test_a_theft_of_the_past_becomes_a_case(self):
        self.connect("end")
        before = self.questions()
        theft = before[0]
        self.assertEqual((theft["why"], theft["severity"], theft["name"]), ("odd", "critical", ROGUE))
        shown = len(self.desk.notifier.shown())
        self.desk.koban_json("review", "--answer", "1=not-mine", "--answer", before[1]["id"] + "=mine")
        after = self.questions()
        self.assertFalse({before[0]["id"], before[1]["id"]} & {q["id"] for q in after})
        case, = [a for a in self.desk.koban_json("alerts", "--all") if a["kind"] == "withdrawal"]
        self.assertEqual((case["answer"], case["state"], case["subject"]), ("not-mine", "answered", ROGUE))
        self.assertEqual(case["total"], theft["total"])
        self.assertEqual(len(case["refs"]), theft["count"])
        self.assertEqual(len(self.desk.notifier.shown()), shown)

        # taken back, it is no case and is asked again
        self.desk.koban_json("answer", theft["id"], "undo")
        self.assertEqual(self.questions()[0]["id"], theft["id"])
        self.assertEqual([a["state"] for a in self.desk.koban_json("alerts", "--all") if a["kind"] == "withdrawal"],
                         ["closed"])

    def test_it_is_asked_with_one_key_each(self):
        self.connect("end")
        before = self.questions()
        status, shown = self.desk.koban_on_terminal("review", typed="n\nM\ns\nq\n")
        self.assertEqual(status, 0, shown)
        self.assertIn("1/%d" % len(before), shown)
        self.assertIn("2 answers noted", shown)
        self.assertIn("call your bank now", shown)
        self.assertEqual([q["id"] for q in self.questions()], [q["id"] for q in before[2:]])
        ended = self.desk.koban("review", "--answer", "99=mine")
        self.assertEqual((ended.returncode, ended.stdout), (4, ""))
        self.assertEqual(self.desk.koban("review", "--answer", "1=perhaps").returncode, 2)


if __name__ == "__main__":
    tap.main()
