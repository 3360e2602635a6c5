"""Why clients leave: incidence by reason, and what the usual shortcut would have said."""

from typing import Any

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Message, Table
from insights.reports.exhibits.lifecycle.figures import (
    CURVES_SHOWN,
    group_label,
    panel_figure,
    reason_label,
    series,
    shown_causes,
    shown_groups,
)
from insights.reports.exhibits.lifecycle.words import curve_basis, curve_caveats, exits_of, not_all, too_few, withheld
from insights.reports.exhibits.rows import check_row, estimate_row, interval
from insights.reports.wording.labels import column_label
from insights.stats.incidence import IncidenceCurve
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer
from insights.topics.lifecycle.curves import headline, horizons_of


def exit_incidence(answer: Answer, curve: IncidenceCurve, bank: Bank) -> Exhibit:
    """Show the share of clients who have left, by reason and months since joining."""
    exits, by = exits_of(answer), answer.facts["by"]
    groups, horizons = shown_groups(exits), horizons_of(exits.counts)
    if not groups or not horizons:
        return too_few(answer, bank)
    last, causes = headline(horizons), shown_causes(exits)
    at = {(g, c): curve.at(horizons, cause=c, group=g) for g in groups for c in causes}
    title, sentences = _incidence_words(
        {key: row[horizons.index(last)] for key, row in at.items()}, groups, causes, last, by, bank
    )
    panels = [
        (g, [series(curve.table, g, "incidence", reason_label(c, bank), cause=c) for c in causes])
        for g in groups[:CURVES_SHOWN]
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=sentences,
        figure=panel_figure(panels, exits, by, bank, Message("Share who have left"), title),
        tables=(_reason_table(at, groups, causes, horizons, last, by, bank),),
        basis=curve_basis(exits, bank),
        caveats=curve_caveats(by, bank, curve.checks) + not_all(groups),
        refusals=withheld(exits, by, bank),
        estimates=tuple(
            estimate_row("incidence", e, group={"reason": c} | ({by: g} if by else {}), months=h)
            for (g, c), row in at.items()
            for h, e in zip(horizons, row, strict=True)
        ),
        checks=tuple(check_row(c) for c in curve.checks),
    )


def naive_incidence(answer: Answer, curve: IncidenceCurve, bank: Bank) -> Exhibit:
    """Show how far off 1 - Kaplan-Meier would have been."""
    exits = exits_of(answer)
    horizons, causes = horizons_of(exits.counts), shown_causes(exits)
    if not horizons or len(causes) < 2:
        return too_few(answer, bank)
    last = headline(horizons)
    rows, estimates, gaps = [], [], {}
    for cause in causes:
        exact, naive = curve.at([last], cause=cause)[0], curve.naive(cause).at([last])[0]
        if isinstance(exact, NotEstimable) or isinstance(naive, NotEstimable):
            continue
        gaps[cause] = naive.value - exact.value
        rows.append(
            {"reason": reason_label(cause, bank), "exact": exact.value, "naive": naive.value, "gap": gaps[cause]}
        )
        for name, result in (("incidence", exact), ("one_minus_kaplan_meier", naive)):
            estimates.append(estimate_row(name, result, group={"reason": cause}, months=last))
    if not gaps:
        return too_few(answer, bank)
    worst = max(gaps, key=lambda c: gaps[c])
    values = next(r for r in rows if r["gap"] == gaps[worst]) | {"years": last / 12}
    return Exhibit(
        id=answer.id,
        title=Message(
            "The usual shortcut would overstate “{reason}” within {years:number} years: "
            "{naive:percent} instead of {exact:percent}",
            values,
        ),
        sentences=(
            Message(
                "Counting one reason at a time (1 − Kaplan–Meier) treats clients who left for another "
                "reason as if they could still leave for this one.",
            ),
            Message(
                "The shares of all reasons then add up to more than everybody who left; "
                "the shares in this report do not."
            ),
        ),
        tables=(
            Table(
                (
                    Column("reason", Message("Reason")),
                    Column("exact", Message("Share who left, this report"), "percent"),
                    Column("naive", Message("Shortcut: 1 − Kaplan–Meier"), "percent"),
                    Column("gap", Message("Overstated by"), "points"),
                ),
                tuple(rows),
                Message("Both readings, {years:number} years after joining", {"years": last / 12}),
            ),
        ),
        basis=curve_basis(exits, bank),
        caveats=curve_caveats(None, bank, curve.checks),
        estimates=tuple(estimates),
    )


def _incidence_words(
    at: dict[tuple[str, str], Estimate | NotEstimable],
    groups: list[str],
    causes: list[str],
    last: int,
    by: str | None,
    bank: Bank,
) -> tuple[Message, tuple[Message, ...]]:
    ends = {key: e for key, e in at.items() if isinstance(e, Estimate)}
    years = {"years": last / 12}
    top = causes[0]
    if by:
        shares = {g: ends[g, top].value for g in groups if (g, top) in ends}
        if len(shares) < 2:
            return Message("Why clients leave, by {by}", {"by": column_label("clients", by)}), ()
        high, low = max(shares, key=lambda g: shares[g]), min(shares, key=lambda g: shares[g])
        values = {**years, "by": column_label("clients", by), "reason": reason_label(top, bank)}
        values |= {
            "high": shares[high],
            "low": shares[low],
            "most": group_label(by, high, bank),
            "least": group_label(by, low, bank),
        }
        return (
            Message(
                "By {by}, “{reason}” within {years:number} years ranges from {low:percent} to {high:percent}", values
            ),
            (Message("Most in {most}, least in {least}. Read the intervals before acting on a rank.", values),),
        )
    total = sum(e.value for e in ends.values())
    values = {**years, "total": total, "reason": reason_label(top, bank)}
    title = (
        Message("{total:percent} of clients leave within {years:number} years of joining", values)
        if top == "any"
        else Message(
            "{total:percent} of clients leave within {years:number} years of joining, most often: {reason}", values
        )
    )
    parts = [
        Message(
            "{reason}: {value:percent} (95% interval {low:percent} to {high:percent}).",
            {"reason": reason_label(c, bank), "value": e.value, "low": e.low, "high": e.high},
        )
        for c in causes
        for e in [ends.get(("", c))]
        if e is not None
    ]
    return title, tuple(parts)


def _reason_table(
    at: dict[tuple[str, str], list[Estimate | NotEstimable]],
    groups: list[str],
    causes: list[str],
    horizons: list[int],
    last: int,
    by: str | None,
    bank: Bank,
) -> Table:
    """Return the shares by reason: at every horizon for all clients, at the one of the headline for each group."""
    columns = [Column(f"c{i}", reason_label(c, bank)) for i, c in enumerate(causes)]

    def shares(group: str, k: int) -> dict[str, Any]:
        return {f"c{i}": interval(at[group, c][k], "percent") for i, c in enumerate(causes)}

    if by is None:
        rows = tuple({"years": h / 12} | shares("", k) for k, h in enumerate(horizons))
        first = Column("years", Message("Years since joining"), "number")
        return Table((first, *columns), rows, Message("Share who have left, by reason (95% interval)"))
    k = horizons.index(last)
    rows = tuple({"group": group_label(by, g, bank)} | shares(g, k) for g in groups)
    caption = Message("Share who have left within {years:number} years, by reason (95% interval)", {"years": last / 12})
    return Table((Column("group", column_label("clients", by)), *columns), rows, caption)
