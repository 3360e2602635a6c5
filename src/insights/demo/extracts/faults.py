"""The kinds of fault: what each does to a few rows, and the rule of intake that has to find it."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pyarrow as pa

MERGED, QUARANTINED, WITHHELD = "merged", "quarantined", "withheld"
REPAIRED, NOTED = "repaired", "noted"


@dataclass(frozen=True)
class Planted:
    """One kind of fault in one table: how many rows, the rule of intake that finds them, and what it does with them."""

    table: str
    fault: str
    rows: int
    rule: str
    action: str


class Sheet:
    """A rendered table under dirt: picks rows that no fault has touched yet, changes cells, appends rows."""

    def __init__(self, table: pa.Table, rng: np.random.Generator) -> None:
        self.table, self.rng = table, rng
        self.untouched = np.ones(table.num_rows, bool)
        self.extra: list[pd.DataFrame] = []
        self.changed: dict[str, np.ndarray] = {}

    def pick(self, n: int, where: np.ndarray | None = None) -> np.ndarray:
        """Choose up to ``n`` untouched rows (of those ``where`` is true), in order, and mark them as touched."""
        open_ = np.flatnonzero(self.untouched if where is None else self.untouched & where)
        chosen = np.sort(self.rng.choice(open_, min(n, len(open_)), replace=False))
        self.untouched[chosen] = False
        return chosen

    def values(self, column: str) -> np.ndarray:
        """Return the column as an array of texts (None: empty); changes to it are kept."""
        if column not in self.changed:
            self.changed[column] = np.array(self.table.column(column).to_pylist(), dtype=object)
        return self.changed[column]

    def filled(self, column: str) -> np.ndarray:
        """Return which rows have a value in the column."""
        return ~np.asarray(self.table.column(column).combine_chunks().is_null())

    def copies(self, rows: np.ndarray, **cells: object) -> None:
        """Append copies of the rows with some cells replaced (by one value, or one per row)."""
        if len(rows):
            self.extra.append(self.table.take(pa.array(rows)).to_pandas().assign(**cells))

    def result(self) -> pa.Table:
        """Return the table with all faults in it; appended rows come last."""
        table = self.table
        for column, values in self.changed.items():
            at = table.schema.get_field_index(column)
            table = table.set_column(at, column, pa.array(values, pa.string()))
        extra = [pa.Table.from_pandas(frame, schema=table.schema, preserve_index=False) for frame in self.extra]
        return pa.concat_tables([table, *extra])


def impossible_day(days: np.ndarray) -> list[str]:
    """Return the days (31.12.2020 or 2020-12-31) moved to the 31st of February of their year."""
    return [f"31.02.{day[6:]}" if "." in day else f"{day[:4]}-02-31" for day in days]
