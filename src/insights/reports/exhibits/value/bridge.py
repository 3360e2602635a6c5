"""What changed since last time, and why: the bridge from the value then to the value now."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.models.value.bridge import LOST, NEW
from insights.models.value.changed import DISCOUNT, MARGIN, MARKET, MODEL, MOVED, RETENTION
from insights.models.value.money import PAID_IN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import SHOWN, SUPPRESSED
from insights.reports.exhibits.told import INTERVALS
from insights.reports.exhibits.value.worth import told_in, worth_basis
from insights.topics.evidence import Answer
from insights.topics.value.bridge import Told
from insights.topics.value.cells import REST

PARTS = {
    LOST: Message("Clients lost"),
    NEW: Message("Clients won"),
    MOVED: Message("Money moved in or out"),
    MARKET: Message("Markets"),
    MARGIN: Message("Margins on assets"),
    RETENTION: Message("How long clients are likely to stay"),
    DISCOUNT: Message("Discount rate"),
    MODEL: Message("Forecasts learnt anew"),
    REST: Message("Other causes, together"),
}
MEANS = {
    LOST: Message("in force then, not now: what they were worth then"),
    NEW: Message("in force now, not then: what they are worth now"),
    MOVED: Message("what clients brought or took away, and what that says of their moves to come"),
    MARKET: Message("what markets did to assets held, and how much of them moves with markets"),
    MARGIN: Message("income and costs set against the assets they come from"),
    RETENTION: Message("what is known of each client that tells of leaving: tenure, complaints, satisfaction, ..."),
    DISCOUNT: Message("what a year's wait takes off"),
    MODEL: Message("what the time between has taught of leaving, new money, income and markets"),
    REST: Message("{parts}: each rests on too few clients, or on one of them"),
}
_CAUSES = {
    (LOST, False): Message("clients who left"),
    (NEW, True): Message("clients who came"),
    (MOVED, True): Message("money moved in"),
    (MOVED, False): Message("money moved out"),
    (MARKET, True): Message("rising markets"),
    (MARKET, False): Message("falling markets"),
    (MARGIN, True): Message("higher margins"),
    (MARGIN, False): Message("lower margins"),
    (RETENTION, True): Message("clients likely to stay longer"),
    (RETENTION, False): Message("clients likely to leave sooner"),
    (DISCOUNT, True): Message("a lower discount rate"),
    (DISCOUNT, False): Message("a higher discount rate"),
    (MODEL, True): Message("higher forecasts"),
    (MODEL, False): Message("lower forecasts"),
}
_OTHER = Message("other causes")
_HELD = Message("Told in assets held for one year")
_PAID_IN = Message("Told in what they have paid in, held for one year")
MOST_NAMED = 3
NOTHING = 0.0005
"""Growth that is written as zero."""


def bridge(answer: Answer, found: Told, bank: Bank) -> Exhibit:
    """Say by how much the value changed since the earlier date, and what it came from."""
    facts = answer.facts
    title = _title(found, facts)
    told = not (math.isnan(found.change) or math.isnan(found.now))
    x_label = Message("Value of the clients in force") if facts["in_margin"] else Message("Assets held, times years")
    steps = [
        {"label": PARTS[str(r["part"])], "value": r["amount"], "low": r["low"], "high": r["high"]}
        for r in found.parts.to_dict("records")
    ]
    figure = Figure(
        "waterfall",
        {
            "start": {"label": Message("Value on {day:date}", {"day": facts["before"]}), "value": found.was},
            "steps": steps,
            "end": {"label": Message("Value on {day:date}", {"day": facts["now"]}), "value": found.now},
            "kind": "money",
            "x_label": x_label,
        },
        Message("The change of the value by its causes. {title}.", {"title": title}),
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found, facts) if told else (),
        figure=figure if told else None,
        tables=(_table(found, facts),) if told else (),
        basis=(*_basis(facts), *worth_basis(bank, facts, None)),
        caveats=_caveats(facts),
        refusals=told_in(facts),
        estimates=tuple(_estimates(found, bank)),
    )


def _title(found: Told, facts: dict[str, Any]) -> Message:
    """Return by how much the value changed, with the causes that make up most of it."""
    if math.isnan(found.change) or math.isnan(found.now):
        return Message("Why the value changed cannot be told: one or two clients decide it")
    causes = [_added(name, amount) for name, amount in _main(found)]
    values: dict[str, Any] = {"change": abs(found.change), "before": facts["before"], "causes": causes}
    if facts["in_margin"]:
        return (
            Message("The clients are worth {change:money} more than on {before:date}: {causes}", values)
            if found.change >= 0
            else Message("The clients are worth {change:money} less than on {before:date}: {causes}", values)
        )
    values["unit"] = _PAID_IN if facts["measure"] == PAID_IN else _HELD
    return (
        Message("{unit}, the clients are worth {change:money} more than on {before:date}: {causes}", values)
        if found.change >= 0
        else Message("{unit}, the clients are worth {change:money} less than on {before:date}: {causes}", values)
    )


def _main(found: Told) -> list[tuple[str, float]]:
    """Return the largest parts, until they add up to the change within a half of it, and three at the most."""
    amounts = dict(zip(found.parts["part"].astype(str), found.parts["amount"].astype(float), strict=True))
    chosen: list[tuple[str, float]] = []
    for name in sorted(amounts, key=lambda k: -abs(amounts[k])):
        chosen.append((name, amounts[name]))
        named = sum(amount for _, amount in chosen)
        if len(chosen) == MOST_NAMED or abs(named - found.change) <= abs(found.change) / 2:
            break
    return chosen


def _added(name: str, amount: float) -> Message:
    cause = _CAUSES.get((name, amount >= 0), _OTHER)
    values = {"cause": cause, "amount": abs(amount)}
    return (
        Message("{cause} added {amount:money}", values)
        if amount >= 0
        else Message("{cause} took {amount:money}", values)
    )


def _sentences(found: Told, facts: dict[str, Any]) -> tuple[Message, ...]:
    values: dict[str, Any] = {"low": found.low, "high": found.high, "change": found.change, "brought": found.brought}
    lines = [
        Message(
            "The change is {change:money} ({low:money} to {high:money}): forecasts at both dates may be off. Who came "
            "and left, and what clients moved, is known.",
            values,
        )
    ]
    seen = {name: found.outlook.get(name, math.nan) for name in (("growth", "before"), ("growth", "now"))}
    market = {name: found.outlook.get(name, math.nan) for name in (("market", "before"), ("market", "now"))}
    values = {"then": seen["growth", "before"], "now": seen["growth", "now"]}
    values |= {"market_then": market["market", "before"], "market_now": market["market", "now"]}
    if all(abs(v) < NOTHING for v in seen.values()):
        pass  # contracts that are paid once: nobody was expected to add anything
    elif not any(math.isnan(v) for v in (*seen.values(), *market.values())) and not facts["market_given"]:
        lines.append(
            Message(
                "In their first year clients were expected to add {then:percent} of new money, now {now:percent}; "
                "markets {market_then:percent} a year, now {market_now:percent}.",
                values,
            )
        )
    elif not any(math.isnan(v) for v in seen.values()):
        lines.append(
            Message(
                "In their first year clients were expected to add {then:percent} of new money, now {now:percent}.",
                values,
            )
        )
    if facts["in_margin"] and not math.isnan(found.brought):
        lines.append(
            Message(
                "Between the two dates the clients of then brought in {brought:money}: that is earned, and no part of "
                "the change.",
                {"brought": found.brought},
            )
        )
    return tuple(lines)


def _table(found: Told, facts: dict[str, Any]) -> Table:
    rows: list[dict[str, Any]] = []
    for row in found.parts.to_dict("records"):
        name = str(row["part"])
        means = MEANS[name]
        if name == REST:
            means = Message(means.id, {"parts": [PARTS[part] for part in facts["together"]]})
        values = {"value": row["amount"], "low": row["low"], "high": row["high"]}
        rows.append({"part": PARTS[name], "amount": Message(INTERVALS["money"].id, values), "means": means})
    whole = {"value": found.change, "low": found.low, "high": found.high}
    rows.append({"part": Message("The whole change"), "amount": Message(INTERVALS["money"].id, whole), "means": ""})
    columns = (
        Column("part", Message("Cause")),
        Column("amount", Message("Part of the change")),
        Column("means", Message("What it is")),
    )
    return Table(columns, tuple(rows), Message("The change of the value by its causes"))


def _basis(facts: dict[str, Any]) -> tuple[Message, ...]:
    values: dict[str, Any] = {"before": facts["before"], "now": facts["now"], "years": facts["years"]}
    lines = [
        Message(
            "The value on {before:date}, as it could be told then with today's method, and that on {now:date}; each "
            "counts its own {years:count} years ahead.",
            values,
        ),
        Message(
            "Of clients in force at both dates the causes are put in one after the other, in all possible orders; each "
            "part is the mean of what the cause adds, so that no order decides. The parts add up to the change.",
        ),
        Message("Intervals: {level:share}, by what is not known of the forecasts at the two dates.", facts),
    ]
    if facts["rates"][0] != facts["rates"][1]:
        rates = {"then": facts["rates"][0], "now": facts["rates"][1]}
        lines.append(Message("Discount rate {then:percent} then, {now:percent} now (settings).", rates))
    return tuple(lines)


def _caveats(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message("It says where the change lies, not what would have happened otherwise."),
        Message(
            "The value then is computed anew from what was known by that date; figures corrected since count as "
            "corrected, so a report printed then may say something else."
        ),
    ]
    if facts["rates"][0] == facts["rates"][1]:
        lines.append(Message("The discount rate was the same at both dates: it has no part in the change."))
    return tuple(lines)


def _estimates(found: Told, bank: Bank) -> list[dict[str, Any]]:
    unit = bank.settings.bank.currency

    def row(name: str, value: float, low: float, high: float, group: dict[str, str]) -> dict[str, Any]:
        shown = not math.isnan(value)
        ends = {"low": low, "high": high} if shown and not math.isnan(low) else dict.fromkeys(("low", "high"))
        head = {"name": name, "group": group, "months": None, "value": value if shown else None, **ends}
        tail = {"level": 0.95 if ends["low"] is not None else None, "unit": unit, "n": None, "n_events": None}
        return head | tail | {"status": SHOWN if shown else SUPPRESSED}

    rows = [
        row("part", float(r["amount"]), float(r["low"]), float(r["high"]), {"part": str(r["part"])})
        for r in found.parts.to_dict("records")
    ]
    rows.append(row("change", found.change, found.low, found.high, {}))
    rows += [row(name, value, math.nan, math.nan, {}) for name, value in (("was", found.was), ("now", found.now))]
    return rows
