"""Preference for green and social investments, by segment."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.clients.words import segment_label
from insights.reports.exhibits.needs.words import category_label, need_basis
from insights.reports.exhibits.rows import count_row, dated, estimate_row, interval, number
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer
from insights.topics.needs.green import ALL, Choices

CHANCE = 0.05


def green(answer: Answer, found: Choices, bank: Bank) -> Exhibit:
    """Say how many of those who have the choice hold something green, and in which segment most."""
    names = [str(n) for n in answer.facts["names"] if str(n) in found.shares]
    label = {n: segment_label(n, bank) for n in names}
    title = _title(found, label)
    kinds = {"kinds": [category_label(str(k), bank) for k in answer.facts["kinds"]]}
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(
            Message(
                "Asked of clients who hold one of the kinds in which the bank has something green and something else "
                "that suit them: {kinds}.",
                kinds,
            ),
        ),
        figure=_figure(found, names, label, title),
        tables=(_table(found, names, label),) if names else (),
        basis=(
            *need_basis(answer, bank)[1 : -len(dated(bank))],
            Message("Green: products that the bank itself counts as green or social investments."),
            *dated(bank),
        ),
        caveats=(
            Message("What clients hold is also what they were offered: a small share may be a small offer."),
            Message("The list of offers says who holds something green, and whose segment leans to it."),
        ),
        estimates=tuple(_estimates(found)),
    )


def _title(found: Choices, label: dict[str, Message | str]) -> Message:
    every = found.shares.get(ALL)
    if every is None:
        return Message("How many clients prefer green investments cannot be told")
    values: dict[str, Any] = {"x": every.value}
    others, p_value = _beside(found)
    apart = {n: e for n in label if (e := found.shares[n]) is not None and p_value[n] < CHANCE}
    more = {n: e for n, e in apart.items() if e.value > others[n]}
    if more:
        first = max(more, key=lambda n: (more[n].value, n))
        return Message(
            "{x:percent} of those who have the choice hold something green, most among “{segment}” ({p:percent})",
            values | {"segment": label[first], "p": more[first].value},
        )
    if apart:
        last = min(apart, key=lambda n: (apart[n].value, n))
        return Message(
            "{x:percent} of those who have the choice hold something green, fewest among “{segment}” ({p:percent})",
            values | {"segment": label[last], "p": apart[last].value},
        )
    return Message(
        "{x:percent} of those who have the choice hold something green; segments do not differ by more than chance",
        values,
    )


def _beside(found: Choices) -> tuple[dict[str, float], dict[str, float]]:
    """Return the share among the clients of all other segments, and the p-value, by segment."""
    names = found.table["segment"].astype(str).tolist()
    others, p_value = (found.table[c].astype(float).tolist() for c in ("others", "p"))
    return dict(zip(names, others, strict=True)), dict(zip(names, p_value, strict=True))


def _figure(found: Choices, names: list[str], label: dict[str, Message | str], title: Message) -> Figure | None:
    bars = [
        {"label": label[n], "value": e.value, "low": e.low, "high": e.high}
        for n in names
        if (e := found.shares[n]) is not None
    ]
    if not bars:
        return None
    data = {"bars": bars, "kind": "percent", "in_order": True}
    data["x_label"] = Message("Share who hold something green (95% interval)")
    return Figure("bars", data, Message("Share who hold something green, by segment. {title}.", {"title": title}))


def _table(found: Choices, names: list[str], label: dict[str, Message | str]) -> Table:
    others, p_value = _beside(found)
    rows = []
    for n in names:
        own: Estimate | None = found.shares[n]
        p = p_value[n]
        chance = Message("–") if not p >= 0 else Message("yes") if p < CHANCE else Message("no")
        rows.append(
            {
                "segment": label[n],
                "clients": None if own is None else float(own.n),
                "share": None if own is None else interval(own, "percent"),
                "others": number(others[n]),
                "apart": chance,
            }
        )
    columns = (
        Column("segment", Message("Segment")),
        Column("clients", Message("Clients who have the choice"), "count"),
        Column("share", Message("Hold something green (95% interval)")),
        Column("others", Message("The same in all other segments"), "percent"),
        Column("apart", Message("More than chance")),
    )
    return Table(columns, tuple(rows), Message("Who holds something green"))


def _estimates(found: Choices) -> list[dict[str, Any]]:
    lines = [
        estimate_row("holds_green", e or NotEstimable("withheld"), group={"segment": s} if s else {})
        for s, e in found.shares.items()
    ]
    return lines + [
        count_row("holds_green_others", r["others"], unit="share", group={"segment": str(r["segment"])})
        for r in found.table.to_dict("records")
    ]
