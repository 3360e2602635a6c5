"""A panel of units and periods in which a treatment starts once and stays: rows read into matrices, and refused."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.stats.inputs import Floats, Ints

NEVER = np.inf


@dataclass(frozen=True)
class Panel:
    """Checked rows: unit by period.

    ``outcome`` (n, T), NaN where the unit is not observed; ``start`` (n,) first treated period, infinite for never (in
    the data); ``cluster`` (n,) codes, None where every unit is its own; ``covariates`` (T, n, p) or None; ``weight``
    (n,) with mean 1; ``notes`` says in words what was left out, with how many units.
    """

    units: npt.NDArray[np.object_]
    periods: Floats
    outcome: Floats
    start: Floats
    cluster: Ints | None
    covariates: Floats | None
    names: tuple[str, ...]
    weight: Floats
    notes: dict[str, int] = field(default_factory=dict)

    @property
    def cohorts(self) -> Floats:
        """The periods in which some unit is first treated, in order."""
        return np.unique(self.start[np.isfinite(self.start)])


def read_panel(
    unit: npt.ArrayLike,
    time: npt.ArrayLike,
    outcome: npt.ArrayLike,
    first_treated: npt.ArrayLike,
    *,
    cluster: npt.ArrayLike | None = None,
    covariates: pd.DataFrame | None = None,
    weight: npt.ArrayLike | None = None,
    anticipation: int = 0,
) -> Panel:
    """Return the panel of the rows (length N, one per unit and period).

    Rows without an outcome count as not observed. A unit already treated in the first period (less the anticipation)
    has no before and is left out; one first treated after the last period is not treated in the data.
    Raises ValueError for a unit that has two rows in a period, or whose start, cluster or weight changes.
    """
    times = _numbers(time, "time")
    size = len(times)
    y = _numbers(outcome, "outcome", size, missing=True)
    starts = _numbers(first_treated, "first_treated", size, missing=True)
    if size == 0:
        raise ValueError("there are no rows; expected one per unit and period")
    if anticipation < 0:
        raise ValueError(f"anticipation is {anticipation}; expected a number of periods >= 0")
    starts = np.where(np.isfinite(starts), starts, NEVER)
    codes, names = pd.factorize(pd.Series(np.asarray(unit), dtype=object), sort=False)
    if len(codes) != size or (codes < 0).any():
        raise ValueError(
            f"unit has {len(codes)} names, {int((codes < 0).sum())} missing; expected {size}, none missing"
        )
    seen = ~np.isnan(y)
    periods = np.unique(times[seen])
    place = np.searchsorted(periods, times[seen])
    n = len(names)
    cells = codes[seen] * len(periods) + place
    if len(np.unique(cells)) < len(cells):
        raise ValueError(
            f"{len(cells) - len(np.unique(cells))} rows repeat a unit and period; expected one row each: "
            "add up or choose beforehand"
        )
    matrix = np.full((n, len(periods)), np.nan)
    matrix[codes[seen], place] = y[seen]
    start = _constant(starts, codes, n, "first_treated")
    groups = None
    if cluster is not None:
        labels, _ = pd.factorize(pd.Series(np.asarray(cluster), dtype=object), sort=False)
        if len(labels) != size or (labels < 0).any():
            raise ValueError(f"cluster has {len(labels)} names; expected {size}, none missing")
        groups = _constant(labels.astype(float), codes, n, "cluster").astype(np.int64)
    weights = np.ones(n) if weight is None else _constant(_numbers(weight, "weight", size), codes, n, "weight")
    if (weights < 0).any() or not weights.any():
        raise ValueError("weights are negative or all 0; expected weights >= 0")
    design, columns = _covariates(covariates, codes, times, periods, n, size)
    notes = {"rows without an outcome": int((~seen).sum())} if not seen.all() else {}
    return _usable(
        Panel(np.asarray(names, dtype=object), periods, matrix, start, groups, design, columns, weights, notes),
        anticipation,
    )


def _usable(panel: Panel, anticipation: int) -> Panel:
    """Leave out units that are always treated, without weight or never seen; sort by name of the unit."""
    start = (
        np.where(panel.start > panel.periods[-1] + anticipation, NEVER, panel.start)
        if len(panel.periods)
        else (panel.start)
    )
    first = panel.periods[0] if len(panel.periods) else NEVER
    always = start <= first + anticipation
    empty = np.isnan(panel.outcome).all(axis=1)
    kept = ~always & ~empty & (panel.weight > 0)
    notes = dict(panel.notes)
    if always.any():
        notes["units treated from the first period on, which have no before"] = int(always.sum())
    if kept.any() and (gaps := int(np.isnan(panel.outcome[kept]).any(axis=1).sum())):
        notes["units not observed in every period, used where both periods of a comparison are"] = gaps
    order = np.flatnonzero(kept)
    order = order[np.argsort(panel.units[order].astype(str), kind="stable")]
    weight = panel.weight[order]
    cluster = None if panel.cluster is None else np.unique(panel.cluster[order], return_inverse=True)[1]
    return Panel(
        panel.units[order],
        panel.periods,
        panel.outcome[order],
        start[order],
        cluster,
        None if panel.covariates is None else panel.covariates[:, order],
        panel.names,
        weight / weight.mean() if len(weight) else weight,
        notes,
    )


def _covariates(
    frame: pd.DataFrame | None, codes: Ints, times: Floats, periods: Floats, n: int, size: int
) -> tuple[Floats | None, tuple[str, ...]]:
    if frame is None or frame.shape[1] == 0:
        return None, ()
    if len(frame) != size:
        raise ValueError(f"covariates have {len(frame)} rows; expected {size}, one per row of the panel")
    values = frame.to_numpy(dtype=float)
    result = np.full((len(periods), n, values.shape[1]), np.nan)
    place = np.searchsorted(periods, times)
    known = (place < len(periods)) & (periods[np.minimum(place, len(periods) - 1)] == times)
    result[place[known], codes[known]] = values[known]
    return result, tuple(str(c) for c in frame.columns)


def _constant(values: Floats, codes: Ints, n: int, name: str) -> Floats:
    first = np.empty(n)
    first[codes[::-1]] = values[::-1]
    if changed := len(np.unique(codes[first[codes] != values])):
        raise ValueError(f"{name} changes within {changed} units; expected one value for all rows of a unit")
    return first


def _numbers(values: npt.ArrayLike, name: str, n: int | None = None, *, missing: bool = False) -> Floats:
    array = pd.to_numeric(pd.Series(np.asarray(values)), errors="raise").to_numpy(dtype=float, na_value=np.nan)
    if n is not None and len(array) != n:
        raise ValueError(f"{name} has {len(array)} values; expected {n}")
    if not missing and (bad := int((~np.isfinite(array)).sum())):
        raise ValueError(f"{bad} values of {name} are missing or infinite; expected numbers")
    return array
