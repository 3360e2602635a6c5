"""How the forecast of a year ago did: in sum, by tenths of the clients, and client by client."""

import math
from itertools import pairwise
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.money import MARGIN, PAID_IN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, count_row
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.reports.exhibits.value.words import told
from insights.reports.exhibits.value.worth import told_in
from insights.topics.evidence import Answer
from insights.topics.value.hindsight import AGAIN, CAME, MEASURES, TOLD, HindsightRows

_NEAR = 0.005
"""Less than this part off is "as foretold" in the title."""


def hindsight(answer: Answer, found: HindsightRows, bank: Bank) -> Exhibit:
    """Say what was foretold and what came, whether chance explains the rest, and whether it beats last year again."""
    facts = answer.facts
    values: dict[str, Any] = {"before": facts["before"], "now": facts["now"], "months": facts["months"]}
    foretold, came, again = (find(found.totals, measure=name) for name in MEASURES)
    title = Message("How the forecast of {before:date} did", values)
    sentences: list[Message] = []
    if foretold is not None and came is not None:
        values |= {"told": foretold.value, "came": came.value, "low": foretold.low, "high": foretold.high}
        values |= {"again": None if again is None else again.value}
        title = _title(facts["measure"], values)
        sentences.append(_verdict(values))
    gain, own = find(found.scores, measure="gain", of=TOLD), find(found.scores, measure="error", of=TOLD)
    if gain is not None and own is not None:
        sentences.append(_nearer(values | {"own": own.value, "gain": abs(gain.value)}, gain.low, gain.high))
    if not math.isnan(found.lift) and len(found.bands) > 1:
        sentences.append(_first(found, facts))
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(found, facts, title),
        tables=(_bands(found, facts), _scores(found)),
        basis=basis(
            bank,
            Message(
                "Clients in force on {before:date}; what was known of them then. What they brought is counted up to "
                "{now:date}, or until they left.",
                values,
            ),
            Message("“The last twelve months again”: each client brings a month what he brought on average before."),
            Message(
                "The interval of a total is where it should lie with 95% probability: coefficients, markets, and who "
                "leaves by chance."
            ),
        ),
        caveats=(
            Message("One year with one market says how far off forecasts may be, not how far off they usually are."),
            Message("The first year is tested here. What lies further ahead cannot be tested on so short a past."),
        ),
        refusals=told_in(facts),
        estimates=tuple(_estimates(found, bank)),
    )


def _title(measure: str, values: dict[str, Any]) -> Message:
    off = values["came"] / values["told"] - 1 if values["told"] > 0 else math.nan
    said = values | {"off": abs(off)}
    if measure == PAID_IN:
        return Message(
            "Told in what they have paid in, held for one year: {told:money} were foretold, {came:money} came", values
        )
    if measure != MARGIN:
        return Message("Told in assets held for one year: {told:money} were foretold, {came:money} came", values)
    if math.isnan(off):
        return Message("{told:money} were foretold, {came:money} came", values)
    if abs(off) < _NEAR:
        return Message("The clients of {before:date} have brought in {came:money} since, as was foretold", said)
    if off > 0:
        return Message(
            "The clients of {before:date} have brought in {came:money} since: {off:percent} more than the {told:money} "
            "foretold",
            said,
        )
    return Message(
        "The clients of {before:date} have brought in {came:money} since: {off:percent} less than the {told:money} "
        "foretold",
        said,
    )


def _verdict(values: dict[str, Any]) -> Message:
    if values["low"] <= values["came"] <= values["high"]:
        return Message(
            "With 95% probability it was to be between {low:money} and {high:money}; what came lies within.", values
        )
    if values["came"] < values["low"]:
        return Message(
            "With 95% probability it was to be between {low:money} and {high:money}; what came lies below: the "
            "forecast was too high.",
            values,
        )
    return Message(
        "With 95% probability it was to be between {low:money} and {high:money}; what came lies above: the forecast "
        "was too low.",
        values,
    )


def _nearer(values: dict[str, Any], low: float, high: float) -> Message:
    if low > 0:
        return Message(
            "Client by client it was {own:money} off on average, {gain:money} nearer than “the last twelve months "
            "again”: more than chance explains.",
            values,
        )
    if high < 0:
        return Message(
            "Client by client it was {own:money} off on average, {gain:money} more than “the last twelve months "
            "again”: do not rank single clients by it.",
            values,
        )
    return Message(
        "Client by client it was {own:money} off on average; “the last twelve months again” did about as well.", values
    )


def _first(found: HindsightRows, facts: dict[str, Any]) -> Message:
    first = facts["tenths"][0]
    values = {"lift": found.lift, "tenths": first}
    if first == 1:
        return Message("The tenth of the clients foretold the most brought {lift:tenths} times the average.", values)
    return Message(
        "The {tenths:count} tenths of the clients foretold the most brought {lift:tenths} times the average.", values
    )


def _labels(facts: dict[str, Any]) -> list[Message]:
    bounds = [0, *facts["tenths"], 10]
    found = []
    for low, high in pairwise(bounds):
        values = {"first": low + 1, "last": high}
        found.append(
            Message("tenth {first:count}", values)
            if high == low + 1
            else Message("tenths {first:count} to {last:count}", values)
        )
    return found


def _figure(found: HindsightRows, facts: dict[str, Any], title: Message) -> Figure:
    bars = []
    for label, row in zip(_labels(facts), found.bands.to_dict("records"), strict=True):
        for name, what in ((TOLD, Message("foretold")), (CAME, Message("came"))):
            bars.append({"label": Message("{band}: {what}", {"band": label, "what": what}), "value": _each(row, name)})
    data = {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("Of a client, on average")}
    alt = Message("What clients were expected to bring and brought, by tenths. {title}.", {"title": title})
    return Figure("bars", data, alt)


def _each(row: dict[Any, Any], name: str) -> float | None:
    """Return the amount of a band per client, with three digits; None where it is withheld."""
    return told(float(f"{float(row[name]) / float(row['clients']):.3g}"))


def _bands(found: HindsightRows, facts: dict[str, Any]) -> Table:
    columns = (
        Column("band", Message("Clients by what was foretold, the most first")),
        Column("clients", Message("Clients"), "count"),
        Column(TOLD, Message("Foretold per client"), "money"),
        Column(CAME, Message("Came per client"), "money"),
        Column(AGAIN, Message("The last twelve months again, per client"), "money"),
    )
    rows = tuple(
        {"band": label, "clients": told(float(row["clients"])), **{name: _each(row, name) for name in MEASURES}}
        for label, row in zip(_labels(facts), found.bands.to_dict("records"), strict=True)
    )
    return Table(columns, rows, Message("What was foretold and what came, by tenths of the clients"))


def _scores(found: HindsightRows) -> Table:
    lines = (
        ("error", "money", Message("Off client by client, on average (mean absolute error)")),
        ("ranks", "number", Message("Who brings the most: correlation of the ranks with what came, 1 is perfect")),
        ("held", "percent", Message("Clients whose own 95% interval held what came")),
    )
    columns = (
        Column("what", Message("Measure")),
        Column(TOLD, Message("Forecast")),
        Column(AGAIN, Message("The last twelve months again")),
    )
    rows = tuple(
        {"what": label, **{of: cell_of(found.scores, kind, measure=name, of=of) for of in (TOLD, AGAIN)}}
        for name, kind, label in lines
    )
    return Table(columns, rows, Message("How near the forecast came (95% interval)"))


def _estimates(found: HindsightRows, bank: Bank) -> list[dict[str, Any]]:
    rows = [finding_row(str(r["measure"]), r, group={}) for r in found.totals.to_dict("records")]
    rows += [finding_row(str(r["measure"]), r, group={"of": str(r["of"])}) for r in found.scores.to_dict("records")]
    for row in found.bands.to_dict("records"):
        group = {"band": str(int(row["band"]) + 1)}
        rows.append(count_row("clients", row["clients"], unit="clients", group=group))
        rows += [count_row(name, row[name], unit=bank.settings.bank.currency, group=group) for name in MEASURES]
    return rows
