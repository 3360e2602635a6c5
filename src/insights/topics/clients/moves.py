"""Who moves between segments from one quarter to the next, set against what chance alone would move."""

from dataclasses import dataclass
from typing import cast

import numpy as np
import pandas as pd

from insights.data.snapshot import Bank
from insights.models.households import household_of
from insights.models.segments.later import QUARTER
from insights.models.segments.model import Segments
from insights.models.segments.variables import last_day
from insights.stats.proportions import proportion
from insights.stats.results import Estimate
from insights.topics.clients.refusals import segments_of
from insights.topics.evidence import (
    Answer,
    ClientCounts,
    Estimates,
    Evidence,
    NotAvailable,
    client_counts,
    with_households,
)

ID = "clients.moves"
STAYED, MOVED = "stayed", "moved"
SPANS = (3, 6, 12, 24, 36)


@dataclass(frozen=True)
class Moves:
    """Moves between segments.

    ``shares`` by months: of those there at both ends, the share that is in another segment (None where withheld).
    ``noise``: the share that a new fit to clients drawn anew would sort otherwise, with its range (None for the bank's
    own segments). ``pairs``: clients by segment at the beginning of the longest span (rows) and now (columns).
    """

    shares: dict[int, Estimate | None]
    noise: Estimate | None
    pairs: pd.DataFrame


def moves(bank: Bank) -> Answer | NotAvailable:
    """Count who is in another segment than three months to three years ago, and who of them by chance."""
    found = segments_of(bank, ID, ago=QUARTER, several=True)
    if not isinstance(found, Segments):
        return found
    spans = [ago for ago in SPANS if ago <= found.last]
    now = found.code[:, found.last]
    evidence: dict[str, Evidence] = {}
    for ago in spans:
        evidence[f"span/{ago}"] = moved_since(bank, found, found.last - ago)
    longest = spans[-1]
    then = found.code[:, found.last - longest]
    both = (then >= 0) & (now >= 0)
    names = np.array(found.names, dtype=object)
    pairs = pd.DataFrame({"origin": names[then[both]], "target": names[now[both]]})
    pairs["household"] = household_of(bank, found.months.client_id[both])
    evidence["pairs"] = client_counts(pairs, ("origin", "target"))
    if found.choice is not None and found.choice.stability is not None:
        noise = found.choice.stability.noise
        line = {"what": "noise", "value": float(noise.mean()), "low": float(np.quantile(noise, 0.025))}
        line |= {"high": float(np.quantile(noise, 0.975)), "unit": "share", "n": len(found.fitted), "n_events": np.nan}
        evidence["noise"] = Estimates(pd.DataFrame([line]), ("what",))
    return Answer(
        id=ID,
        kind=ID,
        evidence=evidence,
        estimate=lambda evidence: _moves(evidence, spans, found.names),
        facts={
            "names": found.names,
            "source": found.source,
            "variables": found.variables,
            "spans": tuple(spans),
            "starts": {ago: last_day(found.months, found.last - ago) for ago in spans},
            "end": last_day(found.months, found.last),
        },
    )


def moved_since(bank: Bank, found: Segments, column: int) -> ClientCounts:
    """Return how many of those there at a month's end and now are in another segment."""
    then, now = found.code[:, column], found.code[:, found.last]
    both = (then >= 0) & (now >= 0)
    moved = int((then != now)[both].sum())
    cells = pd.DataFrame({"what": [STAYED, MOVED], "clients": [int(both.sum()) - moved, moved]})
    rows = pd.DataFrame({"what": np.where((then != now)[both], MOVED, STAYED)})
    rows["household"] = household_of(bank, found.months.client_id[both])
    return with_households(cells, rows, ("what",))


def moved_share(evidence: Evidence) -> Estimate | None:
    """Return the share that is in another segment; None where too few are."""
    count = cast(ClientCounts, evidence).cells.set_index("what")["clients"]
    total = float(count.sum(skipna=False))
    return proportion(float(count[MOVED]), total) if total > 0 else None


def _moves(evidence: dict[str, Evidence], spans: list[int], names: tuple[str, ...]) -> Moves:
    shares = {ago: moved_share(evidence[f"span/{ago}"]) for ago in spans}
    cells = cast(ClientCounts, evidence["pairs"]).cells
    wide = cells.pivot(index="origin", columns="target", values="clients")
    order = [n for n in names if n in wide.index], [n for n in names if n in wide.columns]
    noise = None
    if "noise" in evidence:
        row = cast(Estimates, evidence["noise"]).rows.iloc[0]
        noise = Estimate(float(row["value"]), float(row["low"]), float(row["high"]), "share", int(row["n"]))
    return Moves(shares, noise, wide.reindex(index=order[0], columns=order[1]))
