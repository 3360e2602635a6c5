"""What clients who do not leave in the coming year are worth: from fewer exits to lifetime value, and its interval.

A lever takes a share off the exits by choice of the twelve months in which its outcome was seen; afterwards hazards are
as they were. What is kept is what those clients are then expected to bring as long as they stay.
"""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.cache import once
from insights.models.exits.hazards import fit_exit_hazards
from insights.models.exits.risk import in_force, paths
from insights.models.loyalty.followed import MONTHS
from insights.models.loyalty.losses import segment_of
from insights.models.value.lifetime import MARGIN, LifetimeValues, lifetime_values
from insights.models.value.money import measure_of
from insights.stats.inputs import Floats
from insights.stats.resampling import Replicates
from insights.stats.results import Estimate, NotEstimable

KNOTS = np.linspace(-0.5, 1.0, 7)
"""Shares taken off the exits at which the value is computed; between them it is interpolated, beyond them cut."""
ALL = ""
FAILED = 0.05


@dataclass(frozen=True)
class Keeping:
    """Value kept by segment ("" for all): ``curves`` (at ``KNOTS``), ``draws`` (by what the value differs, mean 1).

    ``sizes`` has the largest, second and sum of absolute contributions (for dominance), ``clients`` how many are in
    force. Values are told in ``measure`` (margins), counted over ``years`` and discounted at ``rate`` a year.
    """

    curves: dict[str, Floats]
    draws: dict[str, Floats] = field(repr=False)
    sizes: dict[str, tuple[float, float, float]]
    clients: dict[str, int]
    measure: str
    years: float
    rate: float

    def worth(self, fewer: Replicates, part: int, segment: str, unit: str) -> Estimate | NotEstimable:
        """Return the value kept where one part of ``fewer`` (its replicates) is the share taken off the exits.

        Its draws pair every replicate of the share with a draw of the value: the two are learnt from different rows.
        """
        curve, draws = self.curves[segment], self.draws[segment]
        value = float(np.interp(fewer.value[part], KNOTS, curve))
        share = fewer.values[:, part]
        drawn = np.interp(share, KNOTS, curve) * draws[np.arange(len(share)) % len(draws)]
        good = drawn[np.isfinite(share)]
        if not np.isfinite(fewer.value[part]) or len(good) < (1 - FAILED) * len(share):
            return NotEstimable("the share of the exits fails in too many replicates")
        low, high = (float(q) for q in np.quantile(good, [0.025, 0.975]))
        return Estimate(value, low, high, unit, self.clients[segment], se=float(good.std(ddof=1)))


def keeping(bank: Bank) -> Keeping | NotEstimable:
    """Return what keeping clients is worth, once per bank; NotEstimable where nothing tells values."""
    return once(bank, "loyalty_keeping", lambda: _made(bank))


def _made(bank: Bank) -> Keeping | NotEstimable:
    if bank.needs("clients.joined_on", "clients.left_on") or not bank.window_from or measure_of(bank) is None:
        return NotEstimable("values need joining and leaving dates, a window, and money")
    values = lifetime_values(bank)
    if isinstance(values, NotEstimable):
        return values
    if values.measure != MARGIN:
        return NotEstimable("values are told in assets, which are not the bank's income")
    leaving = leaving_by_choice(bank)
    if list(leaving.index) != list(values.clients["client_id"]):
        return NotEstimable("values and hazards are not of the same clients")
    return kept_by_segment(values, leaving.to_numpy(), segment_of(bank, values.clients))


def leaving_by_choice(bank: Bank) -> pd.DataFrame:
    """Return by client in force (client_id) the intensity of leaving by choice in each of the coming twelve months."""
    hazards, rows = fit_exit_hazards(bank), in_force(bank, bank.as_of)
    chosen = [r for r in hazards.models if r not in bank.settings.lifecycle.not_by_choice]
    by_reason = paths(hazards, rows, MONTHS)
    leaving = sum((by_reason[r] for r in chosen), np.zeros((rows.n, MONTHS)))
    return pd.DataFrame(leaving, index=rows.of(rows.client, rows.clients))


def kept_by_segment(values: LifetimeValues, leaving: Floats, segment: pd.Series) -> Keeping:
    """Return the value kept, given intensities (n, 12) of leaving by choice in the coming year, and segments (n)."""
    ahead = values.course()
    discount = values.inputs.discount
    worth = ahead.brought(values.measure) * discount
    gone = np.cumsum(leaving, axis=1)[:, : worth.shape[1]]
    gone = np.concatenate([gone, np.repeat(gone[:, -1:], worth.shape[1] - gone.shape[1], axis=1)], axis=1)
    gains = np.stack([(worth * np.expm1(share * gone)).sum(axis=1) for share in KNOTS], axis=1)
    curves, draws, sizes, clients = {}, {}, {}, {}
    for name in (ALL, *sorted(segment.unique())):
        inside = np.ones(len(segment), dtype=bool) if name == ALL else (segment == name).to_numpy()
        curves[name] = gains[inside].sum(axis=0)
        base = float(values.value[inside].sum())
        realised = values.drawn.realised[inside].sum(axis=0, dtype=float)
        draws[name] = realised / base if base > 0 else np.ones(len(realised))
        own = np.sort(np.abs(gains[inside, -1]))[::-1]
        sizes[name] = (float(own[0]), float(own[1]) if len(own) > 1 else 0.0, float(own.sum()))
        clients[name] = int(inside.sum())
    return Keeping(curves, draws, sizes, clients, values.measure, values.months / 12, values.rate)
