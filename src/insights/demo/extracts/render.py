"""From arrays to what a bank's file holds: its codes, its way to write days and money, its ids."""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from insights.demo.extracts.extract import Extract, Field
from insights.demo.rows import NO_MONEY, Rows, length
from insights.demo.words import words

FIRST_DAY, LAST_DAY = np.datetime64("1900-01-01"), np.datetime64("2060-01-01")
PREFIXES = {"client": "K", "manager": "RM", "household": "H", "prospect": "I", "counterparty": "G"}


class Renderer:
    """Writes rows in the bank's manner; counts records, so their numbers go on from month to month."""

    def __init__(self, language: str) -> None:
        self.language = language
        self._records: dict[str, int] = {}
        self._texts: dict[tuple[str, str], pa.Array] = {}

    def table(self, extract: Extract, rows: Rows) -> pa.Table:
        """Return the rows as the extract's table: text for CSV, types for Parquet."""
        fields = [field for field in extract.fields if not field.optional or field.name in rows]
        return pa.table([self._column(extract, field, rows) for field in fields], names=[field.raw for field in fields])

    def record(self, prefix: str, n: int) -> pa.Array:
        """Return the next ``n`` record numbers."""
        first = self._records.get(prefix, 0) + 1
        self._records[prefix] = first + n - 1
        numbers = pc.utf8_lpad(pc.cast(pa.array(np.arange(first, first + n)), pa.string()), 8, "0")
        return pc.binary_join_element_wise(prefix, numbers, "")

    def _column(self, extract: Extract, field: Field, rows: Rows) -> pa.Array:
        typed = extract.kind == "parquet"
        if field.kind == "record":
            return self.record(field.entity, length(rows))
        if field.name not in rows:
            return pa.nulls(length(rows), pa.string())
        values = rows[field.name]
        if field.kind == "entity":
            return self._taken(self._ids(field.entity, values), values, typed)
        if field.kind == "code":
            return self._taken(self._fixed(f"code {field.raw} {field.codes}", field.codes), values, typed)
        if field.kind == "words":
            return self._words(field, values, rows)
        if field.kind == "date":
            return pa.array(values) if typed else self._days(extract.day_format, values)
        if field.kind == "moment":
            return pc.strftime(pa.array(values), "%Y-%m-%d %H:%M")
        if field.kind == "money":
            return decimals(values) if typed else money_text(values, extract.decimal)
        if field.kind == "text":
            return pa.array(values, pa.string())
        if field.kind == "phone":
            return pa.array([_phone(self.language, int(number)) for number in values], pa.string())
        if field.kind == "integer":
            numbers = pa.array(values.astype(np.int64), mask=values < 0)
            return numbers if typed else pc.cast(numbers, pa.string())
        return pc.cast(pa.array(values, mask=np.isnan(values)), pa.string())

    def _words(self, field: Field, values: np.ndarray, rows: Rows) -> pa.Array:
        if field.entity != "given":
            return self._taken(self._fixed(field.entity, words(self.language, field.entity)), values, False)
        female = self._taken(self._fixed("female", words(self.language, "given_female")), values, False)
        male = self._taken(self._fixed("male", words(self.language, "given_male")), values, False)
        return pc.if_else(pa.array(rows["gender"] == 1), female, male)

    def _ids(self, entity: str, values: np.ndarray) -> pa.Array:
        """Return the ids of an entity, at least as many as the values need."""
        needed = int(values.max(initial=0)) + 1
        known = self._texts.get((entity, ""))
        if known is None or len(known) < needed:
            known = pa.array([entity_id(entity, i) for i in range(max(needed, 1_000))], pa.string())
            self._texts[(entity, "")] = known
        return known

    def _fixed(self, name: str, texts: tuple[str, ...]) -> pa.Array:
        return self._texts.setdefault(("fixed", name), pa.array(texts, pa.string()))

    def _taken(self, texts: pa.Array, values: np.ndarray, typed: bool) -> pa.Array:
        positions = pa.array(values.astype(np.int32), mask=values < 0)
        return pa.DictionaryArray.from_arrays(positions, texts) if typed else pc.take(texts, positions)

    def _days(self, style: str, values: np.ndarray) -> pa.Array:
        if ("days", style) not in self._texts:
            self._texts[("days", style)] = pc.strftime(pa.array(np.arange(FIRST_DAY, LAST_DAY)), style)
        return self._taken(self._texts[("days", style)], (values - FIRST_DAY).astype(np.int64).clip(-1), False)


def entity_id(entity: str, position: int) -> str:
    """Return the bank's id of a client, manager, household or prospect; like real ones, they leave gaps."""
    return f"{PREFIXES[entity]}{100_003 + 17 * position:07d}"


def decimals(cents: np.ndarray) -> pa.Array:
    """Return whole cents as DECIMAL(18,2)."""
    wide = np.empty((len(cents), 2), np.int64)
    wide[:, 0] = cents
    wide[:, 1] = cents >> 63
    return pa.Array.from_buffers(pa.decimal128(18, 2), len(cents), [None, pa.py_buffer(wide)])


def money_text(cents: np.ndarray, decimal: str) -> pa.Array:
    """Return whole cents as text with two places."""
    size = np.abs(np.where(cents == NO_MONEY, 0, cents))
    sign = pc.if_else(pa.array(cents < 0), "-", "")
    whole = pc.cast(pa.array(size // 100), pa.string())
    rest = pc.utf8_lpad(pc.cast(pa.array(size % 100), pa.string()), 2, "0")
    text = pc.binary_join_element_wise(pc.binary_join_element_wise(sign, whole, ""), rest, decimal)
    return pc.if_else(pa.array(cents == NO_MONEY), pa.scalar(None, pa.string()), text)


def canonical(extract: Extract, rows: Rows) -> Mapping[str, np.ndarray]:
    """Return the rows with canonical codes (text), money in currency units, and entities as numbers (-1: none)."""
    made = {}
    for field in extract.fields:
        if field.kind in ("record", "phone") or not field.mapped or field.name not in rows:
            continue
        values = rows[field.name]
        if field.kind == "code":
            made[field.name] = _coded(field.values, values)
        elif field.kind == "words":
            made[field.name] = _coded(words("en", field.entity), values)
        elif field.kind == "money":
            made[field.name] = np.where(values == NO_MONEY, np.nan, values / 100)
        else:
            made[field.name] = values
    return made


def _coded(texts: tuple[str, ...], values: np.ndarray) -> np.ndarray:
    coded: np.ndarray = np.array([*texts, None], dtype=object)[values]
    return coded


def _phone(language: str, number: int) -> str:
    if language == "zh-CN":
        return f"139 {number // 10_000 % 10_000:04d} {number % 10_000:04d}"
    return f"+41 79 {number // 10_000 % 1_000:03d} {number // 100 % 100:02d} {number % 100:02d}"
