"""What the last month looks like: exits, balances, revenue."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row, dated, records
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer


def exits(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show how many clients left in each month."""
    shown = cells.dropna(subset=["clients"])
    if shown.empty:
        return _nothing(answer, bank)
    last = records(cells)[-1]
    values: dict[str, Any] = {"n": last["clients"], "month": last["month"]}
    values |= {"least": float(shown["clients"].min()), "most": float(shown["clients"].max())}
    title = (
        Message("Clients who left, month by month", values)
        if last["clients"] is None
        else Message("{n:count} clients left in {month:month}", values)
    )
    series = {
        "label": Message("Clients who left"),
        "dates": list(cells["month"]),
        "values": [r["clients"] for r in records(cells)],
    }
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(Message("Between {least:count} and {most:count} left in the months shown.", values),),
        figure=Figure(
            "lines",
            {"series": [series], "y_kind": "count", "y_label": Message("Clients who left")},
            Message("Clients who left by month. {title}.", {"title": title}),
        ),
        basis=basis(bank, Message("A count of all clients, not a sample: it has no interval.")),
        estimates=tuple(
            count_row("exits", r["clients"], unit="clients", group={"month": r["month"]}) for r in records(cells)
        ),
    )


def balances(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show how many clients hold how much."""
    shown = cells.dropna(subset=["clients"])
    if shown.empty:
        return _nothing(answer, bank)
    edges, month = answer.facts["edges"], f"{answer.facts['month']:%Y-%m}"
    labels = {int(b): _band(edges, int(b)) for b in cells["band"]}
    top = shown.sort_values("clients", kind="stable").iloc[-1]
    values = {"band": labels[int(top["band"])], "n": float(top["clients"]), "month": month}
    title = Message("At the end of {month:month} clients most often held {band}", values)
    bars = [{"label": labels[int(r["band"])], "value": r["clients"]} for r in records(cells)]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(Message("{n:count} clients are in this band, the largest of all.", values),),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "count", "x_label": Message("Clients"), "in_order": True},
            Message("Clients by the sum of their balances. {title}.", {"title": title}),
        ),
        basis=dated(bank, Message("Balances of all categories together; clients without a balance are not counted.")),
        estimates=tuple(
            count_row("clients", r["clients"], unit="clients", group=_limits(edges, int(r["band"])))
            for r in records(cells)
        ),
    )


def revenue(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show what the bank earned and what serving the clients cost."""
    if cells.dropna(subset=["amount"]).empty:
        return _nothing(answer, bank)
    month = f"{answer.facts['month']:%Y-%m}"
    complete = bool(cells["amount"].notna().all())
    values: dict[str, Any] = {"month": month, "net": float(cells["amount"].sum()) if complete else None}
    title = (
        Message("In {month:month} clients brought {net:money} after the cost of serving them", values)
        if complete
        else Message("Revenue and cost of {month:month} by kind", values)
    )
    rows = tuple(
        {"kind": code_label("kind", r["kind"], bank.settings.labels), "clients": r["clients"], "amount": r["amount"]}
        for r in records(cells)
    )
    columns = (
        Column("kind", Message("Kind")),
        Column("clients", Message("Clients"), "count"),
        Column("amount", Message("Amount"), "money"),
    )
    bars = [{"label": r["kind"], "value": r["amount"]} for r in rows]
    values |= {
        "earned": float(cells["amount"].clip(lower=0).sum()),
        "cost": float(-cells["amount"].clip(upper=0).sum()),
    }
    both = complete and values["earned"] > 0 and values["cost"] > 0
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(Message("{earned:money} came in; serving the clients cost {cost:money}.", values),) if both else (),
        figure=Figure(
            "bars", {"bars": bars, "kind": "money"}, Message("Revenue and cost by kind. {title}.", {"title": title})
        ),
        tables=(Table(columns, rows, Message("Revenue and cost of one month; costs are negative")),),
        basis=dated(bank),
        estimates=tuple(
            count_row("revenue", r["amount"], unit=bank.settings.bank.currency, group={"kind": r["kind"]})
            for r in records(cells)
        ),
    )


def _band(edges: list[float], band: int) -> Message:
    low, high = edges[band], edges[band + 1]
    if math.isinf(low):
        return Message("less than {high:money}", {"high": high})
    if math.isinf(high):
        return Message("{low:money} or more", {"low": low})
    return Message("{low:money} to {high:money}", {"low": low, "high": high})


def _limits(edges: list[float], band: int) -> dict[str, str]:
    """Return the band as a finding keeps it: from (inclusive) and below (exclusive), empty where it has no end."""
    low, high = edges[band], edges[band + 1]
    return {"from": "" if math.isinf(low) else f"{low:.0f}", "below": "" if math.isinf(high) else f"{high:.0f}"}


def _nothing(answer: Answer, bank: Bank) -> Exhibit:
    return Exhibit(
        id=answer.id,
        title=Message("Cannot be shown: too few clients"),
        refusals=(Message("There are no rows yet, or too few clients in each part to be shown."),),
        basis=dated(bank),
    )
