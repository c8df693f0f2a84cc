#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the desktop channel says to whom: less while the screen is locked, its page where there is a portal, and the same
through the portal of a sandbox."""

import os
import signal
import unittest

import tap
from desk import Desk, GLib, preloaded, require


class Case(unittest.TestCase):
    notifier = "recorder"

    def setUp(self):
        self.desk = Desk(notifier=self.notifier, moving_time=True)
        self.addCleanup(self.desk.close)

    def watched(self, story="docomo"):
        self.bank = self.desk.open_bank(story, "starling", "--as-is")
        self.desk.set_clock(self.bank.monitor_from)
        self.desk.add(self.bank)

    def rogue_link(self):
        self.desk.set_clock(self.bank.advance("event:127"))
        self.assertEqual(self.desk.koban("check").returncode, 10)
        return self.link_alert()

    def link_alert(self):
        alert, = [a for a in self.desk.koban_json("alerts", "--all") if a["kind"] == "link"]
        return alert

    def of_link(self):
        """All that was shown of the rogue link, the last one last."""
        return [s for s in self.desk.notifier.shown() if s["hints"].get("category") == "x-koban.link"]

    def wait_of_link(self, count):
        self.desk.wait(lambda: len(self.of_link()) >= count, 20, "%d showings of the link" % count)
        return self.of_link()[-1]


class Locked(Case):
    """Full words for who sits there, few for who walks by."""

    def is_full(self, shown):
        return "\uff84\uff9e\uff7a\uff93\uff7a\uff73\uff7b\uff9e" in shown["body"]

    def follows(self, lock):
        self.watched()
        self.rogue_link()
        first = self.wait_of_link(1)
        self.assertTrue(self.is_full(first))
        self.assertEqual(sorted(first["actions"]), ["default", "mine", "not-mine"])
        lock(True)
        locked = self.wait_of_link(2)
        self.assertFalse(self.is_full(locked), locked)
        self.assertEqual(list(locked["actions"]), ["default"])
        self.assertEqual(locked["replaces"], first["id"])
        self.assertTrue(locked["hints"]["suppress-sound"])
        self.assertEqual(locked["hints"]["urgency"], 1)
        lock(False)
        again = self.wait_of_link(3)
        self.assertEqual((again["summary"], again["body"], again["actions"], again["replaces"]),
                         (first["summary"], first["body"], first["actions"], first["id"]))
        self.assertTrue(again["hints"]["suppress-sound"])

    def test_by_logind(self):
        require(self, "dbus-daemon")
        self.follows(self.desk.start_logind())

    def test_by_a_screen_saver(self):
        self.follows(self.desk.start_screen_saver())

    def test_what_happens_behind_the_lock_is_told_there_in_few_words(self):
        lock = self.desk.start_logind()
        lock(True)
        self.watched()
        self.rogue_link()
        shown = self.wait_of_link(1)
        self.assertFalse(self.is_full(shown))
        self.assertEqual(shown["hints"]["urgency"], 2)
        lock(False)
        self.assertTrue(self.is_full(self.wait_of_link(2)))

    def test_an_agent_that_starts_behind_the_lock_knows(self):
        self.watched()
        self.rogue_link()
        self.wait_of_link(1)
        self.desk.stop_agent()
        self.desk.start_logind()(True)
        self.desk.start_agent()
        self.assertFalse(self.is_full(self.wait_of_link(2)))

    def test_a_screen_saver_that_dies_does_not_hide_for_ever(self):
        saver = self.desk.start_screen_saver()
        self.watched()
        self.rogue_link()
        saver(True)
        self.assertFalse(self.is_full(self.wait_of_link(2)))
        self.desk.end(self.desk.saver_process, signal.SIGKILL)
        self.assertTrue(self.is_full(self.wait_of_link(3)))

    def test_one_that_the_person_closed_does_not_come_back_with_the_lock(self):
        lock = self.desk.start_logind()
        self.watched()
        self.rogue_link()
        shown = self.wait_of_link(1)
        count = len(self.desk.notifier.shown())
        lock(True)
        self.desk.notifier.wait_shown(2 * count)  # as many as are open
        shown = self.of_link()[-1]
        self.desk.notifier.tell(dismiss=shown["id"])
        self.desk.wait(lambda: any(s["what"] == "closed" for s in list(self.desk.notifier.said)), 10, "it to be closed")
        self.desk.koban("status")  # the agent has heard what the bus carried before
        lock(False)
        self.desk.notifier.wait_shown(3 * count - 1)
        lock(True)
        self.desk.notifier.wait_shown(4 * count - 2)
        self.assertEqual(len(self.of_link()), 2)


class Phone(Case):
    def test_a_phone_is_discreet_and_answers_there(self):
        self.desk.set_agent(XDG_CURRENT_DESKTOP="Phosh:GNOME")
        self.watched()
        self.rogue_link()
        shown = self.wait_of_link(1)
        self.assertNotIn("\uff84\uff9e\uff7a\uff93", shown["summary"] + shown["body"])
        self.assertLessEqual(len(shown["summary"]), 40)
        self.assertEqual(sorted(shown["actions"]), ["default", "mine", "not-mine"])

    def test_a_handset_by_hostnamed(self):
        bus = self.desk.start_system_bus()
        call = self.desk.mock(bus, "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "--system",
                              "org.freedesktop.hostname1", "/org/freedesktop/hostname1", "org.freedesktop.hostname1")
        call("org.freedesktop.DBus.Mock", "AddProperty",
             GLib.Variant("(ssv)", ("org.freedesktop.hostname1", "Chassis", GLib.Variant("s", "handset"))))
        self.watched()
        self.rogue_link()
        self.assertNotIn("\uff84\uff9e\uff7a\uff93", self.wait_of_link(1)["body"])

    def test_but_not_against_the_person_s_own_word(self):
        self.desk.set_agent(XDG_CURRENT_DESKTOP="Phosh:GNOME")
        config = os.path.join(self.desk.env["XDG_CONFIG_HOME"], "koban")
        os.makedirs(config, 0o700)
        with open(os.path.join(config, "koban.conf"), "w", encoding="utf-8") as out:
            out.write("[notify]\ndetail = full\n")
        self.watched()
        self.rogue_link()
        self.assertIn("\uff84\uff9e\uff7a\uff93", self.wait_of_link(1)["body"])


class Page(Case):
    """Details and Not me open one local page, through the portal; without one, the bubble names the command."""

    def pages(self):
        folder = os.path.join(self.desk.env["XDG_RUNTIME_DIR"], "koban")
        self.assertEqual(os.stat(folder).st_mode & 0o777, 0o700)
        return sorted(os.listdir(folder))

    def test_details_open_the_page_of_the_incident(self):
        portal = self.desk.start_portal()
        self.watched()
        incident = self.rogue_link()["incident"]
        self.desk.notifier.act(self.wait_of_link(1), "default")
        opened, = portal.wait_heard("open")
        self.assertEqual(self.pages(), [incident + ".html"])
        self.assertEqual(opened["mode"], 0o600)
        self.assertFalse(opened["options"]["writable"])
        page = opened["text"]
        self.assertIn("default-src 'none'", page)
        self.assertIn("koban show " + incident, page)
        self.assertIn("\uff84\uff9e\uff7a\uff93\uff7a\uff73\uff7b\uff9e", page)
        for wrong in ("<script", "http://", "https://", "href", "src="):
            self.assertNotIn(wrong, page)
        self.desk.koban("answer", incident, "mine")
        self.desk.wait(lambda: self.pages() == [], 20, "the page to be deleted")

    def test_not_me_opens_it_and_it_stays_till_the_session_ends(self):
        portal = self.desk.start_portal()
        self.watched()
        self.rogue_link()
        self.desk.notifier.act(self.wait_of_link(1), "not-mine")
        portal.wait_heard("open")
        self.desk.wait(lambda: self.link_alert()["answer"] == "not-mine", 20, "the answer")
        self.assertEqual(len(self.pages()), 1)
        self.desk.stop_agent()
        self.assertEqual(self.pages(), [])

    def names_the_command(self):
        self.watched()
        incident = self.rogue_link()["incident"]
        self.desk.notifier.act(self.wait_of_link(1), "default")
        self.assertIn("koban show " + incident, self.wait_of_link(2)["body"])
        self.desk.notifier.act(self.of_link()[-1], "not-mine")
        self.desk.wait(lambda: self.link_alert()["answer"] == "not-mine", 20, "the answer")
        self.desk.wait(lambda: [s for s in self.desk.notifier.shown() if s["summary"] == "What to do now"], 20, "help")
        self.assertIn("koban show " + incident, self.desk.notifier.shown()[-1]["body"])

    def test_without_a_portal_the_command_is_named(self):
        self.names_the_command()

    def test_nor_where_the_portal_has_nothing_to_open_it_with(self):
        self.desk.start_portal(2, "unable")
        self.names_the_command()


class Sandboxed(Case):
    """In a sandbox there is no notification server but the portal."""

    def enter(self, version):
        self.portal = self.desk.start_portal(version)
        self.desk.set_agent(LD_PRELOAD=preloaded("sandboxed"))
        self.watched()
        return self.rogue_link()

    def of_link(self):
        return [s for s in self.portal.heard("add") if "service can take" in s["title"]]

    def wait_of_link(self, count):
        self.desk.wait(lambda: len(self.of_link()) >= count, 20, "%d showings of the link" % count)
        return self.of_link()[-1]

    def test_version_2_hides_itself_and_says_all(self):
        alert = self.enter(2)
        shown = self.wait_of_link(1)
        self.assertEqual(self.portal.heard("refused"), [])
        self.assertEqual(shown["id"], alert["incident"])
        self.assertIn("hide-content-on-lock-screen", shown["display-hint"])
        self.assertIn("show-as-new", shown["display-hint"])
        self.assertEqual((shown["priority"], shown["category"], shown["sound"]), ("urgent", "x-koban.link", "default"))
        self.assertEqual([b["action"] for b in shown["buttons"]], ["default", "mine", "not-mine"])
        self.assertIn("\uff84\uff9e\uff7a\uff93", shown["body"])
        self.portal.tell(act=shown["id"], key="default")
        self.portal.wait_heard("open")
        self.portal.tell(act=shown["id"], key="mine")
        self.desk.wait(lambda: self.link_alert()["answer"] == "mine", 20, "the answer")
        self.desk.wait(lambda: shown["id"] in [r["id"] for r in self.portal.heard("remove")], 20, "its removal")
        self.assertEqual(self.desk.notifier.shown(), [])

    def test_version_1_knows_no_lock_and_says_little(self):
        self.enter(1)
        shown = self.wait_of_link(1)
        self.assertEqual(self.portal.heard("refused"), [])
        self.assertNotIn("\uff84\uff9e\uff7a\uff93", shown["title"] + shown["body"])
        self.assertEqual(sorted(set(shown) - {"what"}), ["body", "buttons", "default-action", "icon", "id", "priority", "title"])

    def test_what_is_shown_again_takes_its_own_place_in_silence(self):
        self.enter(2)
        first = self.wait_of_link(1)
        self.desk.wait(lambda: self.link_alert()["state"] == "notified", 20, "the mark")
        self.desk.stop_agent()
        self.desk.start_agent()
        again = self.wait_of_link(2)
        self.assertEqual(again["id"], first["id"])
        self.assertNotIn("show-as-new", again["display-hint"])
        self.assertEqual((again["sound"], again["priority"]), ("silent", "normal"))


class RealPortal(Case):
    """xdg-desktop-portal itself, with the backend that shows bubbles through the session's server."""

    def begin(self):
        require(self, "Xvfb")
        opened = self.desk.start_real_portal()
        if opened is None:
            require(self, "xdg-desktop-portal")  # it is in no PATH: says that it is missing
        return opened

    def test_a_sandboxed_agent_s_bubble_reaches_the_screen_and_its_button_opens_the_page(self):
        opened = self.begin()
        self.desk.set_agent(LD_PRELOAD=preloaded("sandboxed"))
        self.watched()
        alert = self.rogue_link()
        shown = self.desk.wait(lambda: [s for s in self.desk.notifier.shown() if "service can take" in s["summary"]], 20,
                               "the bubble of the portal")[-1]
        self.assertNotEqual(shown["app"], "Koban", "it came from the portal")
        self.assertNotIn("\uff84\uff9e\uff7a\uff93", shown["summary"] + shown["body"])
        self.assertEqual(sorted(shown["actions"].values()), sorted(["", "Details", "It was me", "Not me"]), shown)
        labels = {label: key for key, label in shown["actions"].items()}
        self.desk.notifier.act(shown, labels["Not me"])
        self.desk.wait(lambda: self.link_alert()["answer"] == "not-mine", 20, "the answer")
        self.desk.wait(lambda: os.path.exists(opened) and os.path.getsize(opened) > 0, 20, "the browser")
        with open(opened, encoding="utf-8") as page:
            self.assertIn("koban show " + alert["incident"], page.read())


if __name__ == "__main__":
    tap.main()
