#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""UK Open Banking, in both versions, for whoever holds a client: `koban add` through the consent and the page, the powers that are
listed, and the two that the standard lets a third party end. test_prism_recorded.py holds the same bank to the descriptions.
"""

import contextlib
import json
import pathlib
import ssl
import sys
import tempfile
import unittest
import urllib.request

import tap
from command import Command, free_port
from desk import SOURCE, Desk
from recorded import CONSENTS, Bank

sys.path.insert(0, str(SOURCE / "tests/sandbox"))
import keys  # noqa: E402
import tls  # noqa: E402
from reply import Wrong  # noqa: E402

NOW = 1725271200    # 2024-09-02, a day after the last line of the recording
VRP = "fe615446-e53a-45ed-954c-ae5d1f97a93b"


class UnitedKingdom(unittest.TestCase):
    folder, version = "uk-open-banking", "v4.0"

    def setUp(self):
        self.scratch = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory(prefix="koban-uk-")))
        self.ca, certificate, key = tls.make(str(self.scratch / "keys"))
        clients, *self.client = tls.make_client(str(self.scratch / "keys"))
        self.bank = Bank(self.folder, (certificate, key, clients))
        self.addCleanup(self.bank.close)
        self.desk = self.enterContext(Desk(moving_time=True))
        self.desk.set_clock(NOW)
        self.desk.env["KOBAN_PROVIDERS"] = self.profile()
        self.desk.set_agent(KOBAN_PROVIDERS=self.desk.env["KOBAN_PROVIDERS"])

    def profile(self):
        """As the signup of the profile says: a copy with the bank's own addresses."""
        profile = json.loads((SOURCE / "data/providers/uk-open-banking.json").read_text(encoding="utf-8"))
        next(part for part in profile["auth"] if part["scheme"] == "oauth")["issuer"] = self.bank.url
        folder = self.scratch / "providers"
        folder.mkdir()
        (folder / "uk-open-banking.json").write_text(json.dumps(profile), encoding="utf-8")
        return str(folder)

    def start(self):
        signing, public = keys.make_pair(str(self.scratch / "signing"), "client")
        self.bank.signer = lambda request: self.opened(request, keys.read(public))
        files = dict(zip(("certificate", "private_key", "signing_key"), (*self.client, signing)))
        fields = {"client_id": "koban", "signing_key_id": "1", "api_version": self.version, "consent_ids": VRP,
                  "redirect_url": "http://127.0.0.1:%d/uk-open-banking" % free_port()}
        words = [word for pair in files.items() for word in ("--secret-file", "%s=%s" % pair)]
        words += [word for pair in fields.items() for word in ("--field", "%s=%s" % pair)]
        return Command(self.desk, ["add", "uk-open-banking", "--name", "Bank", "--base-url", self.bank.url, "--ca-file", self.ca, *words])

    @staticmethod
    def opened(request, public):
        try:
            return keys.open_jwt(request, public, "PS256")[1]
        except Wrong:
            return None

    def add(self):
        command = self.start()
        trust = ssl.create_default_context(cafile=self.ca)
        with contextlib.suppress(OSError), urllib.request.urlopen(command.address(), timeout=20, context=trust) as page:
            page.read()
        self.assertEqual(command.end(), 0, command.said + command.told + self.desk.log_tail())
        return command

    def links(self):
        return {k["kind"]: k for k in self.desk.koban_json("links", "--all") if k["name"] != "Old Water Company"}

    def revoke(self, kind):
        return self.desk.koban("revoke", self.links()[kind]["id"], "--yes")

    def test_what_is_seen(self):
        self.assertIn("Bills", self.add().told)
        self.assertEqual({kind: (k["provenance"], k["revocation"], k["status"]) for kind, k in self.links().items()}, {
            "consent": ("access", "api", "active"), "recurring_consent": ("access", "api", "active"),
            "direct_debit": ("native", "manual", "active"), "standing_order": ("native", "manual", "active")})
        lines = {(t["amount"]["amount"], t["state"]) for t in self.desk.koban_json("transactions")}
        self.assertEqual(lines, {("10.00", "booked"), ("-3.20", "pending"), ("-0.57", "booked")})

    def test_a_recurring_consent_is_ended(self):
        self.add()
        self.bank.refuses = 500
        refused = self.revoke("recurring_consent")
        self.assertNotEqual(refused.returncode, 0, refused.stdout)
        self.assertNotIn("Proved gone", refused.stdout)
        self.assertEqual(self.links()["recurring_consent"]["status"], "active")
        self.bank.refuses = None
        done = self.revoke("recurring_consent")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr + self.desk.log_tail())
        self.assertIn("Proved gone", done.stdout)
        self.assertIn(self.links()["recurring_consent"]["status"], ("revoked", "gone"))
        self.assertEqual({k["status"] for kind, k in self.links().items() if kind != "recurring_consent"}, {"active"})

    def test_its_own_consent_is_ended(self):
        self.add()
        done = self.revoke("consent")
        self.assertIn(done.returncode, (0, 12), done.stdout + done.stderr + self.desk.log_tail())
        self.assertIn("DELETE", [method for method, target in self.bank.asked if CONSENTS in target])
        self.assertFalse(any(CONSENTS + "/" in target for target in self.bank.rows))

    def test_what_no_third_party_may_end_is_told_by_hand(self):
        self.add()
        for kind in ("direct_debit", "standing_order"):
            done = self.revoke(kind)
            self.assertIn("app or internet banking", done.stdout + done.stderr)
        self.assertEqual([asked for asked in self.bank.asked if asked[0] == "DELETE"], [])


class Before(UnitedKingdom):
    folder, version = "uk-open-banking-v3", "v3.1"


if __name__ == "__main__":
    tap.main()
