"""Results of models: shown where enough clients and events are behind them, with no more digits than they are worth."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure.rounding import nearest
from insights.reports.disclosure.tables import significant
from insights.topics.evidence import HOUSEHOLDS, P_VALUES, Estimates

DIGITS = 3
P_DIGITS = 2
"""Significant digits of a p-value: from more of them the counts behind a test can be worked out."""

VALUES = ("value", "low", "high")
SIZES = ("largest", "second", "absolute")
Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


def protect_estimates(evidence: Estimates, rules: DisclosureSection) -> Estimates:
    """Return the rows with their values to three digits and their counts rounded; what rests on too few is nan.

    ``status`` is "suppressed" where a row rests on too few clients, households or events, where one or two clients make
    up most of its money, or where it would give away another part of the same whole. Whatever else a row says in
    numbers goes with it; p-values have two digits. Of a group (``named_by``) of which nothing
    is shown no row is left. The sizes of the largest contributions and the number of households go no further.
    """
    rows = evidence.rows
    n, events = rows["n"].to_numpy(float), rows["n_events"].to_numpy(float)
    units = np.fmin(n, rows[HOUSEHOLDS].to_numpy(float)) if HOUSEHOLDS in rows else n
    shown = (units >= rules.min_clients) & ~(events < rules.min_clients) & ~_dominated(rows, rules)
    if evidence.parts_of is not None:
        shown &= ~_complements(rows, evidence.parts_of, units, ~shown, rules.min_clients)
    told = rows.drop(columns=[c for c in (*SIZES, HOUSEHOLDS) if c in rows])
    for name in told.select_dtypes("float").columns.difference([*evidence.dims, *VALUES, "n", "n_events"]):
        told[name] = told[name].where(shown)
    for name in VALUES:
        digits = np.where(rows["unit"] == "p", P_DIGITS, DIGITS)
        told[name] = _written(rows[name].to_numpy(float), digits, shown)
    for name in (c for c in P_VALUES if c in told and c not in evidence.dims):
        told[name] = _written(rows[name].to_numpy(float), np.full(len(rows), P_DIGITS), shown)
    told["n"] = np.where(shown, nearest(np.nan_to_num(n), rules.round_to), math.nan)
    told["n_events"] = np.where(shown & ~np.isnan(events), nearest(np.nan_to_num(events), rules.round_to), math.nan)
    told = told.assign(status=np.where(shown, "shown", "suppressed"))
    if evidence.named_by is not None:
        known = told.assign(shown=shown).groupby(list(evidence.named_by), sort=False)["shown"].transform("any")
        told = told[known.to_numpy(bool)].reset_index(drop=True)
    return Estimates(told, evidence.dims, evidence.parts_of, evidence.named_by)


def _written(values: Floats, digits: npt.NDArray[np.int64], shown: Bools) -> list[float]:
    told = zip(values, digits, shown, strict=True)
    return [(significant(v, int(d)) if math.isfinite(v) else float(v)) if s else math.nan for v, d, s in told]


def _complements(rows: pd.DataFrame, parts_of: tuple[str, ...], units: Floats, hidden: Bools, least: int) -> Bools:
    """Return which rows must go, those of ``hidden`` included, so that a whole less its parts shown tells no small one.

    What is withheld of one whole is two parts or more, and rests on enough clients and events when added up.
    """
    every = hidden.copy()
    n, events = np.nan_to_num(units), rows["n_events"].to_numpy(float)
    whole = rows.groupby(list(parts_of), sort=False).ngroup() if parts_of else pd.Series(0, index=rows.index)
    for place in np.unique(whole):
        own = np.flatnonzero(whole == place)
        for k in own[np.argsort(n[own], kind="stable")]:
            gone = own[every[own]]
            counted = events[gone][~np.isnan(events[gone])]
            enough = n[gone].sum() >= least and (not len(counted) or counted.sum() >= least)
            if not len(gone) or (len(gone) > 1 and enough):
                break
            every[k] = True
    return every


def _dominated(rows: pd.DataFrame, rules: DisclosureSection) -> np.ndarray:
    if not set(SIZES) <= set(rows.columns):
        return np.zeros(len(rows), dtype=bool)
    largest, second, absolute = (rows[name].to_numpy(float) for name in SIZES)
    alone = largest > rules.dominance_largest * absolute
    return np.asarray(alone | (largest + second > rules.dominance_two * absolute), dtype=bool)
