"""What a stream is worth and who of its clients is still active."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.streams.fit import BG, WITH
from insights.models.value.streams.worth import BOOKINGS, DISCOUNTED, INCOME, TURNOVER
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis
from insights.reports.exhibits.told import cell, find, finding_row
from insights.reports.exhibits.value.stream_words import model_name, repeats_label, stream_label
from insights.stats.results import Estimate
from insights.topics.evidence import Answer
from insights.topics.value.streams import StreamRows

_MEASURES = {
    BOOKINGS: Message("Bookings"),
    TURNOVER: Message("Turnover of the clients"),
    DISCOUNTED: Message("Turnover of the clients, discounted"),
    INCOME: Message("Income of the bank, discounted"),
}


def stream_worth(answer: Answer, found: StreamRows, bank: Bank) -> Exhibit:
    """Say what the clients of a stream will do and bring, in numbers and in money."""
    rows, facts = found["sums"], answer.facts
    far, near = facts["horizon"], 12
    values: dict[str, Any] = {"stream": stream_label(answer, bank), "years": far // 12}
    income, worth = (find(rows, measure=m, months=far) for m in (INCOME, DISCOUNTED))
    year, money = (find(rows, measure=m, months=near) for m in (BOOKINGS, TURNOVER))
    if income is not None:
        title = Message(
            "{stream}: worth {value:money} of income to the bank over {years:count} years", values | _of(income)
        )
    elif worth is not None and money is not None:
        title = Message(
            "{stream}: clients will turn over {year:money} within a year; over {years:count} years it is worth "
            "{value:money} today",
            values | _of(worth) | {"year": money.value},
        )
    else:
        title = Message("{stream}: what is to come", values)
    sentences = _sentences(rows, facts, year, money, income or worth)
    measures = [m for m in _MEASURES if (rows["measure"] == m).any()]
    months = sorted({int(m) for m in rows.loc[rows["measure"] == BOOKINGS, "months"]})
    columns = (Column("measure", Message("Measure")), *(Column(f"m{m}", _within(m)) for m in months))
    lines: list[dict[str, Any]] = []
    for m in measures:
        kind = "count" if m == BOOKINGS else "money"
        lines.append({"measure": _MEASURES[m]} | {f"m{k}": cell(find(rows, measure=m, months=k), kind) for k in months})
    shown = INCOME if INCOME in measures else DISCOUNTED if DISCOUNTED in measures else BOOKINGS
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=_horizons(rows, shown, months, title),
        tables=(Table(columns, tuple(lines), Message("What is to come, with 95% intervals")),),
        basis=basis(bank, *_worth_basis(facts)),
        caveats=_worth_caveats(rows, facts),
        refusals=()
        if facts["spend"]
        else (Message("Amounts: too few clients have booked again to say how they differ."),),
        estimates=tuple(
            finding_row(r["measure"], r, group={}, months=int(r["months"]) or None) for r in rows.to_dict("records")
        ),
    )


def _sentences(
    rows: Any, facts: dict[str, Any], year: Estimate | None, money: Estimate | None, worth: Estimate | None
) -> tuple[Message, ...]:
    said = []
    if year is not None:
        values: dict[str, Any] = {"n": year.n} | _of(year)
        said.append(
            Message(
                "{n:count} clients in force have ever booked; in the next twelve months they will probably make "
                "{value:count} bookings ({low:count} to {high:count}) of {money:money}.",
                values | {"money": money.value},
            )
            if money is not None
            else Message(
                "{n:count} clients in force have ever booked; in the next twelve months they will probably make "
                "{value:count} bookings ({low:count} to {high:count}).",
                values,
            )
        )
    five = find(rows, measure=INCOME if facts["fee_share"] is not None else DISCOUNTED, months=60)
    if worth is not None and five is not None and facts["horizon"] > 60 and worth.value > 0:
        said.append(
            Message(
                "{part:percent} of the worth lies beyond five years.", {"part": max(1 - five.value / worth.value, 0.0)}
            )
        )
    leaving = find(rows, measure="leaving", months=0)
    if facts["closures"]:
        said.append(
            Message(
                "Clients who leave the bank are seen to do so, {rate:percent} a month, and are counted out; falling "
                "silent is not announced and is estimated.",
                {"rate": leaving.value},
            )
            if leaving is not None
            else Message(
                "Clients who leave the bank are seen to do so and are counted out; falling silent is not announced and "
                "is estimated."
            )
        )
    else:
        said.append(
            Message(
                "Nobody is ever seen to close anything here, so no survival curve can be drawn: a client is lost when "
                "he falls silent, and that is estimated."
            )
        )
    return tuple(said)


def _worth_basis(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message("Bookings: {model}, fitted to all months on record.", {"model": model_name(facts["model"])}),
        Message("Discounted at {rate:percent} a year, a booking in the middle of its period.", {"rate": facts["rate"]}),
    ]
    if facts["spend"]:
        lines.append(Message("Amounts: gamma-gamma, from the repeats of each client; turnover is the clients' money."))
    if facts["fee_share"] is not None:
        lines.append(
            Message(
                "Income: {share:percent} of each amount, but at least {least:number} a booking (settings).",
                {"share": facts["fee_share"], "least": facts["fee_least"]},
            )
        )
    if facts["refunds"]:
        lines.append(Message("Bookings the other way are refunds: turnover is what remains after their share."))
    lines.append(
        Message("95% intervals hold uncertain parameters, amounts and leaving, not what the models get wrong.")
    )
    return tuple(lines)


def _worth_caveats(rows: Any, facts: dict[str, Any]) -> tuple[Message, ...]:
    said = [Message("This is part of what a relationship is worth, not something on top of it.")]
    if facts["fee_share"] is None:
        said.append(
            Message("What the bank earns of a booking is not in the settings (fee_share): turnover is not income.")
        )
    if facts["missed"] == "less":
        said.append(Message("In the test the model foretold too little, beyond chance: these figures may be too low."))
    if facts["missed"] == "more":
        said.append(Message("In the test the model foretold too much, beyond chance: these figures may be too high."))
    if facts["early"]:
        early = find(rows, measure="early", months=0)
        said.append(
            Message(
                "Clients whose bookings may have begun before the record are left out, with {part:percent} of all "
                "turnover.",
                {"part": early.value},
            )
            if early is not None
            else Message("Clients whose bookings may have begun before the record are left out.")
        )
    said.append(Message("Nothing new is foreseen: no first bookings, no growth, no seasons, no change of prices."))
    return tuple(said)


def stream_activity(answer: Answer, found: StreamRows, bank: Bank) -> Exhibit:
    """Say how many clients are probably still active, by how often they have booked."""
    rows = found["classes"]
    whole = find(rows, repeats="all", measure="active")
    values: dict[str, Any] = {"stream": stream_label(answer, bank)}
    title = Message("{stream}: who is probably still active", values)
    sentences = []
    if whole is not None:
        title = Message("{stream}: {value:percent} of the clients are probably still active", values | _of(whole))
        sentences.append(
            Message(
                "Nobody says when he stops. From how often and how lately {n:count} clients booked, {value:percent} of "
                "them are still active ({low:bare_percent} to {high:bare_percent}).",
                {"n": whole.n} | _of(whole),
            )
        )
    classes = [str(c) for c in dict.fromkeys(rows["repeats"]) if c != "all"]
    told = [(c, find(rows, repeats=c, measure="ahead")) for c in classes]
    busiest = told[-1][1] if told else None
    if busiest is not None:
        sentences.append(
            Message(
                "The {n:count} busiest clients ({class} repeats) will make {value:tenths} bookings each within twelve "
                "months.",
                {"n": busiest.n, "class": repeats_label(told[-1][0])} | _of(busiest),
            )
        )
    lines = tuple(
        {
            "class": repeats_label(c),
            "clients": None if (e := find(rows, repeats=c, measure="active")) is None else e.n,
            "active": cell(e, "percent"),
            "ahead": cell(ahead, "number"),
        }
        for c, ahead in told
    )
    columns = (
        Column("class", Message("Repeats so far")),
        Column("clients", Message("Clients in force"), "count"),
        Column("active", Message("Probably still active")),
        Column("ahead", Message("Bookings of a client within twelve months")),
    )
    bars = [
        {"label": Message("{class} repeats", {"class": repeats_label(c)})}
        | {"value": e and e.value, "low": e and e.low, "high": e and e.high}
        for c in classes
        for e in [find(rows, repeats=c, measure="active")]
    ]
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Share still active")}
    caveats = [Message("A share of a group, not a forecast for one client; the interval is that of the share.")]
    if answer.facts["model"] in (BG, WITH):
        caveats.insert(
            0,
            Message(
                "Who has booked once counts as active: by this model a client stops after a repeat, and he has had "
                "none."
            ),
        )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=Figure("bars", data, Message("Share still active by number of repeats. {title}.", {"title": title})),
        tables=(Table(columns, lines, Message("Clients in force by how often they have booked again")),),
        basis=basis(
            bank,
            Message("{model}, fitted to all months on record.", {"model": model_name(answer.facts["model"])}),
            Message("A repeat is a later day with a booking; the first booking only starts the clock."),
        ),
        caveats=tuple(caveats),
        estimates=tuple(
            finding_row(
                r["measure"], r, group={"repeats": str(r["repeats"])}, months=12 if r["measure"] == "ahead" else None
            )
            for r in rows.to_dict("records")
        ),
    )


def _horizons(rows: Any, measure: str, months: list[int], title: Message) -> Figure | None:
    bars = []
    for m in months:
        e = find(rows, measure=measure, months=m)
        bars.append({"label": _within(m), "value": e and e.value, "low": e and e.low, "high": e and e.high})
    kind = "count" if measure == BOOKINGS else "money"
    data = {"bars": bars, "kind": kind, "in_order": True, "x_label": _MEASURES[measure]}
    return Figure("bars", data, Message("What is to come by how far one looks. {title}.", {"title": title}))


def _within(months: int) -> Message:
    years = {"years": months // 12}
    return Message("Within {years:count} years", years) if months > 12 else Message("Within a year")


def _of(e: Estimate) -> dict[str, Any]:
    return {"value": e.value, "low": e.low, "high": e.high}
