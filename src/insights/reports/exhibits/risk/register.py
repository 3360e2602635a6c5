"""The register of risks in figures only: the names stand in the restricted list."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.risk.words import FATES, REASONS, RISKS, why_not
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import find, finding_row
from insights.topics.evidence import Answer
from insights.topics.risk.register import PER_DAY, Register

_LEVELS = {"high": Message("Serious"), "middle": Message("A warning")}


def register(answer: Answer, found: Register, bank: Bank) -> Exhibit:
    """Say how many clients have open risks, and which."""
    title = _title(found)
    names = answer.facts["recipients"]
    said = [
        Message("The register goes to: {names}.", {"names": names})
        if names
        else Message("Nobody receives the register: name a recipient of the list risk_register in the settings.")
    ]
    facts = answer.facts
    said += quarter_sentences(facts, found.fates)
    said += _load(facts, found)
    tables = [_heat(facts, found), _table(found)]
    if found.fates is not None:
        tables.append(_fates(facts, found.fates))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(said),
        figure=_figure(answer.facts, found, title),
        tables=tuple(tables),
        basis=dated(
            bank,
            Message(
                "One line per client in the register, with level, change, reason, possible consequence, warning, next "
                "step, who takes it and due date; the names stand in the restricted list only."
            ),
        ),
        caveats=(
            Message("Suspicion of fraud, and of members of staff, is never in this register: managers read it."),
            Message(
                "What went out was settled, the client left, or the alarm was false: these cannot be told apart. A "
                "warning that is heeded does not come true."
            ),
            Message("What is too rare to be told alone stands together in one row; the list has each."),
        ),
        refusals=(Message("{what}: {why}", {"what": Message("Last quarter's warnings"), "why": why_not(facts["why"])}),)
        if "why" in facts
        else (),
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


def fate_count(cells: pd.DataFrame | None, fate: str) -> float | None:
    """Return the clients with a fate; None where withheld."""
    if cells is None:
        return None
    clients = cells.loc[cells["fate"] == fate, "clients"]
    return None if clients.empty else number(clients.iloc[0])


def quarter_sentences(facts: dict[str, Any], cells: pd.DataFrame | None) -> tuple[Message, ...]:
    """Say how good last quarter's warnings were."""
    if cells is None:
        return ()
    names = ("came true", "smoulders on", "went out", "without warning")
    true, still, out, unwarned = (fate_count(cells, name) for name in names)
    values: dict[str, Any] = {"day": facts["day"], "true": true, "still": still, "out": out, "unwarned": unwarned}
    if true is not None and still is not None and out is not None:
        told = Message(
            "Of the risks open on {day:date}, {true:count} clients' warnings came true, {still:count} still smoulder, "
            "and {out:count} went out.",
            values,
        )
    elif out is not None and still is not None:
        told = Message(
            "Of the risks open on {day:date}, {out:count} clients' went out and {still:count} still smoulder; the "
            "number of warnings that came true is withheld.",
            values,
        )
    else:
        told = Message("What became of the risks open on {day:date}: numbers withheld.", values)
    if unwarned is None:
        return (told, Message("How many are serious now without having been warned of is withheld.", values))
    return (told, Message("{unwarned:count} clients have a serious risk now that was not open then.", values))


def _load(facts: dict[str, Any], found: Register) -> list[Message]:
    told = None if found.per_day is None else find(found.per_day, measure=PER_DAY)
    if told is None:
        return []
    values = {"n": told.value, "c": facts["capacity"]}
    return [
        Message(
            "At least {n:tenths} new risks came up each working day of that quarter; {c:tenths} a day can be settled.",
            values,
        )
    ]


def _fates(facts: dict[str, Any], cells: pd.DataFrame) -> Table:
    rows = tuple({"fate": FATES[str(r["fate"])], "n": number(r["clients"])} for r in cells.to_dict("records"))
    columns = (Column("fate", Message("What became of it")), Column("n", Message("Clients"), "count"))
    return Table(columns, rows, Message("The register of {day:date} and that of today", {"day": facts["day"]}))


def _cells(facts: dict[str, Any], found: Register) -> list[tuple[str, list[float | None]]]:
    """Return by risk the clients at each level, of the risks that the bank can tell of."""
    cells = {(str(r["risk"]), str(r["level"])): number(r["clients"]) for r in found.heat.to_dict("records")}
    return [(risk, [cells[risk, level] for level in _LEVELS]) for risk in RISKS if risk in facts["risks"]]


def _figure(facts: dict[str, Any], found: Register, title: Message) -> Figure | None:
    cells = _cells(facts, found)
    if not any(value for _, values in cells for value in values):
        return None
    data: dict[str, Any] = {"rows": [RISKS[risk] for risk, _ in cells], "columns": list(_LEVELS.values())}
    data |= {"values": [values for _, values in cells], "kind": "count"}
    return Figure("heat", data, Message("Clients with an open risk, by risk and level. {title}.", {"title": title}))


def _heat(facts: dict[str, Any], found: Register) -> Table:
    rows = tuple(
        {"risk": RISKS[risk], **dict(zip(_LEVELS, values, strict=True))} for risk, values in _cells(facts, found)
    )
    columns = (
        Column("risk", Message("Risk")),
        *(Column(level, label, "count") for level, label in _LEVELS.items()),
    )
    return Table(columns, rows, Message("Clients by risk and level"))


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
    for r in found.heat.to_dict("records"):
        group = {"risk": str(r["risk"]), "level": str(r["level"])}
        lines.append(count_row("clients_by_risk", r["clients"], unit="clients", group=group))
    lines += fate_estimates(found.fates)
    if found.per_day is not None:
        lines += [
            finding_row(PER_DAY, {str(k): v for k, v in r.items()}, group={}) for r in found.per_day.to_dict("records")
        ]
    return lines


def fate_estimates(cells: pd.DataFrame | None) -> list[dict[str, Any]]:
    """Return what became of last quarter's register as rows of a finding."""
    rows = [] if cells is None else cells.to_dict("records")
    return [count_row("last_quarter", r["clients"], unit="clients", group={"fate": str(r["fate"])}) for r in rows]
