"""Figures of curves, and the groups and reasons that they show."""

from typing import Any

import pandas as pd

from insights.data.snapshot import Bank
from insights.reports.exhibits.base import Figure, Message
from insights.reports.wording.labels import code_label
from insights.topics.evidence import RiskCounts

# A figure with more curves than this is a plate of spaghetti; the table below it has all groups.
CURVES_SHOWN = 6

YEARS_SHOWN = (1, 2, 3, 5, 10, 15, 20)
"""The years that a table by groups has; the figure and the finding have all of them."""


def shown_groups(exits: RiskCounts) -> list[str]:
    """Return the groups that may be shown, the largest first."""
    units = exits.units.dropna(subset=["units"]).sort_values(["units", "group"], ascending=[False, True])
    present = set(exits.counts["group"])
    return [str(g) for g in units["group"] if g in present]


def shown_causes(exits: RiskCounts) -> list[str]:
    """Return the reasons, the most frequent first."""
    events = exits.counts.groupby("cause")["events"].sum().sort_values(ascending=False, kind="stable")
    return [str(c) for c in events.index if c and events[c] > 0]


def shown_horizons(horizons: list[int], by: str | None) -> list[int]:
    """Return the horizons (months) that a table shows: all of them, or a few where there is a column for each group."""
    return [h for h in horizons if h / 12 in YEARS_SHOWN] if by else horizons


def reason_label(code: str, bank: Bank) -> Message | str:
    """Return the reason for leaving in words."""
    return code_label("leave_reason", code, bank.settings.labels)


def group_label(by: str | None, code: str, bank: Bank) -> Message | str:
    """Return the group in words; without groups it is everybody."""
    return code_label(by, code, bank.settings.labels) if by else Message("All clients")


def series(
    table: pd.DataFrame, group: str, column: str, label: Message | str, *, cause: str | None = None
) -> dict[str, Any]:
    """Return one curve for a figure: years since joining, values and interval, starting where everybody starts."""
    rows = table[table["group"] == group]
    rows = rows if cause is None else rows[rows["cause"] == cause]
    start = 1.0 if column == "survival" else 0.0

    def points(name: str) -> list[float | None]:
        return [start, *(None if pd.isna(v) else float(v) for v in rows[name])]

    years = [0.0, *(float(t) / 12 for t in rows["time"])]
    return {
        "label": label,
        "times": years,
        "values": points(column),
        "low": points("low"),
        "high": points("high"),
        "style": "solid",
    }


def curve_figure(
    lines: list[dict[str, Any]], exits: RiskCounts, by: str | None, bank: Bank, y_label: Message, title: Message
) -> Figure:
    """Return a figure with one panel of curves and the numbers at risk below it."""
    panel = {
        "title": "",
        "series": lines,
        "at_risk": [_at_risk(exits, g, by, bank) for g in shown_groups(exits)[:CURVES_SHOWN]],
    }
    data = {"panels": [panel], "x_label": Message("Years since joining"), "y_label": y_label, "y_kind": "percent"}
    return Figure("curves", data, Message("Step curves by years since joining. {title}.", {"title": title}))


def panel_figure(
    panels: list[tuple[str, list[dict[str, Any]]]],
    exits: RiskCounts,
    by: str | None,
    bank: Bank,
    y_label: Message,
    title: Message,
) -> Figure:
    """Return a figure with one panel per group, each with a curve per reason."""
    drawn = [
        {"title": group_label(by, g, bank) if by else "", "series": lines, "at_risk": [_at_risk(exits, g, by, bank)]}
        for g, lines in panels
    ]
    data = {"panels": drawn, "x_label": Message("Years since joining"), "y_label": y_label, "y_kind": "percent"}
    return Figure("curves", data, Message("Step curves by reason and years since joining. {title}.", {"title": title}))


def _at_risk(exits: RiskCounts, group: str, by: str | None, bank: Bank) -> dict[str, Any]:
    rows = exits.counts[exits.counts["group"] == group].drop_duplicates("time").sort_values("time")
    label = group_label(by, group, bank) if by else Message("Clients at risk")
    return {
        "label": label,
        "times": [float(t) / 12 for t in rows["time"]],
        "counts": [float(n) for n in rows["at_risk"]],
    }
