"""Columns of many rows: read from the engine a batch at a time, texts as codes, and copied only when asked for."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

import ibis.expr.types as ir
import numpy as np
import numpy.typing as npt
from ibis.backends.duckdb import Backend

BATCH = 100_000
EMPTY = -1
Codes = npt.NDArray[np.int32]


Array = npt.NDArray[Any]


class Taken(Mapping[str, Array]):
    """Some rows of columns; a column is copied when it is first asked for, and never where nobody asks."""

    def __init__(self, whole: Mapping[str, Array], rows: Array) -> None:
        at = np.flatnonzero(rows) if rows.dtype == bool else rows
        self._whole: Mapping[str, Array] = whole
        self._at: Array = at
        if isinstance(whole, Taken):  # Rows of rows are rows of the whole: what lies between need not be made.
            self._whole, self._at = whole._whole, whole._at[at]
        self._made: dict[str, Array] = {}

    def __getitem__(self, name: str) -> Array:
        """Return the rows of the column; the same array each time."""
        if name not in self._made:
            self._made[name] = self._whole[name][self._at]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        """Go through the names."""
        return iter(self._whole)

    def __len__(self) -> int:
        """Return the number of columns."""
        return len(self._whole)


class ReadColumns:
    """Columns of a table, in the order in which the engine gave the rows; each can be taken once."""

    def __init__(self, names: Collection[str], texts: Collection[str]) -> None:
        self._parts: dict[str, list[npt.NDArray[Any]]] = {name: [] for name in names}
        self._labels: dict[str, dict[str, int]] = {name: {} for name in texts}

    def numbers(self, name: str, kind: npt.DTypeLike) -> npt.NDArray[Any]:
        """Return a column of numbers (n) as that kind; an empty value is nan."""
        parts = self._parts.pop(name)
        return np.concatenate([np.zeros(0, dtype=kind), *(np.asarray(part, dtype=kind) for part in parts)])

    def coded(self, name: str) -> tuple[tuple[str, ...], Codes]:
        """Return the labels of a column of texts in their order, and the code of each row (n); -1 where it is empty."""
        own = self._labels.pop(name)
        labels = tuple(sorted(own))
        place = np.full(len(own) + 1, EMPTY, dtype=np.int32)
        for code, label in enumerate(labels):
            place[own[label]] = code
        return labels, place[self.numbers(name, np.int32)]

    def add(self, batch: Any) -> None:
        """Add a record batch."""
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            values = self._codes(name, column) if name in self._labels else column.to_numpy(zero_copy_only=False)
            self._parts[name].append(values)

    def _codes(self, name: str, column: Any) -> Codes:
        """Return the codes of a batch, by the order in which labels came; the last place stands for an empty value."""
        own, encoded = self._labels[name], column.dictionary_encode()
        place = [own.setdefault(label, len(own)) for label in encoded.dictionary.to_pylist()]
        indices = encoded.indices.fill_null(len(place)).to_numpy(zero_copy_only=False)
        return np.array([*place, EMPTY], dtype=np.int32)[indices]


def read_columns(con: Backend, table: ir.Table, texts: Collection[str]) -> ReadColumns:
    """Read a table in batches; ``texts`` are the columns that become codes, all others are numbers."""
    found = ReadColumns(table.columns, texts)
    # Not ibis' own batches, which ask this engine for a method that it no longer has.
    for batch in con.con.sql(con.compile(table)).to_arrow_reader(BATCH):
        found.add(batch)
    return found
