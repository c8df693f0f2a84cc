# SPDX-License-Identifier: GPL-3.0-or-later
"""A bank with its habits: how a life's payments come to be listed, and when.

Batches, late lines, pending lines that change amount, text and id, names cut or missing, dates
without times, balances that run ahead of the lines or behind them, links listed or not. The story
holds what the bank tells; the truth, which the bank does not know, is kept beside it.
"""

import datetime
import json
import unicodedata

from life import DAY, MINUTE, at, workday

STAMP = datetime.datetime(1970, 1, 1)


class Bank:
    def __init__(self, rng, country):
        self.rng, self.country = rng, country
        self.times = rng.random() < 0.55
        self.links = rng.random() < 0.55
        self.pending = rng.random() < (0.5 if country.code != "JP" else 0.15)
        self.listing = rng.choice(("live", "live", "hourly", "hourly", "morning"))
        self.late = rng.choice((0, 0, 0.02, 0.05))
        self.balances = rng.choice(("each", "each", "daily", "late", "ahead", "none"))
        if self.balances == "ahead":    # by thirty hours at most: lines come the next morning, workday or not
            self.late = 0
        self.types = rng.random() < 0.6
        self.parties = rng.random() < 0.5          # counterparty in a field of its own
        self.nameless = rng.choice((0, 0, 0, 0.03))
        self.running = rng.random() < 0.2          # balance_after on each line
        self.full_width = country.code == "JP" and rng.random() < 0.25
        self.card_word, self.debit_word = rng.choice(country.card_words), rng.choice(country.debit_words)
        self.noise = rng.choice(("", "", "number", "place", "both"))
        self.width = rng.choice((0, 0, 0, 22, 18))
        self.generic = {"JP": "ｺｳｻﾞﾌﾘｶｴ", "DE": "KARTENZAHLUNG", "FR": "PAIEMENT CB", "NL": "BETAALPAS",
                        "GB": "CARD PAYMENT", "US": "PURCHASE"}[country.code]

    def can_hide(self):
        """A debit without a line can be seen only where balances are told, soon or daily."""
        return self.balances in ("each", "daily", "late")

    # --- how a line reads

    def text(self, payment):
        rng, name = self.rng, payment.name
        if payment.kind == "card" and rng.random() < self.nameless:
            return self.generic
        if payment.kind == "card":
            name = self.card_word + name
            if self.noise in ("number", "both"):
                name += f" {rng.randrange(1000, 9999)}"
            if self.noise in ("place", "both"):
                name += " " + self.country.cities[0]
        elif payment.kind == "direct_debit":
            name = self.debit_word + name
            if payment.mandate and self.noise == "both":
                name += " " + payment.mandate
        if self.full_width:
            name = unicodedata.normalize("NFKC", name)
        return name[:self.width] if self.width and self.country.code != "JP" else name

    def listed_at(self, payment):
        rng, moment = self.rng, payment.moment
        if self.listing == "live":
            listed = moment + MINUTE * rng.choice((0, 0, 1, 3))
        elif self.listing == "hourly":
            listed = moment + MINUTE * rng.randint(5, 70)
        else:
            morning = moment.date() + DAY
            listed = at(morning if self.balances == "ahead" else workday(morning), 6, rng.randrange(3))
        if rng.random() < self.late:
            listed += DAY * rng.randint(1, 3)
        return listed

    def stamp(self, moment):
        return int((moment - STAMP).total_seconds()) - 60 * self.country.offset

    # --- the story

    def play(self, name, victim, attack):
        self.events, self.order, self.truth_lines = [], 0, {}
        self.victim = victim
        opening = {a: victim.opening[a] for a in ("a1", "a2")}
        self.bookings = {"a1": [], "a2": []}
        for event in victim.links:
            self.list_link(event)
        for payment in victim.payments:
            self.list_payment(payment)
        for _ in range(self.rng.choice((0, 0, 0, 1, 2))):
            self.fall_silent(victim)
        for account in self.accounts(victim):
            self.list_balances(account["id"], opening[account["id"]])
        header = {"kind": "story", "format": 1, "name": name, "locale": self.country.locale,
                  "utc_offset_minutes": self.country.offset,
                  "monitor_from": self.stamp(at(victim.monitor_from, 8, 7)), "accounts": self.accounts(victim)}
        self.events.sort(key=lambda e: e[:2])
        lines = [header] + [event for _, _, event in self.events
                            if event["account"] in {a["id"] for a in header["accounts"]}]
        return lines, self.truth(header, victim, attack)

    def accounts(self, victim):
        made = [{"id": "a1", "name": "current", "role": "current"}]
        if victim.has_savings:
            made.append({"id": "a2", "name": "savings", "role": "savings"})
        for account in made:
            account.update(bank="bank0", currency=self.country.currency,
                           opening_booked=int(victim.opening[account["id"]]),
                           links_listed=self.links and account["id"] == "a1", pending_listed=self.pending)
        return made

    def emit(self, moment, **event):
        self.order += 1
        ts = self.stamp(moment)
        self.events.append((ts, self.order, {"ts": ts, **{k: v for k, v in event.items() if v is not None}}))
        return ts

    def fall_silent(self, victim):
        """An hour, or a weekend of maintenance, in which a listing fails."""
        moment = at(victim.monitor_from, self.rng.randrange(24)) + DAY * self.rng.randrange(2,
            max(3, (victim.last - victim.monitor_from).days))
        until = moment + MINUTE * self.rng.choice((30, 60, 240, 600, 2880))
        self.emit(moment, kind="outage", account="a1", what=self.rng.choice(("links", "transactions", "balance",
                                                                             "all")), until=self.stamp(until))

    def list_link(self, event):
        if not self.links:
            return
        kind = {"added": "link_added", "changed": "link_changed", "removed": "link_removed"}[event.action]
        fields = {"link_id": event.link_id, "status": "active"}
        if kind == "link_added":
            fields.update(link_type=event.kind, name=event.name, currency=self.country.currency,
                          mandate_ref=event.mandate if self.rng.random() < 0.7 else None)
        self.emit(event.moment, kind=kind, account="a1", **fields)
        self.events[-1][2]["limit"] = event.limit

    def list_payment(self, payment):
        if payment.hidden:
            self.bookings["a1"].append((payment.moment, payment.moment, payment.amount))
            self.truth_lines[f"hidden-{self.order}"] = (payment, payment.moment)
            return
        text, date = self.text(payment), payment.moment.date()
        base = {"account": payment.account, "currency": self.country.currency, "descriptor": text,
                "type": payment.kind if self.types and payment.kind != "other" else None,
                "time": (payment.moment - MINUTE * self.country.offset).strftime("%Y-%m-%dT%H:%M:%SZ") if self.times
                and payment.kind in ("card", "transfer", "cash") or self.times and self.rng.random() < 0.8 else None,
                "counterparty": payment.name if self.parties and payment.name else None,
                "counterparty_id": payment.payee_id if self.parties and payment.kind in ("transfer", "standing_order")
                else None,
                "mandate_ref": payment.mandate if self.rng.random() < 0.6 else None}
        if self.pending and payment.kind == "card":
            return self.list_pending(payment, base)
        listed = self.listed_at(payment)
        if self.listing == "morning":
            date = max(date, min(listed.date(), workday(date)))
        line_id = f"t{self.order}"
        self.emit(listed, kind="transaction", id=line_id, amount=payment.amount, date=date.isoformat(), **base)
        self.note(payment, listed, line_id, payment.moment, listed)

    def note(self, payment, listed, line_id, moved, booked):
        """`listed`: first visible; `moved`: a balance that runs ahead has it; `booked`: the others have it."""
        self.bookings[payment.account].append((moved, booked, payment.amount))
        if payment.fraud:
            self.truth_lines.setdefault(line_id, (payment, listed))

    def list_pending(self, payment, base):
        rng = self.rng
        listed = payment.moment + MINUTE * rng.choice((0, 1, 4))
        booked = at(workday(payment.moment.date() + DAY * rng.randint(1, 3)), 6, rng.randrange(9))
        same = rng.random() < 0.4
        pending_id = f"p{self.order}"
        line_id = pending_id if same else f"b{self.order}"
        shown, fate = payment.amount, rng.random()
        if not payment.fraud and fate < 0.05:
            shown = max(-1, int(payment.amount * rng.uniform(0.8, 0.95))) if fate < 0.03 else -self.country.minor(1)
            shown = min(-1, shown)
        self.emit(listed, kind="pending", id=pending_id, amount=shown, date=listed.date().isoformat(), **base)
        if fate > 0.985 and not payment.fraud:      # it never was booked
            self.emit(booked, kind="cancelled", account=payment.account, id=pending_id)
            return
        changed = dict(base, descriptor=base["descriptor"] if rng.random() < 0.7 else self.text(payment),
                       time=base["time"] if rng.random() < 0.5 else None)
        self.emit(booked, kind="booked", id=line_id, pending_id=pending_id, amount=payment.amount,
                  date=booked.date().isoformat(), **changed)
        self.note(payment, listed, pending_id, booked, booked)
        if payment.fraud:
            self.truth_lines.setdefault(line_id, (payment, listed))

    def list_balances(self, account, opening):
        if self.balances == "none":
            return
        moments = {}
        for moment, booked, amount in self.bookings[account]:
            when = moment if self.balances == "ahead" and booked > moment else booked
            if self.balances == "late":
                when += MINUTE * self.rng.randint(20, 180)
            elif self.balances == "daily":
                when = at(when.date(), 23, 30)
            moments[when] = moments.get(when, 0) + amount
        running = opening
        for when in sorted(moments):
            running += moments[when]
            self.emit(when, kind="balance", account=account, booked=int(running), available=int(running),
                      currency=self.country.currency)

    def truth(self, header, victim, attack):
        made = {"country": self.country.code, "monitor_from": header["monitor_from"],
                "until": self.stamp(at(victim.last, 0)), "accounts": len(header["accounts"]),
                "activity": round(victim.activity), "links_listed": self.links,
                "history_days": (victim.monitor_from - victim.first).days, "times": self.times,
                "listing": self.listing, "balances": self.balances, "attack": None}
        if attack is not None:
            lines = [{"id": i, "ts": self.stamp(p.moment), "listed": self.stamp(listed), "amount": p.amount} for i,
                     (p, listed) in self.truth_lines.items()]
            taken = {id(p): p for p, _ in self.truth_lines.values()}
            made["attack"] = {"kind": attack.kind, "lines": lines, "links": sorted({e.link_id for e in attack.links})
                              if self.links else [],
                              "hidden": any(p.hidden for p in taken.values()),
                              "first": min(line["ts"] for line in lines),
                              "sum": sum(p.amount for p in taken.values()),
                              "payments": [{"ts": self.stamp(p.moment), "amount": p.amount}
                                           for p in sorted(taken.values(), key=lambda p: p.moment)]}
        return made


def write(path, lines):
    with open(path, "w", encoding="utf-8") as out:
        for line in lines:
            out.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
