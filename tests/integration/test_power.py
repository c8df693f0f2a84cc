#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the computer spares, Koban spares, too: a dear network, a power saver, the last of a battery. It says so, and a
person who asks is always answered. UPower, NetworkManager, power-profiles-daemon and logind are python3-dbusmock's, on a
system bus of the desk's own.
"""

import os
import signal
import time
import unittest

import tap
from desk import Desk, GLib, preloaded

STEP_S = 55  # less than what the agent takes for the computer's own sleep
MINUTE_US = 60 * 1000000
DISCHARGING, CHARGING = 2, 1
METERED = 1
DBUS_PROPERTIES = "org.freedesktop.DBus.Properties"
UPOWER, BATTERY = "org.freedesktop.UPower", "/org/freedesktop/UPower/devices/DisplayDevice"
NETWORK = "org.freedesktop.NetworkManager"
PROFILES = "net.hadess.PowerProfiles"
LOGIN = "org.freedesktop.login1"


class Power(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)
        self.system_bus = self.desk.start_system_bus()

    def mock(self, name, path, template):
        return self.desk.mock(self.system_bus, name, path, "--system", "--template", template)

    def open_bank(self):
        self.desk.set_agent(LD_PRELOAD=preloaded("long-sleep"), LONG_SLEEP_S=str(STEP_S))
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.monitor_from)
        self.desk.add(self.bank)

    def time_passes(self, seconds, until=lambda: False):
        """Of the agent, second for second as it would while the computer is awake."""
        for _ in range(0, seconds, STEP_S):
            self.desk.set_clock(self.desk.now() + STEP_S)
            os.kill(self.desk.agent_pid(), signal.SIGUSR2)
            self.settle()
            if until():
                return True
        return until()

    def settle(self):
        """The agent has done what fell due: it answers, and has asked the bank what it wanted to."""
        for _ in range(3):
            self.desk.call("Status", None, "(a{sv})")

    def connection(self):
        return self.desk.list("Connections")[0]

    def asked(self):
        return len(self.bank.requests())

    def wait_minutes(self):
        """From the last check to the next, as the agent planned them."""
        row = self.connection()
        return (row["next_check"] - row["last_check"]) / MINUTE_US

    def assert_stretched(self, factor, word):
        self.desk.check()
        least = 15 * factor
        self.assertTrue(least <= self.wait_minutes() <= least * 1.11, "%.1f minutes" % self.wait_minutes())
        self.assertIn(word, self.connection()["message"])

    def set_battery(self, call, percent, state):
        for name, value in (("Percentage", GLib.Variant("d", percent)), ("State", GLib.Variant("u", state)),
                            ("IsPresent", GLib.Variant("b", True))):
            call(DBUS_PROPERTIES, "Set", GLib.Variant("(ssv)", (UPOWER + ".Device", name, value)), path=BATTERY)

    def plug(self, call, plugged):
        call(DBUS_PROPERTIES, "Set", GLib.Variant("(ssv)", (UPOWER, "OnBattery", GLib.Variant("b", not plugged))))

    # --- claims

    def test_a_metered_network_is_asked_half_as_often(self):
        network = self.mock(NETWORK, "/org/freedesktop/NetworkManager", "networkmanager")
        network("org.freedesktop.DBus.Mock", "AddProperty",
                GLib.Variant("(ssv)", (NETWORK, "Metered", GLib.Variant("u", METERED))))
        self.open_bank()
        self.assert_stretched(2, "metered")

    def test_a_power_saver_is_heard(self):
        profiles = self.mock(PROFILES, "/net/hadess/PowerProfiles", "power_profiles_daemon")
        self.open_bank()
        self.assertLess(self.wait_minutes(), 30)
        profiles("org.freedesktop.DBus.Mock", "UpdateProperties",
                 GLib.Variant("(sa{sv})", (PROFILES, {"ActiveProfile": GLib.Variant("s", "power-saver")})))
        self.assert_stretched(4, "saves power")

    def test_with_the_last_of_a_battery_only_the_person_asks(self):
        power = self.mock(UPOWER, "/org/freedesktop/UPower", "upower")
        self.plug(power, False)
        self.set_battery(power, 14.0, DISCHARGING)
        self.open_bank()
        before = self.asked()
        self.time_passes(2 * 3600)
        self.assertEqual(self.asked(), before, "the bank was asked by the clock")
        self.assertIn("battery is low", self.connection()["message"])
        self.assertEqual(self.desk.koban("check").returncode, 0)
        self.assertGreater(self.asked(), before, "the person was not answered")

        before = self.asked()
        self.set_battery(power, 14.0, CHARGING)
        self.plug(power, True)
        self.desk.wait(lambda: "battery" not in (self.connection().get("message") or ""), 10, "the agent to hear of the plug")
        self.assertTrue(self.time_passes(2 * 3600, lambda: self.asked() > before), "it did not go on")

    def test_half_a_battery_is_enough(self):
        power = self.mock(UPOWER, "/org/freedesktop/UPower", "upower")
        self.set_battery(power, 50.0, DISCHARGING)
        self.open_bank()
        before = self.asked()
        self.assertTrue(self.time_passes(3600, lambda: self.asked() > before))

    def test_after_a_sleep_the_bank_is_asked_once_and_not_at_once(self):
        login = self.mock(LOGIN, "/org/freedesktop/login1", "logind")
        self.open_bank()
        before = self.asked()
        a_check = before  # `add` made one, and the sign-in before it
        self.desk.set_clock(self.desk.now() + 12 * 3600)
        woke = time.monotonic()
        login("org.freedesktop.DBus.Mock", "EmitSignal",
              GLib.Variant("(sssav)", (LOGIN + ".Manager", "PrepareForSleep", "b", [GLib.Variant("b", False)])))
        self.desk.wait(lambda: self.asked() > before, 130, "the check after the sleep")
        self.assertLessEqual(time.monotonic() - woke, 125)
        last = self.connection()
        self.desk.wait(lambda: self.connection()["next_check"] > last["next_check"], 20, "the end of the check")
        self.assertLessEqual(self.asked() - before, a_check, "one check for twelve missed ones")


if __name__ == "__main__":
    tap.main()
