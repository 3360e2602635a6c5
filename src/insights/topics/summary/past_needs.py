"""How the first purchases that past packs foretold came out."""

from typing import Any, cast

from insights.data.snapshot import Bank
from insights.models.memory.came_needs import came_of_needs
from insights.models.memory.scored import Scored
from insights.stats.ratios import ratio_of_sums
from insights.stats.results import Estimate
from insights.topics.evidence import Answer, Estimates, NotAvailable
from insights.topics.rows import estimates, line
from insights.topics.summary.pack import Pack
from insights.topics.summary.past import DUE, fifths_of, looked_back, scores_of

ID = "summary.past_needs"
RATIO, FORETOLD = "ratio", "foretold"


def past_needs(pack: Pack, bank: Bank) -> Answer | NotAvailable:
    """Score what earlier packs foretold of first purchases; NotAvailable until one of them is three months old.

    Evidence: ``scores`` and ``fifths`` as for leaving; ``kinds`` what came over what was foretold, by category.
    """
    found = looked_back(pack, bank, "past_needs", came_of_needs)
    if not isinstance(found, Scored):
        return NotAvailable(ID, (DUE,))
    return Answer(
        id=ID,
        kind=ID,
        evidence={"scores": scores_of(found), "fifths": fifths_of(found), "kinds": _kinds(found)},
        estimate=lambda parts: {name: cast(Estimates, part).rows for name, part in parts.items()},
        facts={"months": found.months, "packs": sorted(found.by_day)},
    )


def _kinds(found: Scored) -> Estimates:
    rows: list[dict[str, Any]] = []
    for kind, own in found.frame.groupby("kind"):
        came = own["came"].astype(float)
        ratio = ratio_of_sums(came, own["risk"], cluster=own["client_id"], unit="ratio", positive=True)
        clients, events = float(own["client_id"].nunique()), float(own.loc[own["came"], "client_id"].nunique())
        rows.append({"kind": str(kind), "score": RATIO} | line(ratio, clients, events))
        share = Estimate(float(own["risk"].mean()), float("nan"), float("nan"), "share", int(clients))
        rows.append({"kind": str(kind), "score": FORETOLD} | line(share, clients))
    return estimates(rows, "kind", "score", parts_of=("score",))
