"""What one more of each driver does to an outcome that is seen later, by way of an index that the drivers make up."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.moments import Moments
from insights.stats.resampling import Replicates
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = (
    "Slopes restricted to one index: Anderson (1951), reduced rank; bootstrap by cluster: Efron & Tibshirani (1993)"
)
NULL = "every driver moves the outcome by way of the index alone"


@dataclass(frozen=True, eq=False)
class IndexPath(Result):
    """Slopes by driver.

    ``table``: driver, on_index (slope of the index), through (of the outcome, by way of the index), direct (of the
    outcome, free), each with _low and _high, and p_direct (two-sided, normal).

    ``gain`` is the slope of the outcome on the index that the drivers predict. ``through`` and ``direct`` hold the
    replicates (R, p), paired by cluster. ``leading`` (p, 2): how often a driver is first, and among the first two, by
    its move of the outcome in the direction of the index. ``checks`` tests the restriction.
    """

    gain: Estimate | NotEstimable = field(kw_only=True)
    through: Replicates = field(repr=False, kw_only=True)
    direct: Replicates = field(repr=False, kw_only=True)
    on_index: Replicates = field(repr=False, kw_only=True)
    leading: pd.DataFrame = field(repr=False, kw_only=True)
    level: float = 0.95

    def estimate(self, driver: str, what: str = "through", *, unit: str = "outcome") -> Estimate | NotEstimable:
        """Return one driver's ``through``, ``direct`` or ``on_index``."""
        names = self.table["driver"].to_list()
        if driver not in names:
            raise ValueError(f"no driver is called {driver!r}; expected one of {', '.join(names)}")
        found: Replicates = getattr(self, what)
        return found.estimate(names.index(driver), unit=unit, level=self.level)


def through_index(
    stated: Moments,
    later: Moments,
    drivers: Sequence[str],
    index: str,
    outcome: str,
    controls: Sequence[str] = (),
    *,
    level: float = 0.95,
) -> IndexPath | NotEstimable:
    """Return by how much an outcome goes with each driver, where the drivers' proportions are those of an index.

    ``stated`` are the moments of the rows that state the index, ``later`` of those whose outcome was seen (their
    replicates made with one seed, so that they are paired). The slopes a of the index on the drivers give the
    direction; along it the outcome has the slope b; a driver is worth a b. What inflates all answers of one sitting
    alike inflates a and deflates b by the same factor, and cancels; error in measuring the index does not matter, as b
    is taken along what the drivers predict of it. The free slopes stand beside it, and a test of the difference.

    Assumes linear paths, independent clusters, and for ``through`` that the drivers move the outcome by way of the
    index alone. It is an association whatever the interval: nobody moved the drivers. NotEstimable where the drivers
    cannot be told apart, or the index does not depend on them clearly. Raises ValueError for moments not paired.
    """
    check_level(level)
    if (stated.seed, stated.kind, len(stated.cov)) != (later.seed, later.kind, len(later.cov)):
        raise ValueError("the replicates of both moments differ in seed or number; expected paired ones")
    names = list(drivers)
    k = len(names)
    one, two = (m.freed([*names, y], controls) for m, y in ((stated, index), (later, outcome)))
    a = stated.solve(one[:, :k, :k], one[:, :k, k])
    direct = later.solve(two[:, :k, :k], two[:, :k, k])
    if not np.isfinite(a[0]).all() or not np.isfinite(direct[0]).all():
        return NotEstimable("the drivers cannot be told apart: use fewer of them")
    explained = np.einsum("rj,rj->r", a, one[:, :k, k])
    spread = np.nanstd(explained[1:])
    if not explained[0] > 3 * spread:
        return NotEstimable("the index hardly depends on the drivers: it gives them no proportions")
    with np.errstate(divide="ignore", invalid="ignore"):
        b = np.einsum("rj,rj->r", a, two[:, :k, k]) / np.einsum("rj,rjm,rm->r", a, two[:, :k, :k], a)
    through = a * b[:, None]
    parts = {"on_index": stated.replicates(a), "through": later.replicates(through), "direct": later.replicates(direct)}
    table = pd.DataFrame({"driver": names})
    for what, found in parts.items():
        table[what] = found.value
        for end, share in (("low", (1 - level) / 2), ("high", (1 + level) / 2)):
            table[f"{what}_{end}"] = np.nanquantile(found.values, share, axis=0)
    table["p_direct"] = _p_values(parts["direct"])
    towards = a[1:][np.isfinite(through[1:]).all(axis=1)]
    place = (-towards).argsort(axis=1, kind="stable").argsort(axis=1)
    leading = pd.DataFrame({"driver": names, "first": (place == 0).mean(axis=0), "first_two": (place < 2).mean(axis=0)})
    return IndexPath(
        table,
        (_restriction(direct - through, k),),
        SOURCE,
        gain=later.replicates(b[:, None]).estimate(level=level),
        through=parts["through"],
        direct=parts["direct"],
        on_index=parts["on_index"],
        leading=leading,
        level=level,
    )


def relative(path: IndexPath, means: Floats) -> Replicates:
    """Return each driver's ``through`` as a share of the outcome's mean (R + 1, the data first), as replicates."""
    own = path.through
    return replace(own, value=own.value / means[0], values=own.values / means[1:, None])


def same_everywhere(parts: Sequence[Replicates]) -> TestResult:
    """Test that the sum over the drivers is the same in every part of the rows (G parts, replicates paired)."""
    name, null = "the same in all parts", "one more on every driver goes with the same change in every part"
    draws = np.stack([p.values.sum(axis=1) for p in parts], axis=1)
    draws = draws[np.isfinite(draws).all(axis=1)]
    if len(parts) < 2 or len(draws) < 50:
        return TestResult(name, null, reason="there are not two parts to compare")
    contrast = np.diff(np.eye(len(parts)), axis=0)
    away = contrast @ np.array([p.value.sum() for p in parts])
    statistic = float(away @ np.linalg.solve(contrast @ np.cov(draws.T) @ contrast.T, away))
    from scipy.special import chdtrc  # half a second that those who only draw curves need not wait

    return TestResult(name, null, statistic, float(len(away)), float(chdtrc(len(away), statistic)))


def _p_values(found: Replicates) -> Floats:
    from scipy.special import ndtr  # half a second that those who only draw curves need not wait

    se = np.nanstd(found.values, axis=0, ddof=1)
    return np.asarray(2 * ndtr(-np.abs(found.value / se)))


def _restriction(away: Floats, k: int) -> TestResult:
    """Test that free and restricted slopes agree: k - 1 differences are free (along the index they agree by making)."""
    name = "only by way of the index"
    if k < 2:
        return TestResult(name, NULL, reason="one driver is its own index")
    draws = away[1:][np.isfinite(away[1:]).all(axis=1)]
    values, vectors = np.linalg.eigh(np.cov(draws.T))
    kept = vectors[:, 1:]
    statistic = float(((away[0] @ kept) ** 2 / np.maximum(values[1:], 1e-300)).sum())
    from scipy.special import chdtrc

    return TestResult(name, NULL, statistic, float(k - 1), float(chdtrc(k - 1, statistic)))
