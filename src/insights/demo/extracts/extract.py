"""What an extract is: its file, its manner of writing, and for every column the bank's own name and codes."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["text", "entity", "record", "date", "moment", "money", "integer", "number", "code", "words", "phone"]
FLAG = ("false", "true")


@dataclass(frozen=True)
class Field:
    """One column: canonical name, the bank's name, and how it is written.

    ``values`` are the canonical codes in the order of the process's numbers, ``codes`` the bank's own for them. Direct
    identifiers are not ``mapped``; an ``optional`` column is there only if the rows have it (a switch of the law).
    """

    name: str
    raw: str
    kind: Kind
    entity: str = ""
    values: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    mapped: bool = True
    optional: bool = False


@dataclass(frozen=True)
class Extract:
    """One file. ``kind`` parquet carries types, the CSVs are text in the given manner."""

    file: str
    fields: tuple[Field, ...]
    kind: Literal["csv", "parquet"] = "csv"
    delimiter: str = ","
    day_format: str = "%Y-%m-%d"
    decimal: str = "."
    local_encoding: bool = False
    """Written in the bank's old encoding (cp1252, or gb18030 in Chinese) instead of UTF-8."""


def entity(name: str, raw: str, kind: str) -> Field:
    """Return a column of ids of one kind of person or thing."""
    return Field(name, raw, "entity", entity=kind)


def code(name: str, raw: str, values: tuple[str, ...], codes: tuple[str, ...] = ()) -> Field:
    """Return a column of codes; without ``codes`` the bank writes the canonical ones."""
    return Field(name, raw, "code", values=values, codes=codes or values)


def german(file: str, *fields: Field, local_encoding: bool = False) -> Extract:
    """Return an extract in the manner of a core banking system from a German-speaking country."""
    return Extract(file, fields, "csv", ";", "%d.%m.%Y", ",", local_encoding)


CLIENT_NR = entity("client_id", "KUNDEN_NR", "client")
CUSTOMER = entity("client_id", "customer_no", "client")
"""The client in the two manners of writing."""
