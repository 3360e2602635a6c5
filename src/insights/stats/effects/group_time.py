"""Group-time effects of a treatment that starts at different times: for every cohort, every period."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.effects.aggregate import (
    Aggregate,
    Parts,
    average,
    by_cohort,
    by_event_time,
    by_period,
    overall,
    overall_test,
)
from insights.stats.effects.comparison import MIN_UNITS, Bools, Comparison, compare_means, doubly_robust
from insights.stats.effects.inference import (
    Clusters,
    covariance,
    degrees_of_freedom,
    make_clusters,
    pointwise,
    simultaneous,
    sum_clusters,
)
from insights.stats.effects.panel import Panel, read_panel
from insights.stats.effects.pretrend import pretrend_test
from insights.stats.inputs import Floats, check_level
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Callaway & Sant'Anna (2021), Difference-in-differences with multiple time periods"
Controls = Literal["never", "not_yet"]
MIN_CLUSTERS = 5
"""Clusters on each side of a comparison; below 20 in all, the correction for few clusters is what allows it."""


@dataclass(frozen=True, eq=False)
class GroupTimeEffects(Result):
    """Effects on the treated by cohort and period.

    ``table``: cohort (first treated period), time, event_time (time - cohort), n_treated, n_control, effect, se, low,
    high (each alone), band_low, band_high (all together), reason (why there is no effect; else empty), one row per
    cohort and period. Effects before the start (event_time < 0) are there to judge the assumption.
    ``pretrend`` is the test that all of them are 0; ``checks`` has it and what was left out.
    """

    level: float = 0.95
    unit: str = "outcome"
    seed: int = 1
    parts: Parts = field(repr=False, kw_only=True)
    pretrend: TestResult = field(kw_only=True)

    def overall(self) -> Estimate | NotEstimable:
        """Return the mean effect over all treated units and periods (each cohort-period weighted by its units)."""
        return overall(self.parts, self.level, self.unit)

    def no_effect(self) -> TestResult:
        """Return the test that ``overall`` is 0."""
        return overall_test(self.parts)

    def by_event_time(self, first: float = -np.inf, last: float = np.inf) -> "EffectCurve | NotEstimable":
        """Return effects by time since the start, from ``first`` to ``last``; its mean is over times from 0 on."""
        return self._curve("event_time", by_event_time(self.parts, first, last))

    def by_cohort(self) -> "EffectCurve | NotEstimable":
        """Return each cohort's mean effect after its start; the mean weights cohorts by their units."""
        return self._curve("cohort", by_cohort(self.parts))

    def by_period(self) -> "EffectCurve | NotEstimable":
        """Return the mean effect on those treated by each calendar period."""
        return self._curve("time", by_period(self.parts))

    def _curve(self, column: str, found: Aggregate) -> "EffectCurve | NotEstimable":
        if len(found.values) == 0:
            return NotEstimable("no cohort has an effect that can be estimated")
        table, _ = _with_bands(found.effects, found.influence, self.parts.clusters, self.level, self.seed)
        table.insert(0, column, found.values)
        table.insert(1, "n_treated", found.units.astype(np.int64))
        mean = average(found, self.parts, self.level, self.unit)
        return EffectCurve(table, self.checks, SOURCE, mean=mean, level=self.level, unit=self.unit)


@dataclass(frozen=True, eq=False)
class EffectCurve(Result):
    """Effects by event_time, cohort or time.

    ``table``: that column, n_treated, effect, se, low, high, band_low, band_high. ``mean`` is their average.
    """

    mean: Estimate | NotEstimable = field(kw_only=True)
    level: float = 0.95
    unit: str = "outcome"


def att_gt(
    unit: npt.ArrayLike,
    time: npt.ArrayLike,
    outcome: npt.ArrayLike,
    first_treated: npt.ArrayLike,
    *,
    controls: Controls = "never",
    covariates: pd.DataFrame | None = None,
    cluster: npt.ArrayLike | None = None,
    weight: npt.ArrayLike | None = None,
    anticipation: int = 0,
    base: Literal["varying", "universal"] = "varying",
    level: float = 0.95,
    seed: int = 1,
    outcome_unit: str = "outcome",
) -> GroupTimeEffects | NotEstimable:
    """Estimate the effect on each cohort in each period from rows of a panel (length N, one per unit and period).

    ``first_treated`` is the period in which the unit's treatment starts, missing or infinite for never; treatment
    stays on. The change of the outcome since the last period before the start (less ``anticipation``) is compared with
    that of units never treated (``controls="never"``) or not yet treated in either period (``"not_yet"``).
    ``covariates`` (a frame of N rows, read at the earlier period of each comparison) ask for the doubly robust
    estimator. ``base="varying"`` compares periods before the start with the one before; ``"universal"`` always with
    the last before the start. ``weight`` is constant within units.

    Errors come from influence functions, by unit or by ``cluster`` (constant within units; arms of few clusters are
    corrected and judged by t), with a band for all effects at once drawn with ``seed``.

    Assumptions: without treatment the outcomes of treated and controls would have moved in parallel (given the
    covariates); nobody acts earlier than ``anticipation``; units do not affect each other; who leaves the panel does
    so in parallel too. Units need not be seen in every period: a comparison uses those seen in both its periods.

    NotEstimable where nobody is treated within the data, nobody is a control, or no comparison has
    10 units (5 clusters) on both sides. Raises ValueError for rows that contradict each other.
    """
    check_level(level)
    if controls not in ("never", "not_yet"):
        raise ValueError(f"controls is {controls!r}; expected 'never' or 'not_yet'")
    if base not in ("varying", "universal"):
        raise ValueError(f"base is {base!r}; expected 'varying' or 'universal'")
    panel = read_panel(
        unit,
        time,
        outcome,
        first_treated,
        cluster=cluster,
        covariates=covariates,
        weight=weight,
        anticipation=anticipation,
    )
    if refused := _refused(panel, controls):
        return NotEstimable(refused)
    cohort = np.searchsorted(panel.cohorts, panel.start)  # never: one past the last
    clusters = make_clusters(panel.cluster, cohort)
    rows, effects, influence = [], [], []
    for g, t, b in _pairs(panel, base, anticipation):
        found, treated, control = _compare(panel, g, t, b, controls, anticipation, clusters)
        row = {"cohort": g, "time": panel.periods[t], "n_treated": treated, "n_control": control}
        rows.append(row | {"reason": found.reason if isinstance(found, NotEstimable) else ""})
        if isinstance(found, Comparison):
            effects.append(found.effect)
            influence.append(sum_clusters(found.influence[:, None], clusters)[:, 0])
    if not effects:
        return NotEstimable(_why_none(rows))
    table = pd.DataFrame(rows)
    told = table["reason"] == ""
    parts = Parts(
        cohort=table.loc[told, "cohort"].to_numpy(float),
        time=table.loc[told, "time"].to_numpy(float),
        effect=np.array(effects),
        influence=np.column_stack(influence),
        clusters=clusters,
        **_sizes(panel, cohort, clusters, anticipation),
    )
    bands, cov = _with_bands(parts.effect, parts.influence, clusters, level, seed)
    for column in bands:
        table.loc[told, column] = bands[column].to_numpy()
    table.insert(2, "event_time", table["time"] - table["cohort"])
    table = table[[c for c in table if c != "reason"] + ["reason"]]
    test = pretrend_test(parts, cov, anticipation)
    return GroupTimeEffects(
        table,
        (test, *_checks(panel, table)),
        SOURCE,
        level,
        outcome_unit,
        seed,
        parts=parts,
        pretrend=test,
    )


def _refused(panel: Panel, controls: Controls) -> str:
    """Say why nothing can be estimated from the panel, or ""."""
    early = next((f"; {k} units left out: {what}" for what, k in panel.notes.items() if "no before" in what), "")
    if len(panel.periods) < 2:
        return f"{len(panel.periods)} period(s) with an outcome; a change needs two"
    if len(panel.cohorts) == 0:
        return "no unit's treatment starts within the data, after its first period" + early
    if np.isfinite(panel.start).all():
        if controls == "never":
            return (
                "every unit is treated in the end: there are no never-treated controls; ask for those not yet treated"
            )
        if len(panel.cohorts) == 1:
            return "all units are treated from the same period on; nobody shows what would have come without" + early
    return ""


def _pairs(panel: Panel, base: str, anticipation: int) -> list[tuple[float, int, int]]:
    """Return cohort, place of the period, place of the period it is compared with."""
    pairs = []
    for g in panel.cohorts:
        before = int(np.searchsorted(panel.periods, g - anticipation)) - 1
        for t in range(len(panel.periods)):
            if t > before or (base == "universal" and t != before):
                pairs.append((float(g), t, before))
            elif base == "varying" and t > 0:
                pairs.append((float(g), t, t - 1))
    return pairs


def _compare(
    panel: Panel, g: float, t: int, b: int, controls: Controls, anticipation: int, clusters: Clusters
) -> tuple[Comparison | NotEstimable, int, int]:
    """Return the comparison with its influence function over all units (n,), and the units on both sides."""
    free = ~np.isfinite(panel.start)
    if controls == "not_yet":
        free |= (panel.start > panel.periods[max(t, b)] + anticipation) & (panel.start != g)
    change = panel.outcome[:, t] - panel.outcome[:, b]
    used = (free | (panel.start == g)) & np.isfinite(change)
    design = None
    if panel.covariates is not None:
        design = panel.covariates[min(t, b)]
        used &= np.isfinite(design).all(axis=1)
    treated = (panel.start == g)[used]
    sides = int(treated.sum()), int((~treated).sum())
    if reason := _too_few(treated, used, clusters):
        return NotEstimable(reason), *sides
    found: Comparison | NotEstimable
    if design is None:
        found = compare_means(change[used], treated, panel.weight[used])
    else:
        full = np.column_stack([np.ones(used.sum()), design[used]])
        found = doubly_robust(change[used], treated, full, panel.weight[used])
    if isinstance(found, NotEstimable):
        return found, *sides
    influence = np.zeros(len(used))
    influence[used] = found.influence * (len(used) / used.sum())
    return Comparison(found.effect, influence, found.trimmed), *sides


def _too_few(treated: Bools, used: Bools, clusters: Clusters) -> str:
    sides = int(treated.sum()), int((~treated).sum())
    if min(sides) < MIN_UNITS:
        return f"{sides[0]} treated and {sides[1]} control units are seen in both periods; {MIN_UNITS} each are needed"
    if clusters.code is not None:
        code = clusters.code[used]
        many = len(np.unique(code[treated])), len(np.unique(code[~treated]))
        if min(many) < MIN_CLUSTERS:
            return f"{many[0]} treated and {many[1]} control clusters; {MIN_CLUSTERS} each are needed"
    return ""


def _sizes(panel: Panel, cohort: npt.NDArray[np.int64], clusters: Clusters, anticipation: int) -> dict[str, Floats]:
    """Return the share of each cohort's units among all, its influence by cluster, and the number of units.

    A unit belongs to its cohort for this if it is seen in the last period before the start: it can have an effect.
    """
    k = len(panel.cohorts)
    member = np.zeros((len(cohort), k))
    for j, g in enumerate(panel.cohorts):
        before = int(np.searchsorted(panel.periods, g - anticipation)) - 1
        member[:, j] = (cohort == j) & np.isfinite(panel.outcome[:, before])
    shares = panel.weight @ member / len(cohort)
    deviation = panel.weight[:, None] * (member - shares)
    return {
        "cohorts": panel.cohorts,
        "share": shares,
        "share_influence": sum_clusters(deviation, clusters),
        "units": member.sum(axis=0),
    }


def _with_bands(
    effects: Floats, influence: Floats, clusters: Clusters, level: float, seed: int
) -> tuple[pd.DataFrame, Floats]:
    cov = covariance(influence, clusters)
    se = np.sqrt(np.diag(cov))
    df = degrees_of_freedom(influence, clusters)
    alone, together = pointwise(df, level) * se, simultaneous(cov, df, level, seed) * se
    # An effect whose units all changed alike has no error that could be told.
    se, alone, together = (
        np.where(se > 1e-12 * np.maximum(np.abs(effects), 1e-300), v, np.nan) for v in (se, alone, together)
    )
    return pd.DataFrame(
        {
            "effect": effects,
            "se": se,
            "low": effects - alone,
            "high": effects + alone,
            "band_low": effects - together,
            "band_high": effects + together,
        }
    ), cov


def _checks(panel: Panel, table: pd.DataFrame) -> tuple[TestResult, ...]:
    told = [
        TestResult("rows used", "every unit enters every comparison", float(k), reason=f"{k} {what}")
        for what, k in panel.notes.items()
    ]
    if refused := int((table["reason"] != "").sum()):
        first = table.loc[table["reason"] != "", "reason"].iloc[0]
        told.append(
            TestResult(
                "comparisons made",
                "every cohort has controls in every period",
                float(refused),
                reason=f"{refused} of {len(table)} comparisons are left out; the first: {first}",
            )
        )
    return tuple(told)


def _why_none(rows: list[dict[str, object]]) -> str:
    after = [str(r["reason"]) for r in rows if float(r["time"]) >= float(r["cohort"])] or [str(rows[0]["reason"])]  # type: ignore[arg-type]
    return f"no comparison can be made; for the first cohort: {after[0]}"
