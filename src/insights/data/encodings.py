"""Whether a file is text at all, and in which encoding."""

import codecs
import gzip
from pathlib import Path
from typing import IO

from insights.errors import SourceError

SAMPLE = 1 << 20
CANDIDATES = ("utf-8", "gb18030", "big5", "shift_jis", "cp1252", "cp1250", "cp1251", "latin-1")
GZIP = b"\x1f\x8b"

# What the first bytes say about files that are no text but are often delivered as if they were.
MAGIC = {
    b"PK\x03\x04": "an archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"PAR1": 'a Parquet file (say format = "parquet")',
    b"SQLite format 3": "a SQLite database (name it by database_env and select)",
    b"7z\xbc\xaf": "an archive",
    b"BZh": "a bzip2 archive",
    b"\xfd7zXZ": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a zstd archive",
}


def is_gzip(path: Path) -> bool:
    """Whether the file is compressed with gzip, whatever its name."""
    with path.open("rb") as stream:
        return stream.read(2) == GZIP


def open_bytes(path: Path) -> IO[bytes]:
    """Open the file for reading bytes, uncompressed."""
    return gzip.open(path, "rb") if is_gzip(path) else path.open("rb")  # type: ignore[return-value]


def is_wide(encoding: str) -> bool:
    """Whether every character takes two or four bytes, so that lines cannot be found among the bytes."""
    return codecs.lookup(encoding).name.startswith(("utf-16", "utf-32"))


def is_utf8(encoding: str) -> bool:
    """Whether it is UTF-8, with or without a mark at the start."""
    return codecs.lookup(encoding).name in ("utf-8", "utf-8-sig")


def check_text(path: Path, shown: str, encoding: str) -> None:
    """Raise SourceError if the file is empty, binary, or evidently in another encoding than stated."""
    with open_bytes(path) as stream:
        sample = stream.read(SAMPLE)
    if not sample.strip(b" \t\r\n\xef\xbb\xbf\x00"):
        raise SourceError(
            f"{shown} is empty", expected="a header line and data rows", todo="have the extract delivered again"
        )
    known = next((what for magic, what in MAGIC.items() if sample.startswith(magic)), None)
    wide = _wide_by_mark(sample)
    if wide and not is_wide(encoding):
        raise wrong_encoding(shown, encoding, [wide])
    if known or (not wide and not is_wide(encoding) and b"\0" in sample):
        what = f"it looks like {known}" if known else "it holds zero bytes"
        raise SourceError(f"{shown} is a binary file: {what}", expected="CSV text", todo="have it exported as CSV text")
    if not wide and not is_utf8(encoding) and _is_evident_utf8(sample):
        raise wrong_encoding(shown, encoding, ["utf-8"])


def wrong_encoding(shown: str, encoding: str, working: list[str]) -> SourceError:
    """Return the error for a file that is not in the encoding stated for it."""
    return SourceError(
        f"{shown} is not text in {encoding}",
        expected=f"an encoding that can read it: {', '.join(working)}" if working else "the encoding it was written in",
        todo=(f'set encoding = "{working[0]}" for this source' if working else "ask who delivers it")
        + ", or fallback_encoding where lines differ",
    )


def working_encodings(lines: list[bytes], not_this: str) -> list[str]:
    """Return the usual encodings that decode all the lines without an error."""
    tried = [e for e in CANDIDATES if codecs.lookup(e).name != codecs.lookup(not_this).name]
    return [encoding for encoding in tried if all(decodes(line, encoding) for line in lines)]


def decodes(raw: bytes, encoding: str) -> bool:
    """Whether the bytes are text in the encoding."""
    try:
        raw.decode(encoding)
    except UnicodeError:
        return False
    return True


def _wide_by_mark(sample: bytes) -> str | None:
    if sample.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    return "utf-16" if sample.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else None


def _is_evident_utf8(sample: bytes) -> bool:
    """Whether the text is UTF-8 beyond chance: a few foreign letters may fit by accident, ten do not."""
    whole = sample[: sample.rfind(b"\n") + 1] or sample
    try:
        text = whole.decode("utf-8")
    except UnicodeError:
        return False
    return sum(character > "\x7f" for character in text) >= 10
