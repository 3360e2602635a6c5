"""Reading rows of ordered categories into codes and columns, and refusing what cannot be right."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.clustering import ClusterLike, Way, read_clusters
from insights.stats.coefficients import too_few_events
from insights.stats.design import DesignLike, read_design
from insights.stats.inputs import Floats, Ints
from insights.stats.results import NotEstimable, TestResult

WEIGHTS = "a weight is a number of rows (frequency) or the inverse of a chance to be seen (probability)"


@dataclass(frozen=True)
class OrderedRows:
    """Checked rows in the order given: category codes from 0, columns, weights, and what was noted on the way."""

    category: Ints
    labels: tuple[str, ...]
    names: tuple[str, ...]
    x: Floats
    weight: Floats
    ways: tuple[Way, ...] | None
    counted: bool
    notes: tuple[TestResult, ...]

    @property
    def n(self) -> int:
        """The number of units: the sum of frequencies, or the number of rows under probability weights."""
        return round(float(self.weight.sum())) if self.counted else len(self.weight)


def read_ordered(
    outcome: npt.ArrayLike,
    design: DesignLike,
    categories: Sequence[object] | None,
    weight: npt.ArrayLike | None,
    counted: bool,
    cluster: ClusterLike | None,
) -> OrderedRows:
    """Return the rows that count, checked; see ``ordered_regression``. Raises ValueError for what cannot be right."""
    codes, labels = _categories(outcome, categories)
    n = len(codes)
    columns = read_design(design, n)
    w = np.ones(n) if weight is None else np.asarray(weight, dtype=float)
    if w.shape != (n,) or not np.isfinite(w).all() or (w < 0).any():
        raise ValueError(f"weight has shape {w.shape}; expected ({n},) numbers >= 0: {WEIGHTS}")
    ways = None if cluster is None else read_clusters(cluster, n)
    x, used = columns.values.astype(float), w > 0
    if not used.all():
        kept = np.flatnonzero(used)
        ways = None if ways is None else tuple(way.used(used).take(kept) for way in ways)
        codes, x, w = codes[kept], x[kept], w[kept]
    if not counted and len(w):
        w = w / w.mean()
    seen = np.bincount(codes, minlength=len(labels)) > 0
    notes: tuple[TestResult, ...] = ()
    if not seen.all():
        lost = ", ".join(label for label, has in zip(labels, seen, strict=True) if not has)
        notes = (
            TestResult(
                "categories chosen",
                "every category was chosen by somebody",
                float((~seen).sum()),
                reason=f"nobody chose {lost}: left out, its thresholds have no estimate",
            ),
        )
    labels = tuple(label for label, has in zip(labels, seen, strict=True) if has)
    return OrderedRows((np.cumsum(seen) - 1)[codes], labels, columns.names, x, w, ways, counted, notes)


def refuse_ordered(rows: OrderedRows, slopes: int) -> NotEstimable | None:
    """Return why the rows do not suffice for so many slopes, or None."""
    if len(rows.labels) < 2:
        what = f"everybody chose {rows.labels[0]}" if rows.labels else "there is no row"
        return NotEstimable(f"{what}; a regression needs two categories")
    if slopes == 0:
        return NotEstimable("there is no column to regress on")
    counts = np.bincount(rows.category, rows.weight if rows.counted else None).astype(float)
    n = counts.sum()
    telling = counts.min() if len(counts) == 2 else n - (counts**3).sum() / n**2
    return too_few_events(round(float(telling), 1), slopes, "rows (counted by what they tell)")


def _categories(outcome: npt.ArrayLike, categories: Sequence[object] | None) -> tuple[Ints, tuple[str, ...]]:
    """Return codes and labels from low to high."""
    values = pd.Series(outcome).reset_index(drop=True)
    if values.isna().any():
        raise ValueError(f"{int(values.isna().sum())} outcomes are missing; expected a category for every row")
    if categories is None:
        if isinstance(values.dtype, pd.CategoricalDtype) and values.dtype.ordered:
            categories = list(values.dtype.categories)
        elif pd.api.types.is_numeric_dtype(values):
            categories = sorted(values.unique())
        else:
            raise ValueError("the outcome holds text in no known order; expected `categories` from low to high")
    if len(set(categories)) < len(categories):
        raise ValueError("categories repeat; expected each once, from low to high")
    codes = pd.Index(list(categories)).get_indexer(pd.Index(values.astype(object)))
    if (codes < 0).any():
        raise ValueError(f"{int((codes < 0).sum())} outcomes are none of the categories; expected one of those given")
    return codes.astype(np.int64), tuple(_label(c) for c in categories)


def _label(value: object) -> str:
    whole = isinstance(value, (float, np.floating)) and float(value).is_integer()
    return str(int(value)) if whole else str(value)  # type: ignore[call-overload]
