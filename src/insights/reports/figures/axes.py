"""Axes that read alike in every figure: few ticks at round places, level rules, labels in the reader's language."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import matplotlib.dates as mdates

from insights.reports.exhibits.base import Message
from insights.reports.figures.canvas import MUTED, RULE, SMALL, Box, Canvas, fit, text_width
from insights.reports.wording import Wording
from insights.reports.wording.formats import is_missing


def numbers(values: Iterable[Any]) -> list[float]:
    """Return the values as floats, withheld ones as nan."""
    return [math.nan if is_missing(v) else float(v) for v in values]


def round_ticks(low: float, high: float, most: int) -> list[float]:
    """Return at most about ``most`` (two at the least) ticks at round numbers that cover low to high."""
    span = high - low or abs(high) or 1.0
    high = max(high, low + span)
    raw = span / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(m * power for m in (1, 2, 2.5, 5, 10) if m * power >= raw * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(i * step, 12) for i in range(first, last + 1)]


def tick_labels(wording: Wording, ticks: Sequence[float], kind: str) -> tuple[list[str], str]:
    """Return the labels of an axis and the unit that belongs into its title."""
    if kind in ("percent", "share"):
        fine = any(round(t * 100) != round(t * 100, 6) for t in ticks)
        return [wording.value(t, "percent" if fine else "share") for t in ticks], ""
    if kind in ("money", "months", "points"):
        scale = wording.formats.scale(ticks, kind)
        exact = [round(t / scale.divisor, 9) for t in ticks]
        decimals = 0 if all(t == int(t) for t in exact) else 1
        return [wording.formats.decimal(t, decimals) for t in exact], scale.unit
    return [wording.value(t, kind if kind == "count" else "number") for t in ticks], ""


def value_axis(
    canvas: Canvas,
    box: Box,
    wording: Wording,
    ticks: Sequence[float],
    kind: str,
    title: str,
    *,
    reach: float | None = None,
) -> None:
    """Draw the vertical axis: rules, labels, and its title above it, where no head must be turned to read it.

    The title may go on as far as ``reach``, the right edge of the box unless it is given.
    """
    labels, unit = tick_labels(wording, ticks, kind)
    base = 0 if ticks[0] <= 0 <= ticks[-1] else ticks[0]

    def rule(value: float, colour: str, linewidth: float) -> float:
        y = box.bottom - box.height * (value - ticks[0]) / ((ticks[-1] - ticks[0]) or 1.0)
        canvas.line([box.left, box.right], [y, y], colour, linewidth=linewidth, under=True)
        return y

    for tick, label in zip(ticks, labels, strict=True):
        canvas.text(box.left - 5, rule(tick, RULE, 0.8), label, size=SMALL, colour=MUTED, anchor="right")
    rule(base, MUTED, 0.9)
    if title or unit:
        heading = with_unit(title, unit, wording)
        left = box.left - max(text_width(label, SMALL) for label in labels) - 5
        room = (box.right if reach is None else reach) - left
        canvas.text(left, box.top - 19, fit(heading, room, SMALL), size=SMALL, colour=MUTED)


def level_axis(
    canvas: Canvas,
    box: Box,
    ends: tuple[float, float],
    ticks: Sequence[float],
    labels: Sequence[str],
    *,
    gap: float = 10.0,
) -> None:
    """Label the level axis from one end to the other, with the middle of the labels ``gap`` pixels under the box."""
    low, high = ends
    for tick, label in zip(ticks, labels, strict=True):
        x = box.left + box.width * (tick - low) / (high - low)
        canvas.text(x, box.bottom + gap, label, size=SMALL, colour=MUTED, anchor="center")


def with_unit(title: str, unit: str, wording: Wording) -> str:
    """Return the title of an axis with its unit, whichever there is."""
    return wording.text(Message("{label}, {unit}", {"label": title, "unit": unit})) if title and unit else title or unit


def label_room(wording: Wording, ticks: Sequence[float], kind: str) -> float:
    """Return the pixels that the labels of a vertical axis need to its left."""
    return max(text_width(label, SMALL) for label in tick_labels(wording, ticks, kind)[0]) + 12


def duration_ticks(end: float, most: int) -> list[float]:
    """Return ticks for a time since joining, in whole years where the axis is long enough to be in months."""
    steps = (3, 6, 12, 24, 36, 60, 120) if end > 45 else (1, 2, 3, 5, 10, 20)
    step = next((s for s in steps if end / s < most), steps[-1])
    return [float(t) for t in range(0, int(end + 1e-9) + 1, step)]


def time_axis(canvas: Canvas, box: Box, wording: Wording, days: Sequence[float]) -> tuple[float, float]:
    """Draw a calendar axis: a tick at each January (each quarter of short spans), labelled by year; return its ends."""
    first, last = mdates.num2date(min(days)), mdates.num2date(max(days))
    months = (last.year - first.year) * 12 + last.month - first.month
    step = 3 if months <= 18 else 12 * max(1, math.ceil(months / 12 / (box.width / 55)))
    ticks: list[float] = []
    labels: list[str] = []
    for index in range(first.year * 12, last.year * 12 + 12, step):
        day = mdates.datetime.date(index // 12, index % 12 + 1, 1)
        place = mdates.date2num(day)
        if min(days) - 16 <= place <= max(days):
            ticks.append(float(place))
            labels.append(wording.formats.year(day) if step >= 12 else wording.formats.month(day))
    ends = min(days), max(days) if len(set(days)) > 1 else min(days) + 1
    shown = [(tick, label) for tick, label in zip(ticks, labels, strict=True) if ends[0] <= tick <= ends[1]]
    level_axis(canvas, box, ends, [tick for tick, _ in shown], [label for _, label in shown], gap=14.0)
    for tick, _ in shown:
        x = box.left + box.width * (tick - ends[0]) / (ends[1] - ends[0])
        canvas.line([x, x], [box.bottom, box.bottom + 4], MUTED, linewidth=0.8)
    return ends
