"""What a column and a table are: the words in which the catalogue is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from fnmatch import fnmatchcase
from typing import Literal

Kind = Literal["id", "date", "timestamp", "month", "money", "integer", "number", "text", "code", "flag"]

CODED_KINDS: tuple[Kind, ...] = ("code", "flag", "integer")
"""Kinds whose raw values ``codes.<column>`` in the settings may translate (``"C3" = "3"``, ``"J" = "true"``)."""

MONEY_LIMIT = 1e12
"""Amounts beyond this are absurd for one row of a bank, whatever its currency."""

FIRST_DATE, LAST_DATE = date(1900, 1, 1), date(2199, 12, 31)
"""Dates outside are typing errors or placeholders (0001-01-01, 9999-12-31)."""

UNITS: dict[Kind, str] = {
    "id": "identifier",
    "date": "day",
    "timestamp": "time of day in the bank's time zone",
    "month": "month, written as its first day",
    "money": "reporting currency",
    "integer": "number",
    "number": "number",
    "text": "text",
    "code": "code",
    "flag": "true or false",
}


@dataclass(frozen=True)
class Column:
    """One canonical column.

    ``label`` is a short English noun phrase, and the message id of its translations; ``meaning`` a sentence.
    ``low`` and ``high`` bound the values (inclusive); money without bounds lies within ``MONEY_LIMIT``, dates within
    ``FIRST_DATE`` and ``LAST_DATE``. ``codes`` maps the known codes to their labels; None leaves a code column to the
    bank's own words. ``domain`` is the kind of identity that an id stands for (it becomes a pseudonym); an id without
    a domain names a thing, not a person, and stays as it is. ``revealed_by`` names the date from which on the value is
    known: before it, or without it, the value is null. ``falls_back_on`` names the column whose value is taken at
    intake where this one is empty.
    """

    name: str
    kind: Kind
    label: str
    meaning: str
    unit: str = ""
    required: bool = False
    low: float | None = None
    high: float | None = None
    codes: Mapping[str, str] | None = field(default=None, hash=False)
    domain: str | None = None
    revealed_by: str | None = None
    falls_back_on: str | None = None

    def __post_init__(self) -> None:
        """Fill in the unit and the bounds that follow from the kind."""
        object.__setattr__(self, "unit", self.unit or UNITS[self.kind])
        if self.kind == "money":
            object.__setattr__(self, "low", -MONEY_LIMIT if self.low is None else self.low)
            object.__setattr__(self, "high", MONEY_LIMIT if self.high is None else self.high)

    @property
    def nullable(self) -> bool:
        """Whether a row may leave it empty."""
        return not self.required

    @property
    def is_pattern(self) -> bool:
        """Whether it stands for any number of columns (``item_*``)."""
        return "*" in self.name


@dataclass(frozen=True)
class TableSpec:
    """One canonical table.

    ``row`` says what one row is. ``key`` identifies a row up to its versions. ``date`` is the table's own date column
    (it may be optional: see ``columns``); ``month`` says that the date is a month, known after its end. ``known`` is
    the column that ``known_on`` defaults to. ``event`` tables carry ``<table>_id`` as their key, made at intake where
    the bank has none. ``one_of`` lists groups of columns of which each row needs at least one. ``blank`` names the
    columns whose empty cells say something (in no household, not rated): nothing is missing there.
    """

    name: str
    row: str
    key: tuple[str, ...]
    date: str | None
    columns: tuple[Column, ...]
    month: bool = False
    event: bool = False
    known: str | None = None
    one_of: tuple[tuple[str, ...], ...] = ()
    blank: tuple[str, ...] = ()

    def column(self, name: str) -> Column | None:
        """Return the column of this name, also one that a pattern stands for, or None.

        Tables with money also accept ``currency``: it is read, used for conversion at intake, and not stored.
        """
        for column in self.columns:
            if column.name == name:
                return column
            if column.is_pattern and "*" not in name and fnmatchcase(name, column.name):
                return replace(column, name=name)
        return CURRENCY if name == CURRENCY.name and self.money else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of its columns, without patterns."""
        return tuple(c.name for c in self.columns if not c.is_pattern)

    @property
    def required(self) -> tuple[str, ...]:
        """Names of the columns that a source must deliver."""
        return tuple(c.name for c in self.columns if c.required)

    def may_be_blank(self, name: str) -> bool:
        """Return whether an empty cell of the column says something: it is listed, or its value is not yet known."""
        column = self.column(name)
        blank = (*self.blank, KNOWN_ON.name, WITHDRAWN.name)
        return any(fnmatchcase(name, b) for b in blank) or bool(column and column.revealed_by)

    @property
    def money(self) -> tuple[str, ...]:
        """Names of its amounts of money."""
        return tuple(c.name for c in self.columns if c.kind == "money")


CURRENCY = Column(
    "currency", "code", "currency", "Currency of the row's amounts (ISO 4217) before conversion to the reporting one."
)

KNOWN_ON = Column("known_on", "date", "known on", "Day from which on the bank knew the row in this version.")
WITHDRAWN = Column("withdrawn", "flag", "withdrawn", "The row of this key is deleted from the day it is known.")


def table(
    name: str,
    row: str,
    key: tuple[str, ...],
    date: str | None,
    *columns: Column,
    month: bool = False,
    event: bool = False,
    known: str | None = None,
    one_of: tuple[tuple[str, ...], ...] = (),
    blank: tuple[str, ...] = (),
) -> TableSpec:
    """Return the table with what every table has: ``known_on``, ``withdrawn`` and, for events, the event's id."""
    if event:
        key = (f"{name}_id",)
        own = Column(
            key[0], "id", "record", "Identifier of the record; made at intake where there is none.", domain="event"
        )
        columns = (own, *columns)
    every = (*columns, KNOWN_ON, WITHDRAWN)
    return TableSpec(name, row, key, date, every, month, event, known or date, one_of, blank)
