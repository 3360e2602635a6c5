"""The raw material of an answer, in the few shapes that disclosure control knows how to protect.

A topic does not hand over numbers; it hands over evidence and a function that turns evidence into numbers. The room to
the right protects the evidence first and then calls that function, so that everything a reader sees, down to the third
decimal of an interval, is computed from what he may know.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class RiskCounts:
    """Counts for curves.

    ``counts``: one row per (group, time, cause): ``group`` (str, "" for all), ``time`` (months), ``cause`` (str),
    ``at_risk`` (the same for all causes of one group and time), ``events``. Every group has a row for every cause at
    every time at which anything happens in it.
    ``units``: one row per group: ``group``, ``units`` (clients who were ever at risk).
    ``blur``: the standard deviation of what rounding has added to any cumulative number of events (0: exact counts).
    """

    counts: pd.DataFrame
    units: pd.DataFrame
    blur: float = 0.0


@dataclass(frozen=True)
class ClientCounts:
    """Numbers of clients by one to three dimensions; ``cells`` has the ``dims`` columns and ``clients``.

    Cells are disjoint and add up: margins are computed, never stored. Where ``rest`` is given (one dimension only),
    cells that are too small are merged under that name instead of being withheld: the total can still be told.
    """

    cells: pd.DataFrame
    dims: tuple[str, ...]
    rest: str | None = None


@dataclass(frozen=True)
class MoneySums:
    """Sums of money over clients, by dimensions.

    ``cells``: the ``dims`` columns, ``clients`` (contributors), ``amount``, and the absolute contributions of the two
    largest contributors ``largest`` and ``second`` with ``absolute`` (sum of absolute contributions), for dominance.
    ``rest`` as for ``ClientCounts``; it also takes the sums that one or two clients dominate.
    """

    cells: pd.DataFrame
    dims: tuple[str, ...]
    rest: str | None = None


def money_sums(rows: pd.DataFrame, dims: tuple[str, ...], value: str, rest: str | None = None) -> MoneySums:
    """Return the sums of ``value`` by ``dims``, with what their protection needs; one row per contributor and cell.

    Rows that contribute nothing are no contributors.
    """
    told = rows.loc[rows[value] != 0, [*dims, value]].dropna()
    told = told.assign(size=told[value].abs()).sort_values("size", ascending=False, kind="stable")
    by = told.groupby(list(dims), sort=True) if dims else told.groupby(np.zeros(len(told), dtype=int))
    cells = by.agg(
        clients=(value, "size"), amount=(value, "sum"), largest=("size", "max"), absolute=("size", "sum")
    ).assign(second=by["size"].agg(lambda s: float(s.iloc[1]) if len(s) > 1 else 0.0))
    return MoneySums(cells.reset_index(drop=not dims), dims, rest)


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
    ``second`` and ``absolute`` as in ``MoneySums`` (nan in the other rows), for dominance.
    """

    rows: pd.DataFrame
    dims: tuple[str, ...]


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
