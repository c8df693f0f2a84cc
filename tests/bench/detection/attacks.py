# SPDX-License-Identifier: GPL-3.0-or-later
"""Attacks on a life, each after one that happened or is reported (facts on incidents and detection).

An attack adds payments and links to a Life and marks them. It sees the account as the thief does:
limits of the service, what is there to take. Times are free: the 2020 thefts were at noon.
"""

import math

import life
from life import DAY, MINUTE, LinkEvent


class Attack:
    """What the thief did: the bench's truth."""

    def __init__(self, rng, victim, kind):
        self.rng, self.victim, self.kind, self.country = rng, victim, kind, victim.country
        self.payments, self.links = [], []
        span = (victim.last - victim.monitor_from).days
        self.day = victim.monitor_from + DAY * rng.randrange(12, max(13, span - 75))

    def moment(self, day=None, night=0.25):
        if self.rng.random() < night:
            return life.at(day or self.day, self.rng.choice((22, 23, 0, 1, 2, 3, 4)), self.rng.randrange(60),
                           self.rng.randrange(60))
        return life.at(day or self.day, self.rng.randint(8, 21), self.rng.randrange(60), self.rng.randrange(60))

    def take(self, moment, amount, name, kind, scaled=False, **more):
        amount = max(1, abs(int(amount * self.victim.temper.greed if scaled else amount)))
        payment = life.Payment(moment, -amount, name, kind, fraud=True, **more)
        self.payments.append(payment)
        return payment

    def gain(self, moment, kind, name, mandate=None, limit=None, action="added", link_id=None):
        event = LinkEvent(moment, action, link_id or self.victim.next_id("X"), kind, name, mandate, limit, fraud=True)
        self.links.append(event)
        return event

    def fresh_wallet(self):
        known = {p.name for p in self.victim.payments}
        return self.rng.choice([w for w in self.country.wallets if w not in known] or list(self.country.wallets))

    def debit_kind(self):
        return "direct_debit" if self.country.code in ("JP", "DE", "FR",
                                                       "NL") else self.rng.choice(("card", "transfer",
                                                           "direct_debit"))

    def burst(self, moment, name, cap=None, waves=True, **more):
        """Charges below the service's limit until its day or month is full; often again later."""
        rng, c = self.rng, self.country
        single = c.round_sum(rng.choice((60, 125, 190, 310, 625)) * self.victim.temper.greed, 10)
        cap = cap or single * rng.choice((2, 3, 3, 4))
        for _ in range(1 + (waves and rng.choice((0, 1, 1, 2, 3)))):
            left, at = cap, moment
            while left > 0:
                amount = min(left, c.round_sum(single / c.minor(1) * rng.choice((1, 1, 0.9, 0.9, 0.5, 0.2)), 5))
                self.take(at, amount, name, self.debit_kind(), **more)
                left -= amount
                at += MINUTE * rng.choice((0.3, 0.4, 0.6, 1, 2, 4))
            moment += DAY * rng.choice((1, 1, 2, 30)) + MINUTE * rng.randint(-300, 300)

    def become(self, kind):
        """The account has nothing that the planned kind could use."""
        self.kind = kind
        getattr(self, kind)()

    # --- kinds

    def wallet_listed(self):
        first, name = self.moment(), self.fresh_wallet()
        mandate = f"W{self.rng.randrange(10 ** 6)}"
        self.gain(first - MINUTE * self.rng.choice((6, 20, 45, 120, 400, 900, 1900)), "emoney", name, mandate,
                  self.rng.choice((None, self.country.round_sum(600, 100))))
        self.burst(first, name)

    def wallet_unlisted(self):
        self.burst(self.moment(), self.fresh_wallet())

    def wallet_unknown(self):
        self.burst(self.moment(), self.country.invent(self.rng) + (" PAY" if self.country.code != "JP" else "ﾍﾟｲ"))

    def wallet_unknown_listed(self):
        first, name = self.moment(), self.country.invent(self.rng)
        self.gain(first - MINUTE * self.rng.choice((10, 60, 300, 1500)),
                  self.rng.choice(("emoney", "direct_debit", "app")), name)
        self.burst(first, name)

    def wallet_taken_over(self):
        """A link that the person uses every week, in other hands for one night."""
        if not self.victim.wallets:
            return self.become("wallet_unlisted")
        self.burst(self.moment(night=0.7), self.rng.choice(self.victim.wallets))

    def sleeping_link(self):
        """Made long ago, never or hardly used; then four charges at eleven in the evening (Toss, 2020)."""
        name = self.fresh_wallet()
        self.victim.links.append(LinkEvent(life.at(self.victim.first, 7, 30), "added", self.victim.next_id("L"),
                                           "emoney", name, None, None))
        old = life.Payment(life.at(self.victim.first + DAY, 12, 10), -self.country.round_sum(20, 10), name,
                           self.debit_kind())
        if self.rng.random() < 0.5:
            self.victim.payments.append(old)
        self.burst(self.moment(night=0.7), name, waves=False)

    def rogue_mandate(self):
        """A creditor nobody signed with: small enough to be overlooked."""
        name, mandate = self.country.invent(self.rng), f"R{self.rng.randrange(10 ** 6)}"
        self.gain(self.moment() - DAY * self.rng.randint(1, 5), "direct_debit", name, mandate)
        for n in range(self.rng.randint(2, 4)):
            self.take(life.at(life.workday(self.day + DAY * (n * self.rng.choice((7, 28, 30)))), 5, 10),
                      self.country.minor(self.rng.uniform(4.99, 59.90)), name, "direct_debit", mandate=mandate)

    def loan_mandate(self):
        name, mandate = self.country.invent(self.rng), f"R{self.rng.randrange(10 ** 6)}"
        self.gain(self.moment() - DAY * self.rng.randint(1, 5), "direct_debit", name, mandate)
        for n in range(self.rng.randint(1, 3)):
            self.take(life.at(life.workday(self.day + DAY * 7 * n), 5, 10),
                      self.country.minor(self.rng.uniform(150, 600)), name, "direct_debit", scaled=True,
                      mandate=mandate)

    def card_testing(self):
        moment = self.moment(night=0.4)
        for _ in range(self.rng.randint(1, 4)):
            self.take(moment, self.country.minor(self.rng.uniform(0.3, 2.2)), self.country.invent(self.rng), "card")
            moment += MINUTE * self.rng.randint(1, 40)
        moment += MINUTE * self.rng.choice((50, 240, 900, 2600))
        name = self.country.invent(self.rng)
        for _ in range(self.rng.randint(2, 6)):
            self.take(moment, self.country.minor(self.rng.uniform(70, 520)), name, "card", scaled=True)
            moment += MINUTE * self.rng.randint(1, 90)
            name = name if self.rng.random() < 0.5 else self.country.invent(self.rng)

    def push_takeover(self):
        """Somebody is inside the internet bank: savings moved first, then payments out."""
        rng, moment, victim = self.rng, self.moment(), self.victim
        total = self.country.minor(rng.lognormvariate(math.log(2200), 0.6) * self.victim.temper.greed)
        if victim.has_savings:
            total = min(total + victim.balance_at(moment) // 2,
                        int(victim.opening["a2"] * 0.9) + victim.balance_at(moment) // 2)
            moved = max(self.country.minor(50), total // 2)
            victim.save(moment, moved, back=True)
            moment += MINUTE * rng.randint(2, 30)
        name, iban = self.country.person(rng), victim.iban()
        count = rng.randint(2, 5)
        for n in range(count):
            self.take(moment, self.country.round_sum(total / count / self.country.minor(1), 10), name, "transfer",
                      payee_id=iban)
            moment += MINUTE * rng.choice((3, 8, 25, 60, 400))

    def slow_skim(self):
        name, moment = self.country.invent(self.rng), self.moment()
        for _ in range(self.rng.randint(7, 14)):
            self.take(moment, self.country.minor(self.rng.uniform(9, 38)), name, "card", scaled=True)
            moment += DAY * self.rng.randint(2, 8) + MINUTE * self.rng.randint(-300, 300)

    def amended_mandate(self):
        """A mandate that is honest and known collects far more; where links are listed its limit was lifted."""
        bills = [b for b in self.victim.bills if b.kind == "direct_debit" and b.every == 1 and b.first is None
                 and b.spread < 0.3 and b.units < 130]
        if not bills:
            return self.become("rogue_mandate")
        bill = self.rng.choice(bills)
        link = next((e for e in self.victim.links if e.name == bill.name), None)
        if link is not None:
            link.limit = self.country.round_sum(bill.units * 2, 10)
            self.gain(self.moment() - DAY, "direct_debit", bill.name, bill.mandate,
                      self.country.round_sum(bill.units * 20, 100), "changed", link.link_id)
        for n in range(self.rng.randint(1, 3)):
            self.take(life.at(life.workday(self.day + DAY * (1 + n)), 5, 10),
                      self.victim.money(bill.units * self.rng.uniform(4, 9)), bill.name, "direct_debit",
                      mandate=bill.mandate)

    def test_then_drain(self):
        rng, name, iban = self.rng, self.country.person(self.rng), self.victim.iban()
        moment = self.moment()
        self.take(moment, self.country.minor(rng.choice((0.01, 0.1, 0.5, 1, 1))), name, "transfer", payee_id=iban)
        moment += MINUTE * rng.choice((20, 90, 600, 2000, 4000))
        amount = max(self.country.minor(150), int(self.victim.balance_at(moment) * rng.uniform(0.5, 0.95)))
        for part in rng.choice(((1,), (0.6, 0.4), (0.4, 0.3, 0.3))):
            self.take(moment, amount * part, name, "transfer", payee_id=iban)
            moment += MINUTE * rng.randint(2, 30)

    def hidden_debit(self):
        """The money is gone, and no line ever says where."""
        self.take(self.moment(), self.country.round_sum(self.rng.choice((80, 150, 300, 800)), 10), "", "other",
                  hidden=True)

    def duplicate_collection(self):
        """A merchant's terminal or collector, in the wrong hands, collects known sums again."""
        candidates = [p for p in self.victim.payments if p.kind == "direct_debit" and p.mandate
                      and p.moment.date() >= self.victim.monitor_from + DAY * 10
                      and -p.amount > self.country.minor(20)]
        if not candidates:
            return self.become("rogue_mandate")
        one = self.rng.choice(candidates)
        for n in range(self.rng.randint(1, 3)):
            self.take(one.moment + DAY * (1 + 2 * n), -one.amount, one.name, one.kind, mandate=one.mandate)

    def rogue_standing_order(self):
        name, iban = self.country.person(self.rng), self.victim.iban()
        self.gain(self.moment() - MINUTE * self.rng.randint(30, 3000), "standing_order", name)
        for n in range(2):
            self.take(life.at(self.day + DAY * (1 + 30 * n), 4, 40),
                      self.country.round_sum(self.rng.uniform(120, 480), 10), name, "standing_order", payee_id=iban)

    def rogue_consent(self):
        """Consent phished for 'recurring payments', then swept."""
        name = self.country.invent(self.rng)
        first = self.moment()
        self.gain(first - MINUTE * self.rng.choice((15, 90, 700)), "recurring_consent", name, None,
                  self.country.round_sum(1000, 100))
        self.burst(first, name, waves=True)


KINDS = ("wallet_listed", "wallet_unlisted", "wallet_unknown", "wallet_unknown_listed", "wallet_taken_over",
         "sleeping_link", "rogue_mandate", "loan_mandate",
         "card_testing", "push_takeover", "slow_skim", "amended_mandate", "test_then_drain", "hidden_debit",
         "duplicate_collection", "rogue_standing_order",
         "rogue_consent")
NEEDS_LINKS = ("wallet_listed", "wallet_unknown_listed", "rogue_standing_order", "rogue_consent")
NO_LINKS = ("wallet_unlisted", "wallet_unknown")


def commit(rng, victim, kind):
    """Makes the attack and puts it into the life. None if it would not fit in the time that is watched."""
    attack = Attack(rng, victim, kind)
    getattr(attack, kind)()
    attack.payments = [p for p in attack.payments if p.moment.date() < victim.last]
    first = min((p.moment for p in attack.payments), default=None)
    if first is None or first.date() <= victim.monitor_from + DAY * 2:
        return None
    victim.payments += attack.payments
    victim.payments.sort(key=lambda p: p.moment)
    victim.links += attack.links
    victim.links.sort(key=lambda e: e.moment)
    return attack
