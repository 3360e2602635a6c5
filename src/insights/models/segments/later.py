"""What became of the clients of each segment: who moved, who left, what they brought; against a model of then."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.flows import FLOW_KINDS
from insights.data.months import month_end
from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.segments.model import NOBODY, Codes, Segments, complete_rows, place_clients
from insights.models.segments.variables import building_variables
from insights.stats.mixture import adjusted_rand, fit_mixture, jaccard, matched

QUARTER, YEAR = 3, 12
QUARTERS = (3, 6, 9, 12)
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Followed:
    """Clients in force ``start`` columns ago, in the segments (m; places in the names) made of what was known then.

    ``place`` (m): rows of ``client_margins``. ``left`` (m): whether he left in the twelve months since; ``months`` (m):
    how long he was followed. ``money`` (m): net new money in these months, None where bookings are not delivered;
    ``assets`` (m) those of then.
    """

    column: int
    place: npt.NDArray[np.int64] = field(repr=False)
    segment: Codes = field(repr=False)
    left: npt.NDArray[np.bool_] = field(repr=False)
    months: Floats = field(repr=False)
    money: Floats | None = field(repr=False)
    assets: Floats = field(repr=False)


def quarter_agreement(bank: Bank, found: Segments) -> pd.DataFrame:
    """Return months_ago, segment, value: how far today's clients would be sorted alike by the model of an earlier day.

    As many classes are fitted to the clients of that day from starts of their own, and sort the clients of today. Of
    each segment the value is its likeness (Jaccard index) to the class most like it; of all ("") it is the adjusted
    Rand index. No rows where the past is not known.
    """
    rows = []
    if found.mixture is not None and found.rows is not None and not found.past and len(found.names) > 1:
        variables = building_variables(bank)
        now = found.mixture.assign(found.rows)
        for ago in QUARTERS:
            if (column := found.last - ago) < 0:
                break
            then, place = complete_rows(variables, column, found.rows)
            if len(place) < 10 * len(found.names):
                break
            model = fit_mixture(then, len(found.names), seed=ago, starts=4)
            label = model.assign(found.rows)
            rows.append({"months_ago": ago, "segment": "", "value": adjusted_rand(now, label)})
            like = jaccard(now, label).max(axis=1)
            rows += [
                {"months_ago": ago, "segment": name, "value": float(one)}
                for name, one in zip(found.names, like, strict=True)
            ]
    return pd.DataFrame(rows, columns=["months_ago", "segment", "value"])


def segments_of_then(bank: Bank, found: Segments, ago: int) -> Codes:
    """Return the segments (n) of the clients of an earlier month's end, by a model made of that day's data alone.

    Its classes have the names of today's segments that they are most like. The bank's own segments are those it had
    given by then.
    """
    column = found.last - ago
    if found.mixture is None or found.rows is None or len(found.names) == 1:
        return found.code[:, column]
    variables = building_variables(bank)
    then, _ = complete_rows(variables, column, found.rows)
    model = fit_mixture(then, len(found.names), seed=ago, starts=4)
    name = matched(found.mixture.assign(then), model.assign(then), len(found.names))
    own = place_clients(variables, column, model, found.rows)
    return np.where(own >= 0, name[own], NOBODY).astype(np.int8)


def followed(bank: Bank, found: Segments) -> Followed:
    """Return what became of the clients of twelve months ago; the past must be known, and the window long enough."""
    return once(bank, "segments_followed", lambda: _followed(bank, found))


def _followed(bank: Bank, found: Segments) -> Followed:
    column, months = found.last - YEAR, found.months
    segment = segments_of_then(bank, found, YEAR)
    place = np.flatnonzero(segment >= 0)
    left = months.left[place] <= found.last
    until = np.where(left, months.left[place] - column, YEAR).astype(float)
    assets = np.nan_to_num(building_variables(bank).wealth[place, column])
    money = None if bank.needs("transactions.amount", "transactions.booked_on") else _money(bank, found, column)[place]
    return Followed(column, place, segment[place], left, until, money, assets)


def _money(bank: Bank, found: Segments, column: int) -> Floats:
    """Return the net new money (n) of the twelve months after a month's end; of leavers up to the month before they go.

    What a leaver takes with him is counted as leaving.
    """
    table, months = bank.table("transactions"), found.months
    since, until = month_end(months.month(column)), month_end(months.month(found.last))
    rows = table.filter(table.kind.isin(FLOW_KINDS) & (table.booked_on > since) & (table.booked_on <= until))
    number = (rows.booked_on.year() - months.opens.year) * 12 + rows.booked_on.month() - months.opens.month
    sums = rows.group_by("client_id", column=number).agg(amount=rows.amount.sum().cast("float64")).execute()
    at = pd.Index(months.client_id).get_indexer(sums["client_id"])
    ok = at >= 0
    ok[ok] = sums["column"].to_numpy()[ok] < months.left[at[ok]]
    return np.bincount(at[ok], sums["amount"].to_numpy(float)[ok], len(months.client_id)).astype(float)
