"""Who gains from the retention programme: effects on groups of clients, and whether the differences are real."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.gains import ClientGains, client_gains
from insights.stats.effects.learner import group_effects
from insights.stats.multiplicity import holm
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable
from insights.topics.lifecycle.retention import missing_for_trial, refused

ID = "lifecycle.retention_gains"
ALL, QUARTER, SLOPE, SPREAD = "all", "quarter", "slope", "spread"
THIRDS = ("lowest third", "middle third", "highest third")
GROUPS = {"assets": ("log2_assets", THIRDS), "tenure": ("tenure", THIRDS), "complaint": ("complaint_6m", ("no", "yes"))}
"""Groups that were named before anybody looked: by what each is made of, and what its levels are called."""


@dataclass(frozen=True)
class GroupEffects:
    """Effects by group.

    ``rows``: by ("all", "quarter" of predicted effect, "assets", "tenure", "complaint"; "slope" and "spread" of the
    predictions), group, value, low, high (change of the share that left), p_holm (of all named groups together, and of
    the quarters), unit, n, n_events. ``months`` within which leaving counts.
    """

    rows: pd.DataFrame
    months: int

    def row(self, by: str, group: str = "") -> pd.Series | None:
        """Return one row, or None where it is not there or withheld."""
        found = self.rows[(self.rows["by"] == by) & (self.rows["group"] == group)]
        return None if found.empty or pd.isna(found["value"].iloc[0]) else found.iloc[0]


def retention_gains(bank: Bank) -> Answer | NotAvailable:
    """Estimate the effect of the programme by group of clients, and test whether anybody gains more than others."""
    if missing := missing_for_trial(bank):
        return NotAvailable(ID, missing)
    found = client_gains(bank)
    facts: dict[str, object] = {"name": bank.settings.lifecycle.retention_programme}
    if isinstance(found, str):
        return refused(ID, found, facts)
    if isinstance(found, NotEstimable):
        return refused(ID, "too_few_for_gains", facts)
    rows = _rows(found)
    months = found.months
    return Answer(
        id=ID,
        kind=ID,
        evidence={"groups": Estimates(rows, ("by", "group"))},
        estimate=lambda evidence: _effects(evidence, months),
        facts=facts
        | {"months": months, "clusters": len(set(found.trial.clusters)), "features": found.features.shape[1]},
    )


def _rows(found: ClientGains) -> pd.DataFrame:
    gains, lines = found.gains, []
    events = int(found.left.sum())
    for by, one in ((ALL, gains.average), (SLOPE, gains.slope), (SPREAD, gains.spread)):
        # Where the learner predicts the same for everybody, there are no quarters to be told apart.
        if isinstance(one, Estimate) and (by != SPREAD or isinstance(gains.slope, Estimate)):
            lines.append(_line(by, "", one.value, one.low, one.high, one.n, events, one.unit, np.nan))
    if isinstance(gains.slope, Estimate):
        quarters = gains.table[(gains.table["group"] != ALL) & (gains.table["reason"] == "")]
        for _, row in quarters.iterrows():
            lines.append(_of(QUARTER, row, int(found.left[gains.quarter == int(row["group"])].sum())))
    told: list[tuple[str, pd.Series]] = []
    size: dict[tuple[str, str], int] = {}
    for by, (name, levels) in GROUPS.items():
        if name not in found.features:
            continue
        labels = _levels(found.features[name].to_numpy(float), levels)
        table = group_effects(gains, labels).set_index("group", drop=False).reindex(levels).dropna(subset=["n"])
        for level in levels:
            size[by, level] = int(found.left[labels == level].sum())
        told += [(by, row) for _, row in table.iterrows() if not row["reason"]]
    # One family: whoever looks through all named groups makes all these tests.
    adjusted = holm(np.array([row["p"] for _, row in told], dtype=float))
    for (by, row), p in zip(told, adjusted, strict=True):
        lines.append(_of(by, row, size[by, str(row["group"])]) | {"p_holm": float(p)})
    return pd.DataFrame(lines)


def _of(by: str, row: pd.Series, events: int) -> dict[str, object]:
    return _line(by, row["group"], row["effect"], row["low"], row["high"], row["n"], events, "share", row["p_holm"])


def _line(
    by: str, group: str, value: float, low: float, high: float, n: int, events: int, unit: str, p: float
) -> dict[str, object]:
    head = {"by": by, "group": group, "value": float(value), "low": float(low), "high": float(high), "unit": unit}
    return head | {"n": int(n), "n_events": events, "p_holm": float(p)}


def _levels(values: np.ndarray, levels: tuple[str, ...]) -> np.ndarray:
    """Return the level of each client: a yes or no as it is, a measure by thirds; "" where it is not known."""
    known = ~np.isnan(values)
    if len(levels) == 2:
        place = (values > 0).astype(int)
    else:
        place = np.searchsorted(np.quantile(values[known], [1 / 3, 2 / 3]) if known.any() else [0, 0], values)
    return np.where(known, np.array(levels, dtype=object)[np.minimum(place, len(levels) - 1)], "")


def _effects(evidence: dict[str, Evidence], months: int) -> GroupEffects:
    return GroupEffects(cast(Estimates, evidence["groups"]).rows, months)
