#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ledger damaged in every way: set aside, told once, gone on from what was kept, nobody flooded, nothing forgotten."""

import os
import pathlib
import shutil
import signal
import sqlite3
import unittest

import tap
from desk import Desk, GLib

ROGUE = "ﾄﾞｺﾓｺｳｻﾞ"
EX_CONFIG = 78


def random_bytes(path):
    path.write_bytes(os.urandom(65536))


def truncated(path):
    os.truncate(path, path.stat().st_size // 2)


def empty(path):
    os.truncate(path, 0)


def one_page(path):
    """The first page of a table that the list of connections does not need: only the slow look finds it."""
    with sqlite3.connect(path) as ledger:
        page, = ledger.execute("SELECT rootpage FROM sqlite_master WHERE name = 'look'").fetchone()
        size, = ledger.execute("PRAGMA page_size").fetchone()
    ledger.close()
    with open(path, "r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * 64)


def first_byte(path):
    with open(path, "r+b") as file:
        file.write(b"s")


def foreign(path):
    """A good database of somebody else."""
    path.unlink()
    with sqlite3.connect(path) as other:
        other.execute("CREATE TABLE moz_places (id INTEGER)")
    other.close()


def deleted(path):
    path.unlink()


class Ledger(unittest.TestCase):
    """One desk for all ways; each begins from the same good home."""

    @classmethod
    def setUpClass(cls):
        cls.desk = desk = Desk(moving_time=True)
        cls.addClassCleanup(desk.close)
        cls.data = desk.home / ".local/share/koban"
        cls.ledger = cls.data / "koban.db"
        cls.bank = desk.open_bank("docomo", "starling", "--as-is")
        desk.set_clock(cls.bank.advance("monitor_from"))
        desk.add(cls.bank, name="MyBank")
        desk.check()
        desk.wait(lambda: (cls.data / "koban.db.weekly").exists(), 20, "the weekly copy")
        desk.stop_agent()
        cls.fold_logs()
        cls.good = pathlib.Path(desk.scratch) / "good"
        shutil.copytree(cls.data, cls.good)
        cls.begun = desk.now()

    @classmethod
    def fold_logs(cls):
        for log in ("-wal", "-shm"):
            if (cls.data / ("koban.db" + log)).exists():
                raise AssertionError("an agent that ends folds its log into the file")

    def setUp(self):
        self.desk.stop_agent()
        self.desk.set_agent()
        shutil.rmtree(self.data)
        shutil.copytree(self.good, self.data)
        self.desk.set_clock(self.begun)
        self.bank.tell("clear")
        self.shown = len(self.desk.notifier.shown())

    def reasons(self):
        """None while the file is being replaced: a list that is asked in that moment may be refused."""
        try:
            alerts = self.desk.alerts()
        except GLib.Error:
            return None
        return [(a["kind"], sorted(r["code"] for r in a["reasons"])) for a in alerts
                if {r["code"] for r in a["reasons"]} != {"review"}]

    def told_since(self):
        """But for the offer of the review, which is shown again in silence."""
        return [s["summary"] for s in self.desk.notifier.shown()[self.shown:] if "history" not in s["summary"]]

    def wait_told(self, *codes):
        self.desk.wait(lambda: self.reasons() == [("freshness", sorted(codes))], 20, "the one alert: %s" % (codes,))

    def assert_watched_and_quiet(self):
        self.assertEqual(self.desk.koban("check").returncode, 0, self.desk.log_tail())
        row, = self.desk.koban_json("connections")
        self.assertEqual((row["name"], row["state"]), ("MyBank", "ok"))
        self.assertTrue(self.desk.koban_json("transactions"))
        self.assertEqual([kind for kind, _ in self.reasons() if kind != "freshness"], [])

    def set_aside(self):
        return sorted(p.name for p in self.data.glob("koban.db.damaged-*") if not p.name.endswith(("-wal", "-shm")))

    WAYS = [
        # what happens to the file   whether anything is left to set aside
        (random_bytes, True),
        (truncated, True),
        (empty, True),
        (one_page, True),
        (first_byte, True),
        (foreign, True),
        (deleted, False),
    ]

    def test_it_goes_on_from_the_weekly_copy(self):
        for damage, kept in self.WAYS:
            with self.subTest(damage=damage.__name__):
                self.setUp()
                damage(self.ledger)
                before = self.ledger.read_bytes() if kept else None
                self.desk.start_agent()
                self.wait_told("recovered")
                self.assertEqual([(self.data / name).read_bytes() for name in self.set_aside()], [before] if kept else [])
                self.assert_watched_and_quiet()
                self.desk.stop_agent()
                self.desk.start_agent()
                self.assert_watched_and_quiet()
                self.wait_told("recovered")
                self.assertLessEqual(len(set(self.told_since())), 1, self.told_since())

    def test_without_a_copy_the_keyring_knows_who_was_watched(self):
        for damage, codes in ((random_bytes, ["recovered", "set_aside"]), (deleted, ["recovered"])):
            with self.subTest(damage=damage.__name__):
                self.setUp()
                damage(self.ledger)
                (self.data / "koban.db.weekly").unlink()
                self.bank.advance("end")
                self.desk.set_clock(self.bank.story_end)
                self.desk.start_agent()
                self.wait_told(*codes)
                self.assert_watched_and_quiet()
                self.assertIn(ROGUE, [a["subject"] for a in self.desk.koban_json("review")["odd"]],
                              "what came meanwhile is in the review")

    def test_a_home_that_is_gone_altogether_is_not_silence(self):
        shutil.rmtree(self.data)
        self.desk.start_agent()
        self.wait_told("recovered")
        self.assert_watched_and_quiet()

    def test_a_locked_keyring_is_waited_for(self):
        shutil.rmtree(self.data)
        self.desk.lock_keyring()
        self.addCleanup(self.desk.unlock_keyring)
        self.desk.start_agent()
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.desk.unlock_keyring()
        self.wait_told("recovered")

    def test_another_home_takes_nothing_over(self):
        """Two homes may share a keyring: a demo, a second account."""
        other = dict(self.desk.agent_env, XDG_DATA_HOME=str(self.desk.home / "elsewhere"))
        self.desk.set_agent(**other)
        self.desk.start_agent()
        self.assertEqual((self.desk.koban_json("connections"), self.reasons()), ([], []))

    def test_a_new_connection_is_no_lost_one(self):
        """The marker is written once, and means nothing to a ledger that knows connections."""
        item, = self.desk.secret_items()
        session = self.desk.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "OpenSession",
                                        GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))), "(vo)")[1]

        def secret():
            return bytes(self.desk.secret_call(item, "org.freedesktop.Secret.Item", "GetSecret",
                                               GLib.Variant("(o)", (session,)), "((oayays))")[0][2])

        before = secret()
        self.assertIn(b"watched=", before)
        self.desk.check()
        self.assertEqual(secret(), before)
        self.assertEqual(self.reasons(), [])

    def test_an_older_copy_in_its_place_tells_nothing_again(self):
        self.bank.advance("end")
        self.desk.set_clock(self.bank.story_end)
        self.desk.check()
        self.assertIn("link", [kind for kind, _ in self.reasons()])
        self.desk.wait(lambda: self.told_since(), 20, "it to be told")
        self.desk.stop_agent()
        self.shown = len(self.desk.notifier.shown())
        shutil.copy(self.good / "koban.db", self.ledger)
        self.desk.start_agent()
        self.wait_told("recovered")
        self.assert_watched_and_quiet()
        self.assertIn(ROGUE, [a["subject"] for a in self.desk.koban_json("review")["odd"]])
        self.assertEqual(len(set(self.told_since())), 1, self.told_since())

    def test_one_that_is_deleted_while_it_is_open_is_written_anew(self):
        self.bank.advance("end")
        for names in (["koban.db"], ["koban.db", "koban.db-wal", "koban.db-shm"]):
            with self.subTest(names=names):
                self.setUp()
                self.desk.start_agent()
                pid = self.desk.agent_pid()
                known = {t["id"] for t in self.desk.koban_json("transactions")}
                for name in names:
                    (self.data / name).unlink()
                self.desk.set_clock(self.bank.story_end)
                self.desk.check()
                self.assertTrue(self.ledger.exists())
                self.assertEqual(self.desk.agent_pid(), pid)
                self.desk.stop_agent(signal.SIGKILL)
                self.desk.start_agent()
                self.assertLess(known, {t["id"] for t in self.desk.koban_json("transactions")})
                self.assertIn("link", [kind for kind, _ in self.reasons()])
                self.assertNotIn("recovered", [code for _, codes in self.reasons() for code in codes])

    def test_one_from_the_future_is_not_touched(self):
        with sqlite3.connect(self.ledger) as ledger:
            ledger.execute("PRAGMA user_version = 9999")
        ledger.close()
        before = self.ledger.read_bytes()
        ended = self.desk.start([str(self.desk.agent_program)], env=dict(self.desk.env, **self.desk.time_env))
        self.assertEqual(self.desk.wait(lambda: ended.poll(), 20, "the agent to end"), EX_CONFIG)
        self.assertEqual((self.ledger.read_bytes(), self.set_aside()), (before, []))


if __name__ == "__main__":
    tap.main()
