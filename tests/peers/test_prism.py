#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The command and the agent against the vendors' descriptions: Prism rejects what breaks them, and must not.

Mock: a bank that is nothing but its description, connected with the examples of the profile's needs. Proxy: the
stand-in behind Prism, so that links can be listed and revoked, and Koban's requests are held to the description.
"""

import json
import os
import subprocess
import sys
import tempfile
import unittest
import urllib.request

import prism
import tap
from command import Command
from desk import Desk

sys.path.insert(0, str(prism.SOURCE / "tests/sandbox"))
import test_providers  # noqa: E402

PUBLISHED = ("up", "enable-banking", "gocardless-bad", "plaid", "investec", "teller")
UNCOUNTABLE = ("plaid",)   # its example has an investment account in hundredths of a cent: that balance alone is told as failed
MOCKED = ("up", "enable-banking", "gocardless-bad", "plaid", "investec", "teller")


def more_orders():
    """As many as there are ways to confirm that one ends."""
    order = next(line for line in test_providers.STORY if line.get("link_type") == "standing_order")
    return [dict(order, link_id="S%d" % n, name="ORDER %d" % n) for n in range(3)]


class Held(unittest.TestCase):
    def setUp(self):
        prism.require(self)
        self.desk = Desk()
        self.addCleanup(self.desk.close)

    def add(self, provider, base_url, needs, files):
        words = ["add", provider, "--name", provider, "--base-url", base_url, "--secret-stdin"]
        for name, path in files.items():
            words += ["--secret-file", "%s=%s" % (name, path)]
        return self.desk.koban(*words, stdin="".join("%s=%s\n" % need for need in needs.items()))

    def examples(self, provider):
        """(needs, files) as the profile gives them for an example."""
        needs, files = {}, {}
        for need in self.profile(provider)["needs"]:
            if need.get("revoke"):
                continue
            if need["kind"] == "file":
                files[need["name"]] = os.path.join(self.desk.scratch, need["name"])
                with open(files[need["name"]], "w", encoding="utf-8") as out:
                    out.write(need["example"])
            else:
                needs[need["name"]] = need["example"]
        return needs, files

    def profile(self, provider):
        return json.loads((prism.SOURCE / "data/providers" / (provider + ".json")).read_text(encoding="utf-8"))

    def each(self, providers, claim):
        for provider in providers:
            with self.subTest(provider):
                claim(provider)

    def tell(self, done):
        return "%d\n%s%s\n%s" % (done.returncode, done.stdout, done.stderr, self.desk.log_tail())

    # --- a bank that is nothing but its description

    def test_the_vendors_description_served(self):
        self.each(MOCKED, self.mocked)

    def mocked(self, provider):
        bank = prism.Prism(provider)
        self.addCleanup(bank.close)
        added = self.add(provider, bank.base_url, *self.examples(provider))
        self.assertEqual(bank.complaints(), [], self.tell(added))
        self.assertEqual(added.returncode, 0, self.tell(added) + bank.said())
        checked = self.desk.koban("check", provider)
        self.assertIn(checked.returncode, (11,) if provider in UNCOUNTABLE else (0, 10), self.tell(checked) + bank.said())
        connection, = [c["id"] for c in self.desk.koban_json("connections") if c["name"] == provider]
        self.assertTrue([a for a in self.desk.koban_json("accounts") if a["connection"] == connection])
        self.assertIsInstance(self.desk.koban_json("links"), list)
        self.assertEqual(bank.complaints(), [])

    def test_the_description_as_it_was_published(self):
        """Where it has no examples the mock says "string": nothing can be counted then, and no request goes wrong."""
        self.each(PUBLISHED, self.published)

    def published(self, provider):
        bank = prism.Prism(provider, spoken=False)
        self.addCleanup(bank.close)
        added = self.add(provider, bank.base_url, *self.examples(provider))
        self.assertIn(self.desk.koban("check").returncode, (0, 1, 10, 11))
        self.assertEqual(bank.rejections(), [], self.tell(added))

    # --- the stand-in behind it

    def test_the_stand_in_behind_the_description(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as story:
            story.writelines(json.dumps(line) + "\n" for line in test_providers.STORY)
            story.flush()
            stand_ins = {client.provider for client in test_providers.CLIENTS}
            self.each(sorted(stand_ins & set(prism.DESCRIPTIONS) - {"investec", "berlin-group"}), lambda provider: self.proxied(provider, story.name))

    def test_a_bank_that_keeps_one_currency(self):
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as story:
            story.writelines(json.dumps(line).replace("EUR", "ZAR") + "\n" for line in test_providers.STORY)
            story.flush()
            self.proxied("investec", story.name)

    def test_a_consent_at_a_page_and_a_second_factor(self):
        """The Berlin Group's: agreed to in a browser, and an order ended in each form of the second factor."""
        with tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8") as story:
            lines = sorted([*test_providers.STORY, *more_orders()], key=lambda line: line.get("ts", 0))
            story.writelines(json.dumps(line) + "\n" for line in lines)
            story.flush()
            bank, between = self.open("berlin-group", story.name)
        self.held("berlin-group", between, self.agree(bank, between))
        for way, stdin in (("code", "13579\n"), ("choice", "1\n13579\n"), ("app", "")):
            with self.subTest(way):
                bank.tell("behave", sca=way, code="13579", app="yes")
                link = next(k for k in self.desk.koban_json("links") if k["revocation"] == "api+sca")
                done = self.desk.koban("revoke", link["id"], "--yes", stdin=stdin)
                self.assertEqual((done.returncode, between.complaints()), (0, []), self.tell(done))
        own = next(k for k in self.desk.koban_json("links") if k["own"])
        done = self.desk.koban("revoke", own["id"], "--yes")
        self.assertIn(done.returncode, (0, 12), self.tell(done))
        self.assertEqual(between.complaints(), [])

    def agree(self, bank, between):
        files = [word for need, path in bank.ready["files"].items() for word in ("--secret-file", "%s=%s" % (need, path))]
        command = Command(self.desk, ["add", "berlin-group", "--name", "berlin-group", "--base-url", between.base_url, *files,
                                      "--field", "redirect_url=http://127.0.0.1:%d/berlin-group" % prism.free_port()])
        page = command.address()[len(between.base_url):]    # no part of what is described
        urllib.request.urlopen(bank.base_url + page, timeout=20).close()
        return subprocess.CompletedProcess([], command.end(), command.told, command.said)

    def open(self, provider, story):
        bank = self.desk.open_bank(story, provider, "--keys", test_providers.KEYS.name, tls=False)
        between = prism.Prism(provider, bank.base_url[:-len(prism.DESCRIPTIONS[provider][2]) or None])
        self.addCleanup(between.close)
        bank.tell("behave", url=between.base_url)
        return bank, between

    def proxied(self, provider, story):
        bank, between = self.open(provider, story)
        connection = self.held(provider, between, self.add(provider, between.base_url, bank.ready["needs"], bank.ready["files"]))
        self.revoke_first(provider, connection)
        self.assertEqual(between.complaints(), [])

    def held(self, provider, between, added):
        """What was connected through it, and read; its id."""
        self.assertEqual(between.complaints(), [], self.tell(added))
        self.assertEqual(added.returncode, 0, self.tell(added))
        connection, = [c["id"] for c in self.desk.koban_json("connections") if c["name"] == provider]
        self.assertTrue([a for a in self.desk.koban_json("accounts") if a["connection"] == connection], self.tell(added))
        account, = [a["id"] for a in self.desk.koban_json("accounts") if a["connection"] == connection]
        amounts = [t["amount"]["amount"] for t in self.desk.koban_json("transactions", "--account", account)]
        self.assertEqual(sorted(a for a in amounts if a != "-42.00"), sorted(["-12.50", "-785.00", "1200.00", "-9.99", "-0.05"]))
        return connection

    def revoke_first(self, provider, connection):
        link = next((k for k in self.desk.koban_json("links")
                     if k["connection"] == connection and k["revocation"] == "api" and k["status"] == "active" and not k["own"]), None)
        if link is not None:
            done = self.desk.koban("revoke", link["id"], "--yes")
            self.assertIn(done.returncode, (0, 12), self.tell(done))


if __name__ == "__main__":
    tap.main()
