"""The raw material of an answer, in the few shapes that disclosure control knows how to protect.

A topic does not hand over numbers; it hands over evidence and a function that turns evidence into numbers. The room to
the right protects the evidence first and then calls that function, so that everything a reader sees, down to the third
decimal of an interval, is computed from what he may know.

What is shown are numbers of clients; what is protected are households. A client without one is a household of his own.
Evidence that is made from rows with a column ``household`` carries both.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

HOUSEHOLD = "household"
"""The column of rows that says which household the client of the row belongs to (a number)."""

HOUSEHOLDS, PARTS = "households", "household_parts"
"""Columns of cells: how many households are behind a cell, and a number that adds up over cells to no more than that.

A household of several rows in the table counts in ``household_parts`` in each cell by the part of its rows in it.
"""

P_VALUES = ("p", "p_value", "p_holm", "p_adjusted", "p_direct")
"""Columns of ``Estimates`` that hold p-values."""


@dataclass(frozen=True)
class RiskCounts:
    """Counts for curves.

    ``counts``: one row per (group, time, cause): ``group`` (str, "" for all), ``time`` (months), ``cause`` (str),
    ``at_risk`` (the same for all causes of one group and time), ``events``. Every group has a row for every cause at
    every time at which anything happens in it.
    ``units``: one row per group: ``group``, ``units`` (clients who were ever at risk).
    ``blur``: the standard deviation of what rounding has added to any cumulative number of events (0: exact counts).
    ``households``: the same rows as ``counts`` with households at risk and leaving instead of clients (see
    ``models.households.household_table``), and ``units`` may have a column ``households``; for thresholds only.
    """

    counts: pd.DataFrame
    units: pd.DataFrame
    blur: float = 0.0
    households: pd.DataFrame | None = None


@dataclass(frozen=True)
class ClientCounts:
    """Numbers of clients by one to three dimensions; ``cells`` has the ``dims`` columns and ``clients``.

    Cells are disjoint and add up: margins are computed, never stored. Where ``rest`` is given, levels of the first
    dimension with a cell that is too small are merged under that name instead of being withheld: the total can still be
    told. ``cells`` may have ``households`` and ``household_parts`` (see ``client_counts``), for thresholds.
    """

    cells: pd.DataFrame
    dims: tuple[str, ...]
    rest: str | None = None


def client_counts(rows: pd.DataFrame, dims: tuple[str, ...], rest: str | None = None) -> ClientCounts:
    """Count the clients by ``dims``: one row per client and cell, with ``household`` where it is known."""
    by = rows.groupby(list(dims), sort=True)
    cells = by.size().rename("clients").reset_index()
    if HOUSEHOLD in rows:
        cells = cells.assign(**_households(by.ngroup().to_numpy(), rows[HOUSEHOLD].to_numpy(), len(cells)))
    return ClientCounts(cells, dims, rest)


def with_households(
    cells: pd.DataFrame, rows: pd.DataFrame, dims: tuple[str, ...], rest: str | None = None
) -> ClientCounts:
    """Return counted cells with the households of their clients, of whom ``rows`` has one row per client and cell."""
    if HOUSEHOLD not in rows:
        return ClientCounts(cells, dims, rest)
    homes = client_counts(rows, dims).cells.drop(columns="clients")
    told = cells.merge(homes, on=list(dims), how="left")
    return ClientCounts(told.fillna({HOUSEHOLDS: 0, PARTS: 0.0}), dims, rest)


@dataclass(frozen=True)
class MoneySums:
    """Sums of money over clients, by dimensions.

    ``cells``: the ``dims`` columns, ``clients`` (contributors), ``amount``, and the absolute contributions of the two
    largest contributors ``largest`` and ``second`` with ``absolute`` (sum of absolute contributions), for dominance.
    ``rest`` as for ``ClientCounts``; it also takes the sums that one or two clients dominate. Where households are
    known the contributors are households, ``largest_of`` and ``second_of`` say which, and ``households`` and
    ``household_parts`` stand beside ``clients``.
    """

    cells: pd.DataFrame
    dims: tuple[str, ...]
    rest: str | None = None


def money_sums(
    rows: pd.DataFrame, dims: tuple[str, ...], value: str, rest: str | None = None, *, everybody: bool = False
) -> MoneySums:
    """Return the sums of ``value`` by ``dims``, with what their protection needs; one row per contributor and cell.

    Rows that contribute nothing are no contributors, unless ``everybody`` is one. Where the rows have ``household``, a
    household contributes the absolute amounts of its members: what one pays in and another takes out hides neither.
    """
    own = [HOUSEHOLD] if HOUSEHOLD in rows else []
    told = rows.loc[(rows[value] != 0) | everybody, [*dims, *own, value]].dropna()
    told = told.assign(size=told[value].abs())
    keys = list(dims)
    if not dims:
        told, keys = told.assign(_all=0), ["_all"]
    by = told.groupby(keys, sort=True)
    cells = by[[value, "size"]].sum().set_axis(["amount", "absolute"], axis=1).reset_index()
    cells["clients"] = by.size().to_numpy()
    cell, size = by.ngroup().to_numpy(), told["size"]
    if own:
        home, homes = pd.factorize(told[HOUSEHOLD].to_numpy(), sort=True)
        sums = size.groupby(cell * len(homes) + home, sort=True).sum()
        held, whose = np.divmod(sums.index.to_numpy(np.int64), max(len(homes), 1))
        cells = cells.assign(**_largest(held, sums.to_numpy(), len(cells), homes[whose]))
        cells = cells.assign(**_households(cell, home, len(cells)))
    else:
        cells = cells.assign(**_largest(cell, size.to_numpy(), len(cells)))
    order = [*dims, "clients", "amount", "largest", "absolute", "second"]
    extra = [f"{name}_of" for name in ("largest", "second")] + [HOUSEHOLDS, PARTS] if own else []
    return MoneySums(cells[[*order, *extra]], dims, rest)


def _households(cell: np.ndarray, home: np.ndarray, cells: int) -> dict[str, np.ndarray]:
    """Return ``households`` and ``household_parts`` of every cell, from the cell (-1: none) and household of rows."""
    inside = cell >= 0
    cell, home = cell[inside], pd.factorize(home[inside])[0]
    part = 1 / np.maximum(np.bincount(home), 1)
    several = int(home.max(initial=0)) + 1
    distinct = np.unique(cell * several + home) // several
    return {
        HOUSEHOLDS: np.bincount(distinct, minlength=cells),
        PARTS: np.bincount(cell, part[home], minlength=cells),
    }


def _largest(cell: np.ndarray, size: np.ndarray, cells: int, whose: np.ndarray | None = None) -> dict[str, pd.Series]:
    """Return the two largest contributions of every cell, and where they are known whose they are.

    Of equals the first counts. The second of a cell is 0 and nobody's where there is only one.
    """
    order = np.lexsort((-size, cell))
    rows = np.bincount(cell, minlength=cells)
    first, several = order[np.cumsum(rows) - rows], pd.Series(rows > 1)
    second = order[np.cumsum(rows) - rows + several]
    found = {"largest": pd.Series(size[first]), "second": pd.Series(size[second]).where(several).fillna(0.0)}
    if whose is not None:
        found |= {"largest_of": pd.Series(whose[first]), "second_of": pd.Series(whose[second]).where(several)}
    return found


@dataclass(frozen=True)
class RowCounts:
    """Numbers of rows of extracts (not of clients); ``cells`` has the ``dims`` columns and integer ``measures``.

    Row counts are rounded like counts of clients, and a sum is always the sum of what is shown. ``open`` holds the
    values of the first dimension whose rows are about no person: they are told exactly.
    """

    cells: pd.DataFrame
    dims: tuple[str, ...]
    measures: tuple[str, ...]
    open: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Estimates:
    """Results of a model that speak of many clients at once: coefficients, risks, scores, expected sums.

    ``rows``: the ``dims`` columns, ``value``, ``low``, ``high`` (nan where there is none), ``unit``, ``n`` (clients or
    client-months behind the row) and ``n_events`` (nan where there is none). A sum of money also has ``largest``,
    ``second`` and ``absolute`` as in ``MoneySums`` (nan in the other rows), for dominance, and a row may say how many
    ``households`` are behind it. p-values are values of unit "p", or stand in a column of ``P_VALUES``.
    ``parts_of``: rows that agree in these dimensions are the parts of a whole that is told as well. Where one of them
    is withheld, others are withheld with it, so that the whole less the parts shown gives nothing back.
    ``named_by``: these dimensions name a group of clients (a region). Where nothing may be told of a group, that there
    is one is not told either: its rows go.
    """

    rows: pd.DataFrame
    dims: tuple[str, ...]
    parts_of: tuple[str, ...] | None = None
    named_by: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Facts:
    """Statements about the bank's settings and sources that hold no count and no client (legal bases, thresholds)."""

    table: pd.DataFrame


@dataclass(frozen=True)
class Published:
    """Numbers that readers of this pack, or of an earlier one, have before them already: rows of ``findings.json``.

    ``rows``: the ``dims`` columns, ``value``, ``low``, ``high`` (nan where there is none) and ``status`` ("shown", or
    why not). What is worked out of them (a sum, a difference) tells a reader no more than he can work out himself.
    """

    rows: pd.DataFrame
    dims: tuple[str, ...]


Evidence = RiskCounts | ClientCounts | MoneySums | RowCounts | Estimates | Facts | Published


@dataclass(frozen=True)
class Answer:
    """A topic's answer to one question, before anybody may see it.

    ``id`` is the finding's id (``lifecycle.exit_incidence``); ``kind`` names the writer of its exhibit (several answers
    may share one: with and without groups); ``evidence`` holds every number the answer rests on, by name; ``facts`` are
    plain values that hold no count (horizons, labels); ``estimate`` turns (protected) evidence into results.
    """

    id: str
    kind: str
    evidence: dict[str, Evidence]
    estimate: Callable[[dict[str, Evidence]], Any]
    facts: dict[str, Any]

    def with_evidence(self, evidence: dict[str, Evidence]) -> "Answer":
        """Return the same answer resting on other (protected) evidence."""
        return replace(self, evidence=evidence)

    @property
    def exact(self) -> Any:
        """The results from the exact evidence: for the data scientist at the screen, never for a report."""
        return self.estimate(self.evidence)


Need = str | tuple[str, ...]
"""A table, column or setting that is lacking, or several of which one would do."""


@dataclass(frozen=True)
class NotAvailable:
    """A question that cannot be asked of this bank, with the tables or columns it would need.

    All of ``needs``; of several names in one place any one would do.
    """

    id: str
    needs: tuple[Need, ...]
