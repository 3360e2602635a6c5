"""Where the value is concentrated: the typical client beside the average one, and what the few bring in."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.value.book import client_book, with_worth
from insights.models.value.margins import ClientMargins
from insights.stats.concentration import lorenz, top_bands
from insights.stats.location import smooth_median, trimmed_mean
from insights.stats.results import Estimate
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
)
from insights.topics.value.cells import group_labels, tellable, top_cuts
from insights.topics.value.refusals import FEW, margins_of, refused

ID, LARGEST = "value.concentration", "value.largest"
SHARES = (0.01, 0.05, 0.10, 0.20, 0.30, 0.40, 0.50, 0.60, 0.70, 0.80, 0.90)
NUMBERS = (10, 20, 50, 100)
TRIM = 0.05
LOSS, GAIN = "costs_more", "brings_in"
TOP, OTHERS = "top", "others"
TRIMMED, MEDIAN = "trimmed_mean", "median"


@dataclass(frozen=True)
class Concentration:
    """``bands``: band (0 the highest), clients, amount; ``across`` and ``below``: the points of the Lorenz curve.

    ``signs``: clients and amount of those who bring something in and of those who cost more than that; ``typical``:
    group, measure (trimmed_mean, median), value in currency per client; ``total`` by group: clients and amount.
    """

    bands: pd.DataFrame
    across: np.ndarray
    below: np.ndarray
    signs: pd.DataFrame
    typical: pd.DataFrame
    total: pd.DataFrame

    def top(self, band: int) -> tuple[float, float]:
        """Return the share of the clients, and of the value, of the bands 0 to ``band``; nan where withheld."""
        k = len(self.bands) - 1 - band
        return 1 - float(self.across[k]), 1 - float(self.below[k])


def concentration(bank: Bank, by: str | None = None) -> Answer | NotAvailable:
    """Tell how the value is spread over the clients in force; with ``by`` the typical client of each group."""
    found = margins_of(bank, f"{ID}_by" if by else ID)
    if not isinstance(found, ClientMargins):
        return found
    book = client_book(bank)
    assert book is not None
    rules, value = bank.settings.disclosure, book["value"].to_numpy(float)
    facts = {"basis": found.basis, "end": month_end(found.months.month(found.months.count - 1)).isoformat(), "by": by}
    if by is not None:
        labels = group_labels(bank, by, found)[found.months.in_force]
        rows = [r for g in sorted(set(labels)) for r in _typical(str(g), value[labels == g], bank)]
        return Answer(
            id=f"{ID}_by",
            kind=f"{ID}_by",
            evidence={
                "typical": Estimates(pd.DataFrame(rows), ("group", "measure")),
                "total": money_sums(book.assign(group=labels, amount=value), ("group",), "amount"),
            },
            estimate=lambda evidence: {
                "typical": cast(Estimates, evidence["typical"]).rows,
                "total": cast(MoneySums, evidence["total"]).cells,
            },
            facts=facts,
        )
    cuts = top_cuts(value, SHARES, rules)
    if not cuts:
        return refused(ID, FEW)
    band = top_bands(value, cuts)
    frame = book[["household"]].assign(band=band, amount=value, sign=np.where(value < 0, LOSS, GAIN))
    evidence: dict[str, Evidence] = {
        "clients": client_counts(frame, ("band",)),
        "bands": money_sums(frame, ("band",), "amount"),
        "signs": client_counts(frame, ("sign",)),
        "sums": money_sums(frame, ("sign",), "amount"),
        "typical": Estimates(pd.DataFrame(_typical("", value, bank)), ("group", "measure")),
        "total": money_sums(frame.assign(group=""), ("group",), "amount"),
    }
    return Answer(ID, ID, evidence, _spread, facts)


def largest(bank: Bank) -> Answer | NotAvailable:
    """Tell what would go if the ten clients who bring in the most left; more of them where one or two dominate ten."""
    found = margins_of(bank, LARGEST)
    if not isinstance(found, ClientMargins):
        return found
    book = client_book(bank)
    assert book is not None
    book = with_worth(bank, book)
    rules, value = bank.settings.disclosure, book["value"].to_numpy(float)
    measures = {name: book[name].fillna(0.0).to_numpy(float) for name in ("value", "worth", "assets") if name in book}
    order = np.argsort(-value, kind="stable")
    number = next(
        (
            n
            for n in NUMBERS
            if 2 * n <= len(value)
            and all(tellable(m[order[:n]], rules) and tellable(m[order[n:]], rules) for m in measures.values())
        ),
        None,
    )
    if number is None:
        return refused(LARGEST, FEW)
    group = np.full(len(value), OTHERS, dtype=object)
    group[order[:number]] = TOP
    frame = book[["household"]].assign(group=group, **measures)
    return Answer(
        id=LARGEST,
        kind=LARGEST,
        evidence={
            "clients": client_counts(frame, ("group",)),
            **{name: money_sums(frame, ("group",), name) for name in measures},
        },
        estimate=lambda evidence: {name: cast(ClientCounts | MoneySums, e).cells for name, e in evidence.items()},
        facts={
            "number": number,
            "asked": NUMBERS[0],
            "basis": found.basis,
            "end": month_end(found.months.month(found.months.count - 1)).isoformat(),
        },
    )


def _typical(group: str, value: np.ndarray, bank: Bank) -> list[dict[str, object]]:
    unit, rows = bank.settings.bank.currency, []
    # Neither hangs on the largest: what counts is who dominates the middle.
    middle = np.sort(np.abs(np.sort(value)[int(TRIM * len(value)) : len(value) - int(TRIM * len(value))]))[::-1]
    inner = {"largest": middle[0], "second": middle[1] if len(middle) > 1 else 0.0, "absolute": middle.sum()}
    for name, e in (
        (TRIMMED, trimmed_mean(value, TRIM, unit=unit)),
        (MEDIAN, smooth_median(value, unit=unit)),
    ):
        if isinstance(e, Estimate):
            head = {"group": group, "measure": name, "value": e.value, "low": np.nan, "high": np.nan, "unit": unit}
            rows.append(head | {"n": e.n, "n_events": np.nan} | inner)
    return rows


def _spread(evidence: dict[str, Evidence]) -> Concentration:
    clients, bands = cast(ClientCounts, evidence["clients"]).cells, cast(MoneySums, evidence["bands"]).cells
    told = clients[["band", "clients"]].merge(bands[["band", "amount"]], on="band", how="left").sort_values("band")
    across, below = lorenz(told["clients"], told["amount"])
    signs = cast(ClientCounts, evidence["signs"]).cells[["sign", "clients"]]
    signs = signs.merge(cast(MoneySums, evidence["sums"]).cells[["sign", "amount"]], on="sign", how="left")
    return Concentration(
        told.reset_index(drop=True),
        across,
        below,
        signs,
        cast(Estimates, evidence["typical"]).rows,
        cast(MoneySums, evidence["total"]).cells,
    )
