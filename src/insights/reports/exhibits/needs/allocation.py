"""Suitable allocations: how many clients are off what suits their risk, what is wrong, and what would move."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.models.needs.allocation import ABOVE_RISK, LITTLE, MUCH, OTHER_MIX, STATES, WITHIN
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.needs.words import need_basis, part_label
from insights.reports.exhibits.rows import count_row, dated, estimate_row, interval, number
from insights.stats.results import NotEstimable
from insights.topics.evidence import Answer
from insights.topics.needs.allocation import BUY, SELL, Allocation


def allocation(answer: Answer, found: Allocation, bank: Bank) -> Exhibit:
    """Say how many clients are off what suits them, what is wrong most often, and what would move."""
    facts = answer.facts
    safe = part_label(str(facts["parts"][0]), bank)
    words = _words(safe)
    title = _title(found, words)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(_sentences(found, bank)),
        figure=_figure(found, title),
        tables=(_states(found, words), _moves(found, facts, bank), _rule(facts, bank)),
        basis=(
            *need_basis(answer, bank)[1 : -len(dated(bank))],
            Message(
                "A mix is off where he holds a product above his risk, or the share of a part is more than "
                "{band:points} from what is advised at his risk. Parts of which nothing suits his risk and "
                "assets count as none; their share is advised in the others.",
                {"band": float(facts["band"])},
            ),
            *dated(bank),
        ),
        caveats=(
            Message("The shares advised are the bank’s own rule, not a forecast of what will do best."),
            Message("What clients hold elsewhere, taxes and the cost of selling are not in it: the talk comes first."),
            Message("The proposal for each client, part by part with its reason, stands in a restricted list."),
        ),
        estimates=tuple(_estimates(found, bank)),
    )


def _words(safe: Message | str) -> dict[str, Message]:
    values = {"part": safe}
    return {
        WITHIN: Message("suits"),
        ABOVE_RISK: Message("a product above his risk"),
        MUCH: Message("too much in {part}", values),
        LITTLE: Message("too little in {part}", values),
        OTHER_MIX: Message("otherwise off"),
    }


def _by_state(found: Allocation) -> dict[str, float]:
    """Return the clients by state, without those that are withheld in part."""
    own = found.states.groupby("what")["clients"].agg(lambda c: c.sum(skipna=False))
    return {str(k): float(v) for k, v in own.items() if not pd.isna(v)}


def _title(found: Allocation, words: dict[str, Message]) -> Message:
    every = found.off.get("")
    if every is None:
        return Message("How many clients hold what suits them cannot be told")
    counts = {k: n for k, n in _by_state(found).items() if k != WITHIN}
    values: dict[str, Any] = {"x": every.value}
    # What is withheld in part could be more frequent: then the most frequent is not named.
    if set(counts) == set(STATES) - {WITHIN} and max(counts.values()) > 0:
        first = max(STATES[1:], key=lambda k: counts[k])
        return Message(
            "{x:percent} of clients hold a mix that is off what suits their risk; most often: {what}",
            values | {"what": words[first]},
        )
    return Message("{x:percent} of clients hold a mix that is off what suits their risk", values)


def _sentences(found: Allocation, bank: Bank) -> list[Message]:
    own = found.moves.groupby("part", sort=False)["amount"]
    sides = {
        (str(r["part"]), str(r["side"])): float(r["amount"])
        for r in found.moves.to_dict("records")
        if not pd.isna(r["amount"])
    }
    net = {
        str(p): sides[str(p), BUY] - sides[str(p), SELL]
        for p in own.groups
        if {(str(p), BUY), (str(p), SELL)} <= set(sides)
    }
    if not net:
        return []
    most, least = max(net, key=lambda p: (net[p], p)), min(net, key=lambda p: (net[p], p))
    if not net[most] > 0 > net[least]:
        return []
    values = {"a": part_label(most, bank), "x": net[most], "b": part_label(least, bank), "y": -net[least]}
    return [
        Message(
            "If all of them followed it, {x:money} net would go into {a}, and {y:money} would come out of {b}.", values
        )
    ]


def _figure(found: Allocation, title: Message) -> Figure | None:
    bars = [
        {"label": Message("C{level}", {"level": t[1:]}), "value": e.value, "low": e.low, "high": e.high}
        for t, e in sorted(found.off.items())
        if t and e is not None
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Share whose mix is off what suits them (95% interval)")
    return Figure("bars", data, Message("Share whose mix is off, by risk tolerance. {title}.", {"title": title}))


def _states(found: Allocation, words: dict[str, Message]) -> Table:
    wide = found.states.pivot(index="tolerance", columns="what", values="clients")
    rows = []
    for t in sorted(wide.index):
        e = found.off[str(t)]
        row: dict[str, Any] = {"tolerance": Message("C{level}", {"level": str(t)[1:]})}
        row |= {k: number(wide.loc[t, k]) if k in wide else 0.0 for k in STATES}
        rows.append(row | {"off": None if e is None else interval(e, "percent")})
    columns = (
        Column("tolerance", Message("Accepts")),
        *(Column(k, words[k], "count") for k in STATES),
        Column("off", Message("Off (95% interval)")),
    )
    return Table(columns, tuple(rows), Message("Clients by risk tolerance and by what is off first"))


def _moves(found: Allocation, facts: dict[str, Any], bank: Bank) -> Table:
    told = {(str(r["part"]), str(r["side"])): r["amount"] for r in found.moves.to_dict("records")}
    rows = [
        {"part": part_label(str(p), bank)} | {side: number(told.get((str(p), side), 0.0)) for side in (BUY, SELL)}
        for p in facts["parts"]
    ]
    columns = (
        Column("part", Message("Part of the assets")),
        Column(BUY, Message("To buy"), "money"),
        Column(SELL, Message("To sell"), "money"),
    )
    return Table(columns, tuple(rows), Message("What would move if all clients whose mix is off followed the proposal"))


def _rule(facts: dict[str, Any], bank: Bank) -> Table:
    parts = [str(p) for p in facts["parts"]]
    rows = [
        {"tolerance": Message("C{level}", {"level": level[1:]})} | {p: float(own.get(p, 0.0)) for p in parts}
        for level, own in sorted(facts["rule"].items())
    ]
    columns = (Column("tolerance", Message("Accepts")), *(Column(p, part_label(p, bank), "percent") for p in parts))
    return Table(columns, tuple(rows), Message("Shares that the bank advises, by risk tolerance"))


def _estimates(found: Allocation, bank: Bank) -> list[dict[str, Any]]:
    lines = [
        estimate_row("off_share", e or NotEstimable("withheld"), group={"risk_tolerance": t} if t else {})
        for t, e in found.off.items()
    ]
    lines += [
        count_row(
            "clients",
            r["clients"],
            unit="clients",
            group={"risk_tolerance": str(r["tolerance"]), "what": str(r["what"])},
        )
        for r in found.states.to_dict("records")
    ]
    return lines + [
        count_row(
            "to_move",
            r["amount"],
            unit=bank.settings.bank.currency,
            group={"part": str(r["part"]), "side": str(r["side"])},
        )
        for r in found.moves.to_dict("records")
    ]
