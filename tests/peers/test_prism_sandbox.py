#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in between its own clients and the vendors' descriptions: Prism holds every request and reply to them."""

import sys
import unittest

import prism
import tap

sys.path.insert(0, str(prism.SOURCE / "tests/sandbox"))
import test_providers  # noqa: E402


class Sandbox(test_providers.Case):
    def setUp(self):
        prism.require(self)

    def test_every_reply_is_as_described(self):
        for kind in test_providers.CLIENTS:
            if kind.provider in prism.DESCRIPTIONS:
                with self.subTest(kind.provider):
                    self.hold(kind)

    def hold(self, kind):
        bank = test_providers.Bank("--provider", kind.provider, "--keys", test_providers.KEYS.name, "--http", "--as-is",
                                   story=test_providers.STORY)
        self.addCleanup(bank.close)
        between = prism.Prism(kind.provider, bank.ready["base_url"][:-len(prism.DESCRIPTIONS[kind.provider][2]) or None])
        self.addCleanup(between.close)
        bank.ready["base_url"] = between.base_url
        bank.tell("behave", url=between.base_url)
        client = kind(bank)
        rows = client.rows()
        self.assertGreaterEqual(len(rows), len(test_providers.AMOUNTS))
        if client.links():
            self.assertIn(client.revoke()[0], (200, 202, 204))
        self.assertEqual(between.complaints(), [])

    def test_prism_does_complain(self):
        bank = self.open(test_providers.Up).bank
        between = prism.Prism("up", bank.ready["base_url"])
        self.addCleanup(between.close)
        bank.ready["base_url"] = between.base_url
        client = test_providers.Up(bank)
        bank.tell("hostile", way="unknown-enum")
        self.assertEqual(client.ask("/accounts/x/transactions?page%5Bsize%5D=many")[0] // 100, 4)
        account = client.get("/accounts")["data"][0]["id"]
        self.assertEqual(client.ask("/accounts/%s/transactions" % account)[0], 500)
        self.assertTrue(between.complains())


if __name__ == "__main__":
    tap.main()
