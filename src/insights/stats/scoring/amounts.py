"""How good a forecast of amounts was: absolute errors beside those of a rival, unit by unit, and ranks."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, read_numbers
from insights.stats.ranking import rank_correlation
from insights.stats.resampling import bootstrap
from insights.stats.results import Estimate, NotEstimable

SOURCE = "Diebold & Mariano (1995), Comparing predictive accuracy; resampled by unit"
REPLICATES = 400


@dataclass(frozen=True)
class AmountErrors:
    """Forecasts of an amount of n units against what came, and a rival's of the same units.

    ``own`` and ``rival`` are mean absolute errors; ``gain`` is by how much the rival's is larger, in pairs: above 0
    the forecast is nearer. ``ranks`` and ``rival_ranks`` are the rank correlations with what came. ``errors`` (n, 2)
    are the absolute errors of the two, for whoever must know how they are spread.
    """

    own: Estimate | NotEstimable
    rival: Estimate | NotEstimable
    gain: Estimate | NotEstimable
    ranks: Estimate | NotEstimable
    rival_ranks: Estimate | NotEstimable
    errors: Floats
    source: str = SOURCE


def amount_errors(
    forecast: npt.ArrayLike, rival: npt.ArrayLike, came: npt.ArrayLike, units: npt.ArrayLike, *, unit: str, seed: str
) -> AmountErrors:
    """Set two forecasts (n each) of what n ``units`` brought against what ``came``.

    Intervals are quantiles over 400 resamples of the units: errors of amounts have heavy tails, and the two forecasts
    of a unit go together. They assume units independent of each other: what moves all of them alike, such as one
    year's market, is in no interval. NotEstimable below 20 units. Raises ValueError for lengths that differ and for
    missing values.
    """
    y = read_numbers(came, "came")
    told, other = read_numbers(forecast, "forecast", len(y)), read_numbers(rival, "rival", len(y))
    errors = np.abs(np.stack([told, other], axis=1) - y[:, None])
    both = np.column_stack([errors, errors[:, 1] - errors[:, 0]])

    def means(weights: Floats) -> Floats:
        return np.asarray(weights @ both / weights.sum(axis=1, keepdims=True))

    found = bootstrap(means, pd.Series(units), seed=seed, replicates=REPLICATES, at_once=50)
    own, against, gain = (found.estimate(part, unit=unit) for part in range(3))
    return AmountErrors(own, against, gain, rank_correlation(told, y), rank_correlation(other, y), errors)
