"""Whether one wave foretells the next: error by wave, and expected beside observed shares of the marks."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.reasons import why_not
from insights.reports.exhibits.loyalty.words import survey_basis, wave_label
from insights.reports.exhibits.rows import check_row
from insights.reports.exhibits.told import cell, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.forecast import DIFFERENCE, EXPECTED, OBSERVED, REFERENCE, SCORE, SKILL, Forecast

LEVEL = 0.05


def forecast(answer: Answer, found: Forecast, bank: Bank) -> Exhibit:
    """Say how much better the regression of the wave before predicts than its shares alone, and whether it is level."""
    title, sentences = _words(answer, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_figure(answer, found, title),
        tables=(_categories(answer, found), _waves(answer, found)),
        basis=survey_basis(bank, *_basis(answer, found)),
        caveats=(
            Message(
                "A good forecast shows that the link between marks and loyalty is stable, not that it is one of cause "
                "and effect."
            ),
            Message("The marks of the factors are those of the wave predicted: they are asked together with loyalty."),
        ),
        refusals=tuple(why_not(reason) for reason in dict.fromkeys(answer.facts["skipped"].values())),
        estimates=tuple(_estimates(answer, found)),
        checks=(check_row(answer.facts["calibration"]),),
    )


def _words(answer: Answer, found: Forecast) -> tuple[Message, tuple[Message, ...]]:
    skill = find(found.waves, wave="", what=SKILL)
    if skill is None:
        return Message("How well one wave foretells the next cannot be shown"), ()
    values = {"skill": skill.value, "low": skill.low, "high": skill.high}
    title = (
        Message("What one wave teaches holds in the next: {skill:share} less error than without it", values)
        if skill.low > 0
        else Message("What one wave teaches does not foretell the next beyond chance")
    )
    said = [
        Message(
            "Compared with a forecast that knows only how often each mark was given before; the interval is "
            "{low:share} to {high:share}.",
            values,
        )
    ]
    test = answer.facts["calibration"]
    if test.p_value is not None:
        said.append(
            Message("Each mark came about as often as expected (p {p:p}).", {"p": test.p_value})
            if test.p_value >= LEVEL
            else Message(
                "Some marks came more or less often than expected (p {p:p}); the table says which.", {"p": test.p_value}
            )
        )
    return title, tuple(said)


def _mark(answer: Answer, category: str) -> Message:
    low, high = answer.facts["marks"][int(category)]
    if low == high:
        return Message("{mark:number}", {"mark": low})
    return Message("{low:number} to {high:number}", {"low": low, "high": high})


def _figure(answer: Answer, found: Forecast, title: Message) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for category in dict.fromkeys(found.categories["category"]):
        gap = find(found.categories, category=category, what=DIFFERENCE)
        if gap is not None:
            label = Message("mark {mark}", {"mark": _mark(answer, str(category))})
            bars.append({"label": label, "value": gap.value, "low": gap.low, "high": gap.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "points", "in_order": True}
    data["x_label"] = Message("Observed less expected share, percentage points (95% interval)")
    return Figure("bars", data, Message("Observed less expected share by mark. {title}.", {"title": title}))


def _categories(answer: Answer, found: Forecast) -> Table:
    rows = []
    for category in dict.fromkeys(found.categories["category"]):
        row: dict[str, Any] = {"mark": _mark(answer, str(category))}
        for what in (EXPECTED, OBSERVED):
            told = find(found.categories, category=category, what=what)
            row[what] = None if told is None else told.value
        row[DIFFERENCE] = cell(find(found.categories, category=category, what=DIFFERENCE), "points")
        rows.append(row)
    columns = (
        Column("mark", Message("Mark of loyalty")),
        Column(EXPECTED, Message("Expected share"), "percent"),
        Column(OBSERVED, Message("Observed share"), "percent"),
        Column(DIFFERENCE, Message("Difference (95% interval)")),
    )
    return Table(columns, tuple(rows), Message("Expected and observed marks, all predicted waves"))


def _waves(answer: Answer, found: Forecast) -> Table:
    rows = []
    for wave in dict.fromkeys(found.waves["wave"]):
        label = wave_label(str(wave), answer.facts["months"]) if wave else Message("all predicted waves")
        row: dict[str, Any] = {"wave": label}
        for what in (SCORE, REFERENCE):
            told = find(found.waves, wave=wave, what=what)
            row[what] = None if told is None else told.value
        row[SKILL] = cell(find(found.waves, wave=wave, what=SKILL), "percent")
        rows.append(row)
    columns = (
        Column("wave", Message("Wave predicted from the one before")),
        Column(SCORE, Message("Error (ranked probability score)"), "number"),
        Column(REFERENCE, Message("Error of the earlier shares alone"), "number"),
        Column(SKILL, Message("Less error (95% interval)")),
    )
    return Table(columns, tuple(rows), Message("Error of the forecast by wave (0: certain and right)"))


def _basis(answer: Answer, found: Forecast) -> list[Message]:
    told = find(found.waves, wave="", what=SCORE)
    lines = []
    if told is not None:
        waves = found.waves["wave"].nunique() - 1
        lines.append(Message("{n:count} clients in {waves:count} predicted waves.", {"n": told.n, "waves": waves}))
    lines.append(
        Message("95% intervals allow for clients of one relationship manager being alike.")
        if answer.facts["cluster"] == "manager"
        else Message("95% intervals allow for answers of one client being alike.")
    )
    return lines


def _estimates(answer: Answer, found: Forecast) -> list[dict[str, Any]]:
    lines = []
    for row in found.waves.to_dict("records"):
        group = {"wave": str(row["wave"])} if row["wave"] else {}
        lines.append(finding_row(f"forecast_{row['what']}", row, group=group))
    for row in found.categories.to_dict("records"):
        low, high = answer.facts["marks"][int(row["category"])]
        group = {"mark": f"{low:g}" if low == high else f"{low:g}-{high:g}"}
        lines.append(finding_row(f"mark_{row['what']}", row, group=group))
    return lines
