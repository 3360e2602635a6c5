"""Settings of a source: where an extract lies, how it is read, and how it becomes a canonical table."""

import re
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from insights.data.tables import TABLES

ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
GLOB = re.compile(r"[*?\[]")

Constant = str | bool | int | float | date


class Section(BaseModel):
    """A section of ``bank.toml``: an unknown key is an error, and nothing changes after reading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def env_name(value: str) -> str:
    """Refuse what is not the name of an environment variable: it may be the secret itself, so it is not repeated."""
    if not ENV_NAME.fullmatch(value):
        raise ValueError(
            "this is not the name of an environment variable (letters, digits, _). "
            "If it is the secret itself: take it out of the file, put it into a variable, and write the variable's name"
        )
    return value


def known_encoding(value: str) -> str:
    """Refuse an encoding that Python does not know."""
    try:
        "a".encode(value).decode(value)
    except (LookupError, UnicodeError):
        raise ValueError("not a text encoding that Python knows, such as utf-8, cp1252, gb18030 or utf-16") from None
    return value


def one_line(value: str) -> str:
    """Refuse a separator that would cut inside a line break."""
    if value in ("\n", "\r"):
        raise ValueError("a line break cannot separate fields")
    return value


def date_format(value: str) -> str:
    """Refuse a format that does not give back the day it was written from."""
    day = datetime(2003, 12, 30, 0, 0)
    try:
        back = datetime.strptime(day.strftime(value), value)
    except ValueError:
        raise ValueError("not a date format of Python's strptime, such as %Y-%m-%d or %d.%m.%Y") from None
    if (back.year, back.month) != (2003, 12):
        raise ValueError("the format leaves out the year or the month, which intake cannot guess")
    return value


EnvName = Annotated[str, AfterValidator(env_name)]
Encoding = Annotated[str, AfterValidator(known_encoding)]
Character = Annotated[str, Field(min_length=1, max_length=1), AfterValidator(one_line)]
Code = Annotated[str, BeforeValidator(lambda v: str(v).lower() if isinstance(v, bool) else str(v))]


class Source(Section):
    """A raw file (or several, by a pattern), or a query to a database.

    ``path`` is relative to the raw folder. ``database_env`` names the environment variable with the database's URL;
    ``select`` is the query sent to it. Cells are read as text; an empty cell, or one that equals a word of ``nulls``,
    is empty.
    """

    path: str | None = None
    format: Literal["csv", "parquet"] | None = None
    delimiter: Character = ","
    quote: Character = '"'
    encoding: Encoding = "utf-8"
    fallback_encoding: Encoding | None = None
    nulls: list[str] = Field(default_factory=list)
    database_env: EnvName | None = None
    select: str | None = None

    @property
    def file_format(self) -> str:
        """``csv`` or ``parquet``: as stated, else from the file's ending."""
        name = (self.path or "").lower()
        return self.format or ("parquet" if name.endswith((".parquet", ".pq")) else "csv")

    @property
    def is_pattern(self) -> bool:
        """Whether the path stands for any number of files."""
        return bool(GLOB.search(self.path or ""))

    origins: ClassVar[tuple[str, ...]] = ("path", "database_env")

    @model_validator(mode="after")
    def _one_origin(self) -> "Source":
        given = [key for key in self.origins if getattr(self, key)]
        if len(given) != 1:
            found = f"both {' and '.join(given)} say" if given else "nothing says"
            raise ValueError(f"{found} where the rows come from; expected exactly one of {', '.join(self.origins)}")
        if bool(self.database_env) != bool(self.select):
            raise ValueError("database_env and select belong together: the database, and the query to send to it")
        return self


class NullWhen(Section):
    """A value that only looks like one: it is empty where the raw column ``column`` equals one of ``equals``."""

    column: str
    equals: list[Code] = Field(min_length=1)


class TableSource(Source):
    """How one canonical table is made from its source; see the commented ``bank.toml``."""

    query: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)
    dates: list[Annotated[str, AfterValidator(date_format)]] = Field(default=["%Y-%m-%d"], min_length=1)
    decimal: Literal[".", ","] = "."
    thousands: str = Field(default="", max_length=1)
    codes: dict[str, dict[str, Code]] = Field(default_factory=dict)
    constant: dict[str, Constant] = Field(default_factory=dict)
    row_number: str | None = None
    null_when: dict[str, NullWhen] = Field(default_factory=dict)
    unique: bool = False
    items: list[str] = Field(default_factory=list)
    static: list[str] = Field(default_factory=list)
    expected: list[str] = Field(default_factory=list)
    legal_basis: str = ""
    purpose: str = ""
    consent_column: str | None = None
    consent_values: list[Code] = Field(default_factory=list)
    retention_months: int | None = Field(default=None, ge=1, le=1200)

    origins: ClassVar[tuple[str, ...]] = ("path", "database_env", "query")

    @property
    def is_query(self) -> bool:
        """Whether its columns come out of SQL, which can name them as the canonical table does."""
        return bool(self.query or self.select)

    def mapped(self, table: str, available: list[str]) -> dict[str, str]:
        """Return {canonical column: raw column} given the raw columns that the source turned out to have.

        ``columns`` comes first; survey items are found under their own names; so is every column that a query gives
        its canonical name. Columns named in ``columns`` are returned whether or not they are available.
        """
        found = dict(self.columns)
        own_names = [*self.items, *(available if self.is_query else [])]
        fixed = {*self.constant, *([self.row_number] if self.row_number else [])}
        for name in own_names:
            if name not in found and name not in fixed and TABLES[table].column(name) is not None:
                found[name] = name
        return found

    @model_validator(mode="after")
    def _agrees(self) -> "TableSource":
        if self.thousands and self.thousands == self.decimal:
            raise ValueError("decimal and thousands are the same character")
        if bool(self.consent_column) != bool(self.consent_values):
            raise ValueError("consent_column and consent_values belong together: which column, and what means yes")
        return self
