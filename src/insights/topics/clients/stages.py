"""Segments crossed with the stage of the relationship: size, money, leaving, loyalty, and what to do."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.months import add_months
from insights.data.snapshot import Bank
from insights.models.segments.cells import segment_cells
from insights.models.segments.model import Segments
from insights.models.segments.variables import last_day
from insights.models.stages import STAGES, shown_stages, stage_needs
from insights.models.value.book import client_book
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.proportions import rate
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    RowCounts,
    money_sums,
)

ID = "clients.stages"
DIMS = ("segment", "stage")
YEAR = 12


@dataclass(frozen=True)
class StageCells:
    """One row per cell with clients.

    ``table``: segment, stage, clients, assets, value (currency; nan where withheld or not delivered). ``leaving`` by
    (segment, stage): leavers per client-year; ``mark`` by the same: the mean mark of stated loyalty. None where
    withheld, no entry where nothing is known.
    """

    table: pd.DataFrame
    leaving: dict[tuple[str, str], Estimate | None]
    mark: dict[tuple[str, str], Estimate | None]


def stages(bank: Bank) -> Answer | NotAvailable:
    """Cross the segments with the stages of the relationship, and add up what is in each cell."""
    found = segments_of(bank, ID)
    if not isinstance(found, Segments):
        return found
    if missing := stage_needs(bank):
        return NotAvailable(ID, missing)
    own, apart = shown_stages(bank)
    cells = segment_cells(found, own)
    book, margins = client_book(bank), client_margins(bank)
    assert book is not None
    assert margins is not None
    names = np.array(["", *STAGES], dtype=object)
    where = pd.DataFrame({"segment": found.labels(found.last), "stage": names[cells.stage[:, -1]]})
    where.index = pd.Index(found.months.client_id)
    frame = book.merge(where, left_on="client_id", right_index=True)
    frame = frame[(frame["segment"] != "") & (frame["stage"] != "")]
    counts = frame.groupby(list(DIMS)).size().rename("clients").reset_index()
    evidence: dict[str, Evidence] = {"clients": ClientCounts(counts, DIMS), "assets": money_sums(frame, DIMS, "assets")}
    if margins.basis == MARGIN:
        evidence["value"] = money_sums(frame, DIMS, "value")
    if not found.past and len(cells.risk):
        leavers = cells.risk.rename(columns={"leavers": "clients"})
        evidence["leavers"] = ClientCounts(leavers[[*DIMS, "clients"]], DIMS)
        evidence["months"] = RowCounts(cells.risk[[*DIMS, "months"]], DIMS, ("months",))
    if (marks := _marks(bank, frame)) is not None:
        evidence["mark"] = marks
    rules = bank.settings.segments
    todo = {(s, t): rules.treatment(found.traits[s], s, t) for s in found.names for t in STAGES}
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _cells(evidence, found.names),
        facts={
            "names": found.names,
            "source": found.source,
            "variables": found.variables,
            "treatments": todo,
            "margin": margins.basis == MARGIN,
            "months": cells.months,
            "end": last_day(found.months, found.last),
            "scale": bank.settings.loyalty.outcome_scale,
            "apart": apart,
            "past": found.past,
        },
    )


def _marks(bank: Bank, frame: pd.DataFrame) -> Estimates | None:
    """Return the mean mark of stated loyalty by cell: of each client's last answer within twelve months."""
    items, scale = bank.settings.loyalty.outcome, bank.settings.loyalty.outcome_scale
    if not items or scale is None or bank.needs("surveys.answered_on", *(f"surveys.{item}" for item in items)):
        return None
    table = bank.table("surveys")
    since = add_months(bank.as_of, -YEAR)
    rows = table.filter(table.answered_on > since).select("client_id", "answered_on", *items).execute()
    marks = rows[list(items)].astype(float)
    rows["mark"] = marks.where((marks >= scale[0]) & (marks <= scale[1])).mean(axis=1)
    rows = rows.dropna(subset=["mark"]).sort_values(["client_id", "answered_on", "mark"], kind="stable")
    told = rows.drop_duplicates("client_id", keep="last").merge(frame[["client_id", *DIMS]], on="client_id")
    lines = []
    for (segment, stage), part in told.groupby(list(DIMS)):
        e = ratio_of_sums(part["mark"].to_numpy(float), np.ones(len(part)), unit="mark")
        if isinstance(e, Estimate):
            head = {"segment": segment, "stage": stage, "value": e.value, "low": e.low, "high": e.high}
            lines.append(head | {"unit": "mark", "n": e.n, "n_events": np.nan})
    return Estimates(pd.DataFrame(lines), DIMS) if lines else None


def _cells(evidence: dict[str, Evidence], names: tuple[str, ...]) -> StageCells:
    table = cast(ClientCounts, evidence["clients"]).cells[[*DIMS, "clients"]]
    for name in ("assets", "value"):
        if name in evidence:
            own = cast(MoneySums, evidence[name]).cells[[*DIMS, "amount"]].rename(columns={"amount": name})
            table = table.merge(own, on=list(DIMS), how="left")
    order = {name: k for k, name in enumerate(names)}, {name: k for k, name in enumerate(STAGES)}
    table = table[table["clients"] != 0]
    table = table.sort_values(
        list(DIMS), key=lambda column: column.map(order[column.name == "stage"]), kind="stable", ignore_index=True
    )
    leaving: dict[tuple[str, str], Estimate | None] = {}
    if "leavers" in evidence:
        left = cast(ClientCounts, evidence["leavers"]).cells.set_index(list(DIMS))["clients"]
        months = cast(RowCounts, evidence["months"]).cells.set_index(list(DIMS))["months"]
        for cell, n in left.items():
            time = float(months.get(cell, np.nan)) / YEAR
            known = not np.isnan(float(n)) and time > 0
            leaving[cast(tuple[str, str], cell)] = rate(float(n), time) if known else None
    mark: dict[tuple[str, str], Estimate | None] = {}
    if "mark" in evidence:
        for row in cast(Estimates, evidence["mark"]).rows.to_dict("records"):
            value, low, high = (float(row[c]) for c in ("value", "low", "high"))
            shown = not np.isnan(value)
            cell = (str(row["segment"]), str(row["stage"]))
            mark[cell] = Estimate(value, low, high, "mark", int(row["n"])) if shown else None
    return StageCells(table, leaving, mark)
