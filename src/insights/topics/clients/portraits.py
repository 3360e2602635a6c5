"""Portraits: what the clients of each segment are like beside all clients, in what did not make the segments."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.portraits import NO, YES, Attribute, attributes
from insights.models.segments.model import Segments
from insights.models.segments.variables import last_day
from insights.models.value.book import client_book
from insights.models.value.margins import MARGIN, client_margins
from insights.stats.intervals import normal_quantile
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Evidence,
    MoneySums,
    NotAvailable,
    money_sums,
    with_households,
)

ID = "clients.portraits"
MOST = 8
"""So many levels of an attribute are told, the most frequent ones."""
OTHERS = "other_levels"
ALPHA = 0.05


@dataclass(frozen=True)
class Portraits:
    """What clients are like.

    ``shares``: segment, attribute, level, share, of_all, n (clients known), z (against all others); nan where
    withheld. ``beyond``: the z beyond which a difference is more than chance, allowing for the number of comparisons.
    ``money`` by segment: assets and value, each per client (nan where withheld).
    """

    shares: pd.DataFrame
    beyond: float
    money: pd.DataFrame


def portraits(bank: Bank) -> Answer | NotAvailable:
    """Count in each segment who is how old, does what, uses which channel, speaks of what, and holds what."""
    found = segments_of(bank, ID)
    if not isinstance(found, Segments):
        return found
    label = pd.Series(found.labels(found.last), index=found.months.client_id)
    label = label[label != ""]
    told = attributes(bank, label.index.to_numpy(object))
    rules = bank.settings.disclosure
    least = rules.min_clients if rules.mode == "bank" else 1
    evidence: dict[str, Evidence] = {}
    for attribute in told:
        evidence |= _counts(bank, attribute, label, least)
    book, margins = client_book(bank), client_margins(bank)
    assert book is not None
    assert margins is not None
    frame = book.assign(segment=label.reindex(book["client_id"]).to_numpy()).dropna(subset=["segment"])
    sizes = label.value_counts()
    whole = pd.DataFrame({"segment": label.to_numpy(), "household": household_of(bank, label.index)})
    evidence["clients"] = with_households(
        pd.DataFrame({"segment": sizes.index, "clients": sizes.to_numpy()}), whole, ("segment",)
    )
    evidence["assets"] = money_sums(frame, ("segment",), "assets")
    if margins.basis == MARGIN:
        evidence["value"] = money_sums(frame, ("segment",), "value")
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _portraits(evidence, found.names),
        facts={
            "names": found.names,
            "source": found.source,
            "variables": found.variables,
            "attributes": {a.name: (a.domain, a.many) for a in told},
            "end": last_day(found.months, found.last),
        },
    )


def _counts(bank: Bank, attribute: Attribute, label: pd.Series, least: int) -> dict[str, Evidence]:
    """Return the clients by segment and level; of an attribute with several levels a table for each of them."""
    rows = attribute.rows.assign(segment=label.reindex(attribute.rows["client_id"]).to_numpy())
    often = rows["level"].value_counts().sort_index().sort_values(ascending=False, kind="stable")
    top = often.index[:MOST]
    if not attribute.many:
        kept = tellable_levels(rows, list(top), least)
        own = rows.assign(level=rows["level"].where(rows["level"].isin(kept), OTHERS))
        own = own.assign(household=household_of(bank, own["client_id"]))
        # A level that nobody of a segment has is a share of 0, and not one that is not known.
        counts = pd.crosstab(own["segment"], own["level"]).rename_axis(columns=None).reset_index()
        cells = counts.melt("segment", var_name="level", value_name="clients")
        return {attribute.name: with_households(cells, own, ("segment", "level"))}
    everybody = label.reindex(attribute.known)
    known = everybody.value_counts()
    home = household_of(bank, attribute.known)
    made: dict[str, Evidence] = {}
    for level in top:
        has = rows[rows["level"] == level]["segment"].value_counts().reindex(known.index, fill_value=0)
        cells = pd.DataFrame(
            {
                "segment": [*known.index, *known.index],
                "level": [YES] * len(known) + [NO] * len(known),
                "clients": [*has, *(known - has)],
            }
        )
        having = pd.Series(attribute.known).isin(rows.loc[rows["level"] == level, "client_id"])
        own = pd.DataFrame({"segment": everybody.to_numpy(), "level": np.where(having, YES, NO), "household": home})
        made[f"{attribute.name}/{level}"] = with_households(cells, own, ("segment", "level"))
    return made


def tellable_levels(rows: pd.DataFrame, levels: list[str], least: int) -> list[str]:
    """Return the levels of which no segment has too few clients; the others are put together, with more if need be."""
    counts = rows.groupby(["segment", "level"]).size().unstack(fill_value=0)
    few = [level for level in levels if ((counts[level] > 0) & (counts[level] < least)).any()]
    kept = [level for level in levels if level not in few]
    while kept:
        rest = counts[[level for level in counts if level not in kept]].sum(axis=1)
        if not ((rest > 0) & (rest < least)).any():
            break
        kept.pop()  # the least frequent one joins them
    return kept


def _portraits(evidence: dict[str, Evidence], names: tuple[str, ...]) -> Portraits:
    rows = []
    for key, part in evidence.items():
        if not isinstance(part, ClientCounts) or part.dims != ("segment", "level"):
            continue
        name, _, level = key.partition("/")
        wide = part.cells.pivot(index="segment", columns="level", values="clients")
        total = wide.sum(axis=1, skipna=False)
        for column in [YES] if level else list(wide.columns):
            own = wide[column]
            whole, everybody = float(own.sum(skipna=False)), float(total.sum(skipna=False))
            for segment in wide.index:
                n, count = float(total[segment]), float(own[segment])
                rest, others = everybody - n, whole - count
                z = np.nan
                if n > 0 and rest > 0 and whole > 0:
                    pooled = whole / everybody
                    spread = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / rest))
                    z = (count / n - others / rest) / spread if spread > 0 else 0.0
                head = {"segment": str(segment), "attribute": name, "level": level or str(column), "n": n, "z": z}
                of_all = whole / everybody if everybody > 0 else np.nan
                rows.append(head | {"share": count / n if n > 0 else np.nan, "of_all": of_all})
    columns = ["segment", "attribute", "level", "share", "of_all", "n", "z"]
    shares = pd.DataFrame(rows, columns=columns)
    tests = max(int(shares["z"].notna().sum()), 1)
    sizes = cast(ClientCounts, evidence["clients"]).cells.set_index("segment")["clients"]
    money = pd.DataFrame({"segment": list(names)}).set_index("segment")
    for name in ("assets", "value"):
        if name in evidence:
            sums = cast(MoneySums, evidence[name]).cells.set_index("segment")["amount"].reindex(list(names))
            money[name] = sums / sizes.reindex(list(names))
    return Portraits(shares, normal_quantile(1 - ALPHA / tests), money.reset_index())
