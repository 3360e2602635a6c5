"""Depth: what followed a relationship that was deep after its first year, beside clients like its client."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.depth import BROUGHT, LEFT, PRODUCTS
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.driver_words import feature_label
from insights.reports.exhibits.rows import basis, by_choice
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.value.depth import DEEP, LIKE, OTHERS, PLAIN, DepthRows


def depth(answer: Answer, found: DepthRows, bank: Bank) -> Exhibit:
    """Say what deep relationships brought beside all others, and beside others like them."""
    facts, rows = answer.facts, found.compared
    first = facts["horizons"][0]
    like, plain = (find(rows, outcome=BROUGHT, months=first, measure=m) for m in (LIKE, PLAIN))
    title = _title(facts, like, plain)
    bars = [
        {"label": label, "value": own.value, "low": own.low, "high": own.high}
        for months in facts["horizons"]
        for measure, label in (
            (PLAIN, Message("All clients, over {months:months}", {"months": months})),
            (LIKE, Message("Clients alike, over {months:months}", {"months": months})),
        )
        if (own := find(rows, outcome=BROUGHT, months=months, measure=measure)) is not None
    ]
    x_label = (
        Message("How much more a deep relationship brought in, for each client")
        if facts["in_margin"]
        else Message("How much more a deep relationship held, for each client, times years")
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(facts, rows, like, plain),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "money", "in_order": True, "x_label": x_label},
            Message("What deep relationships brought beside others. {title}.", {"title": title}),
        )
        if bars
        else None,
        tables=(_table(facts, rows),),
        basis=_basis(bank, facts, like),
        caveats=_caveats(found, facts),
        estimates=tuple(
            finding_row(f"{r['outcome']}_{r['measure']}", r, group={}, months=int(r["months"]))
            for r in rows.to_dict("records")
        ),
    )


def _what(facts: dict[str, Any]) -> Message:
    values = {"bound": facts["bound"]}
    if facts["source"] == PRODUCTS:
        return Message("{bound:count} or more products", values)
    return Message("{bound:count} or more kinds of assets", values)


def _title(facts: dict[str, Any], like: Estimate | None, plain: Estimate | None) -> Message:
    values: dict[str, Any] = {"what": _what(facts)}
    if like is None or plain is None:
        return Message("What goes with {what} after a year cannot be told: too few clients can be compared", values)
    values |= {"plain": abs(plain.value), "like": abs(like.value)}
    if like.low > 0:
        return (
            Message(
                "Clients with {what} after a year brought in {like:money} more in the next than clients like them",
                values,
            )
            if facts["in_margin"]
            else Message(
                "Clients with {what} after a year held {like:money} more in the next than clients like them", values
            )
        )
    if like.high < 0:
        return (
            Message(
                "Clients with {what} after a year brought in {like:money} less in the next than clients like them",
                values,
            )
            if facts["in_margin"]
            else Message(
                "Clients with {what} after a year held {like:money} less in the next than clients like them", values
            )
        )
    if plain.low > 0:
        return Message(
            "Clients with {what} after a year bring in more than others, but not clearly more than clients like them",
            values,
        )
    return Message(
        "Clients with {what} after a year do not clearly bring in more or less than clients like them", values
    )


def _sentences(
    facts: dict[str, Any], rows: pd.DataFrame, like: Estimate | None, plain: Estimate | None
) -> tuple[Message, ...]:
    lines: list[Message] = []
    if like is not None and plain is not None:
        values = {"plain": plain.value, "low": like.low, "high": like.high, "like": like.value}
        lines.append(
            Message(
                "In their second year they brought in {plain:money} more each than the others; than clients alike, "
                "{like:money} ({low:money} to {high:money}).",
                values,
            )
            if facts["in_margin"]
            else Message(
                "In their second year they held {plain:money} more each than the others; than clients alike, "
                "{like:money} ({low:money} to {high:money}).",
                values,
            )
        )
    left = [find(rows, outcome=LEFT, months=months, measure=LIKE) for months in facts["horizons"]]
    told = next((own for own in reversed(left) if own is not None), None)
    if told is not None:
        months = facts["horizons"][len(left) - 1 - left[::-1].index(told)]
        values = {"months": months, "value": told.value, "low": told.low, "high": told.high}
        less = {"months": months, "value": -told.value, "low": -told.high, "high": -told.low}
        if told.low <= 0 <= told.high:
            lines.append(
                Message(
                    "Whether they stay longer than clients alike cannot be told: within {months:months} the share who "
                    "left by choice was {value:points} apart ({low:points} to {high:points}).",
                    values,
                )
            )
        else:
            lines.append(
                Message(
                    "Within {months:months} they left by choice {value:points} more often than clients alike "
                    "({low:points} to {high:points}).",
                    values,
                )
                if told.value > 0
                else Message(
                    "Within {months:months} they left by choice {value:points} less often than clients alike "
                    "({low:points} to {high:points}).",
                    less,
                )
            )
    return tuple(lines)


def _table(facts: dict[str, Any], rows: pd.DataFrame) -> Table:
    table: list[dict[str, Any]] = []
    for outcome in facts["outcomes"]:
        kind = "money" if outcome == BROUGHT else "percent"
        for months in facts["horizons"]:
            own = {m: find(rows, outcome=outcome, months=months, measure=m) for m in (DEEP, OTHERS, PLAIN, LIKE)}
            label = _outcome(outcome, months, facts["in_margin"])
            table.append({"outcome": label} | {m: cell(e, kind) for m, e in own.items()})
    columns = (
        Column("outcome", Message("What followed, for each client")),
        Column(DEEP, Message("Deep relationships")),
        Column(OTHERS, Message("Others")),
        Column(PLAIN, Message("Difference, as they are")),
        Column(LIKE, Message("Difference, clients alike")),
    )
    caption = Message("Relationships with {what} at their first anniversary, beside others", {"what": _what(facts)})
    return Table(columns, tuple(table), caption)


def _outcome(outcome: str, months: int, in_margin: bool) -> Message:
    values = {"months": months}
    if outcome == LEFT:
        return Message("Left by choice within {months:months}", values)
    if in_margin:
        return Message("Margin of the {months:months} after", values)
    return Message("Assets held over the {months:months} after, times years", values)


def _basis(bank: Bank, facts: dict[str, Any], like: Estimate | None) -> tuple[Message, ...]:
    lines = []
    if like is not None:
        lines.append(Message("Relationships with a first anniversary on record: {n:count}.", {"n": like.n}))
    lines.append(
        Message(
            "Everybody is looked at after {landmark:months} of the relationship; what followed counts from then on.",
            facts,
        )
    )
    names = [feature_label(name) for name in facts["like"]]
    lines.append(
        Message(
            "Clients alike: with the same mean of {names}, and of the year, at that time (overlap weights).",
            {"names": names},
        )
    )
    lines.append(Message("Intervals: 95%, by manager. Amounts count up to the highest hundredth of them."))
    return basis(bank, *lines, *by_choice(bank))


def _caveats(found: DepthRows, facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message(
            "An association: no lot decided who held more. What offering more does can only be told by a trial with "
            "clients drawn by lot."
        )
    ]
    deep, others = (find(found.today, group=group) for group in (DEEP, OTHERS))
    if deep is not None and others is not None:
        values = {"what": _what(facts), "deep": deep.value, "others": others.value}
        lines.append(
            Message(
                "Counting what clients hold today would mislead: those with {what} have been with the bank for "
                "{deep:tenths} years on average, others for {others:tenths}. Who stays longer has more time to buy.",
                values,
            )
        )
    return tuple(lines)
