"""Reading CSV record by record, for files that are not flawless: what can be read is, the rest is told."""

import csv
import io
import sys
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from insights.data.encodings import is_utf8, is_wide, open_bytes, working_encodings, wrong_encoding
from insights.data.extract_read import Problem
from insights.data.settings_sources import Source
from insights.errors import SourceError

# A quoted field that runs on for longer than this was never closed.
OPEN_LINES, OPEN_CHARACTERS = 1_000_000, 50_000_000
REPLACEMENT, MARK = "\ufffd", "\ufeff"


class Line(NamedTuple):
    """A physical line: its text with the line end, its bytes where they could not be decoded, and if it is foreign.

    A foreign line is text only in the fallback encoding.
    """

    text: str
    undecodable: bytes | None = None
    foreign: bool = False


class Record(NamedTuple):
    """A data row: its number in the file from 1, and one cell per column; ``foreign`` if one of its lines is."""

    number: int
    cells: list[str | None]
    size: int
    foreign: bool = False


def header_of(path: Path, shown: str, source: Source) -> list[str]:
    """Return the fields of the first record; raises SourceError where it cannot be decoded or parsed."""
    with open_bytes(path) as stream:
        tally = _Tally(shown, source.encoding)
        for parsed in _parsed(_lines(stream, source, tally), source):
            if any(line.undecodable for line in parsed.lines):
                raise tally.error()
            if parsed.fields is None:
                raise SourceError(
                    f"the header of {shown} has a quoted name that does not end",
                    expected="column names",
                    todo="correct quote for this source, or have the extract delivered again",
                )
            if parsed.fields:
                return parsed.fields
    raise SourceError(f"{shown} is empty", expected="a header line and data rows", todo="have it delivered again")


def records(path: Path, shown: str, source: Source, width: int, problems: list[Problem]) -> Iterator[Record]:
    """Yield the data rows and append those that cannot be read to ``problems``.

    Raises SourceError at the end if so many lines could not be decoded that the encoding must be another one. A single
    empty field too many at the end of a line is dropped: many systems write a delimiter after the last field.
    """
    nulls = {"", *source.nulls}
    tally = _Tally(shown, source.encoding)
    number = -1
    with open_bytes(path) as stream:
        for parsed in _parsed(_lines(stream, source, tally), source):
            fields = parsed.fields
            if fields == [] and (width > 1 or number < 0):
                continue  # an empty line is no row, unless the rows have one column
            number += 1
            if number == 0:
                continue
            fields = [""] if fields == [] else fields
            if fields is not None and len(fields) == width + 1 and fields[-1] == "":
                fields = fields[:-1]
            if reason := _fault(parsed, fields, width):
                problems.append(Problem.of(shown, number, *reason, parsed.raw))
            else:
                assert fields is not None, "a record without fields has a fault"
                cells = [None if field in nulls else field for field in fields]
                yield Record(number, cells, sum(map(len, fields)), any(line.foreign for line in parsed.lines))
    if tally.is_another_encoding:
        raise tally.error()


class _Tally:
    """Counts the lines that could not be decoded, to tell stray bytes from a wrong encoding."""

    def __init__(self, shown: str, encoding: str) -> None:
        self.shown, self.encoding = shown, encoding
        self.lines = self.foreign = self.failed = 0
        self.examples: list[bytes] = []

    def count(self, raw: bytes, failed: bool) -> None:
        self.lines += 1
        self.foreign += not raw.isascii()
        self.failed += failed
        if failed and len(self.examples) < 1000:
            self.examples.append(raw)

    @property
    def is_another_encoding(self) -> bool:
        """More than half of the lines that could tell failed, and they are not just a few stray ones."""
        return self.failed > self.foreign / 2 and (self.failed >= 10 or self.failed > self.lines / 4)

    def error(self) -> SourceError:
        return wrong_encoding(self.shown, self.encoding, working_encodings(self.examples, self.encoding))


class _Parsed(NamedTuple):
    """One record as it was parsed; without fields if its quoting is broken."""

    lines: list[Line]
    fields: list[str] | None
    why: str = ""

    @property
    def raw(self) -> bytes:
        return b"".join(line.undecodable or line.text.encode("utf-8", "surrogatepass") for line in self.lines)


def _fault(parsed: _Parsed, fields: list[str] | None, width: int) -> tuple[str, str] | None:
    if any(line.undecodable is not None for line in parsed.lines):
        return "undecodable_bytes", "not text in the encoding of the file"
    if fields is None:
        return "broken_quoting", parsed.why
    if len(fields) != width:
        return "wrong_number_of_fields", f"{len(fields)} fields instead of {width}"
    return None


def _lines(stream: IO[bytes], source: Source, tally: _Tally) -> Iterator[Line]:
    if is_wide(source.encoding):
        for text in io.TextIOWrapper(stream, source.encoding, errors="replace", newline=""):
            raw = text.encode("utf-8")
            tally.count(raw, failed=REPLACEMENT in text)
            yield Line(text.removeprefix(MARK), raw if REPLACEMENT in text else None)
        return
    stated = "utf-8" if is_utf8(source.encoding) else source.encoding
    encodings = [stated, *([source.fallback_encoding] if source.fallback_encoding else [])]
    for position, raw in enumerate(_byte_lines(stream)):
        decoded, by = _decoded(raw, encodings)
        tally.count(raw, failed=decoded is None)
        if decoded is None:
            yield Line(raw.decode("latin-1"), raw)
        else:
            yield Line(decoded if position else decoded.removeprefix(MARK), foreign=by > 0)


def _decoded(raw: bytes, encodings: list[str]) -> tuple[str | None, int]:
    """Return the text, and the place of the first encoding in which the bytes are text (no text: None, -1)."""
    for place, encoding in enumerate(encodings):
        try:
            return raw.decode(encoding), place
        except UnicodeError:
            continue
    return None, -1


def _byte_lines(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines with their ends; a file without any newline may use carriage returns instead."""
    first = stream.read(1 << 16)
    stream.seek(0)
    if b"\n" in first or b"\r" not in first:
        yield from stream
        return
    rest = b""
    while chunk := stream.read(1 << 20):
        *whole, rest = (rest + chunk).split(b"\r")
        yield from (line + b"\r" for line in whole)
    if rest:
        yield rest


def _parsed(lines: Iterator[Line], source: Source) -> Iterator[_Parsed]:
    """Yield the records. After broken quoting only its first line is given up, and reading goes on with the next."""
    csv.field_size_limit(sys.maxsize)
    waiting: deque[Line] = deque()
    while True:
        pulled: list[Line] = []
        text = _pull(lines, waiting, pulled)
        reader = csv.reader(text, delimiter=source.delimiter, quotechar=source.quote, strict=True)
        try:
            for fields in reader:
                yield _Parsed(pulled.copy(), fields)
                pulled.clear()
            return
        except (csv.Error, _UnclosedError) as error:
            why = "text after a closing quote" if "expected after" in str(error) else "a quoted field is not closed"
            waiting.extendleft(reversed(pulled[1:]))
            yield _Parsed(pulled[:1], None, why)


class _UnclosedError(Exception):
    """A quoted field has run on for longer than any value does."""


def _pull(lines: Iterator[Line], waiting: deque[Line], pulled: list[Line]) -> Iterator[str]:
    size = 0
    while True:
        line = waiting.popleft() if waiting else next(lines, None)
        if line is None:
            return
        pulled.append(line)
        size += len(line.text)
        if len(pulled) > OPEN_LINES or (len(pulled) > 1 and size > OPEN_CHARACTERS):
            raise _UnclosedError
        yield line.text
