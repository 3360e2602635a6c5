"""The mix of assets that suits each client by the bank's own rule, and what would have to move towards it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.needs.rows import Ints, NeedRows
from insights.models.needs.suitable import Bools, Floats, suitable
from insights.models.segments.variables import present

NEEDS = ("holdings.amount", "balances.category")
RULE = "[needs.allocation]"
CASH = "cash"
WITHIN, ABOVE_RISK, MUCH, LITTLE, OTHER_MIX = "within", "above_risk", "much", "little", "other_mix"
STATES = (WITHIN, ABOVE_RISK, MUCH, LITTLE, OTHER_MIX)
"""How a client's mix stands to the rule: within its band; with a product above his risk; with too much or too little in
the first part, the safest; otherwise off. The first of the last four that holds is told."""


@dataclass(frozen=True)
class Mixes:
    """Clients in force (m) with a tolerance for which there is a rule, by parts (k) of their assets, the safest first.

    ``client`` (m): places in ``NeedRows``; ``tolerance`` (m). ``now`` (m, k): amounts held. ``suits`` (m, k): shares
    that suit, which add up to 1. ``barred`` (m, k): parts that the rule names and of which he may buy nothing, because
    of his risk or his assets; their share went to the others. ``above`` (m, k): he holds a product rated above his risk
    there. ``product`` (m, k): the place of the product to buy in each part, -1 where there is none: of those that suit
    him one that he has, or the one that most clients have. ``state`` (m): one of ``STATES``.
    """

    parts: tuple[str, ...]
    client: Ints = field(repr=False)
    tolerance: Ints = field(repr=False)
    now: Floats = field(repr=False)
    suits: Floats = field(repr=False)
    barred: Bools = field(repr=False)
    above: Bools = field(repr=False)
    product: Ints = field(repr=False)
    state: npt.NDArray[np.object_] = field(repr=False)

    @property
    def total(self) -> Floats:
        """What each client (m) holds in these parts."""
        return np.asarray(self.now.sum(axis=1))

    @property
    def move(self) -> Floats:
        """The amounts to buy (+) or to sell (-) in each part (m, k); each row adds up to nothing."""
        return np.asarray(self.total[:, None] * self.suits - self.now)


def missing_rule(bank: Bank) -> tuple[str, ...]:
    """Return what a bank lacks for a proposal, beside what any question about needs asks for."""
    return (*bank.needs(*NEEDS), *([] if bank.settings.needs.allocation else [RULE]))


def mixes(bank: Bank, rows: NeedRows) -> Mixes:
    """Return what clients hold beside what suits them, made once per bank; check ``missing_rule`` first."""
    return once(bank, "need_mixes", lambda: _made(bank, rows))


def suiting_shares(rule: Mapping[str, float], parts: tuple[str, ...], allowed: Bools) -> Floats:
    """Return the shares (m, k) of a rule, of what each client may hold (m, k): what he may not goes to the others.

    In proportion to theirs; all of it goes to the first part, the safest, where he may hold nothing else of the rule.
    """
    asked = np.array([rule.get(part, 0.0) for part in parts])
    own = np.where(allowed, asked[None, :], 0.0)
    total = own.sum(axis=1, keepdims=True)
    safe = np.zeros_like(own)
    safe[:, 0] = 1.0
    return np.where(total > 0, own / np.where(total > 0, total, 1.0), safe)


def state_of(now: Floats, suits: Floats, above: Bools, band: float) -> npt.NDArray[np.object_]:
    """Return how each client's shares (m, k) stand to those that suit, which may be off by ``band``."""
    gap = now - suits
    off = [above.any(axis=1), gap[:, 0] > band, gap[:, 0] < -band, (np.abs(gap) > band).any(axis=1)]
    return np.select(off, STATES[1:], WITHIN).astype(object)


def _made(bank: Bank, rows: NeedRows) -> Mixes:
    column, products, settings = rows.last, rows.products, bank.settings.needs
    groups = settings.parts or {name: (name,) for name in (CASH, *products.categories)}
    parts = tuple(groups)
    part_of = {category: g for g, name in enumerate(parts) for category in groups[name]}
    of = np.array([part_of.get(c, -1) for c in products.categories], dtype=np.int64)[products.category]
    tolerance = np.nan_to_num(rows.tolerance[:, column]).astype(np.int64)
    held = held_amounts(bank, rows, column)
    now, above = (np.zeros((len(held), len(parts)), dtype=kind) for kind in (float, bool))
    now[:, part_of.get(CASH, 0)] = _cash(bank, rows, column)
    for j, g in enumerate(of):
        if g >= 0:
            now[:, g] += held[:, j]
            above[:, g] |= (held[:, j] > 0) & (products.rating[j] > tolerance)
    ruled = {int(level[1]): shares for level, shares in settings.allocation.items()}
    there = present(rows.months)[:, column] & rows.months.in_force & np.isin(tolerance, list(ruled))
    client = np.flatnonzero(there & (now.sum(axis=1) > 0))
    now, above, held = now[client], above[client], held[client]
    fits = suitable(products.rating, products.minimum, rows.tolerance[client, column], rows.assets[client, column])
    product = np.full(now.shape, -1, dtype=np.int64)
    for g in range(len(parts)):
        liked = np.where(fits & (of == g), rows.held_of + 1.0 + (held > 0) * (rows.held_of.max(initial=0) + 1), 0.0)
        if liked.shape[1]:
            product[:, g] = np.where(liked.max(axis=1) > 0, liked.argmax(axis=1), -1)
    allowed = product >= 0
    allowed[:, part_of.get(CASH, 0)] = True
    suits, asked = np.zeros(now.shape), np.zeros(now.shape, dtype=bool)
    for level, rule in ruled.items():
        own = tolerance[client] == level
        suits[own] = suiting_shares(rule, parts, allowed[own])
        asked[own] = [rule.get(part, 0.0) > 0 for part in parts]
    state = state_of(now / now.sum(axis=1, keepdims=True), suits, above, settings.band)
    return Mixes(parts, client, tolerance[client], now, suits, asked & ~allowed, above, product, state)


def held_amounts(bank: Bank, rows: NeedRows, column: int) -> Floats:
    """Return what each client holds of each product (n, p) at a month's end; 0 where it is no more than that."""
    table = bank.table("holdings")
    held = table.filter((table.month == rows.months.month(column)) & (table.amount > 0))
    held = held.group_by("client_id", "product_id").agg(amount=held.amount.sum().cast("float64"))
    every = held.order_by("client_id", "product_id").execute()
    who = pd.Index(rows.months.client_id).get_indexer(every["client_id"])
    what = pd.Index(rows.products.codes).get_indexer(every["product_id"])
    ok = (who >= 0) & (what >= 0)
    found = np.zeros((len(rows.months.client_id), len(rows.products.codes)))
    np.add.at(found, (who[ok], what[ok]), every["amount"].to_numpy(float)[ok])
    return found


def _cash(bank: Bank, rows: NeedRows, column: int) -> Floats:
    """Return what each client (n) has in cash at a month's end."""
    table = bank.table("balances")
    own = table.filter((table.month == rows.months.month(column)) & table.category.isin(bank.settings.needs.cash))
    cash = own.group_by("client_id").agg(amount=own.amount.sum().cast("float64")).execute()
    told = pd.Series(cash["amount"].to_numpy(float), index=cash["client_id"]).reindex(rows.months.client_id)
    return np.maximum(told.fillna(0.0).to_numpy(float), 0.0)
