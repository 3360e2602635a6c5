"""How many clients will buy something of a category first: the sum of their probabilities, and its range."""

import math

import numpy as np

from insights.models.needs.model import longer
from insights.models.needs.suitable import Floats
from insights.models.needs.trials import HORIZONS, Trials
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate

LEVEL = 0.95


def at_horizon(probability: Floats, months: int) -> Floats:
    """Return probabilities within so many months (3 or 6) from those within three."""
    return probability if months == HORIZONS[0] else longer(probability, months // HORIZONS[0])


def expected(probability: Floats, months: int, spread: float) -> Estimate:
    """Return the number of first purchases expected of clients (n) within the months, with a range for what happens.

    The range allows for chance (each client decides on his own) and for the level, which was off by ``spread`` (a
    share, one standard deviation) at past dates beyond that; see ``level_spread``.
    """
    p = at_horizon(probability[~np.isnan(probability)], months)
    total = float(p.sum())
    half = normal_quantile(LEVEL) * math.sqrt(float((p * (1 - p)).sum()) + (spread * total) ** 2)
    return Estimate(total, max(total - half, 0.0), total + half, "clients", len(p), level=LEVEL)


def level_spread(found: Trials, months: int) -> float:
    """Return by which share the expected numbers were off at past dates, beyond chance: one standard deviation.

    By the method of moments over categories and dates; 0 where chance explains all.
    """
    frame = found.frame.dropna(subset=[f"came_{months}m"])
    p = at_horizon(frame[found.used].to_numpy(), months)
    own = frame[["kind", "column"]].assign(p=p, v=p * (1 - p), came=frame[f"came_{months}m"].to_numpy())
    sums = own.groupby(["kind", "column"])[["p", "v", "came"]].sum()
    beyond = ((sums["came"] - sums["p"]) ** 2 - sums["v"]).sum()
    return math.sqrt(max(float(beyond), 0.0) / float((sums["p"] ** 2).sum())) if len(sums) else 0.0
