#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Signing in at an authorization server that others wrote (npm oidc-provider), with the stand-in as the bank behind it.

The command, the agent, the keyring and the bus are the real ones; the browser is the test's own. Whatever is a secret here
is looked for in everything that could tell it.
"""

import contextlib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

import prism
import tap
from desk import SOURCE, Desk
from gi.repository import Gio, GLib
from oauth_server import Browser, Server, make_keys

ADDRESS = re.compile(r"^\s+(https?://\S+)$", re.M)
CODE = re.compile(r"^\s+([A-Z]{4}-[A-Z]{4})$", re.M)
NEEDS = {
    "client_id": {"label": "l", "secret": True, "kind": "text", "example": "e"},
    "client_secret": {"label": "l", "secret": True, "kind": "text", "example": "e"},
    "private_key": {"label": "l", "secret": True, "kind": "file", "example": "e"},
    "signing_key_id": {"label": "l", "secret": False, "kind": "text", "example": "e"},
    "redirect_url": {"label": "l", "secret": False, "kind": "text", "example": "e"},
}
CODE_FLOW = {"scheme": "oauth", "flow": "code", "client": "none", "client_id": "client_id", "scope": "accounts offline_access",
             "authorize": "/auth", "token": "/token"}


class Command:
    """`koban add`, left running, with what it says as it says it."""

    def __init__(self, desk, words, stdin=""):
        self.said, self.told = "", ""
        self.process = desk.start([str(desk.cli_program), *words], env=dict(desk.env, **desk.time_env), stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.desk = desk
        self.process.stdin.write(stdin.encode())
        self.process.stdin.flush()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in iter(self.process.stderr.readline, b""):
            self.said += line.decode()

    def address(self):
        return self.desk.wait(lambda: ADDRESS.search(self.said), 20, "the page: " + self.said).group(1)

    def code(self):
        return self.desk.wait(lambda: CODE.search(self.said), 20, "the code: " + self.said).group(1)

    def paste(self, line):
        self.process.stdin.write((line + "\n").encode())
        self.process.stdin.flush()

    def end(self, seconds=60):
        self.told = self.process.stdout.read().decode()
        self.process.wait(seconds)
        self.reader.join(5)
        return self.process.returncode


class Case(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        prism.install()
        cls.closing = contextlib.ExitStack()
        cls.addClassCleanup(cls.closing.close)
        cls.scratch = pathlib.Path(cls.closing.enter_context(tempfile.TemporaryDirectory(prefix="koban-oauth-")))
        cls.keys, cls.public = make_keys(cls.scratch)

    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.server = Server(self.public, self.scratch / "server.log")
        self.addCleanup(self.server.close)
        self.bank = self.desk.open_bank("mandate", "up", tls=False)
        self.bank.tell("behave", url=self.server.url)
        self.server.tell(bank=self.bank.base_url, token=self.bank.token)
        self.providers = self.scratch / self.id()
        self.providers.mkdir()
        self.desk.env["KOBAN_PROVIDERS"] = str(self.providers)
        self.desk.set_agent(KOBAN_PROVIDERS=str(self.providers), G_MESSAGES_DEBUG="all")
        self.browser = Browser(self.server)

    def write(self, row, *needs, name="signs-in", **more):
        """A profile of Up's lists behind a sign-in of this row."""
        profile = json.loads((SOURCE / "data/providers/up.json").read_text(encoding="utf-8"))
        profile.update(id=name, needs=[dict(NEEDS[n], name=n) for n in needs], auth=row, **more)
        (self.providers / (name + ".json")).write_text(json.dumps(profile, indent=1), encoding="utf-8")
        lint = self.desk.koban("provider", "lint", str(self.providers / (name + ".json")))
        self.assertEqual(lint.returncode, 0, lint.stdout + lint.stderr)

    def begin(self, *words, stdin="", name="signs-in"):
        return Command(self.desk, ["add", name, "--name", "Bank", "--base-url", self.server.url, *words], stdin)

    def connect(self, stdin="client_id=public\n\n", words=("--secret-stdin",)):
        command = self.begin(*words, stdin=stdin)
        back = self.browser.sign_in(command.address())
        with urllib.request.urlopen(back, timeout=20) as page:
            self.assertIn("You may close this page", page.read().decode())
        self.assertEqual(command.end(), 0, command.said + command.told + self.desk.log_tail())
        return command

    def check(self):
        done = self.desk.koban("check", "Bank")
        return done.returncode, done.stdout + done.stderr

    def forward(self, seconds):
        self.desk.set_clock(self.desk.now() + seconds)

    def connection(self):
        row, = self.desk.koban_json("connections")
        return row


class Code(Case):
    def test_public_client(self):
        """A page, a port of this computer, a code with PKCE; then the bank behind it is read."""
        self.write(CODE_FLOW, "client_id")
        command = self.connect()
        self.assertEqual(self.server.grants()[-1], "authorization_code")
        self.assertIn("Current account", command.told)
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual(self.check()[0] in (0, 10), True)


if __name__ == "__main__":
    tap.main()
