"""Tests of the way from a factor by way of loyalty to who leaves, adjusted for how many there are."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from insights.models.loyalty.followed import LEFT
from insights.models.loyalty.worth import ALL, Worth
from insights.stats.multiplicity import benjamini_hochberg, holm
from insights.stats.pathway import IndexPath, relative

VALUE = "value"
"""What ``[[loyalty.hypotheses]]`` calls the clients and money that a factor keeps by way of loyalty."""


def path_tests(found: Worth, expected: Mapping[tuple[str, str], str]) -> pd.DataFrame:
    """Return factor, segment ("" for all), slope (share of exits for one point more), p, adjusted, expected, n, events.

    Two-sided, from the replicates' spread. Those of everybody that ``expected`` registers (factor and "value") are
    adjusted among themselves by Holm, all others by Benjamini-Hochberg. Money follows from the share of exits, so its
    test is that of the share.
    """
    from scipy.special import ndtr  # half a second that those who only draw curves need not wait

    lines = []
    parts = {"": (found.paths.get(LEFT), ALL), **{s: (p, s) for s, p in found.by_segment.items()}}
    for segment, (path, key) in parts.items():
        if not isinstance(path, IndexPath):
            continue
        change = relative(path, found.rates[key])
        se = np.nanstd(change.values, axis=0, ddof=1)
        for factor, slope, own in zip(found.factors, change.value, se, strict=True):
            p = float(2 * ndtr(-abs(slope / own))) if own > 0 else float("nan")
            claim = expected.get((factor, VALUE), "") if segment == "" else ""
            size = float(found.clients[key]), float(found.events[key])
            lines.append((factor, segment, float(slope), p, claim, *size))
    rows = pd.DataFrame(lines, columns=["factor", "segment", "slope", "p", "expected", "n", "n_events"])
    rows["adjusted"] = np.nan
    registered = (rows["expected"] != "").to_numpy()
    for which, adjust in ((registered, holm), (~registered, benjamini_hochberg)):
        rows.loc[which, "adjusted"] = adjust(rows.loc[which, "p"].to_numpy(float))
    return rows
