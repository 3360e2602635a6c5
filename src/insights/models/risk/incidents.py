"""Operational incidents by process, with those that have happened and are not reported yet."""

import math
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.months import last_complete
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.risk.clients import number_in_force
from insights.stats.intervals import normal_quantile
from insights.stats.nowcast import Nowcast, nowcast
from insights.stats.results import Estimate, NotEstimable
from insights.stats.yearly_loss import YearlyLoss, yearly_loss

NEEDS = ("incidents.occurred_on", "incidents.kind", "incidents.reported_on")
YEAR, SPAN = 12, 36
PROBABILITIES = (0.5, 0.95, 0.99)
SEED = 22
"""Months of the nowcast, and months over which the rate of each process is told."""


@dataclass(frozen=True)
class Incidents:
    """Incidents as rows, and what is to be added to them.

    ``rows``: kind, month, reported (calendar months from year 0), loss (nan), rm_id (None), of what was reported by the
    last whole month ``last``. ``clients``: clients in force, month by month over ``SPAN``, the oldest first. ``year``
    and ``span`` are the nowcasts of the last 12 and 36 months, ``before`` that made a year ago, of the twelve months
    before it, with ``since`` the incidents of those months that are reported by now.
    """

    rows: pd.DataFrame = field(repr=False)
    last: int
    clients: np.ndarray = field(repr=False)
    year: Nowcast | NotEstimable
    span: Nowcast | NotEstimable
    before: Nowcast | NotEstimable
    since: int


def incidents(bank: Bank) -> Incidents:
    """Return the incidents, made once per bank; check ``NEEDS`` first."""
    return once(bank, "risk_incidents", lambda: _made(bank))


def _made(bank: Bank) -> Incidents:
    last = last_complete(bank.as_of)
    table = bank.table("incidents")
    columns = ["kind", "occurred_on", "reported_on", *(c for c in ("loss", "rm_id") if c in table.columns)]
    told = table.select(*columns).execute()
    told = told[told["reported_on"].notna()].sort_values(["occurred_on", "kind"], ignore_index=True)
    rows = pd.DataFrame(
        {
            "kind": told["kind"].fillna("not recorded").astype(str),
            "month": _month(told["occurred_on"]),
            "reported": _month(told["reported_on"]),
            "loss": told["loss"].astype(float) if "loss" in told else np.nan,
            "rm_id": told.get("rm_id"),
        }
    )
    rows["reported"] = np.maximum(rows["reported"], rows["month"])
    rows = rows[rows["reported"] <= last].reset_index(drop=True)
    first = None
    if bank.window_from is not None:
        first = bank.window_from.year * 12 + bank.window_from.month - 1
    ends = pd.period_range(end=pd.Period(year=last // 12, month=last % 12 + 1, freq="M"), periods=SPAN).to_timestamp(
        "M"
    )
    clients = number_in_force(bank, ends.normalize())
    month, seen = rows["month"].to_numpy(), rows["reported"].to_numpy()

    def told_of(end: int, periods: int, exposure: np.ndarray) -> Nowcast | NotEstimable:
        return nowcast(month, seen, end, periods, first=first, exposure=exposure)

    return Incidents(
        rows,
        last,
        clients,
        told_of(last, YEAR, clients[-YEAR:]),
        told_of(last, SPAN, clients),
        told_of(last - YEAR, YEAR, clients[-2 * YEAR : -YEAR]),
        int(((month > last - 2 * YEAR) & (month <= last - YEAR)).sum()),
    )


def losses(found: Incidents) -> YearlyLoss | NotEstimable:
    """Return what the incidents of a year may cost, from the known losses of all whole months on record.

    How many there are in a year is that of ``SPAN``, late reports included. Recoveries and incidents without a loss are
    left out: what is told is what a year costs before anything comes back.
    """
    if isinstance(found.span, NotEstimable):
        return found.span
    known = found.rows["loss"].to_numpy(float)
    # Incidents that cost nothing are incidents all the same: only the others have a loss.
    cost = known[np.isfinite(known) & (known > 0)]
    free = float((known <= 0).sum())
    share = len(cost) / max(len(cost) + free, 1.0)
    times = share * YEAR / SPAN
    total = found.span.total
    # Not only those of these very months count, but how many there may be: chance and the delays.
    spread = math.exp(
        normal_quantile(0.95)
        * math.sqrt(1 / max(found.span.reported, 1) + (found.span.known_share_se / found.span.known_share) ** 2)
    )
    yearly = Estimate(
        total.value * times,
        total.value * times / spread,
        total.value * times * spread,
        "per year",
        total.n,
        total.n_events,
    )
    return yearly_loss(cost, yearly, PROBABILITIES, rng=np.random.default_rng(SEED))


def by_kind(found: Incidents) -> pd.DataFrame:
    """Return kind, reported (in the span), loss (sum of those known), sorted by number, the most first."""
    own = found.rows[found.rows["month"] > found.last - SPAN]
    sums = own.groupby("kind").agg(reported=("month", "size"), loss=("loss", "sum"))
    return sums.reset_index().sort_values(["reported", "kind"], ascending=[False, True], ignore_index=True)


def _month(days: pd.Series) -> pd.Series:
    day = pd.to_datetime(days)
    return day.dt.year * 12 + day.dt.month - 1


def yearly_rates(found: Incidents, more: float = 0.0) -> dict[str, Estimate]:
    """Return by kind the incidents per thousand clients and year over ``SPAN``, late reports included.

    All kinds are taken to be reported equally late: few are too few to know the delay of each. ``more`` is added to the
    variance of the logarithm of each rate: by how much the variation of managers makes it larger than chance alone.
    """
    if isinstance(found.span, NotEstimable):
        return {}
    known, error = found.span.known_share, found.span.known_share_se
    at_risk = float(found.clients.sum()) * known
    rates = {}
    for kind, n in by_kind(found)[["kind", "reported"]].itertuples(index=False):
        spread = math.exp(normal_quantile(0.95) * math.sqrt(1 / max(n, 1) + more + (error / known) ** 2))
        value = 12_000 * n / at_risk
        clients = round(float(found.clients.mean()))
        rates[str(kind)] = Estimate(
            value, value / spread, value * spread, "per thousand clients and year", clients, int(n)
        )
    return rates
