"""What maximum likelihood needs of each group: its size, means and covariances."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints
from insights.stats.reliability import item_values

FEWEST_ROWS = 100
FEWEST_PER_GROUP = 50


@dataclass(frozen=True)
class GroupMoments:
    """Moments of one group: ``n`` rows, ``mean`` (p,), ``cov`` (p, p; divided by n)."""

    n: int
    mean: Floats
    cov: Floats


@dataclass(frozen=True)
class Sample:
    """Complete rows of the items.

    ``values`` (n, p), ``group`` (n,) place in ``labels``, ``cluster`` (n,) codes from 0, ``factor`` (p,) place of each
    item's factor in ``factors``, ``dropped`` rows that lacked an item.
    """

    values: Floats
    group: Ints
    labels: tuple[str, ...]
    cluster: Ints
    items: tuple[str, ...]
    factor: Ints
    factors: tuple[str, ...]
    dropped: int

    def moments(self) -> list[GroupMoments]:
        """Return the moments of each group."""
        found = []
        for g in range(len(self.labels)):
            x = self.values[self.group == g]
            away = x - x.mean(axis=0)
            found.append(GroupMoments(len(x), x.mean(axis=0), away.T @ away / len(x)))
        return found


def read_sample(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]],
    group: npt.ArrayLike | None,
    cluster: npt.ArrayLike | None,
) -> Sample | str:
    """Return the complete rows, sorted into groups; or why they cannot be analysed.

    Raises ValueError for a factor without items, an item of two factors, or labels of another length.
    """
    names = [str(i) for own in factors.values() for i in own]
    if not factors or any(not own for own in factors.values()):
        raise ValueError("there is a factor without items; expected at least one item for each")
    if len(set(names)) < len(names):
        raise ValueError("an item belongs to two factors; expected simple structure")
    values = item_values(items[names], complete=False)
    n = len(values)
    groups = pd.Series("" if group is None else np.asarray(group), index=range(n)).astype(object)
    clusters = pd.Series(np.arange(n) if cluster is None else np.asarray(cluster), index=range(n)).astype(object)
    if groups.isna().any() or clusters.isna().any():
        raise ValueError("some rows have no group or cluster; expected a label for every row")
    whole = np.asarray(np.isfinite(values).all(axis=1), dtype=bool)
    values, groups, clusters = values[whole], groups.loc[whole], clusters.loc[whole]
    labels = tuple(sorted(map(str, groups.unique())))
    place = pd.Categorical(groups.astype(str), categories=list(labels)).codes.astype(np.int64)
    if reason := _too_few(values, place, labels, names):
        return reason
    factor = np.repeat(np.arange(len(factors)), [len(own) for own in factors.values()])
    codes = pd.factorize(clusters)[0].astype(np.int64)
    return Sample(values, place, labels, codes, tuple(names), factor, tuple(map(str, factors)), int((~whole).sum()))


def _too_few(values: Floats, place: Ints, labels: tuple[str, ...], names: list[str]) -> str:
    n, p = values.shape
    if n < (needed := max(FEWEST_ROWS, 5 * p)):
        return f"{n} rows have all {p} items; a factor analysis needs {needed}"
    for g, label in enumerate(labels):
        own = values[place == g]
        if len(labels) > 1 and len(own) < (needed := max(FEWEST_PER_GROUP, 5 * p)):
            return f"{len(own)} rows of the group {label} have all {p} items; it needs {needed}"
        if flat := [i for i, v in zip(names, np.ptp(own, axis=0), strict=True) if v == 0]:
            where = f" in the group {label}" if len(labels) > 1 else ""
            return f"everybody gave the same answer to {', '.join(flat)}{where}"
    return ""
