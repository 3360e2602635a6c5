"""A sheet measured in pixels from its top left corner, its colours, and text that fits its place.

Positions are computed here rather than by the drawing library: it would measure text with a font of its own, the
reader's browser uses another.
"""

import io
import itertools
import unicodedata
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, NamedTuple, cast
from xml.etree import ElementTree

import matplotlib as mpl
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from insights.reports.figures.svg import clean

WIDE, NARROW = 880, 358
TEXT, SMALL = 13.0, 12.0
MIDDLE = 0.38
"""How far the middle of a line of text is above its baseline, in sizes of the font: that of usual sans-serif fonts."""

INK, MUTED, RULE, PAPER = "#1d2733", "#5f6872", "#dedad2", "#ffffff"

# Chosen to stay apart for the colour-blind and, by lightness and by their direct labels, in grey.
COLOURS = ("#1f3f66", "#b8692e", "#3f8f86", "#8c2f45", "#7f93b2", "#6d6a3f", "#d0a24c", "#5d4b7d")
# Above this number of marks a layer is drawn as pixels, to keep the page small.
MARKS_AS_PIXELS = 1000


class Box(NamedTuple):
    """A rectangle on the sheet: left, top, width, height in pixels."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


def drawing_style() -> AbstractContextManager[None]:
    """Return the settings under which the library draws: nothing of the machine, nothing random."""
    style: dict[str, Any] = {"svg.hashsalt": "insights", "hatch.linewidth": 0.7, "path.simplify": True}
    usual = {key: value for key, value in mpl.rcParamsDefault.items() if not key.startswith("backend")}
    return mpl.rc_context(cast(Any, usual | style))


class Canvas:
    """One sheet, everything on it placed in pixels.

    Curves and patterns are the drawing library's (``drawing``, see ``Plot``). Text, straight lines and blocks, of which
    a figure has many, have their places already and are written as elements at once: rules under the curves, over them
    the blocks first, the text last.
    """

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self.drawing = Drawing(figsize=(width / 72, height / 72), dpi=72, frameon=False)
        self._rules: list[ElementTree.Element] = []
        self._blocks: list[ElementTree.Element] = []
        self._lines: list[ElementTree.Element] = []
        self._texts: list[ElementTree.Element] = []

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = TEXT,
        colour: str = INK,
        anchor: str = "left",
        bold: bool = False,
    ) -> None:
        """Write text with its middle ``y`` pixels from the top; ``anchor`` says which end of it is at ``x``."""
        look = {"x": _px(x), "y": _px(y + MIDDLE * size), "font-size": f"{size:g}", "fill": colour}
        if anchor != "left":
            look["text-anchor"] = {"center": "middle", "right": "end"}[anchor]
        if bold:
            look["font-weight"] = "600"
        element = ElementTree.Element("text", look)
        element.text = text
        self._texts.append(element)

    def line(
        self,
        x: Sequence[float],
        y: Sequence[float],
        colour: str,
        *,
        linewidth: float,
        dashed: bool = False,
        opacity: float = 1.0,
        under: bool = False,
    ) -> None:
        """Draw a line through points given in pixels from the top left, over the curves or ``under`` them."""
        look = {
            "points": " ".join(f"{_px(a)},{_px(b)}" for a, b in zip(x, y, strict=True)),
            "fill": "none",
            "stroke": colour,
            "stroke-width": f"{linewidth:g}",
        }
        look |= {"stroke-dasharray": f"{4 * linewidth:g} {2 * linewidth:g}"} if dashed else {}
        (self._rules if under else self._lines).append(ElementTree.Element("polyline", look | _opaque(opacity)))

    def block(self, box: Box, colour: str, *, edge: str = "", opacity: float = 1.0) -> None:
        """Draw a filled rectangle, with a fine edge if it has a colour."""
        place = {"x": box.left, "y": box.top, "width": box.width, "height": box.height}
        look = {key: _px(value) for key, value in place.items()} | {"fill": colour}
        look |= {"stroke": edge, "stroke-width": "0.6"} if edge else {}
        self._blocks.append(ElementTree.Element("rect", look | _opaque(opacity)))

    def hatched(self, box: Box) -> None:
        """Draw the pattern for what is withheld."""
        corner = (box.left / self.width, 1 - box.bottom / self.height)
        pattern: dict[str, Any] = {"facecolor": "#f4f2ee", "edgecolor": "#b9b3a6", "hatch": "/////", "linewidth": 0}
        size = (box.width / self.width, box.height / self.height)
        self.drawing.add_artist(Rectangle(corner, *size, transform=self.drawing.transFigure, **pattern))

    def svg(self, *, name: str, alt: str) -> str:
        """Return the sheet as an ``<svg>`` element with its alternative text."""
        own = [*self._blocks, *self._lines, *self._texts]
        return clean(self._drawn(), self._rules, own, name=name, alt=alt, width=self.width, height=self.height)

    def _drawn(self) -> bytes:
        """Return what the library has to draw, as its SVG; nothing where there is nothing."""
        if not self.drawing.artists:
            return b""
        FigureCanvasSVG(self.drawing)
        buffer = io.BytesIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        self.drawing.savefig(buffer, format="svg", metadata=nothing)
        return buffer.getvalue()


def _px(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def _opaque(opacity: float) -> dict[str, str]:
    return {} if opacity == 1 else {"opacity": f"{opacity:g}"}


def text_width(text: str, size: float = TEXT) -> float:
    """Return about how many pixels the text takes in a usual sans-serif font."""
    return size * sum(_advance(c) for c in text)


def fit(text: str, width: float, size: float = TEXT) -> str:
    """Return the text, cut with an ellipsis where it is wider than ``width`` pixels."""
    if text_width(text, size) <= width:
        return text
    room, kept = width - size * 0.9, ""
    for c in text:
        room -= size * _advance(c)
        if room < 0:
            break
        kept += c
    return kept.rstrip() + "…"


def wrap(text: str, width: float, size: float = TEXT) -> list[str]:
    """Return the text in one line, or in two where it is wider than ``width``; what still does not fit is cut."""
    if text_width(text, size) <= width:
        return [text]
    spaced = [i for i, c in enumerate(text) if c == " "]
    wide = [i for i, c in enumerate(text) if unicodedata.east_asian_width(c) in ("W", "F")]
    ends = [i for i in spaced or wide if i and text_width(text[:i], size) <= width]
    if not ends:
        return [fit(text, width, size)]
    return [text[: ends[-1]].rstrip(), fit(text[ends[-1] :].lstrip(), width, size)]


def legend_rows(labels: Sequence[str], width: float) -> list[list[int]]:
    """Return which labels stand in which row of a legend of this width, in order."""
    rows: list[list[int]] = [[]]
    used = 0.0
    for i, label in enumerate(labels):
        need = legend_step(label, width)
        if rows[-1] and used + need > width:
            rows.append([])
            used = 0.0
        rows[-1].append(i)
        used += need
    return rows


def legend_step(label: str, width: float) -> float:
    """Return how many pixels one entry of a legend takes, with its key and the gap after it."""
    return 24 + text_width(fit(label, width - 30)) + 18


def draw_legend(canvas: Canvas, box: Box, entries: Sequence[tuple[str, str, str]]) -> None:
    """Write a legend of (label, colour, line style) entries into the box, row by row."""
    for r, row in enumerate(legend_rows([e[0] for e in entries], box.width)):
        x, y = box.left, box.top + 9 + 19 * r
        for i in row:
            label, colour, style = entries[i]
            canvas.line([x, x + 17], [y, y], colour, linewidth=2.2, dashed=style != "solid")
            canvas.text(x + 24, y, fit(label, box.width - 30))
            x += legend_step(label, box.width)


def legend_height(labels: Sequence[str], width: float) -> float:
    """Return the height of such a legend."""
    return 19 * len(legend_rows(labels, width)) + 6


def spread(places: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Return the places moved apart to at least ``gap``, in order, as near as they can stay, within low and high."""
    order = sorted(range(len(places)), key=lambda i: places[i])
    moved = list(places)
    for before, i in itertools.pairwise(order):
        moved[i] = max(moved[i], moved[before] + gap)
    ceiling = high
    for i in reversed(order):
        moved[i] = min(moved[i], ceiling)
        ceiling = moved[i] - gap
    for i in order:
        moved[i] = max(moved[i], low)
        low = moved[i] + gap
    return moved


def _advance(char: str) -> float:
    if unicodedata.east_asian_width(char) in ("W", "F"):
        return 1.0
    if char in "iljtfr.,:;'|!()[] \u00a0":
        return 0.31
    return 0.7 if char.isupper() or char in "mw%<>+−" else 0.55
