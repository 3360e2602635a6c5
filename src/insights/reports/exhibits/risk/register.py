"""The register of risks in figures only: the names stand in the restricted list."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import REASONS
from insights.reports.exhibits.rows import count_row, dated, number
from insights.topics.evidence import Answer
from insights.topics.risk.register import Register


def register(answer: Answer, found: Register, bank: Bank) -> Exhibit:
    """Say how many clients have open risks, and which."""
    title = _title(found)
    names = answer.facts["recipients"]
    said = [
        Message("The register goes to: {names}.", {"names": names})
        if names
        else Message("Nobody receives the register: name a recipient of the list risk_register in the settings.")
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(said),
        figure=_figure(found, title),
        tables=(_table(found),),
        basis=dated(
            bank,
            Message(
                "One line per client in the register, with level, reason, possible consequence, next step and due "
                "date; the names stand in the restricted list only."
            ),
        ),
        caveats=(
            Message("Suspicion of fraud, and of members of staff, is never in this register: managers read it."),
            Message("What is too rare to be told alone stands together in one row; the list has each."),
        ),
        estimates=tuple(register_estimates(found)),
    )


def _title(found: Register) -> Message:
    clients = found.number["clients"]
    if clients.isna().any():
        return Message("Open risks, by how many clients have each")
    several = float(found.number.loc[found.number["number"] == "several", "clients"].sum())
    values = {"n": float(clients.sum()), "m": several}
    if several:
        return Message("{n:count} clients have an open risk, {m:count} of them more than one", values)
    return Message("{n:count} clients have an open risk", values)


def _rows(found: Register) -> list[dict[str, Any]]:
    order = {name: k for k, name in enumerate(REASONS)}
    rows = sorted(found.open.to_dict("records"), key=lambda r: order[str(r["reason"])])
    return [{"reason": REASONS[str(r["reason"])], "n": number(r["clients"])} for r in rows]


def _figure(found: Register, title: Message) -> Figure | None:
    bars = [{"label": r["reason"], "value": r["n"]} for r in _rows(found)]
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "x_label": Message("Clients with the open risk")}
    return Figure("bars", data, Message("Clients by open risk. {title}.", {"title": title}))


def _table(found: Register) -> Table:
    columns = (Column("reason", Message("Open risk")), Column("n", Message("Clients"), "count"))
    return Table(columns, tuple(_rows(found)), Message("Open risks"))


def register_estimates(found: Register) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = [
        count_row("open_risks", r["clients"], unit="clients", group={"reason": str(r["reason"])})
        for r in found.open.to_dict("records")
    ]
    for r in found.number.to_dict("records"):
        lines.append(count_row("clients", r["clients"], unit="clients", group={"risks": str(r["number"])}))
    return lines
