"""What an hour of staff moved between channels may change: the best move out of each, and where hours should go."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.hours import MARK, SETTLED
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label
from insights.reports.exhibits.rows import dated
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.hours import GIVEN, HourRows
from insights.topics.evidence import Answer


def hours(answer: Answer, found: HourRows, bank: Bank) -> Exhibit:
    """Say which move of an hour settles most at least, and what cannot be told."""
    title = _title(found, bank)
    untold = answer.facts["untold"]
    refusals: tuple[Message, ...] = ()
    if untold:
        pairs = [Message("{a} to {b}", {"a": channel_label(a, bank), "b": channel_label(b, bank)}) for a, b in untold]
        refusals = (Message("Cannot be told, as the two have too few matters in common: {pairs}.", {"pairs": pairs}),)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=dated(
            bank,
            Message(
                "Contacts of {months:months} with time and outcome recorded. Matters settled in an hour of staff in a "
                "channel, beside those of the other channel for the same topics; intervals by client, at 95% for all "
                "pairs together, ranked by the lower end.",
                {"months": answer.facts["months"]},
            ),
        ),
        caveats=(
            Message(
                "An expectation from what contacts were like, no effect: it holds if what moves is like the contacts "
                "about the same topics there, and if clients follow. More time in a channel may bring more contacts."
            ),
        ),
        refusals=refusals,
        estimates=tuple(
            finding_row(f"hour_{r['measure']}", r, group={"channel": str(r["channel"]), "to": str(r["to"])}, months=12)
            for r in found.rows.to_dict("records")
        ),
    )


def _best(found: HourRows) -> list[tuple[str, str, Estimate]]:
    """Return the move out of each channel with the highest lower end, the highest first."""
    rows = found.rows[(found.rows["measure"] == SETTLED) & found.rows["value"].notna()]
    rows = rows.sort_values(["low", "channel", "to"], ascending=[False, True, True], kind="stable")
    told = [(str(r["channel"]), str(r["to"])) for r in rows.drop_duplicates("channel").to_dict("records")]
    return [(a, b, e) for a, b in told if (e := find(rows, channel=a, to=b, measure=SETTLED)) is not None]


def _worse(found: HourRows, channel: str, to: str) -> bool:
    mark = find(found.rows, channel=channel, to=to, measure=MARK)
    return mark is not None and mark.high < 0


def _title(found: HourRows, bank: Bank) -> Message:
    best = _best(found)
    # A move that clients like less is none to head the page with.
    best = [m for m in best if not _worse(found, *m[:2])] or best
    if not best:
        return Message("What an hour moved between channels would change cannot be told")
    a, b, e = best[0]
    if e.low <= 0:
        return Message("No hour moved between channels is seen to settle more, chance allowed for")
    values: dict[str, Any] = {"a": channel_label(a, bank), "b": channel_label(b, bank), "v": e.value, "low": e.low}
    return Message("An hour moved from {a} to {b} may settle {v:tenths} matters more, at least {low:tenths}", values)


def _sentences(answer: Answer, found: HourRows, bank: Bank) -> tuple[Message, ...]:
    said: list[Message] = []
    given: list[Message] = []
    values: dict[str, Any]
    rows = found.rows[(found.rows["measure"] == GIVEN) & (found.rows["value"] > 0)]
    for r in rows.sort_values(["value", "channel", "to"], ascending=[False, True, True]).to_dict("records"):
        values = {"a": channel_label(str(r["channel"]), bank), "b": channel_label(str(r["to"]), bank)}
        given.append(Message("{h:count} from {a} to {b}", values | {"h": float(r["value"])}))
    if answer.facts["capacity"] and given:
        values = {"all": float(answer.facts["capacity"]), "given": given}
        said.append(Message("Of {all:count} hours a year that can be moved: {given}.", values))
    worse = [
        Message("{a} to {b}", {"a": channel_label(a, bank), "b": channel_label(b, bank)})
        for a, b, e in _best(found)
        if e.low > 0 and _worse(found, a, b)
    ]
    if worse:
        said.append(
            Message(
                "More is settled, but clients give lower marks there: {moves}; nothing is moved so.", {"moves": worse}
            )
        )
    return tuple(said)


def _figure(found: HourRows, title: Message, bank: Bank) -> Figure | None:
    bars = [
        {
            "label": Message("{a} to {b}", {"a": channel_label(a, bank), "b": channel_label(b, bank)}),
            "value": e.value,
            "low": e.low,
            "high": e.high,
        }
        for a, b, e in _best(found)
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "number", "in_order": True}
    data["x_label"] = Message("Matters settled more per hour moved (95% intervals for all)")
    return Figure("bars", data, Message("Best move of an hour out of each channel. {title}.", {"title": title}))


def _table(found: HourRows, bank: Bank) -> Table:
    rows = []
    for a, b, e in _best(found):
        row: dict[str, Any] = {"from": channel_label(a, bank), "to": channel_label(b, bank), SETTLED: cell(e, "tenths")}
        mark = find(found.rows, channel=a, to=b, measure=MARK)
        row[MARK] = Message("–") if mark is None else cell(mark, "tenths")
        rows.append(row)
    columns = (
        Column("from", Message("From")),
        Column("to", Message("Best moved to")),
        Column(SETTLED, Message("Matters settled more per hour")),
        Column(MARK, Message("Mark of a contact there, less here")),
    )
    return Table(columns, tuple(rows), Message("The best move of an hour out of each channel"))
