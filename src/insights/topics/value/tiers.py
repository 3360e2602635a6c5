"""Tiers of clients by value: who is in them, what each brings in, gets and costs, and who moves between them."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import add_months, month_end
from insights.data.settings import DisclosureSection
from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.value.book import client_book, with_worth
from insights.models.value.margins import ClientMargins
from insights.models.value.service import MEASURES
from insights.models.value.tiers import WORTH, client_tiers, with_tier
from insights.topics.evidence import Answer, ClientCounts, Evidence, MoneySums, NotAvailable, client_counts, money_sums
from insights.topics.value.refusals import YEAR, margins_of, refused

ID, MOVES = "value.tiers", "value.tier_moves"
NEW, LEFT = "new", "left"
NOBODY = "nobody"
MONEY = ("value", "worth", "assets")
SUMS = (*MONEY, "cost", *MEASURES)


@dataclass(frozen=True)
class Tiers:
    """``table``: one row per tier, the highest first, ``NEW`` last: tier, clients, and the sums of ``SUMS`` there are.

    Sums of money in currency, hours and numbers as they are; nan where withheld.
    """

    table: pd.DataFrame

    def share(self, tier: str, column: str) -> float:
        """Return a tier's share of the sum over all tiers, nan where one is withheld or there is nothing of it."""
        if column not in self.table or not self.table[column].sum(skipna=False):
            return float("nan")
        own = self.table.set_index("tier")[column]
        return float(own.get(tier, np.nan)) / float(own.sum(skipna=False))


def tiers(bank: Bank) -> Answer | NotAvailable:
    """Count the clients in force by tier, and add up what they bring in, hold, cost and are given."""
    found = margins_of(bank, ID)
    if not isinstance(found, ClientMargins):
        return found
    book = client_book(bank)
    assert book is not None
    book = with_tier(bank, book)
    frame = with_worth(bank, book.assign(tier=book["tier"].replace("", NEW)))
    evidence: dict[str, Evidence] = {"clients": client_counts(frame, ("tier",))}
    for name in SUMS:
        if name in frame and frame[name].any():
            # What clients get is told of those with a tier only; no total is told from which the others could be taken.
            evidence[name] = money_sums(frame if name in MONEY else frame[frame["tier"] != NEW], ("tier",), name)
    names = (*bank.settings.value.tiers.names, NEW)
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _tiers(evidence, names),
        facts={
            "basis": found.basis,
            "end": month_end(found.months.month(found.months.count - 1)).isoformat(),
            "rest": bank.settings.value.tiers.rest,
            "years": _years(bank),
        },
    )


def tier_moves(bank: Bank) -> Answer | NotAvailable:
    """Count where the clients of each tier of a year ago stand now.

    Neighbouring tiers are put together until every move is made by nobody or by enough to be told. Who had no tier yet
    a year ago stands with the lowest.
    """
    found = margins_of(bank, MOVES, 2 * YEAR)
    if not isinstance(found, ClientMargins):
        return found
    every = client_tiers(bank)
    assert every is not None
    last = found.months.count - 1
    before, now = every.at(last - YEAR), every.at(last)
    there = found.months.left > last - YEAR
    there &= found.months.joined <= last - YEAR
    if not there.any():
        return refused(MOVES, NOBODY)
    names = bank.settings.value.tiers.names
    lowest = len(names) - 1
    place = {name: k for k, name in enumerate(names)} | {"": lowest}
    origin, target = (np.array([place[t] for t in tier[there]]) for tier in (before, now))
    gone = found.months.left[there] <= last
    groups = _groups(origin, np.where(gone, len(names), target), len(names), bank.settings.disclosure)
    label = {k: "+".join(names[i] for i in own) for own in groups for k in own}
    cells = pd.DataFrame(
        {
            "origin": [label[int(k)] for k in origin],
            "target": [LEFT if out else label[int(k)] for k, out in zip(target, gone, strict=True)],
            "household": household_of(bank, found.months.client_id[there]),
        }
    )
    order = tuple(label[own[0]] for own in groups)
    return Answer(
        id=MOVES,
        kind=MOVES,
        evidence={"moves": client_counts(cells, ("origin", "target"))},
        estimate=lambda evidence: _moves(evidence, order, (*order, LEFT)),
        facts={
            "start": month_end(add_months(found.months.month(last), -YEAR)).isoformat(),
            "together": {label[own[0]]: tuple(names[k] for k in own) for own in groups},
            "basis": found.basis,
            "years": _years(bank),
            "end": month_end(found.months.month(last)).isoformat(),
        },
    )


def _years(bank: Bank) -> int | None:
    """Return over how many years the lifetime values run that tiers go by; None where they go by a year's value."""
    found = client_tiers(bank)
    return bank.settings.value.horizon_years if found is not None and found.by == WORTH else None


def _tiers(evidence: dict[str, Evidence], names: tuple[str, ...]) -> Tiers:
    table = cast(ClientCounts, evidence["clients"]).cells[["tier", "clients"]].set_index("tier")
    for name in SUMS:
        if name in evidence:
            own = cast(MoneySums, evidence[name]).cells.set_index("tier")["amount"]
            # A tier without a row has nothing of it; one that is withheld stays so.
            table[name] = [own[t] if t in own.index else (np.nan if t == NEW else 0.0) for t in table.index]
    order = [name for name in names if name in table.index]
    return Tiers(table.loc[order].reset_index())


def _groups(origin: np.ndarray, target: np.ndarray, tiers: int, rules: DisclosureSection) -> list[tuple[int, ...]]:
    """Return the tiers (by place) that are told together: neighbours joined until no move is made by too few."""
    groups: list[tuple[int, ...]] = [(k,) for k in range(tiers)]
    exact = rules.mode == "public_data"
    while len(groups) > 1 and not exact:
        row = {k: g for g, own in enumerate(groups) for k in own}
        column = row | {tiers: len(groups)}
        counts = np.zeros((len(groups), len(groups) + 1))
        np.add.at(counts, ([row[int(k)] for k in origin], [column[int(k)] for k in target]), 1)
        if not ((counts > 0) & (counts < rules.min_clients)).any():
            break
        smallest = int(counts.sum(axis=1).argmin())
        at = min(smallest, len(groups) - 2)
        groups[at : at + 2] = [groups[at] + groups[at + 1]]
    return groups


def _moves(evidence: dict[str, Evidence], origins: tuple[str, ...], targets: tuple[str, ...]) -> pd.DataFrame:
    """Return the clients by tier of a year ago (rows) and tier now or "left" (columns); nan where withheld."""
    cells = cast(ClientCounts, evidence["moves"]).cells
    wide = cells.pivot(index="origin", columns="target", values="clients")
    return wide.reindex(
        index=[o for o in origins if o in wide.index], columns=[t for t in targets if t in wide.columns]
    )
