#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a computer does to a program: clocks that jump, disks that are full or not to be written, files that are not what they
seem, rows that make no sense, too few descriptors, kills in a row, a new version under its feet.
"""

import os
import pathlib
import shutil
import signal
import sqlite3
import subprocess
import unittest

import tap
from desk import Desk, alive, preloaded

DAY = 86400
UNIX_2038 = 2147558400          # 2038-01-20, after the end of 32-bit time


class Watched(unittest.TestCase):
    """One desk for all that a class tries; it begins watched and well, and is so again before each test."""

    provider, story = "starling", "docomo"

    @classmethod
    def setUpClass(cls):
        cls.desk = Desk(moving_time=True)
        cls.addClassCleanup(cls.desk.close)
        cls.data = cls.desk.home / ".local/share/koban"
        cls.bank = cls.desk.open_bank(cls.story, cls.provider, "--as-is")
        cls.begun = cls.bank.advance("monitor_from")
        cls.desk.set_clock(cls.begun)
        cls.desk.add(cls.bank, name="MyBank")
        cls.desk.stop_agent()
        cls.good = pathlib.Path(cls.desk.scratch) / "good"
        shutil.copytree(cls.data, cls.good)

    def setUp(self):
        self.desk.stop_agent()
        self.desk.set_agent()
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.copytree(self.good, self.data)
        self.desk.set_clock(self.begun)
        self.shown = len(self.desk.notifier.shown())

    def connection(self):
        row, = self.desk.koban_json("connections")
        return row

    def check(self, expect=0):
        done = self.desk.koban("check")
        self.assertEqual(done.returncode, expect, done.stdout + done.stderr + self.desk.log_tail())
        return done.stdout + done.stderr

    def alerts(self, *kinds):
        return [a for a in self.desk.alerts() if a["kind"] in (kinds or ("link", "withdrawal", "balance"))]


class Clocks(Watched):
    def test_a_clock_that_jumps_makes_no_storm_and_no_silence(self):
        for name, when in (("ten years on", self.begun + 3653 * DAY), ("ten years back", self.begun - 3653 * DAY),
                           ("the year 2038", UNIX_2038), ("back to what it was", self.begun)):
            with self.subTest(name):
                self.desk.set_clock(when)
                asked = len(self.bank.requests())
                self.desk.start_agent()
                self.check()
                self.assertEqual(self.connection()["state"], "ok")
                self.assertLessEqual(len(self.bank.requests()) - asked, 16, "at most two rounds of requests")
                self.assertEqual(self.alerts(), [])

    def test_a_clock_of_1970_is_named_as_the_reason(self):
        self.desk.set_clock(3600)
        self.check(expect=11)
        self.assertIn("clock", self.connection()["message"])
        self.desk.set_clock(self.begun)
        self.check()
        self.assertEqual(self.connection()["state"], "ok")


class Disks(Watched):
    def mounted(self, *options):
        """The agent in a mount namespace of its own, where its data lie on a small disk."""
        if os.geteuid() != 0:
            self.skipTest("only root may mount a disk")
        script = ("cp -a %s %s.kept && mount -t tmpfs -o %s tmpfs %s && cp -a %s.kept/. %s && rm -r %s.kept && exec \"$@\""
                  % (self.data, self.data, ",".join(options), self.data, self.data, self.data, self.data))
        self.desk.set_agent(wrapper=["unshare", "--mount", "sh", "-c", script, "sh"])
        pid = self.desk.start_agent()
        return pid, "/proc/%d/root%s" % (pid, self.data)

    def fill(self, inside, how):
        if how == "bytes":
            with open(inside + "/filler", "wb", buffering=0) as filler:
                try:
                    while filler.write(b"x" * 4096):
                        pass
                except OSError:
                    pass
        else:
            try:
                for i in range(100000):
                    open("%s/filler%d" % (inside, i), "w", encoding="ascii").close()
            except OSError:
                pass

    def test_a_disk_of_two_megabytes_that_is_full(self):
        pid, inside = self.mounted("size=2m")
        self.fill(inside, "bytes")
        self.desk.set_clock(self.bank.monitor_from + DAY)
        for _ in range(12):
            if self.desk.koban("check").returncode == 11:
                break
        asked = len(self.bank.requests())
        self.check(expect=11)
        self.assertEqual(len(self.bank.requests()), asked, "what cannot be kept is not asked for")
        self.desk.wait(lambda: [s for s in self.desk.notifier.shown()[self.shown:] if "no room" in s["summary"]], 10, "to be told")
        os.unlink(inside + "/filler")
        self.check()
        self.assertEqual((self.connection()["state"], self.desk.agent_pid()), ("ok", pid))

    def test_a_disk_without_room_for_one_more_file(self):
        pid, inside = self.mounted("nr_inodes=24", "size=8m")
        self.fill(inside, "files")
        self.check()
        self.assertEqual((self.connection()["state"], self.desk.agent_pid()), ("ok", pid))

    def test_a_disk_that_dies(self):
        """Every write and sync below the data is EIO for a while."""
        switch = pathlib.Path(self.desk.scratch) / "dying"
        switch.write_bytes(b"\0")
        self.desk.set_agent(FAILING_DISK=str(switch), FAILING_BELOW=str(self.data),
                            LD_PRELOAD=self.desk.preload(preloaded("failing-disk"), preloaded("moved-time")))
        pid = self.desk.start_agent()
        self.check()
        with open(switch, "r+b", buffering=0) as byte:
            byte.write(b"\1")
            self.desk.set_clock(self.begun + DAY)
            self.check(expect=11)
            asked = len(self.bank.requests())
            self.check(expect=11)
            self.assertEqual(len(self.bank.requests()), asked, "what cannot be kept is not asked for")
            self.assertIn(self.desk.koban("status", "--check").returncode, (1, 11))
            byte.seek(0)
            byte.write(b"\0")
        self.check()
        self.assertEqual((self.connection()["state"], self.desk.agent_pid()), ("ok", pid))
        with sqlite3.connect(self.data / "koban.db") as ledger:
            self.assertEqual(ledger.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        ledger.close()

    def test_a_disk_that_runs_no_programs(self):
        self.mounted("noexec", "size=8m")
        self.check()

    def run_agent(self, *wrapper):
        return subprocess.run([*wrapper, str(self.desk.agent_program)], env=dict(self.desk.env, **self.desk.time_env),
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=30)

    def test_a_home_that_cannot_be_written_is_refused_in_words(self):
        if os.geteuid() != 0:
            self.skipTest("only root may mount")
        done = self.run_agent("unshare", "--mount", "sh", "-c",
                              "mount --bind %s %s && mount -o remount,bind,ro %s && exec \"$0\"" % ((self.data,) * 3))
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(self.data), done.stdout)

    def test_what_is_no_file_of_ours_is_refused_and_left(self):
        ledger = self.data / "koban.db"
        other = self.data / "other"

        def symbolic():
            ledger.rename(other)
            ledger.symlink_to(other)

        def hard():
            os.link(ledger, other)

        def pipe():
            ledger.unlink()
            os.mkfifo(ledger)

        def folder():
            ledger.unlink()
            ledger.mkdir()

        for odd in (symbolic, hard, pipe, folder):
            with self.subTest(odd=odd.__name__):
                self.setUp()
                odd()
                before = os.lstat(ledger)
                done = self.run_agent()
                self.assertNotEqual(done.returncode, 0)
                self.assertIn("koban.db", done.stdout)
                self.assertEqual(os.lstat(ledger).st_ino, before.st_ino)

    def test_others_may_not_read_what_was_left_open(self):
        os.chmod(self.data, 0o755)
        os.chmod(self.data / "koban.db", 0o644)
        self.desk.start_agent()
        self.check()
        self.assertEqual([os.stat(p).st_mode & 0o077 for p in (self.data, self.data / "koban.db")], [0, 0])

    def test_somebody_reads_for_long(self):
        """A sqlite3 shell with an open transaction: the log grows, and nobody waits."""
        reader = sqlite3.connect(self.data / "koban.db", isolation_level=None)
        self.addCleanup(reader.close)
        reader.execute("BEGIN")
        before = reader.execute("SELECT count(*) FROM line").fetchone()
        self.desk.set_clock(self.bank.advance("end"))
        self.check(expect=10)
        self.check()
        self.assertEqual(reader.execute("SELECT count(*) FROM line").fetchone(), before)
        self.assertLess((self.data / "koban.db-wal").stat().st_size, 16 * 2**20)


class Life(Watched):
    provider, story = "simplefin", "pending"

    def test_a_row_that_makes_no_sense_stops_nobody(self):
        """Whatever else wrote into the file: the rest of it is served."""
        rows = ["UPDATE line SET text = CAST(x'ff80fe' AS TEXT), type = 99, state = 7 WHERE id = (SELECT max(id) FROM line)",
                "UPDATE line SET currency = '', date = 9223372036854775807 WHERE id = (SELECT min(id) FROM line)",
                "UPDATE account SET name = CAST(x'c3' AS TEXT), watch = 77",
                "UPDATE alert SET reasons = 'no variant', refs = x'00'",
                "UPDATE habits SET blob = x'ffff'",
                "UPDATE connection SET message = CAST(x'80' AS TEXT), failures = -1, next_check_us = -9223372036854775808",
                "UPDATE journal SET payload = '{' WHERE id = 1"]
        for row in rows:
            with self.subTest(row=row):
                self.setUp()
                with sqlite3.connect(self.data / "koban.db") as ledger:
                    try:
                        ledger.execute(row)
                    except sqlite3.IntegrityError:
                        continue   # the table itself refuses it
                ledger.close()
                pid = self.desk.start_agent()
                for what in ("connections", "accounts", "transactions", "links", "alerts"):
                    self.assertIn(self.desk.koban(what).returncode, (0, 1))
                self.assertIn(self.desk.koban("check").returncode, (0, 10, 11))
                self.assertEqual((self.desk.agent_pid(), alive(pid)), (pid, True), self.desk.log_tail())

    def test_killed_again_and_again_it_does_not_ask_more_than_the_bank_allows(self):
        """Six a day are its share; killed in the middle of each request it stops at that."""
        with sqlite3.connect(self.data / "koban.db") as ledger:
            ledger.execute("UPDATE connection SET fields = ?", ("['share', '25']",))
            ledger.execute("DELETE FROM request")
        ledger.close()
        self.assertEqual(self.desk.koban_json("connections")[0]["name"], "MyBank")
        before = len(self.bank.requests())
        self.bank.tell("fault", what="slow", seconds=20, path="*", count=0)
        self.addCleanup(self.bank.tell, "clear")
        for _ in range(9):
            asked = len(self.bank.requests())
            pid = self.desk.start_agent()
            checking = self.desk.koban_begun("check")
            self.desk.wait(lambda: len(self.bank.requests()) > asked or checking.poll() is not None, 20, "a request")
            if self.desk.agent_pid() == pid and alive(pid):
                self.desk.stop_agent(signal.SIGKILL)
            self.desk.wait(lambda: checking.poll() is not None, 20, "the command")
        self.assertEqual(len(self.bank.requests()) - before, 6)
        self.bank.tell("clear")
        self.check(expect=11)
        self.assertEqual(self.connection()["state"], "waiting")

    def test_with_too_few_descriptors_nothing_is_lost(self):
        for few in (16, 24, 32):
            with self.subTest(few=few):
                self.setUp()
                self.desk.set_agent(wrapper=["prlimit", "--nofile=%d:%d" % (few, few)])
                self.desk.koban("check", timeout=60)
                self.desk.stop_agent(signal.SIGKILL)
                self.desk.set_agent()
                self.check()
                self.assertEqual(self.connection()["state"], "ok")

    def test_a_new_version_under_its_feet(self):
        """A package puts a new file in the place of the running one."""
        program = pathlib.Path(self.desk.scratch) / "koban-agent"
        shutil.copy(self.desk.agent_program, program)
        self.desk.agent_program, old = program, self.desk.agent_program
        self.addCleanup(setattr, self.desk, "agent_program", old)
        self.desk.set_agent()
        pid = self.desk.start_agent()
        fresh = program.with_suffix(".new")
        fresh.write_bytes(b"#!/bin/false\n")
        fresh.chmod(0o755)
        fresh.rename(program)
        self.check()
        self.assertEqual((self.connection()["state"], self.desk.agent_pid()), ("ok", pid))


if __name__ == "__main__":
    tap.main()
