"""A raw folder, the settings that point to it, and a DuckDB to read its extracts into."""

from pathlib import Path
from typing import Any

import duckdb
import pytest

from insights.data.settings import Settings, load_settings
from insights.data.settings_sources import Source
from insights.data.sources import READING_RULES, ExtractRead, read_extract
from insights.errors import SourceError

BANK = '[bank]\nid = "some_bank"\nname = "Some Bank"\ncurrency = "CHF"\n[paths]\nraw = "."\n'


class Desk:
    """A raw folder, the settings that point to it, and a DuckDB to read into."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.con = duckdb.connect()
        self.bank = BANK

    @property
    def settings(self) -> Settings:
        (self.folder / "bank.toml").write_text(self.bank, encoding="utf-8")
        return load_settings(self.folder / "bank.toml")

    def put(self, name: str, data: bytes) -> None:
        (self.folder / name).write_bytes(data)

    def read(self, data: bytes | str | None = None, *, path: str = "x.csv", **source: Any) -> ExtractRead:
        if data is not None:
            self.put(path, data if isinstance(data, bytes) else data.encode())
        return read_extract(Source(path=path, **source), self.settings, self.con, "x")

    def rows(self, columns: str = "* EXCLUDE (_file, _row)") -> list[tuple[Any, ...]]:
        return self.con.execute(f"SELECT {columns} FROM x ORDER BY _file, _row").fetchall()

    def refusal(self, data: bytes | str | None = None, **source: Any) -> str:
        with pytest.raises(SourceError) as caught:
            self.read(data, **source)
        assert caught.value.expected
        assert caught.value.todo
        return str(caught.value)


def reasons(read: ExtractRead) -> list[tuple[int, str]]:
    assert set(read.problems["reason"]) <= set(READING_RULES)
    return list(zip(read.problems["row"], read.problems["reason"], strict=True))
