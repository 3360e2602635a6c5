"""What became of marketing offers: answers, acceptances, their cost, and what goes with a time limit."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.channels.offers import (
    ACCEPTED,
    ALL,
    ANSWERED,
    CHANNEL,
    COST,
    LIMIT,
    LIMITED,
    MORE,
    SEGMENT,
    SOURCE,
    UNLIMITED,
)
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.channels.words import channel_label, source_label, why_not
from insights.reports.exhibits.loyalty.words import segment_label
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import cell, cell_of, find, finding_row
from insights.stats.results import Estimate
from insights.topics.channels.offers import FAIR, LIKE, PLAIN, OfferRows
from insights.topics.evidence import Answer

_LIMITS = {LIMITED: Message("with a time limit"), UNLIMITED: Message("without a time limit")}


def offers(answer: Answer, found: OfferRows, bank: Bank) -> Exhibit:
    """Say how many accept, what that costs, and what goes with a time limit."""
    title = _title(found)
    more = _find(found, LIMIT, "", MORE)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(*_sentences(found), *_like_sentences(answer, found, bank)),
        figure=_figure(found, title, bank),
        tables=tuple(
            t for t in (_table(found, bank), _groups(found, bank), _like_table(answer, found, bank)) if t.rows
        ),
        basis=_basis(answer, found, bank),
        caveats=(
            Message("An acceptance that would have come without the offer counts too."),
            Message(
                "Within a campaign it is an effect of the limit only if the lot decided who got one; otherwise it is "
                "an association."
            ),
            *_unseen(answer, found, bank),
        ),
        refusals=(*_no_limits(more), *_not_alike(answer, bank)),
        estimates=tuple(_estimates(found)),
    )


def _find(found: OfferRows, division: str, value: str, measure: str) -> Estimate | None:
    return find(found.rows, division=division, value_of=value, measure=measure)


def _title(found: OfferRows) -> Message:
    share, cost = (_find(found, ALL, "", m) for m in (ACCEPTED, COST))
    more = _find(found, LIMIT, "", MORE)
    if share is None:
        return Message("How many accept offers cannot be told")
    values: dict[str, Any] = {"share": share.value}
    if cost is not None:
        values["cost"] = cost.value
        if more is not None and (more.low > 0 or more.high < 0):
            values["d"] = more.value
            return Message(
                "{share:percent} accept an offer, at {cost:money} each; with a time limit it is {d:points} more in the "
                "same campaign",
                values,
            )
        return Message("{share:percent} accept an offer, at {cost:money} each", values)
    return Message("{share:percent} accept an offer", values)


def _sentences(found: OfferRows) -> tuple[Message, ...]:
    said = []
    told = _find(found, ALL, "", ANSWERED)
    if told is not None:
        said.append(Message("{told} say yes or no at all.", {"told": cell(told, "percent")}))
    more = _find(found, LIMIT, "", MORE)
    if more is not None:
        values = {"told": cell(more, "points")}
        said.append(
            Message("A time limit goes with {told} more acceptances in the same campaign.", values)
            if more.low > 0
            else Message("A time limit goes with fewer acceptances in the same campaign: {told}.", values)
            if more.high < 0
            else Message("A time limit makes no difference that is told from chance: {told}.", values)
        )
    return tuple(said)


def _like_sentences(answer: Answer, found: OfferRows, bank: Bank) -> tuple[Message, ...]:
    """Say of each channel what it wins more than the most used one, like with like, and what it seems to."""
    said = []
    for pair in answer.facts["like"]:
        fair, plain = (_find(found, LIKE, pair["channel"], m) for m in (FAIR, PLAIN))
        if fair is None or plain is None:
            continue
        values: dict[str, Any] = {
            "one": channel_label(pair["channel"], bank),
            "other": channel_label(pair["against"], bank),
        }
        values |= {"fair": cell(fair, "points"), "plain": cell(plain, "points")}
        if fair.low <= 0 <= fair.high:
            message = Message(
                "{one} against {other}, in the same campaign and among like clients: no difference in acceptances is "
                "told from chance, {fair}. As it looks: {plain}.",
                values,
            )
        else:
            message = Message(
                "{one} against {other}, in the same campaign and among like clients: {fair} in acceptances. As it "
                "looks: {plain}.",
                values,
            )
        said.append(message)
    return tuple(said)


def _like_table(answer: Answer, found: OfferRows, bank: Bank) -> Table:
    rows = []
    for pair in answer.facts["like"]:
        row: dict[str, Any] = {"one": channel_label(pair["channel"], bank)}
        row["other"] = channel_label(pair["against"], bank)
        for measure in (PLAIN, FAIR):
            row[measure] = cell_of(found.rows, "points", division=LIKE, value_of=pair["channel"], measure=measure)
        rows.append(row | {"compared": Message("{share:percent}", {"share": pair["compared"]})})
    columns = (
        Column("one", Message("Channel")),
        Column("other", Message("Compared with")),
        Column(PLAIN, Message("Acceptances, as it looks")),
        Column(FAIR, Message("Like with like")),
        Column("compared", Message("Offers compared")),
    )
    return Table(columns, tuple(rows), Message("Which channel wins more, and what of it is when and whom it reached"))


def _unseen(answer: Answer, found: OfferRows, bank: Bank) -> list[Message]:
    """Say how strong something unseen would have to be to explain a difference of channels away."""
    lines = []
    for pair in answer.facts["like"]:
        if (fair := _find(found, LIKE, pair["channel"], FAIR)) is None or fair.low <= 0 <= fair.high:
            continue
        values = {"one": channel_label(pair["channel"], bank), "other": channel_label(pair["against"], bank)}
        lines.append(
            Message(
                "{one} against {other} is an association: something not recorded that goes {times:tenths} times as "
                "often with the one channel, and makes acceptance that much likelier, would explain it.",
                values | {"times": pair["unseen"]},
            )
        )
    return lines


def _no_limits(more: Estimate | None) -> tuple[Message, ...]:
    if more is not None:
        return ()
    return (Message("No campaign had enough offers with and without a limit: the two cannot be compared."),)


def _not_alike(answer: Answer, bank: Bank) -> list[Message]:
    """Say which channels cannot be compared like with like, and why."""
    return [
        Message(
            "{one} against {other}, like with like: {why}",
            {
                "one": channel_label(pair["channel"], bank),
                "other": channel_label(pair["against"], bank),
                "why": why_not(pair["why"]),
            },
        )
        for pair in answer.facts["like"]
        if pair["why"]
    ]


def _lines(found: OfferRows, bank: Bank) -> list[tuple[str, str, Message | str]]:
    """Return division, value and label of every line of figure and table."""
    present = found.rows[["division", "value_of"]].drop_duplicates().itertuples(index=False)
    lines: list[tuple[str, str, Message | str]] = [(ALL, "", Message("all offers"))]
    for division, value in present:
        if division == LIMIT and value in _LIMITS:
            lines.append((str(division), str(value), _LIMITS[value]))
        if division == CHANNEL:
            lines.append((str(division), str(value), channel_label(str(value), bank)))
    return lines


def _figure(found: OfferRows, title: Message, bank: Bank) -> Figure | None:
    bars: list[dict[str, Any]] = []
    for division, value, label in _lines(found, bank):
        told = _find(found, division, value, ACCEPTED)
        if told is not None:
            bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True, "x_label": Message("Share accepted (95% interval)")}
    return Figure("bars", data, Message("Share of offers accepted, with intervals. {title}.", {"title": title}))


def _table(found: OfferRows, bank: Bank) -> Table:
    rows = []
    for division, value, label in _lines(found, bank):
        row: dict[str, Any] = {"name": label}
        for measure, kind in ((ANSWERED, "percent"), (ACCEPTED, "percent"), (COST, "money")):
            row[measure] = cell_of(found.rows, kind, division=division, value_of=value, measure=measure)
        rows.append(row)
    columns = (
        Column("name", Message("Offers")),
        Column(ANSWERED, Message("Answered")),
        Column(ACCEPTED, Message("Accepted")),
        Column(COST, Message("Cost of an acceptance")),
    )
    return Table(columns, tuple(rows), Message("What became of offers (95% intervals)"))


def _groups(found: OfferRows, bank: Bank) -> Table:
    """Return what became of offers by segment and by source of the clients."""
    rows = []
    present = found.rows[["division", "value_of"]].drop_duplicates().itertuples(index=False)
    for division, value in ((str(d), str(v)) for d, v in present if d in (SEGMENT, SOURCE)):
        label = segment_label(value, bank) if division == SEGMENT else source_label(value, bank)
        row: dict[str, Any] = {"name": label}
        for measure, kind in ((ANSWERED, "percent"), (ACCEPTED, "percent"), (COST, "money"), (MORE, "points")):
            row[measure] = cell_of(found.rows, kind, division=division, value_of=value, measure=measure)
        rows.append(row)
    columns = (
        Column("name", Message("Segment or source")),
        Column(ANSWERED, Message("Answered")),
        Column(ACCEPTED, Message("Accepted")),
        Column(COST, Message("Cost of an acceptance")),
        Column(MORE, Message("With a time limit, same campaign")),
    )
    return Table(columns, tuple(rows), Message("What became of offers by segment, and by source of the clients"))


def _basis(answer: Answer, found: OfferRows, bank: Bank) -> tuple[Message, ...]:
    volume = found.volume["offers"].iloc[0]
    values = {"n": number(volume), **answer.facts}
    lines = [
        Message(
            "{n:count} offers of {campaigns:number} campaigns in {years:number} years; those younger than "
            "{days:number} days are left out, since they may still be accepted.",
            values,
        )
    ]
    if answer.facts["compared"]:
        lines.append(
            Message(
                "With and without a limit are compared within each of {compared:number} campaigns that had both.",
                values,
            )
        )
    lines.append(Message("Intervals allow for what offers to one client have in common."))
    if any(not pair["why"] for pair in answer.facts["like"]):
        lines.append(
            Message(
                "Like with like: in campaigns that used both channels, weighted so that campaign, weekday and what was "
                "recorded of the clients at the time are the same on both sides (overlap weights)."
            )
        )
    for pair in answer.facts["like"]:
        if not pair["why"]:
            values = {"one": channel_label(pair["channel"], bank), "other": channel_label(pair["against"], bank)}
            lines.append(
                Message(
                    "{one} against {other}: before weighting the two differed by up to {apart:tenths} standard "
                    "deviations in what was recorded, after it by nothing.",
                    values | {"apart": pair["apart"]},
                )
            )
    return dated(bank, *lines)


def _estimates(found: OfferRows) -> list[dict[str, Any]]:
    lines = [count_row("offers", found.volume["offers"].iloc[0], unit="offers")]
    for row in found.rows.to_dict("records"):
        group = {str(row["division"]): str(row["value_of"])} if row["value_of"] else {}
        lines.append(finding_row(f"offers_{row['measure']}", row, group=group))
    return lines
