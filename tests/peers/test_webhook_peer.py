#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Koban's webhooks before the library that the makers of Standard Webhooks publish: it takes them, and no changed one."""

import json
import os
import pathlib
import shutil
import subprocess
import unittest

import phone as ends
import prism
import tap
from desk import Desk, require

HERE = pathlib.Path(__file__).resolve().parent


def verify(secret, body, headers):
    """In Node, where it is installed."""
    script = shutil.copy(HERE / "verify-webhook.js", prism.PLACE)
    given = json.dumps({"body": body, "headers": headers, "secret": secret})
    done = subprocess.run(["node", script], input=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True)
    return done.stdout.strip()


class Verified(unittest.TestCase):
    def setUp(self):
        require(self, "node", "npm")
        prism.install()
        self.desk = Desk()
        self.addCleanup(self.desk.close)
        self.phone = ends.Phone(os.path.join(self.desk.scratch, "phone"), mail=False)
        self.addCleanup(self.phone.close)
        self.phone.webhook_keys = [ends.WEBHOOK_KEY, ends.OLD_WEBHOOK_KEY]

    def sent(self):
        done = self.desk.koban("notify", "--test", "webhook")
        self.assertEqual(done.returncode, 0, done.stderr)
        return self.phone.raw[-1]

    def test_it_takes_what_koban_signed_and_nothing_else(self):
        added = self.desk.koban("channel", "add", "webhook", "--server", self.phone.url("webhook"), "--ca-file", self.phone.ca,
                                "--secret-stdin", stdin=ends.OLD_WEBHOOK_KEY + "\n")
        self.assertEqual(added.returncode, 0, added.stderr)
        first = self.sent()
        headers = {name.lower(): value for name, value in first["headers"].items()}
        self.assertEqual(verify(ends.OLD_WEBHOOK_KEY, first["body"], headers), "taken")
        self.assertIn("refused", verify(ends.WEBHOOK_KEY, first["body"], headers))
        self.assertIn("refused", verify(ends.OLD_WEBHOOK_KEY, first["body"] + " ", headers))
        self.assertIn("refused", verify(ends.OLD_WEBHOOK_KEY, first["body"], dict(headers, **{"webhook-id": "msg_other"})))
        renewed = self.desk.koban("channel", "rotate", "webhook", "--secret-stdin", stdin=ends.WEBHOOK_KEY + "\n")
        self.assertEqual(renewed.returncode, 0, renewed.stderr)
        second = self.sent()
        headers = {name.lower(): value for name, value in second["headers"].items()}
        for key in (ends.WEBHOOK_KEY, ends.OLD_WEBHOOK_KEY):
            self.assertEqual(verify(key, second["body"], headers), "taken")


if __name__ == "__main__":
    tap.main()
