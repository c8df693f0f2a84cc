#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The main job as one person lives it: connect, baseline, a rogue link, four debits, revoke, answer, remove."""

import os
import stat
import unittest

import tap
from desk import Desk

ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"


class MainJob(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.go_to("monitor_from")

    def go_to(self, moment, plus=0):
        self.desk.set_clock(self.bank.advance(moment, plus))

    def alerts(self, *kinds):
        return [a for a in self.desk.koban_json("alerts", "--all") if a["kind"] in kinds]

    def test_the_whole_story(self):
        self.connect()
        self.ordinary_days()
        self.rogue_link()
        self.burst()
        self.revoke()
        self.answer()
        self.remove()

    def connect(self):
        added = self.desk.add(self.bank, name="MyBank")
        self.assertIn("direct_debit", added.stdout)
        self.assertEqual(self.alerts("link", "withdrawal", "balance"), [])
        connection, = self.desk.koban_json("connections")
        self.assertEqual((connection["name"], connection["provider"], connection["state"]), ("MyBank", "starling", "ok"))
        account, = self.desk.koban_json("accounts")
        self.assertEqual((account["currency"], account["balance"]), ("JPY", {"amount": "-3160", "currency": "JPY"}))
        self.assertEqual(len(self.desk.koban_json("links")), 5)
        self.assertNotIn(self.bank.token, added.stdout + added.stderr)
        self.assertEqual(len(self.desk.secret_items()), 1)
        data = self.desk.home / ".local/share/koban"
        self.assertEqual(stat.S_IMODE(os.stat(data).st_mode), 0o700)
        for file in data.iterdir():
            if file.is_file():
                self.assertEqual(stat.S_IMODE(os.stat(file).st_mode), 0o600, file)
                self.assertNotIn(self.bank.token.encode(), file.read_bytes())

    def ordinary_days(self):
        self.go_to("event:126")
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.assertEqual(self.alerts("link", "withdrawal", "balance"), [])
        self.assertEqual([s for s in self.desk.notifier.shown() if s["hints"]["urgency"] == 2], [])

    def rogue_link(self):
        before = len(self.desk.notifier.shown())
        self.go_to("event:127")
        self.assertEqual(self.desk.koban("check").returncode, 10)
        alert, = self.alerts("link")
        self.assertEqual((alert["severity"], [r["code"] for r in alert["reasons"]][0]), ("critical", "new_link"))
        shown = self.desk.notifier.wait_shown(before + 1)[-1]
        self.assertEqual(shown["hints"]["urgency"], 2)
        self.assertIn(ROGUE, shown["summary"] + shown["body"])
        self.assertIn("Not me", shown["actions"].values())
        self.notification = shown["id"]

    def burst(self):
        before = len(self.desk.notifier.shown())
        self.go_to("end")
        self.assertEqual(self.desk.koban("check").returncode, 10)
        alert, = self.alerts("withdrawal")
        self.assertEqual((alert["severity"], len(alert["refs"]), alert["total"]),
                         ("critical", 4, {"amount": "-300000", "currency": "JPY"}))
        lines = {t["id"]: t for t in self.desk.koban_json("transactions")}
        self.assertEqual(sorted(lines[r]["amount"]["amount"] for r in alert["refs"]),
                         ["-100000", "-20000", "-90000", "-90000"])
        self.assertEqual({a["incident"] for a in self.alerts("link", "withdrawal")}, {alert["incident"]})
        shown = self.desk.notifier.wait_shown(before + 1)[-1]
        self.assertEqual(shown["id"], self.notification, "the same notification is updated in place")
        self.assertEqual(self.desk.koban("check").returncode, 0, "nothing is said twice")
        self.assertEqual(len(self.alerts("link", "withdrawal")), 2)

    def revoke(self):
        rogue, = [k for k in self.desk.koban_json("links") if k["name"] == ROGUE]
        self.assertEqual((rogue["status"], rogue["revocation"], rogue["provenance"]), ("active", "api", "native"))
        self.assertEqual(self.desk.koban("revoke", rogue["id"]).returncode, 2, "no terminal and no --yes")
        self.assertEqual(self.bank.state()["links"]["L-rogue"], "active")
        done = self.desk.koban("revoke", rogue["id"], "--yes", "--json", stdin=self.bank.ready["revoke_token"] + "\n")
        self.assertEqual((done.returncode, '"gone"' in done.stdout), (0, True), done.stdout + done.stderr)
        asked = [r["method"] for r in self.bank.requests() if "mandates" in r["path"]]
        self.assertEqual(asked[asked.index("DELETE"):][:2], ["DELETE", "GET"], "the proof is the bank's list, asked afterwards")
        self.assertEqual(self.bank.state()["links"]["L-rogue"], "revoked")
        self.assertNotIn(ROGUE, [k["name"] for k in self.desk.koban_json("links")])
        ended, = [k for k in self.desk.koban_json("links", "--all") if k["name"] == ROGUE]
        self.assertEqual(ended["status"], "revoked")
        self.assertEqual(len(self.desk.secret_items()), 1, "the power to revoke is not kept")

    def answer(self):
        alert, = self.alerts("withdrawal")
        self.assertEqual(self.desk.koban("answer", alert["id"], "not-mine").returncode, 0)
        alert, = self.alerts("withdrawal")
        self.assertEqual((alert["state"], alert["answer"]), ("answered", "not-mine"))
        status = self.desk.koban("status", "--check")
        self.assertEqual(status.returncode, 0, status.stdout)

    def remove(self):
        self.assertEqual(self.desk.koban("remove", "MyBank").returncode, 0, "nobody to ask")
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.assertEqual(self.desk.secret_items(), [])

    def test_on_a_terminal_the_name_must_be_typed(self):
        self.desk.add(self.bank)
        status, shown = self.desk.koban_on_terminal("revoke", "ﾃﾞﾝｷ", typed="x\n")
        self.assertEqual(status, 4, shown)
        link, = [k for k in self.desk.koban_json("links") if k["name"] == "ﾄﾞｺﾓｹｲﾀｲ"]
        status, shown = self.desk.koban_on_terminal("revoke", link["id"], typed="something else\n")
        self.assertEqual((status, self.bank.state()["links"]["L5"]), (1, "active"), shown)
        status, shown = self.desk.koban_on_terminal(
            "revoke", link["id"], typed="ドコモケイタイ\n%s\n" % self.bank.ready["revoke_token"])
        self.assertEqual((status, self.bank.state()["links"]["L5"]), (0, "revoked"), shown)
        self.assertNotIn(self.bank.ready["revoke_token"], shown)

    def test_a_token_without_the_power_revokes_nothing(self):
        self.desk.add(self.bank)
        link = self.desk.koban_json("links")[0]
        done = self.desk.koban("revoke", link["id"], "--yes", stdin=self.bank.token + "\n")
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual({r["status"] for r in self.bank.requests() if r["method"] == "DELETE"}, {403})
        self.assertEqual(set(self.bank.state()["links"].values()), {"active"})

    def test_a_bank_that_accepts_and_does_nothing_is_found_out(self):
        self.desk.add(self.bank)
        self.bank.tell("behave", revoke="ignore")
        link = self.desk.koban_json("links")[0]
        done = self.desk.koban("revoke", link["id"], "--yes", "--json", stdin=self.bank.ready["revoke_token"] + "\n")
        self.assertEqual((done.returncode, '"still-there"' in done.stdout), (12, True), done.stdout + done.stderr)

    def test_a_list_that_fails_proves_nothing(self):
        self.desk.add(self.bank)
        link = self.desk.koban_json("links")[0]
        self.bank.tell("fault", what="status", status=503, path="*/mandates/account/*", count=0)
        done = self.desk.koban("revoke", link["id"], "--yes", "--json", stdin=self.bank.ready["revoke_token"] + "\n")
        self.assertEqual((done.returncode, '"unproved"' in done.stdout), (12, True), done.stdout + done.stderr)

    def test_signing_in_again_makes_no_baseline_and_doubles_nothing(self):
        self.desk.add(self.bank)
        lines = self.desk.koban_json("transactions")
        self.assertEqual(self.desk.koban("remove", "Bank", "--yes").returncode, 0)
        self.go_to("event:127")
        self.desk.add(self.bank)
        again = self.desk.koban_json("transactions")
        self.assertLessEqual({t["id"] for t in lines}, {t["id"] for t in again})
        self.assertEqual(len(self.desk.koban_json("accounts")), 1)
        self.assertEqual([a["severity"] for a in self.alerts("link")], ["critical"])


if __name__ == "__main__":
    tap.main()
