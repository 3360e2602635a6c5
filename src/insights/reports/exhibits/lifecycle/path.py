"""The path of prospects: who goes on, how fast, and from which source."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import CURVES_SHOWN, group_label, series, shown_groups
from insights.reports.exhibits.lifecycle.words import exits_of, not_all, too_few, withheld
from insights.reports.exhibits.rows import basis, check_row, estimate_row, interval
from insights.reports.exhibits.told import cell, find, finding_row
from insights.stats.incidence import IncidenceCurve
from insights.stats.results import Estimate, NotEstimable
from insights.topics.evidence import Answer, Estimates
from insights.topics.lifecycle.path import AGAINST, AWARE, CONSIDERS, HORIZONS, ON, WHOLE, YEAR

STEP = {
    AWARE: Message("awareness to consideration"),
    CONSIDERS: Message("consideration to joining"),
    WHOLE: Message("awareness to joining"),
    AGAINST: Message("awareness to declining"),
}


def path(answer: Answer, curve: IncidenceCurve, bank: Bank) -> Exhibit:
    """Show the share that goes on from each step of the path, and the time in it."""
    exits = exits_of(answer)
    steps = [s for s in STEP if s in shown_groups(exits)]
    if not steps or ON not in curve.causes:
        return too_few(answer, bank)
    time = answer.evidence["time"]
    months = time.rows if isinstance(time, Estimates) else pd.DataFrame()
    at = {s: dict(zip(HORIZONS, curve.at(HORIZONS, s, cause=ON), strict=True)) for s in steps}
    year = {s: e for s in steps if isinstance(e := at[s][YEAR], Estimate)}
    title = Message("The path from awareness to joining")
    if WHOLE in year:
        e = year[WHOLE]
        title = Message(
            "{value:percent} of prospects join within a year of the first contact ({low:percent} to {high:percent})",
            {"value": e.value, "low": e.low, "high": e.high},
        )
    sentences = []
    if AWARE in year and CONSIDERS in year:
        sentences.append(
            Message(
                "{aware:percent} come to a serious talk within a year; of those who do, {considers:percent} join "
                "within a year after it.",
                {"aware": year[AWARE].value, "considers": year[CONSIDERS].value},
            )
        )
    columns = [Column("step", Message("Step")), Column("people", Message("Prospects"), "count")]
    columns += [Column(f"h{h}", Message("within {months:months}", {"months": h})) for h in HORIZONS]
    columns.append(Column("time", Message("Months in the step, of the first 12")))
    units = exits.units.dropna(subset=["units"]).set_index("group")["units"]
    rows: list[dict[str, Any]] = []
    for s in steps:
        spent = find(months, step=s) if len(months) else None
        line = {"step": STEP[s], "people": float(units[s]), "time": cell(spent, "tenths") or Message("–")}
        rows.append(line | {f"h{h}": interval(at[s][h], "percent") for h in HORIZONS})
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(curve, {s: STEP[s] for s in steps}, title),
        tables=(Table(tuple(columns), tuple(rows), Message("Share that has gone on, and time in the step")),),
        basis=basis(bank, *_rests_on(units, WHOLE)),
        caveats=_caveats(answer),
        estimates=tuple(
            estimate_row("share_on", e, group={"step": s}, months=h) for s in steps for h, e in at[s].items()
        )
        + tuple(
            finding_row("months_in_step", row, group={"step": row["step"]}, months=int(row["months"]))
            for row in months.to_dict("records")
        ),
        checks=tuple(check_row(c) for c in curve.checks),
    )


def conversion(answer: Answer, curve: IncidenceCurve, bank: Bank) -> Exhibit:
    """Show the share of prospects who join, by acquisition source."""
    exits, by = exits_of(answer), "acquisition_source"
    groups = shown_groups(exits)
    if not groups or ON not in curve.causes:
        return too_few(answer, bank)
    at = {g: dict(zip(HORIZONS, curve.at(HORIZONS, g, cause=ON), strict=True)) for g in groups}
    year = {g: e for g in groups if isinstance(e := at[g][YEAR], Estimate)}
    title, sentences = Message("Who joins, by source"), []
    if len(year) > 1:
        most, least = max(year, key=lambda g: year[g].value), min(year, key=lambda g: year[g].value)
        values = {"most": group_label(by, most, bank), "least": group_label(by, least, bank)}
        values |= {"high": year[most].value, "low": year[least].value}  # type: ignore[dict-item]
        title = Message("Within a year between {low:percent} and {high:percent} of prospects join, by source", values)
        apart = year[least].high < year[most].low
        sentences.append(
            Message("Most join from {most}, fewest from {least}; their intervals lie apart.", values)
            if apart
            else Message("Most join from {most}, fewest from {least}, but their intervals overlap.", values)
        )
    columns = [Column("source", Message("Source")), Column("people", Message("Prospects"), "count")]
    columns += [Column(f"h{h}", Message("within {months:months}", {"months": h})) for h in HORIZONS]
    columns.append(Column("time", Message("Months to joining, of the first 12")))
    units = exits.units.dropna(subset=["units"]).set_index("group")["units"]
    spent: dict[str, Estimate | NotEstimable] = {g: curve.restricted_mean(YEAR, g) for g in groups}
    rows = [
        {
            "source": group_label(by, g, bank),
            "people": float(units[g]),
            "time": interval(spent[g], "tenths"),
            **{f"h{h}": interval(at[g][h], "percent") for h in HORIZONS},
        }
        for g in groups
    ]
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=tuple(sentences),
        figure=_figure(curve, {g: group_label(by, g, bank) for g in groups[:CURVES_SHOWN]}, title),
        tables=(Table(tuple(columns), tuple(rows), Message("Share of prospects who have joined")),),
        basis=basis(bank, *_rests_on(units, None)),
        caveats=_caveats(answer) + not_all(groups),
        refusals=withheld(exits, by, bank),
        estimates=tuple(
            estimate_row("share_joined", e, group={"source": g}, months=h) for g in groups for h, e in at[g].items()
        )
        + tuple(estimate_row("months_to_joining", spent[g], group={"source": g}, months=YEAR) for g in groups),
        checks=tuple(check_row(c) for c in curve.checks),
    )


def _figure(curve: IncidenceCurve, labels: dict[str, Any], title: Message) -> Figure:
    lines = []
    for group, label in labels.items():
        line = series(curve.table, group, "incidence", label, cause=ON)
        months = [12 * t for t in line["times"]]
        kept = [i for i, t in enumerate(months) if t <= max(HORIZONS)]
        short = {name: [line[name][i] for i in kept] for name in ("values", "low", "high")}
        lines.append(line | short | {"times": [months[i] for i in kept]})
    panel = {"title": "", "series": lines, "at_risk": []}
    data = {"panels": [panel], "x_label": Message("Months since the step began"), "y_label": Message("Share gone on")}
    return Figure(
        "curves",
        data | {"y_kind": "percent"},
        Message("Share of prospects who have gone on. {title}.", {"title": title}),
    )


def _rests_on(units: pd.Series, group: str | None) -> tuple[Message, ...]:
    n = float(units.sum()) if group is None else float(units.get(group, 0.0))
    return (
        Message("{n:count} prospects; those who have not decided yet count as long as they were followed.", {"n": n}),
        Message("Who declined counts as one who did not go on: declining competes with joining."),
    )


def _caveats(answer: Answer) -> tuple[Message, ...]:
    lines = [Message("A conversion rate holds for the prospects that are recorded; chance visitors are not.")]
    if answer.facts["consent"]:
        lines.append(Message("Prospects without consent are left out; they may differ."))
    return tuple(lines)
