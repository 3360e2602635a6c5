"""How far two ways of sorting the same units agree."""

import numpy as np
import numpy.typing as npt

from insights.stats.inputs import Floats, Ints

SOURCE = "Hubert & Arabie (1985); Jaccard by class: Hennig (2007); matching: Kuhn (1955)"


def adjusted_rand(one: npt.ArrayLike, other: npt.ArrayLike) -> float:
    """Return the adjusted Rand index of two labellings (n): 1 for the same classes, about 0 for chance.

    Labels are whole numbers from 0. Two labellings with one class each agree fully. Raises ValueError for lengths that
    differ, no units, and negative labels.
    """
    table = _crossed(one, other)
    n = table.sum()
    pairs, rows, columns = (float((v * (v - 1) / 2).sum()) for v in (table, table.sum(axis=1), table.sum(axis=0)))
    expected, most = rows * columns / max(n * (n - 1) / 2, 1.0), (rows + columns) / 2
    return (pairs - expected) / (most - expected) if most > expected else 1.0


def jaccard(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """Return for each class of the first labelling its likeness to each of the other (K, L): |A and B| / |A or B|."""
    table = _crossed(one, other)
    either = table.sum(axis=1)[:, None] + table.sum(axis=0)[None, :] - table
    return np.divide(table, either, out=np.zeros_like(table), where=either > 0)


def matched(reference: npt.ArrayLike, other: npt.ArrayLike, classes: int) -> Ints:
    """Return, for each class of ``other`` (0 to ``classes`` - 1), the class of ``reference`` that it stands for.

    One to one, such that as many units as possible agree. Both have at most ``classes`` classes.
    """
    from scipy.optimize import linear_sum_assignment  # slow to import

    table = np.zeros((classes, classes))
    np.add.at(table, (np.asarray(other), np.asarray(reference)), 1)
    return np.asarray(linear_sum_assignment(table, maximize=True)[1], dtype=np.int64)


def _crossed(one: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    a, b = np.asarray(one), np.asarray(other)
    if a.ndim != 1 or a.shape != b.shape or not len(a):
        raise ValueError(
            f"the labellings have shapes {a.shape} and {b.shape}; expected one label for each unit in both"
        )
    if a.min() < 0 or b.min() < 0:
        raise ValueError("a label is negative; expected whole numbers from 0: leave out what has no class")
    table = np.zeros((int(a.max()) + 1, int(b.max()) + 1))
    np.add.at(table, (a.astype(np.int64), b.astype(np.int64)), 1)
    return table
