"""Kaplan-Meier and cumulative incidence against lifelines, in one run, turn by turn."""

import sys
import time
import warnings
from collections.abc import Callable
from statistics import median

import numpy as np
import numpy.typing as npt
from lifelines import AalenJohansenFitter, KaplanMeierFitter

from insights.stats import Estimate, cumulative_incidence, kaplan_meier

MONTHS = 240


def main(large: bool) -> None:
    """Print seconds and ratios; ``large`` adds the slow way of lifelines at a million rows."""
    warnings.simplefilter("ignore")
    print(f"{'work':<58}{'lifelines':>11}{'ours':>11}{'ratio':>9}   difference")
    _kaplan_meier(10**6)
    _incidence(10**5, alone=False)
    _incidence(10**5, alone=True)
    _incidence(10**6, alone=False)
    if large:
        _incidence(10**6, alone=True, repeats=1)
    _delayed_entry(10**6)


def _kaplan_meier(n: int) -> None:
    months, code = _spells(n)
    event = code > 0
    theirs, ours = _turns(lambda: KaplanMeierFitter().fit(months, event), lambda: kaplan_meier(months, event))
    gap = KaplanMeierFitter().fit(months, event).predict(120) - _value(kaplan_meier(months, event).at([120])[0])
    _line(f"Kaplan-Meier, {n:,} rows, months", theirs, ours, gap)


def _incidence(n: int, *, alone: bool, repeats: int = 5) -> None:
    """Time the incidence; ``alone``: a last month with one exit of each reason, otherwise no lone exit anywhere."""
    months, code = _spells(n)
    if alone:
        months[:2], code[:2] = MONTHS + 1, (1, 2)
    else:
        _, pair, times = np.unique(3 * months + code, return_inverse=True, return_counts=True)
        code[times[pair] == 1] = 0
    theirs, ours = _turns(
        lambda: AalenJohansenFitter(seed=1).fit(months, code, 1),
        lambda: cumulative_incidence(months, code),
        min(repeats, 3) if alone else repeats,
    )
    exact = _value(cumulative_incidence(months, code).at([120], cause="1")[0])
    if repeats > 1:
        fitted = AalenJohansenFitter(seed=1).fit(months, code, 1).cumulative_density_
        gap = float(fitted[fitted.index <= 120].iloc[-1, 0]) - exact
    else:
        gap = float("nan")
    way = "times shifted" if alone else "no lone exit"
    _line(f"incidence with errors, {n:,} rows, months, {way}", theirs, ours, gap)


def _delayed_entry(n: int) -> None:
    months, code = _spells(n)
    entry, event = np.floor(months * np.random.default_rng(2).random(n) * 0.9), code > 0
    entry = np.where(entry < months, entry, 0.0)
    theirs, ours = _turns(
        lambda: KaplanMeierFitter().fit(months, event, entry=entry), lambda: kaplan_meier(months, event, entry=entry)
    )
    # lifelines lets a unit be at risk in its month of entry; the difference is a matter of convention.
    _line(f"Kaplan-Meier, {n:,} rows, months, delayed entry", theirs, ours, float("nan"))


def _spells(n: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return months and codes (0 censored, 1 and 2 the reasons) of n made-up relationships."""
    rng = np.random.default_rng(1)
    gone, seen = rng.geometric(0.006, n), rng.integers(1, MONTHS + 1, n)
    code = np.where(gone <= seen, np.where(rng.random(n) < 0.7, 1, 2), 0)
    return np.minimum(gone, seen).astype(float), code


def _turns(theirs: Callable[[], object], ours: Callable[[], object], repeats: int = 5) -> tuple[float, float]:
    """Return the median seconds of both, measured in turn so that a busy machine slows both alike."""
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(repeats):
        for work, spent in zip((theirs, ours), seconds, strict=True):
            start = time.perf_counter()
            work()
            spent.append(time.perf_counter() - start)
    return median(seconds[0]), median(seconds[1])


def _value(found: object) -> float:
    return found.value if isinstance(found, Estimate) else float("nan")


def _line(work: str, theirs: float, ours: float, gap: float) -> None:
    told = "" if np.isnan(gap) else f"{gap:+.1e} at 120 months"
    print(f"{work:<58}{theirs:>9.3f} s{ours:>9.4f} s{theirs / ours:>8.0f}x   {told}", flush=True)


if __name__ == "__main__":
    main("--large" in sys.argv[1:])
