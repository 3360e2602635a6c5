"""Page one: which channel wastes whose time, and what the last change was worth."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.outcomes import MONEY
from insights.models.channels.state import CLIENT_HOURS, STAFF_HOURS, WAIT_LONG, WASTED_HOURS
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.changes import change_caveats, change_estimates, change_refusals, clear, worth
from insights.reports.exhibits.channels.state import channels_of, extreme, state_basis
from insights.reports.exhibits.channels.words import channel_label, duration, programme_label
from insights.reports.exhibits.rows import needed
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.topics.channels.changes import WHOLE
from insights.topics.channels.overview import Overview
from insights.topics.evidence import Answer

_MEASURES = (CLIENT_HOURS, STAFF_HOURS, WASTED_HOURS)


def overview(answer: Answer, found: Overview, bank: Bank) -> Exhibit:
    """Say which channel wastes whose time, and what the last change was worth in money with its interval."""
    title = _title(answer, found, bank)
    caveats = [
        Message("Who waits for an e-mail does other things meanwhile: hours of waiting are no hours of work."),
        Message("A contact that settled nothing may still have been of use; it is counted by what was recorded of it."),
    ]
    if answer.facts["programmes"]:
        caveats += change_caveats(answer, found.changes, bank)
    missing = (
        (Message("Worth of changes: {why}", {"why": needed(answer.facts["missing"])}),)
        if answer.facts["missing"]
        else ()
        if answer.facts["programmes"]
        else (Message("No programme is recorded: what a change was worth cannot be told."),)
    )
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(answer, found, bank),
        figure=_figure(found, title, bank),
        tables=(_table(found, bank),),
        basis=state_basis(answer, found.state, bank),
        caveats=tuple(caveats),
        refusals=(*missing, *(change_refusals(answer, bank) if answer.facts["programmes"] else ())),
        estimates=tuple(_estimates(answer, found)),
    )


def _title(answer: Answer, found: Overview, bank: Bank) -> Message:
    wait, lost = extreme(found.state, CLIENT_HOURS), extreme(found.state, WASTED_HOURS)
    values: dict[str, Any] = {}
    if wait is not None:
        values["a"] = channel_label(wait[0], bank)
    if lost is not None:
        values["b"] = channel_label(lost[0], bank)
    whole = None
    if answer.facts["programmes"]:
        first = answer.facts["programmes"][0]
        whole = find(found.changes.rows, programme=first["name"], outcome=MONEY, row=WHOLE)
        values["name"] = programme_label(first["name"], bank)
    if whole is not None:
        values |= {"money": whole.value, "low": whole.low, "high": whole.high}
    if wait is not None and lost is not None and whole is not None:
        return (
            Message(
                "Most waiting: {a}; most staff time without result: {b}; the last change, “{name}”, brought "
                "{money:money} of net new money ({low:money} to {high:money})",
                values,
            )
            if whole.low > 0
            else Message(
                "Most waiting: {a}; most staff time without result: {b}; no gain in money is seen of the last change, "
                "“{name}”: {money:money} ({low:money} to {high:money})",
                values,
            )
        )
    if wait is not None and lost is not None:
        return Message("Most waiting: {a}; most staff time without result: {b}", values)
    if wait is not None:
        return Message("Most waiting: {a}", values)
    if lost is not None:
        return Message("Most staff time without result: {b}", values)
    return Message("Which channel wastes whose time cannot be told")


def _sentences(answer: Answer, found: Overview, bank: Bank) -> tuple[Message, ...]:
    said = []
    rows = found.state.rows
    wait, lost = extreme(found.state, CLIENT_HOURS), extreme(found.state, WASTED_HOURS)
    if wait is not None:
        total = rows.loc[rows["measure"] == CLIENT_HOURS, "value"].sum()
        values: dict[str, Any] = {"channel": channel_label(wait[0], bank), "h": wait[1].value}
        values |= {"share": wait[1].value / total if total else 0.0, "months": answer.facts["months"]}
        long = find(rows, channel=wait[0], measure=WAIT_LONG)
        said.append(
            Message(
                "Clients: in {months:months} they waited {h:count} hours for an answer ({channel}), {share:share} of "
                "all waiting.",
                values,
            )
            if long is None
            else Message(
                "Clients: in {months:months} they waited {h:count} hours for an answer ({channel}), {share:share} of "
                "all waiting; one in ten waits longer than {t}.",
                values | {"t": duration(long.value)},
            )
        )
    if lost is not None:
        all_of_it = find(rows, channel=lost[0], measure=STAFF_HOURS)
        values = {"channel": channel_label(lost[0], bank), "h": lost[1].value}
        values["share"] = None if all_of_it is None else lost[1].value / all_of_it.value
        said.append(
            Message(
                "Staff: {h:count} hours went into contacts that settled nothing ({channel}), {share:share} of the time "
                "spent there.",
                values,
            )
        )
    for programme in answer.facts["programmes"]:
        if (told := worth(programme, found.changes, bank)) is not None:
            said.append(told)
            whole = find(found.changes.rows, programme=programme["name"], outcome=MONEY, row=WHOLE)
            if not clear(whole):
                said.append(Message("The interval holds zero: the effect is not told from chance."))
    return tuple(said)


def _figure(found: Overview, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for channel in channels_of(found.state):
        for measure, label in (
            (CLIENT_HOURS, Message("{channel}: clients waiting", {"channel": channel_label(channel, bank)})),
            (WASTED_HOURS, Message("{channel}: staff, nothing settled", {"channel": channel_label(channel, bank)})),
        ):
            told = find(found.state.rows, channel=channel, measure=measure)
            if told is not None and told.value >= 1:
                bars.append({"label": label, "value": told.value})
    if not bars:
        return None
    data = {"bars": bars, "kind": "count", "x_label": Message("Hours in twelve months")}
    return Figure("bars", data, Message("Hours lost by channel, of clients and of staff. {title}.", {"title": title}))


def _table(found: Overview, bank: Bank) -> Table:
    rows = []
    for channel in channels_of(found.state):
        row: dict[str, Any] = {"channel": channel_label(channel, bank)}
        for measure in _MEASURES:
            row[measure] = cell_of(found.state.rows, "count", channel=channel, measure=measure)
        rows.append(row)
    columns = (
        Column("channel", Message("Channel")),
        Column(CLIENT_HOURS, Message("Hours clients waited")),
        Column(STAFF_HOURS, Message("Hours staff worked")),
        Column(WASTED_HOURS, Message("… of which nothing was settled")),
    )
    return Table(columns, tuple(rows), Message("Whose time each channel takes, in twelve months"))


def _estimates(answer: Answer, found: Overview) -> list[dict[str, Any]]:
    rows = found.state.rows
    lines = [
        finding_row(str(r["measure"]), r, group={"channel": str(r["channel"])}, months=12)
        for r in rows[rows["measure"].isin(_MEASURES)].to_dict("records")
    ]
    return [*lines, *(change_estimates(answer, found.changes) if answer.facts["programmes"] else [])]
