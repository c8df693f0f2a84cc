#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The acts that lower protection (DESIGN §4.15): each is journalled, and told on the person's other ways. With the guard on, whoever
sits down at an open screen is asked for the password first. polkit's answers are those of its stand-in in python3-dbusmock, because
the real one asks root nothing; of that we hear what it makes of our policy.
"""

import contextlib
import os
import pathlib
import re
import sqlite3
import sys
import unittest
import xml.etree.ElementTree as xml

import tap
from desk import SANDBOX, SOURCE, Desk, Gio, GLib, require

sys.path.insert(0, str(SANDBOX))
import phone as ends  # noqa: E402

POLKIT, AUTHORITY = "org.freedesktop.PolicyKit1", "/org/freedesktop/PolicyKit1/Authority"
ACTS = ("revoke", "remove", "channel", "detail", "settings")
TOPIC = "topic=koban-00112233445566778899aabbccddeeff\n"


class Guard(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("end"))
        self.desk.add(self.bank, name="MyBank")
        self.conf = pathlib.Path(self.desk.env["XDG_CONFIG_HOME"]) / "koban/koban.conf"

    def start_polkit(self):
        self.polkit = self.desk.mock(self.desk.start_system_bus(), POLKIT, AUTHORITY, "--system", "--template", "polkitd")

    def allow(self, *acts):
        self.polkit("org.freedesktop.DBus.Mock", "SetAllowed", GLib.Variant("(as)", (["org.koban.Koban." + a for a in acts],)))

    def asked(self):
        calls = self.polkit("org.freedesktop.DBus.Mock", "GetCalls", None, "(a(tsav))")[0]
        return [arguments for _, name, arguments in calls if name == "CheckAuthorization"]

    def rows(self):
        link = next(l["id"] for l in self.desk.koban_json("links") if l["kind"] == "direct_debit")
        return [
            # what is done                                                                    which act   what is typed
            (["revoke", link, "--yes", "--secret-stdin"],                                     "revoke",   "x\n"),
            (["remove", "MyBank", "--yes"],                                                   "remove",   None),
            (["leave"],                                                                       "remove",   "leave\n"),
            (["channel", "add", "ntfy", "--server", "https://127.0.0.1:9", "--secret-stdin"], "channel",  TOPIC),
            (["config", "set", "notify.detail", "full"],                                      "settings", None),
            (["config", "set", "watch.guard", "off"],                                         "settings", None),
        ]

    def turn_on(self):
        self.start_polkit()
        self.allow("settings")
        self.assertEqual(self.desk.koban("config", "set", "watch.guard", "on").returncode, 0)
        self.allow()

    def state(self):
        return (self.conf.read_bytes(), self.desk.list("Connections"), self.desk.secret_items(),
                [(l["id"], l["status"]) for l in self.desk.koban_json("links")],
                [r["path"] for r in self.bank.requests() if r["method"] not in ("GET", "HEAD")])

    def test_each_act_is_asked_for_and_refused(self):
        self.turn_on()
        for words, act, typed in self.rows():
            with self.subTest(words=words):
                before = self.state()
                done = self.desk.koban(*[w for w in words if w != "--secret-stdin" or act == "channel"], stdin=typed)
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("guard", done.stderr)
                self.assertEqual(self.state(), before, "nothing was changed")

    def test_who_proves_it_goes_on(self):
        self.turn_on()
        self.allow("remove", "settings")
        self.assertEqual(self.desk.koban("config", "set", "check.interval", "1h").returncode, 0)
        self.assertEqual(self.desk.koban("remove", "MyBank", "--yes").returncode, 0)
        self.assertEqual(self.desk.koban("config", "set", "watch.guard", "off").returncode, 0)
        self.desk.wait(lambda: [a for a in self.desk.alerts() if "setting_lowered" in [r["code"] for r in a["reasons"]]], 20,
                       "that it is off to be told")

    def test_more_detail_on_a_terminal(self):
        self.assertEqual(self.desk.koban("channel", "add", "ntfy", "--server", "https://127.0.0.1:9", "--secret-stdin",
                                         stdin=TOPIC).returncode, 0)
        self.turn_on()
        before = self.conf.read_bytes()
        status, shown = self.desk.koban_on_terminal("channel", "set", "ntfy", "detail=minimal", typed="yes\n")
        self.assertNotEqual(status, 0, shown)
        self.assertEqual(self.conf.read_bytes(), before)
        self.allow("detail")
        status, shown = self.desk.koban_on_terminal("channel", "set", "ntfy", "detail=minimal", typed="yes\n")
        self.assertEqual(status, 0, shown)

    def test_polkit_is_told_who_asks(self):
        self.turn_on()
        self.desk.koban("remove", "MyBank", "--yes")
        (kind, subject), act, details, flags, cancel = self.asked()[-1]
        self.assertEqual((kind, subject["uid"], act, flags), ("unix-process", os.getuid(), "org.koban.Koban.remove", 1))
        self.assertGreater(subject["start-time"], 0)
        self.assertEqual((details, cancel), ({}, ""))

    def test_without_polkit_it_cannot_be_turned_on_and_guards_all_the_same(self):
        done = self.desk.koban("config", "set", "watch.guard", "on")
        self.assertEqual(done.returncode, 1)
        self.assertIn("polkit", done.stderr)
        self.conf.parent.mkdir(mode=0o700, exist_ok=True)
        self.conf.write_text("[watch]\nguard=on\n", encoding="utf-8")
        self.assertEqual(self.desk.koban("remove", "MyBank", "--yes").returncode, 1)
        self.assertEqual(len(self.desk.list("Connections")), 1)

    def test_off_asks_nobody(self):
        self.start_polkit()
        self.assertEqual(self.desk.koban("remove", "MyBank", "--yes").returncode, 0)
        self.assertEqual(self.asked(), [])


class Told(unittest.TestCase):
    """Each act, once: it stands in the journal, and the telephone hears of it, whoever did it."""

    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.phone = ends.Phone(os.path.join(self.desk.scratch, "phone"), clock=self.desk.now)
        self.addCleanup(self.phone.close)
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("monitor_from"))
        self.desk.add(self.bank, name="MyBank")
        self.channel("gotify", ends.GOTIFY_KEY + "\n")
        self.desk.set_clock(self.bank.advance("end"))
        self.assertEqual(self.desk.koban("check").returncode, 10)

    def channel(self, kind, typed, *words):
        return self.koban("channel", "add", kind, "--server", self.phone.url(kind), "--ca-file", self.phone.ca, "--secret-stdin",
                          *words, stdin=typed)

    def koban(self, *words, expect=(0,), **more):
        done = self.desk.koban(*words, **more)
        self.assertIn(done.returncode, expect, done.stdout + done.stderr)
        return done

    def journal(self):
        with contextlib.closing(sqlite3.connect(self.desk.home / ".local/share/koban/koban.db")) as ledger:
            return [re.search("'act': <'([a-z_]+)'>", payload).group(1) for payload, in ledger.execute(
                "SELECT payload FROM journal WHERE kind = 'protection-lowered' ORDER BY id")]

    def more_detail(self):
        status, shown = self.desk.koban_on_terminal("channel", "set", "ntfy", "detail=minimal", typed="yes\n")
        self.assertEqual(status, 0, shown)

    def acts(self):
        critical = next(a["id"] for a in self.desk.koban_json("alerts") if a["severity"] == "critical")
        rogue = next(l["id"] for l in self.desk.koban_json("links") if l["kind"] == "direct_debit" and l["status"] == "active")
        power = self.bank.ready.get("revoke_token") or self.bank.token
        return [
            ("answered_mine", lambda: self.koban("answer", critical, "mine")),
            ("setting_lowered", lambda: self.koban("config", "set", "check.interval", "6h")),
            ("muted", lambda: self.koban("accounts", "set", "a1", "watch=off")),
            ("channel_added", lambda: self.channel("ntfy", TOPIC)),
            ("detail_raised", self.more_detail),
            ("channel_removed", lambda: self.koban("channel", "remove", "ntfy")),
            ("revoked", lambda: self.koban("revoke", rogue, "--yes", stdin=power + "\n", expect=(0, 12, 13))),
            ("connection_removed", lambda: self.koban("remove", "MyBank", "--yes")),
        ]

    def test_each_act_is_journalled_and_told_elsewhere(self):
        self.desk.wait(lambda: self.phone.of("gotify"), 30, "the first alert")
        for act, do in self.acts():
            with self.subTest(act=act):
                told, known = len(self.phone.of("gotify")), self.journal().count(act)
                do()
                self.desk.wait(lambda: self.journal().count(act) > known, 20, "the journal: %s" % self.journal())
                self.desk.wait(lambda: len(self.phone.of("gotify")) > told, 30, "the telephone to hear of it")


class RealPolkit(unittest.TestCase):
    """In a mount namespace, where our policy is among the installed ones, and where it stays the user who started the bus."""

    DAEMON = "/usr/lib/polkit-1/polkitd"
    INSIDE = """
mkdir "$0"
cp -a /usr/share/polkit-1/actions "$0/actions"
cp "$1" "$0/actions"
sed 's/^polkitd:x:[0-9]*:[0-9]*:/polkitd:x:0:0:/' /etc/passwd >"$0/passwd"
mount --bind "$0/passwd" /etc/passwd
mount --bind "$0/actions" /usr/share/polkit-1/actions
exec "$2" --no-debug
"""

    def setUp(self):
        require(self, self.DAEMON)
        if os.geteuid() != 0:
            self.skipTest("only root may mount")
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.bus = self.desk.start_system_bus()
        self.desk.start(["unshare", "--mount", "sh", "-ec", self.INSIDE, os.path.join(self.desk.scratch, "polkit"),
                         str(SOURCE / "data/org.koban.Koban.policy"), self.DAEMON])
        self.desk.wait(self.knows_ours, 20, "polkit")

    def authority(self, method, arguments):
        return self.bus.call_sync(POLKIT, AUTHORITY, POLKIT + ".Authority", method, arguments, None, Gio.DBusCallFlags.NONE, 20000,
                                  None).unpack()

    def knows_ours(self):
        try:
            known = [row[0] for row in self.authority("EnumerateActions", GLib.Variant("(s)", ("",)))[0]]
        except GLib.Error:
            return False
        return sorted(a for a in known if a.startswith("org.koban.")) == sorted("org.koban.Koban." + a for a in ACTS)

    def test_a_person_has_to_prove_it(self):
        person = self.desk.start(["setpriv", "--reuid=65534", "--clear-groups", "sleep", "600"])
        self.desk.wait(lambda: os.stat("/proc/%d" % person.pid).st_uid == 65534, 10, "the person")
        began = int(pathlib.Path("/proc/%d/stat" % person.pid).read_text(encoding="ascii").rsplit(")", 1)[1].split()[19])
        process = {"pid": GLib.Variant("u", person.pid), "start-time": GLib.Variant("t", began), "uid": GLib.Variant("i", 65534)}
        for act in ACTS:
            with self.subTest(act=act):
                allowed, could_prove, _ = self.authority("CheckAuthorization", GLib.Variant(
                    "((sa{sv})sa{ss}us)", (("unix-process", process), "org.koban.Koban." + act, {}, 0, "")))[0]
                self.assertEqual((allowed, could_prove), (False, True))

    def test_it_understands_how_we_ask(self):
        """Root needs to prove nothing; who asks in a way that polkit does not know would be refused all the same."""
        done = self.desk.koban("config", "set", "watch.guard", "on")
        self.assertEqual(done.returncode, 0, done.stderr)


class Policy(unittest.TestCase):
    def test_every_act_needs_ones_own_password(self):
        root = xml.parse(SOURCE / "data/org.koban.Koban.policy").getroot()
        self.assertEqual(sorted(a.get("id") for a in root.findall("action")), sorted("org.koban.Koban." + a for a in ACTS))
        for action in root.findall("action"):
            self.assertEqual({d.tag: d.text for d in action.find("defaults")},
                             {k: "auth_self" for k in ("allow_any", "allow_inactive", "allow_active")})


if __name__ == "__main__":
    tap.main()
