#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The agent is killed, without a chance to clean up, before and after every request, every commit and every bubble of the
check that finds the rogue link and the four debits. Whatever the step: started again it tells both, once each,
and calls for attention at most once more than it would have.
"""

import os
import signal
import unittest

import tap
from desk import Desk, DeskError, GLib, preloaded


class Kill(unittest.TestCase):
    def prepare(self, provider="starling"):
        """A watched account, the theft done, and the agent not running: the next check will find it all."""
        desk = Desk(moving_time=True)
        self.addCleanup(desk.close)
        bank = desk.open_bank("docomo", provider, "--as-is")
        desk.set_clock(bank.monitor_from)
        desk.add(bank)
        desk.set_clock(bank.advance("event:126"))
        self.assertEqual(desk.koban("check").returncode, 0)
        desk.stop_agent()
        desk.set_clock(bank.advance("end"))
        return desk

    def run_check(self, desk):
        """TRUE if the agent outlived it, and nothing waits to be sent. One life of it, whatever comes."""
        pid = desk.start_agent()
        try:
            desk.check(start=False)
            desk.wait(lambda: desk.agent_pid() != pid or self.unsent(desk) == 0, 30, "the outbox to be empty")
        except (DeskError, GLib.Error):
            pass
        return pid is not None and desk.agent_pid() == pid

    @staticmethod
    def end_life(desk):
        """Where the step did not come, the agent still waits for it: the next life must be another's."""
        desk.set_agent()
        desk.stop_agent(signal.SIGKILL)

    @staticmethod
    def unsent(desk):
        return desk.call("Status", None, "(a{sv})", start=False)[0]["unsent"]

    def with_steps(self, desk, **env):
        desk.set_agent(LD_PRELOAD=desk.preload(desk.time_env["LD_PRELOAD"], preloaded("kill-at")), **env)

    def steps(self):
        """The names of all steps, from a run that nobody kills."""
        desk = self.prepare()
        seen = os.path.join(desk.scratch, "steps")
        self.with_steps(desk, STEPS_SEEN=seen)
        self.assertTrue(self.run_check(desk))
        with open(seen, encoding="ascii") as names:
            steps = names.read().split()
        self.told_once(desk, "no kill")
        self.assertEqual(self.repeats(desk), 0)
        desk.close()
        return steps

    def repeats(self, desk):
        """How often the same thing called for attention again; what is shown again in silence does not."""
        said = [(s["summary"], s["body"]) for s in desk.notifier.shown() if not s["hints"].get("suppress-sound")]
        return len(said) - len(set(said))

    def told_once(self, desk, step):
        alerts = [a for a in desk.alerts() if a["kind"] != "freshness"]
        kinds = sorted(a["kind"] for a in alerts if a["severity"] == "critical")
        self.assertEqual([k for k in kinds if k != "balance"], ["link", "withdrawal"], step)
        self.assertEqual(len({a["incident"] for a in alerts if a["kind"] in ("link", "withdrawal")}), 1, step)
        theft, = [a for a in alerts if a["kind"] == "withdrawal"]
        self.assertEqual((len(theft["refs"]), theft["total"]), (4, (-300000, "JPY")), step)
        self.assertEqual({a["state"] for a in alerts if a["severity"] == "critical"}, {"notified"}, step)
        desk.wait(lambda: any(s["hints"].get("urgency") == 2 for s in desk.notifier.shown()), 10, "the bubble, after " + step)

    def test_no_alert_is_lost_whenever_it_is_killed(self):
        steps = self.steps()
        for kind in ("request", "commit", "show"):
            self.assertIn(kind + "-after:1", steps)
        killed = [step for step in steps if self.killed_at(step)]
        # the cycle and the courier run beside each other: a late step may not come in every run
        self.assertGreaterEqual(len(killed), len(steps) - 4, sorted(set(steps) - set(killed)))
        for kind in ("request", "commit", "show"):
            self.assertIn(kind + "-before:1", killed)
            self.assertIn(kind + "-after:1", killed)

    def killed_at(self, step):
        desk = self.prepare()
        self.with_steps(desk, KILL_AT=step)
        killed = not self.run_check(desk)
        self.end_life(desk)
        self.assertTrue(self.run_check(desk), desk.log_tail())
        self.told_once(desk, step)
        self.assertLessEqual(self.repeats(desk), 1, step)
        print("# %s: %s, repeated %d" % (step, "killed" if killed else "did not come", self.repeats(desk)), flush=True)
        desk.close()
        return killed

    def test_a_list_of_changes_goes_on_where_it_was_written_down(self):
        """Its cursor is kept between checks: killed between two commits it must not have gone past a line."""
        for n in range(1, 10):
            for when in ("before", "after"):
                step = "commit-%s:%d" % (when, n)
                with self.subTest(step):
                    desk = self.prepare("plaid")
                    self.with_steps(desk, KILL_AT=step)
                    killed = not self.run_check(desk)
                    self.end_life(desk)
                    self.assertTrue(self.run_check(desk), desk.log_tail())
                    theft, = [a for a in desk.alerts() if a["kind"] == "withdrawal"]
                    self.assertEqual((len(theft["refs"]), theft["total"]), (4, (-300000, "JPY")), step)
                    print("# %s: %s" % (step, "killed" if killed else "did not come"), flush=True)
                    desk.close()

    def test_a_term_in_the_middle_ends_it_soon_and_loses_nothing(self):
        desk = self.prepare()
        bank_slow = {"what": "slow", "seconds": 20, "path": "*/feed/*"}
        self.bank_of(desk).tell("fault", **bank_slow)
        desk.start_agent()
        path = desk.call("Check", GLib.Variant("(as)", ([],)), "(o)")[0]
        desk.call("Start", None, "()", path=path, interface="org.koban.Koban1.Operation")
        desk.wait(lambda: any(r["fault"] == "slow" for r in self.bank_of(desk).requests()), 20, "the slow request")
        desk.stop_agent(signal.SIGTERM)
        self.assertTrue(self.run_check(desk), desk.log_tail())
        self.told_once(desk, "term")

    @staticmethod
    def bank_of(desk):
        return desk.banks[0]


if __name__ == "__main__":
    tap.main()
