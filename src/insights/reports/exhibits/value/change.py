"""Why the margin changed: more assets, other returns, other clients."""

import math
from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.rows import count_row
from insights.reports.exhibits.value.words import group_label, margin_basis, told
from insights.topics.evidence import Answer
from insights.topics.value.cells import REST
from insights.topics.value.change import BEFORE, NOW, PARTS, SIZES, Change

_PARTS = {
    "volume": Message("Assets"),
    "rate": Message("Returns"),
    "mix": Message("Mix of clients"),
}
_CAUSES = {
    ("volume", True): Message("growing assets"),
    ("volume", False): Message("shrinking assets"),
    ("rate", True): Message("higher returns"),
    ("rate", False): Message("lower returns"),
    ("mix", True): Message("a richer mix of clients"),
    ("mix", False): Message("a poorer mix of clients"),
}
_SIZES = {
    SIZES[0]: Message("Smaller half"),
    SIZES[1]: Message("Next 30%"),
    SIZES[2]: Message("Next 15%"),
    SIZES[3]: Message("Largest 5%"),
    REST: Message("Other sizes, together"),
}


def change(answer: Answer, found: Change, bank: Bank) -> Exhibit:
    """Say by how much the margin changed and how much of it came from volume, rate and mix."""
    facts, total = answer.facts, found.total
    values: dict[str, Any] = {name: found.part(name) for name in PARTS} | {"end": facts["end"]}
    if math.isnan(total):
        title = Message("Why the margin changed cannot be told: too few clients make up most of the change")
    else:
        title = _title(found, total)
    sentences: tuple[Message, ...] = ()
    if not math.isnan(total):
        sentences = (
            Message(
                "Changed assets brought {volume:money}, changed returns {rate:money}, and a changed mix of clients "
                "{mix:money}; together that is the whole change.",
                values,
            ),
        )
    bars = [{"label": _PARTS[name], "value": told(found.part(name))} for name in PARTS]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=Figure(
            "bars",
            {"bars": bars, "kind": "money", "in_order": True, "x_label": Message("Part of the change of the margin")},
            Message("The change of the margin by its causes. {title}.", {"title": title}),
        ),
        tables=(_table(found, facts["by"], bank),),
        basis=margin_basis(
            bank,
            facts,
            Message("Twelve months to {end:date} against the twelve months before.", values),
            Message(
                "Volume at the average return; returns and mix between the groups of the table, each weighted by the "
                "mean of both years, so that no order is preferred."
            ),
        ),
        caveats=(
            Message("It says where the change lies, not what would have happened otherwise."),
            Message("Market gains and net new money are both changed assets here."),
        ),
        estimates=tuple(_estimates(found, bank)),
    )


def _title(found: Change, total: float) -> Message:
    """Return what changed, with the cause where one makes up more than half of it."""
    rose = total >= 0
    values: dict[str, Any] = {"change": abs(total)}
    main = max(PARTS, key=lambda name: found.part(name) * (1 if rose else -1))
    if abs(found.part(main)) <= abs(total) / 2:
        return (
            Message("The margin rose by {change:money} in a year", values)
            if rose
            else Message("The margin fell by {change:money} in a year", values)
        )
    values["cause"] = _CAUSES[main, rose]
    return (
        Message("The margin rose by {change:money} in a year, mostly because of {cause}", values)
        if rose
        else Message("The margin fell by {change:money} in a year, mostly because of {cause}", values)
    )


def _table(found: Change, by: str | None, bank: Bank) -> Table:
    groups = [str(g) for g in dict.fromkeys(found.rates["group"])]
    order = [*SIZES[::-1], REST] if by is None else [*sorted(g for g in groups if g != REST), REST]
    rows = []
    for group in [g for g in order if g in groups]:
        row: dict[str, Any] = {"group": _label(group, by, bank)}
        for period in (BEFORE, NOW):
            rate, share = (found.rate(group, period, m) for m in ("rate", "share"))
            row |= {f"rate_{period}": None if rate is None else 1e4 * rate, f"share_{period}": share}
        rows.append(row)
    columns = (
        Column("group", Message("Clients by average assets") if by is None else Message("Group")),
        Column("share_before", Message("Share of the assets, year before"), "percent"),
        Column("share_now", Message("Share of the assets, last year"), "percent"),
        Column("rate_before", Message("Basis points, year before"), "tenths"),
        Column("rate_now", Message("Basis points, last year"), "tenths"),
    )
    return Table(columns, tuple(rows), Message("Assets and returns by group"))


def _label(group: str, by: str | None, bank: Bank) -> Message | str:
    return _SIZES[group] if by is None else group_label(by, group, bank)


def _estimates(found: Change, bank: Bank) -> list[dict[str, Any]]:
    unit = bank.settings.bank.currency
    found_rows = [count_row("change", found.part(name), unit=unit, group={"part": name}) for name in PARTS]
    for row in found.rates.to_dict("records"):
        name = "return" if row["measure"] == "rate" else "share_of_assets"
        group = {"group": str(row["group"]), "period": str(row["period"])}
        found_rows.append(count_row(name, row["value"], unit="share", group=group))
    return found_rows
