"""Facts of compliance: papers, risk profiles, and products above the risk that clients accept."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import PAPERS, PROFILES
from insights.reports.exhibits.rows import count_row, dated, needed, number
from insights.topics.evidence import Answer
from insights.topics.risk.compliance import BREACH, EXPIRED, SOON, STALE, Compliance


def compliance(answer: Answer, found: Compliance, bank: Bank) -> Exhibit:
    """Say of how many clients the papers have expired, and how many hold products above the risk they accept."""
    title = compliance_title(found)
    tables = []
    if found.papers is not None:
        tables.append(_papers(found.papers))
    if found.profiles is not None:
        tables.append(_profiles(found.profiles))
    if found.suitability is not None:
        tables.append(_suitability(found))
    names = {"papers": Message("Identity papers"), "suitability": Message("Suitability")}
    names["profiles"] = Message("Risk profiles")
    missing = answer.facts["missing"]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=compliance_sentences(answer, found),
        figure=_figure(found, title),
        tables=tuple(tables),
        basis=dated(
            bank,
            Message(
                "Clients in force. Each is a fact of the books, counted and not estimated; counts are rounded here."
            ),
        ),
        caveats=(
            Message("Papers have expired when their last day is the as-of date or earlier."),
            Message(
                "A risk profile is stale when its last entry in the history of clients is {months:count} months old or "
                "older; an entry counts as an assessment.",
                {"months": answer.facts["months"]},
            ),
            Message(
                "Tolerance is the one on file today; a product may have fitted the one on file when it was bought."
            ),
        ),
        refusals=tuple(
            Message("{what}: {why}", {"what": names[k], "why": needed(v)}) for k, v in sorted(missing.items()) if v
        ),
        estimates=tuple(compliance_estimates(found)),
    )


def state_count(cells: pd.DataFrame | None, state: str) -> float | None:
    """Return the clients in a state, over all rows of it; None where one of them is withheld."""
    if cells is None:
        return None
    clients = cells.loc[cells["state"] == state, "clients"]
    return None if clients.empty or clients.isna().any() else float(clients.sum())


def compliance_title(found: Compliance) -> Message:
    """Return the facts in one line."""
    expired, above = state_count(found.papers, EXPIRED), state_count(found.suitability, BREACH)
    values: dict[str, Any] = {"n": expired, "m": above}
    if expired is not None and above is not None:
        return Message(
            "Papers of {n:count} clients have expired; {m:count} hold products above the risk they accept", values
        )
    if expired is not None:
        return Message("Papers of {n:count} clients have expired", values)
    if above is not None:
        return Message("{m:count} clients hold products above the risk they accept", values)
    return Message("Papers and suitability, by how many clients they concern")


def compliance_sentences(answer: Answer, found: Compliance) -> tuple[Message, ...]:
    """Return the facts in sentences."""
    said = []
    soon = state_count(found.papers, SOON)
    if soon is not None:
        said.append(
            Message("Papers of {n:count} more expire within {d:count} days.", {"n": soon, "d": answer.facts["days"]})
        )
    stale = state_count(found.profiles, STALE)
    if stale is not None:
        values = {"n": stale, "months": answer.facts["months"]}
        said.append(Message("Risk profiles of {n:count} clients are {months:count} months old or older.", values))
    if found.above is not None and len(found.above) and not found.above["amount"].isna().any():
        total = float(found.above["amount"].sum())
        said.append(
            Message("{money:money} are in products rated above the risk that their holder accepts.", {"money": total})
        )
    return tuple(said)


def _figure(found: Compliance, title: Message) -> Figure | None:
    if found.suitability is None:
        return None
    rows = found.suitability[found.suitability["state"] == BREACH]
    bars = [{"label": str(r["stated"]), "value": number(r["clients"])} for r in rows.to_dict("records")]
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "in_order": True}
    data["x_label"] = Message("Clients with products rated above what they accept, by stated tolerance")
    return Figure(
        "bars", data, Message("Clients with products rated above what they accept. {title}.", {"title": title})
    )


def _papers(cells: pd.DataFrame) -> Table:
    return _states(cells, PAPERS, Message("Identity papers"), Message("Identity papers of clients in force"))


def _profiles(cells: pd.DataFrame) -> Table:
    return _states(cells, PROFILES, Message("Risk profile"), Message("Risk profiles of clients in force"))


def _states(cells: pd.DataFrame, names: dict[str, Message], head: Message, caption: Message) -> Table:
    rows = tuple({"state": names[r["state"]], "clients": number(r["clients"])} for r in cells.to_dict("records"))
    return Table((Column("state", head), Column("clients", Message("Clients"), "count")), rows, caption)


def _suitability(found: Compliance) -> Table:
    assert found.suitability is not None
    rows = []
    amounts = {} if found.above is None else dict(zip(found.above["stated"], found.above["amount"], strict=True))
    for stated, own in found.suitability.groupby("stated", sort=True):
        by = dict(zip(own["state"], own["clients"], strict=True))
        row: dict[str, Any] = {
            "stated": str(stated),
            "breach": number(by.get(BREACH)),
            "kept": number(by.get("kept")),
        }
        row["amount"] = number(amounts[stated]) if stated in amounts else Message("–")
        rows.append(row)
    columns = (
        Column("stated", Message("Stated tolerance")),
        Column("breach", Message("With products above it"), "count"),
        Column("kept", Message("Without"), "count"),
        Column("amount", Message("Amount above it"), "money"),
    )
    return Table(columns, tuple(rows), Message("Clients with a stated tolerance and assets"))


def compliance_estimates(found: Compliance) -> list[dict[str, Any]]:
    """Return the rows of the finding."""
    lines = []
    if found.papers is not None:
        for r in found.papers.to_dict("records"):
            lines.append(count_row("clients_papers", r["clients"], unit="clients", group={"state": str(r["state"])}))
    if found.profiles is not None:
        for r in found.profiles.to_dict("records"):
            lines.append(count_row("clients_profile", r["clients"], unit="clients", group={"state": str(r["state"])}))
    if found.suitability is not None:
        for r in found.suitability[found.suitability["state"] == BREACH].to_dict("records"):
            group = {"stated": str(r["stated"])}
            lines.append(count_row("clients_above_tolerance", r["clients"], unit="clients", group=group))
    if found.above is not None:
        for r in found.above.to_dict("records"):
            lines.append(count_row("amount_above", r["amount"], unit="money", group={"stated": str(r["stated"])}))
    return lines
