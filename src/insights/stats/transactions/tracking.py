"""Whether a model of repeat transactions foretells what came after the data it was fitted to."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.transactions.histories import first_rows, row_codes
from insights.stats.transactions.model import RateModel
from insights.stats.transactions.summaries import DAYS, EventSummary

HIGHEST = 7
"""Units with this many repeats or more are one group."""
SOURCE = "Fader, Hardie & Lee (2005), 'Counting Your Customers' the Easy Way, section 5"
NO_HOLDOUT = NotEstimable("there is no holdout")


@dataclass(frozen=True, eq=False)
class Tracking(Result):
    """Repeats of the cohort period by period, as they were and as the model expects them.

    ``table``: time (end of the period, from the first event of all), phase (calibration, holdout), actual, expected,
    actual_cumulative, expected_cumulative. ``by_count``: x (repeats in calibration; the last row holds all with as many
    or more), n, actual, expected (means in the holdout, the expectation given each unit's history). ``holdout_actual``
    and ``holdout_expected`` are their totals; ``holdout_count`` is the same expectation with the interval in which the
    number itself should lie; ``each`` (n) the expectation of each unit. Expectations in ``table`` are those before
    anything was seen.
    """

    by_count: pd.DataFrame | None = None
    holdout_actual: int | None = None
    holdout_expected: Estimate | NotEstimable = NO_HOLDOUT
    holdout_count: Estimate | NotEstimable = NO_HOLDOUT
    each: Floats = field(default_factory=lambda: np.zeros(0), repr=False)
    time_unit: str = ""


def track(
    fit: RateModel,
    summary: EventSummary,
    *,
    step: float = 1.0,
    ends: npt.ArrayLike | None = None,
    covariates: npt.ArrayLike | None = None,
) -> Tracking:
    """Return actual and expected repeats of the units of a summary, in periods of ``step`` time units.

    ``ends`` (growing) gives the ends of the periods instead, in time units from the first event. The last period ends
    with the last day; where the end of the calibration falls within a period, the period is cut there. ``covariates``
    (n, k) are those of the units, in the order of the summary, where the model has some. A unit that is watched for
    less long than the others counts for as long as it is. Raises ValueError where fit and summary have different time
    units, or a step that is not above 0.
    """
    if fit.time_unit != summary.time_unit:
        raise ValueError(f"the model is in {fit.time_unit}, the summary in {summary.time_unit}; expected the same unit")
    if not step > 0:
        raise ValueError(f"the step is {step}; expected a time above 0")
    times = _periods(summary, step, ends)
    expected, actual = _expected(fit, summary, times, covariates), _actual(summary, times)
    table = pd.DataFrame(
        {
            "time": times,
            "phase": np.where(times <= summary.calibration * (1 + 1e-12), "calibration", "holdout"),
            "actual": np.diff(actual, prepend=0),
            "expected": np.diff(expected, prepend=0.0),
            "actual_cumulative": actual,
            "expected_cumulative": expected,
        }
    )
    if not summary.holdout:
        return Tracking(table, (), SOURCE, time_unit=summary.time_unit)
    history, held = summary.history, summary.table["holdout_x"].to_numpy(dtype=float)
    ahead = summary.table["ahead"].to_numpy(dtype=float)
    total = fit.expected_total(ahead, *history, covariates=covariates)
    count = fit.expected_total(ahead, *history, covariates=covariates, counts=True)
    each = fit.expected_transactions(ahead, *history, covariates=covariates)
    return Tracking(
        table,
        (_miss(held.sum(), count),),
        SOURCE,
        _by_count(history[0], held, each),
        round(held.sum()),
        total,
        count,
        each,
        summary.time_unit,
    )


def _periods(summary: EventSummary, step: float, given: npt.ArrayLike | None) -> Floats:
    """Return the ends of the periods."""
    stop = summary.calibration + summary.holdout
    steps = np.arange(1, int(np.floor(stop / step * (1 + 1e-12))) + 1) * step
    inner = steps if given is None else np.asarray(given, dtype=float)
    ends = np.union1d(inner[inner < stop], [summary.calibration, stop])
    keep = np.concatenate([np.diff(ends) > 1e-9 * stop, [True]]) if len(ends) else np.ones(0, dtype=bool)
    return np.asarray(ends[keep & (ends > 0)])


def _expected(fit: RateModel, summary: EventSummary, times: Floats, covariates: npt.ArrayLike | None) -> Floats:
    """Return the expected repeats by each time: units watched for as many days with the same rate are alike."""
    first, until = (summary.table[c].to_numpy(dtype=float) for c in ("first", "until"))
    effect = np.broadcast_to(fit._effect(fit.theta, covariates, len(first)), len(first))
    code = row_codes([first, until, effect])
    kinds, units = first_rows(code), np.bincount(code).astype(float)
    day = times[:, None] * DAYS[summary.time_unit]
    watched = np.maximum(np.minimum(day, until[kinds]) - first[kinds], 0.0) / DAYS[summary.time_unit]
    effects = np.broadcast_to(effect[kinds], watched.shape)
    cell = row_codes([watched.ravel(), effects.ravel()])
    some = first_rows(cell)
    fresh = fit._new(fit.theta, watched.ravel()[some], effects.ravel()[some])[cell].reshape(watched.shape)
    return np.asarray(fresh @ units)


def _actual(summary: EventSummary, times: Floats) -> Floats:
    days, repeats = (summary.repeats[c].to_numpy(dtype=float) for c in ("day", "repeats"))
    place = np.searchsorted(days / DAYS[summary.time_unit], times * (1 + 1e-12), side="right")
    return np.concatenate([[0.0], np.cumsum(repeats)])[place]


def _by_count(x: Floats, held: Floats, each: Floats) -> pd.DataFrame:
    frame = pd.DataFrame({"x": np.minimum(x, HIGHEST).astype(np.int64), "actual": held, "expected": each})
    grouped = frame.groupby("x")
    return (
        grouped[["actual", "expected"]].mean().assign(n=grouped.size()).reset_index()[["x", "n", "actual", "expected"]]
    )


def _miss(actual: float, total: Estimate) -> TestResult:
    """Say by how much the total was missed; a fault where it lies beyond the interval of the number itself."""
    ratio = float(total.value / actual) if actual else float("nan")
    off = not total.low <= actual <= total.high
    told = f"{actual:g} repeats in the holdout, {total.value:.1f} expected ({total.low:.1f} to {total.high:.1f})"
    return TestResult(
        "holdout total", "expected and actual repeats in the holdout are equal", ratio, reason=told if off else ""
    )
