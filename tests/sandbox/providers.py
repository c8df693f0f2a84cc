# SPDX-License-Identifier: GPL-3.0-or-later
"""The street: which banks there are, one file each."""

from akahu import Akahu
from berlin_group import BerlinGroup
from bunq import Bunq
from enable_banking import EnableBanking
from gocardless import GoCardless
from investec import Investec
from monobank import Monobank
from plaid import Plaid
from pluggy import Pluggy
from rotating import Rotating
from simplefin import SimpleFin
from starling import Starling
from teller import Teller
from up import Up
from wise import Wise

PROVIDERS = {p.provider: p for p in (Akahu, BerlinGroup, Bunq, EnableBanking, GoCardless, Investec, Monobank, Plaid, Pluggy, Rotating,
                                     SimpleFin, Starling, Teller, Up, Wise)}
