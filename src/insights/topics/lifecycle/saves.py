"""Those who were about to leave: how many stayed, and whether the bank's contact went with it (an association).

Two signs that a client is about to leave: a large outflow while he is still there, and a risk among the highest tenth
as it could be estimated on a day in the past. Everything is counted forward from the sign, on what was known then.
"""

from dataclasses import dataclass
from datetime import date
from typing import cast

import ibis
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import add_months, last_complete, month_end
from insights.data.snapshot import Bank
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.outcomes import landmarks
from insights.models.exits.risk import exit_risks
from insights.models.exits.rows import MISSING, ExitRows, exit_rows
from insights.models.trial import day_of
from insights.stats.effects.overlap import OverlapComparison, overlap_comparison
from insights.stats.hazard import HazardModel
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable
from insights.topics.lifecycle.retention import refused

ID = "lifecycle.saves"
WAIT, HORIZON = 3, 12
"""Months in which a contact counts as an answer to the sign, and months for which staying counts."""

OUTFLOW, HIGH_RISK = "large_outflow", "high_risk"
STAYED, OTHERS = "in force", "other_reasons"
TENTH = 0.1
CONTACT, EVENT, OFFER = "contact", "event", "offer"
COVARIATES = ("log2_assets", "complaint_6m", "net_share_3m", "log2_contacts_6m", "outflow_12m")


@dataclass(frozen=True)
class Saves:
    """What became of those who were about to leave.

    ``outcomes`` by sign: outcome ("in force" or the reason), clients. ``measures``: sign, measure, row ("with",
    "without": share who stayed; "unadjusted", "adjusted": difference), value, low, high, unit, n, n_events.
    """

    outcomes: dict[str, pd.DataFrame]
    measures: pd.DataFrame


@dataclass(frozen=True)
class _Sign:
    """Client-months (n) in which the sign was there, one per client: positions in the rows."""

    at: npt.NDArray[np.int64]


def saves(bank: Bank) -> Answer | NotAvailable:
    """Count who stayed for a year after a sign of leaving, and compare those contacted with those who were not."""
    missing = list(bank.needs("clients.joined_on", "clients.left_on"))
    if missing or bank.window_from is None:
        return NotAvailable(ID, tuple(missing if bank.window_from else [*missing, "[window] complete_from"]))
    rows = exit_rows(bank).until(bank.as_of)
    signs = {name: found for name, found in ((OUTFLOW, _outflows(bank, rows)), (HIGH_RISK, _high(bank, rows))) if found}
    if not signs:
        return refused(ID, "no_signs", {"months": WAIT + HORIZON})
    evidence: dict[str, Evidence] = {}
    lines: list[pd.DataFrame] = []
    for name, sign in signs.items():
        ended, cause = _ends(rows, sign.at)
        outcome = np.where(ended <= HORIZON, cause, STAYED)
        cells = pd.Series(outcome).value_counts().sort_index().rename_axis("outcome").rename("clients").reset_index()
        evidence[name] = ClientCounts(cells, ("outcome",), rest=OTHERS)
        lines += _measured(bank, rows, sign, ended, name)
    measures = pd.concat(lines, ignore_index=True) if lines else _rows("", "", "", None, 0, 0).iloc[:0]
    evidence["measures"] = Estimates(measures, ("sign", "measure", "row"))
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda told: Saves(
            {n: cast(ClientCounts, told[n]).cells for n in signs}, cast(Estimates, told["measures"]).rows
        ),
        facts={"signs": list(signs), "wait": WAIT, "months": HORIZON, "landmark": past_landmark(bank)},
    )


def past_landmark(bank: Bank) -> date:
    """Return the day on which high risk is told: the latest of the backtest's that can be followed for long enough.

    The fits of those days are there already. Without a backtest it is the latest month end that can be followed.
    """
    latest = month_end(add_months(bank.as_of, -(WAIT + HORIZON)))
    found = landmarks(bank)
    days = [] if isinstance(found, NotEstimable) else [day for day in found.days if day <= latest]
    return max(days, default=latest)


def _outflows(bank: Bank, rows: ExitRows) -> _Sign | None:
    """Return each client's first large outflow that can be followed for long enough."""
    late = last_complete(bank.as_of) - WAIT - HORIZON
    at = np.flatnonzero((rows.outflow == 1) & (rows.month <= late))
    first = np.unique(rows.client[at], return_index=True)[1]
    return _Sign(at[first]) if len(first) else None


def _high(bank: Bank, rows: ExitRows) -> _Sign | None:
    """Return those in force at the landmark whose risk, as it could be estimated then, was in the highest tenth."""
    landmark = past_landmark(bank)
    hazards = fit_exit_hazards(bank, landmark, inference=False)
    if hazards.main is None or not isinstance(hazards.models[hazards.main].model, HazardModel):
        return None
    risks = exit_risks(bank, landmark)
    names = risks["client_id"].to_numpy(object)
    risk = risks[f"{hazards.main}_{HORIZON}m"].to_numpy(float)
    top = set(names[np.argsort(-risk, kind="stable")[: round(TENTH * len(risk))]])
    code = np.array([c in top for c in rows.clients], dtype=bool)
    at = np.flatnonzero((rows.month == last_complete(landmark)) & code[rows.client])
    first = np.unique(rows.client[at], return_index=True)[1]
    return _Sign(at[first]) if len(first) else None


def _ends(rows: ExitRows, at: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.object_]]:
    """Return after how many months each relationship ended (infinite: it did not), and why."""
    last = np.append(np.flatnonzero((np.diff(rows.client) != 0) | (np.diff(rows.spell) != 0)), rows.n - 1)
    end = last[np.searchsorted(last, at)]
    left = rows.cause[end] > 0
    labels = np.array(["", *rows.causes], dtype=object)
    return np.where(left, rows.month[end] - rows.month[at], np.inf), labels[rows.cause[end]]


def _measured(bank: Bank, rows: ExitRows, sign: _Sign, ended: npt.NDArray[np.float64], name: str) -> list[pd.DataFrame]:
    """Compare those who got a measure while the bank could react with those who did not and were still there then.

    Whoever left before could not get it any more; he is in neither group.
    """
    there = ended > WAIT
    at, stayed = sign.at[there], ended[there] > WAIT + HORIZON
    if not len(at):
        return []
    part = rows.take(at)
    x = {"tenure": np.log1p(np.maximum(part.tenure.astype(float), 0) / 12)}
    for feature in COVARIATES:
        if feature in part.numeric and not np.isnan(part.numeric[feature]).all():
            values = part.numeric[feature].astype(float)
            x[feature] = np.where(np.isnan(values), np.nanmean(values), values)
    design = pd.DataFrame(x)
    design = design.loc[:, design.nunique() > 1]
    own = len(rows.managers) + part.client.astype(np.int64)
    cluster = np.where(part.manager == MISSING, own, part.manager)
    lines = []
    for measure, events in _tables(bank).items():
        reached = _reached(bank, events, part)
        for row, side in (("with", reached), ("without", ~reached)):
            n = int(side.sum())
            share = float(stayed[side].mean()) if n else float("nan")
            lines.append(_rows(name, measure, row, share, n, int((~stayed[side]).sum())))
        found = overlap_comparison(stayed.astype(float), reached, design, cluster=cluster, unit="share")
        if isinstance(found, OverlapComparison):
            gone = int((~stayed).sum())
            for row, told in (("unadjusted", found.unadjusted), ("adjusted", found.effect)):
                if isinstance(told, Estimate):
                    lines.append(_rows(name, measure, row, told, len(at), gone))
    return lines


def _tables(bank: Bank) -> dict[str, ibis.Table]:
    """Return what the bank did, by measure: client_id and day."""
    found: dict[str, ibis.Table] = {}
    if not bank.needs("contacts.contacted_on", "contacts.direction"):
        rows = bank.table("contacts")
        found[CONTACT] = rows.filter(rows.direction == "outbound").select("client_id", day="contacted_on")
    if not bank.needs("events.held_on", "events.attended"):
        rows = bank.table("events")
        found[EVENT] = rows.filter(rows.attended).select("client_id", day="held_on")
    if not bank.needs("offers.offered_on"):
        rows = bank.table("offers")
        found[OFFER] = rows.select("client_id", day="offered_on")
    return found


def _reached(bank: Bank, events: ibis.Table, part: ExitRows) -> npt.NDArray[np.bool_]:
    """Return who (n) was reached in the months after his sign."""
    asked = pd.DataFrame(
        {
            "client_id": part.of(part.client, part.clients),
            "first": [day_of(int(m) + 1) for m in part.month],
            "until": [day_of(int(m) + 1 + WAIT) for m in part.month],
            "row": np.arange(part.n),
        }
    )
    rows = ibis.memtable(asked).inner_join(events, "client_id")
    hit = rows.filter((rows.day >= rows["first"]) & (rows.day < rows.until)).select("row").distinct()
    found = np.zeros(part.n, dtype=bool)
    found[bank.con.to_pyarrow(hit)["row"].to_numpy()] = True
    return found


def _rows(
    sign: str, measure: str, row: str, told: Estimate | NotEstimable | float | None, n: int, n_events: int
) -> pd.DataFrame:
    value = low = high = float("nan")
    if isinstance(told, Estimate):
        value, low, high = told.value, told.low, told.high
    elif isinstance(told, float):
        value = told
    head = {"sign": sign, "measure": measure, "row": row, "value": value, "low": low, "high": high, "unit": "share"}
    return pd.DataFrame([head | {"n": n, "n_events": n_events}])
