"""Which factors go with stated loyalty: effects on who is loyal, who is critical, and in points."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.attitude import HIGH, LOW, MIDDLE
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.words import factor_label, frame_label, survey_basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.attitude import CORRECTED, ODDS, PLAIN, AttitudeRows

_NAMES = {LOW: Message("critical"), MIDDLE: Message("undecided"), HIGH: Message("loyal")}


def attitude(answer: Answer, found: AttitudeRows, bank: Bank) -> Exhibit:
    """Say which factor goes most with loyalty, and how sure that is."""
    order = _order(found)
    title, sentences = _words(answer, found, order, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(answer, found, order, title, bank),
        tables=(_table(answer, found, order, bank), _checks(found, order, bank)),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer, bank),
        estimates=tuple(_estimates(found)),
    )


def _order(found: AttitudeRows) -> list[str]:
    """Return the factors, the one with the largest effect on the highest level first."""
    top = next(level for level in (HIGH, MIDDLE, LOW) if (found.effects["level"] == level).any())
    own = found.effects[(found.effects["level"] == top)].sort_values(["value", "factor"], ascending=[top == LOW, True])
    return [str(f) for f in own["factor"]]


def _words(answer: Answer, found: AttitudeRows, order: list[str], bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    clear = [f for f in order if f in answer.facts["clear"]]
    top = find(found.effects, factor=order[0], level=HIGH)
    ranges = answer.facts["ranges"]
    if not clear or top is None:
        return Message("No factor goes clearly with stated loyalty"), ()
    values: dict[str, Any] = {"factor": factor_label(order[0], bank), "d": top.value, "low": top.low, "high": top.high}
    values |= {"from": ranges[HIGH][0], "to": ranges[HIGH][1]}
    title = Message("One point more in {factor} goes with a share of loyal clients that is {d:points} higher", values)
    said = [
        Message(
            "Loyal are those who mark {from:number} to {to:number}. The interval is {low:points} to {high:points}; the "
            "other factors are held where they are.",
            values,
        )
    ]
    names = [factor_label(f, bank) for f in clear]
    said.append(
        Message("All factors go clearly with loyalty, allowing for how many were looked at (Holm).")
        if len(clear) == len(order) > 1
        else Message("Clear, allowing for how many were looked at (Holm): {names}.", {"names": names})
    )
    pair = [find(found.slopes, factor=order[0], what=w) for w in (CORRECTED, PLAIN)]
    if pair[0] is not None and pair[1] is not None:
        own = {"factor": factor_label(order[0], bank), "c": pair[0].value, "u": pair[1].value}
        said.append(
            Message(
                "Few items measure {factor} with error: freed of it, one point goes with {c:number} points of loyalty, "
                "as the scores stand with {u:number}.",
                own,
            )
        )
    return title, tuple(said)


def _figure(answer: Answer, found: AttitudeRows, order: list[str], title: Message, bank: Bank) -> Figure | None:
    bars = []
    for factor in order:
        told = find(found.effects, factor=factor, level=HIGH)
        if told is not None:
            label = factor_label(factor, bank)
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("More loyal clients for one point more, percentage points (95% interval)")
    return Figure("bars", data, Message("Effects by factor with intervals. {title}.", {"title": title}))


def _table(answer: Answer, found: AttitudeRows, order: list[str], bank: Bank) -> Table:
    ranges = answer.facts["ranges"]
    rows = []
    for factor in order:
        row: dict[str, Any] = {"factor": factor_label(factor, bank)}
        for level in ranges:
            row[level] = cell(find(found.effects, factor=factor, level=level), "points")
        row[CORRECTED] = cell(find(found.slopes, factor=factor, what=CORRECTED), "number")
        plain = find(found.slopes, factor=factor, what=PLAIN)
        row[PLAIN] = None if plain is None else plain.value
        rows.append(row)
    columns = [Column("factor", Message("Factor, one point more")), *level_columns(ranges)]
    if not found.slopes[found.slopes["what"] == CORRECTED].empty:
        columns.append(Column(CORRECTED, Message("Points of loyalty")))
        columns.append(Column(PLAIN, Message("Points, scores as they stand"), "number"))
    return Table(tuple(columns), tuple(rows), Message("Change of the shares of clients, in percentage points"))


def level_columns(ranges: dict[str, tuple[float, float]]) -> list[Column]:
    """Return a column for each level of stated loyalty, headed by its name and its marks."""
    columns = []
    for level, (low, high) in ranges.items():
        values = {"level": _NAMES[level], "low": low, "high": high}
        columns.append(Column(level, Message("{level} ({low:number} to {high:number})", values)))
    return columns


def _checks(found: AttitudeRows, order: list[str], bank: Bank) -> Table:
    rows = []
    for factor in order:
        row: dict[str, Any] = {"factor": factor_label(factor, bank)}
        row[ODDS] = cell(find(found.slopes, factor=factor, what=ODDS), "number")
        for test in ("effect", "nominal", "brant"):
            told = find(found.tests, factor=factor, test=test)
            row[test] = Message("not estimable") if told is None else Message("{p:p}", {"p": told.value})
        rows.append(row)
    columns = (
        Column("factor", Message("Factor")),
        Column(ODDS, Message("Odds of a higher mark, multiplied by")),
        Column("effect", Message("p, no effect")),
        Column("nominal", Message("p, the same over the scale")),
        Column("brant", Message("p, the same over the scale (Brant)")),
    )
    return Table(columns, tuple(rows), Message("The regression and its checks"))


def _basis(answer: Answer, found: AttitudeRows, bank: Bank) -> tuple[Message, ...]:
    first = found.slopes.iloc[0]
    lines = []
    if not math.isnan(first["n"]):
        values = {"answers": float(first["n_events"]), "n": float(first["n"])}
        lines.append(
            Message("{answers:count} answers of {n:count} clients, weighted for who answered.", values)
            if answer.facts["weighted"]
            else Message("{answers:count} answers of {n:count} clients.", values)
        )
    if answer.facts["by_signs"]:
        lines.append(Message("p-values by the signs of what each group of clients adds, which holds for few groups."))
    if answer.facts["cluster"] == "manager":
        lines.append(Message("95% intervals allow for clients of one relationship manager being alike."))
    elif answer.facts["repeated"]:
        lines.append(Message("95% intervals allow for answers of one client being alike."))
    if answer.facts["controls"]:
        names = [frame_label(c) for c in answer.facts["controls"]]
        lines.append(Message("Clients compared are alike in {names}.", {"names": names}))
    return survey_basis(bank, *lines)


def _caveats(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    names = [factor_label(f, bank) for f in answer.facts["unequal"]]
    lines = [
        Message(
            "Factors and loyalty were asked on one page: who is in a good mood marks everything higher, and no "
            "correction from the same survey can tell. What clients did afterwards is another exhibit."
        ),
        Message("A difference between clients is not yet the effect of changing the factor."),
    ]
    if answer.facts["unequal"] and answer.facts["partial"]:
        lines.append(
            Message(
                "Not the same over the whole scale: {names}. These effects are from a model with a slope of its own at "
                "every mark.",
                {"names": names},
            )
        )
    elif answer.facts["unequal"]:
        lines.append(
            Message(
                "Not the same over the whole scale: {names}; too few answers for a slope at every mark, so read these "
                "as averages.",
                {"names": names},
            )
        )
    else:
        lines.append(Message("No factor is seen to act differently over the scale."))
    return tuple(lines)


def _estimates(found: AttitudeRows) -> list[dict[str, Any]]:
    lines = []
    names = {CORRECTED: "loyalty_points", PLAIN: "loyalty_points_uncorrected", ODDS: "odds_ratio"}
    for row in found.effects.to_dict("records"):
        group = {"factor": str(row["factor"]), "level": str(row["level"])}
        lines.append(finding_row("share_change", row, group=group))
    for row in found.slopes.to_dict("records"):
        lines.append(finding_row(names[str(row["what"])], row, group={"factor": str(row["factor"])}))
    for row in found.tests.to_dict("records"):
        lines.append(finding_row(f"p_{row['test']}", row, group={"factor": str(row["factor"])}))
    return lines
