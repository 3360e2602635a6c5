"""Raking: weights whose margins are those of the book, one variable after the other until all fit."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, check_level
from insights.stats.intervals import normal_quantile
from insights.stats.results import Estimate, NotEstimable, Result, TestResult
from insights.stats.survey import FEWEST, effective_size

SOURCE = "Deming & Stephan (1940); Deville, Särndal & Sautory (1993), Generalized raking procedures"
ROUNDS = 1000
CLOSE = 1e-10


@dataclass(frozen=True, eq=False)
class RakedWeights(Result):
    """``table``: variable, level, book, answers, weighted (shares). ``weights`` (n,) have mean 1."""

    weights: Floats = field(repr=False, kw_only=True)
    levels: Floats = field(repr=False, kw_only=True)
    effective_n: float = field(kw_only=True)

    def mean(self, values: npt.ArrayLike, *, level: float = 0.95, unit: str = "points") -> Estimate | NotEstimable:
        """Return the weighted mean of the answers (n,; missing ones are left out).

        The error is that of the residuals of the answers on the raked variables: what the margins explain has none.
        """
        check_level(level)
        y = np.asarray(values, dtype=float)
        if y.shape != self.weights.shape:
            raise ValueError(f"values have shape {y.shape}; expected {self.weights.shape}")
        used = np.isfinite(y)
        if (n := int(used.sum())) < FEWEST:
            return NotEstimable(f"{n} answers; at least {FEWEST} are needed")
        w, x = self.weights[used], self.levels[used]
        mean = float(w @ y[used] / w.sum())
        root = np.sqrt(w)
        fit = np.linalg.lstsq(x * root[:, None], (y[used] - mean) * root, rcond=1e-10)[0]
        # The margins are known only where all answers count; with gaps the residual is from the mean alone.
        rest = y[used] - mean - (x @ fit if used.all() else 0.0)
        free = n / max(n - np.linalg.matrix_rank(x), 1) if used.all() else n / (n - 1)
        se = float(np.sqrt(((w * rest) ** 2).sum() * free)) / float(w.sum())
        half = normal_quantile(level) * se
        return Estimate(mean, mean - half, mean + half, unit, n, None, level, se)


def rake(
    answers: pd.DataFrame, book: Mapping[str, Mapping[str, float]], *, start: npt.ArrayLike | None = None
) -> RakedWeights | NotEstimable:
    """Return weights of the answers (n rows, one column per variable) that have the book's share of every level.

    ``book`` gives, for each variable, the share or number of every level in the book; ``start`` (n,) are the weights to
    begin with, such as those of ``response_weights``.

    NotEstimable where a level of the book has no answer (merge it with another), and where the margins contradict each
    other so that no weights fit. Raises ValueError for a level that the book does not have.
    """
    n = len(answers)
    if missing := [name for name in book if name not in answers.columns]:
        raise ValueError(f"the answers have no column {', '.join(missing)}; expected those of the book")
    if not book:
        raise ValueError("the book has no variable; expected shares by level of at least one")
    if n < FEWEST:
        return NotEstimable(f"{n} answers; at least {FEWEST} are needed")
    weight = np.ones(n) if start is None else np.asarray(start, dtype=float)
    if weight.shape != (n,) or not np.isfinite(weight).all() or (weight <= 0).any():
        raise ValueError(f"start has shape {weight.shape}; expected ({n},) weights above 0")
    first = weight / weight.sum()
    codes, targets, names = [], [], []
    for name, shares in book.items():
        levels = sorted(map(str, shares))
        target = np.array([float(shares[key]) for key in sorted(shares, key=str)])
        if not np.isfinite(target).all() or (target < 0).any() or target.sum() <= 0:
            raise ValueError(f"the book's shares of {name} are not numbers >= 0 with a sum above 0")
        if answers[name].isna().any():
            raise ValueError(
                f"{int(answers[name].isna().sum())} answers have no {name}; expected a level for every row"
            )
        code = pd.Index(levels).get_indexer(pd.Index(answers[name].astype(str)))
        if (code < 0).any():
            unknown = sorted(set(answers[name].astype(str)) - set(levels))
            raise ValueError(
                f"the book has no share for {name} = {', '.join(unknown[:5])}; expected one for each level"
            )
        count = np.bincount(code, minlength=len(levels))
        if empty := [lv for lv, c, t in zip(levels, count, target, strict=True) if t > 0 and c == 0]:
            return NotEstimable(f"nobody with {name} = {', '.join(empty)} answered; merge the level with another")
        if extra := [lv for lv, c, t in zip(levels, count, target, strict=True) if t == 0 and c > 0]:
            return NotEstimable(f"the book has nobody with {name} = {', '.join(extra)}, but some answered")
        codes.append(code)
        targets.append(target / target.sum())
        names.append((name, levels))
    fitted = _fit(first, codes, targets)
    if fitted is None:
        return NotEstimable("the margins of the book contradict each other among the answers: no weights fit them all")
    rows = [
        {
            "variable": name,
            "level": level,
            "book": targets[v][k],
            "answers": float(first[codes[v] == k].sum()),
            "weighted": float(fitted[codes[v] == k].sum()),
        }
        for v, (name, levels) in enumerate(names)
        for k, level in enumerate(levels)
    ]
    design = np.column_stack([np.eye(len(t))[c] for c, t in zip(codes, targets, strict=True)])
    size = effective_size(fitted)
    check = TestResult(
        "effective size", "weights cost no precision", size / n, reason=f"{n} answers count as {size:.0f} equal ones"
    )
    return RakedWeights(pd.DataFrame(rows), (check,), SOURCE, weights=fitted * n, levels=design, effective_n=size)


def _fit(weight: Floats, codes: list[npt.NDArray[np.intp]], targets: list[Floats]) -> Floats | None:
    for _ in range(ROUNDS):
        gap = 0.0
        for code, target in zip(codes, targets, strict=True):
            now = np.bincount(code, weight, minlength=len(target))
            gap = max(gap, float(np.abs(now - target).max()))
            weight = weight * (target / np.where(now > 0, now, 1.0))[code]
        if gap < CLOSE:
            return weight
    return None
