"""BG/NBD, Pareto/NBD and gamma-gamma, standard errors included, against lifetimes, in one run, turn by turn.

lifetimes is not among the dependencies. Where it can be imported it is timed; otherwise the rows say so.
"""

import sys
import time
import warnings
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
import numpy.typing as npt

from insights.stats.results import NotEstimable
from insights.stats.transactions import bg_nbd, gamma_gamma, pareto_nbd

try:
    import lifetimes
except ImportError:
    lifetimes = None

Floats = npt.NDArray[np.float64]
Work = Callable[[], Any]
WEEK = 7


def main(large: bool) -> None:
    """Print seconds and ratios; ``large`` adds what takes the peer minutes."""
    warnings.simplefilter("ignore")
    print(f"{'work':<44}{'lifetimes':>11}{'ours':>11}{'ratio':>8}   largest difference of a parameter")
    for size in (10**5, 10**6):
        _bg_nbd(size, months=False)
    _bg_nbd(10**6, months=True)
    _pareto_nbd(10**4, peer=True)
    _pareto_nbd(10**5, peer=large)
    _gamma_gamma(10**5)


def _bg_nbd(n: int, *, months: bool) -> None:
    work = f"BG/NBD, {n:,} units, {'months' if months else 'days'}"
    _line(work, "BetaGeoFitter", bg_nbd, _histories(n, months=months), repeats=3)


def _pareto_nbd(n: int, *, peer: bool) -> None:
    name = "ParetoNBDFitter" if peer else ""
    _line(f"Pareto/NBD, {n:,} units, days", name, pareto_nbd, _histories(n, months=False), repeats=1 if peer else 3)


def _gamma_gamma(n: int) -> None:
    rng = np.random.default_rng(2)
    x = rng.geometric(0.25, n).astype(float)
    amount = rng.gamma(6.25 * x) / x / rng.gamma(3.74, 1 / 15.4, n)
    _line(f"gamma-gamma, {n:,} units", "GammaGammaFitter", gamma_gamma, (x, amount), repeats=5)


def _histories(n: int, *, months: bool) -> tuple[Floats, Floats, Floats]:
    """Return made-up units, watched for up to five years, whole days or whole months, that stop after a while.

    Times are in weeks.
    """
    rng = np.random.default_rng(1)
    T = rng.integers(60, 1826, n).astype(float)
    length = np.minimum(T, rng.exponential(1 / rng.gamma(0.8, 1 / 300, n)))
    x = rng.poisson(rng.gamma(0.6, 1 / 60, n) * length).astype(float)
    t_x = np.where(x > 0, length * rng.random(n) ** (1 / np.maximum(x, 1)), 0.0)
    day = 30.0 if months else 1.0
    T = np.ceil(T / day) * day
    t_x = np.minimum(np.ceil(t_x / day) * day, T)
    return x, t_x / WEEK, T / WEEK


def _line(work: str, fitter: str, fit: Callable[..., Any], columns: tuple[Floats, ...], repeats: int) -> None:
    """Print the median seconds of both, measured in turn so that a busy machine slows both alike."""
    seconds: tuple[list[float], list[float]] = ([], [])
    if lifetimes is None or not fitter:
        spent = median(_spent(lambda: fit(*columns))[0] for _ in range(repeats))
        why = "lifetimes is not installed" if lifetimes is None else "the peer runs with --large"
        print(f"{work:<44}{'-':>11}{spent:>9.3f} s{'':>8}   {why}", flush=True)
        return
    found: list[Any] = [None, None]
    for _ in range(repeats):
        for place, do in enumerate((lambda: getattr(lifetimes, fitter)().fit(*columns), lambda: fit(*columns))):
            spent, found[place] = _spent(do)
            seconds[place].append(spent)
    peer, own = median(seconds[0]), median(seconds[1])
    print(f"{work:<44}{peer:>9.3f} s{own:>9.3f} s{peer / own:>7.0f}x   {_difference(*found)}", flush=True)


def _spent(do: Work) -> tuple[float, Any]:
    start = time.perf_counter()
    try:
        found = do()
    except Exception as error:  # the peer raises where its search fails; that is told, not hidden
        found = error
    return time.perf_counter() - start, found


def _difference(theirs: Any, ours: Any) -> str:
    if isinstance(theirs, Exception):
        return f"the peer failed: {type(theirs).__name__}"
    if isinstance(ours, NotEstimable | Exception):
        return f"ours failed: {ours}"
    # The peer names gamma v, but the order is the same. For Pareto/NBD it gives no standard errors.
    values = np.array([e.value for e in ours.parameters.values()])
    gap = np.abs(np.asarray(theirs.params_, dtype=float) / values - 1).max()
    return f"{gap:.0e} of its value"


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
