#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""SimpleFIN end to end: claim once, both shapes, exact amounts, errors inside good answers, access that was revoked."""

import json
import unittest

import tap
from desk import STORIES, Desk


class SimpleFin(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def open(self, *arguments, story="pending", tls=True):
        bank = self.desk.open_bank(story, "simplefin", "--as-is", *arguments, tls=tls)
        self.desk.set_clock(bank.monitor_from)
        return bank

    def truth(self, bank):
        """Every amount and text that the bank has told, from its own list."""
        return sorted((t["amount"]["amount"], t["text"]) for t in self.desk.koban_json("transactions"))

    def test_the_line_of_the_issue_works_over_plain_loopback_too(self):
        bank = self.open(tls=False)
        done = self.desk.koban("add", "simplefin", "--name", "Home", "--base-url", bank.base_url, "--secret-stdin",
                               stdin=bank.token + "\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        account, = self.desk.koban_json("accounts")
        self.assertEqual((account["name"], account["currency"]), ("Checking", "USD"))

    def test_version_1_and_2_say_the_same(self):
        said = []
        for version in ("1", "2"):
            bank = self.open("--version", version)
            self.desk.add(bank, name="V" + version)
            connection, = [c for c in self.desk.koban_json("connections") if c["name"] == "V" + version]
            account, = [a for a in self.desk.koban_json("accounts") if a["connection"] == connection["id"]]
            lines = [(t["amount"]["amount"], t["text"], t["date"], t["state"])
                     for t in self.desk.koban_json("transactions", "--account", account["id"])]
            said.append((account["balance"], sorted(lines)))
        self.assertEqual(said[0], said[1])
        self.assertTrue(said[0][1])

    def test_the_token_is_claimed_once_and_what_is_kept_is_the_access(self):
        bank = self.open()
        self.desk.add(bank)
        self.assertEqual(sum("/claim/" in r["path"] for r in bank.requests()), 1)
        self.desk.stop_agent()
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.assertEqual(sum("/claim/" in r["path"] for r in bank.requests()), 1)

    def test_a_token_that_was_used_may_be_compromised(self):
        bank = self.open()
        self.desk.add(bank)
        done = self.desk.add(bank, name="Again", expect=5)
        self.assertTrue(done.stderr)
        self.assertEqual([c["name"] for c in self.desk.koban_json("connections")], ["Bank"])

    def test_an_access_url_that_points_elsewhere_is_not_followed(self):
        bank = self.open()
        other = self.open()
        bank.tell("behave", access_host="example.invalid")
        done = self.desk.koban("add", "simplefin", "--name", "Bank", "--base-url", bank.base_url, "--ca-file", bank.ca,
                               "--secret-stdin", stdin=bank.token + "\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(other.requests(), [])
        self.assertEqual(self.desk.koban_json("connections"), [])

    def test_access_revoked_at_the_bridge_is_told(self):
        bank = self.open()
        self.desk.add(bank)
        bank.tell("revoke")
        self.assertEqual(self.desk.koban("check").returncode, 10, "that Koban is blind now is an alert")
        connection, = self.desk.koban_json("connections")
        self.assertEqual(connection["state"], "shared", "whoever ended it, it was good before")
        self.desk.wait(lambda: self.desk.notifier.shown(), 20, "the person to be told")

    def test_an_error_inside_a_good_answer_is_told_and_is_not_silence(self):
        bank = self.open()
        self.desk.add(bank)
        bank.tell("behave", con_auth=True)
        done = self.desk.koban("check", "--json")
        self.assertEqual(done.returncode, 10, "that one bank is not seen now is an alert: " + done.stdout + done.stderr)
        self.assertIn("uthenticat", done.stdout)

    def test_a_pending_line_that_comes_back_under_another_id_is_one_line(self):
        bank = self.open()
        self.desk.add(bank)
        lines = len(self.desk.koban_json("transactions"))
        first = self.first_pending_that_settles()
        self.desk.set_clock(bank.advance("event:%d" % first))
        self.desk.koban("check")
        pending = [t for t in self.desk.koban_json("transactions") if t["state"] == "pending"]
        self.assertTrue(pending)
        self.desk.set_clock(bank.advance("end"))
        self.desk.koban("check")
        booked = {t["id"]: t["state"] for t in self.desk.koban_json("transactions")}
        self.assertEqual(booked[pending[0]["id"]], "booked")
        self.assertGreater(len(booked), lines)

    def first_pending_that_settles(self):
        with open(STORIES / "pending.jsonl", encoding="utf-8") as story:
            events = [json.loads(line) for line in story][1:]
        settled = {e.get("pending_id") for e in events} - {None}
        return next(n for n, e in enumerate(events, 1) if e["kind"] == "pending" and e["id"] in settled)

    def test_a_bank_that_asks_for_patience_is_given_it(self):
        bank = self.open()
        self.desk.add(bank)
        bank.tell("fault", what="status", status=429, retry_after=3600)
        self.assertEqual(self.desk.koban("check").returncode, 11)
        asked = len(bank.requests())
        self.assertEqual(self.desk.koban("check").returncode, 11)
        self.assertEqual(len(bank.requests()), asked, "Retry-After binds the person's own check, too")

    def test_the_day_s_requests_are_not_exceeded(self):
        bank = self.open()
        self.desk.add(bank)
        for _ in range(40):
            if self.desk.koban("check").returncode == 11:
                break
        asked = [r for r in bank.requests() if r["path"].endswith("/accounts")]
        self.assertLessEqual(len(asked), 24)
        self.assertGreaterEqual(len(asked), 16)

    def test_an_empty_list_in_an_outage_is_not_read_as_deletion(self):
        bank = self.open()
        self.desk.add(bank)
        before = self.truth(bank)
        for what, wish in [("empty-list", {}), ("cut-json", {}), ("html", {}), ("body", {"body": "{}"}),
                           ("body", {"body": "null"}), ("nesting", {}), ("duplicate-keys", {}), ("truncated", {}),
                           ("redirect", {"to": "https://127.0.0.1:1/"})]:
            bank.tell("fault", what=what, **wish)
            done = self.desk.koban("check")
            self.assertEqual(done.returncode, 11, "%s: %s" % (what, done.stdout + done.stderr))
            self.assertEqual(self.truth(bank), before, what)
            self.desk.set_clock(self.desk.now() + 7200)


if __name__ == "__main__":
    tap.main()
