"""Results of models: shown where enough clients and events are behind them, with no more digits than they are worth."""

import math

import numpy as np
import pandas as pd

from insights.data.settings import DisclosureSection
from insights.reports.disclosure.rounding import nearest
from insights.reports.disclosure.tables import significant
from insights.topics.evidence import Estimates

DIGITS = 3
VALUES = ("value", "low", "high")
SIZES = ("largest", "second", "absolute")


def protect_estimates(evidence: Estimates, rules: DisclosureSection) -> Estimates:
    """Return the rows with their values to three digits and their counts rounded; what rests on too few is nan.

    ``status`` is "suppressed" where a row rests on too few clients or events, or where one or two clients make up most
    of its money. The sizes of the largest contributions go no further.
    """
    rows = evidence.rows
    n, events = rows["n"].to_numpy(float), rows["n_events"].to_numpy(float)
    shown = (n >= rules.min_clients) & ~(events < rules.min_clients) & ~_dominated(rows, rules)
    told = rows.drop(columns=[c for c in SIZES if c in rows])
    for name in VALUES:
        values = rows[name].to_numpy(float)
        told[name] = [_written(v) if s else math.nan for v, s in zip(values, shown, strict=True)]
    told["n"] = np.where(shown, nearest(np.nan_to_num(n), rules.round_to), math.nan)
    told["n_events"] = np.where(shown & ~np.isnan(events), nearest(np.nan_to_num(events), rules.round_to), math.nan)
    return Estimates(told.assign(status=np.where(shown, "shown", "suppressed")), evidence.dims)


def _written(value: float) -> float:
    return significant(value, DIGITS) if math.isfinite(value) else value


def _dominated(rows: pd.DataFrame, rules: DisclosureSection) -> np.ndarray:
    if not set(SIZES) <= set(rows.columns):
        return np.zeros(len(rows), dtype=bool)
    largest, second, absolute = (rows[name].to_numpy(float) for name in SIZES)
    alone = largest > rules.dominance_largest * absolute
    return np.asarray(alone | (largest + second > rules.dominance_two * absolute), dtype=bool)
