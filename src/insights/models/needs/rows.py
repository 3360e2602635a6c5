"""Who holds what, who could buy what first, and what was known of him: clients by months, as known at their ends."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.kinds import given_memberships, memberships
from insights.models.needs.suitable import Bools, Floats, Products, suitable
from insights.models.needs.tables import (
    NEVER,
    RECENT,
    YEAR,
    Ints,
    Singles,
    cash_share,
    count_rows,
    held_at,
    later,
    offers_made,
    products_of,
    published,
    purchases,
)
from insights.models.segments.variables import Months, attribute_months, building_variables, present

NEEDS = (
    "holdings.month",
    "holdings.product_id",
    "products.category",
    "products.risk_rating",
    "balances.amount",
    "balances.month",
    "clients.risk_tolerance",
)
STEP = 3
"""Months of the shorter horizon, and between two landmarks."""
ONLINE = "behaviour"
COUNTED = (
    ("contacts", "contacted_on", RECENT),
    (ONLINE, "day", RECENT),
    ("complaints", "filed_on", YEAR),
    ("notes", "noted_on", YEAR),
)
"""What is counted of each client: its table, its day, and over how many months."""
DAYS = 28.0
HELD, MARKET, MEMBER = "held:", "market:", "member:"
"""How the names of features begin that tell what is held of other categories, of markets, and of the segment."""


@dataclass(frozen=True)
class NeedRows:
    """Clients (n) by months (T columns, those of ``months``) and categories of product (k).

    ``bought`` (n, k): the column in which something of the category was first held or traded, -1 before the first
    column, NEVER if not yet; ``told`` (n, k): the column by whose end the bank knew. ``assets`` and ``tolerance``
    (n, T) and the ``counts`` are as known at each month's end; so are ``offered`` and ``declined`` (n, k, T): offers of
    the last three months, and whether one was declined in the last months of [needs] declined_months; and ``accepted``
    (n, T): offers accepted within a year. ``market``
    (series, T) holds the last values published by then. ``manager`` (n, T) is None where not recorded. ``landmarks``
    are columns, three months apart, the last one last. ``held_of`` (p): clients who hold each product now. By landmark
    ``kinds`` says to what degree each client belongs to each segment (n, s), see ``memberships``, and ``has`` who has
    something of each category (n, k).
    """

    months: Months
    products: Products
    bought: Ints = field(repr=False)
    told: Ints = field(repr=False)
    assets: Floats = field(repr=False)
    tolerance: Floats = field(repr=False)
    experience: Floats | None = field(repr=False)
    cash: Floats | None = field(repr=False)
    counts: dict[str, Singles] = field(repr=False)
    offered: Singles | None = field(repr=False)
    declined: Bools = field(repr=False)
    accepted: Singles | None = field(repr=False)
    market: dict[str, Floats] = field(repr=False)
    manager: npt.NDArray[np.object_] | None = field(repr=False)
    landmarks: tuple[int, ...]
    held_of: Floats = field(repr=False)
    unnamed: tuple[str, ...]
    kinds: dict[int, Floats] = field(repr=False)
    has: dict[int, Bools] = field(repr=False)
    _made: dict[tuple[str, int], Any] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def last(self) -> int:
        """The column of the last landmark."""
        return self.landmarks[-1]

    def held(self, column: int) -> Bools:
        """Return who is known by a month's end to have (or have had) something of each category (n, k)."""
        return np.asarray(self.told <= column)

    def suits(self, column: int) -> Bools:
        """Return whom something of each category suits at a month's end (n, k)."""
        fits = suitable(self.products.rating, self.products.minimum, self.tolerance[:, column], self.assets[:, column])
        kinds = range(len(self.products.categories))
        return np.stack([fits[:, self.products.category == k].any(axis=1) for k in kinds], axis=1)

    def eligible(self, column: int) -> Bools:
        """Return who could buy something of each category for the first time (n, k): a client, suited, without any."""
        key = ("eligible", column)
        if key not in self._made:
            there = present(self.months)[:, column]
            self._made[key] = np.asarray(there[:, None] & ~self.held(column) & self.suits(column))
        return self._made[key]

    def _more_cash(self, column: int) -> Floats:
        """Return by how much each client's share of cash (n) is above the mean of his segments at a month's end."""
        key = ("cash", column)
        if key not in self._made:
            assert self.cash is not None, "balances by category are delivered"
            member, cash = self.kinds[column], self.cash[:, column]
            told = np.where(np.isnan(cash)[:, None], 0.0, member)
            size = told.sum(axis=0)
            mean = np.divide(told.T @ np.nan_to_num(cash), size, out=np.zeros(len(size)), where=size > 0)
            self._made[key] = cash - member @ mean
        return np.asarray(self._made[key])

    def came(self, column: int, horizon: int) -> Bools:
        """Return who first bought something of each category within the months after a landmark (n, k)."""
        return np.asarray((self.bought > column) & (self.bought <= column + horizon))

    def features(self, column: int, kind: int, who: Ints | slice = slice(None)) -> tuple[tuple[str, ...], Floats]:
        """Return names (p) and values (n, p) of what is known at a month's end of some clients; nan where not known.

        For one category. Neither gender nor age nor region is among them, nor anything that stands for them.
        """
        tolerance, told = self.tolerance[who, column], self.told[who]
        found: dict[str, Floats] = {
            "tenure": np.log1p(np.maximum(column - self.months.joined[who], 0) / YEAR),
            "assets": np.log1p(np.maximum(self.assets[who, column], 0.0)),
            "risk": tolerance,
        }
        if self.experience is not None:
            found["experience"] = np.log1p(np.maximum(self.experience[who, column], 0.0))
        if self.cash is not None:
            found["cash"] = self._more_cash(column)[who]
        for k, name in enumerate(self.products.categories):
            if k != kind:
                found[f"{HELD}{name}"] = self.has[column][who, k].astype(float)
        # What was there before the first month was bought nobody knows when.
        since = column - np.where((told > column) | (told < 0), -NEVER, told).max(axis=1)
        found["bought_lately"] = (since < YEAR).astype(float)
        if self.offered is not None:
            found["offered"] = self.offered[who, kind, column].astype(float)
        if self.accepted is not None:
            found["accepted"] = np.log1p(self.accepted[who, column].astype(float))
        found |= {name: np.log1p(values[who, column].astype(float)) for name, values in self.counts.items()}
        if ONLINE in self.counts:
            since = max(column - YEAR, 0)
            found["online"] = (self.counts[ONLINE][who, since : column + 1].max(axis=1) > 0).astype(float)
        for name, series in self.market.items():
            found[f"{MARKET}{name}"] = np.full(len(tolerance), series[column])
            found[f"{MARKET}{name}:risk"] = series[column] * tolerance
        member = self.kinds[column][who]
        found |= {f"{MEMBER}{j}": member[:, j] for j in range(member.shape[1])}
        return tuple(found), np.stack(list(found.values()), axis=1)


def missing(bank: Bank) -> tuple[str, ...]:
    """Return what a bank lacks for any question about needs."""
    lacking = bank.needs(*NEEDS)
    current = bank.has("clients", "risk_tolerance") and not bank.has("client_history", "risk_tolerance")
    if current and "risk_tolerance" not in bank.settings.tables["clients"].static:
        lacking = (*lacking, "client_history.risk_tolerance")
    if bank.has("products", "eligibility") and not bank.settings.needs.eligibility:
        lacking = (*lacking, "[needs] eligibility")
    return lacking


def need_rows(bank: Bank) -> NeedRows | None:
    """Return the rows, made once per bank; None where nobody holds anything. Check ``missing`` first."""
    return once(bank, "need_rows", lambda: _made(bank), on_disk=True)


def _made(bank: Bank) -> NeedRows | None:
    variables = building_variables(bank)
    months = variables.months
    products, unnamed = products_of(bank)
    bought, told, last, held_of = purchases(bank, months, products)
    if last < 0:
        return None
    # What is delivered some days after a month's end was not known at it.
    late = int(np.ceil(bank.settings.window.reporting_delay_days / DAYS))
    assert variables.risk is not None, "risk_tolerance is delivered"
    managers = attribute_months(bank, "rm_id", months)
    assets = later(variables.wealth, late)
    landmarks = tuple(c for c in range(last % STEP, last + 1, STEP) if c >= RECENT)
    offered, declined, accepted = offers_made(bank, months, products)
    return NeedRows(
        months=months,
        products=products,
        bought=bought,
        told=told,
        assets=assets,
        tolerance=variables.risk,
        experience=variables.experience,
        cash=cash_share(bank, months, late),
        counts={t: count_rows(bank, months, t, day, n) for t, day, n in COUNTED if bank.has(t, day)},
        offered=offered,
        declined=declined,
        accepted=accepted,
        market=published(bank, months),
        manager=None if managers[0] is None or managers[1] else managers[0],
        landmarks=landmarks,
        held_of=held_of,
        unnamed=unnamed,
        has=held_at(bank, months, products, landmarks, late),
        kinds=_kinds(bank, months, landmarks, (assets, variables.risk, variables.experience)),
    )


def _kinds(
    bank: Bank, months: Months, landmarks: tuple[int, ...], told: tuple[Floats, Floats, Floats | None]
) -> dict[int, Floats]:
    """Return to what degree each client belongs to each segment by landmark: the bank's own, or those found."""
    if bank.has("clients", "segment"):
        own, refused = attribute_months(bank, "segment", months)
        if own is not None and not refused:
            return given_memberships(own, landmarks)
    before = max((c for c in landmarks if c <= landmarks[-1] - YEAR), default=landmarks[0]) if landmarks else 0
    rules = bank.settings.segments
    return memberships(*told, landmarks, before, rules.most, rules.least_share)
