"""A grid of shaded cells, such as rows by table and month: darker is more, white is none, hatched is withheld."""

import math
import re

from matplotlib.collections import PolyCollection
from matplotlib.colors import LinearSegmentedColormap, to_hex

from insights.reports.exhibits.base import Figure
from insights.reports.figures.axes import numbers, tick_labels
from insights.reports.figures.canvas import (
    COLOURS,
    MARKS_AS_PIXELS,
    MUTED,
    NARROW,
    RULE,
    SMALL,
    WIDE,
    Box,
    Canvas,
    fit,
    text_width,
)
from insights.reports.figures.plot import Plot
from insights.reports.wording import Wording

_SHADES = LinearSegmentedColormap.from_list("shades", ["#e3e9f1", "#8fa8c6", COLOURS[0]])
_MONTH = re.compile(r"\d{4}-\d{2}(-\d{2})?")


def draw_heat(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``heat`` figure."""
    data = figure.data
    labels = [wording.heading(r) for r in data["rows"]]
    columns, values = list(data["columns"]), [numbers(row) for row in data["values"]]
    width = NARROW if narrow else WIDE
    step = 17 if narrow else 19
    widest = 1.06 * max((text_width(label, SMALL + 0.5) for label in labels), default=0.0) + 2
    left = min(widest, 110.0 if narrow else 230.0) + 12
    top, bottom = 6.0, 58.0
    plot = Box(left, top, width - left - 4, step * max(len(labels), 1))
    canvas = Canvas(width, plot.bottom + bottom)
    for r, label in enumerate(labels):
        text = fit(label, left - 12, SMALL + 0.5)
        canvas.text(left - 10, top + step * (r + 0.5), text, size=SMALL + 0.5, anchor="right")
    shown = [v for row in values for v in row if not math.isnan(v)]
    low, high = min([0.0, *shown]), max(shown, default=1.0)
    _draw_cells(canvas, plot, values, len(columns), low, high or 1.0)
    _draw_columns(canvas, plot, columns, wording)
    any_hidden = any(math.isnan(v) for row in values for v in row)
    _draw_key(
        canvas, plot.left, plot.bottom + 42, low, high or 1.0, str(data.get("kind", "percent")), any_hidden, wording
    )
    return canvas


def _draw_cells(canvas: Canvas, plot: Box, values: list[list[float]], columns: int, low: float, high: float) -> None:
    """Draw cells of one shade together; above a thousand of them as pixels."""
    inside = Plot(canvas, plot, (0, columns or 1), (len(values) or 1, 0))
    cells: dict[str, list[list[tuple[float, float]]]] = {}
    for r, row in enumerate(values):
        for c, value in enumerate(row):
            corners = [(float(x), r + y) for x, y in ((c, 0.08), (c + 1, 0.08), (c + 1, 0.92), (c, 0.92))]
            cells.setdefault(_shade(value, low, high), []).append(corners)
    pixels = sum(len(row) for row in values) > MARKS_AS_PIXELS
    for shade, shapes in cells.items():
        if shade == "withheld":
            style = {"facecolor": "#f4f2ee", "hatch": "//////", "edgecolor": "#b9b3a6"}
        else:
            style = {"facecolor": shade, "edgecolor": "#ffffff" if shade != "#ffffff" else RULE}
        inside.add(PolyCollection(shapes, linewidths=0.5, rasterized=pixels, **style))  # type: ignore[arg-type]


def _shade(value: float, low: float, high: float) -> str:
    if math.isnan(value):
        return "withheld"
    if value == 0:
        return "#ffffff"
    # Twenty shades are as many as an eye tells apart, and cells of one shade are drawn together.
    return to_hex(_SHADES(round(20 * (value - low) / ((high - low) or 1.0)) / 20))


def _draw_columns(canvas: Canvas, plot: Box, columns: list[str], wording: Wording) -> None:
    months = bool(columns) and all(isinstance(c, str) and _MONTH.fullmatch(c) for c in columns)
    edge = -math.inf
    for c, column in enumerate(columns):
        yearly = months and len(columns) > 14
        if yearly and column[5:7] != "01" and c != 0:
            continue
        text = (
            wording.formats.year(column)
            if yearly
            else wording.formats.month(column)
            if months
            else wording.text(column)
        )
        x = plot.left + plot.width * (c + (0 if yearly else 0.5)) / len(columns)
        wide = text_width(text, SMALL)
        if x < edge + 10 or (yearly and x + wide > plot.right + 4):
            continue
        if yearly and c == 0 and column[5:7] != "01" and _next_year(columns, plot) < wide + 12:
            continue
        canvas.line([x, x], [plot.bottom, plot.bottom + 5], MUTED, linewidth=0.8)
        canvas.text(
            x + (3 if yearly else 0),
            plot.bottom + 13,
            text,
            size=SMALL,
            colour=MUTED,
            anchor="left" if yearly else "center",
        )
        edge = x + wide


def _next_year(columns: list[str], plot: Box) -> float:
    """Return how many pixels after the first column the next year begins."""
    first = next((i for i, c in enumerate(columns) if i and c[5:7] == "01"), len(columns))
    return plot.width * first / len(columns)


def _draw_key(
    canvas: Canvas, x: float, y: float, low: float, high: float, kind: str, hidden: bool, wording: Wording
) -> None:
    """Explain the shades: from the lowest to the highest value, and the hatching."""
    first, last = tick_labels(wording, [low, high], kind)[0]
    canvas.text(x, y, first, size=SMALL, colour=MUTED)
    x += text_width(first, SMALL) + 6
    for i in range(6):
        canvas.block(
            Box(x, y - 5, 16, 10),
            "#ffffff" if i == 0 and low == 0 else to_hex(_SHADES(i / 5)),
            edge=RULE,
        )
        x += 16
    canvas.text(x + 6, y, last, size=SMALL, colour=MUTED)
    if hidden:
        x += text_width(last, SMALL) + 28
        canvas.hatched(Box(x, y - 5, 22, 10))
        canvas.text(x + 28, y, wording.mark, size=SMALL, colour=MUTED)
