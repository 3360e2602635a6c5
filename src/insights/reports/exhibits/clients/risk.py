"""Stated beside revealed risk, level by level, and the gap between the two."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import told
from insights.reports.exhibits.rows import basis, count_row, estimate_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import NotEstimable
from insights.topics.clients.risk import ABOVE, EQUITY, LESS, NEAR, TAKEN, VOLATILITY, WITHIN, RiskGap
from insights.topics.evidence import Answer

_GAPS = {
    NEAR: Message("at most one level less"),
    LESS: Message("two levels less or more"),
}
_MEASURES = {
    TAKEN: (Message("Level taken (95% interval)"), "tenths"),
    EQUITY: (Message("Share of equities (95% interval)"), "percent"),
    VOLATILITY: (Message("Ups and downs in a year (95% interval)"), "percent"),
}
_RANKED = {
    TAKEN: Message("the level taken"),
    EQUITY: Message("the share of equities"),
    VOLATILITY: Message("ups and downs"),
}


def risk(answer: Answer, found: RiskGap, bank: Bank) -> Exhibit:
    """Say how many hold more risk than they accept and how many far less, and show each stated level."""
    facts = answer.facts
    above, within = (float(found.above[c].sum(skipna=False)) for c in (ABOVE, WITHIN))
    gaps = {name: float(found.gap[name].sum(skipna=False)) for name in (NEAR, LESS)}
    total = sum(gaps.values())
    values: dict[str, Any] = {"month": facts["month"]}
    title = Message("The risk that clients take, beside the risk they say they accept")
    if above + within > 0 and total > 0:
        values |= {"above": above / (above + within), "less": gaps[LESS] / total, "n": above}
        title = Message(
            "{above:percent} of the clients hold a product above the risk they accept, and {less:percent} take at "
            "least two levels less than they accept",
            values,
        )
    elif above + within > 0:
        values |= {"above": above / (above + within)}
        title = Message("{above:percent} of the clients hold a product above the risk they accept", values)
    sentences = []
    ranks = {name: e for name, e in found.ranks.items() if e is not None}
    if ranks:
        parts = [Message("{what} {r:number}", {"what": _RANKED[name], "r": e.value}) for name, e in ranks.items()]
        sentences.append(
            Message(
                "How what is stated goes with what is taken, from 0 (not at all) to 1 (in the same order): {parts}.",
                {"parts": parts},
            )
        )
    amount = float(found.above["amount"].sum(skipna=False))
    if not math.isnan(amount) and amount > 0:
        sentences.append(Message("{amount:money} lie in products above what their holders accept.", {"amount": amount}))
    bars = [
        {"label": Message("C{level}", {"level": str(r["stated"])})}
        | {k: None if pd.isna(r[k]) else float(r[k]) for k in ("value", "low", "high")}
        for r in found.means[found.means["what"] == TAKEN].to_dict("records")
    ]
    figure = Figure(
        "bars",
        {"bars": bars, "kind": "tenths", "in_order": True, "x_label": Message("Mean level taken, by level stated")},
        Message("Level of risk taken by level stated. {title}.", {"title": title}),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=figure if bars else None,
        tables=tuple(_tables(found)),
        basis=basis(
            bank,
            Message("Clients in force with a stated tolerance; what they held on {month:date}.", values),
            Message(
                "Level taken: mean of the products' risk ratings (R1 to R5) weighted by amount; assets outside rated "
                "products count as R1. It is compared with the tolerance stated (C1 to C5)."
            ),
            *(
                (
                    Message(
                        "Ups and downs: yearly standard deviation of the monthly returns of the last {months:months}.",
                        facts,
                    ),
                )
                if (found.means["what"] == VOLATILITY).any()
                else ()
            ),
        ),
        caveats=(
            Message("Whether one product is suitable is judged product by product, not by the mean of all of them."),
            Message("Who takes less than he accepts may hold the rest of his wealth elsewhere."),
        ),
        estimates=tuple(_estimates(found, bank)),
    )


def _tables(found: RiskGap) -> list[Table]:
    shown = [m for m in _MEASURES if (found.means["what"] == m).any()]
    columns = [
        Column("stated", Message("Stated")),
        *(Column(name, label, "count") for name, label in _GAPS.items()),
        Column(ABOVE, Message("with a product above it"), "count"),
        Column("amount", Message("money in such products"), "money"),
    ]
    rows = []
    above = {str(r["stated"]): r for r in found.above.to_dict("records")}
    for r in found.gap.to_dict("records"):
        stated = str(r["stated"])
        row: dict[str, Any] = {"stated": Message("C{level}", {"level": stated})}
        row |= {name: told(float(r[name])) for name in _GAPS}
        row |= {c: told(float(above[stated][c])) for c in (ABOVE, "amount")}
        rows.append(row)
    lived = [Column("stated", Message("Stated")), *(Column(m, _MEASURES[m][0]) for m in shown)]
    means: tuple[dict[str, Any], ...] = tuple(
        {"stated": Message("C{level}", {"level": s})}
        | {m: cell(find(found.means, stated=s, what=m), _MEASURES[m][1]) for m in shown}
        for s in dict.fromkeys(found.means["stated"])
    )
    return [
        Table(tuple(columns), tuple(rows), Message("Clients by what they state and what they take")),
        Table(tuple(lived), means, Message("What they hold and live through, by level stated")),
    ]


def _estimates(found: RiskGap, bank: Bank) -> list[dict[str, Any]]:
    rows = []
    for r in found.gap.to_dict("records"):
        for name in _GAPS:
            group = {"stated": str(r["stated"]), "taken": name}
            rows.append(count_row("clients", r[name], unit="clients", group=group))
    for r in found.above.to_dict("records"):
        group = {"stated": str(r["stated"])}
        rows.append(count_row("clients_with_product_above", r[ABOVE], unit="clients", group=group))
        rows.append(count_row("amount_above", r["amount"], unit=bank.settings.bank.currency, group=group))
    for r in found.means.to_dict("records"):
        rows.append(finding_row(f"mean_{r['what']}", r, group={"stated": str(r["stated"])}))
    withheld = NotEstimable("withheld")
    rows += [estimate_row(f"rank_correlation_{name}", e or withheld) for name, e in found.ranks.items()]
    return rows
