"""A Lorenz curve: what share of a total the lowest, then more and more, then all hold."""

import math

from insights.reports.exhibits.base import Figure
from insights.reports.figures.axes import label_room, level_axis, numbers, round_ticks, value_axis
from insights.reports.figures.canvas import COLOURS, MUTED, NARROW, SMALL, WIDE, Box, Canvas, fit
from insights.reports.figures.plot import Plot
from insights.reports.wording import Wording

HEAD, FOOT = 34, 52


def draw_shares(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``shares`` figure; a point that is withheld is left out, and the line runs straight between the others."""
    across, below = numbers(figure.data["across"]), numbers(figure.data["below"])
    points = [(x, y) for x, y in zip(across, below, strict=True) if not math.isnan(y)]
    width, height = (NARROW, 240.0) if narrow else (WIDE, 320.0)
    ticks = round_ticks(min([0.0, *(y for _, y in points)]), 1.0, 6)
    left = label_room(wording, ticks, "share")
    plot = Box(left, HEAD, (width if narrow else min(width, 560.0)) - left - 18, height)
    canvas = Canvas(width, HEAD + height + FOOT)
    value_axis(canvas, plot, wording, ticks, "share", wording.text(figure.data.get("y_label", "")))
    x_ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0]
    level_axis(canvas, plot, (0, 1), x_ticks, [wording.value(t, "share") for t in x_ticks], gap=20.0)
    inside = Plot(canvas, plot, (0, 1), (ticks[0], ticks[-1]))
    inside.line([0, 1], [0, 1], color=MUTED, linewidth=1.0, linestyle="--", zorder=2)
    inside.line(
        [x for x, _ in points], [y for _, y in points], color=COLOURS[0], linewidth=1.9, marker="o", markersize=3
    )
    label = fit(wording.text(figure.data.get("x_label", "")), plot.width, SMALL)
    canvas.text(plot.left, plot.bottom + 39, label, size=SMALL, colour=MUTED)
    return canvas
