"""Depth of a relationship at its first anniversary, and what followed: beside clients like them who held less then.

How many products a client holds today says little about what holding them does: whoever stayed longer had more time to
buy, and whoever left early had none. So everybody is looked at after the same time, twelve months, and what is compared
came after it. What clients are compared on was known by then.

Source: Anderson, Cain & Gelber (1983), Analysis of survival by tumor response, on landmarks against this very fault.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.counts import UNKNOWN
from insights.models.exits.rows import MISSING, ExitRows, exit_rows
from insights.models.value.money import money
from insights.stats.effects.overlap import OverlapComparison, overlap_comparison
from insights.stats.inputs import Floats
from insights.stats.results import NotEstimable

LANDMARK = 12
"""Months of the relationship after which its depth is taken."""
HORIZONS = (12, 24)
"""Months after the landmark over which what followed is added up."""
LEFT, BROUGHT = "left", "brought"
OUTCOMES = (LEFT, BROUGHT)
PRODUCTS, CATEGORIES = "products", "categories"
LIKE = ("log2_assets", "age_decades", "risk_tolerance", "net_share_3m", "complaint_6m", "log2_contacts_6m", "online_3m")
"""Features that clients are compared on, where the bank has them; and the calendar year of the landmark."""
CAP = 0.99
"""Amounts count up to this quantile of all: one client must not decide a mean."""
FEWEST_LEAVERS = 50
QUARTER = 3


@dataclass(frozen=True)
class Compared:
    """Deep relationships against others like them, ``months`` after the landmark.

    ``outcome``: "left" (by choice, a share) or "brought" (currency a client, see ``Money.brought``; nothing once he has
    left). ``means`` of the deep and of the others as they are; ``sizes`` of the amounts (largest, second, sum) of the
    less even group. ``n`` clients, ``deep`` of them; ``leavers`` by choice among the deep and the others.
    """

    outcome: str
    months: int
    found: OverlapComparison | NotEstimable
    means: tuple[float, float]
    sizes: tuple[float, float, float]
    n: int
    deep: int
    leavers: tuple[int, int]


@dataclass(frozen=True)
class Depth:
    """What followed depth at the landmark.

    ``source`` is what depth is counted in, products or categories of assets; ``bound``: a relationship is deep from so
    many on. ``held`` (n) at the landmark; ``like`` are the features that clients are compared on. ``years_today`` is
    how long those who are deep today, and the others, have been with the bank on average, and how many there are.
    """

    source: str
    bound: int
    held: npt.NDArray[np.int64] = field(repr=False)
    compared: tuple[Compared, ...]
    like: tuple[str, ...]
    years_today: tuple[tuple[float, int], tuple[float, int]] | None

    def of(self, outcome: str, months: int) -> Compared | None:
        """Return one comparison, None where it was not made."""
        return next((c for c in self.compared if (c.outcome, c.months) == (outcome, months)), None)


def missing_for_depth(bank: Bank) -> tuple[str | tuple[str, ...], ...]:
    """Return what the bank would have to deliver; of several in one place any one would do."""
    lacking: list[str | tuple[str, ...]] = list(bank.needs("clients.joined_on", "clients.left_on"))
    if not bank.window_from:
        lacking.append("[window] complete_from")
    if source_of(bank) is None:
        lacking.append(("holdings.product_id", "balances.category"))
    return tuple(lacking)


def source_of(bank: Bank) -> str | None:
    """Return what depth can be counted in: products held, else categories of assets; None for neither."""
    if not bank.needs("holdings.product_id", "holdings.month", "holdings.amount"):
        return PRODUCTS
    return None if bank.needs("balances.category", "balances.month", "balances.amount") else CATEGORIES


def depth(bank: Bank) -> Depth | NotEstimable:
    """Compare deep relationships with others, computed once; ask ``missing_for_depth`` first.

    Relationships whose first anniversary fell into the record and that were in force then, with ``HORIZONS`` after it.
    The bound makes the two groups as even as can be. NotEstimable where all hold the same, or too few can be followed.
    """
    return once(bank, "value_depth", lambda: _made(bank))


def _made(bank: Bank) -> Depth | NotEstimable:
    source = source_of(bank)
    assert source is not None, "ask missing_for_depth first"
    rows = exit_rows(bank).until(bank.as_of)
    last = last_complete(bank.as_of)
    at = np.flatnonzero((rows.tenure == LANDMARK + 1) & (rows.month + min(HORIZONS) - 1 <= last))
    held = _held(bank, source, rows, at)
    at, held = at[held > 0], held[held > 0]  # Of whom nothing is recorded, nothing can be told.
    if not len(at):
        return NotEstimable("no first anniversary on record has a year after it")
    bound = _bound(held)
    if bound is None:
        return NotEstimable("all clients held equally much at their first anniversary")
    like, design = _like(rows, at)
    codes = np.where(rows.manager[at] == MISSING, len(rows.managers) + rows.client[at], rows.manager[at])
    few = len(np.unique(rows.manager[at])) < 20
    cluster = np.where(few, rows.client[at], codes)
    followed = _followed(bank, rows, at)
    compared = []
    for months in HORIZONS:
        seen = rows.month[at] + months - 1 <= last
        for outcome in OUTCOMES:
            y = followed.get((outcome, months))
            if y is not None and seen.any():
                deep, left = held[seen] >= bound, followed[LEFT, months][seen]
                leavers = int(left[deep].sum()), int(left[~deep].sum())
                some = design[seen].loc[:, design[seen].nunique() > 1]
                compared.append(_compare(outcome, months, y[seen], deep, some, cluster[seen], leavers))
    return Depth(source, bound, held, tuple(compared), like, _today(bank, source, bound))


def _compare(
    outcome: str,
    months: int,
    y: Floats,
    deep: npt.NDArray[np.bool_],
    design: pd.DataFrame,
    cluster: npt.NDArray[np.int64],
    leavers: tuple[int, int],
) -> Compared:
    if outcome == BROUGHT:
        y = np.clip(y, *np.quantile(y, [1 - CAP, CAP]))
    found: OverlapComparison | NotEstimable
    if outcome == LEFT and sum(leavers) < FEWEST_LEAVERS:
        found = NotEstimable(f"{sum(leavers)} left by choice; {FEWEST_LEAVERS} are needed")
    else:
        found = overlap_comparison(y, deep, design, cluster=cluster)
    means = [float(y[own].mean()) if own.any() else float("nan") for own in (deep, ~deep)]
    sizes = max((_sizes(y[own]) for own in (deep, ~deep)), key=lambda s: s[0] / max(s[2], 1e-300))
    return Compared(outcome, months, found, (means[0], means[1]), sizes, len(y), int(deep.sum()), leavers)


def _sizes(y: Floats) -> tuple[float, float, float]:
    size = np.append(np.sort(np.abs(y))[::-1], [0.0, 0.0])
    return float(size[0]), float(size[1]), float(size.sum())


def _bound(held: npt.NDArray[np.int64]) -> int | None:
    """Return the number from which a relationship is deep: the one that parts the clients most evenly."""
    bounds = [int(b) for b in np.unique(held)[1:]]
    return min(bounds, key=lambda b: (abs(float((held >= b).mean()) - 0.5), b)) if bounds else None


def _held(bank: Bank, source: str, rows: ExitRows, at: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return how many products (categories) were held at the end of the month before each of some rows.

    Where they are not delivered for that month (some come by quarter), at the last one that is, up to ``QUARTER`` back.
    """
    table, what = ("holdings", "product_id") if source == PRODUCTS else ("balances", "category")
    every = bank.table(table)
    every = every.filter(every.amount > 0)
    own = every.select("client_id", what=every[what], number=_number(every.month))
    delivered = np.sort(own.select("number").distinct().execute()["number"].to_numpy(np.int64))
    wanted = rows.month[at].astype(np.int64) - 1
    last = np.searchsorted(delivered, wanted, side="right") - 1
    number = np.where(last >= 0, delivered[np.maximum(last, 0)] if len(delivered) else -1, -1)
    number = np.where(wanted - number < QUARTER, number, -1)
    asked = pd.DataFrame({"client_id": rows.of(rows.client[at], rows.clients), "number": number})
    asked = asked.assign(row=np.arange(len(at)))
    both = ibis.memtable(asked).inner_join(own, ["client_id", "number"])
    told = both.group_by("row").agg(held=both.what.nunique()).execute().set_index("row")["held"]
    return told.reindex(range(len(at))).fillna(0).to_numpy(np.int64)


def _number(month: ibis.expr.types.DateValue) -> ibis.expr.types.IntegerValue:
    return (month.year() * 12 + month.month() - 1).cast("int64")


def _like(rows: ExitRows, at: npt.NDArray[np.int64]) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Return the features that clients are compared on (names, and n rows); what is not known is the mean."""
    found = pd.DataFrame({n: rows.numeric[n][at].astype(float) for n in LIKE if n in rows.numeric})
    found = found.loc[:, found.notna().any() & (found.nunique() > 1)]
    names = tuple(str(c) for c in found.columns)
    found = found.fillna(found.mean())
    years = pd.get_dummies(pd.Series(rows.month[at] // 12).astype(str), dtype=float).iloc[:, 1:]
    return names, pd.concat([found, years], axis=1)


def _followed(bank: Bank, rows: ExitRows, at: npt.NDArray[np.int64]) -> dict[tuple[str, int], Floats]:
    """Return for each outcome and horizon what followed each of some rows (n); money only where the bank has any."""
    chosen = _chosen(rows.causes, bank.settings.lifecycle.not_by_choice)
    ends = np.flatnonzero(np.append((np.diff(rows.client) != 0) | (np.diff(rows.spell) != 0), True))
    end = ends[np.searchsorted(ends, at)]
    cause, gone = rows.cause[end], rows.month[end]
    found: dict[tuple[str, int], Floats] = {}
    book = money(bank)
    for months in HORIZONS:
        found[LEFT, months] = (np.isin(cause, chosen) & (gone < rows.month[at] + months)).astype(float)
        if book is not None:
            first = rows.month[at].astype(np.int64) - book.first
            brought = np.concatenate([np.zeros((len(book.assets), 1)), np.cumsum(book.brought, axis=1)], axis=1)
            stop = np.where(cause > 0, np.minimum(gone + 1 - book.first, first + months), first + months)
            ends_at, begins = (np.clip(k, 0, book.months) for k in (stop, first))
            found[BROUGHT, months] = brought[rows.client[at], ends_at] - brought[rows.client[at], begins]
    return found


def _chosen(causes: Iterable[str], others: tuple[str, ...]) -> list[int]:
    """Return the codes of the reasons that are the client's own choice, or not known."""
    return [k + 1 for k, name in enumerate(causes) if name not in others or name == UNKNOWN]


def _today(bank: Bank, source: str, bound: int) -> tuple[tuple[float, int], tuple[float, int]] | None:
    """Return how long (years, and of how many clients) those have been clients who are deep today, and the others."""
    rows = exit_rows(bank).at(bank.as_of)
    every = np.arange(rows.n)
    held = _held(bank, source, rows, every)
    deep, other = (rows.tenure[own] - 1.0 for own in (held >= bound, (held > 0) & (held < bound)))
    if not len(deep) or not len(other):
        return None
    return (float(deep.mean()) / 12, len(deep)), (float(other.mean()) / 12, len(other))
