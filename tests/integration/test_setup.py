#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""From nothing to being watched, at a terminal; every step can be left out, left, and done again."""

import os
import signal
import pty
import unittest

import tap
from desk import Desk


class Setup(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def test_a_newcomer_is_watched_in_one_walk(self):
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("end"))
        british = [p["id"] for p in self.desk.koban_json("providers") if "GB" in p["countries"]]
        typed = ["", "gb", str(british.index("starling") + 1), self.bank.token, "", "",  # bank: its key, its share, the review
                 "n", "q",                                        # one answer is enough
                 "", "y", "", "", "q"]
        words = ["setup", "--base-url", self.bank.base_url, "--ca-file", self.bank.ca]
        status, shown = self.desk.koban_on_terminal(*words, typed="\n".join(typed) + "\n", seconds=90)
        self.assertEqual(status, 0, shown)
        self.assertNotIn(self.bank.token, shown)
        connection, = self.desk.koban_json("connections")
        self.assertEqual(connection["state"], "ok")
        self.assertIn("1 answer noted", shown)
        self.assertIn("2/4", shown)
        self.assertIn("Koban starts at login", shown)

    def test_in_japan_the_banks_own_help_comes_first(self):
        path = os.path.join(self.desk.scratch, "statement.ofx")
        with open(os.path.join(os.environ["KOBAN_SOURCE_ROOT"], "tests/statements/japan.ofx"), "rb") as source:
            with open(path, "wb") as file:
                file.write(source.read())
        typed = ["", "JP", "f", path, "Mine", "s", "q"]
        status, shown = self.desk.koban_on_terminal("setup", "bank", typed="\n".join(typed) + "\n", seconds=90)
        self.assertEqual(status, 0, shown)
        self.assertLess(shown.index("without Koban"), shown.index("statement file"))
        self.assertEqual([a["name"] for a in self.desk.koban_json("accounts")], ["Mine"])

    def test_each_step_can_be_skipped_and_named(self):
        status, shown = self.desk.koban_on_terminal("setup", typed="s\ns\ns\ns\n")
        self.assertEqual(status, 0, shown)
        self.assertIn("4/4", shown)
        self.assertEqual(self.desk.koban_json("connections"), [])
        status, shown = self.desk.koban_on_terminal("setup", "card", typed="\n")
        self.assertEqual(status, 0, shown)
        self.assertNotIn("1/4", shown)
        self.assertEqual(self.desk.koban("setup", "sofa").returncode, 2)
        self.assertEqual(self.desk.koban("setup").returncode, 2, "without a terminal")

    def test_ctrl_c_leaves_nothing_half_done(self):
        pid, terminal = pty.fork()
        if pid == 0:
            os.execve(str(self.desk.cli_program), ["koban", "setup"], dict(self.desk.env, **self.desk.time_env, TERM="xterm"))
        shown = b""
        while not shown.endswith(b"leave: "):
            shown += os.read(terminal, 4096)
        os.write(terminal, b"\x03")
        self.assertEqual(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), -signal.SIGINT)
        os.close(terminal)
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.assertEqual(self.desk.secret_items(), [])


if __name__ == "__main__":
    tap.main()
