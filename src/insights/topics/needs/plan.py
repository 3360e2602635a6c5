"""The service plan of each segment: what to offer, what it lacks beside others, and how its clients are reached."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.offers import best_suited
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import Trials, trials
from insights.models.reach import NEEDS as CONTACTS
from insights.models.reach import UNKNOWN, reach
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.stats.intervals import normal_quantile
from insights.topics.evidence import Answer, ClientCounts, Evidence, NotAvailable, client_counts, with_households
from insights.topics.needs.shared import need_facts, refused, rows_of

ID = "needs.plan"
OFFER, CHANNEL, TIME, HELD = "offer", "channel", "time", "held"
YES, NO = "yes", "no"
REST = "other_categories"
ALPHA = 0.05


@dataclass(frozen=True)
class Plan:
    """``shares``: segment, what ("offer", "channel", "time"), level, share of the segment's clients, n; nan: withheld.

    ``held``: segment, category, share of those whom it suits who have (or had) it, others (the same of the clients of
    all other segments), n, z (of the difference). ``beyond``: the z beyond which a difference is more than chance,
    allowing for the number of comparisons.
    """

    shares: pd.DataFrame
    held: pd.DataFrame
    beyond: float


def plan(bank: Bank) -> Answer | NotAvailable:
    """Count in each segment who would be offered what first, who has what, and how clients are reached best."""
    rows = rows_of(bank, ID)
    if not isinstance(rows, NeedRows):
        return rows
    if lacking := segment_needs(bank):
        return NotAvailable(ID, lacking)
    found = client_segments(bank)
    if not isinstance(found, Segments):
        return refused(ID, "too few clients for segments")
    label = found.labels(found.last)
    there = (label != "") & rows.months.in_force
    home = household_of(bank, rows.months.client_id)
    evidence: dict[str, Evidence] = {}
    best = best_suited(bank, rows)
    own = there & (best >= 0)
    kinds = np.array(rows.products.categories, dtype=object)
    offered = {"segment": label[own], "level": kinds[rows.products.category[best[own]]], "household": home[own]}
    evidence[OFFER] = client_counts(pd.DataFrame(offered), ("segment", "level"), rest=REST)
    held, suits = rows.held(rows.last), rows.suits(rows.last)
    for k, category in enumerate(rows.products.categories):
        asked = there & (held[:, k] | suits[:, k])
        level = np.where(held[asked, k], YES, NO).astype(object)
        evidence[f"{HELD}/{category}"] = _counted(label[asked], level, home[asked])
    facts = need_facts(bank, rows, cast(Trials, trials(bank)))
    if not bank.needs(*CONTACTS):
        told = reach(bank)
        at = pd.Index(rows.months.client_id).get_indexer(pd.Index(told.client_id))
        ok = (at >= 0) & there[at]
        for name, values in ((CHANNEL, told.channel), (TIME, told.time)):
            known = ok & (values != UNKNOWN)
            if known.any():
                evidence[name] = _counted(label[at[known]], values[known], home[at[known]])
    return Answer(ID, ID, evidence, lambda parts: _plan(parts), facts | {"names": found.names, "source": found.source})


def _counted(segment: np.ndarray, level: np.ndarray, home: np.ndarray) -> ClientCounts:
    """Return the clients by segment and level, those of whom there is none included."""
    own = pd.DataFrame({"segment": segment, "level": level, "household": home})
    counts = pd.crosstab(own["segment"], own["level"]).rename_axis(columns=None).reset_index()
    cells = counts.melt("segment", var_name="level", value_name="clients")
    return with_households(cells, own, ("segment", "level"))


def _plan(parts: dict[str, Evidence]) -> Plan:
    shares, held = [], []
    for key, part in parts.items():
        what, _, category = key.partition("/")
        wide = cast(ClientCounts, part).cells.pivot(index="segment", columns="level", values="clients")
        if what == OFFER:  # what nobody of a segment would be offered has no cell
            cells = cast(ClientCounts, part).cells
            there = pd.crosstab(cells["segment"], cells["level"]).reindex_like(wide)
            wide = wide.where(there > 0, 0.0)
        total = wide.sum(axis=1, skipna=False)
        if what == HELD:
            held += _beside_others(wide.reindex(columns=[YES, NO], fill_value=0.0), total, category)
            continue
        for segment in wide.index:
            n = float(total[segment])
            for level in wide.columns:
                share = float(wide.loc[segment, level]) / n if n > 0 else np.nan
                shares.append({"segment": str(segment), "what": what, "level": str(level), "share": share, "n": n})
    columns = ["segment", "category", "share", "others", "n", "z"]
    table = pd.DataFrame(held, columns=columns)
    tests = max(int(table["z"].notna().sum()), 1)
    return Plan(
        pd.DataFrame(shares, columns=["segment", "what", "level", "share", "n"]),
        table,
        normal_quantile(1 - ALPHA / tests),
    )


def _beside_others(wide: pd.DataFrame, total: pd.Series, category: str) -> list[dict[str, object]]:
    """Return by segment the share that has something of a category, beside that of all others, and the z of both."""
    lines: list[dict[str, object]] = []
    whole, everybody = float(wide[YES].sum(skipna=False)), float(total.sum(skipna=False))
    for segment in wide.index:
        n, has = float(total[segment]), float(wide.loc[segment, YES])
        rest, others = everybody - n, whole - has
        share, beside, z = (has / n if n > 0 else np.nan), (others / rest if rest > 0 else np.nan), np.nan
        if n > 0 and rest > 0:
            pooled = whole / everybody
            spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
            z = (share - beside) / spread if spread > 0 else 0.0
        head = {"segment": str(segment), "category": category}
        lines.append(head | {"share": share, "others": beside, "n": n, "z": z})
    return lines
