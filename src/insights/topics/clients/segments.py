"""Who our clients are: the segments with their size, money and leavers, what changed in a quarter, and what to do."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.segments.later import QUARTER, followed
from insights.models.segments.model import Segments
from insights.models.segments.variables import EXPERIENCE, RISK, WEALTH, building_variables, last_day
from insights.models.value.book import client_book
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.proportions import proportion, same_shares
from insights.stats.results import Estimate, TestResult
from insights.topics.clients.moves import moved_share, moved_since
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    client_counts,
    money_sums,
    with_households,
)

ID = "clients.segments"
THEN, NOW = "then", "now"
LEFT, STAYED = "left", "stayed"
YEAR = 12


@dataclass(frozen=True)
class Overview:
    """The segments side by side.

    ``table``: one row per segment, the wealthiest first: segment, clients, before (a quarter ago), assets, value
    (currency); nan where withheld or not known. ``leaving`` by segment: the share that left within twelve months.
    ``typical``: segment, what ("wealth", "risk", "experience"), value, n. ``moved``: the share of those there at both
    ends of the quarter that changed segment (None where withheld). ``leaving_test``: whether
    segments differ in leaving by more than chance.
    """

    table: pd.DataFrame
    leaving: dict[str, Estimate | None]
    typical: pd.DataFrame
    moved: Estimate | None
    leaving_test: TestResult

    def share(self, segment: str, column: str) -> float:
        """Return a segment's share of all segments, nan where one is withheld or there is nothing."""
        if column not in self.table or not self.table[column].sum(skipna=False):
            return float("nan")
        own = self.table.set_index("segment")[column]
        return float(own[segment]) / float(own.sum(skipna=False))


def segments(bank: Bank) -> Answer | NotAvailable:
    """Count the clients by segment now and a quarter ago, with what they hold and bring in, and how many leave."""
    found = segments_of(bank, ID)
    if not isinstance(found, Segments):
        return found
    evidence: dict[str, Evidence] = {"clients": _counts(bank, found)}
    book, margins = client_book(bank), client_margins(bank)
    assert book is not None
    assert margins is not None
    label = pd.Series(found.labels(found.last), index=found.months.client_id)
    frame = book.assign(segment=label.reindex(book["client_id"]).to_numpy())
    frame = frame[frame["segment"] != ""]
    evidence["assets"] = money_sums(frame, ("segment",), "assets")
    if margins.basis == MARGIN:
        evidence["value"] = money_sums(frame, ("segment",), "value")
    evidence["typical"] = _typical(bank, found)
    back = not found.past
    # Who left is told only where leavers are completely recorded: without that, nobody would seem to leave.
    year = back and found.last >= YEAR and bank.window_from is not None
    if year:
        evidence["left"] = leavers(bank, found)
    if back and found.last >= QUARTER and len(found.names) > 1:
        evidence["moved"] = moved_since(bank, found, found.last - QUARTER)
    rules = bank.settings.segments
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _overview(evidence, found.names),
        facts={
            "source": found.source,
            "names": found.names,
            "variables": found.variables,
            "treatments": {name: rules.treatment(found.traits[name], name) for name in found.names},
            "end": last_day(found.months, found.last),
            "start": last_day(found.months, found.last - QUARTER) if back and found.last >= QUARTER else None,
            "year": last_day(found.months, found.last - YEAR) if year else None,
            "margin": margins.basis == MARGIN,
            "past": found.past,
        },
    )


def leavers(bank: Bank, found: Segments) -> ClientCounts:
    """Return who left and who stayed within twelve months, by the segment of then."""
    told = followed(bank, found)
    frame = pd.DataFrame(
        {
            "segment": np.array(found.names, dtype=object)[told.segment],
            "what": np.where(told.left, LEFT, STAYED).astype(object),
            "household": household_of(bank, found.months.client_id[told.place]),
        }
    )
    return client_counts(frame, ("segment", "what"))


def leaving_shares(cells: pd.DataFrame) -> dict[str, Estimate | None]:
    """Return the share that left by segment; None where it is withheld."""
    wide = cells.pivot(index="segment", columns="what", values="clients")
    made: dict[str, Estimate | None] = {}
    for segment, row in wide.iterrows():
        left, stayed = float(row.get(LEFT, np.nan)), float(row.get(STAYED, np.nan))
        known = not np.isnan(left + stayed) and left + stayed > 0
        made[str(segment)] = proportion(left, left + stayed) if known else None
    return made


def leaving_test(shares: dict[str, Estimate | None]) -> TestResult:
    """Test whether the segments that are told differ in leaving by more than chance."""
    known = [e for e in shares.values() if e is not None]
    return same_shares([float(e.n_events or 0) for e in known], [float(e.n) for e in known], name="leaving")


def _counts(bank: Bank, found: Segments) -> ClientCounts:
    columns = {NOW: found.last}
    if not found.past and found.last >= QUARTER:
        columns[THEN] = found.last - QUARTER
    cells = [
        {"when": when, "segment": name, "clients": int((found.code[:, column] == k).sum())}
        for when, column in columns.items()
        for k, name in enumerate(found.names)
    ]
    home, names = household_of(bank, found.months.client_id), np.array(found.names, dtype=object)
    there = {when: np.flatnonzero(found.code[:, column] >= 0) for when, column in columns.items()}
    rows = [
        pd.DataFrame({"when": when, "segment": names[found.code[own, columns[when]]], "household": home[own]})
        for when, own in there.items()
    ]
    return with_households(pd.DataFrame(cells), pd.concat(rows, ignore_index=True), ("when", "segment"))


def _typical(bank: Bank, found: Segments) -> Estimates:
    """Return what sets segments apart: assets in the middle (the geometric mean), tolerance and experience (means)."""
    variables, own = building_variables(bank), found.code[:, -1]
    rows = []
    for what in variables.names:
        values = getattr(variables, what)[:, -1]
        values = np.log(np.maximum(values, 1.0)) if what == WEALTH else values
        for k, name in enumerate(found.names):
            x = values[(own == k) & ~np.isnan(values)]
            mean = float(x.mean()) if len(x) else np.nan
            unit = {WEALTH: bank.settings.bank.currency, RISK: "level", EXPERIENCE: "years"}[what]
            told = {"segment": name, "what": what, "value": float(np.exp(mean)) if what == WEALTH else mean}
            rows.append(told | {"low": np.nan, "high": np.nan, "unit": unit, "n": len(x), "n_events": np.nan})
    return Estimates(pd.DataFrame(rows), ("segment", "what"))


def _overview(evidence: dict[str, Evidence], names: tuple[str, ...]) -> Overview:
    counts = cast(ClientCounts, evidence["clients"]).cells.pivot(index="segment", columns="when", values="clients")
    table = pd.DataFrame({"segment": list(names)}).set_index("segment")
    table["clients"] = counts[NOW].reindex(names)
    if THEN in counts:
        table["before"] = counts[THEN].reindex(names)
    for name in ("assets", "value"):
        if name in evidence:
            own = cast(MoneySums, evidence[name]).cells.set_index("segment")["amount"]
            table[name] = [float(own[s]) if s in own.index else 0.0 for s in names]
    left = leaving_shares(cast(ClientCounts, evidence["left"]).cells) if "left" in evidence else {}
    moved = moved_share(evidence["moved"]) if "moved" in evidence else None
    typical = cast(Estimates, evidence["typical"]).rows
    return Overview(table.reset_index(), left, typical, moved, leaving_test(left))
