"""How long relationships last: the survival curve, overall or by group."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.figures import (
    CURVES_SHOWN,
    curve_figure,
    group_label,
    series,
    shown_groups,
    shown_horizons,
)
from insights.reports.exhibits.lifecycle.words import curve_basis, curve_caveats, exits_of, not_all, too_few, withheld
from insights.reports.exhibits.rows import check_row, estimate_row, interval
from insights.reports.wording.labels import column_label
from insights.stats.results import Estimate
from insights.stats.survival import SurvivalCurve
from insights.topics.evidence import Answer
from insights.topics.lifecycle.curves import headline, horizons_of


def survival(answer: Answer, curve: SurvivalCurve, bank: Bank) -> Exhibit:
    """Show how long relationships last."""
    exits, by = exits_of(answer), answer.facts["by"]
    groups, horizons = shown_groups(exits), horizons_of(exits.counts)
    if not groups or not horizons:
        return too_few(answer, bank)
    last = headline(horizons)
    ends = {g: curve.at([last], group=g)[0] for g in groups}
    values: dict[str, Any] = {"years": last / 12, "by": column_label("clients", by)} if by else {"years": last / 12}
    found = {g: e for g, e in ends.items() if isinstance(e, Estimate)}
    sentences: tuple[Message, ...] = ()
    if by and len(found) > 1:
        best, worst = max(found, key=lambda g: found[g].value), min(found, key=lambda g: found[g].value)
        values |= {"best": group_label(by, best, bank), "worst": group_label(by, worst, bank)}
        values |= {"high": found[best].value, "low": found[worst].value}
        title = Message(
            "By {by}, between {low:percent} and {high:percent} of relationships last {years:number} years", values
        )
        sentences = (
            Message(
                "Highest: {best} ({high:percent}). Lowest: {worst} ({low:percent}). The table gives the intervals.",
                values,
            ),
        )
    elif found:
        only = next(iter(found.values()))
        values |= {"share": only.value, "low": only.low, "high": only.high}
        title = Message("{share:percent} of relationships last {years:number} years or longer", values)
        sentences = (Message("The 95% interval runs from {low:percent} to {high:percent}.", values),)
    else:
        title = Message("How long relationships last")
    lines = [series(curve.table, g, "survival", group_label(by, g, bank)) for g in groups[:CURVES_SHOWN]]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=curve_figure(lines, exits, by, bank, Message("Share still in force"), title),
        tables=(_horizon_table(curve, groups, shown_horizons(horizons, by), by, bank),),
        basis=curve_basis(exits, bank),
        caveats=curve_caveats(by, bank, curve.checks) + not_all(groups),
        refusals=withheld(exits, by, bank),
        estimates=tuple(
            estimate_row("survival", e, group={by: g} if by else {}, months=h)
            for g in groups
            for h, e in zip(horizons, curve.at(horizons, group=g), strict=True)
        ),
        checks=tuple(check_row(c) for c in curve.checks),
    )


def _horizon_table(curve: SurvivalCurve, groups: list[str], horizons: list[int], by: str | None, bank: Bank) -> Table:
    columns = [Column("years", Message("Years since joining"), "number")]
    columns += [
        Column(f"g{i}", group_label(by, g, bank) if by else Message("Share still in force (95% interval)"))
        for i, g in enumerate(groups)
    ]
    told = {g: curve.at(horizons, group=g) for g in groups}
    rows = tuple(
        {"years": h / 12} | {f"g{i}": interval(told[g][k], "percent") for i, g in enumerate(groups)}
        for k, h in enumerate(horizons)
    )
    return Table(tuple(columns), rows, Message("Share still in force (95% interval)"))
