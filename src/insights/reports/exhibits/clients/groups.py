"""Groups of clients side by side: one table for age, gender, occupation, income and risk tolerance each."""

import math
import re
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.clients.portraits import ATTRIBUTES, LEVELS
from insights.reports.exhibits.clients.words import told, treatment_label
from insights.reports.exhibits.rows import basis, check_row, count_row, estimate_row, interval
from insights.reports.wording.labels import code_label
from insights.stats.multiplicity import holm
from insights.stats.results import NotEstimable
from insights.topics.clients.groups import Groups
from insights.topics.clients.portraits import OTHERS
from insights.topics.evidence import Answer

ALPHA = 0.05
NAMES = ATTRIBUTES | {"risk_tolerance": Message("risk tolerance")}


def groups(answer: Answer, found: Groups, bank: Bank) -> Exhibit:
    """Say in which attribute groups differ in leaving, and show every group."""
    facts = answer.facts
    tested = {n: t.p_value for n, t in found.tests.items() if t.p_value is not None}
    adjusted = dict(zip(tested, holm(list(tested.values())), strict=True)) if tested else {}
    apart = [n for n in adjusted if adjusted[n] < ALPHA]
    every = {"names": [NAMES[n] for n in facts["attributes"]]}
    title = Message("Clients by {names}", every)
    sentences = []
    if apart:
        named = {"names": [NAMES[n] for n in apart]}
        title = Message("By {names} leaving differs between groups by more than chance", named)
    elif adjusted:
        title = Message("By {names} clients leave alike, chance apart", every)
    if adjusted:
        parts = [Message("{attribute} {p:p}", {"attribute": NAMES[n], "p": p}) for n, p in adjusted.items()]
        sentences.append(
            Message(
                "How likely differences in leaving as large are by chance alone (p, allowing for all of them): "
                "{parts}.",
                {"parts": parts},
            )
        )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=tuple(_table(n, found, facts, bank) for n in facts["attributes"]),
        basis=basis(
            bank,
            Message("Clients in force on {end:date} of whom the attribute is known; money of twelve months.", facts),
            *(
                (Message("Left: of the clients in force on {year:date}, within twelve months.", facts),)
                if facts["year"]
                else ()
            ),
        ),
        caveats=(
            Message("Groups too small to be told are put together."),
            Message("A difference between groups is not the effect of belonging to one."),
            *(
                (
                    Message(
                        "What to do for a group is set by the bank, not derived from the data; no offer of this pack "
                        "rests on age or gender."
                    ),
                )
                if any(facts["treatments"].values())
                else ()
            ),
        ),
        estimates=tuple(_estimates(found, bank)),
        checks=tuple(check_row(t) for t in found.tests.values()),
    )


def _table(name: str, found: Groups, facts: dict[str, Any], bank: Bank) -> Table:
    columns = [
        Column("group", Message("Group")),
        Column("clients", Message("Clients"), "count"),
        Column("assets", Message("Assets per client"), "money"),
    ]
    if facts["margin"]:
        columns.append(Column("value", Message("Margin per client"), "money"))
    if facts["year"]:
        columns.append(Column("left", Message("Left within twelve months (95% interval)")))
    rows = []
    own = found.table[found.table["attribute"] == name]
    treatments = facts["treatments"][name]
    if own["level"].isin(list(treatments)).any():
        columns.append(Column("treatment", Message("What to do")))
    for row in sorted(own.to_dict("records"), key=lambda r: (r["level"] == OTHERS, _place(str(r["level"])))):
        level = str(row["level"])
        left = found.leaving.get((name, level))
        rows.append(
            {"group": _level(name, level, facts, bank), "clients": told(float(row["clients"]))}
            | {c: _digits(float(row[c])) for c in ("assets", "value") if c in row}
            | {"left": None if left is None else interval(left, "percent")}
            | {"treatment": treatment_label(treatments.get(level), bank)}
        )
    return Table(tuple(columns), tuple(rows), Message("By {attribute}", {"attribute": NAMES[name]}))


def _place(level: str) -> tuple[int, str]:
    """Return where a level stands: ages and bands by their first number, others by name."""
    number = re.search(r"\d+", level)
    low = level.startswith(("under", "below"))
    return (int(number[0]) - low if number else 10**9, level)


def _level(name: str, level: str, facts: dict[str, Any], bank: Bank) -> Message | str:
    if level == OTHERS:
        return Message("others, together")
    if level in LEVELS:
        return LEVELS[level]
    return code_label(facts["attributes"][name], level, bank.settings.labels)


def _digits(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.3g}")


def _estimates(found: Groups, bank: Bank) -> list[dict[str, Any]]:
    unit, rows = bank.settings.bank.currency, []
    for row in found.table.to_dict("records"):
        group = {str(row["attribute"]): str(row["level"])}
        rows.append(count_row("clients", row["clients"], unit="clients", group=group))
        rows += [count_row(f"{c}_per_client", row[c], unit=unit, group=group) for c in ("assets", "value") if c in row]
    for (name, level), e in found.leaving.items():
        rows.append(estimate_row("left_12m", e or NotEstimable("withheld"), group={name: level}, months=12))
    return rows
