"""Tables under disclosure control: numbers of clients, sums of money, numbers of rows."""

import math

import numpy as np
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure.rounding import apportion, nearest
from insights.reports.disclosure.suppression import Bools, Floats, Ints, hide
from insights.topics.evidence import ClientCounts, MoneySums, RowCounts

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
    shown = ~hide(clients.reshape(shape), rules.min_clients).ravel()
    cells["clients"] = _rounded(clients, shown, rules.round_to)
    return ClientCounts(_with_status(cells, shown), evidence.dims, evidence.rest)


def protect_money(evidence: MoneySums, rules: DisclosureSection) -> MoneySums:
    """Return the sums with small and dominated cells and their complements hidden, the others rounded.

    What the largest contributors gave (``largest``, ``second``, ``absolute``) goes no further than this function.
    """
    values = ["clients", "amount", "largest", "second", "absolute"]
    cells, shape = _full_grid(_with_rest(evidence, rules), evidence.dims, values)
    clients, amount, largest, second, absolute = (cells[v].to_numpy(float) for v in values)

    def dominated(together: Ints) -> bool:
        return _dominated(largest[together], second[together], absolute[together], rules)

    alone = np.array([clients[k] > 0 and dominated(np.array([k])) for k in range(len(cells))], dtype=bool)
    hidden = hide(
        clients.reshape(shape), rules.min_clients, also=alone.reshape(shape), rule=lambda cells: not dominated(cells)
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


def _dominated(largest: Floats, second: Floats, absolute: Floats, rules: DisclosureSection) -> bool:
    """Return whether one or two clients make up too much of these sums together."""
    first, next_ = np.sort(np.concatenate([largest, second]))[::-1][:2]
    whole = absolute.sum()
    return bool(first > rules.dominance_largest * whole or first + next_ > rules.dominance_two * whole)


def _with_rest(evidence: ClientCounts | MoneySums, rules: DisclosureSection) -> pd.DataFrame:
    """Return the cells with those that may not be shown merged under the name of the rest, where there is one.

    The next smallest cells join until the rest may be shown itself. What is left standing beside it is not small, so
    nothing has to be withheld and the total gives nothing away.
    """
    if evidence.rest is None or len(evidence.dims) != 1 or evidence.cells.empty:
        return evidence.cells
    dim = evidence.dims[0]
    cells = evidence.cells.sort_values(["clients", dim], ignore_index=True)

    def tellable(part: pd.DataFrame) -> bool:
        if part["clients"].sum() < rules.min_clients:
            return False
        if not isinstance(evidence, MoneySums):
            return True
        largest, second, absolute = (part[name].to_numpy(float) for name in ("largest", "second", "absolute"))
        return not _dominated(largest, second, absolute, rules)

    merged = np.array([not tellable(cells.iloc[[k]]) for k in range(len(cells))]) | (cells[dim] == evidence.rest)
    for k in range(len(cells)):
        if not merged.any() or tellable(cells[merged]):
            break
        merged[k] = True
    if not merged.any():
        return cells
    together = cells[merged]
    row = {name: together[name].sum() for name in cells.columns if name not in (dim, "largest", "second")}
    if isinstance(evidence, MoneySums):
        row["largest"], row["second"] = np.sort(np.concatenate([together["largest"], together["second"]]))[::-1][:2]
    rest = pd.DataFrame([{dim: evidence.rest, **row}])
    return pd.concat([cells[~merged], rest], ignore_index=True)[cells.columns]


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
    if not dims:
        return cells[values].reset_index(drop=True), (len(cells),)
    levels = [cells[d].drop_duplicates() for d in dims]
    grid = levels[0].to_frame()
    for level in levels[1:]:
        grid = grid.merge(level.to_frame(), how="cross")
    full = grid.merge(cells[[*dims, *values]], on=list(dims), how="left", validate="one_to_one")
    full[values] = full[values].astype(float).fillna(0.0)
    return full.reset_index(drop=True), tuple(len(level) for level in levels)
