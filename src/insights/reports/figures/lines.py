"""Series over the calendar: lines in one panel or in several above each other, and areas stacked to a total.

A panel may have a ``marker`` (a date and a label): an upright line where something changes, such as known and foretold.
"""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import matplotlib.dates as mdates

from insights.reports.exhibits.base import Figure
from insights.reports.figures.axes import label_room, numbers, round_ticks, time_axis, value_axis
from insights.reports.figures.canvas import (
    COLOURS,
    MUTED,
    NARROW,
    PAPER,
    SMALL,
    WIDE,
    Box,
    Canvas,
    draw_legend,
    fit,
    legend_height,
    spread,
    text_width,
)
from insights.reports.figures.plot import Plot
from insights.reports.wording import Wording


@dataclass
class _Series:
    label: str
    days: list[float]
    values: list[float]
    colour: str
    low: list[float]
    high: list[float]


@dataclass
class _Panel:
    title: str
    series: list[_Series]
    kind: str
    y_label: str
    stacked: bool
    marker: tuple[float, str] | None = None


def draw_lines(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``lines`` figure."""
    raw = figure.data.get("panels") or [figure.data]
    colours: dict[str, int] = {}
    panels = []
    for p in raw:
        # What has the same name has the same colour, in whatever panel it is.
        places = [colours.setdefault(wording.heading(s["label"]), len(colours)) for s in p["series"]]
        series = [
            _series(s["label"], s["dates"], s["values"], k, wording, s)
            for s, k in zip(p["series"], places, strict=True)
        ]
        panels.append(_panel(p, series, wording, stacked=False))
    return _draw(panels, wording, narrow)


def draw_stacked(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``stacked`` figure: areas that add up, the first series lowest."""
    data = figure.data
    series = [_series(s["label"], data["dates"], s["values"], i, wording) for i, s in enumerate(data["series"])]
    return _draw([_panel(data, series, wording, stacked=True)], wording, narrow)


def _series(
    label: Any,
    dates: Sequence[Any],
    values: Sequence[Any],
    index: int,
    wording: Wording,
    band: Mapping[str, Any] = MappingProxyType({}),
) -> _Series:
    days = [_day(d) for d in dates]
    low, high = (numbers(band.get(end) or []) for end in ("low", "high"))
    return _Series(wording.heading(label), days, numbers(values), COLOURS[index % len(COLOURS)], low, high)


def _day(value: Any) -> float:
    return float(mdates.date2num(value if isinstance(value, date) else date.fromisoformat(f"{value}-01"[:10])))


def _panel(raw: dict[str, Any], series: list[_Series], wording: Wording, *, stacked: bool) -> _Panel:
    title, y_label = wording.heading(raw.get("title") or ""), wording.text(raw.get("y_label") or "")
    mark = raw.get("marker")
    marker = (_day(mark["date"]), wording.text(mark["label"])) if mark else None
    return _Panel(title, series, str(raw.get("y_kind", "number")), y_label, stacked, marker)


def _draw(panels: list[_Panel], wording: Wording, narrow: bool) -> Canvas:
    width = NARROW if narrow else WIDE
    plot_height = (170.0 if narrow else 230.0) if len(panels) == 1 else (140.0 if narrow else 160.0)
    labelled = not narrow and any(len(p.series) > 1 for p in panels)
    room = max((text_width(s.label) * 1.06 for p in panels for s in p.series), default=0.0)
    right = min(room + 26, 230.0) if labelled else 10.0
    left = max(label_room(wording, _ticks(p), p.kind) for p in panels)
    heights = [_head(p, width, narrow) + plot_height + 26 for p in panels]
    canvas = Canvas(width, sum(heights) + 14 * (len(panels) - 1))
    y = 0.0
    for panel, height in zip(panels, heights, strict=True):
        head = _head(panel, width, narrow)
        plot = Box(left, y + head, width - left - right, plot_height)
        if panel.title:
            canvas.text(0, y + 10, fit(panel.title, width), bold=True)
        if narrow and len(panel.series) > 1:
            above = y + (22 if panel.title else 0)
            draw_legend(canvas, Box(0, above, width, 0), [(s.label, s.colour, "-") for s in panel.series])
        _draw_panel(canvas, plot, panel, wording, [d for p in panels for s in p.series for d in s.days])
        if labelled and len(panel.series) > 1:
            _label(canvas, plot, panel, right)
        y += height + 14
    return canvas


def _head(panel: _Panel, width: float, narrow: bool) -> float:
    legend = legend_height([s.label for s in panel.series], width) if narrow and len(panel.series) > 1 else 0.0
    return 32 + (22 if panel.title else 0) + legend


def _ticks(panel: _Panel) -> list[float]:
    layers = _layers(panel) if panel.stacked else [v for s in panel.series for v in (s.values, s.low, s.high)]
    shown = [v for values in layers for v in values if not math.isnan(v)]
    low, high = min(shown, default=0.0), max(shown, default=1.0)
    # An axis from zero unless all values lie so close together that nothing would be seen.
    if panel.stacked or low < 0.7 * high or low <= 0:
        low, high = min(low, 0.0), max(high, 0.0)
    return round_ticks(low, high or 1.0, 5)


def _layers(panel: _Panel) -> list[list[float]]:
    """Return the upper edge of every layer of the stack; above a withheld value nothing is known at that date."""
    columns = zip(*(s.values for s in panel.series), strict=True)
    return [list(layer) for layer in zip(*(itertools.accumulate(c) for c in columns), strict=True)]


def _draw_panel(canvas: Canvas, plot: Box, panel: _Panel, wording: Wording, days: list[float]) -> None:
    ticks = _ticks(panel)
    value_axis(canvas, plot, wording, ticks, panel.kind, panel.y_label)
    ends = time_axis(canvas, plot, wording, days)
    inside = Plot(canvas, plot, ends, (ticks[0], ticks[-1]))
    if panel.stacked:
        below = [0.0] * len(panel.series[0].values) if panel.series else []
        for series, above in zip(panel.series, _layers(panel), strict=True):
            inside.area(series.days, below, above, color=series.colour, alpha=0.85, linewidth=0, zorder=2)
            inside.line(series.days, above, color=PAPER, linewidth=0.8, zorder=3)
            below = above
    else:
        for series in panel.series:
            if series.low:
                inside.area(series.days, series.low, series.high, color=series.colour, alpha=0.15, linewidth=0)
            inside.line(series.days, series.values, color=series.colour, linewidth=1.9, zorder=4)
            _lone_points(inside, series)
    if panel.marker:
        day, label = panel.marker
        place = (day - min(days)) / ((max(days) - min(days)) or 1.0) * plot.width + plot.left
        canvas.line([place, place], [plot.top, plot.bottom], MUTED, linewidth=1.0, dashed=True, under=True)
        anchor = "left" if place < plot.left + plot.width * 0.7 else "right"
        canvas.text(
            place + (5 if anchor == "left" else -5), plot.top + 6, label, size=SMALL, colour=MUTED, anchor=anchor
        )
    _mark_gaps(canvas, plot, panel, wording, min(days), max(days))


def _lone_points(inside: Plot, series: _Series) -> None:
    """Show as a dot what a line cannot: a value whose neighbours are both withheld."""
    known = [not math.isnan(v) for v in series.values]
    padded = [False, *known, False]
    lone = [i for i, k in enumerate(known) if k and not padded[i] and not padded[i + 2]]
    if lone:
        x, y = [series.days[i] for i in lone], [series.values[i] for i in lone]
        inside.line(x, y, linestyle="none", marker="o", markersize=3.5, color=series.colour, zorder=5)


def _mark_gaps(canvas: Canvas, plot: Box, panel: _Panel, wording: Wording, first: float, last: float) -> None:
    """Hatch a strip along the axis where a value is withheld."""
    marked = False
    for series in panel.series:
        for i, value in enumerate(series.values):
            if not math.isnan(value):
                continue
            a, b = series.days[max(i - 1, 0)], series.days[min(i + 1, len(series.days) - 1)]
            start, stop = ((d - first) / ((last - first) or 1.0) * plot.width + plot.left for d in (a, b))
            canvas.hatched(Box(start, plot.bottom - 9, max(stop - start, 4), 9))
            if not marked:
                anchor = "left" if start < plot.left + plot.width / 2 else "right"
                x = start if anchor == "left" else stop
                canvas.text(x, plot.bottom - 18, wording.mark, size=SMALL, colour=MUTED, anchor=anchor)
            marked = True


def _label(canvas: Canvas, plot: Box, panel: _Panel, right: float) -> None:
    """Write the names of the series beside their ends (of areas: beside their middles)."""
    ticks = _ticks(panel)
    ends = []
    below = 0.0
    for top in _layers(panel) if panel.stacked else [s.values for s in panel.series]:
        value = next((v for v in reversed(top) if not math.isnan(v)), ticks[0])
        at = (below + value) / 2 if panel.stacked else value
        below = value
        ends.append(plot.bottom - plot.height * (at - ticks[0]) / ((ticks[-1] - ticks[0]) or 1.0))
    for series, y in zip(panel.series, spread(ends, 17, plot.top, plot.bottom), strict=True):
        canvas.text(plot.right + 12, y, fit(series.label, right - 18), colour=series.colour, bold=True)
