"""Those who left: how many come back, and what they had spoken of before they went."""

from dataclasses import dataclass
from typing import cast

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.exits.hazards import main_reason
from insights.models.exits.rows import ExitRows, exit_rows
from insights.models.households import household_of, household_table
from insights.models.returns import RETURNED, departures
from insights.models.trial import day_of
from insights.stats.counts import risk_table
from insights.stats.incidence import IncidenceCurve, cumulative_incidence_from_counts
from insights.stats.multiplicity import adjust_tests
from insights.stats.proportions import same_chance
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, RiskCounts, client_counts
from insights.topics.lifecycle.retention import refused

RETURNS, NOTES = "lifecycle.returns", "lifecycle.exit_notes"
BEFORE = 6
"""Months before leaving whose notes are looked at."""

STAYERS, NO_NOTE = "stayers", "no_note"
TENURES = (24, 60, 120)
"""Bounds (months) of the classes of tenure within which stayers are matched."""


def returns(bank: Bank) -> Answer | NotAvailable:
    """Estimate the share of those who left who have come back, by months since they left."""
    missing = list(bank.needs("relationships.joined_on", "relationships.left_on"))
    if missing or bank.window_from is None:
        return NotAvailable(RETURNS, tuple(missing if bank.window_from else [*missing, "[window] complete_from"]))
    gone = departures(bank)
    if gone.empty:
        return refused(RETURNS, "nobody_left", {})
    if not gone["returned"].any():
        return refused(RETURNS, "nobody_returned", {})
    counts = risk_table(gone["away"], np.where(gone["returned"], RETURNED, ""))
    own = household_of(bank, gone["client_id"])
    homes = household_table(gone["away"], np.where(gone["returned"], RETURNED, ""), own)
    units = pd.DataFrame({"group": [""], "units": [gone["client_id"].nunique()], "households": [len(np.unique(own))]})
    return Answer(
        id=RETURNS,
        kind=RETURNS,
        evidence={"exits": RiskCounts(counts, units, households=homes)},
        estimate=_curve,
        facts={"by": None},
    )


def exit_notes(bank: Bank) -> Answer | NotAvailable:
    """Count the topic of the last coded note before leaving, of leavers and of matched clients who stayed.

    Each leaver is matched with a client who stayed through the month in which he left: the same class of tenure, the
    same third of assets, drawn by lot, nobody twice.
    """
    missing = list(bank.needs("notes.noted_on", "notes.topic", "clients.left_on"))
    if missing or bank.window_from is None:
        return NotAvailable(NOTES, tuple(missing if bank.window_from else [*missing, "[window] complete_from"]))
    rows = exit_rows(bank).until(bank.as_of)
    if not (rows.cause > 0).any():
        return refused(NOTES, "nobody_left", {})
    counts = {r: int((rows.cause == k + 1).sum()) for k, r in enumerate(rows.causes)}
    main = main_reason(counts, bank.settings.lifecycle.not_by_choice)
    if main is None:
        return refused(NOTES, "nobody_by_choice", {})
    left, stayed = matched_stayers(rows, rows.cause == rows.causes.index(main) + 1)
    if not len(left):
        return refused(NOTES, "nobody_left", {})
    at = np.concatenate([left, stayed])
    who = np.where(np.arange(len(at)) < len(left), main, STAYERS)
    home = household_of(bank, np.array(rows.clients, dtype=object)[rows.client[at]])
    cells = pd.DataFrame({"who": who, "topic": _last_topic(bank, rows, at), "household": home})
    return Answer(
        id=NOTES,
        kind=NOTES,
        evidence={"notes": client_counts(cells, ("who", "topic"))},
        estimate=lambda evidence: _topics(cast(ClientCounts, evidence["notes"]).cells, main),
        facts={"main": main, "months": BEFORE},
    )


@dataclass(frozen=True)
class Topics:
    """Last topics before leaving.

    ``cells``: who (the main reason, or "stayers"), topic ("no_note": none), clients. ``tests`` (see ``adjust_tests``),
    one by topic: leavers and stayers had the same chance of it.
    """

    cells: pd.DataFrame
    tests: pd.DataFrame


def _topics(cells: pd.DataFrame, main: str) -> Topics:
    wide = cells.pivot(index="topic", columns="who", values="clients").reindex(columns=[main, STAYERS])
    told = wide.drop(index=[NO_NOTE], errors="ignore").dropna()
    tests = [
        same_chance(int(a), int(b), name=str(t)) for t, a, b in zip(told.index, told[main], told[STAYERS], strict=True)
    ]
    return Topics(cells, adjust_tests(tests).table)


def matched_stayers(
    rows: ExitRows, leaving: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the positions (m each) of leavers and of one client each who stayed through that month and is like him.

    Like him: the same class of tenure and third of assets among those at risk in the month. A leaver without such a
    client left over is in neither. The lot is drawn from pseudonyms, so that it falls the same in every run.
    """
    lot = pd.util.hash_array(np.array(rows.clients, dtype=object))
    used = np.zeros(len(rows.clients), dtype=bool)
    found: list[tuple[int, int]] = []
    order = np.argsort(rows.month, kind="stable")
    starts = np.unique(rows.month[order], return_index=True)[1].tolist()
    for start, stop in zip(starts, [*starts[1:], rows.n], strict=True):
        here = order[start:stop]
        gone = here[leaving[here]]
        if not len(gone):
            continue
        tenure = np.searchsorted(TENURES, rows.tenure[here])
        held = np.nan_to_num(rows.assets_before[here], nan=-1.0)
        third = np.searchsorted(np.quantile(held, [1 / 3, 2 / 3]), held)
        kind = dict(zip(here.tolist(), (3 * tenure + third).tolist(), strict=True))
        free = here[(rows.cause[here] == 0) & ~used[rows.client[here]]]
        free = free[np.argsort(lot[rows.client[free]], kind="stable")]
        pools: dict[int, list[int]] = {}
        for position in free[::-1].tolist():
            pools.setdefault(kind[position], []).append(position)
        for position in gone[np.argsort(lot[rows.client[gone]], kind="stable")].tolist():
            if pools.get(kind[position]):
                other = pools[kind[position]].pop()
                used[rows.client[other]] = True
                found.append((position, other))
    pairs = np.array(found, dtype=np.int64).reshape(-1, 2)
    return pairs[:, 0], pairs[:, 1]


def _last_topic(bank: Bank, rows: ExitRows, at: npt.NDArray[np.int64]) -> npt.NDArray[np.object_]:
    """Return the topic of each client's last note in the months before the month of the row."""
    part = rows.take(at)
    asked = pd.DataFrame(
        {
            "client_id": part.of(part.client, part.clients),
            "first": [day_of(int(m) - BEFORE) for m in part.month],
            "until": [day_of(int(m)) for m in part.month],
            "row": np.arange(part.n),
        }
    )
    notes = bank.table("notes")
    told = ibis.memtable(asked).inner_join(notes.select("client_id", "noted_on", "topic"), "client_id")
    told = told.filter((told.noted_on >= told["first"]) & (told.noted_on < told.until))
    newest = told.group_by("row").agg(_day=told.noted_on.max())
    last = told.inner_join(newest, ["row"]).filter(lambda t: t.noted_on == t["_day"])
    last = last.group_by("row").agg(topic=last.topic.min())
    read = bank.con.to_pyarrow(last)
    topics = np.full(part.n, NO_NOTE, dtype=object)
    topics[read["row"].to_numpy()] = read["topic"].to_pylist()
    return topics


def _curve(evidence: dict[str, Evidence]) -> IncidenceCurve:
    exits = cast(RiskCounts, evidence["exits"])
    units = exits.units.dropna(subset=["units"])
    told = {str(g): float(n) for g, n in zip(units["group"], units["units"], strict=True)}
    return cumulative_incidence_from_counts(exits.counts, units=told, blur=exits.blur)
