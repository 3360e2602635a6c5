"""What became of the warnings that earlier packs raised."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import check_row, dated, estimate_row
from insights.reports.exhibits.told import cell
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.risk.foretold import OTHERS, WARNED, Warnings

NAMES = {
    "papers": Message("Identity papers expired, or about to"),
    "profile": Message("Stale risk profile"),
    "suitability": Message("Products above the risk accepted"),
    "credit": Message("Loan late, in default or near its collateral"),
    "market": Message("More to lose in markets than accepted"),
}
RISKS = {
    "suitability": Message("Products above the risk accepted: the client leaves within a year"),
    "credit": Message("A loan late or near its collateral: it defaults within a year"),
}


def settled(answer: Answer, found: Warnings, bank: Bank) -> Exhibit:
    """Say how many warnings are settled, and whether what they warned of came more often than without a warning."""
    facts = answer.facts
    tables = [_settled(found, facts)]
    if found.followed:
        tables.append(_followed(found, facts))
    return Exhibit(
        id=answer.id,
        title=_title(found, facts),
        sentences=_sentences(found),
        tables=tuple(tables),
        basis=dated(
            bank,
            Message(
                "The register of risks as the run of {day:date} wrote it down; a client counts once for each risk.",
                {"day": facts["settled"]},
            ),
        ),
        caveats=(
            Message(
                "Settled means that the register of today no longer holds it: the client acted, the bank did, or he "
                "left. A warning that was heeded prevents what it warned of, and then looks like a false alarm."
            ),
        ),
        estimates=tuple(_estimates(found)),
        checks=tuple(check_row(test) for test in found.tests.values()),
    )


def _title(found: Warnings, facts: dict[str, Any]) -> Message:
    whole = together(found)
    if whole is None:
        return Message("What became of the warnings of {day:date} cannot be told", {"day": facts["settled"]})
    values = {"day": facts["settled"], "share": whole[0], "n": whole[1]}
    return Message("{share:share} of the {n:count} warnings of {day:date} are settled", values)


def together(found: Warnings) -> tuple[float, float] | None:
    """Return the share of all warnings that is settled, and how many there are: those of the risks that are told."""
    told = [e for e in found.settled.values() if e is not None]
    n = float(sum(e.n for e in told))
    return (sum(e.value * e.n for e in told) / n, n) if n else None


def _sentences(found: Warnings) -> tuple[Message, ...]:
    said = []
    for risk, label in RISKS.items():
        one, other = (found.followed.get((risk, side)) for side in (WARNED, OTHERS))
        test = found.tests.get(risk)
        if one is None or other is None or test is None or test.p_value is None:
            continue
        values = {"what": label, "a": one.value, "b": other.value}
        if test.p_value < 0.05 and one.value > other.value:
            said.append(Message("{what}: {a:percent} of those warned of, {b:percent} of the others.", values))
        else:
            said.append(
                Message("{what}: {a:percent} of those warned of, {b:percent} of the others; within chance.", values)
            )
    return tuple(said)


def _settled(found: Warnings, facts: dict[str, Any]) -> Table:
    rows = tuple(
        {"reason": label, "n": None if e is None else float(e.n), "share": cell(e, "percent")}
        for r, label in NAMES.items()
        if (e := found.settled.get(r)) is not None or r in found.settled
    )
    columns = (
        Column("reason", Message("Open risk then")),
        Column("n", Message("Clients"), "count"),
        Column("share", Message("Settled by now")),
    )
    return Table(columns, rows, Message("Warnings of {day:date}", {"day": facts["settled"]}))


def _followed(found: Warnings, facts: dict[str, Any]) -> Table:
    rows = tuple(
        {"what": label, "warned": cell(found.followed.get((r, WARNED)), "percent")}
        | {"others": cell(found.followed.get((r, OTHERS)), "percent")}
        for r, label in RISKS.items()
        if (r, WARNED) in found.followed or (r, OTHERS) in found.followed
    )
    columns = (
        Column("what", Message("Warning, and what it warned of")),
        Column("warned", Message("Of those warned of")),
        Column("others", Message("Of the others")),
    )
    return Table(columns, rows, Message("What followed the warnings of {day:date}", {"day": facts["followed"]}))


def _estimates(found: Warnings) -> list[dict[str, Any]]:
    lines = [_row("settled", e, {"risk": r}, None) for r, e in sorted(found.settled.items())]
    if (whole := together(found)) is not None:
        lines.append(_row("settled", Estimate(whole[0], math.nan, math.nan, "share", int(whole[1])), {}, None))
    return lines + [
        _row("followed", e, {"risk": risk, "who": side}, 12) for (risk, side), e in sorted(found.followed.items())
    ]


def _row(name: str, found: Estimate | None, group: dict[str, str], months: int | None) -> dict[str, Any]:
    if found is not None:
        told = estimate_row(name, found, group=group, months=months)
        return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in told.items()}
    empty: dict[str, Any] = dict.fromkeys(("value", "low", "high", "level", "n", "n_events"))
    return {"name": name, "group": group, "months": months, **empty, "unit": "share", "status": "suppressed"}
