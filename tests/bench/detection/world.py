# SPDX-License-Identifier: GPL-3.0-or-later
"""The countries of the bench: money, clocks, names and how statements there write them.

Prices are in units of about one euro; `Country.minor` turns them into the currency's minor units.
Names are a small true-to-form stock plus endless invented ones, so that a person keeps meeting
shops that nobody has seen before. It holds no secret list: the wallets here are in the directory
of services, the invented ones are in none.
"""

import dataclasses

JP_SYLLABLES = ("ｱ ｲ ｳ ｴ ｵ ｶ ｷ ｸ ｹ ｺ ｻ ｼ ｽ ｾ ｿ ﾀ ﾁ ﾂ ﾃ ﾄ ﾅ ﾆ ﾈ ﾉ ﾊ ﾋ ﾌ ﾎ ﾏ ﾐ ﾑ ﾒ ﾓ ﾔ ﾕ ﾖ ﾗ ﾘ ﾙ ﾚ ﾛ ﾜ "
                "ｶﾞ ｺﾞ ｼﾞ ﾀﾞ ﾊﾞ ﾌﾞ").split()
SYLLABLES = ("ba be bo ca co da de do fa fe ga go ha ka la le li lo ma me mi mo na ne no pa pe po ra re ri ro sa se si "
             "so ta te ti to va ve vi vo").split()


@dataclasses.dataclass(frozen=True)
class Country:
    code: str
    locale: str
    currency: str
    rate: float          # units → currency
    exponent: int
    offset: int          # minutes east of UTC
    groceries: tuple
    shops: tuple
    food: tuple
    utilities: tuple
    subscriptions: tuple
    employers: tuple
    landlords: tuple
    tax: tuple
    insurers: tuple
    wallets: tuple       # in the directory
    endings: tuple       # of invented firms
    cities: tuple
    cash: str
    people: tuple
    debit_words: tuple   # how a direct debit's line begins
    card_words: tuple    # how a card line begins

    def minor(self, units):
        amount = units * self.rate * 10 ** self.exponent
        return max(1, int(amount + 0.5))

    def round_sum(self, units, step):
        """A sum as a person or a thief types it: whole hundreds, tens …"""
        step = self.minor(step)
        if self.code == "JP":
            step = max(1000, round(step / 1000) * 1000) if step >= 500 else max(1, step)
        return max(step, round(self.minor(units) / step) * step)

    def invent(self, rng):
        """The name of a firm that no list knows."""
        if self.code == "JP":
            return "".join(rng.choices(JP_SYLLABLES, k=rng.randint(3, 6))) + rng.choice(self.endings)
        stem = "".join(rng.choices(SYLLABLES, k=rng.randint(2, 4))).upper()
        return stem + " " + rng.choice(self.endings)

    def person(self, rng):
        first, last = self.people
        names = (rng.choice(first), rng.choice(last))
        return " ".join(reversed(names) if self.code == "JP" else names)


COUNTRIES = {c.code: c for c in (
    Country("JP", "ja_JP", "JPY", 160.0, 0, 540,
            ("ｲｵﾝ", "ｾﾌﾞﾝｲﾚﾌﾞﾝ", "ﾛ-ｿﾝ", "ﾌｱﾐﾘ-ﾏ-ﾄ", "ﾗｲﾌ", "ﾏﾙｴﾂ", "ｾｲﾕｳ", "ﾖ-ｸﾍﾞﾆﾏﾙ", "ｻﾐﾂﾄ", "ｷﾞﾖｳﾑｽ-ﾊﾟ-"),
            ("ﾕﾆｸﾛ", "ﾆﾄﾘ", "ﾖﾄﾞﾊﾞｼｶﾒﾗ", "ﾀﾞｲｿ-", "ﾑｼﾞﾙｼ", "ﾏﾂﾓﾄｷﾖｼ", "ｱﾏｿﾞﾝｼﾞﾔﾊﾟﾝ", "ﾗｸﾃﾝｲﾁﾊﾞ", "ﾋﾞﾂｸｶﾒﾗ", "ﾛﾌﾄ",
             "ABC ﾏ-ﾄ"),
            ("ｽﾀ-ﾊﾞﾂｸｽ", "ﾄﾞﾄ-ﾙ", "ﾏｸﾄﾞﾅﾙﾄﾞ", "ﾖｼﾉﾔ", "ｻｲｾﾞﾘﾔ", "ｽｼﾛ-", "ｶｴﾃﾞｶﾌｴ", "ｺﾒﾀﾞｺ-ﾋ-"),
            ("ﾄｳｷﾖｳﾃﾞﾝﾘﾖｸ", "ﾄｳｷﾖｳｶﾞｽ", "ｽｲﾄﾞｳｷﾖｸ", "NTTﾋｶﾞｼﾆﾎﾝ", "ﾄﾞｺﾓｹｲﾀｲ", "KDDIﾘﾖｳｷﾝ", "NHKﾎｳｿｳｼﾞﾕｼﾝﾘﾖｳ"),
            ("ﾈﾂﾄﾌﾘﾂｸｽ", "ｽﾎﾟﾃｲﾌｱｲ", "ﾕ-ﾈｸｽﾄ", "ﾆﾂｹｲﾃﾞﾝｼﾊﾞﾝ", "ｺﾅﾐｽﾎﾟ-ﾂ", "ｱﾂﾌﾟﾙｻ-ﾋﾞｽ"),
            ("ｷﾕｳﾖ ｶ)ｻｸﾗｼﾖｳｼﾞ", "ｷﾕｳﾖ ﾔﾏﾄﾃﾞﾝｷ(ｶ", "ｷﾕｳﾖ ﾐﾅﾄｸﾔｸｼﾖ", "ｷﾕｳﾖ ｶ)ﾅｺﾞﾐ"),
            ("ﾔﾁﾝ ｻｸﾗﾊｳｽ", "ﾔﾁﾝ ﾀﾞｲﾄｳｹﾝﾀｸ", "ﾔﾁﾝ ﾚｵﾊﾟﾚｽ"),
            ("ｼﾞﾕｳﾐﾝｾﾞｲ", "ｼﾞﾄﾞｳｼﾔｾﾞｲ", "ｺﾃｲｼｻﾝｾﾞｲ"), ("ﾄｳｷﾖｳｶｲｼﾞﾖｳﾆﾁﾄﾞｳ", "ﾒｲｼﾞﾔｽﾀﾞｾｲﾒｲ", "ｿﾝﾎﾟｼﾞﾔﾊﾟﾝ"),
            ("ﾄﾞｺﾓｺｳｻﾞ", "ﾍﾟｲﾍﾟｲ", "ﾒﾙﾍﾟｲ", "ﾗｲﾝﾍﾟｲ", "KYASH", "ｴ-ﾕ-ﾍﾟｲ", "ﾌｱﾐﾍﾟｲ", "ｳｴﾙﾈﾂﾄ"),
            ("(ｶ", "ｼﾖｳﾃﾝ", "ｽﾄｱ", "ﾔ", "ﾄﾞｳ", "ｾﾝﾀ-", "ｼﾖｸﾄﾞｳ"), ("ﾄｳｷﾖｳ", "ｾﾝﾀﾞｲ", "ｵｵｻｶ", "ﾅｺﾞﾔ"), "ATM ｶ-ﾄﾞ",
            (("ﾀﾛｳ", "ﾊﾅｺ", "ｹﾝｼﾞ", "ﾕｷ", "ｱｷﾗ", "ﾐﾎ", "ｼﾖｳ", "ｱｲ"),
             ("ｻﾄｳ", "ｽｽﾞｷ", "ﾀｶﾊｼ", "ﾀﾅｶ", "ｲﾄｳ", "ﾜﾀﾅﾍﾞ", "ﾔﾏﾓﾄ", "ﾅｶﾑﾗ")),
            ("", "ｺｳｻﾞﾌﾘｶｴ "), ("ﾃﾞﾋﾞﾂﾄ ", "ﾃﾞﾋﾞﾂﾄ1 ", "")),
    Country("DE", "de_DE", "EUR", 1.0, 2, 60,
            ("REWE SAGT DANKE", "ALDI SUED", "LIDL DIENSTLEISTUNG", "EDEKA CENTER", "KAUFLAND", "PENNY MARKT",
             "NETTO MARKEN"),
            ("DM DROGERIEMARKT", "ROSSMANN", "MEDIA MARKT", "IKEA DEUTSCHLAND", "OBI BAU", "THALIA", "H&M",
             "DECATHLON", "AMAZON EU S.A R.L.", "ZALANDO SE", "SATURN"),
            ("BAECKEREI KAMPS", "STARBUCKS", "VAPIANO", "CAFE EINSTEIN", "BURGER KING", "HANS IM GLUECK", "NORDSEE"),
            ("VATTENFALL EUROPE SALES", "STADTWERKE MUENCHEN", "TELEKOM DEUTSCHLAND GMBH", "VODAFONE GMBH",
             "RUNDFUNK ARD ZDF DRADIO", "E.ON ENERGIE"),
            ("NETFLIX INTERNATIONAL", "SPOTIFY AB", "FITX DEUTSCHLAND", "DIE ZEIT ABO", "DAZN LIMITED",
             "AUDIBLE GMBH"),
            ("SIEMENS AG GEHALT", "STADT KOELN BEZUEGE", "MUELLER LOGISTIK GMBH LOHN", "CHARITE GEHALT"),
            ("HAUSVERWALTUNG BERGER MIETE", "VONOVIA MIETE", "FAMILIE WOLF MIETE"),
            ("FINANZAMT", "HAUPTZOLLAMT KFZ-STEUER"), ("ALLIANZ VERSICHERUNG", "HUK-COBURG", "ERGO DIREKT"),
            ("PAYPAL EUROPE S.A.R.L. ET CIE S.C.A", "KLARNA BANK AB", "REVOLUT BANK UAB", "BITPANDA GMBH",
             "SKRILL.COM", "TRUSTLY GROUP AB"),
            ("GMBH", "UG", "E.K.", "HANDEL", "SHOP", "LADEN", "CAFE"), ("BERLIN", "KOELN", "MUENCHEN", "HAMBURG"),
            "GELDAUTOMAT",
            (("Anna", "Jonas", "Lena", "Felix", "Marie", "Paul", "Mia", "Tim"),
             ("Schmidt", "Meyer", "Wagner", "Becker", "Koch", "Richter", "Wolf", "Klein")),
            ("SEPA-LASTSCHRIFT ", "LASTSCHRIFT ", ""), ("KARTENZAHLUNG ", "")),
    Country("FR", "fr_FR", "EUR", 1.0, 2, 60,
            ("CARREFOUR CITY", "MONOPRIX", "FRANPRIX", "AUCHAN", "LECLERC", "INTERMARCHE", "PICARD"),
            ("FNAC", "DARTY", "DECATHLON", "LEROY MERLIN", "SEPHORA", "ZARA", "BOULANGER", "AMAZON PAYMENTS",
             "CDISCOUNT", "IKEA"),
            ("PAUL BOULANGERIE", "LE PAIN QUOTIDIEN", "MCDO", "CAFE DE FLORE", "BRIOCHE DOREE", "FLUNCH"),
            ("EDF CLIENTS PARTICULIERS", "ENGIE", "ORANGE SA", "FREE MOBILE", "VEOLIA EAU", "SFR"),
            ("NETFLIX.COM", "SPOTIFY FRANCE", "CANAL PLUS", "BASIC FIT", "LE MONDE ABO", "DEEZER"),
            ("VIR SALAIRE AIRBUS", "VIR DGFIP TRAITEMENT", "VIR PAIE SNCF", "VIR SALAIRE CAPGEMINI"),
            ("FONCIA LOYER", "CITYA LOYER", "M. DUBOIS LOYER"),
            ("DGFIP IMPOT", "DGFIP TAXE FONCIERE"), ("MAIF", "MACIF", "AXA FRANCE"),
            ("PAYPAL EUROPE S.A.R.L. ET CIE S.C.A", "LYDIA SOLUTIONS", "REVOLUT BANK UAB", "KLARNA BANK AB",
             "SKRILL.COM", "WISE EUROPE SA"),
            ("SARL", "SAS", "EURL", "BOUTIQUE", "MARCHE", "BISTRO"), ("PARIS", "LYON", "NANTES", "LILLE"),
            "RETRAIT DAB",
            (("Camille", "Lucas", "Chloe", "Hugo", "Lea", "Louis", "Manon", "Jules"),
             ("Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Simon", "Laurent")),
            ("PRLV SEPA ", "PRLV "), ("CB ", "PAIEMENT CB ")),
    Country("NL", "nl_NL", "EUR", 1.0, 2, 60,
            ("ALBERT HEIJN", "JUMBO", "LIDL", "PLUS", "DIRK VD BROEK", "EKOPLAZA"),
            ("HEMA", "ACTION", "BOL.COM BV", "COOLBLUE BV", "GAMMA", "ETOS", "KRUIDVAT", "BLOKKER", "MEDIAMARKT",
             "WEHKAMP"),
            ("KIOSK NS", "DE KOFFIESALON", "FEBO", "LA PLACE", "BAGELS BEANS", "CAFE HOPPE"),
            ("VATTENFALL KLANTENSERVICE", "ENECO SERVICES", "ZIGGO SERVICES BV", "KPN B.V.", "WATERNET",
             "GEMEENTE AMSTERDAM"),
            ("NETFLIX INTERNATIONAL B.V.", "SPOTIFY AB", "BASIC FIT NEDERLAND", "VIDEOLAND", "NRC MEDIA",
             "SWAPFIETS"),
            ("SALARIS PHILIPS", "SALARIS GEMEENTE UTRECHT", "SALARIS ING GROEP", "LOON JANSEN BV"),
            ("YMERE HUUR", "VESTEDA HUUR", "DE ALLIANTIE HUUR"),
            ("BELASTINGDIENST", "GBLT"), ("CENTRAAL BEHEER", "UNIVE", "FBTO"),
            ("PAYPAL EUROPE S.A.R.L. ET CIE S.C.A", "KLARNA BANK AB", "REVOLUT BANK UAB", "BITPANDA GMBH", "RIVERTY",
             "SKRILL.COM"),
            ("BV", "VOF", "WINKEL", "MARKT", "ETERIJ"), ("AMSTERDAM", "UTRECHT", "ROTTERDAM", "ZWOLLE"),
            "GEA, BETAALPAS",
            (("Daan", "Emma", "Sem", "Julia", "Lucas", "Sophie", "Bram", "Lotte"),
             ("de Vries", "Jansen", "Bakker", "Visser", "Smit", "Mulder", "Bos", "Vos")),
            ("INCASSO ", "SEPA INCASSO "), ("BEA, BETAALPAS ", "")),
    Country("GB", "en_GB", "GBP", 0.86, 2, 0,
            ("TESCO STORES", "SAINSBURYS SMKT", "CO-OP GROUP", "ASDA SUPERSTORE", "MORRISONS", "LIDL GB",
             "ALDI STORES"),
            ("BOOTS", "ARGOS", "JOHN LEWIS", "WATERSTONES", "B&Q", "AMAZON.CO.UK", "WILKO", "NEXT RETAIL", "CURRYS",
             "IKEA LTD", "ETSY.COM"),
            ("GREGGS PLC", "PRET A MANGER", "COSTA COFFEE", "NANDOS", "JD WETHERSPOON", "KIRKGATE COFFEE",
             "WAGAMAMA"),
            ("BRITISH GAS", "OCTOPUS ENERGY", "THAMES WATER", "O2 UK", "VIRGIN MEDIA", "TV LICENSING", "SKY DIGITAL"),
            ("NETFLIX.COM", "SPOTIFY UK", "PURE GYM", "THE GUARDIAN", "NATIONAL TRUST", "DISNEY PLUS"),
            ("AIREDALE NHS TRUST PAY", "BARCLAYS PAYROLL", "HALTON COUNCIL SALARY", "ARUP SALARY"),
            ("HARTLEY LETTINGS", "FOXTONS RENT", "MR A KHAN RENT"),
            ("HMRC SELF ASSESSMENT", "DVLA VEHICLE TAX"), ("AVIVA INSURANCE", "ADMIRAL INSURANCE", "DIRECT LINE"),
            ("PAYPAL PAYMENT", "CLEARPAY", "REVOLUT", "MONZO", "SKRILL.COM", "COINBASE", "ZILCH"),
            ("LTD", "LIMITED", "STORES", "CAFE", "ONLINE", "TRADING", "BAR"),
            ("LONDON", "LEEDS", "BRISTOL", "GLASGOW"), "LINK ATM",
            (("OLIVER", "AMELIA", "GEORGE", "ISLA", "HARRY", "AVA", "JACK", "FREYA"),
             ("SMITH", "JONES", "TAYLOR", "BROWN", "EVANS", "WALKER", "WRIGHT", "PATEL")),
            ("DIRECT DEBIT ", ""), ("CARD PAYMENT TO ", "")),
    Country("US", "en_US", "USD", 1.1, 2, -300,
            ("KROGER", "TRADER JOE S", "WHOLEFDS", "SAFEWAY", "PUBLIX", "ALDI", "COSTCO WHSE"),
            ("TARGET", "WM SUPERCENTER", "CVS/PHARMACY", "AMZN MKTP US", "BEST BUY", "HOME DEPOT", "WALGREENS",
             "MARSHALLS", "ULTA", "SHELL OIL", "EXXONMOBIL"),
            ("STARBUCKS STORE", "CHIPOTLE", "MCDONALD S", "TST* CORNER DINER", "DUNKIN", "SQ *BLUE BOTTLE",
             "PANERA BREAD"),
            ("COMCAST CABLE", "CON ED OF NY", "VERIZON WIRELESS", "DUKE ENERGY", "CITY WATER", "T-MOBILE"),
            ("NETFLIX.COM", "SPOTIFY USA", "PLANET FITNESS", "HULU", "NYTIMES", "APPLE.COM/BILL"),
            ("ACME MFG PAYROLL", "STATE OF OHIO PAYROLL", "GOOGLE LLC PAYROLL", "DELTA AIR PAYROLL"),
            ("OAK STREET APARTMENTS", "GREYSTAR RENT", "EQUITY RESIDENTIAL"),
            ("IRS USATAXPYMT", "OHIO DEPT TAX"), ("GEICO AUTO", "STATE FARM", "PROGRESSIVE INS"),
            ("PAYPAL INST XFER", "VENMO PAYMENT", "CASH APP*TOPUP", "AFFIRM.COM PAYME", "COINBASE.COM", "REMITLY"),
            ("LLC", "INC", "STORE", "GRILL", "SHOP", "DELI"), ("COLUMBUS OH", "AUSTIN TX", "TAMPA FL", "RENO NV"),
            "ATM WITHDRAWAL",
            (("LIAM", "EMMA", "NOAH", "OLIVIA", "MASON", "SOPHIA", "LOGAN", "MIA"),
             ("JOHNSON", "WILLIAMS", "GARCIA", "MILLER", "DAVIS", "LOPEZ", "CLARK", "LEE")),
            ("ACH DEBIT ", ""), ("POS DEBIT ", "CHECKCARD ", "")),
)}

ABROAD = (("ES", "BARCELONA"), ("IT", "ROMA"), ("GR", "ATHINA"), ("US", "NEW YORK"), ("TH", "BANGKOK"),
          ("PT", "LISBOA"),
          ("HR", "SPLIT"), ("KR", "SEOUL"), ("TW", "TAIPEI"))
