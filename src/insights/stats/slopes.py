"""Slopes of many short series on the same columns, each drawn to a common one as far as little was seen of it."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats

NEARLY_NONE = 1e-12


def drawn_slopes(own: npt.ArrayLike, columns: npt.ArrayLike, towards: npt.ArrayLike, usual: float) -> Floats:
    """Return by how much each series moves with the columns (n, k): least squares, drawn to the slopes ``towards`` (k).

    ``own`` (n, T) are the series, nan where one is not known; ``columns`` (T, k) what they are regressed on through
    the origin, nan where not known. The common slopes weigh as much as ``usual`` rows do on average; a series that was
    never seen has them. The mean of a normal posterior whose prior has the columns' own cross-products as precision
    (Zellner, 1986, g-prior); a series without any noise of its own is drawn all the same. Raises ValueError for shapes
    that differ.
    """
    y, x, prior = (np.asarray(v, dtype=float) for v in (own, columns, towards))
    if y.ndim != 2 or x.ndim != 2 or y.shape[1] != len(x) or prior.shape != x.shape[1:]:
        raise ValueError(f"series {y.shape}, columns {x.shape}, slopes {prior.shape}; expected (n, T), (T, k), (k,)")
    there = np.isfinite(x).all(axis=1)
    x = np.where(there[:, None], x, 0.0)
    known = np.isfinite(y) & there
    products = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    square = (known.astype(float) @ products).reshape(len(y), *prior.shape, *prior.shape)
    weight = usual * (x.T @ x) / max(int(there.sum()), 1) + NEARLY_NONE * np.eye(len(prior))
    right = np.where(known, y, 0.0) @ x + weight @ prior
    return np.asarray(np.linalg.solve(square + weight, right[:, :, None])[:, :, 0])
