"""Each stage by its own goal, beside the other clients."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.stage_words import stage_basis, stage_label
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.lifecycle.stage_goals import DIFFERENCE, GOALS, OTHERS

GOAL = {
    "satisfaction": Message("satisfaction: mean mark, 0 to 10"),
    "recommendation": Message("loyalty: share who would recommend, less those who would not"),
    "untapped": Message("untapped potential: share of wealth held elsewhere"),
    "kept": Message("retention: still a client a year later"),
    "gained": Message("time gained: months in the first year, by the retention programme"),
}
WHY_NOT = {
    "satisfaction": Message("Satisfaction in the introduction: needs marks for contacts, or a survey item for it."),
    "recommendation": Message("Loyalty in growth: needs the survey item on recommending the bank."),
    "untapped": Message("Untapped potential in maturity: needs estimates of the wealth that clients hold elsewhere."),
    "kept": Message("Retention in decline: nobody was in the stage a year ago."),
    "gained": Message(
        "Time gained in decline: needs a retention programme drawn by lot, named in the settings, that began when "
        "stages were known, and enough leavers in it."
    ),
}
TOO_FEW = {
    "satisfaction": Message("Satisfaction in the introduction: too few marks for a mean."),
    "recommendation": Message("Loyalty in growth: too few answers for a mean."),
    "untapped": Message("Untapped potential in maturity: too few clients whose wealth elsewhere is known."),
}
KINDS = {"points": "tenths", "share": "percent", "months": "tenths"}
WORSE = ("satisfaction", "recommendation", "kept")
"""Goals of which less than the others have is bad news; much wealth elsewhere is an opening."""


def stage_goals(answer: Answer, rows: pd.DataFrame, bank: Bank) -> Exhibit:
    """Show how each stage does by its own goal."""
    lines: list[dict[str, Any]] = []
    behind = []
    for goal, stage in GOALS.items():
        own, other = find(rows, goal=goal, who=stage), find(rows, goal=goal, who=OTHERS)
        gap = find(rows, goal=goal, who=DIFFERENCE)
        if own is None and gap is None:
            continue
        if goal in WORSE and gap is not None and gap.high < 0:
            behind.append(stage_label(stage))
        kind = KINDS.get((own or gap).unit, "number")  # type: ignore[union-attr]
        apart = "points" if kind == "percent" else kind
        lines.append(
            {
                "stage": stage_label(stage),
                "goal": GOAL[goal],
                "own": cell(own, kind) if own else Message("–"),
                "others": cell(other, kind) if other else Message("–"),
                "gap": cell(gap, apart) if gap else Message("–"),
            }
        )
    untapped, kept = find(rows, goal="untapped", who="maturity"), find(rows, goal="kept", who="decline")
    title = Message("Each stage by its own goal")
    if untapped is not None and kept is not None:
        title = Message(
            "Clients in maturity hold {untapped:percent} of their wealth elsewhere; {kept:percent} of those in decline "
            "stayed the year",
            {"untapped": untapped.value, "kept": kept.value},
        )
    elif kept is not None:
        title = Message("{kept:percent} of the clients in decline a year ago are still clients", {"kept": kept.value})
    sentences = (
        Message("Clearly behind the other clients by its own goal: {stages}.", {"stages": behind})
        if behind
        else Message("By its own goal no stage is clearly behind the other clients."),
    )
    shown = {g for g in GOALS if (rows["goal"] == g).any()}
    refusals = []
    for goal, reason in answer.facts["refused"].items():
        few = goal in TOO_FEW and not str(reason).startswith("needs")
        if goal not in shown or few:
            refusals.append(TOO_FEW[goal] if few else WHY_NOT[goal])
    marks = (
        Message("Satisfaction is the answer to the survey item of that name.")
        if answer.facts["asked"] == "surveys"
        else Message("Satisfaction is the mark that clients gave after contacts.")
    )
    columns = (
        Column("stage", Message("Stage")),
        Column("goal", Message("Goal")),
        Column("own", Message("In the stage")),
        Column("others", Message("Other clients")),
        Column("gap", Message("Difference")),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences if lines else (),
        tables=(Table(columns, tuple(lines), Message("Goals of the stages, with 95% intervals")),) if lines else (),
        basis=stage_basis(
            bank,
            *((marks,) if answer.facts["asked"] else ()),
            Message("Marks and answers of the last twelve months, by the stage in which they were given."),
        ),
        caveats=(
            Message("A stage is not a cause: its clients differ from the others in much else."),
            Message("Wealth elsewhere is what clients said of it; sums, so wealthy clients weigh more."),
        ),
        refusals=tuple(refusals),
        estimates=tuple(
            finding_row(row["goal"], row, group={"who": row["who"], "stage": GOALS[row["goal"]]})
            for row in rows.to_dict("records")
        ),
    )
