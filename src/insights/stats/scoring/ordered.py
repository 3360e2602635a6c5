"""How well probabilities of ordered categories turn out: ranked probability score, and calibration by category."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import read_labels
from insights.stats.inputs import Floats, Ints, check_level
from insights.stats.results import Estimate, NotEstimable, Result, TestResult

SOURCE = "Epstein (1969), A scoring system for probability forecasts of ranked categories; Murphy (1971)"
FEWEST = 50
FEWEST_CLUSTERS = 20


@dataclass(frozen=True, eq=False)
class OrderedScores(Result):
    """``table``: category, expected and observed share, difference (observed less expected), se, low, high, p.

    ``score`` is the ranked probability score (0: certain and right), ``reference`` that of the reference forecast,
    ``skill`` the share of the reference's score that the forecast saves (below 0: worse than the reference).
    """

    score: Estimate = field(kw_only=True)
    reference: Estimate = field(kw_only=True)
    skill: Estimate = field(kw_only=True)


def ordered_scores(
    probabilities: pd.DataFrame,
    outcome: npt.ArrayLike,
    reference: npt.ArrayLike,
    *,
    weight: npt.ArrayLike | None = None,
    cluster: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> OrderedScores | NotEstimable:
    """Judge probabilities (n, K), columns named by category from low to high, by the categories that came (n,).

    The score of a row is the sum over cuts of the squared distance between the probability to be at or below the cut
    and what came, divided by K - 1, so that it lies within 0 and 1; for two categories it is the Brier score.
    ``reference``, (K,) or (n, K), is the forecast of one who knows the earlier shares only. A category is calibrated if
    its share is what was expected on average; ``checks`` tests all categories together (Wald, clusters' sandwich).

    ``weight`` (n,): probability weights; ``cluster`` (n,): errors by cluster, with t of G - 1 degrees of freedom. The
    probabilities are taken as given: they must come from other rows. NotEstimable below 50 rows or 20 clusters.
    Raises ValueError for probabilities that do not add up to 1, and outcomes that are no category.
    """
    check_level(level)
    labels = [str(c) for c in probabilities.columns]
    p = probabilities.to_numpy(dtype=float)
    n, k = p.shape
    if k < 2 or not np.isfinite(p).all() or (p < 0).any() or (np.abs(p.sum(axis=1) - 1) > 1e-6).any():
        raise ValueError("probabilities are missing, negative or do not add up to 1; expected (n, K) shares, K >= 2")
    known = np.asarray(reference, dtype=float)
    sound = known.shape in ((k,), p.shape) and np.isfinite(known).all() and (known >= 0).all()
    if not sound or (np.abs(known.sum(axis=-1) - 1) > 1e-6).any():
        raise ValueError(
            f"the reference has shape {known.shape}; expected ({k},) or ({n}, {k}) shares that add up to 1"
        )
    codes = pd.Index(labels).get_indexer(pd.Index([str(c) for c in np.asarray(outcome)]))
    if len(codes) != n or (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} outcomes are none of {', '.join(labels)}; expected {n} of them")
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any() or not w.any():
        raise ValueError(f"weight has shape {w.shape}; expected ({n},) numbers >= 0, not all 0")
    if n < FEWEST:
        return NotEstimable(f"{n} answers came after the forecast; {FEWEST} are needed")
    way = None if cluster is None else read_labels(cluster, "cluster", n)
    if way is not None and way.size < FEWEST_CLUSTERS:
        return NotEstimable(f"{way.size} clusters; {FEWEST_CLUSTERS} are needed for errors by cluster")
    groups, count = (np.arange(n), n) if way is None else (way.codes, way.size)
    came = np.eye(k)[codes]
    own, other = _ranked(p, came), _ranked(np.broadcast_to(known, p.shape), came)
    w = w / w.sum()
    gap = came - p
    means = w @ np.column_stack([own, other, gap])
    influence = _by_cluster(w[:, None] * (np.column_stack([own, other, gap]) - means), groups, count)
    covariance = influence.T @ influence * count / (count - 1)
    df = float("inf") if way is None else float(count - 1)
    score, base = (_estimate(float(means[i]), float(covariance[i, i]), df, n, level, "score") for i in (0, 1))
    slope = np.array([-1 / means[1], means[0] / means[1] ** 2]) if means[1] > 0 else np.zeros(2)
    gain = float(1 - means[0] / means[1]) if means[1] > 0 else 0.0
    skill = _estimate(gain, float(slope @ covariance[:2, :2] @ slope), df, n, level)
    expected, observed, away = w @ p, w @ came, means[2:]
    se = np.sqrt(np.diag(covariance)[2:])
    half = _quantile(df, level) * se
    table = pd.DataFrame(
        {
            "category": labels,
            "expected": expected,
            "observed": observed,
            "difference": away,
            "se": se,
            "low": away - half,
            "high": away + half,
            "p": _two_sided(np.divide(away, se, out=np.zeros(k), where=se > 0), df),
            "n": np.bincount(codes, minlength=k),
        }
    )
    return OrderedScores(
        table, (_together(away, covariance[2:, 2:], df),), SOURCE, score=score, reference=base, skill=skill
    )


def _ranked(p: Floats, came: Floats) -> Floats:
    cuts = p.shape[1] - 1
    return np.asarray(((np.cumsum(p - came, axis=1)[:, :-1]) ** 2).sum(axis=1) / cuts)


def _by_cluster(values: Floats, groups: Ints, count: int) -> Floats:
    total = np.zeros((count, values.shape[1]))
    np.add.at(total, groups, values)
    return total


def _together(away: Floats, covariance: Floats, df: float) -> TestResult:
    """Test all categories but the last: the differences add up to 0."""
    name, null = "calibration by category", "every category came as often as was expected"
    m = len(away) - 1
    if np.isfinite(df) and df + 1 < 2 * m:
        return TestResult(name, null, reason=f"the clusters are too few for a test of {m} shares")
    if np.linalg.matrix_rank(covariance[:m, :m]) < m:
        return TestResult(name, null, reason="some category neither came nor was expected")
    statistic = float(away[:m] @ np.linalg.solve(covariance[:m, :m], away[:m]))
    from scipy.special import chdtrc, fdtrc  # half a second that those who only draw curves need not wait

    if np.isinf(df):
        return TestResult(name, null, statistic, float(m), float(chdtrc(m, statistic)))
    scaled = statistic * (df + 1 - m) / (df * m)
    return TestResult(name, null, statistic, float(m), float(fdtrc(m, df + 1 - m, scaled)))


def _estimate(value: float, variance: float, df: float, n: int, level: float, unit: str = "share") -> Estimate:
    se = float(np.sqrt(max(variance, 0.0)))
    half = _quantile(df, level) * se
    return Estimate(float(value), float(value - half), float(value + half), unit, n, None, level, se)


def _quantile(df: float, level: float) -> float:
    from scipy.special import ndtri, stdtrit  # half a second that those who only draw curves need not wait

    tail = (1 + level) / 2
    return float(stdtrit(df, tail) if np.isfinite(df) else ndtri(tail))


def _two_sided(t: Floats, df: float) -> Floats:
    from scipy.special import ndtr, stdtr

    return np.asarray(2 * (stdtr(df, -np.abs(t)) if np.isfinite(df) else ndtr(-np.abs(t))))
