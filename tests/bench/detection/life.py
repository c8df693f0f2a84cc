# SPDX-License-Identifier: GPL-3.0-or-later
"""An honest life: what one person's account really does for some months, before any bank tells it.

The figures follow facts about ordinary accounts: 131 to 946 debits a year (5 % to 95 %), a median
card payment of 20 units, 100 at 95 %, 370 at 99 %, constant standing orders, five to twenty new
payees a month. Then what unusual but honest lives hold: holidays, moving, a new job, Christmas,
sales, tax, yearly insurance, a new wallet, large purchases, twins. Nothing here is fraud.
"""

import calendar
import dataclasses
import datetime
import math

import world

DAY = datetime.timedelta(days=1)
MINUTE = datetime.timedelta(minutes=1)


@dataclasses.dataclass
class Payment:
    moment: datetime.datetime   # local
    amount: int                 # minor units, negative is out
    name: str
    kind: str                   # card transfer direct_debit standing_order cash fee credit
    account: str = "a1"
    payee_id: str | None = None
    mandate: str | None = None
    own: bool = False
    fraud: bool = False
    hidden: bool = False        # the bank never lists it


@dataclasses.dataclass
class LinkEvent:
    moment: datetime.datetime
    action: str                 # added changed removed
    link_id: str
    kind: str = "direct_debit"
    name: str = ""
    mandate: str | None = None
    limit: int | None = None
    fraud: bool = False


@dataclasses.dataclass
class Bill:
    """Something collected at an even pace."""
    name: str
    kind: str
    units: float
    every: int                  # months
    day: int
    spread: float = 0.0         # of the logarithm of its amount
    mandate: str | None = None
    first: datetime.date | None = None
    last: datetime.date | None = None
    payee_id: str | None = None


def at(day, hour, minute=0, second=0):
    return datetime.datetime(day.year, day.month, day.day, hour, minute, second)


def workday(day):
    while day.weekday() > 4:
        day += DAY
    return day


def due_day(day, wanted):
    return workday(day.replace(day=min(wanted, calendar.monthrange(day.year, day.month)[1])))


def poisson(rng, mean):
    if mean > 30:
        return max(0, round(rng.gauss(mean, math.sqrt(mean))))
    limit, product, count = math.exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


@dataclasses.dataclass(frozen=True)
class Temper:
    """What a whole seed has more or less of, so that no detector fits one world only."""

    surprise: float = 1.0       # how often unusual honest things happen
    novelty: float = 1.0        # how often people shop at new places
    spread: float = 1.0         # how widely sums vary
    greed: float = 1.0          # how much thieves take

    @classmethod
    def of(cls, rng):
        return cls(*(min(1.6, max(0.6, rng.lognormvariate(0, sigma))) for sigma in (0.25, 0.3, 0.1, 0.3)))


class Life:
    def __init__(self, rng, country, temper, first, last, monitor_from):
        self.rng, self.country, self.temper = rng, country, temper
        self.first, self.last, self.monitor_from = first, last, monitor_from
        self.payments, self.links, self.serial = [], [], 0
        self.scale = rng.lognormvariate(0, 0.4)             # rich and poor
        self.activity = min(1500, max(90, rng.lognormvariate(math.log(383), 0.55)))
        self.has_savings = rng.random() < 0.6
        self.novelty = rng.uniform(0.03, 0.14) * temper.novelty              # how often a purchase is somewhere new
        self.night_owl = rng.random() < 0.2
        self.card_bill = country.code == "JP" and rng.random() < 0.5
        self.bills = []
        self.stock()
        self.settle()
        self.live()
        self.surprise()
        self.earn()

    # --- small helpers

    def money(self, units):
        return self.country.minor(units * self.scale)

    def moment(self, day, night=0.02):
        rng = self.rng
        if rng.random() < (0.15 if self.night_owl else night):
            hour = rng.choice((22, 23, 0, 1, 2, 3))
        else:
            hour = min(21, max(7, round(rng.gauss(14.5, 3.6))))
        return at(day, hour, rng.randrange(60), rng.randrange(60))

    def any_day(self, margin=5):
        return self.first + DAY * self.rng.randrange(margin, max(margin + 1, (self.last - self.first).days - margin))

    def next_id(self, prefix):
        self.serial += 1
        return f"{prefix}{self.serial}"

    def pay(self, moment, units, name, kind="card", **more):
        """`units` of the person's own scale; a sum typed by hand is passed as `amount`."""
        amount = more.pop("amount", None)
        payment = Payment(moment, -(amount if amount is not None else self.money(units)), name, kind, **more)
        if self.first <= moment.date() < self.last:
            self.payments.append(payment)
        return payment

    def link(self, moment, kind, name, mandate=None, limit=None):
        event = LinkEvent(max(moment, at(self.first, 0, self.rng.randrange(50))), "added", self.next_id("L"), kind,
                          name, mandate, limit)
        self.links.append(event)
        return event

    def iban(self):
        return f"{self.country.code}{self.rng.randrange(10, 99)}{self.rng.randrange(10 ** 12, 10 ** 13)}"

    # --- what is always there

    def stock(self):
        rng, c = self.rng, self.country
        self.groceries = rng.sample(c.groceries, rng.randint(2, 4))
        self.shops = rng.sample(c.shops, rng.randint(3, 7))
        self.food = rng.sample(c.food, rng.randint(2, 5))
        self.corner = [c.invent(rng) for _ in range(rng.randint(4, 22))]
        self.friends = [(c.person(rng), self.iban()) for _ in range(rng.randint(1, 6))]
        self.wallets = rng.sample(c.wallets, rng.choice((0, 0, 1, 1, 1, 2)))

    def add_bill(self, bill, linked=True):
        if bill.kind == "direct_debit":
            bill.mandate = bill.mandate or f"M{self.rng.randrange(10 ** 6, 10 ** 7)}"
        self.bills.append(bill)
        if linked and bill.kind in ("direct_debit", "standing_order"):
            start = bill.first or self.first
            self.link(at(start, 8, self.rng.randrange(60)) - DAY * (self.rng.randint(1, 9) if bill.first else 0),
                      bill.kind, bill.name, bill.mandate)

    def settle(self):
        rng, c = self.rng, self.country
        self.rent = Bill(rng.choice(c.landlords), rng.choice(("standing_order", "direct_debit", "transfer")),
                         rng.uniform(350, 1150), 1, rng.choice((1, 1, 2, 3, 27, 28)), payee_id=self.iban())
        self.add_bill(self.rent)
        for name in rng.sample(c.utilities, rng.randint(3, 6)):
            self.add_bill(Bill(name, "direct_debit", rng.uniform(12, 110), rng.choice((1, 1, 1, 2, 3)),
                               rng.randint(1, 28), rng.choice((0, 0, 0.12, 0.25))))
        for name in rng.sample(c.subscriptions, rng.randint(1, 5)):
            kind = rng.choice(("card", "direct_debit"))
            self.add_bill(Bill(name, kind, rng.choice((4.99, 7.99, 9.99, 12.99, 17.99, 29.9, 39)), 1,
                               rng.randint(1, 28)))
        if rng.random() < 0.6:
            self.add_bill(Bill(rng.choice(c.insurers), rng.choice(("direct_debit", "card", "transfer")),
                               rng.uniform(120, 800), 12, rng.randint(1, 28)))
        if self.card_bill:
            self.add_bill(Bill("ﾐﾂｲｽﾐﾄﾓｶ-ﾄﾞ", "direct_debit", rng.uniform(200, 700), 1, 10, 0.35))
        for wallet in self.wallets:
            self.link(at(self.first, 7), "emoney", wallet, f"W{rng.randrange(10 ** 6)}",
                      rng.choice((None, c.round_sum(600, 100))))

    def collect(self, bill):
        rng = self.rng
        month = bill.first or self.first
        if bill.every >= 12:
            month = self.any_day()
        month = month.replace(day=1)
        price = bill.units * (1 if bill.spread else 1.0)
        rise = self.any_day() if rng.random() < 0.35 else None
        step = 0
        while month < self.last:
            if step % bill.every == 0:
                day = due_day(month, bill.day)
                if (bill.first is None or day >= bill.first) and (bill.last is None or day < bill.last):
                    units = price * math.exp(rng.gauss(0, bill.spread)) if bill.spread else price
                    if rise is not None and day >= rise and not bill.spread:
                        units *= 1.09
                    hour = 5 if bill.kind != "card" else rng.randint(6, 11)
                    self.pay(at(day, hour, rng.randrange(30)), units, bill.name, bill.kind, mandate=bill.mandate,
                             payee_id=bill.payee_id if bill.kind != "card" else None)
            step += 1
            month = (month + DAY * 32).replace(day=1)

    def live(self):
        rng = self.rng
        for bill in list(self.bills):
            self.collect(bill)
        daily = max(0.08, (self.activity - 12 * len(self.bills)) / 365) * (0.3 if self.card_bill else 1)
        day = self.first
        while day < self.last:
            busy = daily * (1.35 if day.weekday() in (4, 5) else 0.85) * (1.5 if (day.month, day.day) > (12, 1)
                                                                          and day.day < 24 and day.month == 12 else 1)
            for _ in range(poisson(rng, busy)):
                self.shop(day)
            if day.weekday() == 5 and rng.random() < 0.5 or rng.random() < 0.02:
                self.pay(self.moment(day), 0, self.country.cash + " " + rng.choice(self.country.cities), "cash",
                         amount=self.country.round_sum(rng.choice((20, 50, 50, 100, 150, 200)) * self.scale, 10))
            if rng.random() < 0.03:
                name, iban = rng.choice(self.friends)
                self.pay(self.moment(day), 0, name, "transfer", payee_id=iban,
                         amount=self.country.round_sum(rng.lognormvariate(math.log(38), 1.0), 1))
            if self.wallets and rng.random() < 0.05:
                self.top_up(self.moment(day), rng.choice(self.wallets))
            if self.has_savings and day == due_day(day, 28):
                self.save(at(day, 6, rng.randrange(60)), self.country.round_sum(rng.choice((50, 100,
                    200)) * self.scale, 10))
            day += DAY

    def price(self, median, sigma):
        return self.rng.lognormvariate(math.log(median), sigma * self.temper.spread)

    def shop(self, day):
        rng = self.rng
        kind = rng.random()
        if rng.random() < self.novelty:
            self.pay(self.moment(day), self.price(20, 1.0), self.country.invent(rng))
        elif kind < 0.45:
            self.pay(self.moment(day), self.price(22, 0.75), rng.choice(self.groceries))
        elif kind < 0.62:
            self.pay(self.moment(day), self.price(30, 0.95), rng.choice(self.shops))
        elif kind < 0.84:
            self.pay(self.moment(day), self.price(9, 0.6), rng.choice(self.food))
        else:
            self.pay(self.moment(day), self.price(18, 0.8), rng.choice(self.corner))

    def top_up(self, moment, wallet):
        return self.pay(moment, 0, wallet, "direct_debit" if self.country.code == "JP" else "card",
                        amount=self.country.round_sum(self.rng.choice((10, 20, 20, 30, 50, 50, 100)), 5))

    def save(self, moment, amount, back=False):
        sign = 1 if back else -1
        self.payments.append(Payment(moment, sign * amount, self.own_name(back), "transfer", "a1", "own-a2",
                                     own=True))
        self.payments.append(Payment(moment, -sign * amount, self.own_name(not back), "transfer", "a2", "own-a1",
                                     own=True))

    def own_name(self, back):
        words = {"JP": ("ﾌﾘｶｴ ﾁﾖｷﾝ", "ﾌﾘｶｴ ﾌﾂｳ"), "DE": ("UEBERTRAG TAGESGELD", "UEBERTRAG GIROKONTO"),
                 "FR": ("VIR LIVRET A", "VIR COMPTE COURANT"),
                 "NL": ("NAAR ORANJE SPAARREKENING", "VAN BETAALREKENING"),
                 "GB": ("TRANSFER SAVINGS", "TRANSFER CURRENT"), "US": ("ONLINE TRANSFER SAV", "ONLINE TRANSFER CHK")}
        return words[self.country.code][1 if back else 0]

    # --- what is unusual, and honest

    def surprise(self):
        chances = ((self.holiday, 0.75), (self.holiday, 0.3), (self.moving, 0.13), (self.sales_day, 0.6),
                   (self.tax, 0.5), (self.new_wallet, 0.3),
                   (self.large_from_savings, 0.35), (self.subscribe, 0.6), (self.join, 0.45), (self.lend, 0.35),
                   (self.game, 0.15), (self.repair, 0.5),
                   (self.twins, 0.9), (self.twins, 0.9), (self.tickets, 0.4), (self.nursery, 0.15),
                   (self.far_shop, 0.4), (self.furniture, 0.4), (self.refund, 0.7), (self.haunt, 0.7),
                   (self.haunt, 0.4), (self.settlement, 0.25), (self.careful, 0.08), (self.vending, 0.5),
                   (self.gift, 0.2))
        share = (self.last - self.first).days / 365
        for surprise, chance in chances:
            if self.rng.random() < min(1, chance * share * 1.2 * self.temper.surprise):
                surprise()
        self.christmas()

    def holiday(self):
        rng, first = self.rng, self.any_day(15)
        land, city = rng.choice(world.ABROAD)
        self.pay(self.moment(first - DAY * rng.randint(10, 60)), rng.uniform(120, 900),
                 rng.choice(("RYANAIR", "BOOKING.COM", "EXPEDIA", "JET2.COM", "ANA", "LUFTHANSA")))
        places = [self.invent_abroad(city) for _ in range(rng.randint(5, 12))]
        for n in range(rng.randint(3, 14)):
            for _ in range(poisson(rng, 2.6)):
                self.pay(self.moment(first + DAY * n, 0.12), rng.lognormvariate(math.log(19), 0.9),
                         rng.choice(places))
        self.pay(self.moment(first + DAY), rng.uniform(90, 900), f"HOTEL {self.invent_abroad(city)}")
        if rng.random() < 0.6:
            self.pay(self.moment(first), 0, f"ATM {city} {land}", "cash",
                     amount=self.country.minor(rng.choice((83, 121.4, 207.7))))

    def invent_abroad(self, city):
        return " ".join(("".join(self.rng.choices(world.SYLLABLES, k=3)).upper(), city))

    def moving(self):
        rng, c, day = self.rng, self.country, self.any_day(30)
        self.rent.last = None
        self.payments = [p for p in self.payments if not (p.name == self.rent.name and p.moment.date() >= day)]
        home = Bill(c.person(rng) if rng.random() < 0.4 else c.invent(rng),
                    rng.choice(("standing_order", "transfer")), self.rent.units * rng.uniform(0.9, 1.4), 1,
                    rng.choice((1, 2, 28)), first=day, payee_id=self.iban())
        self.pay(self.moment(day - DAY * 9), home.units * rng.choice((1, 2, 3)), home.name, "transfer",
                 payee_id=home.payee_id)
        self.add_bill(home)
        self.collect(home)
        self.pay(self.moment(day), rng.uniform(200, 900), c.invent(rng), "transfer", payee_id=self.iban())
        for _ in range(rng.randint(2, 6)):
            self.pay(self.moment(day + DAY * rng.randint(0, 20)), rng.lognormvariate(math.log(150), 0.8),
                     rng.choice(c.shops))
        power = Bill(rng.choice(c.utilities), "direct_debit", rng.uniform(30, 110), 1, rng.randint(1, 28),
                     first=day + DAY * 14)
        self.add_bill(power)
        self.collect(power)

    def sales_day(self):
        day = self.any_day()
        for _ in range(self.rng.randint(3, 7)):
            name = self.rng.choice(self.country.shops) if self.rng.random() < 0.6 else self.country.invent(self.rng)
            self.pay(self.moment(day, 0.1), self.rng.lognormvariate(math.log(55), 0.8), name)

    def christmas(self):
        for year in range(self.first.year, self.last.year + 1):
            for _ in range(self.rng.randint(3, 10)):
                day = datetime.date(year, 12, self.rng.randint(1, 23))
                old = self.rng.random() < 0.6
                name = self.rng.choice(self.country.shops) if old else self.country.invent(self.rng)
                self.pay(self.moment(day), self.rng.lognormvariate(math.log(45), 0.8), name)

    def tax(self):
        self.pay(at(workday(self.any_day()), 9), self.rng.lognormvariate(math.log(500), 0.8),
                 self.rng.choice(self.country.tax), self.rng.choice(("transfer", "direct_debit")))

    def new_wallet(self):
        rng, c = self.rng, self.country
        fresh = [w for w in c.wallets if w not in self.wallets]
        name = rng.choice(fresh) if rng.random() < 0.75 else c.invent(rng)
        first = self.moment(self.any_day(20))
        self.link(first - MINUTE * rng.randint(2, 90), "emoney", name, f"W{rng.randrange(10 ** 6)}",
                  rng.choice((None, c.round_sum(300, 100))))
        moment = first
        for n in range(rng.randint(2, 12)):
            self.top_up(moment, name)
            moment += MINUTE * rng.randint(2, 40) if n == 0 and rng.random() < 0.3 else DAY * rng.randint(2,
                16) + MINUTE * rng.randint(-200, 200)

    def large_from_savings(self):
        if not self.has_savings:
            return
        moment, amount = self.moment(self.any_day()), self.country.round_sum(self.rng.lognormvariate(math.log(1300),
            0.6) * self.scale, 10)
        if not self.first <= moment.date() < self.last:
            return
        self.save(moment - MINUTE * self.rng.randint(3, 180), amount, back=True)
        name = self.rng.choice((self.country.invent(self.rng), self.rng.choice(self.country.shops),
                                self.country.person(self.rng)))
        self.pay(moment, 0, name, self.rng.choice(("card", "transfer")),
                 amount=int(amount * self.rng.uniform(0.8, 1.0)), payee_id=self.iban())

    def subscribe(self):
        rng, day = self.rng, self.any_day()
        name = rng.choice([n for n in self.country.subscriptions]) if rng.random() < 0.5 else self.country.invent(rng)
        self.collect(Bill(name, "card", rng.choice((4.99, 8.99, 12.99, 19.99)), 1, day.day, first=day))

    def join(self):
        """A gym, a charity, a club: a new mandate, then its collections."""
        day = self.any_day(12)
        bill = Bill(self.country.invent(self.rng), "direct_debit", self.rng.choice((9.9, 15, 24.99, 39, 60)),
                    self.rng.choice((1, 1, 3)), day.day, first=day)
        self.add_bill(bill)
        self.collect(bill)

    def nursery(self):
        day = self.any_day(12)
        bill = Bill(self.country.invent(self.rng), "standing_order", self.rng.uniform(80, 450), 1, day.day, first=day,
                    payee_id=self.iban())
        self.add_bill(bill)
        self.collect(bill)

    def lend(self):
        """A good sum to somebody new: a second-hand car, a deposit, a loan to a cousin."""
        self.pay(self.moment(self.any_day()), 0, self.country.person(self.rng), "transfer", payee_id=self.iban(),
                 amount=self.country.round_sum(self.rng.lognormvariate(math.log(350), 0.9), 10))

    def game(self):
        moment, name = self.moment(self.any_day(), 0.6), self.country.invent(self.rng)
        for _ in range(self.rng.randint(3, 6)):
            self.pay(moment, 0, name, amount=self.country.minor(self.rng.choice((4.99, 9.99))))
            moment += MINUTE * self.rng.randint(1, 9)

    def repair(self):
        self.pay(self.moment(self.any_day()), self.rng.lognormvariate(math.log(320), 0.8),
                 self.country.invent(self.rng), self.rng.choice(("card", "card", "transfer")))

    def furniture(self):
        self.pay(self.moment(self.any_day()), self.rng.lognormvariate(math.log(420), 0.7),
                 self.rng.choice(self.country.shops))

    def twins(self):
        name, units, moment = self.rng.choice(self.food), self.rng.uniform(2.5, 6), self.moment(self.any_day(), 0)
        for _ in range(2):
            self.pay(moment, units, name)
            moment += MINUTE * self.rng.choice((2, 5, 180, 400))

    def tickets(self):
        name, units, moment = self.country.invent(self.rng), self.rng.uniform(12, 60), self.moment(self.any_day())
        for n in range(self.rng.randint(2, 3)):
            self.pay(moment + MINUTE * n, units, name)

    def far_shop(self):
        self.pay(at(self.any_day(), self.rng.choice((0, 1, 2, 23)), self.rng.randrange(60)),
                 self.rng.lognormvariate(math.log(40), 0.8),
                 self.country.invent(self.rng) + " " + self.rng.choice(("HK", "CN", "US", "SG")))

    def haunt(self):
        """A new favourite place: small sums to a name nobody knew, again and again."""
        name, day = self.country.invent(self.rng), self.any_day()
        usual = self.rng.lognormvariate(math.log(9), 0.5)
        for _ in range(self.rng.randint(4, 16)):
            self.pay(self.moment(day), usual * math.exp(self.rng.gauss(0, 0.35)), name)
            day += DAY * self.rng.randint(1, 14)

    def settlement(self):
        """The year's bill of a utility: several times the usual collection, once."""
        bills = [b for b in self.bills if b.kind == "direct_debit" and b.every <= 3 and b.units < 130
                 and b.first is None]
        if bills:
            bill = self.rng.choice(bills)
            self.pay(at(workday(self.any_day()), 5, 12), bill.units * self.rng.uniform(1.8, 4.5), bill.name,
                     "direct_debit", mandate=bill.mandate)

    def careful(self):
        """Sends one unit first, to see that it arrives."""
        name, iban, moment = self.country.person(self.rng), self.iban(), self.moment(self.any_day())
        self.pay(moment, 0, name, "transfer", payee_id=iban, amount=self.country.minor(1))
        self.pay(moment + MINUTE * self.rng.choice((20, 300, 1500)), 0, name, "transfer", payee_id=iban,
                 amount=self.country.round_sum(self.rng.uniform(150, 900), 10))

    def vending(self):
        day = self.any_day()
        for _ in range(self.rng.randint(1, 5)):
            self.pay(self.moment(day), 0, self.country.invent(self.rng),
                     amount=self.country.minor(self.rng.uniform(0.5, 2.4)))
            day += DAY * self.rng.choice((0, 0, 2, 9))

    def gift(self):
        if self.wallets:
            self.pay(self.moment(self.any_day()), 0, self.rng.choice(self.wallets), "direct_debit"
                     if self.country.code == "JP" else "card",
                     amount=self.country.round_sum(self.rng.choice((150, 200, 300)), 10))

    def refund(self):
        spent = [p for p in self.payments if p.kind == "card" and p.amount < -self.money(15)]
        if spent:
            one = self.rng.choice(spent)
            self.payments.append(Payment(one.moment + DAY * self.rng.randint(2, 12), -one.amount, one.name, "credit"))

    # --- income

    def earn(self):
        """Salary that pays for all of it, with one change of job perhaps."""
        rng, c = self.rng, self.country
        months = max(1, (self.last - self.first).days / 30.4)
        spent = -sum(p.amount for p in self.payments if p.account == "a1")
        monthly = max(self.money(300), int(spent / months * rng.uniform(1.0, 1.12)))
        employer, change = rng.choice(c.employers), self.any_day(30) if rng.random() < 0.18 else None
        day, pay_day = self.first.replace(day=1), rng.choice((1, 15, 25, 27, 28))
        while day < self.last:
            due = due_day(day, pay_day)
            if change is not None and due >= change:
                employer, monthly, change = c.invent(rng), int(monthly * rng.uniform(0.9, 1.4)), None
            if self.first <= due < self.last:
                self.payments.append(Payment(at(due, 2, 15), int(monthly * math.exp(rng.gauss(0, 0.02))), employer,
                                             "credit"))
            day = (day + DAY * 32).replace(day=1)
        self.payments = [p for p in self.payments if self.first <= p.moment.date() < self.last]
        self.payments.sort(key=lambda p: p.moment)
        self.monthly = monthly
        self.buffer()

    def buffer(self):
        """The opening balance: most people stay above zero, one in ten does not."""
        self.opening = {}
        for account in ("a1", "a2"):
            running = lowest = 0
            for p in self.payments:
                if p.account == account:
                    running += p.amount
                    lowest = min(lowest, running)
            spare = self.money(self.rng.lognormvariate(math.log(700), 0.9))
            if account == "a1" and self.rng.random() < 0.1:
                spare = -self.money(self.rng.uniform(20, 250))
            if account == "a2":
                spare = self.money(self.rng.lognormvariate(math.log(5000), 0.8))
            self.opening[account] = spare - lowest

    def balance_at(self, moment, account="a1"):
        return self.opening[account] + sum(p.amount for p in self.payments if p.account == account
                                           and p.moment <= moment)
