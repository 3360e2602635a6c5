"""How the effect of a change that came in steps grew, and whether the assumption behind it holds."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.outcomes import MONEY
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.changes import (
    KINDS,
    LEVEL,
    change_basis,
    change_caveats,
    change_estimates,
    change_refusals,
)
from insights.reports.exhibits.channels.words import programme_label, why_not
from insights.reports.exhibits.rows import check_row, number
from insights.reports.exhibits.told import as_estimate, cell, find, finding_row
from insights.stats.results import Estimate, TestResult
from insights.topics.channels.changes import ALIKE, EARLY, EFFECT, OTHER, UNTRENDED, USUAL, ChangeRows
from insights.topics.evidence import Answer

YEAR = 12


def rollout(answer: Answer, found: ChangeRows, bank: Bank) -> Exhibit:
    """Say what the change brought a year after its start, and what speaks for and against it."""
    title = _title(answer, found, bank)
    outcome = answer.facts["primary"]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, outcome, title),
        tables=(_ways(answer, found), _steps(found, outcome)),
        basis=change_basis(answer, found, bank),
        caveats=(*change_caveats(answer, found, bank), *_few_alike(answer, found)),
        refusals=(*change_refusals(answer, bank), *_not_alike(answer)),
        estimates=(*change_estimates(answer, found), *_estimates(found)),
        checks=_checks(answer),
    )


def _programme(answer: Answer) -> dict[str, Any]:
    programme: dict[str, Any] = answer.facts["programmes"][0]
    return programme


def _at(found: ChangeRows, outcome: str, months: int) -> Estimate | None:
    return find(found.path, outcome=outcome, months=months)


def _pretrend(answer: Answer) -> float | None:
    p, _, _ = _programme(answer)["pretrend"].get(answer.facts["primary"], (None, "", ""))
    return None if p is None or math.isnan(p) else float(p)


def _title(answer: Answer, found: ChangeRows, bank: Bank) -> Message:
    outcome, p = answer.facts["primary"], _pretrend(answer)
    values: dict[str, Any] = {"name": programme_label(_programme(answer)["name"], bank)}
    whole = find(found.rows, outcome=outcome, row=EFFECT)
    later = found.path[(found.path["outcome"] == outcome) & (found.path["months"] >= 0) & found.path["value"].notna()]
    if whole is None or later.empty:
        return Message("How the effect of “{name}” grew cannot be told", values)
    if p is not None and p < LEVEL:
        return Message(
            "Clients reached by “{name}” moved apart from the others before it began: its effect is in doubt", values
        )
    first = as_estimate(later.iloc[0].to_dict())
    last = as_estimate(later.iloc[-1].to_dict())
    if first is None or last is None or outcome != MONEY:
        return Message("The effect of “{name}” is {told}", values | {"told": cell(whole, KINDS[outcome])})
    values |= {"first": first.value, "last": last.value, "months": int(later["months"].iloc[-1])}
    if last.value > first.value and whole.low > 0:
        return Message(
            "The effect of “{name}” grew from {first:percent} to {last:percent} a year of what clients held, by "
            "{months:months} after its start",
            values,
        )
    return Message(
        "The effect of “{name}” was {first:percent} a year at first and {last:percent} {months:months} after its start",
        values,
    )


def _sentences(answer: Answer, found: ChangeRows, bank: Bank) -> tuple[Message, ...]:
    said = []
    outcome, p = answer.facts["primary"], _pretrend(answer)
    if p is None:
        said.append(Message("Whether both moved in parallel before cannot be tested: too little is known of before."))
    elif p < LEVEL:
        said.append(
            Message("Before the start those reached and the others did not move in parallel (p {p:p}).", {"p": p})
        )
    else:
        said.append(
            Message(
                "Before the start nothing speaks against parallel movement of those reached and the others (p {p:p}).",
                {"p": p},
            )
        )
    whole = find(found.rows, outcome=outcome, row=EFFECT)
    untrended = find(found.rows, outcome=outcome, row=UNTRENDED)
    if whole is not None and untrended is not None:
        values = {"told": cell(untrended, KINDS[outcome]), "whole": cell(whole, KINDS[outcome])}
        said.append(
            Message(
                "Had the two gone on moving apart as they did before, the effect would be {told} instead of {whole}: "
                "there is one all the same.",
                values,
            )
            if untrended.low > 0 or untrended.high < 0
            else Message(
                "Had the two gone on moving apart as they did before, the effect would be {told} instead of {whole}: "
                "such a trend could explain all of it.",
                values,
            )
        )
    alike = find(found.rows, outcome=outcome, row=ALIKE)
    if whole is not None and alike is not None:
        values = {"told": cell(alike, KINDS[outcome])}
        told = alike.low > 0 or alike.high < 0
        said.append(
            Message("Against clients of like assets and years with the bank it is {told}.", values)
            if told
            else Message(
                "Against clients of like assets and years with the bank it is {told}: none is told from chance.", values
            )
        )
    usual = find(found.rows, outcome=outcome, row=USUAL)
    if whole is not None and usual is not None and not whole.low <= usual.value <= whole.high:
        said.append(
            Message(
                "The usual regression with a constant for every client and period would say {told}: it takes those "
                "reached early as controls for those reached later, and misses an effect that grows.",
                {"told": cell(usual, KINDS[outcome])},
            )
        )
    return tuple(said)


def _figure(found: ChangeRows, outcome: str, title: Message) -> Figure | None:
    bars = []
    for row in found.path[found.path["outcome"] == outcome].sort_values("months").to_dict("records"):
        months = int(row["months"])
        label = (
            Message("{m:number} months before", {"m": -months})
            if months < 0
            else Message("{m:number} months after", {"m": months})
        )
        if (told := as_estimate(row)) is not None:
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    kind = "percent" if KINDS[outcome] in ("percent", "points") else "number"
    data = {"bars": bars, "kind": kind, "in_order": True}
    data["x_label"] = (
        Message("Net new money a year, as a share of what was held, beyond that of the others (95% band for all)")
        if outcome == MONEY
        else Message("Effect by months since the start (95% band for all)")
    )
    return Figure("bars", data, Message("Effect by months since the start, with a band. {title}.", {"title": title}))


def _ways(answer: Answer, found: ChangeRows) -> Table:
    outcome = answer.facts["primary"]
    controls = _programme(answer)["controls"].get(outcome)
    labels = {
        EFFECT: Message("Group by group, against those never reached")
        if controls == "never"
        else Message("Group by group, against those not yet reached"),
        OTHER: Message("… those not yet reached as controls too"),
        ALIKE: Message("… against clients of like assets and years with the bank (doubly robust)"),
        UNTRENDED: Message("… had the two gone on moving apart as before"),
        EARLY: Message("… had clients acted on it a period before the start"),
        USUAL: Message("Usual regression (two-way fixed effects)"),
    }
    rows = []
    for row, label in labels.items():
        told = find(found.rows, outcome=outcome, row=row)
        if told is not None:
            rows.append({"way": label, "effect": cell(told, KINDS[outcome])})
    columns = (Column("way", Message("Way of comparing")), Column("effect", Message("Effect (95% interval)")))
    return Table(columns, tuple(rows), Message("The same effect, told in several ways"))


def _not_alike(answer: Answer) -> tuple[Message, ...]:
    why = _programme(answer)["alike"].get(answer.facts["primary"], "")
    head = Message("against clients of like assets and years with the bank")
    return (Message("{name}: {why}", {"name": head, "why": why_not(why)}),) if why else ()


def _few_alike(answer: Answer, found: ChangeRows) -> tuple[Message, ...]:
    """Say how far the interval of the comparison with clients alike can be trusted: measured in made-up books."""
    if find(found.rows, outcome=answer.facts["primary"], row=ALIKE) is None:
        return ()
    return (
        Message(
            "The interval of the comparison with clients alike is a little too narrow: in made-up books it held the "
            "truth in some 90 of 100. Where fewer than ten of them carry it, nothing is told."
        ),
    )


def _steps(found: ChangeRows, outcome: str) -> Table:
    rows = []
    for row in found.path[found.path["outcome"] == outcome].sort_values("months").to_dict("records"):
        clients = number(row["n"])
        line: dict[str, Any] = {"months": int(row["months"]), "n": clients}
        rows.append(line | {"effect": cell(as_estimate(row), KINDS[outcome])})
    columns = (
        Column("months", Message("Months since the start"), "number"),
        Column("n", Message("Clients reached"), "count"),
        Column("effect", Message("Effect (band for all)")),
    )
    return Table(columns, tuple(rows), Message("Effect by time since the start; before it, changes between periods"))


def _checks(answer: Answer) -> tuple[dict[str, Any], ...]:
    p, name, reason = _programme(answer)["pretrend"].get(answer.facts["primary"], (None, "", ""))
    if not name:
        return ()
    null = "before the start, the outcomes of treated and controls move in parallel"
    return (check_row(TestResult(name, null, None, None, p, reason)),)


def _estimates(found: ChangeRows) -> list[dict[str, Any]]:
    return [
        finding_row(
            "change_path",
            row,
            group={"programme": str(row["programme"]), "outcome": str(row["outcome"])},
            months=int(row["months"]),
        )
        for row in found.path.to_dict("records")
    ]
