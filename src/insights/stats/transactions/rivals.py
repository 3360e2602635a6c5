"""Which of several forecasts of the same counts came nearest, unit by unit, and whether that is more than chance."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.special import stdtrit

from insights.stats.inputs import Floats, check_level, read_numbers
from insights.stats.results import NotEstimable, Result

SOURCE = "Diebold & Mariano (1995), Comparing Predictive Accuracy: paired differences of losses, here over units"
FEWEST = 50


@dataclass(frozen=True, eq=False)
class Rivals(Result):
    """How well forecasts did.

    ``table``, one row per forecast, the best first: forecast, expected and actual (totals), squared (mean squared error
    of a unit), absolute (mean absolute error), difference, low, high (its mean squared error less that of the best,
    with a paired interval; 0 and NaN for the best itself). ``best`` has the smallest mean squared error.
    """

    best: str = ""
    n: int = 0
    level: float = 0.95


def compare_forecasts(
    forecasts: Mapping[str, npt.ArrayLike], actual: npt.ArrayLike, *, level: float = 0.95
) -> Rivals | NotEstimable:
    """Compare forecasts (name -> n expected counts) with what came (n).

    The mean squared error is smallest, on average, for the true expectation, whatever the distribution of the counts;
    the mean absolute error is so for medians, and most counts are 0: it is told and does not choose. Intervals of the
    differences: Student's t over units, which are taken to be independent. The interval is that of one comparison with
    the best of all, which was found in the same data: it does not prove that a forecast which is last is worse.

    NotEstimable with fewer than 50 units. Raises ValueError for forecasts that are missing or of another length.
    """
    check_level(level)
    seen = read_numbers(actual, "actual")
    n = len(seen)
    if n < FEWEST:
        return NotEstimable(f"{n} units are too few to compare forecasts; at least {FEWEST} are needed")
    values = {name: read_numbers(v, f"forecast {name!r}", n) for name, v in forecasts.items()}
    losses: dict[str, Floats] = {name: (v - seen) ** 2 for name, v in values.items()}
    best = min(losses, key=lambda name: (float(losses[name].mean()), name))
    rows = []
    for name, loss in losses.items():
        gap = loss - losses[best]
        half = float(stdtrit(n - 1, (1 + level) / 2) * gap.std(ddof=1) / np.sqrt(n))
        ends = (np.nan, np.nan) if name == best else (float(gap.mean()) - half, float(gap.mean()) + half)
        rows.append(
            {
                "forecast": name,
                "expected": float(values[name].sum()),
                "actual": float(seen.sum()),
                "squared": float(loss.mean()),
                "absolute": float(np.abs(values[name] - seen).mean()),
                "difference": float(gap.mean()),
                "low": ends[0],
                "high": ends[1],
            }
        )
    table = pd.DataFrame(rows).sort_values(["squared", "forecast"], ignore_index=True)
    return Rivals(table, source=SOURCE, best=best, n=n, level=level)
