#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole story before your eyes: the fraud of September 2020, played by a bank on this machine.

It runs the built agent and the built command on a desk of their own (home, session bus, keyring,
notification server), with time moved from outside, and fails if anything it announces does not come.
"""

import contextlib
import os
import sys
import textwrap
import time

import desk as desk_module
from desk import Desk, Gio, GLib, NOTIFICATIONS

PAUSE_S = float(os.environ.get("KOBAN_DEMO_PAUSE", "1.5"))
DAY = 86400


def say(text):
    time.sleep(PAUSE_S if sys.stdout.isatty() else 0)
    print("\n\033[1m%s\033[0m" % text if sys.stdout.isatty() else "\n## %s" % text, flush=True)


def show(text):
    print(textwrap.indent(text.rstrip("\n"), "    "), flush=True)


def expect(claim, truth):
    if not truth:
        sys.exit("demo: this did not come true: %s" % claim)
    show("✓ " + claim)


def address_of_a_screen():
    """The session bus of the person, if a notification server answers there."""
    address = os.environ.get("DBUS_SESSION_BUS_ADDRESS")
    if not address:
        return None
    try:
        bus = Gio.bus_get_sync(Gio.BusType.SESSION, None)
        bus.call_sync(NOTIFICATIONS, "/org/freedesktop/Notifications", NOTIFICATIONS, "GetServerInformation", None, None,
                      Gio.DBusCallFlags.NO_AUTO_START, 2000, None)
        return address
    except GLib.Error:
        return None


class Demo:
    def __init__(self, desk, bank):
        self.desk, self.bank = desk, bank
        self.heard = 0  # notifications that were looked at

    def koban(self, *words, stdin=None, expected=0):
        show("$ koban " + " ".join(words))
        done = self.desk.koban(*words, stdin=stdin)
        show(done.stdout + done.stderr)
        if done.returncode != expected:
            sys.exit("demo: koban %s ended with %d, not %d\n%s" % (words[0], done.returncode, expected, self.desk.log_tail()))
        return done

    def go_to(self, moment):
        self.desk.set_clock(self.bank.advance(moment) + 60)
        show("it is now %s UTC at the bank" % time.strftime("%A %d %B %Y %H:%M", time.gmtime(self.desk.now())))

    def notifications(self, at_least):
        shown = self.desk.notifier.wait_shown(self.heard + at_least) if at_least else self.desk.notifier.shown()
        fresh, self.heard = shown[self.heard:], len(shown)
        for one in fresh:
            urgency = ["low", "normal", "critical"][one["hints"].get("urgency", 1)]
            show("🔔 %s%s\n%s\n[%s]" % (one["summary"], " (%s)" % urgency, one["body"], "] [".join(one["actions"].values())))
        return fresh

    def play(self):
        desk, bank = self.desk, self.bank
        say("1. A person connects a bank. What is there already is known, and raises no alarm.")
        words = ["add", "starling", "--name", "MyBank", "--base-url", bank.base_url, "--ca-file", bank.ca, "--secret-stdin"]
        show("(the token is read from standard input and goes into the keyring)")
        self.koban(*words, stdin=bank.token + "\n")
        expect("no alert about what is old", self.open_alerts("link", "withdrawal") == [])

        say("2. Ordinary days: salary, gas, rent, telephone, cash.")
        self.go_to("story:%d" % (self.link_ts() - 600))
        self.koban("check")
        expect("nothing to say", self.open_alerts("link", "withdrawal") == [])
        self.notifications(0)

        say("3. Somebody links an e-money account to it: ﾄﾞｺﾓｺｳｻﾞ. No money has moved yet.")
        self.go_to("story:%d" % self.link_ts())
        self.koban("check", expected=10)
        shown = self.notifications(1)
        expect("the new link was told, as critical", any(s["hints"].get("urgency") == 2 for s in shown))

        say("4. Seventeen hours later four debits leave within two minutes.")
        self.go_to("end")
        self.koban("check", expected=10)
        self.notifications(1)
        self.koban("alerts")
        withdrawals = self.open_alerts("withdrawal")
        expect("one withdrawal alert, for all four debits", [len(a["refs"]) for a in withdrawals] == [4])
        expect("of ¥300,000", withdrawals[0]["total"] == {"amount": "-300000", "currency": "JPY"})
        expect("in one incident", len({a["incident"] for a in self.open_alerts("link", "withdrawal")}) == 1)

        say("5. Who may take money from this account?")
        self.koban("links")
        rogue = next(l for l in desk.koban_json("links") if l["service"] and l["name"] == "ﾄﾞｺﾓｺｳｻﾞ")
        expect("the rogue link is listed, and active", rogue["status"] == "active")

        say("6. Revoke it. The power to do so is lent for this one call; then the bank is asked again.")
        self.koban("revoke", rogue["id"], "--yes", stdin=bank.ready["revoke_token"] + "\n")
        expect("the bank has ended the mandate", bank.state()["links"]["L-rogue"] == "revoked")
        still = [l for l in desk.koban_json("links") if l["id"] == rogue["id"] and l["status"] == "active"]
        expect("it is gone from the list of links", still == [])

        say("7. The person answers, and looks how things stand.")
        self.koban("answer", withdrawals[0]["id"], "not-mine")
        self.koban("status")
        expect("the bank was asked only over TLS, %d times in all" % len(bank.requests()), bank.url.startswith("https:"))

    def link_ts(self):
        return 1598875920

    def open_alerts(self, *kinds):
        return [a for a in self.desk.koban_json("alerts") if a["kind"] in kinds]


def main():
    begun = time.monotonic()
    with contextlib.ExitStack() as open_things:
        screen, where = address_of_a_screen(), "on your screen"
        if screen is None and desk_module.have("Xvfb", "dunst") is None:
            virtual = open_things.enter_context(Desk(keyring=None, notifier="dunst"))
            screen, where = virtual.env["DBUS_SESSION_BUS_ADDRESS"], "by dunst on a virtual screen, for you have none here"
        desk = open_things.enter_context(Desk(notifier=None, moving_time=True))
        desk.start_notifier(forward=screen)
        bank = desk.open_bank("docomo", "starling", "--as-is")
        desk.set_clock(bank.monitor_from)
        say("Koban on a desk of its own (%s). Nothing of yours is touched." % desk.scratch)
        show("notifications are printed here" + (", and shown %s" % where if screen else ""))
        Demo(desk, bank).play()
    say("That was the whole story, in %.0f seconds." % (time.monotonic() - begun))


if __name__ == "__main__":
    try:
        main()
    except desk_module.DeskError as error:
        sys.exit("demo: %s" % error)
