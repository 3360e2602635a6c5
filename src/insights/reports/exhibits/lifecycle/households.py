"""Households beside clients: how long they stay, and whether one who leaves takes others along."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import series, shown_groups
from insights.reports.exhibits.lifecycle.words import exits_of, too_few
from insights.reports.exhibits.rows import basis, check_row, estimate_row, interval
from insights.reports.exhibits.told import cell
from insights.stats.results import Estimate, NotEstimable
from insights.stats.survival import SurvivalCurve
from insights.topics.evidence import Answer
from insights.topics.lifecycle.curves import headline, horizons_of
from insights.topics.lifecycle.households import CLIENT, HOUSEHOLD, LEAVER, WHOLE

GROUP = {CLIENT: Message("clients"), HOUSEHOLD: Message("households")}


def households(answer: Answer, curve: SurvivalCurve, bank: Bank) -> Exhibit:
    """Show the share still with the bank of clients and of households."""
    exits = exits_of(answer)
    groups = [g for g in (CLIENT, HOUSEHOLD) if g in shown_groups(exits)]
    horizons = horizons_of(exits.counts)
    if not groups or not horizons:
        return too_few(answer, bank)
    last = headline(horizons)
    at = {g: curve.at(horizons, g) for g in groups}
    ends = {g: e for g in groups if isinstance(e := at[g][horizons.index(last)], Estimate)}
    values: dict[str, Any] = {"years": last / 12}
    title = Message("Households and clients by years since joining")
    if len(ends) == 2:
        values |= {"household": ends[HOUSEHOLD].value, "client": ends[CLIENT].value}
        title = Message(
            "{household:percent} of households are still with the bank after {years:number} years, of clients "
            "{client:percent}",
            values,
        )
    lines = [series(curve.table, g, "survival", GROUP[g]) for g in groups]
    panel = {"title": "", "series": lines, "at_risk": []}
    data = {"panels": [panel], "x_label": Message("Years since joining"), "y_label": Message("Share still there")}
    columns = [Column("years", Message("Years since joining"), "number")]
    columns += [Column(g, GROUP[g]) for g in groups]
    rows = tuple(
        {"years": h / 12, **{g: interval(at[g][k], "percent") for g in groups}} for k, h in enumerate(horizons)
    )
    units = exits.units.set_index("group")["units"]
    counted = {"clients": float(units.get(CLIENT, 0.0)), "households": float(units.get(HOUSEHOLD, 0.0))}
    return Exhibit(
        id=answer.id,
        title=title,
        figure=Figure(
            "curves",
            data | {"y_kind": "percent"},
            Message("Clients and households still there. {title}.", {"title": title}),
        ),
        tables=(Table(tuple(columns), rows, Message("Share still with the bank")),),
        basis=basis(bank, Message("{clients:count} clients in {households:count} households.", counted)),
        caveats=(
            Message(
                "A household begins with its first member and leaves with its last; who has none is one of his own."
            ),
            Message("Households are those of today: who has moved to another is counted there from the start."),
        ),
        estimates=tuple(
            estimate_row("survival", e, group={"unit": g}, months=h)
            for g in groups
            for h, e in zip(horizons, at[g], strict=True)
        ),
        checks=tuple(check_row(c) for c in curve.checks),
    )


def taken_along(answer: Answer, made: dict[str, Estimate | NotEstimable], bank: Bank) -> Exhibit:
    """Show how often one who leaves is followed by another of his household within a year."""
    exits = exits_of(answer)
    leaver, whole, gap = made[LEAVER], made[WHOLE], made.get("difference")
    title = Message("Whether leavers take others of their household along cannot be told")
    sentences: list[Message] = []
    if isinstance(leaver, Estimate):
        values = {"value": leaver.value, "low": leaver.low, "high": leaver.high}
        title = Message(
            "{value:percent} of clients who left others of their household behind were followed within a year", values
        )
        sentences.append(Message("The 95% interval runs from {low:percent} to {high:percent}.", values))
    if isinstance(leaver, Estimate) and isinstance(whole, Estimate):
        sentences.append(
            Message(
                "Where nobody had left, another member left within a year in {value:percent}.", {"value": whole.value}
            )
        )
    if isinstance(gap, Estimate):
        values = {"value": gap.value, "low": gap.low, "high": gap.high}
        sentences.append(
            Message("The difference is {value:points} (95% interval {low:points} to {high:points}).", values)
        )
        sentences.append(
            Message("The interval excludes zero: it is more than chance.")
            if gap.low > 0 or gap.high < 0
            else Message("The interval includes zero: it may be chance.")
        )
    labels = {
        LEAVER: Message("others stayed behind a leaver"),
        WHOLE: Message("household that nobody had left (reference)"),
    }
    units = exits.units.dropna(subset=["units"]).set_index("group")["units"]
    rows = tuple(
        {
            "group": labels[g],
            "clients": float(units[g]) if g in units else None,
            "share": cell(e, "percent") if isinstance(e := made[g], Estimate) else None,
        }
        for g in (LEAVER, WHOLE)
    )
    columns = (
        Column("group", Message("Household")),
        Column("clients", Message("Clients followed"), "count"),
        Column("share", Message("Another left within a year")),
    )
    few = not isinstance(leaver, Estimate)
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        tables=() if few else (Table(columns, rows, Message("Did another of the household leave within a year?")),),
        basis=basis(
            bank,
            Message("Leavers since the window opened, with another member of the household still there."),
            Message(
                "The reference: members of households of two or more, at yearly days, and the first other to leave."
            ),
        ),
        caveats=(Message("Members of a household have much in common: one need not have caused the other."),),
        refusals=(Message("Too few leavers were followed, or left others behind."),) if few else (),
        estimates=tuple(
            estimate_row(name, e, group={"group": g}, months=12)
            for g, name, e in (
                (LEAVER, "followed_within_12m", leaver),
                (WHOLE, "followed_within_12m", whole),
                (LEAVER, "difference", gap),
            )
            if e is not None
        ),
    )
