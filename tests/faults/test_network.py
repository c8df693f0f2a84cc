#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""A network of our own, in a namespace, that is not there, swallows packets, answers no questions or the wrong ones.

The test begins itself again inside the namespace, with hosts and a name server that it writes itself: nothing of this
computer's network is touched or asked.
"""

import os
import pathlib
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

INSIDE = "KOBAN_OWN_NETWORK"

# A network, and an /etc whose resolv.conf points out of it, as on WSL and openSUSE: a confined agent must read that, too. Where it
# cannot, it would ask 127.0.0.1.
OURS = """
ip link set lo up
ip route add 203.0.113.0/24 dev lo
ip -6 route add 2001:db8::/32 dev lo
mount -t tmpfs tmpfs "$0"
mkdir "$0/names"
cp -a /etc "$0/etc"
printf '%s\\n' '127.0.0.1 localhost' '127.0.0.1 bank.test' '2001:db8::1 bank.test' >"$0/hosts"
printf '%s\\n' 'nameserver 127.0.0.2' 'options timeout:2 attempts:1' >"$0/names/resolv.conf"
mount --bind "$0/etc" /etc
rm -f /etc/hosts /etc/resolv.conf
cp "$0/hosts" /etc/hosts
ln -s "$0/names/resolv.conf" /etc/resolv.conf
exec "$@"
"""


def enter():
    """Begins again where the network is ours; returns only inside, or where that is not permitted."""
    if INSIDE in os.environ:
        return
    if subprocess.run(["unshare", "--net", "--mount", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return
    folder = tempfile.mkdtemp(prefix="koban-network-")
    try:
        done = subprocess.run(["unshare", "--net", "--mount", "sh", "-ec", OURS, folder, sys.executable, *sys.argv],
                              env=dict(os.environ, **{INSIDE: folder}), check=False)
    finally:
        os.rmdir(folder)
    sys.exit(done.returncode)


class Names(threading.Thread):
    """A name server that does what .mood says: silent, none (there is no such name), fault, or an address."""

    def __init__(self):
        super().__init__(daemon=True)
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.2", 53))
        self.mood, self.asked = "none", []
        self.start()

    def run(self):
        while True:
            try:
                question, client = self.socket.recvfrom(4096)
            except OSError:
                return
            self.asked.append(question)
            if self.mood != "silent":
                self.socket.sendto(self.answer(question), client)

    def answer(self, question):
        kind = struct.unpack(">H", question[-4:-2])[0]
        address = kind == 1 and self.mood not in ("none", "fault")
        code = {"none": 3, "fault": 2}.get(self.mood, 0)
        head = question[:2] + struct.pack(">HHHHH", 0x8180 | code, 1, 1 if address else 0, 0, 0)
        row = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 0, 4) + socket.inet_aton(self.mood) if address else b""
        return head + question[12:] + row


class Network(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if INSIDE not in os.environ:
            if os.environ.get("CI") == "true":
                raise AssertionError("no network namespace may be made here")
            raise unittest.SkipTest("no network namespace may be made here")
        cls.names = Names()
        cls.desk = desk = Desk(moving_time=True)
        cls.addClassCleanup(desk.close)
        tls.make(os.path.join(desk.scratch, "tls"), "IP:127.0.0.1,DNS:localhost,DNS:bank.test,DNS:private.test")
        cls.bank = desk.open_bank("docomo", "starling", "--as-is")
        desk.set_clock(cls.bank.advance("monitor_from"))
        cls.port = cls.bank.base_url.rsplit(":", 1)[1].partition("/")[0]

    def tearDown(self):
        self.link("up")
        self.desk.stop_agent()
        self.desk.set_agent()
        for row in self.desk.list("Connections"):
            self.desk.koban("remove", row["id"], "--yes", "--purge")

    @staticmethod
    def link(state):
        subprocess.run(["ip", "link", "set", "lo", state], check=True)
        if state == "up":
            for family, net in (("-4", "203.0.113.0/24"), ("-6", "2001:db8::/32")):
                subprocess.run(["ip", family, "route", "replace", net, "dev", "lo"], check=True)

    def watched(self):
        self.desk.add(self.bank, name="MyBank")

    def connection(self):
        return next(c for c in self.desk.koban_json("connections") if c["name"] == "MyBank")

    def add(self, base, name="Other"):
        begun = time.monotonic()
        done = self.desk.koban("add", "starling", "--name", name, "--base-url", base, "--ca-file", self.bank.ca, "--secret-stdin",
                               stdin=self.bank.token + "\n", timeout=120)
        return done, time.monotonic() - begun

    def test_no_network_at_the_start(self):
        self.watched()
        self.desk.stop_agent()
        self.link("down")
        shown = len(self.desk.notifier.shown())
        self.desk.start_agent()
        self.assertEqual(self.desk.koban("check").returncode, 11)
        self.assertEqual(self.connection()["state"], "offline")
        self.assertEqual([s for s in self.desk.notifier.shown()[shown:] if "history" not in s["summary"]], [])
        self.link("up")
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.assertEqual(self.connection()["state"], "ok")

    def test_the_network_goes_and_comes_in_the_middle_of_a_request(self):
        self.watched()
        asked = len(self.bank.requests())
        self.bank.tell("fault", what="slow", seconds=2, path="*/accounts")
        checking = self.desk.koban_begun("check")
        self.desk.wait(lambda: any(r["fault"] == "slow" for r in self.bank.requests()[asked:]), 20, "the slow request")
        self.link("down")
        self.link("up")
        self.assertEqual(self.desk.wait(lambda: checking.poll() is not None and [checking.returncode], 30, "the check"), [0])
        self.assertEqual(sum(r["path"].endswith("/accounts") for r in self.bank.requests()[asked:]), 1)

    def test_names_that_do_not_resolve(self):
        """Silent, faulty or empty: an error that names the host, within the time that a check may take; others are not kept."""
        self.watched()
        for mood in ("none", "fault", "silent"):
            with self.subTest(mood=mood):
                self.names.mood = mood
                adding = self.desk.start([str(self.desk.cli_program), "add", "starling", "--name", "Other", "--base-url",
                                          "https://nowhere.test", "--secret-file", "token=" + self.token_file()],
                                         env=dict(self.desk.env, **self.desk.time_env), stderr=subprocess.PIPE)
                self.desk.wait(lambda: self.names.asked, 20, "a question")
                self.assertEqual(self.desk.koban("check", "MyBank").returncode, 0, "the other is not kept waiting")
                self.desk.wait(lambda: adding.poll() is not None, 60, "the end of it")
                said = adding.stderr.read().decode()
                self.assertEqual(adding.returncode, 1, said)
                self.assertIn("nowhere.test", said)
                self.names.asked.clear()

    def token_file(self):
        path = os.path.join(self.desk.scratch, "token")
        pathlib.Path(path).write_text(self.bank.token, encoding="ascii")
        return path

    def test_a_name_of_a_bank_that_leads_home_is_not_followed(self):
        """DNS rebinding: api.starlingbank.com, but at an address of this network."""
        asked = len(self.bank.requests())
        for address in ("127.0.0.1", "10.0.0.1", "169.254.169.254", "192.168.1.1"):
            with self.subTest(address=address):
                self.names.mood = address
                done = self.desk.koban("add", "starling", "--name", "Other", "--secret-stdin", stdin=self.bank.token + "\n")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("private network", done.stderr)
        self.assertEqual((len(self.bank.requests()), self.desk.list("Connections")), (asked, []))
        self.names.mood = "none"

    def test_a_resolver_that_comes_after_the_agent(self):
        """What resolv.conf points to is not there when the agent gives up all other files, nor is its folder."""
        self.desk.stop_agent()
        names = pathlib.Path(os.environ[INSIDE], "names")
        away = names.rename(names.with_name("away"))
        self.desk.start_agent()
        away.rename(names)
        self.names.mood = "10.0.0.1"
        done = self.desk.koban("add", "starling", "--name", "Other", "--secret-stdin", stdin=self.bank.token + "\n")
        self.assertIn("private network", done.stderr)
        self.names.mood = "none"

    def test_ipv6_that_leads_nowhere(self):
        """Two addresses, of which the first swallows what it is sent."""
        done, seconds = self.add("https://bank.test:" + self.port)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertLess(seconds, 15)

    def test_a_proxy_that_refuses_is_named_and_not_gone_round(self):
        self.watched()
        self.desk.stop_agent()
        asked = len(self.bank.requests())
        self.desk.set_agent(https_proxy="http://127.0.0.1:9", HTTPS_PROXY="http://127.0.0.1:9")
        self.assertEqual(self.desk.koban("check").returncode, 11)
        self.assertIn("roxy", self.connection()["message"])
        self.assertEqual(len(self.bank.requests()), asked)


if __name__ == "__main__":
    enter()

import tap  # noqa: E402
from desk import SANDBOX, Desk  # noqa: E402

sys.path.insert(0, str(SANDBOX))
import tls  # noqa: E402

if __name__ == "__main__":
    tap.main()
