"""How the goals of the management stand."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.summary.state import line_estimate
from insights.reports.exhibits.summary.words import GOALS, LINES, absent, amount, target
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer


def goals(answer: Answer, lines: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say how many goals are on track, and for the others whether they are missed or cannot be told."""
    rows = lines.to_dict("records")
    stands = {verdict: [r for r in rows if r["goal"] == verdict] for verdict in GOALS}
    values: dict[str, Any] = {"n": len(stands["met"]), "all": len(rows), "off": len(stands["missed"])}
    columns = [
        Column("line", Message("Goal for")),
        Column("target", Message("Goal")),
        Column("now", Message("Now")),
        Column("goal", Message("How it stands")),
    ]
    if any(r["owner"] for r in rows):
        columns.append(Column("owner", Message("Answers for it")))
    return Exhibit(
        id=answer.id,
        title=Message("{n:count} of {all:count} goals are on track, {off:count} off track", values),
        sentences=tuple(_named(stands)),
        tables=(Table(tuple(columns), tuple(_cells(r, bank) for r in rows)),),
        basis=dated(bank, Message("Goals as set by the management in the settings.")),
        caveats=(
            Message(
                "A goal is on track or off track only where the whole interval lies on one side of it; otherwise it "
                "cannot be told."
            ),
        ),
        estimates=tuple(line_estimate(r) for r in rows),
    )


def _named(stands: dict[str, list[dict[Any, Any]]]) -> list[Message]:
    said = []
    if stands["missed"]:
        said.append(Message("Off track: {lines}.", {"lines": [LINES[r["line"]] for r in stands["missed"]]}))
    if stands["open"]:
        said.append(Message("Cannot be told: {lines}.", {"lines": [LINES[r["line"]] for r in stands["open"]]}))
    return said


def _cells(row: dict[Any, Any], bank: Bank) -> dict[str, Any]:
    now = amount(row["value"], row["low"], row["high"], row["kind"])
    if now is None:
        report = str(row["finding"]).partition(".")[0]
        now = absent(report) if row["status"] == "absent" else Message("not available")
    owner = code_label("owner", str(row["owner"]), bank.settings.labels) if row["owner"] else ""
    return {"line": LINES[row["line"]], "target": target(row), "now": now, "goal": GOALS[row["goal"]], "owner": owner}
