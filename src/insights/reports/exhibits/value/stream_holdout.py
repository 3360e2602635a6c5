"""How the forecast of a stream did on months it had not seen, and which model was chosen for it."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.streams.fit import MEAN, SAME
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.exhibits.value.stream_words import FORECASTS, SHORT_NAMES, model_name, repeats_label, stream_label
from insights.topics.evidence import Answer
from insights.topics.value.streams import ACTUAL, StreamRows


def stream_holdout(answer: Answer, found: StreamRows, bank: Bank) -> Exhibit:
    """Say how many bookings were foretold and how many came, which model was chosen, and whether it beats none."""
    facts, totals = answer.facts, found["totals"]
    chosen = facts["chosen"]
    came, told = find(totals, forecast=ACTUAL, measure="total"), find(totals, forecast=chosen, measure="total")
    values: dict[str, Any] = {
        "stream": stream_label(answer, bank),
        "split": facts["split"],
        "model": model_name(chosen),
    }
    title = Message("{stream}: how the forecast did", values)
    sentences = []
    if came is not None and told is not None and not math.isnan(told.low):
        values |= {"came": came.value, "told": told.value, "low": told.low, "high": told.high}
        title = Message("{stream}: {told:count} repeat bookings were foretold, {came:count} came", values)
        sentences.append(
            _verdict(facts["missed"], values | {"miss": abs(told.value / came.value - 1) if came.value else 0.0})
        )
    sentences.append(_choice(totals, facts, values))
    if "money" in found.rows:
        seen, expected = (find(found["money"], measure=m) for m in (ACTUAL, "expected"))
        if seen is not None and expected is not None:
            sentences.append(
                Message(
                    "In money: {expected:money} were foretold, {seen:money} came.",
                    {"expected": expected.value, "seen": seen.value},
                )
            )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_months_figure(found, facts, title),
        tables=(_forecast_table(totals), _class_table(found["classes"])),
        basis=basis(
            bank,
            Message("Fitted to what was known on {split:date}; the months since then were not used.", values),
            Message("Chosen: the model with the smallest mean squared error of a client's number of bookings."),
            Message("The interval of a total is where the number should lie: parameters and chance."),
        ),
        caveats=(
            Message("The curve is what the parameters alone expect; the totals also use what each client had done."),
            Message("Clients who made their first booking later are not in the test."),
        ),
        refusals=tuple(
            Message("{model}: no best fit could be found.", {"model": model_name(name)}) for name in facts["failed"]
        ),
        estimates=tuple(_holdout_findings(found)),
    )


def _verdict(missed: str, values: dict[str, Any]) -> Message:
    if missed == "less":
        return Message(
            "Foretold on {split:date} by {model}: {told:count} ({low:count} to {high:count}). That is {miss:percent} "
            "too little, more than chance explains.",
            values,
        )
    if missed == "more":
        return Message(
            "Foretold on {split:date} by {model}: {told:count} ({low:count} to {high:count}). That is {miss:percent} "
            "too much, more than chance explains.",
            values,
        )
    return Message(
        "Foretold on {split:date} by {model}: {told:count}, and between {low:count} and {high:count} with 95% "
        "probability; what came lies within.",
        values,
    )


def _choice(totals: Any, facts: dict[str, Any], values: dict[str, Any]) -> Message:
    """Say why this model was chosen, and whether it does better than forecasts without one."""
    if facts["best"] in (SAME, MEAN):
        return Message("A forecast without a model came nearer, client by client: do not rely on these figures.")
    rivals = [(name, find(totals, forecast=name, measure="difference")) for name in (SAME, MEAN)]
    beaten = [e is not None and e.low > 0 for _, e in rivals]
    others = [name for name in facts["models"] if name != facts["chosen"]]
    gap = find(totals, forecast=others[0], measure="difference") if others else None
    if others and gap is not None and gap.low > 0:
        values = values | {"other": model_name(others[0])}
        return (
            Message(
                "{model} came nearest, client by client: nearer than {other} and than no model, beyond chance.", values
            )
            if all(beaten)
            else Message("{model} came nearest, client by client: nearer than {other}, beyond chance.", values)
        )
    if all(beaten):
        return Message(
            "{model} came nearest, client by client: nearer than forecasts without a model, beyond chance; between the "
            "models chance may have decided.",
            values,
        )
    return Message("{model} came nearest, client by client; chance may have decided.", values)


def _months_figure(found: StreamRows, facts: dict[str, Any], title: Message) -> Figure:
    rows = found["months"]
    months = [str(m) for m in dict.fromkeys(rows["month"])]
    names = [ACTUAL, *facts["models"]]
    monthly: list[dict[str, Any]] = []
    summed: list[dict[str, Any]] = []
    for name in names:
        mine = rows[rows["series"] == name].set_index("month")["value"].reindex(months)
        shown = [None if math.isnan(v) else float(v) for v in mine]
        monthly.append({"label": SHORT_NAMES[name], "dates": months, "values": shown})
    # Added up are the months in which all series are told, so that the lines stay comparable.
    known = [all(series["values"][k] is not None for series in monthly) for k in range(len(months))]
    for series in monthly:
        total: float = 0.0
        line: list[float | None] = []
        for value, there in zip(series["values"], known, strict=True):
            total += value if there and value is not None else 0.0
            line.append(total if there else None)
        summed.append(series | {"values": line})
    marker = {"date": facts["split"], "label": Message("foretold from here")}
    panels = [
        {"title": Message("Repeat bookings by month"), "series": monthly, "y_kind": "count", "marker": marker},
        {"title": Message("Added up"), "series": summed, "y_kind": "count", "marker": marker},
    ]
    alt = Message(
        "Repeat bookings by month and added up, as they came and as the models expect. {title}.", {"title": title}
    )
    return Figure("lines", {"panels": panels}, alt)


def _forecast_table(totals: Any) -> Table:
    columns = (
        Column("forecast", Message("Forecast")),
        Column("total", Message("Repeat bookings")),
        Column("squared", Message("Mean squared error of a client"), "amount"),
        Column("absolute", Message("Mean absolute error"), "amount"),
        Column("gap", Message("Squared error above the best")),
    )
    lines = []
    for name in dict.fromkeys(totals["forecast"]):
        squared, absolute, gap = (find(totals, forecast=name, measure=m) for m in ("squared", "absolute", "difference"))
        total = find(totals, forecast=name, measure="total")
        own = name == ACTUAL
        lines.append(
            {
                "forecast": FORECASTS[str(name)],
                "total": cell(total, "count"),
                "squared": Message("–") if own else squared and squared.value,
                "absolute": Message("–") if own else absolute and absolute.value,
                "gap": Message("–") if own or (gap and math.isnan(gap.low)) else cell(gap, "number"),
            }
        )
    return Table(columns, tuple(lines), Message("Forecasts against what came"))


def _class_table(classes: Any) -> Table:
    columns = (
        Column("class", Message("Repeats before")),
        Column("n", Message("Clients"), "count"),
        Column("came", Message("Bookings of a client, what came"), "amount"),
        Column("told", Message("Bookings of a client, foretold"), "amount"),
    )
    lines = []
    for name in dict.fromkeys(classes["repeats"]):
        came, told = (find(classes, repeats=name, measure=m) for m in (ACTUAL, "expected"))
        shown = came or told
        lines.append(
            {"class": repeats_label(str(name)), "n": shown and shown.n, "came": came and came.value}
            | {"told": told and told.value}
        )
    return Table(columns, tuple(lines), Message("By how often clients had booked again before"))


def _holdout_findings(found: StreamRows) -> list[dict[str, Any]]:
    told = []
    for row in found["totals"].to_dict("records"):
        told.append(finding_row(f"holdout_{row['measure']}", row, group={"forecast": str(row["forecast"])}))
    for row in found["classes"].to_dict("records"):
        group = {"repeats": str(row["repeats"]), "series": str(row["measure"])}
        told.append(finding_row("holdout_bookings_of_a_client", row, group=group))
    for row in found["months"].to_dict("records"):
        told.append(finding_row("repeats", row, group={"month": str(row["month"]), "series": str(row["series"])}))
    if "money" in found.rows:
        for row in found["money"].to_dict("records"):
            told.append(finding_row("holdout_turnover", row, group={"series": str(row["measure"])}))
    return told
