"""The files of a restricted list: CSV and XLSX for people, Parquet for other systems; the same list, the same bytes."""

import io
import math
import re
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
from pandas.api.types import is_numeric_dtype

# A spreadsheet takes a cell for a formula if it begins with one of these; the wide forms count in East Asian settings.
FORMULA_STARTS = tuple("=+-@\t\r\n＝＋－＠")
SHEET_ROWS = 1_048_575
"""Rows of data that one sheet of XLSX can hold below its heading."""
AS_TEXT = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "default_date_format": "yyyy-mm-dd",
}
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
EPOCH = datetime(1980, 1, 1)
"""When a workbook says that it was written: the same list gives the same bytes."""


@dataclass(frozen=True)
class ListFiles:
    """What is to be written of one list.

    ``whole`` holds its files by suffix; ``by_manager`` a CSV and an XLSX of each manager's rows by file name, None for
    a list without managers.
    """

    whole: dict[str, bytes]
    by_manager: dict[str, bytes] | None = None


def list_files(frame: pd.DataFrame, worded: pd.DataFrame, *, by_manager: bool) -> ListFiles:
    """Return the files of a list: ``frame`` for systems, ``worded``, the same rows in words, for people.

    Managers' files are named after their pseudonym ``rm_id``; rows without a manager stand in ``no-manager``.
    """
    safe = defused(worded)
    whole = {".csv": csv_bytes(safe), ".xlsx": _xlsx(safe), ".parquet": _parquet(frame)}
    if not by_manager or "rm_id" not in frame:
        return ListFiles(whole)
    own: dict[str, bytes] = {}
    for name, part in safe.groupby(frame["rm_id"].map(_file_name).to_numpy(), sort=True):
        own |= {f"{name}.csv": csv_bytes(part), f"{name}.xlsx": _xlsx(part)}
    return ListFiles(whole, own)


def _file_name(manager: object) -> str:
    return re.sub(r"[^A-Za-z0-9_-]+", "-", str(manager)).strip("-") if manager else "no-manager"


def defused(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with an apostrophe before every text, headings too, that would be taken for a formula."""

    def safe(value: object) -> object:
        return f"'{value}" if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS) else value

    texts = {n: frame[n].map(safe) for n in frame.columns if not is_numeric_dtype(frame[n])}
    return frame.assign(**texts).rename(columns=safe)


def csv_bytes(frame: pd.DataFrame) -> bytes:
    """Return the frame as CSV; with this line end a cell with either kind of line break in it is put into quotes."""
    return frame.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _xlsx(frame: pd.DataFrame) -> bytes:
    """Return the frame as a workbook; more rows than a sheet holds go on to further sheets."""
    from xlsxwriter import Workbook

    raw = io.BytesIO()
    with Workbook(raw, AS_TEXT) as book:
        book.set_properties({"created": EPOCH})
        heading = book.add_format({"bold": True, "border": 1, "align": "center", "valign": "top"})
        for number, start in enumerate(range(0, max(len(frame), 1), SHEET_ROWS), start=1):
            sheet = book.add_worksheet(f"list {number}")
            for column, name in enumerate(frame.columns):
                sheet.write(0, column, _writable(name), heading)
                values = frame.iloc[start : start + SHEET_ROWS, column]
                told = values.notna().to_numpy()
                for row, value in enumerate(values.tolist()):
                    if told[row]:
                        sheet.write(row + 1, column, _writable(value))
    return raw.getvalue()


def _writable(value: object) -> object:
    """Return a value as a workbook can hold it: one kind of line break, a mark for every control character."""
    if isinstance(value, float) and math.isinf(value):
        return str(value)
    if not isinstance(value, str):
        return value
    return CONTROLS.sub("\N{REPLACEMENT CHARACTER}", value.replace("\r\n", "\n").replace("\r", "\n"))


def _parquet(frame: pd.DataFrame) -> bytes:
    raw = io.BytesIO()
    frame.to_parquet(raw, index=False)
    return raw.getvalue()
