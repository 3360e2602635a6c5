"""Two arms drawn by lot: difference of incidence and of mean time without the event, and what could have been seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.influence import Influenced, cluster_codes
from insights.stats.influence import Rows as Pieces
from insights.stats.inputs import CENSORED, Floats, Ints, check_level, read_rows
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result
from insights.stats.scoring import read_horizons

SOURCE = (
    "Aalen & Johansen (1978), with the infinitesimal jackknife of Efron (1982); restricted mean: Royston & Parmar "
    "(2013); what could have been seen: Bloom (1995), Minimum detectable effects"
)
ANY = "any"
FEWEST_EVENTS = 10
FEWEST_ROWS = 20


@dataclass(frozen=True, eq=False)
class ArmComparison(Result):
    """Two arms side by side.

    ``table``: measure ("incidence", or "mean_time" without any event up to the horizon), cause ("any" for all
    together), months, treated, control, difference (treated less control), low, high, se, n, n_events, reason.
    """

    level: float = 0.95

    def difference(self, measure: str, months: float, cause: str = ANY) -> Estimate | NotEstimable:
        """Return treated less control; raises ValueError for what is not in the table."""
        return self._at("difference", measure, months, cause)

    def _at(self, column: str, measure: str, months: float, cause: str) -> Estimate | NotEstimable:
        t = self.table
        row = t[(t["measure"] == measure) & (t["months"] == months) & (t["cause"] == cause)]
        if row.empty:
            raise ValueError(f"there is no {measure!r} of {cause!r} by {months:g} months; see the table")
        found = row.iloc[0]
        if found["reason"]:
            return NotEstimable(str(found["reason"]))
        unit = "share" if measure == "incidence" else "months"
        value, low, high, se = (float(found[c]) for c in (column, "low", "high", "se"))
        return Estimate(value, low, high, unit, int(found["n"]), int(found["n_events"]), self.level, se)


def compare_arms(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    treated: npt.ArrayLike,
    horizons: Sequence[float],
    *,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> ArmComparison:
    """Compare incidence (of each cause, and of all together) and mean time without any event, by horizon.

    ``time`` (months since the lot was drawn) and ``cause`` (n) as in ``risk_table``, ``treated`` (n) flags, all from
    month 0 on and in the arm they were drawn for, whatever they did (intention to treat). ``cluster`` (n) names rows
    that are alike, or that were drawn together; errors are then by cluster, across both arms.

    Standard error: infinitesimal jackknife of the difference; interval: normal. Assumes that the arms were drawn by
    lot, and that rows are lost to view for reasons that have nothing to do with arm and event.
    NotEstimable (in ``reason``): fewer than 20 rows in an arm or 20 clusters, fewer than 10 events in both arms
    together, and beyond the time to which both arms are followed.

    Raises ValueError as ``risk_table`` does, and where ``treated`` are no flags.
    """
    check_level(level)
    rows, months = read_rows(time, cause), read_horizons(horizons)
    told = np.asarray(treated)
    n = len(rows.time)
    if told.shape != (n,) or not np.isin(told, (0, 1)).all():
        raise ValueError(f"treated has shape {told.shape}; expected ({n},) flags")
    told = told.astype(bool)
    pieces = Pieces(n, cluster_codes(cluster, n), level)
    causes = (*rows.causes, ANY)
    lines: list[dict[str, object]] = []
    for month in months:
        for name in causes:
            happened = rows.cause != CENSORED if name == ANY else rows.cause == rows.causes.index(name) + 1
            lines.append(
                {"measure": "incidence", "cause": name, "months": month}
                | _line(rows.time, rows.cause, happened, told, float(month), pieces, mean=False)
            )
        lines.append(
            {"measure": "mean_time", "cause": ANY, "months": month}
            | _line(rows.time, rows.cause, rows.cause != CENSORED, told, float(month), pieces, mean=True)
        )
    columns = ["measure", "cause", "months", "treated", "control", "difference", "low", "high", "se", "n", "n_events"]
    return ArmComparison(pd.DataFrame(lines, columns=[*columns, "reason"]), (), SOURCE, level)


def detectable(se: float, *, level: float = 0.95, power: float = 0.8) -> float:
    """Return the smallest true effect that a test at 1 - ``level`` finds with probability ``power``, given the se.

    It is a property of the design: the se hardly depends on what the effect is. Raises ValueError for a power outside
    0 to 1 or an se that is not above 0.
    """
    check_level(level)
    if not 0 < power < 1:
        raise ValueError(f"the power is {power}; expected a share between 0 and 1, such as 0.8")
    if not (np.isfinite(se) and se > 0):
        raise ValueError(f"the standard error is {se}; expected a number above 0")
    return (normal_quantile(level) + NormalDist().inv_cdf(power)) * se


def _line(
    time: Floats,
    cause: Ints,
    own: npt.NDArray[np.bool_],
    treated: npt.NDArray[np.bool_],
    month: float,
    pieces: Pieces,
    *,
    mean: bool,
) -> dict[str, object]:
    done = int((own & (time <= month)).sum())
    line: dict[str, object] = {"n": len(time), "n_events": done, "reason": ""}
    fewest = min(int(treated.sum()), int((~treated).sum()))
    if fewest < FEWEST_ROWS:
        return line | {"reason": f"an arm has only {fewest} rows: {FEWEST_ROWS} are needed"}
    end = min(float(time[treated].max()), float(time[~treated].max()))
    if month > end:
        return line | {"reason": f"the arms are followed for {end:g} months only"}
    if done < FEWEST_EVENTS:
        return line | {"reason": f"{done} events are too few to compare arms: {FEWEST_EVENTS} are needed"}
    find = _mean_time if mean else _incidence
    influence = np.zeros(len(time))
    values = {}
    for side, sign in ((treated, 1.0), (~treated, -1.0)):
        found = find(time[side], cause[side] != CENSORED, own[side], month)
        influence[side] = sign * found.influence
        values[sign] = found.value
    told = Influenced(values[1.0] - values[-1.0], influence).estimate(pieces, "", done)
    if isinstance(told, NotEstimable):
        return line | {"reason": told.reason}
    return line | {
        "treated": values[1.0],
        "control": values[-1.0],
        "difference": told.value,
        "low": told.low,
        "high": told.high,
        "se": told.se,
    }


@dataclass(frozen=True)
class _Steps:
    """Times (S) up to the horizon with the number at risk; ``place`` (n) is each row's step, S if it comes later."""

    axis: Floats
    at_risk: Floats
    hazard: Floats
    before: Floats
    place: Ints

    def influence(self, ahead: Floats, stay: Floats, at_event: Floats) -> Floats:
        """Return how much each row moves the value; ``ahead`` (S) for those at risk, ``stay`` (S) for who stays.

        ``at_event`` (n) is what an event at its own step is worth to the row (nan where it has none).
        """
        moved = self.before / self.at_risk * (stay - ahead)
        through = np.concatenate([[0.0], np.cumsum(moved)])
        here = np.minimum(self.place, len(self.axis) - 1)
        event = (self.place < len(self.axis)) & ~np.isnan(at_event)
        last = self.before[here] / self.at_risk[here] * (np.where(event, at_event, 0.0) - stay[here])
        return np.asarray(through[np.minimum(self.place + 1, len(self.axis))] + np.where(event, last, 0.0))


def _steps(time: Floats, event: npt.NDArray[np.bool_], month: float, side: str) -> _Steps:
    axis, place = np.unique(time, return_inverse=True)
    left = np.bincount(place, minlength=len(axis)).astype(float)
    at_risk = len(time) - np.cumsum(left) + left
    gone = np.bincount(place[event], minlength=len(axis)) / at_risk
    size = int(np.searchsorted(axis, month, side="right" if side == "right" else "left"))
    before = np.concatenate([[1.0], np.cumprod(1 - gone)[:-1]])[:size]
    return _Steps(axis[:size], at_risk[:size], gone[:size], before, np.minimum(place, size).astype(np.int64))


def _incidence(time: Floats, event: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_], month: float) -> Influenced:
    steps = _steps(time, event, month, "right")
    size = len(steps.axis)
    if not size:
        return Influenced(0.0, np.zeros(len(time)))
    meant = np.bincount(steps.place[own & (steps.place < size)], minlength=size)[:size] / steps.at_risk
    ahead = np.zeros(size + 1)
    for i in range(size - 1, -1, -1):
        ahead[i] = meant[i] + (1 - steps.hazard[i]) * ahead[i + 1]
    worth = np.where(event, own.astype(float), np.nan)
    return Influenced(float(ahead[0]), steps.influence(ahead[:-1], ahead[1:], worth))


def _mean_time(time: Floats, event: npt.NDArray[np.bool_], own: npt.NDArray[np.bool_], month: float) -> Influenced:
    steps = _steps(time, event, month, "left")
    size = len(steps.axis)
    if not size:
        return Influenced(month, np.zeros(len(time)))
    length = np.diff(np.append(steps.axis, month))
    ahead, stay = np.zeros(size), np.zeros(size)
    after = 0.0
    for i in range(size - 1, -1, -1):
        stay[i] = length[i] + after
        ahead[i] = after = (1 - steps.hazard[i]) * stay[i]
    worth = np.where(event, 0.0, np.nan)
    return Influenced(float(steps.axis[0] + ahead[0]), steps.influence(ahead, stay, worth))
