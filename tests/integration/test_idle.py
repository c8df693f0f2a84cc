#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle costs nothing: no system call between two due times, and an agent that has nothing to watch leaves."""

import os
import re
import subprocess
import time
import unittest

import tap
from desk import Desk, alive, is_sanitized, require

QUIET_S = 20
SETTLE_S = 25  # GLib's pool threads end after 15 to 20 s; that is their last wake-up


class Idle(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.close)

    def system_calls(self, pid, seconds):
        """What all threads of the process do in that time: a call that was already waiting is not counted."""
        trace = os.path.join(self.desk.scratch, "trace")
        strace = self.desk.start(["strace", "-f", "-qq", "-o", trace, "-p", str(pid)], stderr=subprocess.PIPE)
        time.sleep(seconds)
        self.desk.end(strace)
        with open(trace, encoding="utf-8", errors="replace") as lines:
            return [line for line in lines if not re.search(r"<detached|<unfinished|resumed|restart_syscall|SIG", line)]

    def test_no_wake_up_between_two_due_times(self):
        require(self, "strace")
        if is_sanitized(self.desk.agent_program, ("tsan",)):
            self.skipTest("the sanitizer of threads has a thread of its own that wakes")
        bank = self.desk.open_bank("docomo", "starling")
        self.desk.add(bank)
        pid = self.desk.agent_pid()
        next_check_us = self.desk.list("Connections")[0]["next_check"]
        self.assertGreater(next_check_us / 1e6 - time.time(), SETTLE_S + QUIET_S + 5, "there is time to be idle in")
        time.sleep(SETTLE_S)
        calls = self.system_calls(pid, QUIET_S)
        self.assertEqual(calls, [], "the idle agent woke up")
        self.assertEqual(self.desk.agent_pid(), pid)
        self.assertNotEqual(self.system_calls_of_a_call(pid), [], "strace would have seen it")

    def system_calls_of_a_call(self, pid):
        trace = os.path.join(self.desk.scratch, "trace")
        strace = self.desk.start(["strace", "-f", "-qq", "-o", trace, "-p", str(pid)])
        self.desk.wait(lambda: os.path.exists(trace), 10, "strace")
        time.sleep(0.5)
        self.desk.list("Connections")
        self.desk.end(strace)
        with open(trace, encoding="utf-8", errors="replace") as lines:
            return lines.readlines()

    def test_with_nothing_to_watch_it_leaves_after_ten_seconds(self):
        begun = time.monotonic()
        pid = self.desk.start_agent()
        self.assertEqual(self.desk.list("Connections"), [])
        self.desk.wait(lambda: not alive(pid), 20, "the agent to leave")
        stayed = time.monotonic() - begun
        self.assertTrue(8 <= stayed <= 15, "it stayed for %.1f s" % stayed)
        self.assertEqual(self.desk.list("Connections"), [], "and it comes back when it is asked")

    def test_after_the_last_connection_is_removed_it_leaves(self):
        bank = self.desk.open_bank("docomo", "starling")
        self.desk.add(bank)
        pid = self.desk.agent_pid()
        self.assertEqual(self.desk.koban("remove", "Bank", "--yes").returncode, 0)
        self.desk.wait(lambda: not alive(pid), 25, "the agent to leave")

    def test_two_agents_do_not_meet(self):
        pid = self.desk.start_agent()
        second = subprocess.run([str(self.desk.agent_program)], env=self.desk.env, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, text=True, timeout=20)
        self.assertEqual(second.returncode, 0, second.stderr)
        self.assertEqual(self.desk.agent_pid(), pid)


if __name__ == "__main__":
    tap.main()
