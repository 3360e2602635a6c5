"""Page one: the two levers that matter most, what they are worth in clients and money, and how sure that is."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.attitude import level_columns
from insights.reports.exhibits.loyalty.words import factor_label, segment_label, survey_basis
from insights.reports.exhibits.rows import by_choice, check_row, estimate_row
from insights.reports.exhibits.told import cell, cell_of, finding_row
from insights.stats.results import Estimate, TestResult
from insights.topics.evidence import Answer
from insights.topics.loyalty.levers import FEWER, FIRST_TWO, LEVELS, POINTS, SPREAD, VALUE, Levers

LEVEL = 0.05


def levers(answer: Answer, found: Levers, bank: Bank) -> Exhibit:
    """Say what one point more on each factor goes with."""
    title, sentences = _words(answer, found, bank)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(found, title, bank),
        tables=tuple(t for t in (_table(found, bank), *_parts(answer, found, bank)) if t is not None),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer, found, bank),
        estimates=tuple(_estimates(found)),
        checks=tuple(check_row(t) for t in (answer.facts["restriction"], answer.facts["segments_differ"]) if t),
    )


def _words(answer: Answer, found: Levers, bank: Bank) -> tuple[Message, tuple[Message, ...]]:
    names = found.order[:2]
    shares = [found.row(f, FEWER) for f in names]
    told = [(f, s) for f, s in zip(names, shares, strict=True) if s is not None]
    if not told:
        return Message("What the factors are worth cannot be shown: too few clients left"), ()
    if told[0][1].low <= 0:
        return Message("That better marks go with fewer clients lost cannot be told from chance"), (_promise(),)
    values: dict[str, Any] = {"exits": found.base("exits")}
    for k, (factor, share) in enumerate(told, start=1):
        values |= {f"f{k}": factor_label(factor, bank), f"s{k}": share.value, f"l{k}": share.low, f"h{k}": share.high}
        for measure in ("exits", "assets", "margin"):
            kept = found.kept(factor, measure)
            values[f"{measure}{k}"] = None if kept is None else kept.value
        worth = found.row(factor, VALUE)
        values |= {f"value{k}": worth and worth.value, f"v{k}": worth and worth.low, f"w{k}": worth and worth.high}
        values["years"] = answer.facts.get("years")
        lost = found.kept(factor, "exits")
        values |= {f"from{k}": lost and lost.low, f"to{k}": lost and lost.high}
    if len(told) == 1:
        title = Message(
            "One point more in {f1} goes with {exits1:count} fewer clients lost a year ({from1:count} to {to1:count})",
            values,
        )
    else:
        title = Message(
            "One point more in {f1} goes with {exits1:count} fewer clients lost a year ({from1:count} to {to1:count}), "
            "in {f2} with {exits2:count} ({from2:count} to {to2:count})",
            values,
        )
    return title, (*_sizes(told, values), *_sure(found, told, values), _promise())


_SIZES = {
    "value": Message(
        "For {f}: {s:share} ({l:share} to {h:share}) of the {all:count} clients who left by choice in the last twelve "
        "months, with {assets:money} of assets; what clients so kept in one year bring in the {years:number} years "
        "after is worth {value:money} today ({v:money} to {w:money})."
    ),
    "margin": Message(
        "For {f}: {s:share} ({l:share} to {h:share}) of the {all:count} clients who left by choice in the last twelve "
        "months, with {assets:money} of assets and {margin:money} of margin a year."
    ),
    "assets": Message(
        "For {f}: {s:share} ({l:share} to {h:share}) of the {all:count} clients who left by choice in the last twelve "
        "months, with {assets:money} of assets."
    ),
    "exits": Message(
        "For {f}: {s:share} ({l:share} to {h:share}) of the {all:count} clients who left by choice in the last twelve "
        "months."
    ),
}


def _sizes(told: list[tuple[str, Estimate]], values: dict[str, Any]) -> list[Message]:
    said = []
    for k in range(1, len(told) + 1):
        own = {key[:-1]: value for key, value in values.items() if key.endswith(str(k))} | {"all": values["exits"]}
        own["years"] = values["years"]
        last = "exits" if own["assets"] is None else "assets" if own["margin"] is None else "margin"
        last = "value" if own["value"] is not None and own["assets"] is not None else last
        said.append(Message(_SIZES[last].id, own))
    return said


def _sure(found: Levers, told: list[tuple[str, Estimate]], values: dict[str, Any]) -> list[Message]:
    often = [found.row(f, FIRST_TWO) for f, _ in told]
    if len(told) < 2 or len(found.order) < 3 or any(o is None for o in often):
        return []
    values = values | {"p1": often[0].value if often[0] else None, "p2": often[1].value if often[1] else None}
    return [
        Message(
            "How sure: when the clients are drawn again at random, {f1} is one of the two strongest levers in "
            "{p1:share} of the draws, {f2} in {p2:share}.",
            values,
        )
    ]


def _promise() -> Message:
    return Message(
        "This is an association, not a promise: no mark was raised in an experiment. To know what a measure would "
        "bring, try it with some relationship managers drawn by lot first."
    )


def _figure(found: Levers, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for factor in found.order:
        kept = found.kept(factor, "exits")
        if kept is not None:
            label = factor_label(factor, bank)
            bars.append({"label": label, "value": kept.value, "low": kept.low, "high": kept.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "in_order": True}
    data["x_label"] = Message("Fewer clients lost a year, for one point more (95% interval)")
    return Figure("bars", data, Message("Clients by factor with intervals. {title}.", {"title": title}))


def _table(found: Levers, bank: Bank) -> Table:
    rows = []
    for factor in found.order:
        first_two = found.row(factor, FIRST_TWO)
        row = {"factor": factor_label(factor, bank), "points": cell(found.row(factor, POINTS), "number")}
        row["fewer"] = cell(found.row(factor, FEWER), "percent")
        row |= _kept(found, factor, "")
        rows.append(row | {"first_two": None if first_two is None else first_two.value})
    columns = [
        Column("factor", Message("Factor, one point more")),
        Column("points", Message("Points of loyalty")),
        Column("fewer", Message("Fewer exits by choice")),
        Column("exits", Message("Fewer clients lost a year")),
    ]
    columns += _money_columns(found)
    columns.append(Column("first_two", Message("One of the two strongest, share of draws"), "share"))
    return Table(tuple(columns), tuple(rows), Message("What goes with one point more on each factor (95% intervals)"))


def _segments(answer: Answer, found: Levers, bank: Bank) -> Table | None:
    rows = []
    for segment in answer.facts["segments"]:
        for factor in found.order[:2]:
            row: dict[str, Any] = {"segment": segment_label(segment, bank), "factor": factor_label(factor, bank)}
            row["fewer"] = cell(found.row(factor, FEWER, segment), "percent")
            rows.append(row | _kept(found, factor, segment))
    if not rows:
        return None
    columns = [
        Column("segment", Message("Segment")),
        Column("factor", Message("Factor, one point more")),
        Column("fewer", Message("Fewer exits by choice")),
        Column("exits", Message("Fewer clients lost a year")),
    ]
    columns += _money_columns(found)
    return Table(tuple(columns), tuple(rows), Message("The two strongest levers by segment (95% intervals)"))


def _parts(answer: Answer, found: Levers, bank: Bank) -> tuple[Table | None, ...]:
    return _segments(answer, found, bank), _stated(answer, found, bank)


def _stated(answer: Answer, found: Levers, bank: Bank) -> Table | None:
    """Return what one point more does to what clients say: every factor for all, the strongest two by segment."""
    ranges = answer.facts["ranges"]
    rows = []
    for segment in ("", *answer.facts["segments"]):
        for factor in found.order if not segment else found.order[:2]:
            row: dict[str, Any] = {"segment": segment_label(segment, bank) if segment else Message("all clients")}
            row["factor"] = factor_label(factor, bank)
            told = {
                level: cell_of(found.rows, "points", factor=factor, what=level, segment=segment) for level in ranges
            }
            rows.append(row | told)
    if not (found.rows["what"].isin(LEVELS) & found.rows["value"].notna()).any():
        return None
    columns = [Column("segment", Message("Segment")), Column("factor", Message("Factor, one point more"))]
    columns += level_columns(ranges)
    caption = Message("What clients say: change of the shares of clients, in percentage points (95% intervals)")
    return Table(tuple(columns), tuple(rows), caption)


def _kept(found: Levers, factor: str, segment: str) -> dict[str, Any]:
    """Return what one point keeps, as cells: clients, assets, value (else margin), and the p-value of it."""
    row: dict[str, Any] = {"value": cell(found.row(factor, VALUE, segment), "money")}
    for measure, kind in (("exits", "tenths"), ("assets", "money"), ("margin", "money")):
        row[measure] = cell(found.kept(factor, measure, segment), kind)
    p = found.p_value(factor, segment)
    return row | {"p": None if math.isnan(p) else Message("{p:p}", {"p": p})}


def _money_columns(found: Levers) -> list[Column]:
    columns = [Column("assets", Message("Their assets"))] if found.assets is not None else []
    if (found.rows["what"] == VALUE).any():
        columns.append(Column("value", Message("Lifetime value kept")))
    elif found.margin is not None:
        columns.append(Column("margin", Message("Their margin a year")))
    if "p" in found.rows and found.rows["p"].notna().any():
        columns.append(Column("p", Message("p, adjusted")))
    return columns


def _basis(answer: Answer, found: Levers, bank: Bank) -> tuple[Message, ...]:
    first = found.row(found.order[0], FEWER) if found.order else None
    points = found.row(found.order[0], POINTS) if found.order else None
    lines = []
    if first is not None and points is not None:
        values = {"clients": points.n, "n": first.n, "events": first.n_events, "months": answer.facts["months"]}
        lines.append(
            Message(
                "{clients:count} clients answered; {n:count} of them could be followed for {months:months} after an "
                "answer, and {events:count} left by choice.",
                values,
            )
        )
    lines.append(
        Message("95% intervals from resampling relationship managers, through the whole chain.")
        if answer.facts["cluster"] == "manager"
        else Message("95% intervals from resampling clients, through the whole chain.")
    )
    if answer.facts.get("years"):
        values = {"years": answer.facts["years"], "rate": answer.facts["rate"]}
        lines.append(
            Message(
                "Lifetime value: what those kept in one year are expected to bring over {years:number} years, "
                "discounted at {rate:percent} a year. Its interval pairs the resampling with draws of what markets, "
                "coming years and chance may do to the values.",
                values,
            )
        )
    if "p" in found.rows and found.rows["p"].notna().any():
        lines.append(
            Message(
                "p-values of all levers and segments together: registered claims adjusted by Holm, all others by "
                "Benjamini-Hochberg."
            )
        )
    return survey_basis(bank, *lines, *by_choice(bank))


def _caveats(answer: Answer, found: Levers, bank: Bank) -> tuple[Message, ...]:
    lines = []
    spread = found.row(found.order[0], SPREAD) if found.order else None
    if spread is not None:
        low, high = answer.facts["scale"]
        values = {"low": low, "high": high, "sd": spread.value, "factor": factor_label(found.order[0], bank)}
        lines.append(
            Message(
                "One point on a scale from {low:number} to {high:number} is a large step: in {factor}, two thirds of "
                "the clients lie within {sd:tenths} points of the mean.",
                values,
            )
        )
    lines.append(
        Message(
            "The size comes from who left in the year after answering, the shares of the factors from stated loyalty: "
            "answers of one day inflate each other, and this keeps that out."
        )
    )
    if answer.facts.get("years"):
        lines.append(
            Message(
                "Value counts the clients kept in one year only: whether a better mark goes on working in later years "
                "is not known."
            )
        )
    lines.append(_restriction(answer.facts["restriction"]))
    if answer.facts["corrected"] and found.rows["what"].isin(LEVELS).any():
        lines.append(
            Message(
                "Shares of critical, undecided and loyal clients change here along straight lines and without "
                "measurement error; the exhibit on what clients say takes the scores as they are, so its figures are "
                "a little different."
            )
        )
    lines.append(
        Message("The scores are freed of their measurement error, as far as the items of a factor disagree.")
        if answer.facts["corrected"]
        else Message("Not all scores could be freed of their measurement error; levers measured badly look too small.")
    )
    test = answer.facts["segments_differ"]
    if test is not None and test.p_value is not None:
        lines.append(
            Message("The segments differ by more than chance (p {p:p}).", {"p": test.p_value})
            if test.p_value < LEVEL
            else Message(
                "Between the segments no difference beyond chance is seen (p {p:p}): read the first table for all.",
                {"p": test.p_value},
            )
        )
    lines.append(
        Message(
            "Assets are the same share of what last year's leavers held; where the value kept is negative, serving "
            "these clients costs more than they bring."
        )
        if (found.rows["what"] == VALUE).any()
        else Message(
            "Assets and margin are the same share of what last year's leavers held and brought; a negative margin "
            "means that serving them cost more."
        )
    )
    return tuple(lines)


def _restriction(test: TestResult) -> Message:
    if test.p_value is None:
        return Message("With one factor there is nothing to compare the shares of the factors with.")
    if test.p_value < LEVEL:
        return Message(
            "The exits do not share out among the factors as stated loyalty does (p {p:p}): read the exhibit on what "
            "clients did before relying on one factor.",
            {"p": test.p_value},
        )
    return Message(
        "The exits do not contradict these shares (p {p:p}), but alone they could hardly tell the factors apart.",
        {"p": test.p_value},
    )


def _estimates(found: Levers) -> list[dict[str, Any]]:
    names = {POINTS: "loyalty_points", FEWER: "fewer_exits", FIRST_TWO: "among_first_two", SPREAD: "factor_sd"}
    names |= {VALUE: "lifetime_value_kept", **dict.fromkeys(LEVELS, "stated_share_change")}
    lines = []
    for row in found.rows.to_dict("records"):
        what, group = str(row["what"]), {"factor": str(row["factor"])}
        group |= {"segment": str(row["segment"])} if row["segment"] else {}
        group |= {"level": what} if what in LEVELS else {}
        lines.append(finding_row(names[what], row, group=group, months=12 if what in (FEWER, VALUE) else None))
    for factor in found.order:
        for measure in ("exits", "assets", "margin"):
            kept = found.kept(factor, measure)
            if kept is not None:
                lines.append(_kept_row(measure, factor, kept))
    return lines


def _kept_row(measure: str, factor: str, kept: Estimate) -> dict[str, Any]:
    return estimate_row(f"fewer_lost_{measure}", kept, group={"factor": factor}, months=12)
