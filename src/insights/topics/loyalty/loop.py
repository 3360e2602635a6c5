"""The loop of feedback: what clients said, which of it led to a change, and what satisfaction did afterwards."""

from dataclasses import dataclass
from typing import Any, cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.loyalty.changes import COMPLAINED, NEEDS, Followed, changes
from insights.models.loyalty.feedback import BEFORE, DAYS, NOW, OPEN, SOURCES, Settled, heard, settled
from insights.models.loyalty.followed import MONTHS
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates, Evidence, NotAvailable, RowCounts

ID = "loyalty.loop"
DIFFERENCE, EARLIER = "difference", "earlier"
MEANS = ("reached_before", "reached_after", "others_before", "others_after")
CHANGES, SETTLED, ALREADY = "changes", "settled", "already_settled"
OF_SETTLED = ("complaints.settled_on", "complaints.filed_on", "contacts.satisfaction", "contacts.contacted_on")
NAN = float("nan")


@dataclass(frozen=True)
class Loop:
    """The loop.

    ``heard``: source, topic, before, now, open (entries). ``moved``: change, outcome, row ("difference" of the reached
    to the others, "earlier", and the means of both), value, low, high, p (adjusted), n. ``settled``: row ("settled":
    how much higher marks are once a complaint is settled; "already_settled": their mean), value, low, high, n.
    """

    heard: pd.DataFrame
    moved: pd.DataFrame
    settled: pd.DataFrame


def loop(bank: Bank) -> Answer | NotAvailable:
    """Tell which feedback led to a change, and what satisfaction did after it beside those not (yet) reached."""
    needs = [bank.needs(f"{source}.{day}", f"{source}.topic") for source, day in SOURCES.items()]
    if all(needs):
        return NotAvailable(ID, tuple(n for own in needs for n in own))
    evidence: dict[str, Evidence] = {"heard": RowCounts(heard(bank), ("source", "topic"), (BEFORE, NOW, OPEN))}
    missing = {CHANGES: _missing_for_changes(bank), SETTLED: bank.needs(*OF_SETTLED)}
    told = () if missing[CHANGES] else changes(bank)
    rows = [line for f in told for line in _moved(f)]
    if rows:
        evidence["moved"] = Estimates(pd.DataFrame(rows), ("change", "outcome", "row"))
    refused = {f.change.name: why for f in told if (why := _why(f))}
    if not missing[SETTLED]:
        own = settled(bank)
        if isinstance(own.found, Estimate):
            evidence["settled"] = Estimates(_settled(own, own.found), ("row",))
        else:
            refused[SETTLED] = own.found.reason
    facts = {
        "months": MONTHS,
        "days": DAYS,
        "changes": [
            {"name": f.change.name, "topics": list(f.change.topics), "days": list(f.days), "by_lot": f.by_lot,
             "outcomes": [m.outcome for m in f.moved], "programme": f.change.programme, "cluster": f.cluster}
            for f in told
        ],
        "missing": {name: list(own) for name, own in missing.items() if own},
        "refused": refused,
        "settles": bank.has("complaints", "settled_on"),
    }  # fmt: skip
    return Answer(ID, ID, evidence, _loop, facts)


def _missing_for_changes(bank: Bank) -> tuple[str, ...]:
    missing = [] if bank.settings.loyalty.changes else ["[loyalty] changes"]
    missing += [*bank.needs(*NEEDS, "clients.joined_on", "clients.left_on")]
    return tuple(missing)


def _why(found: Followed) -> str:
    if found.why:
        return found.why
    if any(isinstance(m.found, Estimate) for m in found.moved):
        return ""
    return next((m.found.reason for m in found.moved if isinstance(m.found, NotEstimable)), "no marks are recorded")


def _moved(found: Followed) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = []
    for m in found.moved:
        if not isinstance(m.found, Estimate):
            continue
        share = m.outcome == COMPLAINED
        head = {"change": found.change.name, "outcome": m.outcome, "unit": "share" if share else "points", "p": NAN}
        head |= {"n_events": m.fewest, "low": NAN, "high": NAN}
        both = float(m.reached + m.others)
        ends = {"value": m.found.value, "low": m.found.low, "high": m.found.high, "p": m.p_adjusted, "n": both}
        lines.append(head | {"row": DIFFERENCE} | ends)
        if isinstance(m.earlier, Estimate):
            ends = {"value": m.earlier.value, "low": m.earlier.low, "high": m.earlier.high, "n": float(m.earlier.n)}
            lines.append(head | {"row": EARLIER} | ends)
        means = (m.before[0], m.after[0], m.before[1], m.after[1])
        sizes = (m.reached, m.reached, m.others, m.others)
        lines += [
            head | {"row": row, "value": mean, "n": float(n)} for row, mean, n in zip(MEANS, means, sizes, strict=True)
        ]
    return lines


def _settled(own: Settled, found: Estimate) -> pd.DataFrame:
    lines = [
        {"row": SETTLED, "value": found.value, "low": found.low, "high": found.high},
        {"row": ALREADY, "value": own.mean, "low": NAN, "high": NAN},
    ]
    return pd.DataFrame(lines).assign(unit="points", n=float(own.clients), n_events=float(own.open_contacts))


def _loop(parts: dict[str, Evidence]) -> Loop:
    columns = ["change", "outcome", "row", "value", "low", "high", "p", "n", "n_events", "unit"]
    nothing = pd.DataFrame(columns=columns)
    moved, own = (cast(Estimates, parts[k]).rows if k in parts else nothing for k in ("moved", "settled"))
    return Loop(cast(RowCounts, parts["heard"]).cells, moved, own)
