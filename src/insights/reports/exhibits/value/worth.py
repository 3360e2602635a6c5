"""Page one of value: what the clients in force are worth, how sure that is, and when it will be earned."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.value.money import PAID_IN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import basis, needed
from insights.reports.exhibits.told import find, finding_row
from insights.stats.results import Estimate
from insights.topics.evidence import Answer

Rows = dict[str, pd.DataFrame]


def worth(answer: Answer, parts: Rows, bank: Bank) -> Exhibit:
    """Say what the clients in force are worth, with the interval, and how much of it lies far ahead."""
    totals, facts = parts["totals"], answer.facts
    value, brought = (find(totals, measure=m) for m in ("value", "brought"))
    title = _title(facts, value)
    years = sorted({int(y) for y in parts["yearly"]["year"]})
    table = _table(parts["yearly"], years, facts)
    bars = [
        {
            "label": Message("year {year:number}", {"year": year}),
            "value": _value(find(parts["yearly"], year=year, measure="value")),
        }
        for year in years
    ]
    x_label = Message("Worth today, by the year in which it is brought in")
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(totals, facts, value, brought),
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "money", "in_order": True, "x_label": x_label},
            Message("What each coming year adds to the value. {title}.", {"title": title}),
        ),
        tables=(table,),
        basis=worth_basis(bank, facts, value),
        caveats=_caveats(facts),
        refusals=told_in(facts),
        estimates=tuple(_estimates(parts)),
    )


def worth_basis(bank: Bank, facts: dict[str, Any], value: Estimate | None) -> tuple[Message, ...]:
    """Return what lifetime values rest on, alike for all exhibits about them."""
    lines = []
    if value is not None:
        counted = {"n": value.n, "events": value.n_events}
        lines.append(Message("Clients in force: {n:count}. Hazards of leaving rest on {events:count} exits.", counted))
    values = {"rate": facts["rate"], "years": facts["years"]}
    lines.append(
        Message(
            "Discounted at {rate:percent} a year, counted over {years:count} years; both stand in the settings.", values
        )
    )
    if facts["market"] is None:
        lines.append(Message("Markets are not forecast: market changes of two years are not delivered."))
    elif facts["market_given"]:
        lines.append(
            Message(
                "Markets are expected to add {market:percent} a year to assets (settings).", {"market": facts["market"]}
            )
        )
    elif facts["market_longer"]:
        said = {"market": facts["market"], "months": facts["market_months"]}
        lines.append(
            Message(
                "Markets are expected to add {market:percent} a year to assets: the mean of {months:count} months, "
                "told by indices before the bank's own records. The interval allows for what that leaves open.",
                said,
            )
        )
    else:
        said = {"market": facts["market"], "months": facts["market_months"]}
        lines.append(
            Message(
                "Markets are expected to add {market:percent} a year to assets, the mean of {months:count} months: so "
                "short a past says little about it, and the interval allows for that.",
                said,
            )
        )
    return basis(bank, *lines)


def told_in(facts: dict[str, Any]) -> tuple[Message, ...]:
    """Say what a value is told in where revenue is not delivered."""
    if facts["in_margin"]:
        return ()
    return (needed(["revenue.amount"] if facts["measure"] != PAID_IN else [("revenue.amount", "balances.amount")]),)


def _title(facts: dict[str, Any], value: Estimate | None) -> Message:
    if value is None:
        return Message("What the clients in force are worth cannot be told: one or two of them decide it")
    values = {"value": value.value, "low": value.low, "high": value.high}
    if facts["in_margin"]:
        return Message("The clients in force are worth {value:money} today ({low:money} to {high:money})", values)
    if facts["measure"] == PAID_IN:
        return Message(
            "Told in what they have paid in, the clients in force are worth {value:money} held for one year "
            "({low:money} to {high:money})",
            values,
        )
    return Message(
        "Told in assets, the clients in force are worth {value:money} held for one year ({low:money} to {high:money})",
        values,
    )


def _sentences(
    totals: pd.DataFrame, facts: dict[str, Any], value: Estimate | None, brought: Estimate | None
) -> tuple[Message, ...]:
    said: list[Message] = []
    values: dict[str, Any] = {"years": facts["years"], "rate": facts["rate"]}
    if value is not None and facts["in_margin"]:
        said.append(
            Message(
                "That is what they will bring in over {years:count} years, less all costs, while they stay.", values
            )
        )
        if brought is not None and brought.value > 0:
            values |= {"times": value.value / brought.value, "brought": brought.value}
            said.append(
                Message(
                    "It is {times:tenths} times what they brought in the last twelve months ({brought:money}).", values
                )
            )
    elif value is not None:
        said.append(
            Message(
                "What they bring in is not known. At a margin of 1% of that a year, they would be worth {one:money}.",
                {"one": value.value / 100},
            )
        )
    comes = find(totals, measure="comes")
    if comes is not None and facts["in_margin"]:
        span = {"low": comes.low, "high": comes.high}
        said.append(
            Message(
                "What really comes in also depends on markets and on who leaves by chance: in 19 of 20 cases it will "
                "be worth {low:money} to {high:money}.",
                span,
            )
        )
    beyond, stay = (find(totals, measure=m) for m in ("beyond", "years"))
    if beyond is not None and facts["years"] > facts["growth_years"]:
        said.append(Message("{share:share} of it lies more than five years ahead.", {"share": beyond.value}))
    if stay is not None:
        values |= {"stay": stay.value}
        said.append(
            Message("Of these {years:count} years a client is expected to stay {stay:tenths} on average.", values)
        )
    return tuple(said)


def _table(yearly: pd.DataFrame, years: list[int], facts: dict[str, Any]) -> Table:
    learnt = 2 if facts["lasting_known"] else 1
    rows = []
    for year in years:
        found: dict[str, Any] = {m: _value(find(yearly, year=year, measure=m)) for m in sorted(set(yearly["measure"]))}
        market = None
        if found["assets"] is not None and found["assets_without_market"] is not None:
            market = found["assets"] - found["assets_without_market"]
        rows.append(
            found
            | {
                "year": year,
                "market": market,
                "how": Message("learnt from the past")
                if year <= learnt
                else Message("growth carried on")
                if year <= facts["growth_years"]
                else Message("no new money counted"),
            }
        )
    margin = facts["in_margin"]
    columns = [
        Column("year", Message("Year"), "number"),
        Column("there", Message("Clients still there at its end"), "count"),
        Column("assets", Message("Assets at its end"), "money"),
        *((Column("market", Message("of which from markets"), "money"),) if facts["market"] is not None else ()),
        *((Column("brought", Message("Margin of the year"), "money"),) if margin else ()),
        Column("value", Message("Worth today"), "money"),
        Column("how", Message("How it is known")),
    ]
    return Table(tuple(columns), tuple(rows), Message("What the clients of today will hold and bring, year by year"))


def _caveats(facts: dict[str, Any]) -> tuple[Message, ...]:
    lines = [
        Message("Clients who will come are not counted: this is the value of those who are there."),
        Message(
            "The interval of the worth holds what is not known of the models and of what markets add in the long run. "
            "What comes in varies further, with markets and with who leaves by chance. Neither holds a crash worse "
            "than those of the past, or a change of prices or rules."
        ),
        Message(
            "Beyond the second year nothing was observed to learn from: net new money goes on as before up to year "
            "{years:count}, and adds nothing after it.",
            {"years": facts["growth_years"]},
        )
        if facts["lasting_known"]
        else Message(
            "Beyond the first year nothing was observed to learn from: net new money goes on as before up to year "
            "{years:count}, and adds nothing after it.",
            {"years": facts["growth_years"]},
        ),
    ]
    if facts["giants"]:
        lines.append(
            Message(
                "Whether one of the very largest clients leaves is not in the interval: it would be about him alone. "
                "The value counts what is expected of him."
            )
        )
    return tuple(lines)


def _value(found: Estimate | None) -> float | None:
    return None if found is None else found.value


def _estimates(parts: Rows) -> list[dict[str, Any]]:
    rows = [finding_row(str(r["measure"]), r, group={}) for r in parts["totals"].to_dict("records")]
    for row in parts["yearly"].to_dict("records"):
        rows.append(
            finding_row(str(row["measure"]), row, group={"year": str(row["year"])}, months=12 * int(row["year"]))
        )
    return rows
