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
import signal
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

import prism
import tap
from command import Command, Typed
from desk import SOURCE, Desk, DeskError, preloaded
from gi.repository import Gio, GLib
from oauth_server import Browser, Server, make_keys

NEEDS = {
    "client_id": {"label": "l", "secret": True, "kind": "text", "example": "e"},
    "client_secret": {"label": "l", "secret": True, "kind": "text", "example": "e"},
    "private_key": {"label": "l", "secret": True, "kind": "file", "example": "e"},
    "signing_key_id": {"label": "l", "secret": False, "kind": "text", "example": "e"},
    "redirect_url": {"label": "l", "secret": False, "kind": "text", "example": "e"},
}
CODE_FLOW = {"scheme": "oauth", "flow": "code", "client": "none", "client_id": "client_id", "scope": "accounts offline_access",
             "authorize": "/auth", "token": "/token"}


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

    def begin(self, *words, stdin="", name="signs-in", connection="Bank"):
        return Command(self.desk, ["add", name, "--name", connection, "--base-url", self.server.url, *words], stdin)

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


class Clients(Case):
    """How a client proves itself, each at the real token endpoint."""

    def test_public_client(self):
        """A page, a port of this computer, a code with PKCE; then the bank behind it is read."""
        self.write(CODE_FLOW, "client_id")
        command = self.connect()
        self.assertEqual(self.server.grants(), ["authorization_code"])
        self.assertIn("Current account", command.told)
        self.assertEqual(self.connection()["state"], "ok")
        self.assertIn(self.check()[0], (0, 10))

    def test_secret_in_the_form(self):
        self.write(dict(CODE_FLOW, client="secret-post", client_secret="client_secret"), "client_id", "client_secret")
        self.connect("client_id=posts\nclient_secret=CANARY-client-secret-0123456789abcdef\n\n")

    def test_secret_as_basic(self):
        """A secret with signs in it is encoded before it is (RFC 6749 §2.3.1)."""
        self.write(dict(CODE_FLOW, client="secret-basic", client_secret="client_secret"), "client_id", "client_secret")
        self.connect("client_id=basic\nclient_secret=CANARY+client/secret%0123456789ab\n\n")

    def test_assertions(self):
        """private_key_jwt with RSA, RSA-PSS and ECDSA."""
        for algorithm, key in self.keys.items():
            with self.subTest(algorithm):
                name = "signs-in-" + algorithm.lower()
                self.write(dict(CODE_FLOW, client="private-key-jwt", key="private_key", algorithm=algorithm, send={}),
                           "client_id", "private_key", name=name)
                command = self.begin("--secret-file", "private_key=%s" % key, "--secret-stdin", stdin="client_id=signs-%s\n\n" % algorithm,
                                     name=name, connection=algorithm)
                urllib.request.urlopen(self.browser.sign_in(command.address()), timeout=20).close()
                self.assertEqual(command.end(), 0, command.said)

    def test_pushed_parameters(self):
        """PAR: the address of the page tells nothing but a name."""
        self.write(dict(CODE_FLOW, client="secret-post", client_secret="client_secret", par="/request"), "client_id", "client_secret")
        command = self.connect("client_id=pushes\nclient_secret=CANARY-client-secret-0123456789abcdef\n\n")
        self.assertIn("request_uri=", command.address())
        self.assertNotIn("code_challenge", command.address())

    def test_signed_parameters(self):
        """A request object (RFC 9101), by the key that also proves the client."""
        self.write(dict(CODE_FLOW, client="private-key-jwt", key="private_key", algorithm="PS256", sign=True,
                        issuer="https://signs.example"), "client_id", "private_key", hosts=["api.up.com.au", "signs.example"])
        command = self.begin("--secret-file", "private_key=%s" % self.keys["PS256"], "--secret-stdin", stdin="client_id=objects\n\n")
        self.assertIn("request=ey", command.address())
        urllib.request.urlopen(self.browser.sign_in(command.address()), timeout=20).close()
        self.assertEqual(command.end(), 0, command.said)

    def test_discovered_and_registered(self):
        """Nothing is known but the issuer: where it is, and who Koban is there, the server says."""
        row = {"scheme": "oauth", "flow": "code", "client": "none", "issuer": "https://signs.example", "discover": "openid",
               "scope": "accounts offline_access"}
        self.write(row, hosts=["api.up.com.au", "signs.example"])
        command = self.begin("--secret-stdin", stdin="\n")
        self.assertEqual(urllib.parse.urlsplit(command.address()).path, "/auth")
        urllib.request.urlopen(self.browser.sign_in(command.address()), timeout=20).close()
        self.assertEqual(command.end(), 0, command.said)


class Returns(Case):
    """How the answer comes back, and which answers are none."""

    def setUp(self):
        super().setUp()
        self.write(CODE_FLOW, "client_id")

    def test_pasted(self):
        """Over ssh, or from another computer: the address is pasted, on standard input."""
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        command.paste(self.browser.sign_in(command.address()))
        self.assertEqual(command.end(), 0, command.said)

    def test_pasted_on_a_terminal(self):
        """A person at a terminal without a screen: the host is shown before the page, and nothing is opened."""
        command = Typed(self.desk, ["add", "signs-in", "--name", "Bank", "--base-url", self.server.url])
        command.answer("Client id", "public")
        command.answer("Does another device", "n")
        address = command.address()
        self.assertLess(command.said.index("You sign in with your browser at: 127.0.0.1"), command.said.index(address))
        command.paste("not an address")
        self.desk.wait(lambda: "not where this sign-in ends" in command.said, 20, command.said)
        command.paste(self.browser.sign_in(address))
        self.assertEqual(command.end(), 0, command.said)

    def test_left_at_the_page(self):
        """Ctrl-C while the bank's page waits: nothing stays, neither a secret nor a port."""
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        redirect = command.redirect()
        command.process.send_signal(signal.SIGINT)
        self.assertEqual(command.end(), 1, command.said)
        self.desk.wait(lambda: not self.desk.secret_items(), 20, "the secret to be gone")
        self.assertEqual(self.desk.koban_json("connections"), [])
        with self.assertRaises(urllib.error.URLError) as refused:
            urllib.request.urlopen(redirect, timeout=5)
        self.assertNotIsInstance(refused.exception, urllib.error.HTTPError)

    def sleep(self):
        os.kill(self.desk.agent_pid(), signal.SIGUSR2)

    def test_nobody_came(self):
        """Ten minutes at a page are enough, also those in which the computer slept."""
        self.desk.set_agent(LD_PRELOAD=preloaded("long-sleep"), LONG_SLEEP_S=str(6 * 60), KOBAN_PROVIDERS=str(self.providers))
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        redirect = command.redirect()
        self.sleep()
        with self.assertRaises(urllib.error.HTTPError) as refused:       # six minutes: it still waits
            urllib.request.urlopen(redirect + "?code=x&state=y", timeout=20)
        self.assertEqual(refused.exception.code, 400)
        self.sleep()
        self.assertEqual(command.end(), 5, command.said)
        self.assertIn("nobody signed in", command.said)
        self.assertEqual(self.desk.secret_items(), [])

    def test_pasted_from_a_registered_page(self):
        """An address that is not of this computer: nothing listens, and the browser's last address is pasted."""
        self.write(dict(CODE_FLOW, redirect="redirect_url"), "client_id", "redirect_url")
        command = self.begin("--secret-stdin", "--field", "redirect_url=https://app.bank.example/done", stdin="client_id=public\n\n")
        back = self.browser.sign_in(command.address())
        self.assertTrue(back.startswith("https://app.bank.example/done?"), back)
        command.paste("https://elsewhere.example/done?code=x&state=y")
        self.desk.wait(lambda: "not where this sign-in ends" in command.said, 20, "the refusal: " + command.said)
        command.paste(back)
        self.assertEqual(command.end(), 0, command.said)

    def test_declined(self):
        self.server.tell(deny=True)
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        urllib.request.urlopen(self.browser.sign_in(command.address()), timeout=20).close()
        self.assertEqual(command.end(), 1, command.said)
        self.assertIn("declined", command.said)
        self.assertEqual(self.desk.koban_json("connections"), [])
        self.assertEqual(self.desk.secret_items(), [])

    def knock(self, address):
        try:
            with urllib.request.urlopen(address, timeout=20) as page:
                return page.status
        except urllib.error.HTTPError as error:
            return error.code

    def test_forged_answers(self):
        """A page or a program of this computer that guesses: the sign-in goes on, and only its own answer counts (A11, A14)."""
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        asked = urllib.parse.urlsplit(command.address())
        mine = dict(urllib.parse.parse_qsl(asked.query))
        port = urllib.parse.urlsplit(mine["redirect_uri"])
        base = mine["redirect_uri"]
        for forged, status in ((base + "?code=x&state=y", 400), (base + "?code=x", 400), (base + "?error=access_denied", 400),
                               (base + "?code=x&state=%s&state=%s" % (mine["state"], mine["state"]), 400),
                               (base + "?code=x&state=%s&iss=https://evil.example" % mine["state"], None),
                               (base.replace("signs-in", "other-bank") + "?code=x&state=" + mine["state"], 404)):
            if status is not None:
                self.assertEqual(self.knock(forged), status, forged)
        request = urllib.request.Request(base + "?code=x&state=" + mine["state"], headers={"Host": "evil.example:%d" % port.port})
        with self.assertRaises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        self.assertEqual(refused.exception.code, 404)
        self.assertEqual(self.server.grants(), [])
        back = self.browser.sign_in(command.address())
        self.assertEqual(self.knock(back), 200)
        self.assertEqual(command.end(), 0, command.said)
        with self.assertRaises(urllib.error.URLError):        # one answer, and the port is gone
            urllib.request.urlopen(back, timeout=5)
        self.assertEqual(self.server.grants(), ["authorization_code"])

    def test_wrong_issuer(self):
        """An answer in another server's name, with the right state: nothing is sent to either (RFC 9207)."""
        self.write(dict(CODE_FLOW, issuer="https://signs.example"), "client_id", hosts=["api.up.com.au", "signs.example"])
        self.server.tell(iss="https://evil.example")
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        self.assertEqual(self.knock(self.browser.sign_in(command.address())), 400)
        self.assertEqual(self.server.grants(), [])
        self.server.tell(iss="")
        self.assertEqual(self.knock(self.browser.sign_in(command.address())), 200)
        self.assertEqual(command.end(), 0, command.said)

    def test_two_banks_mixed_up(self):
        """Two sign-ins at once, and each bank's answer is given to the other: neither takes it (A14)."""
        self.write(dict(CODE_FLOW, redirect="redirect_url"), "client_id", "redirect_url", name="signs-in")
        other = Server(self.public, self.scratch / "server.log")
        self.addCleanup(other.close)
        other.tell(bank=self.bank.base_url, token=self.bank.token)
        words = ("--secret-stdin", "--field", "redirect_url=https://app.bank.example/done")
        one = self.begin(*words, stdin="client_id=public\n\n")
        two = Command(self.desk, ["add", "signs-in", "--name", "Other", "--base-url", other.url, *words], "client_id=public\n\n")
        back_one, back_two = self.browser.sign_in(one.address()), Browser(other).sign_in(two.address())
        one.paste(back_two)
        two.paste(back_one)
        for command in (one, two):
            self.desk.wait(lambda c=command: "another sign-in" in c.said, 20, "the refusal: " + command.said)
        self.assertEqual(self.server.grants() + other.grants(), [])
        one.paste(back_one)
        two.paste(back_two)
        self.assertEqual((one.end(), two.end()), (0, 0), one.said + two.said)

    def test_a_code_is_good_once(self):
        """The same answer again, in another sign-in, is another's."""
        first = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        back = self.browser.sign_in(first.address())
        first.paste(back)
        self.assertEqual(first.end(), 0, first.said)
        again = self.begin("--secret-stdin", stdin="\n")
        again.address()
        again.paste(back)
        self.desk.wait(lambda: "not where this sign-in ends" in again.said or "another sign-in" in again.said, 20, again.said)
        self.assertEqual(self.server.grants(), ["authorization_code"])
        again.process.kill()


class Device(Case):
    def test_code_is_typed(self):
        """No browser here: a code is typed elsewhere, and Koban waits at the bank's pace."""
        self.write({"scheme": "oauth", "flow": "device", "client": "none", "client_id": "client_id", "device": "/device/auth",
                    "token": "/token", "scope": "accounts offline_access"}, "client_id")
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        code = command.code()
        self.desk.wait(lambda: len(self.server.grants()) >= 1, 20, "a first question")
        status, page = self.browser.type_code(command.address(), code)
        self.assertEqual(status, 200, page)
        self.assertEqual(command.end(), 0, command.said)
        self.assertGreaterEqual(len(self.server.grants()), 2)
        self.assertEqual(self.connection()["state"], "ok")


class Renewing(Case):
    """While nobody is there: rotation with replay detection, and everything that can go wrong in it."""

    def setUp(self):
        super().setUp()
        self.write(dict(CODE_FLOW, consent_days=40), "client_id")
        self.connect()
        self.server.tell(forget=True)

    def state(self):
        return self.connection()["state"]

    def test_rotation(self):
        """An access token's end is one renewal; each refresh token is used once."""
        for n in range(3):
            self.forward(2 * 3600)
            self.assertIn(self.check()[0], (0, 10))
            self.assertEqual(self.server.grants(), ["refresh_token"] * (n + 1))
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(len(self.server.grants()), 3)

    def test_refused_early(self):
        """401 with time left (C10): one renewal, one more try, within one check."""
        self.forward(120)
        self.server.tell(stale=True)
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(self.server.grants(), ["refresh_token"])
        self.assertEqual(self.state(), "ok")

    def test_lost_on_the_way(self):
        """A renewal that never reached the bank is asked once more, with the old token."""
        self.forward(2 * 3600)
        self.server.tell(drop=1)
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(self.server.grants(), ["refresh_token"] * 2)
        self.assertEqual(self.state(), "ok")

    def test_lost_on_the_way_back(self):
        """The bank took it and its answer was lost: the old token is tried once, the bank sees a replay and ends the grant;
        that is told, and signing in again brings everything back."""
        self.forward(2 * 3600)
        lines = len(self.desk.koban_json("transactions"))
        self.server.tell(cut=1)
        code, said = self.check()
        self.assertIn("Could not check Bank", said)
        self.assertIn(code, (10, 11))         # the notice that it opened counts first
        self.assertEqual(self.server.grants(), ["refresh_token"] * 2)
        self.assertIn(self.state(), ("sign-in", "shared"))
        before = self.connection()["id"]
        self.again()
        self.assertEqual((self.connection()["id"], self.state()), (before, "ok"))
        self.assertEqual(len(self.desk.koban_json("transactions")), lines)

    def again(self, expect=0):
        command = self.begin("--secret-stdin", stdin="\n")
        back = self.browser.sign_in(command.address())
        urllib.request.urlopen(back, timeout=20).close()
        self.assertEqual(command.end(), expect, command.said + command.told)
        return command

    def test_answered_late(self):
        self.forward(2 * 3600)
        self.server.tell(late=4000)
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(self.server.grants(), ["refresh_token"])

    def test_killed_in_the_middle(self):
        """kill -9 while the bank renews (C7): the old token is tried once, then a person is asked for; nothing is lost."""
        self.forward(2 * 3600)
        lines = len(self.desk.koban_json("transactions"))
        self.server.tell(late=1500)
        given = self.server.tell()["given"]
        running = self.desk.koban_begun("check", "Bank")
        self.desk.wait(lambda: self.server.grants(), 20, "the renewal")
        os.kill(self.desk.agent_pid(), 9)
        running.wait(20)
        self.server.tell(late=0)
        self.desk.wait(lambda: not self.desk.is_owned("org.koban.Koban"), 20, "its end")
        self.desk.wait(lambda: self.server.tell()["given"] > given, 20, "the answer that nobody hears")
        self.forward(60)
        code, said = self.check()
        self.assertIn("Could not check Bank", said)
        self.assertIn(code, (10, 11))         # the notice that it opened counts first
        self.assertLessEqual(len(self.server.grants()), 3)
        self.again()
        self.assertEqual(self.state(), "ok")
        self.assertEqual(len(self.desk.koban_json("transactions")), lines)

    def test_declined_again(self):
        """Signing in again and saying no leaves the old consent as it was."""
        items = self.desk.secret_items()
        self.server.tell(deny=True)
        self.browser = Browser(self.server)
        self.again(expect=1)
        self.assertEqual(self.desk.secret_items(), items)
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(self.state(), "ok")

    def test_signed_in_again(self):
        """The same name: the same connection, one secret, and no baseline."""
        before, lines = self.connection()["id"], self.desk.koban_json("transactions")
        alerts = self.desk.koban_json("alerts", "--all")
        command = self.again()
        self.assertIn("Signed in again", command.told)
        self.assertEqual(self.connection()["id"], before)
        self.assertEqual(self.desk.koban_json("transactions"), lines)
        self.assertEqual(self.desk.koban_json("alerts", "--all"), alerts)
        self.assertEqual(len(self.desk.secret_items()), 1)

    def test_end_is_told(self):
        """C11: two weeks, a week and a day before; then it is over, and signing in again ends the notice."""
        told = []
        for days in (20, 7, 6.2, 6):
            self.forward(days * 86400)
            self.check()
            told.append([a["severity"] for a in self.desk.koban_json("alerts", "--all") if a["state"] != "closed"
                         and any(r["code"] == "consent_ends" for r in a["reasons"])])
        self.assertEqual(told, [[], ["notice"], ["warning"], ["critical"]])
        self.browser = Browser(self.server)
        self.again()
        self.check()
        self.assertEqual([a for a in self.desk.koban_json("alerts") if any(r["code"] == "consent_ends" for r in a["reasons"])], [])


class Keyring(Case):
    """C1 … C9, C13 and C14 of an access that must be renewed."""

    def setUp(self):
        super().setUp()
        self.write(CODE_FLOW, "client_id")
        self.connect()
        self.server.tell(forget=True)

    def goes_on(self, renewals):
        self.assertIn(self.check()[0], (0, 10))
        self.assertEqual(self.connection()["state"], "ok")
        self.assertEqual(self.server.grants(), ["refresh_token"] * renewals)

    def test_locked(self):
        """C1: nothing is renewed without a place to keep it, and nobody is prompted."""
        prompts = self.desk.pretend_prompter()
        self.forward(2 * 3600)
        self.desk.lock_keyring()
        self.assertEqual(self.check()[0], 11)
        self.assertEqual((self.connection()["state"], self.server.grants(), prompts), ("locked", [], []))
        self.desk.unlock_keyring()
        self.goes_on(1)

    def test_daemon_dies(self):
        """C2: it comes back locked, and that is no lost sign-in."""
        self.forward(2 * 3600)
        self.desk.kill_keyring()
        self.assertEqual(self.check()[0], 11)
        self.assertEqual(self.server.grants(), [])
        self.desk.start_keyring("a-throw-away-password", replace=True)
        self.goes_on(1)

    def test_item_deleted(self):
        """C3: the person deleted it: a sign-in is needed, once, and brings everything back."""
        item, = self.desk.secret_items()
        self.desk.delete_secret(item)
        before = self.connection()["id"]
        self.check()
        self.assertEqual(self.connection()["state"], "sign-in")
        command = self.begin("--secret-stdin", stdin="client_id=public\n\n")
        urllib.request.urlopen(self.browser.sign_in(command.address()), timeout=20).close()
        self.assertEqual(command.end(), 0, command.said)
        self.assertEqual((self.connection()["id"], self.connection()["state"]), (before, "ok"))

    def test_item_spoilt(self):
        """C4: an item with something else in it is named, and no crash."""
        item, = self.desk.secret_items()
        _, session = self.desk.secret_call("/org/freedesktop/secrets", "org.freedesktop.Secret.Service", "OpenSession",
                                           GLib.Variant("(sv)", ("plain", GLib.Variant("s", ""))), "(vo)")
        for content in (b"", b"garbage", b"access_token=%ZZ\nrefresh_token", b"\xff\xfe" * 5000):
            self.desk.secret_call(item, "org.freedesktop.Secret.Item", "SetSecret",
                                  GLib.Variant("((oayays))", ((session, b"", content, "text/plain"),)), "()")
            self.forward(60)
            code, said = self.check()
            self.assertIn(code, (10, 11), said)
            self.assertIn(self.connection()["state"], ("sign-in", "shared", "error"), content)

    def test_written_late(self):
        """C6: the keyring is locked while the bank renews: the token waits in memory, and is stored when it can be."""
        self.forward(2 * 3600)
        self.server.tell(late=1500)
        running = self.desk.koban_begun("check", "Bank")
        self.desk.wait(lambda: self.server.grants(), 20, "the renewal")
        self.desk.lock_keyring()
        running.wait(30)
        self.server.tell(late=0)
        self.desk.unlock_keyring()
        self.goes_on(1)
        self.desk.stop_agent()
        self.goes_on(1)

    def test_one_at_a_time(self):
        """C8: whoever asks meanwhile joins; a second agent leaves before it asks anything."""
        self.forward(2 * 3600)
        self.server.tell(late=1000)
        running = [self.desk.koban_begun("check", "Bank") for _ in range(4)]
        self.desk.wait(lambda: self.server.grants(), 20, "the renewal")
        second = self.desk.start([str(self.desk.agent_program)], env=dict(self.desk.env, **self.desk.time_env))
        self.assertEqual(second.wait(20), 0)
        for one in running:
            self.assertIn(one.wait(30), (0, 10))
        self.assertEqual(self.server.grants(), ["refresh_token"])

    def test_lifetimes(self):
        """C9: whatever a bank says, there is at most one renewal a minute, and one when it is due."""
        for lifetime in (0, -5, 10 ** 12, "3600", "soon", None, 1e300):
            with self.subTest(lifetime=lifetime):
                self.server.tell(lifetime=lifetime, stale=True, forget=True)
                self.forward(120)
                self.goes_on(1)
                self.forward(20)
                self.goes_on(1)

    def test_no_core(self):
        """C13: a crash leaves nothing to read."""
        self.desk.set_agent(wrapper=["prlimit", "--core=unlimited"], KOBAN_PROVIDERS=str(self.providers))
        self.desk.stop_agent()
        self.check()
        pid = self.desk.agent_pid()
        limits = pathlib.Path("/proc/%d/limits" % pid).read_text(encoding="ascii")
        self.assertRegex(limits, r"Max core file size +0 +0")
        os.kill(pid, 11)
        self.desk.wait(lambda: self.desk.agent_pid() != pid, 20, "its end")
        self.assertEqual([f for f in os.listdir(self.desk.scratch) if f.startswith("core")], [])

    def test_no_locked_memory(self):
        """C14: where no memory may be locked, it works all the same."""
        self.desk.set_agent(wrapper=["prlimit", "--memlock=0"], KOBAN_PROVIDERS=str(self.providers))
        self.desk.stop_agent()
        self.forward(2 * 3600)
        self.goes_on(1)


class NoKeyring(Case):
    def test_said(self):
        """C5: without a keyring nobody is sent to a page, and nothing is written in clear."""
        desk = Desk(keyring=None)
        self.addCleanup(desk.close)
        desk.env["KOBAN_PROVIDERS"] = str(self.providers)
        desk.set_agent(KOBAN_PROVIDERS=str(self.providers))
        self.write(CODE_FLOW, "client_id")
        done = desk.koban("add", "signs-in", "--base-url", self.server.url, "--secret-stdin", stdin="client_id=public\n")
        self.assertEqual(done.returncode, 5, done.stderr)
        self.assertNotIn("You sign in", done.stderr)


class Silence(Case):
    def test_no_secret_anywhere(self):
        """C12: no code, token or verifier on the bus, in a log, in the database, in the process, or on the screen."""
        bus = self.desk.start(["dbus-monitor", "--address", self.desk.env["DBUS_SESSION_BUS_ADDRESS"], "--binary"],
                              stdout=subprocess.PIPE)
        heard = []
        reader = threading.Thread(target=lambda: heard.append(bus.stdout.read()), daemon=True)
        reader.start()
        self.write(dict(CODE_FLOW, client="secret-post", client_secret="client_secret"), "client_id", "client_secret")
        command = self.connect("client_id=posts\nclient_secret=CANARY-client-secret-0123456789abcdef\n\n")
        again = self.begin("--secret-stdin", stdin="\n")
        again.paste(self.browser.sign_in(again.address()))
        self.assertEqual(again.end(), 0, again.said)
        self.forward(2 * 3600)
        self.check()
        secrets = self.server.tell()["secrets"]
        self.assertGreaterEqual(len(secrets), 8)
        pid = self.desk.agent_pid()
        places = {"agent log": self.desk.agent_log.read_bytes(), "screen": (command.said + command.told + again.said + again.told).encode()}
        for name in ("cmdline",):
            places[name] = pathlib.Path("/proc/%d/%s" % (pid, name)).read_bytes()
        for file in (self.desk.home / ".local/share/koban").iterdir():
            places[file.name] = file.read_bytes() if file.is_file() else b""
        self.desk.end(bus)
        reader.join(5)
        places["bus"] = b"".join(heard)
        self.assertGreater(len(places["bus"]), 1000)
        for secret in secrets:
            for name, text in places.items():
                self.assertNotIn(secret.encode(), text, "%s holds a secret" % name)
                self.assertNotIn(urllib.parse.quote(secret, "").encode(), text, "%s holds a secret" % name)


if __name__ == "__main__":
    tap.main()
