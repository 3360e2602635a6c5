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
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable
from insights.stats.two_factors import interaction_test, multiplied_rates
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    MoneySums,
    NotAvailable,
    RowCounts,
    client_counts,
    money_sums,
)

ID = "clients.stages"
DIMS = ("segment", "stage")
YEAR = 12


@dataclass(frozen=True)
class StageCells:
    """One row per cell with clients.

    ``table``: segment, stage, clients, assets, value (currency; nan where withheld or not delivered). ``leaving`` by
    (segment, stage): leavers per client-year, as the effects of segment and stage multiply (empty where too few left);
    ``mark`` by the same: the mean mark of stated loyalty. None where withheld, no entry where nothing is known.
    ``multiply``: the p-value of the test that these effects multiply.
    """

    table: pd.DataFrame
    leaving: dict[tuple[str, str], Estimate | None]
    mark: dict[tuple[str, str], Estimate | None]
    multiply: float | None


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
    evidence: dict[str, Evidence] = {"clients": client_counts(frame, DIMS), "assets": money_sums(frame, DIMS, "assets")}
    if margins.basis == MARGIN:
        evidence["value"] = money_sums(frame, DIMS, "value")
    if not found.past and len(cells.risk):
        for dim in DIMS:
            by = cells.risk.groupby(dim)["leavers"].sum().rename("clients").reset_index()
            evidence[f"leavers/{dim}"] = ClientCounts(by, (dim,))
        evidence["multiply"] = _interaction(cells.risk, int(frame["client_id"].nunique()))
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


def _leaving(evidence: dict[str, Evidence]) -> dict[tuple[str, str], Estimate | None]:
    """Return the leavers per client-year of each cell, from those of each segment and of each stage."""
    months = cast(RowCounts, evidence["months"]).cells.pivot(index="segment", columns="stage", values="months")
    events = []
    for dim, levels in zip(DIMS, (months.index, months.columns), strict=True):
        events.append(cast(ClientCounts, evidence[f"leavers/{dim}"]).cells.set_index(dim)["clients"].reindex(levels))
    time = months.fillna(0.0).to_numpy(float) / YEAR
    found = multiplied_rates(time, *(e.to_numpy(float) for e in events))
    if isinstance(found, NotEstimable):
        return {}
    return {
        (str(s), str(t)): found[k][j]
        for k, s in enumerate(months.index)
        for j, t in enumerate(months.columns)
        if found[k][j] is not None
    }


def _interaction(risk: pd.DataFrame, clients: int) -> Estimates:
    """Return the p-value of the test that the effects of segment and stage on leaving multiply (nan without one)."""
    wide = risk.pivot(index="segment", columns="stage", values=["months", "leavers"]).fillna(0.0)
    test = interaction_test(wide["months"].to_numpy(float) / YEAR, wide["leavers"].to_numpy(float))
    row = {"what": "multiply", "value": np.nan if test.p_value is None else test.p_value, "low": np.nan, "high": np.nan}
    row |= {"unit": "p", "n": clients, "n_events": int(risk["leavers"].sum())}
    return Estimates(pd.DataFrame([row]), ("what",))


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
    leaving = _leaving(evidence) if "months" in evidence else {}
    mark: dict[tuple[str, str], Estimate | None] = {}
    if "mark" in evidence:
        for row in cast(Estimates, evidence["mark"]).rows.to_dict("records"):
            value, low, high = (float(row[c]) for c in ("value", "low", "high"))
            shown = not np.isnan(value)
            cell = (str(row["segment"]), str(row["stage"]))
            mark[cell] = Estimate(value, low, high, "mark", int(row["n"])) if shown else None
    p = float(cast(Estimates, evidence["multiply"]).rows["value"].iloc[0]) if "multiply" in evidence else np.nan
    return StageCells(table, leaving, mark, None if np.isnan(p) else p)
