"""What an exhibit is made of, free of any language: messages with values, tables and figure data.

Everything here can be written as JSON and read back, because the kernel that computes an exhibit and the process that
draws it in each language are not the same.
"""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A sentence in the source language with named values, e.g. ``Message("{n:count} clients", {"n": 120})``.

    ``id`` is the gettext message id; format specs name how a value is written (count, percent, money, months, date,
    number, p, text). A value may itself be a Message; a plain string is data and is shown as it is.
    """

    id: str
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Column:
    """A column of a table: ``key`` into the rows, heading, and how its values are written (see ``Message``)."""

    key: str
    label: Message | str
    kind: str = "text"


@dataclass(frozen=True)
class Table:
    """Rows are dicts of JSON values, Messages, or None (shown as the mark for suppressed values)."""

    columns: tuple[Column, ...]
    rows: tuple[dict[str, Any], ...]
    caption: Message | None = None


@dataclass(frozen=True)
class Figure:
    """Data for one figure of a named ``kind`` (curves, bars, lines, heat); ``alt`` says in words what it shows.

    ``data`` holds plain lists and Messages, in the form that the drawing function of this kind documents.
    """

    kind: str
    data: dict[str, Any]
    alt: Message


@dataclass(frozen=True)
class Paragraph:
    """A few sentences under a heading that leads to another report of the same pack, by its name."""

    heading: Message | str
    report: str
    sentences: tuple[Message, ...]


@dataclass(frozen=True)
class Exhibit:
    """One finding as a reader meets it.

    ``title`` states the finding; ``sentences`` say it with numbers; ``basis`` is what it rests on (n, events, window,
    as of, interval); ``estimates`` are the rows of the finding (see findings.schema.json) and hold nothing that is not
    shown; ``refusals`` say what could not be told, and why.
    """

    id: str
    title: Message
    sentences: tuple[Message, ...] = ()
    figure: Figure | None = None
    tables: tuple[Table, ...] = ()
    basis: tuple[Message, ...] = ()
    caveats: tuple[Message, ...] = ()
    refusals: tuple[Message, ...] = ()
    estimates: tuple[dict[str, Any], ...] = ()
    checks: tuple[dict[str, Any], ...] = ()
    paragraphs: tuple[Paragraph, ...] = ()

    @property
    def told(self) -> bool:
        """Whether it holds more than a refusal."""
        return bool(self.figure or self.tables or self.paragraphs or self.sentences or not self.refusals)

    @property
    def guide(self) -> bool:
        """Whether it only leads to other reports and finds nothing of its own."""
        return bool(self.paragraphs) and not self.estimates
