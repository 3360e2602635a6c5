"""Why a total changed: more of everything, other rates, or other parts."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats
from insights.stats.results import Result

SOURCE = "Bennet (1920), The theory of measurement of changes in cost of living"


@dataclass(frozen=True, eq=False)
class Split(Result):
    """The change of a total, ``volume`` + ``rate`` + ``mix`` = ``change``, in the unit of the amounts.

    ``table``: group, volume, rate, mix; they add up to the totals.
    """

    change: float = 0.0
    volume: float = 0.0
    rate: float = 0.0
    mix: float = 0.0


def split_change(
    base_before: npt.ArrayLike,
    amount_before: npt.ArrayLike,
    base_after: npt.ArrayLike,
    amount_after: npt.ArrayLike,
    group: npt.ArrayLike | None = None,
) -> Split:
    """Split the change of a sum of amounts into volume, rate and mix; the parts add up to it exactly.

    All arguments (k): per group, what amounts are earned on and the amounts, before and after. Volume is what the
    change of the whole base brings at the average rate; rate what the change of each group's own rate brings on its
    base; mix what the move of the base towards groups with rates above or below the average brings. Every weight is the
    mean of before and after, so no order of the three is preferred, and the split of the way back is the same with the
    signs turned.

    A group without a base in one of the two periods has the rate of the other there: its coming or going is mix.
    Amounts without a base are part of the rate. Bases are zero or more, and their sums positive, or ValueError.
    """
    b0, a0, b1, a1 = (np.asarray(v, dtype=float) for v in (base_before, amount_before, base_after, amount_after))
    if b0.ndim != 1 or not b0.shape == a0.shape == b1.shape == a1.shape:
        raise ValueError("bases and amounts have different shapes; expected one number per group in each")
    if not all(np.isfinite(v).all() for v in (b0, a0, b1, a1)):
        raise ValueError("a base or an amount is missing; expected numbers: leave out groups that are not known")
    if (b0 < 0).any() or (b1 < 0).any() or b0.sum() <= 0 or b1.sum() <= 0:
        raise ValueError("bases must be zero or more, and some of them positive, before and after")
    r0, r1 = _rates(b0, a0, b1, a1)
    total0, total1 = b0.sum(), b1.sum()
    w0, w1 = b0 / total0, b1 / total1
    middle, weight = (total0 + total1) / 2, (w0 + w1) / 2
    average = (float(w0 @ r0) + float(w1 @ r1)) / 2
    volume = (total1 - total0) * average * weight
    mix = middle * (w1 - w0) * ((r0 + r1) / 2 - average)
    rate = middle * weight * (r1 - r0) + np.where(b1 > 0, 0.0, a1) - np.where(b0 > 0, 0.0, a0)
    change = float((a1 - a0).sum())
    parts = [float(volume.sum()), float(rate.sum())]
    names = np.arange(len(b0)).astype(str) if group is None else np.asarray(group)
    table = pd.DataFrame({"group": names, "volume": volume, "rate": rate, "mix": mix})
    return Split(table, source=SOURCE, change=change, volume=parts[0], rate=parts[1], mix=change - sum(parts))


def _rates(b0: Floats, a0: Floats, b1: Floats, a1: Floats) -> tuple[Floats, Floats]:
    r0 = np.divide(a0, b0, out=np.full(len(b0), np.nan), where=b0 > 0)
    r1 = np.divide(a1, b1, out=np.full(len(b1), np.nan), where=b1 > 0)
    filled = np.where(np.isnan(r0), r1, r0), np.where(np.isnan(r1), r0, r1)
    return np.nan_to_num(filled[0]), np.nan_to_num(filled[1])
