"""What a stream will bring: bookings, turnover and income of the clients in force, over time and discounted.

A client's future bookings are those that the model expects of him, as long as he stays with the bank. Leaving is not
part of the model where the bank sees it: the expectation then falls off at the rate at which such clients have left.
The rate is one for all of them and constant; it is uncertain like the parameters, and so are the amounts.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.value.streams.fit import FEW, StreamFit, Untold, spend_history, stream_fit
from insights.stats.inputs import Floats, Ints
from insights.stats.intervals import normal_quantile
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate, NotEstimable
from insights.stats.transactions import GammaGamma

STEPS = ((24.0, 3.0), (60.0, 6.0), (np.inf, 12.0))
"""Up to so many months ahead a period has so many months: a booking counts as made in its middle."""
BOOKINGS, TURNOVER, DISCOUNTED, INCOME = "bookings", "turnover", "discounted_turnover", "discounted_income"
NOBODY, VAGUE = "nobody", "vague"
MOST_VAGUE = 10.0
"""What is known to within no better than this factor is not told."""
CLASSES = (0, 1, 2, 3, 6, 12)
"""Classes of clients by number of repeats so far: the fewest of each."""


@dataclass(frozen=True)
class StreamWorth:
    """What the clients in force will do and bring.

    ``sums``: measure, months (1 year, 3 and 5 years, the horizon), value, low, high, unit, n (clients), n_events
    (repeats behind it), largest, second, absolute (contributions of single clients). ``classes``: repeats, clients,
    and for the classes that somebody is in ``active`` (share, with interval) and ``ahead`` (bookings of a client within
    twelve months), with sizes. ``active`` is the share of all still active. ``leaving`` is the rate a month at which
    they leave the bank (None where no closure is seen).
    """

    sums: pd.DataFrame
    classes: pd.DataFrame
    active: Estimate
    clients: int
    leaving: Estimate | None
    horizon: int


def stream_worth(bank: Bank, name: str) -> StreamWorth | Untold:
    """Return what a stream of the settings will bring, made once, or why it cannot be told."""
    return once(bank, ("stream_worth", name), lambda: _worth(bank, name))


def _worth(bank: Bank, name: str) -> StreamWorth | Untold:
    fit = stream_fit(bank, name)
    if isinstance(fit, Untold):
        return fit
    leaving = _leaving(fit) if fit.log.closures else None
    if isinstance(leaving, NotEstimable):
        return Untold(leaving.reason, FEW)
    rules = bank.settings.value
    horizon = 12 * rules.horizon_years
    here = fit.now.table["until"].to_numpy(dtype=float) == np.inf
    if not here.any():
        return Untold("no client of this stream is in force", NOBODY)
    ends = period_ends(horizon)
    months = sorted({m for m in (12, 36, 60, horizon) if m <= horizon})
    units, amounts = _each(bank, name, fit, here)
    currency = bank.settings.bank.currency
    sums = _sums(fit, here, units, amounts, ends, months, rules.annual_discount_rate, leaving, currency)
    history = tuple(column[here] for column in fit.now.history)
    active = fit.model.expected_alive(*history, covariates=_of(fit, here))[0]
    if (sums["high"] > MOST_VAGUE * sums["value"]).any() or not (sums["value"] > 0).all():
        return Untold(f"what is to come is not known to within a factor of {MOST_VAGUE:g}", VAGUE)
    least = bank.settings.disclosure.min_clients
    return StreamWorth(sums, _classes(fit, here, leaving, least), active, int(here.sum()), leaving, horizon)


def period_ends(horizon: float) -> Floats:
    """Return the ends of the periods up to the horizon, in months; see ``STEPS``."""
    ends = [0.0]
    while ends[-1] < horizon:
        ends.append(min(ends[-1] + next(step for until, step in STEPS if ends[-1] < until), float(horizon)))
    return np.array(ends[1:])


def _leaving(fit: StreamFit) -> Estimate | NotEstimable:
    """Return how many of these clients leave the bank in a month, of those who could."""
    table = fit.now.table
    left = np.isfinite(table["until"].to_numpy(dtype=float)).astype(float)
    return ratio_of_sums(left, table["T"], unit="per month", positive=True, n_events=int(left.sum()))


def _each(
    bank: Bank, name: str, fit: StreamFit, here: np.ndarray
) -> tuple[dict[str, Floats], dict[str, tuple[float, float] | None]]:
    """Return what a booking of each client adds to each measure (n), and the charge that each measure of money uses."""
    units = {BOOKINGS: np.ones(int(here.sum()))}
    charges: dict[str, tuple[float, float] | None] = {}
    if isinstance(fit.spend, NotEstimable):
        return units, charges
    x, mean, _ = spend_history(fit.now)
    net = 1 - fit.log.refund_share
    turnover = net * fit.spend.expected_value(x[here], mean[here])
    if not np.isfinite(turnover).all():
        return units, charges
    units |= {TURNOVER: turnover, DISCOUNTED: turnover}
    charges |= {TURNOVER: None, DISCOUNTED: None}
    rules = bank.settings.value.streams[name]
    if rules.fee_share is not None:
        tariff = rules.fee_share, rules.fee_least
        charges[INCOME] = tariff
        units[INCOME] = fit.spend.expected_charge(x[here], mean[here], *tariff)
    return units, charges


def _of(fit: StreamFit, here: np.ndarray) -> Floats | None:
    return None if fit.covariates is None else fit.covariates[here]


def _factors(ends: Floats, months: list[int], rate: float, leaving: float) -> tuple[Floats, Floats]:
    """Return what remains of a booking in each period (K, horizons): as it is, and discounted; both while staying."""
    middle = _middles(ends)
    staying = np.exp(-leaving * middle)
    within = (ends[:, None] <= np.array(months) + 1e-9).astype(float)
    plain = staying[:, None] * within
    return plain, plain * ((1 + rate) ** (-middle / 12))[:, None]


def _middles(ends: Floats) -> Floats:
    return ends - np.diff(ends, prepend=0.0) / 2


def _sums(
    fit: StreamFit,
    here: np.ndarray,
    units: dict[str, Floats],
    charges: dict[str, tuple[float, float] | None],
    ends: Floats,
    months: list[int],
    rate: float,
    leaving: Estimate | None,
    currency: str,
) -> pd.DataFrame:
    history = tuple(column[here] for column in fit.now.history)
    z, level = _of(fit, here), fit.model.level
    gone = leaving.value if leaving else 0.0
    plain, discounted = _factors(ends, months, rate, gone)
    names = list(units)
    periods = np.concatenate([plain, discounted], axis=1)
    found = fit.model.expected_sums(ends, np.stack([units[k] for k in names], axis=1), periods, *history, covariates=z)
    grid = np.array(found, dtype=object).reshape(len(names), 2 * len(months))
    each = fit.model.expected_periods(ends, *history, covariates=z)
    # What another rate of leaving would make of the sums.
    moved = np.concatenate(_factors(ends, months, rate, gone + (leaving.se or 0.0) if leaving else 0.0), axis=1)
    repeats = int(fit.now.table["x"][here].sum())
    rows = []
    for i, name in enumerate(names):
        later = len(months) if name in (DISCOUNTED, INCOME) else 0
        mine = slice(later, later + len(months))
        bookings = each @ periods[:, mine]
        money = _money_errors(fit, here, bookings, charges[name]) if name in charges else np.zeros(len(months))
        for k, within in enumerate(months):
            one = grid[i, later + k]
            if one.value > 0:
                gone_faster = float(units[name] @ (each @ moved[:, later + k])) / one.value - 1
                error = float(np.sqrt((one.se or 0.0) ** 2 / one.value**2 + money[k] ** 2 + gone_faster**2))
                factor = float(np.exp(min(normal_quantile(level) * error, 700.0)))
            else:
                factor = 1.0
            rows.append(
                {"measure": name, "months": within, "value": one.value, "low": one.value / factor}
                | {"high": one.value * factor, "unit": BOOKINGS if name == BOOKINGS else currency}
                | {"n": int(here.sum()), "n_events": repeats}
                | sizes(units[name] * bookings[:, k])
            )
    return pd.DataFrame(rows)


def _money_errors(fit: StreamFit, here: np.ndarray, bookings: Floats, charge: tuple[float, float] | None) -> Floats:
    """Return the relative errors of sums of money that come from the amounts (one for each column of bookings)."""
    assert isinstance(fit.spend, GammaGamma), "money is counted only where there is a model of the amounts"
    x, mean, _ = spend_history(fit.now)
    found = fit.spend.weighted_sums(bookings, x[here], mean[here], charge=charge)
    assert not isinstance(found, NotEstimable), "infinite amounts were refused before"
    return np.array([(e.se or 0.0) / e.value if e.value > 0 else 0.0 for e in found])


def sizes(contributions: Floats) -> dict[str, float]:
    """Return the two largest contributions and the sum of all, as disclosure control asks for."""
    size = np.sort(np.abs(contributions))[::-1]
    first, second = (float(size[k]) if len(size) > k else 0.0 for k in (0, 1))
    return {"largest": first, "second": second, "absolute": float(size.sum())}


def classes_of(x: Floats, least: int) -> tuple[Ints, list[str]]:
    """Return the class of each client (n) and the names of the classes, by number of repeats.

    A class with fewer than ``least`` clients is put together with the one below it (the lowest with the one above).
    """
    starts = list(CLASSES)
    place = np.searchsorted(starts, x, side="right") - 1
    kept = list(starts)
    for k in range(len(starts) - 1, 0, -1):
        if int((place == k).sum()) < least:
            place[place == k] = k - 1
            kept.remove(starts[k])
    if 0 < int((place == 0).sum()) < least and len(kept) > 1:
        kept.pop(1)
    place = np.searchsorted(kept, x, side="right") - 1
    names = []
    for start, following in zip(kept, [*kept[1:], None], strict=True):
        last = None if following is None else following - 1
        names.append(f"{start}+" if last is None else str(start) if last == start else f"{start}-{last}")
    return place, names


def _classes(fit: StreamFit, here: np.ndarray, leaving: Estimate | None, least: int) -> pd.DataFrame:
    """Return the clients in force by number of repeats, with the share still active and what they will do in a year."""
    x, t_x, watched = (column[here] for column in fit.now.history)
    z = _of(fit, here)
    place, names = classes_of(x, least)
    used, code = np.unique(place, return_inverse=True)
    active = fit.model.expected_alive(x, t_x, watched, group=code, covariates=z)
    ends = period_ends(12)
    staying = np.exp(-(leaving.value if leaving else 0.0) * _middles(ends))[:, None]
    each = np.zeros((len(x), len(used)))
    each[np.arange(len(x)), code] = 1 / np.bincount(code)[code]
    ahead = fit.model.expected_sums(ends, each, staying, x, t_x, watched, covariates=z)
    single = (fit.model.expected_periods(ends, x, t_x, watched, covariates=z) @ staying)[:, 0]
    rows = []
    for k, at in enumerate(used):
        mine = code == k
        for measure, e, part in (("active", active[k], None), ("ahead", ahead[k], single[mine])):
            rows.append(
                {"repeats": names[at], "measure": measure, "value": e.value, "low": e.low, "high": e.high}
                | {"unit": e.unit, "n": int(mine.sum()), "n_events": np.nan}
                | (dict.fromkeys(("largest", "second", "absolute"), np.nan) if part is None else sizes(part))
            )
    return pd.DataFrame(rows)
