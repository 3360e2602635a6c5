"""Points in a field of four corners, cut at the means: what is large and small in two measures at once."""

import math
from typing import Any

from insights.reports.exhibits.base import Figure
from insights.reports.figures.axes import level_axis, numbers, round_ticks, tick_labels, value_axis
from insights.reports.figures.canvas import (
    COLOURS,
    INK,
    MUTED,
    NARROW,
    SMALL,
    WIDE,
    Box,
    Canvas,
    fit,
    spread,
    text_width,
)
from insights.reports.wording import Wording


def draw_matrix(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``matrix`` figure: each point with its intervals and its name beside it."""
    data = figure.data
    points = list(data["points"])
    x, y = (numbers(p[axis] for p in points) for axis in ("x", "y"))
    width, height = (NARROW, 300.0) if narrow else (WIDE, 340.0)
    canvas = Canvas(width, height)
    x_ticks, y_ticks = (_ticks(points, axis) for axis in ("x", "y"))
    labels, _ = tick_labels(wording, y_ticks, str(data["y_kind"]))
    left = max(text_width(label, SMALL) for label in labels) + 10
    plot = Box(left, 32, width - left - 24, height - 32 - 52)
    value_axis(canvas, plot, wording, y_ticks, str(data["y_kind"]), wording.text(data["y_label"]))
    x_labels = tick_labels(wording, x_ticks, str(data["x_kind"]))[0]
    # Clear of the lowest label of the other axis.
    level_axis(canvas, plot, (x_ticks[0], x_ticks[-1]), x_ticks, x_labels, gap=18.0)
    title = fit(wording.text(data["x_label"]), plot.width, SMALL)
    canvas.text(plot.left + plot.width / 2, plot.bottom + 43, title, size=SMALL, colour=MUTED, anchor="center")

    def across(value: float) -> float:
        return plot.left + plot.width * (value - x_ticks[0]) / (x_ticks[-1] - x_ticks[0])

    def up(value: float) -> float:
        return plot.bottom - plot.height * (value - y_ticks[0]) / (y_ticks[-1] - y_ticks[0])

    known = [(a, b) for a, b in zip(x, y, strict=True) if not math.isnan(a) and not math.isnan(b)]
    if not known:
        return canvas
    middle = [sum(values) / len(known) for values in zip(*known, strict=True)]
    canvas.line([across(middle[0])] * 2, [plot.top, plot.bottom], MUTED, linewidth=0.9, dashed=True)
    canvas.line([plot.left, plot.right], [up(middle[1])] * 2, MUTED, linewidth=0.9, dashed=True)
    _corners(canvas, plot, [wording.text(c) for c in data["corners"]], narrow)
    shown = [(p, a, b) for p, a, b in zip(points, x, y, strict=True) if not math.isnan(a) and not math.isnan(b)]
    for point, a, b in shown:
        _cross(canvas, point, a, b, across, up)
    for (point, a, b), at in zip(
        shown, spread([up(b) for _, _, b in shown], 15, plot.top + 8, plot.bottom), strict=True
    ):
        after, before = plot.right - across(a) - 10, across(a) - plot.left - 10
        text = wording.heading(point["label"])
        right = text_width(text, SMALL + 0.5) > after and before > after
        text = fit(text, before if right else after, SMALL + 0.5)
        anchor, place = ("right", across(a) - 9) if right else ("left", across(a) + 9)
        canvas.text(place, at - 9, text, size=SMALL + 0.5, colour=INK, anchor=anchor, bold=True)
        canvas.block(Box(across(a) - 4, up(b) - 4, 8, 8), COLOURS[0])
    return canvas


def _ticks(points: list[dict[str, Any]], axis: str) -> list[float]:
    ends = [numbers([p[axis], p.get(f"{axis}_low"), p.get(f"{axis}_high")]) for p in points]
    shown = [v for values in ends for v in values if not math.isnan(v)]
    return round_ticks(min(shown, default=0.0), max(shown, default=1.0), 5)


def _cross(canvas: Canvas, point: dict[str, Any], a: float, b: float, across: Any, up: Any) -> None:
    x_low, x_high, y_low, y_high = numbers(point.get(k) for k in ("x_low", "x_high", "y_low", "y_high"))
    if not math.isnan(x_low + x_high):
        canvas.line([across(x_low), across(x_high)], [up(b)] * 2, COLOURS[0], linewidth=1.0, opacity=0.6)
    if not math.isnan(y_low + y_high):
        canvas.line([across(a)] * 2, [up(y_low), up(y_high)], COLOURS[0], linewidth=1.0, opacity=0.6)


def _corners(canvas: Canvas, plot: Box, words: list[str], narrow: bool) -> None:
    """Write the words of the corners; where there is no room for two beside each other the right one goes inwards."""
    room, inwards = (plot.width - 8, 13) if narrow else (plot.width / 2 - 8, 0)
    places = [(0, 0), (1, 0), (0, 1), (1, 1)]
    for (right, low), word in zip(places, words, strict=True):
        x = plot.right - 4 if right else plot.left + 4
        y = plot.bottom - 9 - right * inwards if low else plot.top + 9 + right * inwards
        canvas.text(x, y, fit(word, room, SMALL), size=SMALL, colour=MUTED, anchor="right" if right else "left")
