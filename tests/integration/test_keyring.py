#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A real gnome-keyring that is locked, killed, emptied or not there: Koban waits, says so, never prompts, forgets nothing."""

import unittest

import tap
from desk import KEYRING_PASSWORD, SECRETS, Desk


class Keyring(unittest.TestCase):
    def setUp(self):
        self.desk = Desk()
        self.addCleanup(self.desk.close)
        self.bank = self.desk.open_bank("docomo", "starling")

    def state(self):
        connection, = self.desk.koban_json("connections")
        return connection["state"]

    def checked(self):
        done = self.desk.koban("check")
        return done.returncode, done.stdout + done.stderr

    def test_locked_is_waited_for_without_a_prompt_and_then_goes_on(self):
        prompts = self.desk.pretend_prompter()
        self.desk.add(self.bank)
        self.desk.lock_keyring()
        asked = len(self.bank.requests())
        status, said = self.checked()
        self.assertEqual(status, 11, said)
        self.assertEqual(self.state(), "locked")
        self.assertEqual(len(self.bank.requests()), asked, "nothing is asked of a bank without its secret")
        self.assertNotEqual(self.desk.koban("status", "--check").returncode, 0)
        self.desk.unlock_keyring()
        self.desk.wait(lambda: self.state() == "ok", 60, "the agent to go on by itself")
        self.assertGreater(len(self.bank.requests()), asked)
        self.assertEqual(prompts, [])

    def test_the_command_may_ask_for_the_password_where_the_agent_does_not(self):
        prompts = self.desk.pretend_prompter()
        self.desk.add(self.bank)
        self.desk.lock_keyring()
        self.desk.koban_begun("unlock")
        self.desk.wait(lambda: prompts, 20, "the question for the password")

    def test_a_keyring_never_unlocked_since_login_is_locked_and_not_empty(self):
        self.desk.add(self.bank)
        self.desk.stop_agent()
        self.desk.kill_keyring()
        self.desk.start_locked_keyring()
        status, said = self.checked()
        self.assertEqual((status, self.state()), (11, "locked"), said)
        self.desk.unlock_keyring()
        self.assertEqual(self.checked()[0], 0)
        self.assertEqual(self.state(), "ok")

    def test_a_daemon_that_dies_is_not_a_lost_secret(self):
        self.desk.add(self.bank)
        self.desk.kill_keyring()
        status, said = self.checked()
        self.assertEqual((status, self.state()), (11, "locked"), said)
        self.desk.start_keyring(KEYRING_PASSWORD)
        self.desk.wait(lambda: self.state() == "ok", 60, "the agent to go on by itself")

    def test_an_item_that_the_person_deleted_needs_a_sign_in(self):
        self.desk.add(self.bank)
        item, = self.desk.secret_items()
        self.desk.delete_secret(item)
        status, said = self.checked()
        self.assertEqual((status, self.state()), (10, "sign-in"), "that Koban is blind now is an alert: " + said)

    def test_add_with_a_locked_keyring_and_nobody_there(self):
        self.desk.lock_keyring()
        done = self.desk.koban("add", "starling", "--name", "Bank", "--base-url", self.bank.base_url, "--ca-file",
                               self.bank.ca, "--secret-stdin", stdin=self.bank.token + "\n", timeout=60)
        self.assertEqual(done.returncode, 5, done.stdout + done.stderr)
        self.assertEqual(self.bank.requests(), [])
        self.assertEqual(self.desk.koban_json("connections"), [])

    def test_the_secret_is_in_the_keyring_and_nowhere_else(self):
        self.desk.set_agent(G_MESSAGES_DEBUG="all")
        self.desk.add(self.bank)
        self.desk.koban("check")
        token = self.bank.token.encode()
        for place in (self.desk.home / ".local/share/koban").rglob("*"):
            if place.is_file():
                self.assertNotIn(token, place.read_bytes(), place)
        self.assertNotIn(token, self.desk.agent_log.read_bytes())
        pid = self.desk.agent_pid()
        for name in ("cmdline", "environ"):
            try:
                with open("/proc/%d/%s" % (pid, name), "rb") as file:
                    self.assertNotIn(token, file.read())
            except PermissionError:
                pass  # an agent that cannot be looked into is what is wanted


class NoKeyring(unittest.TestCase):
    def test_no_keyring_at_all_is_said_and_nothing_is_written_in_clear(self):
        with Desk(keyring=None) as desk:
            bank = desk.open_bank("docomo", "starling")
            done = desk.koban("add", "starling", "--name", "Bank", "--base-url", bank.base_url, "--ca-file", bank.ca,
                              "--secret-stdin", stdin=bank.token + "\n", timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("eyring", done.stderr)
            self.assertFalse(desk.is_owned(SECRETS))
            for place in desk.home.rglob("*"):
                if place.is_file():
                    self.assertNotIn(bank.token.encode(), place.read_bytes(), place)


if __name__ == "__main__":
    tap.main()
