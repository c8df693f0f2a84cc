#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A copy holds all that is known and no key; it is brought back without a flood; and one can leave for good."""

import json
import os
import shutil
import stat
import unittest

import tap
from desk import Desk

ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"


class Copies(unittest.TestCase):
    def setUp(self):
        self.desk = self.new_desk()
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("monitor_from"))

    def new_desk(self):
        desk = Desk(moving_time=True)
        self.addCleanup(desk.close)
        return desk

    def data(self, desk=None, name="koban.db"):
        return os.path.join((desk or self.desk).env["XDG_DATA_HOME"], "koban", name)

    def backup(self):
        path = os.path.join(self.desk.scratch, "copy.koban")
        self.desk.koban_json("backup", path)
        return path

    def assert_quiet(self, desk, more=()):
        codes = {a["reasons"][0]["code"] for a in desk.koban_json("alerts", "--all")}
        self.assertEqual(codes - {"review", "review_strong", "restored"} - set(more), set())

    def test_a_copy_holds_no_key_and_overwrites_nothing(self):
        self.desk.add(self.bank)
        path = self.backup()
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o600)
        with open(path, "rb") as file:
            content = file.read()
        self.assertTrue(content.startswith(b"SQLite format 3"))
        self.assertNotIn(self.bank.token.encode(), content)
        again = self.desk.koban("backup", path)
        self.assertEqual(again.returncode, 1)
        with open(path, "rb") as file:
            self.assertEqual(file.read(), content)
        self.assertFalse([name for name in os.listdir(os.path.dirname(self.data())) if ".copy" in name])

    def test_a_copy_is_kept_and_renewed_every_week(self):
        self.desk.add(self.bank)
        self.desk.check()
        weekly = self.data(name="koban.db.weekly")
        self.desk.wait(lambda: os.path.exists(weekly), 20, "the copy")
        self.assertEqual(stat.S_IMODE(os.stat(weekly).st_mode), 0o600)
        self.desk.stop_agent()  # whatever it had begun is done

        def after_a_check(days):
            os.utime(weekly, (self.desk.now() - days * 86400,) * 2)
            before = os.stat(weekly).st_ino
            self.desk.check()
            self.desk.stop_agent()
            return os.stat(weekly).st_ino == before

        self.assertTrue(after_a_check(1))
        self.assertFalse(after_a_check(8))
        self.assertFalse(after_a_check(-8), "of a clock that was wrong")
        self.desk.set_clock(self.bank.advance("end"))
        self.assertTrue(after_a_check(8), "an alert does not wait for a copy")
        self.assertEqual({a["subject"] for a in self.desk.koban_json("alerts") if a["kind"] == "link"}, {ROGUE})
        self.assertFalse(after_a_check(8), "the next check makes it")

    def test_a_new_computer_goes_on_from_it(self):
        self.desk.add(self.bank, name="MyBank")
        self.desk.koban_json("answer", "l1", "mine")
        known = self.desk.koban_json("transactions")
        path = self.backup()
        self.desk.stop_agent()

        other = self.new_desk()
        other.set_clock(self.bank.advance("end"))
        done = other.koban("restore", path, "--yes")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("koban remove c1 && koban add starling", done.stdout)
        self.assertEqual([c["state"] for c in other.koban_json("connections")], ["sign-in"])
        self.assertEqual(other.koban_json("transactions"), known)
        self.assertEqual(other.koban_json("links")[0]["answer"], "mine")
        self.assertIn("restored", [a["reasons"][0]["code"] for a in other.koban_json("alerts")])

        # signed in again, what came in between floods nobody, and the review has it
        other.koban("remove", "c1", "--yes")
        other.add(self.bank, name="MyBank")
        self.assert_quiet(other, ["sign_in"])
        later = other.koban_json("transactions")
        self.assertEqual(len({t["id"] for t in later}), len(later))
        self.assertTrue({t["id"] for t in known} <= {t["id"] for t in later})
        self.assertGreater(len(later), len(known))
        self.assertIn(ROGUE, [a["subject"] for a in other.koban_json("review")["odd"]])

    def test_the_same_computer_goes_on_with_its_key(self):
        self.desk.add(self.bank)
        path = self.backup()
        self.desk.set_clock(self.bank.advance("end"))
        self.desk.koban("restore", path, "--yes")
        self.assertTrue(os.path.exists(self.data(name="koban.db.before-restore")))
        self.desk.check()
        self.assertEqual([c["state"] for c in self.desk.koban_json("connections")], ["ok"])
        self.assert_quiet(self.desk)

    def test_a_reset_keyring_is_a_sign_in(self):
        self.desk.add(self.bank)
        path = self.backup()
        for item in self.desk.secret_items():
            self.desk.delete_secret(item)
        self.desk.koban("restore", path, "--yes")
        self.desk.check()
        self.assertEqual([c["state"] for c in self.desk.koban_json("connections")], ["sign-in"])
        self.assert_quiet(self.desk, ["sign_in"])

    def test_a_copied_home_keeps_its_history(self):
        self.desk.add(self.bank)
        known = self.desk.koban_json("transactions")
        self.desk.stop_agent()
        other = self.new_desk()
        other.set_clock(self.desk.now())
        shutil.copytree(os.path.dirname(self.data()), os.path.dirname(self.data(other)))
        other.check()
        self.assertEqual([c["state"] for c in other.koban_json("connections")], ["sign-in"])
        self.assertEqual(other.koban_json("transactions"), known)
        self.assert_quiet(other, ["sign_in"])

    def test_what_is_no_copy_is_refused(self):
        self.desk.add(self.bank)
        wrong = os.path.join(self.desk.scratch, "wrong")
        with open(wrong, "w") as file:
            file.write("this is no ledger" * 1000)
        before = self.desk.koban_json("connections")
        self.assertEqual(self.desk.koban("restore", wrong, "--yes").returncode, 1)
        self.assertEqual(self.desk.koban("restore", wrong + "2", "--yes").returncode, 4)
        self.assertEqual(self.desk.koban("restore", wrong).returncode, 2, "it asks")
        self.assertEqual(self.desk.koban("restore", "/dev/zero", "--yes").returncode, 1)
        self.assertEqual(self.desk.koban_json("connections"), before)
        self.assertFalse([name for name in os.listdir(os.path.dirname(self.data())) if name.endswith((".restoring", ".restored", ".before-restore"))])

    def test_one_leaves_with_a_word_and_nothing_stays(self):
        self.desk.add(self.bank, name="MyBank")
        self.desk.koban_json("config", "set", "watch.wariness", "wary")
        added = self.desk.koban("channel", "add", "gotify", "--server", "https://127.0.0.1:9", "--ca-file", self.bank.ca,
                                "--secret-stdin", stdin="AthrowawayKey.1\n")
        self.assertEqual(added.returncode, 0, added.stderr)
        self.assertIn("gotify.pem", os.listdir(os.path.join(self.desk.env["XDG_CONFIG_HOME"], "koban")))
        self.assertEqual(self.desk.koban("leave", stdin="yes\n").returncode, 2)
        self.assertEqual(len(self.desk.koban_json("connections")), 1)
        done = self.desk.koban("leave", "--json", stdin="leave\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        left, = json.loads(done.stdout)
        self.assertEqual((left["name"], left["ended"]), ("MyBank", False))
        self.assertTrue(left["by_hand"])
        self.assertEqual(self.desk.secret_items(), [])
        for base in ("XDG_DATA_HOME", "XDG_CONFIG_HOME"):
            folder = os.path.join(self.desk.env[base], "koban")
            self.assertFalse(os.path.exists(folder) and os.listdir(folder))


if __name__ == "__main__":
    tap.main()
