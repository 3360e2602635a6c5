"""What channels without a person settle, when they are used, and what they save against what clients think of them."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.digital import ALONE, DIGITAL, HANDED, MARK, OUTSIDE, PERSON, SAVED, SAVED_ALL, SHARE
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.channels.words import channel_label, why_not
from insights.reports.exhibits.rows import dated, needed
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.digital import DigitalRows
from insights.topics.evidence import Answer

_LINES = (
    (DIGITAL, SHARE, Message("Contacts that clients began by such channels"), "percent"),
    (DIGITAL, ALONE, Message("… settled there, with no contact with a person after it"), "percent"),
    (DIGITAL, HANDED, Message("… handed over: the same topic with a person after it"), "percent"),
    (DIGITAL, OUTSIDE, Message("… outside opening hours"), "percent"),
    (PERSON, OUTSIDE, Message("Contacts with a person outside opening hours"), "percent"),
    (DIGITAL, SAVED, Message("Cost less than with a person, same topics, a contact"), "money"),
    (DIGITAL, SAVED_ALL, Message("Saved in the year, of those settled there"), "money"),
    (DIGITAL, MARK, Message("Mark above that of contacts with a person, same topics"), "tenths"),
)


def digital(answer: Answer, found: DigitalRows, bank: Bank) -> Exhibit:
    """Say how much is settled without a person, and what it saves against satisfaction."""
    facts = answer.facts
    refusals = []
    if facts["missing"]:
        refusals.append(Message("{part}: {why}", {"part": Message("The rest"), "why": needed(facts["missing"])}))
    if facts["why"]:
        refusals.append(Message("{part}: {why}", {"part": Message("Cost saved"), "why": why_not(facts["why"])}))
    labels = [channel_label(c, bank) for c in facts["channels"]]
    return Exhibit(
        id=answer.id,
        title=_title(found),
        sentences=_sentences(answer, found),
        tables=(_table(found),),
        basis=dated(
            bank,
            Message(
                "Channels without a person to talk to: {names}. Contacts that clients began in {months:months}; handed "
                "over within {days:number} days; opening hours {a:number} to {b:number} on working days. Intervals by "
                "client.",
                {
                    "names": labels,
                    "months": facts["months"],
                    "days": facts["days"],
                    "a": facts["hours"][0],
                    "b": facts["hours"][1],
                },
            ),
        ),
        caveats=(
            Message(
                "Cost saved assumes that each matter settled there would have come by a channel with a person "
                "otherwise, at what contacts about the same topics cost there: an upper end, as some would not have "
                "come at all."
            ),
        ),
        refusals=tuple(refusals),
        estimates=tuple(
            finding_row(f"digital_{r['measure']}", r, group={"channels": str(r["division"])}, months=12)
            for r in found.rows.to_dict("records")
        ),
    )


def _find(found: DigitalRows, measure: str, division: str = DIGITAL) -> Estimate | None:
    return find(found.rows, division=division, measure=measure)


def _title(found: DigitalRows) -> Message:
    alone, saved = _find(found, ALONE), _find(found, SAVED_ALL)
    if alone is not None and saved is not None and saved.low > 0:
        return Message(
            "Channels without a person settle {x:percent} of what clients ask there by themselves, which saves up to "
            "{m:money} a year",
            {"x": alone.value, "m": saved.value},
        )
    if alone is not None:
        return Message(
            "Channels without a person settle {x:percent} of what clients ask there by themselves", {"x": alone.value}
        )
    return Message("What channels without a person settle by themselves cannot be told")


def _sentences(answer: Answer, found: DigitalRows) -> tuple[Message, ...]:
    said = []
    share, handed = _find(found, SHARE), _find(found, HANDED)
    if share is not None and handed is not None:
        values: dict[str, Any] = {"s": share.value, "h": handed.value, "days": answer.facts["days"]}
        said.append(
            Message(
                "{s:percent} of what clients ask comes that way; {h:percent} of it is about the same topic with a "
                "person within {days:number} days.",
                values,
            )
        )
    closed, other = _find(found, OUTSIDE), _find(found, OUTSIDE, PERSON)
    if closed is not None and other is not None:
        values = {"x": closed.value, "y": other.value}
        said.append(Message("Outside opening hours: {x:percent} of it, {y:percent} of contacts with a person.", values))
    mark = _find(found, MARK)
    if mark is not None:
        lower = Estimate(-mark.value, -mark.high, -mark.low, mark.unit, mark.n)
        said.append(
            Message(
                "It costs satisfaction: marks are lower by {told} than with a person, same topics.",
                {"told": cell(lower, "tenths")},
            )
            if mark.high < 0
            else Message(
                "It costs no satisfaction that can be seen: the mark is above that with a person by {told}, same "
                "topics.",
                {"told": cell(mark, "tenths")},
            )
        )
    return tuple(said)


def _table(found: DigitalRows) -> Table:
    rows = []
    for division, measure, label, kind in _LINES:
        told = cell_of(found.rows, kind, division=division, measure=measure)
        if told is None or told.id != "–":
            rows.append({"what": label, "told": told})
    columns = (Column("what", Message("Measure")), Column("told", Message("Value (95% interval)")))
    return Table(columns, tuple(rows), Message("Without a person to talk to"))
