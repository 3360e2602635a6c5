"""Whether clients keep choosing the bank: several measures of loyalty, and whether words go with deeds."""

from typing import Any

from insights.data.snapshot import Bank
from insights.models.loyalty.choosing import AGAIN, ATTITUDE, TENURE, WALLET
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.loyalty.words import segment_label, survey_basis
from insights.reports.exhibits.told import cell_of, find, finding_row
from insights.topics.evidence import Answer
from insights.topics.loyalty.choosing import ALL, ChoosingRows

_NAMES = {
    ATTITUDE: Message("stated loyalty"),
    AGAIN: Message("bought again"),
    WALLET: Message("share of wallet"),
    TENURE: Message("years with the bank"),
}
_KINDS = {ATTITUDE: "number", AGAIN: "percent", WALLET: "percent", TENURE: "tenths"}


def choosing(answer: Answer, found: ChoosingRows, bank: Bank) -> Exhibit:
    """Say how many keep choosing the bank, and whether those who say they are loyal do."""
    title = _title(answer, found)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=_sentences(found),
        figure=_figure(answer, found, title, bank),
        tables=tuple(t for t in (_means(answer, found, bank), _pairs(found)) if t is not None),
        basis=_basis(answer, found, bank),
        caveats=_caveats(answer),
        refusals=tuple(
            Message("{outcome}: not available, needs {needs}", {"outcome": _NAMES[m], "needs": needs})
            for m, needs in answer.facts["missing"].items()
        ),
        estimates=tuple(_estimates(found)),
    )


def _title(answer: Answer, found: ChoosingRows) -> Message:
    told = {m: find(found.means, segment=ALL, measure=m) for m in _NAMES}
    values: dict[str, Any] = {m: e.value for m, e in told.items() if e is not None}
    values |= {"times": answer.facts["times"], "span": answer.facts["years"]}
    if AGAIN in values and WALLET in values:
        return Message(
            "{again:percent} of the clients chose the bank again at least {times:number} times in {span:number} years; "
            "on average it has {wallet:percent} of what they hold",
            values,
        )
    if AGAIN in values:
        return Message(
            "{again:percent} of the clients chose the bank again at least {times:number} times in {span:number} years",
            values,
        )
    if WALLET in values:
        return Message("On average the bank has {wallet:percent} of what a client holds", values)
    return Message("How many clients keep choosing the bank cannot be shown")


def _sentences(found: ChoosingRows) -> tuple[Message, ...]:
    said = []
    pairs = {m: find(found.pairs, one=ATTITUDE, other=m) for m in (AGAIN, WALLET, TENURE)}
    told = {m: e for m, e in pairs.items() if e is not None}
    more = [_with(m, e.value) for m, e in told.items() if e.low > 0]
    less = [_with(m, e.value) for m, e in told.items() if e.high < 0]
    none = [_NAMES[m] for m, e in told.items() if e.low <= 0 <= e.high]
    if more:
        said.append(Message("Who states more loyalty also has more of: {names}.", {"names": more}))
    if less:
        said.append(Message("Who states more loyalty has less of: {names}.", {"names": less}))
    if none:
        said.append(Message("No link beyond chance of stated loyalty with: {names}.", {"names": none}))
    return tuple(said)


def _with(measure: str, correlation: float) -> Message:
    values = {"name": _NAMES[measure], "r": correlation}
    return Message("{name} (rank correlation {r:number})", values)


def _figure(answer: Answer, found: ChoosingRows, title: Message, bank: Bank) -> Figure | None:
    bars = []
    for measure in (AGAIN, WALLET):
        for segment in (ALL, *answer.facts["segments"]):
            told = find(found.means, segment=segment, measure=measure)
            if told is not None:
                values = {"measure": _NAMES[measure], "segment": _segment(segment, bank)}
                label = Message("{measure}: {segment}", values)
                bars.append({"label": label, "value": told.value, "low": told.low, "high": told.high})
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Share of clients, and of what clients hold (95% interval)")
    return Figure("bars", data, Message("Loyalty in deeds by segment, with intervals. {title}.", {"title": title}))


def _segment(segment: str, bank: Bank) -> Message | str:
    return segment_label(segment, bank) if segment else Message("all clients")


def _means(answer: Answer, found: ChoosingRows, bank: Bank) -> Table:
    measures = answer.facts["measures"]
    rows = []
    for segment in (ALL, *answer.facts["segments"]):
        row: dict[str, Any] = {"segment": _segment(segment, bank)}
        rows.append(row | {m: cell_of(found.means, _KINDS[m], segment=segment, measure=m) for m in measures})
    columns = [Column("segment", Message("Clients")), *(Column(m, _NAMES[m]) for m in measures)]
    return Table(tuple(columns), tuple(rows), Message("Loyalty measured in several ways (means, 95% intervals)"))


def _pairs(found: ChoosingRows) -> Table | None:
    rows = []
    for pair in found.pairs.to_dict("records"):
        told = find(found.pairs, one=pair["one"], other=pair["other"])
        row: dict[str, Any] = {"one": _NAMES[str(pair["one"])], "other": _NAMES[str(pair["other"])]}
        row["r"] = cell_of(found.pairs, "number", one=pair["one"], other=pair["other"])
        rows.append(row | {"n": None if told is None else told.n})
    if not rows:
        return None
    columns = (
        Column("one", Message("One measure")),
        Column("other", Message("Other measure")),
        Column("r", Message("Rank correlation (95% interval)")),
        Column("n", Message("Clients"), "count"),
    )
    return Table(columns, tuple(rows), Message("Whether the measures go together (1: always, 0: not at all)"))


def _basis(answer: Answer, found: ChoosingRows, bank: Bank) -> tuple[Message, ...]:
    told = find(found.means, segment=ALL, measure=TENURE)
    lines = [] if told is None else [Message("{n:count} clients in force.", {"n": told.n})]
    if answer.facts["cluster"] == "manager":
        lines.append(Message("95% intervals allow for clients of one relationship manager being alike."))
    return survey_basis(bank, *lines)


def _caveats(answer: Answer) -> tuple[Message, ...]:
    said, facts = [], answer.facts
    if ATTITUDE in facts["measures"]:
        top = facts["scale"][1] if facts["scale"] else None
        said.append(
            Message(
                "Stated loyalty: the last answer of twelve months, in points of {top:number}, weighted for who "
                "answered.",
                {"top": top},
            )
        )
    if AGAIN in facts["measures"]:
        values = {"times": facts["times"], "span": facts["years"]}
        said.append(
            Message(
                "Bought again: a product not held before, at {times:number} or more month ends of the last "
                "{span:number} years; of those who were clients all the while.",
                values,
            )
        )
        said.append(Message("Who holds many products already has fewer left to buy."))
    if WALLET in facts["measures"]:
        said.append(
            Message(
                "Share of wallet: assets here, of these and what clients said within a year that they hold elsewhere; "
                "the mean over those who said it."
            )
        )
    said.append(Message("Only clients in force are counted: those who left are the subject of other exhibits."))
    return tuple(said)


def _estimates(found: ChoosingRows) -> list[dict[str, Any]]:
    lines = []
    for row in found.means.to_dict("records"):
        group = {"segment": str(row["segment"])} if row["segment"] else {}
        lines.append(finding_row(f"measure_{row['measure']}", row, group=group))
    for row in found.pairs.to_dict("records"):
        lines.append(finding_row("rank_correlation", row, group={"one": str(row["one"]), "other": str(row["other"])}))
    return lines
