"""Boosted trees as challengers of a regression: of a shape set beforehand, never tuned on what they are judged by."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def boosted(
    values: npt.NDArray[Any],
    event: npt.NDArray[np.bool_],
    weight: npt.NDArray[np.float64] | None,
    coded: npt.NDArray[np.bool_],
    at: npt.NDArray[Any],
    *,
    shape: Mapping[str, Any],
    seed: int,
) -> npt.NDArray[np.float64]:
    """Return the chance of an event (m), inside (0, 1), at the rows ``at`` (m, p), learned from rows (n, p).

    ``event`` (n), ``weight`` (n, or None), ``coded`` (p): which columns hold codes of categories; ``shape``: settings
    of scikit-learn's HistGradientBoostingClassifier.
    """
    # Half a second of imports that nobody else needs.
    from sklearn.ensemble import HistGradientBoostingClassifier  # type: ignore[import-untyped]
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    model = HistGradientBoostingClassifier(**shape, categorical_features=coded, early_stopping=False, random_state=seed)
    if weight is not None:
        values, at = _cut(values, weight, coded, at, model.max_bins)
    with threadpool_limits(limits=1):
        model.fit(values, event, sample_weight=weight)
        chance = model.predict_proba(at)[:, 1] if len(at) else np.zeros(0)
    return np.asarray(np.clip(chance, 1e-6, 1 - 1e-6), dtype=float)


def _cut(
    values: npt.NDArray[Any],
    weight: npt.NDArray[np.float64],
    coded: npt.NDArray[np.bool_],
    at: npt.NDArray[Any],
    bins: int,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return both kinds of rows with the numbers of bins in place of numbers that have more values than bins.

    The bins are those that the trees would make by themselves, where a column of weighted rows is sorted anew for each
    edge of a bin.
    """
    values, at = values.astype(float), at.astype(float)
    for j in np.flatnonzero(~coded):
        edges = _edges(values[:, j], weight, bins)
        for column in (values[:, j], at[:, j]) if len(edges) else ():
            known = ~np.isnan(column)
            column[known] = np.searchsorted(edges, column[known])
    return values, at


def _edges(column: npt.NDArray[np.float64], weight: npt.NDArray[np.float64], bins: int) -> npt.NDArray[np.float64]:
    """Return the upper ends of all bins of about equal weight but the last; none where there are as many as values."""
    used = np.flatnonzero(~np.isnan(column) & (weight > 0))
    order = used[np.argsort(column[used])]
    told, until = column[order], np.cumsum(weight[order])
    if np.count_nonzero(np.diff(told)) < bins:
        return np.zeros(0)
    share = np.linspace(0, 100, bins + 1)[1:-1] / 100 * until[-1]
    place = np.minimum(np.searchsorted(until, share), len(told) - 1)
    after = np.minimum(place + 1, len(told) - 1)
    between = until[place] - share <= np.finfo(float).eps
    return np.unique(np.where(between, (told[place] + told[after]) / 2, told[place]))
