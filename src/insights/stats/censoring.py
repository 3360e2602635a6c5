"""What if those who were lost were not like those who stayed? Sensitivity of incidence to their hazard, and bounds."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import CENSORED, Floats, check_level, read_rows
from insights.stats.intervals import EDGE, no_event_bound, normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.scoring import read_horizons

SOURCE = (
    "Jackson et al. (2014), Relaxing the independent censoring assumption in the Cox proportional hazards model using "
    "multiple imputation (delta adjustment); bounds: Peterson (1976), Manski (1990)"
)
DELTAS = (0.5, 1.0, 2.0, 4.0)
NEVER, AT_ONCE, ALL = "never", "at once", "any"


@dataclass(frozen=True, eq=False)
class DeltaSensitivity(Result):
    """Incidence by cause, horizon and what is assumed of the lost.

    ``table``: cause ("any": all together, 1 - survival), months, assumption ("never", "x 0.5", ..., "at once"), delta
    (0 and infinity for the bounds), incidence, low, high, se, n, n_lost, reason. "never" and "at once" are the bounds:
    nothing that the lost may have done after they were lost takes the incidence out of them.
    """

    def at(self, months: float, delta: float, cause: str = ALL) -> Estimate | NotEstimable:
        """Return the incidence of the cause by the horizon, if the lost have ``delta`` times the hazard of the others.

        ``delta`` 0 is the lower bound and infinity the upper one. Raises ValueError for what is not in the table.
        """
        t = self.table
        row = t[(t["cause"] == cause) & (t["months"] == months) & (t["delta"] == delta)]
        if row.empty:
            raise ValueError(f"there is no row for {cause!r}, {months:g} months and delta {delta:g}; see the table")
        found = row.iloc[0]
        if found["reason"]:
            return NotEstimable(str(found["reason"]))
        value, low, high, se = (float(found[c]) for c in ("incidence", "low", "high", "se"))
        return Estimate(value, low, high, "share", int(found["n"]), None, float(self.level), se)

    level: float = 0.95


def delta_sensitivity(
    time: npt.ArrayLike,
    cause: npt.ArrayLike,
    horizons: Sequence[float],
    *,
    deltas: Sequence[float] = DELTAS,
    entry: npt.ArrayLike | None = None,
    lost: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> DeltaSensitivity:
    """Estimate the incidence of every cause if those who were lost have ``delta`` times the hazard of those who stay.

    ``time``, ``cause``, ``entry`` (n) as in ``risk_table``. ``lost`` (n, flags; all censored rows where left out) tells
    which censored rows were lost for a reason of their own; the others, whose time simply was up, go on like those who
    stay. From the month after they are lost, the lost have the cumulative hazard of the others, of all causes alike,
    times ``delta``: 1 is the Aalen-Johansen estimate. The bounds let them never have any event, or have the one in
    question at once.

    Standard error: delta method over the months, in which events and losses among those at risk are multinomial.
    Interval: log(-log(1 - F)); at 0 and 1 the exact binomial bound. The interval of an assumption does not account for
    the choice of delta: to be safe, read from the low end of the first assumption to the high end of the last.
    NotEstimable beyond the last time at risk.

    Raises ValueError as ``risk_table`` does, and for a delta below 0 or a flag of a row that is not censored.
    """
    check_level(level)
    months, rows = read_horizons(horizons), read_rows(time, cause, entry=entry)
    factors = np.asarray(deltas, dtype=float)
    if factors.ndim != 1 or not (np.isfinite(factors) & (factors >= 0)).all():
        raise ValueError("some deltas are missing, infinite or negative; expected factors such as (0.5, 1, 2, 4)")
    censored = rows.cause == CENSORED
    gone = censored if lost is None else np.asarray(lost, dtype=bool)
    if gone.shape != censored.shape:
        raise ValueError(f"lost has shape {gone.shape}; expected {censored.shape}")
    if wrong := int((gone & ~censored).sum()):
        raise ValueError(f"{wrong} rows are flagged as lost but had an event; expected flags of censored rows only")
    axis, place = np.unique(rows.time, return_inverse=True)
    exits = np.bincount(place, minlength=len(axis)).astype(float)
    events = np.zeros((len(rows.causes), len(axis)))
    for k in range(len(rows.causes)):
        events[k] = np.bincount(place[rows.cause == k + 1], minlength=len(axis))
    first = np.zeros(len(place), dtype=np.int64)
    start = 0.0
    if rows.entry is not None:
        first, start = np.searchsorted(axis, rows.entry, side="right"), max(float(rows.entry.min(initial=np.inf)), 0.0)
    at_risk = np.cumsum(np.bincount(first, minlength=len(axis))[: len(axis)]) - np.cumsum(exits) + exits
    steps = _Months(axis, at_risk, events, np.bincount(place[gone], minlength=len(axis)).astype(float))
    causes = (*rows.causes, ALL) if rows.causes else (ALL,)
    lines = []
    for name in causes:
        own = np.array([c == name or name == ALL for c in rows.causes], dtype=bool)
        for month in months:
            n_lost = int((gone & (rows.time < month)).sum())
            head = {"cause": name, "months": month, "n": len(rows.time), "n_lost": n_lost}
            for assumption, delta in _assumptions(factors):
                told = {"assumption": assumption, "delta": delta}
                lines.append(head | told | steps.incidence(float(month), own, delta, start, level))
    columns = ["cause", "months", "assumption", "delta", "incidence", "low", "high", "se", "n", "n_lost", "reason"]
    table = pd.DataFrame(lines, columns=columns)
    return DeltaSensitivity(table, (_width(table, float(months[-1])),), SOURCE, level)


@dataclass(frozen=True)
class _Months:
    """Times (T), at risk (T), events (C, T), lost (T)."""

    axis: Floats
    at_risk: Floats
    events: Floats
    lost: Floats

    def incidence(
        self, month: float, own: npt.NDArray[np.bool_], delta: float, start: float, level: float
    ) -> dict[str, object]:
        """Return incidence, low, high, se and reason of the causes meant together."""
        steps = int(np.searchsorted(self.axis, month, side="right"))
        if not len(self.axis) or month > self.axis[-1] or start > 0:
            end = self.axis[-1] if len(self.axis) else 0.0
            why = f"nobody is at risk {f'before {start:g}' if start > 0 else f'beyond {end:g}'} months"
            return {"reason": why}
        n = self.at_risk[:steps]
        if (n <= 0).any():
            return {
                "reason": f"nobody is at risk at {self.axis[np.argmax(n <= 0)]:g} months, though others enter later"
            }
        hazards, total = self.events[:, :steps] / n, self.events[:, :steps].sum(axis=0) / n
        left = n - self.events[:, :steps].sum(axis=0)
        # Who is lost in the month of the horizon is known not to have had the event by then.
        lost = np.where(self.axis[:steps] < month, self.lost[:steps], 0.0)
        losses = np.divide(lost, left, out=np.zeros_like(n), where=left > 0)
        value, variance = _chain(hazards, total, losses, n, left, own, delta)
        se = 0.0 if value <= EDGE or value >= 1 - EDGE else float(np.sqrt(max(variance, 0.0)))
        low, high = _interval(value, se, float(self.at_risk[: max(steps, 1)].min()), level)
        return {"incidence": value, "low": low, "high": high, "se": se, "reason": ""}


def _chain(
    hazards: Floats,
    total: Floats,
    losses: Floats,
    n: Floats,
    left: Floats,
    own: npt.NDArray[np.bool_],
    delta: float,
) -> tuple[float, float]:
    """Return the incidence at the last time and its variance.

    Everybody is seen, or lost, or has had an event. ``seen`` and ``away`` are the shares of the first two before each
    time, ``ahead`` and ``apart`` the probabilities, after it, of still having the event if seen or if lost.
    """
    steps = len(total)
    hazard_away, event_away, slope_total, slope_own = _away(hazards, total, own, delta)
    meant = hazards[own].sum(axis=0)
    seen, away = np.ones(steps + 1), np.zeros(steps + 1)
    for i in range(steps):
        stay = seen[i] * (1 - total[i])
        seen[i + 1] = stay * (1 - losses[i])
        away[i + 1] = away[i] * (1 - hazard_away[i]) + stay * losses[i]
    final, ahead, apart = np.zeros(steps), np.zeros(steps + 1), np.full(steps + 1, 1.0 if np.isinf(delta) else 0.0)
    for i in range(steps - 1, -1, -1):
        final[i] = losses[i] * apart[i + 1] + (1 - losses[i]) * ahead[i + 1]
        ahead[i] = meant[i] + (1 - total[i]) * final[i]
        if not np.isinf(delta):
            apart[i] = event_away[i] + (1 - hazard_away[i]) * apart[i + 1]
    value = float(ahead[0]) if steps else 0.0
    # By one more event of a cause among those seen; the lost follow the hazard that those seen have.
    gain = seen[:-1] * (own[:, None] - final)
    if not np.isinf(delta):
        gain = gain + away[:-1] * (np.where(own[:, None], slope_own[0], slope_own[1]) - slope_total * apart[1:])
    mean = (hazards * gain).sum(axis=0)
    variance = ((hazards * gain**2).sum(axis=0) - mean**2) / n
    shift = seen[:-1] * (1 - total) * (apart[1:] - ahead[1:])
    variance = variance + np.divide(shift**2 * losses * (1 - losses), left, out=np.zeros_like(left), where=left > 0)
    return value, float(variance.sum())


def _away(
    hazards: Floats, total: Floats, own: npt.NDArray[np.bool_], delta: float
) -> tuple[Floats, Floats, Floats, tuple[Floats, Floats]]:
    """Return the hazard of the lost, that of the causes meant, and their derivatives by the hazards of those seen.

    The lost survive a time with probability (1 - h)^delta, and share their events out like those seen: h_own / h. The
    derivatives of the second are by a cause that is meant, and by another one.
    """
    if np.isinf(delta):
        nothing = np.zeros_like(total)
        return nothing, nothing, nothing, (nothing, nothing)
    meant = hazards[own].sum(axis=0)
    some, stay = total > 0, np.maximum(1 - total, 0.0)
    hazard = 1 - stay**delta
    slope = delta * np.power(stay, delta - 1, out=np.full_like(stay, 0.0), where=stay > 0)
    if delta == 1:
        slope = np.ones_like(stay)
    ratio = np.divide(hazard, total, out=np.full_like(total, delta), where=some)
    share = np.divide(meant, total, out=np.zeros_like(total), where=some)
    by_other = share * (slope - ratio)
    return hazard, meant * ratio, slope, (by_other + ratio, by_other)


def _interval(value: float, se: float, fewest: float, level: float) -> tuple[float, float]:
    room = 1 - float(no_event_bound(np.array([fewest]), level)[0])
    if value <= EDGE:
        return 0.0, room
    if value >= 1 - EDGE:
        return 1 - room, 1.0
    if se == 0:
        return value, value
    log = np.log1p(-value)
    factor = np.exp(min(normal_quantile(level) * se / ((1 - value) * -log), 700.0))
    return float(-np.expm1(log / factor)), float(-np.expm1(log * factor))


def _assumptions(factors: Floats) -> list[tuple[str, float]]:
    told = [(f"x {delta:g}", float(delta)) for delta in sorted(set(factors.tolist()) - {0.0})]
    return [(NEVER, 0.0), *told, (AT_ONCE, float("inf"))]


def _width(table: pd.DataFrame, month: float) -> TestResult:
    name = "losses leave the answer open"
    null = "whatever the lost did, the incidence by the last horizon is much the same"
    part = table[(table["months"] == month) & (table["cause"] == ALL)].dropna(subset=["incidence"])
    if part.empty:
        return TestResult(name, null, reason="there is no incidence by the last horizon")
    low, high = float(part["incidence"].min()), float(part["incidence"].max())
    why = f"between {low:.1%} and {high:.1%} by {month:g} months" if high - low > 0.05 else ""
    return TestResult(name, null, statistic=high - low, reason=why)
