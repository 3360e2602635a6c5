"""Potential: kinds of product that most comparable clients hold and a client does not."""

import math
from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row
from insights.reports.exhibits.told import find, finding_row
from insights.reports.exhibits.value.words import told
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.value.potential import FILLED, GAP, HOLDS, OTHERS


def potential(answer: Answer, parts: dict[str, pd.DataFrame], bank: Bank) -> Exhibit:
    """Say where the largest gap to comparable clients is, and whether such gaps were filled before."""
    facts = answer.facts
    clients = parts["clients"]
    amount = parts["amount"].set_index("kind")["amount"]
    shares = clients.div(clients.sum(axis=1, skipna=False), axis=0)
    named = {str(k): code_label(facts["domain"], str(k), bank.settings.labels) for k in clients.index}
    known = [str(k) for k in amount.dropna().index if not math.isnan(float(shares.loc[k].get(GAP, math.nan)))]
    order = [*sorted(known, key=lambda k: -float(amount[k])), *(str(k) for k in clients.index if str(k) not in known)]
    title = Message("What comparable clients hold that a client does not")
    if known:
        first = order[0]
        values = {"share": float(shares[GAP][first]), "kind": named[first], "money": float(amount[first])}
        title = Message(
            "{share:share} of the clients hold none of what most clients like them hold: {kind}, {money:money} if they "
            "did",
            values,
        )
    sentences = []
    filled, others = (find(parts["filled"], measure=m) for m in (FILLED, OTHERS))
    if filled is not None and others is not None:
        sentences.append(
            Message(
                "Of such gaps of a year ago {filled:share} are filled today ({low:share} to {high:share}); of other "
                "clients without the product {others:percent} hold it now.",
                {"filled": filled.value, "low": filled.low, "high": filled.high, "others": others.value},
            )
        )
    rows = tuple(
        {
            "kind": named[k],
            "holds": told(float(shares.loc[k].get(HOLDS, math.nan))),
            "gap": told(float(clients.loc[k].get(GAP, math.nan))),
            "amount": told(float(amount.get(k, 0.0))),
        }
        for k in order
    )
    columns = (
        Column("kind", Message("Kind of product")),
        Column("holds", Message("Clients who hold it"), "percent"),
        Column("gap", Message("Clients without it whose peers mostly hold it"), "count"),
        Column("amount", Message("What they would hold as their peers do"), "money"),
    )
    bars = [{"label": named[k], "value": told(float(amount.get(k, 0.0)))} for k in order]
    unit = bank.settings.bank.currency
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "money", "x_label": Message("What clients would hold as their peers do")},
            Message("Potential by kind of product. {title}.", {"title": title}),
        ),
        tables=(Table(columns, rows, Message("Gaps to comparable clients, by kind of product")),),
        basis=basis(
            bank,
            Message("Clients in force, holdings of {end:date}.", {"end": facts["end"]}),
            Message(
                "Peers are clients of about the same assets, age and risk tolerance; a gap is what {mostly:share} or "
                "more of them hold. The amount is the client's assets times the share that the peers who have it hold.",
                {"mostly": facts["mostly"]},
            ),
        ),
        caveats=(
            Message("It is money moved within the client's own assets, not new money."),
            Message("What many hold is also what many buy: a gap filled is not yet due to anybody's talking."),
            Message("A gap is a reason to ask, never a recommendation: suitability is another question."),
            Message("Amounts of different kinds are not to be added up: a client may have several gaps."),
        ),
        estimates=tuple(_estimates(clients, amount, parts["filled"], unit)),
    )


def _estimates(clients: pd.DataFrame, amount: pd.Series, filled: pd.DataFrame, unit: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for kind in clients.index:
        for state in clients.columns:
            group = {"kind": str(kind), "state": str(state)}
            rows.append(count_row("clients", clients.loc[kind, state], unit="clients", group=group))
        rows.append(count_row("potential", amount.get(kind, 0.0), unit=unit, group={"kind": str(kind)}))
    rows += [finding_row(f"share_{r['measure']}", r, group={}, months=12) for r in filled.to_dict("records")]
    return rows
