"""What markets and the economy do to first purchases."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.markets import EXPOSURE, LEVEL
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.needs.words import category_label, need_basis
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell_of, finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer

CHANCE = 0.05


def markets(answer: Answer, found: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say which kinds of product are bought more, or less, as markets move, and for whom."""
    title = _title(found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message(
                "A factor of 1.2 means that the odds of a first purchase in the month are a fifth higher when the "
                "series stands one standard deviation higher, for a client of average risk tolerance."
            ),
        ),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=(
            *need_basis(answer, bank)[: -len(dated(bank))],
            Message(
                "A logit of first purchases month by month, of what was published by the end of the month before; of "
                "prices, their gain over three months. The segment of the client, his risk tolerance, assets and "
                "tenure are allowed for, and a steady course over the years. Intervals allow for months, and for "
                "clients, that have something in common."
            ),
            *dated(bank),
        ),
        caveats=(
            Message("A few years hold few ups and downs: what moved at the same time cannot be told from the market."),
            Message("More than chance: at 5 %, allowing for all factors of this table."),
        ),
        estimates=tuple(
            finding_row(
                "first_purchase_odds",
                r,
                group={name: str(r[name]) for name in ("category", "series", "what")},
                months=1,
            )
            for r in found.to_dict("records")
        ),
    )


def _sure(found: pd.DataFrame, what: str) -> list[dict[str, Any]]:
    """Return the factors beyond chance, the strongest first."""
    own = found[(found["what"] == what) & (found["p"] < CHANCE)]
    rows: list[dict[str, Any]] = [{str(k): v for k, v in r.items()} for r in own.to_dict("records")]
    return sorted(rows, key=lambda r: (-max(r["value"], 1 / r["value"]), r["category"], r["series"]))


def _title(found: pd.DataFrame, bank: Bank) -> Message:
    sure = _sure(found, LEVEL)
    if not sure:
        if grows := _sure(found, EXPOSURE):
            first = grows[0]
            return Message(
                "Markets move first purchases by the risk that a client accepts: {kind} most, with {series}",
                _named(first, bank),
            )
        return Message("No kind of product is bought more or less as markets move, by more than chance")
    first = sure[0]
    values = _named(first, bank) | {"x": abs(float(first["value"]) - 1)}
    if first["value"] > 1:
        return Message(
            "Most moved by markets: {kind}, first bought about {x:share} more often with “{series}” a usual swing "
            "higher",
            values,
        )
    return Message(
        "Most moved by markets: {kind}, first bought about {x:share} less often with “{series}” a usual swing higher",
        values,
    )


def _named(r: dict[str, Any], bank: Bank) -> dict[str, Any]:
    return {
        "kind": category_label(str(r["category"]), bank),
        "series": code_label("series", str(r["series"]), bank.settings.labels),
    }


def _figure(found: pd.DataFrame, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {"label": Message("{kind}: {series}", _named({str(k): v for k, v in r.items()}, bank)), "value": r["value"]}
        | {"low": r["low"], "high": r["high"]}
        for r in found[found["what"] == LEVEL].to_dict("records")
        if not pd.isna(r["value"])
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True, "reference": 1.0}
    data["x_label"] = Message("Odds of a first purchase, times (95% interval)")
    return Figure("bars", data, Message("Odds of a first purchase by kind and series. {title}.", {"title": title}))


def _table(found: pd.DataFrame, bank: Bank) -> Table:
    rows = []
    for category, series in dict.fromkeys(zip(found["category"], found["series"], strict=True)):
        own = {"category": category, "series": series}
        row: dict[str, Any] = {"kind": category_label(str(category), bank)}
        row["series"] = code_label("series", str(series), bank.settings.labels)
        for what in (LEVEL, EXPOSURE):
            row[what] = cell_of(found, "number", **own, what=what)
        sure = found[(found["category"] == category) & (found["series"] == series) & (found["p"] < CHANCE)]
        row["sure"] = Message("yes") if len(sure) else Message("no")
        rows.append(row)
    columns = (
        Column("kind", Message("Kind of product")),
        Column("series", Message("Series")),
        Column(LEVEL, Message("Odds times, as it is one standard deviation higher")),
        Column(EXPOSURE, Message("... and with each step of risk tolerance times")),
        Column("sure", Message("More than chance")),
    )
    return Table(columns, tuple(rows), Message("What moves first purchases (95% intervals)"))
