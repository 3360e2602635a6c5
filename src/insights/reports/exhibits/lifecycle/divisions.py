"""Path and stages in one table: everybody stands in one place."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.stage_words import dormancy_note, stage_basis, stage_label
from insights.reports.exhibits.rows import count_row
from insights.topics.evidence import Answer
from insights.topics.lifecycle.divisions import EXIT, EXPERIENCE, PATH_OF

CHECKS = {
    "prospects_add_up": (
        Message("Prospects on the path, declined, and joined add up to all prospects."),
        Message("Prospects do not add up: some are in no place of the path, or in two."),
    ),
    "joined_are_clients": (
        Message("Every prospect who joined is one client of the register."),
        Message("Some prospects are noted as joined and are not, or not once, in the client register."),
    ),
    "stages_are_all_clients": (
        Message("The stages together are the clients in force of the register."),
        Message("The stages together are not the clients in force of the register."),
    ),
}


def two_divisions(answer: Answer, cells: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show where everybody stands, and whether the counts reconcile."""
    step = {place: PATH_OF.get(place, EXPERIENCE) for place in cells["place"]}
    ends = cells["place"].map(step) == EXIT
    clients = cells[cells["place"].map(step) == EXPERIENCE]["clients"]
    ahead = cells[~ends & (cells["place"].map(step) != EXPERIENCE)]["clients"]
    made = {name: answer.facts[name] for name in CHECKS if name in answer.facts}
    holds = all(made.values())
    values: dict[str, Any] = {"clients": float(clients.sum()), "ahead": float(ahead.sum())}
    if clients.isna().any() or ahead.isna().any():
        title = Message("Path and stages tied together")
    elif answer.facts["prospects"]:
        title = (
            Message(
                "{ahead:count} prospects on the path, {clients:count} clients in the stages: the counts reconcile",
                values,
            )
            if holds
            else Message(
                "{ahead:count} prospects on the path, {clients:count} clients in the stages: "
                "the counts do not reconcile",
                values,
            )
        )
    else:
        title = Message("{clients:count} clients in the stages; prospects are not recorded", values)
    sentences = [CHECKS[name][0 if told else 1] for name, told in made.items()]
    rows = tuple(
        {
            "path": stage_label(step[row["place"]]),
            "stage": Message("–") if row["place"] == step[row["place"]] else stage_label(row["place"]),
            "people": None if pd.isna(row["clients"]) else float(row["clients"]),
        }
        for row in cells.to_dict("records")
    )
    columns = (
        Column("path", Message("Step of the path")),
        Column("stage", Message("Stage of the relationship")),
        Column("people", Message("People"), "count"),
    )
    refusals = () if answer.facts["prospects"] else (Message("Steps before joining: needs prospects."),)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(Table(columns, rows, Message("Everybody stands in one place")),),
        basis=stage_basis(bank, Message("Prospects who joined are counted once, as clients.")),
        caveats=(
            Message("A prospect has a place on the path only; the stages lie inside experience; exit ends both."),
            Message("Exit: clients who left since the window opened, and have not come back."),
            dormancy_note(bank, apart=answer.facts["apart"]),
        ),
        refusals=refusals,
        estimates=tuple(
            count_row("people", row["clients"], unit="people", group={"place": row["place"]})
            for row in cells.to_dict("records")
        ),
    )
