#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the notification servers that people have really do with ours: dunst has its place in test_notifications.py, here
are Xfce's and one on Wayland. Each shows it, keeps it, and takes it away when the person answers
elsewhere. KOBAN_PAGES names a folder for the pictures."""

import glob
import json
import os
import shutil
import subprocess
import tempfile
import unittest

import tap
from desk import NOTIFICATIONS, Desk, require


def first_of(*patterns):
    """Where distributions put it; the pattern itself, where it is nowhere."""
    return next((found for pattern in patterns for found in glob.glob(pattern)), patterns[-1])


class Server(unittest.TestCase):
    program = None  # the server
    needs = ()

    def setUp(self):
        require(self, *self.needs)
        if not os.access(self.program, os.X_OK):
            require(self, os.path.basename(self.program))  # it is in no PATH: says that it is missing
        self.desk = Desk(notifier=None, moving_time=True)
        self.addCleanup(self.desk.close)
        self.start_display()
        self.start_server()

    def start_server(self):
        self.server = self.desk.start([self.program], env=self.env)
        self.desk.wait(lambda: self.desk.is_owned(NOTIFICATIONS), 20, self.program)

    def rogue_link(self):
        bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(bank.advance("monitor_from"))
        self.desk.add(bank)
        greeting, = self.desk.koban_json("alerts", "--all")
        self.assertEqual(self.desk.koban("answer", greeting["id"], "mine").returncode, 0)
        self.desk.wait(lambda: not self.shown(), 20, "the greeting to go")
        self.desk.set_clock(bank.advance("event:127"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        return self.link_alert()

    def link_alert(self):
        alert, = [a for a in self.desk.koban_json("alerts", "--all") if a["kind"] == "link"]
        return alert

    def keep_picture(self):
        if "KOBAN_PAGES" in os.environ:
            self.take_picture(os.path.join(os.environ["KOBAN_PAGES"], os.path.basename(self.program) + ".png"))

    def is_shown_until_it_is_answered(self):
        alert = self.rogue_link()
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "the server to take it")
        self.desk.wait(self.shown, 20, "it to be on the screen")
        self.keep_picture()
        self.assertEqual(self.desk.koban("answer", alert["id"], "mine").returncode, 0)
        self.desk.wait(lambda: not self.shown(), 20, "it to be taken away")

    def comes_back_with_the_server(self):
        self.rogue_link()
        self.desk.wait(self.shown, 20, "it to be on the screen")
        self.server.kill()
        self.server.wait()
        self.desk.wait(lambda: not self.desk.is_owned(NOTIFICATIONS), 20, "the server to be gone")
        self.start_server()
        self.desk.wait(self.shown, 20, "it to be on the screen again")


class Xfce(Server):
    program = first_of("/usr/lib/*/xfce4/notifyd/xfce4-notifyd", "/usr/lib*/xfce4/notifyd/xfce4-notifyd")
    needs = ("Xvfb", "xdotool")

    def start_display(self):
        self.desk.start_screen()
        self.env = dict(self.desk.env, DISPLAY=self.desk.display, GDK_BACKEND="x11", XDG_DATA_DIRS="/usr/share")

    def shown(self):
        found = subprocess.run(["xdotool", "search", "--onlyvisible", "--class", "xfce4-notifyd"], env=self.env,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        return found.stdout.split()

    def take_picture(self, path):
        subprocess.run(["import", "-window", "root", path], env=self.env, check=True, timeout=60)

    def test_it_is_shown_until_it_is_answered(self):
        self.is_shown_until_it_is_answered()

    def test_it_comes_back_with_the_server(self):
        self.comes_back_with_the_server()


class Wayland(Server):
    program = "/usr/bin/mako"
    needs = ("sway", "mako", "makoctl")

    def start_display(self):
        """sway without a screen, in a folder of its own: it will not run as root."""
        folder = tempfile.mkdtemp(prefix="koban-sway-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        name, config, log = (os.path.join(folder, one) for one in ("name", "config", "log"))
        with open(config, "w", encoding="utf-8") as out:
            out.write("exec sh -c 'echo $WAYLAND_DISPLAY > %s'\nxwayland disable\n" % name)
        demoted = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
        if demoted:
            os.chown(folder, 65534, 65534)
        env = dict(self.desk.env, WLR_BACKENDS="headless", WLR_RENDERER="pixman", WLR_LIBINPUT_NO_DEVICES="1",
                   XDG_DATA_DIRS="/usr/share", XDG_RUNTIME_DIR=folder, HOME=folder)
        with open(log, "wb") as out:
            self.desk.start([*demoted, "sway", "--config", config], env=env, stdout=out, stderr=out)
        self.desk.wait(lambda: os.path.exists(name) and os.path.getsize(name) > 1, 20, "the compositor")
        with open(name, encoding="utf-8") as out:
            self.env = dict(self.desk.env, WAYLAND_DISPLAY=os.path.join(folder, out.read().strip()))

    def shown(self):
        listed = subprocess.run(["makoctl", "list"], env=self.env, stdout=subprocess.PIPE, text=True, check=False).stdout
        return [one for group in json.loads(listed or '{"data": []}')["data"] for one in group]

    def take_picture(self, path):
        subprocess.run(["grim", path], env=self.env, check=True, timeout=60)

    def test_it_is_shown_until_it_is_answered(self):
        self.is_shown_until_it_is_answered()

    def test_it_comes_back_with_the_server(self):
        self.comes_back_with_the_server()

    def test_its_button_answers(self):
        self.rogue_link()
        shown = self.desk.wait(self.shown, 20, "it to be on the screen")[-1]
        self.assertIn("not-mine", shown["actions"]["data"])
        subprocess.run(["makoctl", "invoke", "-n", str(shown["id"]["data"]), "not-mine"], env=self.env, check=True, timeout=20)
        self.desk.wait(lambda: self.link_alert()["answer"] == "not-mine", 20, "the answer")


del Server  # what is shared is no test of its own

if __name__ == "__main__":
    tap.main()
