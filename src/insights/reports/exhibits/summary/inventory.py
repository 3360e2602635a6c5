"""For whoever validates: what each model is for and not for, what it rests on, what breaks it, and how it did."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Paragraph, Table
from insights.reports.exhibits.rows import SHOWN, dated
from insights.reports.exhibits.summary.models import ASSUMES, BREAKS, DATA, MEASURES, NAMES, NEVER, PURPOSE
from insights.reports.exhibits.told import INTERVALS
from insights.reports.wording.labels import REPORTS
from insights.topics.evidence import Answer


def inventory(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Tell the models in use one by one, and the tests that the reports made."""
    models, tested, tests = answer.facts["models"], parts["tested"], parts["tests"].to_dict("records")
    known = [name for name, _ in models if (tested["model"] == name).any()]
    return Exhibit(
        id=answer.id,
        title=Message(
            "{n:count} models are in use; how {m:count} of them did out of time is told in this pack",
            {"n": len(models), "m": len(known)},
        ),
        sentences=(
            Message("Fingerprints of data, settings and code, package versions and the seed stand in the stamp below."),
        ),
        tables=(_tests(tests),),
        paragraphs=tuple(_paragraph(name, report, tested) for name, report in models),
        basis=dated(
            bank, Message("Tests are those of all findings of the pack; each states its null hypothesis there.")
        ),
        caveats=(
            Message(
                "Of twenty tests of what is true one is rejected by chance. Where the rejections matter, the report "
                "says so beside the finding."
            ),
        ),
        estimates=tuple(_estimate(r) for r in tests),
    )


def _paragraph(name: str, report: str, tested: pd.DataFrame) -> Paragraph:
    own = [
        Message(MEASURES[str(r["measure"]), str(r["way"])].id, {"told": _told(r)})
        for r in tested[tested["model"] == name].to_dict("records")
    ]
    did = Message("Out of time: {told}.", {"told": own}) if own else Message("Out of time: not told in this pack.")
    said = (
        Message("For: {what}.", {"what": PURPOSE[name]}),
        Message("Not for: {what}.", {"what": NEVER[name]}),
        Message("Rests on: {what}.", {"what": DATA[name]}),
        Message("Assumes: {what}.", {"what": ASSUMES[name]}),
        Message("Breaks with: {what}.", {"what": BREAKS[name]}),
        did,
    )
    return Paragraph(NAMES[name], report, said)


def _told(row: dict[Any, Any]) -> Message:
    kind = "percent" if row["measure"] in ("precision", "forecast_skill") else "number"
    return Message(INTERVALS[kind].id, {"value": row["value"], "low": row["low"], "high": row["high"]})


def _tests(rows: list[dict[Any, Any]]) -> Table:
    columns = (
        Column("report", Message("Report")),
        Column("questions", Message("Questions"), "count"),
        Column("answered", Message("Answered"), "count"),
        Column("made", Message("Tests made"), "count"),
        Column("rejected", Message("Rejected at 5%"), "count"),
        Column("reasoned", Message("Not possible, with the reason"), "count"),
    )
    told = tuple(
        {"report": REPORTS.get(str(r["report"]), str(r["report"]))}
        | {k: r[k] for k in ("questions", "answered", "made", "rejected", "reasoned")}
        for r in rows
    )
    return Table(columns, told, Message("Questions and tests by report"))


def _estimate(row: dict[Any, Any]) -> dict[str, Any]:
    empty: dict[str, Any] = dict.fromkeys(("months", "low", "high", "level", "n", "n_events"))
    head = {"name": "tests_rejected", "group": {"report": str(row["report"])}, "value": row["rejected"]}
    return head | empty | {"unit": "tests", "status": SHOWN}
