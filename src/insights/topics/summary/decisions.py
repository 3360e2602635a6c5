"""Decisions that the findings of the pack support, each with its size in money: none that they do not.

Each rule names the findings it rests on and what they must say. The evidence is of four kinds, the stronger first: a
programme drawn by lot, what is counted from the books, a forecast that held when it was tested, and what was only
observed.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.trials import MODELS, SAME
from insights.topics.evidence import Answer, Published
from insights.topics.summary.pack import NAN, SHOWN, Findings, Pack, Row

ID = "summary.decisions"
MOST = 3
LOT, COUNTED, TESTED, OBSERVED = "by lot", "counted", "tested", "observed"
STRENGTH = (LOT, COUNTED, TESTED, OBSERVED)


@dataclass(frozen=True)
class Decision:
    """A decision: ``kind`` names its words, ``size`` its money, ``proof`` the number it rests on.

    ``of`` is what it is about (a factor, a category, a programme), ``people`` how many clients it concerns (nan where
    that is not told), ``strength`` of its evidence.
    """

    kind: str
    strength: str
    size: Row
    proof: Row
    of: str = ""
    people: float = NAN


Rule = Callable[[Findings], Iterator[Decision]]


def decisions(pack: Pack, bank: Bank) -> Answer:
    """Return up to three decisions that the findings support, by strength of the evidence, then by size.

    Of the same strength, one whose size has an interval comes before one that only has a bound.
    """
    found = [decision for rule in RULES for decision in rule(pack.now)]
    found.sort(key=lambda d: (STRENGTH.index(d.strength), not d.size.interval, -abs(d.size.value)))
    rows = [
        {"decision": d.kind, "strength": d.strength, "of": d.of, "people": d.people, "finding": d.size.finding}
        | {"value": d.size.value, "low": d.size.low, "high": d.size.high, "status": d.size.status}
        | {"proof": d.proof.finding, "proof_value": d.proof.value, "proof_low": d.proof.low}
        | {"proof_high": d.proof.high}
        for d in found[:MOST]
    ]
    columns = ["decision", "strength", "of", "people", "finding", "value", "low", "high", "status"]
    columns += ["proof", "proof_value", "proof_low", "proof_high"]
    return Answer(
        id=ID,
        kind=ID,
        evidence={"decisions": Published(pd.DataFrame(rows, columns=columns), ("decision", "of"))},
        estimate=lambda evidence: evidence["decisions"].rows,  # type: ignore[union-attr]
        facts={"supported": len(found), "asked": len(RULES)},
    )


def _programme(found: Findings) -> Iterator[Decision]:
    """Offer a retention programme to everybody at risk, where a trial by lot shows that it kept clients and money."""
    kept = found.one("lifecycle.retention", "clients_kept")
    money = found.one("lifecycle.outlook", "kept_by_programme_assets", 12)
    if kept is not None and money is not None and _above(kept) and _above(money):
        title = found.by_id["lifecycle.retention"]["title"]["values"]
        people = found.one("lifecycle.outlook", "kept_by_programme_clients", 12)
        yield Decision("programme", LOT, money, kept, str(title.get("name", "")), people.value if people else NAN)


def _above_risk(found: Findings) -> Iterator[Decision]:
    """Settle products above the risk that clients accept: a fact of the books, and a duty."""
    rows = [r for r in found.rows("clients.risk", "amount_above") if set(r.group) == {"stated"}]
    people = [r for r in found.rows("clients.risk", "clients_with_product_above") if set(r.group) == {"stated"}]
    if rows and people and all(r.told for r in (*rows, *people)) and sum(r.value for r in people) > 0:
        size = _total(rows)
        yield Decision("above_risk", COUNTED, size, _total(people), people=_total(people).value)


def _loans(found: Findings) -> Iterator[Decision]:
    """Secure the loans, where the forecast of defaults held last year: the interval of what came over it holds one."""
    loss, ratio = found.one("risk.credit", "expected_loss", 12), found.one("risk.credit", "observed_expected")
    watched = found.one("risk.credit", "loans", state="watch")
    if loss is not None and _above(loss) and ratio is not None and ratio.interval and ratio.low <= 1 <= ratio.high:
        yield Decision("loans", TESTED, loss, ratio, people=watched.value if watched else NAN)


def _lever(found: Findings) -> Iterator[Decision]:
    """Begin with the factor of loyalty whose improvement keeps most value, where it is clear of zero."""
    rows = [r for r in found.rows("loyalty.levers", "lifetime_value_kept") if set(r.group) == {"factor"} and _above(r)]
    for row in sorted(rows, key=lambda r: -r.value)[:1]:
        proof = found.one("loyalty.levers", "fewer_lost_exits", 12, **dict(row.group))
        if proof is not None and _above(proof):
            yield Decision("lever", OBSERVED, row, proof, row.group["factor"], proof.value)


def _gap(found: Findings) -> Iterator[Decision]:
    """Offer what comparable clients hold, where clients with the gap fill it more often than others take it up."""
    filled, others = (found.one("value.potential", name, 12) for name in ("share_filled", "share_others"))
    if filled is None or others is None or not (filled.interval and others.interval and filled.low > others.high):
        return
    rows = [r for r in found.rows("value.potential", "potential") if set(r.group) == {"kind"} and r.told]
    for row in sorted(rows, key=lambda r: -r.value)[:1]:
        people = found.one("value.potential", "clients", kind=row.group["kind"], state="gap")
        yield Decision("gap", OBSERVED, row, filled, row.group["kind"], people.value if people else NAN)


def _offers(found: Findings) -> Iterator[Decision]:
    """Make the offers that are ready, where past ones named clients who bought more often than the usual guess does.

    The size is what such offers may bring in assets within three months: each with its chance, and what clients like
    these hold of the kind.
    """
    better = [
        r
        for r in found.rows("needs.score", "precision")
        if set(r.group) == {"way", "less"} and r.group["way"] in MODELS and r.group["less"] == SAME and _above(r)
    ]
    ready = [r for r in found.rows("needs.offers", "offers") if set(r.group) == {"category"} and r.told]
    assets, people = 0.0, 0.0
    for row in ready:
        kind = row.group["category"]
        chance = found.one("needs.offers", "offer_bought", 3, category=kind)
        whole = found.one("value.potential", "potential", None, kind=kind)
        lacking = found.one("value.potential", "clients", None, kind=kind, state="gap")
        if chance is not None and whole is not None and lacking is not None and lacking.value > 0:
            assets += row.value * chance.value * whole.value / lacking.value
            people += row.value
    if better and assets > 0:
        size = Row("needs.offers", "offers", {}, 3, assets, NAN, NAN, NAN, "money", NAN, NAN, SHOWN)
        yield Decision("offers", TESTED, size, max(better, key=lambda r: r.value), people=people)


RULES: tuple[Rule, ...] = (_programme, _above_risk, _loans, _offers, _lever, _gap)


def _above(row: Row) -> bool:
    return row.interval and row.low > 0


def _total(rows: list[Row]) -> Row:
    head = rows[0]
    total = math.fsum(r.value for r in rows)
    return Row(head.finding, head.name, {}, head.months, total, NAN, NAN, NAN, head.unit, NAN, NAN, head.status)
