"""What the models of a stream take for granted: their tests, and their parameters."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import find, finding_row
from insights.reports.exhibits.value.stream_words import model_name, stream_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.value.streams import AMOUNTS, RATES, StreamRows

_CLEAR = 0.05
_NAMES = {
    "r": Message("rates: shape r"),
    "alpha": Message("rates: scale alpha"),
    "a": Message("stopping: a"),
    "b": Message("stopping: b"),
    "s": Message("stopping: shape s"),
    "beta": Message("stopping: scale beta"),
    "p": Message("amounts: shape p"),
    "q": Message("amounts: shape q between clients"),
    "gamma": Message("amounts: scale gamma"),
}
_UNITS = {"months": Message("months"), "number": Message("–"), "log rate": Message("logarithm of the rate")}


def stream_checks(answer: Answer, found: StreamRows, bank: Bank) -> Exhibit:
    """Show the tests of what the models take for granted, and their parameters with errors."""
    rows, facts = found["parameters"], answer.facts
    values: dict[str, Any] = {"stream": stream_label(answer, bank)}
    tests = [t for t in (RATES, AMOUNTS) if t == RATES or facts["spend"]]
    p = {t: find(rows, part=t, parameter="independence", measure="p") for t in tests}
    failed = [t for t, e in p.items() if e is not None and e.value < _CLEAR]
    tested = [t for t, e in p.items() if e is not None]
    if failed and len(failed) < len(tested):
        title = Message("{stream}: one of two assumptions of the models does not hold", values)
    elif failed:
        title = Message("{stream}: what the models take for granted does not hold exactly", values)
    elif tested:
        title = Message("{stream}: nothing speaks against what the models take for granted", values)
    else:
        title = Message("{stream}: what the models take for granted cannot be tested", values)
    sentences = [_finding(rows, t, p[t]) for t in tests]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(_test_table(rows, tests, p), _parameter_table(rows)),
        basis=basis(bank, *_checks_basis(facts)),
        caveats=(
            Message(
                "With many clients even a small dependence is found: what it does to the forecast is seen in the test "
                "above."
            ),
        ),
        refusals=tuple(_not_told(facts)),
        estimates=tuple(
            finding_row(f"{r['measure']}_{r['parameter']}", r, group={"part": str(r["part"])})
            for r in rows.to_dict("records")
        ),
    )


def _checks_basis(facts: dict[str, Any]) -> list[Message]:
    said = [
        Message(
            "{model}, by maximum likelihood; errors from the curvature of the likelihood.",
            {"model": model_name(facts["model"])},
        )
    ]
    if facts["covariates"]:
        names = {"names": facts["covariates"]}
        said.append(Message("Attributes are those known when a client first booked: {names}.", names))
    if facts["same_day"]:
        said.append(Message("Bookings of one client on one day count as one."))
    if facts["frauds"]:
        said.append(Message("Bookings found to be fraud are left out."))
    return said


def _finding(rows: Any, test: str, p: Estimate | None) -> Message:
    z = find(rows, part=test, parameter="independence", measure="statistic")
    if p is None or z is None:
        return (
            Message("Whether clients who book more often also stop sooner cannot be told.")
            if test == RATES
            else Message("Whether clients who book more often also spend more cannot be told.")
        )
    clear = p.value < _CLEAR
    if test == RATES:
        if not clear:
            return Message(
                "Clients who book more often stop neither sooner nor later than others, as far as can be told."
            )
        return (
            Message("Clients who book more often also stop sooner than the model takes for granted.")
            if z.value > 0
            else Message("Clients who book more often stop later than the model takes for granted.")
        )
    if not clear:
        return Message("Clients who book more often spend neither more nor less each time, as far as can be told.")
    r = find(rows, part=test, parameter="correlation", measure="value")
    values = {"r": r.value if r else math.nan}
    return (
        Message("Clients who book more often also spend more each time (correlation {r:number}).", values)
        if z.value > 0
        else Message("Clients who book more often spend less each time (correlation {r:number}).", values)
    )


def _test_table(rows: Any, tests: list[str], p: dict[str, Estimate | None]) -> Table:
    nulls = {
        RATES: Message("How often a client books and how readily he stops are independent."),
        AMOUNTS: Message("How often a client books and how much he spends each time are uncorrelated."),
    }
    columns = (
        Column("null", Message("Taken for granted")),
        Column("z", Message("Test statistic"), "number"),
        Column("p", Message("p"), "p"),
    )
    lines = []
    for test in tests:
        z, chance = find(rows, part=test, parameter="independence", measure="statistic"), p[test]
        lines.append(
            {"null": nulls[test], "z": z.value if z else Message("–"), "p": chance.value if chance else Message("–")}
        )
    return Table(columns, tuple(lines), Message("Tests of the assumptions"))


def _parameter_table(rows: Any) -> Table:
    columns = (
        Column("name", Message("Parameter")),
        Column("value", Message("Value")),
        Column("se", Message("Standard error")),
        Column("interval", Message("95% interval")),
        Column("unit", Message("Unit")),
    )
    lines = []
    mine = rows[(rows["measure"] == "value") & ~rows["parameter"].isin(["correlation", "independence"])]
    for r in mine.to_dict("records"):
        e = find(rows, part=r["part"], parameter=r["parameter"], measure="value")
        se = find(rows, part=r["part"], parameter=r["parameter"], measure="se")
        known = e is not None and not math.isnan(e.low)
        lines.append(
            {
                "name": _NAMES.get(str(r["parameter"]), str(r["parameter"])),
                "value": e and Message("{value:number}", {"value": e.value}),
                "se": Message("{value:number}", {"value": se.value}) if se else Message("–"),
                "interval": Message("{low:number} to {high:number}", {"low": e.low, "high": e.high})
                if known and e
                else Message("–"),
                "unit": _UNITS.get(str(r["unit"]), str(r["unit"])),
            }
        )
    return Table(columns, tuple(lines), Message("Parameters"))


def _not_told(facts: dict[str, Any]) -> list[Message]:
    said = []
    if not facts["spend"]:
        said.append(Message("Amounts: too few clients have booked again to say how they differ."))
    if facts["at_bound"]:
        said.append(Message("Clients hardly differ in some of this: parameters without an error have no best value."))
    if facts["infinite"]:
        said.append(Message("Amounts differ so much between clients that their mean is not defined (q at most 1)."))
    if facts["zeros"]:
        said.append(Message("Clients all of whose repeats were for nothing are left out of the amounts."))
    said += [
        Message("Attribute {name} is not used: {why}.", {"name": name, "why": why})
        for name, why in sorted(facts["refused"].items())
    ]
    return said
