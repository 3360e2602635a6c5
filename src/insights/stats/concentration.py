"""How unevenly a total is spread over those who make it up."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats, Ints

SOURCE = "Lorenz (1905), Methods of measuring the concentration of wealth"


def top_bands(values: npt.ArrayLike, cuts: Sequence[int]) -> Ints:
    """Return the band (n) of each value: 0 for the ``cuts[0]`` largest, 1 for the next ones up to ``cuts[1]``, ...

    The rest is in band ``len(cuts)``. Equal values are told apart by their place. ValueError for cuts that do not rise.
    """
    x = np.asarray(values, dtype=float)
    if any(b <= a for a, b in zip((0, *cuts), cuts, strict=False)):
        raise ValueError(f"cuts {list(cuts)} do not rise; expected numbers of values, each larger than the one before")
    rank = np.empty(len(x), dtype=np.int64)
    rank[np.argsort(-x, kind="stable")] = np.arange(len(x))
    return np.searchsorted(np.asarray(cuts), rank, side="right").astype(np.int64)


def lorenz(units: npt.ArrayLike, amounts: npt.ArrayLike) -> tuple[Floats, Floats]:
    """Return the points (k + 1 each) of a Lorenz curve: share of the units, share of the total that the lowest hold.

    units, amounts (k): per band, the band of the highest values first. Where some values are negative the curve dips
    below zero before it rises. A total of zero or less has no shares: they are nan.
    """
    n, x = (np.asarray(v, dtype=float)[::-1] for v in (units, amounts))
    total = x.sum()
    across = np.concatenate([[0.0], np.cumsum(n) / n.sum()])
    if not total > 0:
        return across, np.full(len(across), np.nan)
    return across, np.concatenate([[0.0], np.cumsum(x) / total])


def herfindahl(amounts: npt.ArrayLike) -> float:
    """Return the sum of squared shares of amounts (n) >= 0: 1 if one has all, 1 / n if all have the same; nan for none.

    Its inverse is the number of equal shares that would be as concentrated. Raises ValueError for negative amounts.
    """
    x = np.asarray(amounts, dtype=float)
    if (x < 0).any():
        raise ValueError(f"{int((x < 0).sum())} amounts are negative; expected amounts >= 0")
    total = x.sum()
    return float(((x / total) ** 2).sum()) if total > 0 else float("nan")
