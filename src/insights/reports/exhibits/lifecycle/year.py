"""The last twelve months: who left, and what they took with them."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.words import MIXED, outcome_label, told_apart
from insights.reports.exhibits.rows import basis, count_row, records
from insights.topics.evidence import Answer
from insights.topics.lifecycle.curves import STAYED


def last_year(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say how many of last year's clients left, and for what reason."""
    cells = told_apart(cells)
    shown = cells.dropna(subset=["clients"])
    total, gone = float(shown["clients"].sum()), shown[shown["outcome"] != STAYED]
    left = float(gone["clients"].sum())
    complete = len(shown) == len(cells) and total > 0 and not (cells["outcome"] == MIXED).any()
    rows = tuple(
        {
            "outcome": outcome_label(row["outcome"], bank),
            "clients": row["clients"],
            "share": row["clients"] / total if complete else None,
        }
        for row in records(cells.sort_values("clients", ascending=False, na_position="last"))
    )
    values = {
        "left": left,
        "total": total,
        "share": left / total if total else None,
        "start": answer.facts["start"].isoformat(),
    }
    if complete and len(gone):
        top = gone.sort_values("clients").iloc[-1]
        values |= {"reason": outcome_label(top["outcome"], bank), "n": float(top["clients"])}
        title = Message("{share:percent} of clients left in the last twelve months, most often: {reason}", values)
        sentences: tuple[Message, ...] = (
            Message("Of the {total:count} clients in force on {start:date}, {left:count} have left since.", values),
            Message("The most frequent outcome among them is “{reason}”, with {n:count} clients.", values),
        )
    else:
        title = Message("What became of the clients of twelve months ago", values)
        sentences = (Message("Some outcomes concern too few clients to be shown, so no total is given.", values),)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        tables=(
            Table(
                (
                    Column("outcome", Message("Outcome")),
                    Column("clients", Message("Clients"), "count"),
                    Column("share", Message("Share"), "percent"),
                ),
                rows,
                Message("Clients in force twelve months ago, by what became of them"),
            ),
        ),
        basis=basis(bank, Message("A count of all clients, not a sample: it has no interval.")),
        estimates=tuple(
            count_row("clients", row["clients"], unit="clients", group={"outcome": row["outcome"]})
            for row in records(cells)
        ),
    )


def assets_lost(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Say what the clients who left took with them."""
    shown = cells.dropna(subset=["amount"]).sort_values("amount", ascending=False)
    complete = len(shown) == len(cells) and len(shown) > 0
    total = float(shown["amount"].sum())
    values: dict[str, Any] = {"amount": total, "currency": bank.settings.bank.currency}
    if complete:
        values |= {"reason": outcome_label(shown["outcome"].iloc[0], bank), "part": float(shown["amount"].iloc[0])}
        title = Message("Clients who left in the last twelve months held {amount:money} before they went", values)
        sentences: tuple[Message, ...] = (
            Message("The largest part, {part:money}, left with the outcome “{reason}”.", values),
        )
    else:
        title = Message("Assets of the clients who left in the last twelve months", values)
        sentences = (
            Message(
                "Amounts that rest on too few clients, or mostly on one or two of them, are withheld; so is the total."
            ),
        )
    rows = tuple(
        {"outcome": outcome_label(r["outcome"], bank), "clients": r["clients"], "amount": r["amount"]}
        for r in records(cells)
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        tables=(
            Table(
                (
                    Column("outcome", Message("Outcome")),
                    Column("clients", Message("Clients"), "count"),
                    Column("amount", Message("Assets"), "money"),
                ),
                rows,
                Message("Assets at the last month end before leaving"),
            ),
        ),
        basis=basis(
            bank, Message("Assets are all balances of the client at the last month end before the month of leaving.")
        ),
        caveats=(
            Message("Money often leaves before the client does, so this understates what an exit costs.", {}),
            Message("Clients who joined and left within the twelve months count here, and not in the exhibit above."),
            Message("Amounts have at most three significant digits.")
            if bank.settings.disclosure.mode == "bank"
            else Message("Public data: the figures are exact."),
        ),
        estimates=tuple(
            count_row("assets", row["amount"], unit=bank.settings.bank.currency, group={"outcome": row["outcome"]})
            for row in records(cells)
        ),
    )
