"""How many of those who left come back."""

import math

from insights.data.snapshot import Bank
from insights.models.returns import RETURNED
from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Table
from insights.reports.exhibits.lifecycle.figures import series
from insights.reports.exhibits.lifecycle.words import exits_of, too_few
from insights.reports.exhibits.rows import basis, check_row, estimate_row, interval
from insights.stats.incidence import IncidenceCurve
from insights.stats.results import Estimate
from insights.topics.evidence import Answer

MONTHS = (6, 12, 24, 36, 48, 60)


def returns(answer: Answer, curve: IncidenceCurve, bank: Bank) -> Exhibit:
    """Show the share of those who left who have come back, by years since they left."""
    exits = exits_of(answer)
    if RETURNED not in curve.causes:
        return too_few(answer, bank)
    told = dict(zip(MONTHS, curve.at(MONTHS, cause=RETURNED), strict=True))
    shown = {h: e for h, e in told.items() if isinstance(e, Estimate)}
    if not shown:
        return too_few(answer, bank)
    last = max(h for h in shown if h <= 24) if min(shown) <= 24 else min(shown)
    values = {"months": last, "share": shown[last].value, "low": shown[last].low, "high": shown[last].high}
    title = Message("{share:percent} of clients who left come back within {months:months}", values)
    line = series(curve.table, "", "incidence", Message("Come back"), cause=RETURNED)
    panel = {"title": "", "series": [line], "at_risk": []}
    data = {
        "panels": [panel],
        "x_label": Message("Years since leaving"),
        "y_label": Message("Share who have come back"),
        "y_kind": "percent",
        "y_max": min(1.0, math.ceil(10 * max(e.high for e in shown.values()) + 1) / 10),
    }
    rows = tuple({"months": h, "share": interval(e, "percent")} for h, e in shown.items())
    columns = (
        Column("months", Message("Months since leaving"), "number"),
        Column("share", Message("Share who have come back")),
    )
    n = {"n": float(exits.units["units"].dropna().sum()), "events": float(exits.counts["events"].sum())}
    return Exhibit(
        id=answer.id,
        title=title,
        sentences=(Message("The 95% interval runs from {low:percent} to {high:percent}.", values),),
        figure=Figure("curves", data, Message("Step curve by years since leaving. {title}.", {"title": title})),
        tables=(Table(columns, rows, Message("Share who have come back (95% interval)")),),
        basis=basis(bank, Message("{n:count} clients who left, {events:count} returns; the dead are not counted.", n)),
        caveats=(Message("Who is worth a call stands in the list of candidates to win back."),),
        estimates=tuple(estimate_row("returned", e, months=h) for h, e in told.items()),
        checks=tuple(check_row(c) for c in curve.checks),
    )
