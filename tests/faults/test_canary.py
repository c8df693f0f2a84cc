#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Canaries: known keys, numbers and names go through every flow at the most talkative, and then they are looked for
everywhere. A key may be in the keyring and at the host it is for; a name and a number in the ledger and where the person asked.
"""

import contextlib
import json
import os
import pathlib
import re
import resource
import signal
import subprocess
import sys
import threading
import unittest
import urllib.parse

import tap
from desk import SANDBOX, SECRETS, STORIES, Desk, require

sys.path.insert(0, str(SANDBOX))
import phone as ends  # noqa: E402

NAME = "KANARIENVOGEL"          # what the person calls the bank
ACCOUNT = "canario-account"     # what the bank calls the account
PAYEE = "CANARI SHOP"           # in the text of a line, and as a link
TOPIC = "koban-00c0ffee00c0ffee00c0ffee00c0ffee"


class Bus(threading.Thread):
    """Every message of the session bus, but for those to and from the keyring, whose business they are."""

    def __init__(self, desk):
        super().__init__(daemon=True)
        self.process = desk.start(["busctl", "--address=" + desk.env["DBUS_SESSION_BUS_ADDRESS"], "monitor", "--json=short"],
                                  stdout=subprocess.PIPE)
        self.seen = []
        self.start()

    def run(self):
        keyring = set()
        for line in self.process.stdout:
            message = json.loads(line)
            if message.get("destination") == SECRETS:
                keyring.add((message.get("sender"), message.get("cookie")))
            if message.get("destination") == SECRETS or (message.get("destination"), message.get("reply_cookie")) in keyring:
                continue
            if str(message.get("interface", "")).startswith("org.freedesktop.Secret"):
                continue
            self.seen.append(line)


class Canary(unittest.TestCase):
    def setUp(self):
        require(self, "busctl")
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.desk.set_agent(G_MESSAGES_DEBUG="all")
        self.commands = []
        self.bank = self.desk.open_bank(self.story(), "starling", "--as-is")
        self.phone = ends.Phone(os.path.join(self.desk.scratch, "phone"), clock=self.desk.now)
        self.addCleanup(self.phone.close)
        self.desk.set_clock(self.bank.advance("monitor_from"))

    def story(self):
        """The victim's, with names of our own."""
        lines = (STORIES / "docomo.jsonl").read_text(encoding="utf-8")
        for old, new in (("普通預金", ACCOUNT), ("ﾄﾞｺﾓｺｳｻﾞ", PAYEE), ("ﾐﾂｲｽﾐﾄﾓｶ-ﾄﾞ", PAYEE + " 2")):
            lines = lines.replace(old, new)
        path = pathlib.Path(self.desk.scratch) / "canary.jsonl"
        path.write_text(lines, encoding="utf-8")
        return path

    def koban(self, *words, expect=(0, 10, 11, 13), **more):
        """At the most talkative, with what it printed kept."""
        done = self.desk.koban(*words, env={"G_MESSAGES_DEBUG": "all"}, **more)
        self.assertIn(done.returncode, expect, done.stdout + done.stderr)
        self.commands.append((words, done.stdout, done.stderr))
        return done

    def live(self):
        """Every flow that has a secret or a name in it."""
        self.koban("add", "starling", "--name", NAME, "--base-url", self.bank.base_url, "--ca-file", self.bank.ca,
                   "--secret-stdin", stdin=self.bank.token + "\n")
        self.koban("channel", "add", "ntfy", "--server", self.phone.url("ntfy"), "--ca-file", self.phone.ca, "--secret-stdin",
                   stdin="topic=%s\n" % TOPIC)
        self.koban("channel", "add", "gotify", "--server", self.phone.url("gotify"), "--ca-file", self.phone.ca,
                   "--secret-stdin", stdin=ends.GOTIFY_KEY + "\n")
        self.koban("config", "set", "notify.detail", "minimal")
        self.bank.tell("fault", what="status", status=500, body='{"why":"%s %s"}' % (PAYEE, self.bank.token), path="*/accounts")
        self.koban("check")
        self.bank.tell("fault", what="set", key="counterPartyName", value='"\\u202e%s' % PAYEE, count=1, path="*/feed/*")
        self.koban("check")
        self.bank.tell("clear")
        self.desk.set_clock(self.bank.advance("end"))
        self.koban("check")
        self.desk.wait(lambda: self.phone.of("ntfy") and self.phone.of("gotify"), 30, "the phone to ring")
        theft = next(a["incident"] for a in self.desk.koban_json("alerts") if a["kind"] == "link")
        for words in (["links"], ["alerts", "--all"], ["transactions"], ["review"], ["status"], ["show", theft],
                      ["answer", theft, "not-mine"], ["note", theft, "told the bank"], ["deadlines"]):
            self.koban(*words, expect=(0, 2, 4))
        for form in ("html", "json", "csv"):
            self.koban("report", theft, "--format", form, "-o", self.path("report." + form), expect=(0,))
        self.koban("backup", self.path("copy.koban"))
        rogue, = [l for l in self.desk.koban_json("links") if l["name"] == PAYEE]
        self.koban("revoke", rogue["id"], "--yes", "--secret-stdin", stdin=self.bank.ready.get("revoke_token", "power") + "\n",
                   expect=(0, 1, 2, 5, 12, 13))

    def path(self, name):
        return os.path.join(self.desk.scratch, name)

    def keys(self):
        keys = [self.bank.token, TOPIC, ends.GOTIFY_KEY]
        return [form for key in keys for form in (key, urllib.parse.quote(key, safe=""))]

    def numbers(self):
        return [a["number"] for a in self.desk.koban_json("accounts") if a["number"]] + [self.iban()]

    def iban(self):
        """As the bank says it, which is more than Koban ever shows."""
        kept = b"".join(p.read_bytes() for p in (self.desk.home / ".local/share/koban").glob("koban.db*"))
        return re.search(rb"GB[0-9]{2}[A-Z]{4}[0-9]{14}", kept).group().decode()

    def assert_nowhere(self, canaries, content, where):
        if isinstance(content, str):
            content = content.encode("utf-8", "replace")
        for canary in canaries:
            self.assertFalse(canary.encode() in content, "%s in %s" % (canary, where))

    def test_what_was_known_is_found_nowhere(self):
        bus = Bus(self.desk)
        self.live()
        keys, names = self.keys(), [NAME, ACCOUNT, PAYEE] + self.numbers()
        self.assertGreater(len(bus.seen), 100)
        with self.subTest("the bus"):
            for line in list(bus.seen):
                self.assert_nowhere(keys, line, "a message on the bus")
        with self.subTest("the log"):
            log = self.desk.agent_log.read_bytes()
            self.assertGreater(len(log), 0)
            self.assert_nowhere(keys + self.numbers(), log, "the agent's log")
            self.assert_nowhere([ACCOUNT, PAYEE], log, "the agent's log")
        with self.subTest("what the command printed"):
            for words, out, err in self.commands:
                self.assert_nowhere(keys, out + err, words)
                self.assert_nowhere([self.iban()], out + err, words)
        with self.subTest("every file but the keyring's own, which is sealed"):
            for place in self.desk.home.rglob("*"):
                if place.is_file() and "keyrings" not in place.parts:
                    self.assert_nowhere(keys, place.read_bytes(), place)
            for place in ("report.html", "report.json", "report.csv", "copy.koban"):
                self.assert_nowhere(keys, pathlib.Path(self.path(place)).read_bytes(), place)
        with self.subTest("the keyring's file is sealed"):
            for place in self.desk.home.rglob("*.keyring"):
                self.assert_nowhere(keys + names, place.read_bytes(), place)
        with self.subTest("/proc"):
            pid = self.desk.agent_pid()
            for name in ("cmdline", "environ"):
                self.assert_nowhere(keys + names, self.readable("/proc/%d/%s" % (pid, name)), name)
        with self.subTest("bubbles at the level minimal"):
            for shown in self.desk.notifier.shown():
                self.assert_nowhere(keys + [NAME, ACCOUNT] + self.numbers(), shown["summary"] + shown["body"], "a bubble")
        with self.subTest("what left the computer at the level none"):
            for service in ("ntfy", "gotify"):
                for message in self.phone.of(service):
                    text = json.dumps({k: v for k, v in message.items() if k in ("title", "message", "body", "tags", "click")})
                    self.assert_nowhere(names, text, service)
        with self.subTest("the page for the bank"):
            for form in ("html", "json", "csv"):
                self.assert_nowhere([self.iban()], pathlib.Path(self.path("report." + form)).read_bytes(), form)
        with self.subTest("doctor --report"):
            done = self.koban("doctor", "--report", expect=(0, 1))
            self.assert_nowhere(keys + names + ["starling", self.desk.scratch, os.uname().nodename], done.stdout, "doctor")

    @staticmethod
    def readable(path):
        """Nothing, where an agent that may not be looked into does not let us."""
        try:
            with open(path, "rb") as file:
                return file.read()
        except PermissionError:
            return b""

    @staticmethod
    def memory(pid):
        """All that a process has written into memory of its own; only root may look."""
        with open("/proc/%d/maps" % pid, encoding="utf-8") as maps, open("/proc/%d/mem" % pid, "rb", buffering=0) as memory:
            for line in maps:
                span, rights, rest = line.split(maxsplit=2)
                first, last = (int(at, 16) for at in span.split("-"))
                if rights == "rw-p" and last - first < 2**30:   # the maps of a sanitizer are larger than any memory
                    memory.seek(first)
                    with contextlib.suppress(OSError):   # a page that not even root may read
                        yield memory.read(last - first)

    def test_a_key_is_wiped_when_it_was_used(self):
        """By us, and by libcurl, which writes each request into a buffer of its own."""
        if os.geteuid() != 0:
            self.skipTest("only root may look into the agent's memory")
        self.koban("add", "starling", "--name", NAME, "--base-url", self.bank.base_url, "--ca-file", self.bank.ca,
                   "--secret-stdin", stdin=self.bank.token + "\n")
        self.koban("channel", "add", "gotify", "--server", self.phone.url("gotify"), "--ca-file", self.phone.ca,
                   "--secret-stdin", stdin=ends.GOTIFY_KEY + "\n")
        self.desk.set_clock(self.bank.advance("end"))
        self.koban("check")
        self.desk.wait(lambda: self.phone.of("gotify"), 30, "the phone to ring")
        used = [self.bank.token[:16].encode(), self.bank.token[16:].encode(), ends.GOTIFY_KEY.encode()]

        def left():
            whole = b"".join(self.memory(self.desk.agent_pid()))
            self.assertIn(NAME.encode(), whole, "it is the right memory")
            return [key for key in used if key in whole]

        self.desk.wait(lambda: left() == [], 10, "every key to be wiped")

    def test_it_leaves_no_core(self):
        self.desk.set_agent(wrapper=["prlimit", "--core=unlimited:unlimited"])
        self.desk.start_agent()
        self.assertEqual(resource.prlimit(self.desk.agent_pid(), resource.RLIMIT_CORE)[0], 0)
        self.desk.stop_agent(signal.SIGSEGV)
        self.assertEqual([p for p in pathlib.Path(self.desk.scratch).rglob("core*") if p.is_file()], [])


class Words(unittest.TestCase):
    """A key on the command line is seen by everybody on this computer: it is not taken, and not repeated."""

    ROWS = [
        ["add", "starling", "--field", "token=CANARYKEY"],
        ["add", "starling", "--token", "CANARYKEY"],
        ["add", "starling", "--secret", "CANARYKEY"],
        ["add", "starling", "CANARYKEY"],
        ["add", "simplefin", "--field", "setup_token=CANARYKEY"],
        ["channel", "add", "ntfy", "--topic", "CANARYKEY"],
        ["channel", "add", "gotify", "--token", "CANARYKEY"],
        ["channel", "add", "gotify", "--field", "gotify_key=CANARYKEY"],
        ["revoke", "l1", "--token", "CANARYKEY"],
        ["unlock", "--password", "CANARYKEY"],
        ["unlock", "CANARYKEY"],
    ]

    def test_none_is_taken(self):
        with Desk() as desk:
            for words in self.ROWS:
                with self.subTest(words=words):
                    done = desk.koban(*words)
                    self.assertEqual(done.returncode, 2, done.stdout + done.stderr)
                    self.assertEqual(desk.secret_items(), [])
                    said = done.stdout + done.stderr
                    self.assertFalse("CANARYKEY" in said and "=" in words[-1], said)


if __name__ == "__main__":
    tap.main()
