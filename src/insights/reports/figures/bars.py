"""Horizontal bars, the longest first unless they have an order: its label before each bar, its value after it.

Ratios are drawn as points on a logarithmic scale around a line at the reference: a bar from zero would make a halving
look smaller than a doubling.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from insights.reports.exhibits.base import Figure
from insights.reports.figures.canvas import (
    COLOURS,
    INK,
    MUTED,
    NARROW,
    SMALL,
    TEXT,
    WIDE,
    Box,
    Canvas,
    fit,
    text_width,
    wrap,
)
from insights.reports.wording import Wording
from insights.reports.wording.formats import is_missing

WIDER = 1.1
"""The reader's font may be wider than the one the room is measured by."""


@dataclass
class _Bar:
    label: str
    value: float
    low: float
    high: float
    text: str
    note: str


def draw_bars(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``bars`` figure; a withheld bar is a hatched stub with the word beside it, last where bars are sorted."""
    kind = str(figure.data.get("kind", "number"))
    bars = [_bar(raw, kind, wording) for raw in figure.data["bars"]]
    if kind == "money":
        # One unit for all, so that they compare by eye.
        unit = wording.formats.scale([b.value for b in bars], kind)
        for bar in bars:
            bar.text = wording.formats.money_in(bar.value, unit)
    if not figure.data.get("in_order"):
        bars.sort(key=lambda b: (math.isnan(b.value), -b.value if not math.isnan(b.value) else 0.0))
    width = NARROW if narrow else WIDE
    room_of_label = (width if narrow else 300.0) / WIDER
    lines = [wrap(b.label, room_of_label, SMALL + 0.5 if narrow else TEXT) for b in bars]
    steps = [(38 if narrow else 25) + 15 * (len(own) - 1) for own in lines]
    title = wording.text(figure.data.get("x_label", ""))
    top = 24 if title else 4
    canvas = Canvas(width, max(top + sum(steps) + 4, 30))
    reference = figure.data.get("reference")
    label_width = 0.0 if narrow else max((WIDER * text_width(part) for own in lines for part in own), default=0.0) + 4
    value_width = max((text_width(_after(b)) for b in bars), default=0.0) + 12
    left = label_width + 14 if label_width else 0.0
    room = max(width - left - min(value_width, width * 0.45), 60.0)
    scale: Callable[[float], float] = math.log if reference else float
    low, high = _range(bars, scale, reference)
    if title:
        canvas.text(left, 8, fit(title, width - left, SMALL), size=SMALL, colour=MUTED)

    def place(value: float) -> float:
        return left + room * (scale(value) - low) / (high - low)

    zero, above = place(reference or 0.0), float(top)
    for bar, own, step in zip(bars, lines, steps, strict=True):
        middle = above + (step - 12 if narrow else step / 2)
        for k, part in enumerate(own):
            if narrow:
                canvas.text(0, above + 9 + 15 * k, part, size=SMALL + 0.5)
            else:
                canvas.text(label_width, middle + 15 * (k - (len(own) - 1) / 2), part, anchor="right")
        # Where the labels stand above the bars, the line at zero does not run through them.
        canvas.line([zero, zero], [middle - 9 if narrow else above, above + step], MUTED, linewidth=0.9)
        above += step
        edge = _draw_bar(canvas, bar, middle, place, reference)
        canvas.text(edge + 7, middle, bar.text, colour=MUTED if math.isnan(bar.value) else INK, size=SMALL + 0.5)
        if bar.note:
            start = edge + 7 + text_width(bar.text, SMALL + 0.5) + 10
            canvas.text(start, middle, fit(bar.note, width - start, SMALL), colour=MUTED, size=SMALL)
    return canvas


def _bar(raw: dict[str, Any], kind: str, wording: Wording) -> _Bar:
    value, low, high = (math.nan if is_missing(raw.get(k)) else float(raw[k]) for k in ("value", "low", "high"))
    note = wording.text(raw.get("note") or "")
    return _Bar(wording.heading(raw["label"]), value, low, high, wording.value(raw.get("value"), kind), note)


def _range(bars: list[_Bar], scale: Callable[[float], float], reference: float | None) -> tuple[float, float]:
    ends = [scale(v) for b in bars for v in (b.value, b.low, b.high) if math.isfinite(v) and (v > 0 or not reference)]
    ends.append(scale(reference or 0.0))
    low, high = min(ends), max(ends)
    return (low, high) if high > low else (low, low + 1.0)


def _draw_bar(canvas: Canvas, bar: _Bar, middle: float, place: Any, reference: float | None) -> float:
    """Draw the bar (a point, where there is a reference) and its interval; return where the text may begin."""
    zero = place(reference or 0.0)
    if math.isnan(bar.value):
        canvas.hatched(Box(zero, middle - 6, 34, 12))
        return float(zero + 34)
    end = place(bar.value)
    if reference:
        canvas.block(Box(end - 4, middle - 4, 8, 8), COLOURS[0])
    else:
        canvas.block(Box(min(zero, end), middle - 6, abs(end - zero), 12), COLOURS[0], opacity=0.85)
    if not (math.isfinite(bar.low) and math.isfinite(bar.high) and (bar.low > 0 or not reference)):
        return float(max(zero, end))
    a, b = place(bar.low), place(bar.high)
    canvas.line([a, b], [middle, middle], INK, linewidth=1.2)
    for x in (a, b):
        canvas.line([x, x], [middle - 3, middle + 3], INK, linewidth=1.2)
    return float(max(zero, end, b))


def _after(bar: _Bar) -> str:
    return f"{bar.text}  {bar.note}" if bar.note else bar.text
