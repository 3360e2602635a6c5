"""What all curves of the report say alike: labels, what they rest on, caveats, refusals."""

from typing import cast

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Exhibit, Message
from insights.reports.exhibits.lifecycle.figures import CURVES_SHOWN, reason_label
from insights.reports.exhibits.rows import basis
from insights.reports.wording.labels import column_label
from insights.stats.results import TestResult
from insights.topics.evidence import Answer, RiskCounts
from insights.topics.lifecycle.curves import OTHERS, STAYED

MIXED = "stayed_or_left"

# What a check of a curve found, in the words of a reader; the figures are in the finding.
_FOUND = {
    "early risk sets under delayed entry": Message(
        "Few clients are at risk at the beginning of a curve: one exit there moves all of it."
    ),
    "risk sets stay filled": Message("A curve ends early: for a while nobody was at risk."),
    "observed from the start": Message(
        "A curve begins late: nobody was observed before, and it speaks only of those who got that far."
    ),
}


def exits_of(answer: Answer) -> RiskCounts:
    """Return the counts at risk that the answer rests on."""
    return cast(RiskCounts, answer.evidence["exits"])


def outcome_label(code: str, bank: Bank) -> Message | str:
    """Return what became of a client in words."""
    if code == MIXED:
        return Message("stayed or left: too few to tell apart")
    return Message("still a client") if code == STAYED else reason_label(code, bank)


def told_apart(cells: pd.DataFrame) -> pd.DataFrame:
    """Return outcomes with the merged one called by its name if it may hold those who stayed.

    Where few left, those who stayed are merged with them: what is left over then is no number of leavers.
    """
    if (cells["outcome"] == STAYED).any():
        return cells
    return cells.assign(outcome=cells["outcome"].replace(OTHERS, MIXED))


def curve_basis(exits: RiskCounts, bank: Bank) -> tuple[Message, ...]:
    """Return what a curve rests on: clients, exits, clock, date and window."""
    n = float(exits.units["units"].dropna().sum())
    values = {"n": n, "events": float(exits.counts["events"].sum())}
    clock = (
        Message("Tenure is counted in calendar months.")
        if bank.settings.window.clock == "months"
        else Message("Tenure is counted in days, divided by 30.4375.")
    )
    return basis(bank, Message("{n:count} clients ever at risk, {events:count} exits.", values), clock)


def curve_caveats(by: str | None, bank: Bank, checks: tuple[TestResult, ...]) -> tuple[Message, ...]:
    """Return what a reader of a curve must keep in mind: always, and where a check of the curve found something."""
    lines = [
        Message("Clients who joined before the window enter the curve late, at the tenure they had by then."),
        Message(
            "The curve holds if clients still in force are neither more nor less likely to leave than "
            "those who already left at the same tenure."
        ),
        Message(
            "The intervals hold the chance of single clients in the markets that all of them had; other markets would "
            "have given other figures."
        ),
    ]
    if by and by not in bank.settings.tables["clients"].static:
        lines.append(
            Message("The group is the value known last; a client who changed groups is counted where he is now.")
        )
    if bank.settings.disclosure.mode == "bank":
        lines.append(Message("Exits are counted in fives; the intervals allow for the error that this brings."))
    return (
        *lines,
        *(_FOUND[check.name] for check in checks if check.name in _FOUND and check.reason and check.statistic),
    )


def not_all(groups: list[str]) -> tuple[Message, ...]:
    """Say so where the figure has fewer groups than the table."""
    values = {"shown": CURVES_SHOWN, "all": len(groups)}
    return (
        (Message("The figure shows the {shown:count} largest of {all:count} groups; the table has all.", values),)
        if len(groups) > CURVES_SHOWN
        else ()
    )


def withheld(exits: RiskCounts, by: str | None, bank: Bank) -> tuple[Message, ...]:
    """Say how many groups disclosure control took out."""
    hidden = exits.units[exits.units["units"].isna()]
    if hidden.empty or not by:
        return ()
    values = {"n": len(hidden), "by": column_label("clients", by)}
    return (
        Message(
            "Withheld by {by}: {n:count} groups that are too small, or that would give a small group away.", values
        ),
    )


def too_few(answer: Answer, bank: Bank) -> Exhibit:
    """Return the exhibit of a question whose counts are too small to answer it."""
    return Exhibit(
        id=answer.id,
        title=Message("Cannot be shown: too few clients"),
        refusals=(Message("The groups are too small to be shown, or nobody was observed for a year."),),
        basis=basis(bank),
    )
