"""Multistate curves and prediction metrics: seconds, and peers where one is installed, in one run, turn by turn."""

import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from statistics import median

import numpy as np
import pandas as pd
from lifelines import AalenJohansenFitter

from insights.stats.calibration import calibration, capture
from insights.stats.calibration.slope import recalibration
from insights.stats.multistate import state_occupation, state_occupation_from_counts
from insights.stats.multistate.counts import transition_table
from insights.stats.multistate.markov import markov_test
from insights.stats.resampling import bootstrap
from insights.stats.results import Estimate
from insights.stats.scoring import brier_score
from insights.stats.scoring.auc import dynamic_auc

MONTHS = 60


def main(large: bool) -> None:
    """Print seconds and ratios; ``large`` adds a million units."""
    warnings.simplefilter("ignore")
    print(f"{'work':<66}{'peer':>11}{'ours':>11}{'ratio':>9}   difference")
    for n in (10**5, 10**6) if large else (10**5,):
        _multistate(n, 10)
    _multistate(10**5, 10, continuous=True)
    _competing(10**5)
    _metrics(10**5)
    _bootstrap(10**5)


def _multistate(n: int, k: int, *, continuous: bool = False) -> None:
    spells = _spells(n, k, continuous=continuous)
    clock = "continuous" if continuous else "months"
    name = f"{n:,} units, {len(spells):,} stays, {k} states, {clock}"
    _line(f"multistate curves with errors, {name}", None, _seconds(lambda: state_occupation(spells)))
    curve = state_occupation(spells)
    _line("  expected months in a state, robust error", None, _seconds(lambda: _robust(curve.expected_time)))
    if continuous:
        return
    counts = transition_table(spells)
    seconds = _seconds(lambda: state_occupation_from_counts(counts, initial="s0"))
    _line(f"  from {len(counts):,} counts of the engine", None, seconds)
    _line("  Markov tests of all moves", None, _seconds(lambda: markov_test(spells), 1))


def _robust(expected: Callable[..., object]) -> None:
    expected("s1", 36, robust=True)


def _competing(n: int) -> None:
    """The only multistate model that lifelines has: one state to leave, several to go to."""
    rng = np.random.default_rng(1)
    gone, seen = rng.geometric(0.006, n), rng.integers(1, 241, n)
    code = np.where(gone <= seen, np.where(rng.random(n) < 0.7, 1, 2), 0)
    months = np.minimum(gone, seen).astype(float)
    months[:2], code[:2] = 241, (1, 2)
    names = np.array(["", "a", "b"], dtype=object)
    spells = pd.DataFrame({"from": "in", "to": names[code], "entry": 0.0, "exit": months})
    theirs, ours = _turns(
        lambda: AalenJohansenFitter(seed=1).fit(months, code, 1), lambda: state_occupation(spells, initial="in"), 3
    )
    fitted = AalenJohansenFitter(seed=1).fit(months, code, 1).cumulative_density_
    found = state_occupation(spells, initial="in").at([120], "a")[0]
    gap = float(fitted[fitted.index <= 120].iloc[-1, 0]) - _value(found)
    _line(f"competing risks as multistate, {n:,} rows, against lifelines", theirs, ours, gap)


def _metrics(n: int) -> None:
    rng = np.random.default_rng(2)
    score = rng.normal(size=n)
    time_, lost = np.ceil(rng.exponential(40 * np.exp(-score))), rng.integers(6, 37, n).astype(float)
    event, months = time_ <= lost, np.minimum(time_, lost)
    grid = np.arange(1.0, 25)
    risk = 1 - np.exp(-np.outer(np.exp(score), grid) / 40)
    brier = lambda: brier_score(months, event, risk, list(grid), convention="scikit-survival")  # noqa: E731
    area = lambda: dynamic_auc(months, event, score, list(grid), convention="scikit-survival")  # noqa: E731
    peer = None
    if find_spec("sksurv"):
        from sksurv import metrics
        from sksurv.util import Surv

        y = Surv.from_arrays(event, months)
        theirs, ours = _turns(lambda: metrics.brier_score(y, y, 1 - risk, grid), brier, 3)
        gap = metrics.brier_score(y, y, 1 - risk, grid)[1][11] - _value(brier().at(12))
        _line(f"Brier score with errors, {n:,} rows, 24 months, against scikit-survival", theirs, ours, gap, 12)
        theirs, ours = _turns(lambda: metrics.cumulative_dynamic_auc(y, y, score, grid), area, 3)
        gap = metrics.cumulative_dynamic_auc(y, y, score, grid)[0][11] - _value(area().at(12))
        _line(f"dynamic AUC with errors, {n:,} rows, 24 months, against scikit-survival", theirs, ours, gap, 12)
    else:
        _line(f"Brier score with errors, {n:,} rows, 24 months (no scikit-survival)", peer, _seconds(brier))
        _line(f"dynamic AUC with errors, {n:,} rows, 24 months (no scikit-survival)", peer, _seconds(area))
    year = risk[:, 11]
    _line(f"observed/expected by decile, {n:,} rows", peer, _seconds(lambda: calibration(months, event, year, 12)))
    _line(f"calibration slope, {n:,} rows", peer, _seconds(lambda: recalibration(months, event, year, 12)))
    _line(f"capture in the top decile, {n:,} rows", peer, _seconds(lambda: capture(months, event, year, 12)))


def _bootstrap(n: int) -> None:
    x, keys = np.random.default_rng(3).normal(size=n), np.arange(n)
    seconds = _seconds(lambda: bootstrap(lambda w: (w @ x) / w.sum(), keys, seed="s", replicates=500), 1)
    _line(f"keyed bootstrap of a mean, {n:,} units, 500 replicates", None, seconds)


def _spells(n: int, k: int, *, continuous: bool) -> pd.DataFrame:
    """Return the stays of n made-up units that wander among k states for up to five years; the last one is final."""
    rng = np.random.default_rng(1)
    state, now, limit = rng.integers(0, k - 1, n), np.zeros(n), rng.integers(12, MONTHS + 1, n).astype(float)
    going, pieces = np.ones(n, dtype=bool), []
    names = np.array([*(f"s{i}" for i in range(k)), ""], dtype=object)
    while going.any():
        stay = rng.exponential(15, n) if continuous else rng.geometric(1 / 15, n)
        to, lost = (state + rng.integers(1, k, n)) % k, now + stay > limit
        end = np.minimum(now + stay, limit)
        columns = {"unit": np.arange(n), "from": names[state], "to": names[np.where(lost, k, to)]}
        pieces.append(pd.DataFrame(columns | {"entry": now, "exit": end})[going])
        going &= ~lost & (to != k - 1) & (end < limit)
        now, state = end, to
    return pd.concat(pieces).sort_values(["unit", "entry"], ignore_index=True)


def _seconds(work: Callable[[], object], repeats: int = 3) -> float:
    spent = []
    for _ in range(repeats):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return median(spent)


def _turns(theirs: Callable[[], object], ours: Callable[[], object], repeats: int) -> tuple[float, float]:
    """Return the median seconds of both, measured in turn so that a busy machine slows both alike."""
    pairs = [(_seconds(theirs, 1), _seconds(ours, 1)) for _ in range(repeats)]
    return median(p[0] for p in pairs), median(p[1] for p in pairs)


def _value(found: object) -> float:
    return found.value if isinstance(found, Estimate) else float("nan")


def _line(work: str, theirs: float | None, ours: float, gap: float = float("nan"), months: int = 120) -> None:
    peer = f"{'-':>11}" if theirs is None else f"{theirs:>9.3f} s"
    ratio = f"{'-':>9}" if theirs is None else f"{theirs / ours:>8.0f}x"
    told = "" if np.isnan(gap) else f"{gap:+.1e} at {months} months"
    print(f"{work:<66}{peer}{ours:>9.4f} s{ratio}   {told}", flush=True)


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
