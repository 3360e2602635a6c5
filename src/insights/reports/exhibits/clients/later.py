"""What the segments of a year ago foretold, in outcomes that did not build them."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label, segments_basis, told
from insights.reports.exhibits.rows import check_row, count_row, estimate_row, interval
from insights.stats.results import NotEstimable
from insights.topics.clients.later import LEAVING, MONEY, Later
from insights.topics.evidence import Answer

ALPHA = 0.05
_TELLS = {
    (True, True): Message("Segments of a year ago foretold who left and what money came"),
    (True, False): Message("Segments of a year ago foretold who left, but not what money came"),
    (False, True): Message("Segments of a year ago foretold what money came, but not who left"),
    (False, False): Message(
        "Neither leaving nor new money of the year after differs between segments by more than chance"
    ),
}


def later(answer: Answer, found: Later, bank: Bank) -> Exhibit:
    """Say whether leaving and net new money of the year since differ between segments by more than chance."""
    facts, names = answer.facts, [str(n) for n in answer.facts["names"]]
    left, money = (found.tests[name].p_value for name in (LEAVING, MONEY))
    values: dict[str, Any] = {"left": left, "money": money, "start": facts["start"], "end": facts["end"]}
    if left is not None and money is not None:
        title = _TELLS[(left < ALPHA, money < ALPHA)]
        sentence = Message(
            "Between the segments, differences as large come by chance alone with p {left:p} in leaving and p "
            "{money:p} in net new money.",
            values,
        )
    elif left is not None:
        title = (
            Message("Segments of a year ago foretold who left")
            if left < ALPHA
            else Message("Segments of a year ago did not foretell who left")
        )
        sentence = Message(
            "Between the segments, differences in leaving as large come by chance alone with p {left:p}.", values
        )
    else:
        title = Message("What became of each segment in a year")
        sentence = Message("The segments are too small, or too few left, to test whether they differ.")
    bars = [
        {"label": segment_label(n, bank), "value": e.value, "low": e.low, "high": e.high}
        if (e := found.leaving.get(n)) is not None
        else {"label": segment_label(n, bank), "value": None}
        for n in names
    ]
    columns = [
        Column("segment", Message("Segment a year ago")),
        Column("clients", Message("Clients then"), "count"),
        Column("left", Message("Left within twelve months (95% interval)")),
    ]
    if found.money:
        columns.append(Column("money", Message("Net new money, share of the assets then (95% interval)")))
    rows = tuple(
        {
            "segment": segment_label(n, bank),
            "clients": told(found.clients.get(n, math.nan)),
            "left": None if found.leaving.get(n) is None else interval(found.leaving[n] or _NONE, "percent"),
            "money": None if found.money.get(n) is None else interval(found.money[n] or _NONE, "percent"),
        }
        for n in names
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(sentence,),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Left within twelve months")},
            Message("Share that left by segment a year ago. {title}.", {"title": title}),
        ),
        tables=(Table(tuple(columns), rows, Message("The year after, by segment at its beginning")),),
        basis=segments_basis(
            bank,
            facts,
            Message("Clients in force on {start:date}, followed to {end:date}.", values),
            Message(
                "The segments were made of what was known on {start:date}; nothing later has a part in them.", values
            )
            if facts["source"] != "own"
            else Message("The segments are those that the bank had given by {start:date}.", values),
        ),
        caveats=(
            Message(
                "Whether segments differ in assets, tolerance or experience is not tested: they were made to differ in "
                "these."
            ),
            Message("One year is one trial. A difference between segments is not the effect of being in one."),
            *(
                (Message("Net new money is that of clients while they were there; what leavers took is not in it."),)
                if found.money
                else ()
            ),
        ),
        estimates=tuple(_estimates(found, names)),
        checks=tuple(check_row(found.tests[name]) for name in (LEAVING, MONEY)),
    )


_NONE = NotEstimable("withheld")


def _estimates(found: Later, names: list[str]) -> list[dict[str, Any]]:
    rows = []
    for n in names:
        group = {"segment": n}
        rows.append(count_row("clients", found.clients.get(n), unit="clients", group=group))
        rows.append(estimate_row("left_12m", found.leaving.get(n) or _NONE, group=group, months=12))
        if found.money:
            rows.append(estimate_row("net_new_money_share", found.money.get(n) or _NONE, group=group, months=12))
    return rows
