"""The service plan: for each segment what to offer first and why, what it lacks beside others, how it gets in touch."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.preference import CHANNEL, TIME
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import NOTHING, segment_label, treatment_label
from insights.reports.exhibits.needs.words import TIMES_OF_DAY, category_label, need_basis
from insights.reports.exhibits.rows import count_row, dated, number
from insights.reports.exhibits.told import finding_row
from insights.reports.wording.labels import code_label
from insights.topics.evidence import Answer
from insights.topics.needs.offers import REST
from insights.topics.needs.plan import OFFER, OTHERS, Plan

FIRST = 2
"""So many kinds of product are named first."""
CHANCE = 0.05


def plan(answer: Answer, found: Plan, bank: Bank) -> Exhibit:
    """Name the widest gap beside other segments, and give each segment its plan."""
    names = [str(n) for n in answer.facts["names"]]
    label = {n: segment_label(n, bank) for n in names}
    wide = _gaps(found)
    if wide:
        top = wide[0]
        values: dict[str, Any] = {
            "segment": label[str(top["segment"])],
            "kind": category_label(str(top["category"]), bank),
        }
        values |= {"x": float(top["share"]), "p": float(top["others"])}
        title = Message(
            "“{segment}” lacks {kind} most: {x:percent} of those whom it suits have it, {p:percent} in other segments",
            values,
        )
    else:
        title = Message("No segment lacks a kind of product beside the others by more than chance")
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message(
                "The product mix of a segment is what its clients would be offered first: the kind that each is most "
                "likely to buy of those that suit him, that he has not, and that he did not decline lately."
            ),
            *_alike(found, bank),
        ),
        figure=_figure(wide, title, label, bank),
        tables=(
            _plans(answer, found, names, label, bank),
            _mix(found, names, label, bank),
            _held(found, names, label, bank),
        ),
        basis=_basis(answer, found, bank),
        caveats=(
            Message("A gap is a question to ask, not a need: clients may hold the like at another bank."),
            Message("Gaps are told where they are more than chance, allowing for all comparisons made here."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _gaps(found: Plan) -> list[dict[str, Any]]:
    """Return the gaps beyond chance, the widest first."""
    own = found.held[(found.held["p"] < CHANCE) & (found.held["share"] < found.held["others"])]
    own = own.assign(gap=own["others"] - own["share"])
    told: list[dict[str, Any]] = [{str(k): v for k, v in r.items()} for r in own.to_dict("records")]
    return sorted(told, key=lambda r: (-r["gap"], r["segment"], r["category"]))


def _figure(gaps: list[dict[str, Any]], title: Message, label: dict[str, Message | str], bank: Bank) -> Figure | None:
    bars = [
        {
            "label": Message(
                "{segment}: {kind}",
                {"segment": label[str(r["segment"])], "kind": category_label(str(r["category"]), bank)},
            ),
            "value": float(r["gap"]),
        }
        for r in gaps[:8]
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Share of other segments who have it less that of the segment, of those whom it suits")
    return Figure("bars", data, Message("The widest gaps by segment and kind of product. {title}.", {"title": title}))


def _alike(found: Plan, bank: Bank) -> list[Message]:
    """Return that clients do not differ in channel or time of day as far as anything is foretold, and what most do."""
    told = {str(r["what"]): r for r in found.common.to_dict("records") if not pd.isna(r["value"])}
    made = []
    if CHANNEL in told:
        name = code_label("channel", str(told[CHANNEL]["level"]), bank.settings.labels)
        values = {"name": name, "x": float(told[CHANNEL]["value"])}
        made.append(
            Message(
                "No segment has a best channel of its own: a client’s past tells his next channel no better than what "
                "is used most, {name} ({x:percent} of the contacts that clients begin).",
                values,
            )
        )
    if TIME in told:
        values = {"name": TIMES_OF_DAY[str(told[TIME]["level"])], "x": float(told[TIME]["value"])}
        made.append(
            Message("Nor has any a best time of day: most such contacts come in the {name} ({x:percent}).", values)
            if CHANNEL in told
            else Message(
                "No segment has a best time of day of its own: a client’s past tells the time of his next contact no "
                "better than what is most usual, the {name} ({x:percent} of the contacts that clients begin).",
                values,
            )
        )
    return made


def _plans(answer: Answer, found: Plan, names: list[str], label: dict[str, Message | str], bank: Bank) -> Table:
    treatments = answer.facts["treatments"]
    rows = []
    for n in names:
        row: dict[str, Any] = {"segment": label[n], "offer": _offer(found, n, bank)}
        gaps = [r for r in _gaps(found) if r["segment"] == n][:FIRST]
        parts: list[Any] = [
            Message(
                "{kind} ({x:percent} against {p:percent})",
                {"kind": category_label(str(r["category"]), bank), "x": float(r["share"]), "p": float(r["others"])},
            )
            for r in gaps
        ]
        row["lacks"] = Message("{parts}", {"parts": parts}) if parts else NOTHING
        row["service"] = treatment_label(treatments[n], bank)
        row["channel"] = _most(found, n, CHANNEL, bank)
        row["time"] = _most(found, n, TIME, bank)
        rows.append(row)
    columns = [
        Column("segment", Message("Segment")),
        Column("offer", Message("Offer first")),
        Column("lacks", Message("Lacks beside others")),
        Column("service", Message("Service that the bank has set")),
        Column("channel", Message("Gets in touch by")),
        Column("time", Message("mostly in the")),
    ]
    there = {*found.shares["what"], *(["service"] if any(treatments.values()) else [])}
    kept = [c for c in columns if c.key not in (CHANNEL, TIME, "service") or c.key in there]
    return Table(tuple(kept), tuple(rows), Message("The plan of each segment, and why"))


def _offer(found: Plan, segment: str, bank: Bank) -> Message | None:
    own = _first(found, segment, OFFER, FIRST, bank.settings.disclosure.round_to)
    if own.empty:
        return None
    parts = [
        Message("{kind} (for {x:percent})", {"kind": category_label(str(r["level"]), bank), "x": float(r["share"])})
        for r in own.to_dict("records")
    ]
    return Message("{parts}", {"parts": parts})


def _most(found: Plan, segment: str, what: str, bank: Bank) -> Message | None:
    own = _first(found, segment, what, 1, bank.settings.disclosure.round_to)
    if own.empty:
        return None
    first = own.iloc[0]
    level = str(first["level"])
    name = TIMES_OF_DAY[level] if what == TIME else code_label("channel", level, bank.settings.labels)
    return Message("{name} ({x:percent} of them)", {"name": name, "x": float(first["share"])})


def _first(found: Plan, segment: str, what: str, most: int, step: int) -> pd.DataFrame:
    """Return what is most frequent in a segment: levels that none which is withheld can exceed, rounding allowed for.

    ``step`` is what numbers of clients are rounded to. Kinds of offers that are put together are the rarest ones.
    """
    own = found.shares[(found.shares["segment"] == segment) & (found.shares["what"] == what)]
    own = own[own["level"] != REST]
    # One of those that are put together may be as frequent as all of them.
    own = own.assign(share=own["share"].where(own["level"] != OTHERS))
    untold = 0.0
    if own["share"].isna().any():
        untold = 1 - own["share"].sum() + step * (len(own) + 1) / 2 / own["n"].iloc[0]
    own = own[own["share"] > untold].sort_values(["share", "level"], ascending=[False, True], kind="stable")
    return own[:most]


def _mix(found: Plan, names: list[str], label: dict[str, Message | str], bank: Bank) -> Table:
    own = found.shares[found.shares["what"] == OFFER]
    kinds = sorted(set(own["level"]), key=lambda k: (k == REST, k))
    share = {(r["segment"], r["level"]): r["share"] for r in own.to_dict("records")}
    rows: list[dict[str, Any]] = [{"segment": label[n]} for n in names]
    for row, n in zip(rows, names, strict=True):
        row |= {k: _part(share.get((n, k))) for k in kinds}
    columns = (Column("segment", Message("Segment")), *(Column(k, category_label(k, bank)) for k in kinds))
    caption = Message(
        "Product mix: share of a segment’s clients who would be offered it first (–: few or none, told with the others)"
    )
    return Table(columns, tuple(rows), caption)


def _part(share: float | None) -> Message | None:
    """Return the share of a kind; one that is not told by itself is among the others."""
    if share is None:
        return NOTHING
    return None if pd.isna(share) else Message("{value:percent}", {"value": float(share)})


def _held(found: Plan, names: list[str], label: dict[str, Message | str], bank: Bank) -> Table:
    kinds = sorted(set(found.held["category"]))
    share = {(r["segment"], r["category"]): r["share"] for r in found.held.to_dict("records")}
    rows = [{"segment": label[n]} | {k: number(share.get((n, k), float("nan"))) for k in kinds} for n in names]
    columns = (Column("segment", Message("Segment")), *(Column(k, category_label(k, bank), "percent") for k in kinds))
    return Table(columns, tuple(rows), Message("Share of those whom it suits who have it, or had it"))


def _basis(answer: Answer, found: Plan, bank: Bank) -> tuple[Message, ...]:
    head = need_basis(answer, bank)[: -len(dated(bank))]
    if not found.shares["what"].isin((CHANNEL, TIME)).any():
        if found.common.empty:
            return (*head, *dated(bank))
        tried = Message(
            "Channel and time of day: contacts of two years that clients began themselves; whether their past tells "
            "more was tried on the first contact of each in the last six months."
        )
        return (*head, tried, *dated(bank))
    own = Message(
        "How clients get in touch: the channel and the part of the day that each prefers, by the contacts of two years "
        "that he began himself; who began few is drawn towards what all clients do."
    )
    return (*head, own, *dated(bank))


def _estimates(found: Plan) -> list[dict[str, Any]]:
    lines = [
        count_row(f"{r['what']}_share", r["share"], unit="share", group={"segment": r["segment"], "level": r["level"]})
        for r in found.shares.to_dict("records")
    ]
    for r in found.common.to_dict("records"):
        lines.append(finding_row(f"most_contacts_{r['what']}", r, group={"level": str(r["level"])}))
    for r in found.held.to_dict("records"):
        group = {"segment": str(r["segment"]), "category": str(r["category"])}
        lines.append(count_row("held_share", r["share"], unit="share", group=group))
        lines.append(count_row("held_share_others", r["others"], unit="share", group=group))
    return lines
