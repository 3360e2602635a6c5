"""Results as bytes and back: exactly what was there, and nothing that could run.

A result is a tree of plain values, arrays, frames and frozen dataclasses of this package. Plain values become JSON;
arrays lie behind it as they are in memory, so that reading them is only looking at them. Nothing but fields of known
dataclasses is ever made from the bytes: no code is stored, so none can be smuggled in.
"""

import dataclasses
import json
import sys
from collections.abc import Mapping
from datetime import date
from importlib import import_module
from typing import Any

import numpy as np
import pandas as pd

ALIGNED = 64
PACKAGE = "insights."


class NotEncodable(Exception):
    """The value holds something that has no form in bytes here."""


def encode(value: Any) -> list[bytes | memoryview]:
    """Return the parts whose concatenation ``decode`` turns back; NotEncodable for other types.

    Plain values, dates, tuples, lists, dictionaries, frozen sets of text, numpy arrays, frames whose rows are numbered,
    and dataclasses of this package.
    """
    arrays: list[np.ndarray] = []
    head = json.dumps(_plain(value, arrays), separators=(",", ":"), ensure_ascii=True).encode()
    parts: list[bytes | memoryview] = [len(head).to_bytes(8, "little"), head]
    at = 8 + len(head)
    for array in arrays:
        gap = -at % ALIGNED
        # An array that lies column by column stays so: sums over it are made in the same order as before.
        flat = np.reshape(array.T if _columnwise(array) else array, -1)
        parts += [bytes(gap), flat.view(np.uint8).data]
        at += gap + array.nbytes
    return parts


def decode(data: memoryview) -> Any:
    """Return the value; its arrays look at ``data`` and cannot be written to. ValueError for bytes that are none."""
    size = int.from_bytes(data[:8], "little")
    try:
        tree = json.loads(bytes(data[8 : 8 + size]))
        return _Reader(data, 8 + size).value(tree)
    except (KeyError, IndexError, TypeError, AttributeError, ImportError, RecursionError) as error:
        raise ValueError(f"not an encoded value: {type(error).__name__}") from error


def _plain(value: Any, arrays: list[np.ndarray]) -> Any:
    """Return the value as JSON, its arrays put aside; what is not one of JSON's own is a list with its kind first."""
    if value is None or type(value) in (bool, int, float, str):
        return value
    if type(value) in (tuple, list):
        return ["t" if type(value) is tuple else "l", [_plain(v, arrays) for v in value]]
    if type(value) is dict:
        return ["d", [[_plain(k, arrays), _plain(v, arrays)] for k, v in value.items()]]
    if type(value) is frozenset and all(type(v) is str for v in value):
        return ["z", sorted(value)]
    if type(value) is date:
        return ["day", value.isoformat()]
    if isinstance(value, np.generic) and value.dtype.kind in "biufUM":
        return ["s", _array(np.asarray(value), arrays)]
    if type(value) is np.ndarray:
        return _array(value, arrays)
    if type(value) is pd.DataFrame:
        return _frame(value, arrays)
    if dataclasses.is_dataclass(value) and not isinstance(value, type) and _own(type(value)):
        own = {f.name: _plain(getattr(value, f.name), arrays) for f in dataclasses.fields(value)}
        return ["c", type(value).__module__, type(value).__qualname__, own]
    raise NotEncodable(type(value).__qualname__)


def _array(value: np.ndarray, arrays: list[np.ndarray]) -> Any:
    if value.dtype.kind == "O":
        return ["o", list(value.shape), [_plain(v, arrays) for v in value.ravel().tolist()]]
    if value.dtype.kind not in "biufUM" or not value.dtype.isnative:
        raise NotEncodable(f"array of {value.dtype}")
    kept = value if value.flags.c_contiguous or _columnwise(value) else np.ascontiguousarray(value)
    arrays.append(kept)
    return ["a", value.dtype.str, list(value.shape), _columnwise(kept)]


def _columnwise(value: np.ndarray) -> bool:
    return bool(value.flags.f_contiguous and not value.flags.c_contiguous)


def _frame(value: pd.DataFrame, arrays: list[np.ndarray]) -> Any:
    rows = value.index
    if (
        not (isinstance(rows, pd.RangeIndex) or (type(rows) is pd.Index and rows.dtype == np.int64))
        or rows.name
        or value.columns.nlevels > 1
        or value.columns.name
        or value.attrs
    ):
        raise NotEncodable("frame with an index")
    columns = []
    for place in range(value.shape[1]):
        column = value.iloc[:, place]
        if not isinstance(column.dtype, np.dtype):
            raise NotEncodable(f"column of {column.dtype}")
        columns.append(_array(np.array(column.to_numpy()), arrays))
    numbers = [rows.start, rows.stop, rows.step] if isinstance(rows, pd.RangeIndex) else _array(rows.to_numpy(), arrays)
    return ["f", [_plain(name, arrays) for name in value.columns.tolist()], columns, numbers]


def _own(kind: type) -> bool:
    """Whether the dataclass can be found again under its name."""
    module = sys.modules.get(kind.__module__)
    return kind.__module__.startswith(PACKAGE) and getattr(module, kind.__qualname__, None) is kind


class _Reader:
    """Turns JSON back into values, taking the arrays from behind it one after the other."""

    def __init__(self, data: memoryview, at: int) -> None:
        self._data, self._at = data, at

    def value(self, node: Any) -> Any:
        if not isinstance(node, list):
            return node
        kind = node[0]
        if kind in ("t", "l"):
            found = [self.value(v) for v in node[1]]
            return tuple(found) if kind == "t" else found
        if kind == "d":
            return {self.value(k): self.value(v) for k, v in node[1]}
        if kind == "z":
            return frozenset(node[1])
        if kind == "day":
            return date.fromisoformat(node[1])
        if kind == "s":
            return self.value(node[1])[()]
        if kind in ("a", "o"):
            return self._array(node)
        if kind == "f":
            names = [self.value(name) for name in node[1]]
            columns = [self._array(column) for column in node[2]]
            listed = node[3][0] == "a"
            rows = pd.Index(np.array(self._array(node[3]))) if listed else pd.RangeIndex(*node[3])
            frame = pd.DataFrame({k: np.array(c) for k, c in enumerate(columns)}, index=rows)
            frame.columns = pd.Index(names, dtype=object if names else None)
            return frame
        if kind == "c":
            return self._instance(*node[1:])
        raise ValueError(f"not an encoded value: {kind!r}")

    def _array(self, node: list[Any]) -> np.ndarray:
        if node[0] == "o":
            _, shape, values = node
            found = np.empty(len(values), dtype=object)
            for place, value in enumerate(values):
                found[place] = self.value(value)
            return found.reshape(shape)
        _, kind, shape, columnwise = node
        dtype = np.dtype(kind)
        if dtype.hasobject:
            raise ValueError("not an encoded value: an array of objects")
        self._at += -self._at % ALIGNED
        size = dtype.itemsize * int(np.prod(shape, dtype=np.int64))
        part = self._data[self._at : self._at + size]
        if len(part) != size:
            raise ValueError("not an encoded value: it ends too early")
        self._at += size
        found = np.frombuffer(part, dtype=dtype)
        return found.reshape(shape[::-1]).T if columnwise else found.reshape(shape)

    def _instance(self, module: str, name: str, fields: Mapping[str, Any]) -> Any:
        kind = getattr(import_module(module), name) if module.startswith(PACKAGE) else None
        if not dataclasses.is_dataclass(kind) or not isinstance(kind, type):
            raise ValueError(f"not an encoded value: {module}.{name} is no dataclass of this package")
        if {f.name for f in dataclasses.fields(kind)} != set(fields):
            raise ValueError(f"not an encoded value: {name} has other fields")
        found = object.__new__(kind)
        for field, node in fields.items():
            object.__setattr__(found, field, self.value(node))
        return found
