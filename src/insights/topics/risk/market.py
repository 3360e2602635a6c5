"""Markets: what they may take off client assets, fees and the bank's own positions, and from whom too much."""

from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.risk.clients import in_force
from insights.models.risk.desk import drawn
from insights.models.risk.market import ASSETS, FEES, MONTH, NEEDS, OWN, YEAR, Market
from insights.models.risk.market import market as measured
from insights.stats.backtesting import KUPIEC
from insights.stats.historical import Backtest
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, client_counts
from insights.topics.risk.refusals import refused
from insights.topics.rows import SIZES, estimates, line, plain, summed

ID = "risk.market"
POSITIONS = (ASSETS, FEES, OWN)
LIMIT, BEYOND, SHARE, ALONE, STRESS = "market_loss", "market_loss_beyond", "market_loss_share", "alone", "stress"
OVER, WITHIN = "over", "within"
DIMS = ("measure", "of", "months", "scenario")
POSITION_NEEDS = {
    FEES: ("revenue.amount",),
    OWN: ("bank_positions.amount", "risk.market.own"),
    OVER: ("clients.risk_tolerance",),
}


@dataclass(frozen=True)
class Losses:
    """What markets may take, by position, and from how many clients too much.

    ``rows``: measure, of (position, or index), months, scenario, value, low, high. ``tolerance``: stated, state ("over"
    or "within"), clients; None where nobody states a tolerance.
    """

    rows: pd.DataFrame
    tolerance: pd.DataFrame | None


def market(bank: Bank) -> Answer | NotAvailable:
    """Tell what markets may take in the worst of twenty months and years, and in named scenarios."""
    if missing := bank.needs(*NEEDS):
        return NotAvailable(ID, missing)
    found = measured(bank)
    if isinstance(found, NotEstimable):
        return refused(ID, found.reason)
    evidence, facts = market_evidence(bank)
    return Answer(ID, ID, evidence, market_rows, facts)


def market_evidence(bank: Bank) -> tuple[dict[str, Evidence], dict[str, Any]]:
    """Return the losses as evidence; check that they can be told first."""
    found = measured(bank)
    assert isinstance(found, Market)
    held = found.clients["amount"].to_numpy(float)
    n = len(held)
    # What each client adds to a loss of the clients' assets or of the fees; the bank's own positions are nobody's.
    parts = {ASSETS: held[:, None] * found.sensitivity, FEES: found.fees[:, None] * found.sensitivity}
    rows = []
    for (of, months), tail in found.tails.items():
        sizes = _sizes(parts[of] @ _direction(found)) if of in parts else (float("nan"),) * 3
        for measure, told in ((LIMIT, tail.limit), (BEYOND, tail.beyond)):
            rows.append({"measure": measure, "of": of, "months": str(months)} | line(told, n, sizes=sizes))
        if of == ASSETS:
            amount = found.amount[of]
            share = line(tail.limit, n) | {k: getattr(tail.limit, k) / amount for k in ("value", "low", "high")}
            rows.append({"measure": SHARE, "of": of, "months": str(months)} | share)
    for k, (index, loss) in enumerate(found.alone.items()):
        row = line(next(iter(found.tails.values())).limit, n, sizes=_sizes(parts[ASSETS][:, k]))
        alone = {"value": loss, "low": float("nan"), "high": float("nan")}
        rows.append({"measure": ALONE, "of": index, "months": str(YEAR)} | row | alone)
    for name, moves in found.stress.items():
        for of, exposure in found.exposure.items():
            sizes = _sizes(parts[of] @ moves) if of in parts else (float("nan"),) * 3
            row = plain(-float(exposure @ moves), "money", n) | dict(zip(SIZES, sizes, strict=True))
            rows.append({"measure": STRESS, "of": of, "months": "", "scenario": name} | row)
    rows = [{"scenario": ""} | row | {"unit": "share" if row["measure"] == SHARE else "money"} for row in rows]
    evidence: dict[str, Evidence] = {"rows": estimates(rows, *DIMS)}
    allowed = bank.settings.risk.market.allowed_loss
    over = found.over(allowed)
    if len(over):
        rated = over.assign(stated=over["stated"].map("C{}".format), state=np.where(over["over"], OVER, WITHIN))
        rated["household"] = household_of(bank, rated["client_id"])
        evidence["tolerance"] = client_counts(rated, ("stated", "state"))
    missing = {of: list(POSITION_NEEDS[of]) for of in (FEES, OWN) if of not in found.exposure}
    if not len(over):
        missing[OVER] = list(POSITION_NEEDS[OVER])
    facts: dict[str, Any] = {"missing": missing, "unknown": list(found.unknown), "indices": list(found.indices)}
    facts |= {"allowed": list(allowed), "explained": round(found.explained, 2), "scenarios": list(found.stress)}
    return evidence, facts | _tested(found.tested)


def _direction(found: Market) -> np.ndarray:
    """Return how the indices stand to each other in a fall of the whole: each by what it takes alone."""
    total = found.exposure[ASSETS]
    alone = np.array(list(found.alone.values()))
    return np.divide(alone, total, out=np.zeros(len(total)), where=total != 0)


def _sizes(parts: np.ndarray) -> tuple[float, float, float]:
    row = summed(parts)
    return row["largest"], row["second"], row["absolute"]


def _tested(found: Backtest | NotEstimable) -> dict[str, Any]:
    """Return how often past limits of a month were exceeded: months of the market, about no person."""
    if isinstance(found, NotEstimable):
        return {"tested": None, "checks": []}
    months = len(found.exceeded)
    told = {"months": months, "exceeded": int(found.exceeded.sum()), "expected": round(found.expected, 1)}
    kupiec = next(test for test in found.checks if test.null == KUPIEC)
    return {"tested": told | {"p": kupiec.p_value}, "checks": list(found.checks)}


def market_sample(bank: Bank) -> pd.DataFrame | None:
    """Return clients within their tolerance whom a lot draws, so that misses can be known; None without losses.

    Columns: client_id, rm_id, stated (C1 to C5), loss_pct (in one year of twenty), allowed_pct, amount.
    """
    if bank.needs("clients.risk_tolerance", *NEEDS) or isinstance(found := measured(bank), NotEstimable):
        return None
    allowed = bank.settings.risk.market.allowed_loss
    rows = found.over(allowed)
    rows = rows[~rows["over"]].reset_index(drop=True)
    rows = rows[drawn(rows["client_id"], bank.settings.risk.desks.market_share, "market")]
    rows = rows.merge(in_force(bank), on="client_id", how="left")
    limits = 100 * np.asarray(allowed)[rows["stated"].to_numpy(np.int64) - 1]
    rows = rows.assign(loss_pct=(100 * rows["loss"]).round(1), allowed_pct=limits, amount=rows["amount"].round(0))
    rows = rows.assign(stated=rows["stated"].map("C{}".format)).sort_values("client_id", ignore_index=True)
    return rows[["client_id", "rm_id", "stated", "loss_pct", "allowed_pct", "amount"]]


def market_rows(parts: dict[str, Evidence]) -> Losses:
    """Return the losses from (protected) evidence."""
    cells = cast(ClientCounts, parts["tolerance"]).cells if "tolerance" in parts else None
    return Losses(cast(Estimates, parts["rows"]).rows, cells)


__all__ = [
    "ASSETS",
    "FEES",
    "MONTH",
    "OWN",
    "YEAR",
    "Losses",
    "market",
    "market_evidence",
    "market_rows",
    "market_sample",
]
