"""Sources of new clients by yield: what a client won costs, what his first year brings, and when that is earned."""

import math
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from insights.data.months import add_months, first_of_month
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.margins import MARGIN as OF_MARGIN
from insights.models.value.margins import client_margins
from insights.stats.intervals import normal_quantile
from insights.stats.proportions import amount_per_event
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable

NEEDS = (
    "clients.acquisition_source",
    "clients.joined_on",
    "source_costs.acquisition_source",
    "source_costs.amount",
    "source_costs.month",
)
YEARS = 3
YEAR = 12
COST, MARGIN, BACK, ASSETS, PER = "cost", "margin", "back", "assets", "per"
NAN = float("nan")
NOT_KNOWN = NotEstimable("assets after a year are not known")


@dataclass(frozen=True)
class Source:
    """One source: ``won`` clients; the cost of each, the margin of his first year, and months until it is earned back.

    ``assets``: what a client holds a year after he joined (0 where he left); ``per``: cost for each unit of margin.
    ``followed`` clients were won a year ago or longer; ``sizes``: largest, second largest and sum of their margins.
    """

    source: str
    won: int
    followed: int
    cost: Estimate | NotEstimable
    margin: Estimate | NotEstimable
    back: Estimate | NotEstimable
    sizes: tuple[float, float, float]
    assets: Estimate | NotEstimable = NOT_KNOWN
    assets_sizes: tuple[float, float, float] = (NAN, NAN, NAN)

    @property
    def per(self) -> Estimate | NotEstimable:
        """What was paid for each unit of margin that a first year brought."""
        if not isinstance(self.back, Estimate):
            return self.back
        b = self.back
        return Estimate(b.value / YEAR, b.low / YEAR, b.high / YEAR, "per unit of margin", b.n, b.n_events)


def sources(bank: Bank) -> tuple[Source, ...]:
    """Return the sources that the bank pays for, of the clients won in three years, made once; needs ``NEEDS``."""
    return once(bank, "client_sources", lambda: _made(bank))


def _made(bank: Bank) -> tuple[Source, ...]:
    costs, clients = bank.table("source_costs"), bank.table("clients")
    told = costs.select("month", source="acquisition_source", amount=costs.amount.cast("float64")).execute()
    told["month"] = pd.to_datetime(told["month"]).dt.to_period("M")
    people = clients.select("client_id", "joined_on", source="acquisition_source").order_by("client_id").execute()
    people["month"] = pd.to_datetime(people["joined_on"]).dt.to_period("M")
    opens = add_months(first_of_month(bank.as_of), 1 - YEARS * YEAR)
    opens = max(opens, bank.window_from) if bank.window_from else opens
    # Costs and clients are those of the same months: where no costs are delivered, nobody is counted.
    months = sorted(m for m in told["month"].unique() if m >= pd.Period(opens, "M"))
    told, people = told[told["month"].isin(months)], people[people["month"].isin(months)]
    people = people[people["source"].notna()].reset_index(drop=True)
    first_year, later = _first_year(bank, people)
    unit = bank.settings.bank.currency
    found = []
    for source, own in told.groupby("source", sort=True):
        mine = (people["source"] == source).to_numpy()
        margins = first_year[mine][~np.isnan(first_year[mine])]
        held = later[mine][~np.isnan(later[mine])]
        one = yield_of(str(source), int(mine.sum()), float(own["amount"].sum()), margins, unit)
        kept = ratio_of_sums(held, np.ones(len(held)), unit=unit)
        found.append(replace(one, assets=kept, assets_sizes=_sizes(held)))
    return tuple(found)


def first_years(bank: Bank) -> pd.DataFrame:
    """Return source and margin of the first year (nan where it is not seen whole) of the clients won in ``YEARS``.

    Needs clients.acquisition_source.
    """
    told = bank.table("clients").select("client_id", "joined_on", source="acquisition_source")
    people = told.order_by("client_id").execute()
    since = pd.Timestamp(add_months(first_of_month(bank.as_of), 1 - YEARS * YEAR))
    people = people[(pd.to_datetime(people["joined_on"]) >= since) & people["source"].notna()].reset_index(drop=True)
    return people.assign(margin=_first_year(bank, people)[0])


def yield_of(source: str, won: int, paid: float, margins: np.ndarray, unit: str) -> Source:
    """Return the yield of one source from the clients won, what was paid, and margins of a first year (n)."""
    cost: Estimate | NotEstimable = NotEstimable("nobody was won, or nothing was paid")
    if won > 0 and paid > 0:
        cost = amount_per_event(paid, won, unit=unit)
    margin = ratio_of_sums(margins, np.ones(len(margins)), unit=unit)
    return Source(source, won, len(margins), cost, margin, _back(cost, margin, won), _sizes(margins))


def _sizes(amounts: np.ndarray) -> tuple[float, float, float]:
    """Return the largest, the second largest and the sum of amounts without sign, for dominance."""
    size = np.sort(np.abs(amounts))[::-1]
    return (float(size[0]), float(size[1]), float(size.sum())) if len(size) > 1 else (NAN, NAN, NAN)


def _back(cost: Estimate | NotEstimable, margin: Estimate | NotEstimable, won: int) -> Estimate | NotEstimable:
    """Return months until the cost is earned at the pace of the first year; normal interval of its logarithm."""
    if not isinstance(cost, Estimate) or not isinstance(margin, Estimate) or not margin.se:
        return NotEstimable("cost or margin cannot be told")
    if margin.low <= 0:
        return NotEstimable("the margin of the first year is not told from nothing")
    value = YEAR * cost.value / margin.value
    spread = normal_quantile(0.95) * math.sqrt(1 / won + (margin.se / margin.value) ** 2)
    return Estimate(value, value / math.exp(spread), value * math.exp(spread), "months", margin.n, won)


def _first_year(bank: Bank, people: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Return what each client (n) brought in the month of joining and the eleven after, and what he held at its end.

    nan where not all of these months are seen.
    """
    margins = client_margins(bank)
    values, held = np.full(len(people), np.nan), np.full(len(people), np.nan)
    if margins is None or margins.basis != OF_MARGIN:
        return values, held
    at = pd.Index(margins.months.client_id).get_indexer(pd.Index(people["client_id"]))
    whole = np.concatenate([np.zeros((len(margins.margin), 1)), np.cumsum(margins.margin, axis=1)], axis=1)
    first = margins.months.joined[at]
    seen = (at >= 0) & (first >= 0) & (first + YEAR <= margins.months.count)
    values[seen] = whole[at[seen], first[seen] + YEAR] - whole[at[seen], first[seen]]
    held[seen] = margins.assets[at[seen], first[seen] + YEAR - 1]
    return values, held
