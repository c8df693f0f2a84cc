#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is wrong is said with the next step; settings change while the agent runs; alerts come out as lines."""

import json
import os
import signal
import subprocess
import unittest

import tap
from desk import Desk

CANARY = "KANARIENVOGEL"
NOWHERE = {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/nonexistent"}


class Health(unittest.TestCase):
    def setUp(self):
        self.desk = Desk(moving_time=True)
        self.addCleanup(self.desk.close)

    def watched(self, name=CANARY):
        self.bank = self.desk.open_bank("docomo", "starling", "--as-is")
        self.desk.set_clock(self.bank.advance("monitor_from"))
        self.desk.add(self.bank, name=name)

    def doctor(self, *words, **more):
        done = self.desk.koban("doctor", "--json", *words, **more)
        found = json.loads(done.stdout)
        wrong = found["problems"] if isinstance(found, dict) else [row for row in found if not row["hint"]]
        self.assertEqual(done.returncode, 1 if wrong else 0, done.stderr)
        for problem in found if isinstance(found, list) else []:
            self.assertTrue(problem["what"] and problem["next"], problem)
        return found

    def codes(self, **more):
        return [problem["code"] for problem in self.doctor(**more)]

    def test_each_trouble_is_named(self):
        self.assertEqual(self.codes(env=NOWHERE)[0], "no-bus")
        self.assertIn("nothing-connected", self.codes())
        self.watched()
        self.assertNotIn("nothing-connected", self.codes())
        self.assertNotIn("locked", self.codes())
        self.desk.lock_keyring()
        self.assertIn("locked", self.codes())
        check = self.desk.koban("status", "--check")
        self.assertEqual(check.returncode, 11, check.stdout)
        self.assertIn("koban unlock", check.stdout)
        self.desk.unlock_keyring()
        self.desk.notifier.stop()
        self.assertTrue({"no-notifications", "headless"} & set(self.codes()))
        open(os.path.join(self.desk.env["XDG_DATA_HOME"], "koban", "koban.db.damaged-2026-01-01T000000Z"), "w").close()
        self.assertIn("set-aside", self.codes())
        self.desk.stop_agent()
        self.desk.agent_program = "/bin/false"
        self.desk.set_agent()
        self.assertIn("no-agent", self.codes())

    def test_a_monitor_hears_lines_and_eleven(self):
        self.assertEqual(self.desk.koban("status", "--check").returncode, 11)
        self.watched()
        good = self.desk.koban("status", "--check")
        self.assertEqual((good.returncode, len(good.stdout.splitlines())), (0, 1), good.stdout)
        self.assertEqual(self.desk.koban_json("status", "--check")["problems"], [])
        self.assertNotIn("problems", self.desk.koban_json("status"))
        for item in self.desk.secret_items():
            self.desk.delete_secret(item)
        self.desk.check()
        bad = self.desk.koban("status", "--check", "--json")
        self.assertEqual(bad.returncode, 11)
        problem, = json.loads(bad.stdout)["problems"]
        self.assertEqual((problem["code"], problem["about"], problem["name"]), ("consent-ended", "c1", CANARY))

    def test_the_report_may_stand_in_public(self):
        self.watched()
        for item in self.desk.secret_items():
            self.desk.delete_secret(item)
        self.desk.check()
        told = self.desk.koban("doctor", "--report").stdout + json.dumps(self.doctor("--report"))
        secrets = [CANARY, self.bank.token, "starling", "普通預金", "Starling"]
        for account in self.desk.koban_json("accounts"):
            secrets += [account["name"], account["number"] or CANARY, '"%s"' % account["id"]]
            secrets += [account["balance"]["amount"]] if account["balance"] else []
        secrets += [link["name"] for link in self.desk.koban_json("links")]
        for secret in secrets + [self.desk.scratch, os.uname().nodename, "c1"]:
            self.assertNotIn(secret, told)
        self.assertIn("consent-ended=1", told)
        self.assertIn('"keyring": "gnome-keyring-d"', told)

    def test_a_setting_is_changed_under_the_agent(self):
        self.watched()
        self.assertEqual(self.desk.koban_json("config", "get", "watch.wariness")["value"], "normal")
        config = os.path.join(self.desk.env["XDG_CONFIG_HOME"], "koban", "koban.conf")
        with open(config, "w") as file:
            file.write("# mine\n[watch]\n# because\nwariness = wary\n")
        self.desk.koban_json("config", "set", "check.interval", "1h")
        self.desk.koban_json("config", "set", "watch.wariness", "quiet")
        with open(config) as file:
            self.assertEqual(file.read(), "# mine\n\n[watch]\n# because\nwariness=quiet\n\n[check]\ninterval=1h\n")
        self.desk.wait(lambda: sorted(a["reasons"][0]["about"] for a in self.desk.koban_json("alerts")
                                      if a["reasons"][0]["code"] == "setting_lowered") == ["interval", "wariness"],
                       10, "both settings to be told")
        self.desk.koban_json("config", "set", "watch.wariness", "wary")
        self.desk.koban_json("config", "set", "check.interval", "")
        self.desk.wait(lambda: not [a for a in self.desk.koban_json("alerts")
                                    if a["reasons"][0]["code"] == "setting_lowered"], 10, "the notices to be over")
        # nor does it help to do it while no agent runs
        self.desk.stop_agent()
        self.desk.koban_json("config", "set", "watch.wariness", "quiet")
        self.desk.start_agent()
        self.desk.wait(lambda: [a["reasons"][0]["about"] for a in self.desk.koban_json("alerts")
                                if a["reasons"][0]["code"] == "setting_lowered"] == ["wariness"], 10, "what protects less")
        wrong = self.desk.koban("config", "set", "watch.warines", "wary")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("watch.wariness", wrong.stderr)
        self.assertEqual(self.desk.koban("config", "set", "check.interval", "1s").returncode, 2)
        self.assertEqual([row["key"] for row in self.desk.koban_json("config", "get")],
                         ["notify.detail", "notify.quiet", "watch.wariness", "watch.guard", "check.interval"])

    def test_alerts_come_out_as_lines(self):
        self.watched()
        env = dict(self.desk.env, **self.desk.time_env)
        watch = subprocess.Popen([str(self.desk.cli_program), "watch"], env=env, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        self.assertIn("Watching", watch.stderr.readline())
        lines = subprocess.Popen([str(self.desk.cli_program), "watch", "--json"], env=env, stdout=subprocess.PIPE, text=True)
        for process in (watch, lines):
            self.addCleanup(process.wait)
            self.addCleanup(process.kill)
        self.addCleanup(lines.stdout.close)
        self.addCleanup(watch.stdout.close)
        self.addCleanup(watch.stderr.close)
        self.desk.set_clock(self.bank.advance("end"))
        self.desk.check()
        self.assertIn("critical", watch.stdout.readline())
        first = json.loads(lines.stdout.readline())
        self.assertIn(first["kind"], ("link", "withdrawal"))
        self.assertTrue(first["summary"])
        for process in (watch, lines):
            process.send_signal(signal.SIGINT)
            self.assertEqual(process.wait(10), 0)


if __name__ == "__main__":
    tap.main()
