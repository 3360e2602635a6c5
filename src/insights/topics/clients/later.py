"""What the segments of a year ago foretold: who left, and what new money came. Neither built the segments."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.segments.later import YEAR, Followed, followed
from insights.models.segments.model import Segments
from insights.models.segments.variables import last_day
from insights.stats.heterogeneity import same_values
from insights.stats.intervals import normal_quantile
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, TestResult
from insights.topics.clients.refusals import segments_of
from insights.topics.clients.segments import leavers, leaving_shares, leaving_test
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable

ID = "clients.later"
LEAVING, MONEY = "leaving", "money"


@dataclass(frozen=True)
class Later:
    """Outcomes of the year by the segment at its beginning.

    ``clients`` and ``leaving`` by segment (nan and None where withheld); ``money`` by segment: net new money of the
    year over the assets at its beginning (None where withheld, empty where bookings are not delivered). ``tests``: of
    leaving and of money, whether the segments differ by more than chance.
    """

    clients: dict[str, float]
    leaving: dict[str, Estimate | None]
    money: dict[str, Estimate | None]
    tests: dict[str, TestResult]


def later(bank: Bank) -> Answer | NotAvailable:
    """Follow the clients of a year ago, in segments made of what was known then, over the year since."""
    found = segments_of(bank, ID, ago=YEAR, several=True)
    if not isinstance(found, Segments):
        return found
    if bank.window_from is None:
        return NotAvailable(ID, ("[window] complete_from",))
    told = followed(bank, found)
    evidence: dict[str, Evidence] = {"left": leavers(bank, found)}
    if told.money is not None:
        evidence["money"] = _money(told, told.money, found.names)
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _later(evidence, found.names),
        facts={
            "names": found.names,
            "source": found.source,
            "variables": found.variables,
            "start": last_day(found.months, told.column),
            "end": last_day(found.months, found.last),
        },
    )


def _money(told: Followed, money: np.ndarray, names: tuple[str, ...]) -> Estimates:
    rows = []
    for k, name in enumerate(names):
        own = told.segment == k
        e = ratio_of_sums(money[own], told.assets[own], unit="share")
        if isinstance(e, Estimate):
            size = np.sort(np.abs(money[own]))[::-1]
            sizes = {"largest": float(size[0]), "second": float(size[1]), "absolute": float(size.sum())}
            head = {"segment": name, "value": e.value, "low": e.low, "high": e.high, "unit": "share"}
            rows.append(head | {"n": int(own.sum()), "n_events": np.nan} | sizes)
    columns = ["segment", "value", "low", "high", "unit", "n", "n_events", "largest", "second", "absolute"]
    return Estimates(pd.DataFrame(rows, columns=columns), ("segment",))


def _later(evidence: dict[str, Evidence], names: tuple[str, ...]) -> Later:
    cells = cast(ClientCounts, evidence["left"]).cells
    leaving = leaving_shares(cells)
    clients = {str(s): float(v) for s, v in cells.groupby("segment")["clients"].sum(min_count=2).items()}
    money: dict[str, Estimate | None] = {}
    if "money" in evidence:
        for row in cast(Estimates, evidence["money"]).rows.to_dict("records"):
            value, low, high = (float(row[c]) for c in ("value", "low", "high"))
            se = (high - low) / 2 / normal_quantile(0.95)
            shown = not np.isnan(value)
            money[str(row["segment"])] = Estimate(value, low, high, "share", int(row["n"]), se=se) if shown else None
    tests = {
        LEAVING: leaving_test(leaving),
        MONEY: same_values([e for e in money.values() if e], name=MONEY),
    }
    return Later({n: clients.get(n, np.nan) for n in names}, leaving, money, tests)
