"""Whether numbers of events vary more from period to period than chance allows, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from insights.stats.results import Estimate, NotEstimable, TestResult

SOURCE = "DerSimonian & Laird (1986), for the logs of observed over expected numbers"
FEWEST_PERIODS = 3
FEWEST_EXPECTED = 10.0


@dataclass(frozen=True)
class Variation:
    """Standard deviation between periods of the log of observed over expected events, beyond that of chance.

    ``sd`` is 0 where the periods differ no more than chance makes them; ``periods`` were compared;
    ``test`` is Cochran's test that there is no variation.
    """

    sd: float
    periods: int
    test: TestResult


def common_variation(observed: npt.ArrayLike, expected: npt.ArrayLike) -> Variation | NotEstimable:
    """Estimate by how much a common factor moves the numbers of events of each period (T periods).

    ``observed`` are counts, ``expected`` those of a model whose total fits. Within a period the count is taken as
    Poisson given the factor. Method of moments, cut at 0.

    Returns NotEstimable with fewer than 3 periods, or one in which fewer than 10 events were expected. The estimate
    rests on few periods: it is rough, and with five of them its own error is about a third of it.

    Raises ValueError for lengths that differ and negative or missing numbers.
    """
    o, e = np.asarray(observed, dtype=float), np.asarray(expected, dtype=float)
    if o.ndim != 1 or o.shape != e.shape:
        raise ValueError(f"observed has shape {o.shape}, expected {e.shape}; expected one number each by period")
    if not (np.isfinite(o).all() and np.isfinite(e).all() and (o >= 0).all() and (e >= 0).all()):
        raise ValueError("numbers of events are negative or missing; expected counts")
    if len(o) < FEWEST_PERIODS:
        return NotEstimable(f"{len(o)} periods are too few to tell how much they differ: {FEWEST_PERIODS} are needed")
    if (e < FEWEST_EXPECTED).any():
        return NotEstimable(f"a period has only {e.min():.3g} expected events: {FEWEST_EXPECTED:g} are needed in each")
    # The variance of log O is 1 / E under the model; half an event keeps the log of an empty period finite.
    log = np.log((o + 0.5) / (e + 0.5))
    weight = e
    mean = float(weight @ log / weight.sum())
    q = float(weight @ (log - mean) ** 2)
    df = len(o) - 1
    spare = float(weight.sum() - (weight**2).sum() / weight.sum())
    from scipy.special import chdtrc  # slow to import

    test = TestResult(
        "variation between periods", "the periods differ by chance alone", q, float(df), float(chdtrc(df, q))
    )
    return Variation(float(np.sqrt(max(0.0, (q - df) / spare))), len(o), test)


def same_values(estimates: Sequence[Estimate], *, name: str = "equal values") -> TestResult:
    """Test that independent estimates of k groups are of one value: Cochran's Q with k - 1 degrees of freedom.

    Estimates need a standard error above 0; others are left out. Raises ValueError for units that differ.
    """
    null = "all groups have the same value"
    if len({e.unit for e in estimates}) > 1:
        raise ValueError(f"estimates in {sorted({e.unit for e in estimates})}; expected one unit")
    told = [e for e in estimates if e.se]
    if len(told) < 2:
        return TestResult(name, null, reason="there are not two groups to compare")
    value = np.array([e.value for e in told])
    weight = np.array([1 / float(e.se or 1.0) ** 2 for e in told])
    statistic = float(weight @ (value - weight @ value / weight.sum()) ** 2)
    df = len(told) - 1
    from scipy.special import chdtrc  # slow to import

    return TestResult(name, null, statistic, float(df), float(chdtrc(df, statistic)))
