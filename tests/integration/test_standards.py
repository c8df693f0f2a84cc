#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A bank that asks the person once more before it ends anything: `koban revoke` through each form of it, to the bank's own
word. What was not confirmed, or not in time, leaves the order as it was, and that is said.
"""

import contextlib
import json
import os
import pathlib
import re
import signal
import sys
import tempfile
import unittest
import urllib.request

import tap
from command import Command, Typed, free_port
from desk import SOURCE, Desk, preloaded

sys.path.insert(0, str(SOURCE / "tests/sandbox"))
from story import DAY  # noqa: E402

LANDLORD, CLUB = "LANDLORD", "BOOK CLUB"
BEGUN = 1725000000
STORY = [
    {"kind": "story", "format": 1, "name": "orders", "utc_offset_minutes": 0, "monitor_from": BEGUN, "accounts": [
        {"id": "a1", "name": "Everyday", "bank": "bank0", "currency": "EUR", "opening_booked": 500000}]},
    *({"ts": BEGUN - 20 * DAY + n, "kind": "link_added", "account": "a1", "link_id": "L%d" % n, "link_type": "standing_order",
       "name": name, "currency": "EUR", "status": "active"} for n, name in enumerate((LANDLORD, CLUB))),
    {"ts": BEGUN - DAY, "kind": "transaction", "account": "a1", "id": "t1", "amount": -78500, "currency": "EUR",
     "descriptor": "RENT", "counterparty": LANDLORD, "type": "standing_order", "date": "2024-08-29"},
]
NOTHING = "nothing was revoked"
GIVEN_UP = "nothing was changed"


def visit(address):
    """As a browser does: to where the bank's page sends it, if that is anywhere."""
    with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=20) as page:
        page.read()


class Standards(unittest.TestCase):
    """One desk and one bank for all: each test leaves the orders as they were, but those that end one."""

    @classmethod
    def setUpClass(cls):
        cls.closing = contextlib.ExitStack()
        cls.addClassCleanup(cls.closing.close)
        cls.scratch = pathlib.Path(cls.closing.enter_context(tempfile.TemporaryDirectory(prefix="koban-standards-")))
        (cls.scratch / "orders.jsonl").write_text("".join(json.dumps(line) + "\n" for line in STORY), encoding="utf-8")
        cls.desk = cls.closing.enter_context(Desk())
        cls.desk.env["KOBAN_PROVIDERS"] = str(cls.profiles())
        cls.desk.set_agent(KOBAN_PROVIDERS=cls.desk.env["KOBAN_PROVIDERS"], LD_PRELOAD=preloaded("long-sleep"), LONG_SLEEP_S="200",
                           G_MESSAGES_DEBUG="all")
        cls.bank = cls.desk.open_bank(cls.scratch / "orders.jsonl", "berlin-group", "--keys", str(cls.scratch / "keys"), tls=False)
        cls.added = cls.connect()
        cls.bank.tell("keep")

    @classmethod
    def profiles(cls):
        """As shipped, but that the bank is asked how it stands every second, and as often as this takes."""
        folder = cls.scratch / "providers"
        folder.mkdir()
        profile = json.loads((SOURCE / "data/providers/berlin-group.json").read_text(encoding="utf-8"))
        profile["budget"]["per_day"] = 2000
        for revocation in profile["revocations"]:
            if "sca" in revocation:
                revocation["sca"]["every_s"] = 1
        (folder / "berlin-group.json").write_text(json.dumps(profile), encoding="utf-8")
        return folder

    @classmethod
    def connect(cls):
        """The person agrees to the consent at the bank's page."""
        files = [word for need, path in cls.bank.ready["files"].items() for word in ("--secret-file", "%s=%s" % (need, path))]
        command = Command(cls.desk, ["add", "berlin-group", "--name", "Bank", "--base-url", cls.bank.base_url, *files,
                                     "--field", "redirect_url=http://127.0.0.1:%d/berlin-group" % free_port()])
        visit(command.address())
        if command.end() != 0:
            raise AssertionError(command.said + cls.desk.log_tail())
        return command

    def setUp(self):
        self.bank.tell("back")
        self.assertIn(self.desk.koban("check").returncode, (0, 10))

    # --- the person, and what stands afterwards

    def links(self):
        return {k["name"]: k for k in self.desk.koban_json("links", "--all") if k["kind"] == "standing_order"}

    def behave(self, **words):
        self.bank.tell("behave", **words)

    def revoke(self, kind=Command, **more):
        return kind(self.desk, ["revoke", self.links()[CLUB]["id"], "--yes"], **more)

    def until(self, command, words):
        self.desk.wait(lambda: words in command.said or command.process.poll() is not None, 20, words + " in " + command.said)
        self.assertIn(words, command.said)

    def asked(self, method, end):
        return [r for r in self.bank.requests() if r["method"] == method and re.search(end, r["path"])]

    def assert_ended(self, command):
        self.assertEqual(command.end(), 0, command.said + command.told + self.desk.log_tail())
        self.assertIn("Proved gone", command.told)
        self.assertIn(self.links()[CLUB]["status"], ("revoked", "gone"))
        self.assertEqual(self.links()[LANDLORD]["status"], "active")

    def assert_as_it_was(self, command, why, status=1):
        self.assertEqual(command.end(), status, command.said + command.told)
        self.assertIn(why, command.said)
        self.assertNotIn("Proved gone", command.told)
        self.assertEqual(self.bank.state()["links"], {"L0": "active", "L1": "active"})
        self.desk.koban("check")
        self.assertEqual({k["status"] for k in self.links().values()}, {"active"})

    # --- claims

    def test_first_look(self):
        self.assertIn("Everyday", self.added.told)
        self.assertEqual({name: (k["provenance"], k["revocation"]) for name, k in self.links().items()},
                         {LANDLORD: ("native", "api+sca"), CLUB: ("native", "api+sca")})

    def test_a_code_is_typed_unseen(self):
        """Mistyped first. It reaches the bank, and neither the screen nor the log; nothing of it stays in the keyring."""
        self.behave(sca="code", code="73912846")
        kept = len(self.desk.secret_items())
        command = self.revoke(Typed)
        self.until(command, "A code was sent to +49160 xxxxx 28.")
        command.answer("it is not shown:", "11112222")
        self.until(command, "The code is wrong.")
        self.desk.wait(lambda: command.said.count("it is not shown:") == 2, 20, "the second question: " + command.said)
        command.paste("73912846")
        self.assert_ended(command)
        for typed in ("73912846", "11112222"):
            self.assertNotIn(typed, command.said + command.told + self.desk.agent_log.read_text(encoding="utf-8"))
        self.assertEqual(len(self.desk.secret_items()), kept)

    def test_a_code_without_a_terminal(self):
        self.behave(sca="code", code="73912846")
        self.assert_ended(self.revoke(stdin="73912846\n"))

    def test_nobody_types_a_code(self):
        """Standard input ends."""
        self.behave(sca="code", code="73912846")
        command = self.revoke()
        self.until(command, "it is not shown:")
        command.process.stdin.close()
        self.assert_as_it_was(command, GIVEN_UP)
        self.assertEqual(self.asked("PUT", "."), [])

    def test_codes_that_are_wrong(self):
        self.behave(sca="code", code="73912846")
        self.assert_as_it_was(self.revoke(stdin="1\n2\n3\n4\n"), NOTHING)
        self.assertEqual(len(self.asked("PUT", ".")), 3, "the bank would lock the person out")

    def test_a_choice_and_then_a_code(self):
        self.behave(sca="choice", code="73912846")
        command = self.revoke(Typed)
        self.until(command, "The bank's app")
        command.answer("Type the number of one:", "1")
        command.answer("it is not shown:", "73912846")
        self.assert_ended(command)
        self.assertNotIn("73912846", command.said)

    def test_a_script_answers_both(self):
        """Each line is the answer to its own question, though all are there at once."""
        self.behave(sca="choice", code="73912846")
        self.assert_ended(self.revoke(stdin="1\n73912846\n"))

    def test_the_app_says_yes(self):
        """Waited for, which is seen; the bank is asked how it stands, and only its word counts."""
        self.behave(sca="app")
        command = self.revoke()
        self.until(command, "Confirm this in your bank's app.")
        self.until(command, "Please confirm in the app of your bank.")
        self.desk.wait(lambda: len(self.asked("GET", "cancellation-authorisations")) >= 2, 20, "two questions")
        self.assertIsNone(command.process.poll())
        self.behave(app="yes")
        self.assert_ended(command)

    def test_the_app_says_no(self):
        self.behave(sca="app", app="no")
        self.assert_as_it_was(self.revoke(), NOTHING)

    def test_nobody_says_anything(self):
        """Five minutes are enough, also those in which the computer slept."""
        self.behave(sca="app")
        command = self.revoke()
        self.until(command, "Confirm this in your bank's app.")
        for _ in range(2):
            os.kill(self.desk.agent_pid(), signal.SIGUSR2)
            self.desk.call("Status", None, "(a{sv})")
        self.assert_as_it_was(command, "nobody confirmed it in time: as far as the bank says, nothing was revoked")

    def test_given_up(self):
        """Ctrl-C."""
        self.behave(sca="app")
        command = self.revoke()
        self.until(command, "Confirm this in your bank's app.")
        command.process.send_signal(signal.SIGINT)
        self.assert_as_it_was(command, GIVEN_UP)

    def test_a_page(self):
        """Its host is shown before its address; who opens it agrees there, and the bank says so."""
        self.behave(sca="page")
        command = self.revoke()
        address = command.address()
        self.assertTrue(address.startswith(self.bank.base_url + "/page/"), address)
        self.assertLess(command.said.index("with your browser at: 127.0.0.1"), command.said.index(address))
        visit(address)
        self.assert_ended(command)

    def test_a_page_where_the_person_says_no(self):
        self.behave(sca="page", declines=True)
        command = self.revoke()
        visit(command.address())
        self.assert_as_it_was(command, NOTHING)

    def test_a_page_elsewhere(self):
        """A host that the profile does not name is not gone to without a yes, and none without https at all."""
        for address, why in (("https://elsewhere.example", "none of the hosts above"), ("http://elsewhere.example", "https")):
            self.behave(sca="page", url=address)
            command = self.revoke()
            self.assert_as_it_was(command, why)
            self.assertNotIn(address + "/page", command.said)

    def test_a_bank_that_lies_about_it(self):
        """Confirmed, and still listed."""
        self.behave(sca="code", code="73912846", revoke="ignore")
        command = self.revoke(stdin="73912846\n")
        self.assertEqual(command.end(), 12, command.said + command.told)
        self.assertIn("Still there", command.told)


if __name__ == "__main__":
    tap.main()
