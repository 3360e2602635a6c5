"""Step curves with their intervals and, under each axis, how many are still at risk.

Up to four curves share one panel. More of them would hide each other's intervals, so each gets a small panel of its own
with the others in grey behind it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from insights.reports.exhibits.base import Figure, Message
from insights.reports.figures.axes import (
    duration_ticks,
    label_room,
    level_axis,
    numbers,
    round_ticks,
    tick_labels,
    value_axis,
)
from insights.reports.figures.canvas import (
    COLOURS,
    INK,
    MUTED,
    NARROW,
    RULE,
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

TOGETHER = 4
_ROW = 17  # pixels of one row of numbers at risk


@dataclass
class _Curve:
    label: str
    times: list[float]
    values: list[float]
    low: list[float]
    high: list[float]
    style: str
    colour: str

    @property
    def last(self) -> int:
        """Index of the last value shown, or -1."""
        return max((i for i, v in enumerate(self.values) if not math.isnan(v)), default=-1)

    @property
    def cut(self) -> bool:
        """Whether values after the last shown one are withheld."""
        return self.last < len(self.values) - 1


@dataclass
class _Panel:
    title: str
    curves: list[_Curve]
    behind: list[_Curve]
    at_risk: list[tuple[str, list[float], list[Any]]]


@dataclass
class _Frame:
    """What all panels of the figure share."""

    wording: Wording
    narrow: bool
    end: float
    ticks: list[float]
    kind: str
    x_label: str
    y_label: str
    across: bool = False
    """Whether the titles of the axes may go on over the panels to their right."""


def draw_curves(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw the panels of a ``curves`` figure."""
    data = figure.data
    panels = _panels(data, wording)
    kind = str(data.get("y_kind", "percent"))
    curves = [c for p in panels for c in p.curves]
    top = data.get("y_max") or max((v for c in curves for v in (*c.values, *c.high) if not math.isnan(v)), default=1.0)
    end = max((t for c in curves for t in c.times), default=1.0)
    x_label, y_label = wording.text(data.get("x_label", "")), wording.text(data.get("y_label", ""))
    ticks = round_ticks(0.0, min(top, 1.0) if kind == "percent" else top, 6)
    frame = _Frame(wording, narrow, end, ticks, kind, x_label, y_label)
    columns = _columns(panels, narrow)
    grid = columns > 2 or (narrow and columns == 2)
    frame.across = grid and not tick_labels(wording, ticks, kind)[1]  # a unit stands over every panel
    width = NARROW if narrow else WIDE
    gap = 14 if narrow else 28
    cell = (width - gap * (columns - 1)) / columns
    direct = columns == 1 and not narrow and bool(panels) and len(panels[0].curves) > 1
    plot = {1: 300.0, 2: 220.0}.get(columns, 150.0) if not narrow else {1: 220.0}.get(columns, 130.0)
    legend = [] if direct else _legend(panels)
    offset = legend_height([e[0] for e in legend], width) if legend else 0.0
    heights = [plot + _above(p, frame) + _below(p, frame) for p in panels]
    rows = [max(heights[i : i + columns]) for i in range(0, len(heights), columns)]
    canvas = Canvas(width, offset + sum(rows) + 18 * max(len(rows) - 1, 0) or 60)
    if legend:
        draw_legend(canvas, Box(0, 0, width, offset), legend)
    y = offset
    for r, height in enumerate(rows):
        for c, panel in enumerate(panels[r * columns : (r + 1) * columns]):
            # In a grid the titles of the axes stand once per row, at its beginning, and have its whole width.
            once = frame if c == 0 or not grid else replace(frame, x_label=frame.x_label and " ", y_label="")
            _draw_panel(canvas, Box(c * (cell + gap), y, cell, plot), panel, once, direct)
        y += height + 18
    return canvas


def _panels(data: dict[str, Any], wording: Wording) -> list[_Panel]:
    colours: dict[str, str] = {}
    panels: list[_Panel] = []
    for raw in data["panels"]:
        curves = [_curve(s, wording, colours) for s in raw["series"]]
        risk = [(wording.heading(a["label"]), numbers(a["times"]), list(a["counts"])) for a in raw.get("at_risk", ())]
        title = wording.heading(raw.get("title") or "")
        here = wording.text(Message("At risk"))
        if len(curves) <= TOGETHER:
            risk = [(here if label == title else label, times, counts) for label, times, counts in risk]
            panels.append(_Panel(title, curves, [], risk))
            continue
        for i, curve in enumerate(curves):
            own = [a for a in risk if a[0] == curve.label] or (risk[i : i + 1] if len(risk) == len(curves) else risk)
            own = [(here, times, counts) for _, times, counts in own]
            heading = f"{title}: {curve.label}" if title else curve.label
            panels.append(_Panel(heading, [curve], [c for c in curves if c is not curve], own))
    return panels


def _curve(raw: dict[str, Any], wording: Wording, colours: dict[str, str]) -> _Curve:
    label = wording.heading(raw["label"])
    colour = colours.setdefault(label, COLOURS[len(colours) % len(COLOURS)])
    values = numbers(raw["values"])
    low, high = (numbers(raw.get(side) or [None] * len(values)) for side in ("low", "high"))
    return _Curve(
        label, numbers(raw["times"]), values, low, high, "--" if raw.get("style") == "dashed" else "-", colour
    )


def _columns(panels: Sequence[_Panel], narrow: bool) -> int:
    if len(panels) == 1:
        return 1
    small = any(p.behind for p in panels)
    if narrow:
        return 2 if small else 1
    return (4 if len(panels) > 6 else 3) if small or len(panels) > 4 else 2


def _legend(panels: Sequence[_Panel]) -> list[tuple[str, str, str]]:
    if all(len(p.curves) == 1 for p in panels):
        return []  # the title of the panel, or of the axis, says what the one curve is
    entries = {c.label: (c.label, c.colour, c.style) for p in panels for c in p.curves}
    return list(entries.values())


def _above(panel: _Panel, frame: _Frame) -> float:
    return 34 + (20 if panel.title else 0)


def _below(panel: _Panel, frame: _Frame) -> float:
    block = 0.0
    if panel.at_risk:
        block = 20 + sum(_ROW * (2 if frame.narrow and len(panel.at_risk) > 1 else 1) for _ in panel.at_risk)
    return 24 + (18 if frame.x_label else 0) + block


def _draw_panel(canvas: Canvas, box: Box, panel: _Panel, frame: _Frame, direct: bool) -> None:
    top = box.top + _above(panel, frame)
    left = box.left + _left_room(panel, frame, box.width)
    right = box.right - (_right_room(panel, frame) if direct else 18)
    plot = Box(left, top, right - left, box.height)
    if panel.title:
        canvas.text(box.left, box.top + 10, fit(panel.title, box.width), bold=True)
    reach = canvas.width if frame.across else plot.right
    value_axis(canvas, plot, frame.wording, frame.ticks, frame.kind, frame.y_label, reach=reach)
    x_ticks = duration_ticks(frame.end, max(3, int(plot.width / 42)))
    labels = [frame.wording.value(t, "number") for t in x_ticks]
    ends = (0.0, frame.end or 1.0)
    level_axis(canvas, plot, ends, x_ticks, labels)
    inside = Plot(canvas, plot, ends, (frame.ticks[0], frame.ticks[-1]))
    for curve in panel.behind:
        inside.line(curve.times, curve.values, step=True, color=RULE, linewidth=1.1, zorder=2)
    for curve in panel.curves:
        _draw_curve(inside, curve)
    if frame.x_label.strip():
        canvas.text(plot.left, plot.bottom + 31, fit(frame.x_label, reach - plot.left, SMALL), size=SMALL, colour=MUTED)
    if direct:
        _label_ends(canvas, plot, panel, frame)
    _mark_cuts(canvas, plot, panel, frame, direct)
    if panel.at_risk:
        _draw_at_risk(canvas, box, plot, panel, frame, x_ticks)


def _draw_curve(inside: Plot, curve: _Curve) -> None:
    if not all(math.isnan(v) for v in curve.low):
        band = {"color": curve.colour, "alpha": 0.16, "linewidth": 0, "zorder": 3}
        inside.area(curve.times, curve.low, curve.high, step=True, **band)
    look = {"color": curve.colour, "linewidth": 1.9, "linestyle": curve.style, "zorder": 4}
    inside.line(curve.times, curve.values, step=True, **look)


def _place(plot: Box, frame: _Frame, time: float, value: float) -> tuple[float, float]:
    low, high = frame.ticks[0], frame.ticks[-1]
    return (
        plot.left + plot.width * time / (frame.end or 1.0),
        plot.bottom - plot.height * (value - low) / ((high - low) or 1.0),
    )


def _label_ends(canvas: Canvas, plot: Box, panel: _Panel, frame: _Frame) -> None:
    """Write each curve's name and last value beside its end, moved apart where they would meet."""
    curves = [c for c in panel.curves if c.last >= 0]
    ends = [_place(plot, frame, c.times[c.last], c.values[c.last]) for c in curves]
    rows = spread([y for _, y in ends], 17, plot.top, plot.bottom)
    for curve, (x, y), row in zip(curves, ends, rows, strict=True):
        canvas.line([min(x, plot.right) + 3, plot.right + 12], [y, row], curve.colour, linewidth=0.8, opacity=0.6)
        canvas.text(plot.right + 16, row, _end_label(curve, frame), colour=curve.colour, bold=True)


def _end_label(curve: _Curve, frame: _Frame) -> str:
    # Beside the axis a curve that was cut earlier has no value to set beside the others.
    value = frame.wording.mark if curve.cut else frame.wording.value(curve.values[curve.last], frame.kind)
    return f"{fit(curve.label, 170)}  {value}"


def _right_room(panel: _Panel, frame: _Frame) -> float:
    return 24 + max((1.06 * text_width(_end_label(c, frame)) for c in panel.curves if c.last >= 0), default=0.0)


def _left_room(panel: _Panel, frame: _Frame, width: float) -> float:
    need = label_room(frame.wording, frame.ticks, frame.kind)
    if frame.narrow or not panel.at_risk or width < WIDE:
        return need
    return max(need, min(150.0, max(text_width(label, SMALL) for label, _, _ in panel.at_risk)) + 26)


def _mark_cuts(canvas: Canvas, plot: Box, panel: _Panel, frame: _Frame, direct: bool) -> None:
    """Mark a curve that ends because the rest of it is withheld: a hatched stretch along the axis, and the word."""
    ends = [c.times[c.last] if c.last >= 0 else 0.0 for c in panel.curves if c.cut]
    if not ends:
        return
    start = _place(plot, frame, min(ends), 0.0)[0]
    canvas.hatched(Box(start, plot.bottom - 9, plot.right - start, 9))
    canvas.text(plot.right - 2, plot.bottom - 18, frame.wording.mark, size=SMALL, colour=MUTED, anchor="right")


def _draw_at_risk(canvas: Canvas, box: Box, plot: Box, panel: _Panel, frame: _Frame, ticks: Sequence[float]) -> None:
    """Write the numbers at risk in rows under the ticks they belong to."""
    y = plot.bottom + (42 if frame.x_label else 24)
    stacked = frame.narrow and len(panel.at_risk) > 1
    canvas.line([box.left, plot.right], [y, y], RULE, linewidth=0.8)
    y += 12
    colours = {c.label: c.colour for c in panel.curves}
    aside = plot.left - box.left > 60 and not stacked
    if not aside and not stacked:
        canvas.text(box.left, y, fit(panel.at_risk[0][0], plot.right - box.left, SMALL), size=SMALL, colour=MUTED)
        y += _ROW - 2
    for label, times, counts in panel.at_risk:
        if aside or stacked:
            room = plot.left - box.left - 24 if aside else box.width
            canvas.text(box.left, y, fit(label, room, SMALL), size=SMALL, colour=colours.get(label, INK))
        if stacked:
            y += _ROW - 2
        for tick, text in _risk_texts(times, counts, ticks, frame, plot.width):
            x = _place(plot, frame, tick, 0.0)[0]
            canvas.text(x, y, text, size=SMALL, anchor="center", colour=MUTED if text == frame.wording.mark else INK)
        y += _ROW


def _risk_texts(
    times: Sequence[float], counts: Sequence[Any], ticks: Sequence[float], frame: _Frame, width: float
) -> list[tuple[float, str]]:
    """Return (tick, number at risk there): that of the first recorded time not before the tick, as R prints it."""
    told: list[tuple[float, str]] = []
    edge = -math.inf
    for tick in ticks:
        after = [i for i, t in enumerate(times) if t >= tick - 1e-9]
        if not after:
            break  # nobody is at risk any more, or the curve was cut here
        text = frame.wording.value(counts[after[0]], "count")
        half = text_width(text, SMALL) / 2
        centre = width * tick / (frame.end or 1.0)
        if centre - half > edge + 6:
            told.append((tick, text))
            edge = centre + half
    return told
