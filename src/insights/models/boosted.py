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
    with threadpool_limits(limits=1):
        model.fit(values, event, sample_weight=weight)
        chance = model.predict_proba(at)[:, 1] if len(at) else np.zeros(0)
    return np.asarray(np.clip(chance, 1e-6, 1 - 1e-6), dtype=float)
