"""An exhibit as the template prints it: every message already a sentence, every number already written."""

import re
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from insights.reports.exhibits.base import Column, Exhibit, Figure, Message, Paragraph, Table
from insights.reports.wording import Wording
from insights.reports.wording.formats import Scale, is_missing

_SCALED = ("money", "points", "months", "number")
_NUMERIC = (*_SCALED, "count", "percent", "share", "amount", "p")
_WITH_NUMBERS = re.compile(r"\{\w+:(count|percent|share|money|number|tenths|months|points|p)\}")
_FIELD = re.compile(r"\{[^}]*\}")
FEW_WORDS = 4
_INTERVAL = re.compile(r"[(（][^()（）]*[)）]$")


@dataclass(frozen=True)
class Cell:
    """One cell: its text, the interval that may stand below it, and how it stands."""

    text: str
    numeric: bool = False
    withheld: bool = False
    interval: str = ""


@dataclass(frozen=True)
class TableView:
    """A table ready to print; ``withheld`` says that a mark occurs in it and must be explained.

    ``tight`` tables have many columns and set their intervals in a line of their own.
    """

    caption: str
    head: tuple[Cell, ...]
    rows: tuple[tuple[Cell, ...], ...]
    withheld: bool
    tight: bool


@dataclass(frozen=True)
class ParagraphView:
    """A paragraph ready to print; ``report`` names the page it leads to."""

    heading: str
    report: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class ExhibitView:
    """An exhibit ready to print; ``level`` is that of its heading, ``told`` whether it holds more than a refusal."""

    anchor: str
    number: int
    level: int
    title: str
    sentences: tuple[str, ...]
    wide: Markup | None
    narrow: Markup | None
    tables: tuple[TableView, ...]
    paragraphs: tuple[ParagraphView, ...]
    refusals: tuple[str, ...]
    caveats: tuple[str, ...]
    basis: tuple[str, ...]
    told: bool


def exhibit_view(exhibit: Exhibit, wording: Wording, *, anchor: str, number: int, level: int) -> ExhibitView:
    """Return the exhibit in the reader's language, its figure drawn in both sizes."""

    def texts(messages: tuple[Message, ...]) -> tuple[str, ...]:
        return tuple(wording.heading(m) for m in messages)

    figure = exhibit.figure
    return ExhibitView(
        anchor=anchor,
        number=number,
        level=level,
        title=wording.heading(exhibit.title),
        sentences=texts(exhibit.sentences),
        wide=_drawn(figure, wording, f"{anchor}-w", narrow=False) if figure else None,
        narrow=_drawn(figure, wording, f"{anchor}-n", narrow=True) if figure else None,
        tables=tuple(table_view(t, wording) for t in exhibit.tables),
        paragraphs=tuple(_paragraph(p, wording) for p in exhibit.paragraphs),
        refusals=texts(exhibit.refusals),
        caveats=texts(exhibit.caveats),
        basis=texts(exhibit.basis),
        told=exhibit.told,
    )


def _paragraph(told: Paragraph, wording: Wording) -> ParagraphView:
    """Return the paragraph with each title as a sentence of its own."""
    stop = "。" if wording.language == "zh-CN" else "."
    sentences = tuple(wording.heading(m).rstrip(stop) + stop for m in told.sentences)
    return ParagraphView(wording.heading(told.heading), told.report, sentences)


def table_view(table: Table, wording: Wording) -> TableView:
    """Return the table with one unit and one number of decimals down each column."""
    columns = [_ColumnWriter(c, [row.get(c.key) for row in table.rows], wording) for c in table.columns]
    rows = tuple(tuple(c.cell(row.get(c.key)) for c in columns) for row in table.rows)
    return TableView(
        caption=wording.heading(table.caption) if table.caption else "",
        head=tuple(Cell(c.heading, c.numeric) for c in columns),
        rows=rows,
        withheld=any(cell.withheld for row in rows for cell in row),
        tight=len(columns) > (4 if any(cell.interval for row in rows for cell in row) else 6),
    )


class _ColumnWriter:
    """Write the cells of one column alike."""

    def __init__(self, column: Column, values: list[Any], wording: Wording) -> None:
        self.key, self._kind, self._wording = column.key, column.kind, wording
        written = [v for v in values if not is_missing(v) and v != ""]
        # A word of ours (not estimable) may stand among numbers; data may not.
        numbers = [v for v in written if isinstance(v, int | float) or _holds_numbers(v)]
        self.numeric = column.kind in _NUMERIC or (
            (bool(numbers) or not written)
            and len(values) > 0
            and all(v in numbers or (isinstance(v, Message) and not v.values) for v in written)
        )
        self._scale: Scale | None = wording.formats.scale(written, column.kind) if column.kind in _SCALED else None
        unit = self._scale.unit if self._scale else ""
        label = wording.heading(column.label)
        self.heading = (
            label
            if not unit or unit in label
            else wording.text(Message("{label}, {unit}", {"label": label, "unit": unit}))
        )

    def cell(self, value: Any) -> Cell:
        """Return one cell; an empty string is an empty cell, None or nan the mark for what is not shown."""
        if is_missing(value):
            return Cell(self._wording.mark, self.numeric, withheld=True)
        if isinstance(value, Message):
            # A label that begins its cell begins with a capital, like the headings.
            text = self._wording.heading(value)
            found = _INTERVAL.search(text) if self.numeric else None
            if found:
                return Cell(text[: found.start()].rstrip(), True, interval=found.group())
            return Cell(text, self.numeric)
        if isinstance(value, str) and (value == "" or self._kind in _NUMERIC):
            return Cell(self._wording.text(value), self.numeric)
        if self._scale is not None:
            return Cell(self._wording.formats.scaled(value, self._scale), self.numeric)
        return Cell(self._wording.value(value, self._kind), self.numeric)


def _holds_numbers(value: Any) -> bool:
    """Whether a message is a number with a few words about it; a sentence with a number in it is text."""
    if not isinstance(value, Message) or not _WITH_NUMBERS.search(value.id):
        return False
    return len(re.findall(r"[^\W\d_]+", _FIELD.sub(" ", value.id))) <= FEW_WORDS


def _drawn(figure: Figure, wording: Wording, name: str, *, narrow: bool) -> Markup:
    from insights.reports.figures import draw  # half a second of imports that a page without figures does not need

    return Markup(draw(figure, wording, name=name, narrow=narrow))
