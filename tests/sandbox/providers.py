# SPDX-License-Identifier: GPL-3.0-or-later
"""The street: which banks there are."""

from simplefin import SimpleFin
from starling import Starling

PROVIDERS = {p.provider: p for p in (Starling, SimpleFin)}
