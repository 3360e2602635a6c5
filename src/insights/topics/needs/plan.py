"""The service plan of each segment: what to offer, what it lacks beside others, and how its clients get in touch."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.needs.offers import best_suited
from insights.models.needs.rows import NeedRows
from insights.models.needs.trials import Trials, trials
from insights.models.preference import CHANNEL, TIME, Preferred, preference
from insights.models.preference import NEEDS as CONTACTS
from insights.models.segments.model import Segments, client_segments, segment_needs
from insights.stats.multiplicity import holm
from insights.stats.proportions import same_shares
from insights.topics.evidence import Answer, ClientCounts, Estimates, Evidence, NotAvailable, client_counts
from insights.topics.needs.offers import REST
from insights.topics.needs.shared import every_cell, need_facts, refused, rows_of
from insights.topics.rows import estimates, plain

ID = "needs.plan"
OFFER, HELD, ALL, COMMON = "offer", "held", "all", "common"
YES, NO = "yes", "no"
OTHERS = "other_levels"
"""Channels, or parts of the day, of which too little may be told one by one."""


@dataclass(frozen=True)
class Plan:
    """``shares``: segment, what ("offer", "channel", "time"), level, share of the segment's clients, n; nan: withheld.

    Of offers, kinds that too few of the segment would be offered are put together as ``REST``; each of them is no more
    frequent than those told one by one. Channel and time are told where what a client did before told his next contact
    better than what most do; ``common`` by what has what most do otherwise: level, value (share of all contacts).
    ``held``: segment, category, share of those whom it suits who have (or had) it, others (the same of the clients of
    all other segments), n, p (that both are the same, adjusted for all comparisons by Holm; nan: too few to tell).
    """

    shares: pd.DataFrame
    held: pd.DataFrame
    common: pd.DataFrame


def plan(bank: Bank) -> Answer | NotAvailable:
    """Count in each segment who would be offered what first, who has what, and how clients get in touch."""
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
    offered = pd.DataFrame({"level": kinds[rows.products.category[best[own]]], "household": home[own]})
    for name in found.names:
        if (label[own] == name).any():
            evidence[f"{OFFER}/{name}"] = client_counts(offered[label[own] == name], ("level",), rest=REST)
    held, suits = rows.held(rows.last), rows.suits(rows.last)
    for k, category in enumerate(rows.products.categories):
        asked = there & (held[:, k] | suits[:, k])
        level = np.where(held[asked, k], YES, NO).astype(object)
        evidence[f"{HELD}/{category}"] = _counted(label[asked], level, home[asked])
    facts = need_facts(bank, rows, cast(Trials, trials(bank)))
    common = []
    if not bank.needs(*CONTACTS):
        every = preference(bank)
        for name in (CHANNEL, TIME):
            told = getattr(every, name)
            if isinstance(told, Preferred) and not every.tells(name):
                most, n = told.most, float(len(told.client_id))
                common.append(plain(float(told.common[most]), "share", n, what=name, level=told.names[most]))
            elif isinstance(told, Preferred):
                at = pd.Index(rows.months.client_id).get_indexer(pd.Index(told.client_id))
                known = (at >= 0) & there[at]
                # A channel that hardly anybody prefers would withhold all the others.
                own = pd.DataFrame(
                    {"segment": label[at[known]], "level": told.first[known], "household": home[at[known]]}
                )
                evidence[name] = every_cell(own, "level", "segment", OTHERS)
                evidence[f"{ALL}/{name}"] = _sizes(label[at[known]], home[at[known]])
    evidence[COMMON] = estimates(common, "what", "level")
    rules = bank.settings.segments
    facts |= {"names": found.names, "source": found.source}
    facts["treatments"] = {name: rules.treatment(found.traits[name], name) for name in found.names}
    return Answer(ID, ID, evidence, _plan, facts)


def _counted(segment: np.ndarray, level: np.ndarray, home: np.ndarray) -> ClientCounts:
    """Return the clients by segment and level, those of whom there is none included."""
    return every_cell(pd.DataFrame({"segment": segment, "level": level, "household": home}), "segment", "level")


def _sizes(segment: np.ndarray, home: np.ndarray) -> ClientCounts:
    """Return the clients by segment: a share can be told of a level although another level is withheld."""
    return client_counts(pd.DataFrame({"segment": segment, "household": home}), ("segment",))


def _plan(parts: dict[str, Evidence]) -> Plan:
    shares, held = [], []
    for key, part in parts.items():
        what, _, category = key.partition("/")
        if what in (ALL, COMMON):
            continue
        if what == OFFER:
            cells = cast(ClientCounts, part).cells
            told = dict(zip(cells["level"].astype(str), cells["clients"].astype(float), strict=True))
            n = sum(told.values())
            shares += [
                _share(category, what, level, count / n if n > 0 else np.nan, n) for level, count in told.items()
            ]
            continue
        wide = cast(ClientCounts, part).cells.pivot(index="segment", columns="level", values="clients")
        if what == HELD:
            total = wide.sum(axis=1, skipna=False)
            held += _beside_others(wide.reindex(columns=[YES, NO], fill_value=0.0), total, category)
            continue
        total = cast(ClientCounts, parts[f"{ALL}/{what}"]).cells.set_index("segment")["clients"]
        for segment in wide.index:
            n = float(total[segment])
            for level in wide.columns:
                share = float(wide.loc[segment, level]) / n if n > 0 else np.nan
                shares.append(_share(str(segment), what, str(level), share, n))
    table = pd.DataFrame(held, columns=["segment", "category", "share", "others", "n", "p"])
    table["p"] = holm(table["p"].to_numpy(float))
    common = cast(Estimates, parts[COMMON]).rows
    return Plan(pd.DataFrame(shares, columns=["segment", "what", "level", "share", "n"]), table, common)


def _share(segment: str, what: str, level: str, share: float, n: float) -> dict[str, object]:
    return {"segment": segment, "what": what, "level": level, "share": share, "n": n}


def _beside_others(wide: pd.DataFrame, total: pd.Series, category: str) -> list[dict[str, object]]:
    """Return by segment the share that has something of a category, beside that of all others, and their test."""
    lines: list[dict[str, object]] = []
    whole, everybody = float(wide[YES].sum(skipna=False)), float(total.sum(skipna=False))
    for segment in wide.index:
        n, has = float(total[segment]), float(wide.loc[segment, YES])
        rest, others = everybody - n, whole - has
        share, beside, p = (has / n if n > 0 else np.nan), (others / rest if rest > 0 else np.nan), None
        if np.isfinite(share) and np.isfinite(beside):  # a cell that is withheld is in neither
            p = same_shares((has, others), (n, rest)).p_value
        head = {"segment": str(segment), "category": category}
        lines.append(head | {"share": share, "others": beside, "n": n, "p": np.nan if p is None else p})
    return lines
