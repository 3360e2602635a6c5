"""Service quality: which clients are likely to complain within three months, from what happened to them lately.

Clients in force at the end of every third month are followed for three months. The model is tested on the four
quarters before the last day, by what could be learned before them; the prediction of today learns from all of them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.months import last_complete
from insights.data.panel import spells
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import in_force
from insights.stats.calibration.groups import calibration, capture
from insights.stats.hazard import HazardModel, discrete_hazard
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable, TestResult
from insights.stats.scoring.auc import dynamic_auc

NEEDS = ("complaints.filed_on", "contacts.contacted_on", "clients.joined_on")
AHEAD, BACK, TESTS = 3, 12, 4
"""Months looked ahead, months of the past that count, quarters of the test."""
PRIOR = 2.0
"""As many marks as all clients give on average are added to each client's own."""
FIRST = 0.1
"""The share of clients with the highest chance that the list holds, and whose part of all complaints is told."""
NAMES = (
    "complained_3m",
    "complained_12m",
    "log2_contacts_3m",
    "log2_unsettled_3m",
    "log2_wait_3m",
    "mark_12m",
    "log2_tenure",
)
"""Complaints and contacts of the last months, the mean wait, the mean mark after a contact (less that of all clients,
drawn to it where there are few), months since joining."""
FEWEST, FEWEST_TESTED = 10 * len(NAMES), 50
Floats = npt.NDArray[np.float64]
Measure = Callable[[ir.Table], ir.Value]


@dataclass(frozen=True)
class Service:
    """How well complaints of a quarter are foretold, and by whom they are expected.

    ``area`` (AUC), ``ratio`` (clients who complained by those foretold), ``first`` (share of them among the tenth with
    the highest chance) and ``check`` are those of the test, of clients by quarter: ``n`` clients, ``came`` of them
    complained. ``effects``: name, estimate, low, high of the model of today (log odds). ``today``: client_id, rm_id,
    chance, and ``NAMES``.
    """

    area: Estimate | NotEstimable
    ratio: Estimate | NotEstimable
    first: Estimate | NotEstimable
    check: TestResult
    n: int
    came: int
    effects: pd.DataFrame = field(repr=False)
    today: pd.DataFrame = field(repr=False)


def service(bank: Bank) -> Service | NotEstimable:
    """Return who is likely to complain, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_service", lambda: foretold(bank), on_disk=True)


def foretold(bank: Bank) -> Service | NotEstimable:
    """Return who is likely to complain, learned and tested now."""
    last = last_complete(bank.as_of)
    happened = _Happened(bank, last)
    months = list(range(last - AHEAD, happened.first + BACK - 1, -AHEAD))
    tested, learned = months[:TESTS], months[TESTS + 1 :]  # the quarter between ends when the test begins
    if len(tested) < TESTS or not learned:
        return NotEstimable("complaints do not go back far enough: three years are needed")
    past, test = (pd.concat([happened.rows(m) for m in own]) for own in (learned, tested))
    if (events := int(past["came"].sum())) < FEWEST:
        return NotEstimable(f"{events} clients who complained to learn from; {FEWEST} are needed")
    if (events := int(test["came"].sum())) < FEWEST_TESTED:
        return NotEstimable(f"{events} clients who complained in the test; {FEWEST_TESTED} are needed")
    names = [name for name in NAMES if past[name].nunique() > 1]  # what a bank does not record is 0 for everybody
    model, final = (_fitted(rows, names) for rows in (past, pd.concat([test, past])))
    for found in (model, final):
        if isinstance(found, NotEstimable):
            return found
    assert isinstance(model, HazardModel)
    assert isinstance(final, HazardModel)
    risk, who = model.predict(_design(test, names)), test["client"].to_numpy()
    came = test["came"].to_numpy(float)
    time = np.where(came > 0, AHEAD - 0.5, AHEAD + 0.5)
    now = happened.rows(last, today=True)
    now["chance"] = final.predict(_design(now, names))
    now = now.assign(client_id=happened.clients[now["client"].to_numpy()]).merge(in_force(bank), on="client_id")
    return Service(
        dynamic_auc(time, came, risk, [AHEAD], cluster=who).at(AHEAD),
        ratio_of_sums(came, risk, cluster=who, unit="ratio", positive=True, n_events=int(came.sum())),
        capture(time, came, risk, AHEAD, share=FIRST, cluster=who),
        calibration(time, came, risk, AHEAD, cluster=who).checks[0],
        int(test["client"].nunique()),
        int(test.loc[test["came"], "client"].nunique()),
        final.table[["name", "estimate", "low", "high"]],
        now[["client_id", "rm_id", "chance", *NAMES]].reset_index(drop=True),
    )


def _fitted(rows: pd.DataFrame, names: list[str]) -> HazardModel | NotEstimable:
    came, who = rows["came"].to_numpy(float), rows["client"].to_numpy()
    return discrete_hazard(_design(rows, names), came, link="logit", cluster=who)


def _design(rows: pd.DataFrame, names: list[str]) -> tuple[list[str], Floats]:
    return names, rows[names].to_numpy(float)


class _Happened:
    """Complaints and contacts by client (row) and month (column), and who was there."""

    def __init__(self, bank: Bank, last: int) -> None:
        there = spells(bank).select("client_id", "joined_on", "left_on").order_by("client_id", "joined_on").execute()
        self.clients = np.array(sorted(there["client_id"].unique()), dtype=object)
        self._place = pd.Index(self.clients)
        self._spell = self._place.get_indexer(pd.Index(there["client_id"]))
        self._joined = _month(there["joined_on"], -1)
        self._left = _month(there["left_on"], 10**6)
        complaints = bank.table("complaints")
        filed = _by_month(complaints, "filed_on", number=lambda t: t.count())
        opens = [filed["month"].min()] if len(filed) else [last]
        if bank.window_from is not None:
            opens.append(bank.window_from.year * 12 + bank.window_from.month - 1)
        self.first, self.last = int(max(opens)), last
        self.complaints = self._matrix(filed, "number")
        contacts = bank.table("contacts")
        measures: dict[str, Measure] = {"number": lambda t: t.count()}
        if "resolved" in contacts.columns:
            measures["unsettled"] = lambda t: (~t.resolved.cast("boolean")).fill_null(False).sum()
        if "wait_minutes" in contacts.columns:
            measures["wait"] = lambda t: t.wait_minutes.cast("float64").sum()
            measures["waited"] = lambda t: t.wait_minutes.count()
        if "satisfaction" in contacts.columns:
            measures["mark"] = lambda t: t.satisfaction.cast("float64").sum()
            measures["marked"] = lambda t: t.satisfaction.count()
        told = _by_month(contacts, "contacted_on", **measures)
        self.contacts = {name: self._matrix(told, name) for name in measures}

    def rows(self, month: int, *, today: bool = False) -> pd.DataFrame:
        """Return client (place), ``NAMES`` and came of the clients in force at the end of a month."""
        here = (self._joined <= month) & (self._left > month)
        if today:
            here &= self._left == 10**6
        there = pd.DataFrame({"client": self._spell[here], "joined": self._joined[here]})
        spell = there.groupby("client")["joined"].max()
        who = spell.index.to_numpy()
        number = self._sum(self.contacts["number"], month, 3)[who]
        wait, waited = (self._of(name, month)[who] for name in ("wait", "waited"))
        mark, marked = (self._of(name, month, BACK)[who] for name in ("mark", "marked"))
        usual = mark.sum() / max(marked.sum(), 1.0)
        mean = np.divide(wait, waited, out=np.zeros(len(who)), where=waited > 0)
        values = {
            "complained_3m": self._sum(self.complaints, month, 3)[who] > 0,
            "complained_12m": self._sum(self.complaints, month, BACK)[who] > 0,
            "log2_contacts_3m": np.log2(1 + number),
            "log2_unsettled_3m": np.log2(1 + self._of("unsettled", month)[who]),
            "log2_wait_3m": np.log2(1 + np.maximum(mean, 0.0)),
            "mark_12m": (mark - usual * marked) / (marked + PRIOR),
            "log2_tenure": np.log2(1 + np.maximum(month - spell.to_numpy(), 0)),
        }
        came = self._sum(self.complaints, month + AHEAD, AHEAD)[who] > 0
        return pd.DataFrame({"client": who, **{k: v.astype(float) for k, v in values.items()}, "came": came})

    def _of(self, name: str, month: int, back: int = 3) -> Floats:
        return self._sum(self.contacts[name], month, back) if name in self.contacts else np.zeros(len(self.clients))

    def _sum(self, matrix: npt.NDArray[np.float32], month: int, back: int) -> Floats:
        """Return the sums over so many months up to this one."""
        end = month - self.first + 1
        return np.asarray(matrix[:, max(end - back, 0) : max(end, 0)].sum(axis=1), dtype=float)

    def _matrix(self, told: pd.DataFrame, name: str) -> npt.NDArray[np.float32]:
        matrix = np.zeros((len(self.clients), self.last - self.first + 1), dtype=np.float32)
        row, column = self._place.get_indexer(pd.Index(told["client_id"])), told["month"].to_numpy() - self.first
        ok = (row >= 0) & (column >= 0) & (column < matrix.shape[1])
        matrix[row[ok], column[ok]] = told[name].to_numpy(float)[ok]
        return np.nan_to_num(matrix)


def _by_month(table: ir.Table, day: str, **measures: Measure) -> pd.DataFrame:
    t = table.mutate(month=table[day].year() * 12 + table[day].month() - 1)
    rows = t.group_by("client_id", "month").agg(**{name: measure(t) for name, measure in measures.items()})
    return rows.order_by("client_id", "month").execute()


def _month(day: pd.Series, missing: int) -> npt.NDArray[np.int64]:
    told = pd.to_datetime(day)
    return np.asarray((told.dt.year * 12 + told.dt.month - 1).fillna(missing), dtype=np.int64)
