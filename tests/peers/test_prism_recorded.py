#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a standard, and what was composed as its answers, held to its published description by Prism.

That the bank layer asks these requests and reads these answers is what tests/unit/test-answers.c proves; that the standard has
such requests and answers is proved here. A bank of the answers stands behind Prism, one description at a time.
"""

import json
import unittest
import urllib.error
import urllib.request
import uuid

import prism
import tap
from recorded import CONSENTS, Bank

PROFILE = prism.SOURCE / "data/providers/uk-open-banking.json"
WORDS = {"{consent_until}": "2024-11-30T00:00:00Z"}

# the description → where its paths begin at a bank, and the folder of its answers
STANDARDS = {
    "uk-accounts-v3": ("/open-banking/v3.1/aisp", "uk-open-banking-v3"),
    "uk-accounts-v4": ("/open-banking/v4.0/aisp", "uk-open-banking"),
    "uk-recurring-v3": ("/open-banking/v3.1/pisp", "uk-open-banking-v3"),
    "uk-recurring-v4": ("/open-banking/v4.0/pisp", "uk-open-banking"),
}


class Recorded(unittest.TestCase):
    def setUp(self):
        prism.require(self)

    def open(self, description):
        self.root, folder = STANDARDS[description]
        self.bank = Bank(folder)
        self.addCleanup(self.bank.close)
        self.between = prism.Prism(description, self.bank.url + self.root)
        self.addCleanup(self.between.close)

    def ask(self, target, method="GET", body=None):
        headers = {"Authorization": "Bearer token", "Accept": "application/json", "x-fapi-interaction-id": str(uuid.uuid4())}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            headers["Content-Type"] = "application/json"
        request = urllib.request.Request(self.between.url + target[len(self.root):], data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as reply:
                return reply.status, reply.read()
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read()

    def consents(self):
        return self.root.rpartition("/")[0] + CONSENTS

    def targets(self):
        return [target for target in self.bank.rows if target.startswith(self.root)]

    def held(self, description):
        self.open(description)
        self.assertTrue(self.targets())
        for target in self.targets():
            status, said = self.ask(target)
            self.assertEqual((status, self.between.complaints()), (200, []), "%s: %s" % (target, said.decode()))
            self.assertEqual(json.loads(said), self.bank.rows[target])
        if self.root.endswith("/aisp"):
            self.assertEqual((self.ask(self.consents(), "POST", self.wish())[0], self.between.complaints()),
                             (201, []))
        for revocation in self.revocations():
            self.assertEqual((self.ask(revocation, "DELETE")[0], self.between.complaints()), (204, []), revocation)

    def revocations(self):
        """What the profile deletes of this description, at the ids of the recording."""
        rules = [rule["path"] for rule in self.profile()["revocations"] if rule["how"] == "api"]
        stems = [path.replace("{field.api_version}", self.root.split("/")[2]).rpartition("/")[0] for path in rules]
        return [self.bank.one(stem + "/") for stem in stems if stem.startswith(self.root)]

    @staticmethod
    def profile():
        return json.loads(PROFILE.read_text(encoding="utf-8"))

    def wish(self):
        """The body of the consent, as the profile has it."""
        sign_in = next(part for part in self.profile()["auth"] if part["scheme"] == "oauth")
        text = json.dumps(sign_in["consent"]["body"])
        for template, word in WORDS.items():
            text = text.replace(template, word)
        return json.loads(text)

    def test_every_request_and_answer_is_as_described(self):
        for description in STANDARDS:
            with self.subTest(description):
                self.held(description)

    def test_prism_does_complain(self):
        self.open("uk-accounts-v4")
        target = self.bank.one("/direct-debits")
        self.bank.rows[target]["Data"]["DirectDebit"][0]["DirectDebitStatusCode"] = "Alive"
        self.assertEqual(self.ask(target)[0], 500)
        wish = self.wish()
        wish["Data"]["Permissions"].append("ReadMinds")
        self.assertEqual(self.ask(self.consents(), "POST", wish)[0] // 100, 4)
        self.assertTrue(self.between.complains())


if __name__ == "__main__":
    tap.main()
