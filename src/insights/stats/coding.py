"""Answers as numbers that mean the same: one direction, one scale, and nothing that is no answer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from insights.stats.inputs import Floats

Scale = tuple[float, float]
MOST_OUTSIDE = 0.01
"""Share of an item's answers that may lie outside its scale before the scale is held to be wrong."""

NO_SCALE = "the scale of {item} is not stated"
NOT_ANSWERED = "nobody answered {item}"
OUTSIDE = "answers to {item} from {low:g} to {high:g} do not fit its scale from {bottom:g} to {top:g}"
CONSTANT = "everybody gave the same answer to {item}"


@dataclass(frozen=True)
class Coded:
    """Coded items.

    ``values`` (n, k): numbers on the common scale, high is good, NaN where there is no answer. ``refused`` names the
    items that cannot be used, with the reason; their columns are NaN. ``outside`` counts the answers of each item that
    lie outside its scale and were left out.
    """

    values: pd.DataFrame
    refused: dict[str, str]
    outside: dict[str, int]


def code_items(
    items: pd.DataFrame,
    scales: Mapping[str, Scale | None],
    *,
    common: Scale | None = None,
    reversed_items: Collection[str] = (),
    not_applicable: Collection[float] = (),
) -> Coded:
    """Put the answers (n, k) to each item on one scale in one direction.

    ``scales`` gives each item's lowest and highest mark (None: not stated). Marks are carried over linearly to
    ``common``; without it they stay. Reversed items are mirrored. A ``not_applicable`` code counts as no answer on
    every scale to which it does not belong. An item is refused where its scale is not stated, where nobody answered,
    where everybody gave the same answer, and where more than ``MOST_OUTSIDE`` of the answers lie outside the scale:
    then it is not the scale they were given on. Raises ValueError for text.
    """
    try:
        raw = items.to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError("some items hold text; expected numbers, missing where not answered") from error
    values = np.full(raw.shape, np.nan)
    refused: dict[str, str] = {}
    outside: dict[str, int] = {}
    for j, name in enumerate(map(str, items.columns)):
        scale = scales.get(name)
        if scale is None:
            refused[name] = NO_SCALE.format(item=name)
            continue
        column = _answers(raw[:, j], scale, not_applicable)
        given = column[np.isfinite(column)]
        if not len(given):
            refused[name] = NOT_ANSWERED.format(item=name)
            continue
        wrong = np.isfinite(column) & ((column < scale[0]) | (column > scale[1]))
        if wrong.sum() > MOST_OUTSIDE * len(given):
            ends = {"low": given.min(), "high": given.max(), "bottom": scale[0], "top": scale[1]}
            refused[name] = OUTSIDE.format(item=name, **ends)
            continue
        if wrong.any():
            outside[name] = int(wrong.sum())
            column[wrong] = np.nan
        if np.ptp(column[np.isfinite(column)]) == 0:
            refused[name] = CONSTANT.format(item=name)
            continue
        if name in reversed_items:
            column = scale[0] + scale[1] - column
        if common is not None and common != scale:
            column = common[0] + (column - scale[0]) * (common[1] - common[0]) / (scale[1] - scale[0])
        values[:, j] = column
    return Coded(pd.DataFrame(values, index=items.index, columns=items.columns), refused, outside)


def _answers(column: Floats, scale: Scale, not_applicable: Collection[float]) -> Floats:
    codes = [c for c in not_applicable if not scale[0] <= c <= scale[1]]
    return np.where(np.isin(column, codes) | ~np.isfinite(column), np.nan, column)
