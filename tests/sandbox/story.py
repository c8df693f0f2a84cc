# SPDX-License-Identifier: GPL-3.0-or-later
"""A story (JSON lines) and the world that it makes: what a bank would know at one moment of it.

The world moves only forward and only as far as it is told. It promises that nothing later than its
own `now` can be read from it. It knows no wire format.
"""

import datetime
import json
import time

DAY = 86400
UTC = datetime.timezone.utc


class StoryError(Exception):
    """The story cannot be played; the message says which line and why."""


def parse_time(text):
    """RFC 3339 → seconds since 1970, as a float (milliseconds survive)."""
    if text.endswith(("Z", "z")):
        text = text[:-1] + "+00:00"
    return datetime.datetime.fromisoformat(text).timestamp()


def shift_date(text, days):
    return (datetime.date.fromisoformat(text) + datetime.timedelta(days=days)).isoformat()


def instant_of(line):
    """When a line happened: its time, else an instant of its date in UTC and, where the date allows it, not after it was made."""
    if line.get("time"):
        return line["time"]
    start = parse_time(line["date"] + "T00:00:00Z")
    return max(start, min(start + DAY / 2, line["made"]))


class Story:
    """The lines of a file, moved by whole days. `shift_s` is what was added to every time in it."""

    def __init__(self, header, events, shift_s):
        self.header = header
        self.events = events
        self.shift_s = shift_s
        self.name = header.get("name", "story")
        self.monitor_from = header["monitor_from"]
        self.accounts = header["accounts"]
        self.utc_offset_s = 60 * header.get("utc_offset_minutes", 0)
        self.end = max([e["ts"] for e in events] + [self.monitor_from])

    @classmethod
    def read(cls, path, as_is=False, today=None):
        """Moves the story so that `monitor_from` lies in the 24 hours before `today` (now), unless `as_is`."""
        lines = read_lines(path)
        if not lines or lines[0].get("kind") != "story":
            raise StoryError("%s: the first line is not a story header" % path)
        header, events = lines[0], lines[1:]
        if header.get("format") != 1:
            raise StoryError("%s: format %r is not 1" % (path, header.get("format")))
        now = time.time() if today is None else today
        days = 0 if as_is else int((now - header["monitor_from"]) // DAY)
        return cls(moved(header, days), [moved(e, days) for e in events], days * DAY)


def read_lines(path):
    lines = []
    with open(path, encoding="utf-8") as source:
        for number, text in enumerate(source, 1):
            if not text.strip():
                continue
            try:
                lines.append(json.loads(text))
            except ValueError as error:
                raise StoryError("%s:%d: %s" % (path, number, error))
    return lines


def moved(line, days):
    """The same line, so many days later. A `time` becomes UTC; the instant is what counts."""
    out = dict(line)
    for key in ("ts", "until", "monitor_from"):
        if key in out:
            out[key] = out[key] + days * DAY
    if out.get("date"):
        out["date"] = shift_date(out["date"], days)
    if out.get("time"):
        out["time"] = parse_time(out["time"]) + days * DAY
    return out


class Account:
    def __init__(self, header):
        self.id = header["id"]
        self.name = header.get("name", self.id)
        self.bank = header.get("bank", "bank0")
        self.currency = header["currency"]
        self.links_listed = header.get("links_listed", True)
        self.pending_listed = header.get("pending_listed", True)
        self.booked = header.get("opening_booked", 0)
        self.available = self.booked
        self.lines = {}   # id → dict; insertion order is the order in which the bank made them
        self.links = {}   # link_id → dict
        self.outages = []  # (what, until)

    def is_out(self, what, now):
        return any(until > now and name in (what, "all") for name, until in self.outages)

    def add_line(self, event, state):
        line = dict(event, state=state, made=event["ts"], changed=event["ts"], origin=event["id"])
        before = self.lines.pop(event.get("pending_id"), None) if state == "booked" else None
        if before is not None:
            line.update(origin=before["origin"], made=before["made"], time=event.get("time", before.get("time")))
        self.lines[event["id"]] = line
        held = before["amount"] if before is not None and before["state"] == "pending" else 0
        self.available += event["amount"] - held
        if state == "booked":
            self.booked += event["amount"]

    def cancel_line(self, event):
        line = self.lines.get(event["id"])
        if line is None or line["state"] == "cancelled":
            return
        self.available -= line["amount"]
        if line["state"] == "booked":
            self.booked -= line["amount"]
        line.update(state="cancelled", changed=event["ts"])

    def add_link(self, event):
        self.links[event["link_id"]] = dict(event, status=event.get("status", "active"), made=event["ts"], listed=True)

    def change_link(self, event):
        link = self.links.get(event["link_id"])
        if link is not None:
            link.update({k: v for k, v in event.items() if k not in ("ts", "kind")}, listed=True)

    def remove_link(self, event):
        """A link with a status stays in the list as ended; one without is simply not listed any more."""
        link = self.links.get(event["link_id"])
        if link is not None:
            link.update(status=event.get("status") or "gone", ended=event["ts"], listed="status" in event)


class World:
    """The story as far as it has been told."""

    def __init__(self, story):
        self.story = story
        self.accounts = {a["id"]: Account(a) for a in story.accounts}
        self.position = 0          # events[:position] have happened
        self.now = float("-inf")   # nothing has
        self.revoked = []          # (link_id, how), in order

    def advance(self, to):
        """Plays every event up to and including `to`; returns their kinds."""
        if to < self.now:
            raise StoryError("the story cannot go back from %s to %s" % (self.now, to))
        played = []
        while self.position < len(self.story.events) and self.story.events[self.position]["ts"] <= to:
            event = self.story.events[self.position]
            self.position += 1
            if self.play(event):
                played.append(event["kind"])
        self.now = to
        return played

    def play(self, event):
        act = PLAYS.get(event.get("kind"))
        account = self.accounts.get(event.get("account"))
        if act is None or account is None:
            return False
        act(account, event)
        return True

    def revoke(self, link_id, how="cancel"):
        """The person ends a link. `how`: cancel (listed as ended), vanish (not listed), ignore (a bank that lies)."""
        for account in self.accounts.values():
            link = account.links.get(link_id)
            if link is None or link["status"] != "active":
                continue
            self.revoked.append((link_id, how))
            if how != "ignore":
                link.update(status="revoked", ended=self.now, listed=how != "vanish")
            return True
        return False


def set_balance(account, event):
    account.booked = event["booked"]
    account.available = event.get("available", event["booked"])


def add_outage(account, event):
    account.outages.append((event.get("what", "all"), event["until"]))


PLAYS = {
    "transaction": lambda account, event: account.add_line(event, "booked"),
    "booked": lambda account, event: account.add_line(event, "booked"),
    "pending": lambda account, event: account.add_line(event, "pending"),
    "cancelled": Account.cancel_line,
    "balance": set_balance,
    "link_added": Account.add_link,
    "link_changed": Account.change_link,
    "link_removed": Account.remove_link,
    "outage": add_outage,
}
