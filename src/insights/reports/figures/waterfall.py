"""From one total to another by its steps: each bar begins where the one before ended, with its interval at its end.

The axis need not begin at zero: steps of a few per cent would not be seen. The two totals then carry the sign of a
broken bar, and their lengths are not to be compared.
"""

import math
from dataclasses import dataclass
from typing import Any

from insights.reports.exhibits.base import Figure
from insights.reports.figures.canvas import (
    COLOURS,
    INK,
    MUTED,
    NARROW,
    PAPER,
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

UP, DOWN, WHOLE = COLOURS[2], COLOURS[1], COLOURS[0]
BREAK = 0.35
"""Where all steps together take less than this part of the totals, the axis does not begin at zero."""


@dataclass
class _Row:
    label: str
    begin: float
    end: float
    low: float
    high: float
    text: str
    whole: bool


def draw_waterfall(figure: Figure, wording: Wording, narrow: bool) -> Canvas:
    """Draw a ``waterfall`` figure, the first total at the top and the last at the bottom."""
    rows = _rows(figure, wording)
    width = NARROW if narrow else WIDE
    size = SMALL + 0.5 if narrow else TEXT
    lines = [wrap(row.label, (width if narrow else 300.0) / WIDER, size) for row in rows]
    steps = [(38 if narrow else 28) + 15 * (len(own) - 1) for own in lines]
    title = wording.text(figure.data.get("x_label", ""))
    top = 24 if title else 4
    canvas = Canvas(width, top + sum(steps) + 4)
    label_width = 0.0 if narrow else max(WIDER * text_width(part) for own in lines for part in own) + 4
    left = label_width + 14 if label_width else 0.0
    room = max(width - left - max(text_width(row.text) for row in rows) - 14, 60.0)
    low, high, broken = _range(rows)
    if title:
        canvas.text(left, 8, fit(title, width - left, SMALL), size=SMALL, colour=MUTED)

    def place(value: float) -> float:
        return left + room * (value - low) / (high - low)

    above, before = float(top), math.nan
    for row, own, step in zip(rows, lines, steps, strict=True):
        middle = above + (step - 12 if narrow else step / 2)
        for k, part in enumerate(own):
            if narrow:
                canvas.text(0, above + 9 + 15 * k, part, size=size)
            else:
                canvas.text(label_width, middle + 15 * (k - (len(own) - 1) / 2), part, anchor="right")
        begin, end = place(low if row.whole else row.begin), place(row.end)
        if not math.isnan(before):  # Where the last bar ended, this one begins.
            joint = place(row.end if row.whole else row.begin)
            # Where the labels stand above the bars, it does not run through them.
            canvas.line([joint, joint], [middle - 9 if narrow else before + 6, middle - 6], MUTED, linewidth=0.9)
        colour = WHOLE if row.whole else UP if row.end >= row.begin else DOWN
        canvas.block(Box(min(begin, end), middle - 6, max(abs(end - begin), 1.0), 12), colour, opacity=0.85)
        if row.whole and broken:
            for shift in (0, 5):
                canvas.line([left + 14 + shift, left + 20 + shift], [middle + 8, middle - 8], PAPER, linewidth=2.2)
        edge = max(begin, end)
        if math.isfinite(row.low) and math.isfinite(row.high):
            a, b = place(row.low), place(row.high)
            canvas.line([a, b], [middle, middle], INK, linewidth=1.2)
            for x in (a, b):
                canvas.line([x, x], [middle - 3, middle + 3], INK, linewidth=1.2)
            edge = max(edge, b)
        canvas.text(edge + 7, middle, row.text, size=SMALL + 0.5)
        above, before = above + step, middle
    return canvas


def _rows(figure: Figure, wording: Wording) -> list[_Row]:
    kind, data = str(figure.data.get("kind", "number")), figure.data
    start, end, steps = data["start"], data["end"], data["steps"]
    # Totals and steps each in one unit, so that they compare by eye.
    wholes = wording.formats.scale([start["value"], end["value"]], kind)
    parts = wording.formats.scale([s["value"] for s in steps], kind)

    def text(value: float, scale: Any, sign: bool) -> str:
        told = wording.formats.money_in(value, scale) if kind == "money" else wording.value(value, kind)
        if not sign or value <= 0 or not any(c.isdigit() for c in told):
            return told
        first = next(k for k, c in enumerate(told) if c.isdigit())
        return f"{told[:first]}+{told[first:]}"

    at = float(start["value"])
    none = math.nan
    rows = [_Row(wording.heading(start["label"]), 0.0, at, none, none, text(at, wholes, False), True)]
    for step in steps:
        value = float(step["value"])
        low, high = (none if is_missing(step.get(k)) else at + float(step[k]) for k in ("low", "high"))
        rows.append(_Row(wording.heading(step["label"]), at, at + value, low, high, text(value, parts, True), False))
        at += value
    last = float(end["value"])
    rows.append(_Row(wording.heading(end["label"]), 0.0, last, none, none, text(last, wholes, False), True))
    return rows


def _range(rows: list[_Row]) -> tuple[float, float, bool]:
    """Return where the axis begins and ends, and whether it begins elsewhere than at zero."""
    ends = [v for row in rows for v in (row.end, row.low, row.high) if math.isfinite(v)]
    low, high = min(ends), max(ends)
    span = high - low
    if low > 0 and span < BREAK * high:
        return low - 0.25 * span - 1e-9, high, True
    low, high = min(low, 0.0), max(high, 0.0)
    return (low, high, False) if high > low else (low, low + 1.0, False)
