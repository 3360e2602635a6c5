"""How the forecast of a stream did on months it had not seen, and what its models take for granted."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.streams.fit import MEAN, SAME
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.exhibits.value.stream_words import FORECASTS, SHORT_NAMES, model_name, repeats_label, stream_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.value.streams import ACTUAL, AMOUNTS, RATES, StreamRows

_CLEAR = 0.05
_NAMES = {
    "r": Message("rates: shape r"),
    "alpha": Message("rates: scale alpha"),
    "a": Message("stopping: a"),
    "b": Message("stopping: b"),
    "s": Message("stopping: shape s"),
    "beta": Message("stopping: scale beta"),
    "p": Message("amounts: shape p"),
    "q": Message("amounts: shape q between clients"),
    "gamma": Message("amounts: scale gamma"),
}
_UNITS = {"months": Message("months"), "number": Message("–"), "log rate": Message("logarithm of the rate")}


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


def stream_checks(answer: Answer, found: StreamRows, bank: Bank) -> Exhibit:
    """Show the tests of what the models take for granted, and their parameters with errors."""
    rows, facts = found["parameters"], answer.facts
    values: dict[str, Any] = {"stream": stream_label(answer, bank)}
    tests = [t for t in (RATES, AMOUNTS) if t == RATES or facts["spend"]]
    p = {t: find(rows, part=t, parameter="independence", measure="p") for t in tests}
    failed = [t for t, e in p.items() if e is not None and e.value < _CLEAR]
    tested = [t for t, e in p.items() if e is not None]
    if failed and len(failed) < len(tested):
        title = Message("{stream}: one of two assumptions of the models does not hold", values)
    elif failed:
        title = Message("{stream}: what the models take for granted does not hold exactly", values)
    elif tested:
        title = Message("{stream}: nothing speaks against what the models take for granted", values)
    else:
        title = Message("{stream}: what the models take for granted cannot be tested", values)
    sentences = [_finding(rows, t, p[t]) for t in tests]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=(_test_table(rows, tests, p), _parameter_table(rows)),
        basis=basis(bank, *_checks_basis(facts)),
        caveats=(
            Message(
                "With many clients even a small dependence is found: what it does to the forecast is seen in the test "
                "above."
            ),
        ),
        refusals=tuple(_not_told(facts)),
        estimates=tuple(
            finding_row(f"{r['measure']}_{r['parameter']}", r, group={"part": str(r["part"])})
            for r in rows.to_dict("records")
        ),
    )


def _checks_basis(facts: dict[str, Any]) -> list[Message]:
    said = [
        Message(
            "{model}, by maximum likelihood; errors from the curvature of the likelihood.",
            {"model": model_name(facts["model"])},
        )
    ]
    if facts["covariates"]:
        names = {"names": facts["covariates"]}
        said.append(Message("Attributes are those known when a client first booked: {names}.", names))
    if facts["same_day"]:
        said.append(Message("Bookings of one client on one day count as one."))
    if facts["frauds"]:
        said.append(Message("Bookings found to be fraud are left out."))
    return said


def _finding(rows: Any, test: str, p: Estimate | None) -> Message:
    z = find(rows, part=test, parameter="independence", measure="statistic")
    if p is None or z is None:
        return (
            Message("Whether clients who book more often also stop sooner cannot be told.")
            if test == RATES
            else Message("Whether clients who book more often also spend more cannot be told.")
        )
    clear = p.value < _CLEAR
    if test == RATES:
        if not clear:
            return Message(
                "Clients who book more often stop neither sooner nor later than others, as far as can be told."
            )
        return (
            Message("Clients who book more often also stop sooner than the model takes for granted.")
            if z.value > 0
            else Message("Clients who book more often stop later than the model takes for granted.")
        )
    if not clear:
        return Message("Clients who book more often spend neither more nor less each time, as far as can be told.")
    r = find(rows, part=test, parameter="correlation", measure="value")
    values = {"r": r.value if r else math.nan}
    return (
        Message("Clients who book more often also spend more each time (correlation {r:number}).", values)
        if z.value > 0
        else Message("Clients who book more often spend less each time (correlation {r:number}).", values)
    )


def _test_table(rows: Any, tests: list[str], p: dict[str, Estimate | None]) -> Table:
    nulls = {
        RATES: Message("How often a client books and how readily he stops are independent."),
        AMOUNTS: Message("How often a client books and how much he spends each time are uncorrelated."),
    }
    columns = (
        Column("null", Message("Taken for granted")),
        Column("z", Message("Test statistic"), "number"),
        Column("p", Message("p"), "p"),
    )
    lines = []
    for test in tests:
        z, chance = find(rows, part=test, parameter="independence", measure="statistic"), p[test]
        lines.append(
            {"null": nulls[test], "z": z.value if z else Message("–"), "p": chance.value if chance else Message("–")}
        )
    return Table(columns, tuple(lines), Message("Tests of the assumptions"))


def _parameter_table(rows: Any) -> Table:
    columns = (
        Column("name", Message("Parameter")),
        Column("value", Message("Value")),
        Column("se", Message("Standard error")),
        Column("interval", Message("95% interval")),
        Column("unit", Message("Unit")),
    )
    lines = []
    mine = rows[(rows["measure"] == "value") & ~rows["parameter"].isin(["correlation", "independence"])]
    for r in mine.to_dict("records"):
        e = find(rows, part=r["part"], parameter=r["parameter"], measure="value")
        se = find(rows, part=r["part"], parameter=r["parameter"], measure="se")
        known = e is not None and not math.isnan(e.low)
        lines.append(
            {
                "name": _NAMES.get(str(r["parameter"]), str(r["parameter"])),
                "value": e and Message("{value:number}", {"value": e.value}),
                "se": Message("{value:number}", {"value": se.value}) if se else Message("–"),
                "interval": Message("{low:number} to {high:number}", {"low": e.low, "high": e.high})
                if known and e
                else Message("–"),
                "unit": _UNITS.get(str(r["unit"]), str(r["unit"])),
            }
        )
    return Table(columns, tuple(lines), Message("Parameters"))


def _not_told(facts: dict[str, Any]) -> list[Message]:
    said = []
    if not facts["spend"]:
        said.append(Message("Amounts: too few clients have booked again to say how they differ."))
    if facts["at_bound"]:
        said.append(Message("Clients hardly differ in some of this: parameters without an error have no best value."))
    if facts["infinite"]:
        said.append(Message("Amounts differ so much between clients that their mean is not defined (q at most 1)."))
    if facts["zeros"]:
        said.append(Message("Clients all of whose repeats were for nothing are left out of the amounts."))
    said += [
        Message("Attribute {name} is not used: {why}.", {"name": name, "why": why})
        for name, why in sorted(facts["refused"].items())
    ]
    return said
