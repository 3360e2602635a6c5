"""Tables under disclosure control: numbers of clients, sums of money, numbers of rows."""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure.rounding import apportion, nearest
from insights.reports.disclosure.suppression import Bools, Floats, Ints, hide
from insights.topics.evidence import HOUSEHOLDS, PARTS, ClientCounts, MoneySums, RowCounts

SHOWN, SUPPRESSED = "shown", "suppressed"

DIGITS = 3
"""Significant digits of a sum of money, at most."""

BLURRED = 0.2
"""Part of the largest contribution below which a sum of money is not told apart: one client more or less cannot be
worked out to within 20 % from two sums (the p % rule)."""

LEDGER_DIGITS = 1
"""Significant digits of the money beside a number of rows: its spread is not known, so dominance is not tested."""


def protect_clients(evidence: ClientCounts, rules: DisclosureSection) -> ClientCounts:
    """Return the table with small cells and their complements hidden, the others rounded; ``status`` says which."""
    cells, shape = _full_grid(_with_rest(evidence, rules), evidence.dims, ["clients"])
    clients = cells["clients"].to_numpy(float)
    shown = ~hide(clients.reshape(shape), rules.min_clients, also=_few(cells, rules).reshape(shape)).ravel()
    told = cells[list(evidence.dims)].assign(clients=_rounded(clients, shown, rules.round_to))
    return ClientCounts(_with_status(told, shown), evidence.dims, evidence.rest)


def protect_money(evidence: MoneySums, rules: DisclosureSection) -> MoneySums:
    """Return the sums with small and dominated cells and their complements hidden, the others rounded.

    What the largest contributors gave (``largest``, ``second``, ``absolute``) goes no further than this function.
    """
    cells, shape = _full_grid(
        _with_rest(evidence, rules), evidence.dims, ["clients", "amount", "largest", "second", "absolute"]
    )
    clients, amount, largest = (cells[v].to_numpy(float) for v in ("clients", "amount", "largest"))
    sizes = _Sizes.of(cells)

    def dominated(together: Ints) -> bool:
        return sizes.dominated(together, rules)

    alone = np.array([clients[k] > 0 and dominated(np.array([k])) for k in range(len(cells))], dtype=bool)
    hidden = hide(
        clients.reshape(shape),
        rules.min_clients,
        also=(alone | _few(cells, rules)).reshape(shape),
        rule=lambda cells: not dominated(cells),
    )
    shown = ~hidden.ravel()
    told = cells[list(evidence.dims)].assign(
        clients=_rounded(clients, shown, rules.round_to),
        amount=[round_money(a, m) if s else math.nan for a, m, s in zip(amount, largest, shown, strict=True)],
    )
    return MoneySums(_with_status(told, shown), evidence.dims, evidence.rest)


def protect_rows(evidence: RowCounts, rules: DisclosureSection) -> RowCounts:
    """Return the counts rounded, small ones hidden; money beside them (``amount``) only in its order of size.

    Rows about no person (``open``) keep their exact counts.

    ``status`` is "suppressed" where any measure of the row is.
    """
    told = evidence.cells[list(evidence.dims)].copy()
    everything = np.ones(len(told), dtype=bool)
    exact = told[evidence.dims[0]].isin(evidence.open).to_numpy()
    for measure in evidence.measures:
        rows = evidence.cells[measure].to_numpy(float)
        shown = exact | ~((rows > 0) & (rows < rules.min_clients))
        rounded = np.where(exact, rows, nearest(np.nan_to_num(rows), rules.round_to))
        told[measure] = np.where(shown, rounded, math.nan)
        everything &= shown
    if "amount" in evidence.cells:
        amounts = evidence.cells["amount"].to_numpy(float)
        told["amount"] = [
            significant(a, LEDGER_DIGITS) if s else math.nan for a, s in zip(amounts, everything, strict=True)
        ]
    return RowCounts(_with_status(told, everything), evidence.dims, evidence.measures, evidence.open)


@dataclass(frozen=True)
class _Sizes:
    """The two largest contributions to each cell (n), whose they are (-1: not known), and the sums of all."""

    contributions: Floats
    whose: Floats
    absolute: Floats

    @classmethod
    def of(cls, cells: pd.DataFrame) -> "_Sizes":
        names = ("largest", "second")
        unknown = pd.Series(math.nan, index=cells.index)
        whose = np.column_stack([cells.get(f"{name}_of", unknown).to_numpy(float) for name in names])
        return cls(cells[list(names)].to_numpy(float), whose, cells["absolute"].to_numpy(float))

    def top(self, together: Ints) -> Floats:
        """Return the two largest contributions to these cells together; who is in several of them counts as one."""
        sizes, whose = self.contributions[together].ravel(), self.whose[together].ravel()
        known = ~np.isnan(whose)
        _, code = np.unique(whose[known], return_inverse=True)
        every = np.concatenate([sizes[~known], np.bincount(code, sizes[known]) if known.any() else [], [0.0, 0.0]])
        return np.sort(every)[::-1][:2]

    def dominated(self, together: Ints, rules: DisclosureSection) -> bool:
        """Return whether one or two make up too much of these sums together."""
        first, second = self.top(together)
        whole = self.absolute[together].sum()
        return bool(first > rules.dominance_largest * whole or first + second > rules.dominance_two * whole)


def _few(cells: pd.DataFrame, rules: DisclosureSection) -> Bools:
    """Return which cells with clients have too few households behind them."""
    if HOUSEHOLDS not in cells:
        return np.zeros(len(cells), dtype=bool)
    return np.asarray((cells["clients"] > 0) & (cells[HOUSEHOLDS] < rules.min_clients), dtype=bool)


def _behind(part: pd.DataFrame) -> float:
    """Return how many clients, or households where they are known, are at least behind these cells together.

    A household may be in several of the cells: they are at least as many as in the cell with most of them.
    """
    clients = float(part["clients"].sum())
    if HOUSEHOLDS not in part:
        return clients
    parts = float(part[PARTS].sum()) + 1e-6 if PARTS in part else 0.0
    return min(clients, max(float(part[HOUSEHOLDS].max()), parts))


def _with_rest(evidence: ClientCounts | MoneySums, rules: DisclosureSection) -> pd.DataFrame:
    """Return the cells with levels of the first dimension merged under the name of the rest, where there is one.

    Merged are the levels with a cell that may not be shown; the next smallest join until the cells of the rest may be
    shown themselves. What is left standing beside it is not small, so nothing has to be withheld and the total gives
    nothing away. In one dimension a level without clients is merged too.
    """
    if evidence.rest is None or evidence.cells.empty:
        return evidence.cells
    dim, *others = evidence.dims
    cells = evidence.cells if others else evidence.cells.sort_values(["clients", dim], ignore_index=True)
    size = cells.groupby(dim)["clients"].sum()
    levels = [str(level) for level in size.iloc[np.lexsort((size.index.astype(str), size.to_numpy()))].index]
    named = cells.assign(**{dim: cells[dim].astype(str)})

    def tellable(chosen: set[str]) -> bool:
        inside = named[named[dim].isin(chosen)]
        apart = [part for _, part in inside.groupby(others)] if others else [inside]
        return all(_tellable(part, rules, empty=bool(others)) for part in apart)

    merged = {level for level in levels if level == evidence.rest or not tellable({level})}
    for level in levels:
        if not merged or tellable(merged):
            break
        merged.add(level)
    if not merged:
        return cells
    inside = named[dim].isin(merged)
    together = named[inside].assign(**{dim: evidence.rest})
    rows = [_merged(part) for _, part in together.groupby(list(evidence.dims), sort=True)]
    return pd.concat([cells[~inside], pd.DataFrame(rows).infer_objects()], ignore_index=True)[cells.columns]


def _tellable(part: pd.DataFrame, rules: DisclosureSection, *, empty: bool) -> bool:
    """Return whether these cells may be shown as one; ``empty``: if nobody is in them, too."""
    if empty and not part["clients"].any():
        return True
    if _behind(part) < rules.min_clients:
        return False
    return "largest" not in part or not _Sizes.of(part).dominated(np.arange(len(part)), rules)


def _merged(part: pd.DataFrame) -> pd.Series:
    """Return the cells as one."""
    row = part.iloc[0].copy()
    for name in ("clients", "amount", "absolute", PARTS):
        if name in part:
            row[name] = part[name].sum()
    if HOUSEHOLDS in part:
        row[HOUSEHOLDS] = _behind(part)
    if "largest" in part:
        sizes = _Sizes.of(part)
        row["largest"], row["second"] = sizes.top(np.arange(len(part)))
        for name in ("largest_of", "second_of"):
            if name in part:
                row[name] = math.nan if len(part) > 1 else row[name]
    return row


def round_money(amount: float, largest: float) -> float:
    """Round to three significant digits, or more coarsely where one contribution would stand out (``BLURRED``)."""
    if amount == 0 or not math.isfinite(amount):
        return amount
    fine = 10.0 ** (math.floor(math.log10(abs(amount))) - DIGITS + 1)
    unit = max(fine, _round_number(BLURRED * largest))
    return float(f"{round(amount / unit) * unit:.12g}")


def significant(amount: float, digits: int) -> float:
    """Round to a number of significant digits."""
    return float(f"{amount:.{digits - 1}e}")


def _round_number(least: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, 50, ... (and their tenths) that is not below ``least``."""
    if least <= 0:
        return 0.0
    power = 10.0 ** math.floor(math.log10(least))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-12))


def _rounded(clients: Floats, shown: Bools, base: int) -> list[float]:
    """Return the shown counts rounded such that they add up, nan for the others."""
    told = np.full(len(clients), math.nan)
    told[shown] = apportion(clients[shown], base)
    return [float(v) for v in told]


def _with_status(cells: pd.DataFrame, shown: Bools) -> pd.DataFrame:
    return cells.assign(status=np.where(shown, SHOWN, SUPPRESSED))


def _full_grid(cells: pd.DataFrame, dims: tuple[str, ...], values: list[str]) -> tuple[pd.DataFrame, tuple[int, ...]]:
    """Return the cells of every combination of levels, in the order of their first appearance, and the table's shape.

    A combination that is not in the evidence holds nobody, and hiding it would be of no use if it were simply absent.
    """
    more = [name for name in (HOUSEHOLDS, "largest_of", "second_of") if name in cells]
    if not dims:
        return cells[[*values, *more]].reset_index(drop=True), (len(cells),)
    levels = [cells[d].drop_duplicates() for d in dims]
    grid = levels[0].to_frame()
    for level in levels[1:]:
        grid = grid.merge(level.to_frame(), how="cross")
    full = grid.merge(cells[[*dims, *values, *more]], on=list(dims), how="left", validate="one_to_one")
    full[values] = full[values].astype(float).fillna(0.0)
    return full.reset_index(drop=True), tuple(len(level) for level in levels)
