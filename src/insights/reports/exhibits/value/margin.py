"""What the book brought in, by component, and as a return on the assets."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row, records
from insights.reports.exhibits.value.words import component_label, margin_basis, margin_gaps, told
from insights.topics.evidence import Answer
from insights.topics.value.margin import BEFORE, NOW, Margin


def margin(answer: Answer, found: Margin, bank: Bank) -> Exhibit:
    """Say what the book brought in over twelve months, what it is made of, and what it is of the assets."""
    facts, total, assets = answer.facts, found.total(NOW), found.average_assets(NOW)
    values: dict[str, Any] = {"margin": total, "assets": assets, "end": facts["end"]}
    values["bps"] = 1e4 * total / assets if assets > 0 else math.nan
    if math.isnan(total):
        title = Message("What the book brought in cannot be told: too few clients make up most of it")
    elif math.isnan(values["bps"]):
        title = Message("The book brought in {margin:money} in twelve months", values)
    else:
        title = Message(
            "The book brought in {margin:money} in twelve months: {bps:count} basis points of the assets", values
        )
    rows = [r for r in records(found.now) if r["amount"] is not None]
    bars = [{"label": component_label(r["component"]), "value": r["amount"]} for r in rows]
    return Exhibit(
        id=answer.id,
        title=title,
        figure=Figure(
            "bars",
            {
                "bars": bars,
                "kind": "money",
                "in_order": True,
                "x_label": Message("Twelve months to {end:date}", values),
            },
            Message("The margin by component. {title}.", {"title": title}),
        )
        if bars
        else None,
        tables=(_table(found, assets),),
        basis=margin_basis(bank, facts, Message("Twelve months to {end:date}.", values)),
        caveats=(
            Message("Clients who left count with what they brought in until then."),
            Message("Basis points are of the average assets of the month ends; one basis point is 0.01%."),
        ),
        refusals=margin_gaps(facts),
        estimates=tuple(_estimates(found, bank)),
    )


def in_assets(answer: Answer, found: Margin, bank: Bank) -> Exhibit:
    """Say for a bank without revenue that value can only be told in assets."""
    assets = found.average_assets(NOW)
    title = (
        Message("Value is told in assets: {assets:money} on average over twelve months", {"assets": assets})
        if not math.isnan(assets)
        else Message("Value can only be told in assets, and too few clients make up most of them")
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message("Revenue is not delivered, so what a client brings in is not known; this report ranks by assets."),
        ),
        basis=basis(bank),
        refusals=(Message("not available: needs {needs}", {"needs": ["revenue.amount"]}),),
        estimates=(count_row("average_assets", assets, unit=bank.settings.bank.currency),),
    )


def _table(found: Margin, assets: float) -> Table:
    columns = [
        Column("component", Message("Component")),
        Column("now", Message("Last twelve months"), "money"),
        Column("bps", Message("Basis points of assets"), "tenths"),
    ]
    earlier: dict[str, Any] = {}
    if found.before is not None:
        columns.insert(2, Column("before", Message("Twelve months before"), "money"))
        earlier = {r["component"]: r["amount"] for r in records(found.before)}
    rows: list[dict[str, Any]] = []
    for r in records(found.now):
        row = {"component": component_label(r["component"]), "now": r["amount"]}
        row["before"] = earlier.get(r["component"], Message("–"))
        row["bps"] = None if r["amount"] is None or not assets > 0 else 1e4 * r["amount"] / assets
        rows.append(row)
    total, before = found.total(NOW), found.total(BEFORE)
    last = {"component": Message("Margin"), "now": told(total), "before": told(before)}
    rows.append(last | {"bps": 1e4 * total / assets if assets > 0 and not math.isnan(total) else None})
    return Table(tuple(columns), tuple(rows), Message("The margin by component"))


def _estimates(found: Margin, bank: Bank) -> list[dict[str, Any]]:
    unit, lines = bank.settings.bank.currency, []
    for period, frame in ((NOW, found.now), (BEFORE, found.before)):
        for row in records(frame) if frame is not None else ():
            group = {"component": row["component"], "period": period}
            lines.append(count_row("margin", row["amount"], unit=unit, group=group))
    for row in records(found.assets):
        lines.append(count_row("average_assets", row["amount"], unit=unit, group={"period": row["period"]}))
    return lines
