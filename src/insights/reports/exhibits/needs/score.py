"""How good earlier predictions were, beside two simple rules, and whether the level was right."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.needs.trials import AREA, BEFORE, LOGIT, MAP, PRECISION, RULES, SEGMENT, TREES
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.needs.overview import beaten, beating, score_estimates, verdict
from insights.reports.exhibits.needs.words import need_basis, way_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.needs.score import EXPECTED, HAPPENED, ScoreRows


def score(answer: Answer, found: ScoreRows, bank: Bank) -> Exhibit:
    """Say whether the prediction beat simple rules at the managers' capacity, and whether its level was right."""
    used = answer.facts["used"]
    title = _title(found, used)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(verdict(found.scores, used), *_learned(found, used), *_level(found), *_model(answer)),
        figure=_figure(found, used, title),
        tables=(_scores(found, used), *_dates(found, used), _levels(found), *_months(found)),
        basis=_basis(answer, bank),
        caveats=(
            Message(
                "What was bought without any offer counts too: the score says who will buy, not whom an offer wins."
            ),
            Message("The same clients were offered products by campaigns meanwhile, whoever was chosen."),
            Message(
                "Clients are drawn anew for the intervals, not months: there are too few past dates for that. How far "
                "the dates differ is told date by date."
            ),
        ),
        estimates=(*score_estimates(found.scores), *_estimates(found, used)),
    )


def _title(found: ScoreRows, used: str) -> Message:
    own, rival = (find(found.scores, measure=PRECISION, way=w, less="") for w in (used, SEGMENT))
    if own is None or rival is None:
        return Message("How good earlier predictions were cannot be told for all ways of choosing")
    clear, other = beaten(found.scores, used)
    values: dict[str, Any] = {"x": own.value, "p": rival.value}
    if not other:
        return Message(
            "{x:percent} of the clients chosen bought within three months, more than by simple rules (at best "
            "{p:percent})",
            values | {"p": max(v.value for w in RULES if (v := find(found.scores, measure=PRECISION, way=w, less="")))},
        )
    if worse := beating(found.scores, used):
        return Message(
            "{x:percent} of the clients chosen bought within three months; a simple rule did better ({p:percent})",
            values | {"p": max(v.value for w in worse if (v := find(found.scores, measure=PRECISION, way=w, less="")))},
        )
    if clear:
        return Message(
            "{x:percent} of the clients chosen bought within three months; the difference to a simple rule "
            "({p:percent}) may be chance",
            values | {"p": max(v.value for w in other if (v := find(found.scores, measure=PRECISION, way=w, less="")))},
        )
    return Message(
        "Earlier predictions were not clearly better than simple rules: {x:percent} of those chosen bought", values
    )


def _level(found: ScoreRows) -> list[Message]:
    said = []
    for months in sorted(set(found.levels["months"])):
        told = find(found.levels, months=months, group=0, what=EXPECTED)
        came = find(found.levels, months=months, group=0, what=HAPPENED)
        if told is not None and came is not None:
            values = {"m": int(months), "e": told.value, "x": came.value, "low": came.low, "high": came.high}
            said.append(
                Message(
                    "Within {m:months} {e:percent} were expected to buy, and {x:percent} "
                    "({low:bare_percent} to {high:bare_percent}) did.",
                    values,
                )
            )
    return said


def _learned(found: ScoreRows, used: str) -> list[Message]:
    """Say what each run improved on the one before, or that it did not."""
    own, before, gain = (
        find(found.scores, measure=PRECISION, way=way, less=less)
        for way, less in ((used, ""), (BEFORE, ""), (used, BEFORE))
    )
    if used != LOGIT or own is None or before is None or gain is None:
        return []
    values = {"x": own.value, "b": before.value}
    if gain.low > 0:
        text = Message(
            "Each run improved on the one before: {x:percent} bought, {b:percent} by what it had learned.", values
        )
    elif gain.high < 0:
        text = Message(
            "Each run was worse than the one before: {x:percent} bought, {b:percent} by what it had learned.", values
        )
    else:
        text = Message(
            "What each run learned beyond the one before made no difference that could not be chance: {x:percent} "
            "bought, {b:percent} by what was known three months before.",
            values,
        )
    return [text]


def _model(answer: Answer) -> list[Message]:
    if not answer.facts["trees"]:
        return []
    if answer.facts["used"] == TREES:
        return [
            Message("Boosted trees are used: at past dates they were better than the regression by more than chance.")
        ]
    return [
        Message(
            "The regression is used: boosted trees were not better at past dates in both scores by more than chance."
        )
    ]


def _figure(found: ScoreRows, used: str, title: Message) -> Figure | None:
    bars = []
    for way in (used, *RULES):
        told = find(found.scores, measure=PRECISION, way=way, less="")
        if told is not None:
            bars.append({"label": way_label(way, used), "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Share of the clients chosen who bought within three months (95% interval)")
    return Figure("bars", data, Message("Share who bought, by way of choosing. {title}.", {"title": title}))


def _scores(found: ScoreRows, used: str) -> Table:
    rows = []
    for way in (used, *(w for w in (LOGIT, TREES, BEFORE) if w != used), *RULES):
        if not ((found.scores["way"] == way) & (found.scores["less"] == "")).any():
            continue
        row: dict[str, Any] = {"way": way_label(way, used)}
        for measure in (PRECISION, AREA, MAP):
            row[measure] = cell(find(found.scores, measure=measure, way=way, less=""), "percent")
        row["less"] = cell(find(found.scores, measure=PRECISION, way=used, less=way), "percent")
        row["lift"] = cell(find(found.lifts, way=way), "tenths")
        rows.append(row if way != used else row | {"less": Message("–"), "lift": Message("–")})
    columns = (
        Column("way", Message("Way of choosing")),
        Column(PRECISION, Message("Of those chosen, bought")),
        Column("less", Message("This report’s prediction is above it by")),
        Column("lift", Message("Times as many bought")),
        Column(AREA, Message("Average precision, all ranks")),
        Column(MAP, Message("Average precision of the first three kinds")),
    )
    return Table(columns, tuple(rows), Message("Scores at past dates (95% intervals by client)"))


def _dates(found: ScoreRows, used: str) -> tuple[Table, ...]:
    """Return the dates one by one, where they may be told of the prediction."""
    ways = [way for way in (used, BEFORE, *RULES) if (found.dates["way"] == way).any()]
    if used not in ways:
        return ()
    rows = []
    for date in sorted(set(found.dates["date"])):
        row: dict[str, Any] = {"date": Message("{d:date}", {"d": date})}
        rows.append(row | {way: cell(find(found.dates, date=date, way=way), "percent") for way in ways})
    columns = (Column("date", Message("Predicted on")), *(Column(way, way_label(way, used)) for way in ways))
    title = Message("Of those chosen, bought within three months, date by date (95% intervals)")
    return (Table(columns, tuple(rows), title),)


def _levels(found: ScoreRows) -> Table:
    rows = []
    for group in sorted(set(found.levels["group"]), key=lambda g: (g == 0, -g)):
        row: dict[str, Any] = {"group": Message("all") if group == 0 else Message("{g:number} of 5", {"g": int(group)})}
        for months in (3, 6):
            told = find(found.levels, months=months, group=group, what=EXPECTED)
            row[f"e{months}"] = cell(told, "percent")
            row[f"h{months}"] = cell(find(found.levels, months=months, group=group, what=HAPPENED), "percent")
        rows.append(row)
    columns = (
        Column("group", Message("Fifth of the probability (5: highest)")),
        Column("e3", Message("Expected, 3 months")),
        Column("h3", Message("Bought, 3 months")),
        Column("e6", Message("Expected, 6 months")),
        Column("h6", Message("Bought, 6 months")),
    )
    return Table(columns, tuple(rows), Message("What was expected and what came of it (95% intervals by client)"))


def _months(found: ScoreRows) -> tuple[Table, ...]:
    rows = []
    for date in sorted(set(found.months["date"])):
        row: dict[str, Any] = {"date": Message("{d:date}", {"d": date})}
        row |= {what: cell(find(found.months, date=date, what=what), "percent") for what in (EXPECTED, HAPPENED)}
        rows.append(row)
    columns = (
        Column("date", Message("Predicted on")),
        Column(EXPECTED, Message("Expected, 3 months")),
        Column(HAPPENED, Message("Bought, 3 months")),
    )
    title = Message("Whether the level held, date by date: of all asked, expected to buy and bought (95% intervals)")
    return (Table(columns, tuple(rows), title),) if rows else ()


def _basis(answer: Answer, bank: Bank) -> tuple[Message, ...]:
    facts = answer.facts
    values = {"dates": facts["dates"], "first": facts["first"], "k": facts["capacity"]}
    own = (
        Message("Chosen: one offer per client, the {k:count} most probable of each manager.", values)
        if facts["by_manager"]
        else Message(
            "Chosen: one offer per client, the {k:count} most probable in all, managers not being recorded.", values
        )
    )
    rules = Message(
        "Most popular in the segment: by how often clients of the same segment bought before; the segments are those "
        "of a year ago or the bank's own, and the prediction starts from them too. Most popular at this risk and "
        "wealth: the same by risk tolerance and third of wealth. Same as last time: who bought lately first, then the "
        "kind that was bought most in the last three months."
    )
    tried = Message(
        "{dates:number} past dates from {first:date} on; each time learned from what was known by then only.", values
    )
    return (*need_basis(answer, bank)[: -len(dated(bank))], tried, own, rules, *dated(bank))


def _estimates(found: ScoreRows, used: str) -> list[dict[str, Any]]:
    lines = [
        finding_row("lift", r, group={"way": used, "over": str(r["way"])}, months=3)
        for r in found.lifts.to_dict("records")
    ]
    lines += [
        finding_row("precision", r, group={"way": str(r["way"]), "date": str(r["date"])}, months=3)
        for r in found.dates.to_dict("records")
    ]
    lines += [
        finding_row(str(r["what"]), r, group={"date": str(r["date"])}, months=3)
        for r in found.months.to_dict("records")
    ]
    return lines + [
        finding_row(str(r["what"]), r, group={"fifth": str(r["group"])} if r["group"] else {}, months=int(r["months"]))
        for r in found.levels.to_dict("records")
    ]
